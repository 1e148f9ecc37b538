"""Days and months named in Chinese."""

from __future__ import annotations

import re
from decimal import Decimal
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
from nlp.entities.numbers import chinese_number, whole
from nlp.entities.tense import lies_behind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from nlp.entities.reading import Reading

_DAY_NUMBER = (
    r"(?:[12]\d|3[01]|0?[1-9]|三十一?"
    r"|二十[一二三四五六七八九]?|廿[一二三四五六七八九]?"
    r"|十[一二三四五六七八九]?|[一二三四五六七八九])"
)


_MONTH_NUMBER = r"(?:1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])"


_NAMED = {
    "大前天": -3,
    "大后天": 3,
    "今天": 0,
    "今日": 0,
    "今儿": 0,
    "今晚": 0,
    "今早": 0,
    "今夜": 0,
    "当天": 0,
    "明天": 1,
    "明日": 1,
    "明儿": 1,
    "明晚": 1,
    "明早": 1,
    "昨天": -1,
    "昨日": -1,
    "昨儿": -1,
    "昨晚": -1,
    "昨夜": -1,
    "后天": 2,
    "前天": -2,
}


_WEEKS = {"上上": -2, "上": -1, "这": 0, "本": 0, "": 0, "下": 1, "下下": 2}


_YEARS = {"今": 0, "本": 0, "明": 1, "去": -1, "前": -2, "后": 2}


_FESTIVALS = {
    "双十一": (11, 11),
    "双11": (11, 11),
    "双十二": (12, 12),
    "双12": (12, 12),
    "圣诞节": (12, 25),
    "圣诞": (12, 25),
    "平安夜": (12, 24),
    "元旦": (1, 1),
    "国庆节": (10, 1),
    "国庆": (10, 1),
    "劳动节": (5, 1),
    "五一": (5, 1),
    "情人节": (2, 14),
    "儿童节": (6, 1),
}


_CHINESE = re.compile(
    r"(?=[大今明昨后前周星礼上下这本去双圣平元国劳情儿半两零〇一二三四五六七八九十廿\d])"
    rf"(?P<named>大前天|大后天|[今明昨](?:天|日|儿|晚|早|夜)|[后前]天)"
    # 每周一 recurs; the 周一 of 一周一次 is no Monday.
    r"|(?<![一二三四五六七八九十\d每几半双两])(?P<week>上上"
    r"|下下|上|下|这|本)?(?P<ge>个)?(?:周|星期"
    r"|礼拜)(?P<weekday>[一二三四五六日天])"
    r"(?![共直样般定次些]|家(?![里中没有]))"
    rf"|(?<![\d.])(?:(?P<year>(?:19|20)\d\d|\d\d|[一二][零〇九][零〇一二三四五六七八九]{{2}}"
    rf"|[今明去前后本])年\s?)?"
    rf"(?P<month>(?<![一二三四五六七八九十]){_MONTH_NUMBER})月(?![饼亮经光嫂内])(?:\s?(?P<day>{_DAY_NUMBER})\s?[日号](?!店"
    rf"|楼|院|线|码)|份)?"
    rf"|(?P<moved>上上|下下|上|下|这|本)(?:个)?月(?!饼|亮)(?:份"
    rf"|\s?(?P<moved_day>{_DAY_NUMBER})\s?[日号](?!店|楼|院|码))?"
    # 两个星期前的周三 is one day, not two.
    r"|(?<![\d.几第])(?P<weeks>\d{1,2}|[一二三四五六七八九十两]+)\s?个?(?:周|星期|礼拜)(?:之|以)?"
    r"(?P<weeks_side>前|后)的?(?:那个)?(?:周|星期|礼拜)(?P<weeks_day>[一二三四五六日天])"
    r"(?![共直样般定次些家气])"
    r"|(?<![\d.几第])(?P<count>\d{1,3}|[一二三四五六七八九十两半]+)\s?(?P<unit>天|个?星期|个?礼拜|周"
    r"|个月|年)(?:之|以)?(?P<side>前|后)(?![台退面])"
    rf"|(?<![\d.路街弄巷道第a-z#])(?P<alone>(?<![一二三四五六七八九十百零几]){_DAY_NUMBER})号"
    r"(?!楼|店|线|码|院|门|桌|库|机|仓|床|房|柜|色|铺|厅|馆|地"
    r"|电池|鞋|球|客服|商品|产品|款|车|字|包|货|单"
    r"|[\d\-a-z])"
    rf"|(?P<festival>双十[一二]|双1[12]|圣诞节?|平安夜"
    rf"|元旦|国庆节?|劳动节|五一(?=节|假|劳|期|前|后|放|小)|情人节"
    rf"|儿童节)",
    re.ASCII,
)


_TRIGGERS = frozenset("天日月号周星礼年晚早夜儿圣元国劳五情双平")


# "3 days after it came" counts from another day than today.
_OTHER_START = re.compile(
    r"(?:收到|到货|签收|收货|购买|下单|付款|用|使用|退货|发货|买"
    r"|申请|完成|审核|提交|拿到|激活|生效|购)(?:货|了|之|以|后|款"
    r"|完|品|物|单|商)*$"
)


def chinese_days(reading: Reading) -> Iterator[Day]:
    """Return the days and months that Chinese words name."""
    if not reading.han or reading.chars.isdisjoint(_TRIGGERS):
        return
    for match in _CHINESE.finditer(reading.low):
        day = _read(reading, match)
        if day is not None:
            yield day


