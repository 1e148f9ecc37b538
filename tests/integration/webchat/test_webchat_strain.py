"""The web chat over WebSocket under strain: storms, slow and dead peers, limits."""

from __future__ import annotations

import asyncio
import io
import logging
from typing import TYPE_CHECKING, Any

import orjson
import pytest
import structlog

from bot import log
from bot.channels.webchat import socket_handler
from crm_store.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

# -- storms, slow and dead peers -------------------------------------------------------------


async def test_a_reconnect_storm_loses_and_doubles_nothing(shop: Any) -> None:
    first = await shop.enter()
    shown: list[int] = []
    writing = asyncio.create_task(_write(shop, first.conversation, 120))
    while len(shown) < 120:
        tab = await shop.enter(token=first.token, last_seq=shown[-1] if shown else 0)
        for _ in range(7):
            if len(shown) < 120:
                shown.append((await tab.get("message"))["seq"])
        # A train in a tunnel: no goodbye.
        tab.socket._response.connection.transport.abort()
    await writing
    assert shown == list(range(1, 121))


async def _write(shop: Any, conversation: str, count: int) -> None:
    for n in range(count):
        await shop.say(conversation, str(n), deliver=n % 5 != 3)
    await shop.say(conversation, "last")


async def test_nothing_is_left_behind(shop: Any) -> None:
    await asyncio.sleep(0.05)
    before = len(asyncio.all_tasks())
    tabs = [await shop.enter() for _ in range(20)]
    for n, tab in enumerate(tabs):
        if n % 2:
            tab.socket._response.connection.transport.abort()
        else:
            await tab.socket.close()
    await asyncio.sleep(0.3)
    assert shop.chat.sockets.total == 0
    assert shop.chat.sockets.all() == []
    assert len(asyncio.all_tasks()) <= before + 1


