"""The word lists of the finders, from `data/words.txt`: `[name]`, then its words."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def _lists() -> dict[str, tuple[str, ...]]:
    lists: dict[str, tuple[str, ...]] = {}
    name = ""
    path = Path(__file__).parent / "data" / "words.txt"
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("["):
            name = line.strip("[]")
            lists[name] = ()
        elif not line.startswith("#"):
            lists[name] = (*lists[name], *line.split())
    return lists


def words(name: str) -> tuple[str, ...]:
    """Return the words of a list, in order."""
    return _lists()[name]
