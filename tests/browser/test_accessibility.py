"""That everybody can use the chat in each of its states: axe-core, the keyboard, what is read out.

A new state is a new line of STATES.
"""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from tests.browser.axe import violations
from tests.browser.test_files import a_file, choose, picture
from tests.browser.test_quality import DEVICES, FAINT, SCREENSHOTS
from tests.browser.visitor import Visitor, until
from tests.integration.slack.workplace import until as slack_until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from playwright.async_api import Browser, WebSocketRoute

    from tests.browser.conftest import Arrive
    from tests.browser.office import Office

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(120),
]

PROFILES = {
    "en-desktop": ("en-US", "desktop"),
    "zh-phone": ("zh-CN", "phone"),
}

LINES = {
    "en": {
        "hello": "Hello",
        "order": "Where is my order?",
        "cancel": "Please scrap order BK316409",
        "proof": "ben.okafor@example.org",
        "person": "Talk to a person",
        "customer": "ada",
        "reply": "Hi, I am Cleo and I am looking into it.",
    },
    "zh": {
        "hello": "你好",
        "order": "我的订单到哪了？",
        "cancel": "我要退货，订单MY640951",
        "proof": "chen.mei@example.com",
        "person": "转人工",
        "customer": "mei",
        "reply": "您好，我正在为您查询。",
    },
}


class Scene:
    """A visitor and the office that they talk to."""

    def __init__(self, visitor: Visitor, office: Office, language: str) -> None:
        self.visitor = visitor
        self.page = visitor.page
        self.office = office
        self.lines = LINES[language]

    async def asked(self, *lines: str) -> None:
        """Open the chat and say some of the lines."""
        await self.visitor.open()
        for line in lines:
            await self.visitor.ask(self.lines[line])

    async def served(self) -> None:
        """Be answered by an agent."""
        await self.asked("person")
        card = await self.office.take(self.visitor)
        await card.say("U_CLEO", f"! {self.lines['reply']}")
        await until(lambda: self.visitor.said_by("agent"), bool)

    async def resolved(self) -> None:
        """Have the agent be done."""
        await self.served()
        await (await self.office.card(self.visitor)).press("U_CLEO", "resolve")
        await self.page.locator(".rating").wait_for()


async def nothing(_: Scene) -> None:
    pass


async def offline(scene: Scene) -> None:
    await scene.asked("hello")
    await scene.visitor.context.set_offline(offline=True)
    await scene.visitor.say(scene.lines["order"])
    await scene.page.locator(".notice-bar").wait_for()


async def rated(scene: Scene) -> None:
    await scene.resolved()
    await scene.page.locator("label[for=star4]").click()
    await scene.page.locator(".rating .comment").wait_for()


async def thanked(scene: Scene) -> None:
    await rated(scene)
    await scene.page.locator(".rating .solid").click()
    await scene.page.locator(".thanks").wait_for()


async def files(scene: Scene) -> None:
    await scene.asked("hello")
    lamp = a_file("lamp.png", picture(), "image/png")
    await choose(scene.visitor, lamp, a_file("setup.exe", b"MZ\x90\x00"))
    await scene.page.locator(".tray .bad").wait_for()


async def unread(scene: Scene) -> None:
    await scene.served()
    await scene.visitor.close()
    await (await scene.office.card(scene.visitor)).say("U_CLEO", f"! {scene.lines['reply']}")
    await scene.page.locator(".badge").wait_for()


async def consent(scene: Scene) -> None:
    await scene.visitor.open()
    await scene.visitor.say(scene.lines["hello"])
    await scene.page.locator(".ask").wait_for()


async def notice(scene: Scene) -> None:
    await scene.page.locator(".launcher").click()
    await scene.page.locator(".notice-bar").wait_for()


async def greeting(scene: Scene) -> None:
    await scene.page.locator(".teaser.on").wait_for()


async def menu(scene: Scene) -> None:
    await scene.asked("hello")
    await scene.page.locator(".menu-place button").first.click()
    await scene.page.locator(".menu").wait_for()


async def ending(scene: Scene) -> None:
    await menu(scene)
    await scene.page.locator(".menu-item").last.click()
    await scene.page.locator(".ask").wait_for()


async def ended(scene: Scene) -> None:
    await ending(scene)
    await scene.page.locator(".ask .solid").click()
    await scene.page.locator(".ask").wait_for(state="hidden")


async def not_loaded(scene: Scene) -> None:
    await scene.page.route("**/chat/chat.js", lambda route: route.abort())
    await scene.page.locator(".launcher").click()
    await scene.page.locator(".teaser.on").wait_for()


