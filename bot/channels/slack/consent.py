"""Whether typed words are a clear yes or a clear no to a question that links accounts. Pure.

A link gives somebody else's words the customer's rights, so nothing counts as a yes that says more
than that, or less.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nlp.understanding import Language


class Consent(StrEnum):
    """What somebody answers."""

    YES = "yes"
    NO = "no"
    UNCLEAR = "unclear"
    """It begins like an answer, and then says something else."""


LONGEST = 60
"""Characters of a message that is an answer and nothing else."""

_END = r"[\s,，、。.!！~～]*"
_AND = r"[\s,，、。.!！~～]+"
_LINK_IT = r"(?:link|connect)(?: it| them| me| my account)?"
_THANKS = r"please|thanks|thank you|谢谢(?:您|你)?"
_YES_EN = (
    r"yes|yeah|yep|yup|sure|ok|okay|confirm(?:ed)?|correct|right|agreed|i agree|of course|go ahead"
    rf"|do it|please do|it'?s me|{_LINK_IT}"
)
_YES_ZH = (
    r"(?:是|是我|对|好|行|嗯|可以|没错|确认|确定|同意|绑定|就这样|没问题|当然)"
    r"(?:的|了|吧|呀|啊|呢|哒)?"
)
_NO_EN = (
    r"no|nope|nah|never|cancel(?: it)?|stop|not now|no way|not me"
    r"|(?:please )?(?:don'?t|do not)(?: (?:link|connect|do)(?: it| them| me| that)?)?"
    r"|(?:that|it)(?: is|'?s)(?: not|n'?t) me"
)
_NO_ZH = (
    r"(?:不|不是|不要|不用|不了|不行|不可以|不同意|不对|否|别|别绑|别绑定|不绑|不绑定|取消|取消绑定"
    r"|算了|不是我)(?:的|了|吧|啊)?"
)


def _only(words: str, sign: str) -> re.Pattern[str]:
    """Return what matches a message of such words and nothing else."""
    first = rf"(?:{words})(?:{_AND}(?:{words}|{_THANKS}))*"
    return re.compile(rf"{_END}(?:{first}|[{sign}]\W*){_END}", re.IGNORECASE)


_YES = _only(rf"{_YES_EN}|(?:{_YES_ZH}){{1,4}}", "👍👌✅🆗")
_NO = _only(rf"{_NO_EN}|{_NO_ZH}", "👎❌🙅")
_BEGINS = re.compile(
    rf"{_END}(?:(?:{_YES_EN}|{_NO_EN})(?:\s*[,.!?;:，。！？…-]| (?:but|if|i|who|what|why|only)\b|$)"
    rf"|(?:{_YES_ZH}|{_NO_ZH})(?:[吗嘛]|\W|$)|[👍👌✅🆗👎❌🙅])",
    re.IGNORECASE,
)


_HAN = re.compile(r"[\u4e00-\u9fff]")


def language_typed(text: str) -> Language | None:
    """Return Chinese for what is typed in Chinese; None for what may be anything."""
    return "zh" if _HAN.search(text) else None


def consent_of(text: str) -> Consent | None:
    """Return what somebody answers; None when they speak of something else."""
    said = text.replace("’", "'").strip()
    if len(said) <= LONGEST:
        if _YES.fullmatch(said):
            return Consent.YES
        if _NO.fullmatch(said):
            return Consent.NO
    return Consent.UNCLEAR if _BEGINS.match(said) else None
