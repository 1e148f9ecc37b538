"""What the fake Slack refuses in blocks, and what in a post it finds to be live."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fake_slack import live, readable, typed
from tests.fake_slack.block_kit.check import message_problems, text_length, view_problems
from tests.fake_slack.mrkdwn import rich_text
from tests.integration.slack.fake_fixtures import actions, button, modal, plain

Json = dict[str, Any]


def mrkdwn(text: str, **more: Any) -> Json:
    return {"type": "mrkdwn", "text": text, **more}


def section(**parts: Any) -> Json:
    return {"type": "section", **parts}


def select(count: int = 2, **more: Any) -> Json:
    options = [{"text": plain(f"Option {n}"), "value": f"v{n}"} for n in range(count)]
    return {"type": "static_select", "action_id": "choose", "options": options, **more}


def rich(*parts: Json) -> Json:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [*parts]}]}


SOUND = [
    section(text=mrkdwn("*hello*"), fields=[mrkdwn("a"), plain("b")], accessory=button()),
    section(text=mrkdwn("verbatim", verbatim=True)),
    {"type": "header", "text": plain("Hello") | {"emoji": True}},
    {"type": "divider"},
    {"type": "context", "elements": [mrkdwn("small"), plain("er")]},
    {"type": "image", "image_url": "https://x.example/a.png", "alt_text": "a"},
    actions(
        button(),
        select(),
        {
            "type": "overflow",
            "action_id": "more",
            "options": [{"text": plain("a"), "value": "a"}],
            "confirm": {
                "title": plain("Sure?"),
                "text": mrkdwn("It *ends*."),
                "confirm": plain("Yes"),
                "deny": plain("No"),
            },
        },
        {"type": "users_select", "action_id": "who", "placeholder": plain("Somebody")},
    ),
    rich(
        {"type": "text", "text": "hi ", "style": {"bold": True}},
        {"type": "user", "user_id": "U1"},
        {"type": "emoji", "name": "wave"},
    ),
    {
        "type": "rich_text",
        "elements": [
            {"type": "rich_text_quote", "elements": [{"type": "text", "text": "said"}]},
            {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "code"}]},
            {
                "type": "rich_text_list",
                "style": "bullet",
                "elements": [
                    {"type": "rich_text_section", "elements": [{"type": "text", "text": "one"}]}
                ],
            },
        ],
    },
    {"type": "markdown", "text": "**hello**"},
]


def test_sound_blocks_are_accepted() -> None:
    assert message_problems(SOUND) == []
    assert view_problems(modal(), "modal") == []


UNSOUND: dict[str, tuple[Json | list[Json], str]] = {
    "too many blocks": ([{"type": "divider"}] * 51, "no more than 50 items"),
    "empty text": (section(text=mrkdwn("")), "/blocks/0/text/text"),
    "mrkdwn in a header": ({"type": "header", "text": mrkdwn("x")}, "/blocks/0/text/type"),
    "long field": (section(fields=[mrkdwn("x" * 2001)]), "less than 2001"),
    "duplicate action_id": (actions(button("a"), button("a")), 'action_id "a" already exists'),
    "duplicate block_id": (
        [{"type": "divider", "block_id": "b"}, {"type": "divider", "block_id": "b"}],
        'block_id "b" already exists',
    ),
    "unknown type": ({"type": "shiny"}, "unsupported type"),
    "no type": ({}, "unsupported type"),
    "unknown key": (section(text=mrkdwn("x"), colour="red"), "unknown field: colour"),
    "unknown key in a text": (section(text=mrkdwn("x", emoji=True)), "unknown field: emoji"),
    "unknown key in rich text": (
        rich({"type": "text", "text": "x", "bold": True}),
        "unknown field: bold",
    ),
    "unknown part of rich text": (rich({"type": "blink", "text": "x"}), "unsupported type"),
    "empty rich text": (rich({"type": "text", "text": ""}), "more than 0"),
    "long section": (section(text=mrkdwn("x" * 3001)), "less than 3001"),
    "long header": ({"type": "header", "text": plain("x" * 151)}, "less than 151"),
    "section of nothing": (section(), "either text or fields"),
    "too many fields": (section(fields=[mrkdwn("x")] * 11), "no more than 10"),
    "too many elements": (actions(*[button(f"a{n}") for n in range(26)]), "no more than 25"),
    "no elements": ({"type": "actions", "elements": []}, "at least 1"),
    "too many in a context": (
        {"type": "context", "elements": [mrkdwn("x")] * 11},
        "no more than 10",
    ),
    "button in a context": ({"type": "context", "elements": [button()]}, "unsupported type"),
    "input in actions": (
        actions({"type": "plain_text_input", "action_id": "a"}),
        "unsupported type",
    ),
    "long button": (actions(button(text="x" * 76)), "less than 76"),
    "long value": (actions(button(value="x" * 2001)), "less than 2001"),
    "empty value": (actions(button(value="")), "more than 0"),
    "mrkdwn on a button": (actions(button() | {"text": mrkdwn("x")}), "must be one of plain_text"),
    "odd style": (actions(button() | {"style": "default"}), "must be one of primary, danger"),
    "long action_id": (actions(button("a" * 256)), "less than 256"),
    "long block_id": (actions(block_id="b" * 256), "less than 256"),
    "too many options": (actions(select(101)), "no more than 100"),
    "no options": (actions({"type": "static_select", "action_id": "a"}), "exactly one of"),
    "six in an overflow": (
        actions({"type": "overflow", "options": select(6)["options"]}),
        "no more than 5",
    ),
    "equal options": (
        actions(select() | {"options": select(1)["options"] * 2}),
        "option values must be unique",
    ),
    "initial option not there": (
        actions(select(initial_option={"text": plain("z"), "value": "z"})),
        "initial option",
    ),
    "long option": (
        actions(select() | {"options": [{"text": plain("x" * 76), "value": "v"}]}),
        "less than 76",
    ),
    "long confirmation": (
        actions(
            button()
            | {
                "confirm": {
                    "title": plain("x" * 101),
                    "text": plain("x"),
                    "confirm": plain("y"),
                    "deny": plain("n"),
                }
            }
        ),
        "less than 101",
    ),
    "half a confirmation": (actions(button() | {"confirm": {"title": plain("x")}}), "missing"),
    "image without alt text": (
        {"type": "image", "image_url": "https://x.example/a.png"},
        "missing required field: alt_text",
    ),
    "not an object": (["text"], "must be an object"),  # type: ignore[list-item]
    "null": (section(text=None), "must be an object"),
}


@pytest.mark.parametrize("name", UNSOUND)
def test_unsound_blocks_are_refused_with_their_reason(name: str) -> None:
    blocks, reason = UNSOUND[name]
    problems = message_problems(blocks if isinstance(blocks, list) else [blocks])
    assert problems
    assert any(reason in str(problem) for problem in problems), [str(p) for p in problems]
    assert all(str(problem).startswith("[ERROR] ") for problem in problems)


UNSOUND_VIEWS: dict[str, tuple[Json, str]] = {
    "long title": (modal(title=plain("x" * 25)), "less than 25"),
    "no title": (modal(title=None), "missing required field: title"),
    "inputs without submit": (modal(submit=None), "submit is required"),
    "long private_metadata": (modal(private_metadata="x" * 3001), "less than 3001"),
    "too many blocks": (modal(blocks=[{"type": "divider"}] * 101), "no more than 100"),
    "no blocks": (modal(blocks=[]), "at least 1"),
    "unknown key": (modal(colour="red"), "unknown field: colour"),
    "long callback_id": (modal(callback_id="x" * 256), "less than 256"),
    "a message's block": (modal(blocks=[{"type": "markdown", "text": "x"}]), "unsupported type"),
    "two in focus": (
        modal(
            blocks=[
                {
                    "type": "input",
                    "label": plain("x"),
                    "element": {"type": "plain_text_input", "focus_on_load": True},
                }
            ]
            * 2
        ),
        "only one element",
    ),
    "minimum over maximum": (
        modal(
            blocks=[
                {
                    "type": "input",
                    "label": plain("x"),
                    "element": {"type": "plain_text_input", "min_length": 9, "max_length": 3},
                }
            ]
        ),
        "min_length",
    ),
}


@pytest.mark.parametrize("name", UNSOUND_VIEWS)
def test_unsound_modals_are_refused(name: str) -> None:
    view, reason = UNSOUND_VIEWS[name]
    problems = view_problems(view, "modal")
    assert any(reason in str(problem) for problem in problems), [str(p) for p in problems]


def test_a_home_has_neither_title_nor_submit() -> None:
    home = {"type": "home", "blocks": [{"type": "divider"}]}
    assert view_problems(home, "home") == []
    assert view_problems(home | {"title": plain("x")}, "home")
    assert view_problems(modal(), "home")
    assert view_problems(home, "modal")


def test_the_text_of_all_blocks_is_counted() -> None:
    assert text_length([section(text=mrkdwn("x" * 30)), actions(button(text="y" * 5))]) == 35


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("<!channel> <!here> <!everyone|all>", ["broadcast", "broadcast", "broadcast"]),
        ("<!subteam^S1>", ["usergroup"]),
        ("<@U1> and <@U1|cleo>", ["user", "user"]),
        ("<#C1>", ["channel"]),
        ("<https://evil.example|https://bank.example>", ["link"]),
        ("<mailto:a@b.example|a@b.example>", ["link"]),
        ("https://evil.example/x", ["autolink"]),
        ("write to ada@shop.example", ["autolink"]),
        ("see evil.com/login", ["autolink"]),
        ("&lt;!channel&gt; &lt;@U1&gt; plain", []),
        ("1 < 2 and 3 > 2", []),
        ("@here", []),
    ],
)
def test_live_parts_of_a_text(text: str, kinds: list[str]) -> None:
    assert [found.kind for found in live({"text": text})] == kinds


def test_verbatim_leaves_bare_addresses_alone_and_nothing_else() -> None:
    text = "https://evil.example @here <https://x.example|bank>"
    tame = live({"text": "", "blocks": [section(text=mrkdwn(text, verbatim=True))]})
    assert [(found.kind, found.label) for found in tame] == [("link", "bank")]
    wild = live({"text": "", "blocks": [section(text=mrkdwn(text))]})
    assert [found.kind for found in wild] == ["link", "autolink", "automention"]
    assert live({"text": "", "blocks": [section(text=plain(text))]}) == []


def test_in_rich_text_only_elements_are_live() -> None:
    blocks = [
        rich(
            {"type": "text", "text": "<!channel> <@U1> https://evil.example"},
            {"type": "user", "user_id": "U2"},
            {"type": "broadcast", "range": "here"},
            {"type": "link", "url": "https://x.example", "text": "bank"},
        )
    ]
    found = live({"text": "", "blocks": blocks})
    assert [(each.kind, each.target) for each in found] == [
        ("user", "U2"),
        ("broadcast", "here"),
        ("link", "https://x.example"),
    ]
    assert found[0].where == "/blocks/0/elements/0/elements/1"


def test_a_markdown_block_has_links_of_its_own() -> None:
    found = live({"blocks": [{"type": "markdown", "text": "[bank](https://evil.example)"}]})
    assert [(each.target, each.label) for each in found] == [("https://evil.example", "bank")]


def test_typing_escapes_all_but_mentions() -> None:
    assert typed("a <b> & <@U1> <!here>") == "a &lt;b&gt; &amp; <@U1> <!here>"
    assert typed("mail ada@x.example or https://x.example.") == (
        "mail <mailto:ada@x.example|ada@x.example> or <https://x.example>."
    )


def test_typing_turns_emoji_and_marks_into_what_slack_stores() -> None:
    text = typed("👍🏾 *now* :eyes: ❤️ at 10:30:00")
    assert text == ":+1::skin-tone-5: *now* :eyes: :heart: at 10:30:00"
    (element,) = rich_text(text, "b")["elements"]
    assert element["elements"] == [
        {"type": "emoji", "name": "+1", "unicode": "1f44d-1f3fe", "skin_tone": 5},
        {"type": "text", "text": " "},
        {"type": "text", "text": "now", "style": {"bold": True}},
        {"type": "text", "text": " "},
        {"type": "emoji", "name": "eyes", "unicode": "1f440"},
        {"type": "text", "text": " "},
        {"type": "emoji", "name": "heart", "unicode": "2764"},
        {"type": "text", "text": " at 10:30:00"},
    ]
    assert message_problems([rich_text(text, "b")]) == []


def test_what_somebody_reads() -> None:
    assert readable(SOUND[:3]).splitlines() == [
        "*hello*",
        "a",
        "b",
        "Take it",
        "verbatim",
        "Hello",
    ]
