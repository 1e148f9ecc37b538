"""What people write is text, whoever writes it and wherever it is shown: nothing of it runs.

The pages have their policy taken from them here: another site may have none that would help.
"""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime, timedelta
from html import escape
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from bot.channels.webchat.identity import IdentityKeys
from tests.browser.office import KEY, MALLORY
from tests.browser.payloads import LOOKALIKE, NAMES, PAYLOADS
from tests.browser.test_files import a_file, choose
from tests.browser.visitor import Visitor, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, WebSocketRoute

    from tests.browser.office import Office

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(120),
]

ALIEN = """() => {
    const root = document.querySelector('[data-frontdesk]').shadowRoot;
    const said = '.bubble *, .name *:not(img), .title *, .subtitle *, .choice *, .item b *';
    return [
        ...[...root.querySelectorAll(said)].filter((one) => one.localName !== 'a'),
        ...[...root.querySelectorAll('a')].filter((one) => !/^(https?|blob):$/.test(one.protocol)
            || !one.relList.contains('noopener') || one.target !== '_blank'),
        ...[...root.querySelectorAll('*')]
            .filter((one) => [...one.attributes].some(({name}) => name.startsWith('on'))),
        ...[...root.querySelectorAll('img')].filter((one) => !/^(blob:|https?:)/.test(one.src)),
        ...root.querySelectorAll(
            'script, iframe, object, embed, link, base, meta, template, dialog, video, audio'),
    ].map((one) => one.outerHTML);
}"""
"""Elements that no part of the chat makes."""


async def nothing_ran(visitor: Visitor) -> None:
    """All is as it was, but for what is to be read."""
    await visitor.page.wait_for_timeout(100)
    assert await visitor.page.evaluate(ALIEN) == []
    assert visitor.page.url == visitor.home
    assert len(visitor.context.pages) == 1
    assert visitor.faults == []


@pytest_asyncio.fixture(loop_scope="session")
async def victim(chromium: Browser, office: Office) -> AsyncIterator[Visitor]:
    """Somebody in whose browser something is to be run."""
    context = await chromium.new_context(locale="en-US", bypass_csp=True)
    visitor = Visitor(context, await context.new_page(), office.service.base)
    await context.expose_function("pwned", lambda number: visitor.faults.append(f"ran {number}"))
    await visitor.visit()
    yield visitor
    await nothing_ran(visitor)
    await context.close()


async def test_what_would_run_is_noticed(chromium: Browser, office: Office):
    context = await chromium.new_context(locale="en-US", bypass_csp=True)
    visitor = Visitor(context, await context.new_page(), office.service.base)
    await context.expose_function("pwned", lambda number: visitor.faults.append(f"ran {number}"))
    await visitor.visit()
    await visitor.open()
    await visitor.ask("Hello")
    bubble = visitor.page.locator(".bubble").last
    await bubble.evaluate("(one, text) => { one.innerHTML = text; }", PAYLOADS[5])
    await until(lambda: _faults(visitor), lambda faults: "ran 4" in faults)
    await bubble.evaluate("(one, text) => { one.innerHTML = text; }", PAYLOADS[6])
    await until(lambda: _faults(visitor), lambda faults: any("evil" in f for f in faults))
    assert len(await visitor.page.evaluate(ALIEN)) == 1
    await context.close()


async def _faults(visitor: Visitor) -> list[str]:
    return visitor.faults


async def test_what_a_customer_writes_is_text(victim: Visitor):
    await victim.open()
    for payload in (*PAYLOADS, LOOKALIKE):
        await victim.say(payload)
    await until(victim.page.locator(".pending").count, lambda count: count == 0, 60)
    stored = [m["text"] for m in await victim.stored() if m["author"]["kind"] == "customer"]
    assert len(stored) == len(PAYLOADS) + 1

    async def shown() -> list[str]:
        await victim.scroll_up()
        return await victim.page.locator(".entry.customer .bubble").all_text_contents()

    for _ in ("as typed", "as the service tells it"):
        seen = await until(shown, lambda seen: seen[:-1] == stored[:-1])
        assert seen[-1].startswith("https://xn--")  # as it is opened, not as it looks
        assert await victim.page.evaluate(ALIEN) == []
        await victim.reload()
        await victim.open()


async def test_what_an_agent_writes_is_text(victim: Visitor, office: Office):
    await victim.open()
    await victim.ask("Talk to a person")
    card = await office.take(victim, MALLORY)
    await until(victim.page.locator(".subtitle").inner_text, lambda text: PAYLOADS[5] in text)
    for payload in PAYLOADS:
        await card.say(MALLORY, f"! {payload}")

    async def arrived() -> int:
        return sum(m["author"]["kind"] == "agent" for m in await victim.stored())

    await until(arrived, lambda count: count == len(PAYLOADS), 60)

    async def said() -> list[str]:
        await victim.scroll_up()
        return await victim.said_by("agent")

    await until(said, lambda seen: len(seen) == len(PAYLOADS))
    assert PAYLOADS[5] in await victim.page.locator(".name").last.inner_text()


