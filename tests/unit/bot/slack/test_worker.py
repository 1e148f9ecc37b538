from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from bot.errors import ChannelError
from bot.slack import worker as worker_module
from bot.slack.errors import SlackRefused, TryLater
from bot.slack.events import Command, Edited, Said, kept
from bot.slack.keys import keys_of
from bot.slack.worker import Worker
from crm_store.errors import Conflict, Unavailable
from tests.unit.bot.slack.memory_inbox import MemoryInbox, until

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    import pytest

    from bot.slack.events import SlackEvent

NOW = datetime(2025, 1, 6, tzinfo=UTC)
CANARY = "a customer's secret words"


def message(ts: float, thread: str | None = "1.000000", text: str = "") -> Said:
    return Said(
        team="T1", user="U1", channel="C1", ts=f"{ts:.6f}", thread_ts=thread, text=text or str(ts)
    )


def command(number: int) -> Command:
    return Command(team="T1", user="U1", channel="C1", command="/f", trigger_id=str(number))


class Desk:
    """A worker, and what its handler saw."""

    def __init__(self, **options: float) -> None:
        self.inbox = MemoryInbox()
        self.seen: list[SlackEvent] = []
        self.trouble: Callable[[SlackEvent], Exception | None] = lambda _: None
        self.takes_s = 0.0
        defaults = {"window_s": 0.02, "first_wait_s": 0.001}
        self.worker = Worker(self.inbox, self.handle, **(defaults | options))  # type: ignore[arg-type]

    async def handle(self, event: SlackEvent) -> None:
        error = self.trouble(event)
        if error is not None:
            raise error
        if self.takes_s:
            await asyncio.sleep(self.takes_s)
        self.seen.append(event)

    async def put(self, *events: SlackEvent) -> None:
        for event in events:
            await self.inbox.take_in("slack", keys_of(event, {}), kept(event), NOW)
        self.worker.wake()

    async def idle(self) -> None:
        await until(lambda: not (self.inbox.open or self.worker.depth))

    @property
    def texts(self) -> list[str]:
        return [event.text for event in self.seen if isinstance(event, Said | Edited)]


@settings(max_examples=10)
@given(st.permutations(range(2, 22)), st.randoms(use_true_random=False))
async def test_a_thread_is_worked_off_in_the_order_in_which_it_was_said(
    order: list[int], chance: random.Random
) -> None:
    desk = Desk(window_s=0.6)  # all are there before it is over, on a busy machine as well
    desk.worker.start()
    for ts in order:
        # Twice, as Slack may.
        await desk.put(message(ts), message(ts))
        if chance.random() < 0.2:
            await asyncio.sleep(0)
    await desk.idle()
    assert desk.texts == [str(ts) for ts in range(2, 22)]
    await desk.worker.close()


async def test_what_comes_behind_the_window_is_still_worked_off() -> None:
    desk = Desk()
    desk.worker.start()
    await desk.put(message(3))
    await desk.idle()
    await desk.put(message(2))
    await desk.idle()
    assert desk.texts == ["3", "2"]
    await desk.worker.close()


async def test_an_edit_comes_behind_its_message_whichever_arrives_first() -> None:
    desk = Desk()
    desk.worker.start()
    said = message(5.5)
    edit = Edited(
        team="T1", user="U1", channel="C1", ts=said.ts, thread_ts="1.000000", text="new", at="5.0"
    )
    await desk.put(said)
    await desk.put(edit)
    await desk.idle()
    assert desk.texts == ["5.5", "new"]
    await desk.worker.close()


async def test_threads_do_not_wait_for_each_other_and_presses_for_nothing() -> None:
    desk = Desk(window_s=0.1)
    free = asyncio.Event()

    async def handle(event: SlackEvent) -> None:
        if isinstance(event, Said) and event.text == "slow":
            await free.wait()
        desk.seen.append(event)

    desk.worker = Worker(desk.inbox, handle, window_s=0.1)
    desk.worker.start()
    loop = asyncio.get_running_loop()
    began = loop.time()
    await desk.put(message(2, text="slow"), message(3), message(2.5, thread="2.0", text="other"))
    await desk.put(command(1))
    await until(lambda: desk.seen)
    assert desk.seen == [command(1)]
    assert loop.time() - began < 0.09
    await until(lambda: len(desk.seen) == 2)
    assert desk.texts == ["other"]
    free.set()
    await desk.idle()
    assert desk.texts == ["other", "slow", "3"]
    await desk.worker.close()


async def test_what_fails_is_tried_again_and_keeps_its_place() -> None:
    desk = Desk()
    failures = iter([RuntimeError(CANARY), ChannelError("no"), Conflict("again")])
    desk.trouble = lambda event: next(failures, None) if event == message(2) else None
    desk.worker.start()
    with capture_logs() as logs:
        await desk.put(message(2), message(3))
        await desk.idle()
    assert desk.texts == ["2", "3"]
    assert desk.inbox.parked == {}
    assert [entry["error"] for entry in logs] == ["RuntimeError", "ChannelError", "Conflict"]
    assert CANARY not in str(logs)
    assert "trouble" in str(logs) or "handle" in str(logs)
    await desk.worker.close()


