"""chat.*: posting, changing and deleting messages."""

from __future__ import annotations

import json
from typing import Any

from tests.fake_slack.block_kit.check import message_problems, text_length
from tests.fake_slack.messages import Message
from tests.fake_slack.views import named_blocks
from tests.fake_slack.web_api.call import ApiError, Asked, method
from tests.fake_slack.workspace import APP, BOT, BOT_USER, TEAM, Channel

Json = dict[str, Any]

LONGEST_TEXT = 40_000
LONGEST_MARKDOWN = 12_000
MOST_IN_BLOCKS = 13_200
"""Characters in all blocks together. The real bound is not documented; here it was seen."""

MOST_METADATA = 8000


def channel_for(asked: Asked, name: str = "channel") -> Channel:
    """Return the channel an argument names: by id, or the DM with a user by the user's id."""
    workspace = asked.slack.workspace
    id_ = asked.text(name)
    if id_ in workspace.users and id_ != BOT_USER:
        return workspace.direct([id_])
    channel = workspace.channels.get(id_)
    if channel is None or (channel.private and BOT_USER not in channel.members):
        # A private channel the bot is not in does not exist for it.
        raise ApiError("channel_not_found")
    return channel


def writable(asked: Asked, name: str = "channel") -> Channel:
    """Return a channel the bot may write to."""
    channel = channel_for(asked, name)
    if channel.archived:
        raise ApiError("is_archived")
    if BOT_USER not in channel.members:
        public = channel.kind == "channel" and "chat:write.public" in asked.token.scopes
        if not public:
            raise ApiError("not_in_channel")
    if channel.read_only:
        raise ApiError("restricted_action_read_only_channel")
    return channel


def _sound_blocks(asked: Asked) -> tuple[list[Json], list[Json]]:
    """Return blocks and attachments, or refuse the message for what is wrong in them."""
    arguments = asked.arguments
    blocks = arguments.get("blocks") or []
    attachments = arguments.get("attachments") or []
    if not isinstance(blocks, list):
        raise ApiError("invalid_blocks_format")
    if not isinstance(attachments, list):
        raise ApiError("invalid_attachments")
    problems = message_problems(blocks)
    for attachment in attachments:
        problems += message_problems(attachment.get("blocks") or [])
    if problems:
        asked.slack.note_problems(problems)
        raise ApiError("invalid_blocks", *[str(p) for p in problems], errors=[str(problems[0])])
    return blocks, attachments


def _content(asked: Asked) -> tuple[str, list[Json], list[Json]]:
    """Return text, blocks and attachments, all checked."""
    text = asked.text("text") or asked.text("markdown_text")
    if asked.arguments.get("text") and asked.arguments.get("markdown_text"):
        raise ApiError("markdown_text_conflict")
    blocks, attachments = _sound_blocks(asked)
    if len(text) > LONGEST_TEXT or len(asked.text("markdown_text")) > LONGEST_MARKDOWN:
        raise ApiError("msg_too_long")
    if text_length(blocks) > MOST_IN_BLOCKS:
        raise ApiError("msg_blocks_too_long")
    if not text.strip() and not blocks and not attachments:
        raise ApiError("no_text")
    return text, named_blocks(blocks, asked.slack.workspace), attachments


def _metadata(asked: Asked) -> Json | None:
    metadata = asked.arguments.get("metadata")
    if metadata in (None, "", {}):
        return None
    if not isinstance(metadata, dict):
        raise ApiError("invalid_metadata_format")
    if not isinstance(metadata.get("event_type"), str) or not metadata["event_type"]:
        raise ApiError(
            "invalid_metadata_schema", "must provide a string [json-pointer:/event_type]"
        )
    payload = metadata.get("event_payload")
    if not isinstance(payload, dict) or set(metadata) - {"event_type", "event_payload"}:
        raise ApiError("invalid_metadata_schema", "must be an object [json-pointer:/event_payload]")
    if len(json.dumps(payload)) > MOST_METADATA:
        raise ApiError("metadata_too_large")
    return metadata


