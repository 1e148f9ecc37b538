"""Putting things into words: a reply key and its values become the sentence of a language.

Templates know nothing but `{placeholders}`; there is no code in them to run. A value is put into
words by its type: an amount gets its currency's form, a date the language's, a state its own
reply. Customers' words are values like any other: they are inserted, never read as a template.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from babel import Locale
from babel.dates import format_date, format_skeleton
from babel.numbers import format_currency, format_decimal
from msgspec import Struct, field

from crm_store.records import Choice, Form, OrderState

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from bot.dialogue.context import FormOf, Option, Say
    from nlp.understanding import Language

PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")

LOCALES: Mapping[Language, Locale] = {
    "en": Locale.parse("en_US"),
    "zh": Locale.parse("zh_Hans_CN"),
}
LIST_SEPARATORS: Mapping[Language, str] = {"en": ", ", "zh": "、"}

SHARED = frozenset({"shop", "name", "ticket", "wait"})
"""Placeholders that every reply may use."""

DIALOGUE_REPLIES: Mapping[str, frozenset[str]] = {
    "back_to": frozenset({"flow"}),
    "button_stale": frozenset(),
    "calm_down": frozenset(),
    "card.order": frozenset({"order"}),
    "card.item": frozenset({"product", "quantity"}),
    "card.more": frozenset({"count"}),
    "card.placed": frozenset({"placed", "total"}),
    "card.in_stock": frozenset(),
    "card.few": frozenset({"stock"}),
    "card.soon": frozenset({"restock"}),
    "card.sold_out": frozenset(),
    "anything_else": frozenset(),
    "choice.no": frozenset(),
    "choice.order": frozenset({"order", "state", "placed"}),
    "choice.person": frozenset(),
    "choice.something_else": frozenset(),
    "choice.try_again": frozenset(),
    "choice.yes": frozenset(),
    "confirm_again": frozenset({"flow"}),
    "dropped": frozenset({"flow"}),
    "files_received": frozenset(),
    "file_refused": frozenset(),
    "not_an_answer": frozenset(),
    "noted_in_queue": frozenset(),
    "offer_choices": frozenset(),
    "offer_person": frozenset(),
    "out_of_scope": frozenset(),
    "rephrase": frozenset(),
    "apology": frozenset(),
    "handed_over": frozenset(),
    "handed_over_closed": frozenset(),
    "handed_over_later": frozenset(),
    "already_queued": frozenset(),
    "agent_joined": frozenset({"agent"}),
    "handed_back": frozenset(),
    "requeued": frozenset(),
    "moved_to_team": frozenset({"team"}),
    "resolved": frozenset(),
    "sign_in_for_person": frozenset(),
    "ended": frozenset(),
    "ended_ticket": frozenset(),
    "ended_rating": frozenset(),
    "merged": frozenset({"other"}),
    "withdrawn": frozenset(),
    "answered_in_private": frozenset(),
    "not_your_button": frozenset(),
    **{
        f"form.{name}": frozenset()
        for name in (
            *("fill", "filled", "title", "send", "close"),
            *("order", "contact", "email", "address", "date", "time"),
            *("bad", "bad_order", "bad_contact", "bad_email", "bad_address", "bad_when", "past"),
        )
    },
    "link.code": frozenset({"code", "minutes"}),
    **{
        f"link.{name}": frozenset({"account"})
        for name in ("already", "ask_here", "ask", "done", "done_there")
    },
    **{
        f"link.{name}": frozenset()
        for name in (
            *("button", "yes", "no", "confirm", "cancel", "now_there", "undone", "none"),
            *("wrong_place", "agent", "only_direct", "too_many", "busy", "sign_in", "bad_code"),
            *("cancelled", "cancelled_there", "over"),
        )
    },
    "rating_thanks": frozenset(),
    **{f"rating.{score}": frozenset() for score in range(1, 6)},
    "ticket_opened": frozenset(),
    "wait.minutes": frozenset({"minutes"}),
    "wait.opening": frozenset({"opening"}),
    "bot_name": frozenset(),
    **{f"order_state.{state}": frozenset() for state in OrderState},
}
"""The replies that the dialogue itself says, with what fills them besides SHARED."""

ASK_PLACEHOLDERS = frozenset({"order"})
"""What fills a slot's question besides SHARED."""


