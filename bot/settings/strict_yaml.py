"""Reading YAML without its traps. Owns text → plain data with line numbers; knows no model.

PyYAML's own resolvers follow YAML 1.1: `no` is False, `9:30` is 570, `010` is 8, and of a key that
stands twice the last wins. Here a plain scalar means what it means in JSON (`true`, `false`,
`null`, a number written as JSON writes it) and is text otherwise. Whatever could hide something
is refused: duplicate keys, anchors and aliases (306 bytes of them unfold to 387 million leaves),
merge keys, tags, a second document, control characters.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import yaml
from msgspec import Struct

from bot.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None
Steps = tuple[str | int, ...]

MOST_BYTES = 1_000_000
"""The largest shipped file is a tenth of it; more is a mistake or an attack."""

MOST_DEPTH = 24
"""The deepest file of ours goes to 9; far below Python's recursion limit."""

LONGEST_INTEGER = 18
"""Digits. Longer ones are codes that somebody forgot to quote, not numbers."""

_PARSER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)\Z")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?\Z")
FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff\ud800-\udfff]")
"""Characters that no file may hold."""

_GLUED_COMMENT = re.compile(r"[ \t]+(#[^\s#]\S*)")
_WORDS: dict[str, Json] = {"true": True, "false": False, "null": None, "": None}

_HINTS = (
    ("mapping values are not allowed", "put quotes around a text that contains ': '"),
    ("cannot start any token", "put quotes around a text that starts with one of @ ` % or a tab"),
    ("block end", "look at the indentation, and at quotes that end too early"),
    ("block mapping", "look at the indentation, and at quotes that end too early"),
    ("unexpected end of stream", "a quote or a bracket is never closed"),
    ("simple key", "a ':' is missing, or the indentation is off"),
)


class Document(Struct, frozen=True, kw_only=True):
    """One file, read."""

    value: Json
    lines: dict[Steps, int]
    """Where each thing stands, by its path: a key's line, or a list item's. The root is ()."""

    def line(self, path: Steps) -> int:
        """Return the line of a path, or of the nearest thing around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def parse(content: bytes, path: Path) -> tuple[Document | None, list[Fault]]:
    """Read one file's bytes; the document is None when nothing of it can be used."""
    reader = _Reader(path)
    text = reader.decode(content)
    if text is None:
        return None, reader.faults
    return reader.read(text), reader.faults


