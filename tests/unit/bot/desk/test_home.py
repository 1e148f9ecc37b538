"""The home page: Slack takes it however much there is, and it says what it leaves out."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bot.desk import home
from bot.desk.cards import card
from bot.desk.views import HomeView
from bot.desk.words import words
from crm_store.records import Owner, TicketState
from crm_store.tickets import QueueHealth
from tests.fake_slack.block_kit.check import view_problems
from tests.fake_slack.mrkdwn import live, readable
from tests.unit.bot.desk.test_cards import CLEO, NASTY, NOW, a_ticket, a_view

LINK = "https://x.slack.com/archives/C1/p1"


def a_home(count=1, words="A lamp", **more) -> HomeView:
    health = QueueHealth(queue="orders", waiting=3, taken=1, overdue=1, oldest=NOW)
    values = {
        "agent": CLEO,
        "tickets": tuple(a_ticket(number=n, subject=words) for n in range(1, count + 1)),
        "links": {1: LINK},
        "queues": ((words, health),) * 9,
        "capacity": 5,
        "given_up": (words,) * 20,
    }
    return HomeView(**values | more)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(NASTY), st.integers(0, 60), st.sampled_from(("en", "zh")), st.booleans())
def test_slack_takes_every_page_and_nothing_in_it_is_live(words, count, language, away) -> None:
    page = home.home(a_home(count, words, agent=replace(CLEO, away=away)), language)
    assert view_problems(page, "home") == []
    found = live({"blocks": page["blocks"]})
    assert {each.target for each in found if each.kind != "date"} <= {LINK}


def test_it_says_how_many_tickets_it_leaves_out() -> None:
    assert "… and 10 more" in readable(home.home(a_home(40), "en")["blocks"])


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("snoozed", [None, NOW])
@pytest.mark.parametrize("state", TicketState)
def test_a_ticket_stands_as_on_its_card(state, snoozed, language) -> None:
    ticket = a_ticket(state=state, snoozed_until=snoozed)
    owner = Owner.BOT if state is TicketState.PENDING else Owner.QUEUE
    shown = card(a_view(ticket, owner=owner), language, NOW, {}).blocks[1]["text"]["text"]
    in_words = shown.split(" · ")[1].strip("*")
    assert home.ticket_line(ticket, language).split(" · ")[2] == in_words
    assert words(f"state.{state}", language) == in_words or snoozed


def test_strangers_are_told_where_to_write() -> None:
    assert view_problems(home.stranger("zh"), "home") == []
