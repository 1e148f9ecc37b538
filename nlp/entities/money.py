"""Sums of money: a number with its sign or unit, in digits, English words or Chinese numerals."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from nlp.entities.candidates import Candidate
from nlp.entities.lexicon import words
from nlp.entities.numbers import (
    DIGITS,
    HAN_DIGITS,
    MIXED,
    NUMBER_WORDS,
    WORDS,
    chinese_number,
    english_number,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from nlp.entities.reading import Reading
    from nlp.understanding import Language

_SIGNS = {
    "us$": "USD",
    "hk$": "HKD",
    "nt$": "TWD",
    "ca$": "CAD",
    "c$": "CAD",
    "au$": "AUD",
    "a$": "AUD",
    "s$": "SGD",
    "jp¥": "JPY",
    "cn¥": "CNY",
    "rmb¥": "CNY",
    "$": "USD",
    "¥": "CNY",
    "€": "EUR",
    "£": "GBP",
    "₩": "KRW",
    "₹": "INR",
}
_CODES = {code: code.upper() for code in words("money.codes")} | {
    "rmb": "CNY",
    "人民币": "CNY",
    "美元": "USD",
    "港币": "HKD",
    "欧元": "EUR",
}
_ENGLISH_UNITS = {
    "us dollar": "USD",
    "american dollar": "USD",
    "canadian dollar": "CAD",
    "australian dollar": "AUD",
    "singapore dollar": "SGD",
    "hong kong dollar": "HKD",
    "hk dollar": "HKD",
    "dollar": "USD",
    "buck": "",
    "euro": "EUR",
    "pound": "GBP",
    "pounds sterling": "GBP",
    "quid": "GBP",
    "chinese yuan": "CNY",
    "yuan": "CNY",
    "kuai": "CNY",
    "renminbi": "CNY",
    "yen": "JPY",
    "cent": "cent",
}
_CHINESE_UNITS = {
    "人民币": "CNY",
    "元人民币": "CNY",
    "块人民币": "CNY",
    "元": "",
    "圆": "",
    "块": "",
    "块钱": "",
    "元钱": "",
    "美元": "USD",
    "美金": "USD",
    "美刀": "USD",
    "刀": "USD",
    "港币": "HKD",
    "港元": "HKD",
    "港纸": "HKD",
    "欧元": "EUR",
    "欧": "EUR",
    "英镑": "GBP",
    "镑": "GBP",
    "日元": "JPY",
    "日圆": "JPY",
    "円": "JPY",
    "新台币": "TWD",
    "台币": "TWD",
    "澳元": "AUD",
    "澳币": "AUD",
    "加元": "CAD",
    "加币": "CAD",
    "新加坡元": "SGD",
    "新币": "SGD",
    "韩元": "KRW",
    "毛": "0.1",
    "毛钱": "0.1",
    "角": "0.1",
    "角钱": "0.1",
    "分钱": "0.01",
}


def _either(names: Mapping[str, str]) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))


_MULTIPLE = r"(?:\s?(?P<multiple>k|m|mio|thousand|million|万|千)(?![a-z]))?"
_WITH_SIGN = re.compile(
    rf"(?<![a-z0-9])(?P<sign>{_either(_SIGNS)}|{_either(_CODES)})\s?(?P<amount>{DIGITS}|\.\d\d)"
    rf"{_MULTIPLE}(?P<unit>\s?(?:usd|cny|rmb|eur|gbp|hkd|jpy|cad|aud|twd|sgd)(?![a-z])"
    r"|\s?(?:元|块钱|块|人民币|美元|美金|港币|欧元))?(?![0-9])",
    re.ASCII,
)
_ENGLISH = re.compile(
    rf"(?<![a-z0-9.,$€£¥-])(?P<amount>{DIGITS}|{WORDS}(?![a-z])){_MULTIPLE}"
    rf"(?:(?:\s?(?P<code>{_either(_CODES)})(?![a-z]))"
    rf"|[\s-]?(?P<unit>{_either(_ENGLISH_UNITS)})s?(?![a-z'])"
    r"|\s?(?P<after>[€£]))"
    r"(?:,? and (?P<cents>\d{1,2}|[a-z]+(?:[ -][a-z]+)?) cents?\b)?",
    re.ASCII,
)
_CHINESE = re.compile(
    # Neither the tail of a longer number nor an ordinal or a vague "some".
    rf"(?=[\d零〇一二两三四五六七八九十百千万壹贰叁肆伍陆柒捌玖拾])(?<![\d.第几])(?<![a-z0-9][.,-])(?P<amount>{MIXED})(?P<more>多)?\s?"
    rf"(?P<unit>{_either(_CHINESE_UNITS)})"
    r"(?P<tail>半|[零一二两三四五六七八九](?:[毛角](?:钱"
    r"|[一二三四五六七八九]分?)?|(?![\d点个十百千万件月号年天]))"
    r"|\d{1,2}(?:[毛角](?:钱|\d分?)?|(?![\d.点个件月号年天:/-])))?",
    re.ASCII,
)
_MYRIADS = re.compile(
    r"(?<![\d.第几a-z])(?P<amount>\d+(?:\.\d+)?[万亿]|\d{1,4}万\d千?(?:\d百)?"
    r"|[一两三四五六七八九十百千]+万[一二三四五六七八九]?千?)"
    r"(?=$|[\s,，.。!！?？;；、)~]|[的了吧吗呢左右多以上以下出头就都还我你您他她给内])",
    re.ASCII,
)
# €20,50 and 1.299,00 €: as most of Europe writes, and only with the euro.
_EUROPEAN_AMOUNT = r"\d{1,3}(?:\.\d{3})+(?:,\d\d)?|\d+,\d\d"
_EUROPEAN = re.compile(
    rf"(?<![a-z0-9])(?:€|eur)\s?(?P<amount>{_EUROPEAN_AMOUNT})(?:\s?(?:eur|euros?)(?![a-z]))?(?![0-9]|[.,]\d)"
    rf"|(?<![a-z0-9.,$€£¥-])(?P<before>{_EUROPEAN_AMOUNT})\s?(?:€|(?:eur|euros?)(?![a-z]))",
    re.ASCII,
)
# 退我一百八: a sum without a unit, where money has just changed hands, or is said to be at hand.
_BARE = re.compile(
    r"(?:(?:[退赔收花付扣](?:款|偿|给|还|回|掉|过|到|了|我们?|你们?|他们?|她|才|就|又|多|一共|总共|共|差不多){0,4})"
    r"|预算(?:是|在|就|只有|大概|大约|差不多){0,2})"
    r"(?P<amount>(?:[一两三四五六七八九][千万])?[一两二三四五六七八九]百[一二三四五六七八九]十?"
    r"|[一两三四五六七八九][千万][一二三四五六七八九])"
    r"(?![\d零一二两三四五六七八九十百千万亿个件条只双套台天块元斤克米次分秒号年月周位名人张本瓶箱袋包"
    r"几多度层级楼岁毛角刀美欧英港日公小平页遍份对组杯支枝把根颗粒间户家所种款篇首座辆部门%])"
)
_PAYING = re.compile(r"[花付价退钱费款要值共总收转充赔买卖扣额算金]")

_WEIGHT_BEFORE = re.compile(r"(?:weigh|weighs|weighing|weight|lose|lost|up to)\W*(?:\w+\W+)?$")
_WEIGHT_AFTER = re.compile(r" (?:of|heavy|in weight|weight|lbs?)\b")

_OPINION = re.compile(r"\b(?:my|your|his|her|our|their|own) $")
_FEELING = re.compile(r"\b(?:like|looks?|looked|looking|feels?|felt|feeling|cool) $")
# What 10块 is money of, where soap would come in pieces: 10块红包.
SUM_OF = (
    r"红包|现金|代金|优惠|券|运费|邮费|快递费|手续费|服务费|补[偿贴差]|赔|差价|押金|订金|定金|话费|零钱|返现|钱|"
    r"打赏|奖励|折扣"
)
_OF_MONEY = re.compile(SUM_OF)
_SOME = frozenset("几多数余")
_SUM_SIGNS = frozenset("$¥€£₩₹")
_ENGLISH_TRIGGERS = frozenset(words("money.english_triggers")) | frozenset(
    code for code in _CODES if code.isascii()
)
_CHINESE_TRIGGERS = frozenset("元圆块币刀镑円毛角金欧分")
# 块 is also the measure word of soap and cake; before these it is money.
_AFTER_SUM = frozenset(
    "的了吧吗呢多左以上下起包买退还给呀啊哦就也都够运优能可是贵太和，,。.!！?？;；、)~ \n/"
)


class Money:
    """Finds sums of money."""

    def __init__(self, currency: Mapping[Language, str]) -> None:
        self._currency = dict(currency)

    def find(self, reading: Reading) -> list[Candidate]:
        """Return every sum; the amount is a plain decimal string as written."""
        found: list[Candidate] = []
        low, chars = reading.low, reading.chars
        english = not reading.vocabulary.isdisjoint(_ENGLISH_TRIGGERS)
        glued = reading.digits and any(
            len(word) > 3 and (word[-3:] in _CODES or word[:3] in _CODES)
            for word in reading.vocabulary
        )
        if reading.digits and (english or glued or "€" in chars):
            found += _european(low)  # first: of equal spans it knows better what €1.299 is
        if english or glued or not chars.isdisjoint(_SUM_SIGNS) or "人民币" in low:
            found += self._with_sign(low)
        if (english or glued or not chars.isdisjoint("€£")) and (
            reading.digits or not reading.vocabulary.isdisjoint(NUMBER_WORDS)
        ):
            found += self._english(low)
        if reading.han:
            if not chars.isdisjoint(_CHINESE_TRIGGERS):
                found += self._chinese(low)
            if "万" in chars:
                found += self._myriads(low)
            if not chars.isdisjoint("百千万"):
                found += self._bare(low)
        return found

    @staticmethod
    def _with_sign(low: str) -> Iterator[Candidate]:
        for match in _WITH_SIGN.finditer(low):
            sign = match["sign"]
            amount = match["amount"].replace(",", "")
            currency = _SIGNS.get(sign) or _CODES[sign]
            unit = (match["unit"] or "").strip()
            if unit in _CODES and sign in ("$", "¥"):
                currency = _CODES[unit]
            if amount.startswith("."):
                amount = "0" + amount
            yield _sum(match.start(), match.end(), _times(amount, match["multiple"]), currency)

    def _english(self, low: str) -> Iterator[Candidate]:
        for match in _ENGLISH.finditer(low):
            # "A pound charge" and "a €1 fee" count no money.
            amount = None if match["amount"] in ("a", "an") else _amount(match["amount"])
            if amount is None or _is_idiom(low, match):
                continue
            amount = _times(amount, match["multiple"])
            currency = self._unit_of(match)
            if currency == "GBP" and match["unit"] == "pound" and _weighs(low, match):
                continue
            if currency == "cent":
                amount = _plain(Decimal(amount) / 100)
                currency = self._currency["en"]
            elif match["cents"]:
                cents = _amount(match["cents"])
                if cents is not None:
                    amount = _plain(Decimal(amount) + Decimal(cents) / 100)
            yield _sum(match.start(), match.end(), amount, currency)

    def _unit_of(self, match: re.Match[str]) -> str:
        if match["code"]:
            return _CODES[match["code"]]
        if match["after"]:
            return _SIGNS[match["after"]]
        return _ENGLISH_UNITS[match["unit"]] or self._currency["en"]

    def _chinese(self, low: str) -> Iterator[Candidate]:
        for match in _CHINESE.finditer(low):
            start, end = match.span()
            unit = match["unit"]
            if not _is_sum(low, match):
                continue
            number = chinese_number(match["amount"])
            if number is None:
                continue
            currency = _CHINESE_UNITS[unit]
            amount = match["amount"].replace(",", "")
            if not _is_decimal(amount):
                amount = _plain(number)
            if currency.startswith("0."):
                amount, currency = _plain(number * Decimal(currency)), ""
            elif match["tail"]:
                amount = _plain(number + _tail(match["tail"]))
            yield _sum(start, end, amount, currency or self._currency["zh"])

    def _myriads(self, low: str) -> Iterator[Candidate]:
        for match in _MYRIADS.finditer(low):
            before = low[max(0, match.start() - 6) : match.start()]
            number = chinese_number(match["amount"])
            if number is not None and (_PAYING.search(before) or match.end() == len(low)):
                yield _sum(match.start(), match.end(), _plain(number), self._currency["zh"])

    def _bare(self, low: str) -> Iterator[Candidate]:
        for match in _BARE.finditer(low):
            number = chinese_number(match["amount"])
            if number is not None:
                start, end = match.span("amount")
                yield _sum(start, end, _plain(number), self._currency["zh"])


def _european(low: str) -> Iterator[Candidate]:
    for match in _EUROPEAN.finditer(low):
        amount = match["amount"] or match["before"]
        plain = amount.replace(".", "").replace(",", ".")
        yield _sum(match.start(), match.end(), plain, "EUR")


def _sum(start: int, end: int, amount: str, currency: str) -> Candidate:
    return Candidate("money", start, end, {"amount": amount, "currency": currency})


def _is_decimal(amount: str) -> bool:
    return amount.isascii() and amount.replace(".", "", 1).isdigit()


def _plain(number: Decimal) -> str:
    """Return a number as a plain decimal, without an exponent or idle zeros."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _amount(written: str) -> str | None:
    written = written.replace(",", "")
    if _is_decimal(written):
        return written
    value = english_number(written)
    return None if value is None else str(value)


