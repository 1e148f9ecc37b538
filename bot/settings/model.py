"""The form of a configuration: one model a file, a description a field.

`docs/configuration.md` and the JSON Schemas for editors are generated from here, so the
descriptions are written for admins. Sums over several files are checked in `check`.
"""

from __future__ import annotations

import re
from datetime import date, time, timedelta
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)

from nlp.understanding import Language

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=4000)]
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=80)]
Pattern = Annotated[str, StringConstraints(min_length=1)]
"""For RE2; `checks.patterns` says what is allowed."""
ByLanguage = dict[Language, ShortText]
ReplyKey = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$")]


class Strict(BaseModel):
    """Refuses keys that nobody reads: a typo must not pass in silence."""

    model_config = ConfigDict(extra="forbid", frozen=True)


_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


def _duration(value: object) -> object:
    """Read 15m, 4h and 2d, and nothing else: a bare 15 could be anything."""
    found = re.fullmatch(r"([1-9][0-9]{0,4})([mhd])", value) if isinstance(value, str) else None
    if not found:
        raise ValueError(f"{value!r} is not a duration such as 15m, 4h or 2d")
    return int(found.group(1)) * _UNITS[found.group(2)]


Duration = Annotated[
    timedelta,
    BeforeValidator(_duration, json_schema_input_type=str),
    WithJsonSchema({"type": "string", "pattern": "^[1-9][0-9]{0,4}[mhd]$"}),
    Field(description="Minutes, hours or days: 15m, 4h, 2d."),
]


# --- frontdesk.yaml ---


class Bands(Strict):
    """How sure the bot must be. Probabilities are calibrated, in [0, 1]."""

    answer: float = Field(default=0.5, gt=0, le=1, description="From here on the bot just answers.")
    offer: float = Field(
        default=0.15, ge=0, le=1, description="From here on it offers its best guesses as choices."
    )
    knowledge: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="How sure a knowledge passage must be to be the answer.",
    )


class Rate(Strict):
    """A limit that lets bursts through."""

    count: int = Field(gt=0, description="How many are let through…")
    seconds: int = Field(gt=0, le=86400, description="…in how many seconds.")


class Limits(Strict):
    """What one visitor, and one address, may do. No person typing ever meets these."""

    visitor_messages: Rate = Field(
        default=Rate(count=40, seconds=20),
        description="Messages, presses and ratings of one visitor.",
    )
    visitor_events: Rate = Field(
        default=Rate(count=120, seconds=60),
        description="Behaviour events and typing notices of one visitor.",
    )
    address_messages: Rate = Field(
        default=Rate(count=600, seconds=60), description="Messages from one network address."
    )
    address_connections: Rate = Field(
        default=Rate(count=240, seconds=60), description="New connections from one network address."
    )
    address_conversations: Rate = Field(
        default=Rate(count=240, seconds=3600),
        description="New conversations from one network address.",
    )
    address_sockets: int = Field(
        default=200, gt=0, description="Open connections from one network address."
    )
    site_messages: Rate = Field(
        default=Rate(count=60000, seconds=60), description="Messages to the whole site."
    )


class Site(Strict):
    """A web site that carries the widget."""

    origins: tuple[str, ...] = Field(
        default=(),
        description="Origins of the pages that may embed it, such as https://shop.example. "
        "The service's own origin is always allowed.",
    )


class WebChat(Strict):
    """The web chat."""

    sites: dict[Name, Site] = Field(
        default_factory=lambda: {"default": Site()},
        description="Sites by the name that the embed script gives in data-site.",
    )
    limits: Limits = Field(default=Limits(), description="Limits against floods.")


class General(Strict):
    """`frontdesk.yaml`: what holds for the whole configuration."""

    name: ByLanguage = Field(description="The shop's name, as customers read it.")
    languages: tuple[Language, ...] = Field(
        min_length=1, description="Languages served; the first is the default."
    )
    tiers: tuple[Name, ...] = Field(
        default=("standard", "silver", "gold"),
        min_length=1,
        description="Loyalty tiers of customers, lowest first.",
    )
    time_zone: str = Field(
        default="UTC", description="IANA name of the zone in which the shop lives."
    )
    bands: Bands = Field(default=Bands(), description="How sure the bot must be.")
    web_chat: WebChat = Field(default=WebChat(), description="The web chat.")
    demo: bool = Field(
        default=False,
        description="Serve the demo shop at /, and let anyone sign in there as a demo customer.",
    )


