"""Leads a database from whatever it is to the newest schema, and tells where it stands.

Alembic does the work, driven from here, without an ini file; `Store.open` asks for it.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError

from crm_store.errors import SchemaMismatch

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncEngine

MIGRATIONS = Path(__file__).parent / "migrations"


def head() -> str:
    """Return the newest revision that this program knows."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    assert revision is not None  # noqa: S101  # the package ships its migrations
    return revision


async def current(engine: AsyncEngine) -> str | None:
    """Return the revision of the database, None for an empty one."""
    async with engine.connect() as connection:
        return await connection.run_sync(
            lambda sync: MigrationContext.configure(sync).get_current_revision()
        )


async def upgrade(engine: AsyncEngine, revision: str = "head") -> None:
    """Bring the database to the revision, in one transaction.

    Alembic reads its scripts on the event loop, so this belongs to the start of a program. A
    database that is up to date, the usual case, is left alone and costs one statement.

    Raises:
        SchemaMismatch: when the database is newer than this program.
    """
    if revision == "head" and await current(engine) == await asyncio.to_thread(head):
        return
    await _migrate(engine, revision, command.upgrade)


async def downgrade(engine: AsyncEngine, revision: str) -> None:
    """Bring the database back to the revision; `base` is the empty database."""
    await _migrate(engine, revision, command.downgrade)


async def check(engine: AsyncEngine) -> None:
    """Make sure that the database is what this program expects.

    Raises:
        SchemaMismatch: when it is not.
    """
    found, wanted = await current(engine), await asyncio.to_thread(head)
    if found != wanted:
        raise SchemaMismatch(
            f"the database is at {found}, this program at {wanted}: `frontdesk serve` brings it up"
        )


async def _migrate(engine: AsyncEngine, revision: str, move: Callable[[Config, str], None]) -> None:
    def run(connection: Connection) -> None:
        config = _config()
        config.attributes["connection"] = connection
        try:
            move(config, revision)
        except CommandError as error:
            raise SchemaMismatch(str(error)) from error

    async with engine.connect() as connection:
        sqlite = connection.dialect.name == "sqlite"
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None  # noqa: S101  # the connection is open
        # A batch migration replaces a table by a copy; with foreign keys on, dropping the old one
        # would count as deleting its rows. The switch has no effect within a transaction, so it is
        # thrown on the driver's connection, before SQLAlchemy begins one.
        if sqlite:
            await driver.execute("PRAGMA foreign_keys=OFF")
        try:
            async with connection.begin():
                await connection.run_sync(run)
                if sqlite:
                    broken = await connection.exec_driver_sql("PRAGMA foreign_key_check")
                    if broken.first() is not None:
                        raise SchemaMismatch("the migration left rows that refer to nothing")
        finally:
            if sqlite:
                await driver.execute("PRAGMA foreign_keys=ON")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
