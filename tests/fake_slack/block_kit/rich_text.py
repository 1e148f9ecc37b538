"""rich_text: sections, lists, quotes and code, down to each word."""

from __future__ import annotations

from tests.fake_slack.block_kit.rules import (
    Rule,
    boolean,
    by_type,
    integer,
    items,
    one_of,
    shape,
    string,
)

LONGEST = 12_000
"""Nothing is documented for a single text; the message as a whole is bounded elsewhere."""

_STYLES = (
    "bold",
    "italic",
    "strike",
    "code",
    "underline",
    "highlight",
    "client_highlight",
    "unlink",
)
_STYLE = shape({}, dict.fromkeys(_STYLES, boolean))


def _part(kind: str, required: dict[str, Rule], optional: dict[str, Rule] | None = None) -> Rule:
    return shape(required, {"style": _STYLE} | (optional or {}), kind=kind)


_TEXT = _part("text", {"text": string(LONGEST)})
_LINK = _part("link", {"url": string(3000)}, {"text": string(3000), "unsafe": boolean})

_PARTS: dict[str, Rule] = {
    "text": _TEXT,
    "link": _LINK,
    "user": _part("user", {"user_id": string(255)}),
    "usergroup": _part("usergroup", {"usergroup_id": string(255)}),
    "channel": _part("channel", {"channel_id": string(255)}),
    "team": _part("team", {"team_id": string(255)}),
    "broadcast": _part("broadcast", {"range": one_of("here", "channel", "everyone")}),
    "emoji": _part(
        "emoji",
        {"name": string(255)},
        {"unicode": string(100), "skin_tone": integer(2, 6), "url": string(3000)},
    ),
    "color": _part("color", {"value": string(20)}),
    "date": _part(
        "date",
        {"timestamp": integer(0, 99_999_999_999), "format": string(255)},
        {"url": string(3000), "fallback": string(3000)},
    ),
}

_SECTION = shape(
    {"elements": items(by_type(_PARTS, "rich text part"), 1000, fewest=0)}, kind="rich_text_section"
)
_BORDER: dict[str, Rule] = {"border": integer(0, 1)}

_ELEMENTS: dict[str, Rule] = {
    "rich_text_section": _SECTION,
    "rich_text_list": shape(
        {"elements": items(_SECTION, 1000), "style": one_of("bullet", "ordered")},
        {"indent": integer(0, 8), "offset": integer(0, 9999), **_BORDER},
        kind="rich_text_list",
    ),
    "rich_text_preformatted": shape(
        {"elements": items(by_type({"text": _TEXT, "link": _LINK}, "part of code"), 1000)},
        {"language": string(100), **_BORDER},
        kind="rich_text_preformatted",
    ),
    "rich_text_quote": shape(
        {"elements": items(by_type(_PARTS, "rich text part"), 1000)},
        _BORDER,
        kind="rich_text_quote",
    ),
}

RICH_TEXT_KEYS: dict[str, Rule] = {
    "elements": items(by_type(_ELEMENTS, "rich text element"), 1000),
    "block_id": string(255),
}

RICH_TEXT = shape(
    {"elements": RICH_TEXT_KEYS["elements"]}, {"block_id": string(255)}, kind="rich_text"
)

RICH_TEXT_CELL = shape({"elements": RICH_TEXT_KEYS["elements"]}, {}, kind="rich_text")
