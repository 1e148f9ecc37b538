from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.emoji import with_emoji


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        (":wave: hello", "👋 hello"),
        (":+1::skin-tone-5:", "👍🏾"),
        (":flag-fr::de::cn:", "🇫🇷🇩🇪🇨🇳"),
        (":shrug: :simple_smile:", "🤷 🙂"),
        (":our_logo:", ":our_logo:"),
        ("at 10:30:45", "at 10:30:45"),
        ("a:b", "a:b"),
        ("你好:smile:", "你好😄"),
        ("::", "::"),
    ],
)
def test_names_become_what_they_name(written: str, seen: str) -> None:
    assert with_emoji(written) == seen


@given(st.text(alphabet=":+-_abcdeflgn 1你"))
def test_what_names_nothing_stays(text: str) -> None:
    seen = with_emoji(text)
    if ":" not in text:
        assert seen == text
