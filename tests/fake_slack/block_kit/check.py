"""Checks whole messages and views: their blocks, and what the blocks must not share."""

from __future__ import annotations

from typing import Any

from tests.fake_slack.block_kit.elements import (
    ACCESSORY,
    ID,
    IMAGE,
    IN_ACTIONS,
    IN_INPUT,
    SLACK_FILE,
)
from tests.fake_slack.block_kit.rich_text import RICH_TEXT, RICH_TEXT_CELL
from tests.fake_slack.block_kit.rules import (
    Problem,
    Report,
    Rule,
    also,
    boolean,
    by_type,
    exactly_one,
    items,
    marked,
    one_of,
    plain,
    shape,
    string,
    unique,
)

Json = dict[str, Any]

MOST_BLOCKS = {"message": 50, "modal": 100, "home": 100}


def _text_or_fields(value: Any, at: str, report: Report) -> None:
    if "text" not in value and "fields" not in value:
        report.add(at, "either text or fields must be provided", "missing_field", type="required")


def _distinct_actions(value: Any, at: str, report: Report) -> None:
    elements = value.get("elements", [])
    ids = [(f"{at}/elements/{n}/action_id", e.get("action_id")) for n, e in enumerate(elements)]
    unique(ids, "action_id", report)


def _block(kind: str, required: dict[str, Rule], optional: dict[str, Rule] | None = None) -> Rule:
    return shape(required, {"block_id": ID} | (optional or {}), kind=kind)


_CELL = by_type(
    {"raw_text": shape({"text": string(3000)}, kind="raw_text"), "rich_text": RICH_TEXT_CELL},
    "table cell",
)
_COLUMN = shape({}, {"align": one_of("left", "center", "right"), "is_wrapped": boolean})
_IN_CONTEXT = {"image": IMAGE, "plain_text": plain(3000), "mrkdwn": marked(3000)}

_EVERYWHERE: dict[str, Rule] = {
    "section": also(
        _block(
            "section",
            {},
            {
                "text": marked(3000),
                "fields": items(marked(2000), 10),
                "accessory": by_type(ACCESSORY, "accessory"),
                "expand": boolean,
            },
        ),
        _text_or_fields,
    ),
    "divider": _block("divider", {}),
    "header": _block("header", {"text": plain(150)}),
    "context": _block("context", {"elements": items(by_type(_IN_CONTEXT, "context element"), 10)}),
    "actions": also(
        _block("actions", {"elements": items(by_type(IN_ACTIONS, "element"), 25)}),
        _distinct_actions,
    ),
    "input": _block(
        "input",
        {"label": plain(2000), "element": by_type(IN_INPUT, "input element")},
        {"hint": plain(2000), "optional": boolean, "dispatch_action": boolean},
    ),
    "image": also(
        _block(
            "image",
            {"alt_text": string(2000)},
            {"image_url": string(3000), "slack_file": SLACK_FILE, "title": plain(2000)},
        ),
        exactly_one("image_url", "slack_file"),
    ),
    "rich_text": RICH_TEXT,
    "video": _block(
        "video",
        {
            "alt_text": string(2000),
            "title": plain(199),
            "thumbnail_url": string(3000),
            "video_url": string(3000),
        },
        {
            "author_name": string(49),
            "description": plain(200),
            "provider_icon_url": string(3000),
            "provider_name": string(200),
            "title_url": string(3000),
        },
    ),
}

_IN_MESSAGES: dict[str, Rule] = {
    "markdown": _block("markdown", {"text": string(12_000)}),
    "table": _block(
        "table",
        {"rows": items(items(_CELL, 20), 100)},
        {"column_settings": items(_COLUMN, 20, fewest=0)},
    ),
}

_BLOCKS = {
    "message": by_type(_EVERYWHERE | _IN_MESSAGES, "block"),
    "modal": by_type(_EVERYWHERE, "block"),
    "home": by_type(_EVERYWHERE, "block"),
}


def _check_blocks(blocks: Any, at: str, report: Report, *, fewest: int) -> None:
    most = MOST_BLOCKS[report.surface]
    items(_BLOCKS[report.surface], most, fewest=fewest)(blocks, at, report)
    if isinstance(blocks, list):
        named = [block for block in blocks if isinstance(block, dict)]
        ids = [(f"{at}/{n}/block_id", block.get("block_id")) for n, block in enumerate(named)]
        unique(ids, "block_id", report)


def message_problems(blocks: Any, at: str = "/blocks") -> list[Problem]:
    """Return what Slack refuses in the blocks of a message; none are fine."""
    report = Report("message")
    _check_blocks(blocks, at, report, fewest=0)
    return report.problems


def _looked_at_apart(_value: Any, _at: str, _report: Report) -> None:
    """Blocks depend on the surface; `_check_blocks` has them."""


_MODAL = shape(
    {"title": plain(24), "blocks": _looked_at_apart},
    {
        "submit": plain(24),
        "close": plain(24),
        "private_metadata": string(3000, shortest=0),
        "callback_id": string(255, shortest=0),
        "external_id": string(255, shortest=0),
        "clear_on_close": boolean,
        "notify_on_close": boolean,
        "submit_disabled": boolean,
    },
    kind="modal",
)
_HOME = shape(
    {"blocks": _looked_at_apart},
    {
        "private_metadata": string(3000, shortest=0),
        "callback_id": string(255, shortest=0),
        "external_id": string(255, shortest=0),
    },
    kind="home",
)


def view_problems(view: Any, surface: str, at: str = "/view") -> list[Problem]:
    """Return what Slack refuses in a modal or an App Home."""
    report = Report("home" if surface == "home" else "modal")
    (_HOME if report.surface == "home" else _MODAL)(view, at, report)
    if not isinstance(view, dict):
        return report.problems
    blocks = view.get("blocks", [])
    _check_blocks(blocks, f"{at}/blocks", report, fewest=1)
    inputs = isinstance(blocks, list) and any(
        isinstance(block, dict) and block.get("type") == "input" for block in blocks
    )
    if inputs and report.surface == "modal" and "submit" not in view:
        report.add(at, "submit is required when there are inputs", "missing_field", type="required")
    return report.problems


_COUNTED = ("text", "alt_text", "fallback")


def text_length(blocks: Any) -> int:
    """Return how many characters of text stand in blocks."""
    if isinstance(blocks, list):
        return sum(text_length(each) for each in blocks)
    if not isinstance(blocks, dict):
        return 0
    return sum(
        len(value) if key in _COUNTED and isinstance(value, str) else text_length(value)
        for key, value in blocks.items()
    )
