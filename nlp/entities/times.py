"""Clock times, and days with a clock time beside them, which are one entity."""

from __future__ import annotations

import re
from bisect import bisect_left
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from msgspec.structs import replace

from nlp.entities.candidates import Candidate
from nlp.entities.clocks_en import english_clocks
from nlp.entities.clocks_zh import chinese_clocks
from nlp.entities.days import Day, shifted, start_of

if TYPE_CHECKING:
    from nlp.entities.clocks import Clock
    from nlp.entities.reading import Reading

_GAP = re.compile(
    r"\s*,?\s*(?:(?:at|around|about|by|before|after|from|between|@"
    r"|approximately|approx|morning|afternoon|evening|in the morning"
    r"|in the afternoon|in the evening|night)(?:\s+|\s*,\s*|$)){0,3}\s*"
    r"|\s*的?\s*[,，]?\s*[(]?",
    re.ASCII,
)


_GAP_BACK = re.compile(r"\s*,?\s*(?:on\s+|of\s+|for\s+)?(?:the\s+)?", re.ASCII)


_CHAIN = re.compile(
    r"\s*(?:and|or|to|-|~|until|till|到|至|或者?|和|、)\s*(?:at |around )?", re.ASCII
)


def find_dates_and_times(reading: Reading, days: list[Day]) -> list[Candidate]:
    """Return the days and the clock times, side by side joined into one."""
    clocks = _clocks(reading, days)
    if not clocks:
        return [Candidate("date", day.start, day.end, day.value) for day in days]
    found: list[Candidate] = []
    taken: set[int] = set()
    previous: tuple[int, Day] | None = None
    for i, clock in enumerate(clocks):
        place = bisect_left(days, clock.start, key=start_of)
        joined = next(
            (
                d
                for d in days[max(0, place - 1) : place + 1]
                if d.start not in taken and _beside(reading, d, clock)
            ),
            None,
        )
        if joined is not None:
            taken.add(joined.start)
            moment = _on_day(reading.now, joined, clock)
            start, end = min(joined.start, clock.start), max(joined.end, clock.end)
            previous = (end, joined)
        elif previous is not None and _CHAIN.fullmatch(reading.low, previous[0], clock.start):
            start, end = clock.start, clock.end
            moment = _on_day(reading.now, previous[1], clock)
            previous = (end, previous[1])
        else:
            start, end = clock.start, clock.end
            day = _day_to_come(reading, days, clock, clocks[i + 1 : i + 2])
            moment = _on_day(reading.now, day, clock) if day else _next(reading.now, clock)
        if moment is not None:
            found.append(Candidate("time", start, end, moment.isoformat()))
    found += [Candidate("date", d.start, d.end, d.value) for d in days if d.start not in taken]
    return found


def _day_to_come(
    reading: Reading, days: list[Day], clock: Clock, following: list[Clock]
) -> Day | None:
    """Return the day of "2pm" in "between 2pm and 4pm on Friday"."""
    for other in following:
        if _CHAIN.fullmatch(reading.low, clock.end, other.start):
            place = bisect_left(days, other.end, key=start_of)
            return next((d for d in days[place : place + 1] if _beside(reading, d, other)), None)
    return None


def _beside(reading: Reading, day: Day, clock: Clock) -> bool:
    if day.month_only:
        return False
    if clock.start >= day.end:
        gap = reading.low[day.end : clock.start]
        return gap in ("", " ", " at ", "t") or (len(gap) < 28 and _GAP.fullmatch(gap) is not None)
    gap = reading.low[clock.end : day.start]
    return clock.end <= day.start and len(gap) < 12 and _GAP_BACK.fullmatch(gap) is not None


def _on_day(now: datetime, day: Day, clock: Clock) -> datetime | None:
    minutes = clock.minutes
    if not clock.half and day.part in ("晚", "夜") and minutes < 720:
        minutes += 720
    elif not clock.half and day.part == "晚" and minutes < 780:
        minutes = 1440 + minutes - 720  # 今晚12点 is the midnight that ends the day
    elif not clock.half and day.part == "早" and 780 <= minutes < 1140:
        minutes -= 720
    on = day.on
    if day.weekday and not day.behind:
        today = on - timedelta(days=7)
        if today == now.date() and minutes > now.hour * 60 + now.minute:
            on = today
    return _moment(now, replace(day, on=on), minutes)


def _moment(now: datetime, day: Day, minutes: int) -> datetime | None:
    on = shifted(day.on, minutes // 1440)
    if on is None:
        return None
    return datetime.combine(on, time(minutes % 1440 // 60, minutes % 60), tzinfo=now.tzinfo)


def _next(now: datetime, clock: Clock) -> datetime | None:
    """Return the next such time."""
    minutes = clock.minutes % 1440
    day = Day(0, 0, now.date())
    moment = _moment(now, day, minutes)
    if moment is not None and moment <= now:
        return _moment(now, day, minutes + 1440)
    return moment


def _clocks(reading: Reading, days: list[Day]) -> list[Clock]:
    found = [*chinese_clocks(reading, days), *english_clocks(reading, days)]
    return found if len(found) < 2 else _without_overlap(found)


def _without_overlap(clocks: list[Clock]) -> list[Clock]:
    kept: list[Clock] = []
    for clock in sorted(clocks, key=lambda c: (c.start, -c.end)):
        if not kept or clock.start >= kept[-1].end:
            kept.append(clock)
    return kept
