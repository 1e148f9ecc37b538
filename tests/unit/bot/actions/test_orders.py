"""Cancel, change and send back: every state of an order, a yes before every effect."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bot.actions import ACTIONS
from bot.actions.outcome import Status
from bot.actions.send_back import RETURN_WINDOW
from crm_store.effects import (
    CHANGEABLE,
    RETURNABLE,
    CancelOrder,
    ChangeAddress,
    ChangeDelivery,
    ChangeQuantity,
    RequestInvoice,
    RequestReturn,
)
from crm_store.records import OrderState
from tests.unit.bot.actions.conftest import (
    NOW,
    REFUND,
    FakeShop,
    a_request,
    an_order,
    keys,
    outcome_of,
    signed_in,
)

STATES = list(OrderState)
WITHOUT_A_YES = {"send_invoice", "newsletter"}
"""What these do hurts nobody and can be undone in a sentence."""


@pytest.fixture
def on(act):
    """Run an action of Ada's on her order AB123456."""

    def run(action, order=None, slots=None, **more):
        shop = FakeShop.of(order or an_order())
        slots = {"order": "AB123456", **(slots or {})}
        return act(action, shop=shop, slots=slots, **signed_in(**more))

    return run


@hypothesis_settings(max_examples=30)
@given(
    state=st.sampled_from(STATES),
    slots=st.fixed_dictionaries(
        {
            "order": st.just("AB123456"),
            "address": st.just("1 New Street"),
            "reason": st.just("faulty"),
            "field": st.sampled_from(["name", "email", "phone", "address"]),
            "new_value": st.sampled_from(["Eve", "eve@example.com", "+14155550199"]),
            "kind": st.sampled_from(["consultation", "fitting", "installation"]),
            "when": st.just("2026-03-05T14:00:00+08:00"),
            "contact": st.just("+14155550142"),
            "wish": st.sampled_from(["access", "erase", "restrict", "refund", "replacement"]),
            "change": st.sampled_from(["express", "quantity", "remove", "address", "cancel"]),
        },
        optional={
            "product": st.sampled_from(["lamp", "rug", "mug"]),
            "quantity": st.integers(0, 3),
            "place": st.just("beijing"),
            "wanted": st.just("a larger one"),
        },
    ),
    kind=st.sampled_from(["return", "exchange", "refund"]),
)
@pytest.mark.parametrize("action", sorted(ACTIONS.keys() - WITHOUT_A_YES - {"report"}))
def test_nothing_is_done_before_a_yes(action, state, slots, kind):
    request = a_request(
        shop=FakeShop.of(an_order(state=state)),
        slots=slots,
        options={"kind": kind},
        **signed_in(confirmed=False),
    )
    outcome = outcome_of(action, request)
    assert not outcome.effects
    if outcome.status is Status.CONFIRM:
        done = outcome_of(
            action, replace(request, confirmed=True, slots={**slots, **outcome.slots})
        )
        assert done.status is Status.DONE
        assert done.effects or done.ticket


@pytest.mark.parametrize("state", STATES)
def test_every_state_has_a_status(on, words, state):
    outcome = on("order_status", an_order(state=state, refund=REFUND))
    assert outcome.status is Status.DONE
    assert "AB123456" in words.of(outcome)


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ({}, "order_status.dispatched"),
        ({"tracking_number": None}, "order_status.dispatched_plain"),
        ({"expected_on": None}, "order_status.dispatched_bare"),
    ],
)
def test_of_a_parcel_only_what_is_known_is_said(on, more, key):
    assert keys(on("order_status", an_order(state="dispatched", **more))) == [key]


# -- cancel ------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("confirmed", [False, True])
def test_an_order_can_be_cancelled_until_it_leaves(on, state, confirmed):
    outcome = on("cancel_order", an_order(state=state), confirmed=confirmed)
    if state not in CHANGEABLE:
        assert outcome.status is Status.REFUSED
        assert not outcome.effects
    elif not confirmed:
        assert (outcome.status, keys(outcome)) == (Status.CONFIRM, ["cancel.confirm"])
    else:
        assert outcome.effects == (CancelOrder(number="AB123456", allowed=CHANGEABLE),)
        paid = state is not OrderState.AWAITING_PAYMENT
        assert keys(outcome) == ["cancel.done_refund" if paid else "cancel.done"]


