"""Working time: when people are there, and when a stretch of it will have passed.

All arithmetic happens in the configuration's time zone on wall-clock days, so that a day on which
the clocks change is as long as it is.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from bot.settings.model import Hours, Weekday

WEEKDAYS: tuple[Weekday, ...] = (
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
)  # fmt: skip

HORIZON = timedelta(days=400)
"""So far ahead is looked for working time; a shop closed for longer has no due times."""


class Calendar:
    """The working hours of one configuration."""

    def __init__(self, hours: Hours, time_zone: ZoneInfo) -> None:
        self._week = hours.week
        self._holidays = frozenset(hours.holidays)
        self._time_zone = time_zone

    def is_open(self, at: datetime) -> bool:
        """Return whether people work at a time."""
        return any(start <= at < end for start, end in self._stretches(at, at))

    def opening(self, after: datetime) -> datetime | None:
        """Return when people are next there: `after` itself while they are.

        Returns:
            An aware UTC time, or None when nothing opens within HORIZON.
        """
        for start, end in self._stretches(after, after + HORIZON):
            if end > after:
                return max(start, after)
        return None

    def add(self, start: datetime, working: timedelta) -> datetime | None:
        """Return the time at which so much working time will have passed since `start`."""
        left = working
        for begins, ends in self._stretches(start, start + HORIZON):
            stretch = ends - max(begins, start)
            if stretch >= left:
                return ends - stretch + left
            left -= max(stretch, timedelta(0))
        return None

    def _stretches(self, first: datetime, last: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield the stretches of working time from the day of `first` to that of `last`."""
        day = first.astimezone(self._time_zone).date()
        last_day = last.astimezone(self._time_zone).date()
        while day <= last_day:
            if day not in self._holidays:
                yield from self._of_day(day)
            day += timedelta(days=1)

    def _of_day(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        for interval in self._week.get(WEEKDAYS[day.weekday()], ()):
            yield (
                datetime.combine(day, interval.start, self._time_zone).astimezone(UTC),
                datetime.combine(day, interval.end, self._time_zone).astimezone(UTC),
            )
