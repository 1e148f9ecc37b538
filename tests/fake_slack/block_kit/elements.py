"""The elements: buttons, menus, inputs and images, with Slack's bounds."""

from __future__ import annotations

import re
from typing import Any

from tests.fake_slack.block_kit.rich_text import RICH_TEXT_KEYS
from tests.fake_slack.block_kit.rules import (
    Report,
    Rule,
    also,
    boolean,
    exactly_one,
    integer,
    items,
    marked,
    one_of,
    plain,
    shape,
    string,
)

ID = string(255)

CONFIRM = shape(
    {"title": plain(100), "text": marked(300), "confirm": plain(30), "deny": plain(30)},
    {"style": one_of("primary", "danger")},
)

SLACK_FILE = also(shape({}, {"id": string(255), "url": string(3000)}), exactly_one("id", "url"))

IMAGE = also(
    shape(
        {"alt_text": string(2000)},
        {"image_url": string(3000), "slack_file": SLACK_FILE},
        kind="image",
    ),
    exactly_one("image_url", "slack_file"),
)


def focus(value: Any, at: str, report: Report) -> None:
    """One element of a view may have the focus."""
    boolean(value, at, report)
    if value is True:
        report.focused += 1
        if report.focused > 1:
            report.add(at, "only one element can be focused", type="unique")


def _element(
    kind: str,
    required: dict[str, Rule] | None = None,
    optional: dict[str, Rule] | None = None,
    *,
    plainly: bool = False,
) -> Rule:
    """An element with what most have: an id, a placeholder, a confirmation, the focus."""
    common: dict[str, Rule] = {"action_id": ID}
    if not plainly:
        common |= {"placeholder": plain(150), "focus_on_load": focus, "confirm": CONFIRM}
    return shape(required or {}, common | (optional or {}), kind=kind)


BUTTON = _element(
    "button",
    {"text": plain(75)},
    {
        "url": string(3000),
        "value": string(2000),
        "style": one_of("primary", "danger"),
        "confirm": CONFIRM,
        "accessibility_label": string(75),
    },
    plainly=True,
)


def option(text: Rule, *, url: bool = False) -> Rule:
    """An option of a menu."""
    more: dict[str, Rule] = {"description": plain(75)}
    if url:
        more["url"] = string(3000)
    return shape({"text": text, "value": string(150)}, more)


_CHOICE = option(plain(75))
_TICKED = shape({"text": marked(75), "value": string(150)}, {"description": marked(75)})
_GROUP = shape({"label": plain(75), "options": items(_CHOICE, 100)})

OVERFLOW = _element(
    "overflow",
    {"options": items(option(plain(75), url=True), 5)},
    {"confirm": CONFIRM},
    plainly=True,
)


def _offered(value: Any) -> list[Any]:
    found = list(value.get("options") or [])
    for group in value.get("option_groups") or []:
        found += group["options"]
    return found


def _initial_is_offered(value: Any, at: str, report: Report) -> None:
    offered = _offered(value)
    wanted = list(value.get("initial_options") or [])
    if "initial_option" in value:
        wanted.append(value["initial_option"])
    if any(each not in offered for each in wanted):
        report.add(at, "initial option must be one of the options", type="enum")


def _values_differ(value: Any, at: str, report: Report) -> None:
    values = [each["value"] for each in _offered(value)]
    if len(values) != len(set(values)):
        report.add(at, "option values must be unique", "duplicate_value", type="unique")


def _menu(kind: str, optional: dict[str, Rule]) -> Rule:
    choices = {"options": items(_CHOICE, 100), "option_groups": items(_GROUP, 100)}
    return also(
        _element(kind, {}, choices | optional),
        exactly_one("options", "option_groups"),
        _values_differ,
        _initial_is_offered,
    )


def _ticks(kind: str, initial: dict[str, Rule]) -> Rule:
    common: dict[str, Rule] = {"action_id": ID, "focus_on_load": focus, "confirm": CONFIRM}
    return also(
        shape({"options": items(_TICKED, 10)}, common | initial, kind=kind),
        _values_differ,
        _initial_is_offered,
    )


def _matching(pattern: str, what: str) -> Rule:
    compiled = re.compile(pattern)

    def check(value: Any, at: str, report: Report) -> None:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            report.add(at, f"must be {what}", type="format")

    return check


_DATE = _matching(r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])", "YYYY-MM-DD")
_TIME = _matching(r"(?:[01]\d|2[0-3]):[0-5]\d", "HH:mm")
_NAMES = items(string(255), 100, fewest=0)
_MOST_CHOSEN: dict[str, Rule] = {"max_selected_items": integer(1, 100)}
_DISPATCH = shape(
    {}, {"trigger_actions_on": items(one_of("on_enter_pressed", "on_character_entered"), 2)}
)
_FILTER = shape(
    {},
    {
        "include": items(one_of("im", "mpim", "private", "public"), 4),
        "exclude_bot_users": boolean,
        "exclude_external_shared_channels": boolean,
    },
)
_LISTENING: dict[str, Rule] = {"dispatch_action_config": _DISPATCH}

