"""The values that go into the store and come out of it. Plain, frozen, and free of SQLAlchemy.

Times are aware UTC. Amounts are decimal strings. What `nlp` or `bot` know better than the store
(understandings, reasons, the dialogue's state) travels as JSON-ready mappings, so that the store
needs neither of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from crm_store.errors import IllegalTransition

if TYPE_CHECKING:
    from datetime import date, datetime

Json = Mapping[str, Any]


class Owner(StrEnum):
    """Who speaks next in a conversation."""

    BOT = "bot"
    QUEUE = "queue"
    AGENT = "agent"
    NONE = "none"


class AuthorKind(StrEnum):
    """Who wrote a message."""

    CUSTOMER = "customer"
    BOT = "bot"
    AGENT = "agent"
    SYSTEM = "system"


class TicketState(StrEnum):
    """Where a ticket stands."""

    NEW = "new"
    OPEN = "open"
    PENDING = "pending"
    SOLVED = "solved"
    CLOSED = "closed"


TICKET_TRANSITIONS: Mapping[TicketState, frozenset[TicketState]] = {
    TicketState.NEW: frozenset({TicketState.OPEN}),
    TicketState.OPEN: frozenset({TicketState.PENDING, TicketState.SOLVED}),
    TicketState.PENDING: frozenset({TicketState.OPEN, TicketState.SOLVED}),
    TicketState.SOLVED: frozenset({TicketState.OPEN, TicketState.CLOSED}),
    TicketState.CLOSED: frozenset(),
}
"""What may follow what. `open` after `solved` is the reopening; nothing reopens a closed ticket."""


def check_transition(old: TicketState, new: TicketState) -> None:
    """Raise IllegalTransition unless a ticket may go from `old` to `new`."""
    if new not in TICKET_TRANSITIONS[old]:
        raise IllegalTransition(f"a ticket that is {old} cannot become {new}")


class OrderState(StrEnum):
    """Where an order stands."""

    AWAITING_PAYMENT = "awaiting_payment"
    PAID = "paid"
    PACKING = "packing"
    DISPATCHED = "dispatched"
    DELIVERED = "delivered"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    RETURN_REQUESTED = "return_requested"
    RETURN_IN_TRANSIT = "return_in_transit"
    REFUNDED = "refunded"


OPEN_ORDER_STATES = frozenset(
    {OrderState.AWAITING_PAYMENT, OrderState.PAID, OrderState.PACKING, OrderState.DISPATCHED}
)
"""An order in one of these is still on its way to the customer."""


class Customer(Struct, frozen=True, kw_only=True):
    """A person."""

    id: str
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    """E.164."""
    tier: str = "standard"
    language: str | None = None
    points: int = 0
    address: str | None = None
    newsletter: bool = False
    external_id: str | None = None
    """The shop's own id for them: the `sub` of a signed identity."""


class Choice(Struct, frozen=True, kw_only=True):
    """A button under a message."""

    label: str
    value: str


class Message(Struct, frozen=True, kw_only=True):
    """One utterance of a conversation, as it stands on disk."""

    conversation_id: str
    seq: int
    author: AuthorKind
    author_name: str | None
    text: str
    choices: tuple[Choice, ...] = ()
    at: datetime
    reply_to: int | None = None
    """seq of the customer's message that this one answers."""
    value: str | None = None
    """What a pressed button carried."""
    client_id: str | None = None
    """The sender's own id of it, unique within the conversation."""
    verified: bool = False
    """Whether the customer had proven who they are when they wrote it."""


class Conversation(Struct, frozen=True, kw_only=True):
    """One thread with one customer on one channel, as it stood when it was read."""

    id: str
    customer_id: str
    channel: str
    address: str
    """The channel's own address of it; for the web chat the conversation's id."""
    owner: Owner
    language: str | None
    """The language it is held in; None before the first message."""
    last_seq: int
    version: int
    """Grows with every turn; a turn decided on an older one is a Conflict."""
    state: Json
    """The dialogue's own memory: flows, slots, what was offered."""
    agent_name: str | None
    ticket_number: int | None
    """Of its ticket that is not yet solved."""
    queue: str | None
    """Of that ticket."""
    locale: str | None = None


class Ticket(Struct, frozen=True, kw_only=True):
    """A matter that a person has to settle."""

    number: int
    """Said as T-1042."""
    conversation_id: str
    customer_id: str
    subject: str
    queue: str
    priority: str
    state: TicketState
    assignee: str | None
    need: str | None
    language: str | None
    first_reply_due: datetime | None
    created_at: datetime


