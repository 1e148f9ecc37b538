"""The connections to the database, and the only module that knows which database it is.

SQLite is used by one process with ONE writing connection and a few that only read; PostgreSQL with
a pool of each. SQLite's writing connection lives in a thread of its own and is used without
asyncio: a batch of a dozen statements is then one trip there and back instead of thirty.

The settings below were each found by losing something without them:

- `isolation_level=None` plus our own `BEGIN IMMEDIATE`: the driver's own transactions begin late
  and lose updates; a deferred transaction that turns to writing fails at once, whatever
  busy_timeout says.
- WAL with `synchronous=FULL`: one fdatasync for each commit, so what was acknowledged survives a
  power cut. NORMAL would lose the tail.
- `foreign_keys=ON`: SQLite's default is off.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import orjson
from sqlalchemy import Connection, QueuePool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from crm_store.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from sqlalchemy.engine import URL, Engine
    from sqlalchemy.engine.interfaces import DBAPIConnection

BUSY_TIMEOUT_MS = 5_000
"""How long a write waits for another process's lock (a backup, a shell) before it gives up."""

READERS = 3
"""Reads are short and indexed; more connections only fight over the interpreter."""

POSTGRES_TIMEOUT_S = 10.0
"""No statement of ours takes long; one that does is waiting for a server that went away."""

Result = TypeVar("Result")

PRAGMAS = {
    "journal_mode": "WAL",
    "synchronous": "FULL",
    "foreign_keys": "ON",
    "busy_timeout": str(BUSY_TIMEOUT_MS),
    "temp_store": "MEMORY",
    "cache_size": "-32000",
}
"""Set on every connection. The cache is 32 MB: the pages of some 100,000 messages."""


def database_url(url: str | Path) -> URL:
    """Return the URL with the driver that we use for it; a path is a SQLite file.

    Raises:
        Unavailable: when it is no URL of a database that we can use.
    """
    if isinstance(url, Path) or "://" not in url:
        return make_url(f"sqlite+aiosqlite:///{Path(url)}")
    drivers = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
    try:
        parsed = make_url(url)
        return parsed.set(drivername=drivers[parsed.drivername.partition("+")[0]])
    except (ArgumentError, KeyError, ValueError):
        raise Unavailable("the database's URL is not one of SQLite or PostgreSQL") from None


def sqlite_file(url: URL) -> Path | None:
    """Return the file of a SQLite database, None for other databases."""
    if url.get_backend_name() != "sqlite":
        return None
    if not url.database or url.database == ":memory:":
        raise Unavailable("a SQLite database needs a file: in memory nothing survives")
    return Path(url.database)


class Writing(Protocol):
    """The connection that writes, or the pool of them."""

    @property
    def engine(self) -> Engine:
        """SQLAlchemy's own, to listen to."""

    async def run(self, work: Callable[[Connection], Result]) -> Result:
        """Return what `work` makes of a connection; transactions are its own affair.

        Who is cancelled gives up waiting; on SQLite the work is done all the same.
        """

    async def close(self) -> None:
        """Let go of every connection."""


def writing(url: URL) -> Writing:
    """Return the connections whose transactions write."""
    return _SqliteWriting(url) if url.get_backend_name() == "sqlite" else _PostgresWriting(url)


class _SqliteWriting:
    def __init__(self, url: URL) -> None:
        self.engine = create_engine(
            url.set(drivername="sqlite+pysqlite"),
            poolclass=QueuePool,
            pool_size=1,
            max_overflow=0,
            pool_reset_on_return=None,
            connect_args={"check_same_thread": False},
            **_common(),
        )
        event.listen(self.engine, "connect", _prepare)
        event.listen(self.engine, "begin", _begin_immediate)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="crm_store.writing")

    async def run(self, work: Callable[[Connection], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._run, work)

    def _run(self, work: Callable[[Connection], Result]) -> Result:
        with self.engine.connect() as connection:
            return work(connection)

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self.engine.dispose)
        self._thread.shutdown(wait=False)


class _PostgresWriting:
    def __init__(self, url: URL) -> None:
        self._engine = create_async_engine(_bare(url), pool_size=2, **_postgres(url))

    @property
    def engine(self) -> Engine:
        return self._engine.sync_engine

    async def run(self, work: Callable[[Connection], Result]) -> Result:
        async with self._engine.connect() as connection:
            return await connection.run_sync(work)

    async def close(self) -> None:
        await self._engine.dispose()


