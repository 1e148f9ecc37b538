"""Order and tracking numbers, by the patterns of the configuration.

The patterns come from an administrator and run under re2 alone, whose time is linear.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import re2

from nlp.entities.candidates import Candidate

if TYPE_CHECKING:
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
        every = (*order_patterns, *tracking_patterns)
        self._any = _one_of(every) if every else None
        # With patterns in ASCII alone, what is not ASCII may be any other character: one byte
        # for each keeps the offsets and spares re2's binding the reckoning (half of its time).
        self._bytes = all(pattern.isascii() for pattern in every)

    def find(self, reading: Reading) -> list[Candidate]:
        """Return every code; the value is upper case and without spaces."""
        plain = reading.plain
        text = plain.encode("ascii", "replace") if self._bytes else plain
        if self._any is None or self._any.search(text) is None:
            return []
        return [
            Candidate(name, start, end, "".join(plain[start:end].upper().split()))
            for name, pattern in self._types
            for start, end in (match.span() for match in pattern.finditer(text))
            if start < end
        ]


def _one_of(patterns: tuple[str, ...]) -> Any:  # noqa: ANN401 - re2 has no types
    return re2.compile("|".join(f"(?:{pattern})" for pattern in patterns))
