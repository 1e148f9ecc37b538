"""The SQLite file and what may happen to it: full disks, locks, loss, and a second process."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import subprocess
import sys
import time

import pytest
from sqlalchemy import text

from crm_store import engines
from crm_store.errors import Occupied, Unavailable
from crm_store.store import Store
from tests.integration.store_cast import opened, received


async def pragma(store, statement):
    """Run a statement on the writer's own connection."""
    return await store._writing.run(lambda connection: engines.pragma(connection, statement))


@contextlib.contextmanager
def locked(path):
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield other
    finally:
        other.close()


async def test_every_connection_has_the_pragmas(sqlite_store):
    expected = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}
    for name, value in expected.items():
        assert await pragma(sqlite_store, name) == [(value,)], name
    async with contextlib.AsyncExitStack() as stack:
        readers = [sqlite_store._reading.connect() for _ in range(engines.READERS)]
        for connection in [await stack.enter_async_context(reader) for reader in readers]:
            driver = (await connection.get_raw_connection()).driver_connection
            for name, value in expected.items():
                ((found,),) = await driver.execute_fetchall(f"PRAGMA {name}")
                assert found == value, name


async def test_readers_cannot_write(sqlite_store):
    async with sqlite_store._reading.connect() as connection:
        with pytest.raises(Exception, match="readonly"):
            await connection.execute(text("DELETE FROM counters"))


async def say_later(store, id_, number):
    await asyncio.sleep(number / 100)
    return await received(store, id_, text="x" * 2000)


async def test_a_full_disk_is_told_and_heals_by_itself(sqlite_store):
    id_ = (await opened(sqlite_store)).conversation.id
    ((pages,),) = await pragma(sqlite_store, "page_count")
    await pragma(sqlite_store, f"max_page_count={pages + 4}")
    results = await asyncio.gather(
        *(received(sqlite_store, id_, text="x" * 2000) for _ in range(3)),
        *(say_later(sqlite_store, id_, number) for number in range(20)),
        return_exceptions=True,
    )
    acknowledged = sum(not isinstance(result, BaseException) for result in results)
    assert acknowledged < 23
    assert all(isinstance(r, Unavailable) for r in results if isinstance(r, BaseException))
    kept = await sqlite_store.conversations.messages(id_, after=0, limit=999)
    assert len(kept) == acknowledged
    await pragma(sqlite_store, "max_page_count=1000000")
    assert (await received(sqlite_store, id_, text="x" * 2000)).seq == acknowledged + 1
    await sqlite_store.healthy()


@pytest.mark.slow
async def test_a_short_lock_is_waited_for(sqlite_store, sqlite_path):
    id_ = (await opened(sqlite_store)).conversation.id
    with locked(sqlite_path) as other:
        waiting = asyncio.create_task(received(sqlite_store, id_))
        await asyncio.sleep(3)
        assert not waiting.done()
        other.execute("ROLLBACK")
        assert (await waiting).seq == 1


@pytest.mark.slow
async def test_a_long_lock_is_told_and_does_not_hang(sqlite_store, sqlite_path):
    id_ = (await opened(sqlite_store)).conversation.id
    with locked(sqlite_path):
        begin = time.monotonic()
        with pytest.raises(Unavailable):
            await received(sqlite_store, id_)
        assert 4 < time.monotonic() - begin < 9
    assert (await received(sqlite_store, id_)).seq == 1


@pytest.mark.parametrize("fate", ["deleted", "replaced"])
async def test_a_file_that_vanished_is_noticed(sqlite_store, sqlite_path, fate):
    await sqlite_store.healthy()
    aside = sqlite_path.rename(sqlite_path.with_suffix(".old"))
    if fate == "replaced":
        sqlite_path.write_bytes(aside.read_bytes())
    with pytest.raises(Unavailable, match="gone" if fate == "deleted" else "replaced"):
        await sqlite_store.healthy()


async def test_a_second_process_is_turned_away(sqlite_store, sqlite_path):
    program = (
        "import asyncio, sys; from crm_store.store import Store; from crm_store.errors import *\n"
        "try: asyncio.run(Store.open(sys.argv[1]))\n"
        "except Occupied: sys.exit(42)"
    )
    second = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", program, str(sqlite_path)], check=False
    )
    assert second.returncode == 42
    with pytest.raises(Occupied):
        await Store.open(sqlite_path)
    await sqlite_store.healthy()


async def test_closing_folds_the_log_and_frees_the_file(sqlite_path):
    for _ in range(2):
        store = await Store.open(sqlite_path)
        await opened(store)
        await store.close()
        log = sqlite_path.with_name("store.db-wal")
        assert not log.exists() or log.stat().st_size == 0
    assert store.queue_depth == 0


async def test_memory_and_bad_places_are_refused(tmp_path):
    with pytest.raises(Unavailable, match="needs a file"):
        await Store.open("sqlite:///:memory:")
    with pytest.raises(Unavailable):
        await Store.open(tmp_path)
    (tmp_path / "text.db").write_text("not a database at all" * 100)
    with pytest.raises(Unavailable):
        await Store.open(tmp_path / "text.db")


async def test_reads_of_a_broken_file_say_so(sqlite_store, sqlite_path):
    await pragma(sqlite_store, "wal_checkpoint(TRUNCATE)")
    sqlite_path.write_bytes(b"no longer a database" * 5000)
    with pytest.raises(Unavailable):
        await sqlite_store.conversations.find("v1", channel="webchat")
