"""The script that other people's pages embed: what it draws, on which pages it holds, what it says.

The pages stand on another origin. How a site looks is changed on the way to the browser, so that
one service will do for all of them.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.browser.visitor import KEPT, until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from playwright.async_api import Browser, BrowserContext, Locator, Page, Route

    from tests.browser.conftest import Arrive
    from tests.browser.office import Office
    from tests.browser.visitor import Visitor

    Embed = Callable[..., Awaitable[Visitor]]

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SITE = "inviting"
NOTHING = {"local": [], "session": [], "cookies": "", "databases": 0, "caches": 0}
PATIENCE_MS = 3500
"""Looking around each second, a greeting would have come by then."""

LONG = "<main><h1>Long</h1><div style='height: 4000px'></div><input id='field'></main>"

CONSTANTS = re.compile(r"(\(\(\)=>\{const BUILD=[^,]+,SITES=)(\{.*?\});(?=\()", re.DOTALL)
"""What the service puts in front of the loader."""

SHIFTS = """() => {
    window.shifts = [];
    new PerformanceObserver((list) => {
        for (const one of list.getEntries()) window.shifts.push(one.value);
    }).observe({type: 'layout-shift', buffered: true});
}"""

BOX = """(one) => {
    const style = getComputedStyle(one);
    const {x, y, width, height} = one.getBoundingClientRect();
    return {x, y, width, height, background: style.backgroundColor, color: style.color,
        display: style.display, visibility: style.visibility, opacity: style.opacity};
}"""


def greeting(**conditions: Any) -> dict[str, Any]:
    """Return a greeting as the service hands it to the loader."""
    return {
        "id": "hi",
        "text": {"en": "May I help?", "zh": "需要帮忙吗？"},
    } | conditions


def looking(**look: Any) -> Callable[[BrowserContext], Awaitable[None]]:
    """Have every site look like this."""

    async def serve(route: Route) -> None:
        response = await route.fetch()
        text = await response.text()
        found = CONSTANTS.match(text)
        assert found is not None
        sites = {name: site | look for name, site in json.loads(found[2]).items()}
        body = f"{found[1]}{json.dumps(sites)};{text[found.end() :]}"
        await route.fulfill(response=response, body=body)

    async def prepare(context: BrowserContext) -> None:
        await context.route("**/widget.js", serve)

    return prepare


@pytest_asyncio.fixture(loop_scope="session")
async def embed(arrive: Arrive, office: Office) -> Embed:
    """Bring a visitor to a page of another origin that embeds the chat."""

    async def embed(
        *, look: dict[str, Any] | None = None, page: dict[str, Any] | None = None, **profile: Any
    ) -> Visitor:
        home = office.elsewhere.page(office.service.base, **{"site": SITE} | (page or {}))
        prepare = looking(**{"greetings": []} | (look or {}))
        return await arrive(prepare=prepare, base=office.service.base, home=home, **profile)

    return embed


def launcher(visitor: Visitor) -> Locator:
    """Return the launcher."""
    return visitor.page.locator(".launcher")


def line(visitor: Visitor) -> Locator:
    """Return what the teaser beside the launcher says."""
    return visitor.page.locator(".say")


# -- how it looks ----------------------------------------------------------------------------------


async def test_the_launcher_looks_as_the_site_says(embed: Embed):
    look = {"position": "start", "z_index": 77, "theme": "dark", "launcher": {"en": "Questions?"}}
    dark = {"dark": {"accent": "#c9a0ff", "on_accent": "#101010"}}
    visitor = await embed(look=look | dark, reduced_motion="reduce")
    box = await launcher(visitor).evaluate(BOX)
    assert (box["x"], 800 - box["y"] - box["height"]) == (20, 20)
    assert (box["background"], box["color"]) == ("rgb(201, 160, 255)", "rgb(16, 16, 16)")
    assert await launcher(visitor).inner_text() == "Questions?"
    button = visitor.page.get_by_role("region", name="Chat").get_by_role("button")
    assert await button.first.get_attribute("aria-label") == "Questions? Open chat"
    host = visitor.page.locator("[data-frontdesk]")
    assert await host.evaluate("(e) => getComputedStyle(e).zIndex") == "77"


async def test_auto_follows_the_device_at_once(embed: Embed):
    colours = {"accent": "#123456", "dark": {"accent": "#abcdef", "on_accent": "#000000"}}
    visitor = await embed(look={"theme": "auto"} | colours, color_scheme="light")
    assert (await launcher(visitor).evaluate(BOX))["background"] == "rgb(18, 52, 86)"
    await visitor.page.emulate_media(color_scheme="dark")
    await expect(launcher(visitor)).to_have_css("background-color", "rgb(171, 205, 239)")


async def test_the_page_has_the_last_word(embed: Embed):
    attributes = (
        'data-accent="#ffd500" data-position="end" data-theme="light" data-locale="zh-CN" '
        'data-z-index="5" data-launcher="Ask" data-launcher-zh="问问看" data-title-zh="另一个名字"'
    )
    visitor = await embed(
        look={"position": "start", "theme": "dark"},
        page={"attributes": attributes},
        reduced_motion="reduce",
    )
    box = await launcher(visitor).evaluate(BOX)
    assert box["x"] + box["width"] == 1260
    assert box["background"] == "rgb(255, 213, 0)"
    assert await launcher(visitor).inner_text() == "问问看"
    host = visitor.page.locator("[data-frontdesk]")
    assert await host.evaluate("(e) => getComputedStyle(e).zIndex") == "5"
    await visitor.open()
    assert await visitor.page.locator(".title").inner_text() == "另一个名字"


@pytest.mark.parametrize("accent", ["#ffd500", "#2f5d4e", "#1a1a2e", "#e0218a", "#7f7f7f"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_what_stands_on_a_pages_own_colour_can_be_read(
    embed: Embed, accent: str, scheme: str
):
    visitor = await embed(page={"attributes": f'data-accent="{accent}"'}, color_scheme=scheme)
    ratio = await launcher(visitor).evaluate(
        """(one) => {
            const canvas = new OffscreenCanvas(1, 1)
                .getContext('2d', {willReadFrequently: true});
            const {color, backgroundColor} = getComputedStyle(one);
            const [a, b] = [color, backgroundColor].map((colour) => {
                canvas.fillStyle = colour;
                canvas.fillRect(0, 0, 1, 1);
                const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((c) => c / 255)
                    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
                return 0.2126 * r + 0.7152 * g + 0.0722 * b;
            }).sort();
            return (b + 0.05) / (a + 0.05);
        }"""
    )
    assert ratio >= 4.5


async def test_it_is_not_printed(visitor: Visitor):
    await visitor.page.emulate_media(media="print")
    assert await launcher(visitor).is_hidden()


async def test_with_forced_colours_it_has_an_outline(embed: Embed):
    visitor = await embed(forced_colors="active", reduced_motion="reduce")
    border = await launcher(visitor).evaluate("(e) => getComputedStyle(e).borderTopWidth")
    assert border == "2px"
    assert await launcher(visitor).evaluate("(e) => getComputedStyle(e).animationName") == "none"


@pytest.mark.parametrize("size", [(1280, 800), (360, 640)])
async def test_text_of_twice_the_size_fits(embed: Embed, size: tuple[int, int]):
    width, height = size
    visitor = await embed(viewport={"width": width, "height": height})
    page = visitor.page
    session = await visitor.context.new_cdp_session(page)
    await visitor.open()
    await visitor.ask("Hello")
    type_ = "(e) => parseFloat(getComputedStyle(e).fontSize)"
    before = await page.locator(".bubble").first.evaluate(type_)
    await session.send("Page.setFontSizes", {"fontSizes": {"standard": 32, "fixed": 26}})
    await until(lambda: page.locator(".bubble").first.evaluate(type_), lambda now: now > before)
    await visitor.panel.evaluate("(e) => Promise.all(e.getAnimations().map((a) => a.finished))")
    assert await page.locator(".bubble").first.evaluate(type_) == 2 * before
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    assert await page.locator(".scroller").evaluate("(e) => e.scrollWidth <= e.clientWidth")
    assert (await page.locator(".scroller").bounding_box())["height"] > 100
    for part in (".panel", ".title", ".input", ".send", ".header .plain"):
        box = await page.locator(part).first.bounding_box()
        assert min(box["x"], box["y"]) >= 0
        assert box["x"] + box["width"] <= width
        assert box["y"] + box["height"] <= height


# -- which pages it holds on -----------------------------------------------------------------------


async def on_page(
    office: Office, chromium: Browser, **page: Any
) -> tuple[Page, list[str], list[str]]:
    """Go to a page; return it, what is on its console, and what it asked the service for."""
    tab = await chromium.new_page()
    console: list[str] = []
    asked: list[str] = []
    tab.on("console", lambda message: console.append(f"{message.type}: {message.text}"))
    tab.on("request", lambda request: asked.append(request.url))
    await tab.goto(office.elsewhere.page(office.service.base, **page), wait_until="networkidle")
    return tab, console, [url for url in asked if url.startswith(office.service.base)]


async def test_a_site_that_is_not_configured_is_named_on_the_console(
    chromium: Browser, office: Office
):
    tab, console, asked = await on_page(office, chromium, site="nowhere")
    assert console == ['error: Frontdesk: no site "nowhere" is configured.']
    assert asked == [f"{office.service.base}/widget.js"]
    assert await tab.locator("[data-frontdesk]").count() == 0
    assert await tab.evaluate("window.Frontdesk === undefined")
    await tab.close()


@pytest.mark.parametrize("second", [SITE, "default"])
async def test_two_scripts_are_one_chat(chromium: Browser, office: Office, second: str):
    tag = f'<script src="{office.service.base}/widget.js" data-site="{second}"></script>'
    tab, console, _ = await on_page(office, chromium, site=SITE, body=tag)
    assert await tab.locator("[data-frontdesk]").count() == 1
    assert await tab.locator("[data-frontdesk]").get_attribute("data-frontdesk") == second
    # The one of the page's end comes later.
    warning = f'warning: Frontdesk: site "{SITE}" is left out, this page has "{second}".'
    assert console == ([] if second == SITE else [warning])
    await tab.close()


HOSTILE_STYLE = """<style>
* { all: unset !important; display: none !important; visibility: hidden !important;
    transform: scale(0) !important; opacity: 0 !important; pointer-events: none !important;
    position: static !important; color: red !important; font: 2px monospace !important;
    direction: rtl !important; z-index: -1 !important; text-indent: -999px !important; }
