"""Socket Mode: tickets, connections, and everything that happens to connections."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import socket
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import WSCloseCode, WSMsgType, web

from tests.fake_slack.delivery import EVENTS, Envelope, Outcome
from tests.fake_slack.faults import Kind
from tests.fake_slack.workspace import APP

if TYPE_CHECKING:
    import random

    from tests.fake_slack.clock import Clock

Json = dict[str, Any]

MOST_CONNECTIONS = 10
TICKET_LIFE_S = 30.0


@dataclass(eq=False)
class Connection:
    """One WebSocket of the app."""

    number: int
    ws: web.WebSocketResponse
    request: web.Request
    deaf: asyncio.Event = field(default_factory=asyncio.Event)
    """Set: nothing is read from it any more."""
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    retiring: bool = False
    """It gets no new envelopes."""

    async def send(self, what: Json) -> bool:
        """Send a frame; return whether the socket took it."""
        try:
            await self.ws.send_str(json.dumps(what))
        except (ConnectionError, RuntimeError):
            return False
        return True

    def reset(self) -> None:
        """Break the connection off with a TCP reset."""
        reset(self.request)
        self.gone.set()


def reset(request: web.Request) -> None:
    """Break a request's connection off with a TCP reset."""
    transport = request.transport
    if transport is None:
        return
    raw = transport.get_extra_info("socket")
    if raw is not None:
        with contextlib.suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


