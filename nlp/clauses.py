"""Cutting one message into the separate requests it may hold.

Only candidates come from here: the engine keeps a cut when the parts turn out to be different,
confident requests. Background ("My lamp came broken. I want my money back.") is one request, so
a part counts only when it asks, orders or wishes, or follows words that announce another matter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_MOST_PARTS = 4
"""More requests than that in one message are a list to be read by a person."""

# Words that announce another matter; what stands before them is a request of its own.
_ANNOUNCED = re.compile(
    r"\b(?:and\s+)?(?:also|plus|additionally|by\s+the\s+way|btw|besides\s+that|secondly|"
    r"another\s+(?:thing|question)|one\s+more\s+thing|while\s+(?:i'm|im|you're|ur)\s+at\s+it)\b"
    r"|另外|还有就是|还有|顺便|再就是|第二个|其次|对了",
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
_BETWEEN = " \t\r\n,;:.!，。；：！、"
"""What is cut off at either end of a part; question marks stay, they are a sign of a request."""
_SHORTEST = 2
"""Words (Han characters) of a part; less is a fragment."""
_WORD = re.compile(r"[\u3400-\u9fff]|[^\W\u3400-\u9fff]+")


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of a message."""

    start: int
    end: int
    """Offsets in the message, end exclusive."""


def candidates(text: str) -> tuple[Clause, ...]:
    """Return the parts of a message that look like requests; empty unless there are two or more."""
    cuts = [(m.start(), m.end(), True) for m in _ANNOUNCED.finditer(text)]
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
            clauses.append(_trimmed(text, start, end))
        start, announced = resume, by_word
    return tuple(clauses) if 1 < len(clauses) <= _MOST_PARTS else ()


def _trimmed(text: str, start: int, end: int) -> Clause:
    """Return the clause without the blanks and marks around it."""
    while start < end and text[start] in _BETWEEN:
        start += 1
    while start < end and text[end - 1] in _BETWEEN:
        end -= 1
    return Clause(start, end)
