"""From corrections to a patch of the configuration: examples that people confirmed, nothing else.

A patch touches the lines that it adds or moves and no other, so comments, order and line ends stay.
A text that stands under another intent is moved, for it cannot mean both. Names,
contacts and numbers of the customer are replaced by made-up ones: a configuration travels further
than the store.
"""

from __future__ import annotations

import difflib
import json
import re
import shutil
from collections import Counter, defaultdict
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import yaml
from msgspec import Struct, field

from bot.errors import BotError, shown
from bot.settings.checks.understanding import FEWEST_EXAMPLES, examples_of, normalised
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
    moved_from: Steps | None = None
    """The item of a list where the text stands now, under another intent."""


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

    def moves(self) -> tuple[Lesson, ...]:
        """Return the lessons of texts that stand somewhere already."""
        return tuple(lesson for lesson in self.lessons if lesson.moved_from is not None)

    def apply(self) -> None:
        """Write the files, all or none of them.

        Raises:
            BotError: a file has changed since it was read, or cannot be written.
        """
        for path, text in self.before.items():
            if _read(path) != text:
                raise BotError(f"{shown(path)} has changed meanwhile; run it again")
        fresh: dict[Path, Path] = {}
        try:
            for path, text in self.after.items():
                place = path.resolve()  # a link goes on leading to its file
                fresh[place] = place.with_name(f".{place.name}.new")
                _write_beside(fresh[place], text, place)
            # What can fail has been done: all that is left is to change names.
            for place, beside in fresh.items():
                beside.replace(place)
        finally:
            for beside in fresh.values():
                with suppress(OSError):
                    beside.unlink()


def _write_beside(beside: Path, text: str, place: Path) -> None:
    try:
        beside.write_text(text, encoding="utf-8", newline="")
        shutil.copymode(place, beside)
    except OSError as error:
        reason = f"{shown(place)} cannot be written: {error.strerror}"
        raise BotError(f"{reason}; nothing has been changed") from error


class _Standing(Struct, frozen=True):
    """An example that is there, or that an earlier correction teaches."""

    intent: str
    text: str
    place: Steps | None
    """None when a correction teaches it."""
    exchange_id: str = ""
    """Of that correction."""


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
    intents = _IntentLessons(settings)
    found: list[Lesson] = []
    refused: list[str] = []
    for message in corrected:
        faults = [*_faults(settings, message)]
        refused += [f"{message.exchange_id}: {fault}" for fault in faults]
        language = message.understanding.get("language")
        if language not in settings.general.languages:
            continue
        text = anonymous(message.text, message.understanding, language)
        taught: list[Lesson | str | None] = []
        if message.intent in (*settings.intents, OUT_OF_SCOPE):
            taught.append(intents.lesson(message, text, language))
        if message.need in settings.needs:
            before = turns.get(message.exchange_id, ())
            taught.append(_need_lesson(settings, message, text, language, before))
        for lesson in taught:
            if isinstance(lesson, str):
                refused.append(f"{message.exchange_id}: {lesson}")
            elif lesson is not None and lesson not in found:
                found.append(lesson)
    return tuple(found), tuple(refused)


