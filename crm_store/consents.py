"""What customers agreed to before they wrote: the proof of it, kept for good.

It is the customer's and not the conversation's, so nobody is asked twice who comes back. Agreeing
again changes nothing: the first time is the proof.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import asdict
from sqlalchemy import select

from crm_store.batches import Keys, upsert
from crm_store.drafts import Consent
from crm_store.engines import read
from crm_store.tables import consents

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncEngine

    from crm_store.writer import Writer

_KEY = tuple[str, str, str]

_WANTED = Keys(str, str, str)
_GIVEN = (
    select(consents.c.customer_id, consents.c.site, consents.c.version)
    .select_from(_WANTED.table)
    .join(
        consents,
        (consents.c.customer_id == _WANTED[0])
        & (consents.c.site == _WANTED[1])
        & (consents.c.version == _WANTED[2]),
    )
)


class Consents:
    """The consents of the store."""

    def __init__(self, engine: AsyncEngine, writer: Writer) -> None:
        self._engine = engine
        self._writer = writer

    async def give(self, consent: Consent) -> bool:
        """Keep the consent; return whether it had been given before.

        Raises:
            Conflict: when there is no such customer or conversation.
        """
        return await self._writer.submit(_give_all, consent)

    async def given(self, customer_id: str, site: str, version: str) -> bool:
        """Return whether a customer has agreed to this version of a site's text."""
        wanted = Keys.of([(customer_id, site, version)])
        async with read(self._engine) as connection:
            return (await connection.execute(_GIVEN, wanted)).first() is not None

    async def of_customer(self, customer_id: str) -> tuple[Consent, ...]:
        """Return everything that a customer has agreed to, oldest first."""
        async with read(self._engine) as connection:
            found = await connection.execute(
                select(consents)
                .where(consents.c.customer_id == customer_id)
                .order_by(consents.c.at, consents.c.site, consents.c.version)
            )
            return tuple(Consent(**row) for row in found.mappings())


def _give_all(connection: Connection, batch: Sequence[Consent]) -> list[bool]:
    given: set[_KEY] = {
        (row[0], row[1], row[2]) for row in connection.execute(_GIVEN, Keys.of(map(_key, batch)))
    }
    new: dict[_KEY, Consent] = {}
    outcomes: list[bool] = []
    for consent in batch:
        key = _key(consent)
        outcomes.append(key in given)
        if key not in given:
            given.add(key)
            new[key] = consent
    if new:
        statement = upsert(connection.dialect.name, consents, ())
        connection.execute(statement, list(map(asdict, new.values())))
    return outcomes


def _key(consent: Consent) -> _KEY:
    return consent.customer_id, consent.site, consent.version
