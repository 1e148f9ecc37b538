"""Links between somebody on a channel and a customer of the shop, made only when both sides agree.

    issued ──code entered by a verified customer──> claimed ──yes there──> agreed ──yes here──> done
       └───────────────┴── no on either side, a newer code ──┴──> cancelled

A code is known by its digest alone. Each step is one conditional change: whoever is late, second or
somebody else changes nothing. What was said before a link stays with the stranger who said it, and
what was said while it held stays with the customer: no history ever changes hands.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct
from sqlalchemy import delete, func, insert, select, update

from crm_store.desk_tables import link_codes
from crm_store.engines import read
from crm_store.ids import new_id
from crm_store.tables import audit, conversations, customers, identities

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncEngine

    from crm_store.writer import Writer

LASTS = timedelta(minutes=10)
"""How long a code can be entered, and then how long both sides may take to agree."""

MOST_CODES = 3
"""Codes that one person may have had within their time."""

REF = 16
"""Hex digits of the digest by which a step names its link; it tells nothing of the code."""


class LinkState(StrEnum):
    """Where a link stands."""

    ISSUED = "issued"
    CLAIMED = "claimed"
    AGREED = "agreed"
    DONE = "done"
    CANCELLED = "cancelled"


OPEN = (LinkState.ISSUED, LinkState.CLAIMED, LinkState.AGREED)


class Issued(StrEnum):
    """What became of a wish for a code."""

    ISSUED = "issued"
    TOO_MANY = "too_many"
    LINKED = "linked"
    """They are linked already."""
    BUSY = "busy"
    """A person is at work for them: their words must not begin to go elsewhere now."""
    UNKNOWN = "unknown"
    """Nobody of that name was ever here."""


class Link(Struct, frozen=True, kw_only=True):
    """A link under way, or made."""

    ref: str
    channel: str
    identity: str
    name: str | None
    """What the channel calls them."""
    customer_id: str
    customer: str | None
    """The customer's name."""
    direct: str | None = None
    """Id of the conversation that the channel holds with them alone."""
    elsewhere: str | None = None
    """Id of the customer's conversation in the web chat."""


class Ended(StrEnum):
    """Why a link was not made."""

    GONE = "gone"
    """It has run out, was cancelled, or is not theirs."""
    BUSY = "busy"


Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


class Links:
    """The links of the store."""

    def __init__(self, engine: AsyncEngine, writer: Writer) -> None:
        self._engine = engine
        self._writer = writer

    async def issue(self, digest: str, channel: str, identity: str, at: datetime) -> Issued:
        """Keep a new code, which puts those that they had before out of force.

        Args:
            digest: Hex SHA-256 of the code.
            channel: Where they are.
            identity: What the channel calls them.
            at: The present.
        """
        return await self._writer.submit(_each(_issue), (digest, channel, identity, at))

    async def claim(self, digest: str, customer_id: str, at: datetime) -> Link | None:
        """Take a code for a customer; None when it is not valid. It is used up by that."""
        return await self._writer.submit(_each(_claim), (digest, customer_id, at))

    async def agree(self, ref: str, customer_id: str, at: datetime) -> Link | None:
        """Note that the customer wants the link; None when it is not to be had any more."""
        return await self._writer.submit(_each(_agree), (ref, customer_id, at))

    async def confirm(self, ref: str, identity: str, at: datetime) -> Link | Ended:
        """Make the link: from now on the identity is the customer's, and verified."""
        return await self._writer.submit(_each(_confirm), (ref, identity, at))

    async def cancel(
        self, ref: str, *, identity: str | None = None, customer_id: str | None = None
    ) -> Link | None:
        """Give a link up that is theirs and not made yet; None when there is none."""
        return await self._writer.submit(_each(_cancel), (ref, identity, customer_id))

    async def undo(self, channel: str, identity: str, at: datetime) -> bool:
        """Make somebody a stranger again; False when they were one."""
        return await self._writer.submit(_each(_undo), (channel, identity, at))

    async def undo_all(self, channel: str, customer_id: str, at: datetime) -> int:
        """Undo all links of a customer with a channel; return how many there were."""
        return await self._writer.submit(_each(_undo_all), (channel, customer_id, at))

    async def customer_of(self, channel: str, identity: str) -> str | None:
        """Return the name of the customer somebody is linked with, "" if nameless; None if not."""
        statement = (
            select(func.coalesce(customers.c.name, ""))
            .join(identities, identities.c.customer_id == customers.c.id)
            .where(
                identities.c.channel == channel,
                identities.c.identity == identity,
                identities.c.verified,
            )
        )
        async with read(self._engine) as connection:
            name: str | None = await connection.scalar(statement)
        return name

    async def forget(self, before: datetime) -> int:
        """Delete codes that ran out before then; return how many."""
        return await self._writer.submit(_each(_forget), before)


