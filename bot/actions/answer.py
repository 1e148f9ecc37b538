"""Answer at once: a fixed reply, or the best passage of the knowledge base with its source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.actions.outcome import Outcome, Status
from bot.dialogue.context import PERSON, Say

if TYPE_CHECKING:
    from bot.actions.outcome import Request

REPLIES = {
    "knowledge.answer": frozenset({"passage", "title"}),
    "knowledge.none": frozenset(),
}

LEAST_FOR_INTENT = 0.1
"""A passage for an intent that was understood need not be sure by itself."""


async def run(request: Request) -> Outcome:
    """Give the reply that the configuration names for the intent, else what the articles say."""
    reply = request.options.get("reply")
    if reply:
        return Outcome(say=(Say(key=str(reply)),))
    found = await best_passage(request, at_least=LEAST_FOR_INTENT)
    return found or Outcome(say=(Say(key="knowledge.none", choices=(PERSON,)),))


async def search(request: Request) -> Outcome:
    """Give what the articles say, only when that is sure enough."""
    return await best_passage(request) or Outcome(status=Status.NOTHING)


async def best_passage(request: Request, at_least: float | None = None) -> Outcome | None:
    """Return the best passage as an answer, or None when it is not sure enough."""
    passages = await request.search(request.text, request.language, request.understanding)
    least = request.knowledge_band if at_least is None else at_least
    if not passages or passages[0].probability < least:
        return None
    best = passages[0]
    values = {"passage": best.text, "title": best.title}
    return Outcome(say=(Say(key="knowledge.answer", values=values),), article=best.article_id)
