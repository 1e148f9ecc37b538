"""Postal addresses: Chinese ones from the largest to the smallest part, others back.

A Chinese address begins at a province or city of the lists, or after the word that leads to it
(到, 是, 改成...), and runs on as long as its parts do. It counts when it names a street with a
number, a building with a unit, or a district of a named city.
"""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING

from nlp.entities.candidates import Candidate
from nlp.entities.lexicon import words
from nlp.entities.places import STATE, Places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nlp.entities.reading import Reading

_PROVINCES = (
    "黑龙江|内蒙古|北京|天津|上海|重庆|河北|山西|辽宁|吉林|江苏|浙江"
    "|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南"
    "|陕西|甘肃|青海"
    "|台湾|广西|西藏|宁夏|新疆|香港|澳门"
)
# 和 joins two addresses, and stands in names: 和平区, 丰和大道.
_AND = "和(?![平睦兴顺盛义祥谐润煦美])(?<![丰颐人泰永仁雍太祥义协谐]和)"
_NAME = rf"(?:(?![的了吗呢吧我你您他她在是到给把请改换与,，。]|{_AND})[\u4e00-\u9fff])"
_NUMBER = r"(?:\d{1,5}(?:-\d{1,4})?|[一二三四五六七八九十百零〇]{1,5})"
_STREET = r"(?:大道|大街|公路|路|街|巷|弄|胡同|道|里)"
_PLACE = (
    r"(?:大厦|小区|花园|花苑|广场|公寓|家园|新村|新城|名城|中心"
    r"|写字楼|大楼|商城|校区|大学|学院|医院|科技园|产业园|工业园|园区"
    r"|国际|商厦|天地|家属院|宿舍|苑|园|庭|府|村|湾|城|里|座)"
)
_UNIT = (
    rf"(?:\s?(?:[第附]?{_NUMBER}|[A-Za-z]\d{{0,4}}(?:-[A-Za-z\d]{{1,3}})?"
    rf"|塔?[A-Za-z]?\d{{1,5}}|[甲乙丙丁东西南北])\s?(?:号楼|号院|号仓|栋|幢|座|塔|单元|层|楼|室|房|户|号|门|组|队|铺"
    rf"|区|期)|塔\s?\d{{1,2}}(?!\d))"
)
_INSIDE = (
    r"\s?(?:塔?[A-Za-z]?\d{1,3}|[A-Za-z]|[一二三四五六七八九十]{1,3})"
    r"\s?(?:号楼|栋|幢|座|塔|单元|楼|层)"
)
# 7-1503 behind a building is a flat; 2-3天 is how long it takes.
_TAIL = (
    rf"(?:{_UNIT}*(?:\s?-?\d{{3,4}}(?![\d.元块-])"
    rf"|(?:\d{{1,2}}-){{1,2}}\d{{1,4}}(?![\d.元块天日号月点个件年-]))?)"
)
_ROAD = rf"(?:{_NAME}{{1,8}}?{_STREET}(?:[东西南北中]?[一二三四]?段|[东西南北]侧)?)"
_ROAD_NUMBER = rf"(?:\s?{_NUMBER}\s?(?:弄|号院|号楼|号仓|号|巷)(?![线码]))"

