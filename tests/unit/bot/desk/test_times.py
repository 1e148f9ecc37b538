"""When a ticket that was put aside comes back."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.desk.times import snooze_until

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 20, 17, 30, tzinfo=UTC)  # a Saturday, half past one in Shanghai


@pytest.mark.parametrize(
    ("choice", "until"),
    [
        ("30m", datetime(2026, 11, 20, 18, 0, tzinfo=UTC)),
        ("2h", datetime(2026, 11, 20, 19, 30, tzinfo=UTC)),
        ("tomorrow", datetime(2026, 11, 22, 1, 0, tzinfo=UTC)),
        ("monday", datetime(2026, 11, 23, 1, 0, tzinfo=UTC)),
        ("1795226400", datetime(2026, 11, 21, 2, 0, tzinfo=UTC)),
        ("for ever", None),
        ("9" * 12, None),
        ("", None),
    ],
)
def test_each_choice_is_a_time_in_the_shops_own_zone(choice, until):
    assert snooze_until(choice, NOW, SHANGHAI) == until


def test_on_a_monday_the_next_one_is_meant():
    monday = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
    assert snooze_until("monday", monday, SHANGHAI) == datetime(2026, 11, 30, 1, 0, tzinfo=UTC)
