"""Forms, cards, the menu, and what calls back somebody who looks elsewhere."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from tests.browser.office import AGENT
from tests.browser.visitor import Visitor, until

if TYPE_CHECKING:
    from playwright.async_api import Download

    from tests.browser.conftest import Arrive
    from tests.browser.office import Office
    from tests.integration.slack.workplace import Card

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def read(saved: Download) -> bytes:
    return await asyncio.to_thread((await saved.path()).read_bytes)


async def told(card: Card) -> list[str]:
    """What is in an agent's thread."""
    return [line.readable for line in card.thread]


async def ticks(visitor: Visitor) -> list[str]:
    """What is said of the last thing that the customer said."""
    last = visitor.page.locator(".entry.customer").last.locator(".meta [role=img]")
    return await last.evaluate_all("(all) => all.map((one) => one.getAttribute('aria-label'))")


# -- forms -----------------------------------------------------------------------------------------


async def test_a_form_tells_what_is_wrong_and_sends_an_ordinary_message(arrive: Arrive):
    visitor = await arrive(locale="zh-CN")
    keys = visitor.page.keyboard
    await visitor.open()
    await visitor.ask("我的订单到哪了？")
    field = visitor.page.get_by_label("订单号", exact=True)
    fault = visitor.page.locator(".fault")
    await field.focus()
    await keys.type("订单")
    await keys.press("Enter")
    assert await fault.inner_text() == "请填写完整的订单号。"
    assert await field.get_attribute("aria-invalid") == "true"
    assert await field.get_attribute("aria-describedby") == await fault.get_attribute("id")
    assert await visitor.said_by("customer") == ["我的订单到哪了？"]

    await field.fill("MY640951")
    assert await fault.inner_text() == ""
    said = len(await visitor.said_by("bot"))
    await keys.press("Enter")
    assert "邮箱" in await visitor.answer(said)
    assert (await visitor.said_by("customer"))[-1] == "MY640951"
    assert await visitor.focused() == "input"

    # Who would rather type, types; the question's field goes.
    assert await visitor.page.locator(".form").count() == 1
    assert "MY640951" in await visitor.ask("chen.mei@example.com")
    assert await visitor.page.locator(".form").count() == 0


async def test_a_day_and_a_time_are_said_as_the_language_says_them(arrive: Arrive):
    visitor = await arrive(locale="zh-CN", timezone_id="Asia/Shanghai")
    page = visitor.page
    await visitor.open()
    await visitor.ask("我想预约")
    day, time = page.get_by_label("日期"), page.get_by_label("时间")
    for _ in range(4):
        if await day.count():
            break
        if await page.locator(".choice").count():
            await page.locator(".choice").first.click()
        elif await page.locator(".form input").count():
            await page.locator(".form input").fill("chen.mei@example.com")
            await page.locator(".form .solid").click()
        await page.wait_for_timeout(500)
    await page.locator(".form .solid").click()
    faults = page.locator(".fault")
    assert await faults.all_inner_texts() == ["请选择日期。", "请选择时间。"]
    later = datetime.now(UTC).astimezone(ZoneInfo("Asia/Shanghai")) + timedelta(days=3)
    await day.select_option(f"{later:%Y-%m-%d}")
    assert await day.locator("option:checked").inner_text() == (
        f"{later.month}月{later.day}日周{'一二三四五六日'[later.weekday()]}"
    )
    await time.select_option(label="14:30")
    assert await faults.all_inner_texts() == ["", ""]
    await page.locator(".form .solid").press("Enter")
    wanted = f"{later.year}年{later.month}月{later.day}日 14:30"
    await until(lambda: visitor.said_by("customer"), lambda said: said[-1] == wanted)


# -- cards -----------------------------------------------------------------------------------------


async def test_cards_scroll_by_keyboard_and_one_can_be_chosen(visitor: Visitor):
    page, keys = visitor.page, visitor.page.keyboard
    await visitor.open()
    await visitor.ask("Can you recommend a lamp?")
    deck = page.locator(".deck")
    await deck.wait_for()
    titles = await deck.locator("b").all_inner_texts()
    assert len(titles) > 1
    await deck.focus()
    for _ in range(3):
        await keys.press("ArrowRight")
    await until(lambda: deck.evaluate("(one) => one.scrollLeft"), lambda left: left > 0)

    pick = page.get_by_role("button", name=f"Choose: {titles[1]}")
    said = len(await visitor.said_by("bot"))
    await pick.press("Enter")
    await visitor.answer(said)
    assert (await visitor.said_by("customer"))[-1] == titles[1]
    assert await deck.first.locator(".pick").count() == 0  # chosen once, it only tells
    assert await deck.first.locator("b").all_inner_texts() == titles


# -- the menu --------------------------------------------------------------------------------------


