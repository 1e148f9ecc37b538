from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.slack import mrkdwn
from bot.slack.emoji import with_emoji
from tests.fake_slack import mrkdwn as slacks

NASTY = [
    "<!channel> <!here> <!everyone>",
    "<!subteam^S1|@team> <@U1> <#C1|general>",
    "<https://evil.example|https://bank.example>",
    "&lt;!channel&gt; &amp;lt;!here&amp;gt;",
    "a < b && c > d",
    "*bold* _it_ ~gone~ `code` ```block``` > quote",
    ":smile: @channel #general",
    "\u202eltr\u202c \u200b \x00 \x1b[31m \ud800 \udfff",
    "é e\u0301 🇩🇪🇫🇷 👩🏽‍🚒 👨‍👩‍👧‍👦",
    "第一行\n\n第二行\r\n第三行",
    "<mailto:a@b.example|a@b.example> <tel:+491|+491>",
    "<!date^1392734382^{date}|a day>",
]

nasty = st.one_of(
    st.sampled_from(NASTY),
    st.lists(
        st.sampled_from(
            [
                *"<>&|!@#^*~` \n",
                "<!here>",
                "&amp;",
                "&lt;",
                "https://x.example/a?b=1&c=2",
                "好",
                "🇩",
            ]
        )
    ).map("".join),
    st.text(),
    st.text(alphabet=st.characters(categories=["Mn", "So", "Cs", "Cc", "Ll"])),
)


def names(user: str) -> str | None:
    return {"U1": "Cleo", "U2": "Ben <b>"}.get(user)


