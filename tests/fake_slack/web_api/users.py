"""users.* and reactions.*: who people are, and what they think of a message."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tests.fake_slack.web_api.call import ApiError, Asked, method
from tests.fake_slack.web_api.chat import channel_for
from tests.fake_slack.workspace import BOT_USER, Channel

if TYPE_CHECKING:
    from tests.fake_slack.messages import Message

Json = dict[str, Any]

MOST_REACTIONS = 23
"""Different emoji on one message."""

_EMOJI = re.compile(r"[a-z0-9_+'-]+(?:::skin-tone-[2-6])?")


def _shape(asked: Asked, id_: str) -> Json:
    user = asked.slack.workspace.users[id_]
    email = "users:read.email" in asked.token.scopes
    locale = asked.flag("include_locale")
    return user.shape(locale=locale, email=email, base=asked.slack.url)


def info(asked: Asked) -> Json:
    if asked.text("user") not in asked.slack.workspace.users:
        raise ApiError("user_not_found")
    return {"user": _shape(asked, asked.text("user"))}


def list_all(asked: Asked) -> Json:
    page, cursor = asked.page(list(asked.slack.workspace.users))
    return {
        "members": [_shape(asked, id_) for id_ in page],
        "response_metadata": {"next_cursor": cursor},
    }


def lookup_by_email(asked: Asked) -> Json:
    wanted = asked.text("email").casefold()
    for user in asked.slack.workspace.users.values():
        if user.email and user.email.casefold() == wanted and not user.deleted:
            return {"user": _shape(asked, user.id)}
    raise ApiError("users_not_found")


def _target(asked: Asked) -> tuple[Channel, Message]:
    if not asked.text("channel") or not asked.text("timestamp"):
        raise ApiError("no_item_specified")
    channel = channel_for(asked)
    message = channel.find(asked.text("timestamp"))
    if message is None:
        raise ApiError("message_not_found")
    return channel, message


def _name(asked: Asked) -> str:
    name = asked.text("name").strip(":")
    if not _EMOJI.fullmatch(name):
        raise ApiError("invalid_name")
    return name


def add(asked: Asked) -> Json:
    channel, message = _target(asked)
    name = _name(asked)
    if channel.archived:
        raise ApiError("is_archived")
    if BOT_USER not in channel.members:
        raise ApiError("not_in_channel")
    if BOT_USER in message.reactions.get(name, []):
        raise ApiError("already_reacted")
    if len(message.reactions) >= MOST_REACTIONS and name not in message.reactions:
        raise ApiError("too_many_emoji")
    message.reactions.setdefault(name, []).append(BOT_USER)
    asked.slack.workspace.reacted(channel, message, BOT_USER, name, "reaction_added")
    return {}


def remove(asked: Asked) -> Json:
    channel, message = _target(asked)
    name = _name(asked)
    users = message.reactions.get(name, [])
    if BOT_USER not in users:
        raise ApiError("no_reaction")
    users.remove(BOT_USER)
    if not users:
        del message.reactions[name]
    asked.slack.workspace.reacted(channel, message, BOT_USER, name, "reaction_removed")
    return {}


def get(asked: Asked) -> Json:
    channel, message = _target(asked)
    return {"type": "message", "channel": channel.id, "message": channel.shape_of(message)}


METHODS = {
    "users.info": method(info, "user", "include_locale", scopes=("users:read",), tier=4),
    "users.list": method(
        list_all, "", "cursor limit include_locale", scopes=("users:read",), tier=2
    ),
    "users.lookupByEmail": method(lookup_by_email, "email", scopes=("users:read.email",)),
    "reactions.add": method(add, "channel name timestamp", scopes=("reactions:write",)),
    "reactions.remove": method(
        remove, "name", "channel timestamp file file_comment", scopes=("reactions:write",), tier=2
    ),
    "reactions.get": method(
        get, "", "channel timestamp file file_comment full", scopes=("reactions:read",)
    ),
}
