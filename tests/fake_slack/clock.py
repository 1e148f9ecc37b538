"""The time Slack lives by: the real one, or one that a test moves by hand.

Everything that lasts long hangs on it: the retry ladder, triggers, response URLs, tickets and the
rate limits. Deadlines on the wire (3 s to acknowledge) do not; they are real, and can be set.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time

from typing_extensions import override


class Clock:
    """The real time, possibly wrong by `offset_s`."""

    by_hand = False

    def __init__(self) -> None:
        self.offset_s = 0.0
        """How far Slack's clock is ahead of ours."""

    def now(self) -> float:
        """Return seconds since 1970."""
        return time.time() + self.offset_s

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


class ManualClock(Clock):
    """A time that stands still until `advance`."""

    by_hand = True

    def __init__(self, start: float = 1_767_225_600.0) -> None:
        super().__init__()
        self._now = start
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Event]] = []

    @override
    def now(self) -> float:
        return self._now + self.offset_s

    @override
    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken = asyncio.Event()
        heapq.heappush(self._sleepers, (self._now + seconds, next(self._order), woken))
        await woken.wait()

    @property
    def sleepers(self) -> int:
        """How many wait for a later time."""
        return len(self._sleepers)

    async def advance(self, seconds: float) -> None:
        """Let time pass; whoever waited for a moment in between wakes at that moment."""
        until = self._now + seconds
        while self._sleepers and self._sleepers[0][0] <= until:
            self._now, _, woken = heapq.heappop(self._sleepers)
            woken.set()
            # The woken one may go to sleep again, for a time that is still before `until`.
            for _ in range(5):
                await asyncio.sleep(0)
        self._now = until