class CustomerFacts(Struct, frozen=True, kw_only=True):
    """What the records say about a customer: the ground that their need is judged on."""

    orders_total: int
    open_orders: int
    order_states: Mapping[str, int]
    """How many orders stand in which state."""
    days_since_last_order: int | None
    orders_last_90_days: int
    spend: str
    """Of everything not cancelled or refunded, in `currency`."""
    currency: str | None
    """Of the newest order; amounts in other currencies are left out of `spend`."""
    earlier_needs: tuple[str, ...]
    """Newest first, each once."""
    tickets_open: int
    tier: str


class OrderLine(Struct, frozen=True, kw_only=True):
    """One product of an order."""

    product_id: str
    quantity: int
    price: str


class Order(Struct, frozen=True, kw_only=True):
    """An order as the shop knows it."""

    number: str
    customer_id: str
    state: OrderState
    placed_at: datetime
    lines: tuple[OrderLine, ...]
    total: str
    currency: str
    email: str | None
    phone: str | None
    address: str | None
    delivery: str
    """standard, express or pickup."""
    carrier: str | None = None
    tracking_number: str | None = None
    dispatched_at: datetime | None = None
    delivered_at: datetime | None = None
    expected_on: date | None = None
    invoice: str | None = None
    """none, issued or requested."""
    refund: Json | None = None
    """state (requested, checking, approved, paid), amount, currency, on (ISO date), method."""
    payment_method: str | None = None


class Product(Struct, frozen=True, kw_only=True):
    """Something the shop sells."""

    id: str
    names: Mapping[str, str]
    """By language."""
    aliases: Mapping[str, tuple[str, ...]]
    description: Mapping[str, str]
    prices: Mapping[str, str]
    """Decimal string by currency."""
    stock: int
    restock_on: date | None = None
    category: str = ""
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """For instance {"colour": ("oak", "walnut")}."""


class Appointment(Struct, frozen=True, kw_only=True):
    """A visit that a customer booked."""

    id: str
    customer_id: str | None
    kind: str
    place: str
    starts_at: datetime
    contact: str
    name: str | None
    state: str = "booked"
    """booked or cancelled."""


class Exchange(Struct, frozen=True, kw_only=True):
    """One turn as fact: what was understood, what was decided, and by what."""

    id: str
    conversation_id: str
    message_seq: int
    understanding: Json
    decision: Json
    reply_keys: tuple[str, ...]
    action_status: str | None
    need: Json | None
    config_id: str
    model_id: str
    rule: str
    error_id: str | None
    timings: Json
    """Stage to milliseconds."""
    at: datetime


class Correction(Struct, frozen=True, kw_only=True):
    """What somebody says that a turn should have been understood as."""

    id: str
    exchange_id: str
    intent: str | None
    """The right intent, or `out_of_scope`; None when nothing is said of it."""
    need: str | None
    """The right need of the conversation by that turn; None when nothing is said of it."""
    by: str
    at: datetime


class CorrectedMessage(Correction, frozen=True, kw_only=True):
    """A correction with the words that it is about."""

    conversation_id: str
    message_seq: int
    understanding: Json
    """What the bot had made of it."""
    text: str


class Article(Struct, frozen=True, kw_only=True):
    """A page of the knowledge base in one language."""

    id: str
    language: str
    title: str
    body: str
    config_id: str


class PostState(StrEnum):
    """Where a post to an outside channel stands."""

    PENDING = "pending"
    INFLIGHT = "inflight"
    SENT = "sent"
    UNKNOWN = "unknown"
    """It may or may not have arrived: look at the channel before posting again."""
    DEAD = "dead"


class Post(Struct, frozen=True, kw_only=True):
    """Something that is to appear on an outside channel, in the order of its lane."""

    id: int
    lane_key: str
    conversation_id: str
    seq: int
    """Of the message that it shows."""
    kind: str
    payload: Json
    state: PostState
    attempts: int
    not_before: datetime | None
    remote_ref: str | None
    """The channel's own name of what was posted."""
    last_error: str | None
    created_at: datetime


class InboxItem(Struct, frozen=True, kw_only=True):
    """An event of an outside channel, taken in and not yet worked off."""

    id: int
    source: str
    dedupe_key: str
    payload: Json
    received_at: datetime
