"""axe-core, the accessibility engine that browsers' own tools use, run over a page and the chat."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.async_api import Page

SOURCE = Path(__file__).parents[1] / "widget" / "node_modules" / "axe-core" / "axe.min.js"

RUN = """async (where) => {
    const {violations} = await axe.run(where ?? document, {resultTypes: ['violations']});
    return violations.flatMap(({id, nodes}) => nodes.map(({target, html, failureSummary}) =>
        `${id}: ${target.flat().join(' ')}: ${failureSummary.replace(/\\s+/g, ' ')}: ${html}`));
}"""


@cache
def source() -> str:
    """Return the engine, where npm has installed it."""
    if not SOURCE.exists():
        pytest.skip("needs Node.js and `npm ci` in tests/widget, which `make test` runs")
    return SOURCE.read_text("utf-8")


async def violations(page: Page, where: str | None = None) -> list[str]:
    """Return what is wrong on a page as it stands, by all rules of WCAG and of good practice.

    Args:
        page: The page.
        where: The selector of the part to look at; None for all of it, landmarks and all.
    """
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(source())
    found: list[Any] = await page.evaluate(RUN, where)
    return found
