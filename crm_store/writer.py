"""Group commit: many callers' writes in one transaction, and so in one fsync.

A caller submits an operation (a small frozen value) together with the function that applies its
kind, and gets its result after the COMMIT, never before. The function gets all operations of its
kind that are in the batch, because a statement costs about a hundred microseconds of event loop
whether it carries one row or two hundred: a handful of statements for the whole batch is what
makes thousands of turns a second possible.

    submit ──> queue ──> batch ≤ 256 ──> BEGIN; apply(kind 1); apply(kind 2); COMMIT ──> results
                                              │ fails
                                              ├─ database away ──> Unavailable for all
                                              └─ anything else ──> one by one, so that a poison
                                                                   item hurts only itself
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from crm_store.engines import reason, trouble
from crm_store.errors import Busy, Conflict, StoreError, Unavailable

if TYPE_CHECKING:
    from crm_store.engines import Writing

QUEUE_SIZE = 10_000
"""About five seconds of work at full speed: nobody waits longer for an acknowledgement."""

BATCH_SIZE = 256
"""Beyond this a batch gains nothing more and its first caller waits for its last."""

SIBLINGS = 5
"""So many in the batch before mean that more are about to come, and are worth waiting for …"""

GATHER_S = 0.002
"""… for so long: a batch costs some fifteen statements, whether for five turns or for fifty."""

RETRY_AFTER_S = 1.0

Op = TypeVar("Op")
Result = TypeVar("Result")

Apply = Callable[[Connection, Sequence[Op]], Sequence[Result | StoreError]]
"""Applies operations of one kind; the outcome of each stands at its place.

A StoreError as outcome fails that operation alone: `Apply` must not have written any part of it.
"""


class _Item(Struct, eq=False):
    apply: Apply[Any, Any]
    op: Any
    future: asyncio.Future[Any]


class Writer:
    """The one way to write to the database."""

    def __init__(
        self,
        writing: Writing,
        *,
        after_commit: Callable[[], None] = lambda: None,
        queue_size: int = QUEUE_SIZE,
    ) -> None:
        """Make a writer.

        Args:
            writing: Where to write.
            after_commit: Called after each COMMIT, before anybody is told, and where the writing
                is done: on SQLite in a thread. Raises Unavailable when what was written cannot be
                found again.
            queue_size: How many operations may wait.
        """
        self._writing = writing
        self._after_commit = after_commit
        self._queue: asyncio.Queue[_Item] = asyncio.Queue(queue_size)
        self._task: asyncio.Task[None] | None = None
        self._closed = False
        self.commits = 0
        """How many transactions were committed so far."""

    @property
    def depth(self) -> int:
        """How many operations wait to be written."""
        return self._queue.qsize()

    def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._run(), name="crm_store.writer")

    async def submit(self, apply: Apply[Op, Result], op: Op) -> Result:
        """Return what `apply` made of `op`, after it is durable.

        A cancelled caller gives up waiting, not writing: the operation is committed all the same,
        so who was cancelled must take the outcome for unknown and ask again with the same ids.

        Raises:
            Busy: too much is waiting; nothing was queued.
            Unavailable: the database cannot be written.
            StoreError: as the operation itself decided.
        """
        if self._closed:
            raise Unavailable("the store is closed")
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        try:
            self._queue.put_nowait(_Item(apply, op, future))
        except asyncio.QueueFull:
            raise Busy(RETRY_AFTER_S) from None
        return await future

    async def close(self, timeout_s: float) -> None:
        """Take no more, write what waits, and stop.

        Raises:
            Unavailable: when something still waits after `timeout_s`; it was not written.
        """
        self._closed = True
        if self._task is None:
            return
        try:
            async with asyncio.timeout(timeout_s):
                await self._queue.join()
        except TimeoutError:
            raise Unavailable(f"{self.depth} writes were given up") from None
        finally:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            while not self._queue.empty():
                _fail(self._queue.get_nowait(), Unavailable("the store is closed"))

    async def _run(self) -> None:
        batch: list[_Item] = []
        while True:
            busy = len(batch) >= SIBLINGS
            batch = [await self._queue.get()]
            if busy:
                await asyncio.sleep(GATHER_S)
            while len(batch) < BATCH_SIZE and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            try:
                await self._write(batch)
            finally:
                for item in batch:
                    _fail(item, Unavailable("the writer stopped"))
                    self._queue.task_done()

    async def _write(self, batch: list[_Item]) -> None:
        try:
            await self._commit(batch)
        except Unavailable as error:
            for item in batch:
                _fail(item, error)
        except Exception:  # noqa: BLE001  # whatever it is, it comes again for the item that has it
            for item in batch:
                await self._write_alone(item)

    async def _write_alone(self, item: _Item) -> None:
        """Write one item of a batch that failed.

        Two processes may make the same row at the same moment; the one that came second finds the
        other's row on this second try. What still violates a constraint is a conflict.
        """
        try:
            await self._commit([item])
        except IntegrityError as error:
            _fail(item, Conflict(str(error.orig)))
        except Exception as error:  # noqa: BLE001  # handed to the caller whose item it was
            _fail(item, error)

    async def _commit(self, batch: list[_Item]) -> None:
        """Write the batch in one transaction and hand out the results.

        A transaction that another process got in the way of, or whose connection was lost, is
        tried once more. That is safe even when the COMMIT had arrived: operations carry their own
        ids and recognise themselves.
        """
        for attempt in (1, 2):
            try:
                outcomes = await self._writing.run(partial(self._transact, batch))
                break
            except (DBAPIError, PoolTimeout, OSError) as error:
                kind = trouble(error)
                if kind == "away" or (kind == "again" and attempt == 2):
                    raise Unavailable(reason(error)) from error
                if kind is None:
                    raise
        else:  # pragma: no cover  # the second attempt breaks or raises
            raise AssertionError
        self.commits += 1
        for item, outcome in outcomes:
            if isinstance(outcome, StoreError):
                _fail(item, outcome)
            elif not item.future.done():
                item.future.set_result(outcome)

    def _transact(self, batch: Sequence[_Item], connection: Connection) -> list[tuple[_Item, Any]]:
        with connection.begin():
            outcomes = _apply_all(connection, batch)
        self._after_commit()
        return outcomes


def _apply_all(connection: Connection, batch: Sequence[_Item]) -> list[tuple[_Item, Any]]:
    """Apply the batch kind by kind, in the order in which each kind first appears."""
    kinds: dict[Apply[Any, Any], list[_Item]] = {}
    for item in batch:
        kinds.setdefault(item.apply, []).append(item)
    outcomes: list[tuple[_Item, Any]] = []
    for apply, items in kinds.items():
        results = apply(connection, [item.op for item in items])
        outcomes.extend(zip(items, results, strict=True))
    return outcomes


def _fail(item: _Item, error: BaseException) -> None:
    # A future that is done already belongs to a caller who was cancelled, or was answered.
    if not item.future.done():
        item.future.set_exception(error)
