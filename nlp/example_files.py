"""Files of examples, CSV or JSONL: each fault is named with its line, and the rest is read.

EX001  the file or a line of it cannot be read or decoded
EX002  a column or field is missing, or is no text
EX003  the line is not a record
EX004  `language` or `split` is not known
EX005  a marked entity does not fit the text, or the others
EX006  the file holds no example
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, get_args

import orjson
from msgspec import Struct
from msgspec.structs import replace

from nlp.errors import BadExamples, Fault
from nlp.examples import Example, Split
from nlp.understanding import LANGUAGES, OUT_OF_SCOPE, Entity

if TYPE_CHECKING:
    from _csv import Reader
    from pathlib import Path

# What public data sets call the class of everything else; an empty or null intent means the same,
# as it does in an Understanding.
_OUT_OF_SCOPE_NAMES = frozenset({"", OUT_OF_SCOPE, "oos", "no_nodes_detected"})

_OTHER_FORMS = frozenset({".txt", ".tsv", ".xls", ".xlsx", ".yaml", ".yml"})
"""Suffixes of what people have at hand; everything else is tried as JSONL."""
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_WIDE = (b"\xff\xfe", b"\xfe\xff")
"""What a file in UTF-16 begins with, as spreadsheets write it."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
"""What no name holds; it would break the lines of every report."""
_INSIDE_A_WORD = re.compile(r"[A-Za-z\u00c0-\u024f]{2}")
_DEEPEST = 8
"""Levels of an entity's value; a few hundred more would break those who write it."""


class ExampleFile(Struct, frozen=True, kw_only=True):
    """What a file of examples holds."""

    examples: tuple[Example, ...]
    faults: tuple[Fault, ...] = ()
    """Of the rows that cannot be used, by line."""


_Report = Callable[[int, str, str], None]
_NOT_UTF8 = "not UTF-8 text"


def read_examples(path: Path) -> ExampleFile:
    """Read a CSV file (by its suffix .csv) or a JSONL file of examples.

    Raises:
        BadExamples: with every fault of the file, when no row of it can be used.
    """
    faults: list[Fault] = []

    def fault(line: int, code: str, message: str) -> None:
        faults.append(Fault(path=path, line=line, code=code, message=message))

    suffix = path.suffix.lower()
    examples: list[Example] = []
    try:
        content = _content(path, suffix)
    except (OSError, ValueError) as error:
        fault(1, "EX001", f"cannot be read: {getattr(error, 'strerror', None) or error}")
    else:
        records = (_csv_records if suffix == ".csv" else _jsonl_records)(content, fault)
        found = (_example(line, record, fault) for line, record in records)
        examples += [replace(example, path=path) for example in found if example is not None]
    if not examples:
        raise BadExamples(_of_all(faults, path))
    return ExampleFile(examples=tuple(examples), faults=tuple(faults))


def _of_all(faults: Sequence[Fault], path: Path) -> tuple[Fault, ...]:
    """Return what is wrong with a file of which no row can be used."""
    if not faults:
        message = "the file holds no example"
        return (Fault(path=path, line=1, code="EX006", message=message),)
    if all(f.message == _NOT_UTF8 for f in faults):  # the encoding is the file's, not the rows'
        return (replace(faults[0], line=1, message="cannot be read: it is not UTF-8"),)
    return tuple(faults)


def _content(path: Path, suffix: str) -> bytes:
    """Return the bytes of a file that may hold examples.

    Raises:
        OSError: it cannot be read.
        ValueError: it is of another form.
    """
    content = path.read_bytes()
    if suffix in _OTHER_FORMS:
        raise ValueError(f"{suffix} is no form of examples; give CSV (.csv) or JSONL (.jsonl)")
    if content.startswith(_WIDE):
        raise ValueError("it is UTF-16, not UTF-8")
    return content.removeprefix(b"\xef\xbb\xbf")


def _csv_records(content: bytes, fault: _Report) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield each row with the line it starts in; a quoted field may span lines."""
    # What is not UTF-8 becomes lone surrogates, so that the fault is the row's alone.
    text = content.decode(errors="surrogateescape")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        names = next(reader, [])
    except csv.Error as error:
        fault(1, "EX003", f"not a CSV row: {error}")
        return
    missing = {"text", "intent"} - set(names)
    if missing:
        message = f"the header has no column {', '.join(sorted(missing))}"
        fault(1, "EX002", message + _header_hint(names))
        return
    for line, cells in _csv_rows(reader, fault):
        if len(cells) != len(names):
            fault(line, "EX003", "the row has more or fewer fields than the header")
        elif any(map(_holds_stray_bytes, cells)):
            fault(line, "EX001", _NOT_UTF8)
        else:
            yield line, dict(zip(names, cells, strict=True))


def _csv_rows(reader: Reader, fault: _Report) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not empty with its line, after reporting those that are none."""
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            end = reader.line_num
            more = f"; an open quote takes in the lines to {end}" if end > line else ""
            fault(line, "EX003", f"not a CSV row: {error}{more}")
            continue
        if cells is None:
            return
        if cells:
            yield line, cells