# --- intents/*.yaml, out_of_scope.yaml, entities.yaml, needs/*.yaml, phrases.yaml ---


class Intent(Strict):
    """One thing that customers want done."""

    label: ByLanguage = Field(description="What a button says when the bot offers this.")
    need: Name = Field(description="The need category that it usually belongs to.")
    about: Text = Field(description="The line between this intent and its neighbours.")
    examples: dict[Language, tuple[Text, ...]] = Field(
        description="What customers write, by language."
    )


class IntentFile(Strict):
    """`intents/<group>.yaml`."""

    intents: dict[Name, Intent] = Field(description="Intents by name.")


class OutOfScope(Strict):
    """`out_of_scope.yaml`: messages that nobody here serves."""

    examples: dict[Language, tuple[Text, ...]] = Field(description="By language.")


class Patterns(Strict):
    """Patterns of one kind of number."""

    patterns: tuple[Pattern, ...] = Field(min_length=1, description="Regular expressions for RE2.")


class Entities(Strict):
    """`entities.yaml`: what is particular to this shop in what customers name."""

    order_number: Patterns = Field(description="How order numbers look.")
    tracking_number: Patterns = Field(description="How tracking numbers look.")
    currency: dict[Language, Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")]] = Field(
        description="The currency meant where none is said."
    )
    phone_region: dict[Language, Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")]] = Field(
        description="The country of phone numbers without a country code."
    )


class Need(Strict):
    """`needs/<category>.yaml`: one need category, with conversations that belong to it."""

    label: ByLanguage = Field(description="Its name on cards and in reports.")
    about: Text = Field(description="What belongs here and what does not.")
    conversations: dict[Language, tuple[tuple[Text, ...], ...]] = Field(
        description="The customer's messages of example conversations."
    )


class Phrases(Strict):
    """`phrases.yaml`: words that work in any state, as RE2 patterns, case ignored."""

    human: dict[Language, tuple[Pattern, ...]] = Field(description="Asks for a person.")
    stop: dict[Language, tuple[Pattern, ...]] = Field(description="Drops what is being done.")
    negative: dict[Language, tuple[Pattern, ...]] = Field(description="Anger, disappointment.")
    urgent: dict[Language, tuple[Pattern, ...]] = Field(description="Cannot wait.")
    abusive: dict[Language, tuple[Pattern, ...]] = Field(description="Insults.")
    newest: dict[Language, tuple[Pattern, ...]] = Field(description="Means the latest order.")


# --- flows.yaml ---


class SlotBase(Strict):
    """What every slot has."""

    name: Name = Field(description="Its name within the flow.")
    ask: ReplyKey = Field(description="Reply key of the question.")
    optional: bool = Field(default=False, description="Taken when said, never asked for.")


class OrderSlot(SlotBase):
    """An order: said, remembered, or chosen from the known customer's own."""

    kind: Literal["order"] = Field(description="The kind of slot.")
    prefer: tuple[str, ...] = Field(
        default=(), description="Order states that fit; the customer's orders in them are offered."
    )


class ProofSlot(SlotBase):
    """E-mail or phone on the order, from whoever is not signed in."""

    kind: Literal["proof"] = Field(description="The kind of slot.")


class EntitySlot(SlotBase):
    """Something with a normalised value."""

    kind: Literal["entity"] = Field(description="The kind of slot.")
    take: tuple[Name, ...] = Field(min_length=1, description="Entity types that fill it.")


class Option(Strict):
    """One of a few possible values."""

    value: Name = Field(description="What the flow gets.")
    label: ByLanguage = Field(description="What the button says.")
    match: dict[Language, tuple[Pattern, ...]] = Field(
        default_factory=dict, description="RE2 patterns that mean this when typed."
    )


class ChoiceSlot(SlotBase):
    """One of a few values, offered as buttons."""

    kind: Literal["choice"] = Field(description="The kind of slot.")
    options: tuple[Option, ...] = Field(min_length=2, description="The values.")


class TextSlot(SlotBase):
    """Free words."""

    kind: Literal["text"] = Field(description="The kind of slot.")
    from_request: int = Field(
        default=0,
        ge=0,
        description="The opening message itself fills it when it has at least so many characters "
        "(Chinese) or three times as many (others); 0 = always ask.",
    )


