"""Group commit: what it saves, what it refuses, and what a bad item may not do to the others."""

from __future__ import annotations

import asyncio
import random

import pytest
from sqlalchemy import insert, select

from crm_store import engines
from crm_store.errors import Busy, Conflict, Unavailable
from crm_store.tables import counters
from crm_store.writer import Writer
from tests.integration.store_cast import an_incoming, opened


def add_all(connection, names):
    """Insert counters; `poison` makes the whole batch fail, `refused` only itself."""
    if "poison" in names:
        raise ZeroDivisionError
    good = [name for name in names if name != "refused"]
    if good:
        connection.execute(insert(counters), [{"name": name, "value": 1} for name in good])
    return [Conflict(name) if name == "refused" else name for name in names]


@pytest.fixture
async def writer(sqlite_path):
    writing = engines.writing(engines.database_url(sqlite_path))
    writer = Writer(writing, queue_size=300)
    writer.start()
    yield writer
    await writer.close(5)
    await writing.close()


async def names(writer):
    every = select(counters.c.name)
    found = await writer._writing.run(lambda connection: connection.scalars(every).all())
    return set(found) - {"ticket", "probe"}


async def submit_all(writer, ops):
    return await asyncio.gather(*(writer.submit(add_all, op) for op in ops), return_exceptions=True)


async def test_many_writes_few_commits(writer):
    ops = [f"n{n}" for n in range(200)]
    assert await submit_all(writer, ops) == ops
    assert writer.commits <= 2
    assert await names(writer) == set(ops)


async def test_a_poison_item_hurts_only_itself(writer):
    results = await submit_all(writer, ["a", "poison", "refused", "b", "a"])
    assert results[0] == "a"
    assert isinstance(results[1], ZeroDivisionError)
    assert isinstance(results[2], Conflict)
    assert results[3] == "b"
    assert isinstance(results[4], Conflict)
    assert await names(writer) == {"a", "b"}


async def test_kinds_are_applied_in_the_order_of_their_first_op(writer):
    order = []

    def first(_connection, ops):
        order.append(("first", list(ops)))
        return list(ops)

    def second(_connection, ops):
        order.append(("second", list(ops)))
        return list(ops)

    kinds = [second, first, second]
    await asyncio.gather(*(writer.submit(kind, n) for n, kind in enumerate(kinds)))
    assert order == [("second", [0, 2]), ("first", [1])]


async def test_a_full_queue_says_when_to_come_back(writer):
    tasks = [asyncio.create_task(writer.submit(add_all, f"n{n}")) for n in range(320)]
    results = await asyncio.gather(*tasks, return_exceptions=True)
    busy = [result for result in results if isinstance(result, Busy)]
    assert len(busy) == 20
    assert busy[0].retry_after_s > 0
    assert len(await names(writer)) == 300


async def test_closing_writes_what_waits_and_takes_no_more(writer):
    tasks = [asyncio.create_task(writer.submit(add_all, f"n{n}")) for n in range(50)]
    await asyncio.sleep(0)
    await writer.close(5)
    assert len(await asyncio.gather(*tasks)) == 50
    with pytest.raises(Unavailable):
        await writer.submit(add_all, "late")


async def test_a_cancelled_caller_does_not_cancel_the_write(writer):
    task = asyncio.create_task(writer.submit(add_all, "a"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await writer.submit(add_all, "b")
    assert await names(writer) == {"a", "b"}


async def test_cancelling_at_random_moments_never_doubles_or_loses(sqlite_store):
    """Whoever was cancelled asks again with the same id, and everything is there once."""
    chance = random.Random(7)  # noqa: S311  # a repeatable test
    id_ = (await opened(sqlite_store)).conversation.id
    sent = [an_incoming(id_, str(n)) for n in range(300)]

    async def send(incoming):
        try:
            async with asyncio.timeout(chance.random() * 0.02):
                return await sqlite_store.conversations.receive(incoming)
        except TimeoutError:
            return await sqlite_store.conversations.receive(incoming)

    got = await asyncio.gather(*map(send, sent))
    kept = await sqlite_store.conversations.messages(id_, after=0, limit=999)
    assert [message.seq for message in kept] == list(range(1, 301))
    assert {m.client_id: m.seq for m in kept} == {
        incoming.client_id: each.seq for incoming, each in zip(sent, got, strict=True)
    }
