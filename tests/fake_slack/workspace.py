"""What a Slack workspace holds: its team, people, channels, files, and how they change.

Every change that Slack tells apps about goes to `Workspace.tell` as an event; who gets to see it is
decided in `events.py`. Nothing here knows of HTTP.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Iterator

    from tests.fake_slack.clock import Clock
    from tests.fake_slack.messages import File, Message

TEAM = "T0DESK"
BOT_USER = "U0FRONTDESK"
BOT = "B0FRONTDESK"
APP = "A0FRONTDESK"

Json = dict[str, Any]


@dataclass(slots=True)
class Team:
    """A workspace; other workspaces exist through Slack Connect."""

    id: str
    name: str
    domain: str


@dataclass(slots=True)
class User:
    """Somebody who can be seen from this workspace."""

    id: str
    name: str
    team: str
    locale: str = "en-US"
    email: str | None = None
    guest: bool | str = False
    """True for a guest of several channels, `"single"` for a guest of one."""
    stranger: bool = False
    """From another workspace, and met in a shared channel only."""
    bot: bool = False
    deleted: bool = False
    tz: str = "Europe/Berlin"
    picture: str | None = None
    """The address of a picture of their own; one of ours begins with a slash."""

    def shape(self, *, locale: bool = False, email: bool = True, base: str = "") -> Json:
        """Return the user as `users.info` shows them; `base` is where our pictures are."""
        handle = self.name.lower().replace(" ", ".")
        profile: Json = {
            "real_name": self.name,
            "real_name_normalized": self.name,
            "display_name": self.name,
            "display_name_normalized": self.name,
            "first_name": self.name.partition(" ")[0],
            "last_name": self.name.partition(" ")[2],
            "avatar_hash": "g0",
            "image_48": f"https://avatars.invalid/{self.id}-48.png",
            "image_72": f"https://avatars.invalid/{self.id}-72.png",
            "status_text": "",
            "status_emoji": "",
            "team": self.team,
        }
        if self.picture:
            picture = f"{base}{self.picture}" if self.picture.startswith("/") else self.picture
            profile |= {
                "is_custom_image": True,
                "avatar_hash": "0a1b2c",
                "image_original": picture,
                **{f"image_{size}": picture for size in (24, 32, 48, 72, 192, 512)},
            }
        if email and self.email and not self.stranger:
            profile["email"] = self.email
        shown: Json = {
            "id": self.id,
            "team_id": self.team,
            "name": handle,
            "real_name": self.name,
            "deleted": self.deleted,
            "tz": self.tz,
            "tz_label": "Central European Time",
            "tz_offset": 3600,
            "profile": profile,
            "is_admin": False,
            "is_owner": False,
            "is_primary_owner": False,
            "is_restricted": bool(self.guest),
            "is_ultra_restricted": self.guest == "single",
            "is_bot": self.bot,
            "is_app_user": False,
            "updated": 1_700_000_000,
        }
        if self.stranger:
            shown["is_stranger"] = True
        if locale:
            shown["locale"] = self.locale
        return shown


@dataclass(slots=True)
class Channel:
    """A channel, a private one, or a direct message."""

    id: str
    name: str
    kind: str
    """`channel`, `group` (private), `im` or `mpim`: the words of `channel_type` in events."""
    members: dict[str, None] = field(default_factory=dict)
    archived: bool = False
    read_only: bool = False
    """Only its owners may post."""
    shared_with: tuple[str, ...] = ()
    """Other teams in it, through Slack Connect."""
    topic: str = ""
    created: int = 1_700_000_000
    messages: list[Message] = field(default_factory=list)

    @property
    def private(self) -> bool:
        return self.kind != "channel"

    def find(self, ts: str | None) -> Message | None:
        """Return the message of that name."""
        return next((message for message in self.messages if message.ts == ts), None)

    def thread(self, ts: str) -> list[Message]:
        """Return a message and the replies to it."""
        return [m for m in self.messages if ts in (m.ts, m.thread_ts)]

    def top_level(self) -> list[Message]:
        """Return what stands in the channel itself."""
        return [m for m in self.messages if m.is_top_level]

    def shape_of(self, message: Message, *, metadata: bool = False) -> Json:
        """Return a message as history shows it, a thread's first with the count of its replies."""
        shown = message.shape(metadata=metadata)
        replies = [m for m in self.messages if m.thread_ts == message.ts and m.ts != message.ts]
        if replies:
            authors = list(dict.fromkeys(m.user or m.bot_id for m in replies))
            shown |= {
                "thread_ts": message.ts,
                "reply_count": len(replies),
                "reply_users_count": len(authors),
                "latest_reply": replies[-1].ts,
                "reply_users": authors,
                "is_locked": False,
                "subscribed": True,
            }
        return shown

    def shape(self, *, member: bool, num_members: bool = False) -> Json:
        """Return the channel as `conversations.info` shows it to one of its members or not."""
        if self.kind == "im":
            return {
                "id": self.id,
                "created": self.created,
                "is_archived": self.archived,
                "is_im": True,
                "is_org_shared": False,
                "user": next((m for m in self.members if m != BOT_USER), BOT_USER),
                "is_user_deleted": False,
                "is_open": True,
                "priority": 0,
            }
        shown: Json = {
            "id": self.id,
            "name": self.name,
            "name_normalized": self.name,
            "is_channel": self.kind == "channel",
            "is_group": self.kind == "group",
            "is_im": False,
            "is_mpim": self.kind == "mpim",
            "is_private": self.private,
            "is_archived": self.archived,
            "is_general": False,
            "is_read_only": self.read_only,
            "is_member": member,
            "is_shared": bool(self.shared_with),
            "is_org_shared": False,
            "is_ext_shared": bool(self.shared_with),
            "is_pending_ext_shared": False,
            "shared_team_ids": [TEAM, *self.shared_with],
            "context_team_id": TEAM,
            "created": self.created,
            "creator": next(iter(self.members), ""),
            "topic": {"value": self.topic, "creator": "", "last_set": 0},
            "purpose": {"value": "", "creator": "", "last_set": 0},
            "unlinked": 0,
        }
        if num_members:
            shown["num_members"] = len(self.members)
        return shown


