"""Promises about time, through the whole service with a clock that is moved by hand."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crm_store.records import Owner, TicketState
from tests.fake_slack import FakeSlack
from tests.integration.slack.shift import CLEO, DAN, HandClock, Shift, from_agent, shift, with_desk
from tests.integration.slack.workplace import furnish, until

if TYPE_CHECKING:
    from crm_store.records import Ticket

LEAD = "C_LEAD"


def direct(at_work: Shift, user: str) -> str:
    """What the bot wrote to somebody alone."""
    channel = at_work.slack.workspace.direct([user])
    return " | ".join(line.readable for line in at_work.slack.transcript(channel.id) if line.bot)


def until_then(clock: HandClock, ticket: Ticket) -> None:
    """Let it be the moment at which time itself does something."""
    assert ticket.alarm_at is not None
    clock.advance(seconds=(ticket.alarm_at - clock()).total_seconds() + 1)


async def test_agents_are_warned_before_and_the_lead_is_called_after(
    playbook: Any, sqlite_path: Any
) -> None:
    async with FakeSlack(seed=1) as slack:
        furnish(slack)
        slack.add_channel(LEAD, name="desk-lead", private=True, members=[CLEO])
        desk = with_desk(playbook, escalation_channel="desk-lead", requeue_after=None)
        async with shift(desk, sqlite_path, slack) as at_work:
            tab, card = await at_work.taken()
            number = f"T-{(await at_work.ticket(card)).number}"
            until_then(at_work.clock, await at_work.becomes(card, alarm="warn"))
            await until(lambda: any("is due" in line.readable for line in card.thread))
            await until(lambda: f"{number}: an answer is due" in direct(at_work, CLEO))
            assert slack.transcript(LEAD) == []
            until_then(at_work.clock, await at_work.becomes(card, alarm="breach"))
            await until(lambda: any("overdue" in line.readable for line in card.thread))
            await until(lambda: f"{number}: an answer is overdue" in direct(at_work, CLEO))
            told = await until(lambda: slack.transcript(LEAD)[-1])
            assert f"{number} · Unknown visitor · General help · With Cleo" in told.readable
            assert f"archives/{card.channel}/p{card.ts.replace('.', '')}" in str(told.blocks)
            await until(lambda: "overdue" in card.text)
            await card.say(CLEO, "!Sorry for the wait")
            assert (await from_agent(tab))["text"] == "Sorry for the wait"
            after = await at_work.becomes(card, reply_due=None)
            assert after.alarm_at is None
            await at_work.idle()
            assert direct(at_work, CLEO).count("overdue") == 1
            assert direct(at_work, DAN) == ""
        assert slack.violations == []


async def test_a_silent_agents_customer_goes_back_to_the_queue(
    playbook: Any, sqlite_path: Any
) -> None:
    async with FakeSlack(seed=1) as slack:
        furnish(slack)
        desk = with_desk(playbook, requeue_after=timedelta(minutes=5))
        async with shift(desk, sqlite_path, slack) as at_work:
            tab, card = await at_work.taken()
            until_then(at_work.clock, await at_work.becomes(card, alarm="requeue"))
            ticket = await at_work.becomes(card, assignee=None)
            assert ticket.state is TicketState.OPEN
            conversation = await at_work.store.conversations.get(ticket.conversation_id)
            assert conversation.owner is Owner.QUEUE
            assert (await tab.get("message"))["author"]["kind"] == "system"
            await until(lambda: "waited too long" in direct(at_work, CLEO))
            await until(lambda: "Nobody yet" in card.text)
            await card.press(DAN, "take")
            assert "丹丹" in (await tab.get("message"))["text"]
        assert slack.violations == []


@pytest.mark.parametrize(
    ("ask", "more", "noted"),
    [
        ("talk to a human", "and it is urgent", "I've noted that"),
        ("转人工", "挺急的，麻烦快点", "已为您记录"),
    ],
)
async def test_urgency_of_who_waits_is_noted_and_raises_the_priority(
    playbook: Any, sqlite_path: Any, ask: str, more: str, noted: str
) -> None:
    async with FakeSlack(seed=1) as slack:
        furnish(slack)
        async with shift(playbook, sqlite_path, slack) as at_work:
            tab, card = await at_work.waiting(ask)
            before = await at_work.becomes(card, priority="normal")
            answer = await tab.say(more)
            assert answer["text"].startswith(noted)
            assert not answer.get("choices")
            ticket = await at_work.becomes(card, priority="high")
            assert ticket.reply_due < before.reply_due
            assert ticket.first_reply_due <= before.first_reply_due
            assert ticket.alarm_at is not None
            assert ticket.alarm_at < before.alarm_at
            await until(lambda: "🔺" in card.text)
        assert slack.violations == []


async def test_what_somebody_had_who_left_goes_back_to_its_queue(
    playbook: Any, sqlite_path: Any
) -> None:
    async with FakeSlack(seed=1) as slack:
        furnish(slack)
        async with shift(playbook, sqlite_path, slack) as at_work:
            waiting_tab, waiting = await at_work.taken()
            answered_tab, answered = await at_work.taken()
            await answered.say(CLEO, "!What is your order number?")
            await from_agent(answered_tab)
            await answered.press(CLEO, "snooze", option="2h")
            await at_work.becomes(answered, state=TicketState.PENDING)
            _, dans = await at_work.waiting()
            await dans.press(DAN, "take")
            await at_work.becomes(dans, assignee=f"{slack.team.id}:{DAN}")
            desk = at_work.service.desk
            assert await desk.leavers.look() == 0
            for channel in [c for c in slack.workspace.channels if c.startswith("C_")]:
                await slack.leave(CLEO, channel)
            desk.office.roster.forget_channels()
            assert await desk.leavers.look() == 2
            assert "sorry about the wait" in (await waiting_tab.get("message"))["text"]
            for card in (waiting, answered):
                ticket = await at_work.becomes(card, assignee=None, state=TicketState.OPEN)
                conversation = await at_work.store.conversations.get(ticket.conversation_id)
                assert conversation.owner is Owner.QUEUE
                assert ticket.reply_due is not None
                assert ticket.alarm_at is not None
                assert ticket.snoozed_until is None
                await until(lambda card=card: "Cleo doesn't work" in card.thread[-1].readable)
            assert (await at_work.ticket(dans)).assignee is not None
            # Whose turn it was reads nothing of it.
            await at_work.idle()
            assert [m.text for m in await at_work.said(answered)][
                -1
            ] == "What is your order number?"
            # A bot that was thrown out of everywhere knows nothing about anybody.
            for channel in [c for c in slack.workspace.channels if c.startswith("C_")]:
                await slack.leave("U0FRONTDESK", channel)
            desk.office.roster.forget_channels()
            assert await desk.leavers.look() == 0
        assert slack.violations == []


async def test_tickets_are_given_to_who_has_room_until_they_fall_silent(
    playbook: Any, sqlite_path: Any
) -> None:
    async with FakeSlack(seed=1) as slack:
        furnish(slack)
        desk = with_desk(
            playbook, assign="balanced", capacity=1, requeue_after=timedelta(minutes=5)
        )
        async with shift(desk, sqlite_path, slack) as at_work:
            while not desk.sla.is_open(at_work.clock()):
                at_work.clock.advance(hours=1)
            _, nobodys = await at_work.waiting()
            await slack.open_home(CLEO)  # from here on she is known to be there
            given = await at_work.becomes(nobodys, state=TicketState.OPEN)
            assert given.assignee is not None
            assert given.assignee.endswith(CLEO)
            await until(lambda: "is yours" in direct(at_work, CLEO))
            _, second = await at_work.waiting()
            await slack.open_home(DAN)
            assert (await at_work.becomes(second, state=TicketState.OPEN)).assignee.endswith(DAN)
            _, third = await at_work.waiting()
            assert (await at_work.ticket(third)).assignee is None  # both have all they take
            await slack.press_in_view(DAN, "capacity", option="2", home=True)
            assert (await at_work.becomes(third, state=TicketState.OPEN)).assignee.endswith(DAN)
            until_then(at_work.clock, await at_work.becomes(nobodys, alarm="requeue"))
            await until(lambda: "You are away now" in direct(at_work, CLEO))
            away = await at_work.store.agents.get(given.assignee)
            assert away is not None
            assert away.away
        assert slack.violations == []
