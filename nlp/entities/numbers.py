"""Numbers in words: English number words and Chinese numerals.

`WORDS` and `HAN` are pattern fragments for the other modules; the functions say what was matched.
"""

from __future__ import annotations

import re
from decimal import Decimal

from nlp.entities.lexicon import words

_UNITS = {word: value for value, word in enumerate(words("numbers.units"))} | {"a": 1, "an": 1}
_TENS = {
    word: value
    for value, word in zip(
        range(20, 100, 10),
        words("numbers.tens"),
        strict=True,
    )
} | {"fourty": 40}
_SCALES = {"hundred": 100, "thousand": 1_000, "million": 1_000_000, "grand": 1_000}

NUMBER_WORDS = frozenset(_UNITS) | frozenset(_TENS) | frozenset({"hundred", "thousand", "million"})
"""Every English word that a number may hold."""

_ONE = "|".join(sorted((*_UNITS, *_TENS), key=len, reverse=True))
WORDS = rf"(?:(?:{_ONE})(?:[ -](?:and )?(?:{_ONE}|hundred|thousand|million))*)"
"""A number in English words, from its first word."""

SMALL = r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"

HAN_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {
    "〇": 0,
    "两": 2,
    **{c: i for i, c in enumerate("壹贰叁肆伍陆柒捌玖", start=1)},
}
_HAN_SCALES = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1_000, "仟": 1_000}
_HAN_MYRIADS = {"万": 10_000, "亿": 100_000_000}
_HAN_PLAIN = "零〇一二两三四五六七八九"

HAN = r"[零〇一二两三四五六七八九十百千万亿壹贰叁肆伍陆柒捌玖拾佰仟]"
"""One character of a Chinese numeral."""

DIGITS = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
"""A number in digits, with or without thousands separators."""

COMPOUND = (
    r"(?:\d{1,4}[千万](?:\d[百千十]|[一二三四五六七八九][百千十]){1,3}"
    r"(?:[一二三四五六七八九\d](?![\d月号日点:]))?)"
)
"""A number in digits that says each of its places: 3万5千, 5千3百."""

MIXED = (
    rf"(?:{COMPOUND}"
    rf"|(?:{DIGITS})(?:[百千万亿]{{1,2}}(?:[一二三四五六七八九\d](?![\d月号日点:]))?)?|{HAN}+)"
)
"""A number in Chinese text: digits, digits with 万 and the like, or numerals."""

_COMPOUND = re.compile(COMPOUND)
_PLACE = re.compile(r"(\d+|[一二三四五六七八九])([十百千万])")
_MIXED = re.compile(rf"({DIGITS})([百千万亿]{{1,2}})(.?)", re.ASCII)


def english_number(words: str) -> int | None:
    """Return the number that English words name, or None: "two hundred and five" is 205."""
    total = current = 0
    last = 1 << 60
    """The size of the last part: parts of one group must shrink ("twenty five", not "five two")."""
    for word in re.split(r"[ -]", words):
        if word == "and":
            continue
        if word in _SCALES:
            current = max(current, 1) * _SCALES[word]
            if _SCALES[word] >= 1_000:
                total, current = total + current, 0
            last = 100
            continue
        value = _UNITS.get(word, _TENS.get(word))
        size = 10 if word in _TENS else 1
        if value is None or size >= last or (last == 10 and value > 9):
            return None
        current += value
        last = size
    return total + current


def chinese_number(text: str) -> Decimal | None:
    """Return the number that Chinese text names, or None: 两万三 is 23000, 1.2万 is 12000."""
    if text[0].isascii():
        return _mixed_number(text)
    if all(c in _HAN_PLAIN for c in text):
        # A run of digits: one, or a year or number read out one by one.
        if len(text) == 1 or (len(text) > 2 and "两" not in text):
            return Decimal("".join(str(HAN_DIGITS[c]) for c in text))
        return None
    return _numeral(text)


def _mixed_number(text: str) -> Decimal | None:
    if _COMPOUND.fullmatch(text):
        return _compound_number(text)
    match = _MIXED.fullmatch(text)
    if match is None:
        try:
            return Decimal(text.replace(",", ""))
        except ArithmeticError:
            return None
    value = Decimal(match[1].replace(",", ""))
    scale = 1
    for c in match[2]:
        scale *= _HAN_SCALES.get(c) or _HAN_MYRIADS[c]
    if match[3]:
        # "3千5" is 3500: the tail counts tenths of the scale.
        tail = HAN_DIGITS[match[3]] if match[3] in HAN_DIGITS else int(match[3])
        return value * scale + tail * (scale // 10)
    return value * scale


def _compound_number(text: str) -> Decimal | None:
    """Return 35000 for 3万5千, or None when the places do not grow smaller."""
    total, last, end = 0, 1 << 60, 0
    for place in _PLACE.finditer(text):
        scale = _HAN_SCALES.get(place[2]) or _HAN_MYRIADS[place[2]]
        digit = HAN_DIGITS[place[1]] if place[1] in HAN_DIGITS else int(place[1])
        if scale >= last:
            return None
        total, last, end = total + digit * scale, scale, place.end()
    if end < len(text):  # 2万3千4 is 23400
        tail = text[end]
        total += (HAN_DIGITS[tail] if tail in HAN_DIGITS else int(tail)) * (last // 10)
    return Decimal(total)


def _numeral(text: str) -> Decimal | None:
    """Return a numeral with 十, 百, 千, 万 or 亿 in it: each 万 closes a section."""
    total = 0
    *sections, last = re.split("([万亿])", text)
    if len(sections) > 4:
        return None
    for section, name in zip(sections[::2], sections[1::2], strict=True):
        value = _section(section)
        if value is None or total + value == 0:
            return None
        total = (total + value) * _HAN_MYRIADS[name]
    if sections and len(last) == 1 and HAN_DIGITS.get(last):
        # 两万三 is 23000.
        return Decimal(total + HAN_DIGITS[last] * _HAN_MYRIADS[sections[-1]] // 10)
    value = _section(last)
    return None if value is None else Decimal(total + value)


def _section(text: str) -> int | None:
    """Return a numeral below 10,000, 0 for nothing at all, or None."""
    section = 0
    digit: int | None = None
    scale = 0
    zero = False
    for c in text:
        if c in HAN_DIGITS:
            if digit is not None:
                return None
            digit = HAN_DIGITS[c] or None
            zero = digit is None
        else:
            scale = _HAN_SCALES.get(c, 0)
            if not scale or (digit is None and scale != 10):
                return None
            section += (1 if digit is None else digit) * scale
            digit, zero = None, False
    if digit is not None:
        # 一百五 is 150, 一百零五 is 105.
        section += digit * (scale // 10 if scale >= 100 and not zero else 1)
    return section


def whole(number: Decimal | None) -> int | None:
    """Return a number as an integer, or None when it is not one."""
    return int(number) if number is not None and number == number.to_integral_value() else None