async def test_what_cannot_be_done_is_given_up_and_the_thread_goes_on() -> None:
    desk = Desk()
    tried = []

    def trouble(event: SlackEvent) -> Exception | None:
        tried.append(event)
        if event == message(2):
            return RuntimeError(CANARY)
        return SlackRefused("is_archived", "chat.update") if event == message(3) else None

    desk.trouble = trouble
    desk.worker.start()
    with capture_logs() as logs:
        await desk.put(message(2), message(3), message(4))
        await desk.idle()
    assert desk.texts == ["4"]
    assert desk.inbox.parked == {1: "RuntimeError", 2: "SlackRefused is_archived"}
    assert (tried.count(message(2)), tried.count(message(3))) == (5, 1)
    assert desk.worker.parked == 2
    assert [entry["event"] for entry in logs].count("event_given_up") == 2
    assert CANARY not in str(logs)
    await desk.worker.close()


async def test_pauses_and_an_absent_store_are_not_held_against_an_event() -> None:
    desk = Desk()
    errors = iter([TryLater(0.001), Unavailable("away")] * 8)
    desk.trouble = lambda _: next(errors, None)
    desk.worker.start()
    await desk.put(message(2))
    await desk.idle()
    assert desk.texts == ["2"]
    await desk.worker.close()


async def test_the_store_may_go_and_come_back() -> None:
    desk = Desk(window_s=0)
    await desk.put(message(2))

    async def handle(event: SlackEvent) -> None:
        desk.seen.append(event)
        desk.inbox.away = True

    desk.worker = Worker(desk.inbox, handle, window_s=0, first_wait_s=0.001)
    desk.inbox.away = True
    desk.worker.start()
    await asyncio.sleep(0.02)
    assert desk.seen == []
    desk.inbox.away = False
    await until(lambda: desk.seen)
    # Handled, and it cannot be noted: noted later, and not handled again.
    await asyncio.sleep(0.02)
    desk.inbox.away = False
    await desk.idle()
    assert len(desk.seen) == 1
    await desk.worker.close()


async def test_a_restart_takes_up_what_was_not_done() -> None:
    desk = Desk(window_s=30)
    desk.worker.start()
    await desk.put(message(3), message(2))
    await until(lambda: desk.worker.depth == 2)
    await desk.worker.close()
    assert desk.seen == []
    assert len(desk.inbox.open) == 2
    desk.worker = Worker(desk.inbox, desk.handle, window_s=0.01)
    desk.worker.start()
    await desk.idle()
    assert desk.texts == ["2", "3"]
    await desk.worker.close()


async def test_closing_lets_a_handler_finish_but_not_for_ever() -> None:
    desk = Desk(window_s=0)
    desk.takes_s = 1.0
    desk.worker.start()
    await desk.put(message(2), message(3))
    await asyncio.sleep(0.02)
    await desk.worker.close()
    assert desk.texts == ["2"]
    assert len(desk.inbox.open) == 1

    desk.takes_s = 30
    desk.worker = Worker(desk.inbox, desk.handle, window_s=0)
    desk.worker.start()
    await asyncio.sleep(0.02)
    await desk.worker.close(within_s=0.01)
    assert len(desk.inbox.open) == 1
    before = {task for task in asyncio.all_tasks() if "slack" in task.get_name()}
    assert before == set()


async def test_a_lost_wake_up_is_made_good() -> None:
    desk = Desk(look_every_s=0.02)
    desk.worker.start()
    await asyncio.sleep(0.01)
    event = message(2)
    await desk.inbox.take_in("slack", keys_of(event, {}), kept(event), NOW)
    await desk.idle()
    assert desk.texts == ["2"]
    await desk.worker.close()


async def test_a_backlog_is_taken_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "MOST_IN_HAND", 30)
    monkeypatch.setattr(worker_module, "PAGE", 10)
    desk = Desk(window_s=0)
    await desk.put(*(message(ts, thread=f"{ts % 7}.0") for ts in range(500)))
    deepest = 0

    async def handle(event: SlackEvent) -> None:
        nonlocal deepest
        deepest = max(deepest, desk.worker.depth)
        desk.seen.append(event)
        await asyncio.sleep(0)

    desk.worker = Worker(desk.inbox, handle, window_s=0)
    desk.worker.start()
    await desk.idle()
    assert len(desk.seen) == 500
    assert deepest <= 30 + 10 + 30
    for thread in range(7):
        said = [
            float(e.ts) for e in desk.seen if isinstance(e, Said) and e.thread_ts == f"{thread}.0"
        ]
        assert said == sorted(said)
    await desk.worker.close()


async def test_what_another_release_kept_is_parked() -> None:
    desk = Desk()
    await desk.inbox.take_in("slack", ("x",), {"type": "from the future"}, NOW)
    await desk.inbox.take_in("elsewhere", ("y",), {"type": "said"}, NOW)
    desk.worker.start()
    await until(lambda: desk.inbox.parked)
    assert desk.inbox.parked == {1: "unreadable"}
    await desk.worker.close()
