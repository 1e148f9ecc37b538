"""Reads values out of payloads that may lack anything, or hold something else than expected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.slack.events import File, View

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.slack.events import Value

Payload = dict[str, Any]

MOST_FILES = 20
"""Slack takes ten with a message."""


class Missing(Exception):  # noqa: N818  # it becomes an event of kind Unknown
    """The payload lacks what its kind cannot be without."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def part(payload: object, *path: str) -> Payload:
    """Return an object within a payload; an empty one when there is none."""
    for name in path:
        payload = payload.get(name) if isinstance(payload, dict) else None
    return payload if isinstance(payload, dict) else {}


def text(payload: object, *path: str) -> str | None:
    """Return a text that holds something; None when there is none. Numbers count as text."""
    value = part(payload, *path[:-1]).get(path[-1])
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return storable(value) if isinstance(value, str) and value else None


def storable(value: str) -> str:
    """Return a text in which half an emoji, which JSON may hold and no store takes, is a mark."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value


def required(payload: object, *path: str) -> str:
    """Return a text.

    Raises:
        Missing: There is none.
    """
    found = text(payload, *path)
    if found is None:
        raise Missing(".".join(path))
    return found


def parts(payload: object, *path: str) -> list[Payload]:
    """Return the objects of a list."""
    found = part(payload, *path[:-1]).get(path[-1])
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def team_of(body: Payload) -> str:
    """Return the workspace that a payload belongs to; for an app of a whole company, the company.

    Raises:
        Missing: It does not say.
    """
    return (
        text(body, "team", "id")
        or text(body, "team_id")
        or text(body, "view", "team_id")
        or text(body, "user", "team_id")
        or required(body, "enterprise", "id")
    )


def files_of(message: Payload) -> tuple[File, ...]:
    """Return the files of a message."""
    found = parts(message, "files")[:MOST_FILES]
    return tuple(_file(file) for file in found if text(file, "id"))


def _file(file: Payload) -> File:
    gone = file.get("mode") in ("tombstone", "hidden_by_limit")
    url = text(file, "url_private_download") or text(file, "url_private")
    size = file.get("size")
    return File(
        id=required(file, "id"),
        name=text(file, "name") or text(file, "title") or "",
        mimetype=text(file, "mimetype") or "application/octet-stream",
        size=size if isinstance(size, int) else 0,
        url=None if gone else url,
    )


def view_of(view: Payload) -> View | None:
    """Return a view; None when there is none."""
    id_ = text(view, "id")
    if id_ is None:
        return None
    return View(
        id=id_,
        hash=text(view, "hash") or "",
        type=text(view, "type") or "modal",
        callback_id=text(view, "callback_id") or "",
        private_metadata=text(view, "private_metadata") or "",
        external_id=text(view, "external_id"),
        root_id=text(view, "root_view_id"),
        values=values_of(part(view, "state", "values")),
    )


def values_of(by_block: Mapping[str, object]) -> dict[str, Value]:
    """Return what a form holds by action id, whichever block it stands in."""
    values: dict[str, Value] = {}
    for fields in by_block.values():
        for action_id, element in part({"": fields}, "").items():
            value = value_of(part({"": element}, ""))
            if values.get(storable(action_id)) is None:
                values[storable(action_id)] = value
    return values


_ONE = (
    *("value", "selected_user", "selected_channel", "selected_conversation"),
    *("selected_date", "selected_time", "selected_date_time"),
)
_MANY = ("selected_users", "selected_channels", "selected_conversations")


def value_of(element: Payload) -> Value:
    """Return what was typed or chosen in a field."""
    options = parts(element, "selected_options") or parts(element, "files")
    if options:
        return tuple(filter(None, (text(o, "value") or text(o, "id") for o in options)))
    for name in _MANY:
        chosen = element.get(name)
        if isinstance(chosen, list):
            return tuple(storable(each) for each in chosen if isinstance(each, str))
    if isinstance(element.get("rich_text_value"), dict):
        return "".join(_runs(element["rich_text_value"])).strip("\n") or None
    if isinstance(element.get("selected_options"), list):
        return ()
    one = text(element, "selected_option", "value")
    return one or next((value for name in _ONE if (value := text(element, name))), None)


def _runs(node: Payload) -> list[str]:
    """Return the texts of a rich text, each of its paragraphs on a line."""
    kind = node.get("type")
    if kind in ("text", "link", "emoji", "user", "channel"):
        found = text(node, "text") or text(node, "url")
        ids = text(node, "user_id") or text(node, "channel_id")
        name = text(node, "name")
        return [found or (f"<@{ids}>" if ids else f":{name}:" if name else "")]
    runs = [run for each in parts(node, "elements") for run in _runs(each)]
    return [*runs, "\n"] if kind in ("rich_text_section", "rich_text_quote") else runs
