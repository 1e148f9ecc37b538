"""Cancel an order that has not left yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.actions.order_status import goods
from bot.actions.outcome import Outcome, Status
from bot.actions.proof import own_order
from bot.dialogue.context import Say
from bot.dialogue.replies import Money
from crm_store.effects import CHANGEABLE, CancelOrder, ChangeQuantity
from crm_store.records import OrderState

if TYPE_CHECKING:
    from bot.actions.outcome import Request
    from crm_store.records import Order

REPLIES = {
    "change.confirm_remove": frozenset({"order", "product"}),
    "change.done": frozenset({"order"}),
    "cancel.part": frozenset({"order", "product"}),
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
    part = _part_of(order, request)
    if part is not None and "scope" not in request.slots:
        product = await request.shop.product(part)
        named = {"order": order.number, "product": product.names if product else part}
        say = Say(key="cancel.part", values=named)
        return Outcome(status=Status.ASK, slot="scope", say=(say,), proved=order.number)
    if part is not None and request.slots["scope"] == "item":
        return await _take_out(order, part, request)
    if not request.confirmed:
        values["goods"] = await goods(order, request)
        say = Say(key="cancel.confirm", values=values)
        return Outcome(status=Status.CONFIRM, say=(say,), proved=order.number)
    paid = order.state is not OrderState.AWAITING_PAYMENT
    return Outcome(
        say=(Say(key="cancel.done_refund" if paid else "cancel.done", values=values),),
        effects=(CancelOrder(number=order.number, allowed=CHANGEABLE),),
    )


def _part_of(order: Order, request: Request) -> str | None:
    """Return the product that was named when it is only a part of the order."""
    held = {line.product_id for line in order.lines}
    return request.product if len(held) > 1 and request.product in held else None


async def _take_out(order: Order, product_id: str, request: Request) -> Outcome:
    product = await request.shop.product(product_id)
    values = {"order": order.number, "product": product.names if product else product_id}
    if not request.confirmed:
        say = Say(key="change.confirm_remove", values=values)
        return Outcome(status=Status.CONFIRM, say=(say,), proved=order.number)
    effect = ChangeQuantity(number=order.number, product_id=product_id, quantity=0)
    return Outcome(say=(Say(key="change.done", values=values),), effects=(effect,))
