"""What people do in the workspace: write, press, submit, react. Each act is one a client offers.

Whoever cannot do something (the button is not there, the channel is archived) gets `NotPossible`.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from tests.fake_slack import mrkdwn
from tests.fake_slack.interactions import (
    NotPossible,
    action_of,
    block_actions,
    global_shortcut,
    message_action,
    message_place,
    slash_command,
    suggestion,
)
from tests.fake_slack.messages import File, Message
from tests.fake_slack.transcript import Line, line
from tests.fake_slack.views import elements_of, initial_values, value_key
from tests.fake_slack.workspace import BOT, Channel, User

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.fake_slack.delivery import Answer
    from tests.fake_slack.slack import FakeSlack

Json = dict[str, Any]


class People:
    """The acts of people in channels; those in modals are in `modals.py`."""

    def __init__(self, slack: FakeSlack) -> None:
        self._slack = slack
        self._states: dict[tuple[str, str], Json] = {}

    def user(self, id_: str) -> User:
        """Return somebody who exists."""
        found = self._slack.workspace.users.get(id_)
        if found is None:
            raise NotPossible(f"no user {id_}")
        return found

    def _inside(self, user: str, channel_id: str) -> Channel:
        channel = self._slack.workspace.channels.get(channel_id)
        self.user(user)
        if channel is None:
            raise NotPossible(f"no channel {channel_id}")
        if user not in channel.members:
            raise NotPossible(f"{user} is not in {channel.name}")
        return channel

    def _seen(self, user: str, channel_id: str, ts: str) -> tuple[Channel, Message]:
        """Return a message somebody sees, perhaps one that only they see."""
        channel = self._inside(user, channel_id)
        found = channel.find(ts)
        if found is None:
            own = [
                m for m in self._slack.workspace.ephemerals if (m.ephemeral_for, m.ts) == (user, ts)
            ]
            found = own[0] if own else None
        if found is None or found.subtype == "tombstone":
            raise NotPossible(f"no message {ts} in {channel.name}")
        return channel, found

    async def say(
        self,
        channel: str,
        user: str,
        text: str = "",
        *,
        thread_ts: str | None = None,
        files: Iterable[File | tuple[str, bytes]] = (),
        broadcast: bool = False,
    ) -> str:
        """Write in a channel, and return the message's ts; its event is on its way then.

        Args:
            channel: Where.
            user: Who; must be in it.
            text: As typed. A mention is written `<@U_DAN>`; everything else is escaped.
            thread_ts: The thread to answer in.
            files: What to share with it.
            broadcast: Also send an answer in a thread to the channel.
        """
        where = self._inside(user, channel)
        if where.archived or where.read_only:
            raise NotPossible(f"nobody can write in {where.name}")
        root = where.find(thread_ts) if thread_ts else None
        if thread_ts and (root is None or root.is_reply):
            raise NotPossible(f"no thread {thread_ts} in {where.name}")
        shared = [f if isinstance(f, File) else self._slack.make_file(*f, user) for f in files]
        if not text and not shared:
            raise NotPossible("nothing to send")
        marked = mrkdwn.typed(text)
        slack = self._slack
        message = Message(
            ts=slack.workspace.next_ts(),
            user=user,
            text=marked,
            team=slack.workspace.users[user].team,
            blocks=[mrkdwn.rich_text(marked, f"u{slack.workspace.number('typed')}")] * bool(text),
            thread_ts=thread_ts,
            subtype="file_share" if shared else "thread_broadcast" if broadcast else None,
            files=shared,
            client_msg_id=str(uuid.UUID(int=slack.rng.getrandbits(128), version=4)),
            broadcast=broadcast,
            channel=channel,
        )
        for file in shared:
            file.channels = (*file.channels, channel)
        slack.workspace.post(where, message)
        return message.ts

    async def say_to_bot(self, user: str, text: str = "", **more: Any) -> tuple[str, str]:
        """Write to the bot in a direct message; return its channel and the message's ts."""
        channel = self._slack.workspace.direct([user])
        return channel.id, await self.say(channel.id, user, text, **more)

    async def edit(self, channel: str, ts: str, text: str) -> None:
        """Have the author of a message change it."""
        where, message = self._authored(channel, ts)
        before = where.shape_of(message, metadata=True)
        message.text = mrkdwn.typed(text)
        number = self._slack.workspace.number("typed")
        message.blocks = [mrkdwn.rich_text(message.text, f"u{number}")]
        message.edited = {"user": message.user, "ts": self._slack.workspace.next_ts()}
        self._slack.workspace.change(where, message, before)

    async def unfurl(self, channel: str, ts: str, url: str) -> None:
        """Let Slack add the preview of a link: a change that nobody made, without `edited`."""
        where, message = self._authored(channel, ts)
        before = where.shape_of(message, metadata=True)
        message.attachments = [{"id": 1, "from_url": url, "title": "A page", "fallback": "A page"}]
        self._slack.workspace.change(where, message, before)

    async def delete(self, channel: str, ts: str) -> None:
        """Have the author of a message delete it."""
        where, message = self._authored(channel, ts)
        self._slack.workspace.remove(where, message)

    def _authored(self, channel: str, ts: str) -> tuple[Channel, Message]:
        where = self._slack.workspace.channels[channel]
        message = where.find(ts)
        if message is None or message.subtype == "tombstone":
            raise NotPossible(f"no message {ts} in {where.name}")
        if message.bot_id == BOT:
            raise NotPossible("nobody can change what the bot wrote")
        return where, message

    async def react(self, user: str, channel: str, ts: str, name: str) -> None:
        """Add a reaction."""
        where, message = self._seen(user, channel, ts)
        if where.archived:
            raise NotPossible(f"{where.name} is archived")
        users = message.reactions.setdefault(name, [])
        if user in users:
            raise NotPossible(f"{user} did so already")
        users.append(user)
        self._slack.workspace.reacted(where, message, user, name, "reaction_added")

    async def unreact(self, user: str, channel: str, ts: str, name: str) -> None:
        """Take a reaction back."""
        where, message = self._seen(user, channel, ts)
        users = message.reactions.get(name, [])
        if user not in users:
            raise NotPossible(f"{user} has not reacted so")
        users.remove(user)
        if not users:
            del message.reactions[name]
        self._slack.workspace.reacted(where, message, user, name, "reaction_removed")

    async def press(
        self,
        user: str,
        channel: str,
        ts: str,
        action_id: str,
        value: Any = None,
        *,
        option: Any = None,
        block_id: str | None = None,
        forged: Json | None = None,
    ) -> Answer:
        """Use a button or a menu of a message; return once the app acknowledged, or did not.

        Args:
            user: Who; must see the message.
            channel: Where the message is.
            ts: The message, also one that only this user sees.
            action_id: The element; it must be there.
            value: For a button, what its value must be, where several have the same action_id.
                For other elements, what to enter.
            option: The option to choose, by its value or its text.
            block_id: The block, where several have such an element.
            forged: What to put into the action in place of what is there, as an attacker could.
        """
        where, message = self._seen(user, channel, ts)
        found_block, element = find_element(message.blocks, action_id, block_id, value)
        wanted = option if option is not None else value
        action = action_of(self._slack, found_block, element, wanted)
        state = self._states.setdefault((channel, ts), {})
        if not state:
            state.update(initial_values(message.blocks))
        key = value_key(element)
        if key is not None:
            kept = {"type": element["type"], key: action[key]}
            state.setdefault(found_block, {})[action_id] = kept
        payload = block_actions(
            self._slack, self.user(user), where, message, action | (forged or {}), state
        )
        return await self._slack.interact(payload, channel)

    async def suggest(
        self, user: str, channel: str, ts: str, action_id: str, query: str
    ) -> list[Json]:
        """Type into a menu that asks the app for its options; return what it offers."""
        where, message = self._seen(user, channel, ts)
        block_id, _element = find_element(message.blocks, action_id)
        place = message_place(where, message)
        payload = suggestion(self._slack, self.user(user), block_id, action_id, query, place)
        return offered(await self._slack.interact(payload, channel))

    async def command(self, user: str, channel: str, command: str, text: str = "") -> Answer:
        """Give a slash command; what the app answers is shown where it says."""
        where = self._inside(user, channel)
        payload = slash_command(self._slack, self.user(user), where, command, text)
        answer = await self._slack.ask_command(payload)
        if answer.ok and answer.payload:
            said = answer.payload
            self._slack.show(said if isinstance(said, dict) else {"text": said}, user, channel)
        return answer

    async def shortcut(
        self, user: str, channel: str | None, ts: str | None, callback_id: str
    ) -> Answer:
        """Use a message's shortcut, or without channel and ts a global one."""
        if channel is None or ts is None:
            payload = global_shortcut(self._slack, self.user(user), callback_id)
            return await self._slack.interact(payload, None)
        where, message = self._seen(user, channel, ts)
        if message.ephemeral_for is not None:
            raise NotPossible("such messages have no shortcuts")
        payload = message_action(self._slack, self.user(user), where, message, callback_id)
        return await self._slack.interact(payload, channel)

    async def join(self, user: str, channel: str) -> None:
        """Let somebody into a channel; the bot too, by an invitation."""
        self._slack.workspace.member(self._slack.workspace.channels[channel], user, joined=True)

    async def leave(self, user: str, channel: str) -> None:
        """Let somebody leave a channel, or remove the bot from it."""
        self._slack.workspace.member(self._slack.workspace.channels[channel], user, joined=False)

    async def archive(self, channel: str, user: str, *, archived: bool = True) -> None:
        """Archive a channel, or take it back."""
        where = self._inside(user, channel)
        where.archived = archived
        self._slack.workspace.touched()
        self._slack.workspace.tell(
            {
                "type": "channel_archive" if archived else "channel_unarchive",
                "channel": channel,
                "user": user,
                "is_moved": 0,
                "event_ts": self._slack.workspace.next_ts(),
            }
        )

    def ephemerals(self, user: str) -> list[Line]:
        """Return what was shown to somebody alone."""
        self.user(user)
        return [line(m) for m in self._slack.workspace.ephemerals if m.ephemeral_for == user]


def offered(answer: Answer) -> list[Json]:
    """Return the options the app answered a suggestion with, none when it did not."""
    said = answer.payload if isinstance(answer.payload, dict) else {}
    groups = [option for group in said.get("option_groups", []) for option in group["options"]]
    return [*said.get("options", []), *groups]


def find_element(
    blocks: list[Json], action_id: str, block_id: str | None = None, value: Any = None
) -> tuple[str, Json]:
    """Return the block_id and the element of that name.

    Raises:
        NotPossible: If there is none.
    """
    there: list[str] = []
    for block in blocks:
        for element in elements_of(block):
            there.append(str(element.get("action_id")))
            same = element.get("action_id") == action_id
            here = block_id in (None, block.get("block_id"))
            is_button = element.get("type") == "button" and value is not None
            if same and here and (not is_button or element.get("value") == value):
                return block["block_id"], element
    raise NotPossible(f"no element {action_id!r} there, only {there}")
