"""Plans what a ticket's thread lacks: its card, its lines, what was said before.

The conversation is the truth and its thread a copy: a plan asks for what lies behind the mark that
the last one left, so a line is asked for once however often there is news.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from bot.desk.lanes import typed_at
from bot.desk.posts import CARDS, CHANNEL, FILES, TICKS
from bot.errors import ChannelError
from crm_store.drafts import ThreadPlan
from crm_store.errors import Conflict, NotFound, StoreError
from crm_store.records import AuthorKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from bot.delivery import Delivery
    from bot.desk.roster import Roster
    from crm_store.desk_records import Thread
    from crm_store.records import Conversation, Message, Ticket
    from crm_store.store import Store

_log = structlog.get_logger()

RECAP = 12
"""Messages before the hand-over that stand in the thread: enough to ask nothing twice."""

PAUSES_S = (0.25, 0.5, 1.0, 2.0, 4.0)
"""How long a plan that failed rests before it is tried again; after that the catch-up has it."""

MOST_CONFLICTS = 5

MOST_LINES = 200
"""Messages that one plan asks for; the next one goes on."""


class Plans:
    """Plans threads, each when there is news of its ticket."""

    def __init__(self, store: Store, roster: Roster, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._roster = roster
        self._clock = clock
        self._delivery: Delivery | None = None
        self.tasks: dict[int, asyncio.Task[None]] = {}
        """By ticket."""
        self._news: set[int] = set()

    def start(self, delivery: Delivery) -> None:
        """Begin to plan; what was planned is posted by the delivery."""
        self._delivery = delivery

    async def close(self) -> None:
        """Plan nothing more; the next start finds what is missing."""
        self._delivery = None
        tasks = list(self.tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def news(self, number: int) -> None:
        """Say that a ticket or its conversation has changed. Never waits and never fails."""
        if self._delivery is None:
            return
        self._news.add(number)
        if number not in self.tasks:
            self.tasks[number] = asyncio.create_task(self._plan_all(number))

    async def catch_up(self) -> int:
        """Look for tickets whose threads do not show how they stand; return how many there are."""
        behind = await self._store.threads.behind()
        for number in behind:
            self.news(number)
        return len(behind)

    async def _plan_all(self, number: int) -> None:
        try:
            for pause_s in PAUSES_S:
                if await self._plan_news(number):
                    return
                await asyncio.sleep(pause_s)
            await self._plan_news(number)
        finally:
            del self.tasks[number]

    async def _plan_news(self, number: int) -> bool:
        """Plan until there is no more news; return whether that is done with."""
        try:
            while number in self._news:
                self._news.discard(number)
                await self._plan_until_done(number)
        except NotFound:
            _log.warning("desk_without_ticket", ticket=number)
        except (StoreError, ChannelError) as error:
            # In the end whoever looks next time finds it behind again.
            _log.warning("desk_not_planned", ticket=number, error_type=type(error).__name__)
            self._news.add(number)
            return False
        return True

    async def _plan_until_done(self, number: int) -> None:
        for _ in range(MOST_CONFLICTS):
            try:
                if not await self._plan(number):
                    return
            except Conflict:
                continue

    async def _plan(self, number: int) -> bool:
        """Ask for what a ticket's thread lacks; return whether there may be more."""
        ticket = await self._store.tickets.get(number)
        conversation = await self._store.conversations.get(ticket.conversation_id)
        thread = await self._store.threads.of_ticket(number)
        channel = await self._roster.channel(ticket.queue)
        if channel is None:
            _log.warning("desk_without_channel", queue=ticket.queue, ticket=number)
            return False
        if thread is not None and _is_current(thread, ticket, conversation, channel):
            return False
        plan = await self._planned(ticket, conversation, thread, channel)
        planned = await self._store.threads.plan(plan)
        if self._delivery is not None:
            files = f"{FILES}:{planned.channel}"
            for lane in (f"{CHANNEL}:{planned.channel}", files, CARDS, TICKS):
                self._delivery.wake(lane)
        return planned.mirrored_seq < conversation.last_seq

    async def _planned(
        self, ticket: Ticket, conversation: Conversation, thread: Thread | None, channel: str
    ) -> ThreadPlan:
        moved = thread is None or thread.channel != channel
        if thread is None:
            begin = max(0, (ticket.opened_seq or conversation.last_seq) - RECAP)
        elif moved:
            begin = max(0, thread.mirrored_seq - RECAP)
        else:
            begin = thread.mirrored_seq
        messages = await self._store.conversations.messages(
            conversation.id, after=begin, limit=MOST_LINES
        )
        shown = [m for m in messages if _belongs(m, ticket, conversation)]
        end = shown[-1].seq if shown else begin
        missing = [] if thread is None or moved else await self._missing(thread, shown)
        return ThreadPlan(
            ticket_number=ticket.number,
            channel=channel,
            thread=thread.id if thread else None,
            mirrored_from=thread.mirrored_seq if thread else begin,
            mirrored_to=max(end, begin),
            recap=(begin, end) if moved and shown else None,
            card_version=ticket.version,
            lines=tuple((m.conversation_id, m.seq) for m in missing),
            files=tuple((m.conversation_id, f.id) for m in shown if _brings(m) for f in m.files),
            at=self._clock(),
        )

    async def _missing(self, thread: Thread, messages: Sequence[Message]) -> list[Message]:
        """Return those of these messages that are to be posted into a thread."""
        return [
            message
            for message in messages
            if _is_shown(message) and not await self._stands(thread, message)
        ]

    async def _stands(self, thread: Thread, message: Message) -> bool:
        """Return whether a message stands in a thread because somebody typed it there.

        What was typed in the thread that a ticket has left stands there, and nowhere else.
        """
        typed = typed_at(message.client_id or "")
        if typed is None or message.author is AuthorKind.CUSTOMER:
            return False
        channel, ts = typed
        if channel != thread.channel or thread.ts is None or ts < thread.ts:
            return False
        every = await self._store.threads.all_of(thread.ticket_number)
        if sum(each.channel == channel for each in every) == 1:
            return True
        # It came back to this channel, and its earlier thread is here, too.
        return await self._roster.stands_in(channel, thread.ts, ts)


def _is_shown(message: Message) -> bool:
    """Return whether a message belongs into a thread at all: of the system's, what is gone."""
    return message.author is not AuthorKind.SYSTEM or message.replaces is not None


def _brings(message: Message) -> bool:
    """Return whether a message brings files that are not in the thread yet."""
    return message.author is AuthorKind.CUSTOMER and message.replaces is None


def _belongs(message: Message, ticket: Ticket, conversation: Conversation) -> bool:
    """Return whether a message was said before its conversation went on to something else."""
    if conversation.ticket_number == ticket.number:
        return True
    return ticket.solved_at is not None and message.at <= ticket.solved_at


def _is_current(thread: Thread, ticket: Ticket, conversation: Conversation, channel: str) -> bool:
    mirrored = (
        conversation.ticket_number != ticket.number or thread.mirrored_seq >= conversation.last_seq
    )
    return mirrored and thread.card_version == ticket.version and thread.channel == channel
