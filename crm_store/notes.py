"""What is said at the desk and not to customers: notes, replies held back, suggestions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import asdict
from sqlalchemy import delete, insert, select, update

from crm_store import rows
from crm_store.batches import upsert
from crm_store.desk_records import HeldReply, Note, Suggestion
from crm_store.desk_tables import held_replies, notes, suggestions
from crm_store.engines import read
from crm_store.records import File

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection, RowMapping
    from sqlalchemy.ext.asyncio import AsyncEngine

    from crm_store.writer import Writer


class Notes:
    """The notes of the store, and what waits beside them."""

    def __init__(self, engine: AsyncEngine, writer: Writer) -> None:
        self._engine = engine
        self._writer = writer

    # -- notes ---------------------------------------------------------------------------

    async def add(self, note: Note) -> None:
        """Keep a note; one from the same source is there already, and stays as it is."""
        await self._writer.submit(_add_all, note)

    async def edit(self, source: str, text: str, at: datetime) -> bool:
        """Give the note from a source other words; return whether there is one."""
        return await self._writer.submit(_edit_all, (source, text, at))

    async def withdraw(self, source: str) -> bool:
        """Delete the note from a source; return whether there was one."""
        return await self._writer.submit(_withdraw_all, source)

    async def of_ticket(self, number: int) -> tuple[Note, ...]:
        """Return the ticket's notes, oldest first."""
        async with read(self._engine) as connection:
            found = await connection.execute(
                select(notes)
                .where(notes.c.ticket_number == number)
                .order_by(notes.c.at, notes.c.id)
            )
            return tuple(Note(**row) for row in found.mappings())

    # -- held replies --------------------------------------------------------------------

    async def hold(self, reply: HeldReply) -> None:
        """Keep a reply until it is due; the same one again changes nothing."""
        await self._writer.submit(_hold_all, reply)

    async def reword(self, client_id: str, text: str) -> bool:
        """Give a held reply other words; return whether it was still held."""
        return await self._writer.submit(_reword_all, (client_id, text))

    async def take_back(self, client_id: str, agent: str | None = None) -> bool:
        """Drop a held reply, if it is the agent's; return whether it was still held."""
        return await self._writer.submit(_take_back_all, (client_id, agent))

    async def due(self, now: datetime) -> tuple[HeldReply, ...]:
        """Return the held replies whose time has come, in order."""
        async with read(self._engine) as connection:
            found = await connection.execute(
                select(held_replies)
                .where(held_replies.c.due_at <= now)
                .order_by(held_replies.c.due_at, held_replies.c.client_id)
            )
            return tuple(_held(row) for row in found.mappings())

    # -- suggestions ---------------------------------------------------------------------

    async def suggest(self, suggestion: Suggestion) -> None:
        """Keep a suggestion, for the button under it."""
        await self._writer.submit(_suggest_all, suggestion)

    async def suggestion(self, id_: str) -> Suggestion | None:
        """Return a suggestion."""
        async with read(self._engine) as connection:
            found = await connection.execute(select(suggestions).where(suggestions.c.id == id_))
            row = found.mappings().first()
        return Suggestion(**row) if row else None


def _held(row: RowMapping) -> HeldReply:
    values: dict[str, Any] = dict(row)
    values["files"] = tuple(File(**file) for file in values["files"] or ())
    return HeldReply(**values)


def _keep(connection: Connection, table: Any, found: Sequence[dict[str, Any]]) -> list[None]:  # noqa: ANN401  # a Table
    connection.execute(upsert(connection.dialect.name, table, ()), found)
    return [None] * len(found)


def _add_all(connection: Connection, batch: Sequence[Note]) -> list[None]:
    known = set(
        connection.scalars(
            select(notes.c.source).where(notes.c.source.in_([n.source for n in batch if n.source]))
        )
    )
    new = {note.source or note.id: note for note in batch if note.source not in known}
    if new:
        connection.execute(insert(notes), [asdict(note) for note in new.values()])
    return [None] * len(batch)


def _edit_all(connection: Connection, batch: Sequence[tuple[str, str, datetime]]) -> list[bool]:
    return [
        connection.execute(
            update(notes).where(notes.c.source == source).values(text=text, edited_at=at)
        ).rowcount
        > 0
        for source, text, at in batch
    ]


def _withdraw_all(connection: Connection, batch: Sequence[str]) -> list[bool]:
    return [
        connection.execute(delete(notes).where(notes.c.source == source)).rowcount > 0
        for source in batch
    ]


def _hold_all(connection: Connection, batch: Sequence[HeldReply]) -> list[None]:
    found = [asdict(reply) | {"files": rows.files_json(reply.files)} for reply in batch]
    return _keep(connection, held_replies, found)


def _reword_all(connection: Connection, batch: Sequence[tuple[str, str]]) -> list[bool]:
    return [
        connection.execute(
            update(held_replies).where(held_replies.c.client_id == id_).values(text=text)
        ).rowcount
        > 0
        for id_, text in batch
    ]


def _take_back_all(connection: Connection, batch: Sequence[tuple[str, str | None]]) -> list[bool]:
    outcomes = []
    for client_id, agent in batch:
        theirs = delete(held_replies).where(held_replies.c.client_id == client_id)
        if agent is not None:
            theirs = theirs.where(held_replies.c.agent == agent)
        outcomes.append(connection.execute(theirs).rowcount > 0)
    return outcomes


def _suggest_all(connection: Connection, batch: Sequence[Suggestion]) -> list[None]:
    return _keep(connection, suggestions, [asdict(suggestion) for suggestion in batch])
