"""Where agents ask: `/frontdesk`, and the home page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.desk import home as pages
from bot.desk import modals
from bot.desk.acts import Refused
from bot.desk.dialogs import NUMBER
from bot.desk.views import HomeView
from bot.desk.words import words
from bot.errors import ChannelError
from bot.slack.mrkdwn import escape
from bot.think import language_of
from crm_store.errors import NotFound
from crm_store.records import PostState

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from bot.desk.drawn import Drawn
    from bot.desk.office import Office
    from bot.slack.events import Command, HomeOpened
    from crm_store.desk_records import Agent
    from crm_store.records import Ticket

    Ask = Callable[[Command, Agent, str], Awaitable[Drawn | None]]

MOST_LINKS = 20
"""Each costs a call."""

AWAY = {"on": True, "off": False, "": True, "开": True, "关": False}

CHINESE = {
    "我的": "mine",
    "队列": "queue",
    "查找": "find",
    "客户": "customer",
    "离开": "away",
    "回来": "back",
    "帮助": "help",
}
"""What the command's words are called in Chinese, where no space has to follow them."""


class Counter:
    """Answers agents."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._asks: dict[str, Ask] = {
            "mine": self._mine,
            "queue": self._queue,
            "find": self._find,
            "customer": self._customer,
            "away": self._away,
            "back": self._back,
            "help": self._help,
            "": self._help,
        }

    async def command(self, event: Command) -> None:
        """Answer `/frontdesk`, for the one who asked alone.

        Raises:
            Refused: They do not work at the desk.
        """
        agent = await self._office.roster.agent(event.team, event.user)
        name, rest = asked(event.text)
        ask = self._asks.get(name, self._unknown)
        drawn = await ask(event, agent, rest)
        if drawn is not None:
            await self._office.api.post_ephemeral(
                event.channel, event.user, drawn.text, blocks=drawn.blocks
            )

    async def home(self, event: HomeOpened) -> None:
        """Show somebody their home page."""
        if event.tab == "home":
            await self.publish(event.team, event.user)

    async def publish(self, team: str, user: str) -> None:
        """Draw somebody's home page anew."""
        office = self._office
        try:
            agent = await office.roster.agent(team, user)
        except Refused:
            person = await office.roster.person(user)
            language = office.gather.language(language_of(person.locale))
            await office.api.publish_home(user, pages.stranger(language))
            return
        view = await self._home_view(agent)
        await office.api.publish_home(user, pages.home(view, office.language(agent)))

    # -- what can be asked -------------------------------------------------------------------

    async def _help(self, _event: Command, agent: Agent, _rest: str) -> Drawn:
        prefix = escape(self._office.playbook.settings.desk.reply_prefix)
        text = words("answer.help", self._office.language(agent), prefix=prefix)
        return pages.answer(text, ())

    async def _unknown(self, event: Command, agent: Agent, _rest: str) -> Drawn:
        language = self._office.language(agent)
        asked = escape(event.text.strip()[:80])
        unknown = words("answer.unknown", language, words=asked)
        helped = await self._help(event, agent, "")
        return pages.answer(f"{unknown}\n\n{helped.text}", ())

    async def _mine(self, _event: Command, agent: Agent, _rest: str) -> Drawn:
        tickets = await self._office.store.tickets.of_agent(agent.id)
        key = "answer.mine" if tickets else "answer.mine.none"
        return await self._tickets(key, tickets, agent)

    async def _queue(self, _event: Command, agent: Agent, _rest: str) -> Drawn:
        office, language = self._office, self._office.language(agent)
        health = await office.store.tickets.health(office.clock())
        lines = [
            pages.queue_line(office.gather.queue_label(each.queue, language), each, language)
            for each in health
        ]
        return pages.answer(words("home.queues", language), lines)

    async def _find(self, _event: Command, agent: Agent, rest: str) -> Drawn:
        if not rest:
            raise Refused("refused.what_to_find")
        found = await self._office.store.tickets.find(rest)
        if not found:
            raise Refused("refused.nobody", words=rest[:80])
        return await self._tickets("answer.found", found, agent, count=len(found))

    async def _customer(self, event: Command, agent: Agent, rest: str) -> Drawn | None:
        number = NUMBER.fullmatch(rest)
        if number is None:
            raise Refused("refused.which_ticket")
        language = self._office.language(agent)
        try:
            profile = await self._office.gather.profile(int(number[1]), language)
        except NotFound:
            raise Refused("refused.gone", ticket=int(number[1])) from None
        await self._office.api.open_view(event.trigger_id, modals.profile(profile))
        return None

    async def _away(self, event: Command, agent: Agent, rest: str) -> Drawn:
        away = AWAY.get(rest.casefold())
        if away is None:
            return await self._unknown(event, agent, rest)
        return await self._set_away(agent, away)

    async def _back(self, _event: Command, agent: Agent, _rest: str) -> Drawn:
        return await self._set_away(agent, away=False)

    async def _set_away(self, agent: Agent, away: bool) -> Drawn:
        await self._office.store.agents.set_away(agent.id, away, self._office.clock())
        self._office.roster.forget_agent(agent.id)
        key = "answer.away" if away else "answer.back"
        return pages.answer(words(key, self._office.language(agent)), ())

    async def _tickets(
        self, key: str, tickets: Sequence[Ticket], agent: Agent, **values: object
    ) -> Drawn:
        language = self._office.language(agent)
        links = await self._links(tickets)
        return pages.tickets_answer(words(key, language, **values), tickets, language, links)

    # -- the home page -----------------------------------------------------------------------

    async def _home_view(self, agent: Agent) -> HomeView:
        office, language = self._office, self._office.language(agent)
        settings = office.playbook.settings
        tickets = sorted(
            await office.store.tickets.of_agent(agent.id),
            key=lambda t: (t.reply_due is None, t.reply_due or t.created_at),
        )
        queues = await office.roster.queues_of(agent.id, tuple(settings.routing.queues))
        health = {h.queue: h for h in await office.store.tickets.health(office.clock())}
        given_up = await office.store.outbox.given_up(8)
        missing = [
            words("home.missing", language, channel=name) for name in await office.roster.missing()
        ]
        return HomeView(
            agent=agent,
            tickets=tuple(tickets),
            links=await self._links(tickets),
            queues=tuple(
                (office.gather.queue_label(name, language), health[name])
                for name in queues
                if name in health
            ),
            capacity=agent.capacity or settings.desk.capacity,
            given_up=(
                *missing,
                *(
                    f"{post.lane_key}: {post.last_error}"
                    for post in given_up
                    if post.state is PostState.DEAD
                ),
            ),
        )

    async def _links(self, tickets: Sequence[Ticket]) -> dict[int, str]:
        """Return links to the cards of tickets; one that Slack does not tell is left out."""
        links = {}
        for ticket in tickets[:MOST_LINKS]:
            thread = await self._office.store.threads.of_ticket(ticket.number)
            if thread is None or thread.ts is None:
                continue
            try:
                links[ticket.number] = await self._office.api.permalink(thread.channel, thread.ts)
            except ChannelError:
                continue
        return links


def asked(text: str) -> tuple[str, str]:
    """Return what somebody asks, by its English word, and about what."""
    name, *more = text.split(maxsplit=1) or [""]
    rest = more[0].strip() if more else ""
    for chinese, english in CHINESE.items():
        if name.startswith(chinese):
            return english, f"{name.removeprefix(chinese)} {rest}".strip()
    return name.casefold(), rest
