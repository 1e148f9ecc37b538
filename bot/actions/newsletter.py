"""Subscribe to the newsletter, or leave it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.actions.invoice import masked
from bot.actions.outcome import Outcome, Status
from bot.dialogue.context import Say
from crm_store.effects import Subscribe

if TYPE_CHECKING:
    from bot.actions.outcome import Request

REPLIES = {
    "newsletter.on": frozenset({"email"}),
    "newsletter.off": frozenset({"email"}),
    "newsletter.off_link": frozenset(),
}


async def run(request: Request) -> Outcome:
    """Switch the newsletter. Nobody can take another person's address off the list."""
    on = request.slots["wish"] == "subscribe"
    email = str(request.slots["email"])
    own = request.verified and email == request.customer.email
    if not on and not own:
        return Outcome(status=Status.REFUSED, say=(Say(key="newsletter.off_link"),))
    effect = Subscribe(customer_id=request.customer.id, on=on, email=None if own else email)
    key = "newsletter.on" if on else "newsletter.off"
    return Outcome(say=(Say(key=key, values={"email": masked(email)}),), effects=(effect,))
