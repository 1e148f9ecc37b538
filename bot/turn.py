"""The turn: from a received message to its recorded answer.

    receive → understand → decide → act → consult → route → record → deliver

`receive` puts the message on disk and returns; only then is it acknowledged. A worker per
conversation takes its messages in order through the rest. What a turn leads to is written in one
transaction, and delivery reads only what was written: a crash between any two steps loses nothing
that was acknowledged and shows nothing twice.

`Turns._answer` holds the one catch-all of the walk.
"""

from __future__ import annotations

import asyncio
import time
import traceback
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from msgspec import Struct, field
from msgspec.structs import replace

from bot.conclude import Concluder
from bot.messages import Receipt
from bot.status import status_of
from bot.think import Attempt, Stages, Work, think
from crm_store.drafts import Incoming
from crm_store.errors import AlreadyHandled, Busy, Conflict, Unavailable
from crm_store.ids import new_id
from nlp.errors import EngineFailed

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.conclude import Conclusion
    from bot.messages import Message
    from bot.messages import Status as ConversationStatus
    from bot.playbook import Playbook
    from crm_store.drafts import Received, Recorded
    from crm_store.records import Conversation, Json, Owner
    from crm_store.store import Store

    Deliver = Callable[[Conversation, Recorded, ConversationStatus | None], None]
    Observe = Callable[["Answered"], None]

log = structlog.get_logger("frontdesk.turn")

MOST_CONFLICTS = 5
"""So often a turn is thought again because somebody else changed what it was based on."""

TROUBLE_EVERY_S = 30.0
"""A store in trouble refuses hundreds of messages a second; the log needs to know once."""

