"""The shipped shop, served by a process of its own, and visitors who come to it with Chromium."""

from __future__ import annotations

import shutil
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from tests.bench.served import Served
from tests.browser.office import working
from tests.browser.visitor import Visitor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from types import ModuleType

    from playwright.async_api import Browser

    from bot.playbook import Playbook
    from tests.browser.office import Office

    Arrive = Callable[..., Awaitable[Visitor]]

CHROMIUM = Path("/usr/bin/chromium")
WANTED = "needs a browser: apt-get install chromium"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(autouse=True)
def _nothing_blocks() -> None:
    """Our code runs in another process here; watching the browser's client would only slow it."""


@pytest.fixture(scope="session")
def playwright() -> ModuleType:
    """What drives the browser, where both are installed."""
    module = pytest.importorskip("playwright.async_api", reason=WANTED)
    if not CHROMIUM.exists():
        pytest.skip(WANTED)
    return module


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium(playwright: ModuleType) -> AsyncIterator[Browser]:
    """A browser; each visitor gets a profile of their own in it."""
    async with playwright.async_playwright() as started:
        browser = await started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture(scope="session")
def shop(
    playwright: ModuleType,  # without it there is nothing to train a model for
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A copy of the shipped shop with its model, which nobody edits meanwhile."""
    playbook: Playbook = request.getfixturevalue("playbook")
    return shutil.copytree(playbook.settings.folder, tmp_path_factory.mktemp("browser") / "shop")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def served(shop: Path) -> AsyncIterator[Served]:
    """The service, on SQLite, for all of these tests."""
    async with Served(shop.with_name("data"), config=shop) as service:
        yield service
        assert service.logged("error", "critical") == []


@pytest_asyncio.fixture(loop_scope="session")
async def arrive(chromium: Browser, served: Served) -> AsyncIterator[Arrive]:
    """Bring visitors to the shop's page; see that nothing went wrong in any of their browsers."""
    visitors: list[Visitor] = []
    async with AsyncExitStack() as leaving:

        async def arrive(
            *,
            prepare: Any = None,
            base: str | None = None,
            home: str | None = None,
            **profile: Any,
        ) -> Visitor:
            context = await chromium.new_context(
                **{"locale": "en-US", "viewport": {"width": 1280, "height": 800}} | profile
            )
            leaving.push_async_callback(context.close)
            visitor = Visitor(context, await context.new_page(), base or served.base, home)
            visitors.append(visitor)
            if prepare is not None:
                await prepare(context)
            await visitor.visit()
            return visitor

        yield arrive
        for visitor in visitors:
            assert visitor.faults == []


@pytest_asyncio.fixture(loop_scope="session")
async def visitor(arrive: Arrive) -> Visitor:
    """A stranger with an English browser, on the shop's page."""
    return await arrive()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def one_office(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """The service with a desk and other sites, for all tests that need people on both sides."""
    async with working(shop, tmp_path_factory.mktemp("office")) as office:
        yield office


@pytest_asyncio.fixture(loop_scope="session")
async def office(one_office: Office) -> AsyncIterator[Office]:
    """The office, where nothing may go wrong as long as somebody is in it."""
    before = len(one_office.service.logged("error", "critical"))
    yield one_office
    assert one_office.service.logged("error", "critical")[before:] == []
