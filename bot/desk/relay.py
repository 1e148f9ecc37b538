"""Keeps the desk's threads like the conversations: posts what `plans` asked for.

    news of a ticket → plan: thread, recap, lines, card (one transaction) → lanes → Slack

What a post shows is drawn when it is posted, from how things stand then; so a card that waited
shows the latest, and nothing of what a customer wrote lies in the outbox.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal

import structlog

from bot.desk.cards import card
from bot.desk.filing import Filing
from bot.desk.lines import escalation, line, notice, recap
from bot.desk.plans import Plans
from bot.desk.posts import CHANNEL, ESCALATED, in_thread, redrawn, renewed
from bot.errors import ChannelError
from bot.slack.errors import SlackRefused
from bot.slack.limits import Urgency
from bot.slack.marks import bears, mark_of
from crm_store.errors import NotFound, StoreError
from crm_store.records import AuthorKind

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence
    from datetime import datetime

    from bot.delivery import Delivery
    from bot.desk.drawn import Drawn
    from bot.desk.gather import Gather
    from bot.desk.roster import Roster
    from bot.playbook import Playbook
    from bot.slack.api import SlackApi
    from crm_store.desk_records import Thread
    from crm_store.drafts import PostDraft
    from crm_store.records import Message, Post, Ticket
    from crm_store.store import Store
    from nlp.understanding import Language

_log = structlog.get_logger()

TICK = "heavy_check_mark"

RATED = "notice.rated"

SHUT = frozenset({"channel_not_found", "is_archived", "not_in_channel"})
"""Slack's words for a channel that we can no longer work in; there is another one then."""

BAD_BLOCKS = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long"})

SHOW_GIVEN_UP_AFTER_S = 0.5
"""That a post was given up is noted after we say so; the card counts what is noted."""


