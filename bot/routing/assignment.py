"""Assignment: who of those who are there gets a ticket that nobody has taken. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable


class Candidate(Struct, frozen=True, kw_only=True):
    """An agent who could be given a ticket."""

    id: str
    tickets: int
    """How many they work on."""
    capacity: int
    """How many they work on at a time, at most; positive."""


def fittest(candidates: Iterable[Candidate]) -> Candidate | None:
    """Return who has most room, as a share of what they take; None when nobody has any.

    Of several alike it is the first by id, so that every process decides the same.
    """
    free = [each for each in candidates if each.tickets < each.capacity]
    return min(free, key=lambda each: (each.tickets / each.capacity, each.id), default=None)
