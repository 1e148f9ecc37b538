"""Kill -9 under load, again and again: nothing acknowledged is lost, doubled or left unanswered.

    FRONTDESK_KILL_SECONDS=300 python -m pytest tests/integration/test_kill.py

A kill shows that a crash of the process loses nothing; that a power cut would not either is up to
the PRAGMAs and is asserted in `test_store_sqlite`.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import shutil
import time
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import make_url

from tests.bench import traffic
from tests.bench.load import Chat, Tally, chats, close, session
from tests.bench.served import Served
from tests.bench.verdict import counted
from tests.integration.conftest import execute

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

    from bot.playbook import Playbook

SECONDS = float(os.environ.get("FRONTDESK_KILL_SECONDS", "12"))
LEAST_KILLS = 5
BETWEEN_KILLS_S = (0.8, 2.2)
CUSTOMERS = 50
RESTART = 1012

pytestmark = [
    pytest.mark.slow,
    # The first test may have to train the model; a busy machine starts a process in five seconds.
    pytest.mark.timeout(300 + 6 * SECONDS),
]


@pytest.fixture(autouse=True)
def _nothing_blocks() -> None:
    """Our code runs in another process here; watching the clients would only slow them down."""


@pytest.fixture(scope="module")
def shop(playbook: Playbook, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the shipped shop with its model, which nobody edits meanwhile."""
    return shutil.copytree(playbook.settings.folder, tmp_path_factory.mktemp("kill") / "shop")


@pytest.fixture(params=["sqlite", "postgres"])
def served(request: pytest.FixtureRequest, shop: Path, tmp_path: Path) -> Served:
    """A service on either database, not yet started."""
    data = tmp_path / "data"
    if request.param == "sqlite":
        return Served(data, config=shop)
    url = request.getfixturevalue("postgres_url")
    schema = make_url(url).query["search_path"]
    asyncio.run(execute(f"DROP SCHEMA {schema} CASCADE", f"CREATE SCHEMA {schema}"))
    return Served(data, config=shop, environment={"FRONTDESK_DATABASE_URL": url})


@pytest.fixture
def url(request: pytest.FixtureRequest, served: Served) -> str | Path:
    """The database behind `served`."""
    if "postgres" in request.node.callspec.id:
        return str(request.getfixturevalue("postgres_url"))
    return served.data / "frontdesk.db"


async def busy(
    customers: list[Chat], texts: Iterator[str], meanwhile: Callable[[], Awaitable[None]]
) -> None:
    """Have the customers write until something is done, and then get their last answers."""
    over = asyncio.Event()

    async def customer(chat: Chat, dice: random.Random) -> None:
        while not over.is_set():
            await chat.say(*itertools.islice(texts, dice.choice((1, 1, 1, 3))))

    async with asyncio.TaskGroup() as group:
        for number, chat in enumerate(customers):
            group.create_task(customer(chat, random.Random(number)))  # noqa: S311  # no secret
        await meanwhile()
        over.set()


async def judge(customers: list[Chat], tally: Tally) -> None:
    """Compare what everybody was shown with what a newcomer with their token is shown."""
    await close(customers)
    for chat in customers:
        await chat.audit()
    assert tally.faults == []


async def test_nothing_is_lost_when_the_process_is_killed(served, url):
    dice = random.Random(5)  # noqa: S311  # no secret
    tally = Tally()
    texts = itertools.cycle(traffic.mixed())
    kills = 0
    starts: list[float] = []

    async def killer() -> None:
        nonlocal kills
        until = time.monotonic() + SECONDS
        while kills < LEAST_KILLS or time.monotonic() < until:
            await asyncio.sleep(dice.uniform(*BETWEEN_KILLS_S))
            await served.kill()
            kills += 1
            if kills % 4 == 2:
                # Once more, while it starts or takes up what the last one left.
                await served.spawn()
                await asyncio.sleep(dice.uniform(0.5, 5.0))
                await served.kill()
            began = time.monotonic()
            await served.start()
            starts.append(time.monotonic() - began)

    async with served, session() as of:
        customers = await chats(of, served.base, tally, CUSTOMERS, patience_s=90)
        await busy(customers, texts, killer)
        await judge(customers, tally)
        assert await served.stop() == 0
    held, broken = await counted(url)
    assert broken == {}
    assert held["messages of customers"] == held["exchanges"] == tally.acked
    assert tally.reconnects >= kills
    assert served.logged("error", "critical") == []
    print(  # noqa: T201  # shown with -s, for the record
        f"\n{kills} kills: {tally.acked} acknowledged, {tally.resent} sent again, of which "
        f"{tally.duplicates} had been stored; 0 lost, 0 doubled, 0 gaps; "
        f"back after {min(starts):.1f} to {max(starts):.1f} s"
    )


async def test_sigterm_says_goodbye_and_leaves_nothing_unanswered(served, url):
    tally = Tally()
    texts = itertools.cycle(traffic.mixed())
    took: list[float] = []

    async def restart() -> None:
        await asyncio.sleep(2)
        began = time.monotonic()
        assert await served.stop() == 0
        took.append(time.monotonic() - began)
        await served.start()

    async with served, session() as of:
        customers = await chats(of, served.base, tally, CUSTOMERS // 2, patience_s=90)
        await busy(customers, texts, restart)
        await judge(customers, tally)
    assert set(tally.closes) == {RESTART}
    assert took[0] < 30
    held, broken = await counted(url)
    assert broken == {}
    assert held["messages of customers"] == held["exchanges"] == tally.acked
    assert served.logged("error", "critical") == []
