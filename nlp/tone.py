"""How something was said: anger, urgency, abuse, by the configuration's own patterns.

Patterns are re2: they come from admins and run on everything a customer sends, so they must
take linear time whatever is in them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import re2

from nlp.features import LONGEST_TEXT
from nlp.understanding import Language, Tone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nlp.examples import ToneKind

_CALM = Tone()


class ToneFinder:
    """Finds the tone of a message in either language."""

    def __init__(self, tones: Mapping[ToneKind, Mapping[Language, tuple[str, ...]]]) -> None:
        """Compile the patterns of both languages together: customers mix them, scripts do not.

        Raises:
            ValueError: a pattern is not valid re2.
        """
        self.tones = {kind: dict(by_language) for kind, by_language in tones.items()}
        self._searches: dict[str, Any] = {}
        self._any: Any = None
        options = re2.Options()
        options.case_sensitive = False
        options.log_errors = False
        options.max_mem = 64 << 20  # with re2's own 8 MB long messages fall back to its slow path
        all_patterns: list[str] = []
        for kind, by_language in tones.items():
            patterns = [p for language in sorted(by_language) for p in by_language[language]]
            if not patterns:
                continue
            try:
                for pattern in patterns:
                    re2.compile(pattern, options)
                joined = re2.compile("|".join(f"(?:{p})" for p in patterns), options)
            except re2.error as error:
                raise ValueError(f"tone {kind}: {error}") from error
            self._searches[kind] = joined.search
            all_patterns += patterns
        if all_patterns:
            self._any = re2.compile("|".join(f"(?:{p})" for p in all_patterns), options).search

    def find(self, text: str) -> Tone:
        """Return the tone of a message."""
        if self._any is None:
            return _CALM
        text = text[:LONGEST_TEXT]
        # A lone surrogate cannot be searched as UTF-8; it has no tone either.
        text = text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
        if self._any(text) is None:  # as most are
            return _CALM
        return Tone(**{kind: search(text) is not None for kind, search in self._searches.items()})
