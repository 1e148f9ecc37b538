"""Buttons and thumbs under the bot's messages: each is an answer, once, of one person.

What a button carries is a hint: the choice is looked up under the message that it stands on, and
who pressed must be who the conversation is held with. A question that another one has followed is
answered no more, so that yes never means something else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.channels.slack.forms import FILL
from bot.channels.slack.linking import LINK
from bot.channels.slack.messages import chosen
from bot.channels.slack.visitors import is_alone
from bot.messages import Message
from crm_store.drafts import BehaviourEvent, Line, Rating
from crm_store.errors import Conflict
from crm_store.records import AuthorKind

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from bot.channels.slack.filling import Filling
    from bot.channels.slack.linking import Linking
    from bot.channels.slack.posting import Posting
    from bot.channels.slack.visitors import Visitor, Visitors
    from bot.desk.speech import Speech
    from bot.messages import Receipt
    from bot.slack.events import Pressed, Reacted
    from crm_store.drafts import Opened
    from crm_store.records import Choice, Post
    from crm_store.store import Store

YES = frozenset({"+1", "thumbsup", "white_check_mark", "ok_hand", "heavy_check_mark"})
NO = frozenset({"-1", "thumbsdown", "x", "no_entry_sign"})

ANY_TIME = ("human", "intent:", "product:", "rate:", "link:")
"""Choices that mean the same however long ago they were offered."""

MOST_BEHIND = 50
"""Messages looked through for a question that has followed."""


class Presses:
    """Takes presses for answers."""

    def __init__(
        self,
        store: Store,
        visitors: Visitors,
        posting: Posting,
        filling: Filling,
        linking: Linking,
        speech: Speech,
        receive: Callable[[Message], Awaitable[Receipt]],
        clock: Callable[[], datetime],
        on_rated: Callable[[int], None],
    ) -> None:
        self._store = store
        self._visitors = visitors
        self._posting = posting
        self._filling = filling
        self._linking = linking
        self._speech = speech
        self._receive = receive
        self._clock = clock
        self._on_rated = on_rated

    async def pressed(self, event: Pressed) -> None:
        """Take a button under one of the bot's messages."""
        if event.channel is None or event.ts is None:
            return
        who = await self._visitors.visitor(event.team, event.user, event.user_team)
        post = await self._store.outbox.find(f"{event.channel}/{event.ts}")
        if post is None or post.conversation_id is None or post.seq is None:
            return
        opened = await self._visitors.theirs(who, post.conversation_id)
        if opened is None:
            await self._refuse(who, event, post)
        elif event.action_id == FILL:
            await self._filling.open(event, who, opened)
        elif event.action_id == LINK:
            await self._linking.begin(who, event.channel)
        else:
            offers = await self._store.conversations.messages(
                post.conversation_id, after=post.seq - 1, limit=1
            )
            choice = chosen(event.action_id, offers[0].offers) if offers else None
            if choice is not None:
                await self._take(who, opened, post, choice, event.thread_ts)

    async def reacted(self, event: Reacted) -> None:
        """Take a thumb on the bot's question for the answer; note any other emoji."""
        if not event.added:
            return
        post = await self._store.outbox.find(f"{event.channel}/{event.ts}")
        if post is None or post.conversation_id is None or post.seq is None:
            return
        who = await self._visitors.visitor(event.team, event.user, event.user_team)
        opened = await self._visitors.theirs(who, post.conversation_id)
        if opened is None:
            return
        offers = await self._store.conversations.messages(
            post.conversation_id, after=post.seq - 1, limit=1
        )
        wanted = _yes_or_no(event.name)
        choices = offers[0].choices if offers else ()
        choice = next((each for each in choices if each.value == wanted), None)
        if choice is not None and not await self._is_past(post):
            await self._take(who, opened, post, choice, None)
            return
        await self._store.behaviours.track(
            BehaviourEvent(
                conversation_id=post.conversation_id,
                client_id=f"reaction:{event.channel}/{event.ts}:{event.name}"[:200],
                name="reaction",
                properties={"emoji": event.name[:100], "seq": post.seq},
                at=self._clock(),
            )
        )

    async def _refuse(self, who: Visitor, event: Pressed, post: Post) -> None:
        """Tell somebody that the buttons are another person's, or of another time of theirs."""
        assert event.channel is not None  # noqa: S101  # looked at before
        own = is_alone(event.channel)
        key = "button_stale" if own else "not_your_button"
        await self._visitors.tell(who, event.channel, key, thread_ts=event.thread_ts)
        if own:
            await self._posting.settle(post, None)

    async def _take(
        self, who: Visitor, opened: Opened, post: Post, choice: Choice, thread_ts: str | None
    ) -> None:
        """Take a choice for the words on its button."""
        channel, _, ts = (post.remote_ref or "").partition("/")
        if not choice.value.startswith(ANY_TIME) and await self._is_past(post):
            await self._visitors.tell(who, channel, "button_stale", thread_ts=thread_ts)
            await self._posting.settle(post, None)
            return
        # Of the buttons of one message one counts, and once.
        id_ = f"press:{channel}/{ts}"
        try:
            if choice.value.startswith("rate:"):
                await self._rate(opened, id_, int(choice.value.removeprefix("rate:")))
            elif choice.value.startswith("link:"):
                await self._linking.answered(who, choice.value)
            else:
                await self._receive(self._message(opened, id_, choice.label, choice.value))
        except Conflict:
            await self._visitors.tell(who, channel, "button_stale", thread_ts=thread_ts)
            return
        await self._posting.settle(post, choice.label)

    async def _is_past(self, post: Post) -> bool:
        """Return whether the bot has answered another message since."""
        assert post.conversation_id is not None  # noqa: S101  # looked at before
        seq = post.seq or 0
        found = await self._store.conversations.messages(
            post.conversation_id, after=seq - 1, limit=MOST_BEHIND
        )
        return any(
            m.author is AuthorKind.BOT and m.reply_to is not None and m.reply_to > seq
            for m in found
        )

    def _message(self, opened: Opened, id_: str, text: str, value: str) -> Message:
        return Message(
            conversation_id=opened.conversation.id,
            client_id=id_,
            text=text,
            value=value,
            verified=opened.verified,
            received_at=self._clock(),
        )

    async def _rate(self, opened: Opened, id_: str, score: int) -> None:
        at = self._clock()
        conversation = opened.conversation
        rating = Rating(
            conversation_id=conversation.id, client_id=id_, score=score, comment=None, at=at
        )
        kept = await self._store.conversations.rate(rating)
        thanks = Line(
            conversation_id=conversation.id,
            author=AuthorKind.SYSTEM,
            author_name=None,
            text=self._speech.to_customer(conversation, "rating_thanks"),
            at=at,
            client_id=f"{id_}:thanks",
            outbox=True,
        )
        appended = await self._store.conversations.append(thanks)
        if self._posting.delivery is not None:
            self._posting.delivery.deliver(appended.conversation, appended, None)
        if kept.ticket is not None and not kept.duplicate:
            self._on_rated(kept.ticket)


def _yes_or_no(emoji: str) -> str | None:
    """Return the value of the choice that a thumb stands for; skin makes no difference."""
    name = emoji.partition("::")[0]
    return "confirm:yes" if name in YES else "confirm:no" if name in NO else None
