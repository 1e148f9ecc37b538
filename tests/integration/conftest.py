"""The store on both databases: a fresh SQLite file, and PostgreSQL where one is reachable."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
from typing import TYPE_CHECKING

import asyncpg
import pytest
from sqlalchemy import make_url

from crm_store.store import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

POSTGRES = os.environ.get(
    "FRONTDESK_TEST_POSTGRES", "postgresql+asyncpg://postgres@127.0.0.1:5432/test"
)
KEPT = {"alembic_version", "counters"}


async def execute(*statements: str) -> list[str]:
    """Run the statements; return the first column of the last one's rows."""
    url = make_url(POSTGRES).set(drivername="postgresql")
    connection = await asyncpg.connect(url.render_as_string(hide_password=False), timeout=5)
    try:
        found: list[asyncpg.Record] = []
        for statement in statements:
            found = await connection.fetch(statement)
        return [row[0] for row in found]
    finally:
        await connection.close()


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    """An empty schema of its own for each module of tests."""
    schema = f"test_{secrets.token_hex(6)}"
    try:
        asyncio.run(execute(f"CREATE SCHEMA {schema}"))
    except (OSError, asyncpg.PostgresError) as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"no PostgreSQL at {POSTGRES}: {error}")
    url = make_url(POSTGRES).update_query_dict({"search_path": schema})
    yield url.render_as_string(hide_password=False)
    asyncio.run(execute(f"DROP SCHEMA {schema} CASCADE"))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file to copy: migrating takes longer than most tests."""

    async def make(path: Path) -> None:
        store = await Store.open(path)
        await store.close()

    path = tmp_path_factory.mktemp("template") / "store.db"
    asyncio.run(make(path))
    return path


@pytest.fixture
def sqlite_path(sqlite_template: Path, tmp_path: Path) -> Path:
    """A migrated SQLite file without rows."""
    return shutil.copy(sqlite_template, tmp_path / "store.db")


@pytest.fixture(params=["sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest) -> str:
    """A migrated database without rows."""
    if request.param == "sqlite":
        return f"sqlite:///{request.getfixturevalue('sqlite_path')}"
    url: str = request.getfixturevalue("postgres_url")
    asyncio.run(empty(url))
    return url


async def empty(url: str) -> None:
    store = await Store.open(url)
    await store.close()
    schema = make_url(url).query["search_path"]
    tables = await execute(
        f"SELECT tablename FROM pg_tables WHERE schemaname = '{schema}'"  # noqa: S608  # ours
    )
    names = ", ".join(f"{schema}.{table}" for table in tables if table not in KEPT)
    await execute(
        f"TRUNCATE {names} RESTART IDENTITY",
        f"UPDATE {schema}.counters SET value = "  # noqa: S608  # ours
        "CASE name WHEN 'ticket' THEN 1000 ELSE 0 END",
    )


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[Store]:
    store = await Store.open(store_url)
    yield store
    await store.close()


@pytest.fixture
async def sqlite_store(sqlite_path: Path) -> AsyncIterator[Store]:
    store = await Store.open(sqlite_path)
    yield store
    await store.close()
