"""Which language a message is in: by its script, and by what the conversation was in before.

Support messages are short and mixed ("想check一下order", "Hi 你好", "AB123456"), where statistical
detectors fail; with two languages of different script, counting is enough. What carries the
sentence decides, not what is longest: Chinese function characters beat borrowed English nouns.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nlp.understanding import Language

DEFAULT: Language = "en"

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Character ranges for use inside a regular expression's class."""

TOKEN = re.compile(f"([{HAN}]|[^\\W{HAN}]+|[^\\w\\s]|\\s)( ?)")
"""A word, a Han character, a mark or a blank, in group 1, and the blank behind it."""

_HAN = re.compile(f"[{HAN}]")
_LATIN_WORD = re.compile(r"(?<![\w@./#-])[A-Za-z\u00c0-\u024f]+(?:['’][A-Za-z]+)?(?![\w@/])")
_OTHER_SCRIPT = re.compile(r"[\u0370-\u1fff\u3040-\u30ff\uac00-\ud7af]")
_ZH_GRAMMAR = re.compile(
    "[的了吗我你您他她们在是不没有怎么这那什哪呢吧啊请帮想要能给到下还就都把被和跟也很]"
)
_EN_GRAMMAR_WORDS = (
    "a an the i i'm i've i'd me my you your he she it it's its we our they their this that "
    "these those is are was were am be been do does did don't doesn't didn't can can't could "
    "would will won't should have has had haven't hasn't not of to in on at for from with by "
    "about and or but if when where what which who why how please there here as so any some"
)
_EN_GRAMMAR = frozenset(_EN_GRAMMAR_WORDS.split())
# Words of both languages' chats: they say nothing about the writer's language.
_BORROWED_WORDS = (
    "ok okay k hi hello hey bye thanks thx yes no app vip email mail wifi sf yt ups ems pdf "
    "usb iphone ipad android apple pay paypal wechat alipay bug emm hmm lol sorry cny usd rmb "
    "sku id xs s m l xl xxl"
)
_BORROWED = frozenset(_BORROWED_WORDS.split())


def detect(text: str, previous: Language | None = None, locale: Language | None = None) -> Language:
    """Return the language that a message should be understood and answered in.

    Args:
        text: The message.
        previous: The language of the customer's message before it; weak evidence does not turn
            a conversation into another language.
        locale: What the channel says of the customer; decides where the text does not.
    """
    fallback = previous or locale or DEFAULT
    if text.isascii():
        return "en" if _is_english(text, previous) else fallback
    han = len(_HAN.findall(text))
    words = _LATIN_WORD.findall(text)
    other = len(_OTHER_SCRIPT.findall(text))
    # The Japanese の and the Greek α occur in Chinese and English; a text full of them is neither.
    if other > 1 and han + len(words) < 3 * other:
        return fallback
    if not han:
        return "en" if _is_english(text, previous) else fallback
    return _of_mixed(text, han, words) if words else _of_chinese(text, han, previous)


def _is_english(text: str, previous: Language | None) -> bool:
    """Say whether Latin words alone are an English message, not a name or a loan word."""
    if previous != "zh":
        return any(m[0].lower() not in _BORROWED for m in _LATIN_WORD.finditer(text))
    lower = [w.lower() for w in _LATIN_WORD.findall(text)]
    telling = sum(w not in _BORROWED for w in lower)
    # In a Chinese conversation "Desk Lamp" or "Anna Lee" is an answer, not a change of language.
    return telling > 2 or (telling > 0 and any(w in _EN_GRAMMAR for w in lower))


def _of_chinese(text: str, han: int, previous: Language | None) -> Language:
    """Return zh, unless it is but a name inside an English conversation."""
    is_name = previous == "en" and han < 4 and not _ZH_GRAMMAR.search(text)
    # Two characters are a whole request ("退款"), three without grammar are mostly a name.
    return "en" if is_name and han == 3 else "zh"


def _of_mixed(text: str, han: int, words: list[str]) -> Language:
    """Weigh both; an English word is worth one and a half characters, grammar counts twice."""
    lower = [w.lower() for w in words]
    zh = han + len(_ZH_GRAMMAR.findall(text))
    en = sum((w not in _BORROWED) * 1.5 + (w in _EN_GRAMMAR) for w in lower)
    return "zh" if en <= zh else "en"
