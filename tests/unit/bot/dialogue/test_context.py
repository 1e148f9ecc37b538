"""What a decision is made from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dialogue.context import PERSON, YES_NO, Decision, Say
from bot.dialogue.state import DialogueState
from tests.unit.bot.dialogue.conftest import a_known, an_order


def test_only_a_verified_customers_orders_are_owned():
    known = a_known(orders=[an_order("AB111111")])
    assert known.owns("AB111111")
    assert not known.owns("AB222222")
    assert not a_known().owns("AB111111")


@given(st.text())
def test_no_text_breaks_a_phrase(rules, text):
    assert rules.phrases(text) <= {"human", "stop", "newest", "yes", "no"}


@pytest.mark.parametrize(
    ("phrase", "text"),
    [("human", "Talk To A Human"), ("human", "转人工"), ("stop", "NEVER MIND"), ("stop", "算了")],
)
def test_phrases_count_in_any_case_and_in_every_language(rules, phrase, text):
    assert phrase in rules.phrases(text)


@given(st.text())
def test_no_text_breaks_a_choice(rules, text):
    for choose in rules.options.values():
        choose(text)


def test_values_cannot_be_changed_behind_each_others_backs():
    decision = Decision(rule="x", state=DialogueState())
    with pytest.raises(AttributeError):
        decision.rule = "y"
    assert Say(key="x").values == {}


def test_the_buttons_that_are_always_the_same_have_words(settings):
    keys = {option.key for option in (*YES_NO, PERSON)}
    assert all(keys <= replies.keys() for replies in settings.replies.values())
