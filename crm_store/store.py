"""The store: opens the database, owns its connections, and holds the subjects together.

    store = await Store.open("frontdesk.db")
    received = await store.conversations.receive(incoming)
    await store.close()

A SQLite database is served by one process at a time; a second one is turned away by a lock on the
file beside it, because two group committers would only wait for each other. PostgreSQL takes any
number.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from typing import TYPE_CHECKING, Self

from sqlalchemy import update
from sqlalchemy.exc import SQLAlchemyError

from crm_store import engines, schema
from crm_store.agents import Agents
from crm_store.appointments import Appointments
from crm_store.attachments import Attachments
from crm_store.audit import Audit
from crm_store.behaviours import Behaviours
from crm_store.consents import Consents
from crm_store.conversations import Conversations
from crm_store.corrections import Corrections
from crm_store.customers import Customers
from crm_store.errors import Occupied, StoreError, Unavailable
from crm_store.exchanges import Exchanges
from crm_store.inbox import Inbox
from crm_store.knowledge import Knowledge
from crm_store.links import Links
from crm_store.notes import Notes
from crm_store.orders import Orders
from crm_store.outbox import Outbox
from crm_store.tables import counters
from crm_store.threads import Threads
from crm_store.tickets import Tickets
from crm_store.writer import QUEUE_SIZE, Writer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncEngine

    from crm_store.engines import Writing

CLOSE_TIMEOUT_S = 10.0
"""A supervisor kills after thirty seconds or so; what waits is written in far less."""

PROBE_TIMEOUT_S = 7.0
"""Longer than a write waits for a lock, so that a probe says what it ran into."""


class Store:
    """Every fact about customers, conversations, tickets and orders."""

    def __init__(
        self, file: Path | None, reading: AsyncEngine, writing: Writing, queue_size: int
    ) -> None:
        self._file = file
        self._inode: int | None = None
        self._lock: int | None = None
        self._reading = reading
        self._writing = writing
        self.writer = Writer(self._writing, after_commit=self._check_file, queue_size=queue_size)
        parts = (self._reading, self.writer)
        self.customers = Customers(*parts)
        self.conversations = Conversations(*parts)
        self.tickets = Tickets(*parts)
        self.orders = Orders(*parts)
        self.appointments = Appointments(*parts)
        self.exchanges = Exchanges(*parts)
        self.corrections = Corrections(*parts)
        self.outbox = Outbox(*parts)
        self.inbox = Inbox(*parts)
        self.behaviours = Behaviours(*parts)
        self.consents = Consents(*parts)
        self.knowledge = Knowledge(*parts)
        self.agents = Agents(*parts)
        self.notes = Notes(*parts)
        self.threads = Threads(*parts)
        self.attachments = Attachments(*parts)
        self.audit = Audit(*parts)
        self.links = Links(*parts)

    @classmethod
    async def open(
        cls,
        url: str | Path,
        *,
        upgrade: bool = True,
        alone: bool = True,
        queue_size: int = QUEUE_SIZE,
    ) -> Self:
        """Return the open store of a database.

        Args:
            url: A database URL (`sqlite:///…`, `postgresql://…`) or the path of a SQLite file.
            upgrade: Whether to bring an older database to the newest schema.
            alone: Whether to serve it, which only one process may do with a SQLite file; who only
                reads need not be alone.
            queue_size: How many writes may wait before callers are told to come back later.

        Raises:
            Occupied: when another process serves this SQLite file.
            SchemaMismatch: when the database is newer than this program, or older and `upgrade`
                is off.
            Unavailable: when there is no reaching it.
        """
        # Making engines looks at the file system, so it does not happen on the event loop.
        full_url = engines.database_url(url)
        file = engines.sqlite_file(full_url)
        reading = await asyncio.to_thread(engines.reading, full_url)
        writing = await asyncio.to_thread(engines.writing, full_url)
        store = cls(file, reading, writing, queue_size)
        try:
            if alone:
                await asyncio.to_thread(store._occupy)
            if upgrade:
                await schema.upgrade(store._writing)
            await schema.check(store._writing)
            await asyncio.to_thread(store._remember_file)
        except BaseException as error:
            await store._release()
            if isinstance(error, OSError | SQLAlchemyError):
                raise Unavailable(
                    f"the database cannot be opened: {engines.reason(error)}"
                ) from error
            raise
        store.writer.start()
        return store

    @property
    def queue_depth(self) -> int:
        """How many writes wait."""
        return self.writer.depth

    async def healthy(self) -> None:
        """Return when a write has just succeeded.

        Raises:
            Unavailable: when writes fail, or go to a file that is no longer there.
        """
        await asyncio.to_thread(self._check_file)
        try:
            async with asyncio.timeout(PROBE_TIMEOUT_S):
                await self.writer.submit(_probe_all, None)
        except (StoreError, TimeoutError) as error:
            raise Unavailable(str(error) or "a write takes too long") from error

    async def close(self) -> None:
        """Write what waits, fold the log into the database file, and let go of everything.

        Raises:
            Unavailable: when writes had to be given up; their callers were told.
        """
        try:
            await self.writer.close(CLOSE_TIMEOUT_S)
        finally:
            await self._release()

    async def _release(self) -> None:
        await self._reading.dispose()
        if self._lock is not None and self._inode is not None:
            with contextlib.suppress(SQLAlchemyError):  # a full disk must not keep us from closing
                await self._checkpoint()
        await self._writing.close()
        if self._lock is not None:
            await asyncio.to_thread(os.close, self._lock)
            self._lock = None

    async def _checkpoint(self) -> None:
        await self._writing.run(lambda c: engines.pragma(c, "wal_checkpoint(TRUNCATE)"))

    # -- the file ------------------------------------------------------------------------

    def _occupy(self) -> None:
        """Take the lock beside the SQLite file; the system gives it back when we die."""
        if self._file is None:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(
            self._file.with_name(f"{self._file.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600
        )
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(lock)
            raise Occupied(
                f"another process serves {self._file}; several processes need PostgreSQL"
            ) from error
        self._lock = lock

    def _remember_file(self) -> None:
        if self._file is not None:
            self._inode = self._file.stat().st_ino

    def _check_file(self) -> None:
        """Notice a file that was deleted or replaced: we would go on writing into the old one."""
        if self._file is None:
            return
        try:
            inode = self._file.stat().st_ino
        except OSError as error:
            raise Unavailable(f"{self._file} is gone") from error
        if inode != self._inode:
            raise Unavailable(f"{self._file} was replaced")


_PROBE = update(counters).where(counters.c.name == "probe").values(value=counters.c.value + 1)


def _probe_all(connection: Connection, batch: Sequence[None]) -> list[None]:
    connection.execute(_PROBE)
    return [None] * len(batch)
