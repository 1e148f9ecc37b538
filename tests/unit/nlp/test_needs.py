import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.needs import DECAY, CustomerFacts, turn_shares


@given(st.lists(st.floats(0.05, 1.0), min_size=1, max_size=20))
def test_shares_sum_to_one(weights):
    assert sum(turn_shares(weights)) == pytest.approx(1)


def test_later_turns_weigh_more_and_small_talk_little():
    early, late = turn_shares([1.0, 1.0])
    assert early / late == pytest.approx(DECAY)
    asked, thanked = turn_shares([1.0, 0.05])
    assert asked > 10 * thanked


def test_a_stranger_is_not_a_customer_without_orders():
    assert CustomerFacts().orders_total is None
