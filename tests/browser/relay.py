"""A TCP relay that stands before the service and does what networks and proxies do.

Browsers send no second request on a connection before the first is answered, so a chunk that begins
with a method begins a request.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import TYPE_CHECKING, Literal, Self

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter
    from collections.abc import Awaitable, Callable

CHUNK = 1 << 16
REQUEST = re.compile(rb"(?:GET|POST|OPTIONS|HEAD) (\S+) HTTP/1\.1\r\n")
HOP_BY_HOP = re.compile(rb"(?im)^(?:upgrade|connection|sec-websocket-[a-z]+):.*\r\n")
REFUSAL = b"HTTP/1.1 %b Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

Upgrades = Literal["pass", "400", "426", "strip", "hang", "swallow"]
"""What becomes of a WebSocket's handshake: let through, refused, sent on as a plain request as
old proxies do, never answered, or answered and then nothing is let through."""


class Relay:
    """Relays a port of its own to the service's."""

    def __init__(self, target: int) -> None:
        """Describe a relay to a port on this machine."""
        self.upgrades: Upgrades = "pass"
        self.holds_events = False
        """Whether a stream of events is kept until it ends, as buffering proxies do."""
        self._target = target
        self._links: set[_Link] = set()
        self.flows = asyncio.Event()
        self.flows.set()
        self._is_cut = False

    @property
    def base(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.cut()

    # -- what befalls a network --------------------------------------------------------------------

    def cut(self) -> None:
        """Reset every connection, and each new one."""
        self._is_cut = True
        for link in list(self._links):
            link.abort()

    def mend(self) -> None:
        """Let new connections through again."""
        self._is_cut = False

    def forget(self) -> None:
        """Lose what streams without telling either side, as a router does that slept.

        Connections that wait for a request are reset: browsers drop theirs when they wake.
        """
        for link in list(self._links):
            if link.streams:
                link.is_lost = True
            else:
                link.abort()

    def hold(self) -> None:
        """Let nothing through for now."""
        self.flows.clear()

    def release(self) -> None:
        """Let through what was held, and what comes."""
        self.flows.set()

    # -- connections -------------------------------------------------------------------------------

    async def _accept(self, reader: StreamReader, writer: StreamWriter) -> None:
        try:
            upstream = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        link = _Link(self, (reader, writer), upstream)
        if self._is_cut:
            link.abort()
            return
        self._links.add(link)
        try:
            await link.run()
        finally:
            self._links.discard(link)
            link.abort()


class _Link:
    """One connection through the relay."""

    def __init__(
        self,
        relay: Relay,
        browser: tuple[StreamReader, StreamWriter],
        service: tuple[StreamReader, StreamWriter],
    ) -> None:
        self.is_lost = False
        self.streams = False
        """Whether a WebSocket or a stream of events goes over it."""
        self._relay = relay
        self._browser, self._to_browser = browser
        self._service, self._to_service = service
        self._held: bytearray | None = None
        """What the service said, where that is kept from the browser for now."""
        self._is_answered = False
        self._swallows = False

    def abort(self) -> None:
        """Reset both sides."""
        self._to_browser.transport.abort()
        self._to_service.transport.abort()

    async def run(self) -> None:
        """Relay until either side ends."""
        ways = {
            asyncio.create_task(self._pump(self._browser, self._ask)),
            asyncio.create_task(self._pump(self._service, self._answer)),
        }
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        if self.is_lost:
            await asyncio.wait(ways)  # the browser is not told that the service has given up
        with contextlib.suppress(ConnectionError):
            self._to_browser.write(bytes(self._held or b""))
            await self._to_browser.drain()
        for way in ways:
            way.cancel()
        await asyncio.wait(ways)

    async def _pump(self, reader: StreamReader, put: Callable[[bytes], Awaitable[None]]) -> None:
        with contextlib.suppress(ConnectionError):
            while chunk := await reader.read(CHUNK):
                await self._relay.flows.wait()
                if not self.is_lost:
                    await put(chunk)

    async def _ask(self, chunk: bytes) -> None:
        request = REQUEST.match(chunk)
        if request is not None:
            is_socket = b"upgrade: websocket" in chunk.lower()
            is_events = request[1].startswith(b"/chat/events")
            self.streams = is_socket or is_events
            self._held = bytearray() if is_events and self._relay.holds_events else None
            if is_socket:
                await self._upgrade(chunk)
                return
        if self._swallows and self._is_answered:
            return
        self._to_service.write(chunk)
        await self._to_service.drain()

    async def _upgrade(self, chunk: bytes) -> None:
        match self._relay.upgrades:
            case "400" | "426" as status:
                self._to_browser.write(REFUSAL % status.encode())
                await self._to_browser.drain()
                self._to_browser.close()
            case "hang":
                pass
            case "strip":
                self._to_service.write(HOP_BY_HOP.sub(b"", chunk))
            case "swallow":
                self._swallows = True
                self._to_service.write(chunk)
            case "pass":
                self._to_service.write(chunk)

    async def _answer(self, chunk: bytes) -> None:
        if self._held is not None:
            self._held += chunk
            return
        if self._swallows and self._is_answered:
            return
        self._is_answered = True
        self._to_browser.write(chunk)
        await self._to_browser.drain()
