"""Invoices: has it been issued, and please issue it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.actions.outcome import Outcome, Status
from bot.actions.proof import own_order
from bot.dialogue.context import Say
from crm_store.effects import RequestInvoice
from crm_store.records import OrderState

if TYPE_CHECKING:
    from bot.actions.outcome import Request

REPLIES = {
    "invoice.issued": frozenset({"order", "email"}),
    "invoice.requested": frozenset({"order"}),
    "invoice.none": frozenset({"order"}),
    "invoice.sent": frozenset({"order", "email"}),
    "invoice.sent_to_title": frozenset({"order", "email", "title"}),
    "invoice.cancelled": frozenset({"order"}),
}


async def status(request: Request) -> Outcome:
    """Tell whether an order has its invoice."""
    order = await own_order(request)
    if isinstance(order, Outcome):
        return order
    key = f"invoice.{order.invoice or 'none'}"
    values = {"order": order.number, "email": masked(order.email)}
    return Outcome(say=(Say(key=key, values=values),), proved=order.number)


async def send(request: Request) -> Outcome:
    """Have an order's invoice issued and sent."""
    order = await own_order(request)
    if isinstance(order, Outcome):
        return order
    values = {"order": order.number, "email": masked(order.email)}
    if order.state is OrderState.CANCELLED:
        say = Say(key="invoice.cancelled", values=values)
        return Outcome(status=Status.REFUSED, say=(say,), proved=order.number)
    title = request.slots.get("title")
    effect = RequestInvoice(number=order.number, title=str(title) if title else None)
    key = "invoice.sent_to_title" if title else "invoice.sent"
    say = Say(key=key, values={**values, "title": str(title or "")})
    return Outcome(say=(say,), proved=order.number, effects=(effect,))


def masked(email: str | None) -> str:
    """Return an address that its owner recognises and nobody else can use."""
    if not email:
        return "—"
    name, _, domain = email.partition("@")
    return f"{name[0]}***@{domain}"
