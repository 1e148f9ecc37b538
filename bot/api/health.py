"""Is it alive, and is it ready? For supervisors and load balancers."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import orjson
from aiohttp import web

from crm_store.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from crm_store.store import Store

    Check = Callable[[], Awaitable[bool]]

FRESH_FOR_S = 1.0
"""A check writes to the database; whoever asks more often gets the last answer."""

PATIENCE_S = 8.0
"""A write may wait five seconds for a lock and still succeed."""


class Health:
    """Answers /healthz and /readyz.

    `checks` are what must work before anybody is sent here: `store`, `model`, `workers`.
    """

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks
        self._results: dict[str, str] = {}
        self._until = 0.0
        self._lock = asyncio.Lock()
        self.stopping = False
        """Set first when the service goes down, so that nobody new is sent here."""

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [web.get("/healthz", self._alive), web.get("/readyz", self._ready)]

    async def _alive(self, _request: web.Request) -> web.Response:
        return _json(200, {"status": "ok"})

    async def _ready(self, _request: web.Request) -> web.Response:
        results = await self.results()
        ready = all(result == "ok" for result in results.values())
        return _json(200 if ready else 503, results)

    async def results(self) -> dict[str, str]:
        """Return "ok", "failed" or "stopping" for each check."""
        if self.stopping:
            return dict.fromkeys(self._checks, "stopping")
        async with self._lock:
            if time.monotonic() >= self._until:
                outcomes = await asyncio.gather(*map(_run, self._checks.values()))
                self._results = dict(zip(self._checks, outcomes, strict=True))
                self._until = time.monotonic() + FRESH_FOR_S
        return self._results


def store_check(store: Store) -> Check:
    """Return the check that the store can be written."""

    async def check() -> bool:
        await store.healthy()
        return True

    return check


async def _run(check: Check) -> str:
    try:
        async with asyncio.timeout(PATIENCE_S):
            return "ok" if await check() else "failed"
    except (StoreError, TimeoutError):
        return "failed"


def _json(status: int, body: Mapping[str, str]) -> web.Response:
    return web.Response(
        status=status,
        body=orjson.dumps(body),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