def _holds_stray_bytes(cell: str) -> bool:
    return not cell.isascii() and any("\udc80" <= c <= "\udcff" for c in cell)


def _header_hint(names: Sequence[str]) -> str:
    """Return what may be wrong with a header, or nothing."""
    for mark, called in _SEPARATORS.items():
        if any(mark in name for name in names):
            return f"; its fields are parted by {called}, and commas are wanted"
    if {"text", "intent"} <= {name.strip().lower() for name in names}:
        return "; names are written in small letters, without blanks"
    return ""


def _jsonl_records(content: bytes, fault: _Report) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield each non-empty line's object."""
    # Not splitlines(): U+2028 and its kin may stand inside a JSON string.
    for line, raw in enumerate(content.split(b"\n"), start=1):
        if not raw.strip():
            continue
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            fault(line, "EX001", _NOT_UTF8)
            continue
        try:
            record = orjson.loads(text)
        except ValueError as error:
            # Without the parser's own place, which counts within the line.
            fault(line, "EX003", f"not JSON: {str(error).split(':')[0]}")
            continue
        if isinstance(record, dict):
            yield line, record
        else:
            fault(line, "EX003", "not a JSON object")


def _example(line: int, record: dict[str, Any], fault: _Report) -> Example | None:
    """Return the example of a record, or None after reporting what is wrong with it."""
    wrong = _wrong_text(record) or _wrong_choice(record)
    if wrong is not None:
        fault(line, *wrong)
        return None
    text, name = record["text"], (record["intent"] or "").strip()
    try:
        entities = tuple(_entities(text, record))
        _check_apart(entities)
    except ValueError as error:
        fault(line, "EX005", str(error))
        return None
    return Example(
        text=text,
        intent=OUT_OF_SCOPE if name.lower() in _OUT_OF_SCOPE_NAMES else name,
        language=record.get("language") or None,
        split=record.get("split") or None,
        entities=entities,
        line=line,
    )


def _wrong_text(record: dict[str, Any]) -> tuple[str, str] | None:
    """Return what is wrong with the text and its label, as code and message."""
    text, intent = record.get("text"), record.get("intent", False)
    if not isinstance(text, str) or not text.strip():
        return "EX002", "`text` is missing or empty"
    if intent is not None and not isinstance(intent, str):
        return "EX002", "`intent` is missing or not a string"
    if intent is not None and _CONTROL.search(intent.strip()):
        return "EX002", "`intent` holds a control character"
    return None


def _wrong_choice(record: dict[str, Any]) -> tuple[str, str] | None:
    """Return what is wrong with a field of few values, as code and message."""
    for name, values in (("language", LANGUAGES), ("split", get_args(Split))):
        value = record.get(name)
        if value not in (None, "", *values):
            return "EX004", f"{name} {value!r:.60} is not one of {', '.join(values)}"
    return None


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
        if mark.get("start") is None and mark.get("end") is None:
            continue  # dialogue-level slots, without a place in the text, teach nothing here
        yield _entity(text, mark)


def _entity(text: str, mark: dict[str, Any]) -> Entity:
    kind, start, end = mark.get("type") or mark.get("slot"), mark.get("start"), mark.get("end")
    named = isinstance(kind, str) and not _CONTROL.search(kind)
    # Not isinstance(): true and false are integers to Python.
    if not named or type(start) is not int or type(end) is not int:
        raise ValueError(f"entity {kind!r:.60} has no type, or no whole numbers for its place")
    where = f"entity {kind!r} at {start}..{end}"
    if not 0 <= start < end <= len(text):
        raise ValueError(f"{where} does not fit the text")
    if any(_INSIDE_A_WORD.fullmatch(text, place - 1, place + 1) for place in (start, end) if place):
        raise ValueError(f"{where} begins or ends inside a word")
    span = text[start:end]
    value = mark.get("value", span)
    if not _is_flat(value):
        raise ValueError(f"{where} has a value that is too deeply nested")
    return Entity(type=str(kind), text=span, start=start, end=end, value=value)


def _is_flat(value: object, levels: int = _DEEPEST) -> bool:
    if isinstance(value, dict):
        value = [*value.values()]
    if not isinstance(value, list):
        return True
    return levels > 0 and all(_is_flat(some, levels - 1) for some in value)


def _check_apart(entities: tuple[Entity, ...]) -> None:
    """Let entities pass that have their places for themselves.

    Raises:
        ValueError: two of them overlap, so that a word would have to be both.
    """
    ordered = sorted(entities, key=lambda e: e.start)
    for one, other in pairwise(ordered):
        if other.start < one.end:
            raise ValueError(
                f"entity {other.type!r} at {other.start}..{other.end} overlaps {one.type!r}"
            )
