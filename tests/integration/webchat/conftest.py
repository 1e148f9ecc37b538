"""A real server with the web chat on a real store, and a bot that answers by repeating."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import aiohttp
import orjson
import pytest
from aiohttp import web

from bot.api import headers
from bot.channels.webchat import WebChat
from bot.channels.webchat.identity import IdentityKeys
from bot.messages import Message, Over, Receipt, Status
from bot.settings.model import General, Limits, Site
from bot.settings.model import WebChat as WebChatSettings
from crm_store.drafts import Incoming, Line
from crm_store.records import AuthorKind, Choice, Conversation
from crm_store.store import Store

if TYPE_CHECKING:
    from pathlib import Path

KEY = "k" * 40
OLD_KEY = "o" * 40


class Shop:
    """The service under test, and what a test wants to do to it."""

    def __init__(
        self,
        store: Store,
        limits: Limits | None = None,
        sites: dict[str, Site] | None = None,
        keys: Sequence[str] = (KEY, OLD_KEY),
    ) -> None:
        self.store = store
        self.keys = IdentityKeys(keys)
        self.turns = 0
        self.fail_with: Exception | None = None
        self.answers = True
        self.ended: list[tuple[str, str]] = []
        self.status = Status(owner="bot")
        self._tasks: set[asyncio.Task[int]] = set()
        self.ahead = timedelta()
        """How far the service's clock is ahead."""
        sites = sites or {"default": Site(), "shop": Site(origins=("https://shop.example",))}
        general = General(
            name={"en": "Lumen", "zh": "木光"},
            languages=("en", "zh"),
            web_chat=WebChatSettings(sites=sites, limits=limits or Limits()),
        )
        self.chat = WebChat(
            store,
            self.receive,
            self.end,
            SimpleNamespace(general=general),
            self.keys,
            self.status_of,
            lambda: datetime.now(UTC) + self.ahead,
        )
        self.base = ""
        self.session: aiohttp.ClientSession

    async def status_of(self, conversation: Conversation) -> Status:
        return self.status

    async def receive(self, message: Message) -> Receipt:
        if self.fail_with is not None:
            raise self.fail_with
        received = await self.store.conversations.receive(
            Incoming(
                conversation_id=message.conversation_id,
                client_id=message.client_id,
                text=message.text,
                value=message.value,
                at=message.received_at,
                verified=message.verified,
                files=message.files,
            )
        )
        if not received.duplicate:
            self.turns += 1
            if self.answers:
                task = asyncio.create_task(self.say(message.conversation_id, f"re: {message.text}"))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        return Receipt(seq=received.seq, at=received.at, duplicate=received.duplicate)

    async def end(self, conversation_id: str, id_: str) -> Over:
        if self.fail_with is not None:
            raise self.fail_with
        self.ended.append((conversation_id, id_))
        duplicate = self.ended.count((conversation_id, id_)) > 1
        return Over(at=datetime.now(UTC), duplicate=duplicate)

    async def say(self, conversation_id: str, text: str, *, deliver: bool = True) -> int:
        appended = await self.store.conversations.append(
            Line(
                conversation_id=conversation_id,
                author=AuthorKind.BOT,
                author_name="Bot",
                text=text,
                at=datetime.now(UTC),
                choices=(Choice(label="Yes, please", value="yes"),),
            )
        )
        if deliver:
            self.chat.deliver(conversation_id, [appended.message], self.status)
        return appended.message.seq

    def jwt(
        self,
        subject: str,
        *,
        site: str = "default",
        key: str = KEY,
        life_s: float = 600,
        **about: str,
    ) -> str:
        at, life = datetime.now(UTC), timedelta(seconds=life_s)
        return IdentityKeys([key]).sign(subject, site=site, at=at, life=life, **about)

    async def connect(self, *, hello: dict[str, Any] | None = None, **kwargs: Any) -> Tab:
        kwargs.setdefault("protocols", ["frontdesk.v1"])
        socket = await self.session.ws_connect(f"{self.base}/chat/ws", **kwargs)
        tab = Tab(socket)
        if hello is not None:
            await tab.send(type="hello", **hello)
        return tab

    async def enter(self, **hello: Any) -> Tab:
        tab = await self.connect(hello={"token": None, "last_seq": 0, **hello})
        tab.welcome = await tab.get("welcome")
        tab.token = tab.welcome.get("token", hello.get("token"))
        return tab


class Tab:
    """A browser's end of a WebSocket."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.welcome: dict[str, Any] = {}
        self.token: str | None = None
        self.shown: list[dict[str, Any]] = []

    @property
    def conversation(self) -> str:
        return str(self.welcome["conversation"])

    async def send(self, **frame: Any) -> str:
        await self.socket.send_str(orjson.dumps(frame).decode())
        return str(frame.get("id"))

    async def say(self, text: str, id_: str | None = None) -> str:
        return await self.send(type="message", id=id_ or str(uuid.uuid4()), text=text)

    async def get(self, *kinds: str, within_s: float = 3.0) -> dict[str, Any]:
        """Return the next frame of one of the kinds; messages on the way are noted."""
        async with asyncio.timeout(within_s):
            while True:
                message = await self.socket.receive()
                assert message.type is aiohttp.WSMsgType.TEXT, (
                    message.type,
                    self.socket.close_code,
                )
                frame: dict[str, Any] = orjson.loads(message.data)
                if frame["type"] == "message":
                    self.shown.append(frame)
                if not kinds or frame["type"] in kinds:
                    return frame

    async def messages(self, count: int) -> list[dict[str, Any]]:
        return [await self.get("message") for _ in range(count)]

    async def quiet(self, for_s: float = 0.15) -> list[dict[str, Any]]:
        """Return what still comes within a moment."""
        late: list[dict[str, Any]] = []
        with contextlib.suppress(TimeoutError):
            while True:
                late.append(await self.get(within_s=for_s))
        return late

    async def closed(self, within_s: float = 8.0) -> int | None:
        async with asyncio.timeout(within_s):
            while (await self.socket.receive()).type is aiohttp.WSMsgType.TEXT:
                pass
        return self.socket.close_code


Start = Callable[..., Any]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await Store.open(tmp_path / "chat.db")
    yield store
    await store.close()


@pytest.fixture
async def start(store: Store) -> AsyncIterator[Start]:
    async with contextlib.AsyncExitStack() as stack:

        async def start_shop(limits: Limits | None = None, **more: Any) -> Shop:
            shop = Shop(store, limits, **more)
            app = web.Application()
            headers.install(app)
            app.add_routes(shop.chat.routes())

            async def close(_: web.Application) -> None:
                await shop.chat.close()

            app.on_shutdown.append(close)
            runner = web.AppRunner(app, shutdown_timeout=1)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            host, port = runner.addresses[0][:2]
            shop.base = f"http://{host}:{port}"
            shop.session = await stack.enter_async_context(aiohttp.ClientSession())
            return shop

        yield start_shop


@pytest.fixture
async def shop(start: Start) -> Shop:
    result: Shop = await start()
    return result
