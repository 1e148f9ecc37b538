"""Order and tracking numbers, by the patterns of the configuration.

The patterns come from an administrator and run under re2 alone, whose time is linear.
"""

from __future__ import annotations

from typing import Any

import re2

from nlp.entities.candidates import Candidate
from nlp.entities.reading import Reading


class Codes:
    """Finds order and tracking numbers."""

    def __init__(self, order_patterns: tuple[str, ...], tracking_patterns: tuple[str, ...]) -> None:
        self._types = [
            (name, _one_of(patterns))
            for name, patterns in (
                ("order_number", order_patterns),
                ("tracking_number", tracking_patterns),
            )
            if patterns
        ]

    def find(self, reading: Reading) -> list[Candidate]:
        """Return every code; the value is upper case and without spaces."""
        return [
            Candidate(
                name, match.start(), match.end(), "".join(match.group().upper().split())
            )
            for name, pattern in self._types
            if pattern.search(reading.plain)
            for match in pattern.finditer(reading.plain)
            if match.end() > match.start()
        ]


def _one_of(patterns: tuple[str, ...]) -> Any:
    return re2.compile("|".join(f"(?:{pattern})" for pattern in patterns))
