"""Messages arrive exactly once and in order, whatever befalls the server, the network or the page.

What arrived is read from the service itself, past the browser.
"""

from __future__ import annotations

import asyncio
import random
import uuid
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import pytest_asyncio

from tests.bench.verdict import counted
from tests.browser.relay import Relay
from tests.browser.visitor import Visitor, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

    from playwright.async_api import BrowserContext

    from tests.bench.served import Served
    from tests.browser.conftest import Arrive
    from tests.browser.relay import Upgrades

    Trouble = Callable[[Visitor, Served, Relay], AbstractAsyncContextManager[None]]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(120),
]

BACK_S = 45.0
"""A chat that lost its connection unnoticed finds out and has sent everything by then."""

NO_WELCOME_MS = 10_000
"""A handshake that led to nothing by then leads to nothing."""

NO_ACK_MS = 20_000
"""A message that is not acknowledged by then went into a connection that is dead."""

FORGIVEN = ("net::ERR_", "WebSocket connection", "Failed to load resource")
QUESTIONS = (
    "Hello",
    "How long does delivery take?",
    "Do you have a discount code?",
    "How can I pay?",
    "Do you deliver to Canada?",
    "Thank you",
)


@pytest_asyncio.fixture(loop_scope="session")
async def relay(served: Served) -> AsyncIterator[Relay]:
    """A relay before the service."""
    async with Relay(served.port) as relay:
        yield relay


def texts(messages: list[dict[str, Any]]) -> list[str]:
    return [m["text"] for m in messages if m["author"]["kind"] == "customer"]


async def all_is_well(visitor: Visitor, served: Served, wanted: list[str]) -> None:
    """Everything arrived once, in order, and was answered once; the page shows just that."""

    async def stored() -> list[dict[str, Any]]:
        return await visitor.stored(served.base)

    def is_answered(messages: list[dict[str, Any]]) -> bool:
        answered = {m["reply_to"] for m in messages}
        asked = [m["seq"] for m in messages if m["author"]["kind"] == "customer"]
        return len(asked) >= len(wanted) and answered.issuperset(asked)

    messages = await until(stored, is_answered, BACK_S)
    assert texts(messages) == wanted
    assert [m["seq"] for m in messages] == list(range(1, len(messages) + 1))
    await until(visitor.page.locator(".pending, .failed").count, lambda count: count == 0)
    await visitor.shows_end([m["text"] for m in messages], BACK_S)
    assert (await counted(served.data / "frontdesk.db"))[1] == {}


# -- troubles --------------------------------------------------------------------------------------


@asynccontextmanager
async def killed(_visitor: Visitor, served: Served, _relay: Relay) -> AsyncIterator[None]:
    await served.kill()
    yield
    await served.start()


@asynccontextmanager
async def cut(_visitor: Visitor, _served: Served, relay: Relay) -> AsyncIterator[None]:
    relay.cut()
    yield
    relay.mend()


@asynccontextmanager
async def offline(visitor: Visitor, _served: Served, _relay: Relay) -> AsyncIterator[None]:
    await visitor.context.set_offline(offline=True)
    yield
    await visitor.context.set_offline(offline=False)


@asynccontextmanager
async def reloaded(visitor: Visitor, _served: Served, relay: Relay) -> AsyncIterator[None]:
    relay.hold()
    yield
    relay.cut()  # what was under way never arrives, and nobody is there to wait for it
    relay.release()
    relay.mend()
    await visitor.reload()
    await visitor.open()


@asynccontextmanager
async def slept(visitor: Visitor, _served: Served, relay: Relay) -> AsyncIterator[None]:
    yield
    client = await visitor.context.new_cdp_session(visitor.page)
    await client.send("Page.setWebLifecycleState", {"state": "frozen"})
    relay.forget()
    await asyncio.sleep(0.5)
    await client.send("Page.setWebLifecycleState", {"state": "active"})
    await client.detach()
    await visitor.page.clock.fast_forward("08:00:00")  # what was due in the night is due now


NOTICES = {killed: "Reconnecting", offline: "You are offline"}
"""What is said meanwhile."""


async def own_clock(context: BrowserContext) -> None:
    """Let the test turn the clock of the pages forward; until then it goes as ever."""
    await context.clock.install()


# -- each of them, over each transport -------------------------------------------------------------


@pytest.mark.parametrize("upgrades", ["pass", "426"], ids=["websocket", "fallback"])
@pytest.mark.parametrize("trouble", [killed, cut, offline, reloaded, slept])
async def test_what_is_typed_in_trouble_arrives_once_and_in_order(
    arrive: Arrive, served: Served, relay: Relay, trouble: Trouble, upgrades: Upgrades
):
    relay.upgrades = upgrades
    visitor = await arrive(base=relay.base, prepare=own_clock if trouble is slept else None)
    visitor.forgiven = FORGIVEN
    await visitor.open()
    await visitor.ask(QUESTIONS[0])
    await visitor.say(QUESTIONS[1])  # and the answer is still to come
    async with trouble(visitor, served, relay):
        for text in QUESTIONS[2:5]:
            await visitor.say(text)
        assert await visitor.said_by("customer") == list(QUESTIONS[:5])
        if trouble in NOTICES:
            notice = visitor.page.locator(".notice-bar")
            await until(notice.inner_text, lambda text: NOTICES[trouble] in text)
            assert await visitor.page.locator(".entry.customer.pending").count() >= 3
    await visitor.say(QUESTIONS[5])
    if trouble is slept:
        await visitor.page.clock.fast_forward(NO_ACK_MS)
    await all_is_well(visitor, served, list(QUESTIONS))
    if upgrades != "pass":
        assert "GET /chat/events" in visitor.requests


