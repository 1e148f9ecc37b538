"""The web chat as the rest of the service sees it."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Literal, Protocol

from aiohttp import web

from bot.channels.webchat import frames
from bot.channels.webchat.connection import RESTART
from bot.channels.webchat.consent import Consents
from bot.channels.webchat.door import CHANNEL, Door
from bot.channels.webchat.file_routes import FileRoutes
from bot.channels.webchat.http_fallback import HttpFallback
from bot.channels.webchat.intake import End, Intake, Receive
from bot.channels.webchat.limits import Limiter
from bot.channels.webchat.origins import Origins
from bot.channels.webchat.picture_routes import PictureRoutes
from bot.channels.webchat.service import Service, StatusOf
from bot.channels.webchat.socket_handler import SocketHandler
from bot.channels.webchat.sockets import Sockets

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from bot.channels.webchat.identity import IdentityKeys
    from bot.messages import Status
    from bot.settings.model import General
    from crm_store.records import AuthorKind, Message
    from crm_store.store import Store

MOST_RECONNECT_DELAY_S = 5.0
"""A restart must not be met by everybody in the same second."""


class HasGeneral(Protocol):
    """The part of the settings that the web chat reads."""

    @property
    def general(self) -> General:
        """`frontdesk.yaml`."""


class WebChat:
    """Serves the widget, and shows it what was recorded."""

    name: str = CHANNEL
    remote: Literal[False] = False

    def __init__(
        self,
        store: Store,
        receive: Receive,
        end: End,
        settings: HasGeneral,
        identity_keys: IdentityKeys,
        status_of: StatusOf,
        clock: Callable[[], datetime],
        on_rated: Callable[[int], None] = lambda _ticket: None,
        on_left: Callable[[int], None] = lambda _ticket: None,
    ) -> None:
        """Put the web chat together.

        Args:
            store: Where conversations are opened and read.
            receive: Puts a message on disk and has it answered; raises Busy, Conflict and
                Unavailable of `crm_store.errors`.
            end: Ends a conversation for its customer; raises the same.
            settings: `general` holds the sites, the limits and the languages.
            identity_keys: Verifies signed identities.
            status_of: Says where a conversation stands.
            clock: Returns now, aware.
            on_rated: Called with the ticket that a customer has rated.
            on_left: Called with the open ticket of a stranger who has signed in: they go on in
                their own conversation, and see this one no more.
        """
        limits = settings.general.web_chat.limits
        self.sockets = Sockets()
        limiter = Limiter.from_environment(limits)
        files = settings.general.files
        sites = settings.general.web_chat.sites
        consents = Consents(store, sites, clock)
        self._intake = Intake(
            *(store, receive, end, consents, self.sockets, limiter, clock, on_rated),
            files.per_message,
        )
        service = Service(
            store=store,
            door=Door(store, identity_keys, sites, limiter, clock, on_left),
            intake=self._intake,
            sockets=self.sockets,
            origins=Origins(sites),
            limiter=limiter,
            status_of=status_of,
            languages=settings.general.languages,
            files=files,
            settings=settings.general.web_chat,
            consents=consents,
            clock=clock,
        )
        self._socket_handler = SocketHandler(service)
        self._fallback = HttpFallback(service)
        self._file_routes = FileRoutes(service, clock)
        self._pictures = PictureRoutes(store, limiter)

    def routes(self) -> list[web.RouteDef]:
        """Return the routes under /chat."""
        return [
            web.get("/chat/ws", self._socket_handler.serve, allow_head=False),
            *self._fallback.routes(),
            *self._file_routes.routes(),
            *self._pictures.routes(),
        ]

    @property
    def nacks(self) -> Mapping[str, int]:
        """How many frames were refused so far, by code."""
        return self._intake.nacks

    def deliver(
        self, conversation_id: str, messages: Sequence[Message], status: Status | None
    ) -> None:
        """Show recorded messages, and where the conversation stands, to whoever is connected.

        Never waits and never fails: whoever is not connected, or not fast enough, catches up from
        the store.
        """
        connections = self.sockets.of(conversation_id)
        if not connections:
            return
        for message in messages:
            frame = frames.message(message)
            for connection in connections:
                connection.push(frame)
        if status is not None:
            frame = frames.status(status)
            for connection in connections:
                connection.show_status(frame)

    def typing(
        self, conversation_id: str, author: AuthorKind, on: bool, name: str | None = None
    ) -> None:
        """Show that somebody is typing, or no longer is."""
        connections = self.sockets.of(conversation_id)
        if connections:
            frame = frames.typing(author, name, on=on)
            for connection in connections:
                connection.send(frame)

    def read(self, conversation_id: str, seq: int) -> None:
        """Show that a person at the desk has seen everything up to `seq`."""
        connections = self.sockets.of(conversation_id)
        if connections:
            frame = frames.read(seq)
            for connection in connections:
                connection.send(frame)

    async def close(self) -> None:
        """Send everybody away with 1012 and a hint how long to wait, different for each."""
        connections = self.sockets.all()
        for connection in connections:
            delay_ms = round(random.uniform(0, MOST_RECONNECT_DELAY_S) * 1000)  # noqa: S311
            connection.shut(RESTART, b"retry_ms=%d" % delay_ms)
        await asyncio.gather(*(connection.said_goodbye() for connection in connections))
