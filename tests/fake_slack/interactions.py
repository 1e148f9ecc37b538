"""The payloads of what people do with buttons, menus, modals, shortcuts and commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fake_slack.events import VERIFICATION_TOKEN
from tests.fake_slack.views import MANY, View, value_key
from tests.fake_slack.workspace import APP, Channel, User

if TYPE_CHECKING:
    from tests.fake_slack.messages import Message
    from tests.fake_slack.slack import FakeSlack

Json = dict[str, Any]


class NotPossible(Exception):  # noqa: N818  # nobody is at fault
    """A person cannot do this: the button is not there, the field must be filled, …"""


def _common(slack: FakeSlack, user: User) -> Json:
    team = slack.workspace.team
    return {
        "user": {
            "id": user.id,
            "username": user.name.lower().replace(" ", "."),
            "name": user.name.lower().replace(" ", "."),
            "team_id": user.team,
        },
        "api_app_id": APP,
        "token": VERIFICATION_TOKEN,
        "team": {"id": team.id, "domain": team.domain},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def _channel(channel: Channel) -> Json:
    name = "privategroup" if channel.kind == "group" else channel.name
    return {"id": channel.id, "name": name}


def block_actions(
    slack: FakeSlack, user: User, channel: Channel, message: Message, action: Json, state: Json
) -> Json:
    """Return the payload of using an element of a message."""
    ephemeral = message.ephemeral_for is not None
    container: Json = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": channel.id,
        "is_ephemeral": ephemeral,
    }
    if message.is_reply:
        container["thread_ts"] = message.thread_ts
    path = slack.tickets.response_url(
        user.id,
        channel.id,
        message_ts=message.ts,
        thread_ts=message.thread_ts,
        ephemeral=ephemeral,
    )
    payload = {
        "type": "block_actions",
        **_common(slack, user),
        "container": container,
        "trigger_id": slack.tickets.trigger(user.id),
        "channel": _channel(channel),
        "state": {"values": state},
        "response_url": slack.url + path,
        "actions": [action],
    }
    if not ephemeral:
        # Of a message that only one person sees, the app gets no copy.
        payload["message"] = channel.shape_of(message, metadata=True)
    return payload


def view_actions(slack: FakeSlack, user: User, view: View, action: Json) -> Json:
    """Return the payload of using an element of a modal or an App Home."""
    modal = view.kind == "modal"
    return {
        "type": "block_actions",
        **_common(slack, user),
        "container": {"type": "view", "view_id": view.id},
        "trigger_id": slack.tickets.trigger(user.id, view.id if modal else None),
        "view": view.shape(),
        "actions": [action],
    }


def suggestion(
    slack: FakeSlack, user: User, block_id: str, action_id: str, query: str, place: Json
) -> Json:
    """Return the payload of typing into a menu whose options the app provides."""
    return {
        "type": "block_suggestion",
        **_common(slack, user),
        "block_id": block_id,
        "action_id": action_id,
        "value": query,
        **place,
    }


def message_place(channel: Channel, message: Message) -> Json:
    """Return where a menu is that stands in a message."""
    return {
        "container": {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": channel.id,
            "is_ephemeral": message.ephemeral_for is not None,
        },
        "channel": _channel(channel),
        "message": channel.shape_of(message),
    }


def view_place(view: View) -> Json:
    """Return where a menu is that stands in a view."""
    return {"container": {"type": "view", "view_id": view.id}, "view": view.shape()}


def view_submission(slack: FakeSlack, user: User, view: View) -> Json:
    """Return the payload of submitting a modal."""
    return {
        "type": "view_submission",
        **_common(slack, user),
        "trigger_id": slack.tickets.trigger(user.id, view.id),
        "view": view.shape(),
        "response_urls": [],
    }


def view_closed(slack: FakeSlack, user: User, view: View, *, cleared: bool) -> Json:
    """Return the payload of closing a modal."""
    return {
        "type": "view_closed",
        **_common(slack, user),
        "view": view.shape(),
        "is_cleared": cleared,
    }


def message_action(
    slack: FakeSlack, user: User, channel: Channel, message: Message, callback_id: str
) -> Json:
    """Return the payload of a message shortcut."""
    path = slack.tickets.response_url(
        user.id, channel.id, message_ts=message.ts, thread_ts=message.thread_ts
    )
    return {
        "type": "message_action",
        **_common(slack, user),
        "callback_id": callback_id,
        "trigger_id": slack.tickets.trigger(user.id),
        "action_ts": slack.workspace.next_ts(),
        "message_ts": message.ts,
        "response_url": slack.url + path,
        "channel": _channel(channel),
        "message": channel.shape_of(message),
    }


def global_shortcut(slack: FakeSlack, user: User, callback_id: str) -> Json:
    """Return the payload of a shortcut without a message."""
    return {
        "type": "shortcut",
        **_common(slack, user),
        "callback_id": callback_id,
        "trigger_id": slack.tickets.trigger(user.id),
        "action_ts": slack.workspace.next_ts(),
    }


def slash_command(slack: FakeSlack, user: User, channel: Channel, command: str, text: str) -> Json:
    """Return the form of a slash command."""
    team = slack.workspace.team
    path = slack.tickets.response_url(user.id, channel.id)
    name = "directmessage" if channel.kind == "im" else channel.name
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": team.id,
        "team_domain": team.domain,
        "channel_id": channel.id,
        "channel_name": "privategroup" if channel.kind == "group" else name,
        "user_id": user.id,
        "user_name": user.name.lower().replace(" ", "."),
        "command": command,
        "text": text,
        "api_app_id": APP,
        "is_enterprise_install": "false",
        "response_url": slack.url + path.replace("/actions/", "/commands/"),
        "trigger_id": slack.tickets.trigger(user.id),
    }


def chosen(element: Json, wanted: Any) -> Json:
    """Return the state of an element when somebody enters or chooses this in it.

    Raises:
        NotPossible: If the element does not offer it.
    """
    kind = element["type"]
    key = value_key(element)
    if kind == "overflow":
        key = "selected_option"
    if key is None:
        raise NotPossible(f"nothing can be chosen in a {kind}")
    if key in ("selected_option", "selected_options"):
        many = key == "selected_options"
        wishes = (list(wanted) if isinstance(wanted, list | tuple) else [wanted]) if many else []
        found: Any = (
            [_option(element, wish) for wish in wishes] if many else _option(element, wanted)
        )
        return {"type": kind, key: found}
    if key in MANY:
        return {"type": kind, key: list(wanted or [])}
    return {"type": kind, key: wanted}


def _option(element: Json, wanted: Any) -> Json | None:
    if wanted is None:
        return None
    options = list(element.get("options") or [])
    for group in element.get("option_groups") or []:
        options += group["options"]
    for option in options:
        if wanted in (option, option.get("value"), option["text"]["text"]):
            found: Json = option
            return found
    if "external" in element["type"] and isinstance(wanted, dict):
        return wanted
    offered = [option.get("value") for option in options]
    raise NotPossible(f"{element.get('action_id')}: no option {wanted!r} among {offered}")


def action_of(slack: FakeSlack, block_id: str, element: Json, wanted: Any) -> Json:
    """Return the entry in `actions` of using an element."""
    action: Json = {
        "action_id": element["action_id"],
        "block_id": block_id,
        "type": element["type"],
        "action_ts": slack.workspace.next_ts(),
    }
    if element["type"] == "button":
        kept = {key: element[key] for key in ("text", "value", "style", "url") if key in element}
        return action | kept
    return action | chosen(element, wanted)


def entered(view: View, values: Json | None) -> None:
    """Enter values in a modal, by block and action or by action alone.

    Raises:
        NotPossible: If there is no such field, or it does not offer the value.
    """
    for name, value in (values or {}).items():
        if isinstance(value, dict) and any(b.get("block_id") == name for b in view.blocks):
            for action_id, inner in value.items():
                _enter(view, action_id, inner, name)
        else:
            _enter(view, name, value, None)


def _enter(view: View, action_id: str, value: Any, block_id: str | None) -> None:
    for block in view.blocks:
        element = block.get("element") or {}
        here = block_id in (None, block["block_id"])
        if here and element.get("action_id") == action_id:
            state = chosen(element, value)
            view.values.setdefault(block["block_id"], {})[action_id] = state
            return
    raise NotPossible(f"no field {action_id!r} in the modal")


def missing_input(view: View) -> list[str]:
    """Return what the client would complain about before it submits anything."""
    complaints: list[str] = []
    for block in view.blocks:
        if block["type"] != "input":
            continue
        element = block["element"]
        state = view.values.get(block["block_id"], {}).get(element["action_id"], {})
        value = state.get(value_key(element) or "")
        if not value and not block.get("optional"):
            complaints.append(f"{block['block_id']}: must be filled")
        elif isinstance(value, str) and element["type"] == "plain_text_input":
            if len(value) > element.get("max_length", 3000):
                complaints.append(f"{block['block_id']}: too long")
            if len(value) < element.get("min_length", 0):
                complaints.append(f"{block['block_id']}: too short")
    return complaints
