"""Conversations and their messages: what is read of them, and the door to what is written.

The writes are long enough to have modules of their own: `opening`, `receiving`, `turns`, `lines`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import asdict, replace
from sqlalchemy import bindparam, desc, func, select, text, update

from crm_store import rows
from crm_store.batches import Keys, Many
from crm_store.drafts import Rated
from crm_store.ending import end_all
from crm_store.engines import read
from crm_store.errors import Conflict, NotFound
from crm_store.lines import append_all
from crm_store.once import keep_once
from crm_store.opening import ANY_ADDRESS, FIND, open_all, opened
from crm_store.receiving import receive_all
from crm_store.records import AuthorKind, TicketState
from crm_store.tables import (
    UNHANDLED,
    conversations,
    customers,
    identities,
    messages,
    ratings,
    tickets,
)
from crm_store.turns import record_all

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import ColumnElement, Connection, Update
    from sqlalchemy.ext.asyncio import AsyncEngine

    from crm_store.drafts import (
        Appended,
        Ending,
        Incoming,
        Line,
        Opened,
        Opening,
        Rating,
        Received,
        Recorded,
        Turn,
    )
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

    async def end(self, ending: Ending) -> Appended:
        """Return the line that says that the conversation is over, once all of it is on disk.

        Raises:
            NotFound: when there is no such conversation.
            Conflict: when it or its ticket changed since they were read.
        """
        return await self._writer.submit(end_all, ending)

    async def rate(self, rating: Rating) -> Rated:
        """Keep the rating, with the ticket that was settled last.

        Raises:
            Conflict: when another one was there under this client_id, or there is no conversation.
        """
        return await self._writer.submit(_rate_all, rating)

    async def read_up_to(self, conversation_id: str, seq: int) -> None:
        """Note that the customer has seen everything up to `seq`."""
        await self._writer.submit(_mark_read, (conversation_id, seq))

    async def read_by_desk(self, conversation_id: str, seq: int) -> bool:
        """Note that a person at the desk has seen everything up to `seq`.

        Returns:
            Whether that is news.
        """
        return await self._writer.submit(_mark_read_by_desk, (conversation_id, seq))

    async def visit(self, conversation_id: str, site: str) -> None:
        """Note from which web site the customer now writes."""
        await self._writer.submit(_visit_all, (conversation_id, site))

    # -- reads ---------------------------------------------------------------------------

    async def find(
        self, identity: str, *, channel: str, address: str = ANY_ADDRESS
    ) -> Opened | None:
        """Return who stands behind the identity, None when it was never here, or not there."""
        wanted = Keys.of([(channel, identity, address)])
        async with read(self._engine) as connection:
            row = (await connection.execute(FIND, wanted)).first()
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

    async def sent_as(
        self, conversation_id: str, author: AuthorKind, client_id: str
    ) -> Message | None:
        """Return the message that an author sent under an id of their own."""
        statement = select(*rows.MESSAGE).where(
            messages.c.conversation_id == conversation_id,
            messages.c.author == author,
            messages.c.client_id == client_id,
        )
        async with read(self._engine) as connection:
            row = (await connection.execute(statement)).first()
        return rows.message(row) if row else None

    async def sent_by(self, identity: str, *, channel: str, client_id: str) -> tuple[Message, ...]:
        """Return a message of somebody on a channel, and what they made of it since, in order.

        Later versions go by the same id with `@` and a time behind it.
        """
        own = conversations.c.customer_id == identities.c.customer_id
        statement = (
            select(*rows.MESSAGE)
            .join(conversations, conversations.c.id == messages.c.conversation_id)
            .join(identities, own & (identities.c.channel == conversations.c.channel))
            .where(
                identities.c.channel == channel,
                identities.c.identity == identity,
                messages.c.author == AuthorKind.CUSTOMER,
                (messages.c.client_id == client_id)
                | messages.c.client_id.startswith(f"{client_id}@", autoescape=True),
            )
            .order_by(messages.c.conversation_id, messages.c.seq)
        )
        async with read(self._engine) as connection:
            return tuple(map(rows.message, await connection.execute(statement)))

    async def newest_in(self, identity: str, *, channel: str, place: str) -> Conversation | None:
        """Return somebody's conversation that began last in a place: its address is behind `/`."""
        own = conversations.c.customer_id == identities.c.customer_id
        statement = (
            select(*rows.CONVERSATION)
            .join(identities, own & (identities.c.channel == conversations.c.channel))
            .where(
                identities.c.channel == channel,
                identities.c.identity == identity,
                conversations.c.address.startswith(f"{place}/", autoescape=True),
            )
            .order_by(conversations.c.created_at.desc())
            .limit(1)
        )
        async with read(self._engine) as connection:
            row = (await connection.execute(statement)).first()
        return rows.conversation(row) if row else None

    async def at(self, channel: str, address: str) -> Conversation | None:
        """Return the newest conversation held at an address of a channel."""
        statement = (
            select(*rows.CONVERSATION)
            .where(conversations.c.channel == channel, conversations.c.address == address)
            .order_by(conversations.c.created_at.desc())
            .limit(1)
        )
        async with read(self._engine) as connection:
            row = (await connection.execute(statement)).first()
        return rows.conversation(row) if row else None

    async def addresses(self, channel: str, limit: int = 100) -> tuple[str, ...]:
        """Return where conversations of a channel are held, those first that changed last."""
        statement = (
            select(conversations.c.address)
            .where(conversations.c.channel == channel)
            .group_by(conversations.c.address)
            .order_by(func.max(conversations.c.updated_at).desc())
            .limit(limit)
        )
        async with read(self._engine) as connection:
            return tuple(await connection.scalars(statement))

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