def _each(
    one: Callable[[Connection, Item], Outcome],
) -> Callable[[Connection, Sequence[Item]], list[Outcome]]:
    """Return what does to a batch what `one` does to an item: links are made by hand."""
    made: Callable[[Connection, Sequence[Item]], list[Outcome]]
    made = _BATCHES.setdefault(one, lambda c, batch: [one(c, item) for item in batch])
    return made


_BATCHES: dict[Any, Any] = {}
"""The writer knows items that belong together by their function, so each is made once."""


def _issue(connection: Connection, item: tuple[str, str, str, datetime]) -> Issued:
    digest, channel, identity, at = item
    who = _who(connection, channel, identity)
    if who is None:
        return Issued.UNKNOWN
    if who.verified:
        return Issued.LINKED
    if _is_busy(connection, who.customer_id, channel):
        return Issued.BUSY
    theirs = (link_codes.c.channel == channel) & (link_codes.c.identity == identity)
    live = select(func.count()).where(theirs, link_codes.c.expires_at > at)
    if (connection.scalar(live) or 0) >= MOST_CODES:
        return Issued.TOO_MANY
    _close(connection, theirs)
    row = {"digest": digest, "channel": channel, "identity": identity, "customer_id": None}
    kept = {**row, "state": LinkState.ISSUED, "expires_at": at + LASTS}
    connection.execute(insert(link_codes), kept)
    return Issued.ISSUED


def _claim(connection: Connection, item: tuple[str, str, datetime]) -> Link | None:
    digest, customer_id, at = item
    row = _row(connection, link_codes.c.digest == digest, at)
    if row is None:
        return None
    if row.state != LinkState.ISSUED:
        # The same words again, of a sender who has not heard the answer.
        again = row.state == LinkState.CLAIMED and row.customer_id == customer_id
        return _link(connection, row, customer_id) if again else None
    who = _who(connection, row.channel, row.identity)
    if who is None or who.verified or who.customer_id == customer_id:
        return None
    _close(connection, link_codes.c.customer_id == customer_id)
    _set(
        connection,
        digest,
        state=LinkState.CLAIMED,
        customer_id=customer_id,
        expires_at=at + LASTS,
    )
    return _link(connection, row, customer_id)


def _agree(connection: Connection, item: tuple[str, str, datetime]) -> Link | None:
    ref, customer_id, at = item
    row = _row(connection, _named(ref), at)
    steps = (LinkState.CLAIMED, LinkState.AGREED)
    if row is None or row.customer_id != customer_id or row.state not in steps:
        return None
    _set(connection, row.digest, state=LinkState.AGREED)
    return _link(connection, row, customer_id)


def _confirm(connection: Connection, item: tuple[str, str, datetime]) -> Link | Ended:
    ref, identity, at = item
    row = _row(connection, _named(ref), at)
    if row is None or row.identity != identity or row.customer_id is None:
        return Ended.GONE
    link = _link(connection, row, row.customer_id)
    who = _who(connection, row.channel, identity)
    if row.state == LinkState.DONE and who is not None and who.customer_id == row.customer_id:
        return link
    if row.state != LinkState.AGREED or who is None or who.verified:
        return Ended.GONE
    if _is_busy(connection, who.customer_id, row.channel):
        return Ended.BUSY
    _give(connection, row.channel, identity, row.customer_id, verified=True)
    _set(connection, row.digest, state=LinkState.DONE)
    _note(connection, row.customer_id, "linked", row.channel, identity, at)
    return link


def _cancel(connection: Connection, item: tuple[str, str | None, str | None]) -> Link | None:
    ref, identity, customer_id = item
    row = connection.execute(select(link_codes).where(_named(ref)).with_for_update()).first()
    if row is None or row.state not in OPEN or row.customer_id is None:
        return None
    if identity not in (None, row.identity) or customer_id not in (None, row.customer_id):
        return None
    _set(connection, row.digest, state=LinkState.CANCELLED)
    return _link(connection, row, row.customer_id)


