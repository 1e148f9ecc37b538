"""The days and months of a text in any language; neighbours that name one day are joined."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec.structs import replace

from nlp.entities.dates_en import english_days
from nlp.entities.dates_numeric import numeric_days
from nlp.entities.dates_zh import chinese_days

if TYPE_CHECKING:
    from nlp.entities.days import Day
    from nlp.entities.reading import Reading

_BETWEEN = re.compile(r",? (?:the )?|,? ?\(?|,|，", re.ASCII)


def find_days(reading: Reading) -> list[Day]:
    """Return the days in the order of the text; they never overlap."""
    days = [*english_days(reading), *chinese_days(reading), *numeric_days(reading)]
    if len(days) < 2:
        return days
    kept: list[Day] = []
    for day in sorted(days, key=lambda d: (d.start, -d.end)):
        if kept and day.start < kept[-1].end:
            if day.end - day.start > kept[-1].end - kept[-1].start:
                kept[-1] = day
            continue
        joined = _joined(reading.low, kept[-1], day) if kept else None
        if joined:
            kept[-1] = joined
        else:
            kept.append(day)
    return kept


def _joined(low: str, first: Day, second: Day) -> Day | None:
    """Return "Friday, March 5th" and 3月5日(周四) as one day, else None."""
    if first.month_only or second.month_only or first.weekday == second.weekday:
        return None
    gap = low[first.end : second.start]
    if len(gap) > 6 or not _BETWEEN.fullmatch(gap):
        return None
    end = second.end
    if "(" in gap:
        if low[end : end + 1] != ")":
            return None
        end += 1
    certain = second if first.weekday else first
    return replace(certain, start=first.start, end=end)
