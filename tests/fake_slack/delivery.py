"""How what happens in the workspace gets to the app, come what may.

    event → envelope → attempt ─┬─ acknowledged in time → done
                                └─ anything else → wait by the ladder → next attempt → … → given up

An event is attempted again; an interaction or a command is not: its person sees an error instead.
Envelopes go out side by side, so order is what it is in the real thing: likely, not promised.
"""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from tests.fake_slack.faults import Fault, Faults, Kind

if TYPE_CHECKING:
    import random

    from tests.fake_slack.clock import Clock

Json = dict[str, Any]

EVENTS, INTERACTIVE, COMMANDS = "events_api", "interactive", "slash_commands"


@dataclass(slots=True, eq=False)
class Envelope:
    """Something to tell the app."""

    kind: str
    payload: Json
    id: str
    name: str
    """The event's type, the interaction's type, or the command."""
    channel: str | None = None
    attempts: list[Attempt] = field(default_factory=list)
    acknowledged: bool = False
    given_up: bool = False
    answer: Any = None
    """What came with the acknowledgement."""

    @property
    def event_id(self) -> str | None:
        return self.payload.get("event_id")


@dataclass(slots=True)
class Attempt:
    """One try to deliver, and what became of it."""

    number: int
    at: float
    outcome: str = ""
    """`ok`, or why not: `http_timeout`, `http_error`, `connection_failed`, `timeout`…"""
    connection: int | None = None
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an attempt."""

    ok: bool
    reason: str = "ok"
    answer: Any = None
    final: bool = False
    """The app asked not to try again."""
    connection: int | None = None
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person's act led to, as their client sees it."""

    ok: bool
    payload: Any = None
    error: str | None = None


class Transport(Protocol):
    """The way to the app."""

    async def ready(self) -> bool:
        """Wait until there is somebody to deliver to; return whether it had to wait."""

    async def attempt(
        self, envelope: Envelope, number: int, reason: str | None, faults: frozenset[Kind]
    ) -> Outcome:
        """Deliver once."""

    @property
    def ladder(self) -> tuple[float, ...]:
        """How long to wait before each further attempt."""


