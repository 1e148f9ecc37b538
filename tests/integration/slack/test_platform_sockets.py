"""Inbound by Socket Mode: connections that fail in every way, nothing lost (A2 1-3, 8-13, A5)."""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from bot.slack.events import Command, Edited, Pressed, Said
from tests.fake_slack import faults
from tests.unit.bot.slack.cast import ADA, BRISK, CLEO, DESK, Listener, listening, workspace
from tests.unit.bot.slack.memory_inbox import until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.fake_slack import FakeSlack

ALONE = replace(BRISK, connections=1)


async def test_everything_that_people_do_arrives() -> None:
    async with workspace() as slack, listening(slack) as listener:
        ts = await slack.say(DESK, CLEO, "hello")
        await slack.edit(DESK, ts, "hello there")
        button = {"type": "button", "action_id": "take", "value": "7"}
        text = {"type": "plain_text", "text": "Take"}
        block = {"type": "actions", "elements": [button | {"text": text}]}
        posted = await listener.platform.api.post_message(DESK, "card", blocks=[block])
        assert (await slack.press(CLEO, DESK, posted.ts, "take")).ok
        assert (await slack.command(CLEO, DESK, "/frontdesk", "find me")).ok
        await listener.settled()
        assert {type(event) for event in listener.seen} == {Said, Edited, Pressed, Command}
        assert slack.undelivered == []


async def test_nothing_is_lost_while_slack_does_not_tell_who_we_are() -> None:
    async with workspace() as slack:
        slack.faults.on_call(faults.error("internal_error"), method="auth.test", times=None)
        async with listening(slack) as listener:
            await slack.say(DESK, CLEO, "hello")
            await listener.heard("hello")
            assert listener.platform.ourselves is None
            assert slack.undelivered == []


async def test_without_the_store_nothing_is_acknowledged_and_slack_sends_it_again() -> None:
    async with workspace() as slack, listening(slack) as listener:
        slack.sockets.ack_deadline_s = 0.2
        listener.inbox.away = True
        await slack.say(DESK, CLEO, "hello")
        await until(lambda: slack.envelopes[-1].attempts)
        listener.inbox.away = False
        listener.platform.worker.wake()
        await listener.heard("hello")
        assert slack.undelivered == []


# -- order (A2 8) ----------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
async def test_threads_stay_in_order_however_their_messages_arrive(seed: int) -> None:
    async with workspace(seed=seed) as slack, listening(slack) as listener:
        # What overtakes on a busy machine comes far later than at Slack.
        listener.platform.worker._window_s = 1.0
        chance = random.Random(seed)  # noqa: S311  # no secret
        roots = [await slack.say(DESK, CLEO, f"root {number}") for number in range(3)]
        slack.faults.on_delivery(faults.reorder(), event="message", times=None, chance=0.2)
        slack.faults.on_delivery(faults.duplicate(), event="message", times=None, chance=0.3)
        slack.faults.on_delivery(faults.elsewhere(), event="message", times=None, chance=0.2)
        for number in range(60):
            thread = chance.randrange(3)
            user = chance.choice([CLEO, ADA])
            await slack.say(DESK, user, f"{thread}-{number:02d}", thread_ts=roots[thread])
        await until(lambda: len(listener.texts) >= 63)
        await listener.settled()
        assert len(listener.texts) == 63
        for thread in range(3):
            said = [text for text in listener.texts if text.startswith(f"{thread}-")]
            assert said == sorted(said)
        assert slack.undelivered == []


DELIVERIES = [
    faults.duplicate(),
    faults.late(0.2),
    faults.reorder(),
    faults.elsewhere(),
    faults.cut(),
    faults.lost(),
    faults.extra(sparkle=True, blocks=None),
]


@pytest.mark.parametrize("fault", DELIVERIES, ids=lambda fault: fault.kind)
async def test_each_is_heard_once_however_it_is_delivered(fault: faults.Fault) -> None:
    async with workspace() as slack, listening(slack) as listener:
        slack.sockets.ack_deadline_s = 0.3
        root = await slack.say(DESK, CLEO, "root")
        await listener.heard("root")
        slack.faults.on_delivery(fault, event="message", nth=2)
        expected = {"root"}
        for number in range(6):
            await slack.say(DESK, CLEO, str(number), thread_ts=root)
            expected.add(str(number))
        await until(lambda: len(listener.texts) >= 7)
        await listener.settled()
        assert len(listener.texts) == 7
        assert set(listener.texts) == expected
        await until(lambda: not slack.undelivered)


@pytest.mark.parametrize("fault", [faults.unknown_type(), faults.missing("channel")])
async def test_what_means_nothing_is_acknowledged(fault: faults.Fault) -> None:
    async with workspace() as slack, listening(slack) as listener:
        slack.faults.on_delivery(fault, event="message")
        await slack.say(DESK, CLEO, "one")
        await slack.say(DESK, CLEO, "two")
        await listener.heard("two")
        assert slack.undelivered == []


# -- connections (A2 9-13) -------------------------------------------------------------------


async def refresh(slack: FakeSlack) -> None:
    await slack.sockets.refresh()


async def close_cleanly(slack: FakeSlack) -> None:
    await slack.sockets.close_frames()


async def close_and_keep_tcp(slack: FakeSlack) -> None:
    await slack.sockets.close_frames(keep_tcp=True)


async def reset(slack: FakeSlack) -> None:
    slack.sockets.reset_all()


async def half_open(slack: FakeSlack) -> None:
    slack.sockets.half_open()


async def refuse_once(slack: FakeSlack) -> None:
    slack.sockets.refuse_handshakes(1)
    slack.sockets.reset_all()


async def refuse_often(slack: FakeSlack) -> None:
    slack.sockets.refuse_handshakes(6)
    slack.sockets.reset_all()


