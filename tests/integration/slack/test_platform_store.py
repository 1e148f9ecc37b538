"""The platform on a real store: what was acknowledged survives whatever comes, and is done once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot.slack.events import Said
from bot.slack.platform import Platform
from crm_store.store import Store
from tests.fake_slack import faults
from tests.unit.bot.slack.cast import BRISK, CLEO, DESK, credentials_of, workspace
from tests.unit.bot.slack.memory_inbox import until

if TYPE_CHECKING:
    from pathlib import Path

    from bot.slack.events import SlackEvent
    from tests.fake_slack import FakeSlack


class Desk:
    """What a handler saw, over several lives of the process."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.stuck = asyncio.Event()

    async def handle(self, event: SlackEvent) -> None:
        if isinstance(event, Said) and event.text == "poison":
            raise ValueError(event.text)
        if isinstance(event, Said) and event.text == "slow":
            await self.stuck.wait()
        if isinstance(event, Said):
            self.texts.append(event.text)


async def live(slack: FakeSlack, store: Store, desk: Desk) -> Platform:
    platform = await Platform.open(credentials_of(slack), store.inbox, desk.handle, tempo=BRISK)
    platform.start()
    sockets = platform.sockets
    assert sockets is not None
    await until(lambda: sockets.connected == BRISK.connections)
    return platform


async def test_what_a_dead_process_had_taken_in_is_done_by_the_next(sqlite_path: Path) -> None:
    desk = Desk()
    async with workspace() as slack:
        slack.faults.on_delivery(faults.duplicate(), event="message", times=None, chance=0.5)
        store = await Store.open(sqlite_path)
        platform = await live(slack, store, desk)
        root = await slack.say(DESK, CLEO, "root")
        for text in ("one", "slow", "two"):
            await slack.say(DESK, CLEO, text, thread_ts=root)
        await until(lambda: desk.texts == ["root", "one"])
        await slack.settled()
        assert slack.undelivered == []
        # Gone in the middle of an event; two of them are on disk alone.
        await asyncio.gather(platform.worker.close(within_s=0.01), platform.close())
        await store.close()

        store = await Store.open(sqlite_path)
        assert len(await store.inbox.next_batch()) == 2
        desk.stuck.set()
        platform = await live(slack, store, desk)
        await until(lambda: len(desk.texts) == 4)
        assert desk.texts == ["root", "one", "slow", "two"]
        await platform.close()
        assert await store.inbox.next_batch() == ()
        await store.close()


async def test_poison_is_set_aside_and_its_thread_goes_on(sqlite_path: Path) -> None:
    desk = Desk()
    async with workspace() as slack:
        store = await Store.open(sqlite_path)
        platform = await live(slack, store, desk)
        platform.worker._first_wait_s = 0.001
        root = await slack.say(DESK, CLEO, "root")
        for text in ("poison", "after"):
            await slack.say(DESK, CLEO, text, thread_ts=root)
        await until(lambda: desk.texts == ["root", "after"])
        await platform.close()
        assert await store.inbox.parked() == 1
        assert await store.inbox.next_batch() == ()
        await store.close()
