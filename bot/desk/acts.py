"""What may be done with a ticket, and what comes of it. Pure: how things stand in, an act out.

Each method looks at a ticket and its conversation as they were read and returns the one value that
the store applies whole, or refuses whole when somebody was faster; whoever asked then looks again.
What an agent may not do raises Refused with the sentence that they read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import UNSET, Struct
from msgspec.structs import replace

from bot.desk.posts import to_agent
from bot.desk.speech import Speech
from bot.dialogue.ownership import Event, next_owner
from bot.errors import BotError
from crm_store.drafts import Handling, Line, TicketChange
from crm_store.records import AuthorKind, Choice, Owner, TicketState

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.desk.lanes import Reply
    from bot.playbook import Playbook
    from crm_store.drafts import PostDraft
    from crm_store.records import Conversation, Ticket

SYSTEM = "system"
"""Who acts when nobody does: time, or a rule."""

CUSTOMER = "customer"
"""Who acts when the customer does."""

UNSOLVED = frozenset({TicketState.NEW, TicketState.OPEN, TicketState.PENDING})

_TO_OPEN: Mapping[TicketState, tuple[TicketState, ...]] = {
    TicketState.NEW: (TicketState.OPEN,),
    TicketState.OPEN: (),
    TicketState.PENDING: (TicketState.OPEN,),
    TicketState.SOLVED: (TicketState.OPEN,),
}
"""The states through which a ticket becomes open; a closed one never does."""

_REOPENING = (Event.TAKEN, Event.AGENT_REPLIES)
"""What brings a conversation back to a ticket that was settled."""

RATINGS = ("5", "4", "3", "2", "1")


class Actor(Struct, frozen=True, kw_only=True):
    """Who acts."""

    id: str
    """Of the agent; SYSTEM for nobody."""
    name: str = ""
    """As customers read it."""
    rings: bool = False
    """Whether what they do is the alarm that the ticket waits for."""


TIME = Actor(id=SYSTEM, rings=True)
THE_CUSTOMER = Actor(id=CUSTOMER)
NOBODY = Actor(id=SYSTEM)
"""Who acts by a rule, whatever the time."""


class Refused(BotError):  # noqa: N818  # an answer
    """The act is not to be done; `key` names the sentence that says why, in the desk's words."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.values = values


class Situation(Struct, frozen=True, kw_only=True):
    """How a ticket stands, as it was just read."""

    ticket: Ticket
    conversation: Conversation
    now: datetime
    remote: bool = False
    """Whether the customer's channel is posted to from the outbox."""
    assignee_name: str = ""

    @property
    def holds_conversation(self) -> bool:
        """Whether it is the ticket that its conversation is about at present."""
        return self.conversation.ticket_number == self.ticket.number


