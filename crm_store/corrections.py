"""What people said that the bot should have understood: the raw material of learning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import asdict
from sqlalchemy import insert, select

from crm_store.engines import read
from crm_store.errors import NotFound
from crm_store.records import CorrectedMessage, Correction
from crm_store.tables import corrections, exchanges, messages

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncEngine

    from crm_store.writer import Writer


class Corrections:
    """The corrections of the store. None is ever changed: of several the last one counts."""

    def __init__(self, engine: AsyncEngine, writer: Writer) -> None:
        self._engine = engine
        self._writer = writer

    async def record(self, correction: Correction) -> None:
        """Keep a correction.

        Raises:
            NotFound: when there is no such exchange.
        """
        await self._writer.submit(_record_all, correction)

    async def latest(self, since: datetime | None = None) -> tuple[CorrectedMessage, ...]:
        """Return the last correction of each corrected message, the oldest first.

        Args:
            since: Leave out what was corrected before; None for everything.
        """
        statement = (
            select(
                corrections,
                exchanges.c.conversation_id,
                exchanges.c.message_seq,
                exchanges.c.understanding,
                messages.c.text,
            )
            .join(exchanges, exchanges.c.id == corrections.c.exchange_id)
            .join(
                messages,
                (messages.c.conversation_id == exchanges.c.conversation_id)
                & (messages.c.seq == exchanges.c.message_seq),
            )
            .order_by(corrections.c.at, corrections.c.id)
        )
        if since is not None:
            statement = statement.where(corrections.c.at >= since)
        last: dict[str, CorrectedMessage] = {}
        async with read(self._engine) as connection:
            for row in (await connection.execute(statement)).mappings():
                values = dict(row)
                earlier = last.pop(values["exchange_id"], None)
                if earlier is not None:  # each correction may be of one thing only
                    values["intent"] = values["intent"] or earlier.intent
                    values["need"] = values["need"] or earlier.need
                last[values["exchange_id"]] = CorrectedMessage(**values)
        return tuple(last.values())


def _record_all(connection: Connection, batch: Sequence[Correction]) -> list[NotFound | None]:
    wanted = {correction.exchange_id for correction in batch}
    found = connection.execute(select(exchanges.c.id).where(exchanges.c.id.in_(wanted)))
    known = {row[0] for row in found}
    rows = [asdict(correction) for correction in batch if correction.exchange_id in known]
    if rows:
        connection.execute(insert(corrections), rows)
    return [
        None if c.exchange_id in known else NotFound(f"no exchange {c.exchange_id}") for c in batch
    ]
