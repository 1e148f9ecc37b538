"""What `understand` is asked, line by line: JSONL, CSV, or a plain text a line.

A faulty line is a `Fault` among the others, for the rest of the file can still be answered.

    IN001  the line is not UTF-8 text           IN003  `text` or `turns` is missing or not text
    IN002  the line is not a record             IN004  `reference_time` is not a time
"""

from __future__ import annotations

import csv
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal

import orjson
from msgspec import Struct

from nlp.errors import BadExamples, Fault
from nlp.understanding import LANGUAGES, Language

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

Form = Literal["jsonl", "csv", "text"]

_FORMS: dict[str, Form] = {
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".txt": "text",
}
_YEARS = range(1970, 2200)
"""Of a customer's now; relative dates reckoned from outside could leave the calendar."""
_BOM = b"\xef\xbb\xbf"


class Question(Struct, frozen=True, kw_only=True):
    """One line."""

    line: int
    """From 1; where a record of several lines begins."""
    text: str
    """What is to be understood: of a conversation the last turn."""
    turns: tuple[str, ...] | None = None
    """The whole conversation, the last turn included, when the line has one."""
    now: datetime | None = None
    """The customer's now as it stands there, with or without an offset."""
    language: Language | None = None
    """What the line says of the customer's language."""
    id: object = None
    """What the line calls itself; handed back unseen."""


def time_of(text: str) -> datetime | None:
    """Return an ISO date or time, with an offset or without; None when it is none."""
    try:
        time = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return time if time.year in _YEARS else None


def read(lines: Iterable[bytes], path: Path) -> Iterator[Question | Fault]:
    """Yield what the lines of a file ask, as they come.

    Args:
        lines: With their ends. Empty ones are passed over.
        path: Its suffix says what form the lines have; where it does not, the first line does.

    Raises:
        BadExamples: a CSV file has no column `text`; nothing in it can be answered.
    """
    form = _FORMS.get(path.suffix.lower())
    iterator = iter(lines)
    first = next(iterator, b"").removeprefix(_BOM)
    if form is None:
        form = "jsonl" if _is_record(first) else "text"
    lines = chain([first], iterator)
    if form == "csv":
        return _csv(lines, path)
    return _each(lines, path, form)


def _is_record(line: bytes) -> bool:
    try:
        return isinstance(orjson.loads(line), dict)
    except ValueError:
        return False


def _each(lines: Iterable[bytes], path: Path, form: Form) -> Iterator[Question | Fault]:
    for number, raw in enumerate(lines, start=1):
        try:
            text = raw.decode().rstrip("\r\n")
        except UnicodeDecodeError:
            yield Fault(path=path, line=number, code="IN001", message="not UTF-8 text")
            continue
        if not text.strip():
            continue
        if form == "text":
            yield Question(line=number, text=text)
            continue
        try:
            record = orjson.loads(text)
        except ValueError as error:
            # Without the parser's own place, which counts within the line.
            what = str(error).split(":")[0]
            yield Fault(path=path, line=number, code="IN002", message=f"not JSON: {what}")
            continue
        yield _question(record, path, number)


def _csv(lines: Iterable[bytes], path: Path) -> Iterator[Question | Fault]:
    # What is not UTF-8 becomes lone surrogates, so that the fault is the record's alone.
    reader = csv.reader((raw.decode(errors="surrogateescape") for raw in lines), strict=True)
    header = _header(reader, path)
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Fault(path=path, line=line, code="IN002", message=f"not a CSV row: {error}")
            continue
        if not row:
            continue
        if any("\udc80" <= c <= "\udcff" for cell in row for c in cell):
            yield Fault(path=path, line=line, code="IN001", message="not UTF-8 text")
        elif len(row) != len(header):
            message = f"{len(row)} fields, the header has {len(header)}"
            yield Fault(path=path, line=line, code="IN002", message=message)
        else:
            yield _question(_cells(dict(zip(header, row, strict=True))), path, line)


def _header(reader: Iterator[list[str]], path: Path) -> list[str]:
    """Return the names of the columns.

    Raises:
        BadExamples: The first row is none, or lacks the column `text`.
    """
    try:
        header = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        fault = Fault(path=path, line=1, code="IN002", message=f"not a CSV row: {error}")
        raise BadExamples((fault,)) from None
    if "text" not in header:
        message = "the header has no column text"
        raise BadExamples((Fault(path=path, line=1, code="IN003", message=message),))
    return header


def _cells(row: dict[str, str]) -> dict[str, Any]:
    """Return a row as the record it stands for: empty cells say nothing, `turns` is JSON."""
    record: dict[str, Any] = {name: cell for name, cell in row.items() if cell or name == "text"}
    if "turns" in record:
        try:
            record["turns"] = orjson.loads(record["turns"])
        except ValueError:
            record["turns"] = None  # reported with what else may be wrong with it
    return record


def _question(record: object, path: Path, line: int) -> Question | Fault:
    """Return the question of a record, or what is wrong with it."""
    if not isinstance(record, dict):
        return Fault(path=path, line=line, code="IN002", message="not a JSON object")
    turns = record.get("turns")
    if "turns" in record and not _are_turns(turns):
        message = "`turns` is not a list of texts, or it is empty"
        return Fault(path=path, line=line, code="IN003", message=message)
    text = turns[-1] if turns else record.get("text")
    if not isinstance(text, str):
        message = "`text` is missing or not a string"
        return Fault(path=path, line=line, code="IN003", message=message)
    now, given = None, record.get("reference_time")
    if given is not None:
        now = time_of(given) if isinstance(given, str) else None
        if now is None:
            message = f"`reference_time` {given!r:.60} is not an ISO time"
            return Fault(path=path, line=line, code="IN004", message=message)
    language = record.get("language")
    return Question(
        line=line,
        text=text,
        turns=tuple(turns) if turns else None,
        now=now,
        language=language if language in LANGUAGES else None,
        id=record.get("id"),
    )


def _are_turns(turns: object) -> bool:
    return isinstance(turns, list) and bool(turns) and all(isinstance(t, str) for t in turns)
