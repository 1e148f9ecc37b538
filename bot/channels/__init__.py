"""The channels, and what each must be able to do. One folder or file for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

from bot.errors import ChannelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.messages import Status
    from crm_store.records import Message, Post


class TryLater(ChannelError):  # noqa: N818  # a pause, not an error
    """The channel asks for a pause; the post was not taken, and that is no failure of it."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"asked to wait {retry_after_s:.0f} s")
        self.retry_after_s = retry_after_s


class LocalChannel(Protocol):
    """A channel that shows messages to whoever is connected; the store keeps them for the rest."""

    name: str
    """As conversations name it."""
    remote: Literal[False]

    def deliver(
        self, conversation_id: str, messages: Sequence[Message], status: Status | None
    ) -> None:
        """Show recorded messages. Never waits, never fails."""

    def read(self, conversation_id: str, seq: int) -> None:
        """Show that a person has seen everything up to `seq`. Never waits, never fails."""


class RemoteChannel(Protocol):
    """A channel behind somebody else's server: posts may fail, or arrive without our knowing."""

    name: str
    remote: Literal[True]

    async def post(self, post: Post) -> str | None:
        """Post it and return the channel's own name of what was posted.

        Whatever else this raises means that nobody knows whether it was posted.

        Raises:
            ChannelError: It was not posted: `permanent` when it never will be.
            TryLater: It was not posted, and nothing should be for a while.
        """

    async def reconcile(self, post: Post) -> str | None:
        """Return the channel's name of a post that may have arrived; None when it did not.

        Raises:
            ChannelError: The channel cannot tell at present.
        """


Channel = LocalChannel | RemoteChannel
