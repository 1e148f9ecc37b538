"""The values that understanding produces. Plain, frozen, and free of any library's types.

They are what `nlp` hands to the rest of the house: `bot` decides on them, `crm_store` gets them
as JSON. Their JSON form is `to_json` and is part of the public contract.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from msgspec import Struct

Language = Literal["en", "zh"]
"""The languages that Frontdesk serves."""

LANGUAGES: tuple[Language, ...] = ("en", "zh")

OUT_OF_SCOPE = "out_of_scope"
"""The class of everything that a configuration does not serve; never shown as an intent."""


class IntentGuess(NamedTuple):
    """One place of the ranking; a tuple, since a ranking has some fifty and is made each time."""

    intent: str
    probability: float
    """Calibrated, in [0, 1]."""


class Entity(Struct, frozen=True, kw_only=True):
    """Something named in the text, with its normalised value."""

    type: str
    text: str
    start: int
    """Offset of the first character."""
    end: int
    """Offset behind the last character."""
    value: str | int | dict[str, str]
    """What the words mean: `"CNY 199"` is `{"amount": "199", "currency": "CNY"}`."""


class Tone(Struct, frozen=True, kw_only=True):
    """How something was said, as far as it matters for who should see it and how soon."""

    negative: bool = False
    """Anger or disappointment."""
    urgent: bool = False
    abusive: bool = False


class Bands(Struct, frozen=True, kw_only=True):
    """How sure a model must be for what, as it was found on messages that it had not seen."""

    answer: float = 0.5
    """From here on the first guess is right more often than not."""
    offer: float = 0.15
    """From here on the right one is among the best three more often than not."""


class Understanding(Struct, frozen=True, kw_only=True):
    """What one message says."""

    text: str
    language: Language
    intent: str | None
    """None when nothing in scope is likely enough."""
    probability: float
    """Of the first place of the ranking, whether or not it was enough."""
    ranking: tuple[IntentGuess, ...]
    """Every intent in scope, most probable first; the probabilities sum to 1."""
    out_of_scope: float
    """Probability in [0, 1] that nothing in scope is meant."""
    entities: tuple[Entity, ...]
    """In the order of the text; they never overlap."""
    tone: Tone
    model_id: str
    parts: tuple[Understanding, ...] = ()
    """The separate requests, when the message holds more than one; their offsets are their own."""

    def first(self, entity_type: str) -> Entity | None:
        """Return the first entity of a type, or None."""
        return next((e for e in self.entities if e.type == entity_type), None)

    def to_json(self, most: int | None = None) -> dict[str, Any]:
        """Return the public JSON form, with so many places of the ranking; None = all."""
        return {
            "language": self.language,
            "intent": self.intent,
            "probability": round(self.probability, 6),
            "ranking": [
                {"intent": g.intent, "probability": round(g.probability, 6)}
                for g in self.ranking[:most]
            ],
            "entities": [
                {"type": e.type, "text": e.text, "start": e.start, "end": e.end, "value": e.value}
                for e in self.entities
            ],
            "model": self.model_id,
            "out_of_scope": round(self.out_of_scope, 6),
            "tone": {
                "negative": self.tone.negative,
                "urgent": self.tone.urgent,
                "abusive": self.tone.abusive,
            },
        }
