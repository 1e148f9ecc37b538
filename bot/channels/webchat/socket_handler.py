"""GET /chat/ws: one WebSocket from its upgrade to its last byte.

A browser cannot see why an upgrade was refused, so refusals that a page must understand are given
as close codes of an accepted socket: 4403 for its origin, 4401 for a missing or bad hello.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from typing import TYPE_CHECKING

from aiohttp import WSCloseCode, WSMsgType, web

from bot.channels.webchat import frames
from bot.channels.webchat.connection import PATIENCE_S, SAY_HELLO, TOO_SLOW
from bot.channels.webchat.door import Entered, Refused
from bot.channels.webchat.frames import BadFrame, Frame, Hello
from bot.channels.webchat.intake import Visitor
from crm_store.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Collection

    from bot.channels.webchat.connection import Connection
    from bot.channels.webchat.service import Service

HEARTBEAT_S = 25.0
"""Below the minute after which home routers and load balancers forget an idle connection."""

HELLO_WITHIN_S = 5.0
BAD_ORIGIN = 4403


class SocketSink:
    """A WebSocket as a connection writes to it."""

    def __init__(self, socket: web.WebSocketResponse, transport: asyncio.Transport | None) -> None:
        self._socket = socket
        self._transport = transport

    async def send(self, frame: Frame) -> None:
        """Send a frame as text."""
        await self._socket.send_frame(frame.body, WSMsgType.TEXT)

    async def close(self, code: int, reason: bytes) -> None:
        """Send the close code and wait for the peer's."""
        await self._socket.close(code=code, message=reason, drain=False)

    def abort(self) -> None:
        """Free the socket: at once when nothing waits in it, else when that had its time.

        A peer that vanished without a word keeps both for hours otherwise; the heartbeat does not
        release a writer that is stuck.
        """
        if self._transport is not None:
            self._transport.close()
            asyncio.get_running_loop().call_later(PATIENCE_S, self._transport.abort)


class _Refusal(Exception):  # noqa: N818  # how `_greet` says that it is over
    def __init__(self, answer: Frame | None, code: int) -> None:
        self.answer = answer
        self.code = code
        super().__init__()


class SocketHandler:
    """Serves WebSockets."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Serve one WebSocket until it ends."""
        service = self._service
        address = service.limiter.address(request)
        wait = service.limiter.connection(address, service.sockets.count_from(address))
        if wait:
            raise web.HTTPTooManyRequests(headers={"Retry-After": str(math.ceil(wait))})
        socket = web.WebSocketResponse(
            protocols=(frames.PROTOCOL,),
            heartbeat=HEARTBEAT_S,
            # aiohttp dies without a word at exactly its limit; ours is checked where it is read.
            max_msg_size=frames.MAX_FRAME_BYTES + 1024,
            # Frames are small and the CPU is what we are short of.
            compress=False,
            timeout=PATIENCE_S,
        )
        transport = request.transport
        await socket.prepare(request)
        sink = SocketSink(socket, transport)
        with service.sockets.counted(address):
            try:
                await self._serve(request, socket, sink, address)
            except _Refusal as refusal:
                with contextlib.suppress(ConnectionError, TimeoutError):
                    async with asyncio.timeout(PATIENCE_S):
                        if refusal.answer is not None:
                            await sink.send(refusal.answer)
                        await sink.close(refusal.code, b"")
            finally:
                sink.abort()
        return socket

    async def _serve(
        self,
        request: web.Request,
        socket: web.WebSocketResponse,
        sink: SocketSink,
        address: str,
    ) -> None:
        service = self._service
        sites = service.origins.sites(request)
        if sites is None:
            raise _Refusal(None, BAD_ORIGIN)
        hello = await self._hello(socket)
        entered = await self._enter(hello, address, sites)
        conversation_id = entered.opened.conversation.id
        connection = service.connection(sink, conversation_id, hello.last_seq)
        visitor = Visitor.of(entered, address, hello.locale)
        # Registered first, read afterwards: what happens in between is known to both.
        with service.sockets.registered(connection), service.expiring(entered, connection):
            try:
                welcome, head, status = await service.welcome(entered, hello.locale)
                connection.open(welcome, head=head, status=status)
                await self._listen(socket, connection, visitor)
            except StoreError:
                raise _Refusal(frames.error("busy"), TOO_SLOW) from None
            finally:
                await connection.stop()

    async def _hello(self, socket: web.WebSocketResponse) -> Hello:
        try:
            first = await socket.receive(HELLO_WITHIN_S)
        except TimeoutError:
            raise _Refusal(None, SAY_HELLO) from None
        if first.type is not WSMsgType.TEXT:
            raise _Refusal(None, SAY_HELLO)
        if _too_big(first.data):
            raise _Refusal(None, WSCloseCode.MESSAGE_TOO_BIG)
        try:
            hello = frames.parse(first.data)
        except BadFrame as bad:
            raise _Refusal(bad.answer, SAY_HELLO) from None
        if not isinstance(hello, Hello):
            raise _Refusal(frames.BAD_HELLO, SAY_HELLO)
        return hello

    async def _enter(self, hello: Hello, address: str, sites: Collection[str]) -> Entered:
        try:
            return await self._service.door.enter(hello, address=address, sites=sites)
        except Refused as refused:
            if refused.code == "origin":
                raise _Refusal(None, BAD_ORIGIN) from None
            code = TOO_SLOW if refused.code == "rate_limited" else SAY_HELLO
            raise _Refusal(frames.error(refused.code), code) from None
        except StoreError:
            raise _Refusal(frames.error("busy"), TOO_SLOW) from None

    async def _listen(
        self, socket: web.WebSocketResponse, connection: Connection, visitor: Visitor
    ) -> None:
        """Take frames one after the other: the order of a customer's messages is theirs."""
        intake = self._service.intake
        while True:
            incoming = await socket.receive()
            if incoming.type is WSMsgType.TEXT:
                if _too_big(incoming.data):
                    connection.shut(WSCloseCode.MESSAGE_TOO_BIG)
                    return
                try:
                    frame = frames.parse(incoming.data)
                except BadFrame as bad:
                    await intake.bad(visitor, bad.answer, connection.send)
                else:
                    await intake.take(visitor, frame, connection.send)
            elif incoming.type is WSMsgType.BINARY:
                await intake.bad(visitor, frames.BAD_FRAME, connection.send)
            else:
                return


def _too_big(text: str) -> bool:
    # A character has at most four bytes, so most frames need not be encoded to be sure.
    return len(text) * 4 > frames.MAX_FRAME_BYTES and len(text.encode()) > frames.MAX_FRAME_BYTES