async def expire(slack: FakeSlack) -> None:
    slack.sockets.reset_all()
    slack.sockets.expire_tickets()


async def no_tickets(slack: FakeSlack) -> None:
    slack.faults.on_call(faults.status(500), method="apps.connections.open", times=4)
    slack.sockets.reset_all()


async def all_down(slack: FakeSlack) -> None:
    slack.down = True
    await asyncio.sleep(0.5)
    slack.down = False


BREAKS = [
    *(refresh, close_cleanly, close_and_keep_tcp, reset, half_open),
    *(refuse_once, refuse_often, expire, no_tickets, all_down),
]


@pytest.mark.parametrize("befall", BREAKS, ids=lambda each: each.__name__)
@pytest.mark.parametrize("tempo", [BRISK, ALONE], ids=["two", "one"])
async def test_whatever_befalls_the_connections_nothing_is_lost(
    befall: Callable[[FakeSlack], Awaitable[None]], tempo: object
) -> None:
    assert tempo in (BRISK, ALONE)
    chosen = BRISK if tempo is BRISK else ALONE
    async with workspace() as slack, listening(slack, tempo=chosen) as listener:
        slack.sockets.ack_deadline_s = 0.3
        slack.sockets.ladder = (0.1, 0.1, 0.3, 0.5, 1.0, 1.0, 1.0)
        root = await slack.say(DESK, CLEO, "root")
        await listener.heard("root")

        async def talk() -> None:
            for number in range(15):
                await slack.say(DESK, CLEO, f"{number:02d}", thread_ts=root)
                await asyncio.sleep(0.03)

        async with asyncio.TaskGroup() as group:
            group.create_task(talk())
            await asyncio.sleep(0.1)
            await befall(slack)
        await until(lambda: len(listener.texts) >= 16, 15)
        await listener.connected(chosen.connections)
        await listener.settled()
        assert sorted(listener.texts) == sorted(["root", *(f"{n:02d}" for n in range(15))])


async def test_a_refused_handshake_does_not_wedge_it() -> None:
    """A2 11: for ever, without our session; cured within moments with it, and nothing rebuilt."""
    async with workspace() as slack:
        slack.sockets.refuse_handshakes(2)
        listener = Listener(slack)
        await listener.start()
        await until(lambda: slack.sockets.refused == 2)
        # A ticket serves for one handshake, whatever came of it.
        slack.sockets.expire_tickets()
        await listener.connected()
        assert listener.platform.sockets is not None
        assert listener.platform.sockets.rebuilt == 0
        assert slack.sockets.refused == 2
        await listener.platform.close()


async def test_a_wedged_client_is_built_anew() -> None:
    quick = replace(BRISK, connections=1, rebuild_after_s=0.3)
    async with workspace() as slack, listening(slack, tempo=quick) as listener:
        sockets = listener.platform.sockets
        assert sockets is not None
        # Slack takes no handshake for longer than we have patience with a client.
        slack.sockets.refuse_handshakes(None)
        slack.sockets.reset_all()
        await until(lambda: sockets.rebuilt >= 1)
        slack.sockets.refuse_handshakes(0)
        await listener.connected(1)
        await slack.say(DESK, CLEO, "still here")
        await listener.heard("still here")


async def test_a_long_absence_is_alarmed_of_and_the_gap_is_told() -> None:
    async with workspace() as slack:
        with capture_logs() as logs:
            async with listening(slack) as listener:
                sockets = listener.platform.sockets
                assert sockets is not None
                slack.down = True
                await until(lambda: sockets.down_s > 0.7)
                slack.down = False
                await listener.connected()
                assert sockets.down_s == 0
                (gap_s,) = listener.gaps
                assert gap_s >= 0.5
        events = [entry["event"] for entry in logs]
        assert events.count("slack_sockets_down") == 1
        assert events.count("slack_sockets_back") == 1


@pytest.mark.parametrize("fault", [faults.status(500), faults.hang(), faults.error("fatal_error")])
async def test_a_start_without_slack_waits_for_nothing(fault: faults.Fault) -> None:
    async with workspace() as slack:
        slack.faults.on_call(fault, method="apps.connections.open", times=4)
        listener = Listener(slack)
        began = time.monotonic()
        await listener.start()
        assert time.monotonic() - began < 0.5
        assert listener.platform.sockets is not None
        assert listener.platform.sockets.connected == 0
        if fault.kind is not faults.Kind.HANG:
            await listener.connected()
        began = time.monotonic()
        await listener.platform.close()
        assert time.monotonic() - began < 2.5


@pytest.mark.parametrize("befall", [None, half_open, close_and_keep_tcp, all_down])
async def test_closing_is_quick_and_leaves_nothing(
    befall: Callable[[FakeSlack], Awaitable[None]] | None,
) -> None:
    async with workspace() as slack:
        listener = Listener(slack)
        before = asyncio.all_tasks()
        await listener.start()
        await listener.connected()
        if befall is not None:
            await befall(slack)
        began = time.monotonic()
        await listener.platform.close()
        assert time.monotonic() - began < 2.5
        for task in asyncio.all_tasks() - before:
            frame = repr(task.get_coro())
            assert "socket_mode/aiohttp" not in frame
            assert "bot/slack" not in frame
            assert "slack" not in task.get_name()


async def test_in_the_gap_between_two_processes_slack_keeps_what_is_said() -> None:
    async with workspace() as slack:
        slack.sockets.ack_deadline_s = 0.2
        async with listening(slack) as first:
            await slack.say(DESK, CLEO, "one")
            await first.heard("one")
        await slack.say(DESK, CLEO, "two")
        async with listening(slack) as second:
            await second.heard("two")
            assert slack.undelivered == []
