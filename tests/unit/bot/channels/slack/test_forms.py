"""Forms as Slack's dialogs: Slack takes every one, and what comes back may be made up."""

from __future__ import annotations

import pytest

from bot.channels.slack.forms import About, about_of, form
from bot.dialogue.forms import FIELDS
from tests.fake_slack.block_kit.check import view_problems


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("kind", FIELDS)
def test_slack_takes_every_form(settings, kind: str, language: str) -> None:
    words = settings.replies[language].__getitem__
    question = "<!channel> مرحبا " + "x" * 2900
    view = form(kind, question, About(conversation="c" * 26, flow="f", slot="s"), words)
    assert list(view_problems(view, "modal")) == []
    assert about_of(view["private_metadata"]).conversation == "c" * 26
    assert [block["block_id"] for block in view["blocks"][1:]] == list(FIELDS[kind])


@pytest.mark.parametrize("tampered", ["", "{", "[]", "null", "7", '{"conversation": {"a": 1}}'])
def test_what_was_tampered_with_is_about_nothing(tampered: str) -> None:
    assert about_of(tampered).slot == ""
