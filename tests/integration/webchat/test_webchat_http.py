"""The same promises where WebSockets are blocked: POST, GET and server-sent events."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from bot.settings.model import Limits, Rate
from crm_store.errors import Busy, Unavailable

if TYPE_CHECKING:
    import aiohttp

Json = dict[str, Any]


class Http:
    """A browser that has no WebSocket."""

    def __init__(self, shop: Any, token: str | None = None) -> None:
        self.shop = shop
        self.token = token
        self.status = 0
        self.headers: Any = {}

    @property
    def authorization(self) -> dict[str, str]:
        return {} if self.token is None else {"Authorization": f"Bearer {self.token}"}

    async def post(self, frame: Json | bytes, **headers: str) -> Json:
        body = frame if isinstance(frame, bytes) else orjson.dumps(frame)
        url = f"{self.shop.base}/chat/messages"
        async with self.shop.session.post(
            url, data=body, headers={**self.authorization, **headers}
        ) as response:
            return await self._read(response)

    async def get(self, path: str, **headers: str) -> Json:
        async with self.shop.session.get(
            self.shop.base + path, headers={**self.authorization, **headers}
        ) as response:
            return await self._read(response)

    async def _read(self, response: aiohttp.ClientResponse) -> Json:
        self.status, self.headers = response.status, response.headers
        text = await response.read()
        return orjson.loads(text) if text else {}

    def say(self, text: str, id_: str = "m1") -> Any:
        return self.post({"type": "message", "id": id_, "text": text})


class Events:
    """An open stream of events."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response

    async def next(self, within_s: float = 3.0) -> tuple[str, int | None, Json]:
        kind, seq, data = "", None, b""
        async with asyncio.timeout(within_s):
            while True:
                line = (await self.response.content.readline()).rstrip(b"\n")
                if line.startswith(b"id: "):
                    seq = int(line[4:])
                elif line.startswith(b"event: "):
                    kind = line[7:].decode()
                elif line.startswith(b"data: "):
                    data = line[6:]
                elif not line and data:
                    return kind, seq, orjson.loads(data)


async def test_a_first_post_makes_the_visitor(shop: Any) -> None:
    http = Http(shop)
    ack = await http.say("hello")
    assert http.status == 200
    assert ack["type"] == "ack"
    assert (ack["id"], ack["seq"], ack["duplicate"]) == ("m1", 1, False)
    assert ack["conversation"]
    http.token = ack["token"]
    again = await http.say("hello")
    assert (again["seq"], again["duplicate"]) == (1, True)
    assert "token" not in again
    assert shop.turns == 1
    page = await http.get("/chat/messages?after=0")
    assert [m["seq"] for m in page["messages"]] == [1, 2]
    assert page["head_seq"] == 2
    assert page["status"]["owner"] == "bot"
    assert page["messages"][0]["type"] == "message"
    assert (await http.get("/chat/messages?after=1"))["messages"][0]["text"] == "re: hello"


async def test_a_stream_begins_with_what_the_desk_has_read(shop: Any) -> None:
    tab = await shop.enter()
    await shop.say(tab.conversation, "one")
    await shop.store.conversations.read_by_desk(tab.conversation, 1)
    http = Http(shop, tab.token)
    assert (await http.get("/chat/messages?after=0"))["read_seq"] == 1
    url = f"{shop.base}/chat/events?after=1"
    async with shop.session.get(url, headers=http.authorization) as response:
        events = Events(response)
        assert (await events.next())[0] == "status"
        assert await events.next() == ("read", None, {"type": "read", "seq": 1})


async def test_an_end_by_post_is_acknowledged(shop: Any) -> None:
    http = Http(shop)
    http.token = (await http.say("hello"))["token"]
    ack = await http.post({"type": "end", "id": "e1"})
    assert (http.status, ack["type"], ack["id"], ack["seq"]) == (200, "ack", "e1", None)
    assert [id_ for _, id_ in shop.ended] == ["e1"]


