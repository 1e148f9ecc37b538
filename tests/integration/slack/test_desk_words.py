"""What agents read is in their own language, and names things as people do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.fake_slack import FakeSlack
from tests.integration.slack.shift import CLEO, DAN, Shift, shift
from tests.integration.slack.workplace import furnish, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

AN_ID = re.compile(r"\b[a-z]+_[a-z_]+\b")


@pytest.fixture
async def at_work(playbook, sqlite_path) -> AsyncIterator[Shift]:
    async with FakeSlack(seed=1) as slack:
        furnish(slack)
        async with shift(playbook, sqlite_path, slack) as at_work:
            yield at_work
        assert slack.violations == []
        assert slack.problems == []


async def test_a_card_names_things_as_people_do(at_work: Shift) -> None:
    tab = await at_work.customer(locale="zh-CN")
    await tab.say("我的订单 AB204817 到哪了，买的蓝牙音箱，2026年12月4日前要到")
    await tab.say("转人工")
    card = await at_work.card("C_ORDERS")
    assert "Product: Walnut Bluetooth Speaker" in card.text
    assert "Date: Dec 4" in card.text
    await card.press(DAN, "take")
    await until(lambda: "丹丹" in card.text)
    for shown in (
        "商品：胡桃木蓝牙音箱",
        "订单号：AB204817",
        "日期：12月4日",
        "识别为“查询订单”、",
    ):
        assert shown in card.text
    assert AN_ID.findall(re.sub(r"<!date[^>]*>", "", card.text)) == []


async def test_what_was_chosen_is_named_by_its_label(at_work: Shift) -> None:
    tab = await at_work.customer(locale="zh-CN")
    await tab.say("转人工")
    card = await at_work.card()
    await tab.say("我想预约家居设计咨询")
    await card.press(CLEO, "take")
    await until(lambda: "Kind: Home-design consultation" in card.text)
    await card.press(DAN, "take_over")
    await until(lambda: "类型：家居设计咨询" in card.text)


async def test_what_stands_there_is_drawn_for_whoever_has_the_ticket(at_work: Shift) -> None:
    _, card = await at_work.taken()
    await until(lambda: "Before the hand-over" in card.thread[0].readable)
    await card.press(DAN, "take_over")
    await until(lambda: "转人工前的对话" in card.thread[0].readable)
    shown = card.thread[0]
    assert ("客户  talk to a human" in shown.readable, shown.text) == (True, "转人工前的对话")
    await card.press(DAN, "move", option="billing")
    await until(lambda: "has moved to" in card.text)
    there = await at_work.card("C_BILLING")
    await until(lambda: there.thread)
    await there.press(DAN, "take")
    await until(lambda: "已转到" in card.text)
    await until(lambda: "转人工前的对话" in there.thread[0].readable)
    await until(lambda: "接管" in there.text)
    await there.press(CLEO, "take_over")
    await until(lambda: "has moved to" in card.text)
