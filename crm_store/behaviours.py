"""What visitors did on the site, as their browser told it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import asdict
from sqlalchemy import select

from crm_store.drafts import BehaviourEvent
from crm_store.engines import read
from crm_store.once import keep_once
from crm_store.tables import behaviours

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncEngine

    from crm_store.errors import Conflict
    from crm_store.writer import Writer


class Behaviours:
    """The behaviour events of the store."""

    def __init__(self, engine: AsyncEngine, writer: Writer) -> None:
        self._engine = engine
        self._writer = writer

    async def track(self, event: BehaviourEvent) -> bool:
        """Keep the event; return whether it was there before, under the same client_id.

        Raises:
            Conflict: when another one was there under this client_id, or there is no conversation.
        """
        return await self._writer.submit(_track_all, event)

    async def of_conversation(self, conversation_id: str) -> tuple[BehaviourEvent, ...]:
        """Return the events of the conversation's visitor, oldest first."""
        async with read(self._engine) as connection:
            found = await connection.execute(
                select(behaviours)
                .where(behaviours.c.conversation_id == conversation_id)
                .order_by(behaviours.c.at, behaviours.c.client_id)
            )
            return tuple(BehaviourEvent(**row) for row in found.mappings())


def _track_all(connection: Connection, batch: Sequence[BehaviourEvent]) -> list[bool | Conflict]:
    return keep_once(connection, behaviours, list(map(asdict, batch)), ("name", "properties"))