class Relay:
    """The desk as a channel of the delivery: what it posts is asked for by plans."""

    name: str = CHANNEL
    remote: Literal[True] = True

    def __init__(
        self,
        store: Store,
        playbook: Playbook,
        api: SlackApi,
        roster: Roster,
        gather: Gather,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._playbook = playbook
        self._api = api
        self._roster = roster
        self._gather = gather
        self._clock = clock
        self._filing = Filing(api, store, playbook.settings.general.files, clock)
        self._delivery: Delivery | None = None
        self.plans = Plans(store, roster, clock)
        self._aside: set[asyncio.Task[None]] = set()
        self._given_up: set[int] = set()
        """Tickets whose cards are about to tell that something could not be posted."""

    def start(self, delivery: Delivery) -> None:
        """Begin to plan; what was planned is posted by the delivery."""
        self._delivery = delivery
        self.plans.start(delivery)

    async def close(self) -> None:
        """Plan nothing more; the next start finds what is missing."""
        self._delivery = None
        await self.plans.close()
        tasks = list(self._aside)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # -- news --------------------------------------------------------------------------------

    def news(self, number: int) -> None:
        """Say that a ticket or its conversation has changed. Never waits and never fails."""
        self.plans.news(number)

    def rated(self, number: int) -> None:
        """Say that a customer has rated how a ticket was settled. Never waits and never fails."""
        self._beside(self._tell_rating(number))
        self.news(number)

    def left(self, number: int) -> None:
        """Say that a customer will not look at a ticket's conversation again. Never waits."""
        self._beside(self._tell_left(number))

    def handed(self, number: int, before: str | None) -> None:
        """Say that somebody else has a ticket now, and who had it. Never waits and never fails."""
        self._beside(self._draw_for_another(number, before))

    async def catch_up(self) -> int:
        """Look for tickets whose threads do not show how they stand; return how many there are."""
        return await self.plans.catch_up()

    # -- posting -----------------------------------------------------------------------------

    async def post(self, post: Post) -> str | None:
        """Post what a plan asked for, as things stand now; see `RemoteChannel`."""
        try:
            return await self._post(post)
        except NotFound as error:
            # A lane must not wait for ever for what is no longer there.
            raise ChannelError("what it shows is no longer there", permanent=True) from error
        except ChannelError as error:
            if error.permanent:
                self._beside(self._after_refusal(post, getattr(error, "code", "")))
            raise

    async def _post(self, post: Post) -> str | None:
        match post.kind:
            case "desk.card":
                return await self._post_card(post)
            case "desk.update":
                await self._renew_card(post)
                return None
            case "desk.redraw":
                await self._redraw(post)
                return None
            case "desk.tick":
                await self._tick(post)
                return None
            case "desk.direct" | "desk.told":
                return await self._tell(post)
            case "desk.file":
                return await self._filing.post(post, await self._thread_of(post))
            case _:
                return await self._post_in_thread(post)

    async def reconcile(self, post: Post) -> str | None:
        """Return Slack's name of a post that may have arrived; see `RemoteChannel`."""
        since = f"{post.created_at.timestamp() - 60:.6f}"
        found: Sequence[Mapping[str, Any]]
        if post.kind == "desk.card":
            channel = post.lane_key.partition(":")[2]
            found = await self._api.history(channel, oldest=since)
        elif post.kind in ("desk.update", "desk.redraw", "desk.tick", "desk.direct", "desk.told"):
            return None  # doing it twice does no harm
        else:
            thread = await self._thread_of(post)
            channel, ts = thread.channel, thread.ts or ""
            found = await self._api.replies(channel, ts, oldest=since)
        if post.kind == "desk.file":
            return await self._filing.find(post, channel, found)
        return next((f"{channel}/{each['ts']}" for each in found if bears(each, post)), None)

    def _beside(self, work: Coroutine[None, None, None]) -> None:
        """Do something that nobody waits for; what fails in it is logged."""
        if self._delivery is None:
            work.close()
            return
        task = asyncio.create_task(self._logged(work))
        self._aside.add(task)
        task.add_done_callback(self._aside.discard)

    async def _logged(self, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except (StoreError, ChannelError) as error:
            _log.warning("desk_not_told", error_type=type(error).__name__)

    async def _tell_rating(self, number: int) -> None:
        """Tell the thread of a rating; its words are read when the notice is drawn."""
        ticket = await self._store.tickets.get(number)
        thread = await self._store.threads.of_ticket(number)
        if thread is not None and ticket.rating is not None:
            await self._ask(in_thread(thread, RATED, ticket=number, stars=ticket.rating))

    async def _tell_left(self, number: int) -> None:
        thread = await self._store.threads.of_ticket(number)
        if thread is not None:
            await self._ask(in_thread(thread, "notice.signed_in", ticket=number))

    async def _draw_for_another(self, number: int, before: str | None) -> None:
        """Have what stands in a ticket's threads drawn anew, if whoever has it reads otherwise."""
        ticket = await self._store.tickets.get(number)
        if await self._language(ticket.assignee) == await self._language(before):
            return
        for thread in await self._store.threads.all_of(number):
            await self._ask(redrawn(thread))

    async def _language(self, agent: str | None) -> Language:
        found = await self._store.agents.get(agent) if agent is not None else None
        return self._gather.language(found.language if found else None)

    async def _after_refusal(self, post: Post, code: str) -> None:
        """Go on in another channel, if this one is shut; have the card tell what is missing."""
        number = post.payload.get("ticket")
        if "thread" in post.payload:
            thread = await self._store.threads.get(post.payload["thread"])
            number = thread.ticket_number if thread is not None and thread.active else None
        if number is None or post.kind in ("desk.tick", "desk.update", "desk.redraw"):
            return
        if code in SHUT:
            self._roster.forget_channels()
            self.news(number)
        if number in self._given_up:
            return
        self._given_up.add(number)
        try:
            await asyncio.sleep(SHOW_GIVEN_UP_AFTER_S)
        finally:
            self._given_up.discard(number)
        shown = await self._store.threads.of_ticket(number)
        if shown is not None:
            await self._ask(renewed(shown))

    async def _ask(self, post: PostDraft) -> None:
        await self._store.outbox.add(post, self._clock())
        if self._delivery is not None:
            self._delivery.wake(post.lane_key)

    async def _post_card(self, post: Post) -> str:
        channel = post.lane_key.partition(":")[2]
        drawn = await self._card(post.payload["ticket"])
        return await self._show(post, drawn, channel, Urgency.CARD)

    async def _renew_card(self, post: Post) -> None:
        thread = await self._store.threads.get(post.payload["thread"])
        if thread is None or thread.ts is None:
            return  # it will show the latest when it is posted
        link = None
        if not thread.active:
            now = await self._store.threads.of_ticket(thread.ticket_number)
            if now is None or now.ts is None:
                raise ChannelError("the new card is not posted yet")
            link = await self._api.permalink(now.channel, now.ts)
        drawn = await self._card(thread.ticket_number, link)
        await self._api.update_message(thread.channel, thread.ts, drawn.text, blocks=drawn.blocks)

    async def _redraw(self, post: Post) -> None:
        """Draw the recap anew, or the card that tells where its ticket went."""
        thread = await self._store.threads.get(post.payload["thread"])
        if thread is None or thread.ts is None:
            return  # it is drawn for its reader when it is posted
        if not thread.active:
            await self._renew_card(post)
            return
        recap = await self._store.outbox.soon_after(thread.post_id, "desk.recap")
        if recap is None or recap.payload["thread"] != thread.id or recap.remote_ref is None:
            return
        drawn = await self._drawn(recap, thread)
        ts = recap.remote_ref.partition("/")[2]
        try:
            await self._api.update_message(thread.channel, ts, drawn.text, blocks=drawn.blocks)
        except SlackRefused as error:
            if error.code != "message_not_found":
                raise

    async def _card(self, number: int, link: str | None = None) -> Drawn:
        view = await self._gather.ticket(number, link=link)
        language = self._gather.language(view.assignee.language if view.assignee else None)
        return card(view, language, self._clock(), self._gather.queue_labels(language))

    async def _post_in_thread(self, post: Post) -> str:
        thread = await self._thread_of(post)
        if thread.ts is None:
            raise ChannelError("the card of this thread could not be posted", permanent=True)
        drawn = await self._drawn(post, thread)
        return await self._show(post, drawn, thread.channel, Urgency.LINE, thread.ts)

    async def _show(
        self,
        post: Post,
        drawn: Drawn,
        channel: str,
        urgency: Urgency,
        thread_ts: str | None = None,
    ) -> str:
        """Post something as drawn, or its bare text where Slack finds fault with the drawing."""
        how: dict[str, Any] = {"thread_ts": thread_ts, "urgency": urgency}
        mark = mark_of(post)
        try:
            posted = await self._api.post_message(
                channel, drawn.text, blocks=drawn.blocks, metadata=mark, **how
            )
        except SlackRefused as error:
            if error.code not in BAD_BLOCKS:
                raise
            # A plain card that emoji work on is worth more than a hole in the thread.
            _log.error("blocks_refused", kind=post.kind, code=error.code)
            posted = await self._api.post_message(channel, drawn.text, metadata=mark, **how)
        return f"{posted.channel}/{posted.ts}"

    async def _drawn(self, post: Post, thread: Thread) -> Drawn:
        view = await self._gather.ticket(thread.ticket_number)
        language = self._gather.language(view.assignee.language if view.assignee else None)
        if post.kind == "desk.notice":
            return _notice(post.payload, view.ticket, language)
        name = view.customer.name
        if post.kind == "desk.recap":
            first, last = post.payload["after"], post.payload["to"]
            messages = await self._store.conversations.messages(
                view.conversation.id, after=first, limit=last - first
            )
            return recap([m for m in messages if m.author is not AuthorKind.SYSTEM], name, language)
        shown: list[Message] = []
        for each in (post, *post.also):
            assert each.seq is not None  # noqa: S101  # a line shows a message
            shown += await self._store.conversations.messages(
                view.conversation.id, after=each.seq - 1, limit=1
            )
        return line(shown, name, language)

    async def _tick(self, post: Post) -> None:
        try:
            await self._api.add_reaction(post.payload["channel"], post.payload["ts"], TICK)
        except SlackRefused as error:
            if error.code not in ("message_not_found", "too_many_reactions"):
                raise

    async def _tell(self, post: Post) -> str:
        """Tell an agent, or a channel, something; twice is a nuisance, never a leak."""
        payload = post.payload
        agent = await self._store.agents.get(payload["agent"]) if "agent" in payload else None
        language = self._gather.language(agent.language if agent else None)
        if "user" in payload:
            channel = await self._api.open_dm(payload["user"])
        else:
            channel = payload["channel"]
        if payload["key"] == ESCALATED:
            drawn = await self._escalation(payload["values"], language)
        else:
            drawn = notice(payload["key"], language, **payload["values"])
        posted = await self._api.post_message(
            channel, drawn.text, blocks=drawn.blocks, urgency=Urgency.NORMAL
        )
        return f"{posted.channel}/{posted.ts}"

    async def _escalation(self, values: Mapping[str, Any], language: Language) -> Drawn:
        view = await self._gather.ticket(values["ticket"], language)
        thread = await self._store.threads.of_ticket(values["ticket"])
        url = None
        if thread is not None and thread.ts is not None:
            with suppress(ChannelError):  # help is called for without the way there, too
                url = await self._api.permalink(thread.channel, thread.ts)
        return escalation(view, values.get("due"), url, language)

    async def _thread_of(self, post: Post) -> Thread:
        if "thread" in post.payload:
            thread = await self._store.threads.get(post.payload["thread"])
        else:
            thread = await self._store.threads.of_ticket(post.payload["ticket"])
        if thread is None:
            raise ChannelError("the ticket has no thread", permanent=True)
        return thread


def _notice(payload: Mapping[str, Any], ticket: Ticket, language: Language) -> Drawn:
    if payload["key"] == RATED and ticket.rating_comment:
        comment = ticket.rating_comment
        return notice("notice.rated_because", language, **payload["values"], comment=comment)
    return notice(payload["key"], language, **payload["values"])