SELECTS: dict[str, Rule] = {
    "static_select": _menu("static_select", {"initial_option": _CHOICE}),
    "external_select": _element(
        "external_select", {}, {"initial_option": _CHOICE, "min_query_length": integer(0, 100)}
    ),
    "users_select": _element("users_select", {}, {"initial_user": ID}),
    "conversations_select": _element(
        "conversations_select",
        {},
        {
            "initial_conversation": ID,
            "default_to_current_conversation": boolean,
            "response_url_enabled": boolean,
            "filter": _FILTER,
        },
    ),
    "channels_select": _element(
        "channels_select", {}, {"initial_channel": ID, "response_url_enabled": boolean}
    ),
}

MULTI_SELECTS: dict[str, Rule] = {
    "multi_static_select": _menu(
        "multi_static_select", {"initial_options": items(_CHOICE, 100), **_MOST_CHOSEN}
    ),
    "multi_external_select": _element(
        "multi_external_select",
        {},
        {
            "initial_options": items(_CHOICE, 100),
            "min_query_length": integer(0, 100),
            **_MOST_CHOSEN,
        },
    ),
    "multi_users_select": _element(
        "multi_users_select", {}, {"initial_users": _NAMES, **_MOST_CHOSEN}
    ),
    "multi_conversations_select": _element(
        "multi_conversations_select",
        {},
        {
            "initial_conversations": _NAMES,
            "default_to_current_conversation": boolean,
            "filter": _FILTER,
            **_MOST_CHOSEN,
        },
    ),
    "multi_channels_select": _element(
        "multi_channels_select", {}, {"initial_channels": _NAMES, **_MOST_CHOSEN}
    ),
}

PICKERS: dict[str, Rule] = {
    "datepicker": _element("datepicker", {}, {"initial_date": _DATE}),
    "timepicker": _element("timepicker", {}, {"initial_time": _TIME, "timezone": string(100)}),
    "checkboxes": _ticks("checkboxes", {"initial_options": items(_TICKED, 10)}),
    "radio_buttons": _ticks("radio_buttons", {"initial_option": _TICKED}),
}

DATETIME: dict[str, Rule] = {
    "datetimepicker": shape(
        {},
        {
            "action_id": ID,
            "initial_date_time": integer(1_000_000_000, 9_999_999_999),
            "focus_on_load": focus,
            "confirm": CONFIRM,
        },
        kind="datetimepicker",
    )
}


def _typed(kind: str, optional: dict[str, Rule]) -> Rule:
    common: dict[str, Rule] = {"action_id": ID, "placeholder": plain(150), "focus_on_load": focus}
    return shape({}, common | _LISTENING | optional, kind=kind)


def _lengths_fit(value: Any, at: str, report: Report) -> None:
    if value.get("min_length", 0) > value.get("max_length", 3000):
        report.add(at, "min_length must not exceed max_length", type="range")
    if len(value.get("initial_value", "")) > value.get("max_length", 3000):
        report.add(f"{at}/initial_value", "must not exceed max_length", type="max")


TYPED: dict[str, Rule] = {
    "plain_text_input": also(
        _typed(
            "plain_text_input",
            {
                "initial_value": string(3000, shortest=0),
                "multiline": boolean,
                "min_length": integer(0, 3000),
                "max_length": integer(1, 3000),
            },
        ),
        _lengths_fit,
    ),
    "email_text_input": _typed("email_text_input", {"initial_value": string(3000)}),
    "url_text_input": _typed("url_text_input", {"initial_value": string(3000)}),
    "number_input": also(
        _typed(
            "number_input",
            {
                "is_decimal_allowed": boolean,
                "initial_value": string(100),
                "min_value": string(100),
                "max_value": string(100),
            },
        )
    ),
    "rich_text_input": _typed(
        "rich_text_input", {"initial_value": shape({}, RICH_TEXT_KEYS, kind="rich_text")}
    ),
    "file_input": shape(
        {},
        {
            "action_id": ID,
            "filetypes": items(string(20), 100),
            "max_files": integer(1, 10),
        },
        kind="file_input",
    ),
}

ACCESSORY: dict[str, Rule] = {
    "button": BUTTON,
    "image": IMAGE,
    "overflow": OVERFLOW,
    **SELECTS,
    **MULTI_SELECTS,
    **PICKERS,
}
"""What may stand beside the text of a section."""

IN_ACTIONS: dict[str, Rule] = {
    "button": BUTTON,
    "overflow": OVERFLOW,
    **SELECTS,
    **PICKERS,
    **DATETIME,
}

IN_INPUT: dict[str, Rule] = {**SELECTS, **MULTI_SELECTS, **PICKERS, **DATETIME, **TYPED}
