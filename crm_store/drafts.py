"""What callers hand to the store to be written, and what they get back for it.

`records.py` holds the facts as they stand; this module holds the requests to make new ones, in the
order of a message's life: it is opened, received, recorded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

if TYPE_CHECKING:
    from datetime import datetime

    from crm_store.effects import Effect
    from crm_store.records import (
        AuthorKind,
        Choice,
        Conversation,
        Customer,
        Json,
        Message,
        Owner,
        Ticket,
        TicketState,
    )

# -- open ------------------------------------------------------------------------------------


class Opening(Struct, frozen=True, kw_only=True):
    """Somebody turned up on a channel."""

    channel: str
    identity: str
    """The channel's own id for them: the hex SHA-256 of a visitor's secret, or `user:<sub>`."""
    verified: bool
    """Whether the channel vouches for who they are."""
    at: datetime
    customer: Json | None = None
    """Claims: name, email, phone, language and, believed only when verified, external_id."""
    locale: str | None = None
    address: str | None = None
    """Where replies go; None stands for the conversation's own id."""


class Opened(Struct, frozen=True, kw_only=True):
    """Who they are, and the one conversation held with them on that channel."""

    conversation: Conversation
    customer: Customer
    verified: bool
    created: bool
    """Whether the conversation was made just now."""


# -- receive ---------------------------------------------------------------------------------


class Incoming(Struct, frozen=True, kw_only=True):
    """A customer's message as it arrived."""

    conversation_id: str
    client_id: str
    """The sender's id of it: the same id with the same words is the same message."""
    text: str
    value: str | None = None
    """What a pressed button carried."""
    at: datetime
    verified: bool


class Received(Struct, frozen=True, kw_only=True):
    """The message is on disk."""

    seq: int
    at: datetime
    duplicate: bool
    """Whether it had been received before; `seq` and `at` are then those of the first time."""
    handled: bool = False
    """Whether a turn has answered it."""
    conversation: Conversation
    """As it stands with this message in it."""
    customer: Customer


# -- record ----------------------------------------------------------------------------------


class ReplyDraft(Struct, frozen=True, kw_only=True):
    """A message that a turn wants to say."""

    author: AuthorKind
    author_name: str | None
    text: str
    choices: tuple[Choice, ...] = ()
    key: str | None = None
    """The key of the reply in the configuration."""


class ExchangeDraft(Struct, frozen=True, kw_only=True):
    """How a turn came about."""

    id: str
    """From `ids.new_id`; recording the same id again returns what was recorded first."""
    understanding: Json
    decision: Json
    """action, flow, rule, why."""
    reply_keys: tuple[str, ...]
    config_id: str
    model_id: str
    rule: str
    action_status: str | None = None
    need: Json | None = None
    error_id: str | None = None
    timings: Json = field(default_factory=dict)
    """Stage to milliseconds."""


class TicketDraft(Struct, frozen=True, kw_only=True):
    """A ticket to be opened for the conversation of a turn."""

    number: int
    """From `tickets.reserve_number`, because replies name it."""
    subject: str
    queue: str
    priority: str
    need: str | None = None
    language: str | None = None
    first_reply_due: datetime | None = None


class TicketChange(Struct, frozen=True, kw_only=True):
    """What becomes of a ticket; None leaves a thing as it is."""

    number: int
    state: TicketState | None = None
    assignee: str | None = None
    queue: str | None = None
    priority: str | None = None
    subject: str | None = None
    need: str | None = None
    first_reply_due: datetime | None = None


class NeedFact(Struct, frozen=True, kw_only=True):
    """A conversation's need became this one."""

    category: str
    probability: float
    reasons: tuple[str, ...]
    model_id: str


class FlowFact(Struct, frozen=True, kw_only=True):
    """A flow as it stands after a turn."""

    name: str
    slots: Json
    state: str
    """open, done, handed_over or dropped."""
    opened_seq: int
    """seq of the customer's message that opened it; with the name it tells flows apart."""


class Turn(Struct, frozen=True, kw_only=True):
    """Everything that one message led to; recorded whole or not at all."""

    conversation_id: str
    message_seq: int
    expected_version: int
    """Of the conversation that the turn was decided on."""
    at: datetime
    exchange: ExchangeDraft
    replies: tuple[ReplyDraft, ...]
    state: Json
    owner: Owner
    language: str | None
    agent_name: str | None = None
    ticket: TicketDraft | TicketChange | None = None
    need: NeedFact | None = None
    flows: tuple[FlowFact, ...] = ()
    effects: tuple[Effect, ...] = ()
    outbox: bool = False
    """Whether each reply has to be posted to the conversation's address."""


class Recorded(Struct, frozen=True, kw_only=True):
    """The turn is on disk."""

    version: int
    messages: tuple[Message, ...]
    exchange_id: str
    ticket: Ticket | None
    """The ticket that the turn opened or changed."""


# -- beside turns ----------------------------------------------------------------------------


class Line(Struct, frozen=True, kw_only=True):
    """A message that no turn caused: an agent's words, or a note of the system."""

    conversation_id: str
    author: AuthorKind
    author_name: str | None
    text: str
    at: datetime
    choices: tuple[Choice, ...] = ()
    client_id: str | None = None
    """Where the line came from; the same id again appends nothing."""
    expected_owner: frozenset[Owner] | None = None
    """Append only while one of these owns the conversation; None asks for nothing."""
    owner: Owner | None = None
    """Who owns the conversation from now on; None leaves it."""
    agent_name: str | None = None
    """Of the agent who takes it; only looked at together with `owner`."""
    outbox: bool = False


class Appended(Struct, frozen=True, kw_only=True):
    """The line is on disk."""

    message: Message
    duplicate: bool
    conversation: Conversation


class Rating(Struct, frozen=True, kw_only=True):
    """What a customer thinks of the conversation."""

    conversation_id: str
    client_id: str
    score: int
    """1 to 5."""
    comment: str | None
    at: datetime


class BehaviourEvent(Struct, frozen=True, kw_only=True):
    """Something that a visitor did on the site."""

    conversation_id: str
    client_id: str
    name: str
    """product_view, like, …"""
    properties: Json
    at: datetime