@pytest.mark.parametrize("turn", "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
def test_nothing_turns_around_what_stands_beside_it(turn: str) -> None:
    text = f"invoice_{turn}gpj.exe שלום"
    for shown in (
        mrkdwn.clean(text),
        mrkdwn.escape(text),
        mrkdwn.plain(text)["text"],
        mrkdwn.rich_text(text)["elements"][0]["elements"][0]["text"],
    ):
        assert shown == "invoice_gpj.exe שלום"


def test_what_is_written_from_right_to_left_stays_as_it_is() -> None:
    # Marks only say where their own place belongs; Persian joins its words with U+200C.
    for text in ("مرحبا، أين طلبي AB204817؟", "שלום \u200fABC\u200f!", "می\u200cخواهم", "\u061c1"):
        assert mrkdwn.clean(text) == text


@given(nasty)
@example("&lt;!channel&gt;")
def test_what_was_escaped_is_shown_as_it_was_and_is_not_live(text: str) -> None:
    escaped = mrkdwn.escape(text)
    assert mrkdwn.unescape(escaped) == mrkdwn.clean(text)
    assert not re.search("[<>]", escaped)
    # An address that hides nothing is the most that can come to life in a text.
    assert {live.kind for live in slacks.live({"text": escaped})} <= {"autolink"}
    block = {"type": "section", "text": mrkdwn.mrkdwn(escaped)}
    assert slacks.live({"text": "", "blocks": [block]}) == []


@given(nasty)
def test_rich_text_keeps_the_words_and_nothing_is_live(text: str) -> None:
    block = mrkdwn.rich_text(text)
    (element,) = block["elements"][0]["elements"]
    assert element == {"type": "text", "text": mrkdwn.clean(text) or " "}
    assert slacks.live({"text": "", "blocks": [block]}) == []
    element["text"].encode("utf-8")


def test_a_quote_and_a_name_of_a_block() -> None:
    block = mrkdwn.rich_text("a\nb", quote=True, block_id="said")
    assert block["block_id"] == "said"
    assert block["elements"][0]["type"] == "rich_text_quote"
    assert block["elements"][0]["elements"][0]["text"] == "a\nb"


@given(nasty)
def test_cleaning_twice_is_cleaning_once_and_can_be_encoded(text: str) -> None:
    cleaned = mrkdwn.clean(text)
    assert mrkdwn.clean(cleaned) == cleaned
    assert "\x00" not in cleaned
    cleaned.encode("utf-8")


@given(nasty, st.integers(1, 200))
def test_objects_keep_slacks_limits_and_are_never_empty(text: str, limit: int) -> None:
    plain = mrkdwn.plain(text, limit)
    assert 0 < len(plain["text"]) <= max(limit, 1)
    assert plain["emoji"] is False
    shown = mrkdwn.mrkdwn(mrkdwn.escape(text), max(limit, 8))
    assert 0 < len(shown["text"]) <= max(limit, 8)
    assert shown["verbatim"] is True


def test_half_a_link_is_not_shown() -> None:
    text = "see " + mrkdwn.link("https://shop.example/orders/AB123456?x=1&y=2", "order <1>")
    assert text == "see <https://shop.example/orders/AB123456?x=1&amp;y=2|order &lt;1&gt;>"
    assert mrkdwn.mrkdwn(text, 20)["text"] == "see…"
    assert mrkdwn.mrkdwn(text)["text"] == text


# -- back again ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("a &lt; b &amp;&amp; c &gt; d", "a < b && c > d"),
        ("&amp;lt;b&amp;gt;", "&lt;b&gt;"),
        ("ask <@U1> or <@U2>", "ask @Cleo or @Ben <b>"),
        ("ask <@U9>", "ask @…"),
        ("ask <@U9|ghost>", "ask @ghost"),
        ("in <#C1|orders> and <#C2>", "in #orders and #…"),
        ("<!here> <!channel> <!everyone|@everyone>", "@here @channel @everyone"),
        ("<!subteam^S1|@team> <!subteam^S2>", "@team @…"),
        ("until <!date^1392734382^{date}|18 Feb>", "until 18 Feb"),
        ("<https://a.example/x?b=1&amp;c=2>", "https://a.example/x?b=1&c=2"),
        ("<https://a.example|a.example>", "https://a.example"),
        ("<https://a.example/|https://a.example>", "https://a.example/"),
        ("<https://evil.example|our bank>", "our bank (https://evil.example)"),
        ("<mailto:a@b.example|a@b.example>", "a@b.example"),
        ("<tel:+4930123|+4930123>", "+4930123"),
        ("<mailto:a@b.example|write us>", "write us (a@b.example)"),
        ("see <https://desk.slack.com/archives/C1/p123?thread_ts=1.2>", "see"),
        ("see <https://desk.slack.com/archives/C1/p123|the thread>", "see the thread"),
        ("<https://desk.slack.com/archives/C1/p1|https://desk.slack.com/archives/C1/p1>", ""),
        ("<slack://channel?team=T1&amp;id=C1|open>", "open"),
        ("`https://desk.slack.com/archives/C1/p123` done", "` done"),
        ("<https://slack.com/help|Slack's help>", "Slack's help (https://slack.com/help)"),
        ("<https://notslack.com/archives/C1|x>", "x (https://notslack.com/archives/C1)"),
        (
            "<https://slack.com.evil.example/archives/C1>",
            "https://slack.com.evil.example/archives/C1",
        ),
        ("two\nlines\n\n", "two\nlines"),
        (
            "hi :wave::skin-tone-3: <https://a.example/:wave:|:tada:>",
            "hi 👋🏼 :tada: (https://a.example/:wave:)",
        ),
        ("1 < 2 and <unclosed", "1 < 2 and <unclosed"),
    ],
)
def test_what_agents_write_reads_well_outside(written: str, read: str) -> None:
    assert mrkdwn.from_slack(written, names) == read


@given(nasty)
def test_what_one_types_in_slack_comes_out_as_typed(text: str) -> None:
    typed = mrkdwn.clean(text)
    # Slack escapes what people type; only its own tokens mean something.
    assert mrkdwn.from_slack(mrkdwn.escape(typed), names) == with_emoji(typed).strip()


