"""Which form a question has, what is wrong with what was filled in, and what it says."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from bot.dialogue.context import Say
from bot.dialogue.flows import MOST_ORDERS_LISTED, MOST_ORDERS_OFFERED, advance, open_flow
from bot.dialogue.forms import BAD, FIELDS, answer_of, fault_of, kind_of
from bot.dialogue.state import DialogueState
from tests.unit.bot.dialogue.conftest import a_known, an_order

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


def question_of(rules, flow: str, known=None, **said) -> Say:
    known = known or a_known()
    intent = rules.flows.flows[flow].intents[0]
    state = open_flow(DialogueState(), rules, known, flow, intent=intent, text="x", said=said)
    _, following = advance(state, rules, known)
    assert isinstance(following, Say)
    return following


def test_questions_have_the_form_that_fits(rules) -> None:
    kinds = {slot.ask: kind_of(slot) for f in rules.flows.flows.values() for slot in f.slots}
    assert {
        key: kinds[key]
        for key in ("ask.order", "ask.proof", "ask.address", "ask.when", "ask.email", "ask.contact")
    } == {
        "ask.order": "order",
        "ask.proof": "contact",
        "ask.address": "address",
        "ask.when": "when",
        "ask.email": "email",
        "ask.contact": "contact",
    }
    assert kinds["ask.complaint"] is None
    assert kinds["ask.return_reason"] is None


def test_every_kind_has_fields_and_every_fault_a_field() -> None:
    assert BAD.keys() < FIELDS.keys()


def test_a_stranger_is_asked_for_an_order_with_a_form_and_shown_nobodys_orders(rules) -> None:
    asked = question_of(rules, "track_order")
    assert (asked.form.kind, asked.form.orders, asked.cards) == ("order", (), ())
    proof = question_of(rules, "track_order", order_number="AB123456")
    assert (proof.form.kind, proof.form.orders) == ("contact", ())


def test_a_known_customer_is_offered_their_own_orders_as_cards_and_as_a_list(rules) -> None:
    orders = [an_order(f"AB{n:06}", "dispatched") for n in range(30)]
    asked = question_of(rules, "track_order", a_known(orders=orders))
    values = [f"slot:order={order.number}" for order in orders]
    assert [choice.value for choice in asked.choices] == values[:MOST_ORDERS_OFFERED]
    assert [card.value for card in asked.cards] == values[:MOST_ORDERS_OFFERED]
    assert [card.of for card in asked.cards] == orders[:MOST_ORDERS_OFFERED]
    listed = [option.value for option in asked.form.orders]
    assert listed == [order.number for order in orders[:MOST_ORDERS_LISTED]]


def test_a_choice_has_buttons_and_no_form(rules) -> None:
    asked = question_of(rules, "recommendation")
    assert asked.choices
    assert (asked.form, asked.cards) == (None, ())


@pytest.mark.parametrize(
    ("kind", "values", "fault"),
    [
        ("email", {"email": "a@b.example"}, None),
        ("email", {"email": "a@b"}, ("email", "form.bad_email")),
        ("email", {}, ("email", "form.bad_email")),
        ("address", {"address": " 北京 "}, ("address", "form.bad_address")),
        ("address", {"address": "Main Street 5, Hamburg"}, None),
        ("when", {"date": "2026-11-22", "time": "09:30"}, None),
        ("when", {"date": "2026-11-21", "time": "12:00"}, ("time", "form.past")),
        ("when", {"date": "2026-11-20", "time": "12:00"}, ("date", "form.past")),
        ("when", {"date": "2026-11-22"}, ("date", "form.bad_when")),
        ("when", {"date": "tomorrow", "time": ("a", "b")}, ("date", "form.bad_when")),
        ("order", {"order": "anything"}, None),
    ],
)
def test_faults_are_named_under_their_field(kind, values, fault) -> None:
    assert fault_of(kind, values, NOW) == fault


def test_a_form_says_what_would_have_been_typed() -> None:
    when = {"date": "2026-11-02", "time": "09:30"}
    assert answer_of("when", when, "en") == "2026-11-02 09:30"
    assert answer_of("when", when, "zh") == "2026年11月2日 09:30"
    assert answer_of("when", {"date": "2026-11-02"}, "en") == ""
    assert answer_of("when", {"date": "x", "time": "y"}, "zh") == ""
    assert answer_of("order", {"order": " ab204817 "}, "en") == "ab204817"
    assert answer_of("order", {}, "en") == ""