async def test_a_tab_that_does_not_read_is_let_go_and_catches_up(shop: Any) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(shop.base.rpartition(":")[2]))
    writer.write(
        b"GET /chat/ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    await reader.readuntil(b"\r\n\r\n")
    other = await shop.enter()
    hello = orjson.dumps({"type": "hello", "token": other.token, "last_seq": 0})
    writer.write(bytes([0x81, 0x80 | len(hello), 0, 0, 0, 0]) + hello)
    await writer.drain()
    await asyncio.sleep(0.1)
    # From here on nothing is read, and far more is said than a socket's buffers hold.
    reader._transport.pause_reading()  # type: ignore[attr-defined]
    slow = next(c for c in shop.chat.sockets.all() if c._sink._socket is not None)
    connections = list(shop.chat.sockets.of(other.conversation))
    assert len(connections) == 2
    text = "x" * 4_000
    for n in range(2_500):
        await_seq = shop.say(other.conversation, text)
        assert await await_seq == n + 1
        if n % 50 == 0:
            await other.get("message")
            while len(other.shown) < n + 1:
                await other.get("message")
        assert all(c._queued_bytes < 1_100_000 for c in connections)
        if len(shop.chat.sockets.of(other.conversation)) == 1:
            break
        if all(c._closing for c in connections if c is not slow):
            break
    async with asyncio.timeout(8):
        while len(shop.chat.sockets.of(other.conversation)) > 1:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    writer.transport.abort()
    assert other.socket.close_code is None


async def test_a_peer_that_vanished_is_noticed_by_heartbeat(
    shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_handler, "HEARTBEAT_S", 0.4)
    await asyncio.sleep(0.05)
    before = len(asyncio.all_tasks())
    reader, writer = await asyncio.open_connection("127.0.0.1", int(shop.base.rpartition(":")[2]))
    writer.write(
        b"GET /chat/ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    await reader.readuntil(b"\r\n\r\n")
    hello = b'{"type":"hello"}'
    writer.write(bytes([0x81, 0x80 | len(hello), 0, 0, 0, 0]) + hello)
    await asyncio.sleep(0.2)
    assert shop.chat.sockets.total == 1
    # Pings arrive and nobody answers them: within two heartbeats the socket is gone.
    async with asyncio.timeout(2):
        while shop.chat.sockets.total:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    writer.transport.abort()
    await asyncio.sleep(0.1)
    assert shop.chat.sockets.all() == []
    assert len(asyncio.all_tasks()) <= before + 1


@pytest.fixture
def log_stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    stream = io.StringIO()
    log.configure(stream=stream, level="DEBUG")
    yield stream
    root.handlers = handlers
    root.setLevel(level)
    logging.getLogger("aiohttp.access").disabled = False
    structlog.reset_defaults()


async def test_nothing_that_a_customer_writes_or_holds_is_logged(
    log_stream: io.StringIO, shop: Any
) -> None:
    identity = shop.jwt("ada", name="Canary Name")
    tab = await shop.enter(identity=identity, page={"url": "https://x/?canary-url"})
    for raw in (
        '{"type":"message","id":"canary-id","text":"canary-text 4111 1111 1111 1111"}',
        '{"type":"rate","id":"canary-r","score":1,"comment":"canary-comment"}',
        '{"type":"event","id":"canary-e","name":"x","properties":{"a":"canary-property"}}',
        '{"type":"canary-type"}',
        "canary-garbage",
    ):
        await tab.socket.send_str(raw)
    await tab.quiet()
    await shop.connect(hello={"token": "canary-token"})
    await shop.connect(hello={"identity": "canary-jwt"}, headers={"Origin": "https://canary.org"})
    await shop.connect(protocols=["canary-protocol"])
    shop.fail_with = Unavailable("canary-detail")
    await tab.say("canary-unstored")
    await tab.get("nack")
    for secret in ("canary", "Canary", "4111", tab.token, identity):
        assert secret not in log_stream.getvalue()


async def test_the_client_sees_1013_when_it_was_too_slow(shop: Any) -> None:
    tab = await shop.enter()
    (connection,) = shop.chat.sockets.of(tab.conversation)
    for _ in range(300):  # more than a tab that reads is ever behind, in one moment
        shop.chat.typing(tab.conversation, "bot", True)
    assert connection._queue == []
    assert await tab.closed() == 1013


# -- limits ----------------------------------------------------------------------------------


async def test_floods_are_refused_with_a_time(start: Any) -> None:
    from bot.settings.model import Limits, Rate

    shop = await start(Limits(visitor_messages=Rate(count=3, seconds=60)))
    shop.answers = False
    tab = await shop.enter()
    for n in range(3):
        await tab.say("x", f"m{n}")
        await tab.get("ack")
    await tab.say("x", "m3")
    nack = await tab.get("nack")
    assert (nack["id"], nack["code"]) == ("m3", "rate_limited")
    assert 0 < nack["retry_after_s"] <= 20
    other = await shop.enter()
    await other.say("x")
    assert (await other.get("ack"))["seq"] == 1


async def test_connections_and_conversations_of_an_address_are_limited(start: Any) -> None:
    from bot.settings.model import Limits, Rate

    shop = await start(Limits(address_sockets=4, address_conversations=Rate(count=2, seconds=3600)))
    one = await shop.enter()
    open_ = [one, await shop.enter()]
    third = await shop.connect(hello={"last_seq": 0})
    assert await third.get() == {"type": "error", "code": "rate_limited"}
    assert await third.closed() == 1013
    open_ += [await shop.enter(token=one.token), await shop.enter(token=one.token)]
    async with shop.session.get(f"{shop.base}/chat/ws") as refused:
        assert refused.status == 429


async def test_the_environment_lifts_limits(start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from bot.settings.model import Limits, Rate

    monkeypatch.setenv("FRONTDESK_RATE_LIMITS", "off")
    shop = await start(Limits(visitor_messages=Rate(count=1, seconds=60)))
    tab = await shop.enter()
    for _ in range(5):
        await tab.say("x")
        await tab.get("ack")


async def test_an_unexpected_fault_costs_the_socket_and_nothing_else(shop: Any) -> None:
    tab = await shop.enter()
    other = await shop.enter(token=tab.token)
    shop.fail_with = RuntimeError("secret of the house")
    await tab.say("x", "m")
    assert await tab.closed() in (1006, 1011)
    shop.fail_with = None
    again = await shop.enter(token=tab.token)
    await again.say("x", "m")
    assert (await again.get("ack"))["seq"] == 1
    assert (await other.get("message"))["seq"] == 1
