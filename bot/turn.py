"""The turn: from a received message to its recorded answer.

    receive → understand → decide → act → consult → route → record → deliver

`receive` puts the message on disk and returns; only then is it acknowledged. A worker per
conversation takes its messages in order through the rest. What a turn leads to is written in one
transaction, and delivery reads only what was written: a crash between any two steps loses nothing
that was acknowledged and shows nothing twice.

`Turns._safely_think` holds the one catch-all of the walk.
"""

from __future__ import annotations

import asyncio
import traceback
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import structlog

from bot.conclude import Concluder
from bot.messages import Receipt
from bot.status import status_of
from bot.think import Stages, Work, think
from crm_store.drafts import Incoming
from crm_store.errors import AlreadyHandled, Busy, Conflict, Unavailable
from crm_store.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.conclude import Conclusion
    from bot.messages import Message
    from bot.messages import Status as ConversationStatus
    from bot.playbook import Playbook
    from crm_store.drafts import Recorded
    from crm_store.records import Conversation, Json, Owner
    from crm_store.store import Store

    Deliver = Callable[[Conversation, Recorded, ConversationStatus | None], None]
    Observe = Callable[["Answered"], None]

log = structlog.get_logger("frontdesk.turn")

MOST_CONFLICTS = 5
"""So often a turn is thought again because somebody else changed what it was based on."""

