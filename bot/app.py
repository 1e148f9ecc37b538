"""The composition root: everything that serves, put together, started and stopped.

    configuration + model → playbook ─┐
    database → store ─────────────────┼→ turns → delivery → channels
    environment → keys, ports ────────┘

Nothing else in the house makes these objects, and nothing here decides anything about a message.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import secrets
import signal
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog
from aiohttp import web

from bot.api import headers
from bot.api.health import Health, store_check
from bot.api.listener import Address, listening
from bot.api.metrics import Metrics, serve_admin
from bot.channels.demo_shop import DemoShop
from bot.channels.webchat import WebChat
from bot.channels.webchat.identity import BadKey, IdentityKeys
from bot.channels.widget_files import WidgetFiles
from bot.delivery import Delivery
from bot.demo import seed
from bot.desk.assembly import SlackDesk
from bot.ending import Endings
from bot.errors import BotError
from bot.log import turn_lines
from bot.slack.api import SlackApi
from bot.status import status_of
from bot.turn import Turns
from crm_store.store import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from bot.channels import Channel
    from bot.environment import Environment
    from bot.messages import Message, Receipt, Status
    from bot.playbook import Playbook
    from bot.settings.model import General
    from bot.slack.credentials import Credentials
    from bot.turn import Answered
    from crm_store.drafts import Appended, Recorded
    from crm_store.records import Conversation

log = structlog.get_logger("frontdesk")

HEALTH: web.AppKey[Health] = web.AppKey("health", Health)

DRAIN_S = 10.0
"""Turns under way get so long to finish after SIGTERM; the rest is taken up at the next start."""


def utc_now() -> datetime:
    """Return the present."""
    return datetime.now(UTC)


async def serve(
    playbook: Playbook,
    environment: Environment,
    address: Address,
    data: Path,
    ready: Callable[[Address], None],
) -> None:
    """Serve until SIGTERM or SIGINT.

    Args:
        playbook: The configuration in force.
        environment: Secrets and ports.
        address: Where to listen.
        data: The data folder; made when it is not there.
        ready: Called once people can chat.

    Raises:
        BotError: The port is taken, or the data folder cannot be used.
        StoreError: The database cannot be used.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with (
        running(playbook, environment, data) as app,
        listening(app, address, drain_s=DRAIN_S),
    ):
        _spare_collector()
        ready(address)
        await stop.wait()
        log.info("stopping")
        # First say so: whoever balances the load sends nobody new from here on.
        app[HEALTH].stopping = True


@asynccontextmanager
async def running(
    playbook: Playbook, environment: Environment, data: Path
) -> AsyncIterator[web.Application]:
    """Open the store and everything that works on it; yield the application that serves it."""
    _make_folder(data)
    store = await Store.open(environment.database or data / "frontdesk.db")
    try:
        await seed(store, playbook.settings, utc_now())
        service = Service(playbook, environment, data, store)
        if environment.slack is not None:
            await service.open_desk(environment.slack)
        await service.start()
        try:
            yield service.app
        finally:
            await service.close()
    finally:
        await store.close()


