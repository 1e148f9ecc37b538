"""Entities learned from marked examples: a conditional random field over words.

What the rules of `entities` find needs no examples; this is for everything else that a file of
examples marks. Each word is described by itself, its shape and ends, its neighbours, the marked
names that it stands in, and the intent of the message: the same words mean a film in one intent
and an album in another. On SNIPS the names add 0.5 points of F1 on the validation rows, the
intent 0.6, both together 1.3.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pycrfsuite

from nlp.language import TOKEN
from nlp.understanding import Entity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nlp.examples import Example

_SETTINGS = {"c1": 0.1, "c2": 0.01, "max_iterations": 40}
"""After twice as many iterations the F1 on SNIPS' validation rows is the same."""
_OUTSIDE = "O"
_LONGEST_NAME = 8
"""Words of a known name; longer ones come back as they are too seldom."""
_SAME_LENGTH = 3
"""From here on the number of a name's words says nothing more."""

_Word = tuple[str, int, int]
"""As written, with its offsets; the end is exclusive."""
_Name = tuple[str, ...]
"""The words of a name in lower case."""


class EntityTagger:
    """A trained field; not for several threads at once."""

    def __init__(self, model: bytes, names: Mapping[_Name, Sequence[str]]) -> None:
        """Make a tagger of its parts.

        Args:
            model: As CRFsuite writes it.
            names: The marked names with the types that they had.
        """
        self._model = model
        self._names = dict(names)
        self._most = max(map(len, names), default=0)
        self._tagger = pycrfsuite.Tagger()
        self._tagger.open_inmemory(model)

    def find(self, text: str, intent: str | None) -> tuple[Entity, ...]:
        """Return the entities of a text in its order; a value is the text as written.

        Args:
            text: The message.
            intent: Its likeliest intent.
        """
        words = _words(text)
        if not words:
            return ()
        tags = self._tagger.tag(_describe(words, self._known(words), intent))
        return tuple(_entities(text, words, tags))

    def save(self, folder: Path) -> None:
        """Write the model's files."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "field.crfsuite").write_bytes(self._model)
        names = [[*name, list(types)] for name, types in sorted(self._names.items())]
        (folder / "names.json").write_bytes(orjson.dumps(names))

    @classmethod
    def load(cls, folder: Path) -> EntityTagger:
        """Read what `save` wrote; errors of reading are the caller's to wrap."""
        names = orjson.loads((folder / "names.json").read_bytes())
        model = (folder / "field.crfsuite").read_bytes()
        return cls(model, {tuple(words): tuple(types) for *words, types in names})

    def _known(self, words: Sequence[_Word]) -> list[list[str]]:
        return _in_names(words, self._names, self._most)


def fit(examples: Sequence[Example]) -> EntityTagger | None:
    """Train a tagger, or return None when nothing is marked."""
    counts: Counter[tuple[_Name, str]] = Counter()
    marked: list[list[tuple[_Name, str]]] = []
    for example in examples:
        marked.append([(_name(e.text), e.type) for e in example.entities])
        counts.update((name, kind) for name, kind in marked[-1] if len(name) <= _LONGEST_NAME)
    if not any(marked):
        return None
    names = _by_name(counts)
    most = max(map(len, names), default=0)
    trainer = pycrfsuite.Trainer(algorithm="lbfgs", verbose=False)
    trainer.set_params(_SETTINGS)
    for example, own in zip(examples, marked, strict=True):
        words = _words(example.text)
        # What this example alone has marked is no knowledge yet: it would be trusted too much.
        once = {pair for pair in own if counts[pair] <= own.count(pair)}
        known = _in_names(words, names, most, but=once)
        trainer.append(_describe(words, known, example.intent), _tags(words, example))
    return EntityTagger(_trained(trainer), names)


def _trained(trainer: pycrfsuite.Trainer) -> bytes:
    """Return the trained field; CRFsuite writes to files only."""
    handle, place = tempfile.mkstemp(suffix=".crfsuite")
    os.close(handle)
    try:
        trainer.train(place)
        return Path(place).read_bytes()
    finally:
        Path(place).unlink()


