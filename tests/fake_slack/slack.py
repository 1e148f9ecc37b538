"""The stand-in for Slack as a whole: its parts put together, and served on a local port."""

from __future__ import annotations

import asyncio
import mimetypes
import random
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web

from tests.fake_slack.clock import Clock
from tests.fake_slack.delivery import COMMANDS, EVENTS, INTERACTIVE, Answer, Delivery, Envelope
from tests.fake_slack.events import channel_of, event_callback, visible
from tests.fake_slack.faults import Faults
from tests.fake_slack.hooks import Hooks, show
from tests.fake_slack.http_delivery import HttpDelivery
from tests.fake_slack.manifest import installed, subscribed
from tests.fake_slack.messages import File
from tests.fake_slack.modals import Modals
from tests.fake_slack.mrkdwn import live
from tests.fake_slack.page.serve import Page
from tests.fake_slack.people import People
from tests.fake_slack.rate_limits import RateLimits
from tests.fake_slack.socket_mode import SocketMode, reset
from tests.fake_slack.tickets import Tickets
from tests.fake_slack.transcript import Line, transcript
from tests.fake_slack.views import Views
from tests.fake_slack.web_api.call import Call, Token
from tests.fake_slack.web_api.dispatch import WebApi
from tests.fake_slack.workspace import BOT_USER, Channel, Team, User, Workspace

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.fake_slack.block_kit.rules import Problem

Json = dict[str, Any]

SCOPES = frozenset(
    {
        "app_mentions:read",
        "channels:history",
        "channels:join",
        "channels:read",
        "chat:write",
        "chat:write.customize",
        "commands",
        "files:read",
        "files:write",
        "groups:history",
        "groups:read",
        "im:history",
        "im:read",
        "im:write",
        "mpim:history",
        "mpim:read",
        "mpim:write",
        "reactions:read",
        "reactions:write",
        "team:read",
        "users:read",
        "users:read.email",
    }
)
"""What the bot token may do unless a test takes something away: `slack.scopes.remove(…)`."""


