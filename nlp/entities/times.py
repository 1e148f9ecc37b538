"""Clock times, and days with a clock time beside them, which are one entity.

An hour without morning or afternoon is read as people at a shop's desk mean it: 1 to 6 are after
noon, 7 to 12 as they stand; written with a leading zero or above 12 it is the 24-hour clock.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from nlp.entities.candidates import Candidate
from nlp.entities.days import Day, shifted
from nlp.entities.lexicon import words
from nlp.entities.numbers import SMALL, chinese_number, english_number, whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nlp.entities.reading import Reading


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock time without its day."""

    start: int
    end: int
    minutes: int
    """Since midnight; 1440 and above are on the following day (晚上12点)."""
    half: str = ""
    """Which half of the day was said: "am", "pm", "24" for the 24-hour clock, or empty."""


_IN_PART = r"(?: (?P<in>in the (?:early )?(?:morning|afternoon|evening)|at night))?"
_ENGLISH = re.compile(
    r"(?<![a-z0-9.:/$€£¥#-])(?:"
    rf"(?P<noon>(?:12 )?noon|(?:12 )?midnight)(?![a-z])"
    rf"|(?P<rel>half|(?:a )?quarter|five|ten|twenty|twenty[ -]five|5|10|20"
    rf"|25)(?: minutes)? (?P<dir>past|to|after) (?P<rh>{SMALL}|1[0-2]|[1-9])"
    r"(?![a-z0-9:.%]|[ -](?:days?|weeks?|months?|hours?|minutes?|business"
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
_BARE = re.compile(
    rf"\b(?:at|around|about|by|before|after|from|between|until|till|to|and"
    rf"|@)? ?(?P<h>1[0-2]|0?[1-9]|{SMALL})(?![a-z0-9:/%.-]?[a-z0-9])"
    rf"(?! (?:days?|weeks?|items?|pieces?|minutes?|hours?|dollars?|people"
    rf"|percent|of|pairs?|boxes|sets|years?|months?|star)){_IN_PART}",
    re.ASCII,
)
_BARE_AT = re.compile(
    rf"\b(?:at|@) ?(?P<h>1[0-2]|[1-9]|{SMALL})(?=\s*(?:$|[,!?;)]|\.(?:\s|$)"
    rf"|tomorrow|today|tonight|in the|sharp|on (?:mon|tue|wed|thu|fri|sat|sun)"
    rf"|please|if|or|and|then|instead|works?|but)){_IN_PART}",
    re.ASCII,
)
_HOUR_HAN = r"(?:二十[一二三四]?|十[一二三四五六七八九]?|[零〇一二两三四五六七八九])"
_MINUTE = r"(?:[一二三四五]?十[一二三四五六七八九]?|零[一二三四五六七八九])"
_PARTS = (
    "凌晨|清晨|早晨|早上|上午|中午|正午|下午|午后|傍晚|晚上|夜里|夜晚|夜间|深夜|半夜|午间|早|晚"
)
_CHINESE = re.compile(
    r"(?=[凌清早上中正下午傍晚夜深半大约差的零〇一二两三四五六七八九十\d\s])"
    rf"(?P<part>{_PARTS})?(?:的)?\s?(?:大?约|差不多)?(?:(?P<lack>差)(?P<lm>一刻|[五十]|5"
    rf"|10)分?(?:钟)?(?:到)?)?"
    rf"(?:(?<![\d.:第])(?P<colon_h>2[0-4]|[01]?\d):(?P<colon_m>[0-5]\d)(?::[0-5]\d)?(?![\d:%])"
    rf"|(?<![\d.第])(?P<h>2[0-4]|[01]?\d|{_HOUR_HAN})(?:(?P<dot>点)(?P<full>钟|整)?"
    rf"|时(?=[\d一二三四五半零整]|$|[，,。]))"
    rf"(?P<m>半|一刻|1刻|三刻|3刻|过?(?:(?:[0-5]?\d)(?:分(?!钟)|(?![\d.分%块元折件个月号天]))"
    rf"|{_MINUTE}分?|[一二三四五六七八九]分))?)"
    r"|(?P<noon>(?<!半)正午|午夜|零时|(?:(?<=今天)|(?<=明天)|(?<=后天)|(?<=昨天)"
    r"|(?<=[日号一二三四五六天]))?中午(?!饭))",
    re.ASCII,
)
_NO_CLOCK_AFTER = re.compile(
    r"(?:建议|问题|意见|要求|疑问|原因|内容|不满|不足|积分|感受|希望"
    r"|声明|理由|好处|坏处|数|赞|击|子|评|五?折)"
)
_CHINESE_TRIGGERS = frozenset("点时午:")
_ENGLISH_TRIGGERS = frozenset(words("times.english_triggers"))
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
_MORNING = frozenset({"凌晨", "清晨", "早晨", "早上", "上午", "早"})
_EVENING = frozenset(
    {"下午", "午后", "傍晚", "晚上", "晚", "夜里", "夜晚", "夜间", "深夜", "半夜", "夜"}
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
        place = bisect_left(days, clock.start, key=_start)
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
            place = bisect_left(days, other.end, key=_start)
            return next((d for d in days[place : place + 1] if _beside(reading, d, other)), None)
    return None


def _start(day: Day) -> int:
    return day.start


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
    found: list[Clock] = []
    low = reading.low
    if reading.han and not reading.chars.isdisjoint(_CHINESE_TRIGGERS):
        found += _chinese(low, days)
    if _has_english(reading):
        found += _english(low)
    if days and (reading.digits or not reading.vocabulary.isdisjoint(_SMALL_WORDS)):
        found += _bare_beside(low, days)
    if "at" in reading.vocabulary or "@" in reading.chars:
        found += _bare(low, _BARE_AT.finditer(low))
    return _without_overlap(found)


_SMALL_WORDS = frozenset(SMALL[3:-1].split("|"))


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


def _without_overlap(clocks: list[Clock]) -> list[Clock]:
    kept: list[Clock] = []
    for clock in sorted(clocks, key=lambda c: (c.start, -c.end)):
        if not kept or clock.start >= kept[-1].end:
            kept.append(clock)
    return kept


def _hour(written: str) -> int:
    return int(written) if written.isdigit() else english_number(written) or 0


def _sensible(hour: int, minute: int, half: str) -> int:
    """Return minutes since midnight for an hour of the twelve-hour clock."""
    if half == "pm" and hour < 12:
        hour += 12
    elif half == "am" and hour == 12:
        hour = 0
    elif not half and 0 < hour < 7:
        hour += 12
    return hour * 60 + minute


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
            base = _sensible(_hour(match["rh"]), 0, half)
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
    return Clock(start, end, _sensible(hour, minute, half), half)


def _bare(low: str, matches: Iterator[re.Match[str]]) -> Iterator[Clock]:
    for match in matches:
        half = _half(match, None)
        yield Clock(match.start("h"), match.end(), _sensible(_hour(match["h"]), 0, half), half)


def _bare_beside(low: str, days: list[Day]) -> Iterator[Clock]:
    """Return hours without minutes or am and pm right after a day: "on Friday at 10"."""
    for day in days:
        match = _BESIDE.match(low, day.end)
        if match and not day.month_only:
            said = match["said"] or ""
            half = _half(match, None) or (
                "am" if "morning" in said else "pm" if said.strip(" ,in the") else ""
            )
            yield Clock(match.start("h"), match.end(), _sensible(_hour(match["h"]), 0, half), half)


_BESIDE = re.compile(
    rf"(?P<said>,? (?:in the )?(?:morning|afternoon|evening|night))?,? (?:at"
    rf"|around|about|by|before|after|@) ?(?:about |around )?"
    rf"(?P<h>1[0-2]|[1-9]|{SMALL})(?![a-z0-9:/%-]|\.\d| ?[ap]\.?m\b| ?o'?clock"
    rf"| (?:days?|weeks?|items?|pieces?|minutes?|hours?|dollars?|percent|of"
    rf"|more|boxes|stores?)\b)"
    rf"{_IN_PART}",
    re.ASCII,
)


def _chinese(low: str, days: list[Day]) -> Iterator[Clock]:
    for match in _CHINESE.finditer(low):
        start, end = match.span()
        # 晚 in 今晚8点 belongs to the day already.
        place = bisect_left(days, start, key=_start)
        day = days[place - 1] if place and 0 <= days[place - 1].end - start < 2 else None
        if day is not None:
            start = day.end
        while low[start : start + 1] in ("的", " ") and start < end:
            start += 1
        if match["noon"]:
            yield Clock(start, end, 0 if match["noon"] in ("午夜", "零时") else 720, "24")
            continue
        clock = _chinese_clock(low, match, start, day)
        if clock is not None:
            yield clock


def _chinese_clock(low: str, match: re.Match[str], start: int, day: Day | None) -> Clock | None:
    written = match["colon_h"] or match["h"]
    part = (day.part if day else "") or match["part"] or ""
    hour = int(written) if written.isdigit() else whole(chinese_number(written))
    if hour is None or hour > 24:
        return None
    minute = int(match["colon_m"]) if match["colon_m"] else _minute(match["m"])
    if match["dot"] and not _is_clock(low, match, part, day):
        return None
    if match["lack"]:
        minute -= {"一刻": 15, "五": 5, "5": 5}.get(match["lm"], 10)
    explicit = hour > 12 or (written.isdigit() and len(written) == 2 and written[0] == "0")
    half = "24" if explicit or part else ""
    if explicit:
        minutes = hour * 60 + minute
    elif part in _EVENING:
        minutes = _evening(part, hour) * 60 + minute
    elif part in _MORNING:
        minutes = hour % 12 * 60 + minute if part == "凌晨" or hour < 12 else 720 + minute
    elif part:
        minutes = (hour + 12 if hour < 4 else hour) * 60 + minute
    else:
        minutes = _sensible(hour, minute, "")
    return Clock(start, match.end(), minutes, half)


def _evening(part: str, hour: int) -> int:
    if hour == 12:
        return 12 if part in ("下午", "午后") else 24
    if part in ("夜里", "深夜", "半夜", "夜间") and hour < 6:
        return hour
    return hour + 12


def _minute(written: str | None) -> int:
    if not written:
        return 0
    named = {"半": 30, "一刻": 15, "1刻": 15, "三刻": 45, "3刻": 45}.get(written)
    if named is not None:
        return named
    written = written.removeprefix("过").rstrip("分").removeprefix("零")
    return int(written) if written.isdigit() else whole(chinese_number(written)) or 0


def _is_clock(low: str, match: re.Match[str], part: str, day: Day | None) -> bool:
    """Tell 两点 o'clock from two points and from "a little"."""
    if part or day or match["m"] or match["full"]:
        return True
    if _NO_CLOCK_AFTER.match(low, match.end()):
        return False
    written = match["h"]
    before = low[match.start("h") - 1] if match.start("h") else ""
    if before and before in "几第这那有每差快早晚多少好十以":
        return False
    if written in ("一", "零", "〇"):
        return False
    if written == "两" or written in "二三四五":
        return bool(
            re.compile(r"[前后到至左之以能可会来送过取发开关上下吗，,。?？!]|$").match(
                low, match.end()
            )
        )
    return True
