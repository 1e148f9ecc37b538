"""Turns as facts: reads what `turns` recorded, for explaining and replaying."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from crm_store.engines import read
from crm_store.errors import NotFound
from crm_store.records import Exchange
from crm_store.tables import exchanges

if TYPE_CHECKING:
    from sqlalchemy import RowMapping
    from sqlalchemy.ext.asyncio import AsyncEngine

    from crm_store.writer import Writer


class Exchanges:
    """The exchanges of the store."""

    def __init__(self, engine: AsyncEngine, writer: Writer) -> None:
        self._engine = engine
        self._writer = writer

    async def get(self, exchange_id: str) -> Exchange:
        """Return the exchange.

        Raises:
            NotFound: when there is none of that id.
        """
        async with read(self._engine) as connection:
            statement = select(exchanges).where(exchanges.c.id == exchange_id)
            row = (await connection.execute(statement)).mappings().first()
        if row is None:
            raise NotFound(f"no exchange {exchange_id}")
        return _exchange(row)

    async def answering(self, conversation_id: str, seq: int) -> Exchange | None:
        """Return the exchange that answered a message; None while none has."""
        where = (exchanges.c.conversation_id == conversation_id, exchanges.c.message_seq == seq)
        async with read(self._engine) as connection:
            row = (await connection.execute(select(exchanges).where(*where))).mappings().first()
        return _exchange(row) if row else None

    async def of_conversation(self, conversation_id: str) -> tuple[Exchange, ...]:
        """Return the exchanges of the conversation in the order of its messages."""
        async with read(self._engine) as connection:
            found = await connection.execute(
                select(exchanges)
                .where(exchanges.c.conversation_id == conversation_id)
                .order_by(exchanges.c.message_seq)
            )
            return tuple(_exchange(row) for row in found.mappings())

    async def count(self) -> int:
        """Return how many exchanges there are."""
        async with read(self._engine) as connection:
            statement = select(func.count()).select_from(exchanges)
            return (await connection.execute(statement)).scalar_one()


def _exchange(row: RowMapping) -> Exchange:
    values: dict[str, Any] = dict(row)
    return Exchange(**values | {"reply_keys": tuple(values["reply_keys"])})
