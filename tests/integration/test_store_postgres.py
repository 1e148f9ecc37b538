"""PostgreSQL going away under us: the next write finds its way by itself."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from crm_store.errors import Unavailable
from crm_store.store import Store
from tests.integration.conftest import execute
from tests.integration.store_cast import a_turn, an_incoming, opened, received


@pytest.fixture
async def postgres_store(postgres_url):
    store = await Store.open(postgres_url)
    yield store
    await store.close()


async def drop_connections(store):
    """End the server's side of the store's own connections, and of no others."""
    pids = []
    own = text("SELECT pg_backend_pid()")
    pids.append(await store._writing.run(lambda connection: connection.scalar(own)))
    async with store._reading.connect() as connection:
        pids.append(await connection.scalar(own))
    await execute(*(f"SELECT pg_terminate_backend({pid})" for pid in pids))


async def test_lost_connections_are_made_anew(postgres_store):
    id_ = (await opened(postgres_store)).conversation.id
    for _ in range(3):
        await drop_connections(postgres_store)
        await postgres_store.conversations.record(a_turn(await received(postgres_store, id_)))
    kept = await postgres_store.conversations.messages(id_, after=0, limit=99)
    assert [message.seq for message in kept] == list(range(1, 7))


async def test_connections_lost_under_load_lose_and_double_nothing(postgres_store):
    id_ = (await opened(postgres_store)).conversation.id

    async def say(number):
        await asyncio.sleep(number / 500)
        incoming = an_incoming(id_, str(number), client_id=str(number))
        while True:
            try:
                return await postgres_store.conversations.receive(incoming)
            except Unavailable:
                await asyncio.sleep(0.01)

    async def disturb():
        for _ in range(5):
            await asyncio.sleep(0.05)
            pid = await execute(
                "SELECT pid FROM pg_locks JOIN pg_class ON pg_class.oid = relation "  # noqa: S608  # ours
                f"WHERE relname = 'messages' AND relnamespace = '{schema}'::regnamespace"
            )
            await execute(*(f"SELECT pg_terminate_backend({each})" for each in set(pid)))

    async with postgres_store._reading.connect() as connection:
        schema = await connection.scalar(text("SELECT current_schema()"))
    got, _ = await asyncio.gather(asyncio.gather(*map(say, range(200))), disturb())
    assert sorted(each.seq for each in got) == list(range(1, 201))
    kept = await postgres_store.conversations.messages(id_, after=0, limit=999)
    assert sorted(message.client_id for message in kept) == sorted(map(str, range(200)))


async def test_a_server_that_is_not_there_is_told():
    with pytest.raises(Unavailable):
        await Store.open("postgresql://nobody@127.0.0.1:1/none")


async def test_what_postgres_refuses_hurts_only_itself(postgres_store):
    id_ = (await opened(postgres_store)).conversation.id
    results = await asyncio.gather(
        received(postgres_store, id_, text="one"),
        received(postgres_store, id_, text="a NUL: \x00"),
        received(postgres_store, id_, text="two"),
        return_exceptions=True,
    )
    assert [results[0].seq, results[2].seq] == [1, 2]
    assert isinstance(results[1], Exception)
    assert not isinstance(results[1], Unavailable)
