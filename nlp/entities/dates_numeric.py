"""Days written in digits, in any language: the month before the day where no year comes first."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nlp.entities.days import Day, day_in_year, day_of
from nlp.entities.tense import lies_behind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from nlp.entities.reading import Reading

_ISO = re.compile(
    r"(?<![a-z0-9_./-])((?:19|20)\d\d)([-/.])(\d{1,2})\2(\d{1,2})(?![a-z0-9_/]|[-.]\d)", re.ASCII
)


_ISO_BEFORE_TIME = re.compile(
    r"(?<![a-z0-9_./-])((?:19|20)\d\d)(-)(\d{1,2})-(\d{1,2})(?=t\d\d:)", re.ASCII
)


_SLASHED = re.compile(
    r"(?<![a-z0-9_./$€£¥-])(\d{1,2})/(\d{1,2})(?:/((?:19|20)\d\d|\d\d))?(?![a-z0-9_/%\"]|[.-]\d)",
    re.ASCII,
)


_DASHED = re.compile(
    r"(?<![a-z0-9_./-])(\d{1,2})([-.])(\d{1,2})\2((?:19|20)\d\d)(?![a-z0-9_]|[-.]\d)", re.ASCII
)


_FRACTIONS = frozenset(
    {(1, 2), (1, 3), (2, 3), (1, 4), (1, 5), (1, 8), (5, 5), (4, 5), (10, 10), (3, 5), (2, 5)}
)


_NO_DATE_AFTER = re.compile(
    r"\s?(?:of\b|inch|in\b(?= ?dia)|cup|full|size|length|sleeve|price|off\b"
    r"|stars?\b|mile|hours?|\"|的(?:价|量)|星|分)"
)


_DATE_BEFORE = re.compile(
    r"(?:\b(?:on|by|since|from|until|till|before|after|dated|due|of|date|for"
    r"|the|around|between|and|to)[ :]+|[在到从于截至是号期])$"
)


def numeric_days(reading: Reading) -> Iterator[Day]:
    """Return the days written in digits: 2025-03-04, 3/4/2025, 3/4."""
    low, chars = reading.low, reading.chars
    if not reading.digits or chars.isdisjoint("-/."):
        return
    dated = [
        (match, day_of(int(match[1]), int(match[3]), int(match[4])))
        for pattern in ((_ISO, _ISO_BEFORE_TIME) if "t" in chars else (_ISO,))
        for match in pattern.finditer(low)
    ]
    dated += [
        (match, _american(int(match[1]), int(match[3]), int(match[4])))
        for match in _DASHED.finditer(low)
    ]
    yield from (Day(match.start(), match.end(), on) for match, on in dated if on)
    if "/" in chars:
        yield from filter(None, (_slashed(reading, match) for match in _SLASHED.finditer(low)))


def _american(first: int, second: int, year: int) -> date | None:
    """Return a date with the month first, or the day first where it can only be that."""
    return day_of(year, first, second) or day_of(year, second, first)


def _slashed(reading: Reading, match: re.Match[str]) -> Day | None:
    first, second = int(match[1]), int(match[2])
    start, end = match.span()
    if match[3]:
        year = int(match[3])
        on = _american(first, second, year if year > 99 else 2000 + year)
        return Day(start, end, on) if on else None
    led = _DATE_BEFORE.search(reading.low[max(0, start - 10) : start])
    if _NO_DATE_AFTER.match(reading.low, end) or ((first, second) in _FRACTIONS and not led):
        return None
    if first > 12:
        if not led or (first, second) == (24, 7):
            return None
        first, second = second, first
    today = reading.now.date()
    if day_in_year(today, first, second, behind=False) is None if first < 13 else True:
        return None
    behind = lies_behind(reading, start, end)
    on = day_in_year(today, first, second, behind=behind)
    return Day(start, end, on, behind=behind) if on else None