async def test_the_menu_works_by_keyboard_and_ends_the_conversation(visitor: Visitor):
    page, keys = visitor.page, visitor.page.keyboard
    await visitor.open()
    await visitor.ask("Hello")
    button = page.get_by_role("button", name="More", exact=True)
    await button.press("ArrowDown")
    assert await button.get_attribute("aria-expanded") == "true"
    menu = page.get_by_role("menu", name="More")
    focused = "() => document.activeElement.shadowRoot.activeElement.textContent"
    seen = []
    for _ in range(4):
        seen.append(await page.evaluate(focused))
        await keys.press("ArrowDown")
    assert seen == ["Soundoff", "Download chat", "End chat", "Soundoff"]
    await keys.press("Escape")
    assert await menu.is_hidden()
    assert await visitor.panel.is_visible()
    assert await button.evaluate("(one) => one.matches(':focus')")

    await button.press("ArrowUp")
    await keys.press("Enter")
    question = page.get_by_role("alertdialog", name="End this chat?")
    await question.wait_for()
    assert await visitor.input.is_hidden()
    await keys.press("Escape")
    assert await question.is_hidden()
    assert await visitor.focused() == "input"

    await button.press("ArrowUp")
    await keys.press("Enter")
    await question.get_by_role("button", name="End chat").press("Enter")
    ended = page.locator(".subtitle", has_text="This conversation has ended")
    await ended.wait_for()
    assert (await visitor.status())["owner"] == "none"
    await visitor.ask("Hello again")
    await ended.wait_for(state="detached")


async def test_sound_is_off_until_it_is_wanted_and_then_remembered(visitor: Visitor):
    page = visitor.page
    await page.evaluate(
        """() => {
            window.rung = 0;
            const start = OscillatorNode.prototype.start;
            OscillatorNode.prototype.start = function (...at) { rung += 1; start.apply(this, at); };
        }"""
    )
    await visitor.open()
    await visitor.ask("Hello")
    kept = await visitor.kept()
    assert not [key for key in kept["local"] if key.endswith(":sound")]
    assert await page.evaluate("rung") == 0
    await page.get_by_role("button", name="More", exact=True).click()
    await page.get_by_role("menuitemcheckbox", name="Sound", checked=False).click()
    await until(lambda: page.evaluate("rung"), lambda rung: rung == 1)
    assert [key for key in (await visitor.kept())["local"] if key.endswith(":sound")]

    await visitor.close()
    await visitor.say_elsewhere("How long does delivery take?")
    await until(lambda: page.evaluate("rung"), lambda rung: rung == 2)
    await visitor.reload()
    await visitor.open()
    await page.get_by_role("button", name="More", exact=True).click()
    await page.get_by_role("menuitemcheckbox", name="Sound", checked=True).wait_for()


async def test_the_whole_conversation_can_be_saved(visitor: Visitor):
    page = visitor.page
    await visitor.open()
    await visitor.ask("See https://shop.example/lamps?a=1 and <b>this</b>")
    await visitor.ask("Can you recommend a lamp?")
    await page.locator(".deck").wait_for()
    titles = await page.locator(".deck b").all_inner_texts()
    await page.get_by_role("button", name="More", exact=True).click()
    async with page.expect_download() as saving:
        await page.get_by_role("menuitem", name="Download chat").click()
    saved = await saving.value
    assert re.fullmatch(r"Lumen & Oak \d{4}-\d\d-\d\d\.txt", saved.suggested_filename)
    text = (await read(saved)).decode("utf-8-sig")
    for message in await visitor.stored():
        assert message["text"] in text
    for title in titles:
        assert title in text
    assert len(re.findall(r"^\[[A-Z][a-z]{2} \d+, \d{4}, .*\] You$", text, re.MULTILINE)) == 2


# -- what calls back -------------------------------------------------------------------------------


async def test_the_title_blinks_while_nobody_looks_and_stays_the_pages_own(visitor: Visitor):
    page = visitor.page
    titles = """async () => {
        const seen = new Set();
        for (let turn = 0; turn < 60; turn += 1) {
            seen.add(document.title);
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
        return [...seen];
    }"""
    own = await page.title()
    await visitor.open()
    await visitor.ask("Hello")
    await visitor.look_away()
    await visitor.say_elsewhere("How long does delivery take?")
    await until(page.title, lambda title: title == "(1) New message")
    assert set(await page.evaluate(titles)) == {own, "(1) New message"}
    await page.evaluate("document.title = 'Basket (3)'")
    seen = await page.evaluate(titles)
    assert own not in seen[1:]
    assert "Basket (3)" in seen
    await visitor.look_away(away=False)
    await until(page.title, lambda title: title == "Basket (3)")
    await page.wait_for_timeout(1500)
    assert await page.title() == "Basket (3)"


async def test_what_a_person_or_an_answer_has_seen_is_ticked_off(office: Office, arrive: Arrive):
    visitor = await arrive(base=office.service.base)
    await visitor.open()
    await visitor.ask("Hello")
    assert await ticks(visitor) == ["Read"]  # it was answered
    await visitor.ask("Talk to a person")
    card = await office.take(visitor)
    await visitor.say("It is about my lamp")
    await until(lambda: ticks(visitor), lambda seen: seen == ["Sent"])
    await until(lambda: told(card), lambda lines: "It is about my lamp" in lines[-1])
    await card.say(AGENT, "the lamp again")  # which is internal
    await until(lambda: ticks(visitor), lambda seen: seen == ["Read"])
    await visitor.say("Are you there?")
    await until(lambda: ticks(visitor), lambda seen: seen == ["Sent"])
    assert await visitor.page.locator(".meta [role=img]").count() == 1
    await visitor.reload()
    await visitor.open()
    await until(lambda: ticks(visitor), lambda seen: seen == ["Sent"])
