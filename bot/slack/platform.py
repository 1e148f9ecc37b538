"""Slack as a whole: puts together what talks to it, starts it and stops it."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Protocol, Self

import structlog

from bot.errors import ChannelError
from bot.slack.api import SlackApi
from bot.slack.bolt import bolt_app
from bot.slack.http import EventsDoor
from bot.slack.intake import Intake, TakesIn
from bot.slack.sockets import Sockets
from bot.slack.worker import WINDOW_S, Worker, WorksOff

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

    from bot.slack.credentials import Credentials
    from bot.slack.intake import Answer
    from bot.slack.people import Ourselves
    from bot.slack.sockets import Tempo
    from bot.slack.worker import Handle

_log = structlog.get_logger()

INTRODUCE_AGAIN_S = 30.0


class Inbox(TakesIn, WorksOff, Protocol):
    """The inbox of the store, both ends."""


class Platform:
    """Everything that talks to Slack."""

    def __init__(
        self,
        credentials: Credentials,
        api: SlackApi,
        inbox: Inbox,
        handle: Handle,
        *,
        answer: Answer | None = None,
        on_gap: Callable[[float], None] | None = None,
        tempo: Tempo | None = None,
        window_s: float = WINDOW_S,
    ) -> None:
        self.api = api
        self.worker = Worker(inbox, handle, window_s=window_s)
        self.intake = Intake(inbox, on_news=self.worker.wake, answer=answer)
        app = bolt_app(api.client, self.intake, credentials.signing_secret)
        self.sockets: Sockets | None = None
        self.door: EventsDoor | None = None
        if credentials.app_token is not None:
            self.sockets = Sockets(app, credentials.app_token, tempo=tempo, on_gap=on_gap)
        elif credentials.signing_secret is not None:
            self.door = EventsDoor(app, credentials.signing_secret)
        self._introducing: asyncio.Task[None] | None = None

    @classmethod
    async def open(
        cls,
        credentials: Credentials,
        inbox: Inbox,
        handle: Handle,
        *,
        answer: Answer | None = None,
        on_gap: Callable[[float], None] | None = None,
        tempo: Tempo | None = None,
    ) -> Self:
        """Return the platform for these credentials. Nothing is sent or heard yet.

        Args:
            credentials: Who we are.
            inbox: Where events are kept until they are done.
            handle: What reacts to an event; see `worker`.
            answer: What dialogs and menus show at once; see `intake.Answer`.
            on_gap: Told in seconds when there was no connection for so long that Slack may have
                given up sending something; time to look at the channels.
            tempo: Of the sockets.
        """
        api = await SlackApi.open(credentials)
        return cls(credentials, api, inbox, handle, answer=answer, on_gap=on_gap, tempo=tempo)

    @property
    def ourselves(self) -> Ourselves | None:
        """Who we are in the workspace; None until Slack has told."""
        return self.intake.ourselves

    def routes(self) -> list[web.RouteDef]:
        """Return the routes to serve: none with Socket Mode."""
        return [] if self.door is None else self.door.routes()

    def start(self) -> None:
        """Begin; returns at once, whether Slack is there or not."""
        self.worker.start()
        if self.sockets is not None:
            self.sockets.start()
        self._introducing = asyncio.create_task(self._introduce(), name="slack auth.test")

    async def close(self) -> None:
        """Hear no more, finish what is under way, and let go."""
        if self._introducing is not None:
            self._introducing.cancel()
            await asyncio.wait({self._introducing})
        if self.sockets is not None:
            await self.sockets.close()
        await self.worker.close()
        await self.api.close()

    async def _introduce(self) -> None:
        """Ask Slack who we are until it tells."""
        while self.intake.ourselves is None:
            try:
                self.intake.ourselves = await self.api.auth_test()
            except ChannelError as error:
                _log.warning("slack_not_introduced", error=str(error))
                wait_s = random.uniform(0.5, 1.0) * INTRODUCE_AGAIN_S  # noqa: S311  # no secret
                await asyncio.sleep(wait_s)
