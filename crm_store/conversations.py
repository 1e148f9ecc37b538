"""Conversations and their messages: what is read of them, and the door to what is written.

The writes are long enough to have modules of their own: `opening`, `receiving`, `turns`, `lines`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import asdict
from sqlalchemy import bindparam, desc, func, select, text, update

from crm_store import rows
from crm_store.batches import Keys
from crm_store.engines import read
from crm_store.errors import NotFound
from crm_store.lines import append_all
from crm_store.once import keep_once
from crm_store.opening import FIND, open_all, opened
from crm_store.receiving import receive_all
from crm_store.records import AuthorKind
from crm_store.tables import UNHANDLED, conversations, customers, messages, ratings
from crm_store.turns import record_all

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncEngine

    from crm_store.drafts import (
        Appended,
        Incoming,
        Line,
        Opened,
        Opening,
        Rating,
        Received,
        Recorded,
        Turn,
    )
    from crm_store.errors import Conflict
    from crm_store.records import Conversation, Customer, Message
    from crm_store.writer import Writer

_GET = select(*rows.CONVERSATION).where(conversations.c.id == bindparam("id"))

_MESSAGES = (
    select(*rows.MESSAGE)
    .where(messages.c.conversation_id == bindparam("id"), messages.c.seq > bindparam("after"))
    .order_by(messages.c.seq)
    .limit(bindparam("limit"))
)

_IDS = Keys(str)
_HEADS = (
    select(conversations.c.id, conversations.c.last_seq)
    .select_from(_IDS.table)
    .join(conversations, conversations.c.id == _IDS[0])
)

_UNHANDLED = (
    select(*rows.MESSAGE, *rows.CONVERSATION, *rows.CUSTOMER)
    .join(conversations, conversations.c.id == messages.c.conversation_id)
    .join(customers, customers.c.id == conversations.c.customer_id)
    .where(text(UNHANDLED))
    .order_by(messages.c.conversation_id, messages.c.seq)
)

_RECENT_TEXTS = (
    select(messages.c.text)
    .where(
        messages.c.conversation_id == bindparam("id"),
        messages.c.author == AuthorKind.CUSTOMER,
    )
    .order_by(desc(messages.c.seq))
    .limit(bindparam("limit"))
)


class Conversations:
    """The conversations of the store."""

    def __init__(self, engine: AsyncEngine, writer: Writer) -> None:
        self._engine = engine
        self._writer = writer

    # -- writes --------------------------------------------------------------------------

    async def open(self, opening: Opening) -> Opened:
        """Return who turned up and the one conversation with them on that channel."""
        return await self._writer.submit(open_all, opening)

    async def receive(self, incoming: Incoming) -> Received:
        """Return the place of the message in its conversation, once it is on disk.

        Raises:
            NotFound: when there is no such conversation.
            Conflict: when another message came under the same client_id.
        """
        return await self._writer.submit(receive_all, incoming)

    async def record(self, turn: Turn) -> Recorded:
        """Return what the turn became, once all of it is on disk.

        Recording a turn of the same exchange id again returns what was recorded first.

        Raises:
            NotFound: when the message, a ticket or a row of the shop does not exist.
            AlreadyHandled: when another turn has answered the message.
            Conflict: when the conversation or a row of the shop changed since it was read.
            IllegalTransition: when the ticket's new state cannot follow its present one.
        """
        return await self._writer.submit(record_all, turn)

    async def append(self, line: Line) -> Appended:
        """Return the line as a message of the conversation, once it is on disk.

        Raises:
            NotFound: when there is no such conversation.
            Conflict: when it belongs to none of the expected owners.
        """
        return await self._writer.submit(append_all, line)

    async def rate(self, rating: Rating) -> bool:
        """Keep the rating; return whether it was there before, under the same client_id.

        Raises:
            Conflict: when another one was there under this client_id, or there is no conversation.
        """
        return await self._writer.submit(_rate_all, rating)

    async def read_up_to(self, conversation_id: str, seq: int) -> None:
        """Note that the customer has seen everything up to `seq`."""
        await self._writer.submit(_mark_read, (conversation_id, seq))

    # -- reads ---------------------------------------------------------------------------

    async def find(self, identity: str, *, channel: str) -> Opened | None:
        """Return who stands behind the identity, None when it was never here."""
        async with read(self._engine) as connection:
            row = (await connection.execute(FIND, Keys.of([(channel, identity)]))).first()
        return opened(row) if row else None

    async def get(self, conversation_id: str) -> Conversation:
        """Return the conversation.

        Raises:
            NotFound: when there is none of that id.
        """
        async with read(self._engine) as connection:
            row = (await connection.execute(_GET, {"id": conversation_id})).first()
        if row is None:
            raise NotFound(f"no conversation {conversation_id}")
        return rows.conversation(row)

    async def messages(
        self, conversation_id: str, *, after: int, limit: int
    ) -> tuple[Message, ...]:
        """Return up to `limit` messages behind seq `after`, in order."""
        wanted = {"id": conversation_id, "after": after, "limit": limit}
        async with read(self._engine) as connection:
            return tuple(map(rows.message, await connection.execute(_MESSAGES, wanted)))

    async def heads(self, ids: Iterable[str]) -> dict[str, int]:
        """Return the last seq of each conversation; one that does not exist is left out."""
        async with read(self._engine) as connection:
            found = await connection.execute(_HEADS, Keys.of((id_,) for id_ in ids))
            return {row[0]: row[1] for row in found}

    async def unhandled(self) -> tuple[tuple[Message, Conversation, Customer], ...]:
        """Return the messages that no turn has answered: what a crash left to be done."""
        behind = len(rows.MESSAGE)
        async with read(self._engine) as connection:
            return tuple(
                (
                    rows.message(row),
                    rows.conversation(row, behind),
                    rows.customer(row, behind + len(rows.CONVERSATION)),
                )
                for row in await connection.execute(_UNHANDLED)
            )

    async def recent_customer_texts(self, conversation_id: str, limit: int) -> tuple[str, ...]:
        """Return what the customer said last, oldest first."""
        wanted = {"id": conversation_id, "limit": limit}
        async with read(self._engine) as connection:
            found = (await connection.scalars(_RECENT_TEXTS, wanted)).all()
        return tuple(reversed(found))

    async def count(self) -> int:
        """Return how many conversations there are."""
        async with read(self._engine) as connection:
            statement = select(func.count()).select_from(conversations)
            return (await connection.execute(statement)).scalar_one()


def _rate_all(connection: Connection, batch: Sequence[Rating]) -> list[bool | Conflict]:
    return keep_once(connection, ratings, list(map(asdict, batch)), ("score", "comment"))


_READ = (
    update(conversations)
    .where(
        conversations.c.id == bindparam("id_"),
        conversations.c.read_seq < bindparam("seq"),
        conversations.c.last_seq >= bindparam("seq"),
    )
    .values(read_seq=bindparam("seq"))
)


def _mark_read(connection: Connection, batch: Sequence[tuple[str, int]]) -> list[None]:
    rows_: list[dict[str, Any]] = [{"id_": id_, "seq": seq} for id_, seq in sorted(batch)]
    connection.execute(_READ, rows_)
    return [None] * len(batch)