def _words(text: str) -> list[_Word]:
    found = ((m[1], m.start(1), m.end(1)) for m in TOKEN.finditer(text))
    return [word for word in found if not word[0].isspace()]


def _name(text: str) -> _Name:
    return tuple(word.lower() for word, _, _ in _words(text))


def _by_name(counts: Mapping[tuple[_Name, str], int]) -> dict[_Name, tuple[str, ...]]:
    by_name: dict[_Name, set[str]] = defaultdict(set)
    for name, kind in counts:
        by_name[name].add(kind)
    return {name: tuple(sorted(kinds)) for name, kinds in by_name.items()}


def _in_names(
    words: Sequence[_Word],
    names: Mapping[_Name, Sequence[str]],
    most: int,
    but: frozenset[tuple[_Name, str]] | set[tuple[_Name, str]] = frozenset(),
) -> list[list[str]]:
    """Return for each word what it is in the known names that it stands in."""
    lower = [word.lower() for word, _, _ in words]
    found: list[dict[str, None]] = [{} for _ in words]
    for start in range(len(lower)):
        for length in range(1, min(most, len(lower) - start) + 1):
            name = tuple(lower[start : start + length])
            for kind in names.get(name, ()):
                if (name, kind) not in but:
                    size = min(length, _SAME_LENGTH)
                    found[start][f"name B {kind} {size}"] = None
                    for at in range(start + 1, start + length):
                        found[at][f"name I {kind} {size}"] = None
    return [list(some) for some in found]


def _describe(
    words: Sequence[_Word], known: Sequence[Sequence[str]], intent: str | None
) -> list[list[str]]:
    """Return the features of each word."""
    lower = ["<<", "<", *(word.lower() for word, _, _ in words), ">", ">>"]
    described = []
    for i, (written, _, _) in enumerate(words):
        before2, before, word, after, after2 = lower[i : i + 5]
        described.append(
            [
                "any",
                f"w {word}",
                f"-1 {before}",
                f"+1 {after}",
                f"-2 {before2}",
                f"+2 {after2}",
                f"-1 w {before} {word}",
                f"w +1 {word} {after}",
                f"-1 w +1 {before} {word} {after}",
                f"-2 -1 {before2} {before}",
                f"+1 +2 {after} {after2}",
                f"shape {_shape(written)}",
                *(f"from {word[:size]}" for size in range(1, min(4, len(word)) + 1)),
                *(f"to {word[-size:]}" for size in range(2, min(3, len(word)) + 1)),
                f"-1 to {before[-3:]}",
                f"+1 to {after[-3:]}",
                f"intent {intent}",
                f"intent w {intent} {word}",
                f"intent -1 {intent} {before}",
                *known[i],
            ]
        )
    return described


_SHAPES = (
    (re.compile(r"[A-Z]"), "X"),
    (re.compile(r"[a-z]"), "x"),
    (re.compile(r"\d"), "d"),
    (re.compile(r"(.)\1{2,}"), r"\1\1"),
)


def _shape(word: str) -> str:
    """Return the word with X, x and d for its letters and digits, long runs cut to two."""
    for pattern, letter in _SHAPES:
        word = pattern.sub(letter, word)
    return word


def _tags(words: Sequence[_Word], example: Example) -> list[str]:
    """Return B-, I- and O tags; of a word that is marked in part nothing is taught."""
    tags = [_OUTSIDE] * len(words)
    for entity in example.entities:
        place = "B"
        for i, (_, start, end) in enumerate(words):
            if entity.start <= start and end <= entity.end:
                tags[i] = f"{place}-{entity.type}"
                place = "I"
    return tags


def _entities(text: str, words: Sequence[_Word], tags: Sequence[str]) -> list[Entity]:
    spans: list[tuple[str, int, int]] = []
    open_kind = None
    for (_, start, end), tag in zip(words, tags, strict=True):
        place, _, kind = tag.partition("-")
        if place == "I" and kind == open_kind:
            spans[-1] = (kind, spans[-1][1], end)
        elif place != _OUTSIDE:
            spans.append((kind, start, end))
        open_kind = kind if place != _OUTSIDE else None
    return [
        Entity(type=kind, text=text[start:end], start=start, end=end, value=text[start:end])
        for kind, start, end in spans
    ]
