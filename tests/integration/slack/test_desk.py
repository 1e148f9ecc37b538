"""The desk, end to end: a customer in a browser tab, agents in Slack, nothing between faked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fake_slack import FakeSlack
from tests.integration.slack.workplace import Workplace, furnish, until, workplace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture(params=["sockets", "http"])
async def at_work(request, playbook, tmp_path) -> AsyncIterator[Workplace]:
    async with FakeSlack(seed=1) as slack:
        furnish(slack)
        http = request.param == "http"
        async with workplace(playbook, tmp_path / "data", slack, http=http) as place:
            yield place
        assert slack.violations == []


async def test_a_customer_asks_for_a_person_and_gets_one(at_work: Workplace) -> None:
    tab = await at_work.customer(locale="zh-CN")
    assert "T-" in (await tab.say("转人工"))["text"]
    card = await at_work.card()
    await card.press("U_CLEO", "take")
    joined = await tab.get("message")
    assert "Cleo" in joined["text"]
    await card.say("U_DAN", "他是老客户")
    await card.say("U_CLEO", "!您好，我来帮您")
    answer = await tab.get("message")
    assert (answer["author"], answer["text"]) == (
        {"kind": "agent", "name": "Cleo"},
        "您好，我来帮您",
    )
    await card.press("U_CLEO", "resolve")
    asked = await tab.get("message")
    assert next(choice["value"] for choice in asked["choices"]) == "rate:5"
    await tab.send(type="rate", id="r1", score=5, comment="快")
    assert (await tab.get("ack"))["id"] == "r1"
    await until(lambda: "★★★★★" in card.text)
