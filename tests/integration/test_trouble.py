"""A served process in trouble: full disks, locks, lost files, taken ports, wrong configurations.

While it serves it stays up, refuses what it cannot write, and recovers by itself. What it cannot
start with it says in one line, with exit code 2.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import resource
import shutil
import signal
import socket
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import pytest

from tests.bench.load import Chat, Tally, chats, close, session
from tests.bench.served import Served
from tests.bench.verdict import counted

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from bot.playbook import Playbook

pytestmark = [
    pytest.mark.slow,
    # The first test may have to train the model; a busy machine starts a process in five seconds.
    pytest.mark.timeout(300),
]

CUSTOMERS = 10
TEXT = "where is my order AB123456?"
COULD_NOT = 2


@pytest.fixture(autouse=True)
def _nothing_blocks() -> None:
    """Our code runs in another process here; watching the clients would only slow them down."""


@pytest.fixture(scope="module")
def shop(playbook: Playbook, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the shipped shop with its model, which nobody edits meanwhile."""
    return shutil.copytree(playbook.settings.folder, tmp_path_factory.mktemp("trouble") / "shop")


@pytest.fixture
async def served(shop: Path, tmp_path: Path) -> AsyncIterator[Served]:
    """A service that runs."""
    async with Served(tmp_path / "data", config=shop) as served:
        yield served


@pytest.fixture
def tally() -> Tally:
    return Tally()


@pytest.fixture
async def customers(served: Served, tally: Tally) -> AsyncIterator[list[Chat]]:
    """Some who have had one answer already."""
    async with session() as of:
        made = await chats(of, served.base, tally, CUSTOMERS, patience_s=60)
        await say(made)
        yield made


async def say(customers: list[Chat]) -> None:
    await asyncio.gather(*(chat.say(TEXT) for chat in customers))


async def judge(served: Served, customers: list[Chat], tally: Tally) -> None:
    """Everything acknowledged was answered once, and the process never went down."""
    assert served.running
    assert tally.reconnects == 0
    await close(customers)
    for chat in customers:
        await chat.audit()
    assert tally.faults == []
    assert await served.stop() == 0
    held, broken = await counted(served.data / "frontdesk.db")
    assert broken == {}
    assert held["messages of customers"] == tally.acked
    assert not any("Traceback" in entry["event"] for entry in served.logged("error"))


async def ready_within(served: Served, seconds: float) -> None:
    """Return when /readyz is content."""
    async with asyncio.timeout(seconds):
        while (await served.ready())[0] != 200:  # noqa: ASYNC110  # another process, no event
            await asyncio.sleep(0.3)


async def next_worker(served: Served, last: int | None) -> int:
    """Return the process that understands now, once it is another one than the `last`."""
    # Until the service has noticed the loss, /readyz still tells what it last knew.
    async with asyncio.timeout(20):
        while (worker := served.worker_pid) in (None, last):  # noqa: ASYNC110  # no event
            await asyncio.sleep(0.05)
    assert worker is not None
    return worker


async def refusals(tally: Tally, count: int) -> None:
    """Return when so many messages were refused."""
    async with asyncio.timeout(20):
        while tally.nacks["busy"] < count:  # noqa: ASYNC110  # counted by many tasks
            await asyncio.sleep(0.1)


async def alive_s(served: Served) -> float:
    """Return how long /healthz takes."""
    began = time.monotonic()
    async with aiohttp.ClientSession() as of, of.get(f"{served.base}/healthz") as response:
        assert response.status == 200
    return time.monotonic() - began