_FORWARD = re.compile(
    rf"(?:省|市|自治区|壮族自治区|维吾尔自治区|回族自治区"
    rf"|特别行政区)?(?P<city>\s?{_NAME}{{2,4}}?市)?"
    rf"(?P<district>\s?{_NAME}{{1,6}}?(?:新区|开发区|区|县|旗))?(?P<second>\s?{_NAME}{{1,3}}?区)?"
    rf"(?P<town>\s?{_NAME}{{1,5}}?(?:街道|镇|乡))?(?P<village>\s?{_NAME}{{1,5}}?村)?"
    rf"(?P<road>\s?{_ROAD}(?={_ROAD_NUMBER}|\s?{_NAME}{{2,10}}?{_PLACE}|\d|\s*$|[,，。\s]))?"
    rf"(?P<number>{_ROAD_NUMBER}(?:\s?{_ROAD_NUMBER})*"
    rf"|(?<=[路街道])\s?\d{{1,5}}(?![\d.元块月/年天小:-]))?"
    rf"(?P<place>\s?(?:[A-Za-z]{{1,8}})?{_NAME}{{1,12}}?{_PLACE}(?=\s?[\dA-Za-z一二三四五六七八九十甲乙东西南北]"
    rf"|\s*$|[,，。!！;；])"
    # After road and number any name is a building, when a unit of it follows.
    rf"|(?(number)\s?{_NAME}{{2,10}}?(?:[A-Za-z]{{1,8}})?(?={_INSIDE})|(?!)))?"
    rf"(?P<units>{_TAIL})",
    re.ASCII,
)
_ANCHOR = re.compile(
    rf"{_STREET}(?:[东西南北中]?[一二三四]?段)?{_ROAD_NUMBER}"
    rf"|{_PLACE}\s?[A-Za-z]?{_NUMBER}\s?(?:号楼|栋|幢|座|单元|室)|(?:区"
    rf"|县)(?={_NAME}{{1,8}}(?:路|街|道|镇|乡|村))",
    re.ASCII,
)
_LEADS = re.compile(
    r"[,，。.!！?？:;；()、\n\"']|改成|改为|换成|换为|改至"
    r"|改到|变成|写成|更新为|设为|设置为|地址为|填成|收货地|地址|住址"
    r"|位于|寄|送|填|写|搬|(?<![开])发(?![展达财])|到(?!处)|在|是"
    r"|给|住|往|去|从(?!化)|我|你|您|的|了|吗|人(?!民)|家住"
    r"|于(?![洪都])|至|把|来自|麻烦|请"
)
_AFTER_SPACES = re.compile(" *")
_START = re.compile(rf"(?:{_PROVINCES})", re.ASCII)
_TRIGGERS = frozenset("路街道巷弄区县镇乡村栋幢座楼室号苑园厦")

