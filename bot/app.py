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
from msgspec import Struct
from typing_extensions import override

from bot.api import headers
from bot.api.health import Health, store_check
from bot.api.metrics import Metrics, serve_admin
from bot.channels.demo_shop import DemoShop
from bot.channels.webchat import WebChat
from bot.channels.webchat.identity import IdentityKeys
from bot.delivery import Delivery
from bot.demo import seed
from bot.errors import BotError
from bot.log import turn_lines
from bot.status import status_of
from bot.turn import Turns
from crm_store.store import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from bot.channels import Channel
    from bot.environment import Environment
    from bot.messages import Status
    from bot.playbook import Playbook
    from bot.turn import Answered
    from crm_store.records import Conversation

log = structlog.get_logger("frontdesk")

HEALTH: web.AppKey[Health] = web.AppKey("health", Health)

DRAIN_S = 10.0
"""Turns under way get so long to finish after SIGTERM; the rest is taken up at the next start."""


class Address(Struct, frozen=True, kw_only=True):
    """Where the service listens."""

    host: str
    port: int

    @override
    def __str__(self) -> str:
        return f"http://{self.host}:{self.port}"


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
    async with running(playbook, environment, data) as app:
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=DRAIN_S)
        await runner.setup()
        try:
            site = web.TCPSite(runner, address.host, address.port, reuse_address=True)
            try:
                await site.start()
            except OSError as error:
                reason = (error.strerror or str(error)).split(":")[-1].strip()
                raise BotError(f"cannot listen on {address}: {reason}") from error
            _spare_collector()
            ready(address)
            await stop.wait()
            log.info("stopping")
            # First say so: whoever balances the load sends nobody new from here on.
            app[HEALTH].stopping = True
        finally:
            await runner.cleanup()


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
        self, playbook: Playbook, environment: Environment, data: Path, store: Store
    ) -> None:
        general = playbook.settings.general
        keys = _identity_keys(environment, data, demo=general.demo)
        self._store = store
        self._playbook = playbook
        self._environment = environment
        self._admin: web.AppRunner | None = None
        self._turn_line = turn_lines()
        self.metrics = Metrics()
        # Channels receive for turns, turns deliver to channels: the ring closes in this dictionary.
        channels: dict[str, Channel] = {}
        self.delivery = Delivery(store, channels)
        self.turns = Turns(
            store=store,
            playbook=playbook,
            deliver=self.delivery.deliver,
            clock=utc_now,
            observe=self._observe,
        )
        self.chat = WebChat(
            store=store,
            receive=self.turns.receive,
            settings=playbook.settings,
            identity_keys=keys,
            status_of=self._status_of,
            clock=utc_now,
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
        self.app.add_routes(DemoShop(playbook.settings, store, keys, utc_now).routes())
        if environment.admin_port is None:
            self.app.add_routes(self.metrics.routes())
        self.app.on_shutdown.append(self._on_shutdown)

    async def start(self) -> None:
        """Take up what the last stop left, and begin to watch."""
        self._watch()
        self.metrics.start()
        await self.delivery.start()
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
        slack = "not_supported_yet" if self._environment.slack else "not_configured"
        log.info("channels", channel="webchat", state=f"slack {slack}")

    async def close(self) -> None:
        """Finish what is under way; what is left is taken up at the next start."""
        self.health.stopping = True
        await self.turns.drain(DRAIN_S)
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

    def _turns_waiting(self) -> float:
        return self.turns.depth

    def _writes_waiting(self) -> float:
        return self._store.queue_depth

    async def _status_of(self, conversation: Conversation) -> Status:
        return await status_of(conversation, self._store, self._playbook, utc_now())

    async def _model_ready(self) -> bool:
        return self._playbook.engine.ready

    async def _workers_ready(self) -> bool:
        return self._recovered

    def _observe(self, answered: Answered) -> None:
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


def _identity_keys(environment: Environment, data: Path, *, demo: bool) -> IdentityKeys:
    """Return the keys that sign and verify identities.

    A demo makes its own, once, in its data folder; anything else gets them from the environment,
    or serves strangers only.
    """
    if environment.identity_keys:
        try:
            return IdentityKeys(environment.identity_keys)
        except ValueError as error:
            raise BotError("FRONTDESK_IDENTITY_KEYS: each key needs 32 bytes or more") from error
    if not demo:
        return IdentityKeys()
    file = data / "identity.key"
    with contextlib.suppress(FileExistsError):
        file.touch(mode=0o600, exist_ok=False)
        file.write_text(secrets.token_urlsafe(32), encoding="utf-8")
    return IdentityKeys((file.read_text(encoding="utf-8"),))
