"""Accounts, the newsletter and points: nothing for whoever is not signed in."""

import pytest

from bot.actions.outcome import Status
from crm_store.effects import Subscribe, UpdateCustomer
from nlp.knowledge import Passage
from tests.unit.bot.actions.conftest import ADA, an_understanding, keys, signed_in

ACCOUNT_ACTIONS = ["change_account", "add_address", "close_account", "privacy"]
SLOTS = {"field": "name", "new_value": "Ada B.", "address": "1 New Street", "wish": "erase"}

RULES = Passage(
    article_id="points", title="Points", text="One for each dollar.", probability=0.9, language="en"
)


@pytest.mark.parametrize("action", ACCOUNT_ACTIONS)
@pytest.mark.parametrize("confirmed", [False, True])
@pytest.mark.parametrize("field", ["name", "email", "phone", "address"])
def test_nobody_touches_an_account_without_signing_in(act, action, confirmed, field):
    slots = {**SLOTS, "field": field, "checked": "x", "email": "eve@example.com"}
    outcome = act(action, slots=slots, confirmed=confirmed, customer=ADA, verified=False)
    assert (outcome.status, keys(outcome)) == (Status.REFUSED, ["account.sign_in"])
    assert not outcome.effects
    assert outcome.ticket is None


@pytest.mark.parametrize(
    ("field", "text", "entity", "value"),
    [
        ("name", "Ada B. Byrne", None, "Ada B. Byrne"),
        ("address", "1 New Street, Oakland", None, "1 New Street, Oakland"),
        ("email", "ADA@new.example", ("email", "ADA@new.example", "ada@new.example"), None),
        ("phone", "415 555 0199", ("phone", "415 555 0199", "+14155550199"), None),
    ],
)
def test_a_detail_is_asked_back_and_then_changed(act, field, text, entity, value):
    wanted = value or entity[2]
    slots = {"field": field, "new_value": text}
    said = an_understanding(text, *([entity] if entity else []))
    asked = act("change_account", slots=slots, **signed_in(understanding=said))
    assert (asked.status, keys(asked)) == (Status.CONFIRM, ["account.confirm"])
    # The yes is another message: what was understood of the first is no longer at hand.
    done = act(
        "change_account",
        slots={**slots, **asked.slots},
        **signed_in(confirmed=True, understanding=an_understanding("yes")),
    )
    assert done.effects == (UpdateCustomer(customer_id=ADA.id, changes={field: wanted}),)


@pytest.mark.parametrize("field", ["email", "phone"])
def test_what_is_no_address_or_number_is_asked_anew(act, field):
    slots = {"field": field, "new_value": "the usual one"}
    asked = act(
        "change_account",
        slots=slots,
        **signed_in(understanding=an_understanding("the usual one")),
    )
    assert (asked.status, asked.slot, keys(asked)) == (
        Status.ASK,
        "new_value",
        ["account.bad_value"],
    )


def test_an_address_is_noted_after_a_yes(act):
    slots = {"address": "1 New Street"}
    assert keys(act("add_address", slots=slots, **signed_in())) == ["account.confirm"]
    done = act("add_address", slots=slots, **signed_in(confirmed=True))
    assert done.effects == (
        UpdateCustomer(customer_id=ADA.id, changes={"address": "1 New Street"}),
    )


def test_closing_an_account_takes_a_yes_and_a_person(act):
    asked = act("close_account", **signed_in())
    assert (asked.status, asked.ticket) == (Status.CONFIRM, None)
    done = act("close_account", **signed_in(confirmed=True))
    assert done.ticket is not None
    assert not done.effects


@pytest.mark.parametrize("wish", ["access", "erase", "restrict"])
def test_a_wish_about_personal_data_goes_to_a_person(act, wish):
    outcome = act("privacy", slots={"wish": wish}, **signed_in())
    english, chinese = outcome.ticket.subject["en"], outcome.ticket.subject["zh"]
    assert english.startswith("Personal data: wants")
    assert chinese.startswith("个人信息：要求")
    assert not outcome.effects


# -- newsletter ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("wish", "on"), [("subscribe", True), ("unsubscribe", False)])
def test_ones_own_newsletter_is_switched(act, wish, on):
    slots = {"wish": wish, "email": ADA.email}
    outcome = act("newsletter", slots=slots, **signed_in())
    assert outcome.effects == (Subscribe(customer_id=ADA.id, on=on, email=None),)


@pytest.mark.parametrize("who", [{}, {"customer": ADA, "verified": False}])
def test_nobody_takes_others_off_the_list(act, who):
    outcome = act("newsletter", slots={"wish": "unsubscribe", "email": ADA.email}, **who)
    assert (outcome.status, keys(outcome)) == (Status.REFUSED, ["newsletter.off_link"])
    assert not outcome.effects


def test_the_address_is_not_read_out(act, words):
    outcome = act("newsletter", slots={"wish": "subscribe", "email": "eve.long@example.com"})
    assert keys(outcome) == ["newsletter.on"]
    assert "eve.long" not in words.of(outcome)


# -- points -------------------------------------------------------------------------------------


def test_points_are_told_to_their_owner_alone(act, words):
    mine = act("points", passages=(RULES,), **signed_in())
    assert keys(mine) == ["points.balance", "knowledge.answer"]
    assert "3,640" in words.of(mine)
    others = act("points", passages=(RULES,), customer=ADA, verified=False)
    assert keys(others) == ["knowledge.answer"]
    assert "3,640" not in words.of(others)
