"""Whether an undated day lies ahead or behind, told by the verbs around it.

A day without a date lies ahead unless the tense says otherwise. English: the nearest deciding word
before the day in its clause, then after it, then before it in the sentence. Chinese: what follows
the day in its clause, then what stands before it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nlp.entities.lexicon import words

if TYPE_CHECKING:
    from nlp.entities.reading import Reading, Word

_PAST = frozenset(words("tense.past"))
_AHEAD = frozenset(words("tense.ahead"))
_NO_PAST = frozenset(words("tense.no_past"))
_HAVING = frozenset(words("tense.having"))
_BEING = frozenset(words("tense.being"))
_SOURCES = frozenset(words("tense.sources"))
# The marks within $59.90, 1,299 and 10:30 end nothing.
_CLAUSE = re.compile(r"[!?;\n()。，]|[.,:](?!\d)")
_SENTENCE = re.compile(r"[!?;\n。]|\.(?!\d)")


def lies_behind(reading: Reading, start: int, end: int) -> bool:
    """Return whether the undated day at this span is past."""
    day = reading.low[start:end]
    if not day.isascii() or (reading.han and not _english_around(reading, start, end)):
        return _behind_in_chinese(reading.low, start, end)
    return _behind_in_english(reading, start, end)


def _english_around(reading: Reading, start: int, end: int) -> bool:
    around = reading.low[max(0, start - 12) : start] + reading.low[end : end + 12]
    return around.isascii()


def _behind_in_english(reading: Reading, start: int, end: int) -> bool:
    low = reading.low
    window = low[max(0, start - 160) : start]
    offset = start - len(window)
    clause = offset + _after_last(_CLAUSE, window)
    sentence = offset + _after_last(_SENTENCE, window)
    # Twelve words decide or none does; 100 characters hold them.
    stop = _CLAUSE.search(low, end, end + 100)
    clause_end = stop.start() if stop else min(len(low), end + 100)
    before = reading.words_between(clause, start)
    after = reading.words_between(end, clause_end)[:12]
    earlier = reading.words_between(sentence, clause)
    for verdict in (
        _verdict(before, from_end=True),
        _verdict(after),
        _verdict(earlier, from_end=True),
    ):
        if verdict is not None:
            return verdict
    return False


def _after_last(pattern: re.Pattern[str], window: str) -> int:
    return max((m.end() for m in pattern.finditer(window)), default=0)


def _verdict(words: list[Word], *, from_end: bool = False) -> bool | None:
    """Return True for past, False for ahead, None when no word decides."""
    places = range(len(words) - 1, -1, -1) if from_end else range(len(words))
    for i in places:
        word = words[i].text
        if word == "from" and i and words[i - 1].text in _SOURCES and i == len(words) - 1:
            return True
        if word in _PAST:
            return True
        if word in _AHEAD:
            nearby = [w.text for w in words[i + 1 : i + 3]]
            return "have" in nearby and word in ("should", "could", "would", "might")
        if word in ("have", "has") and i + 1 < len(words) and words[i + 1].text == "to":
            return False
        if word.endswith(("ed", "received")) and len(word) > 3 and word not in _NO_PAST:
            previous = [w.text for w in words[max(0, i - 2) : i]]
            return not (not _BEING.isdisjoint(previous[-1:]) and _HAVING.isdisjoint(previous))
    return None


_ZH_CLAUSE = re.compile(r"[，,。.!！?？;；\n]")
_ZH_PAST_NEAR = re.compile(
    r"[^能可会要想将请得改]{0,6}?(?:(?:下|买|订|拍|付|收|到"
    r"|发|寄|退|签|购|取|换|修|送|做|申|约|打|说|来|给|联|答|投"
    r"|提|充|扣|用|看"
    r")[^，,。的了过]{0,4}?(?:的|了|过)|的(?:订单|单子|发票|账单|包裹|快递|交易|消费)|收到|签收|已经|已|还没|刚|就到|一直|开始就|坏"
    # 周一没空 lies ahead, 周一没人理我 does not.
    r"|没(?!空|时间|人(?![接理回来联管处])))"
)
_ZH_AHEAD_NEAR = re.compile(
    r".{0,6}?(?:能|可以|会|要|想|将|希望|请|帮我|预约|之前"
    r"|以前能|行吗|可不可以|方便|再|安排|有空|吗)"
)
_ZH_ACT = re.compile(
    r".{0,4}?(?:下单|下订单|付款|购买|买|拍下|收货|订购)(?!.{0,6}(?:能|可以|会|要|吗))"
)
_ZH_PAST_BEFORE = re.compile(
    r"(?:下单(?:时间|日期)?是?|购买(?:时间|日期)?是?"
    r"|收到(?:时间)?是|是|原定|本来|本该|说好|说是|应该在?|自从"
    r"|早在|我在|从|于)$"
)
_ZH_SURE_PAST = re.compile(
    r"(?:下单(?:时间|日期)|购买(?:时间|日期)|原定|本来(?:说|应该)?|本该|说好|自从|早在)是?在?$"
)


def _behind_in_chinese(low: str, start: int, end: int) -> bool:
    stop = _ZH_CLAUSE.search(low, end, end + 16)
    after = low[end : stop.start() if stop else end + 16]
    before = _ZH_CLAUSE.split(low[max(0, start - 12) : start])[-1]
    if _ZH_SURE_PAST.search(before):
        return True
    past = _ZH_PAST_NEAR.match(after)
    ahead = _ZH_AHEAD_NEAR.match(after)
    if past and (not ahead or past.end() <= ahead.end() or past.end() - ahead.end() < 0):
        return True
    if ahead:
        return False
    return bool(_ZH_ACT.match(after))