def scalar(text: str) -> Json:
    """Return what a plain (unquoted) scalar means."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.match(text):
        return int(text) if len(text) <= LONGEST_INTEGER else text
    if _NUMBER.match(text):
        number = float(text)
        return number if math.isfinite(number) else text
    return text


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


class _Stop(Exception):  # noqa: N818  it is no error but the end of reading
    """Nothing behind this place can be read."""


class _Reader:
    """Reads one file and collects its faults."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.faults: list[Fault] = []
        self.lines: dict[Steps, int] = {}
        self.source: list[str] = []

    def fault(self, line: int, code: str, message: str) -> None:
        self.faults.append(Fault(path=self.path, line=line, code=code, message=message))

    def decode(self, content: bytes) -> str | None:
        if len(content) > MOST_BYTES:
            self.fault(1, "YAML006", f"the file is larger than {MOST_BYTES:,} bytes")
            return None
        try:
            # Windows editors put a byte order mark before UTF-8; it is harmless.
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            self.fault(line, "YAML008", "this is not UTF-8; save the file as UTF-8")
            return None
        bad = FORBIDDEN.search(text.replace("\r\n", "\n"))
        if bad:
            line = text.replace("\r\n", "\n").count("\n", 0, bad.start()) + 1
            self.fault(line, "YAML009", f"the character U+{ord(bad.group()):04X} is not allowed")
            return None
        return text

    def read(self, text: str) -> Document | None:
        self.source = re.split(r"\r\n|[\n\x85\u2028\u2029]", text)
        try:
            value = self.documents(yaml.parse(text, Loader=_PARSER))
        except yaml.MarkedYAMLError as error:
            self.syntax(error)
            return None
        except yaml.YAMLError as error:
            self.fault(1, "YAML001", " ".join(str(error).split()))
            return None
        except _Stop:
            return None
        if value is None:
            self.fault(1, "YAML011", "the file is empty")
            return None
        return Document(value=value, lines=self.lines)

    def syntax(self, error: yaml.MarkedYAMLError) -> None:
        mark = error.problem_mark or error.context_mark
        if error.context and any(word in error.context for word in ("flow", "quoted")):
            # Where the bracket or quote was opened; the end of the file helps nobody.
            mark = error.context_mark or mark
        what = ", ".join(part for part in (error.context, error.problem) if part)
        hint = next((hint for word, hint in _HINTS if word in what), "")
        line = min(mark.line + 1, len(self.source)) if mark else 1
        self.fault(line, "YAML001", f"this is not YAML: {what}" + (f"; {hint}" if hint else ""))

    def documents(self, events: Iterator[yaml.Event]) -> Json:
        value: Json = None
        count = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                count += 1
                if count > 1 or event.version or event.tags:
                    what = "only one document may stand in a file, without % lines"
                    self.fault(_line(event), "YAML005", what)
                    raise _Stop
            elif isinstance(event, yaml.NodeEvent):
                value = self.node(event, events, ())
        return value

    def node(self, event: yaml.Event, events: Iterator[yaml.Event], path: Steps) -> Json:
        line = _line(event)
        self.lines.setdefault(path, line)
        if len(path) > MOST_DEPTH:
            self.fault(line, "YAML007", f"nested more than {MOST_DEPTH} levels deep")
            raise _Stop
        self.check_plain(event, line)
        if isinstance(event, yaml.MappingStartEvent):
            return self.mapping(events, path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self.sequence(events, path)
        if isinstance(event, yaml.ScalarEvent):
            return self.scalar(event, line)
        return None

    def check_plain(self, event: yaml.Event, line: int) -> None:
        """Refuse what the node carries beyond its value."""
        quote = "write it out, or put quotes around a text that starts with"
        if isinstance(event, yaml.AliasEvent):
            self.fault(line, "YAML003", f"aliases are not read; {quote} *")
        elif isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            self.fault(line, "YAML003", f"anchors are not read; {quote} &")
        elif isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent) and event.tag:
            message = f"tags such as {event.tag} are not read; put quotes around a text with !"
            self.fault(line, "YAML004", message)

    def mapping(self, events: Iterator[yaml.Event], path: Steps) -> Json:
        found: dict[str, Json] = {}
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            line = _line(event)
            key = self.key(event, line)
            if key in found:
                first = self.lines[(*path, key)]
                message = f"the key '{key}' stands here twice, first on line {first}"
                self.fault(line, "YAML002", message)
                self.skip(next(events), events)
                continue
            self.lines[(*path, key)] = line
            found[key] = self.node(next(events), events, (*path, key))
        return found

    def key(self, event: yaml.Event, line: int) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            self.fault(line, "YAML010", "a key must be a word; quote it if it starts with [ { or *")
            raise _Stop
        self.check_plain(event, line)
        if not event.value:
            self.fault(line, "YAML010", "a key is missing before the ':'")
        if event.value == "<<" and event.implicit[0]:
            self.fault(line, "YAML003", "merge keys are not read; write it out")
        return event.value

    def sequence(self, events: Iterator[yaml.Event], path: Steps) -> Json:
        found: list[Json] = []
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            found.append(self.node(event, events, (*path, len(found))))
        return found

    def scalar(self, event: yaml.ScalarEvent, line: int) -> Json:
        if not event.implicit[0]:
            bad = FORBIDDEN.search(event.value)
            if bad:
                message = f"the character U+{ord(bad.group()):04X} is not allowed"
                self.fault(line, "YAML009", message)
            return event.value
        self.check_comment(event)
        return scalar(event.value)

    def check_comment(self, event: yaml.ScalarEvent) -> None:
        """Refuse `my order #48213`, of which only `my order` would be left."""
        end = event.end_mark
        if end is None or end.line >= len(self.source):
            return
        comment = _GLUED_COMMENT.match(self.source[end.line], end.column)
        if comment:
            message = (
                f"'{comment.group(1)}' would be lost as a comment: "
                "put quotes around the text, or a space behind the #"
            )
            self.fault(end.line + 1, "YAML012", message)

    def skip(self, event: yaml.Event, events: Iterator[yaml.Event]) -> None:
        """Read past a node that is not kept."""
        depth = 0
        while True:
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth == 0:
                return
            event = next(events)
