"""English days by their distance from today, and the feast days: each trigger word has its rule."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nlp.entities.days import Day, day_in_year, month_shifted, shifted
from nlp.entities.numbers import WORDS, english_number
from nlp.entities.tense import lies_behind

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from nlp.entities.reading import Reading, Word

_RELATIVE_BACK = re.compile(
    rf"(?<![a-z0-9.,-])({WORDS}|\d{{1,3}}|a couple(?: of)?) (day|week|month"
    rf"|year|fortnight)s?(?: ago| earlier)$",
    re.ASCII,
)


_RELATIVE_AHEAD = re.compile(
    rf" ({WORDS}|\d{{1,3}}|a couple(?: of)?) (day|week|month|year|fortnight)s?"
    r"(?:'s? time|' time)?(?![a-z-])(?! (?:of|or|to|warranty|return))",
    re.ASCII,
)


_FROM_NOW = re.compile(
    rf"(?<![a-z0-9.,-])({WORDS}|\d{{1,3}}|a couple(?: of)?) (day|week|month"
    rf"|year|fortnight)s? from (?:now|today)$",
    re.ASCII,
)


_DAY_AFTER = re.compile(r"(?:the )?day (after tomorrow|before yesterday)\b")


_MONTH_WORD = re.compile(
    r"\b(next|last|this|the coming|coming|the following|previous|the previous|past) $"
)


_HOLIDAYS: tuple[tuple[re.Pattern[str], int, int], ...] = (
    (re.compile(r"(?:christmas|xmas) eve\b"), 12, 24),
    (re.compile(r"(?:christmas|xmas)(?: day)?\b"), 12, 25),
    (re.compile(r"new year'?s? eve\b"), 12, 31),
    (re.compile(r"new year'?s? day\b"), 1, 1),
)


def _month_word(reading: Reading, word: Word) -> Day | None:
    lead = _MONTH_WORD.search(reading.low[max(0, word.start - 16) : word.start])
    if lead is None:
        return None
    said = lead[1].removeprefix("the ")
    if said == "past":
        return None
    months = {"next": 1, "coming": 1, "following": 1, "this": 0}.get(said, -1)
    on = month_shifted(reading.now.date().replace(day=1), months)
    return Day(word.start - len(lead[0]), word.end, on, month_only=True) if on else None


def count_of(words: str) -> int | None:
    """Return the number of days or weeks that English words or digits name."""
    if words.isdigit():
        return int(words)
    return 2 if words.startswith("a couple") else english_number(words)


def away(today: date, count: int | None, unit: str, direction: int) -> date | None:
    """Return the day so many units ahead (1) or back (-1) of another."""
    if count is None or count > 1_000:
        return None
    match unit:
        case "day":
            return shifted(today, direction * count)
        case "week":
            return shifted(today, direction * 7 * count)
        case "fortnight":
            return shifted(today, direction * 14 * count)
        case "month":
            return month_shifted(today, direction * count)
        case _:
            return month_shifted(today, direction * 12 * count)


def _looking_back(
    pattern: re.Pattern[str], direction: int, reading: Reading, end: int
) -> Day | None:
    begin = max(0, end - 48)
    match = pattern.search(reading.low[begin:end])
    if match is None:
        return None
    on = away(reading.now.date(), count_of(match[1]), match[2], direction)
    return Day(begin + match.start(), end, on) if on else None


def _ago(reading: Reading, word: Word) -> Day | None:
    return _looking_back(_RELATIVE_BACK, -1, reading, word.end)


def _from(reading: Reading, word: Word) -> Day | None:
    for after in (" now", " today"):
        if reading.low.startswith(after, word.end):
            return _looking_back(_FROM_NOW, 1, reading, word.end + len(after))
    return None


def _in(reading: Reading, word: Word) -> Day | None:
    match = _RELATIVE_AHEAD.match(reading.low, word.end)
    if match is None:
        return None
    on = away(reading.now.date(), count_of(match[1]), match[2], 1)
    return Day(word.start, match.end(), on) if on else None


def _day_word(reading: Reading, word: Word) -> Day | None:
    start = (
        word.start - 4 if reading.low[max(0, word.start - 4) : word.start] == "the " else word.start
    )
    match = _DAY_AFTER.match(reading.low, start)
    if match is None:
        return None
    on = shifted(reading.now.date(), 2 if match[1].startswith("after") else -2)
    return Day(start, match.end(), on) if on else None


def _night(reading: Reading, word: Word) -> Day | None:
    if reading.low[max(0, word.start - 5) : word.start] != "last ":
        return None
    on = shifted(reading.now.date(), -1)
    return Day(word.start - 5, word.end, on, part="晚") if on else None


def _holiday(reading: Reading, word: Word) -> Day | None:
    for pattern, month, number in _HOLIDAYS:
        match = pattern.match(reading.low, word.start)
        if match:
            behind = lies_behind(reading, word.start, match.end())
            on = day_in_year(reading.now.date(), month, number, behind=behind)
            return Day(word.start, match.end(), on, behind=behind) if on else None
    return None


RULES: dict[str, Callable[[Reading, Word], Day | None]] = {
    "month": _month_word,
    "ago": _ago,
    "from": _from,
    "in": _in,
    "day": _day_word,
    "night": _night,
    "christmas": _holiday,
    "xmas": _holiday,
    "new": _holiday,
}

"""What to do at each of these words."""