@contextlib.contextmanager
def full_disk(served: Served) -> Iterator[None]:
    """Let no write of the process succeed."""
    before = resource.prlimit(served.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(served.pid, resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.prlimit(served.pid, resource.RLIMIT_FSIZE, before)


@contextlib.contextmanager
def locked(database: Path) -> Iterator[None]:
    """Hold the write lock, as a backup or somebody's shell may do."""
    other = sqlite3.connect(database, isolation_level=None, timeout=10)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.close()


# -- while it serves -------------------------------------------------------------------------------


async def test_full_disk_refuses_stays_up_and_recovers(served, customers, tally):
    with full_disk(served):
        waiting = asyncio.create_task(say(customers))
        await refusals(tally, CUSTOMERS)
        assert tally.acked == CUSTOMERS
        assert await alive_s(served) < 2
        assert (await served.ready())[0] == 503
    await waiting
    await ready_within(served, 10)
    assert set(tally.nacks) == {"busy"}
    await judge(served, customers, tally)


async def test_disk_that_fills_between_receipt_and_answer_delays_the_answer(
    served, customers, tally
):
    for _ in range(5):
        waiting = asyncio.create_task(say(customers))
        await asyncio.sleep(0.02)
        with full_disk(served):
            await asyncio.sleep(0.5)
        await waiting
    await judge(served, customers, tally)


async def test_database_locked_for_a_while_only_delays(served, customers, tally):
    with locked(served.data / "frontdesk.db"):
        waiting = asyncio.create_task(say(customers))
        await asyncio.sleep(1)
        assert await alive_s(served) < 1
        await asyncio.sleep(2)
    await waiting
    assert not tally.nacks
    await judge(served, customers, tally)


async def test_database_locked_for_long_refuses_and_recovers(served, customers, tally):
    with locked(served.data / "frontdesk.db"):
        waiting = asyncio.create_task(say(customers))
        await refusals(tally, 1)
        assert await alive_s(served) < 3  # the lock alone would hold it up for longer
        assert (await served.ready())[0] == 503
    await waiting
    await ready_within(served, 10)
    await judge(served, customers, tally)


async def test_deleted_database_is_noticed(served, customers):
    (served.data / "frontdesk.db").unlink()
    status, results = await served.ready()
    assert (status, results["store"]) == (503, "failed")
    assert served.running


# -- what it cannot start with ---------------------------------------------------------------------


async def refused(served: Served) -> list[str]:
    """Return the lines of stderr that are no log lines; the process must have given up properly."""
    async with asyncio.timeout(60):
        await served.spawn()
        code, out, err = await served.ended()
    assert code == COULD_NOT, err
    assert out == ""
    assert "Traceback" not in err
    return [line for line in err.splitlines() if not line.startswith("{")]


async def test_the_worker_is_killed_again_and_again(served, customers, tally):
    worker = await next_worker(served, None)
    for _ in range(3):
        talk = asyncio.create_task(say(customers))
        await asyncio.sleep(0.01)
        os.kill(worker, signal.SIGKILL)
        await talk
        worker = await next_worker(served, worker)
        await ready_within(served, 20)
    assert any(e.get("logger") == "frontdesk.nlp" for e in served.logged("warning"))
    await judge(served, customers, tally)


async def test_the_worker_goes_with_the_service(served):
    worker = await next_worker(served, None)
    await served.kill()
    async with asyncio.timeout(10):
        while Path(f"/proc/{worker}").exists():  # noqa: ASYNC110, ASYNC240  # it tells nobody
            await asyncio.sleep(0.05)


async def test_port_in_use(shop, tmp_path):
    served = Served(tmp_path / "data", config=shop)
    with socket.socket() as other:
        other.bind(("127.0.0.1", served.port))
        other.listen()
        lines = await refused(served)
    assert len(lines) == 1
    assert f"cannot listen on http://127.0.0.1:{served.port}" in lines[0]


async def test_second_process_on_the_same_data(served, shop):
    second = Served(served.data, config=shop)
    second.log = served.data.with_name("second.log")
    lines = await refused(second)
    assert len(lines) == 1
    assert "another process serves" in lines[0]
    assert (await served.ready())[0] == 200


async def test_wrong_configuration(shop, tmp_path):
    config = shutil.copytree(shop, tmp_path / "shop")
    with (config / "frontdesk.yaml").open("a") as file:
        file.write("nonsense: 1\n")
    with (config / "routing.yaml").open("a") as file:
        file.write("more_nonsense: 1\n")
    lines = await refused(Served(tmp_path / "data", config=config))
    assert len(lines) == 2
    for line, file in zip(lines, ("frontdesk.yaml", "routing.yaml"), strict=True):
        assert re.search(rf"{file}:\d+: [A-Z]+\d+ \S", line), line


async def test_no_configuration(tmp_path):
    lines = await refused(Served(tmp_path / "data", config=tmp_path / "nowhere"))
    assert len(lines) == 1
    assert "nowhere" in lines[0]


async def test_model_of_another_configuration(shop, tmp_path):
    other = shutil.copytree(shop, tmp_path / "other")
    intents = next((other / "intents").glob("*.yaml"))
    text = intents.read_text("utf-8")
    changed = re.sub(r"(?m)^( +- )([a-z][a-z' ]+)$", r"\1\2 indeed", text, count=1)
    assert changed != text
    intents.write_text(changed, "utf-8")
    served = Served(tmp_path / "data", config=other, arguments=("--model", str(shop / ".model")))
    lines = await refused(served)
    assert len(lines) == 1
    assert "model" in lines[0]


@pytest.mark.parametrize("what", ["file", "garbage", "full disk"])
async def test_data_that_cannot_be_used(what, shop, tmp_path):
    data, before = tmp_path / "data", None
    if what == "file":
        data.write_text("not a folder")
    elif what == "garbage":
        data.mkdir()
        (data / "frontdesk.db").write_bytes(b"not a database" * 1_000)
    else:

        def before() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (16_384, resource.RLIM_INFINITY))

    lines = await refused(Served(data, config=shop, before=before))
    assert len(lines) == 1
    assert "data" in lines[0] or "disk" in lines[0] or "database" in lines[0]
