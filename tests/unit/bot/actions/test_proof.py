"""Nothing about an order is said or done before it is clear whose it is."""

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bot.actions import ACTIONS
from bot.actions.outcome import Status
from bot.actions.proof import MOST_GUESSES
from crm_store.records import OrderState
from tests.unit.bot.actions.conftest import (
    ADA,
    BEN,
    REFUND,
    STRANGER,
    FakeShop,
    a_request,
    an_order,
    keys,
    outcome_of,
    signed_in,
)

ORDER_ACTIONS = sorted(name for name, action in ACTIONS.items() if "order" in action.slots)

orders = st.builds(
    an_order,
    state=st.sampled_from(OrderState),
    email=st.sampled_from([ADA.email, None]),
    phone=st.sampled_from([ADA.phone, None]),
    invoice=st.sampled_from(["none", "issued", "requested"]),
    refund=st.sampled_from([None, REFUND]),
)
wrong_proofs = st.fixed_dictionaries(
    {
        "order": st.sampled_from(["AB123456", "ab123456"]),
        "change": st.sampled_from(["express", "quantity", "remove", "address", "other"]),
        "reason": st.sampled_from(["changed_mind", "missing"]),
        "wish": st.sampled_from(["refund", "replacement"]),
        "address": st.just("1 New Street"),
    },
    optional={
        "contact": st.sampled_from(
            [
                "eve@example.com",
                "ada.byrne@example.co",
                "ada.byrne@example.com.evil.example",
                "+14155550117",
                "+14155550143",
                "5550142",
                "",
                "@",
            ]
        ),
        "product": st.sampled_from(["lamp", "rug"]),
        "quantity": st.integers(0, 5),
    },
)
SECRETS = (
    *(str(secret) for secret in (ADA.email, ADA.phone, ADA.address)),
    *("Brass Lamp", "黄铜灯", "Wool Rug", "羊毛地毯", "1Z999AA10304582716", "UPS", "$100"),
)


def states_in_words(settings):
    """The name of each state in each language, longer ones only: a short word is any word."""
    return [
        text
        for replies in settings.replies.values()
        for key, text in replies.items()
        if key.startswith("order_state.") and len(text.encode()) > 8
    ]


@pytest.mark.parametrize("action", ORDER_ACTIONS)
@hypothesis_settings(max_examples=30)
@given(
    order=orders,
    slots=wrong_proofs,
    who=st.sampled_from([(STRANGER, False), (BEN, True), (ADA, False)]),
    failures=st.integers(0, MOST_GUESSES + 1),
    confirmed=st.booleans(),
    kind=st.sampled_from(["return", "exchange", "refund", "damage"]),
)
def test_an_order_that_is_not_proved_might_as_well_not_exist(
    action, order, slots, who, failures, confirmed, kind, words, settings
):
    customer, verified = who
    request = {
        "slots": slots,
        "customer": customer,
        "verified": verified,
        "proved": ("ZZ999999",),
        "proof_failures": failures,
        "confirmed": confirmed,
        "options": {"kind": kind},
    }
    outcome = outcome_of(action, a_request(shop=FakeShop.of(order), **request))
    assert outcome == outcome_of(action, a_request(shop=FakeShop.of(), **request))
    assert not outcome.effects
    assert outcome.proved is None
    assert outcome.ticket is None
    said = words.of(outcome)
    for secret in (*SECRETS, *states_in_words(settings)):
        assert secret not in said


@pytest.mark.parametrize("action", ORDER_ACTIONS)
def test_a_right_proof_opens_the_order_in_each_action(action, act):
    slots = {
        "order": "AB123456",
        "contact": ADA.email,
        "change": "express",
        "reason": "missing",
        "address": "1 New Street",
    }
    outcome = act(action, slots=slots, options={"kind": "damage"})
    assert not {"proof_failed", "proof_needed", "proof_exhausted"} & set(keys(outcome))


@pytest.mark.parametrize(
    "contact",
    [
        "ada.byrne@example.com",
        "Ada.Byrne@EXAMPLE.com",
        "+14155550142",
        "+1 (415) 555-0142",
    ],
)
def test_the_contact_counts_however_it_is_written(contact, act):
    outcome = act("order_status", slots={"order": "ab123456", "contact": contact})
    assert (keys(outcome), outcome.proved) == (["order_status.paid"], "AB123456")


@pytest.mark.parametrize("shop", [FakeShop.of(an_order()), FakeShop.of()])
def test_an_e_mail_or_phone_is_asked_for_whether_or_not_the_order_exists(shop, act):
    outcome = act("order_status", shop=shop, slots={"order": "AB123456"})
    assert (outcome.status, outcome.slot, keys(outcome)) == (
        Status.ASK,
        "contact",
        ["proof_needed"],
    )
    assert not outcome.proof_failed


def test_a_wrong_proof_is_counted_and_can_be_mended(act):
    slots = {"order": "AB123456", "contact": "eve@example.com"}
    outcome = act("order_status", slots=slots)
    assert outcome.status is Status.ASK
    assert outcome.proof_failed
    assert keys(outcome) == ["proof_failed"]
    mended = act("order_status", slots={**slots, "contact": ADA.email}, proof_failures=1)
    assert keys(mended) == ["order_status.paid"]


def test_after_three_wrong_proofs_even_the_right_one_opens_nothing(act):
    slots = {"order": "AB123456", "contact": ADA.email}
    outcome = act("order_status", slots=slots, proof_failures=MOST_GUESSES)
    assert (outcome.status, keys(outcome)) == (Status.REFUSED, ["proof_exhausted"])
    assert [choice.value for choice in outcome.say[0].choices] == ["human"]


def test_own_and_proved_orders_need_no_proof_even_after_wrong_ones(act):
    slots = {"order": "AB123456"}
    assert keys(act("order_status", slots=slots, proof_failures=9, **signed_in())) == [
        "order_status.paid"
    ]
    proved = act("order_status", slots=slots, proof_failures=9, proved=("AB123456",))
    assert keys(proved) == ["order_status.paid"]


def test_signed_in_customers_prove_what_is_not_theirs(act):
    slots = {"order": "AB123456"}
    asked = act("order_status", slots=slots, customer=BEN, verified=True)
    assert keys(asked) == ["proof_needed"]
    slots["contact"] = ADA.email
    assert keys(act("order_status", slots=slots, customer=BEN, verified=True)) == [
        "order_status.paid"
    ]