@pytest.mark.parametrize(
    ("state", "key"),
    [
        ("cancelled", "cancel.already"),
        ("dispatched", "cancel.dispatched"),
        ("delivered", "cancel.too_late"),
    ],
)
def test_a_refusal_to_cancel_says_why(on, state, key):
    assert keys(on("cancel_order", an_order(state=state))) == [key]


# -- change ------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [s for s in STATES if s not in CHANGEABLE])
@pytest.mark.parametrize("change", ["express", "quantity", "remove", "address", "other"])
def test_what_has_left_cannot_be_changed(on, state, change):
    slots = {"change": change, "address": "x", "product": "lamp", "quantity": 3}
    for action in ("change_order", "change_address"):
        outcome = on(action, an_order(state=state), slots, confirmed=True)
        assert (outcome.status, keys(outcome)) == (Status.REFUSED, ["change.too_late"])
        assert outcome.ticket is None


@pytest.mark.parametrize("state", sorted(CHANGEABLE))
@pytest.mark.parametrize(
    ("action", "slots", "question", "effect"),
    [
        (
            "change_order",
            {"change": "express"},
            "change.confirm_delivery",
            ChangeDelivery(number="AB123456", delivery="express"),
        ),
        (
            "change_order",
            {"change": "address", "address": "1 New Street"},
            "change.confirm_address",
            ChangeAddress(number="AB123456", address="1 New Street"),
        ),
        (
            "change_address",
            {"address": "1 New Street"},
            "change.confirm_address",
            ChangeAddress(number="AB123456", address="1 New Street"),
        ),
        (
            "change_order",
            {"change": "quantity", "product": "lamp", "quantity": 3},
            "change.confirm_quantity",
            ChangeQuantity(number="AB123456", product_id="lamp", quantity=3),
        ),
        (
            "change_order",
            {"change": "remove", "product": "rug"},
            "change.confirm_remove",
            ChangeQuantity(number="AB123456", product_id="rug", quantity=0),
        ),
    ],
)
def test_each_change_is_asked_back_and_then_done(on, state, action, slots, question, effect):
    order = an_order(state=state)
    asked = on(action, order, slots)
    assert (asked.status, keys(asked)) == (Status.CONFIRM, [question])
    done = on(action, order, {**slots, **asked.slots}, confirmed=True)
    told = "change.address_done" if isinstance(effect, ChangeAddress) else "change.done"
    assert (done.effects, keys(done)) == ((effect,), [told])
    assert effect.apply_to(order, NOW) != order


@pytest.mark.parametrize(
    ("slots", "slot", "key"),
    [
        ({"change": "quantity"}, "product", "change.which_product"),
        ({"change": "remove", "product": "mug"}, "product", "change.not_in_order"),
        ({"change": "quantity", "product": "lamp"}, "quantity", "change.how_many"),
    ],
)
def test_what_is_missing_for_a_change_is_asked(on, slots, slot, key):
    outcome = on("change_order", slots=slots)
    assert (outcome.status, outcome.slot, keys(outcome)) == (Status.ASK, slot, [key])


def test_the_products_of_the_order_are_offered(on):
    choices = on("change_order", slots={"change": "remove"}).say[0].choices
    assert [choice.value for choice in choices] == ["slot:product=lamp", "slot:product=rug"]


@pytest.mark.parametrize("confirmed", [False, True])
def test_the_last_product_is_not_taken_out(on, confirmed):
    order = an_order(lines=an_order().lines[:1])
    outcome = on("change_order", order, {"change": "remove"}, confirmed=confirmed)
    assert (outcome.status, keys(outcome)) == (Status.REFUSED, ["change.last_line"])


def test_what_the_bot_cannot_change_goes_to_a_person(on):
    outcome = on("change_order", slots={"change": "other"})
    assert outcome.ticket is not None
    assert not outcome.ticket.hand_over
    assert "AB123456" in outcome.ticket.subject["en"]


