"""Files: the token goes to Slack alone, and no file is larger than we can bear."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from bot.errors import ChannelError
from bot.slack.errors import SlackRefused
from bot.slack.events import Said
from tests.fake_slack import faults
from tests.unit.bot.slack.cast import CLEO, DESK, calling, listening, workspace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Elsewhere:
    """A server that is not Slack's, and the tokens that it was given."""

    def __init__(self) -> None:
        self.tokens: list[str | None] = []
        self.url = ""

    async def serve(self, request: web.Request) -> web.Response:
        self.tokens.append(request.headers.get("Authorization"))
        return web.Response(body=b"stolen")


@contextlib.asynccontextmanager
async def elsewhere() -> AsyncIterator[Elsewhere]:
    other = Elsewhere()
    app = web.Application()
    app.router.add_get("/{any:.*}", other.serve)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    other.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield other
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def redirecting(to: str) -> AsyncIterator[str]:
    """An API of Slack's that sends whoever asks elsewhere; yields its address."""
    app = web.Application()

    async def serve(request: web.Request) -> web.Response:
        where = to if to != "in circles" else str(request.url)
        return web.Response(status=302, headers={"Location": where})

    app.router.add_get("/{any:.*}", serve)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_a_file_that_somebody_shares_can_be_read() -> None:
    async with workspace() as slack, listening(slack) as listener:
        await slack.say(DESK, CLEO, "look", files=[("photo.png", b"\x89PNG" + b"x" * 1000)])
        await listener.heard("look")
        (said,) = (event for event in listener.seen if isinstance(event, Said))
        (file,) = said.files
        assert (file.name, file.size, file.mimetype) == ("photo.png", 1004, "image/png")
        assert file.url is not None
        content = await listener.platform.api.download_file(file.url, most_bytes=1004)
        assert content == b"\x89PNG" + b"x" * 1000
        with pytest.raises(SlackRefused, match="too large") as caught:
            await listener.platform.api.download_file(file.url, most_bytes=1003)
        assert caught.value.permanent


async def test_a_file_is_shown_in_a_thread() -> None:
    async with workspace() as slack, calling(slack) as api:
        root = await api.post_message(DESK, "root")
        content = "第一行\n".encode() * 100_000
        file_id = await api.upload_file(
            DESK, "chat.txt", content, title="The chat", comment="Here", thread_ts=root.ts
        )
        (line,) = slack.transcript(DESK, root.ts)[1:]
        assert (line.files, line.text) == (("chat.txt",), "Here")
        assert slack.workspace.files[file_id].content == content


async def test_what_fails_before_a_file_is_shown_was_not_done() -> None:
    async with workspace() as slack, calling(slack) as api:
        for fault in (faults.status(503), faults.reset_after()):
            slack.faults.on_call(fault, method="files.getUploadURLExternal")
            with pytest.raises(ChannelError) as caught:
                await api.upload_file(DESK, "a.txt", b"x")
            assert not caught.value.permanent
        assert slack.transcript(DESK) == []


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/files-pri/T1-F1/photo.png",
        "https://files.slack.com.evil.example/x",
        "https://evilslack.com/x",
        "http://files.slack.com/x",
        "https://files.slack.com:8443/x",
        "https://user@files.slack.com/x",
        "https://slack.com@evil.example/x",
        "file:///etc/passwd",
        "//files.slack.com/x",
        "not an address",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1",
        "",
    ],
)
async def test_the_token_goes_nowhere_else(url: str) -> None:
    async with workspace() as slack, calling(slack) as api:
        with pytest.raises(SlackRefused, match="does not lie with Slack"):
            await api.download_file(url, most_bytes=1000)
        with pytest.raises(SlackRefused, match="does not lie with Slack"):
            await api.replace_pressed(url, "sent", blocks=[])


async def test_nor_does_it_follow_a_redirect() -> None:
    async with elsewhere() as other, redirecting(f"{other.url}/x") as api_url:
        async with workspace() as slack, calling(slack) as api:
            # As if the configured API were the one that redirects.
            api._files._api = api._files._api.with_port(int(api_url.rsplit(":", 1)[1]))
            with pytest.raises(SlackRefused, match="does not lie with Slack"):
                await api.download_file(f"{api_url}/f", most_bytes=1000)
            with pytest.raises(SlackRefused, match="does not lie with Slack"):
                await api.download_file(f"{other.url}/f", most_bytes=1000)
        assert other.tokens == []


async def test_a_redirect_in_circles_comes_to_an_end() -> None:
    async with redirecting("in circles") as api_url, workspace() as slack, calling(slack) as api:
        api._files._api = api._files._api.with_port(int(api_url.rsplit(":", 1)[1]))
        with pytest.raises(SlackRefused, match="too_many_redirects"):
            await api.download_file(f"{api_url}/f", most_bytes=1000)


async def test_a_file_that_is_gone_and_a_slack_that_is() -> None:
    async with workspace() as slack, calling(slack) as api:
        with pytest.raises(SlackRefused, match="no longer there"):
            await api.download_file(f"{slack.url}/files-pri/F0/download/x.png", most_bytes=10)
        slack.down = True
        with pytest.raises(ChannelError) as caught:
            await api.download_file(f"{slack.url}/files-pri/F0/download/x.png", most_bytes=10)
        assert not caught.value.permanent
