"""The chat where WebSockets are blocked: the same frames by POST, the same stream as events.

POST /chat/messages           one client frame; the answer is the frame that a socket would get
GET  /chat/messages?after=N   a page of the conversation
GET  /chat/events             server-sent events, resumed by Last-Event-ID
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from aiohttp import web
from msgspec.structs import replace

from bot.channels.webchat import frames
from bot.channels.webchat.door import Entered, Refused
from bot.channels.webchat.frames import BadFrame, ClientFrame, Frame, Hello
from bot.channels.webchat.http_edge import answer, bearer, guarded, preflight
from bot.channels.webchat.intake import Visitor
from bot.channels.webchat.origins import cors

if TYPE_CHECKING:
    from bot.channels.webchat.service import Service

PING_EVERY_S = 15.0
"""Some proxies cut a response that has been silent for half a minute."""

PING = Frame("ping", b": \n\n")
STREAMED = frozenset({"message", "status", "read", "typing", "resync"})


class EventSink:
    """A response of server-sent events as a connection writes to it."""

    def __init__(self, response: web.StreamResponse, request: web.Request) -> None:
        self._response = response
        self._request = request

    async def send(self, frame: Frame) -> None:
        """Send a frame as an event; the welcome has no place in a stream that has no hello."""
        if frame is PING:
            await self._response.write(frame.body)
        elif frame.kind in STREAMED:
            id_ = b"" if frame.seq is None else b"id: %d\n" % frame.seq
            await self._response.write(
                b"%sevent: %s\ndata: %s\n\n" % (id_, frame.kind.encode(), frame.body)
            )

    async def close(self, code: int, reason: bytes) -> None:
        """Say nothing: an EventSource reconnects by itself."""

    def abort(self) -> None:
        """Free the socket when it is stuck; a response that was written to its end is not."""
        transport = self._request.transport
        if transport is not None and transport.get_write_buffer_size():
            transport.abort()


class HttpFallback:
    """Serves the chat over plain HTTP."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        origins = self._service.origins
        return [
            web.post("/chat/messages", guarded(origins, self._post)),
            web.get("/chat/messages", guarded(origins, self._page), allow_head=False),
            web.get("/chat/events", guarded(origins, self._events), allow_head=False),
            *(
                web.options(path, guarded(origins, preflight))
                for path in ("/chat/messages", "/chat/events")
            ),
        ]

    async def _post(self, request: web.Request, sites: frozenset[str]) -> web.Response:
        frame = frames.parse(await _body(request))
        token = bearer(request)
        if isinstance(frame, Hello):
            return await self._greet(request, sites, frame, token)
        door, address = self._service.door, self._service.limiter.address(request)
        if token is None:
            entered = await door.enter(NOBODY, address=address, sites=sites)
        else:
            entered = await door.recall(token, renew=True)
        visitor = Visitor.of(entered, address, entered.opened.conversation.locale)
        taken = await self._take(visitor, frame)
        extra = {}
        if entered.token_is_new:
            extra = {"token": entered.token, "conversation": visitor.conversation_id}
        return answer(taken, extra=extra, headers=cors(request))

    async def _take(self, visitor: Visitor, frame: ClientFrame) -> Frame | None:
        answers: list[Frame] = []
        await self._service.intake.take(visitor, frame, answers.append)
        return answers[0] if answers else None

    async def _greet(
        self, request: web.Request, sites: frozenset[str], hello: Hello, token: str | None
    ) -> web.Response:
        named = replace(hello, token=token or hello.token)
        address = self._service.limiter.address(request)
        entered = await self._service.door.enter(named, address=address, sites=sites)
        welcome, _, _ = await self._service.welcome(entered, hello.locale)
        return answer(welcome, headers=cors(request))

    async def _page(self, request: web.Request, _sites: frozenset[str]) -> web.Response:
        entered = await self._entered(request)
        after = _count(request.query.get("after"))
        page = await self._service.page(entered.opened.conversation.id, after)
        return web.Response(
            body=orjson.dumps(page, option=orjson.OPT_UTC_Z),
            content_type="application/json",
            headers={"Cache-Control": "no-store", **cors(request)},
        )

    async def _events(self, request: web.Request, _sites: frozenset[str]) -> web.StreamResponse:
        service = self._service
        address = service.limiter.address(request)
        seen = _count(request.headers.get("Last-Event-ID") or request.query.get("after"))
        wait = service.limiter.connection(address, service.sockets.count_from(address))
        if wait:
            raise Refused("rate_limited", wait)
        entered = await self._entered(request, renew=True)
        conversation_id = entered.opened.conversation.id
        response = web.StreamResponse(
            headers={
                "Content-Type": "text/event-stream",
                "Cache-Control": "no-store",
                # nginx would hold events back until it has a page full.
                "X-Accel-Buffering": "no",
                **cors(request),
            }
        )
        connection = service.connection(EventSink(response, request), conversation_id, seen)
        with service.sockets.counted(address), service.sockets.registered(connection):
            conversation = await service.store.conversations.get(conversation_id)
            status = frames.status(await service.status_of(conversation))
            await response.prepare(request)
            connection.open(status, head=conversation.last_seq, status=status)
            if conversation.desk_read_seq:
                connection.send(frames.read(conversation.desk_read_seq))
            # There is no frame for it here: who reads sees the stream end, and says hello again.
            with service.expiring(entered, connection):
                try:
                    while not await connection.ended(within_s=PING_EVERY_S):
                        connection.send(PING)
                finally:
                    await connection.stop()
        return response

    async def _entered(self, request: web.Request, *, renew: bool = False) -> Entered:
        token = bearer(request)
        if token is None:
            raise Refused("bad_token")
        entered = await self._service.door.recall(token, renew=renew)
        wait = self._service.limiter.event(entered.opened.conversation.id)
        if wait:
            raise Refused("rate_limited", wait)
        return entered


NOBODY = Hello(token=None, identity=None, last_seq=0, locale=None, site=None)


async def _body(request: web.Request) -> bytes:
    """Return the body, never reading more than a frame may have."""
    body = b""
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > frames.MAX_FRAME_BYTES:
            raise BadFrame(frames.nack(None, "too_long"))
    return body


def _count(text: str | None) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= 16):
        raise BadFrame(frames.BAD_FRAME)
    return min(int(text), frames.MAX_SEQ)
