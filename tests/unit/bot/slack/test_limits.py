from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.slack.limits import (
    BUDGETS,
    HEAD_START_S,
    OTHERWISE,
    Budget,
    Limiter,
    Urgency,
    line_of,
)

POST = line_of("chat.postMessage", "C1")
AT_ONCE = BUDGETS["chat.postMessage"].burst
UPDATE = line_of("chat.update", "C1")

arrivals = st.lists(st.tuples(st.floats(0, 5), st.sampled_from(Urgency)), min_size=1, max_size=60)
"""How long after the one before, and how urgent."""


def run(
    limiter: Limiter, line: tuple[str, str | None], coming: list[tuple[float, Urgency]]
) -> list[tuple[float, int, Urgency, float]]:
    """Let calls come and go; return when each went, its number, its urgency and when it came."""
    now = 100.0
    asked: dict[int, tuple[Urgency, float]] = {}
    gone: list[tuple[float, int, Urgency, float]] = []

    def serve_until(until: float) -> None:
        nonlocal now
        while True:
            ready_at = limiter.ready_at(line, now)
            if ready_at is None or ready_at > until:
                return
            now = max(now, ready_at)
            number = limiter.next(line, now)
            assert number is not None
            gone.append((now, number, *asked[number]))

    for gap, urgency in coming:
        serve_until(now + gap)
        now = max(now, now + gap)
        asked[limiter.ask(line, urgency, now)] = (urgency, now)
    serve_until(float("inf"))
    assert len(gone) == len(coming)
    return gone


@given(arrivals, st.sampled_from(["chat.postMessage", "chat.update", "views.open", "other"]))
def test_no_window_holds_more_than_the_budget(
    coming: list[tuple[float, Urgency]], method: str
) -> None:
    line = line_of(method, "C1")
    budget = BUDGETS.get(method, OTHERWISE)
    times = [went for went, *_ in run(Limiter(), line, coming)]
    for first in range(len(times)):
        for last in range(first, len(times)):
            window_s = times[last] - times[first]
            assert last - first + 1 <= budget.burst + window_s * budget.per_s + 1e-6


@given(st.integers(11, 400))
def test_a_budget_by_the_minute_holds_in_any_minute(count: int) -> None:
    budget = Budget.per_minute(count)
    assert budget.burst + 60 * budget.per_s <= count + 1e-9


@given(arrivals)
def test_equals_go_in_the_order_in_which_they_came(coming: list[tuple[float, Urgency]]) -> None:
    gone = run(Limiter(), POST, coming)
    for urgency in Urgency:
        numbers = [number for _, number, each, _ in gone if each is urgency]
        assert numbers == sorted(numbers)


@given(arrivals)
def test_nobody_waits_behind_less_urgent_ones_nor_for_ever_behind_more_urgent_ones(
    coming: list[tuple[float, Urgency]],
) -> None:
    gone = run(Limiter(), POST, coming)
    for place, (went, _, urgency, came) in enumerate(gone):
        for later_went, _, other, other_came in gone[place + 1 :]:
            # Whoever goes later and was there by then came later, by what its urgency is worth.
            if other_came < went:
                head_start = (urgency - other) * HEAD_START_S
                assert other_came - came >= head_start - 1e-6
            assert later_went >= went


def test_of_those_who_wait_together_the_most_urgent_goes_first() -> None:
    limiter = Limiter()
    asked = {limiter.ask(POST, urgency, 0.0): urgency for urgency in reversed(Urgency)}
    went = []
    now = 0.0
    while (ready_at := limiter.ready_at(POST, now)) is not None:
        now = ready_at
        number = limiter.next(POST, now)
        assert number is not None
        went.append(asked[number])
    assert went == list(Urgency)


def test_an_update_is_not_kept_for_ever_by_a_stream_of_replies() -> None:
    limiter = Limiter()
    update = limiter.ask(POST, Urgency.UPDATE, 0.0)
    now, went_at = 0.0, None
    for second in range(60):
        limiter.ask(POST, Urgency.REPLY, float(second))
        limiter.ask(POST, Urgency.REPLY, float(second))
        now = float(second)
        while (number := limiter.next(POST, now)) is not None:
            if number == update:
                went_at = now
    assert went_at is not None


def test_a_pause_holds_everybody_of_the_line_and_nobody_else() -> None:
    limiter = Limiter()
    limiter.pause(POST, 7.0, 10.0)
    limiter.ask(POST, Urgency.REPLY, 10.0)
    limiter.ask(POST, Urgency.REPLY, 10.0)
    other = limiter.ask(line_of("chat.postMessage", "C2"), Urgency.REPLY, 10.0)
    assert limiter.next(POST, 16.9) is None
    assert limiter.ready_at(POST, 10.0) == 17.0
    assert limiter.next(line_of("chat.postMessage", "C2"), 10.0) == other
    # No burst behind a pause.
    limiter.pause(POST, 7.0, 10.0)
    assert limiter.next(POST, 17.0) is not None


def test_lines_are_by_channel_only_where_slack_counts_so() -> None:
    assert line_of("chat.postMessage", "C1") != line_of("chat.postMessage", "C2")
    assert line_of("chat.update", "C1") == line_of("chat.update", "C2")


def test_who_withdraws_costs_nothing() -> None:
    limiter = Limiter()
    numbers = [limiter.ask(POST, Urgency.REPLY, 0.0) for _ in range(AT_ONCE + 2)]
    went = [limiter.next(POST, 0.0) for _ in range(AT_ONCE + 1)]
    assert went == [*numbers[:AT_ONCE], None]
    assert limiter.wait_s(POST, 0.0) > 2
    limiter.withdraw(POST, numbers[AT_ONCE])
    assert limiter.next(POST, 1.0) == numbers[AT_ONCE + 1]
    assert limiter.wait_s(line_of("never", None), 0.0) == 0
    limiter.withdraw(line_of("never", None), 1)
    assert limiter.ready_at(line_of("never", None), 1.0) is None


def test_idle_lines_are_forgotten_and_busy_ones_are_not() -> None:
    limiter = Limiter()
    for channel in range(100):
        limiter.ask(line_of("chat.postMessage", str(channel)), Urgency.REPLY, 0.0)
        limiter.next(line_of("chat.postMessage", str(channel)), 0.0)
    limiter.ask(POST, Urgency.REPLY, 0.0)
    limiter.pause(UPDATE, 1000.0, 0.0)
    limiter.sweep(0.1)
    assert limiter.lines == 102
    limiter.sweep(60.0)
    assert limiter.lines == 2
