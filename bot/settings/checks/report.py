"""Collects the faults of the cross-checks, each with the place of its culprit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.errors import Fault
from bot.settings.validate import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from bot.settings.settings import Settings
    from nlp.understanding import Language


class Report:
    """The faults found so far."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.faults: list[Fault] = []

    def fault(self, code: str, message: str, *path: str | int) -> None:
        """Note a fault at the place of `path`, as in `Settings.where`."""
        place = self.settings.where(*path)
        self.faults.append(Fault(path=place.file, line=place.line, code=code, message=message))

    def unknown(
        self, code: str, what: str, name: str, known: Collection[str], *path: str | int
    ) -> None:
        """Note a fault unless a name is known."""
        if name not in known:
            self.fault(code, f"there is no {what} '{name}'{did_you_mean(name, known)}", *path)

    def languages(
        self, what: str, texts: Collection[Language] | Mapping[Language, object], *path: str | int
    ) -> None:
        """Note a fault for each served language in which a text is missing."""
        for language in self.settings.general.languages:
            if language not in texts:
                self.fault("CFG027", f"{what} has no text in '{language}'", *path)
