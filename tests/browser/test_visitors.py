"""Who may write: consent before the first message, identities that run out, and sign-out."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import yaml

from bot.channels.webchat.identity import IdentityKeys
from tests.bench.served import Served
from tests.browser.office import KEY
from tests.browser.visitor import Visitor, until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Browser, BrowserContext

    from tests.browser.conftest import Arrive
    from tests.browser.office import Office

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

RECONNECT_S = 25.0


# -- consent ---------------------------------------------------------------------------------------

ASKING = "We keep what you write for two years"


@pytest.mark.parametrize("transport", ["socket", "http"])
async def test_consent_is_asked_before_the_first_message_goes_out(
    office: Office, arrive: Arrive, transport: str
):
    async def prepare(context: BrowserContext) -> None:
        if transport == "http":
            await context.add_init_script("delete window.WebSocket")

    home = office.elsewhere.page(office.service.base, site="asking")
    visitor = await arrive(prepare=prepare, base=office.service.base, home=home)
    page = visitor.page
    await visitor.open()
    question = page.get_by_role("alertdialog", name=ASKING)
    assert await question.count() == 0
    assert await page.locator(".clip").is_hidden()  # no file goes up before, either
    await visitor.say("My lamp flickers")
    await question.wait_for()
    assert await visitor.focused() == "ask"
    assert (
        await question.get_by_role("link").get_attribute("href") == "https://shop.example/privacy"
    )
    assert await visitor.input.is_hidden()
    assert await visitor.stored() == []

    await question.get_by_role("button", name="Not now").click()
    assert await visitor.input.input_value() == "My lamp flickers"
    assert (await visitor.input.bounding_box())["height"] > 30
    assert await visitor.bubbles() == []
    await visitor.reload()
    await visitor.open()
    assert await visitor.input.input_value() == "My lamp flickers"

    await visitor.input.press("Enter")
    other = await visitor.another_tab()
    await other.open()
    await other.shows("My lamp flickers")
    await page.get_by_role("button", name="Agree and send").click()
    await visitor.answer(0)
    assert (await visitor.stored())[0]["text"] == "My lamp flickers"
    assert await page.locator(".clip").is_visible()
    await until(other.input.is_visible, bool)
    await other.ask("It is new")
    said = [m["text"] for m in await visitor.stored() if m["author"]["kind"] == "customer"]
    assert said == ["My lamp flickers", "It is new"]
    assert other.faults == []


@pytest.mark.timeout(180)
async def test_a_new_version_of_the_text_is_asked_for_again(
    chromium: Browser, shop: Path, tmp_path: Path
):
    config = shutil.copytree(shop, tmp_path / "shop")

    def demand(version: str, text: str) -> None:
        settings = yaml.safe_load((config / "frontdesk.yaml").read_text("utf-8"))
        consent = {"version": version, "text": {"en": text, "zh": text}}
        settings["web_chat"]["sites"]["default"]["consent"] = consent
        (config / "frontdesk.yaml").write_text(yaml.safe_dump(settings), "utf-8")

    demand("1", "We keep it for a year.")
    async with Served(tmp_path / "data", config=config) as service:
        context = await chromium.new_context(locale="en-US")
        visitor = Visitor(context, await context.new_page(), service.base)
        visitor.forgiven = ("WebSocket connection", "ERR_CONNECTION_REFUSED")
        await visitor.visit()
        await visitor.open()
        await visitor.say("Hello")
        agree = visitor.page.get_by_role("button", name="Agree and send")
        await visitor.page.get_by_role("alertdialog", name="We keep it for a year.").wait_for()
        await agree.click()
        await visitor.answer(0)
        await visitor.ask("Hello again")

        await service.stop()
        demand("2", "We keep it for ever.")
        await service.start()
        await visitor.say("And again")  # in the page of before, which knows the old text only
        await visitor.page.get_by_role("alertdialog", name="We keep it for ever.").wait_for(
            timeout=RECONNECT_S * 1000
        )
        assert len(await visitor.said_by("bot")) == 2
        await agree.click()
        await visitor.answer(2)
        assert await visitor.said_by("customer") == ["Hello", "Hello again", "And again"]
        await context.close()
        assert visitor.faults == []


# -- who somebody is -------------------------------------------------------------------------------


def passport(subject: str, life: timedelta = timedelta(minutes=5), site: str = "members") -> str:
    keys = IdentityKeys([KEY])
    return keys.sign(subject, site=site, at=datetime.now(UTC), life=life, name=subject.title())


async def test_strangers_are_asked_to_sign_in_and_then_let_in(office: Office, arrive: Arrive):
    home = office.elsewhere.page(office.service.base, site="members")
    visitor = await arrive(base=office.service.base, home=home)
    visitor.forgiven = ("401",)
    page = visitor.page
    await page.locator(".launcher").click()
    await page.locator(".notice-bar", has_text="Please sign in to chat with us.").wait_for()
    assert await visitor.input.is_hidden()
    assert await visitor.token() is None
    await page.evaluate("(jwt) => Frontdesk.identify(jwt)", passport("ada"))
    await visitor.input.wait_for()
    await visitor.ask("Hello")
    assert await page.locator(".notice-bar").is_hidden()


@pytest.mark.parametrize("transport", ["socket", "http"])
async def test_an_identity_is_renewed_and_nothing_is_lost(
    office: Office, arrive: Arrive, transport: str
):
    issued: list[str] = []

    def issue() -> str:
        issued.append(passport(f"ben-{transport}", timedelta(seconds=3)))
        return issued[-1]

    async def prepare(context: BrowserContext) -> None:
        await context.expose_function("passport", issue)
        if transport == "http":
            await context.add_init_script("delete window.WebSocket")

    home = office.elsewhere.page(office.service.base, site="members")
    visitor = await arrive(prepare=prepare, base=office.service.base, home=home)
    visitor.forgiven = ("401",)
    await visitor.page.evaluate("Frontdesk.identify(() => passport())")
    await visitor.open()
    said = []
    for number in range(8):
        said.append(f"Hello {number}")
        await visitor.ask(said[-1])
        await visitor.page.wait_for_timeout(1000)
    assert len(issued) >= 3
    assert await visitor.said_by("customer") == said
    assert await visitor.page.locator(".pending, .failed").count() == 0
    assert await visitor.page.locator(".notice-bar").is_hidden()


async def test_who_signs_in_amid_a_chat_is_told_where_it_went(office: Office, arrive: Arrive):
    home = office.elsewhere.page(office.service.base)
    visitor = await arrive(base=office.service.base, home=home)
    notice = visitor.page.locator(".notice-bar")
    await visitor.open()
    await visitor.ask("Hello")
    token = IdentityKeys([KEY]).sign(
        "moved", site="default", at=datetime.now(UTC), life=timedelta(hours=1)
    )
    await visitor.page.evaluate("(jwt) => Frontdesk.identify(jwt)", token)
    await until(notice.inner_text, lambda text: "signed in" in text)
    assert await visitor.bubbles() == []
    await visitor.ask("Hello again")
    assert await notice.is_hidden()


async def test_reset_leaves_nothing_in_any_tab(visitor: Visitor):
    await visitor.open()
    await visitor.ask("My secret is kumquat")
    await visitor.input.fill("and the other is medlar")
    other = await visitor.another_tab()
    await other.open()
    await other.shows(*await visitor.bubbles())
    await other.close()  # hidden, and yet in the page
    await visitor.page.evaluate("Frontdesk.reset()")
    everything = """() => {
        const root = document.querySelector('[data-frontdesk]').shadowRoot;
        const typed = [...root.querySelectorAll('input, textarea')].map((one) => one.value);
        return [root.innerHTML, ...typed].join();
    }"""
    for tab in (visitor, other):
        await until(
            lambda tab=tab: tab.page.evaluate(everything),
            lambda text: not re.search("kumquat|medlar", text),
        )
        kept = await tab.kept()
        assert not [key for key in kept["local"] + kept["session"] if key.startswith("frontdesk")]
    await other.open()
    assert await other.bubbles() == []
    await other.ask("Hello")
    assert other.faults == []
