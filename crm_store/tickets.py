"""Tickets: their numbers, their states, and the queues they wait in.

A conversation has at most one ticket that is not solved; its number and queue stand in the
conversation's row as well, and both are changed together.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from sqlalchemy import bindparam, func, select, text, update

from crm_store import rows
from crm_store.drafts import TicketChange
from crm_store.engines import read
from crm_store.errors import NotFound
from crm_store.handling import handle_all, open_tickets
from crm_store.records import Owner, TicketState
from crm_store.tables import (
    TO_COME,
    UNSOLVED,
    conversations,
    counters,
    customers,
    orders,
    tickets,
)
from crm_store.ticket_changes import change_all

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, TextClause
    from sqlalchemy.ext.asyncio import AsyncEngine

    from crm_store.drafts import Handled, Handling, TicketOpening
    from crm_store.errors import StoreError
    from crm_store.records import Ticket
    from crm_store.writer import Writer

_UNSOLVED = text(UNSOLVED)
_WAITING = (
    _UNSOLVED,
    tickets.c.state.in_([TicketState.NEW, TicketState.OPEN]),
    tickets.c.assignee.is_(None),
)

MOST_FOUND = 20
"""Nobody reads on: whoever gets so many looks for something else."""


class QueueHealth(Struct, frozen=True, kw_only=True):
    """How a queue stands."""

    queue: str
    waiting: int
    """Tickets that nobody has taken."""
    taken: int
    """Tickets that somebody works on."""
    overdue: int
    """Tickets whose customer should have had an answer by now."""
    oldest: datetime | None
    """Since when the one waits who waits longest."""


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

    async def of_customer(self, customer_id: str, limit: int = 10) -> tuple[Ticket, ...]:
        """Return the customer's tickets, newest first."""
        return await self._some(tickets.c.customer_id == customer_id, limit=limit)

    async def of_agent(self, agent: str) -> tuple[Ticket, ...]:
        """Return what an agent works on, the newest first."""
        return await self._some(tickets.c.assignee == agent, _UNSOLVED, limit=100)

    async def holders(self) -> tuple[str, ...]:
        """Return the agents who have anything that is unsolved."""
        statement = (
            select(tickets.c.assignee)
            .where(tickets.c.assignee.is_not(None), _UNSOLVED)
            .distinct()
            .order_by(tickets.c.assignee)
        )
        async with read(self._engine) as connection:
            return tuple(await connection.scalars(statement))

    async def health(self, now: datetime) -> tuple[QueueHealth, ...]:
        """Return how each queue stands in which anything is unsolved."""
        free = tickets.c.assignee.is_(None) & tickets.c.state.in_(
            [TicketState.NEW, TicketState.OPEN]
        )
        held = tickets.c.assignee.is_not(None)
        statement = (
            select(
                tickets.c.queue,
                func.count().filter(free),
                func.count().filter(held),
                func.count().filter(tickets.c.reply_due < now),
                func.min(tickets.c.waiting_since).filter(free),
            )
            .where(_UNSOLVED)
            .group_by(tickets.c.queue)
            .order_by(tickets.c.queue)
        )
        async with read(self._engine) as connection:
            return tuple(
                QueueHealth(
                    queue=row[0], waiting=row[1], taken=row[2], overdue=row[3], oldest=row[4]
                )
                for row in await connection.execute(statement)
            )

    async def free(self, now: datetime, limit: int = 50) -> tuple[Ticket, ...]:
        """Return tickets whose customer waits for somebody to take them, first due first."""
        statement = (
            select(*rows.TICKET)
            .where(
                *_WAITING,
                tickets.c.number.in_(_IN_QUEUE),
                tickets.c.snoozed_until.is_(None) | (tickets.c.snoozed_until <= now),
            )
            .order_by(tickets.c.reply_due.asc().nulls_last(), tickets.c.number)
            .limit(limit)
        )
        async with read(self._engine) as connection:
            return tuple(rows.ticket(row) for row in await connection.execute(statement))

    async def loads(self, agents: Iterable[str]) -> dict[str, int]:
        """Return how many tickets each of these agents works on; whoever has none is left out."""
        statement = (
            select(tickets.c.assignee, func.count())
            .where(tickets.c.assignee.in_(list(agents)), _UNSOLVED)
            .group_by(tickets.c.assignee)
        )
        async with read(self._engine) as connection:
            return {row[0]: row[1] for row in await connection.execute(statement)}

    async def alarms(self, now: datetime, limit: int = 100) -> tuple[Ticket, ...]:
        """Return the tickets about which time has changed something by now, first come first."""
        statement = (
            select(*rows.TICKET)
            .where(text(TO_COME), tickets.c.alarm_at <= now)
            .order_by(tickets.c.alarm_at)
            .limit(limit)
        )
        async with read(self._engine) as connection:
            return tuple(rows.ticket(row) for row in await connection.execute(statement))

    async def find(self, words: str) -> tuple[Ticket, ...]:
        """Return tickets by number, or by their customer's name, e-mail, phone or order."""
        number = re.fullmatch(r"(?:T-?)?(\d{1,12})", words.strip(), re.IGNORECASE)
        if number is not None:
            found = await self._some(tickets.c.number == int(number[1]), limit=1)
            if found:
                return found
        folded = words.strip().casefold()
        if not folded:
            return ()
        people = (
            select(customers.c.id)
            .where(
                func.lower(customers.c.name).contains(folded, autoescape=True)
                | (func.lower(customers.c.email) == folded)
                | (customers.c.phone == words.strip())
            )
            .union(select(orders.c.customer_id).where(orders.c.number == words.strip().upper()))
        )
        return await self._some(tickets.c.customer_id.in_(people), limit=MOST_FOUND)

    async def handle(self, handling: Handling) -> Handled:
        """Do something with a ticket; return how ticket and conversation stand then.

        Raises:
            NotFound: when there is none of that number.
            IllegalTransition: when its state cannot follow the present one.
            Conflict: when ticket or conversation are not as was thought.
        """
        return await self._writer.submit(handle_all, handling)

    async def open(self, opening: TicketOpening) -> Ticket:
        """Open a ticket for a conversation, outside of any turn.

        Raises:
            NotFound: when there is no such conversation.
            Conflict: when it has an unsolved ticket.
        """
        return await self._writer.submit(open_tickets, opening)

    async def change(self, change: TicketChange, at: datetime) -> Ticket:
        """Return the ticket as changed.

        Raises:
            NotFound: when there is none of that number.
            IllegalTransition: when its state cannot follow the present one.
            Conflict: when it would be a second unsolved ticket of its conversation.
        """
        return await self._writer.submit(change_all, (change, at))

    async def change_state(self, number: int, state: TicketState, at: datetime) -> Ticket:
        """Return the ticket in its new state; raises like `change`."""
        return await self.change(TicketChange(number=number, state=state), at)

    async def _some(
        self, *conditions: ColumnElement[bool] | TextClause, limit: int, newest_first: bool = True
    ) -> tuple[Ticket, ...]:
        order = tickets.c.number.desc() if newest_first else tickets.c.number
        statement = select(*rows.TICKET).where(*conditions).order_by(order).limit(limit)
        async with read(self._engine) as connection:
            return tuple(rows.ticket(row) for row in await connection.execute(statement))

    async def _count(self, *conditions: Any) -> int:  # noqa: ANN401  # SQL expressions
        async with read(self._engine) as connection:
            statement = select(func.count()).select_from(tickets).where(*_WAITING, *conditions)
            return (await connection.execute(statement)).scalar_one()


_IN_QUEUE = select(conversations.c.ticket_number).where(conversations.c.owner == Owner.QUEUE)
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
