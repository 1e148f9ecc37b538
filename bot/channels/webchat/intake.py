"""Takes in what a visitor sends: limits, checks that need the store, and the acknowledgement.

The same for a WebSocket and for a POST. `ack` is sent after the store has committed, and only then
the message is shown to all tabs of its conversation, so that all of them see the same sequence.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, assert_never

from msgspec import Struct

from bot.channels.webchat import frames
from bot.channels.webchat.frames import Chosen, Frame, Hello, Rated, Said, Seen, Tracked, Typed
from bot.messages import Message, Receipt
from crm_store import records
from crm_store.drafts import BehaviourEvent, Rating
from crm_store.errors import Busy, Conflict, StoreError, Unavailable

if TYPE_CHECKING:
    from datetime import datetime

    from bot.channels.webchat.limits import Limiter
    from bot.channels.webchat.sockets import Sockets
    from crm_store.store import Store

Receive = Callable[[Message], Awaitable[Receipt]]
Reply = Callable[[Frame], None]
Kept = Said | Chosen | Rated | Tracked

MOST_DELAY_S = 1.0

RETRY_AFTER_S = 2.0
"""When the database is away it comes back by itself, or not for a long time."""


class Visitor(Struct, kw_only=True):
    """Who sends, for as long as they are connected."""

    conversation_id: str
    address: str
    """The network address, for limits only."""
    verified: bool
    read_seq: int = 0


class Intake:
    """Turns client frames into facts in the store."""

    def __init__(
        self,
        store: Store,
        receive: Receive,
        sockets: Sockets,
        limiter: Limiter,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._receive = receive
        self._sockets = sockets
        self._limiter = limiter
        self._clock = clock
        self.nacks: Counter[str] = Counter()
        """How many frames were refused, by code."""

    async def bad(self, visitor: Visitor, answer: Frame, reply: Reply) -> None:
        """Answer a malformed frame; somebody who sends many is read more slowly."""
        wait = self._limiter.event(visitor.conversation_id)
        if wait:
            await asyncio.sleep(min(wait, MOST_DELAY_S))
        self._refuse(answer, reply)

    async def take(self, visitor: Visitor, frame: frames.ClientFrame, reply: Reply) -> None:
        """Take a frame in and answer it."""
        match frame:
            case Said() | Chosen() | Rated() | Tracked():
                await self._take_in(visitor, frame, reply)
            case Seen():
                await self._mark_read(visitor, frame.seq)
            case Typed():
                # Nobody watches customers type as yet; the notice is worth a count, no more.
                self._limiter.event(visitor.conversation_id)
            case Hello():
                self._refuse(frames.BAD_HELLO, reply)
            case _:
                assert_never(frame)

    async def _take_in(self, visitor: Visitor, frame: Kept, reply: Reply) -> None:
        """Take in what has an id: it is acknowledged, or refused with a reason."""
        if isinstance(frame, Tracked):
            wait = self._limiter.event(visitor.conversation_id)
        else:
            wait = self._limiter.message(visitor.conversation_id, visitor.address)
        if wait:
            self._refuse(frames.nack(frame.id, "rate_limited", round(wait, 1)), reply)
            return
        try:
            await self._keep(visitor, frame, reply)
        except Conflict:
            self._refuse(frames.nack(frame.id, "conflict"), reply)
        except Busy as busy:
            self._refuse(frames.nack(frame.id, "busy", busy.retry_after_s), reply)
        except Unavailable:
            self._refuse(frames.nack(frame.id, "busy", RETRY_AFTER_S), reply)
        except StoreError:
            # The conversation was erased, or merged into another: it takes nothing more.
            self._refuse(frames.nack(frame.id, "denied"), reply)

    async def _keep(self, visitor: Visitor, frame: Kept, reply: Reply) -> None:
        match frame:
            case Said():
                await self._message(visitor, frame.id, frame.text, None, reply)
            case Chosen():
                await self._choice(visitor, frame, reply)
            case Rated():
                await self._rating(visitor, frame, reply)
            case Tracked():
                await self._behaviour(visitor, frame, reply)
            case _:
                assert_never(frame)

    async def _message(
        self, visitor: Visitor, id_: str, text: str, value: str | None, reply: Reply
    ) -> None:
        receipt = await self._receive(
            Message(
                conversation_id=visitor.conversation_id,
                client_id=id_,
                text=text,
                value=value,
                verified=visitor.verified,
                received_at=self._clock(),
            )
        )
        reply(frames.ack(id_, seq=receipt.seq, at=receipt.at, duplicate=receipt.duplicate))
        connections = self._sockets.of(visitor.conversation_id)
        if receipt.duplicate or not connections:
            return
        shown = frames.message(
            records.Message(
                conversation_id=visitor.conversation_id,
                seq=receipt.seq,
                author=records.AuthorKind.CUSTOMER,
                author_name=None,
                text=text,
                at=receipt.at,
            )
        )
        for connection in connections:
            connection.push(shown)

    async def _choice(self, visitor: Visitor, chosen: Chosen, reply: Reply) -> None:
        """Take a press for the words on its button, if there was such a button."""
        offers = await self._store.conversations.messages(
            visitor.conversation_id, after=chosen.seq - 1, limit=1
        )
        for offer in offers:
            for choice in offer.choices:
                if offer.seq == chosen.seq and choice.value == chosen.value:
                    await self._message(visitor, chosen.id, choice.label, choice.value, reply)
                    return
        self._refuse(frames.nack(chosen.id, "invalid"), reply)

    async def _rating(self, visitor: Visitor, rated: Rated, reply: Reply) -> None:
        at = self._clock()
        rating = Rating(
            conversation_id=visitor.conversation_id,
            client_id=rated.id,
            score=rated.score,
            comment=rated.comment,
            at=at,
        )
        duplicate = await self._store.conversations.rate(rating)
        reply(frames.ack(rated.id, seq=None, at=at, duplicate=duplicate))

    async def _behaviour(self, visitor: Visitor, tracked: Tracked, reply: Reply) -> None:
        at = self._clock()
        event = BehaviourEvent(
            conversation_id=visitor.conversation_id,
            client_id=tracked.id,
            name=tracked.name,
            properties=tracked.properties,
            at=at,
        )
        duplicate = await self._store.behaviours.track(event)
        reply(frames.ack(tracked.id, seq=None, at=at, duplicate=duplicate))

    async def _mark_read(self, visitor: Visitor, seq: int) -> None:
        # A tab repeats itself on every scroll; only what is new costs a write.
        if seq <= visitor.read_seq or self._limiter.event(visitor.conversation_id):
            return
        try:
            head = (await self._store.conversations.heads([visitor.conversation_id])).get(
                visitor.conversation_id, 0
            )
            # What was never sent cannot have been read.
            if seq <= head:
                await self._store.conversations.read_up_to(visitor.conversation_id, seq)
                visitor.read_seq = seq
        except StoreError:
            # Nobody was promised anything; the next one says it again.
            return

    def _refuse(self, answer: Frame, reply: Reply) -> None:
        self.nacks[answer.code or answer.kind] += 1
        reply(answer)