class SocketMode:
    """All connections of the app, and the envelopes that wait for an acknowledgement on them."""

    def __init__(self, clock: Clock, rng: random.Random) -> None:
        self._clock = clock
        self._rng = rng
        self._numbers = itertools.count(1)
        self._tickets: dict[str, float] = {}
        self._waiting: dict[str, list[asyncio.Future[tuple[Connection, Any]]]] = {}
        self._came = asyncio.Event()
        self.connections: list[Connection] = []
        self.opened = 0
        """How many connections there were in all."""
        self.refused = 0
        """How many handshakes were refused."""
        self.ack_deadline_s = 3.0
        self.ladder: tuple[float, ...] = (0.0, 0.0, 0.0)
        """How long to wait before each further attempt, behind the missed deadline."""
        self.acks_count_elsewhere = True
        """Whether an acknowledgement counts that comes on another connection. Undocumented."""
        self.unknown_acks: list[Json] = []
        """Frames that acknowledged nothing, for diagnosis."""
        self._refuse: tuple[int, int | None] = (408, 0)

    def ticket(self) -> str:
        """Return a ticket for one handshake."""
        ticket = f"{self._rng.getrandbits(128):032x}"
        self._tickets[ticket] = self._clock.now() + TICKET_LIFE_S
        return ticket

    # What befalls connections.

    def refuse_handshakes(self, times: int | None = 1, status: int = 408) -> None:
        """Refuse the next handshakes; for ever, with None. `times=0` ends it."""
        self._refuse = (status, times)

    def expire_tickets(self) -> None:
        """Let every ticket that was not used be too old."""
        self._tickets.clear()

    async def refresh(
        self, connection: Connection | None = None, *, warning: bool = True, grace_s: float = 0.05
    ) -> None:
        """Have connections renewed, as Slack does every few hours: warn, ask, and close."""
        for each in [connection] if connection else list(self.connections):
            if warning:
                await each.send(_disconnect("warning"))
                await asyncio.sleep(grace_s)
            each.retiring = True
            await each.send(_disconnect("refresh_requested"))
            await asyncio.sleep(grace_s)
            await self._close(each)

    async def disable(self) -> None:
        """Switch Socket Mode off for the app."""
        for each in list(self.connections):
            await each.send(_disconnect("link_disabled"))
            await self._close(each)

    async def close_frames(self, *, keep_tcp: bool = False) -> None:
        """Send a close frame on every connection; `keep_tcp` leaves the line open behind it."""
        for each in list(self.connections):
            each.retiring = True
            if keep_tcp:
                each.deaf.set()
                writer: Any = each.ws._writer
                with contextlib.suppress(ConnectionError):
                    await writer.close(WSCloseCode.GOING_AWAY, b"")
            else:
                await self._close(each)

    def reset_all(self) -> None:
        """Break every connection off with a TCP reset."""
        for each in list(self.connections):
            each.reset()

    def half_open(self, connection: Connection | None = None) -> None:
        """Stop reading: pings stay unanswered, and acknowledgements unseen."""
        for each in [connection] if connection else self.connections:
            each.deaf.set()

    # The way envelopes take.

    async def ready(self) -> bool:
        """Wait for a connection; return whether there was none."""
        waited = False
        while not self._usable():
            waited = True
            self._came.clear()
            await self._came.wait()
        return waited

    def _usable(self) -> list[Connection]:
        return [each for each in self.connections if not each.retiring and not each.ws.closed]

    async def attempt(
        self, envelope: Envelope, number: int, reason: str | None, faults: frozenset[Kind]
    ) -> Outcome:
        """Send an envelope on some connection, and wait for its acknowledgement."""
        usable = self._usable()
        if not usable:
            return Outcome(False, "no_connection")
        chosen = self._rng.choice(usable)
        id_ = envelope.id if not number else f"{envelope.id[:-2]}{number:02d}"
        frame: Json = {
            "envelope_id": id_,
            "payload": envelope.payload,
            "type": envelope.kind,
            "accepts_response_payload": envelope.kind != EVENTS,
        }
        if envelope.kind == EVENTS:
            frame |= {"retry_attempt": number, "retry_reason": reason or ""}
        acknowledged: asyncio.Future[tuple[Connection, Any]] = (
            asyncio.get_running_loop().create_future()
        )
        self._waiting.setdefault(id_, []).append(acknowledged)
        try:
            if Kind.LOST not in faults:
                await self._transmit(frame, chosen, usable, faults)
            answer = await self._acknowledgement(acknowledged, chosen)
        except TimeoutError:
            return Outcome(False, "timeout", connection=chosen.number)
        finally:
            self._forget(id_, acknowledged)
        return Outcome(True, "ok", answer, connection=chosen.number)

    async def _transmit(
        self, frame: Json, chosen: Connection, usable: list[Connection], faults: frozenset[Kind]
    ) -> None:
        await chosen.send(frame)
        if Kind.ELSEWHERE in faults:
            others = [each for each in usable if each is not chosen]
            await self._rng.choice(others or [chosen]).send(frame)
        if Kind.CUT in faults:
            # The envelope must be out before the line is cut, its acknowledgement must not be in.
            chosen.deaf.set()
            await asyncio.sleep(0.02)
            chosen.reset()

    async def _acknowledgement(
        self, acknowledged: asyncio.Future[tuple[Connection, Any]], chosen: Connection
    ) -> Any:
        async with asyncio.timeout(self.ack_deadline_s):
            connection, answer = await asyncio.shield(acknowledged)
            if connection is not chosen and not self.acks_count_elsewhere:
                await asyncio.Event().wait()
            return answer

    def _forget(self, id_: str, acknowledged: asyncio.Future[tuple[Connection, Any]]) -> None:
        acknowledged.cancel()
        waiting = self._waiting.get(id_, [])
        if acknowledged in waiting:
            waiting.remove(acknowledged)
        if not waiting:
            self._waiting.pop(id_, None)

    # The app's side of it.

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer a handshake and serve the connection until it ends."""
        # A ticket is used up by the attempt, also by one that is refused.
        expires = self._tickets.pop(request.query.get("ticket", ""), 0.0)
        status, times = self._refuse
        if times is None or times > 0:
            self._refuse = (status, None if times is None else times - 1)
            self.refused += 1
            return web.Response(status=status, text="Request Timeout")
        if expires < self._clock.now():
            self.refused += 1
            return web.Response(status=408, text="ticket expired or used")
        ws = web.WebSocketResponse(autoping=True)
        await ws.prepare(request)
        connection = Connection(next(self._numbers), ws, request)
        if len(self.connections) >= MOST_CONNECTIONS:
            await connection.send(_disconnect("too_many_websockets"))
            await ws.close(code=WSCloseCode.POLICY_VIOLATION)
            return ws
        self.opened += 1
        try:
            await connection.send(self._hello())
            self.connections.append(connection)
            self._came.set()
            await self._listen(connection)
        finally:
            self._drop(connection)
        return ws

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self.connections) + 1,
            "debug_info": {
                "host": "applink-0",
                "build_number": 10,
                "approximate_connection_time": 18060,
            },
            "connection_info": {"app_id": APP},
        }

    async def _listen(self, connection: Connection) -> None:
        while not connection.gone.is_set():
            heard = asyncio.ensure_future(connection.ws.receive())
            deaf = asyncio.ensure_future(connection.deaf.wait())
            gone = asyncio.ensure_future(connection.gone.wait())
            parts = (heard, deaf, gone)
            try:
                await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for part in parts:
                    if not part.done():
                        part.cancel()
                await asyncio.gather(*parts, return_exceptions=True)
            if connection.deaf.is_set():
                await _until_gone(connection)
                return
            if heard.cancelled() or heard.exception() is not None:
                return
            message = heard.result()
            if message.type is not WSMsgType.TEXT:
                return
            self._acknowledge(connection, message.data)

    def _acknowledge(self, connection: Connection, text: str) -> None:
        try:
            frame: Json = json.loads(text)
        except ValueError:
            self.unknown_acks.append({"text": text})
            return
        waiting = self._waiting.get(frame.get("envelope_id", ""), [])
        pending = [future for future in waiting if not future.done()]
        if not pending:
            self.unknown_acks.append(frame)
        for future in pending:
            future.set_result((connection, frame.get("payload")))

    async def _close(self, connection: Connection) -> None:
        connection.retiring = True
        with contextlib.suppress(ConnectionError, RuntimeError):
            await connection.ws.close(code=WSCloseCode.GOING_AWAY)
        connection.gone.set()

    def _drop(self, connection: Connection) -> None:
        connection.gone.set()
        if connection in self.connections:
            self.connections.remove(connection)

    async def close(self) -> None:
        """Break every connection off."""
        for each in list(self.connections):
            reset(each.request)
            each.gone.set()


async def _until_gone(connection: Connection) -> None:
    """Wait until the other side has given up a line on which nobody reads."""
    while not connection.gone.is_set():
        transport = connection.request.transport
        if transport is None or transport.is_closing():
            return
        await asyncio.sleep(0.02)


def _disconnect(reason: str) -> Json:
    return {"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-0"}}
