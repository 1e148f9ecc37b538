"""Visits: a day and then a time, opening hours, one's own bookings only."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.actions.outcome import Status
from crm_store.effects import BookAppointment, ChangeAppointment
from tests.unit.bot.actions.conftest import (
    BEN,
    NOW,
    FakeVisits,
    a_request,
    a_visit,
    keys,
    outcome_of,
    signed_in,
)

BOOKING = {
    "kind": "consultation",
    "place": "shanghai",
    "when": "2026-03-05T14:00:00+08:00",
    "contact": "+14155550199",
}


@pytest.fixture
def book(act):
    return lambda slots=(), **more: act(
        "book_appointment", slots={**BOOKING, **dict(slots)}, **more
    )


def test_a_visit_is_booked_after_a_yes(book):
    asked = book()
    assert (asked.status, keys(asked)) == (Status.CONFIRM, ["visit.confirm"])
    (effect,) = book(confirmed=True).effects
    assert isinstance(effect, BookAppointment)
    visit = effect.appointment
    assert (visit.kind, visit.place, visit.contact) == ("consultation", "shanghai", "+14155550199")
    assert visit.starts_at == datetime.fromisoformat("2026-03-05T14:00:00+08:00")


def test_the_booking_number_is_that_of_the_exchange(book):
    numbers = [
        book(confirmed=True, exchange_id=exchange).effects[0].appointment.id
        for exchange in ("e-1", "e-1", "e-2")
    ]
    assert numbers[0] == numbers[1] != numbers[2]
    assert numbers[0].startswith("V-")
    assert len(numbers[0]) == len("V-482913")


def test_an_installation_is_at_home_and_all_else_needs_a_store(book, act):
    slots = {**BOOKING, "kind": "installation"}
    del slots["place"]
    done = act("book_appointment", slots=slots, confirmed=True)
    assert done.effects[0].appointment.place == "home"
    asked = act("book_appointment", slots={**slots, "kind": "fitting"})
    assert (asked.status, asked.slot) == (Status.ASK, "place")


def test_a_day_without_a_time_is_asked_for_the_time_and_kept(book):
    asked = book({"when": "2026-03-05"})
    assert (asked.status, asked.slot, keys(asked)) == (Status.ASK, "when", ["visit.which_time"])
    # "at two" alone was read as today; the day that was said before counts.
    later = book({**asked.slots, "when": "2026-03-03T14:00:00+08:00"}, confirmed=True)
    assert later.effects[0].appointment.starts_at == datetime.fromisoformat(
        "2026-03-05T14:00:00+08:00"
    )


def test_another_day_with_the_time_overrules_the_day_said_before(book):
    done = book({"day": "2026-03-05", "when": "2026-03-09T14:00:00+08:00"}, confirmed=True)
    assert done.effects[0].appointment.starts_at.day == 9


@pytest.mark.parametrize("confirmed", [False, True])
@pytest.mark.parametrize(
    ("when", "key"),
    [
        ("2026-03-02T14:00:00+08:00", "visit.past"),
        ("2026-03-03T10:30:00+08:00", "visit.past"),
        ("2026-03-05T09:59:00+08:00", "visit.closed"),
        ("2026-03-05T19:01:00+08:00", "visit.closed"),
        ("2026-03-05T00:00:00+08:00", "visit.closed"),
    ],
)
def test_a_time_that_cannot_be_is_asked_anew(book, when, key, confirmed):
    asked = book({"when": when}, confirmed=confirmed)
    assert (asked.status, asked.slot, keys(asked)) == (Status.ASK, "when", [key])


@pytest.mark.parametrize("when", ["2026-03-05T10:00:00+08:00", "2026-03-05T19:00:00+08:00"])
def test_the_first_and_the_last_time_of_the_day_can_be_had(book, when):
    assert keys(book({"when": when})) == ["visit.confirm"]


# -- change ------------------------------------------------------------------------------------


@pytest.fixture
def change(act):
    def run(slots, *visits, **more):
        return act("change_appointment", slots=slots, visits=FakeVisits(visits), **more)

    return run


def test_the_only_visit_of_a_known_customer_is_meant(change):
    asked = change({"change": "cancel"}, a_visit(), **signed_in())
    assert (asked.status, keys(asked)) == (Status.CONFIRM, ["visit.confirm_cancel"])
    done = change({"change": "cancel"}, a_visit(), **signed_in(confirmed=True))
    assert done.effects == (ChangeAppointment(id="V-482913", starts_at=None),)


def test_of_several_visits_one_is_chosen(change):
    visits = (a_visit(), a_visit(id="V-000001", starts_at=NOW + timedelta(days=3)))
    asked = change({"change": "cancel"}, *visits, **signed_in())
    assert (asked.slot, keys(asked)) == ("booking", ["visit.which"])
    values = [choice.value for choice in asked.say[0].choices]
    assert values == ["slot:booking=V-482913", "slot:booking=V-000001"]
    chosen = {"change": "cancel", "booking": "V-000001"}
    done = change(chosen, *visits, **signed_in(confirmed=True))
    assert done.effects[0].id == "V-000001"


@pytest.mark.parametrize(
    "visit",
    [
        a_visit(state="cancelled"),
        a_visit(starts_at=NOW - timedelta(hours=1)),
        a_visit(customer_id=BEN.id),
    ],
)
def test_past_cancelled_and_foreign_visits_are_none_of_theirs(change, visit):
    slots = {"change": "cancel", "booking": visit.id}
    outcome = change(slots, visit, **signed_in(confirmed=True))
    assert (outcome.status, keys(outcome)) == (Status.REFUSED, ["visit.not_found"])


def test_moving_asks_for_the_time_and_for_a_yes(change):
    asked = change({"change": "move"}, a_visit(), **signed_in())
    assert (asked.status, asked.slot) == (Status.ASK, "when")
    slots = {"change": "move", "when": "2026-03-06T11:00:00+08:00"}
    assert keys(change(slots, a_visit(), **signed_in())) == ["visit.confirm_move"]
    done = change(slots, a_visit(), **signed_in(confirmed=True))
    new_time = datetime.fromisoformat("2026-03-06T11:00:00+08:00")
    assert done.effects == (ChangeAppointment(id="V-482913", starts_at=new_time),)


@pytest.mark.parametrize("when", ["2026-03-02T14:00:00+08:00", "2026-03-05T09:00:00+08:00"])
def test_a_visit_is_not_moved_to_where_nobody_is(change, when):
    slots = {"change": "move", "when": when}
    assert change(slots, a_visit(), **signed_in(confirmed=True)).slot == "when"


def test_a_stranger_gives_number_and_contact(change):
    slots = {"change": "cancel"}
    assert change(slots, a_visit()).slot == "booking"
    slots["booking"] = "it is v482913"
    assert change(slots, a_visit()).slot == "contact"
    slots["contact"] = "+14155550142"
    assert keys(change(slots, a_visit())) == ["visit.confirm_cancel"]


@given(
    booking=st.sampled_from(["V-482913", "v482913", "V-000000", "my visit"]),
    contact=st.sampled_from(["eve@example.com", "+14155550143", ""]),
    confirmed=st.booleans(),
    wish=st.sampled_from(["move", "cancel"]),
)
def test_a_foreign_visit_might_as_well_not_exist(booking, contact, confirmed, wish):
    request = {
        "slots": {
            "change": wish,
            "booking": booking,
            "contact": contact,
            "when": "2026-03-05T14:00:00+08:00",
        },
        "confirmed": confirmed,
    }
    there = a_request(visits=FakeVisits((a_visit(),)), **request)
    outcome = outcome_of("change_appointment", there)
    assert outcome == outcome_of("change_appointment", a_request(**request))
    assert keys(outcome) == ["visit.not_found"]
    assert outcome.proof_failed
    assert not outcome.effects