async def not_sent(scene: Scene) -> None:
    def refuse(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def pass_on(text: str | bytes) -> None:
            frame = json.loads(text)
            if frame["type"] == "message":
                socket.send(json.dumps({"type": "nack", "id": frame["id"], "code": "invalid"}))
            else:
                server.send(text)

        socket.on_message(pass_on)

    await scene.page.route_web_socket("**/chat/ws", refuse)
    await scene.visitor.reload()
    await scene.visitor.open()
    await scene.visitor.say(scene.lines["hello"])
    await scene.page.locator(".failed").wait_for()


async def cards(scene: Scene) -> None:
    await scene.visitor.sign_in(scene.lines["customer"])
    await scene.asked("order")
    await scene.page.locator(".deck").wait_for()


async def filled_in(scene: Scene) -> None:
    await scene.asked("order")
    await scene.page.locator(".form input").fill("x")
    await scene.page.locator(".form .solid").click()
    await scene.page.locator(".fault", has_text=re.compile(r"\S")).wait_for()


STATES: dict[str, Callable[[Scene], Awaitable[None]]] = {
    "closed": nothing,
    "open": lambda scene: scene.asked(),
    "answered": lambda scene: scene.asked("hello"),
    "form": lambda scene: scene.asked("order"),
    "filled in badly": filled_in,
    "cards": cards,
    "menu": menu,
    "ending": ending,
    "ended": ended,
    "not loaded": not_loaded,
    "not sent": not_sent,
    "not allowed": notice,
    "consent": consent,
    "sign in": notice,
    "greeting": greeting,
    "choices": lambda scene: scene.asked("cancel", "proof"),
    "offline": offline,
    "files": files,
    "queue": lambda scene: scene.asked("person"),
    "agent": Scene.served,
    "unread": unread,
    "rating": rated,
    "thanked": thanked,
}

WHOLE_PAGES = {"closed", "open", "greeting"}
"""Where the demo shop, and how the chat stands in a page, is looked at, too."""

SITES = {
    "consent": "asking",
    "sign in": "members",
    "greeting": "inviting",
    "not allowed": "default",
}
"""Where a state is found, if it is not in the demo shop."""


@pytest_asyncio.fixture(loop_scope="session")
async def scenes(chromium: Browser, office: Office, state: str) -> AsyncIterator[dict[str, Scene]]:
    """Somebody with each of the profiles, on the page that a state is found on."""
    found: dict[str, Scene] = {}
    for profile, (locale, device) in PROFILES.items():
        site = SITES.get(state)
        base = office.service.base
        home = office.elsewhere.page(base, site=site, lang=locale) if site else None
        if home and state == "not allowed":
            home = home.replace("localhost", "127.0.0.1")  # an origin that no site lists
        context = await chromium.new_context(
            locale=locale, reduced_motion="reduce", **DEVICES[device]
        )
        visitor = Visitor(context, await context.new_page(), base, home)
        visitor.forgiven = ("415", "net::ERR_", "Failed to fetch")
        found[profile] = Scene(visitor, office, locale[:2])
    yield found
    for scene in found.values():
        await scene.visitor.context.close()
    assert [scene.visitor.faults for scene in found.values()] == [[]] * len(found)


@pytest.mark.parametrize("state", STATES)
async def test_axe_finds_nothing(scenes: dict[str, Scene], state: str):
    SCREENSHOTS.mkdir(exist_ok=True)
    found: dict[str, list[str]] = {}

    async def play(profile: str, scene: Scene) -> None:
        await scene.visitor.visit()
        await STATES[state](scene)
        for scheme in ("light", "dark"):
            await scene.page.emulate_media(color_scheme=scheme)
            view = f"{profile}-{scheme}-{state.replace(' ', '-')}"
            await scene.page.screenshot(path=SCREENSHOTS / f"{view}.png", animations="disabled")
            where = None if state in WHOLE_PAGES else "[data-frontdesk]"
            wrong = await violations(scene.page, where)
            if wrong := [*wrong, *await scene.page.evaluate(FAINT)]:
                found[view] = wrong

    await asyncio.gather(*(play(profile, scene) for profile, scene in scenes.items()))
    assert found == {}


# -- by keyboard alone -----------------------------------------------------------------------------


async def go_to(visitor: Visitor, selector: str, key: str = "Tab") -> None:
    """Press a key until something has the focus."""
    passed: list[str] = []
    while not await visitor.page.locator(f"{selector}:focus").count():
        await visitor.page.keyboard.press(key)
        passed.append(await visitor.focused())
        assert len(passed) < 40, f"{selector} cannot be reached: {passed}"


async def test_a_whole_conversation_by_keyboard_alone(office: Office, arrive: Arrive):
    visitor = await arrive(base=office.service.base)
    page, keys = visitor.page, visitor.page.keyboard
    await page.locator("#copy").focus()
    await go_to(visitor, ".launcher")
    await keys.press("Enter")
    await until(visitor.focused, lambda one: one == "input")

    # Write, fill in what is asked for, choose.
    await keys.type("Please scrap order BK316409")
    await keys.press("Enter")
    await visitor.answer(0)
    await page.locator(".form input").wait_for()
    await go_to(visitor, ".form input", "Shift+Tab")
    await keys.type("ben")
    await keys.press("Enter")
    field = page.locator(".form input")
    assert await field.get_attribute("aria-invalid") == "true"
    assert await field.evaluate("(one) => one.matches(':focus')")
    await keys.type(".okafor@example.org")
    assert await field.get_attribute("aria-invalid") == "false"
    await keys.press("Enter")
    await visitor.answer(1)
    await page.locator(".choice").first.wait_for()
    await go_to(visitor, ".choice:first-child", "Shift+Tab")
    offered = await visitor.choices()
    await keys.press("Enter")
    await visitor.answer(2)
    assert (await visitor.said_by("customer"))[-1] == offered[0]
    assert await visitor.focused() == "input"

    # The menu opens, is walked through, and gives the focus back.
    await go_to(visitor, ".menu-place > button", "Shift+Tab")
    await keys.press("Enter")
    await until(visitor.focused, lambda one: one == "menu-item")
    await keys.press("ArrowDown")
    assert await visitor.focused() == "menu-item"
    await keys.press("Escape")
    assert await page.locator(".menu").is_hidden()
    assert await page.locator(".menu-place > button").evaluate("(one) => one.matches(':focus')")

    # A person, and five stars less one.
    await go_to(visitor, ".actions .person")
    await keys.press("Enter")
    card = await office.take(visitor)
    await card.say("U_CLEO", "! Hi, I am Cleo.")
    await until(lambda: visitor.said_by("agent"), bool)
    await card.press("U_CLEO", "resolve")
    await page.locator(".rating").wait_for()
    await go_to(visitor, ".rating input", "Shift+Tab")  # the last star: none is chosen yet
    await keys.press("ArrowLeft")
    await page.locator(".rating .comment").wait_for()
    await go_to(visitor, ".rating .comment")
    await keys.type("Quick")
    await go_to(visitor, ".rating .solid")
    await keys.press("Enter")
    await until(visitor.focused, lambda one: one == "thanks")
    await slack_until(lambda: "★★★★" in card.text)

    await keys.press("Escape")
    assert await visitor.panel.is_hidden()
    assert "launcher" in await visitor.focused()


# -- read out --------------------------------------------------------------------------------------


SILENT = {"none", "generic", "InlineTextBox", "LabelText", "form", "status", "time"}
"""What says nothing itself, but for what is in it."""


async def spoken(visitor: Visitor) -> list[str]:
    """Return what assistive technology is told of the chat, in its order; without the times."""
    client = await visitor.context.new_cdp_session(visitor.page)
    nodes = (await client.send("Accessibility.getFullAXTree"))["nodes"]
    await client.detach()
    by_id = {node["nodeId"]: node for node in nodes}

    def role(node: Any) -> str:
        return node.get("role", {}).get("value", "")

    def walk(node: Any, above: str) -> Iterator[str]:
        name = node.get("name", {}).get("value", "")
        if role(node) == "StaticText":
            if name != above and not re.fullmatch(r"\d+:\d\d [AP]M", name):
                yield name
        elif not node["ignored"] and role(node) not in SILENT:
            yield f"{role(node)}: {name}"
        for child in node.get("childIds", ()):
            if child in by_id:
                yield from walk(by_id[child], name or above)

    return list(walk(next(node for node in nodes if role(node) == "dialog"), ""))


async def test_it_is_read_out_sensibly(visitor: Visitor):
    await visitor.open()
    await visitor.ask("Please scrap order BK316409")
    await visitor.ask("ben.okafor@example.org")
    await visitor.page.locator("[role=img][aria-label=Read]").wait_for()
    asked, proof, asked_for, confirm = await visitor.bubbles()
    assert await spoken(visitor) == [
        "dialog: Lumen & Oak",
        "heading: Lumen & Oak",
        "Assistant · answers right away",
        "button: More",
        "button: Close chat",
        "log: Conversation",
        "Today",
        *("You", asked, "Lumen", proof, "You", asked_for, "image: Read", "Lumen", confirm),
        "group: Choose an answer",
        "button: Yes, go ahead",
        "button: No, leave it",
        "button: Talk to a person",
        "Your message",
        "button: Attach files",
        "textbox: Your message",
        "button: Send",
        "Enter sends, Shift + Enter makes a new line",
    ]
