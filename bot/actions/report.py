"""Take a matter down for a person: a complaint, a fault, a payment that went wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bot.actions.outcome import Outcome, Status, TicketRequest
from bot.desk.words import in_each, words
from bot.dialogue.context import Say

if TYPE_CHECKING:
    from bot.actions.outcome import Request
    from nlp.understanding import Language

TOPICS = ("complaint", "payment", "technical", "warranty")

REPLIES = {f"report.{topic}": frozenset[str]() for topic in TOPICS}
"""One for each topic; the turn adds the ticket's number and the expected wait."""


async def run(request: Request) -> Outcome:
    """Open a ticket under the flow's subject."""
    hand_over = bool(request.options.get("hand_over", False))
    order = request.slots.get("order")
    order = str(order) if order else None
    return Outcome(
        say=(Say(key=f"report.{request.options['topic']}"),),
        status=Status.HAND_OVER if hand_over else Status.DONE,
        ticket=TicketRequest(subject=_subject(request, order), hand_over=hand_over),
    )


def _subject(request: Request, order: str | None) -> dict[Language, str]:
    """Return the flow's subject in each language; where it has but one, in that one."""
    given = request.options.get("subject")
    found = in_each("subject.report")
    if isinstance(given, Mapping):
        found |= given
    elif isinstance(given, str):
        found = dict.fromkeys(found, given)
    if order is None:
        return found
    return {
        language: words("subject.of_order", language, subject=subject, order=order)
        for language, subject in found.items()
    }
