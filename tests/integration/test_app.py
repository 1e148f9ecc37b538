"""The whole service behind a real server: what a browser sees of it."""

from __future__ import annotations

import asyncio
import re
import uuid
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from aiohttp import WSMsgType
from aiohttp.test_utils import TestClient, TestServer
from msgspec.structs import replace

from bot.app import running
from bot.environment import Environment
from bot.environment import read as read_environment
from bot.errors import BotError
from bot.settings.model import WebChat

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from aiohttp import ClientWebSocketResponse, web

    from bot.playbook import Playbook

    Client = TestClient[web.Request, web.Application]

ALONE = Environment(database=None, identity_keys=(), admin_port=None)
WAIT_S = 5.0


@pytest.fixture
async def client(playbook: Playbook, tmp_path: Path) -> AsyncIterator[Client]:
    async with (
        running(playbook, ALONE, tmp_path / "data") as app,
        TestClient(TestServer(app)) as client,
    ):
        yield client


class Tab:
    """A browser tab with the chat open."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self._socket = socket
        self.welcome: dict[str, Any] = {}
        self.seqs: list[int] = []

    @classmethod
    async def open(cls, client: Client, **hello: Any) -> Tab:
        socket = await client.ws_connect("/chat/ws", protocols=["frontdesk.v1"])
        tab = cls(socket)
        fields = {"token": None, "identity": None, "last_seq": 0, "locale": "en-US", **hello}
        await tab.send(type="hello", **fields)
        tab.welcome = await tab.get("welcome")
        return tab

    async def send(self, **frame: Any) -> None:
        await self._socket.send_str(orjson.dumps(frame).decode())

    async def get(self, kind: str) -> dict[str, Any]:
        """Return the next frame of a kind."""
        async with asyncio.timeout(WAIT_S):
            while True:
                message = await self._socket.receive()
                assert message.type is WSMsgType.TEXT, message
                frame: dict[str, Any] = orjson.loads(message.data)
                if frame["type"] == "message":
                    self.seqs.append(frame["seq"])
                if frame["type"] == kind:
                    return frame

    async def _answer(self, id_: str) -> dict[str, Any]:
        ack = await self.get("ack")
        assert (ack["id"], ack["duplicate"]) == (id_, False)
        while True:
            message = await self.get("message")
            if message["reply_to"] == ack["seq"]:
                assert message["author"]["kind"] == "bot"
                return message

    async def say(self, text: str) -> dict[str, Any]:
        """Return the first message that answers a text."""
        id_ = str(uuid.uuid4())
        await self.send(type="message", id=id_, text=text)
        return await self._answer(id_)

    async def press(self, message: dict[str, Any], value: str) -> dict[str, Any]:
        assert value in [choice["value"] for choice in message["choices"]]
        id_ = str(uuid.uuid4())
        await self.send(type="choose", id=id_, seq=message["seq"], value=value)
        return await self._answer(id_)

    async def close(self) -> None:
        await self._socket.close()


async def identity_of(client: Client, customer: str) -> str:
    response = await client.post("/demo/sign-in", json={"customer": customer})
    assert response.status == 200
    return str((await response.json())["identity"])


@pytest.mark.parametrize(
    ("locale", "greeting", "question", "asked_for", "answer"),
    [
        ("en-US", "hello there", "where is my order AB204817?", "e-mail", "1Z999AA10304582716"),
        ("zh-CN", "你好", "订单AB204817到哪了？", "邮箱", "1Z999AA10304582716"),
    ],
)
async def test_a_newcomers_walk(
    client: Client, locale: str, greeting: str, question: str, asked_for: str, answer: str
) -> None:
    tab = await Tab.open(client, locale=locale)
    assert len(tab.welcome["token"]) >= 43
    assert tab.welcome["verified"] is False
    assert tab.welcome["status"]["owner"] == "bot"
    assert (await tab.say(greeting))["text"]
    assert asked_for in (await tab.say(question))["text"]
    assert answer in (await tab.say("ada.byrne@example.com"))["text"]
    assert tab.seqs == list(range(1, len(tab.seqs) + 1))
    await tab.close()

    again = await Tab.open(client, token=tab.welcome["token"], last_seq=tab.seqs[-1])
    assert again.welcome["conversation"] == tab.welcome["conversation"]
    assert again.welcome["head_seq"] == tab.seqs[-1]
    await again.say(greeting)
    assert again.seqs[0] == tab.seqs[-1] + 1
    await again.close()


async def test_a_customer_who_signed_in_is_known(client: Client) -> None:
    tab = await Tab.open(client, identity=await identity_of(client, "ben"))
    assert tab.welcome["verified"] is True
    asked = await tab.say("Please scrap order BK316409")
    assert "BK316409" in asked["text"]
    done = await tab.press(asked, "confirm:yes")
    assert "$98.00" in done["text"]
    await tab.close()
    response = await client.post("/demo/sign-in", json={"customer": "ben"})
    states = {o["number"]: o["state"] for o in (await response.json())["orders"]}
    assert states["BK316409"] == "cancelled"


async def test_nobody_signs_in_as_somebody_made_up(client: Client) -> None:
    for body in ({"customer": "eve"}, {}, [], {"customer": ["ada"]}):
        response = await client.post("/demo/sign-in", json=body)
        assert response.status == 400
    tab = await Tab.open(client)
    assert tab.welcome["verified"] is False
    assert "AB204817" not in (await tab.say("where is my parcel?"))["text"]
    await tab.close()


async def test_asking_for_a_person_shows_where_one_stands(client: Client) -> None:
    first = await Tab.open(client, locale="zh-CN")
    reply = await first.say("转人工")
    status = await first.get("status")
    assert (status["owner"], status["position"], status["agent"]) == ("queue", 1, None)
    assert status["ticket"] in reply["text"]
    assert re.fullmatch(r"T-\d+", status["ticket"])
    assert status["wait_s"] > 0

    second = await Tab.open(client, locale="zh-CN")
    await second.say("转人工")
    assert (await second.get("status"))["position"] == 2
    for tab in (first, second):
        await tab.close()
    again = await Tab.open(client, token=first.welcome["token"], last_seq=first.seqs[-1])
    assert again.welcome["status"]["owner"] == "queue"
    assert again.welcome["status"]["ticket"] == status["ticket"]
    await again.close()


async def test_it_is_ready_and_tells_its_figures(client: Client) -> None:
    ready = await client.get("/readyz")
    assert (ready.status, await ready.json()) == (
        200,
        {"store": "ok", "model": "ok", "workers": "ok"},
    )
    assert (await client.get("/healthz")).status == 200
    tab = await Tab.open(client)
    await tab.say("hello there")
    await tab.send(type="message", id="x", text="")
    await tab.get("nack")
    text = await (await client.get("/metrics")).text()
    samples = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert samples['frontdesk_exchanges_total{owner="bot",rule="request.answer"}'] == "1.0"
    assert samples["frontdesk_sockets"] == "1.0"
    assert samples["frontdesk_turns_waiting"] == "0.0"
    assert samples["frontdesk_turn_errors_total"] == "0.0"
    assert samples['frontdesk_nacks_total{code="invalid"}'] == "1.0"
    for stage in ("understand", "decide", "act", "record", "deliver"):
        assert samples[f'frontdesk_stage_seconds_count{{stage="{stage}"}}'] == "1.0"
    assert "hello" not in text
    await tab.close()


async def test_with_an_admin_port_the_world_sees_no_figures(
    playbook: Playbook, tmp_path: Path, unused_tcp_port: int
) -> None:
    environment = Environment(database=None, identity_keys=(), admin_port=unused_tcp_port)
    async with (
        running(playbook, environment, tmp_path) as app,
        TestClient(TestServer(app)) as client,
    ):
        assert (await client.get("/metrics")).status == 404
        url = f"http://127.0.0.1:{unused_tcp_port}"
        for path in ("/metrics", "/readyz"):
            async with client.session.get(f"{url}{path}") as response:
                assert response.status == 200


async def test_a_visitor_finds_the_conversation_again_after_a_restart(
    playbook: Playbook, tmp_path: Path
) -> None:
    token, seen = None, 0
    for text, expected in (
        ("AB204817", "e-mail"),
        ("ada.byrne@example.com", "1Z999AA10304582716"),
        ("where is order AB204817?", "1Z999AA10304582716"),
    ):
        async with (
            running(playbook, ALONE, tmp_path) as app,
            TestClient(TestServer(app)) as client,
        ):
            tab = await Tab.open(client, token=token, last_seq=seen)
            token = token or tab.welcome["token"]
            assert expected in (await tab.say(text))["text"]
            seen = tab.seqs[-1]
            await tab.close()


async def test_the_demos_key_is_made_once_and_kept_from_others(
    playbook: Playbook, tmp_path: Path
) -> None:
    keys = []
    for _ in range(2):
        async with running(playbook, ALONE, tmp_path):
            pass
        file = tmp_path / "identity.key"
        keys.append(file.read_text(encoding="utf-8"))
        assert file.stat().st_mode & 0o077 == 0
    assert keys[0] == keys[1]
    assert len(keys[0]) >= 43


async def test_a_weak_key_or_a_bad_folder_is_refused(playbook: Playbook, tmp_path: Path) -> None:
    weak = Environment(database=None, identity_keys=("short",), admin_port=None)
    with pytest.raises(BotError, match="32 bytes"):
        async with running(playbook, weak, tmp_path):
            raise AssertionError
    (tmp_path / "file").touch()
    with pytest.raises(BotError, match="cannot use the data folder"):
        async with running(playbook, ALONE, tmp_path / "file" / "data"):
            raise AssertionError
    # What failed to start has let go of the database.
    async with running(playbook, ALONE, tmp_path):
        pass


PUBLIC = "shop=ed25519:" + "A" * 42 + "E"
"""Thirty-two bytes, the last of them 1."""


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (("k" * 40, "short"), "FRONTDESK_IDENTITY_KEYS: key 2: a secret needs at least 32 bytes"),
        (("shop=ed25519:xyz",), "FRONTDESK_IDENTITY_KEYS: key 1: behind ed25519: goes"),
        (("a=" + "k" * 40, "a=" + "m" * 40), "two keys have one kid"),
        ((PUBLIC,), "the demo's sign-in needs a secret"),
    ],
)
async def test_unusable_identity_keys_are_told_at_the_start_and_not_shown(
    playbook: Playbook, tmp_path: Path, keys: tuple[str, ...], words: str
) -> None:
    environment = Environment(database=None, identity_keys=keys, admin_port=None)
    with pytest.raises(BotError, match=words) as raised:
        async with running(playbook, environment, tmp_path):
            raise AssertionError
    assert "kkkk" not in str(raised.value)
    assert raised.value.__cause__ is None


@pytest.mark.parametrize("anonymous", ["bot_only", "deny"])
async def test_a_site_that_wants_people_signed_in_needs_a_key(
    playbook: Playbook, tmp_path: Path, anonymous: str
) -> None:
    chat = WebChat.model_validate({"sites": {"members": {"anonymous": anonymous}}})
    general = playbook.settings.general.model_copy(update={"web_chat": chat, "demo": False})
    strict = replace(playbook, settings=replace(playbook.settings, general=general))
    with pytest.raises(BotError, match=r"web_chat\.sites\.members has anonymous: "):
        async with running(strict, ALONE, tmp_path):
            raise AssertionError
    keyed = Environment(database=None, identity_keys=(PUBLIC,), admin_port=None)
    async with running(strict, keyed, tmp_path):
        pass


def test_the_environment_is_read_once_and_secrets_may_stand_in_files(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("k" * 40 + "\n", encoding="utf-8")
    environment = read_environment(
        {
            "FRONTDESK_IDENTITY_KEYS_FILE": str(file),
            "FRONTDESK_ADMIN_PORT": "9100",
            "SLACK_BOT_TOKEN": "xoxb-1",
            "SLACK_SIGNING_SECRET": "s" * 32,
        }
    )
    assert environment.identity_keys == ("k" * 40,)
    assert environment.admin_port == 9100
    assert environment.slack is not None
    assert not environment.slack.by_sockets
    assert read_environment({}) == ALONE
    assert read_environment({"FRONTDESK_IDENTITY_KEYS": "a, b c"}).identity_keys == ("a", "b", "c")


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"FRONTDESK_ADMIN_PORT": "http"}, "not a port"),
        ({"FRONTDESK_ADMIN_PORT": "0"}, "not a port"),
        ({"FRONTDESK_ADMIN_PORT": "70000"}, "not a port"),
        ({"FRONTDESK_DATABASE_URL_FILE": "/nowhere/url"}, "cannot be read"),
    ],
)
def test_a_bad_environment_is_named(variables: dict[str, str], words: str) -> None:
    with pytest.raises(BotError, match=words):
        read_environment(variables)
