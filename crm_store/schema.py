"""Leads a database from whatever it is to the newest schema, and tells where it stands.

Alembic does the work, driven from here, without an ini file; `Store.open` asks for it.
"""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError

from crm_store.engines import pragma
from crm_store.errors import SchemaMismatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection

    from crm_store.engines import Writing

MIGRATIONS = Path(__file__).parent / "migrations"


def head() -> str:
    """Return the newest revision that this program knows."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    assert revision is not None  # noqa: S101  # the package ships its migrations
    return revision


async def current(writing: Writing) -> str | None:
    """Return the revision of the database, None for an empty one."""
    return await writing.run(lambda c: MigrationContext.configure(c).get_current_revision())


async def upgrade(writing: Writing, revision: str = "head") -> None:
    """Bring the database to the revision, in one transaction.

    On PostgreSQL Alembic reads its scripts on the event loop, so this belongs to the start of a
    program. A database that is up to date, the usual case, is left alone and costs one statement.

    Raises:
        SchemaMismatch: when the database is newer than this program.
    """
    if revision == "head" and await current(writing) == await asyncio.to_thread(head):
        return
    await writing.run(partial(_migrate, revision, command.upgrade))


async def downgrade(writing: Writing, revision: str) -> None:
    """Bring the database back to the revision; `base` is the empty database."""
    await writing.run(partial(_migrate, revision, command.downgrade))


async def check(writing: Writing) -> None:
    """Make sure that the database is what this program expects.

    Raises:
        SchemaMismatch: when it is not.
    """
    found, wanted = await current(writing), await asyncio.to_thread(head)
    if found != wanted:
        raise SchemaMismatch(
            f"the database is at {found}, this program at {wanted}: `frontdesk serve` brings it up"
        )


def _migrate(revision: str, move: Callable[[Config, str], None], connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    with _keys_unwatched(connection), connection.begin():
        try:
            move(config, revision)
        except CommandError as error:
            raise SchemaMismatch(str(error)) from error
        if connection.dialect.name == "sqlite" and pragma(connection, "foreign_key_check"):
            raise SchemaMismatch("the migration left rows that refer to nothing")


@contextlib.contextmanager
def _keys_unwatched(connection: Connection) -> Iterator[None]:
    """Have SQLite look at foreign keys once, at the end.

    A batch migration replaces a table by a copy; with foreign keys on, dropping the old one would
    count as deleting its rows. The switch has no effect within a transaction.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    pragma(connection, "foreign_keys=OFF")
    try:
        yield
    finally:
        pragma(connection, "foreign_keys=ON")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
