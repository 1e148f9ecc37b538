"""Days and months named in English. Each trigger word has its rule; nothing else is looked at."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nlp.entities.days import (
    Day,
    day_in_month,
    day_in_year,
    day_of,
    month_in_year,
    month_shifted,
    shifted,
    weekday_in_week,
    weekday_near,
)
from nlp.entities.lexicon import words
from nlp.entities.numbers import WORDS
from nlp.entities.relative_en import RULES, away, count_of
from nlp.entities.tense import lies_behind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from nlp.entities.reading import Reading, Word


MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan",
            "february feb febuary",
            "march mar",
            "april apr",
            "may",
            "june jun",
            "july jul",
            "august aug",
            "september sep sept",
            "october oct",
            "november nov",
            "december dec",
        ),
        start=1,
    )
    for name in names.split()
}


WEEKDAYS = {
    name: number
    for number, names in enumerate(
        (
            "monday mon",
            "tuesday tue tues teusday",
            "wednesday wed weds wensday wednsday",
            "thursday thu thur thurs",
            "friday fri firday",
            "saturday sat",
            "sunday sun",
        )
    )
    for name in names.split()
}


# Words that are also something else; they need company.
_SHY = frozenset(
    {"may", "march", "mar", "sat", "sun", "wed", "mon", "dec", "jan", "fri", "jun", "oct"}
)


_SIMPLE = {
    "today": 0,
    "2day": 0,
    "tonight": 0,
    "tonite": 0,
    "tomorrow": 1,
    "tommorow": 1,
    "tomorow": 1,
    "tommorrow": 1,
    "tmrw": 1,
    "tmr": 1,
    "2moro": 1,
    "yesterday": -1,
    "yesturday": -1,
}


_ORDINAL_WORDS = {
    word: number
    for number, word in enumerate(
        words("dates_en.ordinal_words"),
        start=1,
    )
} | {
    "twenty-first": 21,
    "twenty-second": 22,
    "twenty-third": 23,
    "twenty-fifth": 25,
    "thirtieth": 30,
}


_TRIGGERS = frozenset(MONTHS) | frozenset(WEEKDAYS) | frozenset(_SIMPLE) | frozenset(RULES)

_ORDINAL = re.compile(r"(\d{1,2})(?:st|nd|rd|th)", re.ASCII)


_WORD_ORDINALS = "|".join(sorted(_ORDINAL_WORDS, key=len, reverse=True))


_DAY_BEFORE_MONTH = re.compile(
    rf"(?<![a-z0-9/.:-])(?:the )?(?:(\d{{1,2}})(?: ?(?:st|nd|rd|th)(?![a-z]))?"
    rf"|({_WORD_ORDINALS}))(?: day)?(?: of)?[ -]$",
    re.ASCII,
)


_DAY_AFTER_MONTH = re.compile(
    rf"\.?[ -](?:the )?(?:(\d{{1,2}})(?: ?(?:st|nd|rd|th)(?![a-z]))?(?![\da-z:]|\s?[ap]\.?m\b"
    rf"|[.,]\d|%)|({_WORD_ORDINALS})\b)",
    re.ASCII,
)


_YEAR_AFTER = re.compile(r"\.?(?:,? of |, ?| |-)((?:19|20)\d\d)(?![\d:a-z]|-\d)", re.ASCII)


_MONTH_LEAD = re.compile(
    r"(?:\b(in|since|until|till|by|during|of|for|from|before|after|early|late"
    r"|mid|through|next|last|this|to)[ -])$"
)


_WEEK_LEAD = re.compile(
    r"\b((?:the )?(?:next next|next|last|past|previous|this coming|the coming"
    r"|coming|this past|this|the following|following))"
    r" (?:week(?:'s)?(?: on)? )?$"
)


_WEEK_TAIL = re.compile(r",? (?:of )?(next|last|this) week\b")


_SHY_DAY_LEAD = re.compile(
    r"\b(?:on|next|last|this|by|until|till|before|after|since|every|coming"
    r"|from|to|for|and|or|due|,|-) ?$"
)


_AFTER_ORDINAL = re.compile(
    r"\s*(?:$|[,.!?;:)\n]|(?:of (?:this|the|next|last) month|at|and|or|to"
    r"|please|but|is|was|if|because|i|you|we|so|for|in|works?|would|will"
    r"|it|still|then|around|between|before|after|by|morning|afternoon|evening"
    r"|when|where|which|my|instead|though|thanks|can|could|should|has|have|had"
    r"|since|until|till|from|with|they|he|she|as|now|or|are|this|not|-)\b)"
)


_ORDINAL_LEAD = re.compile(
    r"\b(on|by|until|till|before|after|since|from|for|to|of|and|or|between"
    r"|around|about|than|is|was|dated|due|through)( the)? $"
)


_THE = re.compile(r"\bthe $")


_WEEK_BEHIND = re.compile(r" week(?![a-z'-]| (?:of|ends?|days?|ago)\b)")


_WEEKS_FROM = re.compile(
    rf"(?<![a-z0-9.,-])({WORDS}|\d{{1,2}}|a couple(?: of)?) (day|week|fortnight)s?"
    r" from (?:this )?$",
    re.ASCII,
)


_ORDINAL_MONTH = re.compile(r" of (this|the|next|last) month\b")


def english_days(reading: Reading) -> Iterator[Day]:
    """Return the days and months that English words name, in no order."""
    if not reading.vocabulary.isdisjoint(_TRIGGERS):
        for word in reading.words:
            day = _at(reading, word) if word.text in _TRIGGERS else None
            if day is not None:
                yield day
    if reading.digits:
        for word in reading.words:
            day = _ordinal(reading, word) if _ORDINAL.fullmatch(word.text) else None
            if day is not None:
                yield day


def _at(reading: Reading, word: Word) -> Day | None:
    text = word.text
    if text in _SIMPLE:
        on = shifted(reading.now.date(), _SIMPLE[text])
        part = "晚" if text.startswith("toni") else ""
        return _further(reading, Day(word.start, word.end, on, part=part)) if on else None
    if text in WEEKDAYS:
        day = _weekday(reading, word)
        return _further(reading, day) if day and day.weekday else day
    if text in MONTHS:
        return _month(reading, word)
    rule = RULES.get(text)
    return rule(reading, word) if rule else None


def _further(reading: Reading, day: Day) -> Day:
    """Return the day that "a week from Tuesday" or "Tuesday week" names, or Tuesday itself."""
    today = reading.now.date()
    on = day.on
    if day.weekday:  # whatever the tense: both lie ahead
        on = weekday_near(today, on.weekday(), behind=False) or on
    begin = max(0, day.start - 40)
    lead = _WEEKS_FROM.search(reading.low[begin : day.start])
    tail = _WEEK_BEHIND.match(reading.low, day.end) if on >= today and not day.part else None
    start, end, found = day.start, day.end, None
    if lead:
        found, start = away(on, count_of(lead[1]), lead[2], 1), begin + lead.start()
    elif tail:
        found, end = shifted(on, 7), tail.end()
    return Day(start, end, found) if found else day


def _weekday(reading: Reading, word: Word) -> Day | None:
    low, today = reading.low, reading.now.date()
    number = WEEKDAYS[word.text]
    end = word.end
    lead = low[max(0, word.start - 30) : word.start]
    if word.text in _SHY and not (
        reading.plain[word.start].isupper() or _SHY_DAY_LEAD.search(lead)
    ):
        return None
    if lead.endswith(("every ", "each ", "any ", "black ", "good ", "cyber ")):
        return None
    match = _WEEK_LEAD.search(lead)
    start = word.start
    if match:
        start -= len(lead) - match.start(1)
        return _led_weekday(today, number, match[1], start, end)
    tail = _WEEK_TAIL.match(low, end)
    if tail:
        on = weekday_in_week(today, number, {"next": 1, "last": -1, "this": 0}[tail[1]])
        return Day(start, tail.end(), on) if on else None
    behind = lies_behind(reading, start, end)
    on = weekday_near(today, number, behind=behind)
    return Day(start, end, on, weekday=True, behind=behind) if on else None


def _led_weekday(today: date, number: int, lead: str, start: int, end: int) -> Day | None:
    lead = lead.removeprefix("the ")
    if lead in ("coming", "this coming", "following"):
        on = weekday_near(today, number, behind=False)
    elif lead in ("past", "this past"):
        on = weekday_near(today, number, behind=True)
    else:
        weeks = {"next": 1, "next next": 2, "last": -1, "previous": -1, "this": 0}[lead]
        on = weekday_in_week(today, number, weeks)
    return Day(start, end, on) if on else None


def _month(reading: Reading, word: Word) -> Day | None:
    low, today = reading.low, reading.now.date()
    month = MONTHS[word.text]
    start, end = word.start, word.end
    lead = low[max(0, start - 24) : start]
    number = 0
    before = _DAY_BEFORE_MONTH.search(lead)
    if before and 0 < (before_day := _ordinal_value(before)) < 32:
        number, start = before_day, start - len(lead) + before.start()
    else:
        after = _DAY_AFTER_MONTH.match(low, end)
        if after and 0 < (after_day := _ordinal_value(after)) < 32:
            number, end = after_day, after.end()
    year = _YEAR_AFTER.match(low, end)
    if not number:
        return _bare_month(reading, word, lead, year)
    if year:
        on = day_of(int(year[1]), month, number)
        return Day(start, year.end(), on) if on else None
    on = day_in_year(today, month, number, behind=False)
    if on is None:
        return None
    if lies_behind(reading, start, end):
        past = day_in_year(today, month, number, behind=True)
        return Day(start, end, past, behind=True) if past else None
    return Day(start, end, on)


def _ordinal_value(match: re.Match[str]) -> int:
    return int(match[1]) if match[1] else _ORDINAL_WORDS[match[2]]


def _bare_month(reading: Reading, word: Word, lead: str, year: re.Match[str] | None) -> Day | None:
    today, month = reading.now.date(), MONTHS[word.text]
    led = _MONTH_LEAD.search(lead)
    capital = reading.plain[word.start].isupper()
    shy = word.text in _SHY or len(word.text) < 4
    if word.text in ("may", "march") and word.start == 0 and not year:
        return None
    if shy and not led and not (capital and (year or word.text == "march")):
        return None
    if word.text in ("may", "mar") and not capital and not (led or year):
        return None
    if led and word.text == "march" and led[1] in ("to", "this") and not capital:
        return None
    start = word.start
    if year:
        on = day_of(int(year[1]), month, 1)
        return Day(start, year.end(), on, month_only=True) if on else None
    if led and led[1] in ("next", "last", "this"):
        return _led_month(today, month, led[1], start - len(led[1]) - 1, word.end)
    behind = lies_behind(reading, start, word.end)
    on = month_in_year(today, month, behind=behind)
    return Day(start, word.end, on, month_only=True, behind=behind) if on else None


def _led_month(today: date, month: int, lead: str, start: int, end: int) -> Day | None:
    if lead == "this":
        on = day_of(today.year, month, 1)
    elif lead == "next":
        on = day_of(today.year + (month <= today.month), month, 1)
    else:
        on = day_of(today.year - (month >= today.month), month, 1)
    return Day(start, end, on, month_only=True) if on else None


def _ordinal(reading: Reading, word: Word) -> Day | None:
    """Return the day that "the 5th" names; an ordinal before a noun is none."""
    low, today = reading.low, reading.now.date()
    number = int("".join(filter(str.isdigit, word.text)))
    if not 0 < number < 32:
        return None
    lead = low[max(0, word.start - 16) : word.start]
    led = _ORDINAL_LEAD.search(lead)
    the = _THE.search(lead)
    if not (led or the) or not _AFTER_ORDINAL.match(low, word.end):
        return None
    start = word.start - 4 if the else word.start
    of_month = _ORDINAL_MONTH.match(low, word.end)
    if of_month:
        months = {"next": 1, "last": -1}.get(of_month[1], 0)
        first = month_shifted(today.replace(day=1), months)
        found = day_of(first.year, first.month, number) if first else None
        return Day(start, of_month.end(), found) if found else None
    behind = lies_behind(reading, start, word.end)
    on = day_in_month(today, number, behind=behind)
    return Day(start, word.end, on, behind=behind) if on else None