@pytest.mark.parametrize("upgrades", ["pass", "426"], ids=["websocket", "fallback"])
async def test_what_came_in_the_night_is_shown_in_the_morning(
    arrive: Arrive, served: Served, relay: Relay, upgrades: Upgrades
):
    relay.upgrades = upgrades
    visitor = await arrive(base=relay.base, prepare=own_clock)
    visitor.forgiven = FORGIVEN
    await visitor.open()
    await visitor.ask(QUESTIONS[0])
    async with slept(visitor, served, relay):
        relay.forget()
        async with aiohttp.ClientSession(
            served.base, headers={"Authorization": f"Bearer {await visitor.token()}"}
        ) as telephone:
            frame = {"type": "message", "id": str(uuid.uuid4()), "text": QUESTIONS[1]}
            async with telephone.post("/chat/messages", json=frame) as response:
                assert response.status == 200
    # Nothing is typed: the chat itself has to notice.
    await all_is_well(visitor, served, list(QUESTIONS[:2]))


@pytest.mark.parametrize(
    ("upgrades", "holds_events"),
    [("400", False), ("strip", True), ("hang", True), ("swallow", False)],
)
async def test_no_proxy_keeps_messages_from_getting_through(
    arrive: Arrive, served: Served, relay: Relay, upgrades: Upgrades, holds_events: bool
):
    relay.upgrades, relay.holds_events = upgrades, holds_events
    visitor = await arrive(base=relay.base, prepare=own_clock)
    visitor.forgiven = FORGIVEN
    await visitor.page.locator(".launcher").click()
    for text in QUESTIONS:
        await visitor.say(text)
    if upgrades in {"hang", "swallow"}:
        await visitor.page.clock.fast_forward(NO_WELCOME_MS)
    await all_is_well(visitor, served, list(QUESTIONS))


# -- several tabs ----------------------------------------------------------------------------------


@pytest.mark.parametrize("upgrades", ["pass", "426"], ids=["websocket", "fallback"])
async def test_two_tabs_are_one_conversation(
    arrive: Arrive, served: Served, relay: Relay, upgrades: Upgrades
):
    relay.upgrades = upgrades
    visitor = await arrive(base=relay.base)
    visitor.forgiven = FORGIVEN
    await visitor.open()
    await visitor.ask(QUESTIONS[0])
    other = Visitor(visitor.context, await visitor.context.new_page(), relay.base)
    other.forgiven = FORGIVEN
    await other.visit()
    await other.open()
    await other.shows(*await visitor.bubbles())

    await other.ask(QUESTIONS[1])
    relay.cut()
    await visitor.say(QUESTIONS[2])
    await other.say(QUESTIONS[3])
    relay.mend()
    for each in (visitor, other):
        await until(each.page.locator(".pending, .failed").count, lambda n: n == 0, BACK_S)
    await other.ask(QUESTIONS[4])

    # Which of the two came first is the network's choice; each tab's own order is not.
    messages = await visitor.stored(served.base)
    arrived = texts(messages)
    assert arrived[:2] == list(QUESTIONS[:2])
    assert sorted(arrived) == sorted(QUESTIONS[:5])
    assert arrived.index(QUESTIONS[3]) < arrived.index(QUESTIONS[4])
    for each in (visitor, other):
        await all_is_well(each, served, arrived)
    assert other.faults == []


async def test_what_was_typed_in_a_tab_that_is_closed_goes_from_the_next_one(
    arrive: Arrive, served: Served, relay: Relay
):
    visitor = await arrive(base=relay.base)
    visitor.forgiven = FORGIVEN
    await visitor.open()
    await visitor.ask(QUESTIONS[0])
    relay.cut()
    for text in QUESTIONS[1:4]:
        await visitor.say(text)
    await visitor.page.close()
    relay.mend()
    next_one = Visitor(visitor.context, await visitor.context.new_page(), relay.base)
    await next_one.visit()
    await next_one.open()
    await all_is_well(next_one, served, list(QUESTIONS[:4]))
    assert next_one.faults == []


# -- everything at once ----------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("upgrades", ["pass", "426"], ids=["websocket", "fallback"])
async def test_a_storm_loses_nothing(
    arrive: Arrive, served: Served, relay: Relay, upgrades: Upgrades
):
    relay.upgrades = upgrades
    visitor = await arrive(base=relay.base)
    visitor.forgiven = FORGIVEN
    await visitor.open()
    await visitor.ask(QUESTIONS[0])
    dice = random.Random(5)  # noqa: S311  # no secret
    said = [QUESTIONS[0]]

    async def type_on() -> None:
        for number in range(25):
            said.append(f"Do you deliver to house number {number}?")
            await visitor.say(said[-1])
            await asyncio.sleep(dice.uniform(0, 0.4))

    async def a_while() -> None:
        await asyncio.sleep(dice.uniform(0.1, 0.8))

    typing = asyncio.create_task(type_on())
    for begin, end in [(relay.cut, relay.mend), (relay.hold, relay.release)] * 3:
        await a_while()
        begin()
        await a_while()
        end()
    await typing
    await all_is_well(visitor, served, said)
