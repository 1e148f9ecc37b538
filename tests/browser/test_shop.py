"""The demo shop: it is for everybody, in both languages, and its code does what it shows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.browser.axe import violations
from tests.browser.test_quality import DEVICES, SCREENSHOTS
from tests.browser.visitor import until

if TYPE_CHECKING:
    from tests.browser.conftest import Arrive
    from tests.browser.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

LOCALES = {"en": "en-US", "zh": "zh-CN"}


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", LOCALES)
async def test_everybody_can_use_it(arrive: Arrive, language: str, scheme: str, device: str):
    visitor = await arrive(
        locale=LOCALES[language],
        color_scheme=scheme,
        reduced_motion="reduce",
        **DEVICES[device],
    )
    page = visitor.page
    await visitor.sign_in("mei")
    assert await page.locator(".order").count() > 0
    assert await violations(page) == []
    width = DEVICES[device]["viewport"]["width"]
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    SCREENSHOTS.mkdir(exist_ok=True)
    for name, place in (("top", ".hero"), ("account", "#account"), ("embed", "#embed")):
        await page.locator(place).scroll_into_view_if_needed()
        path = SCREENSHOTS / f"shop-{language}-{device}-{scheme}-{name}.png"
        await page.screenshot(path=path)
    await page.locator(".product").first.click()
    await page.locator("#detail").wait_for()
    assert await violations(page) == []


async def test_the_code_says_what_was_chosen_and_the_preview_shows_it(arrive: Arrive):
    visitor = await arrive(reduced_motion="reduce")
    page = visitor.page
    snippet = page.locator("#snippet")
    origin = re.escape(visitor.base)
    assert re.fullmatch(
        rf'<script src="{origin}/widget\.js"\s+data-site="default"\s+async></script>',
        await snippet.inner_text(),
    )
    await page.locator("#embed").scroll_into_view_if_needed()
    for label in ("Violet", "Left", "Dark", "中文"):
        await page.locator("#options").get_by_label(label, exact=True).check(force=True)
    attributes = 'locale="zh-CN" accent="#7a3fb8" position="start" theme="dark"'
    for attribute in attributes.split():
        assert f"data-{attribute}" in await snippet.inner_text()

    frame = page.frame_locator("#preview")
    host = frame.locator("[data-frontdesk]")
    await until(lambda: host.get_attribute("data-theme"), lambda theme: theme == "dark")
    assert await host.get_attribute("lang") == "zh"
    box = await frame.locator(".launcher").bounding_box()
    around = await page.locator("#preview").bounding_box()
    assert box["x"] - around["x"] == 20
    assert await page.evaluate("history.length") == 2  # trying things out is no way to go back

    await page.locator("[data-language=zh]").click()
    assert "data-accent" in await snippet.inner_text()


async def test_the_code_can_be_copied(arrive: Arrive):
    visitor = await arrive(permissions=["clipboard-read", "clipboard-write"])
    page = visitor.page
    await page.locator("#copy").click()
    await until(page.locator("#copied").inner_text, lambda text: text == "Copied")
    copied = await page.evaluate("navigator.clipboard.readText()")
    assert copied == await page.locator("#snippet").inner_text()


async def test_all_products_are_shown_when_they_are_asked_for(visitor: Visitor):
    products = visitor.page.locator(".product")
    shown = await products.count()
    await visitor.page.locator("#more").click()
    assert await products.count() > shown
    assert await products.nth(shown).evaluate("(e) => e === document.activeElement")
    assert await visitor.page.locator("#more").is_hidden()
