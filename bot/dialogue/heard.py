"""A message as the rules of `decide` look at it: what it could be, seen from where things stand.

Predicates only; none of them changes anything.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec.structs import replace

from bot.dialogue.slots import CONTACT_TYPES, value_from, values_of, words_beside_values
from bot.settings.model import ChoiceSlot, OrderSlot, TextSlot

if TYPE_CHECKING:
    from collections.abc import Container

    from bot.dialogue.context import Rules
    from bot.dialogue.slots import Values
    from bot.dialogue.state import FlowState
    from bot.settings.model import Slot
    from nlp.understanding import Understanding

PERSON_INTENT = "contact_human_agent"

CANCEL_INTENT = "cancel_order"

_SIGNS = {"no": "deny", "yes": "affirm"}
"""What a phrase means that is written without a letter."""

SMALL_TALK = frozenset({"greet", "thank", "goodbye", "affirm", "deny"})
"""Heard within a flow, these answer its question or nothing; they never lead away from it."""

CLEARLY = 0.8
"""So sure must a yes be to count without a word for it, and another request to win over an order
number that the flow has asked for."""

ANSWER_WORDS = 6
"""A message with no more words than this beside the value may well just answer the question."""

BARE_WORDS = 3
"""A message with no more words than this beside a value just states it: "my e-mail is …"."""

QUESTION = re.compile(
    r"[?？吗呢]|多少|几|怎么|什么|^(?:how|what|when|why|where|which|can|do|does|is)\b",
    re.IGNORECASE,
)
"""Marks a message that asks, and so does not choose among buttons."""


class Heard:
    """One message, understood, under one configuration."""

    __slots__ = ("_phrases", "rules", "said", "text", "understanding", "words")

    def __init__(self, text: str, understanding: Understanding, rules: Rules) -> None:
        self.text = text
        self.rules = rules
        self._phrases = rules.phrases(text)
        self.said = values_of(understanding)
        """Entity type → value."""
        self.words = words_beside_values(understanding)
        """How many words there are besides what is named."""
        signed = _signed(text, understanding, rules, self._phrases)
        self.understanding = _about_orders(signed, rules, self.said)

    @property
    def intent(self) -> str | None:
        """The intent, sure or not."""
        return self.understanding.intent

    @property
    def sure(self) -> bool:
        """Whether the intent is sure enough to be served."""
        return self.intent is not None and self.understanding.probability >= self.rules.bands.answer

    @property
    def clear(self) -> bool:
        """Whether the intent is so sure that something is done on it that cannot be undone."""
        return self.understanding.probability >= CLEARLY

    def holds(self, phrase: str) -> bool:
        """Whether it holds one of the phrases that work in any state."""
        return phrase in self._phrases

    @property
    def asks(self) -> bool:
        """Whether it is a question."""
        return QUESTION.search(self.text) is not None

    def wants_person(self) -> bool:
        """Whether it asks for a person."""
        if self.holds("human"):
            return True
        if self.said and self.words <= BARE_WORDS:
            # "someone.else@example.com" answers a question, whatever it looks like.
            return False
        return self.intent == PERSON_INTENT and self.sure and not self.understanding.parts

    def tells_the_need(self, flow: FlowState | None) -> bool:
        """Whether it says what the customer needs, rather than yes, thanks or a number.

        An answer to a flow's question does only when it is told in free words, or leads away.
        """
        if self.intent in SMALL_TALK or self.holds("human"):
            return False
        if flow is not None and flow.waiting is not None:
            slots = self.rules.flows.flows[flow.name].slots
            told = any(isinstance(s, TextSlot) and s.name == flow.waiting for s in slots)
            return told or (self.leads_away(flow) and self.words > BARE_WORDS)
        return self.sure or not self.said or self.words > BARE_WORDS

    def asks_for_more(self) -> bool:
        """Whether it clearly is a request, rather than a contact for the one at hand."""
        contact = any(kind in self.said for kind in (*CONTACT_TYPES, "address"))
        return self.sure and self.clear and not contact

    def leads_away(self, flow: FlowState) -> bool:
        """Whether it clearly wants something else than the flow at hand."""
        if self.intent is None or self.intent in SMALL_TALK or self.intent == flow.intent:
            return False
        if self.rules.flow_of.get(self.intent) == flow.name:
            return False
        return self.sure or bool(self.understanding.parts)

    def calls_off(self, flow: FlowState) -> bool:
        """Whether "cancel that", amid something else, means this rather than an order."""
        return (
            self.intent == CANCEL_INTENT
            and flow.intent != CANCEL_INTENT
            and not self.said
            and self.words <= ANSWER_WORDS - 2
        )

    def answers(self, slot: Slot) -> bool:
        """Whether it answers a slot's question although it could be a request of its own."""
        if isinstance(slot, TextSlot):
            return False
        if isinstance(slot, ChoiceSlot):
            return self.words <= ANSWER_WORDS and not self.asks
        if isinstance(slot, OrderSlot):
            return self.words <= BARE_WORDS and self.understanding.probability < CLEARLY
        return self.words <= ANSWER_WORDS

    def fill(self, flow: FlowState, slot: Slot) -> FlowState:
        """Return the flow with the slot that was asked for, and whatever else the message gives.

        The same flow is returned when it gives nothing.
        """
        # "Yes please" is no name and no address.
        free = self.intent in ("affirm", "deny") and self.words <= BARE_WORDS - 1
        value = value_from(slot, self.rules, flow.name, self.text, self.said, asked=not free)
        filled = flow if value is None else flow.fill(**{slot.name: value})
        return self._fill_others(self.correct(filled, but=slot.name), but=slot.name)

    def correct(self, flow: FlowState, but: str = "") -> FlowState:
        """Return the flow with the filled slots that the message gives anew; the same if none."""
        for slot in self.rules.flows.flows[flow.name].slots:
            free = isinstance(slot, ChoiceSlot | TextSlot)
            if free or slot.name == but or slot.name not in flow.slots:
                continue
            value = value_from(slot, self.rules, flow.name, self.text, self.said, asked=False)
            if value is not None and value != flow.slots[slot.name]:
                flow = flow.fill(**{slot.name: value})
        return flow

    def rechoose(self, flow: FlowState) -> FlowState:
        """Return the flow with another option chosen: "no, it's because of the size"."""
        for slot in self.rules.flows.flows[flow.name].slots:
            if isinstance(slot, ChoiceSlot) and slot.name in flow.slots:
                value = self.rules.options[flow.name, slot.name](self.text)
                if value is not None and value != flow.slots[slot.name]:
                    flow = flow.fill(**{slot.name: value})
        return flow

    def _fill_others(self, flow: FlowState, *, but: str) -> FlowState:
        for slot in self.rules.flows.flows[flow.name].slots:
            if slot.name == but or slot.name in flow.slots:
                continue
            value = value_from(slot, self.rules, flow.name, self.text, self.said, asked=False)
            if value is not None:
                flow = flow.fill(**{slot.name: value})
        return flow

    def requests(self) -> tuple[Understanding, ...]:
        """Return the parts that want something, rather than say "my e-mail is …"."""
        return tuple(part for part in self.understanding.parts if _wants_something(part))


