"""The migrations lead an empty database to exactly what `tables.py` says, and back."""

from __future__ import annotations

import asyncio

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from crm_store import engines, schema
from crm_store.errors import SchemaMismatch
from crm_store.store import Store
from crm_store.tables import metadata


@pytest.fixture(params=["sqlite", "postgres"])
async def engine(request, tmp_path):
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'empty.db'}"
    else:
        url = await asyncio.to_thread(request.getfixturevalue, "postgres_url")
    engine = engines.writing(engines.database_url(url))
    yield engine
    await schema.downgrade(engine, "base")
    await engine.dispose()


async def tables(engine):
    async with engine.connect() as connection:
        names = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    return set(names) - {"alembic_version"}


def differences(connection):
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return compare_metadata(context, metadata)


async def test_empty_to_head_equals_the_tables(engine):
    assert await schema.current(engine) is None
    await schema.upgrade(engine)
    assert await schema.current(engine) == schema.head()
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_up_down_up(engine):
    await schema.upgrade(engine)
    assert await tables(engine) == set(metadata.tables)
    await schema.downgrade(engine, "base")
    assert await tables(engine) == set()
    await schema.upgrade(engine)
    await schema.upgrade(engine)
    await schema.check(engine)


async def test_partial_indexes_and_lean_tables_are_as_written(tmp_path):
    """What `compare_metadata` does not look at on SQLite: the very text of the tables."""

    async def texts(path, make):
        engine = engines.writing(engines.database_url(path))
        await make(engine)
        async with engine.connect() as connection:
            found = await connection.execute(text("SELECT name, sql FROM sqlite_master"))
            kept = {name: sorted(sql.replace("\t", "").split(",")) for name, sql in found if sql}
        await engine.dispose()
        return {name: sql for name, sql in kept.items() if name != "alembic_version"}

    async def create(engine):
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all)

    def folded(found):
        return {
            name: sorted("".join(part.split()).strip("()") for part in sql)
            for name, sql in found.items()
        }

    migrated = folded(await texts(tmp_path / "a.db", schema.upgrade))
    made = folded(await texts(tmp_path / "b.db", create))
    assert migrated.keys() == made.keys()
    for name, sql in made.items():
        where = [part.partition("WHERE")[2] for part in sql]
        assert [part.partition("WHERE")[2] for part in migrated[name]] == where
        assert ("WITHOUTROWID" in "".join(sql)) == ("WITHOUTROWID" in "".join(migrated[name]))


async def test_a_database_of_another_day_is_refused(tmp_path):
    path = tmp_path / "store.db"
    with pytest.raises(SchemaMismatch, match="frontdesk serve"):
        await Store.open(path, upgrade=False)
    await (await Store.open(path)).close()
    await (await Store.open(path, upgrade=False)).close()
    engine = engines.writing(engines.database_url(path))
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    await engine.dispose()
    for upgrade in (True, False):
        with pytest.raises(SchemaMismatch):
            await Store.open(path, upgrade=upgrade)