async def test_hello_by_post_welcomes(shop: Any) -> None:
    http = Http(shop)
    welcome = await http.post({"type": "hello", "token": None, "locale": "zh", "last_seq": 0})
    assert (welcome["type"], welcome["locale"]) == ("welcome", "zh")
    http.token = welcome["token"]
    again = await http.post({"type": "hello"})
    assert again["conversation"] == welcome["conversation"]
    assert "token" not in again


async def test_a_socket_and_a_post_share_a_conversation(shop: Any) -> None:
    tab = await shop.enter()
    http = Http(shop, tab.token)
    assert (await http.say("by post"))["seq"] == 1
    assert [m["seq"] for m in await tab.messages(2)] == [1, 2]


async def test_identity_by_post_verifies_what_follows(shop: Any) -> None:
    http = Http(shop)
    welcome = await http.post({"type": "hello", "identity": shop.jwt("ada")})
    assert welcome["verified"] is True
    http.token = welcome["token"]
    await http.say("proved", "a")
    await http.post({"type": "hello"})
    await http.say("unproved", "b")
    stored = await shop.store.conversations.messages(welcome["conversation"], after=0, limit=9)
    assert [m.verified for m in stored if m.client_id] == [True, False]


async def test_events_stream_resumes_without_gap_or_double(shop: Any) -> None:
    tab = await shop.enter()
    http = Http(shop, tab.token)
    await shop.say(tab.conversation, "one")
    async with shop.session.get(f"{shop.base}/chat/events", headers=http.authorization) as response:
        assert response.content_type == "text/event-stream"
        events = Events(response)
        assert (await events.next())[0] == "status"
        kind, seq, message = await events.next()
        assert (kind, seq, message["text"]) == ("message", 1, "one")
        await http.say("two")
        assert (await events.next())[2]["text"] == "two"
        assert (await events.next())[1] == 3
        shop.chat.typing(tab.conversation, "bot", True)
        assert (await events.next())[0] == "typing"
    await shop.say(tab.conversation, "missed")
    async with shop.session.get(
        f"{shop.base}/chat/events", headers={**http.authorization, "Last-Event-ID": "3"}
    ) as response:
        events = Events(response)
        await events.next()
        assert (await events.next())[2]["text"] == "missed"
        await shop.say(tab.conversation, "now")
        assert (await events.next())[1] == 5
    async with shop.session.get(
        f"{shop.base}/chat/events?after=4", headers=http.authorization
    ) as response:
        events = Events(response)
        await events.next()
        assert (await events.next())[1] == 5


async def test_events_end_at_a_restart(shop: Any) -> None:
    tab = await shop.enter()
    async with shop.session.get(
        f"{shop.base}/chat/events", headers=Http(shop, tab.token).authorization
    ) as response:
        await Events(response).next()
        async with asyncio.timeout(3):
            await shop.chat.close()
            await response.content.read()


async def test_a_stream_that_far_behind_is_told_to_fetch(shop: Any) -> None:
    tab = await shop.enter()
    lines = [shop.say(tab.conversation, str(n), deliver=False) for n in range(502)]
    await asyncio.gather(*lines)
    http = Http(shop, tab.token)
    async with shop.session.get(f"{shop.base}/chat/events", headers=http.authorization) as response:
        events = Events(response)
        await events.next()
        assert (await events.next())[0] == "resync"
    page = await http.get("/chat/messages?after=0")
    assert (len(page["messages"]), page["head_seq"]) == (500, 502)
    page = await http.get("/chat/messages?after=500")
    assert [m["seq"] for m in page["messages"]] == [501, 502]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "bad_frame"),
        (b"[]", 400, "bad_frame"),
        (b"\xff", 400, "bad_frame"),
        (b'{"type":"base"}', 400, "unknown_type"),
        (b'{"type":"hello","last_seq":-1}', 400, "bad_hello"),
        (b'{"type":"message","id":"a","text":""}', 400, "invalid"),
        (b'{"type":"message","id":"a","text":"%s"}' % (b"x" * 4001), 413, "too_long"),
        (b"x" * 70_000, 413, "too_long"),
        (b'{"type":"hello","identity":"forged"}', 401, "bad_identity"),
        (b'{"type":"hello","token":"unknown"}', 401, "bad_token"),
    ],
)
async def test_refusals_have_their_status(shop: Any, body: bytes, status: int, code: str) -> None:
    http = Http(shop)
    answer = await http.post(body)
    assert (http.status, answer["code"]) == (status, code)
    assert await shop.store.conversations.count() == 0