Slot = Annotated[
    OrderSlot | ProofSlot | EntitySlot | ChoiceSlot | TextSlot, Field(discriminator="kind")
]


class Flow(Strict):
    """Something to get done: what must be known, and the action that does it."""

    intents: tuple[Name, ...] = Field(min_length=1, description="The intents that start it.")
    label: ByLanguage = Field(description="What it is called when the bot comes back to it.")
    action: Name = Field(description="The action that runs when every slot is filled.")
    options: dict[Name, str | bool | int] = Field(
        default_factory=dict, description="Settings handed to the action."
    )
    slots: tuple[Slot, ...] = Field(
        default=(), description="What must be known, in the order of asking."
    )


class Answer(Strict):
    """An intent answered at once."""

    reply: ReplyKey | None = Field(
        default=None, description="Reply key; empty = the best knowledge passage."
    )


class Flows(Strict):
    """`flows.yaml`: what the bot does for each intent."""

    flows: dict[Name, Flow] = Field(description="Flows by name.")
    answers: dict[Name, Answer] = Field(description="Answers by intent.")


# --- knowledge/*.yaml ---


class ArticleText(Strict):
    """An article in one language."""

    title: ShortText = Field(description="Named as the source of an answer.")
    questions: tuple[Text, ...] = Field(description="Ways in which people ask.")
    body: Annotated[str, StringConstraints(min_length=1, max_length=20000)] = Field(
        description="Paragraphs, separated by empty lines; each must stand alone as an answer."
    )


class Article(Strict):
    """`knowledge/<topic>.yaml`."""

    intents: tuple[Name, ...] = Field(default=(), description="Intents that it answers.")
    en: ArticleText | None = Field(default=None, description="The English text.")
    zh: ArticleText | None = Field(default=None, description="The Chinese text.")

    def text(self, language: Language) -> ArticleText | None:
        """Return the article's text in a language."""
        return self.en if language == "en" else self.zh


# --- routing.yaml ---

Priority = Literal["low", "normal", "high", "urgent"]


class Queue(Strict):
    """Where tickets wait for a person."""

    label: ByLanguage = Field(description="Its name, as customers and agents read it.")
    agents: int = Field(default=1, gt=0, description="How many people usually work on it.")
    minutes_each: int = Field(default=6, gt=0, description="How long one ticket usually takes.")


class When(Strict):
    """A condition; every part that is given must hold, and one of each part's values."""

    need: tuple[Name, ...] = Field(default=(), description="Need categories.")
    intent: tuple[Name, ...] = Field(default=(), description="Intents.")
    language: tuple[Language, ...] = Field(default=(), description="Languages of the conversation.")
    tier: tuple[Name, ...] = Field(default=(), description="Customer tiers.")
    negative: bool | None = Field(default=None, description="Whether the customer is upset.")
    urgent: bool | None = Field(default=None, description="Whether it cannot wait.")
    abusive: bool | None = Field(default=None, description="Whether the customer insults.")
    verified: bool | None = Field(
        default=None, description="Whether the customer is known for sure."
    )


class QueueRule(Strict):
    """Sends a ticket to a queue; the first rule that matches decides."""

    name: Name = Field(description="Named in explanations.")
    when: When = Field(default=When(), description="When it matches; empty = always.")
    queue: Name = Field(description="The queue.")


class PriorityRule(Strict):
    """Gives a priority; the first rule that matches decides."""

    name: Name = Field(description="Named in explanations.")
    when: When = Field(default=When(), description="When it matches; empty = always.")
    priority: Priority = Field(description="The priority.")


def _clock(value: object) -> object:
    """Read 09:00; 24:00 is the last moment of the day, which `time` cannot say otherwise."""
    if value == "24:00":
        return time.max
    if isinstance(value, str) and re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", value):
        return time.fromisoformat(value)
    raise ValueError(f"{value!r} is not a time of day such as 09:00 or 24:00")


