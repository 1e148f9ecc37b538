"""Products by the names of the catalogue, misspellings included.

English: word by word, plural or not, with at most one slip in a word (two in a long one) and the
first letter right. Chinese: the longest name first, or a name with one homophone in it. A generic
word is a product only where the catalogue gives it as a name.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from rapidfuzz.distance import OSA

from nlp.entities.candidates import Candidate
from nlp.entities.lexicon import words
from nlp.entities.reading import FOLD, Reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nlp.entities.spec import CatalogueEntry

_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?", re.ASCII)
# Common words within one slip of the things that shops sell.
_REAL_WORDS = frozenset(words("catalogue.real_words"))


class Catalogue:
    """Finds products."""

    def __init__(self, products: tuple[CatalogueEntry, ...]) -> None:
        self._names: dict[tuple[str, ...], str] = {}
        """The id by the words of an English name, singular."""
        self._han: dict[str, list[tuple[str, str]]] = {}
        """Chinese names and their ids by the first character, the longest first."""
        self._pairs: dict[str, list[tuple[str, str, int]]] = {}
        """Names, ids and offsets by every two neighbouring characters of a Chinese name."""
        for product in products:
            for name in product.names:
                self._add(product.id, name.translate(FOLD).lower())
        for names in self._han.values():
            names.sort(key=lambda n: -len(n[0]))
        self._lengths = sorted({len(words) for words in self._names}, reverse=True)
        self._firsts = frozenset(words[0] for words in self._names)
        self._vocabulary = frozenset(word for words in self._names for word in words)
        self._glued = {"".join(words): words for words in self._names if len(words) > 1}
        self._right = self._vocabulary | frozenset(self._glued)
        self._slips = _slips(self._vocabulary | frozenset(self._glued))
        self._sounds = _sounds() if self._pairs else {}
        self._short = self._short_by_sound()
        self._han_firsts = frozenset(self._han)
        self._pair_keys = frozenset(self._pairs) | frozenset(self._short)
        self._memory: dict[str, tuple[str, ...]] = {}

    def _add(self, product: str, name: str) -> None:
        words = tuple(_singular(m[0]) for m in _WORD.finditer(name))
        if words and name.isascii():
            self._names.setdefault(words, product)
            return
        self._han.setdefault(name[0], []).append((name, product))
        for i in range(len(name) - 1):
            self._pairs.setdefault(name[i : i + 2], []).append((name, product, i))

    def find(self, reading: Reading) -> list[Candidate]:
        """Return every product; the value is its id."""
        found: list[Candidate] = []
        if reading.vocabulary and self._names:
            found += self._english(reading)
        if self._han and (reading.han or not reading.chars.isdisjoint(self._han_firsts)):
            exact = (
                [] if reading.chars.isdisjoint(self._han_firsts) else list(self._exact(reading.low))
            )
            found += exact
            if reading.han:
                found += self._by_sound(reading.low, exact)
        return found

    def _english(self, reading: Reading) -> Iterator[Candidate]:
        if not any(self._known(word) for word in reading.vocabulary):
            return
        words = reading.words
        known = [self._known(word.text) for word in words]
        i = 0
        while i < len(words):
            step = 1
            if known[i]:
                for length in self._lengths:
                    span = known[i : i + length]
                    match = self._match(reading, i, span, length)
                    if match is not None:
                        yield match[0]
                        step = match[1]
                        break
            i += step

    def _match(
        self, reading: Reading, i: int, span: list[tuple[str, ...]], length: int
    ) -> tuple[Candidate, int] | None:
        """Return the product whose name of this many words begins here, and how many it takes."""
        words: list[str] = []
        used = 0
        for group in span:
            if not group or len(words) + len(group) > length:
                break
            words += group
            used += 1
        name = tuple(words)
        product = self._names.get(name) if len(words) == length else None
        if product is None or not _side_by_side(reading, i, used):
            return None
        written = [word.text for word in reading.words[i : i + used]]
        if length == 1 and not self._sure_alone(written[0], words[0]):
            return None
        # One slip a name: "will share" is no wall shade.
        if length > 1 and sum(_singular(w) not in self._right for w in written) > 1:
            return None
        last = reading.words[i + used - 1]
        return Candidate("product", reading.words[i].start, last.end, product), used

    @staticmethod
    def _sure_alone(written: str, meant: str) -> bool:
        """A single word must be right, or long and no other word."""
        singular = _singular(written)
        return singular == meant or (len(meant) >= 6 and written not in _REAL_WORDS)

    def _known(self, word: str) -> tuple[str, ...]:
        """Return the words of the catalogue that a word stands for: one, several, or none."""
        meant = self._memory.get(word)
        if meant is None:
            # People use the same words again; 10,000 of them are about a megabyte.
            if len(self._memory) >= 10_000:
                self._memory.clear()
            meant = self._memory[word] = self._looked_up(word)
        return meant

    def _looked_up(self, word: str) -> tuple[str, ...]:
        singular = _singular(word)
        if singular in self._vocabulary:
            return (singular,)
        if singular in self._glued:
            return self._glued[singular]
        if len(word) < 4 or word[0].isdigit() or word in _REAL_WORDS or singular in _REAL_WORDS:
            return ()
        meant = self._corrected(singular)
        if meant is None:
            return ()
        return self._glued.get(meant, (meant,))

    def _corrected(self, word: str) -> str | None:
        slips = self._slips
        best = slips.get(word)
        if best is None:
            for i in range(1, len(word)):
                best = slips.get(word[:i] + word[i + 1 :])
                if best is not None:
                    break
        if best is None or best[0] != word[0]:
            return None
        # Endings make other words of the same stem, not slips: charged, charger.
        if best in self._glued and len(best) < 8:
            return None
        limit = 2 if len(best) >= 9 else 1
        if OSA.distance(word, best, score_cutoff=limit) > limit or _other_form(word, best):
            return None
        return best

    def _exact(self, low: str) -> Iterator[Candidate]:
        last = 0
        for i, c in enumerate(low):
            if i >= last and c in self._han_firsts:
                for name, product in self._han[c]:
                    if low.startswith(name, i):
                        last = i + len(name)
                        yield Candidate("product", i, last, product)
                        break

    def _by_sound(self, low: str, exact: list[Candidate]) -> Iterator[Candidate]:
        """Yield names with one homophone in them; two characters side by side must be right."""
        if self._pair_keys.isdisjoint(map(str.__add__, low, low[1:])):
            return
        covered = {i for c in exact for i in range(c.start, c.end)}
        for i in range(len(low) - 1):
            pair = low[i : i + 2]
            product = self._short.get(pair)
            if product is not None and covered.isdisjoint((i, i + 1)):
                yield Candidate("product", i, i + 2, product)
            for name, product, offset in self._pairs.get(pair, ()):
                start = i - offset
                end = start + len(name)
                if start < 0 or end > len(low) or not covered.isdisjoint(range(start, end)):
                    continue
                if self._sounds_like(low[start:end], name):
                    yield Candidate("product", start, end, product)

    def _short_by_sound(self) -> dict[str, str]:
        """Return ids by names of two characters with a homophone for the second."""
        return {
            name[0] + char: product
            for names in self._han.values()
            for name, product in names
            if len(name) == 2
            for char, sound in self._sounds.items()
            if sound == self._sounds.get(name[1]) and char != name[1]
        }

    def _sounds_like(self, written: str, name: str) -> bool:
        wrong = [(a, b) for a, b in zip(written, name, strict=True) if a != b]
        if len(wrong) != 1:
            return False
        first, second = (self._sounds.get(c) for c in wrong[0])
        return first is not None and first == second


def _singular(word: str) -> str:
    if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        if word.endswith("'s"):
            return word[:-2]
        if word.endswith("ies") and len(word) > 4:
            return word[:-3] + "y"
        if word.endswith(("shes", "ches", "xes", "sses")):
            return word[:-2]
        if word.endswith("lves"):
            return word[:-3] + "f"
        return word[:-1]
    return word


def _side_by_side(reading: Reading, first: int, count: int) -> bool:
    low, words = reading.low, reading.words
    return all(
        low[words[k].end : words[k + 1].start] in (" ", "-", "  ", " - ")
        for k in range(first, first + count - 1)
    )


def _slips(vocabulary: frozenset[str]) -> dict[str, str]:
    """Return words by themselves with one letter left out (the first letter never is)."""
    slips: dict[str, str] = {}
    for word in sorted(vocabulary):
        if len(word) >= 4 and not any(c.isdigit() for c in word):
            for i in range(1, len(word)):
                slips.setdefault(word[:i] + word[i + 1 :], word)
    return slips | {word: word for word in vocabulary}


_ENDINGS = ("ed", "er", "ers", "ing", "es", "s", "y", "d", "r", "e", "")


def _other_form(word: str, meant: str) -> bool:
    stem = 0
    while stem < min(len(word), len(meant)) and word[stem] == meant[stem]:
        stem += 1
    a, b = word[stem:], meant[stem:]
    return a != b and a in _ENDINGS and b in _ENDINGS


def _sounds() -> dict[str, str]:
    """Return the pinyin, with its tone, of the common characters."""
    path = Path(__file__).parent / "data" / "pinyin.txt"
    return {
        char: line.split("\t")[0]
        for line in path.read_text("utf-8").splitlines()
        if not line.startswith("#")
        for char in line.split("\t")[1]
    }