def reading(url: URL) -> AsyncEngine:
    """Return the engine for reads; on SQLite it cannot write.

    Reads run without transactions: each statement sees one consistent state, and none holds an
    old state open so that the WAL could not be checkpointed.
    """
    if url.get_backend_name() != "sqlite":
        return create_async_engine(
            _bare(url), pool_size=5, isolation_level="AUTOCOMMIT", **_postgres(url)
        )
    engine = create_async_engine(
        url,
        pool_size=READERS,
        max_overflow=0,
        pool_reset_on_return=None,
        **_common(),
    )
    event.listen(engine.sync_engine, "connect", _prepare)
    event.listen(engine.sync_engine, "connect", _forbid_writes)
    return engine


@asynccontextmanager
async def read(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Give a connection to read with.

    Raises:
        Unavailable: when the database cannot be reached or read.
    """
    try:
        async with engine.connect() as connection:
            yield connection
    except (DBAPIError, PoolTimeout, OSError) as error:
        if trouble(error) is None:
            raise
        raise Unavailable(reason(error)) from error


_SQLITE_AWAY = frozenset({5, 6, 8, 10, 11, 13, 14, 26})
"""BUSY, LOCKED, READONLY, IOERR, CORRUPT, FULL, CANTOPEN, NOTADB: the database, not the item."""

_POSTGRES_AGAIN = ("08", "40", "57P")
"""Connection lost, serialization failure or deadlock, server shutting down."""

_POSTGRES_AWAY = ("53", "55", "57014", "58", "28", "3D")
"""Out of resources, lock not to be had, statement timeout, I/O error, no access, no database."""


def trouble(error: Exception) -> str | None:
    """Return "away" or "again" for an error of the database, None for one of the item."""
    if not isinstance(error, DBAPIError):
        return "again"
    cause = error.orig
    sqlite_code = getattr(cause, "sqlite_errorcode", None)
    if sqlite_code is not None:
        return "away" if sqlite_code & 0xFF in _SQLITE_AWAY else None
    sqlstate = str(getattr(cause, "sqlstate", None) or "")
    if error.connection_invalidated or sqlstate.startswith(_POSTGRES_AGAIN):
        return "again"
    return "away" if sqlstate.startswith(_POSTGRES_AWAY) else None


def reason(error: Exception) -> str:
    """Return what the database said, without SQLAlchemy's own words around it."""
    said = str(error.orig if isinstance(error, DBAPIError) else error) or type(error).__name__
    # asyncpg's errors come wrapped once more, with the wrapper's class in front.
    return said.splitlines()[0].rpartition(">: ")[2]


def _common() -> dict[str, Any]:
    return {
        "json_serializer": to_json,
        "json_deserializer": orjson.loads,
        # An error's text must not carry what a customer wrote into a log.
        "hide_parameters": True,
    }


def _bare(url: URL) -> URL:
    return url.difference_update_query(["search_path"])


def _postgres(url: URL) -> dict[str, Any]:
    settings = {"lock_timeout": str(BUSY_TIMEOUT_MS), "timezone": "UTC"}
    # `?search_path=…` in the URL names the schema to live in; the driver has no word for that.
    if path := url.query.get("search_path"):
        settings["search_path"] = str(path)
    return {
        **_common(),
        # Without it the first query after a restart of the server fails.
        "pool_pre_ping": True,
        "connect_args": {
            "timeout": POSTGRES_TIMEOUT_S,
            "command_timeout": POSTGRES_TIMEOUT_S,
            "server_settings": settings,
        },
    }


def to_json(value: object) -> str:
    """Return the value as JSON text."""
    return orjson.dumps(value, _plain, orjson.OPT_NON_STR_KEYS).decode()


def _plain(value: object) -> object:
    match value:
        case MappingProxyType():
            return dict(value)
        case frozenset() | set():
            return sorted(value)
        case Enum():
            return value.value
        case _:
            raise TypeError(f"{type(value).__name__} is not JSON")


def _prepare(connection: DBAPIConnection, _record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for name, value in PRAGMAS.items():
        cursor.execute(f"PRAGMA {name}={value}")
    cursor.close()


def pragma(connection: Connection, statement: str) -> list[Any]:
    """Return what SQLite says to a PRAGMA: past SQLAlchemy, which would begin a transaction."""
    driver: Any = connection.connection.driver_connection
    rows: list[Any] = driver.execute(f"PRAGMA {statement}").fetchall()
    return rows


def _forbid_writes(connection: DBAPIConnection, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA query_only=ON")
    cursor.close()


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
