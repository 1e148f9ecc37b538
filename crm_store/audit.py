"""Who did what, where it has to be known afterwards: rows are added, never changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select

from crm_store.engines import read
from crm_store.tables import audit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncEngine

    from crm_store.records import Json
    from crm_store.writer import Writer


class Audit:
    """The audit of the store."""

    def __init__(self, engine: AsyncEngine, writer: Writer) -> None:
        self._engine = engine
        self._writer = writer

    async def note(self, subject: str, kind: str, details: Json, at: datetime) -> None:
        """Note that somebody did something.

        Args:
            subject: To what, such as `customer:01J…` or `ticket:1042`.
            kind: What.
            details: By whom, and what else is to be known.
            at: When.
        """
        row = {"subject": subject, "kind": kind, "details": details, "at": at}
        await self._writer.submit(_note_all, row)

    async def of(self, subject: str) -> tuple[Json, ...]:
        """Return what was done to something, oldest first: kind, details and at."""
        columns = (audit.c.kind, audit.c.details, audit.c.at)
        statement = select(*columns).where(audit.c.subject == subject).order_by(audit.c.id)
        async with read(self._engine) as connection:
            return tuple(dict(row) for row in (await connection.execute(statement)).mappings())


def _note_all(connection: Connection, batch: Sequence[dict[str, Any]]) -> list[None]:
    connection.execute(insert(audit), [{"exchange_id": None, **row} for row in batch])
    return [None] * len(batch)