def _times(amount: str, multiple: str | None) -> str:
    if not multiple:
        return amount
    scale = {"k": 1_000, "thousand": 1_000, "千": 1_000, "万": 10_000}.get(multiple, 1_000_000)
    return _plain(Decimal(amount) * scale)


def _is_idiom(low: str, match: re.Match[str]) -> bool:
    """Tell "my two cents", "like a million bucks", "the million dollar question" from sums."""
    before = low[max(0, match.start() - 10) : match.start()]
    if match["unit"] == "cent":
        return match["amount"] in ("two", "2") and bool(
            _OPINION.search(before) or low.startswith((" worth", "' worth"), match.end())
        )
    return "million" in match[0] and bool(
        _FEELING.search(before) or low.startswith(" question", match.end())
    )


def _weighs(low: str, match: re.Match[str]) -> bool:
    return bool(
        _WEIGHT_BEFORE.search(low[max(0, match.start() - 24) : match.start()])
        or _WEIGHT_AFTER.match(low, match.end())
    )


def _is_sum(low: str, match: re.Match[str]) -> bool:
    """Tell whether a Chinese number and unit are money, not soap by the piece or a chapter."""
    end = match.end()
    unit = match["unit"]
    following = low[end : end + 1]
    before = low[match.start() - 1] if match.start() else ""
    if before in _SOME or (before == "." and match["amount"][0].isascii()):
        return False
    if unit == "元" and following in ("旦", "素", "件", "宵"):
        return False
    if low.startswith("一分钱一分货", match.start()):  # a proverb
        return False
    if unit in ("刀", "欧", "镑", "角"):
        return match["amount"][0].isascii() and (
            unit != "角" or following not in ("形", "度", "落")
        )
    if unit == "块" and not match["tail"] and not match["more"]:
        if match["amount"] == "一":
            return False
        number = chinese_number(match["amount"])
        return (
            not following
            or following in _AFTER_SUM
            or _OF_MONEY.match(low, end) is not None
            or (number is not None and number >= 30)
        )
    return not (unit == "毛" and following not in _AFTER_SUM and following != "")


def _tail(written: str) -> Decimal:
    """Return what follows the unit, in its parts: 块5 and 块5毛 are 0.5, 块99 is 0.99."""
    if written == "半":
        return Decimal("0.5")
    figures = [str(HAN_DIGITS[c]) if c in HAN_DIGITS else c for c in written]
    digits = "".join(c for c in figures if c.isdigit())
    return Decimal("0." + digits)
