"""Clock times in English words and in digits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nlp.entities.clocks import Clock, sensible
from nlp.entities.lexicon import words
from nlp.entities.numbers import SMALL, english_number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nlp.entities.days import Day
    from nlp.entities.reading import Reading

_IN_PART = r"(?: (?P<in>in the (?:early )?(?:morning|afternoon|evening)|at night))?"


_ENGLISH = re.compile(
    r"(?<![a-z0-9.:/$€£¥#])(?:"
    rf"(?P<noon>(?:12 )?noon|(?:12 )?midnight)(?![a-z])"
    rf"|(?P<rel>half|(?:a )?quarter|five|ten|twenty|twenty[ -]five|5|10|20"
    rf"|25)(?: minutes)? (?P<dir>past|to|after) (?P<rh>{SMALL}|1[0-2]|[1-9])"
    r"(?![a-z0-9:%]|\.\d|[ -](?:days?|weeks?|months?|hours?|minutes?|business"
    r"|working|items?|pieces?|years?|dollars?"
    r"|people))(?: ?(?P<rap>[ap])\.?m\b)?"
    rf"|(?P<och>{SMALL}|\d{{1,2}}) ?o'? ?clock"
    rf"|(?P<wh>{SMALL}) ?(?P<wap>[ap])\.?m\b"
    r"|(?P<h>2[0-4]"
    r"|[01]?\d)(?:[:.](?P<m>[0-5]\d))?(?::[0-5]\d)?\s?(?P<ap>[ap])(?:\.\s?m\.?"
    r"|m)(?![a-z0-9])"
    r"|(?P<hh>2[0-4]|[01]?\d):(?P<mm>[0-5]\d)(?::(?P<ss>[0-5]\d))?(?![a-z0-9:%])"
    rf"){_IN_PART}",
    re.ASCII,
)


_BARE_AT = re.compile(
    rf"\b(?:at|@) ?(?P<h>1[0-2]|[1-9]|{SMALL})(?=\s*(?:$|[,!?;)]|\.(?:\s|$)"
    rf"|tomorrow|today|tonight|in the|sharp|on (?:mon|tue|wed|thu|fri|sat|sun)"
    rf"|please|if|or|and|then|instead|works?|but)){_IN_PART}",
    re.ASCII,
)


_BESIDE = re.compile(
    rf"(?P<said>,? (?:in the )?(?:morning|afternoon|evening|night))?,? (?:at"
    rf"|around|about|by|before|after|@) ?(?:about |around )?"
    rf"(?P<h>1[0-2]|[1-9]|{SMALL})(?![a-z0-9:/%-]|\.\d| ?[ap]\.?m\b| ?o'?clock"
    rf"| (?:days?|weeks?|items?|pieces?|minutes?|hours?|dollars?|percent|of"
    rf"|more|boxes|stores?)\b)"
    rf"{_IN_PART}",
    re.ASCII,
)


# "2" in "between 2 and 4pm" and "2-4pm": the first hour goes without am or pm.
_RANGE = re.compile(
    rf"(?<![a-z0-9.:/$€£¥#-])(?P<lead>between |from )?"
    rf"(?P<h>1[0-2]|[1-9]|{SMALL})(?::(?P<m>[0-5]\d))?"
    r"(?P<joint> and |\s?(?:-|~|to|until|till)\s?)"
    rf"(?P<last>(?P<h2>1[0-2]|[1-9]|{SMALL})(?::(?P<m2>[0-5]\d))?\s?(?P<ap>[ap])(?:\.\s?m\.?|m))"
    r"(?![a-z0-9])",
    re.ASCII,
)


_ENGLISH_TRIGGERS = frozenset(words("clocks_en.english_triggers"))


_MINUTES_TO = frozenset({"5", "10", "20", "25", "five", "ten", "twenty"})


_SMALL_WORDS = frozenset(SMALL[3:-1].split("|"))


def english_clocks(reading: Reading, days: list[Day]) -> Iterator[Clock]:
    """Return the clock times in English words or in digits; they may overlap."""
    low = reading.low
    if _has_english(reading):
        ranges = [*_ranges(low)]
        yield from ranges
        # "From 5 to 9pm" is no five minutes to nine.
        begun = {clock.start for clock in ranges}
        yield from (clock for clock in _english(low) if clock.start not in begun)
    if days and (reading.digits or not reading.vocabulary.isdisjoint(_SMALL_WORDS)):
        yield from _bare_beside(low, days)
    if "at" in reading.vocabulary or "@" in reading.chars:
        yield from _bare(low, _BARE_AT.finditer(low))


def _has_english(reading: Reading) -> bool:
    vocabulary = reading.vocabulary
    if not vocabulary.isdisjoint(("noon", "midnight")):
        return True
    if not reading.digits:
        return not vocabulary.isdisjoint(_ENGLISH_TRIGGERS) and not vocabulary.isdisjoint(
            _SMALL_WORDS
        )
    return ":" in reading.chars or not vocabulary.isdisjoint(_ENGLISH_TRIGGERS) or _glued(reading)


def _glued(reading: Reading) -> bool:
    return reading.digits and any(
        word[0].isdigit() and word.endswith(("am", "pm", "a", "p")) for word in reading.vocabulary
    )


def _hour(written: str) -> int:
    return int(written) if written.isdigit() else english_number(written) or 0


def _half(match: re.Match[str], letter: str | None) -> str:
    part = match.groupdict().get("in") or ""
    if letter:
        return letter + "m"
    if not part:
        return ""
    return "am" if "morning" in part else "pm"


def _english(low: str) -> Iterator[Clock]:
    for match in _ENGLISH.finditer(low):
        start, end = match.span()
        if match["noon"]:
            yield Clock(start, end, 720 if "noon" in match["noon"] else 0, "24")
        elif match["rel"]:
            half = _half(match, match["rap"])
            base = sensible(_hour(match["rh"]), 0, half)
            words = match["rel"].removeprefix("a ").replace("-", " ")
            delta = {"half": 30, "quarter": 15}.get(words) or _hour(words)
            if match["dir"] == "to" and words == "half":
                continue
            minutes = base - delta if match["dir"] == "to" else base + delta
            yield Clock(start, end, minutes % 1440, half)
        else:
            clock = _plain(match)
            if clock is not None:
                yield clock


def _ranges(low: str) -> Iterator[Clock]:
    """Return both ends of each range of hours of which only the last says am or pm."""
    for match in _RANGE.finditer(low):
        led = bool(match["lead"])
        if match["joint"] == " and " and not led:
            continue  # "order 2 and 4pm" are no two hours
        if "to" in match["joint"] and not led and match["h"] in _MINUTES_TO:
            continue  # "ten to four pm"
        half = _half(match, match["ap"])
        first, last = _hour(match["h"]), _hour(match["h2"])
        end = sensible(last, int(match["m2"] or 0), half)
        begin = sensible(first, int(match["m"] or 0), half)
        if begin > end:  # from 9 to 5pm
            half = "am" if half == "pm" else "pm"
            begin = sensible(first, int(match["m"] or 0), half)
        yield Clock(match.start("h"), match.end("m" if match["m"] else "h"), begin, half)
        yield Clock(match.start("last"), match.end("last"), end, match["ap"] + "m")


def _plain(match: re.Match[str]) -> Clock | None:
    start, end = match.span()
    written = match["och"] or match["wh"] or match["h"] or match["hh"]
    hour = _hour(written)
    minute = int(match["m"] or match["mm"] or 0)
    half = _half(match, match["ap"] or match["wap"])
    if hour > 24 or (match["ap"] and hour == 0 and half == "pm"):
        return None
    if hour > 12 or (match["hh"] and written.startswith("0")):
        if hour == 24 and minute:
            return None
        return Clock(start, end, hour * 60 + minute, "24")
    return Clock(start, end, sensible(hour, minute, half), half)


def _bare(low: str, matches: Iterator[re.Match[str]]) -> Iterator[Clock]:
    for match in matches:
        half = _half(match, None)
        yield Clock(match.start("h"), match.end(), sensible(_hour(match["h"]), 0, half), half)


def _bare_beside(low: str, days: list[Day]) -> Iterator[Clock]:
    """Return hours without minutes or am and pm right after a day: "on Friday at 10"."""
    for day in days:
        match = _BESIDE.match(low, day.end)
        if match and not day.month_only:
            said = match["said"]
            half = _half(match, None)
            if said and not half:
                half = "am" if "morning" in said else "pm"
            yield Clock(match.start("h"), match.end(), sensible(_hour(match["h"]), 0, half), half)
