"""Working time."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.routing.hours import Calendar
from bot.settings.model import Hours

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = [{"from": "09:00", "to": "12:30"}, {"from": "13:30", "to": "18:00"}]
HOURS = Hours.model_validate(
    {
        "week": {
            **dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), DAY),
            "saturday": [{"from": "10:00", "to": "16:00"}],
        },
        "holidays": ["2026-03-04"],
    }
)
CALENDAR = Calendar(HOURS, SHANGHAI)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("when", "is_open"),
    [
        ("2026-03-03T09:00", True),
        ("2026-03-03T08:59:59", False),
        ("2026-03-03T12:30", False),
        ("2026-03-03T13:00", False),
        ("2026-03-03T17:59", True),
        ("2026-03-03T18:00", False),
        ("2026-03-04T10:00", False),
        ("2026-03-07T10:00", True),
        ("2026-03-08T10:00", False),
    ],
)
def test_open(when, is_open):
    assert CALENDAR.is_open(at(when)) is is_open


@pytest.mark.parametrize(
    ("start", "minutes", "due"),
    [
        ("2026-03-03T10:00", 60, "2026-03-03T11:00"),
        ("2026-03-03T12:00", 60, "2026-03-03T14:00"),
        ("2026-03-03T17:30", 60, "2026-03-05T09:30"),
        ("2026-03-06T17:30", 60, "2026-03-07T10:30"),
        ("2026-03-07T15:30", 60, "2026-03-09T09:30"),
        ("2026-03-03T02:00", 15, "2026-03-03T09:15"),
        ("2026-03-03T09:00", 480, "2026-03-03T18:00"),
    ],
)
def test_due(start, minutes, due):
    # 8 h on a day of 3.5 h + 4.5 h ends with the day itself.
    assert CALENDAR.add(at(start), timedelta(minutes=minutes)) == at(due)


def test_the_next_opening_is_now_while_open():
    assert CALENDAR.opening(at("2026-03-03T10:00")) == at("2026-03-03T10:00")
    assert CALENDAR.opening(at("2026-03-03T18:30")) == at("2026-03-05T09:00")


def test_a_shop_that_never_opens_has_no_due_times():
    never = Calendar(Hours.model_validate({"week": {}}), SHANGHAI)
    assert never.opening(at("2026-03-03T10:00")) is None
    assert never.add(at("2026-03-03T10:00"), timedelta(hours=1)) is None


def test_the_clock_change_neither_adds_nor_loses_working_time():
    berlin = ZoneInfo("Europe/Berlin")
    calendar = Calendar(
        Hours.model_validate({"week": {"sunday": [{"from": "00:00", "to": "12:00"}]}}), berlin
    )
    start = datetime(2026, 3, 29, 1, 0, tzinfo=berlin)
    # 02:00 does not exist on that day: two hours after 01:00 it is 04:00.
    assert calendar.add(start, timedelta(hours=2)) == datetime(2026, 3, 29, 4, 0, tzinfo=berlin)


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001 - made aware below
    st.integers(1, 3000),
    st.integers(0, 600),
)
def test_more_time_is_never_due_earlier(start, minutes, more):
    start = start.replace(tzinfo=UTC)
    sooner = CALENDAR.add(start, timedelta(minutes=minutes))
    later = CALENDAR.add(start, timedelta(minutes=minutes + more))
    assert start < sooner <= later
    assert CALENDAR.is_open(sooner - timedelta(microseconds=1))
