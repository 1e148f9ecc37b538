"""The oracle: what stands in a channel, line by line, as people see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.fake_slack.mrkdwn import Live, live, readable, unescape
from tests.fake_slack.views import elements_of
from tests.fake_slack.workspace import BOT_USER

if TYPE_CHECKING:
    from tests.fake_slack.messages import Message
    from tests.fake_slack.workspace import Workspace

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One visible message."""

    ts: str
    user: str
    """Who wrote it; the bot's posts have the bot's user, under whatever name they show."""
    text: str
    """As stored: with Slack's escapes and tokens."""
    blocks: list[Json]
    metadata: Json | None
    bot: bool
    username: str | None
    """The name the bot posted under."""
    edited: bool
    reactions: dict[str, tuple[str, ...]]
    ephemeral_for: str | None
    thread_ts: str | None
    subtype: str | None
    files: tuple[str, ...]
    """The names of the files with it."""
    attachments: list[Json]
    parses_names: bool = False

    @property
    def readable(self) -> str:
        """What somebody reads: the words of the blocks, or the text when there are none."""
        return readable(self.blocks) or unescape(self.text)

    @property
    def live(self) -> list[Live]:
        """What in it notifies somebody, names somebody or leads elsewhere."""
        return live(self)

    def shape(self) -> Json:
        """Return what `live` looks at."""
        return {"text": self.text, "blocks": self.blocks, "attachments": self.attachments}

    def element(self, action_id: str) -> Json:
        """Return the button or menu of that name."""
        for block in self.blocks:
            for element in elements_of(block):
                if element.get("action_id") == action_id:
                    return element
        raise KeyError(action_id)


def line(message: Message) -> Line:
    """Return a message as people see it."""
    return Line(
        ts=message.ts,
        user=message.user or (BOT_USER if message.bot_id else ""),
        text=message.text,
        blocks=message.blocks,
        metadata=message.metadata,
        bot=message.bot_id is not None,
        username=message.username,
        edited=message.edited is not None,
        reactions={name: tuple(users) for name, users in message.reactions.items()},
        ephemeral_for=message.ephemeral_for,
        thread_ts=message.thread_ts,
        subtype=message.subtype,
        files=tuple(file.name for file in message.files),
        attachments=message.attachments,
        parses_names=message.parses_names,
    )


def transcript(
    workspace: Workspace, channel_id: str, thread_ts: str | None, *, ephemeral: bool
) -> list[Line]:
    """Return what stands in a channel, or in one of its threads, in order."""
    channel = workspace.channels[channel_id]
    found = list(channel.top_level()) if thread_ts is None else channel.thread(thread_ts)
    if ephemeral:
        found += [
            message
            for message in workspace.ephemerals
            if message.channel == channel_id and message.thread_ts == thread_ts
        ]
    return [line(message) for message in sorted(found, key=lambda message: message.ts)]
