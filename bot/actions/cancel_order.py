"""Cancel an order that has not left yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.actions.order_status import goods
from bot.actions.outcome import Outcome, Status
from bot.actions.proof import own_order
from bot.dialogue.context import Say
from bot.dialogue.replies import Money
from crm_store.effects import CHANGEABLE, CancelOrder
from crm_store.records import OrderState

if TYPE_CHECKING:
    from bot.actions.outcome import Request

REPLIES = {
    "cancel.confirm": frozenset({"order", "goods", "total"}),
    "cancel.done": frozenset({"order"}),
    "cancel.done_refund": frozenset({"order", "total"}),
    "cancel.already": frozenset({"order"}),
    "cancel.dispatched": frozenset({"order"}),
    "cancel.too_late": frozenset({"order", "state"}),
}


async def run(request: Request) -> Outcome:
    """Cancel an order, after a yes."""
    order = await own_order(request)
    if isinstance(order, Outcome):
        return order
    values: dict[str, object] = {
        "order": order.number,
        "state": order.state,
        "total": Money(amount=order.total, currency=order.currency),
    }
    if order.state not in CHANGEABLE:
        key = {
            OrderState.CANCELLED: "cancel.already",
            OrderState.DISPATCHED: "cancel.dispatched",
        }.get(order.state, "cancel.too_late")
        say = Say(key=key, values=values)
        return Outcome(status=Status.REFUSED, say=(say,), proved=order.number)
    if not request.confirmed:
        values["goods"] = await goods(order, request)
        say = Say(key="cancel.confirm", values=values)
        return Outcome(status=Status.CONFIRM, say=(say,), proved=order.number)
    paid = order.state is not OrderState.AWAITING_PAYMENT
    return Outcome(
        say=(Say(key="cancel.done_refund" if paid else "cancel.done", values=values),),
        effects=(CancelOrder(number=order.number, allowed=CHANGEABLE),),
    )
