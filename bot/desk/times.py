"""The times that a ticket can be put aside until. Pure; in the shop's own time zone."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

MORNING = time(9)
LONGEST = timedelta(days=366)
"""What is put aside for longer was not chosen in a menu."""


def snooze_until(choice: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    """Return the time that a choice of the snooze menu means; None when there is no such choice.

    Args:
        choice: `30m`, `2h`, `tomorrow` or `monday`; digits alone are seconds since 1970.
        now: Aware.
        zone: In which mornings begin.
    """
    local = now.astimezone(zone)
    match choice:
        case "30m":
            return now + timedelta(minutes=30)
        case "2h":
            return now + timedelta(hours=2)
        case "tomorrow":
            return _morning(local + timedelta(days=1))
        case "monday":
            return _morning(local + timedelta(days=7 - local.weekday()))
        case _ if choice.isdecimal() and len(choice) <= 11:
            until = datetime.fromtimestamp(int(choice), UTC)
            return until if until - now <= LONGEST else None
        case _:
            return None


def _morning(day: datetime) -> datetime:
    return datetime.combine(day.date(), MORNING, day.tzinfo).astimezone(UTC)
