"""What goes wrong between a browser and the service, and what a message may try to be."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import pytest

from tests.bench.verdict import counted
from tests.browser.visitor import until

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, Route

    from tests.bench.served import Served
    from tests.browser.conftest import Arrive
    from tests.browser.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

RECONNECT_S = 25.0
"""A browser that was refused some times waits for up to so long before it tries again."""

TRICKS = (
    "<img src=https://evil.example/x onerror=alert(1)>",
    "<script>alert(2)</script>",
    '"><svg onload=alert(3)><iframe src="javascript:alert(4)"></iframe>',
    '<a href="javascript:alert(5)">press</a> javascript:alert(6) data:text/html,<b>7</b>',
    "{{constructor.constructor('alert(8)')()}} ${alert(9)} &lt;b&gt; %3Cb%3E",
    '<style>@import "https://evil.example/x.css"</style><link rel=stylesheet href=//evil.example>',
)
ELEMENTS = "img, script, svg:not(.icon), iframe, style, link, b, object, [onerror], [onload]"


# -- the service dies ------------------------------------------------------------------------------


async def test_messages_typed_while_the_service_is_killed_arrive_once(
    visitor: Visitor, served: Served
):
    visitor.forgiven = ("ERR_CONNECTION_REFUSED", "WebSocket connection", "ERR_EMPTY_RESPONSE")
    page = visitor.page
    await visitor.open()
    await visitor.ask("Hello")
    first, second = "How long does delivery take?", "Do you have a discount code?"
    await visitor.input.fill(first)
    await asyncio.gather(visitor.input.press("Enter"), served.kill())
    await visitor.say(second)
    assert (await visitor.said_by("customer"))[1:] == [first, second]
    assert await page.locator(".entry.customer").last.evaluate("(e) => e.matches('.pending')")
    notice = page.locator(".notice-bar")
    await until(notice.inner_text, lambda text: "Reconnecting" in text)

    await served.start()
    await until(page.locator(".pending").count, lambda count: count == 0, RECONNECT_S)
    await until(lambda: visitor.said_by("bot"), lambda said: len(said) >= 3)
    await notice.wait_for(state="hidden")
    assert await visitor.said_by("customer") == ["Hello", first, second]
    answers = await visitor.said_by("bot")
    assert len(answers) == 3
    assert "working days" in answers[1]
    assert "HELLO10" in answers[2]

    conversation = await visitor.bubbles()
    await visitor.reload()
    await visitor.open()
    await visitor.shows(*conversation)
    assert (await counted(served.data / "frontdesk.db"))[1] == {}


async def test_a_message_that_was_not_sent_survives_a_reload(visitor: Visitor):
    visitor.forgiven = ("ERR_INTERNET_DISCONNECTED",)
    await visitor.open()
    await visitor.ask("Hello")
    await visitor.context.set_offline(offline=True)
    await visitor.say("Do you have a discount code?")
    await until(
        visitor.page.locator(".notice-bar").inner_text, lambda text: "You are offline" in text
    )
    await visitor.context.set_offline(offline=False)
    await visitor.reload()
    await visitor.open()
    await until(lambda: visitor.said_by("bot"), lambda said: len(said) == 2)
    said = await visitor.said_by("customer")
    assert said == ["Hello", "Do you have a discount code?"]


# -- no WebSockets ---------------------------------------------------------------------------------


async def page_forbids_them(context: BrowserContext) -> None:
    """Serve the page with a policy that covers http, and so not ws."""

    async def serve(route: Route) -> None:
        response = await route.fetch()
        origin = response.url.rstrip("/")
        headers = dict(response.headers)
        policy = headers["content-security-policy"]
        policy = policy.replace(
            "connect-src 'self'",
            f"connect-src {origin}/chat/messages {origin}/chat/events {origin}/demo/",
        )
        await route.fulfill(
            response=response, headers=headers | {"content-security-policy": policy}
        )

    await context.route(re.compile(r":\d+/$"), serve)


async def proxy_closes_them(context: BrowserContext) -> None:
    """Close each WebSocket before it says anything."""
    await context.route_web_socket("**/chat/ws", lambda socket: socket.close(code=1011))


async def browser_has_none(context: BrowserContext) -> None:
    """Take WebSockets out of the browser."""
    await context.add_init_script("delete window.WebSocket")


@pytest.mark.parametrize("prepare", [page_forbids_them, proxy_closes_them, browser_has_none])
async def test_without_websockets_the_chat_goes_over_http(arrive: Arrive, prepare):
    visitor = await arrive(prepare=prepare)
    visitor.forgiven = ("Content Security Policy",)
    await visitor.open()
    assert "welcome to Lumen & Oak" in await visitor.ask("Hello")
    assert "Which order" in await visitor.ask("Where is my order?")
    assert "POST /chat/messages" in visitor.requests
    assert "GET /chat/events" in visitor.requests
    await visitor.page.locator(".actions .person").click()
    await visitor.page.locator(".queue").wait_for()
    assert re.search(r"Ticket T-\d+", await visitor.page.locator(".queue").inner_text())
    await until(lambda: visitor.said_by("bot"), lambda said: len(said) == 3)
    assert await visitor.page.locator(".pending, .failed").count() == 0
    if prepare is browser_has_none:  # the others take seconds to find it out once more
        conversation = await visitor.bubbles()
        await visitor.reload()
        await visitor.open()
        await visitor.shows(*conversation)


# -- messages that are no text ---------------------------------------------------------------------


async def test_what_a_customer_types_is_only_ever_text(arrive: Arrive):
    # Another site's page may have no policy that would help the chat.
    visitor = await arrive(bypass_csp=True)
    page = visitor.page
    await visitor.open()
    for number, trick in enumerate(TRICKS):
        await visitor.say(trick)
        await visitor.answer(number)
    for _ in ("as typed", "as the service tells it"):
        assert await visitor.said_by("customer") == list(TRICKS)
        assert await page.locator(".list").locator(ELEMENTS).count() == 0
        links = await page.locator(".list a").evaluate_all(
            "(all) => all.map((a) => [new URL(a.href).protocol, a.rel, a.target])"
        )
        assert {tuple(link) for link in links} == {
            ("https:", "noopener nofollow noreferrer", "_blank")
        }
        await visitor.reload()
        await visitor.open()
        await until(lambda: visitor.said_by("customer"), lambda said: len(said) == len(TRICKS))
    await page.wait_for_timeout(200)
    assert visitor.faults == []
