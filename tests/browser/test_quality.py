"""That everybody can use the chat, how much of it is downloaded, and how it looks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.visitor import until

if TYPE_CHECKING:
    from tests.browser.conftest import Arrive
    from tests.browser.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

LOADER_MOST = 5 * 1024
WIDGET_MOST = 30 * 1024
SCREENSHOTS = Path(__file__).parent / "screenshots"

DEVICES = {
    "phone": {
        "viewport": {"width": 360, "height": 640},
        "is_mobile": True,
        "has_touch": True,
        "device_scale_factor": 2,
    },
    "desktop": {"viewport": {"width": 1280, "height": 800}},
}
LINES = {
    "en": ("Please scrap order BK316409", "ben.okafor@example.org", "Talk to a person"),
    "zh": ("我要退货，订单MY640951", "chen.mei@example.com", "转人工"),
}

DOWNLOADED = """() => Object.fromEntries(performance.getEntriesByType('resource')
    .map((one) => [new URL(one.name).pathname, one.encodedBodySize])
    .filter(([path]) => /^.widget/.test(path) && !/shop|png$/.test(path))
    .map(([path, size]) => [path.replace(/^.widget.[0-9a-f]{16}./, ''), size]))"""
"""The widget's own files, without the shop's picture of its assistant."""

UNLABELLED = """() => {
    const root = document.querySelector('[data-frontdesk]').shadowRoot;
    const name = (one) => one.getAttribute('aria-label') || one.labels?.[0]?.textContent
        || one.textContent.trim();
    const ids = [...root.querySelectorAll('[id]')].map((one) => one.id);
    const aimed = ['aria-labelledby', 'aria-describedby'].flatMap((by) =>
        [...root.querySelectorAll(`[${by}]:not([hidden])`)]
            .flatMap((one) => one.getAttribute(by).split(' ')));
    const spoken = 'button, a, input, textarea, [role=group], [role=log], [role=img]';
    return [
        ...[...root.querySelectorAll(spoken)]
            .filter((one) => !name(one) && !one.hidden).map((one) => `no name: ${one.outerHTML}`),
        ...[...root.querySelectorAll('svg')]
            .filter((one) => one.ariaHidden !== 'true' && one.getAttribute('role') !== 'img')
            .map((one) => `read aloud: ${one.outerHTML}`),
        ...ids.filter((id, index) => ids.indexOf(id) !== index).map((id) => `twice: ${id}`),
        ...aimed.filter((id) => !ids.includes(id)).map((id) => `aims at nothing: ${id}`),
        ...[...root.querySelectorAll('[tabindex]')].filter((one) => one.tabIndex > 0)
            .map((one) => `out of order: ${one.outerHTML}`),
    ];
}"""

FAINT = """() => {
    const root = document.querySelector('[data-frontdesk]').shadowRoot;
    const canvas = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
    const over = (colours) => {
        canvas.clearRect(0, 0, 1, 1);
        for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
        const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((part) => part / 255)
            .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const found = [];
    for (const one of root.querySelectorAll('.panel *')) {
        const text = [...one.childNodes].filter((child) => child.nodeType === 3)
            .map((child) => child.data.trim()).join('');
        const box = one.getBoundingClientRect();
        if (!text || !one.checkVisibility() || box.width < 4) continue;
        const under = [];
        for (let at = one; at; at = at.parentElement)
            under.unshift(getComputedStyle(at).backgroundColor);
        const back = over(['#808080', ...under]);
        const fore = over(['#808080', ...under, getComputedStyle(one).color]);
        const ratio = (Math.max(back, fore) + 0.05) / (Math.min(back, fore) + 0.05);
        if (ratio < 4.5) found.push(`${ratio.toFixed(2)} ${one.className} ${text.slice(0, 40)}`);
    }
    return found;
}"""


# -- for everybody ---------------------------------------------------------------------------------


async def test_a_screen_reader_is_told_what_everything_is(visitor: Visitor):
    page = visitor.page
    launcher = page.get_by_role("button", name="Open chat")
    assert await launcher.get_attribute("aria-expanded") == "false"
    await visitor.open()
    dialog = page.get_by_role("dialog", name="Lumen & Oak")
    log = dialog.get_by_role("log", name="Conversation")
    assert await dialog.get_attribute("aria-modal") == "false"
    await until(lambda: log.get_attribute("aria-live"), lambda live: live == "polite")
    assert await log.get_attribute("aria-busy") == "false"
    assert await dialog.get_by_role("textbox", name="Your message").count() == 1
    assert await dialog.get_by_role("button", name="Send").count() == 1
    assert await dialog.get_by_role("button", name="Close chat").count() == 1
    assert "Assistant" in await dialog.get_by_role("status").first.inner_text()

    await visitor.ask("Please scrap order BK316409")
    await visitor.ask("ben.okafor@example.org")
    group = log.get_by_role("group", name="Choose an answer")
    assert await group.get_by_role("button", name="No, leave it").count() == 1
    assert await page.evaluate(UNLABELLED) == []


async def test_esc_closes_and_gives_the_focus_back(visitor: Visitor):
    launcher = visitor.page.locator(".launcher")
    await launcher.press("Enter")
    await until(visitor.focused, lambda one: one == "input")
    assert await launcher.get_attribute("aria-expanded") == "true"
    assert await launcher.get_attribute("aria-label") == "Close chat"
    await visitor.input.fill("half a thought")
    await visitor.page.keyboard.press("Escape")
    assert await visitor.panel.is_hidden()
    assert "launcher" in await visitor.focused()
    assert await launcher.get_attribute("aria-expanded") == "false"
    await visitor.page.keyboard.press("Enter")
    await until(visitor.focused, lambda one: one == "input")
    assert await visitor.input.input_value() == "half a thought"


async def test_the_enter_of_an_input_method_sends_nothing(visitor: Visitor):
    await visitor.open()
    await visitor.input.fill("ni hao")
    enter = {"key": "Enter", "isComposing": True, "bubbles": True}
    await visitor.input.dispatch_event("keydown", enter)
    await visitor.input.press("Shift+Enter")
    assert await visitor.bubbles() == []
    assert await visitor.input.input_value() == "ni hao\n"


async def test_on_a_phone_the_focus_stays_in_the_chat(arrive: Arrive):
    visitor = await arrive(**DEVICES["phone"])
    await visitor.open()
    assert await visitor.panel.get_attribute("aria-modal") == "true"
    assert await visitor.focused() == "title"  # a focused composer would bring up the keyboard
    seen = set()
    for _ in range(8):
        await visitor.page.keyboard.press("Tab")
        seen.add(await visitor.focused())
    assert seen == {"plain", "list", "plain clip", "input", "send"}


# -- for slow lines --------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LINES)
async def test_the_widget_is_small(arrive: Arrive, language: str):
    visitor = await arrive(locale={"en": "en-US", "zh": "zh-CN"}[language])
    await visitor.open()
    await visitor.ask("Hello")
    sizes = await visitor.page.evaluate(DOWNLOADED)
    chat = {"chat/chat.js", "chat/style.css", f"chat/words/{language}.js", "sites/default.json"}
    assert set(sizes) == chat | {"/widget.js"}
    assert all(sizes.values())
    assert sizes["/widget.js"] <= LOADER_MOST
    assert sum(sizes.values()) <= WIDGET_MOST


# -- for the eye -----------------------------------------------------------------------------------


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("language", LINES)
async def test_it_fits_and_can_be_read(arrive: Arrive, language: str, device: str):
    locale = {"en": "en-US", "zh": "zh-CN"}[language]
    visitor = await arrive(locale=locale, reduced_motion="reduce", **DEVICES[device])
    page = visitor.page
    request, proof, person = LINES[language]
    width, height = DEVICES[device]["viewport"].values()
    SCREENSHOTS.mkdir(exist_ok=True)

    async def shoot(what: str) -> None:
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme)
            await page.screenshot(
                path=SCREENSHOTS / f"{language}-{device}-{scheme}-{what}.png", animations="disabled"
            )
            assert await page.evaluate(FAINT) == []
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        assert await page.locator(".scroller").evaluate("(e) => e.scrollWidth <= e.clientWidth")
        for part in (".panel", ".input", ".send"):
            box = await page.locator(part).bounding_box()
            assert min(box["x"], box["y"]) >= 0
            assert box["x"] + box["width"] <= width
            assert box["y"] + box["height"] <= height

    await visitor.open()
    await visitor.ask(request)
    await visitor.ask(proof)
    await page.locator(".choice").first.wait_for()
    await shoot("choices")
    await visitor.ask(person)
    await page.locator(".queue").wait_for()
    await shoot("queue")