class Money(Struct, frozen=True, kw_only=True):
    """An amount; `amount` is a decimal string."""

    amount: str
    currency: str


class Term(Struct, frozen=True, kw_only=True):
    """A reply within a reply."""

    key: str
    values: Mapping[str, Any] = field(default_factory=dict)
    default: str | None = None
    """What is said where the configuration has no such reply: names that come from outside."""


class Rendered(Struct, frozen=True, kw_only=True):
    """What the customer reads."""

    key: str
    text: str
    choices: tuple[Choice, ...]
    form: Form | None = None


class Replies:
    """The sentences of one configuration."""

    def __init__(self, replies: Mapping[Language, Mapping[str, str]], time_zone: ZoneInfo) -> None:
        self._time_zone = time_zone
        _load_locales()
        self._templates = {
            language: {key: PLACEHOLDER.split(text) for key, text in texts.items()}
            for language, texts in replies.items()
        }

    def render(self, say: Say, language: Language, shared: Mapping[str, Any]) -> Rendered:
        """Return what a reply key says in a language.

        Args:
            say: What to say.
            language: Of the conversation.
            shared: Values that every reply may use, see SHARED.

        Raises:
            KeyError: The configuration lacks the reply or a value; `frontdesk check` finds both.
        """
        return Rendered(
            key=say.key,
            text=self.words(say.key, {**shared, **say.values}, language),
            choices=tuple(self._choice(option, language, shared) for option in say.choices),
            form=self._form(say.form, language, shared) if say.form else None,
        )

    def has(self, key: str, language: Language) -> bool:
        """Return whether there is such a reply."""
        return key in self._templates[language]

    def words(self, key: str, values: Mapping[str, Any], language: Language) -> str:
        """Return a template with its placeholders filled."""
        pieces = self._templates[language][key]
        if len(pieces) == 1:
            return pieces[0]
        return "".join(
            self._word(values[piece], values, language) if index % 2 else piece
            for index, piece in enumerate(pieces)
        )

    def word(self, value: object, language: Language) -> str:
        """Return a single value in words: an amount, a date, a state."""
        return self._word(value, {}, language)

    def _form(self, form: FormOf, language: Language, shared: Mapping[str, Any]) -> Form:
        orders = tuple(self._choice(option, language, shared) for option in form.orders)
        return Form(kind=form.kind, orders=orders)

    def _choice(self, option: Option, language: Language, shared: Mapping[str, Any]) -> Choice:
        values = {**shared, **option.values}
        label = (
            self.words(option.key, values, language)
            if option.key
            else self._word(option.label, values, language)
        )
        return Choice(label=label, value=option.value)

    def _word(self, value: object, values: Mapping[str, Any], language: Language) -> str:  # noqa: C901 - one line a type
        locale = LOCALES[language]
        match value:
            case OrderState():
                return self.words(f"order_state.{value}", {}, language)
            case str():
                return value
            case Money():
                return format_currency(Decimal(value.amount), value.currency, locale=locale)
            case Term() if value.default is not None and not self.has(value.key, language):
                return value.default
            case Term():
                return self.words(value.key, {**values, **value.values}, language)
            case datetime():
                local = value.astimezone(self._time_zone)
                clock = f"{local:%H:%M}"
                if language == "zh":
                    return f"{format_date(local, 'M月d日EEE', locale=locale)} {clock}"
                return f"{format_skeleton('MMMEd', local, locale=locale)}, {clock}"
            case date():
                return str(format_skeleton("MMMd", value, locale=locale))
            case int():
                return str(format_decimal(value, locale=locale))
            case tuple() | list():
                words = (self._word(each, values, language) for each in value)
                return LIST_SEPARATORS[language].join(words)
            case Mapping():
                return str(value[language])
            case None:
                return ""
            case _:
                raise TypeError(f"a reply cannot say a {type(value).__name__}")


def _load_locales() -> None:
    """Have Babel read its files now, rather than in the first reply that holds a number."""
    day = datetime(2000, 1, 1, tzinfo=UTC)
    for locale in LOCALES.values():
        format_decimal(1, locale=locale)
        format_currency(1, "USD", locale=locale)
        format_skeleton("MMMEd", day, locale=locale)
        format_date(day, "M EEE", locale=locale)
