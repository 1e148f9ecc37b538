"""Somebody with a browser: what they do in the shop and the chat, and what they get to see."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from playwright.async_api import BrowserContext, ConsoleMessage, Dialog, Page, Request

PATIENCE_S = 10.0
LOOK_EVERY_S = 0.03

SEEN = """() => {
    const root = document.querySelector('[data-frontdesk]').shadowRoot;
    window.seen = [];
    new MutationObserver(() => window.seen.push(root.querySelector('.list').textContent))
        .observe(root, {subtree: true, childList: true, characterData: true});
}"""

FOCUSED = """() => {
    let one = document.activeElement;
    while (one.shadowRoot?.activeElement) one = one.shadowRoot.activeElement;
    return one.className;
}"""

TOKEN = """() => {
    const key = Object.keys(localStorage).find((key) => /^frontdesk:.*:token$/.test(key));
    return key ? localStorage.getItem(key) : null;
}"""

AWAY = """(away) => {
    Object.defineProperty(document, 'hidden', {configurable: true, get: () => away});
    document.dispatchEvent(new Event('visibilitychange'));
}"""

KEPT = """async () => ({
    local: Object.keys(localStorage), session: Object.keys(sessionStorage),
    cookies: document.cookie,
    databases: (await indexedDB.databases()).length, caches: (await caches.keys()).length,
})"""


async def until(
    look: Callable[[], Awaitable[Any]], fits: Callable[[Any], bool], patience_s: float = PATIENCE_S
) -> Any:
    """Look again and again until what is seen fits; return it."""
    give_up = time.monotonic() + patience_s
    while not fits(seen := await look()):
        assert time.monotonic() < give_up, f"after {patience_s:g} s there is still {seen!r}"
        await asyncio.sleep(LOOK_EVERY_S)
    return seen


class Visitor:
    """One person with a browser profile of their own."""

    def __init__(
        self, context: BrowserContext, page: Page, base: str, home: str | None = None
    ) -> None:
        """Watch everything that their browser does.

        Args:
            context: Their profile.
            page: Their tab.
            base: Where the service is.
            home: The page that they visit, where it is not the demo shop.
        """
        self.context = context
        self.page = page
        self.base = base
        self.home = home or f"{base}/"
        self._origin = f"{self.home.rpartition('/')[0]}/"
        self.input = page.locator(".input")
        self.panel = page.locator(".panel")
        self.faults: list[str] = []
        self.requests: list[str] = []
        """Method and path, of the service's own."""
        self.sockets: list[str] = []
        self.forgiven: tuple[str, ...] = ()
        """Parts of console errors that a test provokes."""
        context.on("request", self._request)
        context.on("console", self._console)
        context.on("dialog", self._dialog)
        context.on("weberror", lambda error: self.faults.append(f"script: {error.error.stack}"))
        page.on("websocket", lambda socket: self.sockets.append(socket.url))

    def _request(self, request: Request) -> None:
        if request.url.startswith(f"{self.base}/"):
            path = request.url.removeprefix(self.base).partition("?")[0]
            self.requests.append(f"{request.method} {path}")
        elif not request.url.startswith(("data:", "blob:", self._origin)):
            self.faults.append(f"foreign request: {request.url}")

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not any(
            part in message.text for part in self.forgiven
        ):
            self.faults.append(f"console: {message.text}")

    async def _dialog(self, dialog: Dialog) -> None:
        self.faults.append(f"dialog: {dialog.message}")
        await dialog.dismiss()

    # -- what they do ------------------------------------------------------------------------------

    async def visit(self) -> None:
        """Go to their page."""
        await self.page.goto(self.home)
        await self._arrived()

    async def _arrived(self) -> None:
        if self.home == f"{self.base}/":
            await self.page.locator(".product").first.wait_for()
        await self.page.locator(".launcher").wait_for()

    async def reload(self) -> None:
        """Load the page anew."""
        await self.page.reload()
        await self._arrived()

    async def open(self) -> None:
        """Press the launcher; wait for the conversation so far."""
        await self.page.locator(".launcher").click()
        await self.panel.wait_for()
        await self.page.locator(".list[aria-busy=false]").wait_for(state="attached")

    async def close(self) -> None:
        """Press Esc in the chat."""
        await self.input.press("Escape")
        await self.panel.wait_for(state="hidden")

    async def say(self, text: str) -> None:
        """Type a text and send it."""
        await self.input.fill(text)
        await self.input.press("Enter")

    async def ask(self, text: str) -> str:
        """Send a text; return what is answered."""
        before = len(await self.said_by("bot"))
        await self.say(text)
        return await self.answer(before)

    async def answer(self, before: int) -> str:
        """Return what the bot said after its first so many bubbles, once it has."""
        said = await until(lambda: self.said_by("bot"), lambda said: len(said) > before)
        return "\n".join(said[before:])

    async def sign_in(self, customer: str) -> None:
        """Sign in to the shop as one of its demo customers."""
        card = self.page.locator(f"[data-customer={customer}]")
        await card.click()
        await self.page.locator(f"[data-customer={customer}][aria-pressed=true]").wait_for()

    async def sign_out(self) -> None:
        """Sign out of the shop."""
        await self.page.locator(".signed .text-button").click()
        await self.page.locator(".signed").wait_for(state="detached")

    async def another_tab(self) -> Visitor:
        """Go to the same page in another tab."""
        tab = Visitor(self.context, await self.context.new_page(), self.base, self.home)
        tab.forgiven = self.forgiven
        await tab.visit()
        return tab

    async def look_away(self, *, away: bool = True) -> None:
        """Look at another tab, or at this one again."""
        await self.page.evaluate(AWAY, away)

    async def say_elsewhere(self, *texts: str) -> None:
        """Say something in the same conversation with another device."""
        headers = {"Authorization": f"Bearer {await self.token()}"}
        async with aiohttp.ClientSession(self.base, headers=headers) as session:
            for text in texts:
                frame = {"type": "message", "id": str(uuid4()), "text": text}
                async with session.post("/chat/messages", json=frame) as response:
                    assert (await response.json())["type"] == "ack"

    # -- what they see -----------------------------------------------------------------------------

    async def bubbles(self) -> list[str]:
        """Return the whole conversation."""
        return await self.page.locator(".bubble").all_inner_texts()

    async def said_by(self, who: str) -> list[str]:
        """Return what `bot`, `customer`, `system` or `agent` said."""
        return await self.page.locator(f".entry.{who} .bubble").all_inner_texts()

    async def scroll_up(self) -> None:
        """Go up in a long conversation until all of it is there."""
        while await self.page.locator(".earlier").is_visible():
            await self.page.locator(".earlier").click()

    async def shows_end(self, wanted: list[str], patience_s: float = PATIENCE_S) -> None:
        """Wait until what can be seen of a long conversation is exactly its end."""

        def fits(seen: list[str]) -> bool:
            return len(seen) >= min(len(wanted), 40) and seen == wanted[-len(seen) :]

        await until(self.bubbles, fits, patience_s)

    async def shows(self, *wanted: str, patience_s: float = PATIENCE_S) -> None:
        """Wait until the conversation is exactly this."""
        await until(self.bubbles, lambda seen: seen == list(wanted), patience_s)

    async def choices(self) -> list[str]:
        """Return the labels of the buttons that are offered."""
        return await self.page.locator(".choice").all_inner_texts()

    async def focused(self) -> str:
        """Return the class of what has the focus, in the chat or the page."""
        return await self.page.evaluate(FOCUSED)

    async def kept(self) -> dict[str, Any]:
        """Return what the page keeps in the browser."""
        return await self.page.evaluate(KEPT)

    async def stored(self, at: str | None = None) -> list[dict[str, Any]]:
        """Return the conversation as the service has it, whatever is shown.

        Args:
            at: Where the service is, if the way there that the browser takes is disturbed.
        """
        found: list[dict[str, Any]] = []
        while True:
            page = await self._page(len(found), at)
            found += page["messages"]
            if len(found) >= page["head_seq"]:
                return found

    async def token(self) -> str | None:
        """Return the secret that the chat keeps, if it has one."""
        return await self.page.evaluate(TOKEN)

    async def status(self) -> dict[str, Any]:
        """Return where the conversation stands for the service."""
        return (await self._page(0, None))["status"]

    async def _page(self, after: int, at: str | None) -> dict[str, Any]:
        token = await self.token()
        if token is None:
            return {"messages": [], "head_seq": 0, "status": {}}
        async with (
            aiohttp.ClientSession(
                at or self.base, headers={"Authorization": f"Bearer {token}"}
            ) as session,
            session.get("/chat/messages", params={"after": after}) as response,
        ):
            assert response.status == 200
            return await response.json()

    async def watch(self) -> None:
        """From here on remember everything that the chat shows, however shortly."""
        await self.page.evaluate(SEEN)

    async def watched(self) -> list[str]:
        """Return what the chat showed since `watch`."""
        return await self.page.evaluate("window.seen")
