"""A workspace that is not Slack's, and what listens to it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.slack.api import SlackApi
from bot.slack.calls import Calls
from bot.slack.credentials import Credentials
from bot.slack.events import Said
from bot.slack.platform import Platform
from bot.slack.sockets import Tempo
from tests.fake_slack import FakeSlack
from tests.unit.bot.slack.memory_inbox import MemoryInbox, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.slack.events import SlackEvent

DESK, CLEO, ADA = "C_DESK", "U_CLEO", "U_ADA"

BRISK = Tempo(
    connections=2,
    ping_s=0.3,
    check_every_s=0.02,
    rebuild_after_s=2.0,
    alarm_after_s=0.5,
    gap_s=0.5,
)
"""So that a test need not wait for minutes."""


def credentials_of(slack: FakeSlack, *, http: bool = False) -> Credentials:
    """Return what opens the workspace."""
    return Credentials(
        bot_token=slack.bot_token,
        app_token=None if http else slack.app_token,
        signing_secret=slack.signing_secret if http else None,
        api_url=slack.api_url,
    )


@contextlib.asynccontextmanager
async def workspace(**options: Any) -> AsyncIterator[FakeSlack]:
    """A workspace with a desk and two people; nothing that it complains about goes unnoticed."""
    async with FakeSlack(**{"seed": 0, **options}) as slack:
        slack.add_user(CLEO, name="Cleo", locale="de-DE")
        slack.add_user(ADA, name="Ada")
        slack.add_channel(DESK, name="desk", private=True, members=[CLEO, ADA])
        yield slack
        assert slack.violations == []


@contextlib.asynccontextmanager
async def calling(slack: FakeSlack, **options: Any) -> AsyncIterator[SlackApi]:
    """The way out alone."""
    credentials = credentials_of(slack)
    api = SlackApi.over(Calls(credentials, **options), credentials)
    try:
        yield api
    finally:
        await api.close()


class Listener:
    """A platform, its inbox, and what its handler saw."""

    def __init__(self, slack: FakeSlack) -> None:
        self.slack = slack
        self.inbox = MemoryInbox()
        self.seen: list[SlackEvent] = []
        self.gaps: list[float] = []
        self.platform: Platform
        self.url = ""

    async def handle(self, event: SlackEvent) -> None:
        self.seen.append(event)

    async def start(self, *, http: bool = False, tempo: Tempo = BRISK) -> None:
        credentials = credentials_of(self.slack, http=http)
        api = await SlackApi.open(credentials)
        self.platform = Platform(
            credentials,
            api,
            self.inbox,
            self.handle,
            on_gap=self.gaps.append,
            tempo=tempo,
            window_s=0.05,
        )
        self.platform.start()

    async def connected(self, count: int = 2) -> None:
        sockets = self.platform.sockets
        assert sockets is not None
        await until(lambda: sockets.connected == count)

    async def heard(self, *texts: str) -> None:
        """Wait until everything was heard; fail when it was not each once and in order."""
        await until(lambda: len(self.texts) >= len(texts))
        await self.settled()
        assert self.texts == list(texts)

    async def settled(self) -> None:
        await self.slack.settled(quiet_s=0.05)
        await until(lambda: not self.inbox.open and not self.platform.worker.depth)

    @property
    def texts(self) -> list[str]:
        return [event.text for event in self.seen if isinstance(event, Said)]


@contextlib.asynccontextmanager
async def listening(slack: FakeSlack, *, tempo: Tempo = BRISK) -> AsyncIterator[Listener]:
    """A platform that listens by sockets, connected."""
    listener = Listener(slack)
    await listener.start(tempo=tempo)
    try:
        await listener.connected(tempo.connections)
        yield listener
    finally:
        await listener.platform.close()


@contextlib.asynccontextmanager
async def serving(slack: FakeSlack, *, introduced: bool = True) -> AsyncIterator[Listener]:
    """A platform that listens by HTTP, in an app whose own limits are those of the chat."""
    listener = Listener(slack)
    await listener.start(http=True)
    app = web.Application(client_max_size=1 << 16)
    app.add_routes(listener.platform.routes())
    runner = web.AppRunner(app, access_log=None, lingering_time=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    listener.url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    slack.deliver_over_http(listener.url)
    try:
        if introduced:
            await until(lambda: listener.platform.ourselves)
        yield listener
    finally:
        await runner.cleanup()
        await listener.platform.close()
