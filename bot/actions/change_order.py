"""Change an order that has not left yet: its way of delivery, its quantities, its address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.actions.outcome import Outcome, Status, TicketRequest
from bot.actions.proof import own_order
from bot.desk.words import in_each
from bot.dialogue.context import Option, Say
from bot.dialogue.replies import Term
from crm_store.effects import CHANGEABLE, ChangeAddress, ChangeDelivery, ChangeQuantity

if TYPE_CHECKING:
    from bot.actions.outcome import Request
    from crm_store.records import Order

REPLIES = {
    "change.too_late": frozenset({"order", "state"}),
    "change.confirm_delivery": frozenset({"order", "way"}),
    "change.done": frozenset({"order"}),
    "change.address_done": frozenset({"order"}),
    "change.which_product": frozenset({"order"}),
    "change.not_in_order": frozenset({"order"}),
    "change.how_many": frozenset({"product"}),
    "change.confirm_remove": frozenset({"order", "product"}),
    "change.confirm_quantity": frozenset({"order", "product", "quantity"}),
    "change.last_line": frozenset({"order"}),
    "change.for_person": frozenset({"order"}),
    "change.confirm_address": frozenset({"order", "address"}),
    "delivery_way.standard": frozenset(),
    "delivery_way.express": frozenset(),
    "delivery_way.pickup": frozenset(),
}


async def run(request: Request) -> Outcome:
    """Change what is ordered or how it comes."""
    order = await _changeable(request)
    if isinstance(order, Outcome):
        return order
    if "change" not in request.slots:
        return Outcome(status=Status.ASK, slot="change", proved=order.number)
    match str(request.slots["change"]):
        case "express" | "standard" | "pickup" as way:
            return _delivery(order, way, request)
        case "quantity" | "remove":
            return await _quantity(order, request)
        case "address":
            return _address(order, request)
        case _:
            subject = in_each("subject.change_order", order=order.number)
            ticket = TicketRequest(subject=subject, hand_over=False)
            say = Say(key="change.for_person", values={"order": order.number})
            return Outcome(say=(say,), ticket=ticket, proved=order.number)


async def change_address(request: Request) -> Outcome:
    """Send an order somewhere else."""
    order = await _changeable(request)
    return order if isinstance(order, Outcome) else _address(order, request)


async def _changeable(request: Request) -> Order | Outcome:
    order = await own_order(request)
    if isinstance(order, Outcome) or order.state in CHANGEABLE:
        return order
    say = Say(key="change.too_late", values={"order": order.number, "state": order.state})
    return Outcome(status=Status.REFUSED, say=(say,), proved=order.number)


def _delivery(order: Order, way: str, request: Request) -> Outcome:
    if not request.confirmed:
        values = {"order": order.number, "way": Term(key=f"delivery_way.{way}")}
        say = Say(key="change.confirm_delivery", values=values)
        return Outcome(status=Status.CONFIRM, say=(say,), proved=order.number)
    return _done(order, ChangeDelivery(number=order.number, delivery=way))


async def _quantity(order: Order, request: Request) -> Outcome:
    product_id = str(request.slots.get("product") or "")
    if not product_id and len(order.lines) == 1:
        product_id = order.lines[0].product_id
    if product_id not in {line.product_id for line in order.lines}:
        return await _which_product(order, named=bool(product_id), request=request)
    product = await request.shop.product(product_id)
    name = product.names if product else product_id
    quantity = request.slots.get("quantity")
    if request.slots["change"] == "remove":
        quantity = 0
    if not isinstance(quantity, int):
        say = Say(key="change.how_many", values={"product": name})
        return Outcome(
            status=Status.ASK,
            slot="quantity",
            say=(say,),
            proved=order.number,
            slots={"product": product_id},
        )
    if quantity == 0 and len(order.lines) == 1:
        say = Say(key="change.last_line", values={"order": order.number})
        return Outcome(status=Status.REFUSED, say=(say,), proved=order.number)
    if not request.confirmed:
        values = {"order": order.number, "product": name, "quantity": quantity}
        key = "change.confirm_quantity" if quantity else "change.confirm_remove"
        return Outcome(
            status=Status.CONFIRM,
            say=(Say(key=key, values=values),),
            slots={"product": product_id, "quantity": quantity},
            proved=order.number,
        )
    effect = ChangeQuantity(number=order.number, product_id=product_id, quantity=quantity)
    return _done(order, effect)


async def _which_product(order: Order, *, named: bool, request: Request) -> Outcome:
    products = [await request.shop.product(line.product_id) for line in order.lines]
    choices = tuple(
        Option(value=f"slot:product={product.id}", label=product.names)
        for product in products
        if product is not None
    )
    key = "change.not_in_order" if named else "change.which_product"
    say = Say(key=key, values={"order": order.number}, choices=choices)
    return Outcome(status=Status.ASK, slot="product", say=(say,), proved=order.number)


def _address(order: Order, request: Request) -> Outcome:
    address = request.slots.get("address")
    if address is None:
        return Outcome(status=Status.ASK, slot="address", proved=order.number)
    if not request.confirmed:
        values = {"order": order.number, "address": str(address)}
        say = Say(key="change.confirm_address", values=values)
        return Outcome(status=Status.CONFIRM, say=(say,), proved=order.number)
    return _done(order, ChangeAddress(number=order.number, address=str(address)))


def _done(order: Order, effect: ChangeDelivery | ChangeAddress | ChangeQuantity) -> Outcome:
    key = "change.address_done" if isinstance(effect, ChangeAddress) else "change.done"
    say = Say(key=key, values={"order": order.number})
    return Outcome(say=(say,), effects=(effect,))