class FakeSlack:
    """A Slack with one workspace and one app in it."""

    def __init__(
        self,
        seed: int = 0,
        *,
        clock: Clock | None = None,
        port: int = 0,
        rate_limits: bool = False,
    ) -> None:
        self.rng = random.Random(seed)  # noqa: S311 - chance that can be repeated, no secret
        self.clock = clock or Clock()
        self.faults = Faults(seed)
        self.workspace = Workspace(self.clock, self.rng, self._tell)
        self.views = Views(self.workspace)
        self.tickets = Tickets(self.clock, self.rng)
        self.sockets = SocketMode(self.clock, self.rng)
        self.http: HttpDelivery | None = None
        self.delivery = Delivery(self.clock, self.rng, self.faults)
        self.rate_limits = RateLimits(self.clock) if rate_limits else None
        self.web_api = WebApi(self)
        self.calls: list[Call] = []
        """Every call of the Web API, for diagnosis."""
        self.violations: list[str] = []
        """What no client should ever do; tests assert that it is empty."""
        self.problems: list[Problem] = []
        """What was wrong with blocks that were refused; a test may want this empty too."""
        self.pictures: dict[str, bytes] = {}
        """Of people's profiles, by the name under `/avatars/`."""
        self.picture_requests = 0
        self.uploads: dict[str, int] = {}
        """Files announced and not yet sent, with their announced size."""
        self.subscribed: set[str] | None = None
        """The events the app asked to be told of (`message.groups`, …); None for all."""
        self.commands: list[Json] = []
        """Slash commands the page offers: `{"command", "description", "hint"}`."""
        self.shortcuts: list[Json] = []
        """Shortcuts the page offers: `{"callback_id", "name", "type"}`."""
        self.people = People(self)
        self.modals = Modals(self)
        self._bind_people()
        self.scopes = set(SCOPES)
        self.bot_token = f"xoxb-{self.rng.getrandbits(64):016x}"
        self.app_token = f"xapp-1-{self.rng.getrandbits(64):016x}"
        self.signing_secret = f"{self.rng.getrandbits(128):032x}"
        self.tokens = {
            self.bot_token: Token("bot", self.scopes),
            self.app_token: Token("app", {"connections:write"}),
        }
        self._https: list[HttpDelivery] = []
        self._down = False
        self._wanted_port = port
        self._runner: web.AppRunner | None = None
        self.port = port
        self.delivery.start(self.sockets)

    def _bind_people(self) -> None:
        people, modals = self.people, self.modals
        self.say, self.say_to_bot = people.say, people.say_to_bot
        self.edit, self.delete, self.unfurl = people.edit, people.delete, people.unfurl
        self.react, self.unreact = people.react, people.unreact
        self.press, self.command, self.shortcut = people.press, people.command, people.shortcut
        self.join, self.leave, self.archive = people.join, people.leave, people.archive
        self.ephemerals = people.ephemerals
        self.view_of, self.home_of = modals.view_of, modals.home_of
        self.press_in_view, self.submit = modals.press_in_view, modals.submit
        self.suggest, self.suggest_in_view = people.suggest, modals.suggest_in_view
        self.fill, self.close_view = modals.fill, modals.close_view
        self.open_home = modals.open_home

    # Life.

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 * 1024 * 1024, middlewares=[self._unless_down])
        hooks = Hooks(self)
        app.router.add_route("*", "/api/{method}", self.web_api.serve)
        app.router.add_get("/link/", self.sockets.serve)
        app.router.add_post("/actions/{id}", hooks.respond)
        app.router.add_post("/commands/{id}", hooks.respond)
        app.router.add_post("/upload/v1/{file}", hooks.upload)
        app.router.add_get("/avatars/{name}", hooks.avatar)
        app.router.add_get("/files-pri/{file}/download/{name}", hooks.download)
        Page(self).add_routes(app)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._wanted_port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.delivery.close()
        await self.sockets.close()
        for http in self._https:
            await http.close()
        if self._runner is not None:
            await self._runner.cleanup()

    @web.middleware
    async def _unless_down(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if self._down and not request.path.startswith("/page") and request.path != "/":
            reset(request)
            return web.Response()
        answer: web.StreamResponse = await handler(request)
        return answer

    @property
    def down(self) -> bool:
        """Whether nothing answers: every call and every handshake is reset."""
        return self._down

    @down.setter
    def down(self, down: bool) -> None:
        self._down = down
        if down:
            self.sockets.reset_all()

    # Addresses and names.

    @property
    def url(self) -> str:
        """Where everything is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def api_url(self) -> str:
        """What the client takes as `base_url`."""
        return f"{self.url}/api/"

    @property
    def environment(self) -> dict[str, str]:
        """What a service is started with so that it works here."""
        return {
            "SLACK_BOT_TOKEN": self.bot_token,
            "SLACK_APP_TOKEN": self.app_token,
            "SLACK_API_URL": self.api_url,
        }

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    @property
    def team(self) -> Team:
        """The workspace the app is installed in."""
        return self.workspace.team

    @property
    def bot_user(self) -> str:
        """The bot's user id."""
        return BOT_USER

    # Setting the scene.

    def add_user(
        self,
        id_: str,
        *,
        name: str | None = None,
        locale: str = "en-US",
        email: str | None = None,
        guest: bool | str = False,
        stranger: bool = False,
        team: str | None = None,
        bot: bool = False,
        tz: str = "Europe/Berlin",
        picture: bytes | str | None = None,
    ) -> User:
        """Add somebody; `team` names another workspace, `stranger` is met in shared channels.

        A picture is what is in it, or an address elsewhere.
        """
        team = team or ("T0OTHER" if stranger else self.team.id)
        self.workspace.teams.setdefault(team, Team(team, f"Team {team}", team.lower()))
        name = name or id_.removeprefix("U").strip("_").title()
        user = User(id_, name, team, locale, email, guest, stranger, bot, tz=tz)
        self.workspace.users[id_] = user
        if picture is not None:
            self.change_picture(id_, picture)
        self.workspace.touched()
        return user

    def change_picture(self, user: str, picture: bytes | str | None) -> None:
        """Give somebody another picture, or none."""
        if isinstance(picture, bytes):
            name = f"{user}-{self.workspace.number('picture')}.png"
            self.pictures[name] = picture
            picture = f"/avatars/{name}"
        self.workspace.users[user].picture = picture

    def add_channel(
        self,
        id_: str,
        *,
        name: str | None = None,
        private: bool = False,
        members: Iterable[str] = (),
        bot_is_member: bool = True,
        archived: bool = False,
        read_only: bool = False,
        shared_with: Iterable[str] = (),
        topic: str = "",
    ) -> Channel:
        """Add a channel; nobody is told of it."""
        everybody = dict.fromkeys([BOT_USER] * bot_is_member + list(members))
        kind = "group" if private else "channel"
        name = name or id_.removeprefix("C").strip("_").lower()
        channel = Channel(
            id_, name, kind, everybody, archived, read_only, tuple(shared_with), topic
        )
        self.workspace.channels[id_] = channel
        self.workspace.touched()
        return channel

    def make_file(self, name: str, content: bytes, user: str, mimetype: str | None = None) -> File:
        """Return a file somebody could share."""
        id_ = f"F{self.workspace.number('file'):010d}"
        kind = mimetype or mimetypes.guess_type(name)[0] or "application/octet-stream"
        url = f"{self.url}/files-pri/{id_}/download/{name}"
        file = File(id_, name, content, kind, user, url, created=int(self.clock.now()))
        self.workspace.files[id_] = file
        return file

    def install(self, manifest: Json) -> None:
        """Give the app exactly the scopes, events, commands and shortcuts of its manifest."""
        asked = installed(manifest)
        self.scopes.clear()
        self.scopes.update(asked.scopes)
        self.subscribed = asked.events
        self.commands, self.shortcuts = asked.commands, asked.shortcuts
        self.workspace.touched()

    def revoke(self, *, uninstall: bool = False) -> None:
        """Take the bot token back, and tell the app."""
        self.tokens[self.bot_token].revoked = True
        event = {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [BOT_USER]}}
        self._tell(event | {"event_ts": self.workspace.next_ts()})
        if uninstall:
            self._tell({"type": "app_uninstalled", "event_ts": self.workspace.next_ts()})

    # The way to the app.

    def deliver_over_http(
        self,
        events_url: str,
        *,
        interactive_url: str | None = None,
        commands_url: str | None = None,
    ) -> HttpDelivery:
        """Deliver over HTTP from now on; without it everything goes over Socket Mode."""
        self.http = HttpDelivery(
            self.clock, self.signing_secret, events_url, interactive_url, commands_url
        )
        self._https.append(self.http)
        self.delivery.start(self.http)
        return self.http

    def _tell(self, event: Json) -> None:
        if not subscribed(self.subscribed, event["type"], event.get("channel_type")):
            return
        if not visible(event, self.workspace, self.scopes):
            return
        payload = event_callback(dict(event), self.workspace, self.rng)
        self.delivery.send(
            self.delivery.envelope(EVENTS, payload, event["type"], channel_of(event))
        )

    async def interact(self, payload: Json, channel: str | None) -> Answer:
        """Deliver an interaction, and return what the app says to it."""
        envelope = self.delivery.envelope(INTERACTIVE, payload, payload["type"], channel)
        return await self.delivery.ask(envelope)

    async def ask_command(self, payload: Json) -> Answer:
        """Deliver a slash command, and return what the app says to it."""
        envelope = self.delivery.envelope(
            COMMANDS, payload, payload["command"], payload["channel_id"]
        )
        return await self.delivery.ask(envelope)

    def show(self, said: Json, user: str, channel: str, thread_ts: str | None = None) -> None:
        """Show what the app answered to a command or over a response URL."""
        show(self, said, user, channel, thread_ts)

    # Looking at it.

    def note_problems(self, problems: Iterable[Problem]) -> None:
        """Keep what was wrong with refused blocks."""
        self.problems += problems

    def transcript(
        self, channel: str, thread_ts: str | None = None, *, ephemeral: bool = True
    ) -> list[Line]:
        """Return the exact ordered list of what stands in a channel, or in a thread of it."""
        return transcript(self.workspace, channel, thread_ts, ephemeral=ephemeral)

    def live(self, message: Any) -> Any:
        """Return what in a message does something; see `mrkdwn.live`."""
        return live(message)

    @property
    def envelopes(self) -> list[Envelope]:
        """Everything that was to be delivered, and how that went."""
        return self.delivery.envelopes

    @property
    def undelivered(self) -> list[Envelope]:
        """What was never acknowledged, so far."""
        return self.delivery.undelivered

    async def settled(self, quiet_s: float = 0.2, timeout_s: float = 10.0) -> None:
        """Wait until every envelope is acknowledged and no call came for a while.

        Raises:
            TimeoutError: If that does not come about; it says what is still under way.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout_s
        while not self._quiet(quiet_s):
            if loop.time() > end:
                waiting = [(e.kind, e.name, e.attempts) for e in self.delivery.under_way]
                last = [(c.method, c.outcome) for c in self.calls[-5:]]
                raise TimeoutError(f"not settled: under way {waiting}; last calls {last}")
            await asyncio.sleep(0.01)

    async def connected(self, count: int = 1, timeout_s: float = 10.0) -> None:
        """Wait until the app has so many Socket Mode connections.

        Raises:
            TimeoutError: If it does not.
        """
        async with asyncio.timeout(timeout_s):
            while len(self.sockets.connections) < count:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    def _quiet(self, quiet_s: float) -> bool:
        nobody_there = self.http is None and not self.sockets.opened
        if self.delivery.under_way and not nobody_there:
            return False
        idle_s = asyncio.get_running_loop().time() - max(
            self.web_api.last_at, self.delivery.last_at
        )
        return not self.web_api.under_way and idle_s >= quiet_s
