"""The addresses outside the Web API: response URLs, uploads and downloads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.fake_slack.block_kit.check import message_problems
from tests.fake_slack.messages import Message
from tests.fake_slack.views import named_blocks
from tests.fake_slack.workspace import APP, BOT, BOT_USER, TEAM

if TYPE_CHECKING:
    from tests.fake_slack.slack import FakeSlack
    from tests.fake_slack.tickets import ResponseUrl

Json = dict[str, Any]

_KNOWN = {
    "text",
    "blocks",
    "attachments",
    "response_type",
    "replace_original",
    "delete_original",
    "thread_ts",
    "unfurl_links",
    "unfurl_media",
    "metadata",
    "mrkdwn",
}


def show(
    slack: FakeSlack, said: Json, user: str, channel_id: str, thread_ts: str | None
) -> str | None:
    """Show an answer to its person, or to the channel; return what is wrong with it."""
    _look_over(slack, said)
    blocks = said.get("blocks") or []
    problems = message_problems(blocks)
    if problems:
        slack.note_problems(problems)
        return "invalid_blocks"
    text = str(said.get("text") or "")
    if not text and not blocks and not said.get("attachments"):
        return "no_text"
    message = Message(
        ts=slack.workspace.next_ts(),
        user=BOT_USER,
        text=text,
        team=TEAM,
        blocks=named_blocks(blocks, slack.workspace),
        attachments=said.get("attachments") or [],
        thread_ts=thread_ts,
        bot_id=BOT,
        app_id=APP,
        metadata=said.get("metadata"),
        channel=channel_id,
    )
    if said.get("response_type") == "in_channel":
        slack.workspace.post(slack.workspace.channels[channel_id], message)
    else:
        message.ephemeral_for = user
        slack.workspace.ephemerals.append(message)
        slack.workspace.touched()
    return None


def _look_over(slack: FakeSlack, said: Json) -> None:
    """Note what no app should send."""
    for unknown in sorted(said.keys() - _KNOWN):
        slack.violations.append(f"response: unknown field {unknown!r}")
    for flag in ("replace_original", "delete_original"):
        if not isinstance(said.get(flag, False), bool):
            slack.violations.append(f"response: {flag} must be true or false")


class Hooks:
    """Answers them."""

    def __init__(self, slack: FakeSlack) -> None:
        self._slack = slack

    async def respond(self, request: web.Request) -> web.StreamResponse:
        """Take an answer over a response URL."""
        found = self._slack.tickets.answer(request.match_info["id"])
        if isinstance(found, str):
            return web.json_response({"ok": False, "error": found}, status=404)
        try:
            said = json.loads(await request.read())
        except ValueError:
            return web.Response(status=400, text="invalid_payload")
        error = self._apply(found, said) if isinstance(said, dict) else "invalid_payload"
        if error is not None:
            return web.Response(status=400, text=error)
        return web.Response(text="ok", content_type="text/html")

    def _apply(self, url: ResponseUrl, said: Json) -> str | None:
        _look_over(self._slack, said)
        workspace = self._slack.workspace
        channel = workspace.channels[url.channel]
        original = channel.find(url.message_ts)
        if original is not None and original.bot_id != BOT:
            original = None
        shown_alone = [m for m in workspace.ephemerals if m.ts == url.message_ts]
        if said.get("delete_original"):
            if url.ephemeral and shown_alone:
                workspace.ephemerals.remove(shown_alone[0])
                workspace.touched()
            elif original is not None:
                workspace.remove(channel, original)
            return None
        if said.get("replace_original") and (original or shown_alone):
            return self._replace(url, said, original or shown_alone[0])
        thread_ts = said.get("thread_ts") or (url.thread_ts if url.message_ts else None)
        return show(self._slack, said, url.user, url.channel, thread_ts)

    def _replace(self, url: ResponseUrl, said: Json, message: Message) -> str | None:
        workspace = self._slack.workspace
        channel = workspace.channels[url.channel]
        blocks = said.get("blocks") or []
        problems = message_problems(blocks)
        if problems:
            self._slack.note_problems(problems)
            return "invalid_blocks"
        before = channel.shape_of(message, metadata=True)
        message.text = str(said.get("text") or "")
        message.blocks = named_blocks(blocks, workspace)
        message.attachments = said.get("attachments") or []
        if url.ephemeral:
            workspace.touched()
        else:
            message.edited = {"user": BOT, "ts": workspace.next_ts()}
            workspace.change(channel, message, before)
        return None

    async def upload(self, request: web.Request) -> web.StreamResponse:
        """Take the content of an announced file."""
        id_ = request.match_info["file"]
        announced = self._slack.uploads.pop(id_, None)
        if announced is None:
            return web.Response(status=404, text="not found")
        content = await _content(request)
        if len(content) != announced:
            self._slack.uploads[id_] = announced
            return web.Response(status=400, text=f"expected {announced} bytes")
        self._slack.workspace.files[id_].content = content
        return web.Response(text=f"OK - {len(content)}")

    async def avatar(self, request: web.Request) -> web.StreamResponse:
        """Return a profile's picture, which is everybody's to see."""
        if "Authorization" in request.headers:
            self._slack.violations.append("a token was sent to where pictures lie")
        content = self._slack.pictures.get(request.match_info["name"])
        if content is None:
            return web.Response(status=404)
        self._slack.picture_requests += 1
        return web.Response(body=content, content_type="image/png")

    async def download(self, request: web.Request) -> web.StreamResponse:
        """Return a file to whoever has a token; to others the page to sign in, as Slack does."""
        file = self._slack.workspace.files.get(request.match_info["file"])
        if file is None:
            return web.Response(status=404)
        header = request.headers.get("Authorization", "")
        token = self._slack.tokens.get(header.removeprefix("Bearer "))
        if token is None or token.revoked or "files:read" not in token.scopes:
            page = "<!DOCTYPE html><html><body>Sign in to Slack</body></html>"
            return web.Response(text=page, content_type="text/html")
        return web.Response(body=file.content, content_type=file.mimetype)


async def _content(request: web.Request) -> bytes:
    """Return the body of an upload: raw, or the first file of a form."""
    if not request.content_type.startswith("multipart/"):
        return await request.read()
    for field in (await request.post()).values():
        if isinstance(field, web.FileField):
            return field.file.read()
    return b""
