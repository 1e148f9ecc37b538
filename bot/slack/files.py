"""Files to and from Slack.

The token goes to Slack's own hosts and to nobody else: an address comes from a payload, so it is
checked, and checked again at every redirect.
"""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING

import aiohttp
from yarl import URL

from bot.errors import ChannelError
from bot.slack.addresses import require_slacks
from bot.slack.errors import SlackRefused, TryLater

if TYPE_CHECKING:
    from bot.slack.calls import Calls
    from bot.slack.credentials import Credentials

WITHIN_S = 60.0
"""For the bytes of one file, either way."""

PICTURE_WITHIN_S = 10.0

PICTURE = "profile picture"
"""What is named in refusals, where others name a method."""

MOST_REDIRECTS = 3
CHUNK = 65_536


class Files:
    """Uploads and downloads."""

    def __init__(self, calls: Calls, credentials: Credentials) -> None:
        self._calls = calls
        self._api = URL(credentials.api_url)
        self._authorization = f"Bearer {credentials.bot_token}"
        self._timeout = aiohttp.ClientTimeout(total=WITHIN_S, sock_connect=5.0)

    async def upload(
        self,
        channel: str,
        name: str,
        content: bytes,
        *,
        title: str | None,
        comment: str | None,
        thread_ts: str | None,
    ) -> str:
        """Show a file in a channel and return its id."""
        begun = await self._calls.call(
            "files.getUploadURLExternal", filename=name, length=len(content)
        )
        file_id = str(begun["file_id"])
        await self._send(URL(str(begun["upload_url"])), content)
        # Until here nothing is to be seen. `channel_id`, so that the channel stays out of the line.
        await self._calls.call(
            "files.completeUploadExternal",
            files=[{"id": file_id, "title": title or name}],
            channel_id=channel,
            initial_comment=comment,
            thread_ts=thread_ts,
        )
        return file_id

    async def _send(self, url: URL, content: bytes) -> None:
        require_slacks("files.upload", url, self._api)
        try:
            async with self._calls.session.post(
                url,
                data=io.BytesIO(content),
                headers={"Content-Type": "application/octet-stream"},
                timeout=self._timeout,
                proxy=self._calls.client.proxy,
                allow_redirects=False,
            ) as response:
                status = response.status
        except (aiohttp.ClientError, OSError) as error:
            raise ChannelError(f"the file was not uploaded ({type(error).__name__})") from None
        if status == 429:  # Too Many Requests
            raise TryLater(30)
        if status != 200:  # OK
            raise ChannelError(f"the file was not uploaded (status {status})")

    async def download(self, url: str, *, most_bytes: int) -> bytes:
        """Return a file's bytes."""
        try:
            async with asyncio.timeout(WITHIN_S):
                return await self._download(URL(url), most_bytes)
        except (aiohttp.ClientError, OSError) as error:
            raise ChannelError(f"the file was not downloaded ({type(error).__name__})") from None
        except ValueError:
            raise SlackRefused("not_slacks", "files.download") from None

    async def download_picture(self, url: str, *, most_bytes: int) -> bytes:
        """Return the bytes of a profile's picture. It is public: no token goes with the request."""
        try:
            async with asyncio.timeout(PICTURE_WITHIN_S):
                return await self._download_picture(URL(url), most_bytes)
        except (aiohttp.ClientError, OSError) as error:
            raise ChannelError(f"the picture was not downloaded ({type(error).__name__})") from None
        except ValueError:
            raise SlackRefused("not_slacks", PICTURE) from None

    async def _download_picture(self, url: URL, most_bytes: int) -> bytes:
        host = url.host or ""
        slacks = url.scheme == "https" and host.endswith(".slack-edge.com") and url.port == 443
        if url.user is not None or not (slacks or url.origin() == self._api.origin()):
            raise SlackRefused("not_slacks", PICTURE)
        async with self._calls.session.get(
            url,
            timeout=self._timeout,
            proxy=self._calls.client.proxy,
            allow_redirects=False,
        ) as response:
            if response.status == 429 or response.status >= 500:  # busy or broken: later
                raise ChannelError(f"the picture was not downloaded (status {response.status})")
            if response.status != 200:  # OK
                raise SlackRefused("file_not_found", PICTURE)
            return await _read(response, most_bytes, PICTURE)

    async def _download(self, url: URL, most_bytes: int) -> bytes:
        for _ in range(MOST_REDIRECTS):
            require_slacks("files.download", url, self._api)
            async with self._calls.session.get(
                url,
                headers={"Authorization": self._authorization},
                timeout=self._timeout,
                proxy=self._calls.client.proxy,
                allow_redirects=False,
            ) as response:
                if response.status in (301, 302, 303, 307, 308):
                    url = url.join(URL(response.headers.get("Location", "")))
                    continue
                _require_file(response, url)
                return await _read(response, most_bytes, "files.download")
        raise SlackRefused("too_many_redirects", "files.download")


def _require_file(response: aiohttp.ClientResponse, url: URL) -> None:
    """Check that what comes is the file.

    Raises:
        ChannelError: It is not.
    """
    status = response.status
    if status == 429 or status >= 500:  # busy or broken: later
        raise ChannelError(f"the file was not downloaded (status {status})")
    if status != 200:  # OK
        raise SlackRefused("file_not_found", "files.download")
    # Without the scope files:read Slack answers 200 with the page where people sign in.
    if response.content_type == "text/html" and not url.path.endswith((".html", ".htm")):
        raise SlackRefused("missing_scope", "files.download", detail=", needs files:read")


async def _read(response: aiohttp.ClientResponse, most_bytes: int, method: str) -> bytes:
    content = bytearray()
    async for chunk in response.content.iter_chunked(CHUNK):
        content += chunk
        if len(content) > most_bytes:
            raise SlackRefused("file_too_large", method)
    return bytes(content)
