"""What WebSockets and POSTs have in common: the parts of the web chat, and what a welcome says."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from bot.channels.webchat import frames
from bot.channels.webchat.bodies import message_body, status_body
from bot.channels.webchat.connection import MOST_BEHIND, SAY_HELLO, Connection, Sink
from bot.files import accepted
from bot.messages import Status
from crm_store.records import Conversation

if TYPE_CHECKING:
    from datetime import datetime

    from bot.channels.webchat.consent import Consents
    from bot.channels.webchat.door import Door, Entered
    from bot.channels.webchat.frames import Frame
    from bot.channels.webchat.intake import Intake
    from bot.channels.webchat.limits import Limiter
    from bot.channels.webchat.origins import Origins
    from bot.channels.webchat.sockets import Sockets
    from bot.settings.model import Files
    from bot.settings.model import WebChat as WebChatSettings
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
    files: Files
    """What files are taken."""
    settings: WebChatSettings
    consents: Consents
    clock: Callable[[], datetime]

    def connection(self, sink: Sink, conversation_id: str, seen: int) -> Connection:
        """Return a connection that fills its gaps from the store."""

        async def backlog(after: int, limit: int) -> Sequence[Frame]:
            messages = await self.store.conversations.messages(
                conversation_id, after=after, limit=limit
            )
            return [frames.message(message) for message in messages]

        return Connection(sink, conversation_id=conversation_id, seen=seen, backlog=backlog)

    @contextlib.contextmanager
    def expiring(self, entered: Entered, connection: Connection) -> Iterator[None]:
        """Have a connection closed when what its visitor has proved expires.

        It is closed rather than left open unverified: a hello is the one place where somebody says
        who they are, and a page that can renew its customer's identity does so there at once.
        """
        if entered.verified_until is None:
            yield
            return
        left = (entered.verified_until - self.clock()).total_seconds()
        expired = frames.error("identity_expired")
        timer = asyncio.get_running_loop().call_later(
            max(left, 0), lambda: connection.shut(SAY_HELLO, last=expired)
        )
        try:
            yield
        finally:
            timer.cancel()

    async def welcome(self, entered: Entered, locale: str | None) -> tuple[Frame, int, Frame]:
        """Return the welcome, the head that it names, and the status in it as a frame.

        The conversation is read anew: whoever is registered by now is told of all that comes after
        this read, and this read has all that came before.
        """
        conversation = await self.store.conversations.get(entered.opened.conversation.id)
        status = await self.status_of(conversation)
        verified = entered.verified_until is not None
        welcome = frames.welcome(
            conversation=conversation.id,
            head_seq=conversation.last_seq,
            read_seq=conversation.desk_read_seq,
            locale=self._locale(locale or conversation.locale),
            verified=verified,
            person=self.settings.reaches_a_person(entered.site, verified=verified),
            consent=await self._consent(entered),
            at=self.clock(),
            status=status,
            token=entered.token if entered.token_is_new else None,
            files=self._files(),
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
            "messages": [{"type": "message", **message_body(m)} for m in messages],
            "head_seq": conversation.last_seq,
            "read_seq": conversation.desk_read_seq,
            "status": status_body(status),
        }

    async def _consent(self, entered: Entered) -> dict[str, object] | None:
        version = self.consents.demanded(entered.site)
        if version is None:
            return None
        accepted = await self.consents.given(entered.opened.customer.id, entered.site)
        return {"version": version, "accepted": accepted}

    def _files(self) -> dict[str, object] | None:
        rules = self.files
        if not rules.per_message:
            return None
        return {
            "max_bytes": rules.max_bytes,
            "per_message": rules.per_message,
            "accept": accepted(rules),
        }

    def _locale(self, wanted: str | None) -> str:
        """Return the tag that the page asked for if its language is served, else the default."""
        language = (wanted or "").replace("_", "-").partition("-")[0].lower()
        return wanted if wanted and language in self.languages else self.languages[0]
