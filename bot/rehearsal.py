"""Conversations without a channel: the terminal chat and the golden conversations.

The store is real, in a folder that is thrown away; the turn is the one that serves customers.
"""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from bot.demo import seed
from bot.messages import Message
from bot.turn import Turns
from crm_store.drafts import Opening
from crm_store.ids import new_id
from crm_store.store import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import datetime

    from bot.messages import Status
    from bot.playbook import Playbook
    from bot.turn import Answered
    from crm_store import records
    from crm_store.drafts import Recorded
    from nlp.understanding import Language


class Rehearsal:
    """A place to hold conversations in."""

    def __init__(self, store: Store, playbook: Playbook, clock: Callable[[], datetime]) -> None:
        self.store = store
        self.playbook = playbook
        self.clock = clock
        self._reactions: dict[tuple[str, int], asyncio.Future[Reaction]] = {}
        self._delivered: dict[str, tuple[records.Conversation, Recorded]] = {}
        self.turns = Turns(
            store=store,
            playbook=playbook,
            deliver=self._deliver,
            observe=self._observe,
            clock=self._now,
        )

    def _now(self) -> datetime:
        return self.clock()

    @classmethod
    @asynccontextmanager
    async def open(
        cls, playbook: Playbook, clock: Callable[[], datetime]
    ) -> AsyncIterator[Rehearsal]:
        """Open a rehearsal with the configuration's demo data, and throw it away at the end."""
        with tempfile.TemporaryDirectory(prefix="frontdesk-") as folder:
            store = await Store.open(Path(folder) / "frontdesk.db")
            try:
                await seed(store, playbook.settings, clock())
                rehearsal = cls(store, playbook, clock)
                yield rehearsal
                await rehearsal.turns.drain(10)
            finally:
                await store.close()

    async def visitor(
        self, customer: str | None, language: Language | None = None, site: str | None = None
    ) -> Visitor:
        """Return somebody who starts to chat: a demo customer, signed in, or a stranger."""
        opened = await self.store.conversations.open(
            Opening(
                channel="terminal",
                identity=f"user:{customer}:{new_id()}" if customer else new_id(),
                verified=customer is not None,
                at=self.clock(),
                customer={"external_id": customer} if customer else None,
                locale=language,
                site=site,
            )
        )
        return Visitor(self, opened.conversation.id, verified=customer is not None)

    async def answer(self, message: Message) -> Reaction:
        """Put a message through the turn and return what came of it."""
        receipt = await self.turns.receive(message)
        return await self._reaction(message.conversation_id, receipt.seq)

    def _reaction(self, conversation_id: str, seq: int) -> asyncio.Future[Reaction]:
        """Return the future of a reaction, whichever of asking and answering comes first."""
        key = (conversation_id, seq)
        return self._reactions.setdefault(key, asyncio.get_running_loop().create_future())

    def _deliver(
        self, conversation: records.Conversation, recorded: Recorded, status: Status | None
    ) -> None:
        self._delivered[conversation.id] = (conversation, recorded)

    def _observe(self, answered: Answered) -> None:
        conversation, recorded = self._delivered.pop(answered.conversation_id)
        reaction = Reaction(answered=answered, conversation=conversation, recorded=recorded)
        self._reaction(conversation.id, answered.seq).set_result(reaction)


class Reaction(Struct, frozen=True, kw_only=True):
    """What came of one message."""

    answered: Answered
    conversation: records.Conversation
    recorded: Recorded

    @property
    def messages(self) -> tuple[records.Message, ...]:
        """What the bot said."""
        return self.recorded.messages


class Visitor:
    """Somebody who chats."""

    def __init__(self, rehearsal: Rehearsal, conversation_id: str, *, verified: bool) -> None:
        self.conversation_id = conversation_id
        self.verified = verified
        self._rehearsal = rehearsal
        self._choices: tuple[records.Choice, ...] = ()

    @property
    def choices(self) -> tuple[records.Choice, ...]:
        """The buttons under what the bot said last."""
        return self._choices

    async def say(self, text: str) -> Reaction:
        """Write something."""
        return await self._send(text, None)

    async def choose(self, choice: records.Choice) -> Reaction:
        """Press a button."""
        return await self._send(choice.label, choice.value)

    async def _send(self, text: str, value: str | None) -> Reaction:
        reaction = await self._rehearsal.answer(
            Message(
                conversation_id=self.conversation_id,
                client_id=new_id(),
                text=text,
                value=value,
                verified=self.verified,
                received_at=self._rehearsal.clock(),
            )
        )
        self._choices = tuple(c for m in reaction.messages for c in m.choices)
        return reaction
