"""The whole service with its desk in the stand-in for Slack, and customers in browser tabs."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from aiohttp.test_utils import TestClient, TestServer

from bot.app import running
from bot.environment import Environment
from bot.slack.credentials import Credentials
from tests.integration.test_app import Tab

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from aiohttp import web

    from bot.playbook import Playbook
    from tests.fake_slack import FakeSlack
    from tests.fake_slack.transcript import Line

WAIT_S = 10.0

CHANNELS = ("orders", "billing", "technical", "sales", "complaints", "vip", "general")


def furnish(slack: FakeSlack) -> None:
    """Set the scene: the desk's channels with Cleo and Dan in them, and people outside."""
    slack.add_user("U_CLEO", name="Cleo", email="cleo@shop.example")
    slack.add_user("U_DAN", name="丹丹", locale="zh-CN", email="dan@shop.example")
    slack.add_user("U_GUS", name="Gus", guest=True)
    slack.add_user("U_EVE", name="Eve", email="eve@shop.example")
    slack.add_user("U_ADA", name="Ada", email="ada@example.com")
    for name in CHANNELS:
        slack.add_channel(
            f"C_{name.upper()}",
            name=f"desk-{name}",
            private=True,
            members=["U_CLEO", "U_DAN", "U_GUS"],
        )


def credentials_of(slack: FakeSlack, *, http: bool = False) -> Credentials:
    return Credentials(
        bot_token=slack.bot_token,
        app_token=None if http else slack.app_token,
        signing_secret=slack.signing_secret if http else None,
        api_url=slack.api_url,
    )


class Workplace:
    """A running service, its Slack, and its customers."""

    def __init__(self, slack: FakeSlack, client: TestClient[web.Request, web.Application]) -> None:
        self.slack = slack
        self.client = client

    async def customer(self, **hello: Any) -> Tab:
        """Return somebody who opens the chat."""
        return await Tab.open(self.client, **hello)

    async def card(self, channel: str = "C_GENERAL", place: int = -1) -> Card:
        """Return a card of a channel once it is there."""

        def look() -> Card:
            lines = [line for line in self.slack.transcript(channel) if line.bot]
            return Card(self.slack, channel, lines[place].ts)

        found: Card = await until(look)
        return found


class Card:
    """A ticket's card, and the thread under it."""

    def __init__(self, slack: FakeSlack, channel: str, ts: str) -> None:
        self._slack = slack
        self.channel = channel
        self.ts = ts

    @property
    def line(self) -> Line:
        """The card as it stands now."""
        shown = self._slack.transcript(self.channel)
        return next(line for line in shown if line.ts == self.ts)

    @property
    def text(self) -> str:
        """What an agent reads on it."""
        return self.line.readable

    @property
    def thread(self) -> list[Line]:
        """What stands under it, in order."""
        lines = self._slack.transcript(self.channel, thread_ts=self.ts)
        return [line for line in lines if line.ts != self.ts]

    async def press(self, user: str, action_id: str, **more: Any) -> None:
        """Press a button of it."""
        await self._slack.press(user, self.channel, self.ts, action_id, **more)

    async def say(self, user: str, text: str, **more: Any) -> str:
        """Write under it."""
        return await self._slack.say(self.channel, user, text, thread_ts=self.ts, **more)

    async def react(self, user: str, name: str) -> None:
        """Put an emoji on it."""
        await self._slack.react(user, self.channel, self.ts, name)


async def until(look: Callable[[], Any], wait_s: float = WAIT_S) -> Any:
    """Return what a look gives as soon as it gives something."""
    loop = asyncio.get_running_loop()
    end = loop.time() + wait_s
    while True:
        try:
            found = look()
        except (IndexError, KeyError, StopIteration):
            found = None
        if found:
            return found
        assert loop.time() < end, "it never came"
        await asyncio.sleep(0.02)


@asynccontextmanager
async def workplace(
    playbook: Playbook, data: Path, slack: FakeSlack, *, http: bool = False
) -> AsyncIterator[Workplace]:
    """Run the service with its desk in a stand-in that is furnished."""
    environment = Environment(
        database=None,
        identity_keys=(),
        admin_port=None,
        slack=credentials_of(slack, http=http),
    )
    async with running(playbook, environment, data) as app:
        server = TestServer(app)
        async with TestClient(server) as client:
            if http:
                slack.deliver_over_http(str(server.make_url("/slack/events")))
            else:
                await slack.connected()
            yield Workplace(slack, client)