def _read(reading: Reading, match: re.Match[str]) -> Day | None:
    kind = match.lastgroup
    if match["named"]:
        return _named(reading, match)
    if match["weekday"]:
        return _weekday(reading, match)
    if match["weeks"]:
        return _in_another_week(reading, match)
    if match["month"]:
        return _calendar(reading, match)
    if match["moved"]:
        return _moved(reading, match)
    if match["unit"]:
        return _relative(reading, match)
    if match["alone"]:
        return _alone(reading, match)
    return _festival(reading, match) if kind else None


def _named(reading: Reading, match: re.Match[str]) -> Day | None:
    name = match["named"]
    if name in ("后天", "前天") and match.start() and reading.low[match.start() - 1] in "大先":
        return None
    on = shifted(reading.now.date(), _NAMED.get(name, 0))
    part = name[1] if name[1] in "晚早夜" else ""
    return Day(match.start(), match.end(), on, part=part) if on else None


def _weekday(reading: Reading, match: re.Match[str]) -> Day | None:
    today = reading.now.date()
    number = _weekday_number(match["weekday"])
    start, end = match.span()
    # 周天 is Sunday only in speech; in 这周天气 it is not.
    if match[0].endswith("周天") and reading.low[end : end + 1] in ("气", "数"):
        return None
    if match["week"]:
        on = weekday_in_week(today, number, _WEEKS[match["week"]])
        return Day(start, end, on) if on else None
    if match["ge"]:
        return None
    behind = lies_behind(reading, start, end)
    on = weekday_near(today, number, behind=behind)
    return Day(start, end, on, weekday=True, behind=behind) if on else None


def _in_another_week(reading: Reading, match: re.Match[str]) -> Day | None:
    number = _weekday_number(match["weeks_day"])
    count = _number(match["weeks"])
    weeks = -count if match["weeks_side"] == "前" else count
    on = weekday_in_week(reading.now.date(), number, weeks) if count else None
    return Day(match.start(), match.end(), on) if on else None


def _weekday_number(written: str) -> int:
    """Return a weekday by its character: 0 for Monday."""
    return "一二三四五六日".find(written.replace("天", "日"))


def _number(text: str) -> int:
    text = text.replace("廿", "二十")
    return whole(chinese_number(text)) or 0


def _calendar(reading: Reading, match: re.Match[str]) -> Day | None:
    today = reading.now.date()
    month = _number(match["month"])
    number = _number(match["day"]) if match["day"] else 0
    start, end = match.span()
    if match["year"]:
        year = _year(today, match["year"])
        on = day_of(year, month, number or 1)
        return Day(start, end, on, month_only=not number) if on else None
    if not number and not match[0].endswith("份") and not _stands_as_month(reading.low, match):
        return None
    behind = lies_behind(reading, start, end)
    if number:
        on = day_in_year(today, month, number, behind=behind)
    else:
        on = month_in_year(today, month, behind=behind)
    return Day(start, end, on, month_only=not number, behind=behind) if on else None


def _stands_as_month(low: str, match: re.Match[str]) -> bool:
    """Tell 3月 in "3月下的单" from a piece of another word."""
    before = low[match.start() - 1] if match.start() else ""
    return before not in ("个", "第", "满", "每", "几", "正", "腊")


def _year(today: date, written: str) -> int:
    if written in _YEARS:
        return today.year + _YEARS[written]
    year = _number(written)
    return year if year > 99 else 2000 + year


def _moved(reading: Reading, match: re.Match[str]) -> Day | None:
    first = month_shifted(reading.now.date().replace(day=1), _WEEKS[match["moved"]])
    if first is None:
        return None
    if not match["moved_day"]:
        return Day(match.start(), match.end(), first, month_only=True)
    on = day_of(first.year, first.month, _number(match["moved_day"]))
    return Day(match.start(), match.end(), on) if on else None


def _relative(reading: Reading, match: re.Match[str]) -> Day | None:
    start, end = match.span()
    low, today = reading.low, reading.now.date()
    number = chinese_number(match["count"]) if match["count"] != "半" else None
    unit, sign = match["unit"], -1 if match["side"] == "前" else 1
    if match["count"] == "半" and "月" in unit:
        number, unit = Decimal(15), "天"
    count = whole(number)
    if count is None or count > 1_000:
        return None
    if sign > 0 and _OTHER_START.search(low[max(0, start - 6) : start]):
        return None
    if unit == "年":
        on = month_shifted(today, sign * 12 * count)
    elif unit == "个月":
        on = month_shifted(today, sign * count)
    else:
        on = shifted(today, sign * count * (1 if unit == "天" else 7))
    return Day(start, end, on) if on else None


def _alone(reading: Reading, match: re.Match[str]) -> Day | None:
    start, end = match.span()
    before = reading.low[max(0, start - 2) : start].rstrip()[-1:]
    if before and before in "路街弄巷道里村编型尾账帐单大小第楼栋幢座":
        return None
    behind = lies_behind(reading, start, end)
    on = day_in_month(reading.now.date(), _number(match["alone"]), behind=behind)
    return Day(start, end, on, behind=behind) if on else None


def _festival(reading: Reading, match: re.Match[str]) -> Day | None:
    month, number = _FESTIVALS[match["festival"]]
    start, end = match.span()
    following = reading.low[end : end + 2]
    if following[:1] in ("树", "帽", "老") or following == "快乐":
        return None
    behind = lies_behind(reading, start, end)
    on = day_in_year(reading.now.date(), month, number, behind=behind)
    return Day(start, end, on, behind=behind) if on else None