class Workspace:
    """Everything there is, and the only place where it changes."""

    def __init__(self, clock: Clock, rng: random.Random, tell: Callable[[Json], None]) -> None:
        self.clock = clock
        self.rng = rng
        self.tell = tell
        self.team = Team(TEAM, "Desk Ltd", "desk")
        self.teams = {TEAM: self.team}
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.files: dict[str, File] = {}
        self.ephemerals: list[Message] = []
        self.version = 0
        """Grows with every change; the page waits on it."""
        self._last_us = 0
        self._numbers: dict[str, Iterator[int]] = {}
        self.users[BOT_USER] = User(BOT_USER, "Frontdesk", TEAM, bot=True)

    def number(self, of: str) -> int:
        """Return the next number of a kind, from 1."""
        return next(self._numbers.setdefault(of, itertools.count(1)))

    def next_ts(self) -> str:
        """Return a name for a message: a time that no earlier name equals or exceeds."""
        self._last_us = max(int(self.clock.now() * 1_000_000), self._last_us + 1)
        return f"{self._last_us // 1_000_000}.{self._last_us % 1_000_000:06d}"

    def touched(self) -> None:
        """Note that something visible changed."""
        self.version += 1

    def direct(self, users: Iterable[str]) -> Channel:
        """Return the bot's direct message with these people, opened if need be."""
        members = dict.fromkeys([BOT_USER, *users])
        for channel in self.channels.values():
            if channel.kind in ("im", "mpim") and channel.members == members:
                return channel
        kind = "im" if len(members) == 2 else "mpim"
        letter = "D" if kind == "im" else "G"
        name = "directmessage" if kind == "im" else f"mpdm-{self.number('mpim')}"
        id_ = letter + "0" + "-".join(user.removeprefix("U").lstrip("_") for user in users)
        channel = Channel(id_.upper(), name, kind, members)
        self.channels[channel.id] = channel
        self.touched()
        return channel

    def post(self, channel: Channel, message: Message) -> None:
        """Put a message into a channel and tell of it."""
        channel.messages.append(message)
        self.touched()
        self.tell(self.message_event(channel, message))
        mentioned = f"<@{BOT_USER}" in message.text
        if mentioned and channel.kind in ("channel", "group") and message.bot_id is None:
            mention = {
                k: v
                for k, v in message.shape().items()
                if k in ("user", "text", "ts", "team", "blocks", "thread_ts", "client_msg_id")
            }
            self.tell(
                {"type": "app_mention", **mention, "channel": channel.id, "event_ts": message.ts}
            )

    def message_event(self, channel: Channel, message: Message) -> Json:
        """Return the event of a new message."""
        event = message.shape(metadata=True)
        event.pop("reactions", None)
        if message.thread_ts and message.thread_ts != message.ts:
            root = channel.find(message.thread_ts)
            if root is not None:
                event["parent_user_id"] = root.user
                if message.broadcast:
                    event["root"] = channel.shape_of(root)
        return event | {
            "channel": channel.id,
            "event_ts": message.ts,
            "channel_type": channel.kind,
        }

    def change(self, channel: Channel, message: Message, before: Json) -> None:
        """Tell that a message is no longer what it was before."""
        self.touched()
        ts = self.next_ts()
        self.tell(
            {
                "type": "message",
                "subtype": "message_changed",
                "message": channel.shape_of(message, metadata=True)
                | {"source_team": message.team, "user_team": message.team},
                "previous_message": before,
                "channel": channel.id,
                "hidden": True,
                "ts": ts,
                "event_ts": ts,
                "channel_type": channel.kind,
            }
        )

    def remove(self, channel: Channel, message: Message) -> None:
        """Delete a message; one with replies leaves a stone behind."""
        before = channel.shape_of(message, metadata=True)
        if len(channel.thread(message.ts)) > 1:
            message.bury()
            self.change(channel, message, before)
            return
        channel.messages.remove(message)
        self.touched()
        ts = self.next_ts()
        self.tell(
            {
                "type": "message",
                "subtype": "message_deleted",
                "previous_message": before,
                "channel": channel.id,
                "hidden": True,
                "deleted_ts": message.ts,
                "ts": ts,
                "event_ts": ts,
                "channel_type": channel.kind,
            }
        )

    def reacted(self, channel: Channel, message: Message, user: str, name: str, kind: str) -> None:
        """Tell of a reaction added or removed."""
        self.touched()
        event: Json = {
            "type": kind,
            "user": user,
            "reaction": name,
            "item": {"type": "message", "channel": channel.id, "ts": message.ts},
            "event_ts": self.next_ts(),
        }
        # A post under another name belongs to nobody.
        if message.user is not None:
            event["item_user"] = message.user
        self.tell(event)

    def member(self, channel: Channel, user: str, *, joined: bool) -> None:
        """Let somebody into a channel, or out of it, and tell of it."""
        if joined:
            channel.members[user] = None
        self.touched()
        self.tell(
            {
                "type": "member_joined_channel" if joined else "member_left_channel",
                "user": user,
                "channel": channel.id,
                "channel_type": "C" if channel.kind == "channel" else "G",
                "team": self.users[user].team,
                "event_ts": self.next_ts(),
            }
        )
        if not joined:
            channel.members.pop(user, None)