def _undo(connection: Connection, item: tuple[str, str, datetime]) -> bool:
    channel, identity, at = item
    who = _who(connection, channel, identity)
    if who is None or not who.verified:
        return False
    stranger = new_id()
    # Of the customer nothing goes along, not even the name.
    row = {"id": stranger, "tier": "standard", "points": 0, "newsletter": False, "created_at": at}
    connection.execute(insert(customers), row)
    _give(connection, channel, identity, stranger, verified=False)
    _note(connection, who.customer_id, "unlinked", channel, identity, at)
    return True


def _undo_all(connection: Connection, item: tuple[str, str, datetime]) -> int:
    channel, customer_id, at = item
    linked = connection.scalars(
        select(identities.c.identity)
        .where(
            identities.c.channel == channel,
            identities.c.customer_id == customer_id,
            identities.c.verified,
        )
        .order_by(identities.c.identity)
    ).all()
    return sum(_undo(connection, (channel, identity, at)) for identity in linked)


def _forget(connection: Connection, before: datetime) -> int:
    return connection.execute(delete(link_codes).where(link_codes.c.expires_at < before)).rowcount


# -- parts -----------------------------------------------------------------------------------


def _who(connection: Connection, channel: str, identity: str) -> Any:  # noqa: ANN401  # of SQLAlchemy's
    statement = select(identities.c.customer_id, identities.c.verified).where(
        identities.c.channel == channel, identities.c.identity == identity
    )
    return connection.execute(statement.with_for_update()).first()


def _is_busy(connection: Connection, customer_id: str, channel: str) -> bool:
    """Return whether a ticket of theirs on that channel is unsettled."""
    open_ones = select(func.count()).where(
        conversations.c.customer_id == customer_id,
        conversations.c.channel == channel,
        conversations.c.ticket_number.is_not(None),
    )
    return bool(connection.scalar(open_ones))


def _row(connection: Connection, condition: Any, at: datetime) -> Any:  # noqa: ANN401  # of SQLAlchemy's
    """Return the link that meets a condition and has not run out, locked; None for none."""
    statement = select(link_codes).where(condition, link_codes.c.expires_at > at)
    return connection.execute(statement.with_for_update()).first()


def _named(ref: str) -> Any:  # noqa: ANN401  # of SQLAlchemy's
    """Return the condition that a link is the one of that name; a name too short names none."""
    return link_codes.c.digest.startswith(ref if len(ref) == REF else "-", autoescape=True)


def _set(connection: Connection, digest: str, **values: object) -> None:
    connection.execute(update(link_codes).where(link_codes.c.digest == digest).values(**values))


def _close(connection: Connection, whose: Any) -> None:  # noqa: ANN401  # of SQLAlchemy's
    connection.execute(
        update(link_codes)
        .where(whose, link_codes.c.state.in_(OPEN))
        .values(state=LinkState.CANCELLED)
    )


def _give(
    connection: Connection, channel: str, identity: str, customer_id: str, *, verified: bool
) -> None:
    connection.execute(
        update(identities)
        .where(identities.c.channel == channel, identities.c.identity == identity)
        .values(customer_id=customer_id, verified=verified)
    )


def _note(
    connection: Connection, customer_id: str, kind: str, channel: str, identity: str, at: datetime
) -> None:
    details = {"channel": channel, "identity": identity}
    row = {"subject": f"customer:{customer_id}", "kind": kind, "details": details, "at": at}
    connection.execute(insert(audit), {"exchange_id": None, **row})


def _link(connection: Connection, row: Any, customer_id: str) -> Link:  # noqa: ANN401  # of link_codes
    stranger = connection.execute(
        select(customers.c.id, customers.c.name)
        .join(identities, identities.c.customer_id == customers.c.id)
        .where(identities.c.channel == row.channel, identities.c.identity == row.identity)
    ).first()
    return Link(
        ref=row.digest[:REF],
        channel=row.channel,
        identity=row.identity,
        name=stranger.name if stranger else None,
        customer_id=customer_id,
        customer=connection.scalar(select(customers.c.name).where(customers.c.id == customer_id)),
        # Where Slack speaks with one person alone has a name that begins with D.
        direct=_newest(connection, stranger.id, row.channel, "D") if stranger else None,
        elsewhere=_newest(connection, customer_id, "webchat", ""),
    )


def _newest(connection: Connection, customer_id: str, channel: str, begins: str) -> str | None:
    found: str | None = connection.scalar(
        select(conversations.c.id)
        .where(
            conversations.c.customer_id == customer_id,
            conversations.c.channel == channel,
            conversations.c.address.startswith(begins, autoescape=True),
        )
        .order_by(conversations.c.updated_at.desc())
        .limit(1)
    )
    return found
