"""How a message to a customer looks in Slack: words, cards and buttons under them. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from bot.slack.mrkdwn import Block, clean, cut, escape, link, mrkdwn, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crm_store.records import Choice, Json

CHOOSE = "choose"
"""The action id of each button begins so; its place follows, because Slack wants each once."""

MOST_BUTTONS = 20
LONGEST_LABEL = 75

MOST_CHARACTERS = 11_000
"""Of a message; Slack refuses a little more than 13,000 in all."""

ALT = 80
"""Of a photo's description; it counts like any other text."""

LONGEST_CARD = 1_000
MOST_ON_CARDS = 6_000
"""Of these, all cards of a message together."""

_WEB = re.compile(r"https?://[^\s<>\"'，。；）】]+[^\s<>\"'，。；）】.,;:!?)]")
"""A web address, without the mark that ends the sentence."""


class Shown(Struct, frozen=True, kw_only=True):
    """A message as Slack takes it."""

    text: str
    """For notifications and readers, escaped."""
    blocks: list[Block]


def shown(payload: Json, more: Sequence[tuple[str, str]] = ()) -> Shown:
    """Return a recorded message as Slack shows it.

    Args:
        payload: Of the outbox: author, author_name, text, choices, cards.
        more: Action ids and labels of further buttons, of ours.
    """
    choices: Sequence[dict[str, Any]] = payload.get("choices") or ()
    buttons = [
        _button(f"{CHOOSE}:{place}", str(each["label"]))
        for place, each in enumerate(choices[:MOST_BUTTONS])
    ]
    buttons += [_button(action_id, label) for action_id, label in more]
    under: list[Block] = [{"type": "actions", "elements": buttons}] if buttons else []
    return _drawn(payload, under)


def settled(payload: Json, chosen: str | None) -> Shown:
    """Return a message whose buttons are gone, with what was chosen of them."""
    if chosen is None:
        return _drawn(payload, [])
    return _drawn(payload, [{"type": "context", "elements": [plain(f"✓ {chosen}", 200)]}])


def _card(card: Json, share: int) -> Block:
    """Return a card in so many characters: what it is and how it stands, and a photo beside it."""
    title, picture, url = clean(card["title"]), card.get("picture") or "", card.get("url")
    is_photo = picture.startswith("https://")
    head = [f"*{link(url, title) if url else escape(title)}*"]
    if picture and not is_photo:
        head.insert(0, escape(picture))
    if card.get("badge"):
        head.append(f"· {escape(card['badge'])}")
    lines = (*card.get("lines", ()), card.get("note") or "")
    text = "\n".join((" ".join(head), *(escape(line) for line in lines if line)))
    block: Block = {"type": "section", "text": mrkdwn(text, share)}
    if is_photo:
        photo = {"type": "image", "image_url": picture, "alt_text": cut(title, ALT) or " "}
        return {**block, "accessory": photo}
    return block


def _drawn(payload: Json, under: list[Block]) -> Shown:
    name = payload.get("author_name")
    wanted = payload.get("cards") or ()
    cards = [_card(card, min(LONGEST_CARD, MOST_ON_CARDS // len(wanted))) for card in wanted]
    room = MOST_CHARACTERS - sum(len(card["text"]["text"]) + ALT for card in cards)
    text = cut(clean(str(payload["text"])), room)
    blocks: list[Block] = []
    if payload.get("author") == "agent" and name:
        blocks.append({"type": "context", "elements": [plain(str(name), 150)]})
    blocks += [_words(text), *cards, *under]
    return Shown(text=escape(cut(text, 600)) or " ", blocks=blocks)


def _words(text: str) -> Block:
    """Return words with their web addresses as links; nothing else in them is live."""
    elements: list[Block] = []
    end = 0
    for found in _WEB.finditer(text):
        if found.start() > end:
            elements.append({"type": "text", "text": text[end : found.start()]})
        elements.append({"type": "link", "url": found[0]})
        end = found.end()
    if end < len(text) or not elements:
        elements.append({"type": "text", "text": text[end:] or " "})
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]}


def chosen(action_id: str, choices: Sequence[Choice]) -> Choice | None:
    """Return the choice behind a button, by its place; None when there is no such button."""
    place = action_id.removeprefix(f"{CHOOSE}:")
    if place == action_id or not place.isdecimal() or int(place) >= len(choices):
        return None
    return choices[int(place)]


def _button(action_id: str, label: str) -> Block:
    return {"type": "button", "action_id": action_id, "text": plain(label, LONGEST_LABEL)}
