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
from bot.channels.webchat.frames import (
    Agreed,
    Chosen,
    Ended,
    Frame,
    Hello,
    Rated,
    Said,
    Seen,
    Tracked,
    Typed,
)
from bot.messages import Message, Over, Receipt
from crm_store import records
from crm_store.drafts import BehaviourEvent, Rating
from crm_store.errors import Busy, Conflict, StoreError, Unavailable

if TYPE_CHECKING:
    from datetime import datetime

    from bot.channels.webchat.consent import Consents
    from bot.channels.webchat.door import Entered
    from bot.channels.webchat.limits import Limiter
    from bot.channels.webchat.sockets import Sockets
    from crm_store.records import File
    from crm_store.store import Store

Receive = Callable[[Message], Awaitable[Receipt]]
End = Callable[[str, str], Awaitable[Over]]
"""Conversation and the sender's id → that it is over."""
Reply = Callable[[Frame], None]
Kept = Said | Chosen | Rated | Tracked | Agreed | Ended

MOST_DELAY_S = 1.0

RETRY_AFTER_S = 2.0
"""When the database is away it comes back by itself, or not for a long time."""


class Visitor(Struct, kw_only=True):
    """Who sends, for as long as they are connected."""

    conversation_id: str
    customer_id: str
    site: str
    locale: str | None
    address: str
    """The network address, for limits only."""
    verified: bool
    may_write: bool = False
    """Whether they are known to have given the consent that their site demands."""
    read_seq: int = 0

    @classmethod
    def of(cls, entered: Entered, address: str, locale: str | None) -> Visitor:
        """Return whoever was let in."""
        return cls(
            conversation_id=entered.opened.conversation.id,
            customer_id=entered.opened.customer.id,
            site=entered.site,
            locale=locale,
            address=address,
            verified=entered.verified_until is not None,
        )


class Intake:
    """Turns client frames into facts in the store."""

    def __init__(
        self,
        store: Store,
        receive: Receive,
        end: End,
        consents: Consents,
        sockets: Sockets,
        limiter: Limiter,
        clock: Callable[[], datetime],
        on_rated: Callable[[int], None] = lambda _ticket: None,
        most_files: int = frames.MAX_FILES,
    ) -> None:
        self._most_files = most_files
        self._store = store
        self._receive = receive
        self._end = end
        self._consents = consents
        self._sockets = sockets
        self._limiter = limiter
        self._clock = clock
        self._on_rated = on_rated
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
            case Said() | Chosen() | Rated() | Tracked() | Agreed() | Ended():
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
        if isinstance(frame, Tracked | Agreed):
            wait = self._limiter.event(visitor.conversation_id)
        else:
            wait = self._limiter.message(visitor.conversation_id, visitor.address)
        if wait:
            self._refuse(frames.nack(frame.id, "rate_limited", round(wait, 1)), reply)
            return
        try:
            if isinstance(frame, Agreed) or await self._may_write(visitor):
                await self._keep(visitor, frame, reply)
            else:
                self._refuse(frames.nack(frame.id, "denied", reason="consent"), reply)
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
                files = await self._files(visitor, frame)
                if files is None:
                    self._refuse(frames.nack(frame.id, "invalid"), reply)
                else:
                    await self._message(visitor, frame.id, frame.text, None, reply, files)
            case Chosen():
                await self._choice(visitor, frame, reply)
            case Rated():
                await self._rating(visitor, frame, reply)
            case Tracked():
                await self._behaviour(visitor, frame, reply)
            case Agreed():
                await self._consent(visitor, frame, reply)
            case Ended():
                over = await self._end(visitor.conversation_id, frame.id)
                reply(frames.ack(frame.id, seq=None, at=over.at, duplicate=over.duplicate))
            case _:
                assert_never(frame)

    async def _may_write(self, visitor: Visitor) -> bool:
        # What was given once is given; what was not may meanwhile have been, in another tab.
        if not visitor.may_write:
            visitor.may_write = await self._consents.given(visitor.customer_id, visitor.site)
        return visitor.may_write

    async def _consent(self, visitor: Visitor, agreed: Agreed, reply: Reply) -> None:
        if agreed.version != self._consents.demanded(visitor.site):
            # They read another text than the one that is asked for.
            self._refuse(frames.nack(agreed.id, "invalid"), reply)
            return
        locale = agreed.locale or visitor.locale
        at, duplicate = await self._consents.give(
            visitor.customer_id, visitor.conversation_id, visitor.site, locale
        )
        visitor.may_write = True
        reply(frames.ack(agreed.id, seq=None, at=at, duplicate=duplicate))

    async def _files(self, visitor: Visitor, said: Said) -> tuple[File, ...] | None:
        """Return the files that a message names; None when they are not its own to name."""
        if not said.files:
            return ()
        if len(said.files) > self._most_files:
            return None
        unsent = await self._store.attachments.unsent(visitor.conversation_id)
        if all(id_ in unsent for id_ in said.files):
            return tuple(unsent[id_] for id_ in said.files)
        # Said twice: by now they belong to the message that it was the first time.
        earlier = await self._store.conversations.sent_as(
            visitor.conversation_id, records.AuthorKind.CUSTOMER, said.id
        )
        if earlier is None or tuple(file.id for file in earlier.files) != said.files:
            return None
        return earlier.files

    async def _message(
        self,
        visitor: Visitor,
        id_: str,
        text: str,
        value: str | None,
        reply: Reply,
        files: tuple[File, ...] = (),
    ) -> None:
        receipt = await self._receive(
            Message(
                conversation_id=visitor.conversation_id,
                client_id=id_,
                text=text,
                value=value,
                verified=visitor.verified,
                files=files,
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
                client_id=id_,
                files=files,
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
            for choice in offer.offers:
                if offer.seq != chosen.seq or choice.value != chosen.value:
                    continue
                score = choice.value.removeprefix("rate:")
                if score != choice.value:
                    rated = Rated(id=chosen.id, score=int(score), comment=None)
                    await self._rating(visitor, rated, reply)
                else:
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
        kept = await self._store.conversations.rate(rating)
        reply(frames.ack(rated.id, seq=None, at=at, duplicate=kept.duplicate))
        if kept.ticket is not None and not kept.duplicate:
            self._on_rated(kept.ticket)

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
