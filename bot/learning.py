"""From corrections to a patch of the configuration: examples that people confirmed, nothing else.

A patch touches the lines that it adds and no other, so comments and order stay. Names, contacts
and numbers of the customer are replaced by made-up ones: a configuration travels further than the
store.
"""

from __future__ import annotations

import difflib
import json
import re
from collections import defaultdict
from typing import TYPE_CHECKING, cast

from msgspec import Struct

from bot.errors import BotError, shown
from bot.settings.checks.understanding import normalised
from bot.settings.strict_yaml import parse, scalar
from nlp.examples import Example
from nlp.understanding import LANGUAGES, OUT_OF_SCOPE, Language

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
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

_PLAIN = re.compile(r"[A-Za-z\u4e00-\u9fff](?:[^\n:#\\\"]|:(?! ))*[^\s:]")
"""What needs no quotes as a list item, looked at together with what it then means."""
_STARTS = frozenset("-?:,[]{}#&*!|>'\"%@` ")


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
        return "".join(
            line
            for path, text in self.after.items()
            for line in difflib.unified_diff(
                self.before[path].splitlines(keepends=True),
                text.splitlines(keepends=True),
                f"a/{shown(path)}".replace("//", "/"),
                f"b/{shown(path)}".replace("//", "/"),
            )
        )

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
            if path.read_text(encoding="utf-8") != text:
                raise BotError(f"{shown(path)} has changed meanwhile; run it again")
        for path, text in self.after.items():
            beside = path.with_name(f".{path.name}.new")
            beside.write_text(text, encoding="utf-8")
            beside.replace(path)


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
        language = _language(message, settings)
        text = anonymous(message.text, message.understanding, language)
        if message.intent is not None:
            if message.intent not in (*settings.intents, OUT_OF_SCOPE):
                refused.append(f"{message.exchange_id}: there is no intent '{message.intent}'")
            elif normalised(text) not in known:
                known.add(normalised(text))
                found.append(_example(message.intent, text, language))
        if message.need is not None:
            if message.need not in settings.needs:
                refused.append(f"{message.exchange_id}: there is no need '{message.need}'")
                continue
            before = turns.get(message.exchange_id, ())
            said = (*(anonymous(words, seen, language) for words, seen in before), text)
            if said not in settings.needs[message.need].conversations.get(language, ()):
                place = ("needs", message.need, "conversations", language)
                found.append(Lesson(place=place, turns=said, language=language))
    return tuple(found), tuple(refused)


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
    return " ".join(text.split())


def patch(settings: Settings, taught: Sequence[Lesson]) -> Patch:
    """Return the change of the configuration's files that adds lessons.

    Raises:
        BotError: a list is written in a form that cannot be added to.
    """
    by_file: dict[Path, list[Lesson]] = defaultdict(list)
    for lesson in taught:
        by_file[settings.where(*lesson.place).file].append(lesson)
    before = {path: path.read_text(encoding="utf-8") for path in by_file}
    after = {path: _added(settings, path, before[path], by_file[path]) for path in by_file}
    return Patch(before=before, after=after, lessons=tuple(taught))


def _added(settings: Settings, path: Path, text: str, taught: Sequence[Lesson]) -> str:
    lines = text.splitlines(keepends=True)
    by_list: dict[Steps, list[Lesson]] = defaultdict(list)
    for lesson in taught:
        by_list[lesson.place].append(lesson)
    ends = {place: _end(settings, place, lines) for place in by_list}
    # From the bottom up, so that what is above keeps its line.
    for place in sorted(by_list, key=lambda p: -ends[p][0]):
        end, indent = ends[place]
        if not lines[end - 1].endswith("\n"):
            lines[end - 1] += "\n"
        lines[end:end] = [
            f"{indent}- {item}\n"
            for item in map(_item, (lesson.turns for lesson in by_list[place]))
        ]
    new = "".join(lines)
    document, faults = parse(new.encode(), path)
    if document is None or faults:
        raise BotError(f"{shown(path)} cannot be added to: {faults[0].message}")
    return new


def _end(settings: Settings, place: Steps, lines: Sequence[str]) -> tuple[int, str]:
    """Return behind which line a list ends, and how its items are indented."""
    count = _length(settings, place)
    last = settings.where(*place, count - 1)
    start = last.line - 1
    found = re.match(r"( *)- ", lines[start])
    if not count or found is None:
        where = settings.where(*place)
        raise BotError(f"{shown(where.file)}:{where.line}: write this list as one item a line")
    indent, end = found[1], start + 1
    while end < len(lines) and lines[end].startswith(f"{indent}  "):
        end += 1
    return end, indent


def _length(settings: Settings, place: Steps) -> int:
    language = cast("Language", place[-1])
    if place[0] == "needs":
        return len(settings.needs[str(place[1])].conversations.get(language, ()))
    if place[0] == "out_of_scope":
        return len(settings.out_of_scope.examples.get(language, ()))
    return len(settings.intents[str(place[1])].examples.get(language, ()))


def _item(turns: tuple[str, ...]) -> str:
    return _quoted(turns[0]) if len(turns) == 1 else "[" + ", ".join(map(json_text, turns)) + "]"


def _quoted(text: str) -> str:
    """Return a text as a YAML scalar, with quotes where it would mean something else."""
    plain = _PLAIN.fullmatch(text) and text[0] not in _STARTS and scalar(text) == text
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


def _language(message: CorrectedMessage, settings: Settings) -> Language:
    spoken = message.understanding.get("language")
    return spoken if spoken in LANGUAGES else settings.general.languages[0]