async def test_trouble_has_its_status(shop: Any) -> None:
    http = Http(shop)
    http.token = (await http.say("x"))["token"]
    answer = await http.say("y")
    assert (http.status, answer["code"]) == (409, "conflict")
    for error in (Busy(2.2), Unavailable("disk full at /secret/path")):
        shop.fail_with = error
        answer = await http.say("z", "z")
        assert (http.status, answer["code"]) == (503, "busy")
        assert int(http.headers["Retry-After"]) >= 2
        assert "secret" not in str(answer)


async def test_floods_get_429(start: Any) -> None:
    shop = await start(Limits(visitor_messages=Rate(count=2, seconds=60)))
    http = Http(shop)
    http.token = (await http.say("x"))["token"]
    await http.say("x", "m2")
    answer = await http.say("x", "m3")
    assert (http.status, answer["code"], answer["id"]) == (429, "rate_limited", "m3")
    assert 0 < int(http.headers["Retry-After"]) <= 30


@pytest.mark.parametrize("path", ["/chat/messages?after=0", "/chat/events"])
@pytest.mark.parametrize("header", [None, "Bearer wrong", "Basic abc", "Bearer ", "x"])
async def test_without_the_secret_nothing_opens(shop: Any, path: str, header: str | None) -> None:
    tab = await shop.enter()
    http = Http(shop)
    headers = {} if header is None else {"Authorization": header}
    answer = await http.get(path, **headers)
    assert (http.status, answer) == (401, {"type": "error", "code": "bad_token"})
    answer = await http.get(f"{path}&token={tab.token}" if "?" in path else path)
    assert http.status == 401


@pytest.mark.parametrize("after", ["-1", "x", "1e3", "٣", "9" * 30])
async def test_a_senseless_after_is_refused(shop: Any, after: str) -> None:
    tab = await shop.enter()
    http = Http(shop, tab.token)
    await http.get(f"/chat/messages?after={after}")
    assert http.status == 400


async def test_foreign_pages_are_refused_and_allowed_ones_may_read(shop: Any) -> None:
    http = Http(shop)
    answer = await http.post({"type": "hello"}, Origin="https://evil.example")
    assert (http.status, answer["code"]) == (403, "origin")
    assert "Access-Control-Allow-Origin" not in http.headers
    await http.post({"type": "hello"}, Origin="https://shop.example")
    assert http.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert http.headers["Vary"] == "Origin"
    await http.post(b"{", Origin="https://shop.example")
    assert http.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    for path in ("/chat/messages", "/chat/events"):
        async with shop.session.options(
            shop.base + path, headers={"Origin": "https://shop.example"}
        ) as response:
            assert response.status == 204
            assert "Authorization" in response.headers["Access-Control-Allow-Headers"]


async def test_typing_and_read_by_post_have_no_answer(shop: Any) -> None:
    tab = await shop.enter()
    http = Http(shop, tab.token)
    assert await http.post({"type": "typing", "state": True}) == {}
    assert http.status == 204


async def test_an_identity_for_another_site_is_refused_on_this_ones_pages(shop: Any) -> None:
    http = Http(shop)
    frame = {"type": "hello", "identity": shop.jwt("ada", site="default")}
    await http.post(frame, Origin="https://shop.example")
    assert http.status == 401
    frame = {"type": "hello", "identity": shop.jwt("ada", site="shop")}
    await http.post(frame, Origin="https://shop.example")
    assert http.status == 200
