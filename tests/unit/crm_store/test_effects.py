"""Effects are pure: a record in, a changed record or a Conflict out."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from crm_store.effects import (
    CHANGEABLE,
    CancelOrder,
    ChangeAddress,
    ChangeDelivery,
    ChangeQuantity,
    RequestInvoice,
    RequestReturn,
    UpdateCustomer,
)
from crm_store.errors import Conflict
from crm_store.records import Customer, Order, OrderLine, OrderState

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def an_order(state=OrderState.PAID, **more):
    lines = (
        OrderLine(product_id="lamp", quantity=2, price="20.10"),
        OrderLine(product_id="rug", quantity=1, price="60.00"),
    )
    values = {"total": "100.20", "currency": "USD", "email": None, "phone": None, "address": None}
    values |= {"delivery": "standard", "payment_method": "visa", "placed_at": NOW, "lines": lines}
    return Order(number="AB123456", customer_id="ada", state=state, **values | more)


@pytest.mark.parametrize("state", OrderState)
def test_orders_change_until_they_leave(state):
    for effect in (
        ChangeDelivery(number="AB123456", delivery="express"),
        ChangeAddress(number="AB123456", address="2 Elm"),
        ChangeQuantity(number="AB123456", product_id="rug", quantity=2),
    ):
        if state in CHANGEABLE:
            assert effect.apply_to(an_order(state), NOW) != an_order(state)
        else:
            with pytest.raises(Conflict):
                effect.apply_to(an_order(state), NOW)


def test_cancelling_pays_back_what_was_paid():
    cancel = CancelOrder(number="AB123456", allowed=CHANGEABLE)
    paid = cancel.apply_to(an_order(), NOW)
    assert paid.refund == {
        "state": "approved",
        "amount": "100.20",
        "currency": "USD",
        "on": "2026-11-20",
        "method": "visa",
    }
    assert cancel.apply_to(an_order(OrderState.AWAITING_PAYMENT), NOW).refund is None
    with pytest.raises(Conflict):
        cancel.apply_to(paid, NOW)


def test_quantities_and_the_total_change_together():
    change = ChangeQuantity(number="AB123456", product_id="lamp", quantity=0)
    changed = change.apply_to(an_order(), NOW)
    assert (changed.total, len(changed.lines)) == ("60.00", 1)
    with pytest.raises(Conflict):
        replace(change, product_id="bed").apply_to(an_order(), NOW)
    with pytest.raises(Conflict):
        replace(change, product_id="rug").apply_to(changed, NOW)


@pytest.mark.parametrize(
    ("kind", "products", "amount"),
    [("return", ("lamp",), "40.20"), ("refund", (), "100.20"), ("exchange", ("lamp",), None)],
)
def test_returns(kind, products, amount):
    wanted = RequestReturn(number="AB123456", product_ids=products, reason="r", kind=kind)
    changed = wanted.apply_to(an_order(OrderState.DELIVERED), NOW)
    assert changed.state is OrderState.RETURN_REQUESTED
    assert (changed.refund or {}).get("amount") == amount
    with pytest.raises(Conflict):
        wanted.apply_to(an_order(OrderState.DISPATCHED), NOW)
    with pytest.raises(Conflict):
        replace(wanted, product_ids=("bed",)).apply_to(an_order(OrderState.DELIVERED), NOW)


def test_invoices_for_all_but_cancelled_orders():
    invoice = RequestInvoice(number="AB123456", title="Oak Ltd")
    assert invoice.apply_to(an_order(), NOW).invoice == "requested"
    with pytest.raises(Conflict):
        invoice.apply_to(an_order(OrderState.CANCELLED), NOW)


def test_customers_change_only_what_is_theirs():
    ada = Customer(id="ada")
    assert UpdateCustomer(customer_id="ada", changes={"name": "A"}).apply_to(ada).name == "A"
    with pytest.raises(ValueError, match="tier"):
        UpdateCustomer(customer_id="ada", changes={"tier": "gold"}).apply_to(ada)
