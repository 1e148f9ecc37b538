"""What agents read: both languages say the same things, with the same gaps."""

from __future__ import annotations

import re

import pytest

from bot.desk.words import WORDS, has_words, words
from crm_store.records import OrderState, TicketState
from nlp import needs

GAP = re.compile(r"\{(\w+)\}")


def test_both_languages_have_the_same_sentences() -> None:
    assert WORDS["en"].keys() == WORDS["zh"].keys()


@pytest.mark.parametrize("key", WORDS["en"])
def test_both_languages_have_the_same_gaps(key) -> None:
    assert set(GAP.findall(WORDS["en"][key])) == set(GAP.findall(WORDS["zh"][key]))
    assert WORDS["zh"][key].strip()


@pytest.mark.parametrize("key", [f"order_state.{s}" for s in OrderState])
def test_every_state_of_an_order_has_words(key) -> None:
    assert has_words(key, "zh")


@pytest.mark.parametrize("key", [f"state.{s}" for s in TicketState])
def test_every_state_of_a_ticket_has_words(key) -> None:
    assert has_words(key, "zh")


def test_every_reason_for_a_need_has_words() -> None:
    english = {text for key, text in WORDS["en"].items() if key.startswith("need_reason.")}
    assert {text for *_, text in needs._RULES} <= english


def test_a_value_is_inserted_and_never_read() -> None:
    said = words("refused.taken", "en", agent="{ticket} {0.__class__}", ticket=7)
    assert said.startswith("{ticket} {0.__class__} has T-7")
