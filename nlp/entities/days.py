"""A day or month that a text names, and the reckoning of the calendar behind it."""

from __future__ import annotations

from datetime import date, timedelta

from msgspec import Struct


class Day(Struct, frozen=True):
    """A day, or a month when `month_only`."""

    start: int
    end: int
    on: date
    """The day; the first of the month when `month_only`."""
    month_only: bool = False
    weekday: bool = False
    """Named by its weekday alone, without next, last or a week; then `on` is after today."""
    behind: bool = False
    """An undated day that the tense puts into the past."""
    part: str = ""
    """A part of the day that the word itself holds: 晚 of 今晚."""

    @property
    def value(self) -> str:
        """The public value: an ISO date, or `YYYY-MM`."""
        return self.on.isoformat()[:7] if self.month_only else self.on.isoformat()


def day_of(year: int, month: int, day: int) -> date | None:
    """Return a date, or None where the calendar has none."""
    try:
        return date(year, month, day)
    except ValueError:
        return None


def shifted(today: date, days: int) -> date | None:
    """Return a day so many days away, or None beyond the calendar."""
    try:
        return today + timedelta(days=days)
    except OverflowError:
        return None


def month_shifted(today: date, months: int) -> date | None:
    """Return the same day so many months away, or the last of that month, or None."""
    index = today.year * 12 + today.month - 1 + months
    year, month = divmod(index, 12)
    for day in range(today.day, today.day - 4, -1):
        found = day_of(year, month + 1, day)
        if found is not None:
            return found
    return None


def weekday_in_week(today: date, weekday: int, weeks: int) -> date | None:
    """Return a weekday (Monday is 0) of the week so many weeks away; weeks begin on Monday."""
    return shifted(today, weekday - today.weekday() + 7 * weeks)


def weekday_near(today: date, weekday: int, *, behind: bool) -> date | None:
    """Return the next such weekday after today, or the last one before it."""
    if behind:
        return shifted(today, -((today.weekday() - weekday - 1) % 7 + 1))
    return shifted(today, (weekday - today.weekday() - 1) % 7 + 1)


def day_in_year(today: date, month: int, day: int, *, behind: bool) -> date | None:
    """Return the next such day from today on, or the last one up to it."""
    step = -1 if behind else 1
    # A 29 February may be up to eight years away (no leap year in 1900 or 2100).
    for year in range(today.year, today.year + 9 * step, step):
        found = day_of(year, month, day)
        if found is not None and (found <= today if behind else found >= today):
            return found
    return None


def day_in_month(today: date, day: int, *, behind: bool) -> date | None:
    """Return the next day with this number from today on, or the last one up to it."""
    for months in range(4):
        first = month_shifted(today.replace(day=1), -months if behind else months)
        found = day_of(first.year, first.month, day) if first else None
        if found is not None and (found <= today if behind else found >= today):
            return found
    return None


def month_in_year(today: date, month: int, *, behind: bool) -> date | None:
    """Return the first of the next such month from this one on, or of the last one up to it."""
    if behind:
        return day_of(today.year - (month > today.month), month, 1)
    return day_of(today.year + (month < today.month), month, 1)


def start_of(day: Day) -> int:
    """Return where a day's words begin; a key to sort and bisect by."""
    return day.start
