"""A message and a file, in Slack's own shapes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(slots=True)
class File:
    """A file somebody shared."""

    id: str
    name: str
    content: bytes
    mimetype: str
    user: str
    url: str
    """Where it is downloaded, with a token."""
    title: str = ""
    created: int = 0
    complete: bool = True
    """False between asking for an upload address and completing the upload."""
    channels: tuple[str, ...] = ()
    access: str = "visible"
    """`check_file_info` stands in events of files that come from another workspace."""

    def shape(self) -> Json:
        """Return the file as messages show it."""
        if self.access != "visible":
            return {"id": self.id, "mode": "file_access", "file_access": self.access}
        ending = self.name.rpartition(".")[2].lower()
        return {
            "id": self.id,
            "created": self.created,
            "timestamp": self.created,
            "name": self.name,
            "title": self.title or self.name,
            "mimetype": self.mimetype,
            "filetype": ending,
            "pretty_type": ending.upper(),
            "user": self.user,
            "editable": False,
            "size": len(self.content),
            "mode": "hosted",
            "is_external": False,
            "is_public": False,
            "public_url_shared": False,
            "url_private": self.url,
            "url_private_download": self.url,
            "permalink": f"https://desk.slack.com/files/{self.user}/{self.id}/{self.name}",
            "has_rich_preview": False,
            "file_access": "visible",
        }


@dataclass(slots=True)
class Message:
    """What stands in a channel under one `ts`."""

    ts: str
    user: str | None
    text: str
    team: str
    blocks: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    thread_ts: str | None = None
    subtype: str | None = None
    username: str | None = None
    icons: Json | None = None
    bot_id: str | None = None
    app_id: str | None = None
    metadata: Json | None = None
    edited: Json | None = None
    reactions: dict[str, list[str]] = field(default_factory=dict)
    files: list[File] = field(default_factory=list)
    client_msg_id: str | None = None
    broadcast: bool = False
    ephemeral_for: str | None = None
    channel: str = ""
    parses_names: bool = False
    """Posted with `link_names` or `parse=full`: bare @names come alive."""

    @property
    def is_reply(self) -> bool:
        return self.thread_ts is not None and self.thread_ts != self.ts

    @property
    def is_top_level(self) -> bool:
        return not self.is_reply or self.broadcast

    def bury(self) -> None:
        """Become the stone of a deleted message that had replies."""
        self.subtype, self.text, self.user = "tombstone", "This message was deleted.", "USLACKBOT"
        self.blocks, self.attachments, self.files, self.metadata = [], [], [], None
        self.bot_id = self.app_id = self.username = None

    def shape(self, *, metadata: bool = False) -> Json:
        """Return the message as the API shows it."""
        shown: Json = {"type": "message", "ts": self.ts, "text": self.text}
        optional = {
            "user": self.user,
            "subtype": self.subtype,
            "username": self.username,
            "icons": self.icons,
            "bot_id": self.bot_id,
            "app_id": self.app_id,
            "team": self.team if self.user else None,
            "thread_ts": self.thread_ts,
            "edited": self.edited,
            "client_msg_id": self.client_msg_id,
            "blocks": self.blocks,
            "attachments": self.attachments,
            "files": [file.shape() for file in self.files],
            "reactions": [
                {"name": name, "users": list(users), "count": len(users)}
                for name, users in self.reactions.items()
            ],
        }
        shown |= {key: value for key, value in optional.items() if value}
        if self.bot_id and self.user:
            shown["bot_profile"] = {
                "id": self.bot_id,
                "app_id": self.app_id,
                "user_id": self.user,
                "name": "Frontdesk",
                "icons": {},
                "deleted": False,
                "updated": 1_700_000_000,
                "team_id": self.team,
            }
        if self.files:
            shown["upload"] = False
        if metadata and self.metadata:
            shown["metadata"] = self.metadata
        return shown
