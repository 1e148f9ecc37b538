"""Several tabs, browsers that are not as they should be, links, and a long conversation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.browser.visitor import Visitor, until

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, CDPSession

    from tests.browser.conftest import Arrive

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

MANY = 1000
FRAME_MS = 1000 / 60

SCROLLED = """async (scroller) => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    let frames = 0;
    for (let still = 0; still < 5; frames += 1) {
        const before = scroller.scrollTop;
        scroller.scrollTop -= 160;
        await frame();
        still = scroller.scrollTop === before ? still + 1 : 0;
    }
    return frames;
}"""
"""Scrolls to the very top; returns in how many frames."""

SEEN_AT = """(scroller) => {
    const edge = scroller.getBoundingClientRect().top;
    const one = [...scroller.querySelectorAll('.entry')]
        .find((entry) => entry.getBoundingClientRect().bottom > edge);
    return [one.textContent, Math.round(one.getBoundingClientRect().top - edge)];
}"""


async def as_seen(found: list[str]) -> list[str]:
    return found


async def busy_ms(client: CDPSession) -> float:
    """For how long scripts ran and layout and styles were made, all in all."""
    found = (await client.send("Performance.getMetrics"))["metrics"]
    wanted = ("ScriptDuration", "LayoutDuration", "RecalcStyleDuration")
    return sum(each["value"] for each in found if each["name"] in wanted) * 1000


# -- several tabs ----------------------------------------------------------------------------------


async def test_tabs_share_what_is_unsent_and_what_is_unread(visitor: Visitor):
    visitor.forgiven = ("ERR_INTERNET_DISCONNECTED",)
    await visitor.open()
    await visitor.ask("Hello")
    other = await visitor.another_tab()
    await other.open()
    await visitor.context.set_offline(offline=True)
    await visitor.say("How long does delivery take?")
    await other.say("How can I pay?")
    await visitor.say("Do you have a discount code?")
    wanted = ["Hello", "How long does delivery take?", "How can I pay?"]
    wanted.append("Do you have a discount code?")
    for tab in (visitor, other):
        await until(lambda tab=tab: tab.said_by("customer"), lambda said: said == wanted)
    await visitor.page.close()  # with two unsent
    await visitor.context.set_offline(offline=False)
    await until(lambda: other.said_by("bot"), lambda said: len(said) >= len(wanted))
    messages = await other.stored()
    assert [m["text"] for m in messages if m["author"]["kind"] == "customer"] == wanted
    await other.shows(*(m["text"] for m in messages))
    assert await other.page.locator(".pending, .failed").count() == 0

    third = await other.another_tab()
    await third.page.evaluate("Frontdesk.open()")
    await third.panel.wait_for()
    await third.close()
    await other.close()
    await other.say_elsewhere("Thank you")
    for tab in (other, third):
        await tab.page.locator(".badge", has_text="1").wait_for()
    await other.open()
    await third.page.locator(".badge").wait_for(state="hidden")
    assert other.faults == third.faults == []


async def test_what_a_tab_left_behind_is_sent_by_another(arrive: Arrive):
    visitor = await arrive(prepare=lambda context: context.clock.install())
    await visitor.open()
    await visitor.ask("Hello")
    other = await visitor.another_tab()
    await other.page.evaluate(
        """() => {
            const id = crypto.randomUUID();
            const text = 'How can I pay?';
            localStorage.setItem(`frontdesk:default:out:${id}`, JSON.stringify({
                id, order: Date.now(), type: 'message', fields: {text}, text,
                at: new Date().toISOString(), tried: true, failed: null, held: null,
            }));
        }"""
    )
    await other.page.close()
    await until(lambda: visitor.said_by("customer"), lambda said: len(said) == 2)
    assert await visitor.page.locator(".pending").count() == 1
    for _ in range(2):
        await visitor.page.clock.fast_forward(11_000)  # twice less than would pass for sleep
    await until(lambda: visitor.said_by("bot"), lambda said: len(said) == 2)
    assert await visitor.said_by("customer") == ["Hello", "How can I pay?"]
    assert len(visitor.sockets) == 1


# -- a browser that is not as it should be ---------------------------------------------------------


async def test_days_are_told_by_the_services_clock(arrive: Arrive):
    async def prepare(context: BrowserContext) -> None:
        await context.add_init_script(
            """{
                const Right = Date;
                const off = 26 * 3600e3;
                window.Date = class extends Right {
                    constructor(...of) { super(...(of.length ? of : [Right.now() + off])); }
                    static now() { return Right.now() + off; }
                };
            }"""
        )

    visitor = await arrive(prepare=prepare, timezone_id="UTC")
    await visitor.open()
    await visitor.ask("Hello")
    assert await visitor.page.locator(".day").all_inner_texts() == ["Today"]
    shown = await visitor.page.locator(".entry time").last.get_attribute("datetime")
    off = datetime.now(UTC) - datetime.fromisoformat(str(shown))
    assert abs(off) < timedelta(minutes=5)
    await visitor.context.set_offline(offline=True)
    visitor.forgiven = ("ERR_INTERNET_DISCONNECTED",)
    await visitor.say("How long does delivery take?")
    assert await visitor.page.locator(".day").all_inner_texts() == ["Today"]


async def test_a_laptop_that_slept_connects_anew_at_once(arrive: Arrive):
    visitor = await arrive(prepare=lambda context: context.clock.install())
    await visitor.open()
    await visitor.ask("Hello")
    assert len(visitor.sockets) == 1
    await visitor.page.clock.fast_forward(10 * 60_000)
    await until(lambda: as_seen(visitor.sockets), lambda all_: len(all_) == 2)
    await visitor.ask("Hello once more")
    assert await visitor.page.locator(".notice-bar").is_hidden()


async def test_a_hidden_tab_without_websockets_leaves_the_connections_to_others(arrive: Arrive):
    async def prepare(context: BrowserContext) -> None:
        await context.clock.install()
        await context.add_init_script("delete window.WebSocket")

    visitor = await arrive(prepare=prepare)
    streams: list[str] = []
    visitor.page.on(
        "requestfailed",
        lambda request: streams.append(request.url) if "/chat/events" in request.url else None,
    )
    await visitor.open()
    await visitor.ask("Hello")
    polled = visitor.requests.count("GET /chat/messages")
    await visitor.look_away()
    await visitor.page.clock.fast_forward(16_000)
    await until(lambda: as_seen(streams), lambda ended: len(ended) == 1)
    await until(
        lambda: as_seen(visitor.requests), lambda all_: all_.count("GET /chat/messages") > polled
    )  # from here on there is a timer that can be forwarded
    await visitor.say_elsewhere("How long does delivery take?")

    async def a_poll_later() -> list[str]:
        await visitor.page.clock.fast_forward(16_000)
        return await visitor.said_by("bot")

    await until(a_poll_later, lambda said: len(said) == 2)
    opened = visitor.requests.count("GET /chat/events")
    await visitor.look_away(away=False)
    await until(
        lambda: as_seen(visitor.requests), lambda all_: all_.count("GET /chat/events") > opened
    )


FORBIDDEN = """for (const name of ['localStorage', 'sessionStorage'])
    Object.defineProperty(window, name, {get() { throw new DOMException('no', 'SecurityError'); }});