def _wants_something(part: Understanding) -> bool:
    values, words = values_of(part), words_beside_values(part)
    contact = any(kind in values for kind in CONTACT_TYPES) and words <= BARE_WORDS + 1
    number = "order_number" in values and words < 1
    return part.intent is not None and not (contact or number)


def _signed(
    text: str, understanding: Understanding, rules: Rules, phrases: Container[str]
) -> Understanding:
    """Return a lone 👍 or 👎 as a yes or no: to the model it means nothing, in a talk it does."""
    if understanding.intent is not None or any(map(str.isalnum, text)):
        return understanding
    for phrase, intent in _SIGNS.items():
        if phrase in phrases and intent in rules.intents:
            return replace(understanding, intent=intent, probability=1.0)
    return understanding


def _about_orders(understanding: Understanding, rules: Rules, said: Values) -> Understanding:
    """Prefer an intent that is about an order when the message names one.

    "Has AB123456 left the warehouse?" sounds like a question about stock to a model that knows no
    order numbers.
    """
    if "order_number" not in said or understanding.intent is None:
        return understanding
    for guess in understanding.ranking:
        if guess.probability < rules.bands.offer:
            break
        flow = rules.flow_of.get(guess.intent)
        if flow and any(isinstance(slot, OrderSlot) for slot in rules.flows.flows[flow].slots):
            probability = max(guess.probability, understanding.probability)
            return replace(understanding, intent=guess.intent, probability=probability)
    return understanding
