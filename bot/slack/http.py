"""The door for Slack by HTTP: one address for events, presses and commands.

What no server of Slack's would send is turned away before it is parsed. Nothing that came in is
ever logged; of a refusal only how often, and whether the clocks may be to blame.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import structlog
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.signature import Clock, SignatureVerifier
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable

    from slack_bolt.async_app import AsyncApp

_log = structlog.get_logger()

PATH = "/slack/events"
MOST_BYTES = 1_048_576
READ_WITHIN_S = 5.0
"""Slack itself gives up after three seconds."""

WINDOW_S = 300
"""What was signed longer ago could be a recording."""

DRIFT_S = 60
SUSPICIOUS = 5
"""So many refusals in a row for their time are not somebody's curiosity but a wrong clock."""
HINT_EVERY_S = 300.0
"""Whoever sends us old timestamps must not fill the log."""

TIMESTAMP = "X-Slack-Request-Timestamp"
SIGNATURE = "X-Slack-Signature"


class EventsDoor:
    """Checks what comes by HTTP and hands it to Bolt."""

    def __init__(
        self, app: AsyncApp, signing_secret: str, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._app = app
        self._verifier = SignatureVerifier(signing_secret, clock=_Clock(clock))
        self._clock = clock
        self._drifting = 0
        self._hinted_at = -HINT_EVERY_S
        self.refused = 0
        """How many requests were turned away."""

    def routes(self) -> list[web.RouteDef]:
        """Return the route."""
        return [web.post(PATH, self._receive)]

    async def _receive(self, request: web.Request) -> web.StreamResponse:
        status, body = await self._checked(request)
        if body is None:
            self.refused += 1
            return web.Response(status=status, headers={"Cache-Control": "no-store"})
        try:
            parsed = AsyncBoltRequest(
                body=body,
                query=request.query_string,
                headers=dict(request.headers),
            )
        except (ValueError, AttributeError, LookupError, TypeError, RecursionError):
            # Signed, and yet nothing that Slack would send, as Bolt reads fields before anybody
            # knows that they are there: not worth sending again.
            self.refused += 1
            return web.Response(status=400, headers={"X-Slack-No-Retry": "1"})
        return await to_aiohttp_response(await self._app.async_dispatch(parsed))

    async def _checked(self, request: web.Request) -> tuple[int, str | None]:
        """Return the body, or the status of a refusal."""
        timestamp = request.headers.get(TIMESTAMP, "")
        signature = request.headers.get(SIGNATURE, "")
        # An `int` of Unicode digits, or of a thousand of them, is nobody's clock.
        if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
            return 401, None
        if not signature.startswith("v0=") or not signature.isascii():
            return 401, None
        if self._is_old(int(timestamp)):
            return 401, None
        try:
            async with asyncio.timeout(READ_WITHIN_S):
                raw = await _read(request)
        except TimeoutError:
            return 408, None
        if raw is None:
            return 413, None
        try:
            body = raw.decode("utf-8")
        except UnicodeDecodeError:
            return 400, None
        # Before Bolt, which parses a body before it looks at its signature.
        if not self._verifier.is_valid(body, timestamp, signature):
            return 401, None
        self._drifting = 0
        return 200, body

    def _is_old(self, timestamp: int) -> bool:
        drift_s = self._clock() - timestamp
        if abs(drift_s) > DRIFT_S:
            self._drifting += 1
            now = time.monotonic()
            if self._drifting >= SUSPICIOUS and now - self._hinted_at >= HINT_EVERY_S:
                self._hinted_at = now
                _log.error(
                    "slack_clock_differs",
                    reason="requests of Slack's seem to be from another time: check this clock",
                    drift_s=round(drift_s),
                )
        return abs(drift_s) > WINDOW_S


class _Clock(Clock):
    """A clock as the SDK wants it."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now

    @override
    def now(self) -> float:
        return self._now()


async def _read(request: web.Request) -> bytes | None:
    """Return the body; None when it is too large. The limit is ours, not that of the chat."""
    if (request.content_length or 0) > MOST_BYTES:
        return None
    raw = bytearray()
    async for chunk in request.content.iter_any():
        raw += chunk
        if len(raw) > MOST_BYTES:
            return None
    return bytes(raw)
