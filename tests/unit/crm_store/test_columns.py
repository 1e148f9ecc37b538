"""Times and JSON survive, and naive times do not pass."""

from __future__ import annotations

from datetime import UTC, datetime
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql, sqlite

from crm_store.columns import Moment
from crm_store.engines import to_json
from crm_store.records import Owner

moments = st.datetimes(timezones=st.just(UTC))


@given(moments, moments)
def test_times_come_back_and_keep_their_order(one, two):
    moment, dialect = Moment(), sqlite.dialect()
    kept = [moment.process_bind_param(each, dialect) for each in (one, two)]
    assert [moment.process_result_value(each, dialect) for each in kept] == [one, two]
    assert (kept[0] < kept[1]) == (one < two)


@pytest.mark.parametrize("dialect", [sqlite.dialect(), postgresql.dialect()])
def test_naive_times_are_refused(dialect):
    naive = datetime(2026, 1, 1)  # noqa: DTZ001  # the point
    with pytest.raises(TypeError):
        Moment().process_bind_param(naive, dialect)
    assert Moment().process_bind_param(None, dialect) is None


def test_json_takes_the_values_that_records_are_made_of():
    value = MappingProxyType({"b": frozenset({2, 1}), "o": Owner.BOT, "t": ("木",)})
    assert to_json(value) == '{"b":[1,2],"o":"bot","t":["木"]}'
    with pytest.raises(TypeError):
        to_json(object())
    with pytest.raises(TypeError):
        to_json("\ud800")