Clock = Annotated[
    time,
    BeforeValidator(_clock, json_schema_input_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$"}),
]


class Interval(Strict):
    """A stretch of a working day."""

    start: Clock = Field(alias="from", description="Opening time, as 09:00.")
    end: Clock = Field(alias="to", description="Closing time, as 18:00; 24:00 = midnight.")


Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class Hours(Strict):
    """When people work, in the configuration's time zone."""

    week: dict[Weekday, tuple[Interval, ...]] = Field(description="Stretches of each weekday.")
    holidays: tuple[date, ...] = Field(default=(), description="Days without work.")


class Routing(Strict):
    """`routing.yaml`: who gets a ticket, and how soon they must answer."""

    queues: dict[Name, Queue] = Field(min_length=1, description="Queues by name.")
    queue_rules: tuple[QueueRule, ...] = Field(min_length=1, description="Which queue.")
    priority_rules: tuple[PriorityRule, ...] = Field(min_length=1, description="Which priority.")
    first_reply: dict[Priority, Duration] = Field(
        description="Working time until a person's first reply is due, by priority."
    )
    hours: Hours = Field(description="When people work.")


# --- shop/*.yaml (demo data) ---


class DemoProduct(Strict):
    """A product of the demo shop."""

    names: dict[Language, ShortText] = Field(description="Its name.")
    aliases: dict[Language, tuple[ShortText, ...]] = Field(
        default_factory=dict, description="What else people call it."
    )
    description: dict[Language, Text] = Field(description="One or two sentences.")
    prices: dict[Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")], str] = Field(
        description="Decimal string by currency."
    )
    stock: int = Field(ge=0, description="Pieces at hand.")
    restock_in_days: int | None = Field(default=None, description="When more will come.")
    category: Name = Field(description="Group on the shop page.")
    options: dict[Name, tuple[ShortText, ...]] = Field(
        default_factory=dict, description="Colours, sizes."
    )
    emoji: str = Field(default="", description="Picture on the shop page.")


class Catalogue(Strict):
    """`shop/products.yaml`."""

    products: dict[Name, DemoProduct] = Field(description="Products by id.")


class DemoOrderLine(Strict):
    """One product of a demo order."""

    product: Name = Field(description="Product id.")
    quantity: int = Field(default=1, gt=0, description="Pieces.")


class DemoRefund(Strict):
    """The refund of a demo order."""

    state: Literal["requested", "checking", "approved", "paid"] = Field(description="How far.")
    days_ago: int = Field(default=0, ge=0, description="When it came to that.")


class DemoOrder(Strict):
    """An order of a demo customer; its days are counted from today so that the demo stays fresh."""

    customer: Name = Field(description="Demo customer.")
    state: str = Field(description="Order state.")
    placed_days_ago: int = Field(ge=0, description="Days since it was placed.")
    dispatched_days_ago: int | None = Field(default=None, description="Days since it left.")
    delivered_days_ago: int | None = Field(default=None, description="Days since it arrived.")
    expected_in_days: int | None = Field(default=None, description="Days until it should arrive.")
    lines: tuple[DemoOrderLine, ...] = Field(min_length=1, description="What was ordered.")
    currency: Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")] = Field(
        description="Paid in."
    )
    delivery: Literal["standard", "express", "pickup"] = Field(
        default="standard", description="Way."
    )
    carrier: ShortText | None = Field(default=None, description="Who carries it.")
    tracking_number: ShortText | None = Field(default=None, description="The carrier's number.")
    invoice: Literal["none", "issued", "requested"] = Field(default="none", description="Invoice.")
    refund: DemoRefund | None = Field(default=None, description="Refund.")
    payment_method: ShortText = Field(default="card", description="How it was paid.")


class DemoCustomer(Strict):
    """A customer of the demo shop."""

    name: ShortText = Field(description="Name.")
    email: ShortText = Field(description="E-mail address.")
    phone: ShortText = Field(description="Phone, E.164.")
    tier: Name = Field(default="standard", description="Loyalty tier.")
    points: int = Field(default=0, ge=0, description="Loyalty points.")
    language: Language = Field(description="Preferred language.")
    address: Text = Field(description="Where parcels go.")


class DemoShop(Strict):
    """`shop/customers.yaml`: demo customers and their orders."""

    customers: dict[Name, DemoCustomer] = Field(description="Customers by id.")
    orders: dict[str, DemoOrder] = Field(description="Orders by number.")


# --- replies/<language>.yaml ---

Replies = dict[ReplyKey, Text]
"""What the bot says, by key. `{name}` is a placeholder; other braces have no place in a text."""
