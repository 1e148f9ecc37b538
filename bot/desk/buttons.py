"""Buttons and menus of the desk: on a ticket's card, under a whisper, on the home page.

What a button carries is a hint that anybody could have made up: the ticket is the one of the card
that the button stands on, and who pressed is looked up anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.desk import modals
from bot.desk.acts import Refused
from bot.desk.lanes import Reply
from bot.desk.lines import sent_suggestion
from bot.desk.office import actor
from bot.desk.times import snooze_until
from bot.desk.views import MacroChoice
from crm_store.records import AuthorKind

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.desk.counter import Counter
    from bot.desk.drawn import Drawn
    from bot.desk.hands import Act
    from bot.desk.office import Office
    from bot.desk.talk import Talk
    from bot.slack.events import Pressed
    from bot.slack.mrkdwn import Block
    from crm_store.desk_records import Agent, Suggestion

    Do = Callable[[Pressed, Agent], Awaitable[None]]

MOST_CAPACITY = 1000
"""As much as the settings allow."""

RECENT = 12
"""Messages looked through for the customer's last words."""


class Buttons:
    """Does what buttons say."""

    def __init__(self, office: Office, talk: Talk, counter: Counter) -> None:
        self._office = office
        self._talk = talk
        self._counter = counter
        self._sending: set[str] = set()
        """Drafts on their way: whoever presses twice is quicker than we are."""
        acts = office.acts
        self._acts: dict[str, Callable[[Pressed, Agent], Act]] = {
            "take": lambda _, by: lambda s: acts.take(s, actor(by)),
            "take_over": lambda _, by: lambda s: acts.take(s, actor(by), over=True),
            "resolve": lambda _, by: lambda s: acts.resolve(s, actor(by)),
            "reopen": lambda _, by: lambda s: acts.reopen(s, actor(by)),
            "hand_back": lambda _, by: lambda s: acts.hand_back(s, actor(by)),
            "move": lambda e, by: lambda s: acts.move(s, actor(by), _chosen(e)),
            "priority": lambda e, by: lambda s: acts.prioritise(s, actor(by), _chosen(e)),
            "snooze": self._snooze,
        }
        self._others: dict[str, Do] = {
            "reply": self._reply,
            "more": self._more,
            "reveal": self._reveal,
            "undo": self._undo,
            "send_suggestion": self._send_suggestion,
            "edit_suggestion": self._edit_suggestion,
            "away": self._away,
            "capacity": self._capacity,
        }

    async def pressed(self, event: Pressed) -> None:
        """Do what a button or a menu stands for.

        Raises:
            Refused: It cannot be done, or not by them.
        """
        agent = await self._office.roster.agent(event.team, event.user, event.user_team)
        if event.action_id in self._acts:
            act = self._acts[event.action_id](event, agent)
            await self._office.hands.do(await self._number(event), act)
        elif event.action_id in self._others:
            await self._others[event.action_id](event, agent)
        else:
            raise Refused("refused.stale")

    async def _number(self, event: Pressed) -> int:
        """Return the ticket of the card on which a button was pressed."""
        if event.channel is not None and event.ts is not None and not event.is_ephemeral:
            thread = await self._office.threads_around(event.channel, event.ts)
            if thread is not None:
                return thread.ticket_number
        raise Refused("refused.stale")

    def _snooze(self, event: Pressed, by: Agent) -> Act:
        office = self._office
        until = snooze_until(_chosen(event), office.clock(), office.playbook.time_zone)
        if until is None:
            raise Refused("refused.stale")
        return lambda s: office.acts.snooze(s, actor(by), until)

    # -- dialogs -----------------------------------------------------------------------------

    async def _reply(self, event: Pressed, agent: Agent) -> None:
        await self._open(event, await self._reply_dialog(await self._number(event), agent))

    async def _more(self, event: Pressed, agent: Agent) -> None:
        number = await self._number(event)
        gather, language = self._office.gather, self._office.language(agent)
        match _chosen(event):
            case "profile":
                view = modals.profile(await gather.profile(number, language))
            case "correct_intent":
                found = await gather.ticket(number, language)
                view = modals.correct_intent(found, gather.intent_labels(language), language)
            case "correct_need":
                found = await gather.ticket(number, language)
                view = modals.correct_need(found, gather.need_labels(language), language)
            case "macros":
                view = modals.macros(number, await self._macros(number, agent), language)
            case "merge":
                view = modals.merge(number, language)
            case _:
                raise Refused("refused.stale")
        await self._open(event, view)

    async def _reveal(self, event: Pressed, agent: Agent) -> None:
        """Show contacts in clear, once it is noted who looked."""
        office, number = self._office, await self._number(event)
        ticket = await office.store.tickets.get(number)
        customer = await office.store.customers.get(ticket.customer_id)
        details = {"by": agent.id, "ticket": number, "fields": ["email", "phone", "address"]}
        await office.store.audit.note(f"customer:{customer.id}", "reveal", details, office.clock())
        await self._open(event, modals.revealed(customer, office.language(agent)))

    async def _open(self, event: Pressed, view: Block) -> None:
        await self._office.api.open_view(event.trigger_id, view)

    async def _reply_dialog(
        self, number: int, agent: Agent, draft: Suggestion | None = None
    ) -> Block:
        ticket = await self._office.store.tickets.get(number)
        conversation = await self._office.store.conversations.get(ticket.conversation_id)
        messages = await self._office.store.conversations.messages(
            conversation.id, after=max(0, conversation.last_seq - RECENT), limit=RECENT
        )
        return modals.reply(
            number,
            [message for message in messages if message.author is AuthorKind.CUSTOMER],
            self._office.language(agent),
            text=draft.text if draft else "",
            suggestion=draft.id if draft else "",
        )

    async def _macros(self, number: int, agent: Agent) -> list[MacroChoice]:
        """Return the macros, those for the ticket's intent first."""
        office, language = self._office, self._office.language(agent)
        view = await office.gather.ticket(number, language)
        likely = {each.name for each in view.intents[:1]}
        name = view.customer.name or ""
        macros = sorted(
            office.playbook.settings.macros.items(),
            key=lambda each: not likely.intersection(each[1].intents),
        )
        return [
            MacroChoice(
                name=key,
                label=macro.label[language],
                preview=office.speech.macro(
                    key, view.conversation, customer=name, agent=agent.name
                ),
            )
            for key, macro in macros
        ]

    # -- whispers and held replies -----------------------------------------------------------

    async def _send_suggestion(self, event: Pressed, agent: Agent) -> None:
        office, draft = self._office, await self._suggestion(event)
        reply = Reply(text=draft.text, source=f"suggestion:{draft.id}")
        drawn = sent_suggestion(draft, office.language(agent))
        if draft.id in self._sending:
            await self._sent_before(event, drawn)
            return
        self._sending.add(draft.id)
        try:
            if await self._is_sent(draft, reply):
                await self._sent_before(event, drawn)
                return
            await self._talk.send(reply, draft.ticket_number, agent)
            await office.replace(event.response_url, drawn)
        finally:
            self._sending.discard(draft.id)

    async def _sent_before(self, event: Pressed, drawn: Drawn) -> None:
        """Show that a draft was sent, where it stands, or beside it."""
        if not await self._office.replace(event.response_url, drawn):
            key = "drafts.sent_already"
            await self._office.tell(event.channel, event.user, key, thread_ts=event.thread_ts)

    async def _is_sent(self, draft: Suggestion, reply: Reply) -> bool:
        """Return whether the customer has a draft already."""
        ticket = await self._office.store.tickets.get(draft.ticket_number)
        return (
            await self._office.store.conversations.sent_as(
                ticket.conversation_id, AuthorKind.AGENT, reply.source
            )
            is not None
        )

    async def _edit_suggestion(self, event: Pressed, agent: Agent) -> None:
        draft = await self._suggestion(event)
        await self._open(event, await self._reply_dialog(draft.ticket_number, agent, draft))

    async def _suggestion(self, event: Pressed) -> Suggestion:
        draft = await self._office.store.notes.suggestion(event.value or "")
        if draft is None:
            raise Refused("refused.stale")
        return draft

    async def _undo(self, event: Pressed, agent: Agent) -> None:
        taken_back = await self._office.store.notes.take_back(event.value or "", agent.id)
        key = "held.undone" if taken_back else "undo.late"
        await self._office.tell(event.channel, event.user, key, thread_ts=event.thread_ts)

    # -- the home page -----------------------------------------------------------------------

    async def _away(self, event: Pressed, agent: Agent) -> None:
        now = self._office.clock()
        await self._office.store.agents.set_away(agent.id, event.value == "on", now)
        self._office.roster.forget_agent(agent.id)
        await self._counter.publish(event.team, event.user)

    async def _capacity(self, event: Pressed, agent: Agent) -> None:
        chosen = _chosen(event)
        if not chosen.isdecimal() or not 0 < int(chosen) <= MOST_CAPACITY:
            raise Refused("refused.stale")
        await self._office.store.agents.set_capacity(agent.id, int(chosen), self._office.clock())
        self._office.roster.forget_agent(agent.id)
        await self._counter.publish(event.team, event.user)


def _chosen(event: Pressed) -> str:
    """Return what was chosen in a menu."""
    if isinstance(event.selected, str):
        return event.selected
    raise Refused("refused.stale")
