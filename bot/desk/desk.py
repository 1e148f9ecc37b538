"""The desk: hands whatever happens in Slack to who it concerns, and tells people what went wrong.

in a thread of the desk   → talk       a button, a menu → buttons     a dialog → dialogs
/frontdesk, the home page → counter    anything else    → customers
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog

from bot.channels.slack.forms import FILL, FORM
from bot.channels.slack.linking import LINK
from bot.channels.slack.messages import CHOOSE
from bot.desk.acts import Refused
from bot.desk.alongside import Alongside
from bot.desk.buttons import Buttons
from bot.desk.counter import Counter
from bot.desk.dialogs import Dialogs
from bot.desk.reading import Reading
from bot.desk.talk import Talk
from bot.slack.errors import SlackRefused
from bot.slack.events import (
    Closed,
    Command,
    Deleted,
    Edited,
    HomeOpened,
    Joined,
    Mentioned,
    Pressed,
    Reacted,
    Said,
    Shortcut,
    Submitted,
    Suggested,
    Unknown,
)
from bot.slack.mrkdwn import names_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.channels.slack import SlackCustomers
    from bot.desk.hints import Hints
    from bot.desk.office import Office
    from bot.slack.events import SlackEvent
    from crm_store.desk_records import Thread

_log = structlog.get_logger()

TOO_LATE = frozenset(
    {
        *("expired_trigger_id", "exchanged_trigger_id", "trigger_exchanged", "invalid_trigger_id"),
        *("hash_conflict", "not_found"),
    }
)
"""Slack's words for a dialog that came too late: whoever wanted it presses again."""


Interaction = (
    Pressed | Submitted | Shortcut | Command | HomeOpened | Joined | Closed | Suggested | Unknown
)


class Desk:
    """Everything that people do in Slack comes here."""

    def __init__(self, office: Office, customers: SlackCustomers, hints: Hints) -> None:
        self._office = office
        self._customers = customers
        self._hints = hints
        self.talk = Talk(office)
        self._alongside = Alongside(office, self.talk)
        self._counter = Counter(office)
        self._buttons = Buttons(office, self.talk, self._counter)
        self._dialogs = Dialogs(office, self.talk, customers)
        self._reading = Reading(office)

    async def handle(self, event: SlackEvent) -> None:
        """Do what an event wants; whatever it raises has it tried again."""
        try:
            await self._handle(event)
            await self._reading.noticed(event)
        except Refused as refused:
            channel, user = getattr(event, "channel", None), getattr(event, "user", None)
            if user is not None:
                thread_ts = getattr(event, "thread_ts", None)
                await self._office.refuse(refused, channel, user, thread_ts)
        except SlackRefused as error:
            if error.code not in TOO_LATE or not isinstance(event, Pressed | Shortcut | Command):
                raise
            await self._office.tell(event.channel, event.user, "refused.stale")

    async def answer(self, event: Submitted | Suggested) -> Mapping[str, Any] | None:
        """Return what a dialog shows at once; see `intake.Answer`."""
        if isinstance(event, Suggested) or event.view.callback_id == FORM:
            return await self._customers.answer(event)
        return await self._dialogs.answer(event)

    async def _handle(self, event: SlackEvent) -> None:
        match event:
            case Said() | Mentioned():
                await self._said(event)
            case Edited() | Deleted():
                await self._changed(event)
            case Reacted():
                await self._reacted(event)
            case _:
                await self._interacted(event)

    async def _interacted(self, event: Interaction) -> None:
        match event:
            case Pressed():
                await self._pressed(event)
            case Submitted() if event.view.callback_id == FORM:
                await self._customers.submitted(event)
            case Submitted():
                await self._dialogs.submitted(event)
            case Shortcut():
                await self._dialogs.shortcut(event)
            case Command():
                await self._counter.command(event)
            case HomeOpened():
                await self._counter.home(event)
            case Joined():
                await self._joined(event)
            case _:
                return

    async def _joined(self, event: Joined) -> None:
        """Look anew: whoever came may be an agent now, and the bot at home somewhere new."""
        self._office.roster.forget_channels()
        if event.channel in await self._office.roster.channels():
            await self._office.relay.catch_up()

    async def _pressed(self, event: Pressed) -> None:
        if event.action_id.startswith(f"{CHOOSE}:") or event.action_id in (FILL, LINK):
            await self._customers.pressed(event)
        else:
            await self._buttons.pressed(event)

    async def _said(self, event: Said | Mentioned) -> None:
        if event.channel not in await self._office.roster.channels():
            if not await self._alongside.said(event):
                await self._customers.said(event)
            return
        thread = await self._thread(event.channel, event.thread_ts)
        if thread is not None:
            await self.talk.said(event, thread)
        elif event.user and not event.is_bot and event.thread_ts is None and self._calls(event):
            await self._office.roster.agent(event.team, event.user, event.user_team)
            await self._hints.give(event)

    def _calls(self, event: Said | Mentioned) -> bool:
        """Whether somebody calls the bot by its name."""
        ours = self._office.roster.ourselves
        return isinstance(event, Mentioned) or (
            ours is not None and ours.user in names_in(event.text)
        )

    async def _changed(self, event: Edited | Deleted) -> None:
        if event.channel not in await self._office.roster.channels():
            if isinstance(event, Edited):
                await self._customers.edited(event)
            else:
                await self._customers.deleted(event)
            return
        thread = await self._thread(event.channel, event.thread_ts)
        if thread is None:
            return
        if isinstance(event, Edited):
            await self.talk.edited(event, thread)
        else:
            await self.talk.deleted(event, thread)
        # Where the ticket has moved on, its new thread shows what became of a reply.
        self._office.relay.news(thread.ticket_number)

    async def _reacted(self, event: Reacted) -> None:
        if event.channel not in await self._office.roster.channels():
            await self._customers.reacted(event)
            return
        thread = await self._office.threads_around(event.channel, event.ts)
        if thread is not None:
            await self.talk.reacted(event, thread)

    async def _thread(self, channel: str, thread_ts: str | None) -> Thread | None:
        if thread_ts is None:
            return None
        return await self._office.store.threads.named(channel, thread_ts)
