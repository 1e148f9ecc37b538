"""Events of outside channels, taken in before they are acknowledged and worked off in order.

Slack and its like send an event again until they hear that it arrived. It has arrived when it is
here; the same event again is recognised by its key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, text, update

from crm_store.batches import Keys
from crm_store.engines import read
from crm_store.records import InboxItem
from crm_store.tables import UNDONE, inbox

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncEngine

    from crm_store.records import Json
    from crm_store.writer import Writer

_COLUMNS = (inbox.c.id, inbox.c.source, inbox.c.dedupe_key, inbox.c.payload, inbox.c.received_at)


class Inbox:
    """The inbox of the store."""

    def __init__(self, engine: AsyncEngine, writer: Writer) -> None:
        self._engine = engine
        self._writer = writer

    async def take_in(self, source: str, dedupe_key: str, payload: Json, at: datetime) -> bool:
        """Return whether the event is new; it is on disk either way."""
        return await self._writer.submit(_take_in_all, (source, dedupe_key, payload, at))

    async def next_batch(self, limit: int = 100) -> tuple[InboxItem, ...]:
        """Return the oldest events that are not done."""
        async with read(self._engine) as connection:
            found = await connection.execute(
                select(*_COLUMNS).where(text(UNDONE)).order_by(inbox.c.id).limit(limit)
            )
            return tuple(InboxItem(**row) for row in found.mappings())

    async def done(self, item_id: int) -> None:
        """Note that the event was worked off."""
        await self._writer.submit(_done_all, item_id)


_EVENTS = Keys(str, str)
_HELD = (
    select(inbox.c.source, inbox.c.dedupe_key)
    .select_from(_EVENTS.table)
    .join(inbox, (inbox.c.source == _EVENTS[0]) & (inbox.c.dedupe_key == _EVENTS[1]))
)


def _take_in_all(
    connection: Connection, batch: Sequence[tuple[str, str, Json, datetime]]
) -> list[bool]:
    events = Keys.of((source, key) for source, key, _, _ in batch)
    held = {(row[0], row[1]) for row in connection.execute(_HELD, events)}
    new: list[dict[str, Any]] = []
    outcomes = []
    for source, key, payload, at in batch:
        outcomes.append((source, key) not in held)
        if (source, key) not in held:
            held.add((source, key))
            new.append({"source": source, "dedupe_key": key, "payload": payload, "received_at": at})
    if new:
        connection.execute(insert(inbox), new)
    return outcomes


def _done_all(connection: Connection, batch: Sequence[int]) -> list[None]:
    connection.execute(update(inbox).where(inbox.c.id.in_(sorted(batch))).values(done=True))
    return [None] * len(batch)
