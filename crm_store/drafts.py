"""What callers hand to the store to be written, and what they get back for it.

`records.py` holds the facts as they stand; this module holds the requests to make new ones, in the
order of a message's life: it is opened, received, recorded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET, Struct, UnsetType, field

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from crm_store.effects import Effect
    from crm_store.records import (
        AuthorKind,
        Card,
        Choice,
        Conversation,
        Customer,
        File,
        Form,
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
    site: str | None = None
    """The web site that they are on."""
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
    replaces: int | None = None
    """seq of the customer's earlier message that this one corrects."""
    files: tuple[File, ...] = ()


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
    cards: tuple[Card, ...] = ()
    form: Form | None = None


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
    subjects: Mapping[str, str] | None = None
    """The subject by language; None for one that somebody wrote."""
    need: str | None = None
    language: str | None = None
    first_reply_due: datetime | None = None
    resolve_due: datetime | None = None
    reason: str | None = None
    """The rule that left it to a person."""
    alarm_at: datetime | None = None
    alarm: str | None = None


class TicketChange(Struct, frozen=True, kw_only=True):
    """What becomes of a ticket; what is UNSET stays as it is."""

    number: int
    state: TicketState | UnsetType = UNSET
    assignee: str | UnsetType | None = UNSET
    queue: str | UnsetType = UNSET
    priority: str | UnsetType = UNSET
    subject: str | UnsetType = UNSET
    need: str | UnsetType | None = UNSET
    waiting_since: datetime | UnsetType | None = UNSET
    reply_due: datetime | UnsetType | None = UNSET
    resolve_due: datetime | UnsetType | None = UNSET
    first_reply_at: datetime | UnsetType | None = UNSET
    solved_at: datetime | UnsetType | None = UNSET
    snoozed_until: datetime | UnsetType | None = UNSET
    alarm_at: datetime | UnsetType | None = UNSET
    alarm: str | UnsetType | None = UNSET
    merged_into: int | UnsetType | None = UNSET
    held_since: datetime | UnsetType | None = UNSET


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
    replaces: int | None = None
    """seq of the earlier line that this one stands for."""
    files: tuple[File, ...] = ()


class Appended(Struct, frozen=True, kw_only=True):
    """The line is on disk."""

    message: Message
    duplicate: bool
    conversation: Conversation


class PostDraft(Struct, frozen=True, kw_only=True):
    """Something to be posted that shows no message of a conversation."""

    lane_key: str
    kind: str
    payload: Json
    merge_key: str | None = None


class Handling(Struct, frozen=True, kw_only=True):
    """What somebody does with a ticket: change, line and note in one transaction, or nothing."""

    change: TicketChange
    expected_version: int
    """Of the ticket that it was decided on."""
    expected_owner: Owner
    """Of the conversation, likewise."""
    states: tuple[TicketState, ...] = ()
    """The states that the ticket goes through, in order; each step must be legal."""
    by: str
    """Id of the agent, or `system`."""
    what: str
    """The act, for the audit."""
    at: datetime
    owner: Owner | None = None
    """Who owns the conversation from now on; None leaves it."""
    agent_name: str | None = None
    line: Line | None = None
    """What the customer is told; its own `expected_owner` and `owner` are not looked at."""
    from_held: bool = False
    """Whether the line is a held reply: it is said in the words that are held then, if any are."""
    posts: tuple[PostDraft, ...] = ()
    """What the desk is told."""


class Ending(Struct, frozen=True, kw_only=True):
    """A customer ends the conversation: its ticket, its memory and the line, or nothing."""

    line: Line
    """What they read; its own `expected_owner` and `owner` are not looked at."""
    expected_version: int
    """Of the conversation that it was decided on."""
    state: Json
    """The dialogue's memory from now on."""
    handling: Handling | None = None
    """What becomes of its ticket; None where it has none. Its `owner` and `line` do not count."""


class TicketOpening(Struct, frozen=True, kw_only=True):
    """Somebody of the desk makes a ticket of a conversation."""

    conversation_id: str
    draft: TicketDraft
    opened_seq: int | None
    by: str
    at: datetime
    owner: Owner
    """Who has the conversation from now on."""


class Handled(Struct, frozen=True, kw_only=True):
    """The act is on disk."""

    ticket: Ticket
    conversation: Conversation
    appended: Appended | None
    """The line, where there was one."""


class ThreadPlan(Struct, frozen=True, kw_only=True):
    """What brings a ticket's thread at the desk up to date."""

    ticket_number: int
    channel: str
    """Where the ticket belongs now; another channel than the thread's makes a new thread."""
    thread: int | None
    """The thread that was found; None when there was none."""
    mirrored_from: int
    """Up to which seq the thread had been planned; for a new one, where it is to begin."""
    mirrored_to: int
    card_version: int
    """Of the ticket that the card will show."""
    lines: tuple[tuple[str, int], ...]
    """Conversation and seq of each message to be posted."""
    files: tuple[tuple[str, str], ...] = ()
    """Conversation and id of each file to be shown, after the lines."""
    recap: tuple[int, int] | None = None
    """The messages behind the first seq, up to the second, that a new thread begins with."""
    at: datetime


class Rating(Struct, frozen=True, kw_only=True):
    """What a customer thinks of the conversation."""

    conversation_id: str
    client_id: str
    score: int
    """1 to 5."""
    comment: str | None
    at: datetime
    ticket_number: int | None = None
    """The ticket whose settlement it is about."""


class Rated(Struct, frozen=True, kw_only=True):
    """The rating is on disk."""

    duplicate: bool
    ticket: int | None
    """The ticket that it is about; None when none was settled yet."""


class Consent(Struct, frozen=True, kw_only=True):
    """A customer has agreed to what a site asks of them before they write."""

    customer_id: str
    conversation_id: str
    """Where they did."""
    site: str
    version: str
    """Of the text that they read."""
    locale: str | None
    """In which they read it."""
    at: datetime


class BehaviourEvent(Struct, frozen=True, kw_only=True):
    """Something that a visitor did on the site."""

    conversation_id: str
    client_id: str
    name: str
    """product_view, like, …"""
    properties: Json
    at: datetime
