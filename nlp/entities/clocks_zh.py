"""Clock times in Chinese words."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING

from nlp.entities.clocks import Clock, sensible
from nlp.entities.days import Day, start_of
from nlp.entities.numbers import chinese_number, whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nlp.entities.reading import Reading

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


_MORNING = frozenset({"凌晨", "清晨", "早晨", "早上", "上午", "早"})


_EVENING = frozenset(
    {"下午", "午后", "傍晚", "晚上", "晚", "夜里", "夜晚", "夜间", "深夜", "半夜", "夜"}
)


def chinese_clocks(reading: Reading, days: list[Day]) -> Iterator[Clock]:
    """Return the clock times with Chinese words in them."""
    low = reading.low
    if not reading.han or reading.chars.isdisjoint(_CHINESE_TRIGGERS):
        return
    for match in _CHINESE.finditer(low):
        start, end = match.span()
        # 晚 in 今晚8点 belongs to the day already.
        place = bisect_left(days, start, key=start_of)
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
        minutes = sensible(hour, minute, "")
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
    exact = match["m"] or match["full"]
    if not exact and not day and match["h"] == "一" and part in ("早", "晚"):
        return False  # 早一点, 晚一点: a little earlier or later
    if part or day or exact:
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
