"""The desk's dialogs: Slack takes them all, and what comes back is only a hint."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.desk import modals
from bot.desk.views import MacroChoice, Profile
from crm_store.records import Customer
from tests.fake_slack.block_kit.check import view_problems
from tests.fake_slack.mrkdwn import live, readable
from tests.unit.bot.desk.test_cards import NASTY, a_ticket, a_view, an_order
from tests.unit.bot.desk.test_lines import a_message

WORDS = st.sampled_from(NASTY) | st.text(max_size=80)
LANGUAGES = st.sampled_from(("en", "zh"))


def check(view) -> None:
    assert view_problems(view, "modal") == []
    assert [each for each in live({"blocks": view["blocks"]}) if each.kind != "date"] == []


@settings(max_examples=40, deadline=None)
@given(WORDS, LANGUAGES)
def test_dialogs(words, language) -> None:
    view = a_view(said=words)
    queues = {"orders": "Orders", "vip": "Gold"}
    check(modals.reply(10**9, [a_message(words)] * 6, language, text=words))
    check(
        modals.macros(1, [MacroChoice(name="sorry", label="Sorry", preview=words or "-")], language)
    )
    check(modals.correct_intent(view, {"track_order": "Track", "refund": "Refund"}, language))
    check(modals.correct_need(view, {"order_and_delivery": "Orders"}, language))
    check(modals.merge(10**9, language))
    check(modals.create_ticket(modals.About(channel="C1", ts="1.2"), words, queues, language))
    check(modals.revealed(Customer(id="ada", name=words, address=words), language))
    check(
        modals.profile(
            Profile(
                customer=Customer(id="ada", name=words, tier=words),
                verified=True,
                orders=tuple(an_order(words) for _ in range(20)),
                tickets=(a_ticket(),) * 20,
                spend=words,
                needs=(words,),
                language=language,
            )
        )
    )


def test_a_shop_without_macros_still_has_the_dialog() -> None:
    check(modals.macros(1, [], "en"))


def test_a_profile_says_how_much_it_leaves_out() -> None:
    profile = Profile(
        customer=Customer(id="ada"),
        verified=True,
        orders=tuple(an_order(f"AB{n}") for n in range(20)),
        tickets=(),
        spend="",
        needs=(),
        language="en",
    )
    assert "… and 12 more" in readable(modals.profile(profile)["blocks"])


def test_what_a_dialog_is_about_comes_back() -> None:
    made = modals.reply(1042, [], "en", suggestion="s1")
    about = modals.about_of(made["private_metadata"])
    assert about == modals.About(ticket=1042, suggestion="s1")


@pytest.mark.parametrize("tampered", ["", "[]", "null", "{", '{"ticket": []}', '{"ticket": "x"}'])
def test_what_was_tampered_with_is_about_nothing(tampered) -> None:
    assert modals.about_of(tampered) == modals.About()
