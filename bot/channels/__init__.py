"""The channels, and what each must be able to do. One folder or file for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.messages import Status
    from crm_store.records import Message, Post


class LocalChannel(Protocol):
    """A channel that shows messages to whoever is connected; the store keeps them for the rest."""

    @property
    def name(self) -> str:
        """As conversations name it."""

    def deliver(
        self, conversation_id: str, messages: Sequence[Message], status: Status | None
    ) -> None:
        """Show recorded messages. Never waits, never fails."""


class RemoteChannel(Protocol):
    """A channel behind somebody else's server: posts may fail, or arrive without our knowing."""

    @property
    def name(self) -> str:
        """As conversations name it."""

    async def post(self, post: Post) -> str | None:
        """Post it and return the channel's own name of what was posted.

        Raises:
            ChannelError: It was not posted: `permanent` when it never will be.
            Ambiguous: It may or may not have been posted.
        """

    async def reconcile(self, post: Post) -> str | None:
        """Return the channel's name of a post that may have arrived; None when it did not.

        Raises:
            ChannelError: The channel cannot tell at present.
        """


Channel = LocalChannel | RemoteChannel
