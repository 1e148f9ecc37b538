"""The people of the desk: names, languages, pictures, if they are there, how much they take."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from msgspec.structs import asdict
from sqlalchemy import bindparam, select, update

from crm_store.batches import upsert
from crm_store.desk_records import Agent, Picture
from crm_store.desk_tables import agent_pictures, agents
from crm_store.engines import read
from crm_store.errors import NotFound
from crm_store.tables import tickets

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncEngine

    from crm_store.writer import Writer

_COLUMNS = [agents.c[name] for name in Agent.__struct_fields__]

LOOKED_AT_EVERY = timedelta(days=1)
"""How often somebody's picture is looked at anew."""

_PICTURE_OF_TICKET = (
    select(agent_pictures.c.id)
    .join(tickets, tickets.c.assignee == agent_pictures.c.agent)
    .where(tickets.c.number == bindparam("number"))
)


class Agents:
    """The agents of the store."""

    def __init__(self, engine: AsyncEngine, writer: Writer) -> None:
        self._engine = engine
        self._writer = writer

    async def met(self, agent: Agent, at: datetime) -> None:
        """Keep an agent's name and language; whether they are away stays as it was."""
        await self._writer.submit(_meet_all, (agent, at))

    async def get(self, id_: str) -> Agent | None:
        """Return an agent."""
        return next(iter((await self.some([id_])).values()), None)

    async def some(self, ids: Iterable[str]) -> dict[str, Agent]:
        """Return agents by id; whoever was never met is left out."""
        async with read(self._engine) as connection:
            found = await connection.execute(select(*_COLUMNS).where(agents.c.id.in_(list(ids))))
            return {row["id"]: Agent(**row) for row in found.mappings()}

    async def set_away(self, id_: str, away: bool, at: datetime) -> None:
        """Note whether an agent is away.

        Raises:
            NotFound: when there is no such agent.
        """
        await self._change(id_, away=away, updated_at=at)

    async def set_capacity(self, id_: str, capacity: int | None, at: datetime) -> None:
        """Note how many tickets an agent takes at a time.

        Raises:
            NotFound: when there is no such agent.
        """
        await self._change(id_, capacity=capacity, updated_at=at)

    # -- what they look like -----------------------------------------------------------------

    async def look_at_picture(self, id_: str, at: datetime) -> bool:
        """Return whether an agent's picture is to be looked at; it is then for nobody else.

        Once a day it is, whatever becomes of the look.
        """
        return await self._writer.submit(_look_all, (id_, at))

    async def keep_picture(self, id_: str, picture: Picture | None) -> None:
        """Keep what an agent looks like; None for one who does not show themselves."""
        await self._writer.submit(_keep_all, (id_, picture))

    async def picture_of_ticket(self, number: int) -> str | None:
        """Return the id of the picture of whoever has a ticket."""
        async with read(self._engine) as connection:
            found: str | None = await connection.scalar(_PICTURE_OF_TICKET, {"number": number})
        return found

    async def picture(self, id_: str) -> Picture | None:
        """Return a picture by its id."""
        columns = (agent_pictures.c[name] for name in Picture.__struct_fields__)
        statement = select(*columns).where(agent_pictures.c.id == id_).limit(1)
        async with read(self._engine) as connection:
            row = (await connection.execute(statement)).mappings().first()
        return Picture(**row) if row else None

    async def _change(self, id_: str, **values: Any) -> None:  # noqa: ANN401  # columns
        await self._writer.submit(_change_all, (id_, values))


def _meet_all(connection: Connection, batch: Sequence[tuple[Agent, datetime]]) -> list[None]:
    statement = upsert(connection.dialect.name, agents, ("name", "language", "updated_at"))
    met = {agent.id: asdict(agent) | {"updated_at": at} for agent, at in batch}
    connection.execute(statement, list(met.values()))
    return [None] * len(batch)


def _change_all(
    connection: Connection, batch: Sequence[tuple[str, dict[str, Any]]]
) -> list[NotFound | None]:
    outcomes: list[NotFound | None] = []
    for id_, values in batch:
        changed = connection.execute(update(agents).where(agents.c.id == id_).values(values))
        outcomes.append(None if changed.rowcount else NotFound(f"no agent {id_}"))
    return outcomes


def _look_all(connection: Connection, batch: Sequence[tuple[str, datetime]]) -> list[bool]:
    return [_look(connection, id_, at) for id_, at in batch]


def _look(connection: Connection, id_: str, at: datetime) -> bool:
    known = upsert(connection.dialect.name, agent_pictures, ())
    if connection.execute(known, {"agent": id_, "looked_at": at}).rowcount:
        return True
    looked = (
        update(agent_pictures)
        .where(agent_pictures.c.agent == id_, agent_pictures.c.looked_at <= at - LOOKED_AT_EVERY)
        .values(looked_at=at)
    )
    return connection.execute(looked).rowcount > 0


def _keep_all(connection: Connection, batch: Sequence[tuple[str, Picture | None]]) -> list[None]:
    nothing = dict.fromkeys(Picture.__struct_fields__)
    for id_, picture in batch:
        values = nothing if picture is None else asdict(picture)
        connection.execute(
            update(agent_pictures).where(agent_pictures.c.agent == id_).values(values)
        )
    return [None] * len(batch)
