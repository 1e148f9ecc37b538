"""What happens in Slack, as values: one kind for each thing that Frontdesk reacts to.

They are plain, so they are what the inbox keeps: `kept` and `restored` turn them into JSON and
back. Whatever stands in them was signed by Slack, and nothing more is known of it: who may do what
is for the desk to decide, by the database, whatever `value` or `private_metadata` claim.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  # msgspec reads the annotations
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct, field

if TYPE_CHECKING:
    from crm_store.records import Json

Value = str | tuple[str, ...] | None
"""Of one field of a form: what was typed or chosen, all that was chosen, or nothing."""


class File(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A file that hangs on a message."""

    id: str
    name: str
    mimetype: str
    """As Slack guessed it."""
    size: int
    url: str | None
    """For `SlackApi.download_file`; None when it is gone or hidden."""


class View(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A dialog or home page as it was when something happened in it."""

    id: str
    hash: str = ""
    type: str = "modal"
    """modal or home."""
    callback_id: str = ""
    private_metadata: str = ""
    external_id: str | None = None
    root_id: str | None = None
    values: Mapping[str, Value] = field(default_factory=dict)
    """By action id; of several fields with the same one the first that holds anything."""


class Said(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="said"):
    """Somebody wrote a message."""

    team: str
    user: str | None
    """None when a workflow or an app wrote it that has no user."""
    user_team: str | None = None
    """The writer's own workspace; another than `team` in a shared channel."""
    channel: str
    channel_type: str | None = None
    """channel, group, im or mpim."""
    ts: str
    thread_ts: str | None = None
    """The message that this one replies to; None when it stands for itself."""
    text: str = ""
    """As Slack writes it: see `mrkdwn.from_slack`."""
    files: tuple[File, ...] = ()
    forwarded: tuple[str, ...] = ()
    """The texts of messages that were forwarded with it."""
    is_bot: bool = False
    bot_id: str | None = None
    is_ext_shared: bool = False
    """The channel is shared with other workspaces."""
    is_broadcast: bool = False
    """A reply that was also sent to the channel."""


class Mentioned(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="mentioned"):
    """Somebody called the bot in a message. `Said` may tell of the same message."""

    team: str
    user: str | None
    user_team: str | None = None
    channel: str
    ts: str
    thread_ts: str | None = None
    text: str = ""
    files: tuple[File, ...] = ()
    is_bot: bool = False
    is_ext_shared: bool = False


class Edited(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="edited"):
    """Somebody changed a message."""

    team: str
    user: str | None
    user_team: str | None = None
    channel: str
    channel_type: str | None = None
    ts: str
    """Of the message that was changed."""
    thread_ts: str | None = None
    text: str = ""
    """What it says now."""
    files: tuple[File, ...] = ()
    is_bot: bool = False
    is_ext_shared: bool = False
    at: str
    """When it was changed, as a `ts`; a later one wins."""


class Deleted(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="deleted"):
    """Somebody removed a message."""

    team: str
    user: str | None = None
    """Who had written it."""
    channel: str
    channel_type: str | None = None
    ts: str
    """Of the message that is gone."""
    thread_ts: str | None = None
    is_ext_shared: bool = False
    at: str


class Reacted(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="reacted"):
    """Somebody put an emoji on a message, or took it off."""

    team: str
    user: str
    user_team: str | None = None
    channel: str
    ts: str
    """Of the message."""
    name: str
    """Of the emoji, without colons."""
    added: bool
    item_user: str | None = None
    """Who had written the message."""
    is_ext_shared: bool = False
    at: str


class Pressed(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="pressed"):
    """Somebody used a button or a menu."""

    team: str
    user: str
    user_team: str | None = None
    user_name: str | None = None
    action_id: str
    block_id: str = ""
    value: str | None = None
    """What the button carries."""
    selected: Value = None
    """What was chosen or typed."""
    channel: str | None = None
    ts: str | None = None
    """Of the message that the button stands on."""
    thread_ts: str | None = None
    is_ephemeral: bool = False
    view: View | None = None
    """That the button stands in."""
    values: Mapping[str, Value] = field(default_factory=dict)
    """Of the other fields of the message."""
    trigger_id: str = ""
    response_url: str | None = None
    at: str


class Submitted(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="submitted"):
    """Somebody sent a dialog off."""

    team: str
    user: str
    user_team: str | None = None
    user_name: str | None = None
    view: View
    trigger_id: str = ""


class Closed(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="closed"):
    """Somebody closed a dialog that wanted to be told."""

    team: str
    user: str
    user_team: str | None = None
    view: View
    is_cleared: bool = False
    """All dialogs on top of each other were closed."""


class Shortcut(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="shortcut"):
    """Somebody used a shortcut: on a message, or from anywhere."""

    team: str
    user: str
    user_team: str | None = None
    user_name: str | None = None
    callback_id: str
    channel: str | None = None
    ts: str | None = None
    """Of the message that it was used on; None when from anywhere."""
    thread_ts: str | None = None
    text: str = ""
    """Of that message."""
    message_user: str | None = None
    files: tuple[File, ...] = ()
    trigger_id: str = ""
    response_url: str | None = None
    at: str = ""


class Command(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="command"):
    """Somebody typed a slash command."""

    team: str
    user: str
    user_name: str | None = None
    channel: str
    command: str
    text: str = ""
    trigger_id: str
    response_url: str | None = None


class HomeOpened(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="home_opened"):
    """Somebody looks at the bot's home page, or opened its conversation."""

    team: str
    user: str
    tab: str = "home"
    """home or messages."""
    channel: str | None = None
    view: View | None = None
    """What the page shows by now."""
    at: str


class Joined(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="joined"):
    """Somebody came into a channel; the bot itself may be meant."""

    team: str
    user: str
    user_team: str | None = None
    channel: str
    inviter: str | None = None
    is_ext_shared: bool = False
    at: str


class Suggested(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="suggested"):
    """Somebody types into a menu and waits for what there is to choose. Never kept."""

    team: str
    user: str
    user_team: str | None = None
    action_id: str
    block_id: str = ""
    typed: str = ""
    view: View | None = None


class Unknown(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="unknown"):
    """Something that means nothing to us. Never kept."""

    reason: str
    """What it was or what is missing in it, by Slack's names; nothing that anybody typed."""


SlackEvent = (
    Said
    | Mentioned
    | Edited
    | Deleted
    | Reacted
    | Pressed
    | Submitted
    | Closed
    | Shortcut
    | Command
    | HomeOpened
    | Joined
    | Suggested
    | Unknown
)


def kept(event: SlackEvent) -> Json:
    """Return the event as the inbox keeps it: what is in it, and nothing else of the payload."""
    found: dict[str, Any] = msgspec.to_builtins(event)
    return found


def restored(payload: Json) -> SlackEvent:
    """Return the event that the inbox kept; Unknown when an earlier release kept it otherwise."""
    try:
        event: SlackEvent = msgspec.convert(payload, SlackEvent)
    except msgspec.ValidationError:
        return Unknown(reason="unreadable")
    return event
