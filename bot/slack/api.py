"""The calls of Slack's Web API that Frontdesk makes, by what they do.

Each waits for its turn, is made once and says by its error whether it was done (see `errors`).
Nothing that is posted unfurls links or turns names into mentions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from bot.slack.calls import Calls, State
from bot.slack.errors import SlackRefused
from bot.slack.files import Files
from bot.slack.limits import Urgency
from bot.slack.people import (
    OpenView,
    Ourselves,
    Person,
    Place,
    Posted,
    open_view,
    ourselves,
    person,
    place,
)
from bot.slack.responses import Responses

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from slack_sdk.web.async_client import AsyncWebClient

    from bot.slack.credentials import Credentials
    from bot.slack.mrkdwn import Block

__all__ = ["SlackApi", "State", "Urgency"]

PAGE = 200
"""What Slack recommends; larger pages may come back shorter anyway."""

MOST_PAGES = 50
"""10,000 entries. A cursor that never ends must not keep us for ever."""


class SlackApi:
    """Slack's Web API."""

    def __init__(self, calls: Calls, files: Files, responses: Responses) -> None:
        self._calls = calls
        self._files = files
        self._responses = responses

    @classmethod
    async def open(cls, credentials: Credentials) -> Self:
        """Return the way out for these credentials. Nothing is sent yet."""
        return cls.over(Calls(credentials), credentials)

    @classmethod
    def over(cls, calls: Calls, credentials: Credentials) -> Self:
        """Return the way out over calls of one's own making."""
        return cls(calls, Files(calls, credentials), Responses(calls, credentials))

    async def close(self) -> None:
        """Let go of all connections."""
        await self._calls.close()

    @property
    def client(self) -> AsyncWebClient:
        """For Bolt, which opens its sockets with it."""
        return self._calls.client

    @property
    def state(self) -> State:
        """How we stand with Slack: ready, unreachable or shut_out."""
        return self._calls.state

    @property
    def state_for_s(self) -> float:
        """For how long it has been so, in seconds."""
        return self._calls.state_for_s

    @property
    def waiting(self) -> int:
        """How many calls wait for their turn."""
        return self._calls.gate.waiting

    async def call(
        self,
        method: str,
        *,
        channel: str | None = None,
        urgency: Urgency = Urgency.NORMAL,
        **arguments: object,
    ) -> Mapping[str, Any]:
        """Call any method. Arguments that are None are left out; for errors see `Calls.call`."""
        return await self._calls.call(method, channel=channel, urgency=urgency, **arguments)

    # -- messages ----------------------------------------------------------------------------

    async def post_message(
        self,
        channel: str,
        text: str,
        *,
        blocks: Sequence[Block] | None = None,
        thread_ts: str | None = None,
        reply_broadcast: bool | None = None,
        metadata: Block | None = None,
        username: str | None = None,
        icon_url: str | None = None,
        icon_emoji: str | None = None,
        urgency: Urgency = Urgency.REPLY,
    ) -> Posted:
        """Post a message.

        `text` is what notifications and screen readers get, or the message where there are no
        blocks. It is mrkdwn: escape what is not ours. `username` likewise.
        """
        answer = await self.call(
            "chat.postMessage",
            channel=channel,
            urgency=urgency,
            text=text,
            blocks=blocks,
            thread_ts=thread_ts,
            reply_broadcast=reply_broadcast,
            metadata=metadata,
            username=username,
            icon_url=icon_url,
            icon_emoji=icon_emoji,
            unfurl_links=False,
            unfurl_media=False,
        )
        return Posted(channel=str(answer.get("channel") or channel), ts=str(answer["ts"]))

    async def update_message(
        self,
        channel: str,
        ts: str,
        text: str,
        *,
        blocks: Sequence[Block] | None = None,
        metadata: Block | None = None,
        urgency: Urgency = Urgency.UPDATE,
    ) -> None:
        """Put something else in a message's place. Twice does no harm."""
        await self.call(
            "chat.update",
            channel=channel,
            urgency=urgency,
            ts=ts,
            text=text,
            blocks=blocks,
            metadata=metadata,
        )

    async def post_ephemeral(
        self,
        channel: str,
        user: str,
        text: str,
        *,
        blocks: Sequence[Block] | None = None,
        thread_ts: str | None = None,
        urgency: Urgency = Urgency.REPLY,
    ) -> None:
        """Show one person something that nobody else sees and nothing keeps."""
        await self.call(
            "chat.postEphemeral",
            channel=channel,
            urgency=urgency,
            user=user,
            text=text,
            blocks=blocks,
            thread_ts=thread_ts,
        )

    async def replace_pressed(
        self, response_url: str, text: str, *, blocks: Sequence[Block]
    ) -> None:
        """Put something else in the place of what somebody pressed on, see `Responses`."""
        await self._responses.replace(response_url, text, blocks)

    async def permalink(self, channel: str, ts: str) -> str:
        """Return the link to a message."""
        answer = await self.call("chat.getPermalink", channel=channel, message_ts=ts)
        return str(answer["permalink"])

    async def replies(
        self,
        channel: str,
        thread_ts: str,
        *,
        oldest: str | None = None,
        latest: str | None = None,
        urgency: Urgency = Urgency.NORMAL,
    ) -> tuple[Mapping[str, Any], ...]:
        """Return a thread's messages with their metadata, its first one first."""
        pages = self._pages(
            "conversations.replies",
            "messages",
            channel=channel,
            urgency=urgency,
            ts=thread_ts,
            oldest=oldest,
            latest=latest,
            inclusive=True,
            include_all_metadata=True,
        )
        return tuple([message async for message in pages])

    async def history(
        self,
        channel: str,
        *,
        oldest: str | None = None,
        latest: str | None = None,
        urgency: Urgency = Urgency.NORMAL,
    ) -> tuple[Mapping[str, Any], ...]:
        """Return a channel's messages that are no replies, with their metadata, newest first."""
        pages = self._pages(
            "conversations.history",
            "messages",
            channel=channel,
            urgency=urgency,
            oldest=oldest,
            latest=latest,
            inclusive=True,
            include_all_metadata=True,
        )
        return tuple([message async for message in pages])

    async def add_reaction(self, channel: str, ts: str, name: str) -> None:
        """See to it that our reaction is on a message."""
        await self._already(
            {"already_reacted"},
            *("reactions.add", channel, Urgency.LINE),
            timestamp=ts,
            name=name,
        )

    # -- dialogs and home pages --------------------------------------------------------------

    async def open_view(self, trigger_id: str, view: Block) -> OpenView:
        """Open a dialog; a trigger is good for three seconds and once."""
        return open_view(
            await self.call("views.open", urgency=Urgency.REPLY, trigger_id=trigger_id, view=view)
        )

    async def publish_home(
        self,
        user: str,
        view: Block,
        *,
        hash_: str | None = None,
        urgency: Urgency = Urgency.NORMAL,
    ) -> OpenView:
        """Show somebody their home page; with a hash, unless it was changed since."""
        return open_view(
            await self.call("views.publish", urgency=urgency, user_id=user, view=view, hash=hash_)
        )

    # -- people and places -------------------------------------------------------------------

    async def auth_test(self) -> Ourselves:
        """Return who we are, which also tells whether we are somebody."""
        answer, headers = await self._calls.call_with_headers("auth.test")
        return ourselves(answer, headers.get("x-oauth-scopes", ""))

    async def user_info(self, user: str) -> Person:
        """Return what there is to know about somebody."""
        answer = await self.call("users.info", user=user, include_locale=True)
        return person(answer.get("user") or {})

    async def open_dm(self, user: str) -> str:
        """Return the conversation that the bot has with somebody alone."""
        answer = await self.call("conversations.open", users=user)
        return str(answer["channel"]["id"])

    async def members(self, channel: str) -> tuple[str, ...]:
        """Return who is in a channel, by id."""
        pages = self._pages("conversations.members", "members", channel=channel)
        return tuple([str(user) async for user in pages])

    async def user_channels(
        self,
        user: str | None = None,
        *,
        types: str = "public_channel,private_channel",
        archived: bool = False,
    ) -> tuple[Place, ...]:
        """Return the channels that somebody is in: the bot, unless it is said who."""
        pages = self._pages(
            "users.conversations",
            "channels",
            user=user,
            types=types,
            exclude_archived=not archived,
        )
        return tuple([place(channel) async for channel in pages])

    async def public_channels(self, most: int = 1000) -> tuple[Place, ...]:
        """Return public channels, whoever is in them, also archived ones; a single page."""
        answer = await self.call("conversations.list", types="public_channel", limit=most)
        return tuple(
            place({"is_member": False} | channel) for channel in answer.get("channels") or ()
        )

    # -- files -------------------------------------------------------------------------------

    async def upload_file(
        self,
        channel: str,
        name: str,
        content: bytes,
        *,
        title: str | None = None,
        comment: str | None = None,
        thread_ts: str | None = None,
    ) -> str:
        """Show a file and return its id. `comment` is mrkdwn: escape what is not ours."""
        return await self._files.upload(
            channel, name, content, title=title, comment=comment, thread_ts=thread_ts
        )

    async def download_file(self, url: str, *, most_bytes: int) -> bytes:
        """Return a file that lies with Slack.

        Raises:
            SlackRefused: It does not lie with Slack, is too large or is not ours to see.
            ChannelError: It was not to be had just now.
        """
        return await self._files.download(url, most_bytes=most_bytes)

    async def download_picture(self, url: str, *, most_bytes: int) -> bytes:
        """Return a picture of somebody's profile; errors as with `download_file`."""
        return await self._files.download_picture(url, most_bytes=most_bytes)

    # -- how it is done ----------------------------------------------------------------------

    async def _already(
        self,
        fine: set[str],
        method: str,
        channel: str,
        urgency: Urgency,
        **arguments: object,
    ) -> None:
        """Call a method for which these refusals say that it is so already."""
        try:
            await self.call(method, channel=channel, urgency=urgency, **arguments)
        except SlackRefused as refused:
            if refused.code not in fine:
                raise

    async def _pages(
        self,
        method: str,
        key: str,
        *,
        channel: str | None = None,
        urgency: Urgency = Urgency.NORMAL,
        **arguments: object,
    ) -> AsyncIterator[Any]:
        """Yield the entries of all pages of a list."""
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            answer = await self.call(
                method, channel=channel, urgency=urgency, limit=PAGE, cursor=cursor, **arguments
            )
            for entry in answer.get(key) or ():
                yield entry
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or None
            if cursor is None:
                return
