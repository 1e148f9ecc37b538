"""Who is given a ticket."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.routing.assignment import Candidate, fittest

CANDIDATES = st.lists(
    st.builds(
        Candidate,
        id=st.text("abc", min_size=1, max_size=3),
        tickets=st.integers(0, 5),
        capacity=st.integers(1, 5),
    ),
    unique_by=lambda each: each.id,
)


def test_the_share_of_room_counts_not_the_number() -> None:
    fit = fittest(
        [Candidate(id="a", tickets=2, capacity=3), Candidate(id="b", tickets=4, capacity=10)]
    )
    assert fit is not None
    assert fit.id == "b"


@given(CANDIDATES)
def test_whoever_is_full_gets_nothing_and_order_is_immaterial(
    candidates: list[Candidate],
) -> None:
    fit = fittest(candidates)
    if fit is None:
        assert all(each.tickets >= each.capacity for each in candidates)
        return
    assert fit.tickets < fit.capacity
    assert fit == fittest(sorted(candidates, key=lambda each: each.id, reverse=True))
    assert all(
        each.tickets >= each.capacity or each.tickets / each.capacity >= fit.tickets / fit.capacity
        for each in candidates
    )
