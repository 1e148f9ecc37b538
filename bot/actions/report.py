"""Take a matter down for a person: a complaint, a fault, a payment that went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.actions.outcome import Outcome, Status, TicketRequest
from bot.dialogue.context import Say

if TYPE_CHECKING:
    from bot.actions.outcome import Request

TOPICS = ("complaint", "payment", "technical", "warranty")

REPLIES = {f"report.{topic}": frozenset[str]() for topic in TOPICS}
"""One for each topic; the turn adds the ticket's number and the expected wait."""


async def run(request: Request) -> Outcome:
    """Open a ticket under the flow's subject."""
    hand_over = bool(request.options.get("hand_over", False))
    order = request.slots.get("order")
    subject = str(request.options.get("subject", "Report"))
    return Outcome(
        say=(Say(key=f"report.{request.options['topic']}"),),
        status=Status.HAND_OVER if hand_over else Status.DONE,
        ticket=TicketRequest(
            subject=f"{subject} ({order})" if order else subject, hand_over=hand_over
        ),
    )
