"""Serves the page, what it shows, and what is done on it."""

from __future__ import annotations

import asyncio
import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.fake_slack.interactions import NotPossible
from tests.fake_slack.workspace import BOT_USER

if TYPE_CHECKING:
    from tests.fake_slack.messages import Message
    from tests.fake_slack.slack import FakeSlack
    from tests.fake_slack.workspace import Channel

Json = dict[str, Any]

_FILES = Path(__file__).parent
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}

WAIT_S = 20.0
"""How long a question for news is kept open."""

_ACTS = {
    "say",
    "edit",
    "delete",
    "react",
    "unreact",
    "press",
    "press_in_view",
    "submit",
    "close_view",
    "command",
    "shortcut",
    "open_home",
    "suggest",
    "suggest_in_view",
}


class Page:
    """Answers the page's own requests."""

    def __init__(self, slack: FakeSlack) -> None:
        self._slack = slack
        self._files = {
            path.name: path.read_text("utf-8") for path in _FILES.iterdir() if path.suffix in _TYPES
        }

    def add_routes(self, app: web.Application) -> None:
        """Add the page to the app."""
        app.router.add_get("/", self._index)
        app.router.add_get("/page/state", self._state)
        app.router.add_post("/page/act", self._act)
        app.router.add_get("/page/{file}", self._file)

    async def _index(self, _request: web.Request) -> web.StreamResponse:
        return web.Response(text=self._files["index.html"], content_type="text/html")

    async def _file(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["file"]
        if name not in self._files:
            raise web.HTTPNotFound
        return web.Response(text=self._files[name], content_type=_TYPES[Path(name).suffix])

    async def _state(self, request: web.Request) -> web.StreamResponse:
        """Return everything somebody sees, once it differs from the version they know."""
        known = request.query.get("version")
        loop = asyncio.get_running_loop()
        end = loop.time() + WAIT_S
        while self._version() == known and loop.time() < end:  # noqa: ASYNC110 - a page's patience
            await asyncio.sleep(0.05)
        user = request.query.get("as") or self._people()[0]["id"]
        return web.json_response(self._seen_by(user))

    def _version(self) -> str:
        return f"{self._slack.workspace.version}.{len(self._slack.sockets.connections)}"

    def _people(self) -> list[Json]:
        return [
            {"id": user.id, "name": user.name, "team": user.team, "guest": bool(user.guest)}
            for user in self._slack.workspace.users.values()
            if not user.bot
        ] or [{"id": "", "name": "Nobody", "team": "", "guest": False}]

    def _seen_by(self, user: str) -> Json:
        slack = self._slack
        workspace = slack.workspace
        known = user in workspace.users
        channels = [
            self._channel(channel, user)
            for channel in workspace.channels.values()
            if user in channel.members
        ]
        return {
            "version": self._version(),
            "team": workspace.team.name,
            "you": user,
            "bot": BOT_USER,
            "people": self._people(),
            "names": {each.id: each.name for each in workspace.users.values()},
            "bots": [each.id for each in workspace.users.values() if each.bot],
            "channels": channels,
            "names_of_channels": {c.id: c.name for c in workspace.channels.values()},
            "view": slack.view_of(user) if known else None,
            "home": slack.home_of(user) if known else None,
            "commands": slack.commands,
            "shortcuts": slack.shortcuts,
            "connected": self._connected(),
        }

    def _connected(self) -> str:
        if self._slack.http is not None:
            return "HTTP"
        count = len(self._slack.sockets.connections)
        return f"Socket Mode, {count} connection{'s' * (count != 1)}" if count else ""

    def _channel(self, channel: Channel, user: str) -> Json:
        ephemerals = [
            message
            for message in self._slack.workspace.ephemerals
            if message.channel == channel.id and message.ephemeral_for == user
        ]
        messages = sorted([*channel.messages, *ephemerals], key=lambda message: message.ts)
        return {
            "id": channel.id,
            "name": channel.name,
            "kind": channel.kind,
            "topic": channel.topic,
            "archived": channel.archived,
            "read_only": channel.read_only,
            "shared": bool(channel.shared_with),
            "members": list(channel.members),
            "messages": [self._message(channel, message) for message in messages],
        }

    def _message(self, channel: Channel, message: Message) -> Json:
        shown = channel.shape_of(message)
        shown["author"] = message.user or BOT_USER
        shown["ephemeral"] = message.ephemeral_for is not None
        shown["is_reply"] = message.is_reply
        shown["top"] = message.is_top_level
        return shown

    async def _act(self, request: web.Request) -> web.StreamResponse:
        """Do what somebody did on the page."""
        asked: Json = await request.json()
        name = asked.pop("act")
        if name not in _ACTS:
            raise web.HTTPNotFound
        act = getattr(self._slack, name)
        if set(asked) - set(inspect.signature(act).parameters):
            raise web.HTTPBadRequest
        try:
            answer = await act(**asked)
        except NotPossible as error:
            return web.json_response({"ok": False, "error": str(error)})
        if isinstance(answer, list):
            return web.json_response({"ok": True, "options": answer})
        if getattr(answer, "ok", True):
            return web.json_response({"ok": True})
        return web.json_response({"ok": False, "error": answer.error})
