from __future__ import annotations

import pytest
from aiohttp.test_utils import make_mocked_request

from bot.channels.webchat.limits import SWEEP_EVERY_S, Limiter
from bot.settings.model import Limits, Rate


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def limiter(clock: Clock, *, on: bool = True) -> Limiter:
    return Limiter(Limits(visitor_messages=Rate(count=4, seconds=20)), on=on, now=clock)


def test_a_burst_passes_and_the_next_knows_when() -> None:
    clock = Clock()
    limits = limiter(clock)
    assert [limits.message("v", "a") for _ in range(4)] == [0, 0, 0, 0]
    assert limits.message("v", "a") == pytest.approx(5)
    assert limits.message("other", "a") == 0
    clock.now += 5
    assert limits.message("v", "a") == 0
    assert limits.message("v", "a") > 0
    clock.now += 1000
    assert [limits.message("v", "a") for _ in range(5)][-1] > 0


def test_a_refusal_uses_nothing_up() -> None:
    clock = Clock()
    limits = limiter(clock)
    waits = [limits.message("v", "a") for _ in range(50)]
    assert waits[-1] == pytest.approx(5)


def test_a_person_typing_never_meets_a_limit() -> None:
    clock = Clock()
    limits = Limiter(Limits(), on=True, now=clock)
    for _ in range(1000):
        clock.now += 0.6
        assert limits.message("v", "a") == 0


def test_what_is_whole_again_is_forgotten() -> None:
    clock = Clock()
    limits = limiter(clock)
    for n in range(100):
        limits.message(f"v{n}", "a")
    clock.now += SWEEP_EVERY_S + 1
    limits.message("last", "a")
    assert len(limits._whole_at) <= 5


def test_sockets_of_an_address_and_off() -> None:
    clock = Clock()
    assert limiter(clock).connection("a", 200) == 1.0
    off = limiter(clock, on=False)
    assert off.connection("a", 10_000) == 0
    assert [off.message("v", "a") for _ in range(100)] == [0] * 100


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "1.1.1.1", None),
        (1, "9.9.9.9, 1.1.1.1", "1.1.1.1"),
        (2, "9.9.9.9, 1.1.1.1, 10.0.0.1", "1.1.1.1"),
        (2, "1.1.1.1", None),
    ],
)
def test_only_own_proxies_are_believed(proxies: int, forwarded: str, address: str | None) -> None:
    request = make_mocked_request("GET", "/", headers={"X-Forwarded-For": forwarded})
    limits = Limiter(Limits(), proxies=proxies)
    assert limits.address(request) == (address or request.remote or "")
