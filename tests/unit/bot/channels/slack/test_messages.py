"""What customers read in Slack is what was said, and nothing in it is live."""

from __future__ import annotations

import pytest

from bot.channels.slack.messages import chosen, settled, shown
from crm_store.records import Choice
from tests.fake_slack.block_kit.check import message_problems, text_length

NASTY = (
    "<!channel> <@U1> <#C1> <https://evil|https://bank> &lt;!here&gt; مرحبا 👩‍👩‍👧 :smile:",
    "x" * 40_000,
    "",
    "\x00\ud800",
    "https://shop.example/a?b=c&d=1。",
)
MOST_IN_A_MESSAGE = 13_000
CHOICES = [{"label": "L" * 200, "value": f"v{n}"} for n in range(40)]


PHOTO = "https://shop.example/lamp.jpg?a=1&b=<2>"


def a_card(**more: object) -> dict[str, object]:
    card = {
        "kind": "product",
        "title": "Desk lamp",
        "badge": "In stock",
        "lines": ["It shines."],
        "note": "$59.00",
        "picture": "💡",
        "url": "https://shop.example/lamp|x>",
        "value": "product:lamp",
    }
    return card | more


@pytest.mark.parametrize("picture", ["💡", PHOTO, None])
@pytest.mark.parametrize("count", [0, 1, 10])
@pytest.mark.parametrize("author", ["bot", "agent", "system"])
@pytest.mark.parametrize("text", NASTY)
def test_slack_takes_whatever_is_said(
    text: str, author: str, count: int, picture: str | None
) -> None:
    words = text[:2000]
    card = a_card(title=words, badge=words, lines=[words] * 4, note=words, picture=picture)
    payload = {"author": author, "author_name": "N" * 300, "text": text, "choices": CHOICES}
    payload["cards"] = [card] * count
    more = (("fill", "Fill in"), ("link", "Link"))
    for drawn in (shown(payload, more), settled(payload, "c" * 500), settled(payload, None)):
        assert list(message_problems(drawn.blocks)) == []
        assert text_length(drawn.blocks) < MOST_IN_A_MESSAGE
        assert "<!" not in drawn.text
        assert drawn.text
        live = str([b["text"]["text"] for b in drawn.blocks if b["type"] == "section"])
        assert not any(mark in live for mark in ("<!", "<@", "<#", "<https://evil"))


def test_a_card_says_what_it_is_how_it_stands_and_where_it_leads() -> None:
    drawn = shown({"author": "bot", "text": "Here.", "cards": [a_card(), a_card(picture=PHOTO)]})
    first, second = drawn.blocks[1:]
    lines = first["text"]["text"].split("\n")
    assert lines == [
        "💡 *<https://shop.example/lamp%7Cx%3E|Desk lamp>* · In stock",
        "It shines.",
        "$59.00",
    ]
    assert second["accessory"]["image_url"] == PHOTO
    bare = shown({"author": "bot", "text": "x", "cards": [{"kind": "order", "title": "Order 1"}]})
    assert bare.blocks[-1]["text"]["text"] == "*Order 1*"


def test_cards_stay_when_the_buttons_under_them_are_gone() -> None:
    payload = {"author": "bot", "text": "Which?", "choices": CHOICES[:2], "cards": [a_card()]}
    kinds = [block["type"] for block in settled(payload, "Desk lamp").blocks]
    assert kinds == ["rich_text", "section", "context"]


def test_buttons_are_gone_once_one_was_chosen() -> None:
    payload = {"author": "bot", "text": "Shall I?", "choices": CHOICES[:2]}
    assert "actions" in [block["type"] for block in shown(payload).blocks]
    assert "actions" not in [block["type"] for block in settled(payload, "Yes").blocks]
    assert settled(payload, "Yes").blocks[-1]["elements"][0]["text"] == "✓ Yes"
    assert len(settled(payload, None).blocks) == 1


@pytest.mark.parametrize("action_id", ["choose:2", "choose:", "choose:-1", "choose", "fill", "x:0"])
def test_buttons_that_are_not_there(action_id: str) -> None:
    choices = (Choice(label="a", value="a"), Choice(label="b", value="b"))
    assert chosen(action_id, choices) is None
    assert chosen("choose:1", choices) == choices[1]
