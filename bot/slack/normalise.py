"""What Slack sends → what happened. Pure; forgives what is missing or new.

Slack adds fields and kinds as it likes. What we have no use for, and what lacks something that its
kind cannot be without, is `Unknown` with a reason.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypedDict

from bot.slack.events import (
    Closed,
    Command,
    Deleted,
    Edited,
    HomeOpened,
    Joined,
    Mentioned,
    Pressed,
    Reacted,
    Said,
    Shortcut,
    Submitted,
    Suggested,
    Unknown,
)
from bot.slack.reading import (
    Missing,
    Payload,
    files_of,
    part,
    parts,
    required,
    team_of,
    text,
    value_of,
    values_of,
    view_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.slack.events import SlackEvent

WRITTEN = frozenset({None, "file_share", "me_message", "thread_broadcast", "bot_message"})
"""Subtypes of messages that say something. The others tell of comings, goings and topics."""

_NAMES = re.compile(r"[a-z0-9_.]{1,60}(?: [a-z0-9_.]{1,60}){0,2}")
"""What is a name of Slack's may be counted and logged by it."""


def normalise(body: Mapping[str, Any]) -> SlackEvent:
    """Return what a payload of Slack's tells."""
    read = _read_event if body.get("type") == "event_callback" else _INTERACTIONS.get(_kind(body))
    if read is None:
        return _unknown(_kind(body))
    try:
        return read(dict(body))
    except Missing as missing:
        return _unknown(f"{_kind(body)} without {missing.name}")


def _kind(body: Mapping[str, Any]) -> str:
    kind = text(dict(body), "type")
    return kind or ("command" if isinstance(body.get("command"), str) else "nothing")


def _unknown(reason: str) -> Unknown:
    return Unknown(reason=reason if _NAMES.fullmatch(reason) else "something new")


# -- events ----------------------------------------------------------------------------------


def _read_event(body: Payload) -> SlackEvent:
    event = part(body, "event")
    kind = text(event, "type") or "event"
    read = _EVENTS.get(kind)
    if read is None:
        return _unknown(kind)
    try:
        return read(body, event)
    except Missing as missing:
        return _unknown(f"{kind} without {missing.name}")


def _message(body: Payload, event: Payload) -> SlackEvent:
    subtype = text(event, "subtype")
    if subtype == "message_changed":
        return _changed(body, event)
    if subtype == "message_deleted":
        return _deleted(body, event, part(event, "previous_message"))
    if subtype not in WRITTEN:
        return _unknown(f"message {subtype}")
    return Said(
        team=team_of(body),
        user=_writer(event),
        user_team=_user_team(event),
        channel=required(event, "channel"),
        channel_type=text(event, "channel_type"),
        ts=required(event, "ts"),
        thread_ts=_thread(event),
        text=text(event, "text") or "",
        files=files_of(event),
        forwarded=_forwarded(event),
        is_bot=_is_bot(event),
        bot_id=text(event, "bot_id"),
        is_ext_shared=body.get("is_ext_shared_channel") is True,
        is_broadcast=subtype == "thread_broadcast",
    )


def _changed(body: Payload, event: Payload) -> SlackEvent:
    message = part(event, "message")
    if text(message, "subtype") == "tombstone":
        # A message that has replies leaves a stone when it is removed.
        return _deleted(body, event, part(event, "previous_message") or message)
    before = part(event, "previous_message")
    edited = text(message, "edited", "ts")
    if before and edited == text(before, "edited", "ts") and _same_words(before, message):
        # Slack unfurled a link, or counted a reply.
        return Unknown(reason="message_changed by slack")
    return Edited(
        team=team_of(body),
        user=_writer(message),
        user_team=_user_team(message),
        channel=required(event, "channel"),
        channel_type=text(event, "channel_type"),
        ts=required(message, "ts"),
        thread_ts=_thread(message),
        text=text(message, "text") or "",
        files=files_of(message),
        is_bot=_is_bot(message),
        is_ext_shared=body.get("is_ext_shared_channel") is True,
        at=edited or text(event, "event_ts") or required(event, "ts"),
    )


def _same_words(before: Payload, after: Payload) -> bool:
    return text(before, "text") == text(after, "text") and files_of(before) == files_of(after)


def _deleted(body: Payload, event: Payload, before: Payload) -> Deleted:
    return Deleted(
        team=team_of(body),
        user=_writer(before),
        channel=required(event, "channel"),
        channel_type=text(event, "channel_type"),
        ts=text(event, "deleted_ts") or required(before, "ts"),
        thread_ts=_thread(before),
        is_ext_shared=body.get("is_ext_shared_channel") is True,
        at=text(event, "event_ts") or required(event, "ts"),
    )


def _mentioned(body: Payload, event: Payload) -> Mentioned:
    return Mentioned(
        team=team_of(body),
        user=_writer(event),
        user_team=_user_team(event),
        channel=required(event, "channel"),
        ts=required(event, "ts"),
        thread_ts=_thread(event),
        text=text(event, "text") or "",
        files=files_of(event),
        is_bot=_is_bot(event),
        is_ext_shared=body.get("is_ext_shared_channel") is True,
    )


def _reacted(body: Payload, event: Payload) -> SlackEvent:
    if text(event, "item", "type") not in (None, "message"):
        return Unknown(reason="reaction on something else")
    return Reacted(
        team=team_of(body),
        user=required(event, "user"),
        user_team=_user_team(event),
        channel=required(event, "item", "channel"),
        ts=required(event, "item", "ts"),
        name=required(event, "reaction"),
        added=text(event, "type") == "reaction_added",
        item_user=text(event, "item_user"),
        is_ext_shared=body.get("is_ext_shared_channel") is True,
        at=required(event, "event_ts"),
    )


