"""Slack's rate limits: one post a second in each channel, and tiers for everything else."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fake_slack.clock import Clock

A_MINUTE = {1: 1, 2: 20, 3: 50, 4: 100}
"""Calls of a method within a minute, by its tier."""

POSTS_A_SECOND = 1.0
BURST = 3


@dataclass(slots=True)
class _Bucket:
    level: float
    at: float


class RateLimits:
    """Token buckets, one for each method, and for `chat.postMessage` one for each channel."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}
        self.refused = 0
        """How many calls were too many."""

    def take(self, method: str, tier: int, channel: str) -> int:
        """Count a call; return how many seconds to wait, 0 when it may go on."""
        if method == "chat.postMessage":
            return self._take(f"{method} {channel}", POSTS_A_SECOND, BURST)
        if tier not in A_MINUTE:
            return 0
        return self._take(method, A_MINUTE[tier] / 60, max(A_MINUTE[tier], 2))

    def _take(self, key: str, a_second: float, capacity: int) -> int:
        now = self._clock.now()
        bucket = self._buckets.setdefault(key, _Bucket(capacity, now))
        bucket.level = min(capacity, bucket.level + (now - bucket.at) * a_second)
        bucket.at = now
        if bucket.level >= 1.0 - 1e-9:
            bucket.level -= 1.0
            return 0
        self.refused += 1
        return max(1, math.ceil((1.0 - bucket.level) / a_second))
