"""The chat where WebSockets are blocked: the same frames by POST, the same stream as events.

POST /chat/messages           one client frame; the answer is the frame that a socket would get
GET  /chat/messages?after=N   a page of the conversation
GET  /chat/events             server-sent events, resumed by Last-Event-ID
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

from bot.channels.webchat import frames
from bot.channels.webchat.door import Entered, Refused
from bot.channels.webchat.frames import BadFrame, ClientFrame, Frame, Hello
from bot.channels.webchat.identity import fingerprint
from bot.channels.webchat.intake import RETRY_AFTER_S, Visitor
from bot.channels.webchat.origins import PREFLIGHT, cors
from crm_store.errors import StoreError

if TYPE_CHECKING:
    from datetime import datetime

    from bot.channels.webchat.service import Service

PING_EVERY_S = 15.0
"""Some proxies cut a response that has been silent for half a minute."""

PING = Frame("ping", b": \n\n")
STREAMED = frozenset({"message", "status", "typing", "resync"})

STATUSES: Mapping[str, int] = {
    "invalid": 400,
    "bad_frame": 400,
    "unknown_type": 400,
    "bad_hello": 400,
    "bad_token": 401,
    "bad_identity": 401,
    "denied": 403,
    "origin": 403,
    "conflict": 409,
    "too_long": 413,
    "rate_limited": 429,
    "busy": 503,
}

MOST_PROOFS = 10_000

Handler = Callable[[web.Request, frozenset[str]], Awaitable[web.StreamResponse]]


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

    def __init__(self, service: Service, clock: Callable[[], datetime]) -> None:
        self._service = service
        self._clock = clock
        self._proved: dict[str, datetime] = {}
        """Hash of a secret → until when its holder counts as verified.

        A socket stays verified while it lasts; this is the same for those who have none. It may be
        forgotten: then their next hello proves it again.
        """

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.post("/chat/messages", self._guarded(self._post)),
            web.get("/chat/messages", self._guarded(self._page), allow_head=False),
            web.get("/chat/events", self._guarded(self._events), allow_head=False),
            *(
                web.options(path, self._guarded(self._preflight))
                for path in ("/chat/messages", "/chat/events")
            ),
        ]

    def _guarded(self, handler: Handler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """Return the handler behind the check of the page's origin and the common refusals."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            sites = self._service.origins.sites(request)
            if sites is None:
                return _answer(frames.error("origin"))
            try:
                return await handler(request, sites)
            except Refused as refused:
                answer = _answer(frames.error(refused.code), refused.retry_after_s)
            except BadFrame as bad:
                answer = _answer(bad.answer)
            except StoreError:
                answer = _answer(frames.error("busy"), RETRY_AFTER_S)
            answer.headers.update(cors(request))
            return answer

        return guarded

    async def _preflight(self, request: web.Request, _sites: frozenset[str]) -> web.Response:
        return web.Response(status=204, headers={**cors(request), **PREFLIGHT})

    async def _post(self, request: web.Request, sites: frozenset[str]) -> web.Response:
        frame = frames.parse(await _body(request))
        token = _bearer(request)
        if isinstance(frame, Hello):
            return await self._greet(request, sites, frame, token)
        address = self._service.limiter.address(request)
        entered: Entered | None = None
        if token is None:
            entered = await self._service.door.enter(NOBODY, address=address, sites=sites)
            token, opened = entered.token, entered.opened
        else:
            opened = await self._service.door.find(token)
        visitor = Visitor(
            conversation_id=opened.conversation.id,
            address=address,
            verified=self._is_proved(token),
        )
        answer = await self._take(visitor, frame)
        extra = {} if entered is None else {"token": token, "conversation": visitor.conversation_id}
        return _answer(answer, extra=extra, headers=cors(request))

    async def _take(self, visitor: Visitor, frame: ClientFrame) -> Frame | None:
        answers: list[Frame] = []
        await self._service.intake.take(visitor, frame, answers.append)
        return answers[0] if answers else None

    async def _greet(
        self, request: web.Request, sites: frozenset[str], hello: Hello, token: str | None
    ) -> web.Response:
        named = Hello(
            token=token or hello.token,
            identity=hello.identity,
            last_seq=hello.last_seq,
            locale=hello.locale,
        )
        address = self._service.limiter.address(request)
        entered = await self._service.door.enter(named, address=address, sites=sites)
        self._note_proof(entered)
        welcome, _, _ = await self._service.welcome(entered, hello.locale)
        return _answer(welcome, headers=cors(request))

    async def _page(self, request: web.Request, _sites: frozenset[str]) -> web.Response:
        conversation_id = await self._conversation(request)
        page = await self._service.page(conversation_id, _count(request.query.get("after")))
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
        conversation_id = await self._conversation(request)
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
            try:
                while not await connection.ended(within_s=PING_EVERY_S):
                    connection.send(PING)
            finally:
                await connection.stop()
        return response

    async def _conversation(self, request: web.Request) -> str:
        token = _bearer(request)
        if token is None:
            raise Refused("bad_token")
        conversation_id = (await self._service.door.find(token)).conversation.id
        wait = self._service.limiter.event(conversation_id)
        if wait:
            raise Refused("rate_limited", wait)
        return conversation_id

    def _note_proof(self, entered: Entered) -> None:
        key = fingerprint(entered.token)
        if entered.verified_until is None:
            # A hello without an identity is how a page says that its customer signed out.
            self._proved.pop(key, None)
            return
        if len(self._proved) >= MOST_PROOFS:
            now = self._clock()
            self._proved = {k: until for k, until in self._proved.items() if until > now}
        self._proved[key] = entered.verified_until

    def _is_proved(self, token: str) -> bool:
        until = self._proved.get(fingerprint(token))
        return until is not None and self._clock() < until


NOBODY = Hello(token=None, identity=None, last_seq=0, locale=None)


def _answer(
    frame: Frame | None,
    retry_after_s: float | None = None,
    *,
    extra: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """Return a frame as a response: its code decides the status."""
    if frame is None and not extra:
        return web.Response(status=204, headers=headers)
    if frame is None:
        # Nothing to acknowledge, but the visitor has just been made: this is their only secret.
        return web.Response(
            body=orjson.dumps(extra),
            content_type="application/json",
            headers={**(headers or {}), "Cache-Control": "no-store"},
        )
    status = 200 if frame.code is None else STATUSES[frame.code]
    body = frame.body
    if extra:
        body = orjson.dumps(orjson.loads(body) | extra)
    response = web.Response(
        status=status, body=body, content_type="application/json", headers=headers
    )
    response.headers["Cache-Control"] = "no-store"
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if status in (429, 503):
        wait = retry_after_s or orjson.loads(body).get("retry_after_s") or 1.0
        response.headers["Retry-After"] = str(math.ceil(wait))
    return response


async def _body(request: web.Request) -> bytes:
    """Return the body, never reading more than a frame may have."""
    body = b""
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > frames.MAX_FRAME_BYTES:
            raise BadFrame(frames.nack(None, "too_long"))
    return body


def _bearer(request: web.Request) -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if not scheme:
        return None
    if scheme.lower() != "bearer" or not token.strip():
        raise Refused("bad_token")
    return token.strip()


def _count(text: str | None) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= 16):
        raise BadFrame(frames.BAD_FRAME)
    return min(int(text), frames.MAX_SEQ)