def _home_opened(body: Payload, event: Payload) -> HomeOpened:
    return HomeOpened(
        team=team_of(body),
        user=required(event, "user"),
        tab=text(event, "tab") or "home",
        channel=text(event, "channel"),
        view=view_of(part(event, "view")),
        at=required(event, "event_ts"),
    )


def _joined(body: Payload, event: Payload) -> Joined:
    return Joined(
        team=team_of(body),
        user=required(event, "user"),
        user_team=text(event, "team"),
        channel=required(event, "channel"),
        inviter=text(event, "inviter"),
        is_ext_shared=body.get("is_ext_shared_channel") is True,
        at=required(event, "event_ts"),
    )


def _writer(message: Payload) -> str | None:
    return text(message, "user") or text(message, "edited", "user")


def _user_team(message: Payload) -> str | None:
    return text(message, "user_team") or text(message, "source_team") or text(message, "team")


def _thread(message: Payload) -> str | None:
    """Return the thread that a message replies in; a thread's first message carries its own ts."""
    thread_ts = text(message, "thread_ts")
    return None if thread_ts == text(message, "ts") else thread_ts


def _is_bot(message: Payload) -> bool:
    return text(message, "bot_id") is not None or text(message, "subtype") == "bot_message"


def _forwarded(message: Payload) -> tuple[str, ...]:
    shared = (a for a in parts(message, "attachments") if a.get("is_share") is True)
    return tuple(filter(None, (text(a, "text") or text(a, "fallback") for a in shared)))


_EVENTS: dict[str, Callable[[Payload, Payload], SlackEvent]] = {
    "message": _message,
    "app_mention": _mentioned,
    "reaction_added": _reacted,
    "reaction_removed": _reacted,
    "app_home_opened": _home_opened,
    "member_joined_channel": _joined,
}

# -- interactions and commands ---------------------------------------------------------------


class _Actor(TypedDict):
    team: str
    user: str
    user_team: str | None


def _actor(body: Payload) -> _Actor:
    return {
        "team": team_of(body),
        "user": required(body, "user", "id"),
        "user_team": text(body, "user", "team_id"),
    }


def _user_name(body: Payload) -> str | None:
    return text(body, "user", "name") or text(body, "user", "username")


def _pressed(body: Payload) -> Pressed:
    # Slack sends one action at a time; it is a list for old times' sake.
    action = next(iter(parts(body, "actions")), {})
    container, message = part(body, "container"), part(body, "message")
    ts = text(container, "message_ts") or text(message, "ts")
    thread_ts = text(container, "thread_ts") or text(message, "thread_ts")
    return Pressed(
        **_actor(body),
        user_name=_user_name(body),
        action_id=required(action, "action_id"),
        block_id=text(action, "block_id") or "",
        value=text(action, "value") if action.get("type") == "button" else None,
        selected=None if action.get("type") == "button" else value_of(action),
        channel=text(body, "channel", "id") or text(container, "channel_id"),
        ts=ts,
        thread_ts=None if thread_ts == ts else thread_ts,
        is_ephemeral=container.get("is_ephemeral") is True,
        view=view_of(part(body, "view")),
        values=values_of(part(body, "state", "values")),
        trigger_id=text(body, "trigger_id") or "",
        response_url=text(body, "response_url"),
        at=required(action, "action_ts"),
    )


def _submitted(body: Payload) -> Submitted:
    view = view_of(part(body, "view"))
    if view is None:
        raise Missing("view.id")
    return Submitted(
        **_actor(body),
        user_name=_user_name(body),
        view=view,
        trigger_id=text(body, "trigger_id") or "",
    )


def _closed(body: Payload) -> Closed:
    view = view_of(part(body, "view"))
    if view is None:
        raise Missing("view.id")
    return Closed(**_actor(body), view=view, is_cleared=body.get("is_cleared") is True)


def _shortcut(body: Payload) -> Shortcut:
    message = part(body, "message")
    ts = text(body, "message_ts") or text(message, "ts")
    if body.get("type") == "message_action" and ts is None:
        raise Missing("message_ts")
    return Shortcut(
        **_actor(body),
        user_name=_user_name(body),
        callback_id=required(body, "callback_id"),
        channel=text(body, "channel", "id"),
        ts=ts,
        thread_ts=_thread(message),
        text=text(message, "text") or "",
        message_user=text(message, "user"),
        files=files_of(message),
        trigger_id=text(body, "trigger_id") or "",
        response_url=text(body, "response_url"),
        at=text(body, "action_ts") or "",
    )


def _suggested(body: Payload) -> Suggested:
    return Suggested(
        **_actor(body),
        action_id=required(body, "action_id"),
        block_id=text(body, "block_id") or "",
        typed=text(body, "value") or "",
        view=view_of(part(body, "view")),
    )


def _command(body: Payload) -> Command:
    return Command(
        team=team_of(body),
        user=required(body, "user_id"),
        user_name=text(body, "user_name"),
        channel=required(body, "channel_id"),
        command=required(body, "command"),
        text=text(body, "text") or "",
        trigger_id=required(body, "trigger_id"),
        response_url=text(body, "response_url"),
    )


_INTERACTIONS: dict[str, Callable[[Payload], SlackEvent]] = {
    "block_actions": _pressed,
    "view_submission": _submitted,
    "view_closed": _closed,
    "message_action": _shortcut,
    "shortcut": _shortcut,
    "block_suggestion": _suggested,
    "command": _command,
}
