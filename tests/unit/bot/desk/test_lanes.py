"""The two lanes: what is typed in a thread stays inside unless it was clearly sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.desk.lanes import Note, Reply, lane_of, source_of, typed_at, without_prefix
from bot.settings.model import Desk

INTERNAL = Desk()
HERE = source_of("C1", "17.000100")


@given(st.text(), st.booleans(), st.booleans())
def test_by_default_nothing_without_the_prefix_is_ever_a_reply(text, is_assignee, has_files):
    lane = lane_of(text, HERE, INTERNAL, is_assignee=is_assignee, has_files=has_files)
    if isinstance(lane, Reply):
        assert text.strip()[0] in "!！"


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("!On its way", "On its way"),
        ("  ! On its way", "On its way"),
        ("！已经发货", "已经发货"),
        ("!\nTwo\nlines", "Two\nlines"),
    ],
)
def test_behind_the_prefix_stands_a_reply(text, reply):
    assert lane_of(text, HERE, INTERNAL, is_assignee=False) == Reply(text=reply, source=HERE)


@pytest.mark.parametrize("text", ["!!", "!", "！！！", "!?", "！？", "hello!", "!!?!", "", "   "])
def test_an_exclamation_is_no_message(text):
    assert isinstance(lane_of(text, HERE, INTERNAL, is_assignee=True), Note)


@pytest.mark.parametrize(
    ("who", "is_assignee", "sends"),
    [
        ("internal", True, False),
        ("internal", False, False),
        ("assignee", True, True),
        ("assignee", False, False),
        ("everyone", True, True),
        ("everyone", False, True),
    ],
)
def test_who_may_send_without_a_prefix_is_a_setting(who, is_assignee, sends):
    desk = Desk(thread_text=who)
    lane = lane_of("it is on its way", HERE, desk, is_assignee=is_assignee)
    assert isinstance(lane, Reply) is sends
    aside = lane_of("//is it?", HERE, desk, is_assignee=is_assignee)
    assert aside == Note(text="is it?", source=HERE)


@pytest.mark.parametrize("text", ["!👍", "! 🙏 ", "！谢谢"])
def test_an_emoji_is_a_message(text):
    assert isinstance(lane_of(text, HERE, INTERNAL, is_assignee=True), Reply)


@pytest.mark.parametrize(
    "text",
    [
        *("!!this one is a swindler", "！！注意", "!！注意", "! !careful", "!\u200b!careful"),
        *("//note", "／／ 内部", "/ / note", "> // note", "〃 note", "\u200b//note", "\ufeff// n"),
    ],
)
@pytest.mark.parametrize("who", ["internal", "assignee", "everyone"])
def test_a_doubt_keeps_words_internal(text, who):
    lane = lane_of(text, HERE, Desk(thread_text=who), is_assignee=True)
    assert isinstance(lane, Note)


def test_a_file_alone_goes_out_behind_the_prefix_only():
    assert isinstance(lane_of("!", HERE, INTERNAL, is_assignee=True, has_files=True), Reply)
    assert isinstance(lane_of("", HERE, INTERNAL, is_assignee=True, has_files=True), Note)


def test_a_place_in_slack_is_found_again():
    assert typed_at(HERE) == ("C1", "17.000100")
    assert typed_at(f"{HERE}@18.000100") == ("C1", "17.000100")
    assert typed_at("view:V1") is None
    assert typed_at("slack:C1") is None


def test_another_prefix():
    desk = Desk(reply_prefix=">>")
    assert without_prefix(">> yes", desk) == "yes"
    assert without_prefix("! yes", desk) is None