async def test_what_the_bot_was_told_to_say_is_text(victim: Visitor):
    await victim.open()
    said = await victim.ask("Thank you")
    assert PAYLOADS[5] in said
    assert PAYLOADS[-1] in said


async def test_names_of_files_are_text(victim: Visitor):
    await victim.open()
    for first in range(0, len(NAMES), 5):
        files = [a_file(name, b"text") for name in NAMES[first : first + 5]]
        await choose(victim, *files)
        await until(victim.page.locator(".tray progress").count, lambda count: count == 0)
        assert await victim.page.evaluate(ALIEN) == []
        await victim.input.press("Enter")
    sent = victim.page.locator(".entry.customer .file")
    await until(sent.count, lambda count: count == len(NAMES))
    await victim.reload()
    await victim.open()
    await until(sent.count, lambda count: count == len(NAMES))


async def test_the_titles_of_pages_and_of_sites_are_text(chromium: Browser, office: Office):
    context = await chromium.new_context(bypass_csp=True)
    title, other = PAYLOADS[5], PAYLOADS[44]
    home = office.elsewhere.page(
        office.service.base,
        title=escape(title),
        attributes=f'data-title="{escape(title)}" data-launcher="{escape(other)}" '
        f'data-accent="{escape(other)}" data-position="{escape(other)}"',
    )
    visitor = Visitor(context, await context.new_page(), office.service.base, home)
    await context.expose_function("pwned", lambda number: visitor.faults.append(f"ran {number}"))
    await visitor.visit()
    assert other in await visitor.page.locator(".launcher").inner_text()
    await visitor.open()
    assert await visitor.page.locator(".title").inner_text() == title
    await visitor.ask("Talk to a person")
    await office.card(visitor)
    assert await visitor.page.title() == title
    await nothing_ran(visitor)
    await context.close()


async def test_the_name_of_a_customer_is_text(victim: Visitor):
    identity = IdentityKeys([KEY]).sign(
        "mallory-1",
        site="default",
        at=datetime.now(UTC),
        life=timedelta(minutes=5),
        name=PAYLOADS[5],
    )
    await victim.page.evaluate("(jwt) => Frontdesk.identify(jwt)", identity)
    await victim.open()
    await victim.ask("Hello")
    await victim.ask("Talk to a person")


async def test_a_hostile_server_gets_no_further(chromium: Browser, office: Office):
    """Every field that the chat shows is an attack, whoever could have put it there."""
    context = await chromium.new_context(locale="en-US", bypass_csp=True)
    visitor = Visitor(context, await context.new_page(), office.service.base)
    await context.expose_function("pwned", lambda number: visitor.faults.append(f"ran {number}"))
    attacks = itertools.cycle(PAYLOADS)
    # An https address is a picture, and this one only a shop's.
    pictures = [text for text in PAYLOADS if not text.startswith("https://shop.example/")]
    cards = [
        dict.fromkeys(("title", "badge", "note", "url", "value"), attack)
        | {"kind": "order", "lines": [attack, attack], "picture": picture}
        for attack, picture in zip(PAYLOADS, itertools.cycle(pictures), strict=False)
    ]
    choices = [{"label": attack, "value": attack} for attack in PAYLOADS]
    files = [{"id": a, "name": a, "type": a, "size": 5} for a in PAYLOADS]

    def poison(frame: dict[str, Any]) -> dict[str, Any]:
        attack = next(attacks)
        if frame["type"] == "message" and frame["author"]["kind"] == "bot":
            frame |= {"author": {"kind": "agent", "name": attack}, "text": attack}
            frame |= {"choices": choices, "cards": cards, "files": files}
            frame |= {"form": {"kind": "order", "orders": choices}}
        elif frame["type"] == "status":
            agent = {"name": attack, "picture": attack}
            frame |= {"owner": "agent", "agent": agent, "ticket": attack}
        elif frame["type"] == "typing":
            frame["author"] = {"kind": "agent", "name": attack}
        return frame

    def between(page: WebSocketRoute) -> None:
        server = page.connect_to_server()
        server.on_message(lambda text: page.send(json.dumps(poison(json.loads(text)))))

    await context.route_web_socket("**/chat/ws", between)
    await visitor.visit()
    await visitor.open()
    for number in range(8):
        await visitor.say("Hello")
        said = visitor.page.locator(".entry.agent")
        await until(said.count, lambda count, number=number: count > number)
        assert await visitor.page.locator(".choice").count() >= len(PAYLOADS)
        assert await visitor.page.evaluate(ALIEN) == []
    await nothing_ran(visitor)
    await context.close()
