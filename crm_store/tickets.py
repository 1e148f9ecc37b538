"""Tickets: their numbers, their states, and the queues they wait in.

A conversation has at most one ticket that is not solved; its number and queue stand in the
conversation's row as well, and both are changed together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from sqlalchemy import bindparam, func, select, text, update

from crm_store import rows
from crm_store.batches import Keys
from crm_store.drafts import TicketChange
from crm_store.engines import read
from crm_store.errors import Conflict, NotFound, StoreError
from crm_store.records import Conversation, Ticket, TicketState, check_transition
from crm_store.tables import UNSOLVED, conversations, counters, tickets

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncEngine

    from crm_store.drafts import TicketDraft
    from crm_store.writer import Writer

_CHANGEABLE = ("state", "assignee", "queue", "priority", "subject", "need", "first_reply_due")

UPDATE_TICKET = (
    update(tickets)
    .where(tickets.c.number == bindparam("number_"))
    .values({name: bindparam(f"{name}_") for name in (*_CHANGEABLE, "updated_at")})
)

_UNSOLVED = text(UNSOLVED)
_WAITING = (
    _UNSOLVED,
    tickets.c.state.in_([TicketState.NEW, TicketState.OPEN]),
    tickets.c.assignee.is_(None),
)


class Tickets:
    """The tickets of the store."""

    def __init__(self, engine: AsyncEngine, writer: Writer) -> None:
        self._engine = engine
        self._writer = writer

    async def reserve_number(self) -> int:
        """Return a number that no other ticket will have; an unused one leaves a gap."""
        return await self._writer.submit(_reserve_all, None)

    async def get(self, number: int) -> Ticket:
        """Return the ticket.

        Raises:
            NotFound: when there is none of that number.
        """
        async with read(self._engine) as connection:
            row = (await connection.execute(_ONE, {"number": number})).first()
        if row is None:
            raise NotFound(f"no ticket {number}")
        return rows.ticket(row)

    async def of_conversation(self, conversation_id: str) -> tuple[Ticket, ...]:
        """Return all tickets of the conversation, oldest first."""
        async with read(self._engine) as connection:
            found = await connection.execute(
                select(*rows.TICKET)
                .where(tickets.c.conversation_id == conversation_id)
                .order_by(tickets.c.number)
            )
            return tuple(rows.ticket(row) for row in found)

    async def unsolved(self, conversation_id: str) -> Ticket | None:
        """Return the conversation's ticket that is neither solved nor closed."""
        async with read(self._engine) as connection:
            row = (
                await connection.execute(
                    select(*rows.TICKET).where(
                        tickets.c.conversation_id == conversation_id, _UNSOLVED
                    )
                )
            ).first()
        return rows.ticket(row) if row else None

    async def waiting(self, queue: str) -> int:
        """Return how many tickets of the queue nobody has taken yet."""
        return await self._count(tickets.c.queue == queue)

    async def ahead_of(self, number: int) -> int:
        """Return how many tickets of its queue wait before this one."""
        queue = select(tickets.c.queue).where(tickets.c.number == number).scalar_subquery()
        return await self._count(tickets.c.queue == queue, tickets.c.number < number)

    async def change(self, change: TicketChange, at: datetime) -> Ticket:
        """Return the ticket as changed.

        Raises:
            NotFound: when there is none of that number.
            IllegalTransition: when its state cannot follow the present one.
            Conflict: when it would be a second unsolved ticket of its conversation.
        """
        return await self._writer.submit(_change_all, (change, at))

    async def change_state(self, number: int, state: TicketState, at: datetime) -> Ticket:
        """Return the ticket in its new state; raises like `change`."""
        return await self.change(TicketChange(number=number, state=state), at)

    async def _count(self, *conditions: Any) -> int:  # noqa: ANN401  # SQL expressions
        async with read(self._engine) as connection:
            statement = select(func.count()).select_from(tickets).where(*_WAITING, *conditions)
            return (await connection.execute(statement)).scalar_one()


_ONE = select(*rows.TICKET).where(tickets.c.number == bindparam("number"))

_DRAW = (
    update(counters)
    .where(counters.c.name == "ticket")
    .values(value=counters.c.value + bindparam("count"))
    .returning(counters.c.value)
)


def _reserve_all(connection: Connection, batch: Sequence[None]) -> list[int | StoreError]:
    """Draw a number for each caller with one statement."""
    last = connection.execute(_DRAW, {"count": len(batch)}).scalar_one()
    return list(range(last - len(batch) + 1, last + 1))


def load_tickets(connection: Connection, numbers: Sequence[int]) -> dict[int, Ticket]:
    """Return the tickets of these numbers, locked."""
    if not numbers:
        return {}
    found = connection.execute(_LOAD, Keys.of((number,) for number in numbers))
    return {row[0]: rows.ticket(row) for row in found}


