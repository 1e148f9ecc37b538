"""The known word that a misspelt one was meant to be, one slip away.

Character n-grams forgive a slip, but words and concepts do not, and neither does a block of
features that is scaled to unit length: what is left of it counts for what is lost. On BANKING77
with 5 % of the letters mistyped this is worth 3.5 points of accuracy, and nothing without.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from rapidfuzz.distance import OSA

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SHORTEST = 4
"""Letters of a word that is corrected; most shorter ones are one slip from another word."""
_LONGEST = 24


class Speller:
    """Known words, findable by what is left of them when a letter goes."""

    def __init__(self, words: Iterable[str], more: Speller | None = None) -> None:
        """Make a speller.

        Args:
            words: What is known, in lower case; what is not letters only is left out.
            more: Knows other words, which count as well.
        """
        found: dict[str, list[str]] = defaultdict(list)
        self.words = sorted({word for word in words if _is_word(word)})
        for word in self.words:
            for left in _without_a_letter(word):
                found[left].append(word)
        own = {left: tuple(some) for left, some in found.items()}
        self.found: tuple[dict[str, tuple[str, ...]], ...] = (own, *(more.found if more else ()))
        """Known words by what is left of them, or by themselves."""

    def correct(self, word: str) -> str:
        """Return the nearest known word, one letter changed, added, left out or swapped.

        The word itself comes back when it is too short or nothing is that near. Of several the
        one of the same length counts, then one that begins the same.
        """
        if not _is_word(word):
            return word
        near = {
            known
            for left in _without_a_letter(word)
            for found in self.found
            for known in found.get(left, ())
            if OSA.distance(word, known, score_cutoff=1) <= 1
        }
        if word in near:
            return word
        if not near:
            return word
        return min(near, key=lambda w: (len(w) != len(word), w[0] != word[0], w))


def _is_word(word: str) -> bool:
    return SHORTEST <= len(word) <= _LONGEST and word.isascii() and word.isalpha()


def _without_a_letter(word: str) -> Iterator[str]:
    yield word
    for n in range(len(word)):
        yield word[:n] + word[n + 1 :]