@given(st.text(alphabet="<>@#!|^&;abUC1. \n/:"))
def test_reading_never_fails_and_leaves_no_link_into_the_workspace(text: str) -> None:
    read = mrkdwn.from_slack(f"<https://desk.slack.com/archives/C1/p1>{text}", names)
    assert "desk.slack.com" not in read


def test_who_is_mentioned() -> None:
    assert mrkdwn.names_in("<@U1> and <@U2|ben> in <#C1> <!here>") == {"U1", "U2"}


@pytest.mark.parametrize("url", ["https://[", "http://[::1", "https://desk.slack.com:x/archives/"])
def test_addresses_that_are_none(url: str) -> None:
    mrkdwn.is_internal(url)


# -- too long --------------------------------------------------------------------------------

ENTITIES = ("&amp;", "&lt;", "&gt;")


def is_whole(text: str, place: int) -> bool:
    """Return whether nothing is broken between what stands before and after a place."""
    if place in (0, len(text)):
        return True
    for entity in ENTITIES:
        for start in range(max(0, place - len(entity) + 1), place):
            if text.startswith(entity, start) and start + len(entity) > place:
                return False
    return not unicodedata.category(text[place]).startswith("M")


@given(nasty, st.integers(1, 60))
def test_a_cut_is_marked_and_breaks_nothing(text: str, limit: int) -> None:
    shown = mrkdwn.cut(text, limit)
    assert len(shown) <= limit
    if len(text) <= limit:
        assert shown == text
    else:
        assert shown.endswith("…")
        kept = shown[:-1]
        assert text.startswith(kept)
        rest = len(text[len(kept) :]) - len(text[len(kept) :].lstrip())
        assert any(is_whole(text, len(kept) + skipped) for skipped in range(rest + 1))


@given(nasty.map(lambda text: text * 3), st.integers(8, 60))
def test_pieces_fit_and_are_the_text(text: str, limit: int) -> None:
    pieces = mrkdwn.split(text, limit)
    assert "".join(pieces) == text
    assert all(0 < len(piece) <= limit for piece in pieces) or text == ""
    place = 0
    for piece in pieces[:-1]:
        place += len(piece)
        assert is_whole(text, place)


def test_pieces_end_where_people_pause() -> None:
    text = "One line here.\nA sentence. Another one that is long"
    assert mrkdwn.split(text, 30) == (
        "One line here.\n",
        "A sentence. Another one that ",
        "is long",
    )
    assert mrkdwn.split("你好。我想问一下，订单在哪里？谢谢", 10) == (
        "你好。我想问一下，订",
        "单在哪里？谢谢",
    )
    assert mrkdwn.split("你好，我想问一下。订单在哪里？谢谢", 10)[0] == "你好，我想问一下。"


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdefg", 6, "abcde…"),
        ("ab &amp; cd", 6, "ab…"),
        ("ab e\u0301fgh", 5, "ab…"),
        ("a👩🏽‍🚒bcdefgh", 4, "a…"),
        ("a🇩🇪🇫🇷bcd", 5, "a🇩🇪…"),
        ("abc", 0, ""),
        ("abc", 1, "…"),
    ],
)
def test_cuts(text: str, limit: int, shown: str) -> None:
    assert mrkdwn.cut(text, limit) == shown


def test_a_tower_of_marks_is_cut_like_anything_else() -> None:
    tower = "a" + "\u0301" * 5000
    assert len(mrkdwn.cut(tower, 1000)) == 1000
    assert "".join(mrkdwn.split(tower, 1000)) == tower


def test_nothing_can_be_said_in_seven_characters() -> None:
    with pytest.raises(ValueError, match="so few"):
        mrkdwn.split("abc", 7)


def test_metadata_is_plain() -> None:
    assert mrkdwn.metadata("helpdesk_out", {"outbox_id": "1"}) == {
        "event_type": "helpdesk_out",
        "event_payload": {"outbox_id": "1"},
    }
