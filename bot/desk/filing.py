"""Customers' files in the desk's threads, and agents' files on their way to customers.

Files have a lane of their own for each channel, so that ten megabytes keep nobody's words waiting.
A file goes up once everything that was asked for before it stands: after the line it came with.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from bot.channels import TryLater
from bot.desk.acts import Refused
from bot.errors import ChannelError
from bot.slack.enclosures import EnclosureRefused, Enclosures

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from bot.settings.model import Files
    from bot.slack import events
    from bot.slack.api import SlackApi
    from crm_store.desk_records import Thread
    from crm_store.records import File, Post
    from crm_store.store import Store

LOOK_EVERY_S = 0.1
LOOKS = 30
"""Three seconds: longer waits a lane that Slack keeps waiting, and then files wait outside."""

LATER_S = 5.0


class Filing:
    """Files at the desk."""

    def __init__(
        self, api: SlackApi, store: Store, rules: Files, clock: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._rules = rules
        self._enclosures = Enclosures(api, store, rules, clock)

    async def post(self, post: Post, thread: Thread) -> str:
        """Show a customer's file in a thread; return what Slack calls it."""
        await self._turn(post, f"desk:{thread.channel}")
        now = await self._store.threads.get(thread.id)
        if now is None or now.ts is None:
            raise ChannelError("the card of this thread could not be posted", permanent=True)
        return await self._enclosures.show(post, now.channel, now.ts)

    async def find(
        self, post: Post, channel: str, messages: Sequence[Mapping[str, Any]]
    ) -> str | None:
        """Return what Slack calls a file that may have arrived, see `Enclosures.find`."""
        return await self._enclosures.find(post, channel, messages)

    async def take(self, files: Sequence[events.File], conversation_id: str) -> tuple[File, ...]:
        """Return the files that an agent sends, kept for their customer.

        Raises:
            Refused: One of them cannot be sent.
        """
        try:
            return await self._enclosures.fetch(files, conversation_id)
        except EnclosureRefused as refused:
            values = {"most": self._rules.max_mb, "count": self._rules.per_message}
            raise Refused(f"refused.file.{refused.code}", **values, name=refused.name) from None

    async def _turn(self, post: Post, lane: str) -> None:
        """Wait until nothing that was asked for earlier is on its way in the lane of the words.

        Raises:
            TryLater: That takes long.
        """
        for _ in range(LOOKS):
            head = await self._store.outbox.head(lane)
            if head is None or head.id > post.id:
                return
            await asyncio.sleep(LOOK_EVERY_S)
        raise TryLater(LATER_S)
