"""From corrections to a patch of the configuration: examples that people confirmed, nothing else.

A patch touches the lines that it adds and no other, so comments, order and line ends stay. Names,
contacts and numbers of the customer are replaced by made-up ones: a configuration travels further
than the store.
"""

from __future__ import annotations

import difflib
import json
import re
import shutil
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import yaml
from msgspec import Struct

from bot.errors import BotError, shown
from bot.settings.checks.understanding import normalised
from bot.settings.strict_yaml import FORBIDDEN, parse, scalar
from nlp.examples import Example
from nlp.understanding import OUT_OF_SCOPE, Language

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from bot.settings.settings import Settings
    from bot.settings.strict_yaml import Steps
    from crm_store.records import CorrectedMessage, Json

_STAND_INS: Mapping[str, tuple[str, str]] = {
    "email": ("me@example.com", "me@example.com"),
    "phone": ("+1 202 555 0143", "13800138000"),
    "order_number": ("AB123456", "AB123456"),
    "tracking_number": ("SF1234567890123", "SF1234567890123"),
    "person": ("Alex Lee", "李华"),
    "address": ("1 Main Street", "人民路1号"),
}
"""What stands for personal things, in English and in Chinese."""

_PLAIN = re.compile(r"[A-Za-z\u4e00-\u9fff](?:[^\n:#\\\"]*[^\s:#\\\"])?")
"""What needs no quotes as a list item, unless it is a word with a meaning."""
_NO_NEWLINE = "\n\\ No newline at end of file\n"


Turn = tuple[str, "Json"]
"""What a customer wrote, and what the bot made of it."""


class Lesson(Struct, frozen=True, kw_only=True):
    """One thing to add to a list of the configuration."""

    place: Steps
    """The list, as `Settings.where` takes it."""
    turns: tuple[str, ...]
    """The messages; of an intent's example one, of a need's conversation several."""
    intent: str | None = None
    language: Language


class Patch(Struct, frozen=True, kw_only=True):
    """New texts of files."""

    before: dict[Path, str]
    after: dict[Path, str]
    lessons: tuple[Lesson, ...]

    def diff(self) -> str:
        """Return the change as a unified diff."""
        lines = (
            line
            for path, text in self.after.items()
            for line in difflib.unified_diff(
                self.before[path].splitlines(keepends=True),
                text.splitlines(keepends=True),
                f"a/{shown(path)}".replace("//", "/"),
                f"b/{shown(path)}".replace("//", "/"),
            )
        )
        return "".join(line if line.endswith("\n") else line + _NO_NEWLINE for line in lines)

    def examples(self) -> tuple[Example, ...]:
        """Return the examples of intents that the patch adds."""
        return tuple(
            Example(text=lesson.turns[0], intent=lesson.intent, language=lesson.language)
            for lesson in self.lessons
            if lesson.intent is not None
        )

    def apply(self) -> None:
        """Write the files, each whole or not at all.

        Raises:
            BotError: a file has changed since it was read.
        """
        for path, text in self.before.items():
            if _read(path) != text:
                raise BotError(f"{shown(path)} has changed meanwhile; run it again")
        for path, text in self.after.items():
            place = path.resolve()  # a link goes on leading to its file
            beside = place.with_name(f".{place.name}.new")
            beside.write_text(text, encoding="utf-8", newline="")
            shutil.copymode(place, beside)
            beside.replace(place)


def lessons(
    settings: Settings,
    corrected: Iterable[CorrectedMessage],
    turns: Mapping[str, Sequence[Turn]],
) -> tuple[tuple[Lesson, ...], tuple[str, ...]]:
    """Return what corrections teach, and a line for each that cannot be used.

    Args:
        settings: The configuration; what it has already teaches nothing.
        corrected: The corrections.
        turns: By exchange, what the customer had said before it, oldest first.
    """
    known = {normalised(text) for text in _example_texts(settings)}
    found: list[Lesson] = []
    refused: list[str] = []
    for message in corrected:
        faults = [*_faults(settings, message)]
        refused += [f"{message.exchange_id}: {fault}" for fault in faults]
        language = message.understanding.get("language")
        if language not in settings.general.languages:
            continue
        text = anonymous(message.text, message.understanding, language)
        if message.intent in (*settings.intents, OUT_OF_SCOPE) and normalised(text) not in known:
            known.add(normalised(text))
            found.append(_example(str(message.intent), text, language))
        if message.need in settings.needs:
            before = turns.get(message.exchange_id, ())
            if not all(seen for _, seen in before):
                refused.append(f"{message.exchange_id}: an earlier message {_UNKNOWN}")
                continue
            said = (*(anonymous(words, seen, language) for words, seen in before), text)
            place = ("needs", str(message.need), "conversations", language)
            lesson = Lesson(place=place, turns=said, language=language)
            there = settings.needs[str(message.need)].conversations.get(language, ())
            if said not in there and lesson not in found:
                found.append(lesson)
    return tuple(found), tuple(refused)


_UNKNOWN = "was never understood: what is personal in it is not known"


def _faults(settings: Settings, message: CorrectedMessage) -> Iterator[str]:
    """Yield why something of a correction teaches nothing."""
    if message.intent is not None and message.intent not in (*settings.intents, OUT_OF_SCOPE):
        yield f"there is no intent '{message.intent}'"
    if message.need is not None and message.need not in settings.needs:
        yield f"there is no need '{message.need}'"
    if not message.understanding:  # an error came between
        yield f"the message {_UNKNOWN}"
    elif message.understanding.get("language") not in settings.general.languages:
        yield f"the shop does not serve the language '{message.understanding.get('language')}'"


