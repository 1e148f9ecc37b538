"""The text as the finders read it: folded, lower-cased and split, once for all of them.

Folding keeps one character for one: full-width forms become ASCII, curly quotes and dashes
straight ones, and the traditional characters that our patterns care about simplified ones.
Zero-width characters are left out, and `Reading.origin` leads back to the offsets of the text.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

    from nlp.understanding import Language

_TRADITIONAL = (
    "兩個張條雙隻萬億塊點號週後幾鐘單買錢歐鎊幣時間內裡盞臺檯燈樓區縣鄉鎮門東廣陳劉黃吳趙楊孫馬羅鄭謝許"
    "鄧馮韓蕭蔣葉盧蘇賈譚陸龍萊禮華長漢陽寧濱瀋島無紐約舊舖開關發貨訂購這們來會過還給從對沒說請寫"
    "電話郵聯繫戶貝員為與嗎應該見節國慶聖誕歲實際線級產們價轉運輸達課證護團園莊雲貴鐵頂顆輛罐盤"
)
_SIMPLIFIED = (
    "两个张条双只万亿块点号周后几钟单买钱欧镑币时间内里盏台台灯楼区县乡镇门东广陈刘黄吴赵杨孙马罗郑谢许"
    "邓冯韩萧蒋叶卢苏贾谭陆龙莱礼华长汉阳宁滨沈岛无纽约旧铺开关发货订购这们来会过还给从对没说请写"
    "电话邮联系户贝员为与吗应该见节国庆圣诞岁实际线级产们价转运输达课证护团园庄云贵铁顶颗辆罐盘"
)

ZERO_WIDTH = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"

FOLD: dict[int, int | None] = {
    **{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)},
    **{
        ord(a): ord(b)
        for a, b in zip(
            "\u3000\u00a0\u202f\u2009￥‘’“”‐‑‒–—−〜～○",
            "    ¥''\"\"------~~〇",
            strict=True,
        )
    },
    **dict(zip(map(ord, _TRADITIONAL), map(ord, _SIMPLIFIED), strict=True)),
    **{ord(c): None for c in ZERO_WIDTH},
    # A Chinese comma stays: folded, it would glue "199，300元" into one number.
    ord("，"): ord("，"),
}

_ASCII_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?", re.ASCII)
_DIGITS = frozenset("0123456789")
_HAN = re.compile("[\u3400-\u9fff]")


class Word(NamedTuple):
    """One run of ASCII letters and digits."""

    text: str
    start: int
    end: int


class Reading:
    """A message, prepared. Nothing changes it once it is made."""

    __slots__ = (
        "_words",
        "chars",
        "digits",
        "han",
        "language",
        "low",
        "now",
        "origin",
        "plain",
        "vocabulary",
    )

    plain: str
    """Folded, case kept. All offsets of candidates are offsets into this."""
    low: str
    """`plain` in lower case, of the same length."""
    chars: frozenset[str]
    """The distinct characters of `low`."""
    vocabulary: frozenset[str]
    """The distinct words of `low` in ASCII letters and digits."""
    digits: bool
    han: bool
    language: Language
    now: datetime
    origin: list[int] | None
    """Offset in the given text of each character of `plain`; None where they are the same."""

    def __init__(self, text: str, language: Language, now: datetime) -> None:
        plain = text
        self.origin = None
        self.han = False
        if not text.isascii():
            plain = text.translate(FOLD)
            if len(plain) != len(text):
                self.origin = [i for i, c in enumerate(text) if FOLD.get(ord(c), 0) is not None]
            self.han = _HAN.search(plain) is not None
        low = plain.lower()
        if len(low) != len(plain):
            low = plain.translate(_ASCII_LOWER)
        self.plain = plain
        self.low = low
        self.chars = frozenset(low)
        self.vocabulary = frozenset(_WORD.findall(low))
        self.digits = not self.chars.isdisjoint(_DIGITS)
        self.language = language
        self.now = now
        self._words: list[Word] | None = None

    @property
    def words(self) -> list[Word]:
        """The words of `low` in ASCII letters and digits, in order; made at the first use."""
        if self._words is None:
            self._words = [Word(m[0], m.start(), m.end()) for m in _WORD.finditer(self.low)]
        return self._words

    def words_between(self, start: int, end: int) -> list[Word]:
        """Return the words that lie whole within a span."""
        words = self.words
        first = bisect_left(words, start, key=_start)
        last = bisect_left(words, end, key=_start)
        if first < last and words[last - 1].end > end:
            last -= 1
        return words[first:last]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the span of the given text that a span of `plain` stands for."""
        if self.origin is None:
            return start, end
        return self.origin[start], self.origin[end - 1] + 1


def _start(word: Word) -> int:
    return word.start
