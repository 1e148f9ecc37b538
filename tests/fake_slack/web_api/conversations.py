"""conversations.* and users.conversations: channels, who is in them, and what was said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fake_slack.web_api.call import ApiError, Asked, method
from tests.fake_slack.web_api.chat import channel_for
from tests.fake_slack.workspace import BOT_USER, Channel

if TYPE_CHECKING:
    from tests.fake_slack.messages import Message

Json = dict[str, Any]

_SCOPE = {"channel": "channels", "group": "groups", "im": "im", "mpim": "mpim"}
_TYPE = {"channel": "public_channel", "group": "private_channel", "im": "im", "mpim": "mpim"}


def _readable(asked: Asked) -> Channel:
    channel = channel_for(asked)
    asked.needs(f"{_SCOPE[channel.kind]}:history")
    if BOT_USER not in channel.members:
        raise ApiError("not_in_channel")
    return channel


def _between(asked: Asked, messages: list[Message]) -> list[Message]:
    """Return the messages inside `oldest` and `latest`."""
    oldest, latest = asked.text("oldest") or "0", asked.text("latest")
    inclusive = asked.flag("inclusive")

    def within(ts: str) -> bool:
        at = float(ts)
        after = at > float(oldest) or (inclusive and at == float(oldest))
        if not latest:
            return after
        return after and (at < float(latest) or (inclusive and at == float(latest)))

    try:
        return [message for message in messages if within(message.ts)]
    except ValueError:
        raise ApiError("invalid_ts_oldest") from None


def _shown(asked: Asked, channel: Channel, found: list[Message]) -> Json:
    page, cursor = asked.page(found)
    metadata = asked.flag("include_all_metadata")
    answer: Json = {
        "messages": [channel.shape_of(message, metadata=metadata) for message in page],
        "has_more": bool(cursor),
    }
    if cursor:
        answer["response_metadata"] = {"next_cursor": cursor}
    return answer


def history(asked: Asked) -> Json:
    channel = _readable(asked)
    newest_first = _between(asked, channel.top_level())[::-1]
    return _shown(asked, channel, newest_first) | {"pin_count": 0}


def replies(asked: Asked) -> Json:
    channel = _readable(asked)
    root = channel.find(asked.text("ts"))
    if root is None:
        raise ApiError("thread_not_found")
    thread = channel.thread(root.thread_ts or root.ts)
    # The first message of a thread is always there, whatever the bounds.
    found = thread[:1] + _between(asked, thread[1:])
    return _shown(asked, channel, found)


def info(asked: Asked) -> Json:
    channel = channel_for(asked)
    asked.needs(f"{_SCOPE[channel.kind]}:read")
    member = BOT_USER in channel.members
    shown = channel.shape(member=member, num_members=asked.flag("include_num_members"))
    if asked.flag("include_locale"):
        shown["locale"] = "en-US"
    return {"channel": shown}


def _listed(asked: Asked, channels: list[Channel], viewer: str) -> Json:
    wanted = (asked.text("types") or "public_channel").split(",")
    if set(wanted) - set(_TYPE.values()):
        raise ApiError("invalid_types")
    for kind, name in _TYPE.items():
        if name in wanted:
            asked.needs(f"{_SCOPE[kind]}:read")
    found = [
        channel
        for channel in channels
        if _TYPE[channel.kind] in wanted
        and (not channel.private or BOT_USER in channel.members)
        and not (channel.archived and asked.flag("exclude_archived"))
    ]
    page, cursor = asked.page(found)
    return {
        "channels": [
            channel.shape(member=viewer in channel.members, num_members=True) for channel in page
        ],
        "response_metadata": {"next_cursor": cursor},
    }


def list_all(asked: Asked) -> Json:
    return _listed(asked, list(asked.slack.workspace.channels.values()), BOT_USER)


def of_user(asked: Asked) -> Json:
    user = asked.text("user") or BOT_USER
    if user not in asked.slack.workspace.users:
        raise ApiError("user_not_found")
    channels = [c for c in asked.slack.workspace.channels.values() if user in c.members]
    return _listed(asked, channels, user)


def _reachable(asked: Asked, id_: str) -> None:
    user = asked.slack.workspace.users.get(id_)
    if user is None or id_ == BOT_USER:
        raise ApiError("user_not_found")
    if user.deleted:
        raise ApiError("user_disabled")
    if user.bot:
        raise ApiError("cannot_dm_bot")


def open_direct(asked: Asked) -> Json:
    workspace = asked.slack.workspace
    asked.needs("im:write")
    users = [user for user in asked.text("users").split(",") if user]
    if not users:
        channel = channel_for(asked)
        if channel.kind not in ("im", "mpim"):
            raise ApiError("invalid_arguments")
    else:
        if len(users) > 1:
            asked.needs("mpim:write")
        for id_ in users:
            _reachable(asked, id_)
        channel = workspace.direct(users)
    if asked.flag("return_im"):
        return {"channel": channel.shape(member=True)}
    return {"channel": {"id": channel.id}}


def join(asked: Asked) -> Json:
    channel = channel_for(asked)
    if channel.kind != "channel":
        raise ApiError("method_not_supported_for_channel_type")
    if channel.archived:
        raise ApiError("is_archived")
    answer: Json = {}
    if BOT_USER in channel.members:
        answer["warning"] = "already_in_channel"
    else:
        asked.slack.workspace.member(channel, BOT_USER, joined=True)
    return answer | {"channel": channel.shape(member=True)}


def members(asked: Asked) -> Json:
    channel = channel_for(asked)
    asked.needs(f"{_SCOPE[channel.kind]}:read")
    page, cursor = asked.page(list(channel.members))
    return {"members": page, "response_metadata": {"next_cursor": cursor}}


_BOUNDS = "cursor limit oldest latest inclusive include_all_metadata"
_LIST = "cursor limit types exclude_archived"

METHODS = {
    "conversations.history": method(history, "channel", _BOUNDS),
    "conversations.replies": method(replies, "channel ts", _BOUNDS),
    "conversations.info": method(info, "channel", "include_locale include_num_members"),
    "conversations.list": method(list_all, "", _LIST, tier=2),
    "users.conversations": method(of_user, "", f"{_LIST} user"),
    "conversations.open": method(open_direct, "", "channel users return_im"),
    "conversations.join": method(join, "channel", scopes=("channels:join",)),
    "conversations.members": method(members, "channel", "cursor limit", tier=4),
}
