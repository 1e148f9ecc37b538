"""Candidates, and the one rule by which they give way to each other.

Precedence, in this order:
1. Codes (email, tracking and order numbers, phone) over everything that is not a code.
2. The longer span over the shorter.
3. Of equal spans the type that comes first in `ORDER`.
4. The span that begins first.
A blocker is a candidate without a type: it takes its place (a link, say) and is then dropped.
"""

from __future__ import annotations

from msgspec import Struct

Value = str | int | dict[str, str]

CODES = frozenset({"", "email", "tracking_number", "order_number", "phone"})

ORDER = {
    name: place
    for place, name in enumerate(
        (
            "",
            "email",
            "tracking_number",
            "order_number",
            "phone",
            "address",
            "time",
            "date",
            "money",
            "product",
            "quantity",
            "person",
            "city",
        )
    )
}


class Candidate(Struct, frozen=True):
    """A span of the folded text that may become an entity."""

    type: str
    """Empty for a blocker."""
    start: int
    end: int
    value: Value


def strength(candidate: Candidate) -> tuple[int, int, int, int]:
    """Return a sort key: the smaller, the stronger."""
    return (
        0 if candidate.type in CODES else 1,
        candidate.start - candidate.end,
        ORDER[candidate.type],
        candidate.start,
    )


def resolve(candidates: list[Candidate]) -> list[Candidate]:
    """Return the candidates that stand, in the order of the text; none overlap."""
    if len(candidates) < 2:
        return [c for c in candidates if c.type]
    kept: list[Candidate] = []
    taken = bytearray(max(c.end for c in candidates))
    for candidate in sorted(candidates, key=strength):
        start, end = candidate.start, candidate.end
        if not any(taken[start:end]):
            taken[start:end] = b"\1" * (end - start)
            kept.append(candidate)
    return sorted((c for c in kept if c.type), key=lambda c: c.start)