html, body { display: block !important; visibility: visible !important; font-size: 3px !important;
    transform: none !important; opacity: 1 !important; }
div:empty, body > *, html > div { display: none !important; width: 0 !important; }
</style>"""


async def test_a_page_that_styles_everything_cannot_touch_it(embed: Embed):
    quiet = await embed(reduced_motion="reduce")
    loud = await embed(page={"head": HOSTILE_STYLE}, reduced_motion="reduce")
    assert await launcher(loud).evaluate(BOX) == await launcher(quiet).evaluate(BOX)
    for visitor in (quiet, loud):
        await visitor.open()
        await visitor.ask("Hello")
    for part in (".panel", ".header", ".title", ".input", ".send", ".bubble >> nth=0"):
        seen = [await one.page.locator(part).evaluate(BOX) for one in (loud, quiet)]
        assert seen[0] == seen[1], part


HOSTILE_GLOBALS = """<script>
Object.prototype.extra = function () {};
Array.prototype.extra = function () {};
Array.prototype.toJSON = function () { return 'not an array'; };
Function.prototype.extra = 1;
String.prototype.toJSON = undefined;
Array.from = function () { throw new Error('from'); };
Object.keys = ((keys) => function () { return keys.apply(Object, arguments); })(Object.keys);
window.name = 'status'; window.status = 'x'; window.Frontdesk = undefined;
window.h = window.icon = window.chat = window.site = 'mine';
window.requestAnimationFrame = null; window.$ = null;
</script>"""


async def test_a_page_that_changes_built_ins_can_have_it(embed: Embed):
    visitor = await embed(page={"head": HOSTILE_GLOBALS})
    await visitor.open()
    assert "welcome to" in await visitor.ask("Hello")


BROKEN_GLOBALS = """<script>
for (const name of ['map', 'filter', 'forEach', 'find', 'some', 'includes', 'concat', 'push', 'at'])
    Array.prototype[name] = () => { throw new Error(name); };
