"""What a model is made of: labelled messages, and the training set that holds them with the rest.

`example_files` reads the examples of a CSV or JSONL file; `bot` builds the training set of a
configuration itself and hands it to `training.train`. Nothing here knows YAML.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Literal

import orjson
from msgspec import Struct, field, to_builtins
from msgspec.structs import replace

from nlp.understanding import LANGUAGES, OUT_OF_SCOPE, Entity, Language

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from nlp.entities.finder import EntitySpec
    from nlp.semantic import SemanticSpec

Split = Literal["train", "valid", "test"]
ToneKind = Literal["negative", "urgent", "abusive"]

ADMITTED_LOSS = 0.02
"""Share of messages in scope, understood correctly, that refusal may cost where nobody says."""


class Example(Struct, frozen=True, kw_only=True):
    """One message and what it means."""

    text: str
    intent: str
    """`OUT_OF_SCOPE` for what nothing in scope fits."""
    language: Language | None = None
    """None when the source does not say; training then detects it."""
    split: Split | None = None
    entities: tuple[Entity, ...] = ()
    path: Path | None = None
    """Its file, where somebody asked for it."""
    line: int = 0
    """Where it stands in its file, from 1; 0 when nobody asked."""


class NeedExample(Struct, frozen=True, kw_only=True):
    """One conversation and what the customer needed by its end."""

    category: str
    language: Language
    turns: tuple[str, ...]
    """The customer's messages, oldest first."""


class ArticleText(Struct, frozen=True, kw_only=True):
    """A knowledge article in one language."""

    article_id: str
    language: Language
    title: str
    questions: tuple[str, ...]
    """Ways in which customers ask for it."""
    body: str
    """Paragraphs, with an empty line between them."""
    intents: tuple[str, ...] = ()
    """The intents that it answers."""


class TrainingSet(Struct, frozen=True, kw_only=True):
    """Everything a model is made of; two equal sets make the same model, bit for bit."""

    examples: tuple[Example, ...]
    out_of_scope: tuple[Example, ...] = ()
    entities: EntitySpec | None = None
    needs: tuple[NeedExample, ...] = ()
    intent_needs: Mapping[str, str] = field(default_factory=dict)
    """Need category by intent."""
    articles: tuple[ArticleText, ...] = ()
    tones: Mapping[ToneKind, Mapping[Language, tuple[str, ...]]] = field(default_factory=dict)
    """Patterns in re2 syntax; they are searched without regard to case."""
    languages: tuple[Language, ...] = LANGUAGES
    admitted_loss: float = ADMITTED_LOSS
    """Share of messages in scope that may be refused so that others are."""
    semantic: SemanticSpec | None = None
    """The semantic tier, where one is wanted."""

    def fingerprint(self) -> str:
        """Return the sha256 of the whole set, as hex; it changes when anything in it does."""
        content = {
            "examples": [_content(e) for e in self.examples],
            "out_of_scope": [_content(e) for e in self.out_of_scope],
            "entities": None if self.entities is None else self.entities.to_json(),
            "needs": [to_builtins(n) for n in self.needs],
            "intent_needs": dict(self.intent_needs),
            "articles": [to_builtins(a) for a in self.articles],
            "tones": {kind: dict(patterns) for kind, patterns in self.tones.items()},
            "languages": list(self.languages),
            "admitted_loss": self.admitted_loss,
            "semantic": None if self.semantic is None else self.semantic.to_json(),
        }
        return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()

    @classmethod
    def of_examples(cls, examples: Iterable[Example]) -> TrainingSet:
        """Return the set of a plain example file: intents only, without its valid and test rows."""
        rows = [e for e in examples if e.split in (None, "train")]
        return cls(
            examples=tuple(e for e in rows if e.intent != OUT_OF_SCOPE),
            out_of_scope=tuple(e for e in rows if e.intent == OUT_OF_SCOPE),
        )


def _content(example: Example) -> dict[str, Any]:
    """Return what an example teaches, wherever it stands."""
    content: dict[str, Any] = to_builtins(replace(example, path=None, line=0))
    return content
