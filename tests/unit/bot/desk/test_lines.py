"""What stands in a thread: nothing live, nothing refused, nothing cut without a mark."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bot.desk import lines
from crm_store.desk_records import Suggestion
from crm_store.records import AuthorKind, Customer, File, Message
from tests.fake_slack.block_kit.check import message_problems, text_length
from tests.fake_slack.mrkdwn import live, readable
from tests.unit.bot.desk.test_cards import a_view

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
MOST = 13_000
NASTY = (
    "<!channel> <!here> <@U1> <#C1> <!subteam^S1>",
    "<https://evil.example|https://bank.example>",
    "&lt;!channel&gt;",
    "x" * 4000,
    "&" * 4000,
    "شكرا " * 300,
    "👨‍👩‍👧‍👦" * 300,
    "\x00\ud800",
    "",
    "{agent} {0.__class__}",
)
WORDS = st.sampled_from(NASTY) | st.text(max_size=80)
LANGUAGES = st.sampled_from(("en", "zh"))
FILES = st.sampled_from(((), (File(id="f", name="n" * 255, media_type="image/png", size=1),) * 4))


def a_message(text="hello", author=AuthorKind.CUSTOMER, **more) -> Message:
    values = {"conversation_id": "c", "seq": 1, "author_name": None, "at": NOW}
    return Message(text=text, author=author, **values | more)


MESSAGES = st.lists(
    st.builds(a_message, WORDS, st.sampled_from(AuthorKind), files=FILES), min_size=1, max_size=20
)


def check(drawn) -> None:
    assert message_problems(drawn.blocks) == []
    assert text_length(drawn.blocks) <= MOST
    assert drawn.text.strip()
    found = live({"text": drawn.text, "blocks": drawn.blocks})
    assert [each for each in found if each.kind not in ("date", "autolink")] == []
    json.dumps(drawn.blocks, ensure_ascii=False).encode()


@settings(max_examples=40, deadline=None)
@given(MESSAGES, st.none() | WORDS, LANGUAGES)
def test_lines(messages, name, language) -> None:
    check(lines.line(messages, name, language))


@settings(max_examples=40, deadline=None)
@given(MESSAGES, st.none() | WORDS, LANGUAGES)
def test_recaps(messages, name, language) -> None:
    check(lines.recap(messages, name, language))


@settings(max_examples=40, deadline=None)
@given(WORDS, LANGUAGES)
def test_drafts_and_held_replies(text, language) -> None:
    drafts = [
        (Suggestion(id=str(place), ticket_number=1, kind=kind, text=text, at=NOW), text)
        for place, kind in enumerate(("macro", "knowledge", "answer", "records", "reply"))
    ]
    check(lines.suggestions(drafts[:3], language))
    check(lines.suggestions(drafts[2:], language))
    check(lines.held(text, 5, "slack:C1/1.2", language))


@settings(max_examples=40, deadline=None)
@given(WORDS, LANGUAGES)
def test_notices(text, language) -> None:
    check(lines.notice("notice.rated_because", language, ticket=1, stars=4, comment=text))


@settings(max_examples=40, deadline=None)
@given(WORDS, LANGUAGES)
def test_calls_for_help(name, language) -> None:
    view = a_view(customer=Customer(id="ada", name=name), queue_label=name)
    check(lines.escalation(view, NOW.timestamp(), None, language))
    url = "https://x.slack.com/archives/C1/p1"
    drawn = lines.escalation(view, None, url, language)
    assert message_problems(drawn.blocks) == []
    found = live({"text": drawn.text, "blocks": drawn.blocks})
    assert {each.target for each in found if each.kind not in ("date", "autolink")} == {url}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_notice_is_read_though_its_time_is_not_known(language) -> None:
    check(lines.notice("notice.overdue", language, ticket=1))


def test_a_message_as_long_as_may_be_stands_there_whole() -> None:
    text = "words " * 660
    assert text in readable(lines.line([a_message(text)], "Ada", "en").blocks)


def test_a_post_of_many_messages_marks_what_it_leaves_out() -> None:
    many = [a_message("x" * 4000, seq=seq) for seq in range(20)]
    assert readable(lines.line(many, "Ada", "en").blocks).count("…") == 20


def test_a_recap_of_ever_so_many_messages_says_how_many_are_missing() -> None:
    many = [a_message(f"message {seq}", seq=seq) for seq in range(200)]
    drawn = lines.recap(many, "Ada", "en")
    check(drawn)
    shown = readable(drawn.blocks)
    assert "180" in shown
    assert "message 199" in shown


def test_what_is_read_aloud_says_what_stands_there() -> None:
    gone = a_message("This message was taken back.", AuthorKind.SYSTEM, replaces=1)
    for message, language, wanted in (
        (a_message("hi"), "en", "Ada: hi"),
        (a_message("hi"), "zh", "Ada：hi"),
        (replace(gone, client_id="withdrawn:slack:D1/1.2"), "zh", "客户撤回了一条消息。"),
        (replace(gone, client_id="slack:C1/1.2@1.3"), "zh", "一条发给客户的回复已撤回。"),
        (replace(gone, client_id="slack:C1/1.2@1.3"), "en", "A reply to the customer was taken"),
        (
            a_message("", files=(File(id="f", name="a.png", media_type="image/png", size=1),) * 2),
            *("zh", "Ada：📎 a.png、a.png"),
        ),
    ):
        drawn = lines.line([message], "Ada", language)
        assert drawn.text.startswith(wanted)
        assert wanted.partition("：")[2] in readable(drawn.blocks)


def test_the_bots_words_do_not_look_like_the_customers() -> None:
    said = [a_message("hi"), a_message("hello", AuthorKind.BOT)]
    shown = readable(lines.line(said, "Ada", "en").blocks)
    assert "Ada  hi" in shown
    assert "🤖 Bot  hello" in shown
