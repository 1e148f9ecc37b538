"""What the widget costs the page that carries it: nothing moves, and nothing has to wait."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.visitor import until

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext

    from tests.browser.conftest import Arrive
    from tests.browser.office import Office

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(120),
]

LONG_MS = 50.0
"""A page that is busy for longer lets a finger wait: browsers call that a long task."""

CATEGORIES = ["disabled-by-default-devtools.timeline", "__metadata"]

WATCH = """
    window.shifts = [];
    new PerformanceObserver((list) => {
        for (const {value, hadRecentInput, sources} of list.getEntries())
            shifts.push({value, hadRecentInput, moved: sources.map(({node}) => node?.nodeName)});
    }).observe({type: 'layout-shift', buffered: true});
"""


async def test_nothing_moves_and_nothing_has_to_wait(
    chromium: Browser, office: Office, arrive: Arrive
):
    async def watch(context: BrowserContext) -> None:
        await context.add_init_script(WATCH)

    home = office.elsewhere.page(office.service.base, body="<h1>Shop</h1>" + "<p>Text</p>" * 200)
    visitor = await arrive(base=office.service.base, home=home, prepare=watch)
    page = visitor.page
    await chromium.start_tracing(page=page, categories=CATEGORIES)
    await visitor.reload()
    await page.mouse.wheel(0, 600)
    await page.wait_for_timeout(300)
    assert await page.evaluate("shifts") == []
    await visitor.open()
    await visitor.ask("Hello")
    await visitor.ask("Please scrap order BK316409")
    await visitor.close()
    events = json.loads(await chromium.stop_tracing())["traceEvents"]
    # What moves in the chat is in its shadow, which tells no names.
    assert [one for one in await page.evaluate("shifts") if any(one["moved"])] == []
    await page.evaluate("() => { document.body.prepend(document.createElement('hr')); }")
    await until(lambda: page.evaluate("shifts.at(-1)?.moved ?? []"), any)
    tasks = busy_ms(events)
    assert len(tasks) > 100
    assert [ms for ms in tasks if ms > LONG_MS] == []


def busy_ms(events: list[dict[str, Any]]) -> list[float]:
    """How long each task kept the page's thread busy; while that had to wait does not count."""
    pages = {
        (each["pid"], each["tid"])
        for each in events
        if each["name"] == "thread_name" and each["args"]["name"] == "CrRendererMain"
    }
    return [
        each["tdur"] / 1000
        for each in events
        if each["name"] == "RunTask" and (each["pid"], each["tid"]) in pages and "tdur" in each
    ]
