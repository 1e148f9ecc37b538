"""The values of a configuration, and where each of them stands.

Plain and frozen. `load` makes them, everybody reads them, nobody changes them: a reload makes new
settings whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bot.settings import model
    from bot.settings.strict_yaml import Document, Steps
    from nlp.examples import TrainingSet
    from nlp.understanding import Language


class Place(Struct, frozen=True, kw_only=True):
    """Where something stands."""

    file: Path
    line: int


class File(Struct, frozen=True, kw_only=True):
    """One file, read and validated."""

    path: Path
    document: Document
    value: Any


class Picture(Struct, frozen=True, kw_only=True):
    """A picture that a site shows."""

    path: Path
    content: bytes
    media_type: str
    """Judged by the content."""


class Settings(Struct, frozen=True, kw_only=True):
    """A whole configuration, checked."""

    folder: Path
    config_id: str
    """`c-` and 12 hex digits of the SHA-256 of all files, names and bytes."""
    general: model.General
    intents: Mapping[str, model.Intent]
    out_of_scope: model.OutOfScope
    entities: model.Entities
    needs: Mapping[str, model.Need]
    phrases: model.Phrases
    flows: model.Flows
    articles: Mapping[str, model.Article]
    routing: model.Routing
    desk: model.Desk
    macros: Mapping[str, model.Macro]
    replies: Mapping[Language, Mapping[str, str]]
    catalogue: model.Catalogue | None
    demo: model.DemoShop | None
    files: Mapping[str, tuple[File, ...]]
    """By kind, as in `load.KINDS`."""
    pictures: Mapping[str, Picture] = field(default_factory=dict)
    """By file name."""

    def where(self, *path: str | int) -> Place:
        """Return where something stands, or the nearest thing around it, at last the folder.

        The first step names the part: `where("flows", "track_order")`, `where("answers", "greet")`,
        `where("intents", "greet", "examples", "en", 3)`, `where("replies", "zh", "greet")`,
        `where("routing", "queue_rules", 3)`, `where("articles", "returns")`,
        `where("customers", "ada")`, `where("general", "bands")`.
        """
        if not path or not self.files.get(_PARTS.get(str(path[0]), str(path[0]))):
            return Place(file=self.folder, line=1)
        file, rest = self._file(path)
        return Place(file=file.path, line=file.document.line(rest))

    def inside(self, *path: str | int) -> Steps:
        """Return the path of something within its file."""
        return self._file(path)[1]

    def training_set(self, *, places: bool = False) -> TrainingSet:
        """Return what the model is made of; replies, flows and routing leave it as it is.

        Args:
            places: Whether each example is to know its file and line.
        """
        # Imported here: reading a configuration needs nothing of the model's code.
        from bot.settings.training import training_set

        return training_set(self, places=places)

    def _file(self, path: Steps) -> tuple[File, Steps]:
        part, rest = str(path[0]), path[1:]
        kind = _PARTS.get(part, part)
        files = self.files[kind]
        if kind == "intents":
            inside = (f for f in files if rest and rest[0] in f.value.intents)
            return next(inside, files[0]), ("intents", *rest)
        if kind in _BY_STEM:
            named = (f for f in files if rest and f.path.stem == rest[0])
            return next(named, files[0]), rest[1:]
        return files[0], (part, *rest) if part in _WITHIN else rest


_WITHIN = frozenset({"macros", "flows", "answers", "products", "customers", "orders"})
"""Parts that are keys of their file."""

_PARTS = {
    "answers": "flows",
    "products": "catalogue",
    "customers": "demo",
    "orders": "demo",
    "knowledge": "articles",
    "frontdesk": "general",
}
"""Parts that are not called as their kind of file."""

_BY_STEM = frozenset({"needs", "articles", "replies"})
"""Kinds whose files are named after what they hold."""
