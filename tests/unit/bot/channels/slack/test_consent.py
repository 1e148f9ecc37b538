"""What is a yes to linking two accounts, and what is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.slack.consent import Consent, consent_of


@pytest.mark.parametrize(
    "text",
    [
        *("yes", "Yes!", "YES, link it", "yes please", "ok", "OK, go ahead", "ok ok", "sure."),
        *("好的", "好的。", "是的", "嗯嗯", "可以", "确认绑定", "好的，绑定", "对，是我", "绑定吧"),
        *("👍", "👍🏽"),
    ],
)
def test_a_clear_yes(text: str) -> None:
    assert consent_of(text) is Consent.YES


@pytest.mark.parametrize(
    "text",
    [
        *("no", "No, thanks", "don't", "Don’t link it", "that isn't me", "No, that isn't me"),
        *("cancel", "不是我", "不要", "取消", "取消绑定", "不用了，谢谢", "👎"),
    ],
)
def test_a_clear_no(text: str) -> None:
    assert consent_of(text) is Consent.NO


@pytest.mark.parametrize(
    "text", ["yes?", "yes but who is it?", "ok, and what then?", "是吗", "可以吗", "好的，但这是谁"]
)
def test_what_begins_like_an_answer_and_is_none(text: str) -> None:
    assert consent_of(text) is Consent.UNCLEAR


@pytest.mark.parametrize(
    "text",
    [
        *("", "where is my order?", "okay where is my order", "cancel my order"),
        *("no idea", "yes no"),
        *("行李到了吗", "对方是谁", "好评怎么写", "取消订单", "不知道", "not sure", "hello"),
    ],
)
def test_what_is_about_something_else(text: str) -> None:
    assert consent_of(text) is None


WORDS = st.sampled_from(["是", "好", "嗯", "yes ", "no", ",", "x"])


@given(st.text(max_size=300) | st.lists(WORDS))
def test_whatever_is_typed_is_judged_at_once(text: str | list[str]) -> None:
    consent_of("".join(text))