_SETTLED = select(func.max(tickets.c.number)).where(
    tickets.c.conversation_id == bindparam("id"),
    tickets.c.state.in_([TicketState.SOLVED, TicketState.CLOSED]),
)
_RATE_TICKET = (
    update(tickets)
    .where(tickets.c.number == bindparam("number_"))
    .values(
        rating=bindparam("score_"),
        rating_comment=bindparam("comment_"),
        version=tickets.c.version + 1,
    )
)


def _rate_all(connection: Connection, batch: Sequence[Rating]) -> list[Rated | Conflict]:
    rated = [
        replace(rating, ticket_number=connection.scalar(_SETTLED, {"id": rating.conversation_id}))
        for rating in batch
    ]
    kept = keep_once(connection, ratings, list(map(asdict, rated)), ("score", "comment"))
    outcomes: list[Rated | Conflict] = []
    for rating, known in zip(rated, kept, strict=True):
        if isinstance(known, Conflict):
            outcomes.append(known)
            continue
        if not known and rating.ticket_number is not None:
            values = {"score_": rating.score, "comment_": rating.comment}
            connection.execute(_RATE_TICKET, {"number_": rating.ticket_number, **values})
        outcomes.append(Rated(duplicate=known, ticket=rating.ticket_number))
    return outcomes


_VISIT = Many(
    update(conversations)
    .where(conversations.c.id == bindparam("id_"))
    .values(site=bindparam("site_"))
)


def _visit_all(connection: Connection, batch: Sequence[tuple[str, str]]) -> list[None]:
    latest = dict(batch)
    _VISIT.execute(connection, [{"id_": id_, "site_": latest[id_]} for id_ in sorted(latest)])
    return [None] * len(batch)


def _reads(column: ColumnElement[int]) -> Update:
    """Return the statement that moves a mark forward, never beyond what was said."""
    return (
        update(conversations)
        .where(
            conversations.c.id == bindparam("id_"),
            column < bindparam("seq"),
            conversations.c.last_seq >= bindparam("seq"),
        )
        .values({column: bindparam("seq")})
    )


_READ = _reads(conversations.c.read_seq)
_READ_BY_DESK = _reads(conversations.c.desk_read_seq)


def _mark_read(connection: Connection, batch: Sequence[tuple[str, int]]) -> list[None]:
    rows_: list[dict[str, Any]] = [{"id_": id_, "seq": seq} for id_, seq in sorted(batch)]
    connection.execute(_READ, rows_)
    return [None] * len(batch)


def _mark_read_by_desk(connection: Connection, batch: Sequence[tuple[str, int]]) -> list[bool]:
    found = {
        (id_, seq): connection.execute(_READ_BY_DESK, {"id_": id_, "seq": seq}).rowcount > 0
        for id_, seq in sorted(set(batch))
    }
    return [found[key] for key in batch]
