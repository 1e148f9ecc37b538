"""What goes wrong, and when: a schedule that a seed makes repeatable.

    slack.faults.on_call(faults.status(503), method="chat.postMessage", nth=2)
    slack.faults.on_call(faults.reset_after(), channel="C_ORDERS", times=None, chance=0.1)
    slack.faults.on_delivery(faults.duplicate(), event="message")

What befalls whole connections (refused handshakes, half-open sockets) is in `socket_mode.py`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """How a call, or a delivery, goes wrong."""

    RATELIMITED = "ratelimited"
    """429 with Retry-After."""
    ERROR = "error"
    """200 with `ok: false`."""
    STATUS = "status"
    """A 5xx with the text a proxy writes."""
    HTML = "html"
    """An HTML page that claims to be JSON."""
    HANG = "hang"
    """Not processed, not answered."""
    HANG_AFTER = "hang_after"
    """Processed, not answered."""
    RESET_BEFORE = "reset_before"
    """Not processed; the connection is reset."""
    RESET_AFTER = "reset_after"
    """Processed; the connection is reset before the answer."""
    DRIP = "drip"
    """Processed; the answer comes byte by byte."""
    ERROR_AFTER = "error_after"
    """Processed; the answer says that it failed."""

    DUPLICATE = "duplicate"
    LATE = "late"
    REORDER = "reorder"
    ELSEWHERE = "elsewhere"
    CUT = "cut"
    UNKNOWN_TYPE = "unknown_type"
    MISSING = "missing"
    EXTRA = "extra"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way of going wrong."""

    kind: Kind
    status: int = 200
    error: str = ""
    seconds: float = 0.0
    count: int = 1
    fields: tuple[str, ...] = ()
    extra: tuple[tuple[str, Any], ...] = ()


def ratelimited(retry_after_s: int = 1) -> Fault:
    """429 and how long to wait."""
    return Fault(kind=Kind.RATELIMITED, status=429, seconds=retry_after_s)


def rate_limited_body() -> Fault:
    """200, and `rate_limited` in the body: some methods do so."""
    return Fault(kind=Kind.ERROR, error="rate_limited")


def error(name: str = "internal_error", *, processed: bool = False) -> Fault:
    """`ok: false`; `internal_error` and `fatal_error` may come after all was done."""
    return Fault(kind=Kind.ERROR_AFTER if processed else Kind.ERROR, error=name)


def status(code: int = 503, *, processed: bool = False) -> Fault:
    """A 5xx; a gateway that timed out (504) does not say whether the call was processed."""
    return Fault(kind=Kind.STATUS, status=code, count=int(processed))


def html() -> Fault:
    """A page where JSON was announced."""
    return Fault(kind=Kind.HTML)


def hang(*, processed: bool = False) -> Fault:
    """Never answer."""
    return Fault(kind=Kind.HANG_AFTER if processed else Kind.HANG)


def reset_before() -> Fault:
    """Reset the connection, having done nothing."""
    return Fault(kind=Kind.RESET_BEFORE)


def reset_after() -> Fault:
    """Do it, then reset the connection: the caller cannot know."""
    return Fault(kind=Kind.RESET_AFTER)


def drip(seconds: float = 1.0) -> Fault:
    """Answer byte by byte over this long."""
    return Fault(kind=Kind.DRIP, seconds=seconds)


def duplicate(after_s: float = 0.0) -> Fault:
    """Deliver the same envelope again, `retry_attempt` 0, though it was acknowledged."""
    return Fault(kind=Kind.DUPLICATE, seconds=after_s)


def late(seconds: float = 480.0) -> Fault:
    """Deliver after this long on the clock."""
    return Fault(kind=Kind.LATE, seconds=seconds)


def reorder() -> Fault:
    """Deliver after the envelope that follows."""
    return Fault(kind=Kind.REORDER)


def elsewhere() -> Fault:
    """Deliver on another connection too."""
    return Fault(kind=Kind.ELSEWHERE)


def cut() -> Fault:
    """Reset the connection right behind the envelope: its acknowledgement gets lost."""
    return Fault(kind=Kind.CUT)


def lost() -> Fault:
    """Swallow the first attempt, as if the app had never answered."""
    return Fault(kind=Kind.LOST)


