"""What a decision is made from, and what it consists of. Plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Union

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from bot.dialogue.forms import Kind
    from bot.dialogue.state import DialogueState
    from bot.settings.model import Flows, Intent
    from crm_store.records import Customer, Order, Owner, Product
    from nlp.understanding import Language


OptionValue = Union[str, bool, int, "Mapping[Language, str]"]
"""What a flow may hand to its action."""


class Option(Struct, frozen=True, kw_only=True):
    """A button: what it carries, and its label as a reply key or as words already chosen."""

    value: str
    key: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    label: object = ""
    """Text, or anything that `replies` can put into words."""


YES_NO = (
    Option(value="confirm:yes", key="choice.yes"),
    Option(value="confirm:no", key="choice.no"),
)
"""The buttons under everything that wants a yes or no."""

TICKET = "ticket"
"""Stands for what is said of a ticket, which routing knows better than dialogue."""

PERSON = Option(value="human", key="choice.person")
"""The button that is never far away."""


class CardOf(Struct, frozen=True, kw_only=True):
    """A card: what it shows, as the shop has it, and what pressing it carries."""

    of: Order | Product
    value: str | None = None


class FormOf(Struct, frozen=True, kw_only=True):
    """A form under a question."""

    kind: Kind
    orders: tuple[Option, ...] = ()
    """Of an order: those that it could be."""


class Say(Struct, frozen=True, kw_only=True):
    """One thing to say: a reply key, what fills its placeholders, and what stands under it."""

    key: str
    values: Mapping[str, Any] = field(default_factory=dict)
    """Dates, amounts and states are put into words when the reply is rendered."""
    choices: tuple[Option, ...] = ()
    cards: tuple[CardOf, ...] = ()
    """What the words are about, to be looked at."""
    form: FormOf | None = None


class Step(Struct, frozen=True, kw_only=True):
    """One thing to do in a turn: an action to run, for a flow or without one."""

    action: str
    text: str
    intent: str | None = None
    flow_id: str | None = None
    slots: Mapping[str, Any] = field(default_factory=dict)
    product: str | None = None
    """The product that the request named."""
    options: Mapping[str, OptionValue] = field(default_factory=dict)
    ask: Mapping[str, str] = field(default_factory=dict)
    """The reply key with which each slot of the flow is asked for."""
    confirmed: bool = False


class Decision(Struct, frozen=True, kw_only=True):
    """What a message leads to: things to say at once, then things to do."""

    rule: str
    """The rule that decided, such as `flow.start` or `offer.person`."""
    state: DialogueState
    say: tuple[Say, ...] = ()
    steps: tuple[Step, ...] = ()
    place: tuple[str, ...] = ()
    """Where the configuration says so, such as ("flows", "track_order")."""


class Bands(Struct, frozen=True, kw_only=True):
    """How sure understanding must be; probabilities in [0, 1]."""

    answer: float
    """From here on the bot just answers."""
    offer: float
    """From here on it offers its best guesses as choices."""
    knowledge: float
    """From here on a knowledge passage is the answer."""


class Rules(Struct, frozen=True, kw_only=True):
    """The part of the configuration that decides. Built once for each configuration."""

    flows: Flows
    intents: Mapping[str, Intent]
    bands: Bands
    phrases: Callable[[str], frozenset[str]]
    """Text → the names of the phrases, of those that work in any state, which it holds."""
    options: Mapping[tuple[str, str], Callable[[str], str | None]]
    """(flow, choice slot) → what a typed text chooses there."""
    needed: Mapping[tuple[str, str], Callable[[str], bool]]
    """(flow, optional slot) → whether a request makes it needed."""
    flow_of: Mapping[str, str]
    """Intent → flow."""


class Known(Struct, frozen=True, kw_only=True):
    """What is known besides the message: loaded before the decision, never during it."""

    seq: int
    """Of the message."""
    owner: Owner
    customer: Customer
    verified: bool
    orders: tuple[Order, ...]
    """Of the customer, newest first; empty unless verified."""
    ticket: str | None
    language: Language
    now: datetime
    person: bool = True
    """Whether the customer may be put through to a person; if not, they have to sign in first."""

    def owns(self, number: str) -> bool:
        """Return whether an order is the verified customer's own."""
        return any(order.number == number for order in self.orders)
