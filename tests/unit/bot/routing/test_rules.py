"""Routing: always exactly one queue, and more urgency is never due later."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.routing.hours import Calendar
from bot.routing.rules import URGENCY, Facts, Router, matches, more_urgent
from bot.settings.load import load
from bot.settings.model import When

SETTINGS = load(Path("config/ecommerce"))
ROUTING = SETTINGS.routing
ROUTER = Router(ROUTING, Calendar(ROUTING.hours, ZoneInfo(SETTINGS.general.time_zone)))
NOW = datetime(2026, 3, 3, 2, 30, tzinfo=UTC)

facts = st.builds(
    Facts,
    need=st.sampled_from([None, *SETTINGS.needs]),
    intent=st.sampled_from([None, *SETTINGS.intents]),
    language=st.sampled_from(["en", "zh"]),
    tier=st.sampled_from(SETTINGS.general.tiers),
    negative=st.booleans(),
    urgent=st.booleans(),
    abusive=st.booleans(),
    verified=st.booleans(),
)


@given(facts)
def test_every_case_has_one_queue_and_a_due_time(case):
    assignment = ROUTER.route(case, NOW)
    assert assignment.queue in ROUTING.queues
    assert assignment.first_reply_due > NOW


@given(facts, facts)
def test_the_more_urgent_is_never_due_later(one, other):
    first, second = ROUTER.route(one, NOW), ROUTER.route(other, NOW)
    if URGENCY.index(first.priority) > URGENCY.index(second.priority):
        assert first.first_reply_due <= second.first_reply_due


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ({}, True),
        ({"need": ["other"]}, False),
        ({"need": ["billing_and_payment", "other"]}, False),
        ({"need": ["order_and_delivery"]}, True),
        ({"negative": True}, False),
        ({"negative": False, "language": ["zh"]}, True),
        ({"language": ["zh"], "tier": ["gold"]}, False),
    ],
)
def test_every_part_of_a_condition_must_hold(when, holds):
    case = Facts(need="order_and_delivery", intent=None, language="zh")
    assert matches(When.model_validate(when), case) is holds


def test_the_wait_grows_with_the_queue_and_names_the_opening_outside_hours():
    queue, spec = next(iter(ROUTING.queues.items()))
    first = ROUTER.wait(queue, 0, NOW).minutes
    assert first == spec.minutes_each
    assert ROUTER.wait(queue, spec.agents, NOW).minutes == 2 * first
    night = datetime(2026, 3, 3, 18, 0, tzinfo=UTC)
    assert ROUTER.wait(queue, 0, night).opening == datetime(2026, 3, 4, 1, 0, tzinfo=UTC)


def test_of_two_priorities_the_more_urgent_stays():
    assert more_urgent("high", "low") == "high"
    assert more_urgent("normal", "urgent") == "urgent"
