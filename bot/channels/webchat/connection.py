"""One way out to one browser tab: everything in order, nothing twice, nothing unbounded.

The connection remembers up to which `seq` it has sent. Whatever is pushed to it either is the next
one, or was sent before, or leaves a gap; a gap is filled from the store. So reconnecting, falling
behind and a delivery that overtook another are the same thing, and a hint that never came is
healed by the next one.

One task writes. It alone waits for the network; everybody else only puts into a bounded queue.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from bot.channels.webchat.frames import RESYNC, Frame
from crm_store.errors import StoreError

MOST_FRAMES = 256
MOST_BYTES = 1_000_000
"""What waits for a tab that reads slowly. A tab that reads at all is never this far behind."""

PATIENCE_S = 5.0
"""How long the network may take for what waits, and for a closing handshake."""

MOST_BEHIND = 500
"""Further behind, a page of history is cheaper to fetch than to stream."""

PAGE = 100

TOO_SLOW = 1013
RESTART = 1012
SAY_HELLO = 4401
"""No hello, a bad one, or one that holds no longer."""

Backlog = Callable[[int, int], Awaitable[Sequence[Frame]]]
"""(after, limit) → the conversation's `message` frames, in order."""


class Sink(Protocol):
    """The network side: a WebSocket, or a stream of server-sent events."""

    async def send(self, frame: Frame) -> None:
        """Send a frame; waits while the peer does not read."""

    async def close(self, code: int, reason: bytes) -> None:
        """Say goodbye."""

    def abort(self) -> None:
        """Let go of the socket, whatever state it is in."""


class Connection:
    """A tab that is being kept up to date."""

    def __init__(self, sink: Sink, *, conversation_id: str, seen: int, backlog: Backlog) -> None:
        self.conversation_id = conversation_id
        self._sink = sink
        self._backlog = backlog
        self._sent = seen
        """Everything up to here was sent or is in the queue."""
        self._head = 0
        """The newest that we know to exist; ahead of `_sent` there is a gap."""
        self._open = False
        self._queue: list[Frame] = []
        self._queued_bytes = 0
        self._status = b""
        self._stir = asyncio.Event()
        self._closing: asyncio.Task[None] | None = None
        self._writer: asyncio.Task[None] | None = None

    def open(self, welcome: Frame, *, head: int, status: Frame) -> None:
        """Begin to write: the welcome, then what was missed up to `head`, then what comes."""
        self._head = max(self._head, head)
        # A client may remember more than there is, after a restore from a backup.
        self._sent = min(self._sent, self._head)
        self._status = status.body
        self._queue.insert(0, welcome)
        self._open = True
        self._stir.set()
        self._writer = asyncio.create_task(self._write())

    def push(self, frame: Frame) -> None:
        """Show a message, unless it was shown already."""
        seq = frame.seq or 0
        if seq <= self._head:
            return
        follows = self._sent == self._head == seq - 1
        self._head = seq
        if self._open and follows:
            self._sent = seq
            self.send(frame)
        else:
            self._stir.set()

    def show_status(self, frame: Frame) -> None:
        """Show where the conversation stands, unless that is what it shows."""
        if frame.body != self._status:
            self._status = frame.body
            self.send(frame)

    def send(self, frame: Frame) -> None:
        """Queue a frame; never waits. A tab that does not read is closed with 1013."""
        if self._closing is not None:
            return
        self._queue.append(frame)
        self._queued_bytes += len(frame.body)
        self._stir.set()
        if len(self._queue) > MOST_FRAMES or self._queued_bytes > MOST_BYTES:
            self.shut(TOO_SLOW)

    def shut(self, code: int, reason: bytes = b"", *, last: Frame | None = None) -> None:
        """Say goodbye and write no more; `stop` waits for the goodbye to have been said.

        Args:
            code: Of the close.
            reason: Of the close.
            last: What is said before it.
        """
        if self._closing is None:
            self._closing = asyncio.create_task(self._say_goodbye(code, reason, last))
            self._queue.clear()
            self._stir.set()

    async def said_goodbye(self) -> None:
        """Return when the goodbye was said, or took too long."""
        if self._closing is not None:
            await asyncio.wait({self._closing})

    async def ended(self, *, within_s: float) -> bool:
        """Return whether writing has come to its end; waits for it a while."""
        if self._writer is None:
            return True
        done, _ = await asyncio.wait({self._writer}, timeout=within_s)
        return bool(done)

    async def stop(self) -> None:
        """Leave no task and no socket behind, however stuck."""
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.wait({self._writer})
        await self.said_goodbye()
        self._sink.abort()

    async def _say_goodbye(self, code: int, reason: bytes, last: Frame | None) -> None:
        with contextlib.suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(PATIENCE_S):
                if last is not None:
                    await self._sink.send(last)
                await self._sink.close(code, reason)

    async def _write(self) -> None:
        try:
            while self._closing is None:
                await self._stir.wait()
                self._stir.clear()
                await self._flush()
                while self._head > self._sent and self._closing is None:
                    await self._catch_up()
        except ConnectionError:
            # The peer is gone. A heartbeat need not find that out first.
            self._sink.abort()
        except (TimeoutError, StoreError):
            self.shut(TOO_SLOW)

    async def _flush(self) -> None:
        """Write what waits; several frames of one moment leave together."""
        while self._queue:
            batch, self._queue, self._queued_bytes = self._queue, [], 0
            async with asyncio.timeout(PATIENCE_S):
                for frame in batch:
                    await self._sink.send(frame)

    async def _catch_up(self) -> None:
        """Fill the gap from the store, straight to the network so that its pace is ours."""
        if self._head - self._sent > MOST_BEHIND:
            self._sent = self._head
            self.send(RESYNC)
            return
        missed = await self._backlog(self._sent, PAGE)
        # What was queued before the gap goes first.
        await self._flush()
        async with asyncio.timeout(PATIENCE_S):
            for frame in missed:
                await self._sink.send(frame)
        last = missed[-1].seq if missed else None
        # The store is asked after it committed; if it knows of nothing, nothing is there.
        self._sent = self._head if last is None else last
        self._head = max(self._head, self._sent)
