"""What the desk shows, as values: gathered from the store by `gather`, drawn by `cards` and others.

Nothing in here is masked or escaped: drawing does both, in one place each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crm_store.desk_records import Agent
    from crm_store.records import Conversation, Customer, Message, Order, Ticket
    from crm_store.tickets import QueueHealth
    from nlp.understanding import Language


class Likely(Struct, frozen=True, kw_only=True):
    """A guess with its probability, in [0, 1]."""

    name: str
    label: str
    """In the language of the card."""
    probability: float


class TicketView(Struct, frozen=True, kw_only=True):
    """A ticket with all that an agent needs to act on it."""

    ticket: Ticket
    conversation: Conversation
    customer: Customer
    verified: bool
    """Whether the customer had proven who they are when they wrote the opening message."""
    assignee: Agent | None
    queue_label: str
    need_label: str | None
    need_probability: float | None
    need_reasons: tuple[str, ...]
    """In words, those that weighed most first."""
    intents: tuple[Likely, ...]
    """What the bot understood, then the runners-up."""
    found: tuple[tuple[str, str], ...]
    """What the customer named: entity type or slot, and value as read."""
    open_orders: tuple[Order, ...]
    """Newest first; only of a verified customer."""
    earlier: tuple[Ticket, ...]
    """The customer's other tickets, newest first."""
    opening: Message | None
    """The customer's message that led to the ticket."""
    link: str | None = None
    """To the thread in which it stands now, where the card has been left behind."""
    undelivered: int = 0
    """Lines that could not be posted into the thread."""


class HomeView(Struct, frozen=True, kw_only=True):
    """What an agent sees on the home page."""

    agent: Agent
    tickets: tuple[Ticket, ...]
    """Theirs, the one first whose customer is due an answer first."""
    links: Mapping[int, str]
    """To the cards of these tickets, as far as there are any."""
    queues: tuple[tuple[str, QueueHealth], ...]
    """Label and health of the queues in whose channels they are."""
    capacity: int
    given_up: tuple[str, ...] = ()
    """What could not be posted, each in one line of our own words."""


class Profile(Struct, frozen=True, kw_only=True):
    """A customer as the records know them."""

    customer: Customer
    verified: bool
    orders: tuple[Order, ...]
    tickets: tuple[Ticket, ...]
    spend: str
    """Amount and currency, as people read it; empty when nothing was bought."""
    needs: tuple[str, ...]
    """Labels of what they needed before, newest first."""
    language: Language
    """Of the card."""


class MacroChoice(Struct, frozen=True, kw_only=True):
    """A macro to choose from."""

    name: str
    label: str
    preview: str
    """What the customer would read."""
