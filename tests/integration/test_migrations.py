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
async def writing(request, tmp_path):
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'empty.db'}"
    else:
        url = await asyncio.to_thread(request.getfixturevalue, "postgres_url")
    writing = engines.writing(engines.database_url(url))
    yield writing
    await schema.downgrade(writing, "base")
    await writing.close()


async def tables(writing):
    names = await writing.run(lambda connection: inspect(connection).get_table_names())
    return set(names) - {"alembic_version"}


def differences(connection):
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return compare_metadata(context, metadata)


async def test_empty_to_head_equals_the_tables(writing):
    assert await schema.current(writing) is None
    await schema.upgrade(writing)
    assert await schema.current(writing) == schema.head()
    assert await writing.run(differences) == []


async def test_up_down_up(writing):
    await schema.upgrade(writing)
    assert await tables(writing) == set(metadata.tables)
    await schema.downgrade(writing, "base")
    assert await tables(writing) == set()
    await schema.upgrade(writing)
    await schema.upgrade(writing)
    await schema.check(writing)


async def test_partial_indexes_and_lean_tables_are_as_written(tmp_path):
    """What `compare_metadata` does not look at on SQLite: the very text of the tables."""

    async def texts(path, make):
        writing = engines.writing(engines.database_url(path))
        await make(writing)
        every = text("SELECT name, sql FROM sqlite_master")
        found = await writing.run(lambda connection: connection.execute(every).all())
        kept = {name: sorted(sql.replace("\t", "").split(",")) for name, sql in found if sql}
        await writing.close()
        return {name: sql for name, sql in kept.items() if name != "alembic_version"}

    def create_all(connection):
        with connection.begin():
            metadata.create_all(connection)

    async def create(writing):
        await writing.run(create_all)

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


def of_another_day(connection):
    with connection.begin():
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))


async def test_a_database_of_another_day_is_refused(tmp_path):
    path = tmp_path / "store.db"
    with pytest.raises(SchemaMismatch, match="frontdesk serve"):
        await Store.open(path, upgrade=False)
    await (await Store.open(path)).close()
    await (await Store.open(path, upgrade=False)).close()
    writing = engines.writing(engines.database_url(path))
    await writing.run(of_another_day)
    await writing.close()
    for upgrade in (True, False):
        with pytest.raises(SchemaMismatch):
            await Store.open(path, upgrade=upgrade)