_NUMBERS = Keys(int)
_LOAD = (
    select(*rows.TICKET)
    .select_from(_NUMBERS.table)
    .join(tickets, tickets.c.number == _NUMBERS[0])
    .order_by(tickets.c.number)
    .with_for_update(of=tickets)
)


def is_unsolved(ticket: Ticket) -> bool:
    """Whether somebody still has to do something about it."""
    return ticket.state not in (TicketState.SOLVED, TicketState.CLOSED)


def opened_ticket(draft: TicketDraft, conversation: Conversation, at: datetime) -> Ticket:
    """Return the new ticket of the conversation.

    Raises:
        Conflict: when the conversation has an unsolved one.
    """
    if conversation.ticket_number is not None:
        raise Conflict(f"{conversation.id} has ticket {conversation.ticket_number}")
    return Ticket(
        number=draft.number,
        conversation_id=conversation.id,
        customer_id=conversation.customer_id,
        subject=draft.subject,
        queue=draft.queue,
        priority=draft.priority,
        state=TicketState.NEW,
        assignee=None,
        need=draft.need,
        language=draft.language,
        first_reply_due=draft.first_reply_due,
        created_at=at,
    )


def changed_ticket(
    ticket: Ticket | None, change: TicketChange, conversation: Conversation
) -> Ticket:
    """Return the ticket with the change.

    Raises:
        NotFound: when the conversation has no such ticket.
        IllegalTransition: when the new state cannot follow the present one.
        Conflict: when it would be the conversation's second unsolved ticket.
    """
    if ticket is None or ticket.conversation_id != conversation.id:
        raise NotFound(f"no ticket {change.number}")
    if change.state is not None and change.state is not ticket.state:
        check_transition(ticket.state, change.state)
    wanted = {name: getattr(change, name) for name in _CHANGEABLE}
    changed = replace(ticket, **{name: new for name, new in wanted.items() if new is not None})
    if is_unsolved(changed) and conversation.ticket_number not in (None, changed.number):
        raise Conflict(f"{conversation.id} has ticket {conversation.ticket_number}")
    return changed


def mirror(conversation: Conversation, ticket: Ticket) -> Conversation:
    """Return the conversation with what it shows of its unsolved ticket brought up to date."""
    if is_unsolved(ticket):
        return replace(conversation, ticket_number=ticket.number, queue=ticket.queue)
    if conversation.ticket_number == ticket.number:
        return replace(conversation, ticket_number=None, queue=None)
    return conversation


def update_row(ticket: Ticket, at: datetime) -> dict[str, Any]:
    """Return the parameters of UPDATE_TICKET."""
    values = {f"{name}_": getattr(ticket, name) for name in _CHANGEABLE}
    return values | {"number_": ticket.number, "updated_at_": at}


_LOAD_CONVERSATIONS = (
    select(*rows.CONVERSATION)
    .select_from(_NUMBERS.table)
    .join(tickets, tickets.c.number == _NUMBERS[0])
    .join(conversations, conversations.c.id == tickets.c.conversation_id)
    .order_by(conversations.c.id)
    .with_for_update(of=conversations)
)

_MIRROR = (
    update(conversations)
    .where(conversations.c.id == bindparam("id_"))
    .values(ticket_number=bindparam("number_"), queue=bindparam("queue_"))
)


def _change_all(
    connection: Connection, batch: Sequence[tuple[TicketChange, datetime]]
) -> list[Ticket | StoreError]:
    numbers = [change.number for change, _ in batch]
    # Conversations are locked before tickets, as everywhere.
    held = {
        row[0]: rows.conversation(row)
        for row in connection.execute(_LOAD_CONVERSATIONS, Keys.of((n,) for n in numbers))
    }
    found = load_tickets(connection, numbers)
    outcomes: list[Ticket | StoreError] = []
    written: dict[int, dict[str, Any]] = {}
    for change, at in batch:
        try:
            ticket = found.get(change.number)
            if ticket is None:
                raise NotFound(f"no ticket {change.number}")
            conversation = held[ticket.conversation_id]
            ticket = changed_ticket(ticket, change, conversation)
        except StoreError as error:
            outcomes.append(error)
            continue
        found[ticket.number] = ticket
        held[conversation.id] = mirror(conversation, ticket)
        written[ticket.number] = update_row(ticket, at)
        outcomes.append(ticket)
    if written:
        connection.execute(UPDATE_TICKET, list(written.values()))
        connection.execute(
            _MIRROR,
            [{"id_": c.id, "number_": c.ticket_number, "queue_": c.queue} for c in held.values()],
        )
    return outcomes
