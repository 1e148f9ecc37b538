"""Pages, proxies and browsers without WebSockets; `test_network` cuts what there is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.browser.visitor import until

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, Route

    from tests.browser.conftest import Arrive

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def page_forbids_them(context: BrowserContext) -> None:
    """Serve the page with a policy that covers http, and so not ws."""

    async def serve(route: Route) -> None:
        response = await route.fetch()
        origin = response.url.rstrip("/")
        headers = dict(response.headers)
        policy = headers["content-security-policy"]
        policy = policy.replace(
            "connect-src 'self'",
            "connect-src "
            + " ".join(
                f"{origin}/{path}" for path in ("widget/", "chat/messages", "chat/events", "demo/")
            ),
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
