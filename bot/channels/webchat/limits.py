"""Floods are turned away before they cost anything; no person typing ever meets a limit.

The generic cell rate algorithm: for each key one number, the moment at which its allowance will be
whole again. A burst of `count` passes at once, after that one each `seconds / count`, and a
refusal knows exactly how long to wait.

Not the `limits` library: its memory storage took 25 to 55 µs for the three checks of a message and
swept all keys in a thread of its own a hundred times a second; this takes 2 µs, and a message has
500.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

    from bot.settings.model import Limits, Rate

SWEEP_EVERY_S = 60.0

_log = structlog.get_logger()


class Limiter:
    """How much each visitor, address and the whole site have used up."""

    def __init__(
        self,
        rates: Limits,
        *,
        on: bool = True,
        proxies: int = 0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rates = rates
        self._on = on
        self._proxies = proxies
        self._now = now
        self._whole_at: dict[tuple[str, str], float] = {}
        self._sweep_at = now() + SWEEP_EVERY_S

    @classmethod
    def from_environment(cls, rates: Limits) -> Limiter:
        """Return the limiter that the settings ask for, or none at all for a load test.

        FRONTDESK_RATE_LIMITS=off lifts all limits. FRONTDESK_PROXIES says how many reverse proxies
        of one's own stand in front.
        """
        on = os.environ.get("FRONTDESK_RATE_LIMITS", "").lower() != "off"
        if not on:
            _log.warning("rate_limits_off", reason="FRONTDESK_RATE_LIMITS=off")
        return cls(rates, on=on, proxies=int(os.environ.get("FRONTDESK_PROXIES") or 0))

    def address(self, request: web.Request) -> str:
        """Return the network address to count by.

        Each proxy of one's own adds the address that it saw at the right of X-Forwarded-For;
        everything further left is the client's invention.
        """
        seen = request.headers.get("X-Forwarded-For", "").split(",") if self._proxies else []
        if seen and len(seen) >= self._proxies:
            return seen[-self._proxies].strip()
        return request.remote or ""

    def message(self, conversation_id: str, address: str) -> float:
        """Count a message, press or rating; return the seconds to wait, 0 when it may pass."""
        rates = self._rates
        return (
            self._take("visitor_messages", conversation_id, rates.visitor_messages)
            or self._take("address_messages", address, rates.address_messages)
            or self._take("site_messages", "", rates.site_messages)
        )

    def event(self, conversation_id: str) -> float:
        """Count a behaviour event or notice likewise."""
        return self._take("visitor_events", conversation_id, self._rates.visitor_events)

    def file(self, conversation_id: str, address: str) -> float:
        """Count a file that somebody sends likewise."""
        return self._take(
            "visitor_files", conversation_id, self._rates.visitor_files
        ) or self._take("address_files", address, self._rates.address_files)

    def download(self, conversation_id: str) -> float:
        """Count a file that somebody fetches likewise, apart from what they do."""
        return self._take("visitor_downloads", conversation_id, self._rates.visitor_events)

    def connection(self, address: str, open_now: int) -> float:
        """Count a connection from an address that has `open_now` others likewise."""
        if self._on and open_now >= self._rates.address_sockets:
            return 1.0
        return self._take("address_connections", address, self._rates.address_connections)

    def conversation(self, address: str) -> float:
        """Count a new conversation likewise."""
        return self._take("address_conversations", address, self._rates.address_conversations)

    def _take(self, name: str, key: str, rate: Rate) -> float:
        if not self._on:
            return 0.0
        now = self._now()
        if now >= self._sweep_at:
            self._sweep(now)
        each = rate.seconds / rate.count
        whole_at = max(self._whole_at.get((name, key), now), now) + each
        wait = whole_at - now - rate.seconds
        # A rounding error must not refuse the last of a burst.
        if wait > 1e-6:
            return wait
        self._whole_at[name, key] = whole_at
        return 0.0

    def _sweep(self, now: float) -> None:
        """Forget whoever has their whole allowance again."""
        self._sweep_at = now + SWEEP_EVERY_S
        self._whole_at = {key: at for key, at in self._whole_at.items() if at > now}