_US_SURE = r"street|avenue|boulevard|road|blvd|ave|rd"
_US_CAPITAL = (
    r"St|Street|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct"
    r"|Place|Pl|Square|Sq|Way|Parkway|Pkwy|Terrace|Ter|Circle|Cir|Highway|Hwy"
    r"|Trail|Trl|Alley|Plaza|Loop|Broadway|Crescent|Close|Mews|Parade"
)
# Other words too: they name a street where a flat, town or postcode follows.
_US_WEAK = (
    r"Grove|Gardens|Hill|Hills|Row|Walk|Green|Rise|Quay|Wharf|View|Market|Heights|Cross|Park|Path"
    r"|Run|Pike|Gate|Bank|Mall|Fields|Meadows?|Vale|Yard|Point|Ridge|Crossing|Bay"
)
_WITHIN = (
    r"(?:,?\s+(?:apt|apartment|suite|ste|unit|room|rm|floor|fl|flat|building|bldg|block|tower"
    r"|#)\.?\s*#?\s?(?:[a-z]?\d{1,5}[a-z]?|[a-z])(?![a-z0-9])|,?\s+#\s?\d{1,5}[a-z]?"
    r"|,?\s+\d{1,3}(?:st|nd|rd|th) floor)"
)
_FIRST = r"(?:apt|apartment|suite|ste|unit|room|rm|flat|building|block|tower|floor)\.?"
_US = re.compile(
    rf"(?<![A-Za-z0-9#$.,/-])(?:(?i:(?:{_FIRST} ?#?(?:\d{{1,5}}[a-z]?|[a-z]),? ){{1,3}}))?"
    rf"(?:(?i:no\. ?))?"
    rf"(?P<number>\d{{1,6}}[A-Za-z]?(?:-\d{{1,4}})?)\s+(?:(?:[NSEW]{{1,2}}"
    rf"|North|South|East|West)\.? )?"
    rf"(?:(?P<capital>(?:(?:[A-Z][A-Za-z.'-]*|\d{{1,3}}(?:st|nd|rd|th)|of|the"
    rf"|de|la|del) ){{1,4}}(?:{_US_CAPITAL}|(?P<weak>{_US_WEAK}))|Broadway|Avenue of the Americas)"
    rf"|(?P<lower>(?:[a-z][a-z'-]*|\d{{1,3}}(?:st|nd|rd"
    rf"|th)) (?:[a-z][a-z'-]* )?(?:{_US_SURE}|(?:st|lane|drive|court|dr"
    rf"|ln)(?=,? (?:apt|suite|unit|#|[a-z]+(?: [a-z]+)?,? {STATE}\b|\d{{5}}))))"
    rf")\b\.?(?: (?:NW|NE|SW|SE|North|South|East|West|[NSEW])\b\.?)?",
    re.ASCII,
)
# Flat 9, Queensway, London W2 6LS: a house without a street's number is sure by its postcode.
_BRITISH = re.compile(
    rf"(?<![A-Za-z0-9])(?i:{_FIRST}) ?\d{{1,4}}[A-Za-z]?,? "
    r"(?:(?:\d{1,5}[A-Za-z]? )?[A-Z][A-Za-z' -]{1,30}, ){1,3}"
    r"[A-Z][A-Za-z' -]{1,24}?,? [A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}(?![A-Za-z0-9])",
    re.ASCII,
)
_PO_BOX = re.compile(r"(?<![A-Za-z0-9])P\.? ?O\.? Box \d{1,6}", re.ASCII | re.IGNORECASE)
_US_WITHIN = re.compile(_WITHIN, re.ASCII)
_US_DISTRICT = re.compile(r",\s+[a-z' -]{2,24} district", re.ASCII)
_US_CITY = re.compile(
    r",?\s+(?P<city>[a-z][a-z.' -]{1,28}?)(?=,|\s+\d{5,6}(?:-\d{4})?\b|\s*$"
    r"|[.!?;]|\s+(?:please|and|by|instead|tomorrow|today|on|is|not|before)\b)",
    re.ASCII,
)
_US_STATE = re.compile(
    rf",?\s+(?P<state>{STATE})(?![a-z])(?:,?\s+\d{{5}}(?:-\d{{4}})?(?!\d))?"
    rf"|,?\s+\d{{5}}(?:-\d{{4}})?(?![\d-])|,?\s+\d{{6}}(?!\d)",
    re.ASCII,
)
_COUNTRY = (
    r"(?:the )?(?:usa|u\.s\.a\.?|us|united states(?: of america)?|p\.?r\.? china|china|uk|u\.k\."
    r"|united kingdom|great britain|england|scotland|wales|northern ireland|ireland|canada"
    r"|australia|new zealand|germany|france|spain|italy|netherlands|belgium|austria|switzerland"
    r"|sweden|norway|denmark|finland|poland|portugal|india|japan|south korea|singapore|malaysia"
    r"|taiwan|hong kong|mexico|brazil)(?![a-z])"
)
_US_COUNTRY = re.compile(rf",\s+{_COUNTRY}(?:,?\s+\d{{6}}(?!\d))?", re.ASCII)
_US_CITY_STATE = re.compile(
    rf",?\s+(?P<city>[a-z][a-z.']*(?: [a-z][a-z.']*){{0,3}}),?\s+(?P<state>{STATE})(?![a-z])"
    rf"(?P<zip>,?\s+\d{{5}}(?:-\d{{4}})?(?!\d))?",
    re.ASCII,
)
# British, Canadian, Australian, Irish and others' towns with what makes them sure: a postcode.
_TOWN = r"(?:,?\s+(?P<town>[A-Z][A-Za-z.'-]*(?: (?:on|upon|[A-Z][A-Za-z.'-]*)){0,3}))?"
_ABROAD = re.compile(
    rf"(?:,\s+[A-Z][A-Za-z' -]{{1,24}}?){{0,2}}{_TOWN}(?:,?\s+(?:"
    r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}"
    r"|(?:AB|BC|MB|NB|NL|NS|ON|PE|QC|SK),? [A-Z]\d[A-Z] ?\d[A-Z]\d|[A-Z]\d[A-Z] \d[A-Z]\d"
    r"|(?:NSW|VIC|QLD|WA|SA|TAS|ACT|NT),? \d{4})(?![A-Za-z0-9])"
    rf"|,?\s+\d{{4,6}}(?=,\s+(?i:{_COUNTRY}))|,?\s+\d{{1,2}}(?=, Ireland)|(?=,\s+(?i:{_COUNTRY})))",
    re.ASCII,
)
# Further parts of a Chinese address in English, up to the city: ", Pudong, Shanghai".
_PARTS = re.compile(
    r",\s+(?:[A-Z][A-Za-z' -]{1,24},\s+)?(?P<city>[A-Z][a-z']+(?: [A-Z][a-z']+)?)"
    r"(?:,\s+[A-Z][a-z]+(?=,|\s+\d{6}|\s*[.!?]?$))?(?:,?\s+\d{6}(?!\d))?",
    re.ASCII,
)
_NO_STREET = frozenset(words("addresses.no_street"))
_US_TRIGGERS = frozenset(
    word.lower().replace("?", "")
    for word in (*_US_CAPITAL.split("|"), *_US_WEAK.split("|"), *_US_SURE.split("|"), "americas")
) | {"meadow", "box", "flat", "unit", "apartment", "suite"}