class Acts:
    """The acts of one configuration."""

    def __init__(self, playbook: Playbook) -> None:
        self._playbook = playbook
        self._speech = Speech(playbook)

    # -- whose it is -------------------------------------------------------------------------

    def take(self, s: Situation, by: Actor, *, over: bool = False) -> Handling | None:
        """Take a ticket; None when it is theirs already.

        Args:
            s: How it stands.
            by: Who takes it.
            over: Whether to take it from whoever has it.

        Raises:
            Refused: Somebody else has it, or it is settled.
        """
        ticket = _unsolved(s)
        if ticket.assignee == by.id and s.conversation.owner is Owner.AGENT:
            return None
        if ticket.assignee not in (None, by.id) and not over:
            raise Refused("refused.taken", agent=s.assignee_name, ticket=ticket.number)
        joined = self._line(s, "agent_joined", agent=by.name)
        change = TicketChange(number=ticket.number, assignee=by.id, snoozed_until=None)
        return self._handling(s, by, "take", change, _TO_OPEN[ticket.state], Event.TAKEN, joined)

    def hand_back(self, s: Situation, by: Actor) -> Handling | None:
        """Leave the conversation to the bot again; None when the bot has it."""
        ticket = _unsolved(s)
        if s.conversation.owner is Owner.BOT and ticket.state is TicketState.PENDING:
            return None
        change = TicketChange(
            number=ticket.number,
            assignee=None,
            waiting_since=None,
            reply_due=None,
            snoozed_until=None,
        )
        told = self._line(s, "handed_back")
        return self._handling(
            s, by, "hand_back", change, _to_pending(ticket), Event.HANDED_BACK, told
        )

    def requeue(self, s: Situation, by: Actor) -> Handling | None:
        """Put a ticket back into its queue; None when it waits there."""
        ticket = _unsolved(s)
        if ticket.assignee is None:
            return None
        change = TicketChange(number=ticket.number, assignee=None, snoozed_until=None)
        told = self._line(s, "requeued") if ticket.waiting_since is not None else None
        if ticket.waiting_since is None:
            # They were to write next, and wait for nobody in particular now.
            due = self._playbook.sla.reply_due(ticket, s.now)
            change = replace(change, waiting_since=s.now, reply_due=due)
        return self._handling(
            s, by, "requeue", change, _TO_OPEN[ticket.state], Event.REQUEUED, told
        )

    def move(self, s: Situation, by: Actor, queue: str) -> Handling | None:
        """Put a ticket into another queue; None when it is there."""
        ticket = _unsolved(s)
        if queue not in self._playbook.settings.routing.queues:
            raise Refused("refused.no_queue", queue=queue)
        if ticket.queue == queue:
            return None
        change = TicketChange(number=ticket.number, queue=queue, assignee=None, snoozed_until=None)
        told = None
        if s.conversation.owner is Owner.AGENT:
            label = self._playbook.settings.routing.queues[queue].label
            told = self._line(s, "moved_to_team", team=label)
        return self._handling(s, by, "move", change, _TO_OPEN[ticket.state], Event.REQUEUED, told)

    # -- what is said ------------------------------------------------------------------------

    def reply(self, s: Situation, by: Actor, reply: Reply) -> Handling:
        """Say something to the customer; it takes the conversation, whoever had it.

        Raises:
            Refused: The ticket is closed, or the conversation is about another one.
        """
        ticket = s.ticket
        if ticket.state is TicketState.CLOSED or ticket.merged_into is not None:
            raise Refused("refused.closed", ticket=ticket.number)
        if s.conversation.ticket_number not in (None, ticket.number):
            raise Refused("refused.other_ticket", ticket=s.conversation.ticket_number)
        line = Line(
            conversation_id=s.conversation.id,
            author=AuthorKind.AGENT,
            author_name=by.name,
            text=reply.text,
            files=reply.files,
            at=s.now,
            client_id=reply.source,
            outbox=s.remote,
        )
        change = TicketChange(
            number=ticket.number,
            assignee=by.id,
            waiting_since=None,
            reply_due=None,
            snoozed_until=None,
            solved_at=None,
            first_reply_at=ticket.first_reply_at or s.now,
        )
        states = _TO_OPEN[ticket.state]
        return self._handling(s, by, "reply", change, states, Event.AGENT_REPLIES, line)

    # -- how it stands -----------------------------------------------------------------------

    def resolve(self, s: Situation, by: Actor) -> Handling | None:
        """Call a ticket settled and ask the customer what they think; None when it was settled."""
        ticket = s.ticket
        if ticket.state not in UNSOLVED:
            return None
        change = _settled(s)
        if ticket.assignee is None and by.id != SYSTEM:
            change = replace(change, assignee=by.id)
        states = (*_TO_OPEN[ticket.state], TicketState.SOLVED)
        if not s.holds_conversation:
            return self._handling(s, by, "resolve", change, states, None, None)
        told = self._line(s, "resolved", choices=self._ratings(s))
        return self._handling(s, by, "resolve", change, states, Event.RESOLVED, told)

    def end(self, s: Situation) -> Handling:
        """Settle the ticket of a conversation that its customer ends.

        They are asked what they think of it only where a person has served them.
        """
        served = s.ticket.first_reply_at is not None or s.conversation.owner is Owner.AGENT
        told = (
            self._line(s, "ended_rating", choices=self._ratings(s))
            if served
            else self._line(s, "ended_ticket")
        )
        states = (*_TO_OPEN[s.ticket.state], TicketState.SOLVED)
        return self._handling(s, THE_CUSTOMER, "end", _settled(s), states, Event.ENDED, told)

    def reopen(self, s: Situation, by: Actor) -> Handling | None:
        """Take up a settled ticket again; None when it is open."""
        ticket = s.ticket
        if ticket.state in UNSOLVED:
            return None
        if ticket.state is TicketState.CLOSED:
            raise Refused("refused.closed", ticket=ticket.number)
        if s.conversation.ticket_number is not None:
            raise Refused("refused.other_ticket", ticket=s.conversation.ticket_number)
        change = TicketChange(number=ticket.number, assignee=by.id, solved_at=None)
        return self._handling(s, by, "reopen", change, (TicketState.OPEN,), Event.TAKEN, None)

    def snooze(self, s: Situation, by: Actor, until: datetime) -> Handling:
        """Put a ticket aside until then."""
        ticket = _unsolved(s)
        if until <= s.now:
            raise Refused("refused.past")
        change = TicketChange(number=ticket.number, snoozed_until=until)
        return self._handling(s, by, "snooze", change, _to_pending(ticket), None, None)

    def wake(self, s: Situation) -> Handling | None:
        """Bring back a ticket that was put aside; None when it is back."""
        if s.ticket.state is not TicketState.PENDING:
            return None
        change = TicketChange(number=s.ticket.number, snoozed_until=None, held_since=s.now)
        return self._handling(s, TIME, "wake", change, (TicketState.OPEN,), None, None)

    def close(self, s: Situation) -> Handling | None:
        """Close a settled ticket for good; None when it is not settled."""
        if s.ticket.state is not TicketState.SOLVED:
            return None
        change = TicketChange(number=s.ticket.number)
        return self._handling(s, TIME, "close", change, (TicketState.CLOSED,), None, None)

    def prioritise(self, s: Situation, by: Actor, priority: str) -> Handling | None:
        """Give a ticket another priority, and its customer another promise; None if it has it."""
        ticket = _unsolved(s)
        if priority not in self._playbook.settings.routing.first_reply:
            raise Refused("refused.no_priority", priority=priority)
        if ticket.priority == priority:
            return None
        renewed = self._playbook.sla.with_priority(ticket, priority)
        change = TicketChange(
            number=ticket.number,
            priority=priority,
            reply_due=renewed.reply_due,
            resolve_due=renewed.resolve_due,
        )
        return self._handling(s, by, "prioritise", change, (), None, None)

    def recategorise(self, s: Situation, by: Actor, need: str) -> Handling | None:
        """Say what a matter is really about; None when that is what the ticket says."""
        if s.ticket.need == need:
            return None
        change = TicketChange(number=s.ticket.number, need=need)
        return self._handling(s, by, "recategorise", change, (), None, None)

    def merge(self, s: Situation, by: Actor, into: Ticket) -> Handling | None:
        """Settle a ticket because another one of the same customer stands for it."""
        ticket = _unsolved(s)
        if into.number == ticket.number or into.customer_id != ticket.customer_id:
            raise Refused("refused.merge", ticket=into.number)
        if into.state not in UNSOLVED:
            raise Refused("refused.closed", ticket=into.number)
        change = replace(_settled(s), merged_into=into.number)
        states = (*_TO_OPEN[ticket.state], TicketState.SOLVED)
        told = self._line(s, "merged", other=f"T-{into.number}")
        return self._handling(s, by, "merge", change, states, Event.RESOLVED, told)

    def rang(self, s: Situation) -> Handling:
        """Note that time did what it had to, and what it does next."""
        change = TicketChange(number=s.ticket.number)
        return self._handling(s, TIME, str(s.ticket.alarm), change, (), None, None)

    # -- how an act is put together ----------------------------------------------------------

    def _handling(
        self,
        s: Situation,
        by: Actor,
        what: str,
        change: TicketChange,
        states: tuple[TicketState, ...],
        event: Event | None,
        line: Line | None,
    ) -> Handling:
        owner, agent_name = None, s.conversation.agent_name
        if event is not None and (
            s.holds_conversation or event in (Event.TAKEN, Event.AGENT_REPLIES)
        ):
            owner = next_owner(s.conversation.owner, event)
            agent_name = by.name if owner is Owner.AGENT else None
        if change.assignee and change.assignee != s.ticket.assignee:
            change = replace(change, held_since=s.now)
        return Handling(
            change=self._with_alarm(s, change, states, rings=by.rings),
            expected_version=s.ticket.version,
            expected_owner=s.conversation.owner,
            states=states,
            by=by.id,
            what=what,
            at=s.now,
            owner=owner,
            agent_name=agent_name,
            line=line,
            posts=_told_to_former(s, by, change),
        )

    def _with_alarm(
        self, s: Situation, change: TicketChange, states: tuple[TicketState, ...], *, rings: bool
    ) -> TicketChange:
        """Add what time will do to the ticket as it will stand then."""
        new = {
            name: value
            for name in TicketChange.__struct_fields__
            if name != "number" and (value := getattr(change, name)) is not UNSET
        }
        after = replace(s.ticket, **new)
        if states:
            after = replace(after, state=states[-1])
        sla = self._playbook.sla
        if rings:
            found = sla.alarm_after(after, rung=s.ticket)
        else:
            found = sla.next_alarm(after, before=s.ticket, now=s.now)
        return replace(change, alarm_at=found.at, alarm=found.alarm)

    def _line(
        self,
        s: Situation,
        key: str,
        *,
        choices: tuple[Choice, ...] = (),
        **values: Any,  # noqa: ANN401  # see `Replies`
    ) -> Line | None:
        """Return what the customer is told of the act."""
        if not s.holds_conversation:
            return None
        return Line(
            conversation_id=s.conversation.id,
            author=AuthorKind.SYSTEM,
            author_name=None,
            text=self._speech.to_customer(s.conversation, key, ticket=s.ticket.number, **values),
            at=s.now,
            choices=choices,
            outbox=s.remote,
        )

    def _ratings(self, s: Situation) -> tuple[Choice, ...]:
        return tuple(
            Choice(
                label=self._speech.to_customer(s.conversation, f"rating.{score}"),
                value=f"rate:{score}",
            )
            for score in RATINGS
        )


def _settled(s: Situation) -> TicketChange:
    """Return that nobody waits for anything about a ticket any more."""
    return TicketChange(
        number=s.ticket.number,
        waiting_since=None,
        reply_due=None,
        snoozed_until=None,
        solved_at=s.now,
    )


def _told_to_former(s: Situation, by: Actor, change: TicketChange) -> tuple[PostDraft, ...]:
    """Return that somebody's ticket is another's now: they may be about to answer."""
    former, now = s.ticket.assignee, change.assignee
    if former is None or now is UNSET or now is None or now == former:
        return ()
    return (to_agent(former, "notice.taken_over", agent=by.name, ticket=s.ticket.number),)


def _unsolved(s: Situation) -> Ticket:
    if s.ticket.merged_into is not None:
        raise Refused("refused.merged", ticket=s.ticket.merged_into)
    if s.ticket.state not in UNSOLVED:
        raise Refused("refused.settled", ticket=s.ticket.number)
    return s.ticket


def _to_pending(ticket: Ticket) -> tuple[TicketState, ...]:
    if ticket.state is TicketState.PENDING:
        return ()
    return (*_TO_OPEN[ticket.state], TicketState.PENDING)
