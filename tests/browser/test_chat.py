"""Customers chat with the shop, in a real browser, against the real service."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.bench.verdict import counted
from tests.browser.visitor import until

if TYPE_CHECKING:
    from tests.bench.served import Served
    from tests.browser.conftest import Arrive
    from tests.browser.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

NOTHING = {"local": [], "session": [], "cookies": "", "databases": 0, "caches": 0}
LOADER = "GET /widget.js"
SHOP = re.compile(r"GET /(|widget\.js|widget/shop/[a-z.]+|demo/shop|favicon\.ico)$")

WORDS = """() => {
    const found = [document.title];
    const walk = (root) => {
        for (const one of root.querySelectorAll('*')) {
            if (one.closest('[lang=en], code, script, style, noscript, head')) continue;
            for (const name of ['aria-label', 'title', 'placeholder', 'alt'])
                if (one.hasAttribute(name)) found.push(one.getAttribute(name));
            for (const child of one.childNodes) if (child.nodeType === 3) found.push(child.data);
            if (one.shadowRoot) walk(one.shadowRoot);
        }
    };
    walk(document);
    return found.map((text) => text.trim()).filter((text) => text);
}"""
"""Everything that can be read or heard on the page and in the chat, shown or not yet."""

NOT_TRANSLATED = re.compile(
    r"Frontdesk|Cookie|KB|Enter|Shift|AB123456|\bT-\d+|LED"
    r"|Ada Byrne|Ben Okafor|Nina Kowalski"
)


# -- before anybody is interested ------------------------------------------------------------------


async def test_nothing_is_sent_or_stored_before_interest(visitor: Visitor, served: Served):
    held, _ = await counted(served.data / "frontdesk.db")
    page = visitor.page
    await page.wait_for_load_state("networkidle")
    await page.evaluate(
        """() => {
            Frontdesk.track('viewed', {page: 1});
            Frontdesk.setLocale('en');
            Frontdesk.identify(async () => null);
            Frontdesk.on('open', () => {});
        }"""
    )
    await page.mouse.wheel(0, 1500)
    await page.locator(".product").first.click()
    await page.locator("#detail .shut").click()
    await page.wait_for_timeout(300)

    assert LOADER in visitor.requests
    assert [one for one in visitor.requests if not SHOP.match(one)] == []
    assert visitor.sockets == []
    assert await visitor.kept() == NOTHING
    assert await visitor.context.cookies() == []
    assert (await counted(served.data / "frontdesk.db"))[0] == held


async def test_hovering_loads_the_chat_and_opening_connects_it(visitor: Visitor):
    page = visitor.page
    async with page.expect_response("**/chat/words/en.js"):
        await page.locator(".launcher").hover()
    await page.wait_for_load_state("networkidle")
    assert visitor.sockets == []
    assert not [one for one in visitor.requests if " /chat" in one]
    assert await visitor.kept() == NOTHING

    async with page.expect_websocket():
        await visitor.open()
    assert visitor.sockets == [f"{visitor.base.replace('http', 'ws')}/chat/ws"]
    assert await visitor.context.cookies() == []


# -- a stranger ------------------------------------------------------------------------------------


async def test_a_stranger_is_greeted_and_has_to_prove_an_order(visitor: Visitor):
    await visitor.open()
    assert "welcome to Lumen & Oak" in await visitor.ask("Hello")
    assert "Which order" in await visitor.ask("Where is my order?")
    asked = await visitor.ask("AB204817")
    assert "e-mail address or phone number" in asked
    assert "UPS" not in asked
    refused = await visitor.ask("ben.okafor@example.org")
    assert "can't find an order AB204817" in refused
    assert "UPS" not in refused
    told = await visitor.ask("sorry, it must have been ada.byrne@example.com")
    assert "AB204817" in told
    assert "1Z999AA10304582716" in told

    assert await visitor.page.locator(".pending, .failed").count() == 0
    conversation = await visitor.bubbles()
    await visitor.reload()
    await visitor.open()
    await visitor.shows(*conversation)


async def test_choices_are_pressed_with_the_mouse(visitor: Visitor):
    await visitor.open()
    await visitor.ask("Please scrap order BK316409")
    assert "Shall I cancel order BK316409" in await visitor.ask("ben.okafor@example.org")
    assert await visitor.choices() == ["Yes, go ahead", "No, leave it"]
    said = len(await visitor.said_by("bot"))
    await visitor.page.locator(".choice", has_text="No").click()
    await visitor.answer(said)
    assert (await visitor.said_by("customer"))[-1] == "No, leave it"
    assert "Yes, go ahead" not in await visitor.choices()
    assert await visitor.focused() == "input"


async def test_choices_are_pressed_with_the_keyboard_alone(visitor: Visitor):
    page, keys = visitor.page, visitor.page.keyboard
    await page.locator("#copy").focus()
    await keys.press("Tab")
    assert "launcher" in await visitor.focused()
    await keys.press("Enter")
    await visitor.panel.wait_for()
    await until(visitor.focused, lambda one: one == "input")

    await keys.type("I want to return order BM448120")
    await keys.press("Enter")
    await visitor.answer(0)
    await keys.type("ben.okafor@example.org")
    await keys.press("Enter")
    assert "What is the reason?" in await visitor.answer(1)
    await page.locator(".choice").first.wait_for()
    offered = await visitor.choices()
    for _ in range(len(offered) + 4):
        await keys.press("Shift+Tab")
        if await page.locator(".choice").first.evaluate("(one) => one.matches(':focus')"):
            break
    assert await visitor.focused() == "choice"
    await keys.press("Enter")
    await visitor.answer(2)
    assert (await visitor.said_by("customer"))[-1] == offered[0]
    assert offered[0] not in await visitor.choices()
    assert await visitor.focused() == "input"


# -- in Chinese ------------------------------------------------------------------------------------


async def test_in_chinese_everything_is_chinese_and_a_person_is_asked_for(arrive: Arrive):
    visitor = await arrive(locale="zh-CN")
    page = visitor.page
    assert await page.locator(".launcher").get_attribute("aria-label") == "在线咨询 打开在线客服"
    await visitor.open()
    assert await page.locator("html").get_attribute("lang") == "zh-CN"
    assert await visitor.panel.get_attribute("lang") == "zh-CN"
    assert "欢迎光临木光生活" in await visitor.ask("你好")
    assert "订单号" in await visitor.ask("我的订单到哪了？")

    said = len(await visitor.said_by("bot"))
    await (
        page.get_by_role("button", name="转人工", exact=True)
        .and_(page.locator(".actions .person"))
        .click()
    )
    handed_over = await visitor.answer(said)
    queue = page.locator(".queue")
    await queue.wait_for()
    status = await queue.inner_text()
    number = re.search(r"工单 (T-\d+)", status)
    assert number is not None
    assert number[1] in handed_over
    # Outside the opening hours they are told when.
    assert re.search(r"预计等待(不到 1| \d+) 分钟|预计 (\d+月\d+日周. )?\d+:\d0 前后回复", status)
    assert re.fullmatch(r"排队中，您排在第 \d+ 位", await page.locator(".subtitle").inner_text())
    assert await page.locator(".actions .person").is_hidden()

    words = [NOT_TRANSLATED.sub("", text) for text in await page.evaluate(WORDS)]
    assert len(words) > 100
    assert [text for text in words if re.search(r"[A-Za-z]{2}", text)] == []


async def test_the_language_can_be_changed_while_the_chat_is_open(visitor: Visitor):
    await visitor.open()
    await visitor.ask("Hello")
    await visitor.page.locator("[data-language=zh]").click()
    button = visitor.page.locator(".actions .person")
    await until(button.inner_text, lambda text: text == "转人工")
    assert await visitor.page.locator(".title").inner_text() == "木光生活"
    assert await visitor.input.get_attribute("placeholder") == "请输入您的问题…"


# -- customers who are signed in -------------------------------------------------------------------


async def test_a_customer_is_known_until_sign_out_and_the_next_one_sees_nothing(visitor: Visitor):
    page = visitor.page
    await visitor.sign_in("ada")
    await visitor.open()
    told = await visitor.ask("Where is my order?")  # and is not asked which one
    assert "AB204817" in told
    assert "1Z999AA10304582716" in told
    assert "?" not in told
    of_ada = await visitor.bubbles()
    await visitor.input.fill("a draft of Ada's")
    await visitor.close()

    await visitor.sign_out()
    await visitor.watch()
    kept = await visitor.kept()
    assert [key for key in kept["local"] + kept["session"] if key.startswith("frontdesk")] == []
    await visitor.open()
    await page.locator(".intro").wait_for()
    assert await visitor.bubbles() == []
    assert await visitor.input.input_value() == ""
    assert "Which order" in await visitor.ask("Where is my order?")
    await visitor.close()

    await visitor.sign_in("ben")
    await visitor.open()
    await visitor.ask("what's happening with my delivery")
    await page.locator(".choice").first.wait_for()
    assert await visitor.choices() == ["BK316409 · paid", "BT902756 · dispatched"]
    shown = await visitor.watched()
    assert any("BK316409" in text for text in shown)
    assert [text for text in shown if "AB204817" in text or "draft" in text] == []
    await visitor.close()

    await visitor.sign_in("ada")  # without a sign-out between them
    await visitor.open()
    await visitor.shows(*of_ada)


async def test_sign_out_clears_the_other_tab_too(visitor: Visitor):
    await visitor.sign_in("mei")
    await visitor.open()
    await visitor.ask("我的订单到哪了？")
    other = type(visitor)(visitor.context, await visitor.context.new_page(), visitor.base)
    await other.visit()
    await other.page.locator("[data-customer=mei][aria-pressed=true]").wait_for()
    await other.open()
    await other.shows(*await visitor.bubbles())
    await other.close()

    await other.sign_out()
    await visitor.panel.wait_for(state="hidden")
    await visitor.open()
    await visitor.page.locator(".intro").wait_for()
    assert await visitor.bubbles() == []
    assert other.faults == []
