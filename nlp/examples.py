"""What a model is made of: labelled messages, and the training set that holds them with the rest.

Example files (CSV or JSONL) are read here, every fault with its line; a faulty row is left out.
`bot` builds the training set of a configuration itself and hands it to `training.train`; nothing
here knows YAML.

    EX001  the file cannot be read or decoded      EX004  `language` or `split` is not known
    EX002  a column or field is missing            EX005  a marked entity does not fit the text
    EX003  the line is not a record                EX006  the file holds no example
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, get_args

import orjson
from msgspec import Struct, field, to_builtins
from msgspec.structs import replace

from nlp.errors import BadExamples, Fault
from nlp.understanding import LANGUAGES, OUT_OF_SCOPE, Entity, Language

if TYPE_CHECKING:
    from pathlib import Path

    from nlp.entities.finder import EntitySpec
    from nlp.semantic import SemanticSpec

Split = Literal["train", "valid", "test"]
ToneKind = Literal["negative", "urgent", "abusive"]

# What public data sets call the class of everything else; an empty or null intent means the same,
# as it does in an Understanding.
_OUT_OF_SCOPE_NAMES = frozenset({"", OUT_OF_SCOPE, "oos", "no_nodes_detected"})


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


class ExampleFile(Struct, frozen=True, kw_only=True):
    """What a file of examples holds."""

    examples: tuple[Example, ...]
    faults: tuple[Fault, ...] = ()
    """Of the rows that cannot be used, by line."""


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


def read_examples(path: Path) -> ExampleFile:
    """Read a CSV file (by its suffix .csv) or a JSONL file of examples.

    Raises:
        BadExamples: with every fault of the file, when no row of it can be used.
    """
    faults: list[Fault] = []

    def fault(line: int, code: str, message: str) -> None:
        faults.append(Fault(path=path, line=line, code=code, message=message))

    examples: list[Example] = []
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        fault(1, "EX001", f"cannot be read: {reason}")
    else:
        records = _csv_records if path.suffix.lower() == ".csv" else _jsonl_records
        for line, record in records(text, fault):
            example = _example(line, record, fault)
            if example is not None:
                examples.append(replace(example, path=path))
        if not examples and not faults:
            fault(1, "EX006", "the file holds no example")
    if not examples:
        raise BadExamples(tuple(faults))
    return ExampleFile(examples=tuple(examples), faults=tuple(faults))


_Report = Callable[[int, str, str], None]


def _csv_records(text: str, fault: _Report) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield each row with the line it starts in; a quoted field may span lines."""
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        missing = {"text", "intent"} - set(reader.fieldnames or ())
    except csv.Error as error:
        fault(1, "EX003", f"not a CSV row: {error}")
        return
    if missing:
        fault(1, "EX002", f"the header has no column {', '.join(sorted(missing))}")
        return
    end = reader.line_num
    while True:
        line = end + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            fault(line, "EX003", f"not a CSV row: {error}")
            end = max(reader.line_num, line)
            continue
        end = reader.line_num
        if row is None:
            return
        if None in row or None in row.values():
            fault(line, "EX003", "the row has more or fewer fields than the header")
        else:
            yield line, row


def _jsonl_records(text: str, fault: _Report) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield each non-empty line's object."""
    # Not splitlines(): U+2028 and its kin may stand inside a JSON string.
    for line, raw in enumerate(text.split("\n"), start=1):
        if not raw.strip():
            continue
        try:
            record = json.loads(raw)
        except ValueError as error:
            fault(line, "EX003", f"not JSON: {error}")
            continue
        if isinstance(record, dict):
            yield line, record
        else:
            fault(line, "EX003", "not a JSON object")


def _example(line: int, record: dict[str, Any], fault: _Report) -> Example | None:
    """Return the example of a record, or None after reporting what is wrong with it."""
    text, intent = record.get("text"), record.get("intent", "missing" if "intent" in record else 0)
    if not isinstance(text, str) or not text.strip():
        fault(line, "EX002", "`text` is missing or empty")
        return None
    if intent is not None and not isinstance(intent, str):
        fault(line, "EX002", "`intent` is missing or not a string")
        return None
    language, split = record.get("language") or None, record.get("split") or None
    if language not in (None, *LANGUAGES):
        fault(line, "EX004", f"language {language!r} is not one of {', '.join(LANGUAGES)}")
        return None
    if split not in (None, *get_args(Split)):
        fault(line, "EX004", f"split {split!r} is not one of {', '.join(get_args(Split))}")
        return None
    try:
        entities = tuple(_entities(text, record))
    except ValueError as error:
        fault(line, "EX005", str(error))
        return None
    name = (intent or "").strip()
    return Example(
        text=text,
        intent=OUT_OF_SCOPE if name.lower() in _OUT_OF_SCOPE_NAMES else name,
        language=language,
        split=split,
        entities=entities,
        line=line,
    )


def _entities(text: str, record: dict[str, Any]) -> Iterator[Entity]:
    """Yield the marked entities of a record; public sets call them `slots` and `slot`.

    Raises:
        ValueError: one of them is not an entity, or does not fit the text.
    """
    marked = record.get("entities") or record.get("slots") or ()
    if not isinstance(marked, list | tuple):
        raise ValueError("the entities are not a list")  # noqa: TRY004 - of the file, not of code
    for mark in marked:
        if not isinstance(mark, dict):
            raise ValueError("an entity is not an object")  # noqa: TRY004
        kind = mark.get("type") or mark.get("slot")
        start, end = mark.get("start"), mark.get("end")
        if start is None and end is None:
            continue  # dialogue-level slots, without a place in the text, teach nothing here
        if not (
            isinstance(kind, str)
            and isinstance(start, int)
            and isinstance(end, int)
            and 0 <= start < end <= len(text)
        ):
            raise ValueError(f"entity {kind!r} at {start}..{end} does not fit the text")
        span = text[start:end]
        value = mark.get("value", span)
        yield Entity(type=kind, text=span, start=start, end=end, value=value)
