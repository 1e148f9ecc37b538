"""Brings agents' own pictures to the customers they serve: from Slack to our store, once a day.

Customers' browsers never ask Slack. What is not plainly a PNG or a JPEG is no picture.
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING

import structlog

from bot.errors import ChannelError
from bot.files import KINDS, type_of
from bot.slack.errors import OutcomeUnknown, SlackRefused
from bot.status import status_of
from crm_store.agents import LOOKED_AT_EVERY
from crm_store.desk_records import Picture
from crm_store.errors import StoreError
from crm_store.records import Owner

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.delivery import Delivery
    from bot.desk.roster import Roster
    from bot.playbook import Playbook
    from bot.slack.api import SlackApi
    from crm_store.drafts import Handled
    from crm_store.store import Store

_log = structlog.get_logger()

MOST_BYTES = 256_000
"""Slack's own of this size have a tenth of it."""

TAKEN = frozenset({"png", "jpeg"})


class Portraits:
    """Looks at agents' pictures."""

    def __init__(
        self,
        store: Store,
        playbook: Playbook,
        api: SlackApi,
        roster: Roster,
        delivery: Delivery,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._playbook = playbook
        self._api = api
        self._roster = roster
        self._delivery = delivery
        self._clock = clock
        self._looked_at: dict[str, datetime] = {}
        self._looking: set[asyncio.Task[None]] = set()

    def wanted(self, handled: Handled) -> None:
        """Look at the picture of whoever has a conversation now. Never waits and never fails."""
        agent, now = handled.ticket.assignee, self._clock()
        if not self._playbook.settings.desk.pictures:
            return
        if handled.conversation.owner is not Owner.AGENT or agent is None:
            return
        last = self._looked_at.get(agent)
        if last is not None and now - last < LOOKED_AT_EVERY:
            return
        self._looked_at[agent] = now
        task = asyncio.create_task(self._look(agent, handled.conversation.id))
        self._looking.add(task)
        task.add_done_callback(self._looking.discard)

    async def close(self) -> None:
        """Look at nothing more."""
        looking = list(self._looking)
        for task in looking:
            task.cancel()
        await asyncio.gather(*looking, return_exceptions=True)

    async def _look(self, agent: str, conversation_id: str) -> None:
        try:
            if not await self._store.agents.look_at_picture(agent, self._clock()):
                return
            picture = await self._fetched(agent)
            await self._store.agents.keep_picture(agent, picture)
            conversation = await self._store.conversations.get(conversation_id)
            status = await status_of(conversation, self._store, self._playbook, self._clock())
            self._delivery.show_status(conversation, status)
        except (StoreError, ChannelError, OutcomeUnknown) as error:
            # What was there stays, until tomorrow.
            _log.info("picture_not_looked_at", why=type(error).__name__)

    async def _fetched(self, agent: str) -> Picture | None:
        """Return what an agent looks like; None when they do not show themselves.

        Raises:
            ChannelError: Slack does not tell just now.
        """
        person = await self._roster.person(agent.partition(":")[2])
        if person.picture is None:
            return None
        try:
            content = await self._api.download_picture(person.picture, most_bytes=MOST_BYTES)
        except SlackRefused as refused:
            _log.info("picture_refused", code=refused.code)
            return None
        kind = type_of(content, "")
        if kind not in TAKEN:
            _log.info("picture_refused", code="file_type")
            return None
        return Picture(
            id=hashlib.sha256(content).hexdigest(),
            media_type=KINDS[kind].media_type,
            content=content,
        )
