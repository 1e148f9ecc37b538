"""A desk in trouble: channels that are shut, tokens taken back, a Slack that is down or slow."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from bot.desk.posts import CARDS
from bot.slack.limits import BUDGETS
from crm_store.drafts import PostDraft
from crm_store.records import AuthorKind
from tests.fake_slack import FakeSlack, faults, readable
from tests.integration.slack.shift import CLEO, DAN, EVE, Shift, eventually, from_agent, shift
from tests.integration.slack.workplace import Card, furnish, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

DEFAULT = "C_GENERAL"


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack(seed=1) as slack:
        furnish(slack)
        yield slack
        assert slack.violations == []
        assert slack.problems == []


@pytest.fixture
async def at_work(playbook, sqlite_path, slack) -> AsyncIterator[Shift]:
    async with shift(playbook, sqlite_path, slack) as at_work:
        yield at_work


def all_lines(card: Card, count: int) -> str | None:
    """What the bot put into a thread, once so many lines that end in ";" are there."""
    shown = " ".join(line.readable for line in card.thread if line.bot)
    return shown if shown.count(";") == count else None


def card_with(at_work: Shift, words: str) -> Card:
    """The card in the default channel under which these words stand."""
    lines = [line for line in at_work.slack.transcript(DEFAULT) if line.bot]
    cards = [Card(at_work.slack, DEFAULT, line.ts) for line in lines]
    return next(c for c in cards if any(words in line.readable for line in c.thread))


async def test_a_channel_without_the_bot_is_replaced_by_the_default_one(at_work: Shift) -> None:
    _, card = await at_work.waiting()
    await at_work.slack.leave(at_work.slack.bot_user, "C_BILLING")
    at_work.service.desk.office.roster.forget_channels()
    await card.press(CLEO, "take")
    await card.press(CLEO, "move", option="billing")
    await at_work.becomes(card, queue="billing")
    await until(lambda: "Payments and invoices" in card.text)
    assert card.channel == DEFAULT
    await at_work.slack.open_home(CLEO)
    home = await until(lambda: at_work.slack.home_of(CLEO))
    assert "The bot is not in #desk-billing" in readable(home["blocks"])
    # Invited again, it moves.
    await at_work.slack.join(at_work.slack.bot_user, "C_BILLING")
    await card.press(CLEO, "priority", option="high")
    there = await at_work.card("C_BILLING")
    await until(lambda: "has moved" in card.text)
    assert "High" in there.text


async def test_a_channel_that_is_archived_hands_its_tickets_to_the_default_one(
    at_work: Shift,
) -> None:
    tab, card = await at_work.waiting("I was charged twice, talk to a human")
    if card.channel == DEFAULT:
        await card.press(CLEO, "move", option="billing")
        card = await at_work.card("C_BILLING")
    await at_work.ticket(card)
    await at_work.idle()
    await at_work.slack.archive(card.channel, CLEO)
    await tab.send(type="message", id="m1", text="is anybody there?")
    there = await until(lambda: card_with(at_work, "is anybody there?"))
    assert there.ts > card.ts
    # What was lost on the way is told of on the card, and on the home page.
    await until(lambda: "could not be shown" in there.text)
    await at_work.slack.open_home(CLEO)
    await until(lambda: at_work.slack.home_of(CLEO))
    assert "archived" in readable(at_work.slack.home_of(CLEO)["blocks"])
    await there.press(CLEO, "take")
    await there.say(CLEO, "!Yes, I am")
    assert (await from_agent(tab))["text"] == "Yes, I am"


async def test_a_token_that_is_taken_back_keeps_no_customer_from_being_served(
    at_work: Shift,
) -> None:
    _, card = await at_work.taken()
    await at_work.idle()
    slack = at_work.slack
    slack.revoke()
    first = await at_work.customer()
    await first.say("hello")
    await first.say("talk to a human")
    await until(lambda: at_work.service.desk.office.api.state.value == "shut_out")
    at_work.seconds.advance(61)
    tab = await at_work.customer(locale="zh-CN")
    assert "比平时慢" in (await tab.say("转人工"))["text"]
    assert "longer than usual" in (await _handed_over(at_work))["text"]
    await tab.send(type="message", id="m1", text="还在吗")
    slack.tokens[slack.bot_token].revoked = False
    await until(lambda: len([line for line in slack.transcript(DEFAULT) if line.bot]) == 4)
    assert slack.transcript(DEFAULT)[0].ts == card.ts
    await until(lambda: card_with(at_work, "还在吗"))
    assert await at_work.store.outbox.given_up() == ()


@pytest.mark.parametrize("known", [False, True], ids=["before the card", "behind it"])
async def test_what_was_said_before_an_end_that_came_first_is_shown(
    at_work: Shift, known: bool
) -> None:
    tab = (await at_work.waiting())[0] if known else await at_work.customer()
    await at_work.idle()
    plans = at_work.service.desk.relay.plans
    delivery, plans._delivery = plans._delivery, None  # the desk hears nothing for a while
    if not known:
        await tab.say("talk to a human")
    await tab.send(type="message", id="m1", text="never mind, I found it")
    await tab.get("ack")
    await tab.send(type="end", id="e1")
    await tab.get("ack")
    await tab.say("hello again")
    plans._delivery = delivery
    (ticket,) = await at_work.store.tickets.of_conversation(tab.welcome["conversation"])
    plans.news(ticket.number)
    card = await until(lambda: card_with(at_work, "never mind"))
    await at_work.idle()
    shown = " ".join(line.readable for line in card.thread if line.bot)
    assert "talk to a human" in shown
    assert shown.count("never mind") == 1
    assert "hello again" not in shown


async def _handed_over(at_work: Shift) -> dict[str, str]:
    tab = await at_work.customer()
    return await tab.say("talk to a human")


async def test_while_slack_is_down_nothing_is_lost_and_agents_go_first(at_work: Shift) -> None:
    tab, card = await at_work.taken()
    await at_work.idle()
    slack = at_work.slack
    slack.down = True
    for number in range(6):
        await tab.send(type="message", id=f"m{number}", text=f"line {number};")
        await tab.get("ack")
    other = await at_work.customer()
    await other.say("talk to a human")
    await until(lambda: at_work.service.desk.office.api.state.value == "unreachable")
    at_work.seconds.advance(601)
    at_work.clock.advance(minutes=10)
    late = await at_work.customer()
    assert "longer than usual" in (await late.say("talk to a human"))["text"]
    # What was typed while nobody heard it is delivered when Slack is back.
    await card.say(CLEO, "!Sorry, Slack was down")
    slack.down = False
    await slack.connected()
    assert (await from_agent(tab))["text"] == "Sorry, Slack was down"
    await until(lambda: len([c for c in slack.transcript(DEFAULT) if c.bot]) == 3)
    text = await until(lambda: all_lines(card, 6))
    places = [text.index(f"line {number};") for number in range(6)]
    assert places == sorted(places)
    await at_work.idle()
    assert await at_work.store.outbox.given_up() == ()
    assert await at_work.store.inbox.parked() == 0


@pytest.mark.parametrize(
    "fault",
    [
        faults.reset_after(),
        faults.error("internal_error", processed=True),
        faults.status(504, processed=True),
        faults.hang(processed=True),
    ],
    ids=["reset", "internal_error", "504", "hang"],
)
async def test_a_card_and_a_line_whose_answer_got_lost_are_there_once(
    at_work: Shift, fault: faults.Fault
) -> None:
    at_work.slack.faults.on_call(fault, method="chat.postMessage", nth=1)
    tab, card = await at_work.waiting("one, talk to a human")
    await at_work.idle()
    at_work.slack.faults.on_call(fault, method="chat.postMessage", nth=1)
    await tab.send(type="message", id="m1", text="two")
    await until(lambda: any("two" in line.readable for line in card.thread))
    await at_work.idle()
    assert len([line for line in at_work.slack.transcript(DEFAULT) if line.bot]) == 1
    assert sum("two" in line.readable for line in card.thread) == 1
    assert sum("one, talk" in line.readable for line in card.thread) == 1


async def test_a_pause_that_slack_asks_for_is_no_failure(at_work: Shift) -> None:
    at_work.slack.faults.on_call(faults.ratelimited(1), method="chat.postMessage", times=1)
    at_work.slack.faults.on_call(faults.rate_limited_body(), method="reactions.add", times=1)
    _, card = await at_work.waiting()
    post = await at_work.store.outbox.of_message((await at_work.ticket(card)).conversation_id, 1)
    assert not any(each.last_error for each in post)
    paused = [c for c in at_work.slack.calls if c.method == "chat.postMessage"]
    assert len(paused) >= 2


async def test_many_lines_at_once_are_merged_in_order(playbook, sqlite_path, slack) -> None:
    # At Slack's own pace: one post a second.
    async with shift(playbook, sqlite_path, slack, pace=BUDGETS) as at_work:
        tab, card = await at_work.taken()
        for number in range(16):
            await tab.send(type="message", id=f"m{number}", text=f"line {number};")
        text = await until(lambda: all_lines(card, 16))
        places = [text.index(f"line {number};") for number in range(16)]
        assert places == sorted(places)
        assert len(card.thread) < 12


async def test_a_desk_without_channels_waits_for_its_bot(playbook, sqlite_path, slack) -> None:
    for channel in list(slack.workspace.channels):
        await slack.leave(slack.bot_user, channel)
    async with shift(playbook, sqlite_path, slack) as at_work:
        tab = await at_work.customer()
        await tab.say("talk to a human")
        await at_work.slack.settled()
        assert not at_work.slack.transcript(DEFAULT, ephemeral=False)
        await at_work.slack.join(slack.bot_user, DEFAULT)
        card = await at_work.card(DEFAULT)
        await card.press(CLEO, "take")
        assert "Cleo" in (await tab.get("message"))["text"]


async def test_a_plan_that_fails_is_made_again_soon(playbook, sqlite_path, slack) -> None:
    slack.faults.on_call(faults.status(503), method="users.conversations", times=2)
    async with shift(playbook, sqlite_path, slack) as at_work:
        _, card = await at_work.waiting()
        assert "T-" in card.text


async def test_news_of_a_ticket_that_is_not_there_ends(at_work: Shift) -> None:
    relay = at_work.service.desk.relay
    relay.news(999_999)
    await until(lambda: 999_999 not in relay.plans.tasks)
    _, card = await at_work.waiting()
    gone = PostDraft(lane_key=f"desk:{card.channel}", kind="desk.card", payload={"ticket": 999_999})
    await at_work.service.desk.office.hands.post(gone)
    await at_work.service.desk.office.hands.post(
        PostDraft(lane_key=CARDS, kind="desk.update", payload={"thread": 999_999})
    )
    await at_work.idle()
    assert [post.kind for post in await at_work.store.outbox.given_up()] == ["desk.card"]


async def test_a_crowd_of_agents_and_customers_stays_in_order(at_work: Shift) -> None:
    tabs = [await at_work.taken() for _ in range(3)]
    for number in range(4):
        for place, (tab, card) in enumerate(tabs):
            await tab.send(type="message", id=f"m{number}", text=f"c{place}.{number};")
            await card.say(CLEO if number % 2 else DAN, f"!a{place}.{number};")
            await card.say(DAN, f"psst {place}.{number}")
    await at_work.slack.settled()
    await at_work.idle()
    for place, (_, card) in enumerate(tabs):
        said = await at_work.said(card)
        agents = [m.text for m in said if m.author is AuthorKind.AGENT]
        assert agents == [f"a{place}.{number};" for number in range(4)]
        assert "psst" not in " ".join(m.text for m in said)
        shown = " ".join(line.readable for line in card.thread if line.bot)
        assert [shown.count(f"c{place}.{number};") for number in range(4)] == [1] * 4
    await asyncio.sleep(0)
    assert await eventually(lambda: _no_more(at_work))


async def _no_more(at_work: Shift) -> bool:
    return await at_work.store.outbox.lanes() == ()


async def test_what_was_said_while_nobody_listened_is_found_after_the_restart(
    playbook: Any, sqlite_path: Any
) -> None:
    async with FakeSlack(seed=1) as slack:
        furnish(slack)
        async with shift(playbook, sqlite_path, slack) as at_work:
            _, card = await at_work.taken()
            alone, _ = await slack.say_to_bot(EVE, "hello")
            await until(lambda: any(line.bot for line in slack.transcript(alone)))
            await at_work.idle()
            silent_from = at_work.clock()
        # Slack gives up after some minutes; from then on nobody will tell of this.
        await card.say(CLEO, "!I'm looking into it")
        await card.say(CLEO, "a bit strange, this one")
        await slack.say(alone, EVE, "where is my order AB123456?")
        asked = len([line for line in slack.transcript(alone) if line.bot])
        await asyncio.sleep(0.05)  # they are on their way
        await slack.delivery.close()
        async with shift(playbook, sqlite_path, slack) as at_work:
            desk = at_work.service.desk
            assert desk is not None
            desk._gap((at_work.clock() - silent_from).total_seconds())
            await desk._look_back()
            await at_work.idle()
            said = [message.text for message in await at_work.said(card)]
            assert said.count("I'm looking into it") == 1
            assert not any("strange" in text for text in said)
            await until(
                lambda: len([line for line in slack.transcript(alone) if line.bot]) == asked + 1
            )
            # Looking again finds nothing new.
            assert await desk._backfill.look(silent_from) == 0
        assert slack.violations == []


async def test_a_card_whose_drawing_slack_refuses_is_still_there(at_work: Shift) -> None:
    at_work.slack.faults.on_call(faults.error("invalid_blocks"), method="chat.postMessage", times=1)
    tab, card = await at_work.waiting()
    await card.react(CLEO, "eyes")
    assert "Cleo" in (await tab.get("message"))["text"]


async def test_the_service_starts_while_slack_is_down(playbook: Any, sqlite_path: Any) -> None:
    async with FakeSlack(seed=1) as slack:
        furnish(slack)
        slack.down = True
        asyncio.get_running_loop().call_later(1.5, setattr, slack, "down", False)
        async with shift(playbook, sqlite_path, slack) as at_work:
            tab, card = await at_work.waiting()
            await card.press(CLEO, "take")
            assert "Cleo" in (await tab.get("message"))["text"]
        assert slack.violations == []
