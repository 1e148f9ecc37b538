"""The pieces that everything drawn for Slack is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from bot.desk.words import words
from bot.slack.mrkdwn import Block, mrkdwn, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from nlp.understanding import Language

LABEL = 75
"""Characters of a button or an option."""

STAR, NO_STAR = "★", "☆"


class Drawn(Struct, frozen=True, kw_only=True):
    """A message as Slack takes it."""

    text: str
    """For notifications and readers of screens; mrkdwn, escaped."""
    blocks: list[Block]


def when(at: datetime) -> str:
    """Return a time that each viewer sees in their own time zone."""
    shown = f"{at:%Y-%m-%d %H:%M} UTC"
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} {{time}}|{shown}>"


def stars(score: int) -> str:
    """Return a rating of 1 to 5 as stars."""
    return STAR * score + NO_STAR * (5 - score)


def section(text: str, accessory: Block | None = None) -> Block:
    """Return a section of our own words, in which whatever is not ours was escaped."""
    block: Block = {"type": "section", "text": mrkdwn(text)}
    return block if accessory is None else {**block, "accessory": accessory}


def context(*texts: str) -> Block:
    """Return a line in small print."""
    return {"type": "context", "elements": [mrkdwn(text, 2000) for text in texts[:10]]}


def actions(*elements: Block | None) -> Block:
    """Return a row of buttons and menus; those that are None are left out."""
    return {"type": "actions", "elements": [each for each in elements if each is not None]}


def button(action_id: str, label: str, value: str, style: str | None = None) -> Block:
    """Return a button."""
    block: Block = {
        "type": "button",
        "action_id": action_id,
        "text": plain(label, LABEL),
        "value": value,
    }
    return block if style is None else {**block, "style": style}


def option(value: str, label: str) -> Block:
    """Return an entry of a menu."""
    return {"text": plain(label, LABEL), "value": value}


def menu(action_id: str, placeholder: str, entries: Mapping[str, str]) -> Block:
    """Return a menu that one thing is chosen from."""
    return {
        "type": "static_select",
        "action_id": action_id,
        "placeholder": plain(placeholder, 150),
        "options": [option(*entry) for entry in list(entries.items())[:100]],
    }


def overflow(action_id: str, entries: Iterable[tuple[str, str]]) -> Block:
    """Return a menu behind three dots."""
    options = [option(*entry) for entry in entries][:5]
    return {"type": "overflow", "action_id": action_id, "options": options}


def language_name(tag: str | None, language: Language) -> str:
    """Return the name of a language that customers write."""
    return words(f"language.{tag}", language) if tag in ("en", "zh") else tag or ""
