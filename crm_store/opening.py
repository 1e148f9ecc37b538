"""Finds or makes the customer and the conversation of whoever turns up on a channel.

A verified identity is the shop's word: it finds the customer that the shop knows under that
external id. An unverified one never does: it is a stranger's, whatever it claims.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from sqlalchemy import bindparam, insert, select, update

from crm_store import rows
from crm_store.batches import Keys, Many
from crm_store.drafts import Opened, Opening
from crm_store.ids import new_id
from crm_store.records import Conversation, Customer, Owner
from crm_store.tables import conversations, customers, identities

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from crm_store.errors import StoreError

ANY_ADDRESS = ""

_CLAIMS = ("name", "email", "phone", "language")

_WHO = Keys(str, str, str)
FIND = (
    select(
        identities.c.channel,
        identities.c.identity,
        identities.c.verified,
        *rows.CONVERSATION,
        *rows.CUSTOMER,
    )
    .select_from(_WHO.table)
    .join(
        identities,
        (identities.c.channel == _WHO[0]) & (identities.c.identity == _WHO[1]),
    )
    .join(customers, customers.c.id == identities.c.customer_id)
    .join(
        conversations,
        (conversations.c.customer_id == identities.c.customer_id)
        & (conversations.c.channel == identities.c.channel)
        & ((conversations.c.address == _WHO[2]) | (_WHO[2] == ANY_ADDRESS)),
    )
)
"""Keys are channel, identity and address; where a channel knows one address only, ANY_ADDRESS."""

_NAMES = Keys(str, str)
_PEOPLE = (
    select(identities.c.channel, identities.c.identity, identities.c.verified, *rows.CUSTOMER)
    .select_from(_NAMES.table)
    .join(identities, (identities.c.channel == _NAMES[0]) & (identities.c.identity == _NAMES[1]))
    .join(customers, customers.c.id == identities.c.customer_id)
)
"""Those who were here before, be it at another address."""

_SHOP_IDS = Keys(str)
_KNOWN = (
    select(*rows.CUSTOMER)
    .select_from(_SHOP_IDS.table)
    .join(customers, customers.c.external_id == _SHOP_IDS[0])
)

_PAIRS = Keys(str, str)
_HELD = (
    select(*rows.CONVERSATION)
    .select_from(_PAIRS.table)
    .join(
        conversations,
        (conversations.c.customer_id == _PAIRS[0]) & (conversations.c.channel == _PAIRS[1]),
    )
)

_INSERT_CUSTOMERS = Many(insert(customers))
_INSERT_IDENTITIES = Many(insert(identities))
_INSERT_CONVERSATIONS = Many(insert(conversations))
_UPDATE_CLAIMS = Many(
    update(customers)
    .where(customers.c.id == bindparam("id_"))
    .values({name: bindparam(f"{name}_") for name in _CLAIMS})
)


def opened(row: Sequence[Any]) -> Opened:
    """Return what a row of FIND says."""
    return Opened(
        conversation=rows.conversation(row, 3),
        customer=rows.customer(row, 3 + len(rows.CONVERSATION)),
        verified=row[2],
        created=False,
    )


def open_all(connection: Connection, batch: Sequence[Opening]) -> list[Opened | StoreError]:
    """Find those who were here before, make the others."""
    known = _known(connection, batch)
    newcomers = [o for o in batch if _key(o) not in known]
    register = _Register(connection, newcomers) if newcomers else None
    renewed: dict[str, Customer] = {}
    outcomes: list[Opened | StoreError] = []
    for opening in batch:
        key = _key(opening)
        if key in known:
            result = known[key]
        else:
            assert register is not None  # noqa: S101  # there is one because of this opening
            result = register.enter(opening)
            known[key] = replace(result, created=False)
        if opening.verified:
            customer = _with_claims(renewed.get(result.customer.id, result.customer), opening)
            if customer != result.customer:
                renewed[customer.id] = customer
                result = replace(result, customer=customer)
        outcomes.append(result)
    if register is not None:
        register.write(connection)
    _UPDATE_CLAIMS.execute(
        connection,
        [
            {"id_": customer.id} | {f"{name}_": getattr(customer, name) for name in _CLAIMS}
            for customer in renewed.values()
        ],
    )
    return outcomes


def _known(connection: Connection, batch: Sequence[Opening]) -> dict[tuple[str, str, str], Opened]:
    """Return those who were at their address before, under the keys of their openings."""
    keys = {_key(opening) for opening in batch}
    known = {}
    for row in connection.execute(FIND, Keys.of(keys)):
        found = opened(row)
        for address in (ANY_ADDRESS, found.conversation.address):
            if (row[0], row[1], address) in keys:
                known[row[0], row[1], address] = found
    return known


class _Register:
    """Enters newcomers: what exists of them was read at once, what is new is written at once."""

    def __init__(self, connection: Connection, newcomers: Sequence[Opening]) -> None:
        self._customers: list[dict[str, Any]] = []
        self._identities: list[dict[str, Any]] = []
        self._conversations: list[dict[str, Any]] = []
        self._by_external_id: dict[str, Customer] = {}
        self._held: dict[tuple[str, str, str], Conversation] = {}
        self._people: dict[tuple[str, str], tuple[bool, Customer]] = {}
        names = Keys.of((opening.channel, opening.identity) for opening in newcomers)
        for row in connection.execute(_PEOPLE, names):
            self._people[row[0], row[1]] = (row[2], rows.customer(row, 3))
        ids = {id_ for id_ in map(_external_id, newcomers) if id_ is not None}
        if ids:
            for row in connection.execute(_KNOWN, Keys.of((id_,) for id_ in ids)):
                self._by_external_id[row.external_id] = rows.customer(row)
        channels = {opening.channel for opening in newcomers}
        pairs = {
            (customer.id, channel)
            for customer in self._by_external_id.values()
            for channel in channels
        }
        # Another process may have entered somebody since we looked for who was here before.
        pairs |= {(person[1].id, channel) for (channel, _), person in self._people.items()}
        if pairs:
            for row in connection.execute(_HELD, Keys.of(pairs)):
                held = rows.conversation(row)
                self._held[held.customer_id, held.channel, held.address] = held
                self._held.setdefault((held.customer_id, held.channel, ANY_ADDRESS), held)

    def enter(self, opening: Opening) -> Opened:
        """Return the newcomer's customer and conversation, made where there were none."""
        person = self._people.get((opening.channel, opening.identity))
        if person is None:
            verified, customer = opening.verified, self._enter_person(opening)
        else:
            verified, customer = person
        key = (customer.id, opening.channel, opening.address or ANY_ADDRESS)
        conversation = self._held.get(key)
        created = conversation is None
        if conversation is None:
            conversation = self._new_conversation(opening, customer)
            self._held[key] = conversation
        return Opened(
            conversation=conversation, customer=customer, verified=verified, created=created
        )

    def _enter_person(self, opening: Opening) -> Customer:
        """Return the customer behind an identity that is new."""
        external_id = _external_id(opening)
        customer = self._by_external_id.get(external_id) if external_id else None
        if customer is None:
            customer = self._new_customer(opening, external_id)
        self._people[opening.channel, opening.identity] = (opening.verified, customer)
        self._identities.append(
            {
                "channel": opening.channel,
                "identity": opening.identity,
                "customer_id": customer.id,
                "verified": opening.verified,
                "created_at": opening.at,
            }
        )
        return customer

    def write(self, connection: Connection) -> None:
        """Insert everything that `enter` made."""
        _INSERT_CUSTOMERS.execute(connection, self._customers)
        _INSERT_IDENTITIES.execute(connection, self._identities)
        _INSERT_CONVERSATIONS.execute(connection, self._conversations)

    def _new_customer(self, opening: Opening, external_id: str | None) -> Customer:
        customer = _with_claims(Customer(id=new_id(), external_id=external_id), opening)
        self._customers.append(rows.customer_row(customer) | {"created_at": opening.at})
        if external_id:
            self._by_external_id[external_id] = customer
        return customer

    def _new_conversation(self, opening: Opening, customer: Customer) -> Conversation:
        id_ = new_id()
        conversation = Conversation(
            id=id_,
            customer_id=customer.id,
            channel=opening.channel,
            address=opening.address or id_,
            owner=Owner.BOT,
            language=None,
            last_seq=0,
            version=0,
            state={},
            agent_name=None,
            ticket_number=None,
            queue=None,
            locale=opening.locale,
            site=opening.site,
        )
        self._conversations.append(
            {
                **{column.name: getattr(conversation, column.name) for column in rows.CONVERSATION},
                "read_seq": 0,
                "created_at": opening.at,
                "updated_at": opening.at,
            }
        )
        return conversation


def _key(opening: Opening) -> tuple[str, str, str]:
    return opening.channel, opening.identity, opening.address or ANY_ADDRESS


def _external_id(opening: Opening) -> str | None:
    """Return the shop's id of them; a claim to one that nobody vouches for counts for nothing."""
    return (opening.customer or {}).get("external_id") if opening.verified else None


def _with_claims(customer: Customer, opening: Opening) -> Customer:
    claims = {
        name: value
        for name, value in (opening.customer or {}).items()
        if name in _CLAIMS and value is not None and value != getattr(customer, name)
    }
    return replace(customer, **claims) if claims else customer
