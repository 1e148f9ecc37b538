"""Tells customers how far a person has read: whoever does anything in a thread has it before them.

Nothing hangs on it: what cannot be noted now is noted with the next thing that somebody does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from bot.desk.modals import about_of
from bot.errors import ChannelError
from bot.slack.errors import OutcomeUnknown
from bot.slack.events import (
    Deleted,
    Edited,
    Mentioned,
    Pressed,
    Reacted,
    Said,
    Shortcut,
    Submitted,
)
from crm_store.errors import StoreError

if TYPE_CHECKING:
    from bot.desk.office import Office
    from bot.slack.events import SlackEvent
    from crm_store.desk_records import Thread

_log = structlog.get_logger()

InThread = Said | Mentioned | Edited | Deleted | Reacted | Pressed | Shortcut | Submitted


class Reading:
    """Notes what the desk has seen."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def noticed(self, event: SlackEvent) -> None:
        """Take notice of something that somebody has done; never fails."""
        if not isinstance(event, InThread) or event.user is None:
            return
        try:
            thread = await self._before(event)
            if thread is not None and await self._is_agent(event):
                await self._seen(thread)
        except (StoreError, ChannelError, OutcomeUnknown) as error:
            _log.info("reading_not_noted", why=type(error).__name__)

    async def _before(self, event: InThread) -> Thread | None:
        """Return the thread that somebody had before them; None where there is none."""
        office = self._office
        if isinstance(event, Submitted):
            number = about_of(event.view.private_metadata).ticket
            return await office.store.threads.of_ticket(number) if number else None
        if event.channel is None or event.channel not in await office.roster.channels():
            return None
        thread_ts = getattr(event, "thread_ts", None)
        if thread_ts is not None:
            return await office.store.threads.named(event.channel, thread_ts)
        if event.ts is None or isinstance(event, Said | Mentioned | Edited | Deleted):
            return None
        return await office.threads_around(event.channel, event.ts)

    async def _is_agent(self, event: InThread) -> bool:
        if event.user is None or getattr(event, "is_bot", False):
            return False
        user_team = getattr(event, "user_team", None)
        return await self._office.roster.is_agent(event.team, event.user, user_team)

    async def _seen(self, thread: Thread) -> None:
        office = self._office
        ticket = await office.store.tickets.get(thread.ticket_number)
        seq = await office.store.threads.shown_up_to(thread)
        conversations = office.store.conversations
        if seq and await conversations.read_by_desk(ticket.conversation_id, seq):
            office.delivery.show_read(await conversations.get(ticket.conversation_id))