class Service:
    """The objects of one running service."""

    def __init__(
        self,
        playbook: Playbook,
        environment: Environment,
        data: Path,
        store: Store,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        general = playbook.settings.general
        keys = _identity_keys(environment, data, general)
        self._store = store
        self._playbook = playbook
        self._environment = environment
        self._clock = clock
        self._admin: web.AppRunner | None = None
        self._turn_line = turn_lines()
        self.metrics = Metrics()
        # Channels receive for turns, turns deliver to channels: the ring closes in this dictionary.
        channels: dict[str, Channel] = {}
        self.delivery = Delivery(store, channels, clock=clock)
        self.desk: SlackDesk | None = None
        self._channels = channels
        self.turns = Turns(
            store=store,
            playbook=playbook,
            deliver=self._deliver,
            clock=clock,
            observe=self._observe,
            remote_channels=SlackDesk.remote_channels,
            desk_is_away=self._desk_is_away,
        )
        self._endings = Endings(
            store,
            playbook,
            self.delivery,
            self.turns.caught_up,
            clock,
            remote_channels=SlackDesk.remote_channels,
            on_change=self._ticket_changed,
        )
        self.chat = WebChat(
            store=store,
            receive=self._receive_web,
            end=self._endings.end,
            settings=playbook.settings,
            identity_keys=keys,
            status_of=self._status_of,
            clock=clock,
            on_rated=self._rated,
            on_left=self._left,
        )
        channels[self.chat.name] = self.chat
        self.health = Health(
            {
                "store": store_check(store),
                "model": self._model_ready,
                "workers": self._workers_ready,
            }
        )
        self._recovered = False
        self.app = web.Application(client_max_size=1 << 16)
        self.app[HEALTH] = self.health
        headers.install(self.app)
        self.app.add_routes(self.chat.routes())
        self.app.add_routes(self.health.routes())
        widget = WidgetFiles(playbook.settings)
        self.app.add_routes(widget.routes())
        self.app.add_routes(DemoShop(playbook.settings, widget, store, keys, clock).routes())
        if environment.admin_port is None:
            self.app.add_routes(self.metrics.routes())
        self.app.on_shutdown.append(self._on_shutdown)

    async def open_desk(self, credentials: Credentials, api: SlackApi | None = None) -> None:
        """Open the desk in Slack; it begins to work with the rest.

        Args:
            credentials: What opens the workspace.
            api: How it is called; by default as the credentials say.
        """
        self.desk = SlackDesk(
            self._store,
            self._playbook,
            credentials,
            api or await SlackApi.open(credentials),
            self._clock,
            self.turns.receive,
            self.delivery,
        )
        self._channels |= self.desk.channels
        self.app.add_routes(self.desk.routes())

    async def start(self) -> None:
        """Take up what the last stop left, and begin to watch."""
        self._watch()
        self.metrics.start()
        await self.delivery.start()
        if self.desk is not None:
            self.desk.start()
        recovered = await self.turns.recover()
        self._recovered = True
        if self._environment.admin_port is not None:
            routes = [*self.metrics.routes(), *self.health.routes()]
            self._admin = await serve_admin(routes, port=self._environment.admin_port)
        log.info(
            "started",
            config_id=self._playbook.config_id,
            model_id=self._playbook.model_id,
            recovered=recovered,
        )
        # Said once, either way: nobody shall wait for tickets in a Slack that is not connected.
        log.info("channels", channel="webchat", state=f"slack {self._slack_state()}")

    async def close(self) -> None:
        """Finish what is under way; what is left is taken up at the next start."""
        self.health.stopping = True
        await self.turns.drain(DRAIN_S)
        if self.desk is not None:
            await self.desk.close()
        await self.delivery.close()
        await self.metrics.close()
        if self._admin is not None:
            await self._admin.cleanup()

    async def _on_shutdown(self, _app: web.Application) -> None:
        self.health.stopping = True
        await self.turns.drain(DRAIN_S)
        await self.chat.close()

    def _watch(self) -> None:
        metrics = self.metrics
        metrics.gauge("turns_waiting", "Messages that wait for their turn.", self._turns_waiting)
        metrics.gauge("writes_waiting", "Writes that wait for the store.", self._writes_waiting)
        metrics.gauge("sockets", "Open chats.", lambda: self.chat.sockets.total)
        metrics.tally("nacks", "Refused frames, by code.", "code", lambda: dict(self.chat.nacks))
        if self.desk is not None:
            self.desk.watch(metrics)

    def _turns_waiting(self) -> float:
        return self.turns.depth

    def _writes_waiting(self) -> float:
        return self._store.queue_depth

    async def _status_of(self, conversation: Conversation) -> Status:
        return await status_of(conversation, self._store, self._playbook, self._clock())

    async def _model_ready(self) -> bool:
        return self._playbook.engine.ready

    async def _workers_ready(self) -> bool:
        return self._recovered

    def _deliver(
        self, conversation: Conversation, recorded: Recorded | Appended, status: Status | None
    ) -> None:
        self.delivery.deliver(conversation, recorded, status)
        if self.desk is not None:
            self.desk.delivered(conversation)

    async def _receive_web(self, message: Message) -> Receipt:
        """Receive a message of the web chat, where accounts in Slack are linked, too."""
        if self.desk is None:
            return await self.turns.receive(message)
        return await self.desk.customers.linking.on_web(message, self.turns.receive)

    def _desk_is_away(self) -> bool:
        return self.desk is not None and self.desk.is_away

    def _ticket_changed(self, ticket: int) -> None:
        if self.desk is not None:
            self.desk.relay.news(ticket)

    def _rated(self, ticket: int) -> None:
        if self.desk is not None:
            self.desk.rated(ticket)

    def _left(self, ticket: int) -> None:
        if self.desk is not None:
            self.desk.relay.left(ticket)

    def _slack_state(self) -> str:
        if self._environment.slack is None:
            return "not_configured"
        return "sockets" if self._environment.slack.by_sockets else "http"

    def _observe(self, answered: Answered) -> None:
        if self.desk is not None:
            self.desk.answered(answered)
        self.metrics.exchange(rule=answered.rule, owner=answered.owner)
        for stage, ms in answered.stages_ms.items():
            self.metrics.stage(stage, ms / 1000)
        if answered.error_id is not None:
            self.metrics.turn_error()
        self._turn_line(
            {
                "conversation": answered.conversation_id,
                "seq": answered.seq,
                "exchange": answered.exchange_id,
                "language": answered.language,
                "intent": answered.intent,
                "probability": answered.probability,
                "rule": answered.rule,
                "need": answered.need,
                "owner": answered.owner,
                "ticket": answered.ticket,
                "error_id": answered.error_id,
                "ms": round(sum(answered.stages_ms.values()), 1),
            }
        )


def _spare_collector() -> None:
    """Keep the garbage collector away from what lives as long as the process.

    Vocabularies and models are a million objects that never become garbage; walking them took 9 %
    of the event loop under load.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def _make_folder(data: Path) -> None:
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BotError(f"cannot use the data folder {data}: {error.strerror}") from error


def _identity_keys(environment: Environment, data: Path, general: General) -> IdentityKeys:
    """Return the keys that verify identities, and sign them in a demo.

    A demo makes its own, once, in its data folder; anything else gets them from the environment,
    or serves strangers only.

    Raises:
        BotError: A key cannot be used, or a site needs one and there is none.
    """
    if environment.identity_keys:
        try:
            keys = IdentityKeys(environment.identity_keys)
        except BadKey as error:
            raise BotError(f"FRONTDESK_IDENTITY_KEYS: {error}") from None
        if general.demo and not keys.signs:
            raise BotError("FRONTDESK_IDENTITY_KEYS: the demo's sign-in needs a secret")
        return keys
    if not general.demo:
        for name, site in general.web_chat.sites.items():
            if site.anonymous != "allow":
                raise BotError(
                    f"web_chat.sites.{name} has anonymous: {site.anonymous}, but nobody can sign "
                    "in: FRONTDESK_IDENTITY_KEYS is not set"
                )
        return IdentityKeys()
    file = data / "identity.key"
    with contextlib.suppress(FileExistsError):
        file.touch(mode=0o600, exist_ok=False)
        file.write_text(secrets.token_urlsafe(32), encoding="utf-8")
    return IdentityKeys((file.read_text(encoding="utf-8"),))
