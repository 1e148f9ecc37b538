"""Events of outside channels, taken in before they are acknowledged and worked off in order.

Slack and its like send an event again until they hear that it arrived. It has arrived when it is
here; the same event again is recognised by its key.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, func, insert, select, text, update

from crm_store.batches import Keys
from crm_store.engines import read
from crm_store.records import InboxItem
from crm_store.tables import UNDONE, inbox, inbox_keys

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncEngine

    from crm_store.records import Json
    from crm_store.writer import Writer

_COLUMNS = (inbox.c.id, inbox.c.source, inbox.c.payload, inbox.c.received_at)


class Inbox:
    """The inbox of the store."""

    def __init__(self, engine: AsyncEngine, writer: Writer) -> None:
        self._engine = engine
        self._writer = writer

    async def take_in(
        self, source: str, keys: tuple[str, ...], payload: Json, at: datetime
    ) -> bool:
        """Return whether the event is new; it is on disk either way.

        Args:
            source: Where it comes from.
            keys: By what it is recognised; one that is known makes it a known event.
            payload: The event.
            at: When it came.
        """
        return await self._writer.submit(_take_in_all, (source, keys, payload, at))

    async def knows(self, source: str, key: str) -> bool:
        """Return whether an event of this key was taken in, worked off or not."""
        where = (inbox_keys.c.source == source, inbox_keys.c.key == key)
        async with read(self._engine) as connection:
            found = await connection.scalar(select(inbox_keys.c.inbox_id).where(*where))
        return found is not None

    async def newest(self, source: str, *, before: datetime) -> datetime | None:
        """Return when an event last came before then; None when none is remembered."""
        statement = select(func.max(inbox.c.received_at)).where(
            inbox.c.source == source, inbox.c.received_at < before
        )
        async with read(self._engine) as connection:
            found: datetime | None = await connection.scalar(statement)
        return found

    async def next_batch(self, limit: int = 100, *, after: int = 0) -> tuple[InboxItem, ...]:
        """Return the oldest events that are not done, behind the one of id `after`."""
        async with read(self._engine) as connection:
            found = await connection.execute(
                select(*_COLUMNS)
                .where(text(UNDONE), inbox.c.id > after)
                .order_by(inbox.c.id)
                .limit(limit)
            )
            return tuple(InboxItem(**row) for row in found.mappings())

    async def done(self, item_id: int) -> None:
        """Note that the event was worked off."""
        await self._writer.submit(_done_all, (item_id, None))

    async def park(self, item_id: int, error: str) -> None:
        """Give the event up, with the reason; it stays for people to look at."""
        await self._writer.submit(_done_all, (item_id, error))

    async def parked(self) -> int:
        """Return how many events were given up."""
        async with read(self._engine) as connection:
            statement = select(func.count()).select_from(inbox).where(inbox.c.error.is_not(None))
            return (await connection.execute(statement)).scalar_one()

    async def forget(self, before: datetime) -> int:
        """Delete what was worked off and came before then; return how many events that were."""
        return await self._writer.submit(_forget_all, before)


_EVENTS = Keys(str, str)
_HELD = (
    select(inbox_keys.c.source, inbox_keys.c.key)
    .select_from(_EVENTS.table)
    .join(inbox_keys, (inbox_keys.c.source == _EVENTS[0]) & (inbox_keys.c.key == _EVENTS[1]))
)
_INSERT = insert(inbox).returning(inbox.c.id)


def _take_in_all(
    connection: Connection, batch: Sequence[tuple[str, tuple[str, ...], Json, datetime]]
) -> list[bool]:
    events = Keys.of((source, key) for source, keys, _, _ in batch for key in keys)
    held = {(row[0], row[1]) for row in connection.execute(_HELD, events)}
    names: list[dict[str, Any]] = []
    outcomes = []
    for source, keys, payload, at in batch:
        new = not any((source, key) in held for key in keys)
        outcomes.append(new)
        if new:
            # Outside channels send some fifty a second: each may have its own statement.
            values = {"source": source, "payload": payload, "received_at": at}
            id_ = connection.execute(_INSERT, values).scalar_one()
            held.update((source, key) for key in keys)
            names += [{"source": source, "key": key, "inbox_id": id_} for key in set(keys)]
    if names:
        connection.execute(insert(inbox_keys), names)
    return outcomes


def _done_all(connection: Connection, batch: Sequence[tuple[int, str | None]]) -> list[None]:
    connection.execute(
        update(inbox)
        .where(inbox.c.id == bindparam("id_"))
        .values(done=True, error=bindparam("error_")),
        [{"id_": id_, "error_": error} for id_, error in sorted(batch, key=itemgetter(0))],
    )
    return [None] * len(batch)


def _forget_all(connection: Connection, batch: Sequence[datetime]) -> list[int]:
    old = select(inbox.c.id).where(
        inbox.c.done, inbox.c.error.is_(None), inbox.c.received_at < max(batch)
    )
    connection.execute(delete(inbox_keys).where(inbox_keys.c.inbox_id.in_(old)))
    gone = connection.execute(delete(inbox).where(inbox.c.id.in_(old)))
    return [gone.rowcount] * len(batch)
