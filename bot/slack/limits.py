"""How often Slack may be called: a budget for each line of calls, the urgent ones first.

A line is a method, or one channel of a method that is limited by channel. It holds tokens that come
back at a steady rate. Who waits is served by urgency, but an hour of agents' replies does not keep
a status card from ever being updated: each second of waiting counts against urgency.

Nothing here sleeps or reads a clock; `gate` does the waiting.
"""

from __future__ import annotations

import heapq
import itertools
from enum import IntEnum
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping

MINUTE_S = 60.0


class Urgency(IntEnum):
    """Who goes first where several wait."""

    REPLY = 0
    """A person waits for words."""
    CARD = 1
    """A new ticket's card."""
    NORMAL = 2
    LINE = 3
    """What a customer says, mirrored into a thread."""
    UPDATE = 4
    """A card that is brought up to date; the next one will tell the same."""


HEAD_START_S = 1.5
"""So much longer than one urgency the next lower must have waited to go before it.

An update then waits six seconds more than a reply at most, which is less than callers' patience.
"""

_EXACT_S = 1e-9
"""A rounding error must not make a token that is there seem a nanosecond away."""


class Budget(Struct, frozen=True):
    """So many calls at once, and so many a second after that."""

    burst: int
    per_s: float

    @classmethod
    def per_minute(cls, count: int, *, burst: int = 10) -> Budget:
        """Return the budget that never allows more than `count` in any minute."""
        return cls(burst, (count - burst) / MINUTE_S)


PER_CHANNEL = frozenset({"chat.postMessage"})
"""Limited by channel rather than by method."""

_TIER_2 = Budget.per_minute(20, burst=5)
_TIER_3 = Budget.per_minute(50)
_TIER_4 = Budget.per_minute(100)

# By slackapi/java-slack-sdk, metadata/web-api/rate_limit_tiers.json; tiers are "and more", we stay
# at the number. auth.test has a special limit of hundreds a minute.
BUDGETS = {
    # Calls arrive closer together than they were sent: one less at once than Slack puts up with.
    "chat.postMessage": Budget(2, 1.0),
    "chat.postEphemeral": _TIER_4,
    "chat.update": _TIER_3,
    "chat.delete": _TIER_3,
    "chat.getPermalink": Budget.per_minute(300),
    "conversations.history": _TIER_3,
    "conversations.replies": _TIER_3,
    "conversations.open": _TIER_3,
    "conversations.info": _TIER_3,
    "conversations.members": _TIER_4,
    "conversations.join": _TIER_3,
    "users.conversations": _TIER_3,
    "users.info": _TIER_4,
    "users.lookupByEmail": _TIER_3,
    "views.open": _TIER_4,
    "views.update": _TIER_4,
    "views.push": _TIER_4,
    "views.publish": _TIER_4,
    "reactions.add": _TIER_3,
    "reactions.remove": _TIER_2,
    "files.getUploadURLExternal": _TIER_4,
    "files.completeUploadExternal": _TIER_4,
    "auth.test": _TIER_4,
}
OTHERWISE = _TIER_2
"""For a method that nobody has looked up."""

Line = tuple[str, str | None]
"""A method, and the channel where channels have a budget each."""


def line_of(method: str, channel: str | None) -> Line:
    """Return the line that a call stands in."""
    return (method, channel if method in PER_CHANNEL else None)


class Limiter:
    """Who waits in which line, and who may go.

    `ask` puts a call in line, `next` lets the first one go when there is a token for it. Times are
    of any one monotonic clock, in seconds.
    """

    def __init__(self, budgets: Mapping[str, Budget] | None = None) -> None:
        self._budgets = BUDGETS if budgets is None else budgets
        self._lines: dict[Line, _State] = {}
        self._numbers = itertools.count()

    @property
    def lines(self) -> int:
        """How many lines are remembered."""
        return len(self._lines)

    def ask(self, line: Line, urgency: Urgency, now: float) -> int:
        """Put a call in line and return its number."""
        state = self._state(line, now)
        number = next(self._numbers)
        heapq.heappush(state.waiting, (now + urgency * HEAD_START_S, number))
        return number

    def next(self, line: Line, now: float) -> int | None:
        """Return the number of the call that may go now, if there is one."""
        state = self._lines.get(line)
        if state is None or not state.waiting or state.ready_at(now) > now + _EXACT_S:
            return None
        state.take(now)
        return heapq.heappop(state.waiting)[1]

    def ready_at(self, line: Line, now: float) -> float | None:
        """Return when the next call of a line may go; None when none waits."""
        state = self._lines.get(line)
        if state is None or not state.waiting:
            return None
        return state.ready_at(now)

    def withdraw(self, line: Line, number: int) -> None:
        """Take a call out of its line that no longer wants to go."""
        state = self._lines.get(line)
        if state is not None:
            state.waiting = [entry for entry in state.waiting if entry[1] != number]
            heapq.heapify(state.waiting)

    def wait_s(self, line: Line, now: float) -> float:
        """Return how long a call that joined now would wait behind all others, in seconds."""
        state = self._lines.get(line)
        if state is None:
            return 0.0
        return state.ready_at(now) - now + len(state.waiting) / state.budget.per_s

    def pause(self, line: Line, seconds: float, now: float) -> None:
        """Let nobody of a line go for a while, because Slack said so."""
        state = self._state(line, now)
        state.paused_until = max(state.paused_until, now + seconds)
        # Slack's count of us is full: no burst right after the pause.
        state.empty(now)

    def sweep(self, now: float) -> None:
        """Forget the lines that are as good as new."""
        self._lines = {line: s for line, s in self._lines.items() if not s.is_idle(now)}

    def _state(self, line: Line, now: float) -> _State:
        state = self._lines.get(line)
        if state is None:
            state = self._lines[line] = _State(self._budgets.get(line[0], OTHERWISE), now)
        return state


class _State:
    """One line: its tokens at `at`, and who waits."""

    def __init__(self, budget: Budget, now: float) -> None:
        self.budget = budget
        self.tokens = float(budget.burst)
        self.at = now
        self.paused_until = now
        self.waiting: list[tuple[float, int]] = []

    def ready_at(self, now: float) -> float:
        """Return when there is a whole token, `now` at the earliest."""
        missing = 1.0 - self._tokens(now)
        return max(now, self.paused_until, now + missing / self.budget.per_s)

    def take(self, now: float) -> None:
        self.tokens, self.at = self._tokens(now) - 1.0, now

    def empty(self, now: float) -> None:
        self.tokens, self.at = min(1.0, self._tokens(now)), now

    def is_idle(self, now: float) -> bool:
        whole = self._tokens(now) >= self.budget.burst
        return whole and not self.waiting and self.paused_until <= now

    def _tokens(self, now: float) -> float:
        back = max(0.0, now - self.at) * self.budget.per_s
        return min(float(self.budget.burst), self.tokens + back)
