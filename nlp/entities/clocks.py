"""A clock time without its day, and how an hour is read that says no half of the day.

People at a shop's desk mean 1 to 6 after noon and 7 to 12 as they stand; with a leading zero or
above 12 it is the 24-hour clock.
"""

from __future__ import annotations

from msgspec import Struct


class Clock(Struct, frozen=True):
    """A clock time without its day."""

    start: int
    end: int
    minutes: int
    """Since midnight; 1440 and above are on the following day (晚上12点)."""
    half: str = ""
    """Which half of the day was said: "am", "pm", "24" for the 24-hour clock, or empty."""


def sensible(hour: int, minute: int, half: str) -> int:
    """Return minutes since midnight for an hour of the twelve-hour clock."""
    if half == "pm" and hour < 12:
        hour += 12
    elif half == "am" and hour == 12:
        hour = 0
    elif not half and 0 < hour < 7:
        hour += 12
    return hour * 60 + minute
