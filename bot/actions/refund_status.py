"""Where is my money: the refund of an order."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from bot.actions.outcome import Outcome
from bot.actions.proof import own_order
from bot.actions.send_back import refund_term
from bot.dialogue.context import Say
from bot.dialogue.replies import Money

if TYPE_CHECKING:
    from bot.actions.outcome import Request

REPLIES = {
    "refund_status": frozenset({"order", "amount", "refund", "since"}),
    "refund_status.none": frozenset({"order", "state"}),
}


async def run(request: Request) -> Outcome:
    """Tell how far a refund is."""
    order = await own_order(request)
    if isinstance(order, Outcome):
        return order
    slots = {"order": order.number}
    if order.refund is None:
        values = {"order": order.number, "state": order.state}
        say = Say(key="refund_status.none", values=values)
        return Outcome(say=(say,), proved=order.number, slots=slots)
    told: dict[str, object] = {
        "order": order.number,
        "refund": refund_term(order),
        "since": date.fromisoformat(order.refund["on"]),
        "amount": Money(amount=order.refund["amount"], currency=order.refund["currency"]),
    }
    say = Say(key="refund_status", values=told)
    return Outcome(say=(say,), proved=order.number, slots=slots)
