"""Products by the names of the catalogue, misspellings included.

English: word by word, plural or not, with at most one slip in a word (two in a long one), or
written as it sounds (lite, headfones), and the first letter right. Chinese: the longest name first,
or a name with one homophone or look-alike in it. A generic word is a product only where the
catalogue gives it as a name.
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
# Chinese words that sound like a name of two characters: 脱鞋.
_REAL_PAIRS = frozenset(words("catalogue.real_pairs"))
# Characters taken for each other by eye, and 机 for 器; each string is one group.
_SHAPES = {char: frozenset(group) - {char} for group in words("catalogue.shapes") for char in group}
# They follow a name as words of their own: 咖啡几杯, 保温被. Only the very same tone is a slip.
_OWN_WORDS = frozenset(
    "几及即既寄记急集被背北过国果等今进近紧尽弹谈探点店电一以已意办半班户互护去期起其连脸"
)


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
        self._spoken = _spoken(self._right)
        self._sounds = _sounds() if self._pairs else {}
        self._alike = self._alike_by_sound()
        self._short = self._short_by_sound()
        self._add_middles()
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
        if used == 1 and not self._sure_alone(written[0], "".join(words)):
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
        return meant in (singular, written) or (
            len(meant) >= 6
            and written not in _REAL_WORDS
            # Endings make other words of the same stem, not slips: charged, charger.
            and not _other_form(singular, meant)
        )

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
        meant = self._corrected(singular) or self._corrected(word)
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
            return self._spoken.get(_sound(word))
        if best in self._glued and len(best) < 8:
            return None
        limit = 2 if len(best) >= 9 else 1
        if OSA.distance(word, best, score_cutoff=limit) > limit:
            return self._spoken.get(_sound(word))
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
        """Yield names with one character wrong; two characters side by side must be right."""
        if self._pair_keys.isdisjoint(map(str.__add__, low, low[1:])):
            return
        for i in range(len(low) - 1):
            pair = low[i : i + 2]
            product = self._short.get(pair)
            if product is not None and not _covered(exact, i, i + 2):
                yield Candidate("product", i, i + 2, product)
            for name, product, offset in self._pairs.get(pair, ()):
                start = i - offset
                end = start + len(name)
                if start < 0 or end > len(low) or not self._sounds_like(low[start:end], name):
                    continue
                if not _covered(exact, start, end):
                    yield Candidate("product", start, end, product)

    def _alike_by_sound(self) -> dict[str, frozenset[str]]:
        """Return the characters that may be written for another, tones aside."""
        groups: dict[str, set[str]] = {}
        for char, sound in self._sounds.items():
            groups.setdefault(sound[:-1], set()).add(char)
        return {
            char: frozenset(groups[sound[:-1]]) - {char} | _SHAPES.get(char, frozenset())
            for char, sound in self._sounds.items()
        }

    def _short_by_sound(self) -> dict[str, str]:
        """Return ids by names of two characters with one of them wrong, the tone right."""
        short: dict[str, str] = {}
        for names in self._han.values():
            for name, product in names:
                if len(name) != 2:
                    continue
                for at in (0, 1):
                    for char in self._alike.get(name[at], ()):
                        if self._same(char, name[at], tone=True):
                            pair = name[:at] + char + name[at + 1 :]
                            short.setdefault(pair, product)
        return {pair: product for pair, product in short.items() if pair not in _REAL_PAIRS}

    def _add_middles(self) -> None:
        """Let names of three characters also be found by a wrong one in the middle."""
        for names in self._han.values():
            for name, product in names:
                if len(name) == 3:
                    for char in self._alike.get(name[1], ()):
                        self._pairs.setdefault(name[0] + char, []).append((name, product, 0))

    def _same(self, written: str, meant: str, *, tone: bool) -> bool:
        if written in _SHAPES.get(meant, ()):
            return True
        first, second = self._sounds.get(written), self._sounds.get(meant)
        if first is None or second is None:
            return False
        return first == second or (
            not tone and first[:-1] == second[:-1] and written not in _OWN_WORDS
        )

    def _sounds_like(self, written: str, name: str) -> bool:
        at = 0
        while at < len(name) and written[at] == name[at]:
            at += 1
        # Exactly one is wrong. 少水壶 lacks one, it is no 烧水壶: the first keeps its tone.
        return (
            at < len(name)
            and written[at + 1 :] == name[at + 1 :]
            and self._same(written[at], name[at], tone=at == 0)
        )


def _covered(exact: list[Candidate], start: int, end: int) -> bool:
    """Tell whether a span is no more than a product found, or reaches only into one."""
    return any(
        c.start < end
        and start < c.end
        and (c.start < start or end < c.end or c.end - c.start == end - start)
        for c in exact
    )


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


_SPELLINGS = (
    (re.compile("ph"), "f"),
    (re.compile("igh"), "i"),
    (re.compile("ck|c(?=[aoulrtk])|q"), "k"),
    (re.compile("c(?=[eiy])|z"), "s"),
    (re.compile(r"(.)\1"), r"\1"),
    (re.compile("(?<=.)(?:ie|ei|ee|ea|y)"), "i"),
    (re.compile("[eo]r$|re$"), "r"),
    (re.compile("e$|(?<=[a-z])e(?=[lr]$)"), ""),
)


def _sound(word: str) -> str:
    """Return roughly how an English word sounds: "light" and "lite" are both "lit"."""
    for pattern, spelling in _SPELLINGS:
        word = pattern.sub(spelling, word)
    return word


def _spoken(vocabulary: frozenset[str]) -> dict[str, str]:
    """Return words of five letters and more by their sound."""
    return {_sound(word): word for word in sorted(vocabulary) if len(word) >= 5 and word.isalpha()}


_ENDINGS = ("ed", "er", "ers", "ing", "es", "s", "y", "d", "r", "e", "")


def _other_form(word: str, meant: str) -> bool:
    stem = 0
    while stem < min(len(word), len(meant)) and word[stem] == meant[stem]:
        stem += 1
    a, b = word[stem:], meant[stem:]
    # "Blendr" and "thermoss" are no words: no ending goes on so.
    if a and (a == word[stem - 1] or (a in ("d", "r") and word[stem - 1] != "e")):
        return False
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
