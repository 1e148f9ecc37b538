"""What an action is given, and what it returns.

An action looks things up and says what should happen. It never writes and never sends: effects
travel in its outcome and are applied with everything else of the turn, in one transaction.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.dialogue.context import OptionValue, Say
    from bot.dialogue.state import SlotValue
    from crm_store.effects import Effect
    from crm_store.records import Appointment, Customer, Order, Product
    from nlp.knowledge import Passage
    from nlp.understanding import Language, Understanding


class Status(StrEnum):
    """What became of an action."""

    DONE = "done"
    ASK = "ask"
    """Something is missing or was wrong: `slot` is asked again."""
    CONFIRM = "confirm"
    """It can be done; the customer must say yes first."""
    REFUSED = "refused"
    """It cannot be done, and the reply says why."""
    HAND_OVER = "hand_over"
    """A person has to do it."""
    NOTHING = "nothing"
    """Nothing was found that answers; the message counts as not understood."""


class TicketRequest(Struct, frozen=True, kw_only=True):
    """Why a person is needed."""

    subject: Mapping[Language, str]
    """One line for the agent, by language; without the customer's words."""
    hand_over: bool
    """Whether the conversation waits for a person, or goes on with the bot."""
    reason: str = ""


class Outcome(Struct, frozen=True, kw_only=True):
    """What an action found, and what is to follow from it."""

    status: Status = Status.DONE
    say: tuple[Say, ...] = ()
    slot: str | None = None
    """With ASK: the slot that is asked for again."""
    slots: Mapping[str, SlotValue] = field(default_factory=dict)
    """Slots that the action settled itself."""
    proved: str | None = None
    """The number of an order whose e-mail or phone was right."""
    proof_failed: bool = False
    effects: tuple[Effect, ...] = ()
    """Changes of shop data, as the store's effect values."""
    ticket: TicketRequest | None = None
    article: str | None = None
    """The knowledge article that answered."""


class Shop(Protocol):
    """The shop's own data. The CRM store is the embedded implementation."""

    async def order(self, number: str) -> Order | None:
        """Return an order by its number, whatever the case."""

    async def orders(self, customer_id: str) -> tuple[Order, ...]:
        """Return a customer's orders, newest first."""

    async def product(self, product_id: str) -> Product | None:
        """Return a product."""

    async def products(self) -> tuple[Product, ...]:
        """Return the catalogue."""


class Visits(Protocol):
    """The shop's appointments."""

    async def of_customer(self, customer_id: str) -> tuple[Appointment, ...]:
        """Return a customer's visits, the soonest first, cancelled ones among them."""

    async def get(self, appointment_id: str) -> Appointment:
        """Return a visit by its booking number, V-482913, or raise the store's NotFound."""


class Search(Protocol):
    """Knowledge search."""

    async def __call__(
        self, text: str, language: Language, understanding: Understanding | None = None
    ) -> tuple[Passage, ...]:
        """Return passages that may answer a question, best first."""


class Request(Struct, frozen=True, kw_only=True):
    """All that an action may look at."""

    text: str
    language: Language
    understanding: Understanding
    """Of the message at hand; a flow's own request may be older."""
    intent: str | None
    """What is being served."""
    slots: Mapping[str, SlotValue]
    product: str | None = None
    """The product that the request named."""
    options: Mapping[str, OptionValue]
    """What the flow hands to its action."""
    confirmed: bool
    customer: Customer
    verified: bool
    proved: tuple[str, ...]
    proof_failures: int
    now: datetime
    """In the configuration's time zone."""
    conversation_id: str
    exchange_id: str
    shop: Shop
    visits: Visits
    search: Search
    knowledge_band: float