def anonymous(text: str, understanding: Json, language: Language) -> str:
    """Return a text with made-up names, contacts and numbers.

    Args:
        text: What the customer wrote.
        understanding: Of the text, with its entities.
        language: Of the text.
    """
    marks = sorted(understanding.get("entities", []), key=lambda e: -e["start"])
    for mark in marks:
        stand_in = _STAND_INS.get(mark["type"])
        if stand_in is not None:
            text = text[: mark["start"]] + stand_in[language == "zh"] + text[mark["end"] :]
    return " ".join(FORBIDDEN.sub(" ", text).split())


def patch(settings: Settings, taught: Sequence[Lesson]) -> Patch:
    """Return the change of the configuration's files that adds lessons.

    Raises:
        BotError: a list is written in a form that cannot be added to.
    """
    by_file: dict[Path, list[Lesson]] = defaultdict(list)
    for lesson in taught:
        by_file[settings.where(*lesson.place).file].append(lesson)
    before = {path: _read(path) for path in by_file}
    after = {path: _added(settings, path, before[path], by_file[path]) for path in by_file}
    return Patch(before=before, after=after, lessons=tuple(taught))


def _read(path: Path) -> str:
    """Return a file's text with the line ends that it has."""
    with path.open(encoding="utf-8", newline="") as file:
        return file.read()


def _added(settings: Settings, path: Path, text: str, taught: Sequence[Lesson]) -> str:
    by_list: dict[Steps, list[Lesson]] = defaultdict(list)
    for lesson in taught:
        by_list[settings.inside(*lesson.place)].append(lesson)
    lines = text.splitlines(keepends=True)
    line_end = "\r\n" if text.count("\r\n") else "\n"
    root: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    ends = {place: _end(path, root, place) for place in by_list}
    # From the bottom up, so that what is above keeps its line.
    for place in sorted(by_list, key=lambda p: -ends[p][0]):
        end, indent = ends[place]
        if not lines[end - 1].endswith("\n"):
            lines[end - 1] += line_end
        lines[end:end] = [f"{indent}- {_item(lesson)}{line_end}" for lesson in by_list[place]]
    new = "".join(lines)
    if _values(new, path, by_list) != _wanted(_values(text, path, by_list), by_list):
        raise BotError(f"{shown(path)} cannot be added to: write its lists as one item a line")
    return new


def _end(path: Path, root: yaml.Node, place: Steps) -> tuple[int, str]:
    """Return behind which line a list ends, and how its items are indented."""
    node = root
    for step in place:
        assert isinstance(node, yaml.MappingNode)  # noqa: S101 - the configuration was read so
        node = next(value for key, value in node.value if key.value == step)
    if not isinstance(node, yaml.SequenceNode) or node.flow_style or not node.value:
        line = node.start_mark.line + 1
        raise BotError(f"{shown(path)}:{line}: write this list as one item a line")
    last = node.value[-1]
    while isinstance(last, yaml.SequenceNode) and not last.flow_style and last.value:
        last = last.value[-1]  # a block ends only where something else begins
    mark = last.end_mark
    return mark.line + (mark.column > 0), " " * node.start_mark.column


def _values(text: str, path: Path, places: Iterable[Steps]) -> dict[Steps, list[Json]]:
    """Return the lists at some places of a file."""
    document, _ = parse(text.encode(), path)
    found: dict[Steps, list[Json]] = {}
    for place in places:
        value: Any = document.value if document is not None else None
        for step in place:
            value = value[step] if isinstance(value, dict) and step in value else None
        found[place] = list(value or ())
    return found


def _wanted(
    old: Mapping[Steps, list[Json]], taught: Mapping[Steps, Sequence[Lesson]]
) -> dict[Steps, list[Json]]:
    new: dict[Steps, list[Any]] = {
        place: [lesson.turns[0] if lesson.intent else list(lesson.turns) for lesson in some]
        for place, some in taught.items()
    }
    return {place: [*values, *new[place]] for place, values in old.items()}


def _item(lesson: Lesson) -> str:
    if lesson.intent is not None:
        return _quoted(lesson.turns[0])
    return "[" + ", ".join(map(json_text, lesson.turns)) + "]"


def _quoted(text: str) -> str:
    """Return a text as a YAML scalar, with quotes where it would mean something else."""
    plain = _PLAIN.fullmatch(text) and scalar(text) == text
    return text if plain else json_text(text)


def json_text(text: str) -> str:
    """Return a text in double quotes; JSON's escapes are YAML's too."""
    return json.dumps(text, ensure_ascii=False)


def _example(intent: str, text: str, language: Language) -> Lesson:
    part = ("out_of_scope",) if intent == OUT_OF_SCOPE else ("intents", intent)
    place = (*part, "examples", language)
    return Lesson(place=place, turns=(text,), intent=intent, language=language)


def _example_texts(settings: Settings) -> Iterable[str]:
    for by_language in (
        settings.out_of_scope.examples,
        *(intent.examples for intent in settings.intents.values()),
    ):
        for texts in by_language.values():
            yield from texts
