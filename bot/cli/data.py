"""The store of a service, opened by a command that runs beside it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.errors import BotError, shown

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from crm_store.store import Store

Data = Annotated[
    Path, typer.Option("--data", envvar="DATA", help="The folder in which the service keeps data.")
]
DEFAULT_DATA = Path("data")


@asynccontextmanager
async def opened_store(data: Path) -> AsyncIterator[Store]:
    """Yield the store of a data folder, or the one that the environment names.

    The service may be running: whoever does no more than read, or write a row, need not be alone.

    Raises:
        BotError: there is none.
    """
    from bot import environment
    from crm_store.store import Store

    url = environment.read().database or data / "frontdesk.db"
    if isinstance(url, Path) and not url.exists():
        raise BotError(f"there is no database at {shown(url)}")
    store = await Store.open(url, upgrade=False, alone=False)
    try:
        yield store
    finally:
        await store.close()
