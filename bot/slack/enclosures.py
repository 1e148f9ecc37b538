"""Files that go along with messages, from Slack to us and from us to Slack.

What comes is fetched from Slack alone, examined and kept before anybody is told of it. What goes
is uploaded into a channel or thread and never gets a public address. An upload can neither be
made twice without being seen twice nor carry metadata: one of which nobody knows whether it arrived
is known by its name among those of ours that no other post accounts for.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from bot.errors import BotError, ChannelError
from bot.files import FileRefused, examine
from bot.slack.errors import SlackRefused
from bot.slack.mrkdwn import clean
from crm_store.attachments import Upload

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from bot.settings.model import Files
    from bot.slack import events
    from bot.slack.api import SlackApi
    from crm_store.records import File, Post
    from crm_store.store import Store


class EnclosureRefused(BotError):  # noqa: N818  # an answer
    """A file is not taken."""

    def __init__(self, code: str, name: str) -> None:
        super().__init__(code)
        self.code = code
        """`too_many`, `too_large`, `file_type`, `empty` or `gone`."""
        self.name = name
        """What its sender calls it."""


class Enclosures:
    """Takes files from Slack and puts files there."""

    def __init__(
        self, api: SlackApi, store: Store, rules: Files, clock: Callable[[], datetime]
    ) -> None:
        self._api = api
        self._store = store
        self._rules = rules
        self._clock = clock

    async def fetch(self, files: Sequence[events.File], conversation_id: str) -> tuple[File, ...]:
        """Return the files as kept for a conversation; the same file again is the same.

        Raises:
            EnclosureRefused: One of them is not taken; then none is.
            ChannelError: They were not to be had just now.
        """
        if len(files) > self._rules.per_message:
            raise EnclosureRefused("too_many", files[-1].name)
        contents = [(file, await self._content(file)) for file in files]
        uploads = [await self._examined(*each, conversation_id) for each in contents]
        return tuple([await self._store.attachments.keep(upload) for upload in uploads])

    async def show(self, post: Post, channel: str, thread_ts: str | None) -> str:
        """Show the file that a post names; return what Slack calls it."""
        found = await self._store.attachments.get(
            post.payload["file"], post.payload["conversation"]
        )
        if found is None:
            raise ChannelError("the file is no longer there", permanent=True)
        file, content = found
        id_ = await self._api.upload_file(
            channel, file.name, content, title=file.name, thread_ts=thread_ts
        )
        return f"{channel}/{id_}"

    async def find(
        self, post: Post, channel: str, messages: Sequence[Mapping[str, Any]]
    ) -> str | None:
        """Return what Slack calls the file of a post, if one of these messages shows it.

        Files go up one after the other in a lane, so of two of the same name the one that no post
        accounts for is the one that is looked for.
        """
        found = await self._store.attachments.get(
            post.payload["file"], post.payload["conversation"]
        )
        if found is None:
            return None
        ours = (await self._api.auth_test()).user
        for file in (file for message in messages for file in message.get("files") or ()):
            named = found[0].name in (file.get("name"), file.get("title"))
            ref = f"{channel}/{file.get('id')}"
            is_it = named and file.get("user") == ours
            if is_it and await self._store.outbox.find(ref) is None:
                return ref
        return None

    async def _content(self, file: events.File) -> bytes:
        if file.url is None:
            raise EnclosureRefused("gone", file.name)
        if file.size > self._rules.max_bytes:
            raise EnclosureRefused("too_large", file.name)
        try:
            return await self._api.download_file(file.url, most_bytes=self._rules.max_bytes)
        except SlackRefused as refused:
            code = "too_large" if refused.code == "file_too_large" else "gone"
            raise EnclosureRefused(code, file.name) from None

    async def _examined(self, file: events.File, content: bytes, conversation_id: str) -> Upload:
        try:
            sound = await asyncio.to_thread(examine, clean(file.name), content, self._rules)
        except FileRefused as refused:
            raise EnclosureRefused(refused.code, file.name) from None
        return Upload(
            conversation_id=conversation_id,
            name=sound.name,
            media_type=sound.media_type,
            content=content,
            at=self._clock(),
            # The same file may be shared with several customers.
            source=f"slack:{file.id}:{conversation_id}",
        )