# -- send back ---------------------------------------------------------------------------------


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("kind", ["return", "exchange", "refund"])
def test_goods_go_back_once_they_have_arrived(on, state, kind):
    order = an_order(state=state)
    slots = {"reason": "faulty", "wanted": "size L"}
    asked = on("send_back", order, slots, options={"kind": kind})
    done = on("send_back", order, slots, options={"kind": kind}, confirmed=True)
    if state in RETURNABLE:
        assert (asked.status, keys(asked)) == (Status.CONFIRM, [f"{kind}.confirm"])
        (effect,) = done.effects
        assert isinstance(effect, RequestReturn)
        assert (effect.kind, effect.reason) == (kind, "faulty")
        assert set(effect.product_ids) == {"lamp", "rug"}
        assert effect.apply_to(order, NOW).state is OrderState.RETURN_REQUESTED
    else:
        assert asked.status is done.status is Status.REFUSED
        assert not done.effects


@pytest.mark.parametrize(
    ("state", "key"),
    [
        ("paid", "return.not_sent"),
        ("dispatched", "return.not_yet"),
        ("return_requested", "return.already"),
        ("return_in_transit", "return.already"),
        ("refunded", "return.refunded"),
        ("cancelled", "return.refunded"),
    ],
)
def test_a_refusal_to_take_back_says_why(on, state, key):
    slots = {"reason": "faulty"}
    assert keys(on("send_back", an_order(state=state), slots, options={"kind": "return"})) == [key]


@pytest.mark.parametrize(
    ("ago", "key"),
    [
        (RETURN_WINDOW, "return.confirm"),
        (RETURN_WINDOW + timedelta(seconds=1), "return.too_late"),
    ],
)
def test_the_window_for_returns_is_kept_to_the_second(on, ago, key):
    order = an_order(state="delivered", delivered_at=NOW - ago)
    assert keys(on("send_back", order, {"reason": "x"}, options={"kind": "return"})) == [key]


@pytest.mark.parametrize("wish", ["refund", "replacement"])
def test_damage_is_for_a_person_to_look_at(on, wish):
    order = an_order(state="delivered")
    slots = {"reason": "damaged", "wish": wish}
    outcome = on("send_back", order, slots, options={"kind": "damage"})
    assert keys(outcome) == [f"damage.{wish}"]
    assert not outcome.effects
    assert wish in outcome.ticket.subject["en"]
    assert "AB123456" in outcome.ticket.subject["zh"]


# -- refunds and invoices ----------------------------------------------------------------------


@pytest.mark.parametrize("state", ["requested", "checking", "approved", "paid"])
def test_a_refund_is_told_with_amount_and_day(on, words, state):
    outcome = on("refund_status", an_order(refund={**REFUND, "state": state}))
    assert keys(outcome) == ["refund_status"]
    said = words.of(outcome)
    assert "$100.00" in said
    assert "Mar 1" in said


@pytest.mark.parametrize("state", STATES)
def test_no_refund_is_told_as_such(on, state):
    assert keys(on("refund_status", an_order(state=state))) == ["refund_status.none"]


@pytest.mark.parametrize("invoice", ["none", "issued", "requested", None])
def test_an_invoice_is_told_with_a_masked_address(on, words, invoice):
    outcome = on("invoice_status", an_order(invoice=invoice))
    assert keys(outcome) == [f"invoice.{invoice or 'none'}"]
    assert "ada.byrne" not in words.of(outcome)


@pytest.mark.parametrize("state", STATES)
def test_an_invoice_can_be_had_for_all_that_was_not_cancelled(on, state):
    order = an_order(state=state, invoice="none")
    outcome = on("send_invoice", order)
    if state is OrderState.CANCELLED:
        assert (outcome.status, keys(outcome)) == (Status.REFUSED, ["invoice.cancelled"])
    else:
        (effect,) = outcome.effects
        assert isinstance(effect, RequestInvoice)
        assert effect.apply_to(order, NOW).invoice == "requested"