class Addresses:
    """Finds postal addresses."""

    def __init__(self, places: Places) -> None:
        self._places = places

    def find(self, reading: Reading) -> list[Candidate]:
        """Return every address; the value is the address as written."""
        found: list[Candidate] = []
        if reading.digits and not reading.vocabulary.isdisjoint(_US_TRIGGERS):
            found += self._american(reading)
        if reading.han and not reading.chars.isdisjoint(_TRIGGERS):
            found += self._chinese(reading)
        return found

    def _chinese(self, reading: Reading) -> Iterator[Candidate]:
        text = reading.plain
        starts = {m.start() for m in _START.finditer(text)}
        starts |= {start for start, _, _ in self._places.chinese(reading)}
        for anchor in _ANCHOR.finditer(text):
            begin = max(0, anchor.start() - 30)
            leads = [m.end() for m in _LEADS.finditer(text, begin, anchor.start())]
            starts.add(max(leads, default=begin))
        reached = 0
        for begin in sorted(starts):
            start = _AFTER_SPACES.match(text, begin).end()  # type: ignore[union-attr]
            if start < reached:
                continue
            end = _chinese_end(text, start)
            if end:
                yield Candidate("address", start, end, text[start:end])
                reached = end

    def _american(self, reading: Reading) -> Iterator[Candidate]:
        plain, low = reading.plain, reading.low
        matches = (pattern.finditer(plain) for pattern in (_US, _BRITISH, _PO_BOX))
        for match in chain.from_iterable(matches):
            end = self._extended(plain, low, match.end())
            if match.re is _US and not _names_street(match, extended=end > match.end()):
                continue
            if low[end - 1] == "." and end == match.end() and end == len(low.rstrip()):
                end -= 1
            yield Candidate("address", match.start(), end, plain[match.start() : end])

    def _extended(self, plain: str, low: str, end: int) -> int:
        """Return where the address ends, with apartment, city, state, postcode and country."""
        while match := _US_WITHIN.match(low, end):
            end = match.end()
        if match := _US_DISTRICT.match(low, end):
            end = match.end()
        end = self._town(plain, low, end)
        if match := _US_COUNTRY.match(low, end):
            end = match.end()
        return end

    def _town(self, plain: str, low: str, end: int) -> int:
        """Return where the town ends, with its state and postcode; what it was without one."""
        match = _US_CITY_STATE.match(low, end)
        if match and _plausible_state(match):
            return match.end()
        if match := _ABROAD.match(plain, end):
            return match.end()
        match = _PARTS.match(plain, end)
        if match and self._places.is_city(match["city"].lower()):
            return match.end()
        city = _US_CITY.match(low, end)
        if city and self._places.is_city(city["city"]):
            end = city.end("city")
        state = _US_STATE.match(low, end)
        if state and (state["state"] is None or len(state["state"]) > 2 or low[end] == ","):
            end = state.end()
        return end


def _names_street(match: re.Match[str], *, extended: bool) -> bool:
    """Tell "5 Elm Court" from "5 days on the road" and, not extended, from "2 Candle Green"."""
    words = (match["capital"] or match["lower"]).lower().split()
    if match["weak"] and not extended:
        return False
    return _NO_STREET.isdisjoint(words if match["lower"] else words[:1])


def _plausible_state(match: re.Match[str]) -> bool:
    """Tell "Austin, TX" from "tomorrow or": a short state needs a comma or a postcode."""
    if len(match["state"]) > 2 or match["zip"]:
        return True
    return match.string[match.end("city")] == ","


def _chinese_end(text: str, start: int) -> int:
    """Return where the address that begins here ends, or 0 when there is none."""
    province = _START.match(text, start)
    match = _FORWARD.match(text, province.end() if province else start)
    if match is None:
        return 0
    found = {name for name, part in match.groupdict().items() if part}
    enough = (
        ("road" in found and "number" in found)
        or ("place" in found and "units" in found)
        or ("district" in found and bool(found & {"road", "town", "place", "village"}))
        or (province is not None and "district" in found)
        or ("city" in found and bool(found & {"district", "road", "town"}))
        or (province is not None and "road" in found)
        or (province is not None and "place" in found and "units" in found)
    )
    if not enough:
        return 0
    end = match.end()
    while end > start and text[end - 1] == " ":
        end -= 1
    return end