RETRY_S = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Pauses while the store cannot be written; the last one repeats until it can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One finished turn, for logs and metrics. Holds nothing that the customer wrote."""

    conversation_id: str
    seq: int
    exchange_id: str
    language: str
    intent: str | None
    probability: float
    rule: str
    reply_keys: tuple[str, ...]
    need: str | None
    owner: Owner
    ticket: int | None
    error_id: str | None
    stages_ms: Json


class Turns:
    """Takes messages through the walk, each conversation's in order."""

    def __init__(
        self,
        *,
        store: Store,
        playbook: Playbook,
        deliver: Deliver,
        clock: Callable[[], datetime],
        observe: Observe | None = None,
        remote_channels: frozenset[str] = frozenset(),
    ) -> None:
        """Make the turns of a process.

        Args:
            store: The CRM store.
            playbook: The configuration in force.
            deliver: Called with what was recorded.
            clock: Returns the present, aware UTC.
            observe: Called with every finished turn.
            remote_channels: Channels whose replies go through the outbox.
        """
        self.playbook = playbook
        self._store = store
        self._deliver = deliver
        self._clock = clock
        self._observe = observe
        self._remote = remote_channels
        self._waiting: dict[str, deque[Work]] = {}
        self._workers: set[asyncio.Task[None]] = set()
        self._closing = False

    @property
    def depth(self) -> int:
        """How many received messages wait for their answer."""
        return sum(map(len, self._waiting.values()))

    async def receive(self, message: Message) -> Receipt:
        """Return the message's place in its conversation, once it is on disk.

        Raises:
            NotFound: There is no such conversation.
            Conflict: The sender used this id for another message.
            Busy, Unavailable: It could not be written.
        """
        received = await self._store.conversations.receive(
            Incoming(
                conversation_id=message.conversation_id,
                client_id=message.client_id,
                text=message.text,
                value=message.value,
                at=message.received_at,
                verified=message.verified,
            )
        )
        if not received.duplicate:
            self._enqueue(
                Work(
                    seq=received.seq,
                    text=message.text,
                    value=message.value,
                    verified=message.verified,
                    conversation=received.conversation,
                    customer=received.customer,
                )
            )
        return Receipt(seq=received.seq, at=received.at, duplicate=received.duplicate)

    async def recover(self) -> int:
        """Take up what was received but not answered before the last stop; return how much."""
        unhandled = await self._store.conversations.unhandled()
        for message, conversation, customer in unhandled:
            self._enqueue(
                Work(
                    seq=message.seq,
                    text=message.text,
                    value=message.value,
                    verified=message.verified,
                    conversation=conversation,
                    customer=customer,
                )
            )
        return len(unhandled)

    async def drain(self, timeout_s: float) -> None:
        """Finish what waits, as far as the time allows; the rest is taken up at the next start."""
        self._closing = True
        if self._workers:
            _, late = await asyncio.wait(tuple(self._workers), timeout=timeout_s)
            for worker in late:
                worker.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    # -- order -------------------------------------------------------------------------------------

    def _enqueue(self, work: Work) -> None:
        queue = self._waiting.get(work.conversation.id)
        if queue is not None:
            queue.append(work)
            return
        self._waiting[work.conversation.id] = queue = deque([work])
        worker = asyncio.create_task(self._work_off(work.conversation.id, queue))
        self._workers.add(worker)
        worker.add_done_callback(self._workers.discard)

    async def _work_off(self, conversation_id: str, queue: deque[Work]) -> None:
        latest: Conversation | None = None
        try:
            while queue:
                work = queue[0]
                if latest is not None and latest.version > work.conversation.version:
                    work = replace(work, conversation=latest)
                latest = await self._answer(work)
                queue.popleft()
        finally:
            del self._waiting[conversation_id]

    async def _answer(self, work: Work) -> Conversation | None:
        """Take one message through the walk, however long the store makes it wait."""
        pauses = iter(RETRY_S)
        conflicts = 0
        while True:
            try:
                return await self._turn(work)
            except AlreadyHandled:
                return None
            except Conflict:
                conflicts += 1
                if conflicts > MOST_CONFLICTS:
                    raise
                work = await self._reloaded(work)
            except (Busy, Unavailable):
                if self._closing:
                    raise
                await asyncio.sleep(next(pauses, RETRY_S[-1]))

    async def _reloaded(self, work: Work) -> Work:
        conversation = await self._store.conversations.get(work.conversation.id)
        customer = await self._store.customers.get(conversation.customer_id)
        return replace(work, conversation=conversation, customer=customer)

    # -- the walk -------------------------------------------------------------------------------

    async def _turn(self, work: Work) -> Conversation:
        """Think, write once, send."""
        stages = Stages()
        exchange_id, now = new_id(), self._clock()
        conclusion, error_id = await self._safely_think(work, exchange_id, now, stages)
        turn = conclusion.turn
        recorded = await self._store.conversations.record(turn)
        stages.done("record")
        conversation = replace(
            work.conversation,
            version=recorded.version,
            state=turn.state,
            owner=turn.owner,
            language=turn.language,
            ticket_number=conclusion.ticket,
            queue=conclusion.queue,
        )
        status = None
        if turn.owner is not work.conversation.owner or turn.ticket is not None:
            status = await status_of(conversation, self._store, self.playbook, now)
        self._deliver(conversation, recorded, status)
        stages.done("deliver")
        if self._observe:
            self._observe(_answered(work, conclusion, error_id, stages))
        return conversation

    async def _safely_think(
        self, work: Work, exchange_id: str, now: datetime, stages: Stages
    ) -> tuple[Conclusion, str | None]:
        """Return what to record; an error becomes an apology, a ticket, and an id in the log."""
        store, playbook = self._store, self.playbook
        concluder = Concluder(playbook, store, self._remote)
        try:
            thought = await think(
                work, playbook, store, exchange_id=exchange_id, now=now, stages=stages
            )
            return await concluder.conclude(
                work, thought, exchange_id=exchange_id, now=now, stages=stages
            ), None
        except (Busy, Unavailable, Conflict):
            raise
        except Exception as error:  # noqa: BLE001 - the walk's one catch-all: apology and ticket
            _log_error(exchange_id, error)
            return await concluder.apologise(
                work, exchange_id=exchange_id, now=now, stages=stages
            ), exchange_id


def _answered(work: Work, conclusion: Conclusion, error_id: str | None, stages: Stages) -> Answered:
    turn = conclusion.turn
    understood, need = turn.exchange.understanding, turn.exchange.need
    return Answered(
        conversation_id=work.conversation.id,
        seq=work.seq,
        exchange_id=turn.exchange.id,
        language=turn.language or "",
        intent=understood.get("intent"),
        probability=understood.get("probability", 0.0),
        rule=turn.exchange.rule,
        reply_keys=turn.exchange.reply_keys,
        need=need["category"] if need else None,
        owner=turn.owner,
        ticket=conclusion.ticket,
        error_id=error_id,
        stages_ms=stages.ms,
    )


def _log_error(error_id: str, error: Exception) -> None:
    """Log what went wrong and where, but not the error's words: they may hold the customer's."""
    frames = traceback.extract_tb(error.__traceback__)
    log.error(
        "turn_failed",
        error_id=error_id,
        kind=type(error).__name__,
        where=[f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-8:]],
    )
