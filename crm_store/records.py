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


class Card(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something of the shop's, shown under a message that says the same in words."""

    kind: str
    """order or product."""
    title: str
    badge: str | None = None
    """How it stands: shipped, sold out."""
    lines: tuple[str, ...] = ()
    note: str | None = None
    """In small print: a date, a price."""
    picture: str | None = None
    """An https address, or an emoji."""
    url: str | None = None
    """The https address of its page."""
    value: str | None = None
    """What pressing it chooses; None for a card that is only to be looked at."""


class Form(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a question asks for, so that its answer can be filled in rather than typed."""

    kind: str
    """order, contact, email, address or when."""
    orders: tuple[Choice, ...] = ()
    """Of an order: the customer's own, each with the number that answers the question."""


class File(Struct, frozen=True, kw_only=True):
    """A file that came with a message; its content is kept apart, under the id."""

    id: str
    name: str
    media_type: str
    """By its content, not by its name."""
    size: int
    """In bytes."""


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
    replaces: int | None = None
    """seq of the earlier message that this one stands for: an edit, or its withdrawal."""
    files: tuple[File, ...] = ()
    cards: tuple[Card, ...] = ()
    form: Form | None = None

    @property
    def offers(self) -> tuple[Choice, ...]:
        """All that can be pressed under it: its choices, then its cards that are no choice."""
        if not self.cards:
            return self.choices
        known = {choice.value for choice in self.choices}
        cards = (
            Choice(label=card.title, value=card.value)
            for card in self.cards
            if card.value is not None and card.value not in known
        )
        return (*self.choices, *cards)


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
    desk_read_seq: int = 0
    """Up to where a person at the desk has seen it."""
    site: str | None = None
    """The web site that its customer last wrote from; None on channels that know none."""


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
    """Id of the agent who has it."""
    need: str | None
    language: str | None
    first_reply_due: datetime | None
    created_at: datetime
    version: int = 0
    """Grows with every change; a change decided on an older one is a Conflict."""
    opened_seq: int | None = None
    """seq of the customer's message that led to it."""
    reason: str | None = None
    """The rule that left it to a person."""
    waiting_since: datetime | None = None
    """Since when the customer waits for a person; None while it is the customer's turn."""
    reply_due: datetime | None = None
    """By when a person has to write; None while it is the customer's turn."""
    resolve_due: datetime | None = None
    first_reply_at: datetime | None = None
    solved_at: datetime | None = None
    snoozed_until: datetime | None = None
    alarm_at: datetime | None = None
    """When time itself next changes something about it …"""
    alarm: str | None = None
    """… and what that is; the desk's own word."""
    rating: int | None = None
    """1 to 5, by the customer, after it was solved."""
    rating_comment: str | None = None
    merged_into: int | None = None
    held_since: datetime | None = None
    """Since when the assignee has it before them: taken, or back from being put aside."""
    subjects: Mapping[str, str] | None = None
    """The subject by language; None for one that somebody wrote."""


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
    picture: str | None = None
    """An https address, or an emoji."""
    url: str | None = None
    """The https address of its page."""


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
    conversation_id: str | None
    seq: int | None
    """Of the message that it shows; a post that shows none names neither."""
    kind: str
    payload: Json
    merge_key: str | None = None
    """Posts in a row with the same one may become one."""
    batch: int | None = None
    """The post that this one went out with."""
    state: PostState
    attempts: int
    not_before: datetime | None
    remote_ref: str | None
    """The channel's own name of what was posted."""
    last_error: str | None
    created_at: datetime
    also: tuple[Post, ...] = ()
    """The posts that go out with it as one."""


class InboxItem(Struct, frozen=True, kw_only=True):
    """An event of an outside channel, taken in and not yet worked off."""

    id: int
    source: str
    payload: Json
    received_at: datetime
