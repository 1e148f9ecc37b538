"""A customer in the chat and an agent in Slack, each in front of their own page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
import yaml

from bot.desk.words import words
from tests.bench.served import Served
from tests.browser.test_quality import SCREENSHOTS
from tests.browser.visitor import Visitor, until
from tests.fake_slack import FakeSlack
from tests.fake_slack.demo import MANIFEST, furnish

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from playwright.async_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

AT_ONCE_S = 1.0
"""So soon the customer reads what an agent sent."""

PERSON = "转人工，我的快递三天没动了"
NOTE = "客户有点急，我先看一下物流"
REPLY = "您好，我是丹丹，正在为您查快递"


@pytest_asyncio.fixture(loop_scope="session")
async def slack(shop: Path) -> AsyncIterator[FakeSlack]:
    """A workspace with the desk's channels and its people."""
    slack = FakeSlack(seed=11)
    slack.install(yaml.safe_load(MANIFEST.read_text("utf-8")))
    furnish(slack, yaml.safe_load((shop / "desk.yaml").read_text("utf-8")))
    async with slack:
        yield slack
    assert slack.violations == []
    assert slack.problems == []


@pytest_asyncio.fixture(loop_scope="session")
async def service(
    shop: Path, slack: FakeSlack, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Served]:
    """The service, with this workspace as its desk."""
    data = tmp_path_factory.mktemp("desk") / "data"
    async with Served(data, config=shop, environment=slack.environment) as service:
        await slack.connected()
        yield service
        await service.stop()  # before the workspace goes away, which would be an error in its log
        assert service.logged("error", "critical") == []


@pytest_asyncio.fixture(loop_scope="session")
async def customer(
    chromium: Browser, service: Served, request: pytest.FixtureRequest
) -> AsyncIterator[Visitor]:
    """A customer with a Chinese browser, on the shop's page."""
    context = await chromium.new_context(locale="zh-CN", viewport={"width": 1280, "height": 800})
    visitor = Visitor(context, await context.new_page(), service.base)
    await visitor.visit()
    failed = request.session.testsfailed
    yield visitor
    await _keep(visitor.page, "customer", request, failed)
    await context.close()
    assert visitor.faults == []


@pytest_asyncio.fixture(loop_scope="session")
async def agent(
    chromium: Browser, slack: FakeSlack, request: pytest.FixtureRequest
) -> AsyncIterator[Page]:
    """丹丹, in front of the workspace."""
    errors: list[str] = []
    context = await chromium.new_context(viewport={"width": 1280, "height": 900})
    page = await context.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.set_default_timeout(10_000)
    await page.goto(f"{slack.url}/?as=U_DAN&channel=C_DESK_GENERAL")
    await page.locator("#side button.chosen").wait_for()
    failed = request.session.testsfailed
    yield page
    await _keep(page, "agent", request, failed)
    await context.close()
    assert errors == []


async def _keep(page: Page, who: str, request: pytest.FixtureRequest, failed: int) -> None:
    """Keep what somebody saw when the test failed."""
    if request.session.testsfailed > failed:
        SCREENSHOTS.mkdir(exist_ok=True)
        await page.screenshot(path=SCREENSHOTS / f"failed-{request.node.name}-{who}.png")


def cards(slack: FakeSlack) -> list[tuple[str, str]]:
    """Return channel and ts of everything in the desk's channels that is in no thread."""
    channels = [c for c in slack.workspace.channels.values() if c.name.startswith("desk-")]
    return [(each.name, line.ts) for each in channels for line in slack.transcript(each.id)]


async def test_a_customer_asks_for_a_person_and_is_helped(
    customer: Visitor, agent: Page, slack: FakeSlack
):
    await customer.open()
    await customer.watch()
    await customer.ask(PERSON)

    # One card, where the channel's badge says so. Take; from then on it is in 丹丹's language.
    await agent.locator("#side button.news", has_text="desk-").first.click()
    await agent.locator("#feed .b-header").wait_for()
    assert len(cards(slack)) == 1
    await (
        agent.locator("#feed")
        .get_by_role("button", name=words("button.take", "en"), exact=True)
        .click()
    )
    await agent.locator("#feed .b-section", has_text="丹丹").first.wait_for()

    # The thread holds what was said; a line typed there stays inside.
    await agent.locator("#feed .replies").click()
    thread = agent.locator("#thread-feed")
    await thread.get_by_text(PERSON).first.wait_for()
    await agent.locator("#thread-text").fill(NOTE)
    await agent.locator("#thread-text").press("Enter")
    await thread.get_by_text(NOTE).wait_for()

    # A reply is read within a second, and is ticked off.
    await (
        agent.locator("#feed")
        .get_by_role("button", name=words("button.reply", "zh"), exact=True)
        .click()
    )
    await agent.locator(".modal textarea").fill(REPLY)
    await agent.locator(".modal button.primary").click()
    await until(
        lambda: customer.said_by("agent"),
        lambda said: [text.strip() for text in said] == [REPLY],
        AT_ONCE_S,
    )
    await thread.get_by_text(REPLY).wait_for()

    # The customer answers, and reads it in the same thread.
    await customer.say("好的，谢谢丹丹")
    await thread.get_by_text("好的，谢谢丹丹").wait_for()

    # Resolve asks for a rating; the card tells the score.
    await (
        agent.locator("#feed")
        .get_by_role("button", name=words("button.resolve", "zh"), exact=True)
        .click()
    )
    await customer.page.locator("label[for=star5]").click()
    await customer.page.locator(".rating .comment").fill("很快")
    await customer.page.locator(".rating .solid").click()
    await agent.locator("#feed .b-section", has_text="★★★★★").first.wait_for()
    assert "很快" in await agent.locator("#feed").inner_text()

    assert len(cards(slack)) == 1
    assert not [seen for seen in await customer.watched() if NOTE in seen]
    assert NOTE not in "".join(await customer.bubbles())


async def test_a_prefix_sends_and_an_emoji_takes(customer: Visitor, agent: Page, slack: FakeSlack):
    await customer.open()
    await customer.ask("转人工")
    await agent.locator("#feed .b-header").wait_for()  # in #desk-general, which is open
    ((_, ts),) = cards(slack)
    message = agent.locator(f'#feed [data-ts="{ts}"]')
    await message.hover()
    await message.get_by_label("Add reaction").click()
    await agent.locator("#menu button[title=':eyes:']").click()
    await agent.locator("#feed .b-section", has_text="丹丹").first.wait_for()

    await message.locator(".replies").click()
    for text in ("先别回", "！您好，请问有什么可以帮您"):  # as a Chinese keyboard types it
        await agent.locator("#thread-text").fill(text)
        await agent.locator("#thread-text").press("Enter")
    said = await until(lambda: customer.said_by("agent"), bool)
    assert [text.strip() for text in said] == ["您好，请问有什么可以帮您"]
    assert not [text for text in await customer.bubbles() if re.search("先别回", text)]
