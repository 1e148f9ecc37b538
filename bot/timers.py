"""What happens by itself: jobs that are looked at every so often, each in a task of its own.

A job is asked whether there is anything to do; whatever it decides is written like any other act,
so two processes that look at the same moment do nothing twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Coroutine

_log = structlog.get_logger()

Job = Callable[[], Awaitable[object]]

LONGEST_REST_S = 60.0
"""A job that keeps failing is tried this often."""


class Timers:
    """Runs jobs until it is closed."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []

    def every(self, seconds: float, job: Job, name: str) -> None:
        """Run a job now, and again and again so long after it was done."""
        self._start(self._repeat(seconds, job, name), name)

    async def close(self) -> None:
        """Stop all jobs where they are."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    def _start(self, work: Coroutine[None, None, None], name: str) -> None:
        self._tasks.append(asyncio.create_task(work, name=f"timer {name}"))

    async def _repeat(self, seconds: float, job: Job, name: str) -> None:
        rest = seconds
        while True:
            try:
                await job()
                rest = seconds
            except Exception as error:  # noqa: BLE001 - a job must outlive whatever befalls it
                # The error's own words are left out: they may hold a customer's.
                _log.warning("timer_failed", timer=name, error_type=type(error).__name__)
                rest = min(rest * 2, LONGEST_REST_S)
            await asyncio.sleep(rest)