def _message(asked: Asked, channel: Channel) -> Message:
    """Return the message that the arguments describe, not yet posted.

    Stricter than Slack, which documents no error for a thread that does not exist.
    """
    text, blocks, attachments = _content(asked)
    thread_ts = asked.text("thread_ts") or None
    if thread_ts is not None:
        root = channel.find(thread_ts)
        if root is None or root.is_reply:
            raise ApiError("invalid_thread_ts" if root is None else "cannot_reply_to_message")
    customized = {k: asked.text(k) for k in ("username", "icon_emoji", "icon_url") if asked.text(k)}
    if customized:
        asked.needs("chat:write.customize")
    icons = {k.removeprefix("icon_"): v for k, v in customized.items() if k != "username"}
    return Message(
        ts=asked.slack.workspace.next_ts(),
        # Under another name it is nobody's: the user is missing, only bot_id tells.
        user=None if customized else BOT_USER,
        text=text,
        team=TEAM,
        blocks=blocks,
        attachments=attachments,
        thread_ts=thread_ts,
        subtype="bot_message" if customized else None,
        username=customized.get("username"),
        icons=icons or None,
        bot_id=BOT,
        app_id=APP,
        metadata=_metadata(asked),
        broadcast=asked.flag("reply_broadcast"),
        channel=channel.id,
        parses_names=asked.flag("link_names") or asked.text("parse") == "full",
    )


def post_message(asked: Asked) -> Json:
    channel = writable(asked)
    message = _message(asked, channel)
    if message.broadcast and message.is_reply:
        message.subtype = message.subtype or "thread_broadcast"
    asked.slack.workspace.post(channel, message)
    shown = message.shape(metadata=True)
    return {"channel": channel.id, "ts": message.ts, "message": shown}


def post_ephemeral(asked: Asked) -> Json:
    channel = writable(asked)
    user = asked.text("user")
    if user not in asked.slack.workspace.users:
        raise ApiError("user_not_found")
    if user not in channel.members:
        raise ApiError("user_not_in_channel")
    message = _message(asked, channel)
    message.ephemeral_for = user
    asked.slack.workspace.ephemerals.append(message)
    asked.slack.workspace.touched()
    return {"message_ts": message.ts}


def _own(asked: Asked, channel: Channel, refusal: str) -> Message:
    message = channel.find(asked.text("ts"))
    if message is None or message.subtype == "tombstone":
        raise ApiError("message_not_found")
    if message.bot_id != BOT:
        raise ApiError(refusal)
    return message


def update(asked: Asked) -> Json:
    channel = writable(asked)
    message = _own(asked, channel, "cant_update_message")
    before = channel.shape_of(message, metadata=True)
    given = asked.arguments.keys()
    # Blocks and attachments that are not given stay; an empty list removes them.
    kept = {"text": message.text, "blocks": message.blocks, "attachments": message.attachments}
    changed = {"markdown_text", *kept} & given
    if not changed and "metadata" not in given:
        raise ApiError("no_text")
    if changed:
        whole = {name: value for name, value in kept.items() if name not in given}
        if "markdown_text" in given:
            whole.pop("text", None)
        asked.arguments.update(whole)
        message.text, message.blocks, message.attachments = _content(asked)
    if "metadata" in given:
        message.metadata = _metadata(asked)
    message.edited = {"user": message.bot_id, "ts": asked.slack.workspace.next_ts()}
    asked.slack.workspace.change(channel, message, before)
    shown = message.shape(metadata=True)
    return {"channel": channel.id, "ts": message.ts, "text": message.text, "message": shown}


def delete(asked: Asked) -> Json:
    channel = channel_for(asked)
    message = _own(asked, channel, "cant_delete_message")
    asked.slack.workspace.remove(channel, message)
    return {"channel": channel.id, "ts": message.ts}


def get_permalink(asked: Asked) -> Json:
    channel = channel_for(asked)
    ts = asked.text("message_ts")
    message = channel.find(ts)
    if message is None:
        raise ApiError("message_not_found")
    link = f"https://desk.slack.com/archives/{channel.id}/p{ts.replace('.', '')}"
    if message.is_reply:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


_CONTENT = "text markdown_text blocks attachments parse link_names as_user"
_AUTHOR = "username icon_emoji icon_url thread_ts"

METHODS = {
    "chat.postMessage": method(
        post_message,
        "channel",
        f"{_CONTENT} {_AUTHOR} metadata reply_broadcast unfurl_links unfurl_media mrkdwn",
        scopes=("chat:write",),
        tier=0,
    ),
    "chat.postEphemeral": method(
        post_ephemeral, "channel user", f"{_CONTENT} {_AUTHOR}", scopes=("chat:write",), tier=4
    ),
    "chat.update": method(
        update,
        "channel ts",
        f"{_CONTENT} metadata reply_broadcast file_ids",
        scopes=("chat:write",),
    ),
    "chat.delete": method(delete, "channel ts", "as_user", scopes=("chat:write",)),
    "chat.getPermalink": method(get_permalink, "channel message_ts", tier=0),
}
