"""Cities, from lists of the cities of China and the large ones of the world."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from nlp.entities.candidates import Candidate
from nlp.entities.lexicon import words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nlp.entities.reading import Reading
    from nlp.entities.spec import CatalogueEntry

_FOLDER = Path(__file__).parent / "data"

# A city's name here is part of another word: 长沙发 is a long sofa, 南京路 a street.
_CONTINUES = re.compile(
    r"(?:[东南西北中][一二三]?)?(?:路|街|道(?!了)|大道|大街)"
    r"|[东南西北中]?站|银行|大学|日报|晚报|烤鸭|小面|火锅|菜(?!鸟)"
    r"|话(?!费)|腔|时代|现代|啤酒|瓜|玉(?!林)|省"
)
_EXCEPTIONS = {
    "长沙": re.compile(r"发(?!货|票|往|到|出|来|的|快|过|件|顺|给|$)"),
    "海口": re.compile(r"味"),
    "大连": re.compile(r"接|锁|衣|体"),
    "大理": re.compile(r"石|由"),
    "黄山": re.compile(r"毛峰"),
    "中山": re.compile(r"装|陵|公园"),
    "开封": re.compile(r"(?!市|的|发|到|人|那|这|,|，|。|$)"),
    "保定": re.compile(r"期"),
    "大同": re.compile(r"小异"),
    "宝鸡": re.compile(r"蛋"),
    "三明": re.compile(r"治"),
    "包头": re.compile(r"巾"),
    "大庆": re.compile(r"典|祝"),
    "六安": re.compile(r"瓜片"),
    "安庆": re.compile(r"典"),
    "高雄": re.compile(r"心"),
    "东京": re.compile(r"奥运"),
    "南通": re.compile(r"北"),
    "罗马": re.compile(r"帘|柱|数字|杆|凉|鞋|字"),
    "巴中": re.compile(r"(?!市|的|发|到|人|,|，|。|$)"),
    "承德": re.compile(r"露"),
    "常德": re.compile(r"国"),
    "北海": re.compile(r"道"),
}
_LED_BY = re.compile(
    r"\b(?:in|to|from|near|at|around|outside|within|of|via|reach|leave|visiting|for) $"
)
_STATES = words("places.states")
STATE = (
    r"(?:" + "|".join(_STATES) + r"|alabama|alaska|arizona|arkansas|california|colorado|connecticut"
    r"|delaware|florida|georgia|hawaii|idaho"
    r"|illinois|indiana|iowa|kansas|kentucky|louisiana|maine|maryland"
    r"|massachusetts|michigan|minnesota|mississippi|missouri|montana|nebraska"
    r"|nevada|new hampshire|new jersey|new mexico|new york|north carolina"
    r"|north dakota|ohio|oklahoma|oregon|pennsylvania|rhode island"
    r"|south carolina|south dakota|tennessee|texas|utah|vermont|virginia"
    r"|washington|west virginia|wisconsin|wyoming)"
)
_STATE_AFTER = re.compile(rf",? ?(?P<state>{STATE})(?![a-z])")
_NOT_CITY_AFTER = re.compile(
    r" (?:street|st|road|rd|avenue|ave|lane|hotel|bank|university|times|post"
    r"|pizza|fries|dressing|state(?!s)|lamp|sofa|chair|table|rug|collection"
    r"|fashion|west|east"
    r"|north|south)\b"
)


class City(Struct, frozen=True):
    """One name of a city."""

    name: str
    guarded: bool
    """Counts only with 市 (Chinese) or with a capital and a leading word (English)."""


class Places:
    """Finds the names of cities."""

    def __init__(self, further: tuple[CatalogueEntry, ...]) -> None:
        self._han: dict[str, list[City]] = {}
        """By the first character, the longest name first."""
        self._latin: dict[str, list[tuple[tuple[str, ...], bool]]] = {}
        """By the first word: the further words, and whether guarded; the longest first."""
        for name, guarded in (*_china(), *_world()):
            self._add(name, guarded=guarded)
        for entry in further:
            for name in entry.names:
                self._add(name, guarded=False)
        for cities in self._han.values():
            cities.sort(key=lambda c: -len(c.name))
        for names in self._latin.values():
            names.sort(key=lambda n: -len(n[0]))
        self._first_chars = frozenset(self._han)
        self._first_words = frozenset(self._latin)

    def _add(self, name: str, *, guarded: bool) -> None:
        if name.isascii():
            first, *others = re.findall(r"[a-z0-9]+(?:'[a-z]+)?", name.lower())
            entry = (tuple(others), guarded)
            if entry not in self._latin.setdefault(first, []):
                self._latin[first].append(entry)
        else:
            self._han.setdefault(name[0], []).append(City(name, guarded))

    def find(self, reading: Reading) -> list[Candidate]:
        """Return every city; 市 is in the span and not in the value."""
        found: list[Candidate] = []
        if not reading.vocabulary.isdisjoint(self._first_words):
            found += self._english(reading)
        if reading.han:
            found += [
                Candidate("city", start, end, reading.plain[start : start + length])
                for start, end, length in self.chinese(reading)
            ]
        return found

    def chinese(self, reading: Reading) -> Iterator[tuple[int, int, int]]:
        """Yield start, end and the name's length without 市 of every Chinese city."""
        low = reading.low
        if reading.chars.isdisjoint(self._first_chars):
            return
        last = 0
        for i, c in enumerate(low):
            if c in self._first_chars and i >= last:
                for city in self._han[c]:
                    if low.startswith(city.name, i):
                        end = _end(low, city, i)
                        if end:
                            yield i, end, len(city.name)
                            last = end
                            break

    def is_city(self, low: str) -> bool:
        """Return whether a text in lower case is the name of a city in Latin letters."""
        first, *others = low.replace(".", "").split() or [""]
        return any(words == tuple(others) for words, _ in self._latin.get(first, ()))

    def _english(self, reading: Reading) -> Iterator[Candidate]:
        words, low = reading.words, reading.low
        for i, word in enumerate(words):
            for others, guarded in self._latin.get(word.text, ()):
                last = i + len(others)
                if last >= len(words) or any(
                    words[i + 1 + k].text != text
                    or not _close(low, words[i + k].end, words[i + 1 + k].start)
                    for k, text in enumerate(others)
                ):
                    continue
                start, end = word.start, words[last].end
                if _is_city(reading, start, end, guarded=guarded):
                    yield Candidate("city", start, end, reading.plain[start:end])
                break


