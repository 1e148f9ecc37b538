"""Linking a Slack account with a customer account, through the running service."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from bot.channels.slack.linking import MASK
from tests.integration.slack.customer_cast import Place, place_of
from tests.integration.slack.test_customers_choices import buttons, labels, line_at
from tests.integration.slack.workplace import until
from tests.integration.test_app import Tab, identity_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CODE = re.compile(r"LINK-\w{4}-\w{4}")


@pytest.fixture
async def place(playbook, tmp_path) -> AsyncIterator[Place]:
    async with place_of(playbook, tmp_path / "data") as place:
        yield place


async def a_code(place: Place, user: str = "U_ADA", words: str = "link") -> str:
    """Ask for a code and read it."""
    before = len(place.slack.ephemerals(user))
    await place.slack.say_to_bot(user, words)
    await until(lambda: len(place.slack.ephemerals(user)) > before)
    shown = CODE.search(place.slack.ephemerals(user)[-1].readable)
    assert shown is not None, place.slack.ephemerals(user)[-1].readable
    return shown[0]


async def signed_in(place: Place, customer: str = "ada", **more: Any) -> Tab:
    client = place.work.client
    return await place.work.customer(identity=await identity_of(client, customer), **more)


async def answer_to(tab: Tab, **frame: Any) -> dict[str, Any]:
    """Send something, and return what the bot says next."""
    await tab.send(**frame)
    await tab.get("ack")
    while True:
        message = await tab.get("message")
        if message["author"]["kind"] == "bot":
            return message


async def entered(tab: Tab, code: str, id_: str = "c1") -> dict[str, Any]:
    return await answer_to(tab, type="message", id=id_, text=code)


async def pressed(tab: Tab, asked: dict[str, Any], place: int, id_: str = "y1") -> dict[str, Any]:
    value = asked["choices"][place]["value"]
    return await answer_to(tab, type="choose", id=id_, seq=asked["seq"], value=value)


async def asked_in_slack(place: Place, user: str = "U_ADA") -> tuple[str, Any]:
    direct = place.slack.workspace.direct([user]).id
    line = await until(lambda: next(line for line in place.bots(direct) if "***" in line.readable))
    return direct, line


async def test_a_link_from_end_to_end(place: Place) -> None:
    await place.say("U_ADA", "hello")
    direct = place.slack.workspace.direct(["U_ADA"]).id
    before = await place.messages("U_ADA", direct)
    code = await a_code(place)
    tab = await signed_in(place)
    asked = await entered(tab, f" {code.lower()} ")
    assert "“Ada”" in asked["text"]
    assert asked["text"].endswith("yourself.")
    assert "confirm it in Slack" in (await pressed(tab, asked, 0))["text"]
    direct, question = await asked_in_slack(place)
    assert "A***" in question.readable
    assert "Byrne" not in question.readable
    assert labels(question) == ["Link", "Cancel"]
    await place.slack.press("U_ADA", direct, question.ts, "choose:0")
    done = await tab.get("message")
    assert "now linked" in done["text"]
    await until(lambda: "✓ Link" in line_at(place, direct, question.ts).readable)
    await place.settled()
    # From now on their orders are theirs; nothing has to be proved.
    _, answer = await place.say("U_ADA", "where is my order AB204817?")
    assert "1Z999AA10304582716" in answer.readable
    now = await place.messages("U_ADA", direct)
    assert now[0].text != before[0].text, "what was said before the link stays behind"
    assert "already" in (await again(place)) or "unlink" in (await again(place))
    # The code is kept nowhere.
    everything = await place.store.conversations.messages(
        tab.welcome["conversation"], after=0, limit=99
    )
    assert MASK in [m.text.strip() for m in everything]
    assert not any(CODE.search(m.text) for m in everything)
    # Undone in Slack.
    await place.slack.say(direct, "U_ADA", "unlink")
    await place.told("U_ADA", "no longer linked")
    _, answer = await place.say("U_ADA", "where is my order AB204817?")
    assert "e-mail" in answer.readable
    await place.slack.say(direct, "U_ADA", "unlink!")
    await place.told("U_ADA", "nothing to undo")


async def again(place: Place) -> str:
    before = len(place.slack.ephemerals("U_ADA"))
    await place.slack.say_to_bot("U_ADA", "link my account")
    await until(lambda: len(place.slack.ephemerals("U_ADA")) > before)
    return place.slack.ephemerals("U_ADA")[-1].readable


async def test_a_customer_undoes_it_in_the_web_chat_and_in_chinese(place: Place) -> None:
    code = await a_code(place, "U_LI", "绑定")
    assert "验证码" in place.slack.ephemerals("U_LI")[-1].readable
    tab = await signed_in(place, "lei", locale="zh-CN")
    asked = await entered(tab, code)
    assert "要把 Slack 账号“李雷”绑定到您的会员账号吗" in asked["text"]
    await pressed(tab, asked, 0)
    direct, question = await asked_in_slack(place, "U_LI")
    assert labels(question) == ["绑定", "取消"]
    await place.slack.press("U_LI", direct, question.ts, "choose:0")
    assert "已绑定" in (await tab.get("message"))["text"]
    undone = await answer_to(tab, type="message", id="u1", text="解绑")
    assert "已解除" in undone["text"]


async def test_an_answer_may_be_typed_on_either_side(place: Place) -> None:
    code = await a_code(place)
    tab = await signed_in(place)
    asked = await entered(tab, code)
    unclear = await answer_to(tab, type="message", id="u1", text="yes, but who is that?")
    assert (unclear["text"], unclear["choices"]) == (asked["text"], asked["choices"])
    agreed = await answer_to(tab, type="message", id="u2", text="Yes")
    assert "confirm it in Slack" in agreed["text"]
    direct, question = await asked_in_slack(place)
    await place.say("U_ADA", "ok?")
    again = place.bots(direct)[-1]
    assert (again.readable, labels(again)) == (question.readable, labels(question))
    assert await place.store.links.customer_of("slack", "T0DESK:U_ADA") is None
    await place.slack.say(direct, "U_ADA", "yes, link me")
    assert "now linked" in (await tab.get("message"))["text"]
    await until(lambda: "✓ Link" in line_at(place, direct, again.ts).readable)
    # Nobody is asked any more: a yes is small talk.
    later = await answer_to(tab, type="message", id="u3", text="yes")
    assert "link" not in later["text"].casefold()


async def test_a_typed_no_links_nobody_and_neither_does_anything_else(place: Place) -> None:
    code = await a_code(place, "U_LI", "绑定")
    tab = await signed_in(place, "lei", locale="zh-CN")
    await entered(tab, code)
    other = await answer_to(tab, type="message", id="o1", text="你们几点上班？")
    assert "绑定" not in other["text"]
    late = await answer_to(tab, type="message", id="o2", text="好的")
    assert "Slack" not in late["text"]
    await entered(tab, await a_code(place, "U_LI", "绑定"), "c2")
    assert "在那边再确认" in (await answer_to(tab, type="message", id="y2", text="是的"))["text"]
    direct, _ = await asked_in_slack(place, "U_LI")
    await place.slack.say(direct, "U_LI", "不是我")
    assert "没有绑定" in (await tab.get("message"))["text"]
    await place.told_in(direct, "没有绑定任何账号")
    assert await place.store.links.customer_of("slack", "T0DESK:U_LI") is None


async def test_chinese_words_are_answered_in_chinese(place: Place) -> None:
    await a_code(place, "U_ADA", "绑定")
    assert "验证码" in place.slack.ephemerals("U_ADA")[-1].readable
    await place.slack.say_to_bot("U_ADA", "解绑")
    await place.told("U_ADA", "目前没有绑定账号")
    tab = await signed_in(place)
    undone = await answer_to(tab, type="message", id="u1", text="解绑")
    assert "没有绑定账号" in undone["text"]


async def test_misuse_is_refused(place: Place) -> None:
    code = await a_code(place)
    stranger = await place.work.customer()
    assert "sign in first" in (await entered(stranger, code))["text"]
    tab, other = await signed_in(place), await signed_in(place, "ben")
    assert "isn't valid" in (await entered(other, "LINK-2345-6789"))["text"]
    asked = await entered(tab, code)
    # Another visitor: the code is used up, and the buttons are not theirs.
    assert "isn't valid" in (await entered(other, code, "c2"))["text"]
    await other.send(type="choose", id="x", seq=1, value=asked["choices"][0]["value"])
    assert (await other.get("nack"))["code"] == "invalid"
    assert "confirm it in Slack" in (await pressed(tab, asked, 0))["text"]
    direct, question = await asked_in_slack(place)
    # Cancelled in Slack: nothing is linked, and the press on the web is too late.
    await place.slack.press("U_ADA", direct, question.ts, "choose:1")
    assert "cancelled" in (await tab.get("message"))["text"]
    await place.told_in(direct, "nothing was linked")
    assert "isn't valid" in (await entered(tab, code, "c3"))["text"]
    # Cancelled in the web chat.
    code = await a_code(place)
    asked = await entered(tab, code, "c4")
    assert "nothing was linked" in (await pressed(tab, asked, 1, "n1"))["text"]
    await place.told_in(direct, "cancelled on the other side")
    # Guessing.
    for number in range(5):
        await entered(other, f"LINK-2345-678{number + 2}", f"g{number}")
    assert "too often" in (await entered(other, "LINK-2345-6789", "g9"))["text"]
    # Too many codes.
    await a_code(place)
    await place.slack.say_to_bot("U_ADA", "link")
    await place.told("U_ADA", "too often")
    assert await place.store.links.customer_of("slack", "T0DESK:U_ADA") is None


async def test_only_customers_and_only_alone(place: Place) -> None:
    await place.slack.say_to_bot("U_CLEO", "link")
    await place.told("U_CLEO", "work here")
    await place.slack.say("C_LOUNGE", "U_ADA", "<@U0FRONTDESK> link")
    await place.told("U_ADA", "direct message")
    await place.settled()
    code = await a_code(place)
    await place.slack.say_to_bot("U_ADA", code)
    await place.told("U_ADA", "belongs in the chat on the website")
    assert await place.conversations() == 1


async def test_not_while_a_person_works_for_them_and_a_button_for_the_word(place: Place) -> None:
    direct, asked = await place.say("U_BEN", "where is my order BK316409?")
    assert "link" in buttons(asked)
    await place.slack.press("U_BEN", direct, asked.ts, "link")
    await place.told("U_BEN", "LINK-")
    await place.say("U_BEN", "talk to a person")
    await place.slack.say(direct, "U_BEN", "link")
    await place.told("U_BEN", "colleague is working")