class Delivery:
    """Delivers every envelope, counts what is under way, and remembers how it went."""

    def __init__(self, clock: Clock, rng: random.Random, faults: Faults) -> None:
        self.clock = clock
        self.transport: Transport | None = None
        self.envelopes: list[Envelope] = []
        self._rng = rng
        self._faults = faults
        self._tasks: set[asyncio.Task[Any]] = set()
        self._under_way: set[Envelope] = set()
        self._held: list[Envelope] = []
        self._changed = asyncio.Event()
        self.last_at = 0.0
        """When an attempt last ended, on the loop's clock."""

    @property
    def under_way(self) -> list[Envelope]:
        """What is neither acknowledged nor given up, and does not wait for a clock set by hand."""
        return list(self._under_way)

    @property
    def undelivered(self) -> list[Envelope]:
        """What was never acknowledged, so far."""
        return [envelope for envelope in self.envelopes if not envelope.acknowledged]

    def envelope(self, kind: str, payload: Json, name: str, channel: str | None) -> Envelope:
        """Return a new envelope for a payload."""
        id_ = str(uuid.UUID(int=self._rng.getrandbits(128), version=4))
        return Envelope(kind, payload, id_, name, channel)

    def send(self, envelope: Envelope) -> None:
        """Deliver an event; returns at once."""
        self.envelopes.append(envelope)
        found = self._faults.of_delivery(envelope.kind, envelope.name, envelope.channel)
        _mutate(envelope, found)
        if any(fault.kind is Kind.REORDER for fault in found):
            self._held.append(envelope)
            self._start(self._release_later(envelope))
            return
        self._under_way.add(envelope)
        self._start(self._bring(envelope, found))
        self._release()

    async def ask(self, envelope: Envelope) -> Answer:
        """Deliver an interaction or a command, and return what the person's client makes of it."""
        self.envelopes.append(envelope)
        found = self._faults.of_delivery(envelope.kind, envelope.name, envelope.channel)
        _mutate(envelope, found)
        self._under_way.add(envelope)
        try:
            await self._late(found)
            outcome = await self._attempt(envelope, 0, None, found)
            self._repeat(envelope, found)
        finally:
            self._under_way.discard(envelope)
        if not outcome.ok:
            envelope.given_up = True
            error = "operation_timeout" if "timeout" in outcome.reason else "dispatch_failed"
            return Answer(False, None, error)
        return Answer(True, outcome.answer)

    async def close(self) -> None:
        """Stop delivering."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def start(self, transport: Transport) -> None:
        """Deliver this way from now on; what waited for a way goes out."""
        self.transport = transport
        self._changed.set()

    async def _way(self) -> Transport:
        while self.transport is None:
            self._changed.clear()
            await self._changed.wait()
        return self.transport

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _release_later(self, envelope: Envelope) -> None:
        """Let a held envelope go after a while even though nothing follows."""
        await asyncio.sleep(1.0)
        if envelope in self._held:
            self._release()

    def _release(self) -> None:
        held, self._held = self._held, []
        for envelope in held:
            self._under_way.add(envelope)
            self._start(self._bring(envelope, [], after_s=0.01))

    async def _bring(self, envelope: Envelope, found: list[Fault], after_s: float = 0.0) -> None:
        try:
            if after_s:
                await asyncio.sleep(after_s)
            await self._late(found, envelope)
            await self._climb(envelope, found)
            self._repeat(envelope, found)
        finally:
            self._under_way.discard(envelope)

    async def _climb(self, envelope: Envelope, found: list[Fault]) -> None:
        """Try until it is acknowledged or the ladder ends."""
        way = await self._way()
        number, reason = 0, None
        if await way.ready():
            # Nobody was there at first: what is delivered now is a retry.
            number, reason = 1, "timeout"
        waits = iter(way.ladder)
        while True:
            outcome = await self._attempt(envelope, number, reason, found if not number else [])
            wait_s = None if outcome.ok or outcome.final else next(waits, None)
            if wait_s is None:
                envelope.given_up = not outcome.ok
                return
            await self._sleep(wait_s, envelope)
            number, reason = number + 1, outcome.reason
            await way.ready()

    async def _attempt(
        self, envelope: Envelope, number: int, reason: str | None, found: list[Fault]
    ) -> Outcome:
        way = await self._way()
        attempt = Attempt(number, self.clock.now())
        envelope.attempts.append(attempt)
        kinds = frozenset(fault.kind for fault in found)
        outcome = await way.attempt(envelope, number, reason, kinds)
        self.last_at = asyncio.get_running_loop().time()
        attempt.outcome, attempt.connection = outcome.reason, outcome.connection
        attempt.status = outcome.status
        if outcome.ok and not envelope.acknowledged:
            envelope.acknowledged, envelope.answer = True, outcome.answer
        return outcome

    def _repeat(self, envelope: Envelope, found: list[Fault]) -> None:
        for fault in found:
            if fault.kind is Kind.DUPLICATE:
                self._start(self._again(envelope, fault))

    async def _again(self, envelope: Envelope, fault: Fault) -> None:
        self._under_way.add(envelope)
        try:
            await self._sleep(fault.seconds, envelope)
            for _ in range(fault.count):
                await self._attempt(envelope, 0, None, [])
        finally:
            self._under_way.discard(envelope)

    async def _late(self, found: list[Fault], envelope: Envelope | None = None) -> None:
        for fault in found:
            if fault.kind is Kind.LATE:
                await self._sleep(fault.seconds, envelope)

    async def _sleep(self, seconds: float, envelope: Envelope | None) -> None:
        """Wait on the clock; nobody can wait for one that a test moves by hand."""
        resting = self.clock.by_hand and seconds > 0 and envelope in self._under_way
        if resting and envelope is not None:
            self._under_way.discard(envelope)
        await self.clock.sleep(seconds)
        if resting and envelope is not None:
            self._under_way.add(envelope)


def _mutate(envelope: Envelope, found: list[Fault]) -> None:
    """Change the payload as the faults say."""
    event: Json = envelope.payload.get("event", envelope.payload)
    for fault in found:
        match fault.kind:
            case Kind.UNKNOWN_TYPE:
                event["type"] = fault.error
            case Kind.MISSING:
                for name in fault.fields:
                    event.pop(name, None)
            case Kind.EXTRA:
                event.update(fault.extra)
            case _:
                pass