def _close(low: str, end: int, start: int) -> bool:
    return low[end:start] in (" ", ". ", "-", ".", "  ")


def _end(low: str, city: City, start: int) -> int:
    """Return where the city's name ends, 市 included, or 0 when it is none here."""
    end = start + len(city.name)
    if low.startswith("市", end) and not low.startswith(("市场", "市面"), end):
        return end + 1
    if city.guarded or _CONTINUES.match(low, end):
        return 0
    exception = _EXCEPTIONS.get(city.name)
    return 0 if exception is not None and exception.match(low, end) else end


def _is_city(reading: Reading, start: int, end: int, *, guarded: bool) -> bool:
    low = reading.low
    if (
        _NOT_CITY_AFTER.match(low, end)
        or low[end : end + 1] == "@"
        or low[start - 1 : start] in ("@", ".")
    ):
        return False
    if not guarded or _state_follows(reading, end):
        return True
    if not reading.plain[start].isupper():
        return False
    return bool(_LED_BY.search(low[max(0, start - 9) : start]))


def _state_follows(reading: Reading, end: int) -> bool:
    """Tell ", TX" and "Texas" from words that look like a state: "in", "or", "me"."""
    match = _STATE_AFTER.match(reading.low, end)
    if match is None:
        return False
    state = reading.plain[match.start("state") : match.end()]
    return len(state) > 2 or (state.isupper() and match[0].startswith((",", " ")))


def _lines(name: str) -> list[list[str]]:
    text = (_FOLDER / name).read_text("utf-8")
    return [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]


def _china() -> Iterator[tuple[str, bool]]:
    for name, *rest in _lines("cities_china.txt"):
        pinyin, guarded = (*rest, "", "")[:2]
        yield name, guarded == "市"
        if pinyin and guarded != "市":
            yield pinyin, False
            if "'" in pinyin and pinyin not in ("ji'an", "lu'an"):
                yield pinyin.replace("'", ""), False


def _world() -> Iterator[tuple[str, bool]]:
    for english, *rest in _lines("cities_world.txt"):
        for name in english.lstrip("!").split("|"):
            yield name, english.startswith("!")
        for name in "|".join(rest).split("|"):
            if name:
                yield name, False
