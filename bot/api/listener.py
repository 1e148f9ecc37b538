"""Listens for HTTP, and says in our own words what is refused before any route is reached."""

from __future__ import annotations

import asyncio
import math
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from aiohttp import web
from msgspec import Struct
from typing_extensions import override

from bot.api.headers import CODES, error_response
from bot.errors import BotError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

IDLE_S = 75.0
"""How long a connection may take to its first request and between two; half a request counts as
none. Longer than a browser keeps one, so that no request meets a door that is just closing."""


class Address(Struct, frozen=True, kw_only=True):
    """Where the service listens."""

    host: str
    port: int

    @override
    def __str__(self) -> str:
        return f"http://{self.host}:{self.port}"


class _Handler(web.RequestHandler):
    """A connection; what is no HTTP at all is answered here, past routes and middlewares."""

    __slots__ = ()

    @override
    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        # aiohttp sees to what was half sent; its words would quote bytes and name versions.
        super().handle_error(request, status, exc, message)
        response = error_response(status, CODES.get(status, "error"))
        response.headers["Server"] = "frontdesk"
        response.force_close()
        return response


@asynccontextmanager
async def listening(
    app: web.Application, address: Address, *, drain_s: float = 0.0
) -> AsyncIterator[None]:
    """Serve an application; at the end of the block requests under way may finish.

    Raises:
        BotError: The port cannot be had.
    """
    options: dict[str, Any] = {
        "access_log": None,
        "keepalive_timeout": IDLE_S,
        # Or all heartbeats of a second go off at its very beginning, and everybody waits.
        "timeout_ceil_threshold": math.inf,
    }
    runner = web.AppRunner(app, shutdown_timeout=drain_s, **options)
    await runner.setup()
    try:
        listener = await _listen(runner.server, address, options)
        try:
            yield
        finally:
            listener.close()
    finally:
        await runner.cleanup()


async def _listen(
    server: web.Server | None, address: Address, options: Mapping[str, Any]
) -> asyncio.Server:
    assert server is not None  # noqa: S101 - the runner was set up
    loop = asyncio.get_running_loop()
    connection = partial(_Handler, server, loop=loop, **options)
    try:
        return await loop.create_server(connection, address.host, address.port, reuse_address=True)
    except OSError as error:
        reason = (error.strerror or str(error)).split(":")[-1].strip()
        raise BotError(f"cannot listen on {address}: {reason}") from error
