"""Buttons, thumbs and forms of customers in Slack, through the running service."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crm_store.records import AuthorKind
from tests.fake_slack.interactions import NotPossible
from tests.integration.slack.customer_cast import Place, place_of
from tests.integration.slack.workplace import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.fake_slack.transcript import Line

BOT = "<@U0FRONTDESK>"


@pytest.fixture
async def place(playbook, tmp_path) -> AsyncIterator[Place]:
    async with place_of(playbook, tmp_path / "data") as place:
        yield place


def buttons(line: Line) -> list[str]:
    return [e["action_id"] for b in line.blocks if b["type"] == "actions" for e in b["elements"]]


def labels(line: Line) -> list[str]:
    found = (b["elements"] for b in line.blocks if b["type"] == "actions")
    return [e["text"]["text"] for elements in found for e in elements]


async def confirmation(place: Place, user: str = "U_ADA") -> tuple[str, Line]:
    """The bot asks yes or no."""
    await place.say(user, "Please scrap order BK316409")
    direct, asked = await place.say(user, "ben.okafor@example.org")
    return direct, asked


def line_at(place: Place, channel: str, ts: str) -> Line:
    everything = place.slack.transcript(channel)
    return next(line for line in everything if line.ts == ts)


async def test_a_choice_takes_the_place_of_its_buttons(place: Place) -> None:
    direct, asked = await confirmation(place)
    assert buttons(asked)[:2] == ["choose:0", "choose:1"], asked.readable
    await place.slack.press("U_ADA", direct, asked.ts, "choose:1")
    await until(lambda: not buttons(line_at(place, direct, asked.ts)))
    await place.settled()
    assert "✓ No, leave it" in line_at(place, direct, asked.ts).readable
    said = await place.messages("U_ADA", direct)
    # What is pressed is done at once, side by side: which of two wins is chance, but one does.
    assert [m.value for m in said if m.value] in (["confirm:no"], ["confirm:yes"])


async def test_pressing_twice_counts_once(place: Place) -> None:
    direct, asked = await confirmation(place)
    slack = place.slack
    await slack.press("U_ADA", direct, asked.ts, "choose:1")
    # The buttons may be faster gone than pressed.
    with suppress(NotPossible):
        await slack.press("U_ADA", direct, asked.ts, "choose:1")
        await slack.press("U_ADA", direct, asked.ts, "choose:0")
    await place.settled()
    said = await place.messages("U_ADA", direct)
    assert [m.value for m in said if m.value] == ["confirm:no"]


async def test_a_question_that_another_followed_is_answered_no_more(place: Place) -> None:
    direct, old = await confirmation(place)
    await place.say("U_ADA", "no")
    _, new = await place.say("U_ADA", "I want to return something from AB204817")
    await place.slack.press("U_ADA", direct, old.ts, "choose:0")
    await place.told("U_ADA", "earlier question")
    await until(lambda: not buttons(line_at(place, direct, old.ts)))
    said = await place.messages("U_ADA", direct)
    assert not [m for m in said if m.value]
    await place.slack.react("U_ADA", direct, old.ts, "+1")
    await place.settled()
    assert not [m for m in await place.messages("U_ADA", direct) if m.value]
    assert new.ts != old.ts


async def test_only_the_customer_of_a_conversation_presses(place: Place) -> None:
    root = await place.slack.say("C_LOUNGE", "U_ADA", f"{BOT} my invoice")
    await until(lambda: place.bots("C_LOUNGE", root))
    await place.slack.say("C_LOUNGE", "U_ADA", "cancel order BK316409", thread_ts=root)
    await until(lambda: len(place.bots("C_LOUNGE", root)) > 1)
    await place.settled()
    asked = place.bots("C_LOUNGE", root)[-1]
    assert buttons(asked), asked.readable
    for user in ("U_BEN", "U_CLEO"):
        await place.slack.press(user, "C_LOUNGE", asked.ts, buttons(asked)[0])
        await place.told(user, "person I asked")
    await place.slack.press(
        "U_ADA", "C_LOUNGE", asked.ts, "fill", forged={"action_id": "choose:99"}
    )
    await place.settled()
    assert len(await place.messages("U_ADA", f"C_LOUNGE/{root}")) == 4
    assert place.slack.view_of("U_BEN") is None


async def test_a_thumb_on_a_question_answers_it(place: Place) -> None:
    direct, asked = await confirmation(place)
    await place.slack.react("U_ADA", direct, asked.ts, "tada")
    await place.slack.react("U_ADA", direct, asked.ts, "-1::skin-tone-3")
    await until(lambda: not buttons(line_at(place, direct, asked.ts)))
    await place.settled()
    said = await place.messages("U_ADA", direct)
    assert [m.value for m in said if m.value] == ["confirm:no"]
    await place.slack.unreact("U_ADA", direct, asked.ts, "tada")
    await place.settled()
    assert len(await place.messages("U_ADA", direct)) == len(said)


async def fill(place: Place, user: str, asked: Line, channel: str) -> dict[str, Any]:
    await place.slack.press(user, channel, asked.ts, "fill")
    view: dict[str, Any] = await until(lambda: place.slack.view_of(user))
    return view


async def errors(place: Place, user: str) -> dict[str, str]:
    view = place.slack.view_of(user)
    return view["errors"] if view else {}


async def test_an_order_and_a_contact_are_filled_in(place: Place) -> None:
    direct, asked = await place.say("U_ADA", "where is my order?")
    assert "Fill in a form" in labels(asked)
    await fill(place, "U_ADA", asked, direct)
    await place.slack.submit("U_ADA", {"order": "what?"})
    assert "two letters" in (await errors(place, "U_ADA"))["order"]
    await place.slack.submit("U_ADA", {"order": "ab204817"})
    assert place.slack.view_of("U_ADA") is None
    await until(lambda: "✓ Filled in" in line_at(place, direct, asked.ts).readable)
    await place.settled()
    asked = place.bots(direct)[-1]
    assert "Link my account" in labels(asked)
    await fill(place, "U_ADA", asked, direct)
    await place.slack.submit("U_ADA", {"contact": "nobody"})
    assert (await errors(place, "U_ADA"))["contact"]
    await place.slack.submit("U_ADA", {"contact": "ada.byrne@example.com"})
    await until(lambda: any("1Z999AA1" in line.readable for line in place.bots(direct)))
    said = await place.messages("U_ADA", direct)
    mine = [m.text for m in said if m.author is AuthorKind.CUSTOMER]
    assert mine == ["where is my order?", "ab204817", "ada.byrne@example.com"]


async def test_an_address_is_filled_in_without_standing_in_the_channel(place: Place) -> None:
    channel = "C_LOUNGE"
    root = await place.slack.say(channel, "U_LI", f"{BOT} 我想添加一个收货地址")
    await until(lambda: place.bots(channel, root))
    await place.settled()
    asked = place.bots(channel, root)[-1]
    assert "填写表单" in labels(asked), asked.readable
    view = await fill(place, "U_LI", asked, channel)
    assert view["title"]["text"] == "您的回答"
    await place.slack.submit("U_LI", {"address": "北京"})
    assert "太短" in (await errors(place, "U_LI"))["address"]
    address = "李雷 13800138000 上海市浦东新区世纪大道100号3楼"
    await place.slack.submit("U_LI", {"address": address})
    await place.settled()
    said = await place.messages("U_LI", f"{channel}/{root}")
    assert said[2].text == address
    assert "世纪大道" not in line_at_thread(place, channel, root, asked.ts).readable


def line_at_thread(place: Place, channel: str, root: str, ts: str) -> Line:
    return next(line for line in place.bots(channel, root) if line.ts == ts)


async def test_a_day_and_a_time_are_chosen(place: Place) -> None:
    direct, asked = await place.say("U_LI", "我想预约到店看沙发")
    for _ in range(4):
        if "填写表单" in labels(asked):
            break
        await place.slack.press("U_LI", direct, asked.ts, "choose:0")
        count = len(place.bots(direct))
        await until(lambda count=count: len(place.bots(direct)) > count)
        await place.settled()
        asked = place.bots(direct)[-1]
    view = await fill(place, "U_LI", asked, direct)
    kinds = [b["element"]["type"] for b in view["blocks"] if b["type"] == "input"]
    assert kinds == ["datepicker", "timepicker"], asked.readable
    await place.slack.submit("U_LI", {"date": "2020-01-01", "time": "10:00"})
    assert "过去" in (await errors(place, "U_LI"))["date"]
    day = datetime.now(UTC) + timedelta(days=3)
    await place.slack.submit("U_LI", {"date": f"{day:%Y-%m-%d}", "time": "10:30"})
    assert place.slack.view_of("U_LI") is None
    await place.settled()
    said = await place.messages("U_LI", direct)
    mine = [m.text for m in said if m.author is AuthorKind.CUSTOMER]
    assert mine[-1] == f"{day.year}年{day.month}月{day.day}日 10:30"


async def test_a_form_of_another_time_or_person(place: Place) -> None:
    direct, asked = await place.say("U_ADA", "where is my order?")
    view = await fill(place, "U_ADA", asked, direct)
    # Somebody makes up that it is about another conversation.
    await place.say("U_BEN", "where is my order?")
    bens = place.slack.workspace.direct(["U_BEN"]).id
    found = await place.store.conversations.find("T0DESK:U_BEN", channel="slack", address=bens)
    forged = view["private_metadata"].replace(
        view["private_metadata"].split('"')[3], found.conversation.id
    )
    await place.slack.submit("U_ADA", {"order": "AB204817"}, forged={"private_metadata": forged})
    await place.settled()
    assert len(await place.messages("U_BEN", bens)) == 2
    assert len(await place.messages("U_ADA", direct)) == 2
    # The question was answered meanwhile.
    await place.say("U_ADA", "never mind")
    await place.say("U_ADA", "hello")
    await place.slack.press("U_ADA", direct, asked.ts, "fill")
    await place.told("U_ADA", "earlier question")


def cards(line: Line) -> list[str]:
    return [block["text"]["text"] for block in line.blocks if block["type"] == "section"]


async def test_goods_are_shown_as_cards_that_stay_when_one_was_chosen(place: Place) -> None:
    direct, asked = await place.say("U_ADA", "can you recommend me something?")
    await place.slack.press("U_ADA", direct, asked.ts, "choose:0")
    shown = await until(lambda: next(line for line in place.bots(direct) if cards(line)))
    assert len(cards(shown)) == 3
    names = labels(shown)[:3]
    for card, name in zip(cards(shown), names, strict=True):
        assert f"*{name}*" in card
        assert name in shown.readable
    await place.slack.press("U_ADA", direct, shown.ts, "choose:0")
    await until(lambda: not buttons(line_at(place, direct, shown.ts)))
    assert len(cards(line_at(place, direct, shown.ts))) == 3
    await place.settled()
    told = place.bots(direct)[-1]
    assert [names[0] in card for card in cards(told)] == [True]


async def test_an_order_has_its_card_once_it_is_proved(place: Place) -> None:
    await place.say("U_ADA", "where is my order AB204817?")
    _, told = await place.say("U_ADA", "ada.byrne@example.com")
    (card,) = cards(told)
    assert "*Order AB204817* · dispatched" in card