def unknown_type(name: str = "sparkle_added") -> Fault:
    """Deliver an event of a type nobody has heard of."""
    return Fault(kind=Kind.UNKNOWN_TYPE, error=name)


def missing(*fields: str) -> Fault:
    """Leave these fields out of the event (or of the payload, where there is no event)."""
    return Fault(kind=Kind.MISSING, fields=fields)


def extra(**fields: Any) -> Fault:
    """Put fields nobody has heard of into the event."""
    return Fault(kind=Kind.EXTRA, extra=tuple(fields.items()))


@dataclass(slots=True)
class _Rule:
    fault: Fault
    where: dict[str, str | None]
    nth: int
    times: int | None
    chance: float
    rng: random.Random
    """Its own: what other rules and calls draw does not change when it fires."""
    seen: int = 0
    fired: int = 0

    def fires(self, **at: str | None) -> bool:
        if any(want is not None and at.get(key) != want for key, want in self.where.items()):
            return False
        if self.times is not None and self.fired >= self.times:
            return False
        self.seen += 1
        if self.seen < self.nth or (self.chance < 1.0 and self.rng.random() >= self.chance):
            return False
        self.fired += 1
        return True


class Faults:
    """The schedule: which call, which delivery, and what befalls it."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._calls: list[_Rule] = []
        self._deliveries: list[_Rule] = []
        self.fired: list[tuple[str, Fault]] = []
        """What went wrong so far, for diagnosis."""

    def on_call(
        self,
        fault: Fault,
        *,
        method: str | None = None,
        channel: str | None = None,
        nth: int = 1,
        times: int | None = 1,
        chance: float = 1.0,
    ) -> None:
        """Plan a fault for calls of a method, to a channel: from the nth on, so many times.

        `times=None` is for ever; `chance` is drawn at each call that fits.
        """
        where = {"method": method, "channel": channel}
        self._calls.append(_Rule(fault, where, nth, times, chance, self._chance()))

    def on_delivery(
        self,
        fault: Fault,
        *,
        event: str | None = None,
        kind: str | None = None,
        channel: str | None = None,
        nth: int = 1,
        times: int | None = 1,
        chance: float = 1.0,
    ) -> None:
        """Plan a fault for envelopes of a kind (`events_api`, `interactive`, `slash_commands`).

        `event` is the event's type, the interaction's type or the command.
        """
        where = {"event": event, "kind": kind, "channel": channel}
        self._deliveries.append(_Rule(fault, where, nth, times, chance, self._chance()))

    def _chance(self) -> random.Random:
        number = len(self._calls) + len(self._deliveries)
        return random.Random(f"{self._seed} {number}")  # noqa: S311 - repeatable, no secret

    def storm(self, chance: float = 0.2, *, calls: bool = True, deliveries: bool = True) -> None:
        """Let all sorts of things go wrong, for ever, each call and delivery with this chance.

        Nothing in it waits for long: what hangs or is late is for a plan of its own.
        """
        of_calls = (
            ratelimited(1),
            rate_limited_body(),
            error("internal_error"),
            error("fatal_error", processed=True),
            status(503),
            status(504, processed=True),
            html(),
            reset_before(),
            reset_after(),
        )
        of_deliveries = (duplicate(), duplicate(0.05), reorder(), elsewhere(), cut(), lost())
        for fault in of_calls if calls else ():
            self.on_call(fault, times=None, chance=chance / len(of_calls))
        for fault in of_deliveries if deliveries else ():
            self.on_delivery(
                fault, kind="events_api", times=None, chance=chance / len(of_deliveries)
            )

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        self._calls.clear()
        self._deliveries.clear()

    def of_call(self, method: str, channel: str | None) -> Fault | None:
        """Return what befalls this call: the first rule that fits."""
        for rule in self._calls:
            if rule.fires(method=method, channel=channel):
                self.fired.append((method, rule.fault))
                return rule.fault
        return None

    def of_delivery(self, kind: str, event: str, channel: str | None) -> list[Fault]:
        """Return what befalls this envelope: every rule that fits."""
        found = [
            rule.fault
            for rule in self._deliveries
            if rule.fires(kind=kind, event=event, channel=channel)
        ]
        self.fired += [(event, fault) for fault in found]
        return found
