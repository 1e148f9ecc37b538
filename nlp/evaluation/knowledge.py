"""How well questions find the article that answers them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from nlp.evaluation.figures import KnowledgeScores
from nlp.understanding import Language  # noqa: TC001 - msgspec reads the annotations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nlp.engine import Engine


class KnowledgeQuestion(Struct, frozen=True, kw_only=True):
    """A question and the article that answers it."""

    text: str
    language: Language
    article_id: str | None
    """None where no article answers it, and none should."""


def score_knowledge(
    engine: Engine, questions: Sequence[KnowledgeQuestion], sure: float
) -> KnowledgeScores | None:
    """Ask the knowledge base questions whose article is known; None when there are none.

    Args:
        engine: With the articles.
        questions: What to ask.
        sure: The probability from which a passage is given as the answer.
    """
    if not questions:
        return None
    now = datetime(2025, 1, 6, 9, tzinfo=UTC)
    first = among = asked = answered = correct = 0
    misses: list[tuple[str, str, str | None]] = []
    for question in questions:
        seen = engine.understand(question.text, now=now, locale=question.language)
        passages = engine.passages(question.text, question.language, seen)
        found = [p.article_id for p in passages]
        wanted = question.article_id
        if wanted is not None:
            asked += 1
            first += found[:1] == [wanted]
            among += wanted in found
        given = found[0] if passages and passages[0].probability >= sure else None
        answered += given is not None
        correct += given is not None and given == wanted
        if (found[:1] != [wanted] and wanted is not None) or (given and wanted is None):
            misses.append((question.text, wanted or "-", found[0] if found else None))
    return KnowledgeScores(
        questions=len(questions),
        first=first / asked if asked else 0.0,
        among_three=among / asked if asked else 0.0,
        answered=answered / len(questions),
        correct=correct / answered if answered else 0.0,
        misses=tuple(misses),
    )