"""
FULL = """Storage.prototype.setItem = () => {
    throw new DOMException('full', 'QuotaExceededError');
};"""


@pytest.mark.parametrize("storage", [FORBIDDEN, FULL], ids=["forbidden", "full"])
async def test_without_storage_the_chat_works_and_promises_no_more_than_it_can_keep(
    arrive: Arrive, storage: str
):
    async def prepare(context: BrowserContext) -> None:
        await context.add_init_script(storage)

    visitor = await arrive(prepare=prepare)
    visitor.forgiven = ("ERR_INTERNET_DISCONNECTED",)
    visitor.faults.clear()  # the shop's page is not the chat
    await visitor.open()
    await visitor.ask("Hello")
    await visitor.context.set_offline(offline=True)
    await visitor.say("How long does delivery take?")
    notice = visitor.page.locator(".notice-bar")
    await until(notice.inner_text, lambda text: "Keep this page open" in text)
    await visitor.context.set_offline(offline=False)
    await until(lambda: visitor.said_by("bot"), lambda said: len(said) == 2)
    assert await visitor.said_by("customer") == ["Hello", "How long does delivery take?"]


async def test_a_link_shows_where_it_leads(visitor: Visitor):
    await visitor.open()
    lookalike = "https://\u0430\u0440\u0440le.com/login"  # Cyrillic
    await visitor.ask(
        f"{lookalike} https://good.example@evil.example/ https://0x7f000001/ "
        "https://good.example/\u202egpj.exe (https://good.example/a_(b)), https://good.example."
    )
    links = await visitor.page.locator(".entry.customer .bubble a").evaluate_all(
        "(all) => all.map((one) => [one.textContent, one.href])"
    )
    assert links == [
        ["https://xn--le-6kc8da.com/login", "https://xn--le-6kc8da.com/login"],
        ["https://127.0.0.1/", "https://127.0.0.1/"],
        ["https://good.example/", "https://good.example/"],
        ["https://good.example/a_(b)", "https://good.example/a_(b)"],
        ["https://good.example", "https://good.example/"],
    ]


# -- a long conversation ---------------------------------------------------------------------------


async def test_a_thousand_messages_scroll_as_smoothly_as_ten(visitor: Visitor):
    page = visitor.page
    scroller = page.locator(".scroller")
    await visitor.open()
    await visitor.ask("Hello 0")
    await visitor.say_elsewhere(*(f"Hello {number}" for number in range(1, MANY // 2)))
    await until(visitor.stored, lambda messages: len(messages) >= MANY, patience_s=60)
    await visitor.reload()
    await visitor.open()
    entries = page.locator(".entry")
    assert 0 < await entries.count() < 150
    last = f"Hello {MANY // 2 - 1}"
    await until(lambda: visitor.said_by("customer"), lambda said: said[-1:] == [last])

    # What is read stays where it is while more is put above it.
    await scroller.evaluate("(one) => { one.scrollTop = 900; }")
    await page.wait_for_timeout(300)
    before = await scroller.evaluate(SEEN_AT)
    shown = await entries.count()
    await scroller.evaluate("(one) => { one.scrollTop -= 200; }")
    await until(entries.count, lambda count: count > shown)
    await scroller.evaluate("(one) => { one.scrollTop += 200; }")
    await page.wait_for_timeout(300)
    text, top = await scroller.evaluate(SEEN_AT)
    assert text == before[0]
    assert abs(top - before[1]) <= 2  # rounded

    # To the very top. What the page's thread is busy with, since the machine may be, too.
    client = await visitor.context.new_cdp_session(page)
    await client.send("Performance.enable")
    before_ms = await busy_ms(client)
    frames = await scroller.evaluate(SCROLLED)
    per_frame = (await busy_ms(client) - before_ms) / frames
    assert (await visitor.said_by("customer"))[0] == "Hello 0"
    assert await entries.count() >= MANY
    assert per_frame < FRAME_MS / 4

    # One message more costs no more than the first did.
    await scroller.evaluate("(one) => { one.scrollTop = one.scrollHeight; }")
    await visitor.say("Hello at last")
    await until(entries.count, lambda count: count < 150)
    assert (await visitor.said_by("customer"))[-1] == "Hello at last"
