"""`/frontdesk`, the App Home, and tickets made of messages: what agents ask, in their language."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crm_store.records import TicketState
from tests.fake_slack import FakeSlack, live, readable
from tests.integration.slack.shift import CLEO, DAN, EVE, GUS, Shift, eventually, shift
from tests.integration.slack.workplace import furnish, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def at_work(playbook, sqlite_path) -> AsyncIterator[Shift]:
    async with FakeSlack(seed=1) as slack:
        furnish(slack)
        slack.add_channel("C_TALK", name="talk", members=[CLEO, DAN, EVE, GUS])
        async with shift(playbook, sqlite_path, slack) as at_work:
            yield at_work
        assert slack.violations == []
        assert slack.problems == []


async def answer(at_work: Shift, user: str, asked: str) -> str:
    """What somebody alone reads after they gave the command."""
    count = len(at_work.slack.ephemerals(user))
    await at_work.slack.command(user, "C_TALK", "/frontdesk", asked)
    await until(lambda: len(at_work.slack.ephemerals(user)) > count)
    line = at_work.slack.ephemerals(user)[-1]
    # What notifications show is no link to anybody.
    assert [e for e in line.live if e.kind not in ("date", "link") and e.where != "/text"] == []
    return line.readable


async def test_every_question_has_an_answer_in_the_askers_language(at_work: Shift) -> None:
    _, card = await at_work.taken()
    await at_work.idle()
    number = (await at_work.ticket(card)).number
    for user, words in (
        (CLEO, {"help": "takes it", "queue": "waiting", "mine": f"T-{number}"}),
        (DAN, {"help": "接手", "queue": "等待", "mine": "没有"}),
    ):
        for asked, wanted in words.items():
            assert wanted in await answer(at_work, user, asked), asked
        subject = {CLEO: "Wants to talk to a person", DAN: "要求转人工"}[user]
        assert subject in await answer(at_work, user, f"find T-{number}")
        assert "/frontdesk" in await answer(at_work, user, "")
        assert "<!channel>" in await answer(at_work, user, "<!channel> what")
        assert f"T-{number}" in await answer(at_work, user, f"find T-{number}")
        assert f"T-{number}" in await answer(at_work, user, f"FIND {number}")
        for nothing in ("find nobody@nowhere.example", "find ", "customer T-999999", "customer x"):
            assert await answer(at_work, user, nothing)


async def test_the_command_is_understood_in_chinese(at_work: Shift) -> None:
    _, card = await at_work.taken()
    await at_work.idle()
    number = (await at_work.ticket(card)).number
    for words, wanted in (
        ("帮助", "/frontdesk 查找"),
        ("队列", "处理中"),
        ("我的", "您手上没有工单"),
        (f"查找 T-{number}", f"T-{number}"),
        (f"查找T-{number}", f"T-{number}"),
        (f"查找　T-{number}", f"T-{number}"),
        ("查找", "请说明要查找什么"),
        ("客户", "请写明工单号"),
        ("客户 李雷", "请写明工单号"),
        ("客户 T-999999", "没有工单 T-999999"),
        ("离开", "已设为离开"),
        ("回来", "欢迎回来"),
    ):
        assert wanted in await answer(at_work, DAN, words), words
    await at_work.slack.command(DAN, "C_TALK", "/frontdesk", f"客户T-{number}")
    await until(lambda: at_work.slack.view_of(DAN))
    assert "/frontdesk customer T-1042" in await answer(at_work, CLEO, "customer")
    assert "look for" in await answer(at_work, CLEO, "find")


async def test_who_a_customer_is_opens_as_a_dialog(at_work: Shift) -> None:
    response = await at_work.client.post("/demo/sign-in", json={"customer": "ada"})
    _, card = await at_work.waiting(identity=(await response.json())["identity"])
    number = (await at_work.ticket(card)).number
    await at_work.slack.command(DAN, "C_TALK", "/frontdesk", f"customer T-{number}")
    view = await until(lambda: at_work.slack.view_of(DAN))
    shown = readable(view["blocks"])
    assert "Ada" in shown
    assert "ada.byrne@example.com" not in str(view)
    assert live({"blocks": view["blocks"]}) == []


async def test_going_away_and_coming_back(at_work: Shift) -> None:
    await answer(at_work, CLEO, "mine")
    id_ = f"{at_work.slack.team.id}:{CLEO}"
    for asked, away in (("away", True), ("away off", False), ("away ON", True), ("back", False)):
        assert await answer(at_work, CLEO, asked)
        assert (await at_work.store.agents.get(id_)).away is away
    assert "away maybe" in await answer(at_work, CLEO, "away maybe")


async def test_the_home_page_shows_tickets_queues_and_a_switch(at_work: Shift) -> None:
    await at_work.slack.open_home(CLEO)
    empty = await until(lambda: at_work.slack.home_of(CLEO))
    assert "You have no tickets" in readable(empty["blocks"])
    _, card = await at_work.taken()
    await at_work.idle()
    number = (await at_work.ticket(card)).number
    await at_work.slack.open_home(CLEO)
    await until(lambda: f"T-{number}" in _home(at_work, CLEO))
    assert "Your tickets (1 of 6)" in _home(at_work, CLEO)
    assert "waiting" in _home(at_work, CLEO)
    await at_work.slack.press_in_view(CLEO, "away", home=True)
    await until(lambda: "You are away" in _home(at_work, CLEO))
    await at_work.slack.press_in_view(CLEO, "away", home=True)
    await until(lambda: "You are here" in _home(at_work, CLEO))
    await card.press(DAN, "take_over")
    await at_work.becomes(card, assignee=f"{at_work.slack.team.id}:{DAN}")
    await at_work.slack.open_home(DAN)
    await until(lambda: "要求转人工" in _home(at_work, DAN))
    assert "Wants" not in _home(at_work, DAN)


def _home(at_work: Shift, user: str) -> str:
    view = at_work.slack.home_of(user)
    return readable(view["blocks"]) if view else ""


async def test_an_agent_who_speaks_to_the_bot_is_told_where_the_desk_is(at_work: Shift) -> None:
    direct = at_work.slack.workspace.direct([DAN]).id
    for text in ("你好", "我的工单呢", "转人工"):
        await at_work.slack.say_to_bot(DAN, text)
        await at_work.idle()
    told = [line.readable for line in at_work.slack.transcript(direct) if line.bot]
    assert len(told) == 1
    assert "/frontdesk 帮助" in told[0]
    at_work.clock.advance(minutes=61)
    await at_work.slack.say_to_bot(DAN, "在吗")
    await until(lambda: len([x for x in at_work.slack.transcript(direct) if x.bot]) == 2)
    # Elsewhere it is for them alone, and so it is on the desk, outside of threads.
    await at_work.slack.say("C_TALK", CLEO, "<@U0FRONTDESK> where are my tickets?")
    await until(lambda: "/frontdesk help" in at_work.slack.ephemerals(CLEO)[-1].readable)
    at_work.clock.advance(minutes=61)
    count = len(at_work.slack.ephemerals(CLEO))
    await at_work.slack.say("C_GENERAL", CLEO, "just between us")
    await at_work.slack.say("C_GENERAL", CLEO, "<@U0FRONTDESK> hello?")
    await until(lambda: len(at_work.slack.ephemerals(CLEO)) > count)
    await at_work.idle()
    assert len(at_work.slack.ephemerals(CLEO)) == count + 1
    assert not [x for x in at_work.slack.transcript("C_TALK", ephemeral=False) if x.bot]
    assert await at_work.store.conversations.at("slack", direct) is None


@pytest.mark.parametrize("user", [EVE, GUS])
async def test_whoever_does_not_work_here_learns_nothing(at_work: Shift, user: str) -> None:
    _, card = await at_work.taken()
    number = (await at_work.ticket(card)).number
    for asked in ("mine", "queue", "find T-1", f"customer T-{number}", "away", "help"):
        said = await answer(at_work, user, asked)
        assert f"T-{number}" not in said
        assert "agents" in said or "people" in said or "Guests" in said
    await at_work.slack.open_home(user)
    await until(lambda: "direct message" in _home(at_work, user))
    assert f"T-{number}" not in _home(at_work, user)
    assert at_work.slack.view_of(user) is None


async def test_a_command_of_another_workspace_is_not_even_taken_in(at_work: Shift) -> None:
    at_work.slack.workspace.users[EVE].team = "T0OTHER"
    await eventually(lambda: _introduced(at_work))
    await at_work.slack.command(EVE, "C_TALK", "/frontdesk", "mine")
    await at_work.slack.settled()
    await at_work.idle()
    assert not any("tickets (" in line.readable for line in at_work.slack.ephemerals(EVE))


async def _introduced(at_work: Shift) -> bool:
    return at_work.service.desk.platform.ourselves is not None


async def test_a_message_of_a_customer_in_slack_becomes_a_ticket(at_work: Shift) -> None:
    channel, ts = await at_work.slack.say_to_bot("U_ADA", "good morning")
    await until(lambda: at_work.slack.transcript(channel)[-1].bot)
    await at_work.idle()
    for user in (GUS, EVE):
        await at_work.slack.join(user, channel)
        await at_work.slack.shortcut(user, channel, ts, "create_ticket")
        await until(lambda user=user: at_work.slack.ephemerals(user))
        assert at_work.slack.view_of(user) is None
    await at_work.slack.join(CLEO, channel)
    await at_work.slack.shortcut(CLEO, channel, ts, "create_ticket")
    await until(lambda: at_work.slack.view_of(CLEO))
    await at_work.slack.submit(
        CLEO, {"subject": "<!channel> A lamp", "queue": "billing", "priority": "high"}
    )
    card = await at_work.card("C_BILLING")
    ticket = await at_work.ticket(card)
    assert (ticket.subject, ticket.priority, ticket.state) == (
        *("<!channel> A lamp", "high"),
        TicketState.NEW,
    )
    await until(lambda: any("good morning" in line.readable for line in card.thread))
    # A second one for the same conversation is refused.
    await at_work.slack.shortcut(CLEO, channel, ts, "create_ticket")
    told = await until(lambda: at_work.slack.ephemerals(CLEO)[-1].readable)
    assert f"T-{ticket.number}" in told
    assert at_work.slack.view_of(CLEO) is None


async def test_what_a_customer_wrote_to_nobody_becomes_a_ticket(at_work: Shift) -> None:
    at_work.slack.add_channel("C_TOWN", name="town", members=["U_ADA", CLEO])
    await at_work.slack.join(at_work.slack.bot_user, "C_TOWN")
    ts = await at_work.slack.say("C_TOWN", "U_ADA", "my lamp never came, by the way")
    ours = await at_work.slack.say("C_TOWN", CLEO, "oh dear")
    await at_work.slack.shortcut(CLEO, "C_TOWN", ours, "create_ticket")
    await until(lambda: "Nobody has asked" in at_work.slack.ephemerals(CLEO)[-1].readable)
    assert at_work.slack.view_of(CLEO) is None
    await at_work.slack.shortcut(CLEO, "C_TOWN", ts, "create_ticket")
    await until(lambda: at_work.slack.view_of(CLEO))
    await at_work.slack.submit(CLEO, {"subject": "Lamp", "queue": "billing", "priority": "high"})
    card = await at_work.card("C_BILLING")
    await until(lambda: any("my lamp never came" in line.readable for line in card.thread))
    await card.say(CLEO, "!We are looking for it")
    await until(
        lambda: any(
            "looking for it" in line.readable
            for line in at_work.slack.transcript("C_TOWN", thread_ts=ts)
        )
    )
