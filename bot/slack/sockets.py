"""Socket Mode: Slack's events over connections of our own making, which need no open port.

Slack closes each connection every few hours and opens a gap by it, so there are two. The SDK's
client keeps them up, but can wedge for good; each has a supervisor that builds it anew when it has
not been connected for a minute. Nothing waits for any of this: without Slack the chat goes on.
"""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING, Any

import aiohttp
import structlog
from msgspec import Struct
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_sdk.errors import SlackClientError

from bot.slack.logs import library_logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from slack_bolt.async_app import AsyncApp
    from slack_sdk.socket_mode.aiohttp import SocketModeClient

_log = structlog.get_logger()

HANDSHAKE_WITHIN_S = 10.0
CLOSE_WITHIN_S = 1.0
"""Slack does not always close its end."""


class Tempo(Struct, frozen=True, kw_only=True):
    """How many connections there are, and how soon what is noticed."""

    connections: int = 2
    """Slack gives an app ten, for all its processes."""
    ping_s: float = 5.0
    """A peer that has died in silence is noticed after two of these."""
    check_every_s: float = 1.0
    rebuild_after_s: float = 60.0
    """The SDK has had ten attempts by then."""
    alarm_after_s: float = 30.0
    """Without any connection; renewing one takes less than a second."""
    gap_s: float = 60.0
    """Longer without any connection, and Slack may have given up sending something."""


class Sockets:
    """Keeps connections to Slack."""

    def __init__(
        self,
        app: AsyncApp,
        app_token: str,
        *,
        tempo: Tempo | None = None,
        on_gap: Callable[[float], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._app_token = app_token
        self._tempo = tempo or Tempo()
        self._on_gap = on_gap
        self._clock = clock
        self._up = [False] * self._tempo.connections
        self._supervisors: list[asyncio.Task[None]] = []
        self._down_since: float | None = clock()
        self._alarmed = False
        self.rebuilt = 0
        """How often a connection had to be built anew."""

    @property
    def connected(self) -> int:
        """How many connections are up."""
        return sum(self._up)

    @property
    def down_s(self) -> float:
        """For how long there has been no connection at all, in seconds; 0 while there is one."""
        return 0.0 if self._down_since is None else self._clock() - self._down_since

    def start(self) -> None:
        """Begin to connect; returns at once."""
        self._down_since = self._clock()
        self._supervisors = [
            asyncio.create_task(self._keep(place), name=f"slack socket {place}")
            for place in range(len(self._up))
        ]

    async def close(self) -> None:
        """Say goodbye to Slack, for a second at most."""
        for supervisor in self._supervisors:
            supervisor.cancel()
        if self._supervisors:
            await asyncio.wait(self._supervisors)

    async def _keep(self, place: int) -> None:
        while True:
            handler = AsyncSocketModeHandler(
                self._app,
                self._app_token,
                logger=library_logger(),
                ping_interval=self._tempo.ping_s,
            )
            client = handler.client
            client.aiohttp_client_session = _FreshTickets(client)  # type: ignore[assignment]  # it has what is used
            connecting = asyncio.create_task(client.connect())  # type: ignore[no-untyped-call]
            try:
                await self._watch(place, client)
            finally:
                self._note(place, up=False)
                connecting.cancel()
                await _close(client)
                await asyncio.wait({connecting})
            self.rebuilt += 1
            _log.warning("slack_socket_rebuilt", rebuilt=self.rebuilt)
            # Those that failed together must not come back together.
            await asyncio.sleep(random.uniform(0, self._tempo.check_every_s))  # noqa: S311  # no secret

    async def _watch(self, place: int, client: SocketModeClient) -> None:
        """Return when a connection has been down for too long."""
        last_up = self._clock()
        while self._clock() - last_up < self._tempo.rebuild_after_s:
            await asyncio.sleep(self._tempo.check_every_s)
            up = await client.is_connected()
            if up:
                last_up = self._clock()
            self._note(place, up=up)

    def _note(self, place: int, *, up: bool) -> None:
        self._up[place] = up
        if not any(self._up):
            if self._down_since is None:
                self._down_since = self._clock()
            if self.down_s >= self._tempo.alarm_after_s and not self._alarmed:
                self._alarmed = True
                _log.error("slack_sockets_down", down_s=round(self.down_s, 1))
            return
        gap_s, self._down_since = self.down_s, None
        if self._alarmed:
            self._alarmed = False
            _log.warning("slack_sockets_back", after_s=round(gap_s, 1))
        if gap_s >= self._tempo.gap_s and self._on_gap is not None:
            self._on_gap(gap_s)


class _FreshTickets:
    """A session for sockets that never offers a used ticket again.

    The address that Slack gives serves for one handshake. When that is refused, the SDK tries the
    same one over and over and holds its lock meanwhile; 30 seconds of a healthy Slack did not cure
    it. Without an address it asks for a new one.
    """

    def __init__(self, client: SocketModeClient) -> None:
        self._client = client
        self._session = client.aiohttp_client_session

    @property
    def closed(self) -> bool:
        return self._session.closed

    async def ws_connect(self, *args: Any, **kwargs: Any) -> aiohttp.ClientWebSocketResponse:  # noqa: ANN401  # whatever the SDK gives
        try:
            async with asyncio.timeout(HANDSHAKE_WITHIN_S):
                socket: aiohttp.ClientWebSocketResponse
                socket = await self._session.ws_connect(*args, **kwargs)
        except BaseException:
            self._client.wss_uri = None
            raise
        return socket

    async def close(self) -> None:
        await self._session.close()


async def _close(client: SocketModeClient) -> None:
    """Close a client whatever state it is in, tasks and session too."""
    try:
        async with asyncio.timeout(CLOSE_WITHIN_S):
            await client.close()  # type: ignore[no-untyped-call]
    except (TimeoutError, aiohttp.ClientError, ConnectionError, SlackClientError):
        pass
    # The SDK leaves these where closing failed half-way.
    tasks = (client.message_processor, client.current_session_monitor, client.message_receiver)
    running = {task for task in tasks if isinstance(task, asyncio.Task) and not task.done()}
    for task in running:
        task.cancel()
    if running:
        await asyncio.wait(running, timeout=CLOSE_WITHIN_S)
    await client.aiohttp_client_session.close()
