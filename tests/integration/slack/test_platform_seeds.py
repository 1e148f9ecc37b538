"""Whatever goes wrong by chance: everything arrives once, and what we send in order."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bot.errors import ChannelError
from bot.slack.errors import OutcomeUnknown, TryLater
from bot.slack.limits import BUDGETS, Budget
from bot.slack.mrkdwn import metadata
from tests.fake_slack import faults
from tests.unit.bot.slack.cast import CLEO, DESK, calling, listening, workspace
from tests.unit.bot.slack.memory_inbox import until

if TYPE_CHECKING:
    from bot.slack.api import SlackApi
    from tests.fake_slack import FakeSlack

OUTBOUND = [
    faults.status(500),
    faults.status(502),
    faults.status(504, processed=True),
    faults.html(),
    faults.error("internal_error"),
    faults.error("internal_error", processed=True),
    faults.error("fatal_error", processed=True),
    faults.hang(),
    faults.hang(processed=True),
    faults.reset_before(),
    faults.reset_after(),
    faults.drip(1.0),
]

INBOUND = [
    faults.duplicate(),
    faults.duplicate(0.1),
    faults.reorder(),
    faults.elsewhere(),
    faults.extra(new=1),
]


class Sender:
    """The outbox in small: in order, one at a time, looking before it sends again."""

    def __init__(self, api: SlackApi) -> None:
        self._api = api

    async def send(self, number: int) -> None:
        while True:
            try:
                await self._api.post_message(
                    DESK, str(number), metadata=metadata("helpdesk_out", {"id": str(number)})
                )
            except TryLater as later:
                await asyncio.sleep(later.retry_after_s)
            except ChannelError as error:
                if error.permanent:
                    raise
            except OutcomeUnknown:
                if await self._is_there(number):
                    return
            else:
                return

    async def _is_there(self, number: int) -> bool:
        while True:
            try:
                messages = await self._api.history(DESK)
            except TryLater as later:
                await asyncio.sleep(later.retry_after_s)
            except ChannelError:
                continue
            else:
                sent = (message.get("metadata", {}).get("event_payload") for message in messages)
                return {"id": str(number)} in sent


@pytest.mark.parametrize("seed", range(12))
async def test_everything_sent_is_there_once_and_in_order(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for method in ("chat.postMessage", "conversations.history"):
        monkeypatch.setitem(BUDGETS, method, Budget(1000, 1000.0))
    async with workspace(seed=seed) as slack, calling(slack, within_s=0.15) as api:
        for fault in OUTBOUND:
            slack.faults.on_call(fault, method="chat.postMessage", times=None, chance=0.05)
        slack.faults.on_call(faults.reset_after(), method="conversations.history", times=2)
        sender = Sender(api)
        for number in range(40):
            await sender.send(number)
        assert [line.text for line in slack.transcript(DESK)] == [str(n) for n in range(40)]
        assert slack.faults.fired


@pytest.mark.parametrize("seed", range(6))
async def test_everything_said_is_heard_once(seed: int) -> None:
    async with workspace(seed=seed) as slack, listening(slack) as listener:
        slack.sockets.ack_deadline_s = 0.3
        slack.sockets.ladder = (0.05,) * 20
        for fault in INBOUND:
            slack.faults.on_delivery(fault, event="message", times=None, chance=0.1)
        root = await slack.say(DESK, CLEO, "root")

        async def talk() -> None:
            for number in range(40):
                await slack.say(DESK, CLEO, f"{number:02d}", thread_ts=root)
                await asyncio.sleep(0.005)

        async def unsettle(slack: FakeSlack) -> None:
            for _ in range(3):
                await asyncio.sleep(slack.rng.uniform(0.02, 0.1))
                if slack.sockets.connections:
                    await slack.sockets.refresh(slack.rng.choice(slack.sockets.connections))

        async with asyncio.TaskGroup() as group:
            group.create_task(talk())
            group.create_task(unsettle(slack))
        await until(lambda: len(listener.texts) >= 41)
        await listener.settled()
        expected = ["root", *(f"{number:02d}" for number in range(40))]
        assert sorted(listener.texts) == sorted(expected)
        await until(lambda: not slack.undelivered)
