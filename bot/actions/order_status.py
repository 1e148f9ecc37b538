"""Where is my order: its state, its parcel, its day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.actions.outcome import Outcome
from bot.actions.proof import own_order
from bot.dialogue.context import CardOf, Say
from bot.dialogue.replies import Term
from crm_store.records import Order, OrderState

if TYPE_CHECKING:
    from bot.actions.outcome import Request

_PARCEL = frozenset({"order", "goods", "carrier", "tracking", "expected", "placed"})

CARRIERS = ("sf_express", "yto_express", "ups")
"""Carriers that have a name of their own in each language; others are called what they are."""

REPLIES = {
    **{
        f"order_status.{state}": frozenset({"order", "goods", "placed", "refund"})
        for state in OrderState
    },
    "order_status.dispatched": _PARCEL,
    "order_status.dispatched_plain": _PARCEL,
    "order_status.dispatched_bare": frozenset({"order", "goods", "placed"}),
    **{f"carrier.{carrier}": frozenset() for carrier in CARRIERS},
    "order_status.delivered": frozenset({"order", "goods", "delivered"}),
    "goods.one": frozenset({"product", "quantity"}),
    "goods.more": frozenset({"product", "others"}),
}


async def run(request: Request) -> Outcome:
    """Tell where an order is."""
    order = await own_order(request)
    if isinstance(order, Outcome):
        return order
    return Outcome(
        say=(await status_of(order, request),),
        slots={"order": order.number},
        proved=order.number,
    )


async def status_of(order: Order, request: Request) -> Say:
    """Return what there is to say about an order's state."""
    key = f"order_status.{order.state}"
    if order.state is OrderState.DISPATCHED and not order.expected_on:
        key = "order_status.dispatched_bare"
    elif order.state is OrderState.DISPATCHED and not order.tracking_number:
        key = "order_status.dispatched_plain"
    return Say(
        key=key,
        values={
            "order": order.number,
            "goods": await goods(order, request),
            "carrier": _carrier(order.carrier or ""),
            "tracking": order.tracking_number or "",
            "expected": order.expected_on,
            "placed": order.placed_at.date(),
            "delivered": order.delivered_at.date() if order.delivered_at else None,
            "refund": Term(key=f"refund_state.{order.refund['state']}") if order.refund else "",
        },
        cards=(CardOf(of=order),),
    )


def _carrier(name: str) -> Term:
    return Term(key=f"carrier.{name.lower().replace(' ', '_')}", default=name)


async def goods(order: Order, request: Request) -> Term:
    """Return an order's goods in a few words: "Oak desk lamp ×2", or "Oak desk lamp and 2 more"."""
    first, *others = order.lines
    product = await request.shop.product(first.product_id)
    name = product.names if product else first.product_id
    if others:
        return Term(key="goods.more", values={"product": name, "others": len(others)})
    return Term(key="goods.one", values={"product": name, "quantity": first.quantity})
