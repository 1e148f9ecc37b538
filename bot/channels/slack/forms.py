"""Forms as Slack's dialogs; which question has one and what it gives stands in `dialogue.forms`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from msgspec import Struct

from bot.dialogue.forms import FIELDS, LONGEST
from bot.slack.mrkdwn import plain, rich_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.dialogue.forms import Kind
    from bot.slack.mrkdwn import Block

FORM = "customer_form"
"""The callback id of customers' forms."""

FILL = "fill"
"""The action id of the button that opens one."""

TITLE = 24


class About(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a form is about; a hint, like everything that comes back from Slack."""

    conversation: str = ""
    slot: str = ""
    flow: str = ""
    channel: str = ""
    ts: str = ""
    """Of the message whose question it answers."""


def about_of(private_metadata: str) -> About:
    """Read what a form is about; nothing at all when it was tampered with."""
    try:
        found = orjson.loads(private_metadata)
        return About(**{name: str(found.get(name, "")) for name in About.__struct_fields__})
    except (ValueError, TypeError, AttributeError):
        return About()


def form(kind: Kind, question: str, about: About, words: Callable[[str], str]) -> Block:
    """Return the form of a kind.

    Args:
        kind: See `dialogue.forms.kind_of`.
        question: That it answers.
        about: What it is about.
        words: The customer's words for a reply key.
    """
    blocks = [rich_text(question), *(_field(name, words) for name in FIELDS[kind])]
    return {
        "type": "modal",
        "callback_id": FORM,
        "title": plain(words("form.title"), TITLE),
        "submit": plain(words("form.send"), TITLE),
        "close": plain(words("form.close"), TITLE),
        "private_metadata": orjson.dumps(
            {name: getattr(about, name) for name in About.__struct_fields__}
        ).decode(),
        "blocks": blocks,
    }


_ELEMENTS: Mapping[str, dict[str, Any]] = {
    "order": {"type": "plain_text_input", "max_length": 40},
    "contact": {"type": "plain_text_input", "max_length": 200},
    "email": {"type": "email_text_input"},
    "address": {"type": "plain_text_input", "multiline": True, "max_length": LONGEST},
    "date": {"type": "datepicker"},
    "time": {"type": "timepicker"},
}


def _field(name: str, words: Callable[[str], str]) -> Block:
    return {
        "type": "input",
        # Faults are shown under blocks, and values come by actions: one name for both.
        "block_id": name,
        "label": plain(words(f"form.{name}"), 150),
        "element": {**_ELEMENTS[name], "action_id": name},
    }
