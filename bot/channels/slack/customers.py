"""Customers who write in Slack: their messages go through the same turn as everyone else's.

    said, edited, deleted → visitors: who, where → the turn, or a note → posting
    pressed, reacted      → presses              submitted → filling       "link" → linking

Where Slack lets people change and remove what they wrote, the conversation follows. A message that
was removed before it came is never taken in; an edit that came before its message stands for it.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any, Literal

import structlog
from msgspec.structs import replace

from bot.channels.slack.doorway import Role
from bot.channels.slack.filling import Filling
from bot.channels.slack.linking import Linking
from bot.channels.slack.posting import Posting, waiting_for
from bot.channels.slack.presses import Presses
from bot.channels.slack.visitors import CHANNEL, Visitors, is_alone, source_of
from bot.dialogue.slots import values_of
from bot.messages import Message
from bot.settings.model import TextSlot
from bot.slack import events
from bot.slack.enclosures import EnclosureRefused, Enclosures
from bot.slack.errors import SlackRefused
from bot.slack.intake import SOURCE
from bot.slack.keys import gone_key
from bot.slack.mrkdwn import cut
from crm_store.drafts import Line
from crm_store.errors import Conflict
from crm_store.records import AuthorKind, Owner

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime

    from bot.channels.slack.doorway import Room
    from bot.channels.slack.visitors import Visitor
    from bot.delivery import Delivery
    from bot.desk.roster import Roster
    from bot.desk.speech import Speech
    from bot.messages import Receipt
    from bot.playbook import Playbook
    from bot.slack.api import SlackApi
    from bot.slack.events import (
        Deleted,
        Edited,
        Mentioned,
        Pressed,
        Reacted,
        Said,
        Submitted,
        Suggested,
    )
    from crm_store import records
    from crm_store.drafts import Appended, Opened
    from crm_store.records import Conversation, Post
    from crm_store.store import Store

_log = structlog.get_logger()

LONGEST = 4000
"""Characters of a message, as in the web chat; what is longer ends with a mark."""

CHATTER = frozenset({"greet", "thank", "goodbye"})
"""What people say to each other in a channel; nobody asked the bot."""

ANSWERS = frozenset({"affirm", "deny", None})
"""What means something only where the bot has asked."""

EDITED_WITHIN_S = 86_400.0
"""An older message that the bot never took in was not meant for it, whatever it says now."""


class SlackCustomers:
    """The channel `slack`."""

    name: str = CHANNEL
    remote: Literal[True] = True

    def __init__(
        self,
        store: Store,
        playbook: Playbook,
        api: SlackApi,
        roster: Roster,
        speech: Speech,
        receive: Callable[[Message], Awaitable[Receipt]],
        clock: Callable[[], datetime],
        on_rated: Callable[[int], None],
        on_noted: Callable[[Conversation], None] = lambda _conversation: None,
        on_agent: Callable[[Said | Mentioned], Awaitable[None]] | None = None,
    ) -> None:
        self._store = store
        self._playbook = playbook
        self._api = api
        self._speech = speech
        self._receive = receive
        self._clock = clock
        self._on_noted = on_noted
        self._on_agent = on_agent
        self._visitors = Visitors(store, playbook, api, roster, clock)
        self._enclosures = Enclosures(api, store, playbook.settings.general.files, clock)
        self._posting = Posting(store, playbook, api, speech, clock)
        self.linking = Linking(store, api, self._visitors, speech, clock, self._posting.settle)
        self._filling = Filling(
            store, playbook, api, self._visitors, self._posting, speech, receive, clock
        )
        self._presses = Presses(
            store,
            self._visitors,
            self._posting,
            self._filling,
            self.linking,
            speech,
            receive,
            clock,
            on_rated,
        )

    def start(self, delivery: Delivery) -> None:
        """Begin; what is said goes out through the delivery."""
        self._posting.delivery = self.linking.delivery = delivery

    # -- what customers write ----------------------------------------------------------------

    async def said(self, event: Said | Mentioned) -> None:
        """Take what somebody wrote outside of the desk."""
        if event.user is None or event.is_bot:
            return
        async with self._visitors.in_turn(event):
            await self._said(event, event.user)

    async def _said(self, event: Said | Mentioned, user: str) -> None:
        who = await self._visitors.visitor(event.team, user, event.user_team)
        room = await self._visitors.room(event, who)
        called = is_alone(event.channel) or self._visitors.is_for_us(event)
        listens = room.listens or (called and who.role is Role.AGENT)
        if not listens or who.role is Role.NOBODY or await self._is_gone(event):
            return
        text = await self._words(event)
        if await self.linking.said(who, event.channel, text, called=called):
            return
        if who.role is not Role.CUSTOMER:
            _log.info("slack_not_a_customer", role=who.role)
            if called and self._on_agent is not None:
                await self._on_agent(event)
            return
        if text:
            await self._take(event, who, room, text)

    async def _take(self, event: Said | Mentioned, who: Visitor, room: Room, text: str) -> None:
        """Take a message in, unless it is none for the bot."""
        near = await self._visitors.going_on(event, who)
        if not room.asked and await self._is_chatter(text, near):
            return
        if near is not None and room.asked and await self._is_small_talk(text):
            # Thanks to the bot are no answer to what it has asked in another thread.
            near = None
        opened = await self._visitors.open(event, who, room, near)
        if _is_pictures(text) and not self._is_answer(text):
            await self._note(opened.conversation, text, source_of(event.channel, event.ts))
            return
        message = await self._with_files(
            self._message(opened, source_of(event.channel, event.ts), text), event, who
        )
        try:
            receipt = await self._receive(message)
        except Conflict:
            # It was changed before it came: what it says now was taken in.
            _log.info("slack_edit_came_first", conversation=opened.conversation.id)
            return
        if room.private and event.channel != opened.conversation.address and not receipt.duplicate:
            await self._visitors.tell(
                who, event.channel, "answered_in_private", thread_ts=event.thread_ts
            )

    async def _with_files(self, message: Message, event: Said | Mentioned, who: Visitor) -> Message:
        """Return a message with the files that came with it.

        Of files that are not taken their names stay, and their sender is told.
        """
        if not event.files:
            return message
        try:
            files = await self._enclosures.fetch(event.files, message.conversation_id)
        except EnclosureRefused as refused:
            _log.info("slack_file_refused", code=refused.code)
            await self._visitors.tell(who, event.channel, "file_refused", thread_ts=event.thread_ts)
            return message
        said = await self._spoken(event)
        return replace(message, files=files, text=cut(said, LONGEST))

    async def edited(self, event: Edited) -> None:
        """Follow what a customer changed; what means something else now is answered anew."""
        if event.user is None or event.is_bot or await self._is_gone(event):
            return
        who = await self._visitors.visitor(event.team, event.user, event.user_team)
        source = source_of(event.channel, event.ts)
        versions = await self._visitors.versions(who, source)
        if not versions:
            if self._clock().timestamp() - float(event.ts) < EDITED_WITHIN_S:
                await self.said(_as_said(event))
            return
        first, last = versions[0], versions[-1]
        text = await self._words(event)
        id_ = f"{source}@{event.at}"
        known = [version.client_id or "" for version in versions]
        if not text or text == last.text or any(id_ < other for other in known if "@" in other):
            return
        opened = await self._visitors.theirs(who, first.conversation_id)
        if opened is None:
            return
        conversation = opened.conversation
        bots = conversation.owner in (Owner.BOT, Owner.NONE)
        if not bots or await self._means_the_same(conversation, last.text, text):
            await self._note(conversation, text, id_, replaces=first.seq)
            return
        message = self._message(opened, id_, text)
        await self._receive(replace(message, replaces=first.seq))

    async def deleted(self, event: Deleted) -> None:
        """Note that a customer removed something."""
        if event.user is None:
            return
        who = await self._visitors.visitor(event.team, event.user)
        source = source_of(event.channel, event.ts)
        versions = await self._visitors.versions(who, source)
        if not versions:
            return
        first = versions[0]
        conversation = await self._store.conversations.get(first.conversation_id)
        appended = await self._store.conversations.append(
            Line(
                conversation_id=conversation.id,
                author=AuthorKind.SYSTEM,
                author_name=None,
                text=self._speech.to_customer(conversation, "withdrawn"),
                at=self._clock(),
                # Not a place in Slack: the desk shows what a customer took back.
                client_id=f"withdrawn:{source}",
                replaces=first.seq,
            )
        )
        self._tell_of(appended)

    # -- what an agent takes up ---------------------------------------------------------------

    async def author(self, team: str, channel: str, ts: str) -> tuple[Visitor, str] | None:
        """Return the customer who wrote a message that the bot did not take in, and its text.

        None where there is no such message, or it is no customer's.
        """
        try:
            found = await self._api.replies(channel, ts, latest=ts)
        except SlackRefused:
            return None
        message = next((each for each in found if each.get("ts") == ts), {})
        user, text = str(message.get("user") or ""), str(message.get("text") or "")
        if not user or not text or message.get("bot_id"):
            return None
        who = await self._visitors.visitor(team, user, message.get("user_team"))
        if who.role is not Role.CUSTOMER:
            return None
        return who, cut(await self._visitors.plain(text), LONGEST)

    async def adopt(self, team: str, channel: str, ts: str) -> Conversation | None:
        """Begin a conversation with a customer's message that the bot did not take in."""
        found = await self.author(team, channel, ts)
        if found is None:
            return None
        who, text = found
        opened = await self._visitors.open_at(who, f"{channel}/{ts}")
        await self._note(opened.conversation, text, source_of(channel, ts))
        return await self._store.conversations.get(opened.conversation.id)

    # -- what customers do under the bot's messages ------------------------------------------

    async def reacted(self, event: Reacted) -> None:
        """Take a thumb on the bot's question for the answer."""
        await self._presses.reacted(event)

    async def pressed(self, event: Pressed) -> None:
        """Take a button under one of the bot's messages."""
        await self._presses.pressed(event)

    async def submitted(self, event: Submitted) -> None:
        """Take a form that was sent off."""
        await self._filling.submitted(event)

    async def answer(self, event: Submitted | Suggested) -> Mapping[str, Any] | None:
        """Return what a form shows at once; see `intake.Answer`."""
        return await self._filling.answer(event)

    # -- what customers read -----------------------------------------------------------------

    async def post(self, post: Post) -> str | None:
        """Post a message to its customer; see `RemoteChannel`."""
        return await self._posting.post(post)

    async def reconcile(self, post: Post) -> str | None:
        """Return Slack's name of a post that may have arrived; see `RemoteChannel`."""
        return await self._posting.reconcile(post)

    # -- how it is taken ---------------------------------------------------------------------

    def _message(self, opened: Opened, id_: str, text: str) -> Message:
        return Message(
            conversation_id=opened.conversation.id,
            client_id=id_,
            text=text,
            verified=opened.verified,
            received_at=self._clock(),
        )

    async def _note(
        self, conversation: Conversation, text: str, id_: str, replaces: int | None = None
    ) -> records.Message:
        """Keep what a customer wrote where it is to be read, but not to be answered."""
        appended = await self._store.conversations.append(
            Line(
                conversation_id=conversation.id,
                author=AuthorKind.CUSTOMER,
                author_name=None,
                text=text,
                at=self._clock(),
                client_id=id_,
                replaces=replaces,
            )
        )
        self._tell_of(appended)
        return appended.message

    def _tell_of(self, appended: Appended) -> None:
        self._on_noted(appended.conversation)

    async def _is_gone(self, event: Said | Mentioned | Edited) -> bool:
        """Return whether a message was removed, be it that we heard of that first."""
        key = gone_key(event.team, event.channel, event.ts)
        return await self._store.inbox.knows(SOURCE, key)

    async def _words(self, event: Said | Mentioned | Edited) -> str:
        """Return what a message says; of files alone, what they are called."""
        text = await self._spoken(event)
        if not text and event.files:
            text = "📎 " + ", ".join(file.name for file in event.files)
        return cut(text, LONGEST)

    async def _spoken(self, event: Said | Mentioned | Edited) -> str:
        """Return the words of a message, and of what was forwarded with it."""
        text = await self._visitors.plain(event.text)
        for forwarded in getattr(event, "forwarded", ()):
            text = f"{text}\n\n{await self._visitors.plain(forwarded)}".strip()
        return text

    async def _is_chatter(self, text: str, near: Conversation | None) -> bool:
        """Return whether a message in a channel is none of the bot's business."""
        now = self._clock().astimezone(self._playbook.time_zone)
        understanding = await self._playbook.engine.understand(text, now=now)
        if understanding.intent in CHATTER:
            return True
        if "human" in self._playbook.rules.phrases(text) or values_of(understanding):
            return False
        return understanding.intent in ANSWERS and near is None

    async def _is_small_talk(self, text: str) -> bool:
        now = self._clock().astimezone(self._playbook.time_zone)
        return (await self._playbook.engine.understand(text, now=now)).intent in CHATTER

    async def _means_the_same(self, conversation: Conversation, old: str, new: str) -> bool:
        """Return whether the bot would do the same for what a message says now."""
        if _bare(old) == _bare(new):
            return True
        if isinstance(waiting_for(conversation, self._playbook), TextSlot):
            return False
        now = self._clock().astimezone(self._playbook.time_zone)
        engine = self._playbook.engine
        before = await engine.understand(old, now=now)
        after = await engine.understand(new, now=now)
        same = before.intent == after.intent and values_of(before) == values_of(after)
        return same and after.intent is not None

    def _is_answer(self, text: str) -> bool:
        return bool({"yes", "no"} & self._playbook.rules.phrases(text))


def _as_said(event: Edited) -> Said:
    """Return an edit as the message that it leaves behind."""
    return events.Said(
        team=event.team,
        user=event.user,
        user_team=event.user_team,
        channel=event.channel,
        channel_type=event.channel_type,
        ts=event.ts,
        thread_ts=event.thread_ts,
        text=event.text,
        files=event.files,
        is_ext_shared=event.is_ext_shared,
    )


def _bare(text: str) -> str:
    """Return a text without what makes no difference to what it means."""
    return "".join(char for char in text.casefold() if char.isalnum())


def _is_pictures(text: str) -> bool:
    """Return whether a text is nothing but emoji."""
    return all(unicodedata.category(char) in ("So", "Sk", "Mn", "Cf", "Zs", "Cn") for char in text)