class _IntentLessons:
    """What corrections of intents teach, beside all the examples that there are."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.known = {
            normalised(text): _Standing(intent, text, place)
            for intent, text, place in examples_of(settings)
        }
        self.moved: Counter[Steps] = Counter()
        """How many examples go away, by their list."""

    def lesson(
        self, message: CorrectedMessage, text: str, language: Language
    ) -> Lesson | str | None:
        """Return what a correction teaches, why it cannot be, or None for nothing new."""
        intent = str(message.intent)
        standing = self.known.get(normalised(text))
        if standing is not None and standing.intent == intent:
            return None
        if standing is not None and standing.place is None:
            return f"'{text}' is '{standing.intent}' by the correction of {standing.exchange_id}"
        moved_from = None
        if standing is not None and standing.place is not None:
            moved_from, text = standing.place, standing.text
            language = "zh" if moved_from[-2] == "zh" else "en"
            if not self._can_lose_one(moved_from[:-1]):
                at = self.settings.where(*moved_from)
                return (
                    f"'{text}' stands in '{standing.intent}' at {shown(at.file)}:{at.line}, "
                    "which has no example to spare"
                )
        self.known[normalised(text)] = _Standing(intent, text, None, message.exchange_id)
        return _example(intent, text, language, moved_from)

    def _can_lose_one(self, place: Steps) -> bool:
        """Count an example out of a list, if enough of them stay."""
        part, *rest = place
        owner = self.settings.intents[str(rest[0])] if part == "intents" else None
        examples = (owner or self.settings.out_of_scope).examples
        count = len(examples["zh" if place[-1] == "zh" else "en"])
        least = FEWEST_EXAMPLES if owner is not None else 1
        if count - self.moved[place] <= least:
            return False
        self.moved[place] += 1
        return True


def _need_lesson(
    settings: Settings,
    message: CorrectedMessage,
    text: str,
    language: Language,
    before: Sequence[Turn],
) -> Lesson | str | None:
    """Return what a correction teaches of a need, why it cannot be, or None for nothing new."""
    if not all(seen for _, seen in before):
        return f"an earlier message {_UNKNOWN}"
    said = (*(anonymous(words, seen, language) for words, seen in before), text)
    if said in settings.needs[str(message.need)].conversations.get(language, ()):
        return None
    place = ("needs", str(message.need), "conversations", language)
    return Lesson(place=place, turns=said, language=language)


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
    changes: dict[Path, _Change] = defaultdict(_Change)
    for lesson in taught:
        file = settings.where(*lesson.place).file
        changes[file].added[settings.inside(*lesson.place)].append(lesson)
        if lesson.moved_from is not None:
            *place, index = lesson.moved_from
            left = changes[settings.where(*place).file]
            left.removed[settings.inside(*place)].add(int(index))
    before = {path: _read(path) for path in changes}
    after = {path: _changed(path, before[path], change) for path, change in changes.items()}
    return Patch(before=before, after=after, lessons=tuple(taught))


class _Change(Struct):
    """What happens to the lists of a file."""

    added: dict[Steps, list[Lesson]] = field(default_factory=lambda: defaultdict(list))
    removed: dict[Steps, set[int]] = field(default_factory=lambda: defaultdict(set))
    """By their place in the list."""


def _read(path: Path) -> str:
    """Return a file's text with the line ends that it has."""
    with path.open(encoding="utf-8", newline="") as file:
        return file.read()


def _changed(path: Path, text: str, change: _Change) -> str:
    lines = text.splitlines(keepends=True)
    line_end = "\r\n" if text.count("\r\n") else "\n"
    root: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    places = {*change.added, *change.removed}
    lists = {place: _list(path, root, place) for place in places}
    edits: list[tuple[int, int, list[str]]] = []
    for place, node in lists.items():
        gone = [node.value[index] for index in change.removed.get(place, ())]
        edits += [(item.start_mark.line, _behind(item), []) for item in gone]
        indent, end = " " * node.start_mark.column, _behind(node.value[-1])
        new = [f"{indent}- {_item(lesson)}{line_end}" for lesson in change.added.get(place, ())]
        edits.append((end, end, new))
    # From the bottom up, so that what is above keeps its line.
    for start, end, new in sorted(edits, key=lambda edit: edit[:2], reverse=True):
        if new and not lines[end - 1].endswith("\n"):
            lines[end - 1] += line_end
        lines[start:end] = new
    after = "".join(lines)
    if _values(after, path, places) != _wanted(_values(text, path, places), change):
        raise BotError(f"{shown(path)} cannot be changed: write its lists as one item a line")
    return after


def _list(path: Path, root: yaml.Node, place: Steps) -> yaml.SequenceNode:
    """Return a list that is written as one item a line."""
    node = root
    for step in place:
        assert isinstance(node, yaml.MappingNode)  # noqa: S101 - the configuration was read so
        node = next(value for key, value in node.value if key.value == step)
    if not isinstance(node, yaml.SequenceNode) or node.flow_style or not node.value:
        line = node.start_mark.line + 1
        raise BotError(f"{shown(path)}:{line}: write this list as one item a line")
    return node


def _behind(item: yaml.Node) -> int:
    """Return behind which line an item of a list ends."""
    while isinstance(item, yaml.SequenceNode) and not item.flow_style and item.value:
        item = item.value[-1]  # a block ends only where something else begins
    mark = item.end_mark
    return int(mark.line + (mark.column > 0))


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


def _wanted(old: Mapping[Steps, list[Json]], change: _Change) -> dict[Steps, list[Json]]:
    wanted: dict[Steps, list[Any]] = {}
    for place, values in old.items():
        gone, more = change.removed.get(place, set()), change.added.get(place, ())
        kept = [value for index, value in enumerate(values) if index not in gone]
        wanted[place] = kept + [x.turns[0] if x.intent else list(x.turns) for x in more]
    return wanted


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


def _example(intent: str, text: str, language: Language, moved_from: Steps | None) -> Lesson:
    part = ("out_of_scope",) if intent == OUT_OF_SCOPE else ("intents", intent)
    place = (*part, "examples", language)
    return Lesson(
        place=place, turns=(text,), intent=intent, language=language, moved_from=moved_from
    )
