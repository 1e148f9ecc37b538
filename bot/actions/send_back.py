"""Send goods back: return, exchange, refund, or something wrong on arrival."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Literal, cast

from bot.actions.order_status import goods
from bot.actions.outcome import Outcome, Status, TicketRequest
from bot.actions.proof import own_order
from bot.desk.words import in_each
from bot.dialogue.context import Say
from bot.dialogue.replies import Money, Term
from crm_store.effects import CHANGEABLE, RETURNABLE, RequestReturn
from crm_store.records import OrderState

if TYPE_CHECKING:
    from bot.actions.outcome import Request
    from crm_store.records import Order

RETURN_WINDOW = timedelta(days=30)
"""The shop's promise: thirty days from delivery."""

REPLIES = {
    "return.confirm": frozenset({"order", "goods"}),
    "refund.confirm": frozenset({"order", "goods", "total"}),
    "exchange.confirm": frozenset({"order", "goods", "wanted"}),
    "return.done": frozenset({"order"}),
    "refund.done": frozenset({"order", "total"}),
    "exchange.done": frozenset({"order"}),
    "return.not_yet": frozenset({"order", "state"}),
    "return.not_sent": frozenset({"order"}),
    "return.already": frozenset({"order"}),
    "return.too_late": frozenset({"order"}),
    "return.refunded": frozenset({"order", "state"}),
    "damage.replacement": frozenset({"order"}),
    "damage.refund": frozenset({"order"}),
    "refund_state.requested": frozenset(),
    "refund_state.checking": frozenset(),
    "refund_state.approved": frozenset(),
    "refund_state.paid": frozenset(),
}


async def run(request: Request) -> Outcome:
    """Start a return, an exchange or a refund, after a yes; a fault on arrival goes to a person."""
    order = await own_order(request)
    if isinstance(order, Outcome):
        return order
    kind = str(request.options["kind"])
    if kind == "damage":
        missing = _missing(request, "reason", "wish", order=order)
        return missing or _damage(order, str(request.slots["wish"]))
    refused = _refusal(order, request)
    if refused:
        say = Say(key=refused, values={"order": order.number, "state": order.state})
        return Outcome(status=Status.REFUSED, say=(say,), proved=order.number)
    needed = ("reason", "wanted") if kind == "exchange" else ("reason",)
    missing = _missing(request, *needed, order=order)
    if missing:
        return missing
    values: dict[str, object] = {
        "order": order.number,
        "goods": await goods(order, request),
        "total": Money(amount=order.total, currency=order.currency),
        "wanted": str(request.slots.get("wanted", "")),
    }
    if not request.confirmed:
        say = Say(key=f"{kind}.confirm", values=values)
        return Outcome(status=Status.CONFIRM, say=(say,), proved=order.number)
    effect = RequestReturn(
        number=order.number,
        product_ids=tuple(line.product_id for line in order.lines),
        reason=str(request.slots.get("reason", "")),
        kind=cast("Literal['return', 'exchange', 'refund']", kind),
        detail=str(request.slots["wanted"]) if "wanted" in request.slots else None,
    )
    return Outcome(say=(Say(key=f"{kind}.done", values=values),), effects=(effect,))


def _missing(request: Request, *names: str, order: Order) -> Outcome | None:
    """Return the question for the first slot that is missing.

    These are asked for only now, when it is certain that the order can be sent back at all.
    """
    for name in names:
        if name not in request.slots:
            return Outcome(status=Status.ASK, slot=name, proved=order.number)
    return None


def _refusal(order: Order, request: Request) -> str | None:
    """Return the reply that says why nothing can be sent back, or None."""
    if order.state in CHANGEABLE:
        return "return.not_sent"
    if order.state is OrderState.DISPATCHED:
        return "return.not_yet"
    if order.state in (OrderState.RETURN_REQUESTED, OrderState.RETURN_IN_TRANSIT):
        return "return.already"
    if order.state not in RETURNABLE:
        return "return.refunded"
    if order.delivered_at and request.now - order.delivered_at > RETURN_WINDOW:
        return "return.too_late"
    return None


def _damage(order: Order, wish: str) -> Outcome:
    """Somebody has to look at the photo: a ticket, not a rule."""
    return Outcome(
        say=(Say(key=f"damage.{wish}", values={"order": order.number}),),
        ticket=TicketRequest(
            subject=in_each(f"subject.damage.{wish}", order=order.number),
            hand_over=False,
        ),
        proved=order.number,
    )


def refund_term(order: Order) -> Term | None:
    """Return how far an order's refund is, or None when there is none."""
    return Term(key=f"refund_state.{order.refund['state']}") if order.refund else None
