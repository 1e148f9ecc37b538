"""The form of a configuration: one model a file, a description a field.

`docs/configuration.md` and the JSON Schemas for editors are generated from here, so the
descriptions are written for admins. Sums over several files are checked in `check`. Everybody
imports the models from here; those of routing and the shop stand in `forms`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from bot.settings.forms.base import (
    ByLanguage,
    Name,
    Pattern,
    ReplyKey,
    ShortText,
    Strict,
    Text,
)
from bot.settings.forms.desk import (
    CustomerChannel,
    Desk,
    DeskEmoji,
    Macro,
    Macros,
    SlackChannel,
    SlackCustomers,
)
from bot.settings.forms.files import Files, FileType
from bot.settings.forms.routing import (
    Clock,
    Duration,
    Hours,
    Interval,
    Priority,
    PriorityRule,
    Queue,
    QueueRule,
    Routing,
    Weekday,
    When,
)
from bot.settings.forms.shop import (
    Catalogue,
    DemoCustomer,
    DemoOrder,
    DemoOrderLine,
    DemoProduct,
    DemoRefund,
    DemoShop,
)
from bot.settings.forms.web_chat import (
    Consent,
    DarkLook,
    Greeting,
    Limits,
    Look,
    Rate,
    Site,
    WebChat,
)
from nlp.understanding import Language  # noqa: TC001 - pydantic reads the annotations

__all__ = [
    "Answer",
    "Article",
    "ArticleText",
    "Bands",
    "ByLanguage",
    "Catalogue",
    "ChoiceSlot",
    "Clock",
    "Consent",
    "CustomerChannel",
    "DarkLook",
    "DemoCustomer",
    "DemoOrder",
    "DemoOrderLine",
    "DemoProduct",
    "DemoRefund",
    "DemoShop",
    "Desk",
    "DeskEmoji",
    "Duration",
    "Entities",
    "EntitySlot",
    "FileType",
    "Files",
    "Flow",
    "Flows",
    "General",
    "Greeting",
    "Hours",
    "Intent",
    "IntentFile",
    "Interval",
    "Limits",
    "Look",
    "Macro",
    "Macros",
    "Name",
    "Need",
    "Option",
    "OrderSlot",
    "OutOfScope",
    "Pattern",
    "Patterns",
    "Phrases",
    "Priority",
    "PriorityRule",
    "ProofSlot",
    "Queue",
    "QueueRule",
    "Rate",
    "Replies",
    "ReplyKey",
    "Routing",
    "ShortText",
    "Site",
    "SlackChannel",
    "SlackCustomers",
    "Slot",
    "SlotBase",
    "Strict",
    "Text",
    "TextSlot",
    "WebChat",
    "Weekday",
    "When",
]

# --- frontdesk.yaml ---


class Bands(Strict):
    """How sure the bot must be. Probabilities are calibrated, in [0, 1]."""

    answer: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="From here on the bot just answers; empty = from where, in cross-validation, "
        "its first guess is right more often than not.",
    )
    offer: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="From here on it offers its best guesses as choices; empty = from where one "
        "of them is right more often than not.",
    )
    knowledge: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="How sure a knowledge passage must be to be the answer.",
    )


class Semantic(Strict):
    """A sentence encoder beside the intent model; needs the extra `semantic`."""

    encoder: ShortText = Field(
        description="A folder with `model.onnx` and `tokenizer.json`; if relative, from the "
        "configuration's folder."
    )
    tier: Literal["encoder", "table"] = Field(
        default="encoder",
        description="`encoder` runs it for each message; `table` learns a vector for each of its "
        "tokens in training: much faster, and half of the gain.",
    )
    languages: tuple[Language, ...] = Field(
        default=("en", "zh"), min_length=1, description="The languages that it reads."
    )


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
    admitted_loss: float = Field(
        default=0.02,
        ge=0,
        le=0.2,
        description="The share of messages in scope, rightly understood, that may be refused so "
        "that messages out of scope are. More catches more of these.",
    )
    semantic: Semantic | None = Field(
        default=None, description="A local sentence encoder, for better understanding."
    )
    web_chat: WebChat = Field(default=WebChat(), description="The web chat.")
    files: Files = Field(
        default=Files(), description="Files that customers and agents send each other."
    )
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
    same: dict[Language, tuple[Pattern, ...]] = Field(
        description="Means the order that was just spoken of."
    )
    waiting: dict[Language, tuple[Pattern, ...]] = Field(
        description="Asks how long it takes until a person comes."
    )
    yes: dict[Language, tuple[Pattern, ...]] = Field(description="Says yes to a question.")
    no: dict[Language, tuple[Pattern, ...]] = Field(
        description="Says no to a question; looked for before yes."
    )


# --- flows.yaml ---


class SlotBase(Strict):
    """What every slot has."""

    name: Name = Field(description="Its name within the flow.")
    ask: ReplyKey = Field(description="Reply key of the question.")
    optional: bool = Field(
        default=False, description="Taken when said; asked for only by the action itself."
    )
    ask_when: dict[Language, tuple[Pattern, ...]] = Field(
        default_factory=dict,
        description="RE2 patterns of requests for which an optional slot is asked for after all.",
    )


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
    take: tuple[Name, ...] = Field(
        default=(), description="Entity types that fill it by themselves, when one is named."
    )
    find: dict[Language, tuple[Pattern, ...]] = Field(
        default_factory=dict,
        description="RE2 patterns whose first group is the value, looked for in every message.",
    )
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
    options: dict[Name, str | bool | int | ByLanguage] = Field(
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


# --- replies/<language>.yaml ---

Replies = dict[ReplyKey, Text]
"""What the bot says, by key. `{name}` is a placeholder; other braces have no place in a text."""
