"""Put the customer through to a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.actions.outcome import Outcome, Status, TicketRequest
from bot.desk.words import in_each

if TYPE_CHECKING:
    from bot.actions.outcome import Request

REPLIES: dict[str, frozenset[str]] = {}
"""None of its own: what is said depends on queue and hours, which routing knows."""


async def run(request: Request) -> Outcome:
    """Ask for a ticket that a person takes over."""
    return Outcome(
        status=Status.HAND_OVER,
        ticket=TicketRequest(
            subject=in_each("subject.person" if request.text else "subject.files"),
            hand_over=True,
        ),
    )
