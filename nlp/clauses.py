"""Cutting one message into the separate requests it may hold.

Only candidates come from here: the engine keeps a cut when the parts turn out to be different,
confident requests. Background ("My lamp came broken. I want my money back.") is one request, so
a part counts only when it asks, orders or wishes, or follows words that announce another matter.

Cuts are of two strengths. Sentence ends and words such as "also" part requests by themselves; a
bare "and" or 再 does so rarely, so what stands behind it must begin as a request does, and the
engine asks more of both sides. A very long message is looked at sentence by sentence.
"""

from __future__ import annotations

import re

from msgspec import Struct

_MOST_PARTS = 4
"""More requests than that in one message are a list to be read by a person."""

# Words that announce another matter; what stands before them is a request of its own.
_ANNOUNCED = re.compile(
    r"\b(?:and\s+)?(?:also|additionally|by\s+the\s+way|btw|besides\s+that|secondly|"
    r"while\s+(?:i'm|im|you're|ur)\s+at\s+it)\b"
    r"|(?:^|[,.;!?]\s*|\band\s+)(?:plus|another\s+(?:thing|question)|one\s+more\s+thing)\b"
    # "里还有200积分" counts points, and "另外说" puts something off.
    r"|还有就是|再就是|顺便|第二个|其次|对了|另外(?!说|算|付|买的)"
    r"|(?:^|[，,。！？；、\s])还有|还有(?=[能想]|可以|怎么|请|帮|我[想要]|什么|你们|多[久少]|哪|有没有|是不是)",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(
    r"[.!?;]+(?=\s)|[。！？；\n]+|[，,](?=\s*(?:请|帮我|麻烦|能不能|怎么|我想|我要|什么时候))"
    r"|\band\s+(?=(?:can|could|would|how|when|where|what|do|is|please|i\s+(?:want|need|would))\b)",
    re.IGNORECASE,
)
_REQUEST = re.compile(
    r"(?i)[?？吗呢么]|\b(?:can|could|would|please|pls|plz|want|need|wanna|like\s+to|how|when|where|what|"
    r"which|why|who|help|tell|show|give|send|cancel|change|update|check|refund|return|exchange|track|"
    r"delete|stop|is|are|do|does)\b|请|帮|麻烦|想|要|能不能|可以|怎么|多少|几|哪|什么|给我|取消|退|换|查|改"
)
_OPENS = (
    r"(?:please|pls|plz|can|could|would|will|how|when|where|what|which|why|who|do|does|is|are|let|"
    r"i(?:'d|\s+want|\s+need|\s+would|\s+wish)|"
    r"cancel|change|update|edit|correct|send|resend|e-?mail|mail|forward|give|tell|show|check|track|"
    r"find|look|return|refund|exchange|replace|delete|close|remove|add|subscribe|unsubscribe|issue|"
    r"print|download|book|reschedule|postpone|move|transfer|put|connect|explain|confirm|reset|order)\b"
)
_JOINED = re.compile(
    rf"[,;]?\s*\b(?:and|then|plus)\s+(?:then\s+|also\s+|please\s+)*(?={_OPENS})"
    r"|[，、\s]*(?:然后|接着|再|还要|还想|并且|并|同时|以及|也)"
    r"(?=请|帮|麻烦|给我|把|问|查|看|退|换|改|取消|开|发|告诉|推荐|申请|订|买|加|删|注销|预约|修|寄|补)",
    re.IGNORECASE,
)
_MOST_JOINTS = 3
"""Conjunctions that are tried; each costs reading both sides."""
_LONG = 400
_MANY_SENTENCES = 4
"""A message is long above this many characters or sentences."""
_MOST_SENTENCES = 100
_SENTENCE = re.compile(r"(?:[^.!?。！？；\n]|[.!?](?!\s|$))+[.!?。！？；]*")
_BACKGROUND = re.compile(
    r"(?:no|not|don'?t|i\s+(?:don'?t|do\s+not|didn'?t)|my\s+name\s+is|this\s+is)\b"
    r"|不|别|没|无需|我叫|我姓|我是",
    re.IGNORECASE,
)
"""What a part begins with that says what is not wanted, or who is speaking."""
_BETWEEN = " \t\r\n,;:.!，。；：！、"
"""What is cut off at either end of a part; question marks stay, they are a sign of a request."""
_SHORTEST = 2
"""Words (Han characters) of a part; less is a fragment."""
_WORD = re.compile(r"[\u3400-\u9fff]|[^\W\u3400-\u9fff]+")


class Clause(Struct, frozen=True):
    """A part of a message."""

    start: int
    end: int
    """Offsets in the message, end exclusive."""
    announced: bool = False
    """Whether words such as "also" say that it is another matter."""


# What must be in a text for the patterns to be worth their time; most messages have none of it.
_ANNOUNCING = (
    *("also", "plus", "additionally", "by the way", "btw", "besides", "secondly", "another"),
    *("one more", "while", "另外", "还有", "顺便", "再就是", "第二个", "其次", "对了"),
)
_ENDING = (". ", "! ", "? ", "; ", "and ", "\n", "。", "！", "？", "；", "，", ",")
_JOINING = (
    *("and ", "then ", "plus ", "然后", "接着", "再", "还要", "还想", "并", "同时", "以及", "也"),
)


def _has(text: str, some: tuple[str, ...]) -> bool:
    return any(one in text for one in some)


def candidates(text: str) -> tuple[Clause, ...]:
    """Return the parts of a message that look like requests; empty unless there are two or more."""
    lower = text.lower()
    cuts: list[tuple[int, int, bool]] = []
    if _has(lower, _ANNOUNCING):
        cuts += [(m.start(), m.end(), True) for m in _ANNOUNCED.finditer(text)]
    if _has(lower, _ENDING):
        cuts += [(m.start(), m.end(), False) for m in _SENTENCE_END.finditer(text)]
    if not cuts:
        return ()
    cuts.sort()
    clauses: list[Clause] = []
    start, announced = 0, False
    for cut, resume, by_word in [*cuts, (len(text), len(text), False)]:
        if cut < start:  # inside the cut before
            announced |= by_word
            start = max(start, resume)
            continue
        # A question mark belongs to the part that it ends.
        end = cut + 1 if text[cut : cut + 1] in ("?", "？") else cut
        part = text[start:end]
        if len(_WORD.findall(part)) >= _SHORTEST and (
            announced or by_word or _REQUEST.search(part)
        ):
            clause = _trimmed(text, start, end, announced=announced)
            if announced or not _BACKGROUND.match(text, clause.start, clause.end):
                clauses.append(clause)
        start, announced = resume, by_word
    return tuple(clauses) if 1 < len(clauses) <= _MOST_PARTS else ()


def pairs(text: str) -> tuple[tuple[Clause, Clause], ...]:
    """Return the ways to cut a message in two at a conjunction that a request follows."""
    found: list[tuple[Clause, Clause]] = []
    if not _has(text.lower(), _JOINING):
        return ()
    for joint in _JOINED.finditer(text):
        left = _trimmed(text, 0, joint.start())
        right = _trimmed(text, joint.end(), len(text))
        sides = (text[left.start : left.end], text[right.start : right.end])
        if _BACKGROUND.match(sides[0]) or not _REQUEST.search(sides[0]):
            continue
        if all(len(_WORD.findall(s)) >= _SHORTEST for s in sides):
            found.append((left, right))
            if len(found) == _MOST_JOINTS:
                break
    return tuple(found)


def sentences(text: str) -> tuple[Clause, ...]:
    """Return the sentences of a very long message, the last hundred; nothing for other ones."""
    if len(text) <= _LONG and len(text) < _MANY_SENTENCES * 2 * _SHORTEST:
        return ()
    found = [_trimmed(text, m.start(), m.end()) for m in _SENTENCE.finditer(text)]
    found = [clause for clause in found if clause.start < clause.end]
    if len(text) <= _LONG and len(found) <= _MANY_SENTENCES:
        return ()
    return tuple(found[-_MOST_SENTENCES:])


def _trimmed(text: str, start: int, end: int, *, announced: bool = False) -> Clause:
    """Return the clause without the blanks and marks around it."""
    while start < end and text[start] in _BETWEEN:
        start += 1
    while start < end and text[end - 1] in _BETWEEN:
        end -= 1
    return Clause(start, end, announced)
