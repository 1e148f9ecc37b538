"""What WebSockets and POSTs have in common: the parts of the web chat, and what a welcome says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from bot.channels.webchat import frames
from bot.channels.webchat.connection import MOST_BEHIND, Connection, Sink
from bot.messages import Status
from crm_store.records import Conversation

if TYPE_CHECKING:
    from bot.channels.webchat.door import Door, Entered
    from bot.channels.webchat.frames import Frame
    from bot.channels.webchat.intake import Intake
    from bot.channels.webchat.limits import Limiter
    from bot.channels.webchat.origins import Origins
    from bot.channels.webchat.sockets import Sockets
    from crm_store.store import Store

StatusOf = Callable[[Conversation], Awaitable[Status]]


class Service(Struct, frozen=True, kw_only=True):
    """The parts, put together once."""

    store: Store
    door: Door
    intake: Intake
    sockets: Sockets
    origins: Origins
    limiter: Limiter
    status_of: StatusOf
    languages: tuple[str, ...]
    """Served, the first by default."""

    def connection(self, sink: Sink, conversation_id: str, seen: int) -> Connection:
        """Return a connection that fills its gaps from the store."""

        async def backlog(after: int, limit: int) -> Sequence[Frame]:
            messages = await self.store.conversations.messages(
                conversation_id, after=after, limit=limit
            )
            return [frames.message(message) for message in messages]

        return Connection(sink, conversation_id=conversation_id, seen=seen, backlog=backlog)

    async def welcome(self, entered: Entered, locale: str | None) -> tuple[Frame, int, Frame]:
        """Return the welcome, the head that it names, and the status in it as a frame.

        The conversation is read anew: whoever is registered by now is told of all that comes after
        this read, and this read has all that came before.
        """
        conversation = await self.store.conversations.get(entered.opened.conversation.id)
        status = await self.status_of(conversation)
        welcome = frames.welcome(
            conversation=conversation.id,
            head_seq=conversation.last_seq,
            locale=self._locale(locale or conversation.locale),
            verified=entered.verified_until is not None,
            status=status,
            token=entered.token if entered.token_is_new else None,
        )
        return welcome, conversation.last_seq, frames.status(status)

    async def page(self, conversation_id: str, after: int) -> dict[str, object]:
        """Return a page of the conversation behind `after`, as JSON-ready fields."""
        messages = await self.store.conversations.messages(
            conversation_id, after=after, limit=MOST_BEHIND
        )
        conversation = await self.store.conversations.get(conversation_id)
        status = await self.status_of(conversation)
        return {
            "messages": [{"type": "message", **frames.message_body(m)} for m in messages],
            "head_seq": conversation.last_seq,
            "status": frames.status_body(status),
        }

    def _locale(self, wanted: str | None) -> str:
        """Return the tag that the page asked for if its language is served, else the default."""
        language = (wanted or "").replace("_", "-").partition("-")[0].lower()
        return wanted if wanted and language in self.languages else self.languages[0]
