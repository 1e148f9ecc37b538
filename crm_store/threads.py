"""Threads of the desk: which ticket stands where, and how far its conversation was put there.

The conversation itself is the outbox of its thread: what has to be shown is whatever lies behind
`mirrored_seq`. A plan moves that mark and asks for the posts in one transaction; so a line is
asked for once, however often somebody looks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select, text, update

from crm_store.desk_records import Thread
from crm_store.desk_tables import desk_threads
from crm_store.drafts import PostDraft
from crm_store.engines import read
from crm_store.errors import Conflict, NotFound
from crm_store.outbox import post_row
from crm_store.records import PostState, TicketState
from crm_store.tables import UNSENT, UNSOLVED, conversations, outbox, tickets

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection, RowMapping
    from sqlalchemy.ext.asyncio import AsyncEngine

    from crm_store.drafts import ThreadPlan
    from crm_store.writer import Writer

_FROM = select(desk_threads, outbox.c.remote_ref).join(
    outbox, outbox.c.id == desk_threads.c.post_id
)

LATELY = 1_000
"""So many of the newest threads are looked through for settled tickets."""


class Threads:
    """The threads of the store."""

    def __init__(self, engine: AsyncEngine, writer: Writer) -> None:
        self._engine = engine
        self._writer = writer

    async def of_ticket(self, number: int) -> Thread | None:
        """Return the thread in which a ticket is worked on at present."""
        where = (desk_threads.c.ticket_number == number, desk_threads.c.active)
        async with read(self._engine) as connection:
            row = (await connection.execute(_FROM.where(*where))).mappings().first()
        return _thread(row) if row else None

    async def get(self, id_: int) -> Thread | None:
        """Return a thread by its id."""
        async with read(self._engine) as connection:
            found = await connection.execute(_FROM.where(desk_threads.c.id == id_))
            row = found.mappings().first()
        return _thread(row) if row else None

    async def named(self, channel: str, ts: str) -> Thread | None:
        """Return the thread under the card that Slack calls so."""
        where = outbox.c.remote_ref == f"{channel}/{ts}"
        async with read(self._engine) as connection:
            row = (await connection.execute(_FROM.where(where))).mappings().first()
        return _thread(row) if row else None

    async def shown_up_to(self, thread: Thread) -> int:
        """Return up to which seq a thread shows its conversation; 0 before its card is there."""
        if thread.ts is None:
            return 0
        unsent = select(func.min(outbox.c.seq)).where(
            outbox.c.lane_key == f"desk:{thread.channel}",
            text(UNSENT),
            outbox.c.merge_key == f"thread:{thread.id}",
        )
        async with read(self._engine) as connection:
            first = await connection.scalar(unsent)
        return thread.mirrored_seq if first is None else min(first - 1, thread.mirrored_seq)

    async def all_of(self, number: int) -> tuple[Thread, ...]:
        """Return all threads of a ticket, those that it has left among them, oldest first."""
        where = desk_threads.c.ticket_number == number
        async with read(self._engine) as connection:
            found = await connection.execute(_FROM.where(where).order_by(desk_threads.c.id))
            return tuple(_thread(row) for row in found.mappings())

    async def behind(self, limit: int = 500) -> tuple[int, ...]:
        """Return the tickets whose threads do not show how they stand.

        Of those that are settled, the cards of the newest threads are compared: a process that
        ends between the settling and the plan leaves a card with buttons behind.
        """
        # By itself, so that the partial index is recognised by its very words.
        unsolved = (
            select(tickets.c.number, tickets.c.conversation_id, tickets.c.version)
            .where(text(UNSOLVED))
            .subquery()
        )
        statement = (
            select(unsolved.c.number)
            .join(conversations, conversations.c.id == unsolved.c.conversation_id)
            .outerjoin(
                desk_threads,
                (desk_threads.c.ticket_number == unsolved.c.number) & desk_threads.c.active,
            )
            .where(
                desk_threads.c.id.is_(None)
                | (desk_threads.c.mirrored_seq < conversations.c.last_seq)
                | (desk_threads.c.card_version < unsolved.c.version)
            )
            .order_by(unsolved.c.number)
            .limit(limit)
        )
        newest = (
            select(desk_threads.c.ticket_number, desk_threads.c.card_version)
            .where(desk_threads.c.active)
            .order_by(desk_threads.c.id.desc())
            .limit(LATELY)
            .subquery()
        )
        settled = (
            select(tickets.c.number)
            .join(newest, newest.c.ticket_number == tickets.c.number)
            .where(
                tickets.c.state.in_([TicketState.SOLVED, TicketState.CLOSED]),
                newest.c.card_version < tickets.c.version,
            )
            .order_by(tickets.c.number)
        )
        async with read(self._engine) as connection:
            waiting = await connection.scalars(statement)
            return (*waiting, *await connection.scalars(settled))

    async def worked_in(self, limit: int = 100) -> tuple[tuple[str, str], ...]:
        """Return channel and ts of the threads in which agents work, the newest first."""
        statement = (
            select(desk_threads.c.channel, outbox.c.remote_ref)
            .join(outbox, outbox.c.id == desk_threads.c.post_id)
            .join(tickets, tickets.c.number == desk_threads.c.ticket_number)
            .where(
                desk_threads.c.active,
                outbox.c.remote_ref.is_not(None),
                tickets.c.state.not_in([TicketState.SOLVED, TicketState.CLOSED]),
            )
            .order_by(tickets.c.assignee.is_(None), desk_threads.c.id.desc())
            .limit(limit)
        )
        async with read(self._engine) as connection:
            return tuple(
                (row[0], row[1].partition("/")[2]) for row in await connection.execute(statement)
            )

    async def plan(self, plan: ThreadPlan) -> Thread:
        """Ask for the posts that bring a ticket's thread up to date; return it as planned.

        Raises:
            Conflict: when somebody else has planned meanwhile.
            NotFound: when there is no such ticket.
        """
        return await self._writer.submit(_plan_all, plan)


def _thread(row: RowMapping) -> Thread:
    values: dict[str, Any] = dict(row)
    ref = values.pop("remote_ref")
    return Thread(**values, ts=ref.partition("/")[2] if ref else None)


def _plan_all(
    connection: Connection, batch: Sequence[ThreadPlan]
) -> list[Thread | Conflict | NotFound]:
    return [_plan(connection, plan) for plan in batch]


def _plan(connection: Connection, plan: ThreadPlan) -> Thread | Conflict | NotFound:
    # The ticket's row is what two planners of one ticket wait for.
    ticket = select(tickets.c.number).where(tickets.c.number == plan.ticket_number)
    if connection.scalar(ticket.with_for_update()) is None:
        return NotFound(f"no ticket {plan.ticket_number}")
    where = (desk_threads.c.ticket_number == plan.ticket_number, desk_threads.c.active)
    row = connection.execute(_FROM.where(*where)).mappings().first()
    thread = _thread(row) if row else None
    if (thread.id if thread else None) != plan.thread or (
        thread is not None and thread.mirrored_seq != plan.mirrored_from
    ):
        return Conflict(f"the thread of ticket {plan.ticket_number} was planned by somebody else")
    if thread is None or thread.channel != plan.channel:
        if thread is not None:
            _leave(connection, thread, plan)
        thread = _open(connection, plan)
    elif thread.card_version != plan.card_version:
        _renew_card(connection, thread, plan.at)
    lane = f"desk:{thread.channel}"
    if plan.recap is not None:
        payload = {"thread": thread.id, "after": plan.recap[0], "to": plan.recap[1]}
        _ask(connection, lane, "desk.recap", payload, plan.at)
    _ask_for_what_is_new(connection, thread, plan)
    planned = {"mirrored_seq": plan.mirrored_to, "card_version": plan.card_version}
    connection.execute(update(desk_threads).where(desk_threads.c.id == thread.id).values(planned))
    found = connection.execute(_FROM.where(desk_threads.c.id == thread.id)).mappings().one()
    return _thread(found)


def _ask_for_what_is_new(connection: Connection, thread: Thread, plan: ThreadPlan) -> None:
    for conversation_id, seq in plan.lines:
        line: dict[str, Any] = {"conversation_id": conversation_id, "seq": seq}
        line["merge_key"] = f"thread:{thread.id}"
        lane = f"desk:{thread.channel}"
        _ask(connection, lane, "desk.line", {"thread": thread.id}, plan.at, **line)
    for conversation_id, file in plan.files:
        payload = {"thread": thread.id, "conversation": conversation_id, "file": file}
        _ask(connection, f"{FILES}:{thread.channel}", "desk.file", payload, plan.at)


def _open(connection: Connection, plan: ThreadPlan) -> Thread:
    payload = {"ticket": plan.ticket_number}
    post_id = _ask(connection, f"desk:{plan.channel}", "desk.card", payload, plan.at)
    id_ = connection.execute(
        insert(desk_threads).returning(desk_threads.c.id),
        {
            "ticket_number": plan.ticket_number,
            "channel": plan.channel,
            "post_id": post_id,
            "mirrored_seq": plan.mirrored_from,
            "card_version": plan.card_version,
            "active": True,
        },
    ).scalar_one()
    return _thread(connection.execute(_FROM.where(desk_threads.c.id == id_)).mappings().one())


def _leave(connection: Connection, thread: Thread, plan: ThreadPlan) -> None:
    """Close the thread in the channel that the ticket has left; its card says where it went."""
    connection.execute(
        update(desk_threads).where(desk_threads.c.id == thread.id).values(active=False)
    )
    _renew_card(connection, thread, plan.at)


def _renew_card(connection: Connection, thread: Thread, at: datetime) -> None:
    """Ask for the card to be drawn anew, unless that is asked for already."""
    waiting = select(func.count()).where(
        outbox.c.lane_key == CARDS,
        outbox.c.state == PostState.PENDING,
        outbox.c.merge_key == f"card:{thread.id}",
    )
    if not connection.scalar(waiting):
        merge_key = f"card:{thread.id}"
        _ask(connection, CARDS, "desk.update", {"thread": thread.id}, at, merge_key=merge_key)


FILES = "desk:files"
"""Begins the lanes of files, one for each channel."""

CARDS = "desk:cards"
"""The lane of all cards that change: it never keeps a customer's line waiting."""


def _ask(
    connection: Connection,
    lane_key: str,
    kind: str,
    payload: dict[str, Any],
    at: datetime,
    **more: Any,  # noqa: ANN401  # columns
) -> int:
    values = post_row(PostDraft(lane_key=lane_key, kind=kind, payload=payload), at) | more
    post_id: int = connection.execute(insert(outbox).returning(outbox.c.id), values).scalar_one()
    return post_id
