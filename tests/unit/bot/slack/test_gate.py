from __future__ import annotations

import asyncio

import pytest

from bot.slack.errors import TryLater
from bot.slack.gate import Gate
from bot.slack.limits import BUDGETS, Urgency

AT_ONCE = BUDGETS["chat.postMessage"].burst


async def test_urgent_calls_overtake_and_the_pace_is_kept() -> None:
    gate = Gate()
    loop = asyncio.get_running_loop()
    began = loop.time()
    went: list[tuple[float, Urgency]] = []

    async def call(urgency: Urgency) -> None:
        await gate.pass_through("chat.postMessage", "C1", urgency, within_s=10)
        went.append((loop.time() - began, urgency))

    async with asyncio.TaskGroup() as group:
        for urgency in (Urgency.UPDATE,) * AT_ONCE + (Urgency.UPDATE, Urgency.REPLY):
            group.create_task(call(urgency))
    assert [urgency for _, urgency in went][AT_ONCE:] == [Urgency.REPLY, Urgency.UPDATE]
    first, second = (at for at, _ in went[AT_ONCE:])
    assert first > 0.9
    assert second > 1.9
    assert gate.waiting == 0
    gate.close()


async def test_whoever_has_no_patience_is_told_when_to_come_back() -> None:
    gate = Gate()
    gate.pause("views.open", None, 60)
    with pytest.raises(TryLater) as caught:
        await gate.pass_through("views.open", None, Urgency.REPLY, within_s=0.05)
    assert 55 < caught.value.retry_after_s < 65
    assert gate.waiting == 0
    gate.close()


async def test_a_cancelled_call_leaves_its_place_to_the_next() -> None:
    gate = Gate()
    for _ in range(AT_ONCE):
        await gate.pass_through("chat.postMessage", "C1", Urgency.REPLY, within_s=1)
    first, second = (
        asyncio.create_task(gate.pass_through("chat.postMessage", "C1", Urgency.REPLY, within_s=5))
        for _ in range(2)
    )
    await asyncio.sleep(0.01)
    first.cancel()
    began = asyncio.get_running_loop().time()
    await second
    assert asyncio.get_running_loop().time() - began < 1.5
    assert first.cancelled()
    gate.close()