RETRY_S = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Pauses while the store cannot be written; the last one repeats until it can."""


class Answered(Struct, frozen=True, kw_only=True):
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


class _Course(Struct, kw_only=True):
    """How the attempts to answer one message have gone so far."""

    work: Work
    exchange_id: str = field(default_factory=new_id)
    """Kept while the store may have heard of it: what was recorded under it is found again."""
    conflicts: int = 0
    error_id: str | None = None
    """Of the error for which the next attempt apologises."""
    stale: bool = False
    """Whether to load everything again before the next attempt."""
    touched: bool = False
    """Whether the answer changed shop data or the customer."""
    hopeless: bool = False

    def again(self, work: Work) -> None:
        """Begin anew with what the store says now.

        The exchange that apologises goes by the error's id, so that `explain` finds it.
        """
        self.work, self.exchange_id, self.stale = work, self.error_id or new_id(), False

    def conflicted(self, error: Conflict) -> None:
        """Note that somebody else changed what the attempt was based on."""
        self.stale = True
        self.conflicts += 1
        if self.conflicts > MOST_CONFLICTS:
            self.failed(error)

    def failed(self, error: Exception) -> None:
        """Note an error: the next attempt apologises; an apology that fails is the end."""
        self.hopeless = self.error_id is not None
        self.stale = True
        self.error_id = _log_error(self.work, error)


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
        desk_is_away: Callable[[], bool] = lambda: False,
    ) -> None:
        """Make the turns of a process.

        Args:
            store: The CRM store.
            playbook: The configuration in force.
            deliver: Called with what was recorded.
            clock: Returns the present, aware UTC.
            observe: Called with every finished turn.
            remote_channels: Channels whose replies go through the outbox.
            desk_is_away: Whether those whom customers are passed on to cannot be reached now.
        """
        self.playbook = playbook
        self._store = store
        self._deliver = deliver
        self._clock = clock
        self._observe = observe
        self._remote = remote_channels
        self._desk_is_away = desk_is_away
        self._waiting: dict[str, deque[Work]] = {}
        self._workers: dict[str, asyncio.Task[None]] = {}
        """By conversation; each works its queue off."""
        self._closing = False
        self._quiet_until = 0.0

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
        received = await self._receive(
            Incoming(
                conversation_id=message.conversation_id,
                client_id=message.client_id,
                text=message.text,
                value=message.value,
                at=message.received_at,
                verified=message.verified,
                replaces=message.replaces,
                files=message.files,
            )
        )
        if not received.handled and not self._waits(message.conversation_id, received.seq):
            # A duplicate, too: its sender may have gone away between the commit and this line.
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

    async def _receive(self, incoming: Incoming) -> Received:
        """Put a message on disk; say in the log when that cannot be done, but not for each."""
        try:
            return await self._store.conversations.receive(incoming)
        except (Busy, Unavailable) as error:
            now = time.monotonic()
            if now >= self._quiet_until:
                self._quiet_until = now + TROUBLE_EVERY_S
                log.warning("store_unavailable", error_type=type(error).__name__, error=str(error))
            raise

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

    async def caught_up(self, conversation_id: str) -> None:
        """Return once everything that a customer has said by now is answered."""
        worker = self._workers.get(conversation_id)
        if worker is not None:
            await asyncio.wait({worker})

    async def drain(self, timeout_s: float) -> None:
        """Finish what waits, as far as the time allows; the rest is taken up at the next start."""
        self._closing = True
        if self._workers:
            _, late = await asyncio.wait(tuple(self._workers.values()), timeout=timeout_s)
            for worker in late:
                worker.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    # -- order -------------------------------------------------------------------------------------

    def _waits(self, conversation_id: str, seq: int) -> bool:
        return any(work.seq == seq for work in self._waiting.get(conversation_id, ()))

    def _enqueue(self, work: Work) -> None:
        queue = self._waiting.get(work.conversation.id)
        if queue is not None:
            queue.append(work)
            return
        self._waiting[work.conversation.id] = queue = deque([work])
        worker = asyncio.create_task(self._work_off(work.conversation.id, queue))
        self._workers[work.conversation.id] = worker

    async def _work_off(self, conversation_id: str, queue: deque[Work]) -> None:
        """Answer a conversation's messages in order, until none waits."""
        latest: Conversation | None = None
        touched = False
        try:
            while queue:
                work = queue[0]
                if latest is not None and latest.version > work.conversation.version:
                    work = replace(work, conversation=latest)
                # What the turn before changed, this one must see.
                course = _Course(work=work, stale=touched)
                latest = await self._answer(course) or latest
                touched = course.touched
                queue.popleft()
        except (Busy, Unavailable):
            # Only when the service stops: what is left is taken up at the next start.
            log.warning("left_for_next_start", conversation=conversation_id, code="unavailable")
        finally:
            del self._waiting[conversation_id]
            del self._workers[conversation_id]

    async def _answer(self, course: _Course) -> Conversation | None:
        """Take one message through the walk, however long the store makes it wait.

        Returns:
            The conversation as it stands then; None when there was nothing to do, or nothing that
            could be done: such a message is taken up again at the next start.
        """
        pauses = iter(RETRY_S)
        while not course.hopeless:
            try:
                if course.stale:
                    course.again(await self._reloaded(course.work))
                return await self._turn(course)
            except AlreadyHandled:
                return None
            except (Busy, Unavailable):
                if self._closing:
                    raise
                await asyncio.sleep(next(pauses, RETRY_S[-1]))
            except Conflict as error:
                course.conflicted(error)
            except Exception as error:  # noqa: BLE001 - the walk's one catch-all: apology and ticket
                course.failed(error)
        return None

    async def _reloaded(self, work: Work) -> Work:
        conversation = await self._store.conversations.get(work.conversation.id)
        customer = await self._store.customers.get(conversation.customer_id)
        return replace(work, conversation=conversation, customer=customer)

    # -- the walk ----------------------------------------------------------------------------------

    async def _turn(self, course: _Course) -> Conversation:
        """Think, write once, send; after an error, say sorry and leave it to a person."""
        work, stages = course.work, Stages()
        attempt = Attempt(exchange_id=course.exchange_id, now=self._clock(), stages=stages)
        concluder = Concluder(self.playbook, self._store, self._remote, self._desk_is_away)
        if course.error_id is None:
            thought = await think(work, attempt, self.playbook, self._store)
            conclusion = await concluder.conclude(work, attempt, thought)
        else:
            conclusion = await concluder.apologise(work, attempt, course.error_id)
        turn = conclusion.turn
        recorded = await self._store.conversations.record(turn)
        stages.done("record")
        course.touched = bool(turn.effects)
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
            status = await status_of(conversation, self._store, self.playbook, attempt.now)
        self._deliver(conversation, recorded, status)
        stages.done("deliver")
        if self._observe:
            self._observe(_answered(work, conclusion, stages))
        return conversation


def _answered(work: Work, conclusion: Conclusion, stages: Stages) -> Answered:
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
        error_id=turn.exchange.error_id,
        stages_ms=stages.ms,
    )


def _log_error(work: Work, error: Exception) -> str:
    """Log what went wrong and where, and return its id.

    The error's own words are left out: they may hold the customer's.
    """
    error_id = new_id()
    frames = traceback.extract_tb(error.__traceback__)[-8:]
    log.error(
        "turn_failed",
        error_id=error_id,
        conversation=work.conversation.id,
        seq=work.seq,
        error_type=type(error).__name__,
        reason=[f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
        + list(error.frames if isinstance(error, EngineFailed) else ()),
    )
    return error_id
