"""Waits for a call's turn, as `limits` deals them out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot.channels import TryLater
from bot.slack.limits import Limiter, line_of

if TYPE_CHECKING:
    from bot.slack.limits import Line, Urgency

SWEEP_EVERY_S = 60.0


class Gate:
    """Lets calls through at the pace that Slack bears."""

    def __init__(self, limiter: Limiter | None = None) -> None:
        self._limiter = limiter or Limiter()
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._timers: dict[Line, asyncio.TimerHandle] = {}
        self._sweep_at = 0.0

    @property
    def waiting(self) -> int:
        """How many calls wait for their turn."""
        return len(self._waiting)

    async def pass_through(
        self, method: str, channel: str | None, urgency: Urgency, *, within_s: float
    ) -> None:
        """Return when the call may go.

        Raises:
            TryLater: Its turn does not come in time; nothing was sent.
        """
        line = line_of(method, channel)
        now = self._now()
        self._sweep(now)
        number = self._limiter.ask(line, urgency, now)
        turn = self._waiting[number] = asyncio.get_running_loop().create_future()
        self._serve(line)
        try:
            async with asyncio.timeout(within_s):
                await turn
        except TimeoutError:
            self._limiter.withdraw(line, number)
            raise TryLater(max(1.0, self._limiter.wait_s(line, self._now()))) from None
        except asyncio.CancelledError:
            self._limiter.withdraw(line, number)
            raise
        finally:
            del self._waiting[number]

    def pause(self, method: str, channel: str | None, seconds: float) -> None:
        """Let no call of this kind through for a while."""
        line = line_of(method, channel)
        self._limiter.pause(line, seconds, self._now())
        self._serve(line)

    def close(self) -> None:
        """Forget the timers."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _serve(self, line: Line) -> None:
        """Let go whoever may, and come back when the next one may."""
        now = self._now()
        while (number := self._limiter.next(line, now)) is not None:
            turn = self._waiting.get(number)
            if turn is not None and not turn.done():
                turn.set_result(None)
        timer = self._timers.pop(line, None)
        if timer is not None:
            timer.cancel()
        ready_at = self._limiter.ready_at(line, now)
        if ready_at is not None:
            loop = asyncio.get_running_loop()
            self._timers[line] = loop.call_at(ready_at, self._serve, line)

    def _sweep(self, now: float) -> None:
        if now >= self._sweep_at:
            self._sweep_at = now + SWEEP_EVERY_S
            self._limiter.sweep(now)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