delete Array.prototype[Symbol.iterator];
window.Promise = function () { throw new Error('Promise'); };
window.JSON = null;
</script>"""


async def test_where_the_chat_cannot_run_the_launcher_says_so(embed: Embed):
    visitor = await embed(page={"head": BROKEN_GLOBALS})
    visitor.forgiven = ("Frontdesk:", "is not iterable")
    await launcher(visitor).click()
    await until(line(visitor).inner_text, lambda text: "could not load" in text)


async def test_names_in_the_page_are_no_scripts(embed: Embed):
    # An image of that name stands in for document.currentScript.
    body = '<img name="currentScript" src="data:," data-site="elsewhere"><p>Text</p>'
    visitor = await embed(page={"body": body})
    assert await visitor.page.locator("[data-frontdesk]").get_attribute("data-frontdesk") == SITE


async def test_a_document_that_is_written_anew_keeps_it(embed: Embed):
    visitor = await embed()
    await visitor.page.evaluate(
        "() => { document.open(); document.write('<h1>Anew</h1>'); document.close(); }"
    )
    await visitor.page.locator("h1", has_text="Anew").wait_for()
    await launcher(visitor).wait_for()
    await visitor.open()
    assert "welcome to" in await visitor.ask("Hello")
    await visitor.page.evaluate("document.body.replaceWith(document.createElement('body'))")
    assert await visitor.panel.is_visible()


async def test_a_page_that_took_it_out_gets_it_back_by_opening_it(embed: Embed):
    visitor = await embed()
    await visitor.page.evaluate("document.querySelector('[data-frontdesk]').remove()")
    await visitor.page.evaluate("Frontdesk.open()")
    await visitor.panel.wait_for()
    assert "welcome to" in await visitor.ask("Hello")


async def test_a_page_without_a_body_has_it(embed: Embed, office: Office):
    head = f'<script src="{office.service.base}/widget.js" data-site="{SITE}"></script>'
    body = "<script>document.body.remove()</script>"
    visitor = await embed(page={"head": head, "body": body})
    assert await launcher(visitor).is_visible()


async def test_it_keeps_a_strict_policy(embed: Embed, office: Office):
    service = office.service.base
    policy = (
        "default-src 'none'; script-src 'nonce-n0nce'; base-uri 'none'; form-action 'none'; "
        f"connect-src {service} {service.replace('http', 'ws')}; img-src {service} data:; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )
    page = {
        "attributes": 'nonce="n0nce"',
        "headers": {
            "Content-Security-Policy": policy,
            "Cross-Origin-Embedder-Policy": "require-corp",
        },
    }
    visitor = await embed(page=page)  # a violation would be on the console
    await visitor.open()
    assert "welcome to" in await visitor.ask("Hello")


async def test_a_failed_load_is_said_and_can_be_tried_again(embed: Embed):
    visitor = await embed(locale="zh-CN", page={"lang": "zh"})
    visitor.forgiven = ("Frontdesk:", "ERR_FAILED")
    folders: list[str] = []

    async def refuse(route: Route) -> None:
        folders.append(route.request.url.split("/")[-3])
        await route.abort()

    await visitor.context.route("**/chat/chat.js", refuse)
    errors = await visitor.page.evaluate_handle(
        "() => { const all = []; Frontdesk.on('error', (one) => all.push(one.code)); return all; }"
    )
    await launcher(visitor).click()
    await until(line(visitor).inner_text, lambda text: text == "聊天窗口加载失败，点击重试。")
    assert await errors.json_value() == ["load_failed"]
    await visitor.context.unroute("**/chat/chat.js")
    async with visitor.page.expect_request("**/chat/chat.js") as again:
        await line(visitor).click()
    await visitor.panel.wait_for()
    # Browsers remember a module that failed under its address.
    assert (await again.value).url.split("/")[-3] not in folders
    assert await line(visitor).is_hidden()


# -- languages -------------------------------------------------------------------------------------

WORDS = """async (languages) => {
    const base = new URL(document.querySelector('script[src*="widget.js"]').src).origin;
    const words = (one) => import(`${base}/widget/chat/words/${one}.js`);
    const loaded = await Promise.all(languages.map(words));
    const shape = (value) => {
        if (typeof value === 'function') return `function of ${value.length}`;
        if (Array.isArray(value)) return value.map(shape);
        if (value && typeof value === 'object')
            return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, shape(one)]));
        return value ? typeof value : 'empty';
    };
    return loaded.map((module) => shape(module.default));
}"""


async def test_every_language_has_the_same_words(visitor: Visitor):
    english, chinese = await visitor.page.evaluate(WORDS, ["en", "zh"])
    assert chinese == english
    assert len(english) > 50
    assert "empty" not in json.dumps(english)


async def test_a_third_language_is_a_file_and_a_line(embed: Embed):
    """A pseudo-language, written from the right."""

    async def words(route: Route) -> None:
        response = await route.fetch(url=route.request.url.replace("/ar.js", "/en.js"))
        text = re.sub(r"(?<=[:\[,(?=>])\s*(['\"])(\w[^'\"]*)\1", r'"⟦\2⟧"', await response.text())
        body = text.replace('"⟦en⟧"', '"ar"')
        await route.fulfill(response=response, body=body)

    async def loader(route: Route) -> None:
        response = await route.fetch()
        said = 'ar:{name:"⟦Chat⟧",open:"⟦Open⟧",failed:"⟦Failed⟧",dismiss:"⟦Dismiss⟧"},'
        text = await response.text()
        assert text.count("zh:{name:") == 1
        await route.fulfill(response=response, body=text.replace("zh:{name:", f"{said}zh:{{name:"))

    visitor = await embed(page={"lang": "ar-EG"})
    await visitor.context.route("**/chat/words/ar.js", words)
    await visitor.context.unroute("**/widget.js")
    await visitor.context.route("**/widget.js", loader)
    await visitor.reload()
    host = visitor.page.locator("[data-frontdesk]")
    assert await launcher(visitor).get_attribute("title") == "⟦Open⟧"
    assert [await host.get_attribute(name) for name in ("lang", "dir")] == ["ar", "rtl"]
    await visitor.open()
    assert await visitor.input.get_attribute("placeholder") == "⟦Write a message…⟧"
    await visitor.ask("Hello")
    mine, theirs = [
        await visitor.page.locator(f".entry.{who} .bubble").first.bounding_box()
        for who in ("customer", "bot")
    ]
    assert mine["x"] < theirs["x"]

    await visitor.page.evaluate("Frontdesk.setLocale('en')")
    await until(lambda: visitor.input.get_attribute("placeholder"), lambda t: "⟦" not in t)
    assert await host.get_attribute("dir") == "ltr"


# -- greetings -------------------------------------------------------------------------------------


async def test_a_greeting_comes_in_time_and_disturbs_nothing(embed: Embed):
    visitor = await embed(
        look={"greetings": [greeting(after_s=2)]}, page={"body": LONG}, reduced_motion="reduce"
    )
    page = visitor.page
    await page.evaluate(SHIFTS)
    await page.locator("#field").focus()
    assert await line(visitor).is_hidden()
    region = page.locator("[role=status]", has=line(visitor))
    assert await region.count() == 1  # before it says anything, or nobody would hear it
    await line(visitor).wait_for(timeout=PATIENCE_MS)
    assert await region.inner_text() == "May I help?"
    assert await page.evaluate("document.activeElement.id") == "field"
    assert await page.evaluate("shifts") == []
    animation = "(e) => getComputedStyle(e).animationName"
    assert await page.locator(".teaser").evaluate(animation) == "none"
    assert await page.evaluate(KEPT) == NOTHING
    assert [one for one in visitor.requests if one != "GET /widget.js"] == []


@pytest.mark.parametrize("how", ["button", "Escape"])
async def test_a_dismissed_greeting_never_comes_back(embed: Embed, how: str):
    visitor = await embed(look={"greetings": [greeting(after_s=0)]})
    await line(visitor).wait_for(timeout=PATIENCE_MS)
    if how == "button":
        await visitor.page.get_by_role("button", name="Dismiss").click()
    else:
        await line(visitor).focus()
        await visitor.page.keyboard.press("Escape")
        assert "launcher" in await visitor.focused()
    await line(visitor).wait_for(state="hidden")
    assert (await visitor.kept())["local"] == [f"frontdesk:{SITE}:greeted"]
    await visitor.reload()
    await visitor.page.wait_for_timeout(PATIENCE_MS)
    assert await line(visitor).is_hidden()


async def test_a_pressed_greeting_opens_the_chat_and_is_its_first_line(embed: Embed):
    visitor = await embed(look={"greetings": [greeting(after_s=0)]}, locale="zh-CN")
    sent: list[str] = []
    visitor.page.on(
        "websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(str(frame)))
    )
    await visitor.page.evaluate("Frontdesk.setLocale('zh-CN')")
    await line(visitor).wait_for(timeout=PATIENCE_MS)
    await line(visitor).click()
    await visitor.panel.wait_for()
    await until(visitor.bubbles, lambda said: said == ["需要帮忙吗？"])
    assert await line(visitor).is_hidden()
    assert await visitor.stored() == []  # it is nobody's message
    assert [frame for frame in sent if '"event"' in frame] == []
    await visitor.ask("你好")
    (event,) = [json.loads(frame) for frame in sent if '"event"' in frame]
    assert (event["name"], event["properties"]) == ("greeting", {"greeting": "hi"})
    assert (await visitor.bubbles())[:2] == ["需要帮忙吗？", "你好"]
    assert (await visitor.stored())[0]["text"] == "你好"
    await visitor.close()
    await visitor.reload()
    await visitor.page.wait_for_timeout(PATIENCE_MS)
    assert await line(visitor).is_hidden()


async def test_a_greeting_waits_for_all_that_it_is_to_wait_for(embed: Embed):
    conditions = greeting(pages=["/page*"], scrolled=50, event="product_view")
    other = greeting(id="other", pages=["/other"], after_s=0)
    visitor = await embed(look={"greetings": [other, conditions]}, page={"body": LONG})
    page = visitor.page
    await page.evaluate("Frontdesk.track('product_view', {product: 'x'})")
    await page.wait_for_timeout(PATIENCE_MS)
    assert await line(visitor).is_hidden()
    await page.mouse.wheel(0, 2500)
    await line(visitor).wait_for(timeout=PATIENCE_MS)
    assert await page.evaluate(KEPT) == NOTHING


async def test_a_page_greets_once_and_the_next_may_again(embed: Embed):
    greetings = [greeting(after_s=0), greeting(id="two", after_s=1), greeting(id="3", after_s=0)]
    visitor = await embed(look={"greetings": greetings})
    await line(visitor).wait_for(timeout=PATIENCE_MS)
    await visitor.page.locator(".dismiss").click()
    await visitor.page.wait_for_timeout(PATIENCE_MS)
    assert await line(visitor).is_hidden()
    # A page of another path, for which nothing is loaded.
    await visitor.page.evaluate("history.pushState(null, '', '/next')")
    await line(visitor).wait_for(timeout=PATIENCE_MS)


async def test_who_has_opened_the_chat_is_not_greeted(embed: Embed):
    visitor = await embed(look={"greetings": [greeting(after_s=1)]})
    await visitor.open()
    await visitor.close()
    await visitor.page.wait_for_timeout(PATIENCE_MS)
    assert await line(visitor).is_hidden()
