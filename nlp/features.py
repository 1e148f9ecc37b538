"""From text to sparse features: the same code in training and in serving, so they cannot differ.

Four blocks, each 1 + ln(count) and of one length: word 1-2-grams; character 2-5-grams inside
blank-separated pieces (scikit-learn's `char_wb`); the concepts of `concepts`; and pairs of concepts
that stand in one message, in any order. A Han character is a word of its own and takes no part in
the second block, so Chinese text gets character 1-2-grams, English text exactly what
`TfidfVectorizer` would give, and mixed text both. A word that nobody knows is read as the known
word one slip away, if there is one.

The per-call overhead of scikit-learn is 15-60 times the work itself; this module does the work
with a dict and a list. Customers repeat words, not messages: what a piece contributes is
remembered, which removes most look-ups.
"""

from __future__ import annotations

import itertools
import math
import re
import string
import unicodedata
from collections import Counter
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from nlp.concepts import lexicon
from nlp.language import HAN
from nlp.spelling import Speller

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from scipy.sparse import csr_matrix

LONGEST_TEXT = 5_000
"""Characters that are looked at; the chat takes 4,000, so only abuse is longer."""

CHARACTERS_WEIGHT = 1.5
"""Of the character block against the word block; +0.3 points over 1.0 on BANKING77 and HWU64."""

CONCEPTS_WEIGHT = 0.7
CONCEPT_PAIRS_WEIGHT = 0.5
"""Lighter than what is written: both are read into it. By messages of other hands."""

RAREST_PAIR = 3
"""In how many texts a pair of concepts must stand to be kept."""

_MOST_CONCEPTS = 24
"""Of one text that are paired; a long letter has them all, and their pairs say nothing."""

_SIZES = (2, 3, 4, 5)
_MOST_SHARED = 200
"""Words of a text whose values are remembered; those of a long letter fit no other text."""
_LONGEST_PIECE = 60
"""Characters of one piece; longer ones are links, keys and screaming."""
_MOST_REMEMBERED = 20_000
"""Pieces; some 10 MB, the vocabulary of a language in daily use."""

_CODE = re.compile(r"[a-z]{1,4}[0-9]{4,}[a-z0-9]*|[0-9]+[a-z]+[a-z0-9]*[0-9]{4}[a-z0-9]*|[0-9]{5,}")
"""Order, tracking and phone numbers: which kind it is may say what is wanted; which one, not."""
_CODES_DIGITS = re.compile("[0-9]{4}")
"""What each code has, and is looked for in a fraction of the time."""
_SHAPE = str.maketrans(
    string.ascii_lowercase + string.digits, "x" * len(string.ascii_lowercase) + "0" * 10
)
_HAN = re.compile(f"[{HAN}]")
_HAN_AND_MARKS = re.compile(f"\\W*[{HAN}][\\W{HAN}]*")
"""Most Chinese messages: without pieces, and each letter is a word."""
_PIECE = re.compile(f"[^\\s{HAN}]+")
_LATIN_WORD = re.compile(f"(?<![^\\W{HAN}])[A-Za-z]{{4,24}}(?![^\\W{HAN}])")
_WORDLY = re.compile(r"\w")
_WORD = re.compile(f"[{HAN}]|[^\\W{HAN}]+")

Gram = TypeVar("Gram")
Values = npt.NDArray[np.float32]
Rows = npt.NDArray[np.intp]

# By count; no row can come up more often than a text has characters, or twice that as a concept.
_DAMPED: Values = np.array(
    [0.0, *(1.0 + math.log(n) for n in range(1, 4 * LONGEST_TEXT))], np.float32
)

_Piece = tuple[tuple[str, ...], tuple[int, ...], tuple[int, ...]]
"""Its words, and the rows of its character n-grams and of its words' concepts."""


class Found(Struct, frozen=True):
    """What is known of a text."""

    rows: Rows
    """The rows of its features, shape (rows,), without repeats; empty when nothing is known."""
    values: Values
    """Their values, same shape: each block of unit length times its weight."""
    familiar: float
    """Share of its neighbouring words that have stood together in training, in [0, 1]."""


def normalise(text: str) -> str:
    """Return the text as the features see it: cut, width-folded, lower case, codes all alike."""
    text = text[:LONGEST_TEXT]
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).replace("’", "'")
    text = text.lower()
    return _CODE.sub(_code_shape, text) if _CODES_DIGITS.search(text) else text


def _code_shape(code: re.Match[str]) -> str:
    return code[0].translate(_SHAPE)


def _pieces(normal: str) -> list[str]:
    """Return what the character n-grams of a normalised text are made of."""
    if _HAN_AND_MARKS.fullmatch(normal):
        return []
    if normal.isascii() or not _HAN.search(normal):
        return normal.split()
    # Marks alone are no piece among Han characters: they would be all of the block.
    return [piece for piece in _PIECE.findall(normal) if _WORDLY.search(piece)]


def words(text: str) -> list[str]:
    """Return the words of a normalised text; each Han character is one."""
    return _WORD.findall(text)


def _character_grams(piece: str) -> list[str]:
    """Return all n-grams of a piece with a blank on either side, as `char_wb` does."""
    padded = f" {piece[:_LONGEST_PIECE]} "
    grams: list[str] = []
    for size in _SIZES:
        if len(padded) <= size:
            grams.append(padded)
            break
        grams.extend(padded[i : i + size] for i in range(len(padded) - size + 1))
    return grams


class Features:
    """A vocabulary, and the way from a text to its rows in it."""

    def __init__(
        self,
        word_grams: Sequence[str],
        character_grams: Sequence[str],
        concepts: Sequence[str] = (),
        concept_pairs: Sequence[tuple[str, str]] = (),
        *,
        spelling: bool = True,
    ) -> None:
        """Make features of a vocabulary.

        Args:
            word_grams: Words, and neighbours among them joined by a blank.
            character_grams: Character n-grams.
            concepts: Names of concepts.
            concept_pairs: Pairs of them, each in the order of `concepts`.
            spelling: Whether unknown words are read as the known word one slip away.
        """
        self.word_grams = tuple(word_grams)
        self.character_grams = tuple(character_grams)
        self.concepts = tuple(concepts)
        self.concept_pairs = tuple(concept_pairs)
        self._lexicon = lexicon()
        self._words = {gram: i for i, gram in enumerate(self.word_grams) if " " not in gram}
        pairs = ((gram.split(" "), i) for i, gram in enumerate(self.word_grams) if " " in gram)
        self._word_pairs: dict[tuple[int | None, int | None], int] = {
            (self._words[a], self._words[b]): i for (a, b), i in pairs
        }
        first = len(self.word_grams)
        self._characters = {gram: first + i for i, gram in enumerate(self.character_grams)}
        first += len(self.character_grams)
        self._concepts = {name: first + i for i, name in enumerate(self.concepts)}
        row = self._concepts.__getitem__
        first += len(self.concepts)
        self._concept_pairs = {
            (row(a), row(b)): first + i for i, (a, b) in enumerate(self.concept_pairs)
        }
        self._speller: Speller | None = None
        if spelling:
            self._speller = Speller(self._words, _lexicon_speller())
        self._remembered: dict[str, _Piece] = {}
        self._paired: dict[tuple[int, ...], list[int]] = {}

    @classmethod
    def fit(cls, texts: Iterable[str], *, rarest: int = 1) -> Features:
        """Return the features of these texts; vocabularies are sorted, so order is immaterial.

        Args:
            texts: What to learn from.
            rarest: In how many texts a word 2-gram or a character n-gram must stand to be kept.
        """
        known = lexicon()
        singles: set[str] = set()
        pairs: Counter[str] = Counter()
        grams: Counter[str] = Counter()
        concepts: set[str] = set()
        concept_pairs: Counter[tuple[str, str]] = Counter()
        of_piece, of_word = cache(_character_grams), cache(known.of_word)
        for text in texts:
            normal = normalise(text)
            found = words(normal)
            singles.update(found)
            pairs.update(set(map(" ".join, itertools.pairwise(found))))
            meant = {name for word in found for name in of_word(word)}
            meant.update(known.of_phrases(found), known.of_chinese(normal))
            concepts |= meant
            if len(meant) <= _MOST_CONCEPTS:
                concept_pairs.update(itertools.combinations(sorted(meant), 2))
            grams.update({gram for p in set(_pieces(normal)) for gram in of_piece(p)})
        kept = sorted(singles.union(_frequent(pairs, rarest)))
        return cls(
            kept,
            sorted(_frequent(grams, rarest)),
            sorted(concepts),
            sorted(_frequent(concept_pairs, RAREST_PAIR)),
        )

    def __len__(self) -> int:
        return (
            len(self.word_grams)
            + len(self.character_grams)
            + len(self.concepts)
            + len(self.concept_pairs)
        )

    @property
    def meaning(self) -> Rows:
        """The rows of words, their 2-grams and concepts: what is neither characters nor pairs."""
        first = len(self.word_grams)
        last = first + len(self.character_grams)
        return np.concatenate((np.arange(first), np.arange(last, last + len(self.concepts))))

    def find(self, text: str) -> Found:
        """Return what is known of a text."""
        normal = normalise(text)
        latin = normal.isascii()
        found: list[str] = []
        characters: list[int] = []
        senses: list[int] = []
        remembered = self._remembered
        pieces = _pieces(normal)
        for piece in pieces:
            known = remembered.get(piece) or self._learn(piece)
            found += known[0]
            characters += known[1]
            senses += known[2]
        if not latin:
            found = words(normal) if pieces else [*filter(str.isalpha, normal)]
        rows = [*map(self._words.get, found)]
        grams = [i for i in rows if i is not None]
        pairs = [i for i in map(self._word_pairs.get, itertools.pairwise(rows)) if i is not None]
        familiar = len(pairs) / (len(rows) - 1) if len(rows) > 1 else float(len(grams))
        grams += pairs
        named = self._lexicon.of_phrases(found) if pieces else []
        if not latin:
            named += self._lexicon.of_chinese(normal)
        if named:
            senses += [i for i in map(self._concepts.get, named) if i is not None]
        key = tuple(senses)
        paired = self._paired.get(key)
        if paired is None:
            paired = self._pair(key)
        distinct, values = _weighed(grams, characters, senses, paired)
        return Found(distinct, values, familiar)

    def rows(self, text: str) -> tuple[Rows, Values]:
        """Return the rows and values of `find`."""
        found = self.find(text)
        return found.rows, found.values

    def table(self, texts: Sequence[str]) -> tuple[csr_matrix, Values]:
        """Return the features of many texts.

        Returns:
            The values, float32 of shape (texts, features), and how familiar each text is, shape
            (texts,).
        """
        from scipy.sparse import csr_matrix  # takes a while, and serving needs none

        found = [self.find(text) for text in texts]
        ends = np.cumsum([0, *(len(some.rows) for some in found)])
        indices = np.concatenate([np.zeros(0, np.intp), *(some.rows for some in found)])
        values = np.concatenate([np.zeros(0, np.float32), *(some.values for some in found)])
        content = (values, indices.astype(np.int32), ends)
        matrix = csr_matrix(content, shape=(len(texts), len(self)))
        matrix.sort_indices()
        return matrix, np.array([some.familiar for some in found], np.float32)

    def to_json(self) -> dict[str, Any]:
        """Return the vocabulary."""
        return {
            "words": self.word_grams,
            "characters": self.character_grams,
            "concepts": self.concepts,
            "concept_pairs": self.concept_pairs,
            "spelling": self._speller is not None,
        }

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Features:
        """Return the features that `to_json` came from."""
        return cls(
            content["words"],
            content["characters"],
            content["concepts"],
            [(a, b) for a, b in content["concept_pairs"]],
            spelling=content["spelling"],
        )

    def _pair(self, senses: tuple[int, ...]) -> list[int]:
        """Return the rows of the pairs of concepts, and remember them; texts share their sets."""
        several = sorted(set(senses))
        paired: list[int] = []
        if 2 <= len(several) <= _MOST_CONCEPTS:
            known = map(self._concept_pairs.get, itertools.combinations(several, 2))
            paired = [i for i in known if i is not None]
        if len(self._paired) >= _MOST_REMEMBERED:
            self._paired.clear()
        self._paired[senses] = paired
        return paired

    def _learn(self, piece: str) -> _Piece:
        """Return what a piece without Han characters contributes, and remember it."""
        get, meant = self._characters.get, self._concepts.get
        found = [self._spelt(word) for word in words(piece)]
        grams = map(get, _character_grams(piece)) if self._characters else ()
        concepts = (meant(name) for word in found for name in self._lexicon.of_word(word))
        known = (
            tuple(found),
            tuple(i for i in grams if i is not None),
            tuple(i for i in concepts if i is not None),
        )
        if len(self._remembered) >= _MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered[piece] = known
        return known

    def spelt(self, text: str) -> str:
        """Return a text with its unknown words as the known ones that they were meant to be."""
        return _LATIN_WORD.sub(lambda word: self._respelt(word[0]), text)

    def _respelt(self, word: str) -> str:
        low = word.lower()
        better = self._spelt(low)
        return word if better == low else better

    def _spelt(self, word: str) -> str:
        """Return a word, or the known one that it was meant to be."""
        if self._speller is None or word in self._words or self._lexicon.of_word(word):
            return word
        return self._speller.correct(word)


@cache
def _lexicon_speller() -> Speller:
    """Return what corrects to the words of the lexicon; every vocabulary shares it."""
    return Speller(lexicon().words)


def _frequent(counts: Counter[Gram], rarest: int) -> list[Gram]:
    return [gram for gram, count in counts.items() if count >= rarest]


def _weighed(
    grams: list[int], characters: list[int], senses: list[int], paired: list[int]
) -> tuple[Rows, Values]:
    """Return the distinct rows of all blocks, and 1 + ln(count) scaled to the blocks' lengths."""
    if not characters and len(grams) <= _MOST_SHARED:  # as in most Chinese messages
        grams, often = _repeated_first(grams)
        senses, meant = _repeated_first(senses)
        rows = np.array(grams + senses + paired, np.intp)
        return rows, _shared(len(grams), often, len(senses), meant, len(paired))
    counts = Counter(grams + characters + senses + paired)  # in order: blocks stay together
    size = len(counts)
    values = _DAMPED.take(np.fromiter(counts.values(), np.intp, size))
    first, last = len(set(grams)), size - len(paired)
    middle = last - len(set(senses))
    _scale(values[:first], len(grams), 1.0)
    _scale(values[first:middle], len(characters), CHARACTERS_WEIGHT)
    _scale(values[middle:last], len(senses), CONCEPTS_WEIGHT)
    _scale(values[last:], len(paired), CONCEPT_PAIRS_WEIGHT)
    return np.fromiter(counts, np.intp, size), values


def _scale(block: Values, given: int, length: float) -> None:
    """Give a block of damped counts, of so many rows, this length."""
    if len(block) < given:
        block *= length / math.sqrt(block.dot(block))
    elif given:  # nothing in it comes twice
        block.fill(length / math.sqrt(given))


def _repeated_first(rows: list[int]) -> tuple[list[int], tuple[int, ...]]:
    """Return the distinct rows, those that come more than once first, and how often these do."""
    if len(set(rows)) == len(rows):
        return rows, ()
    counts = Counter(rows).most_common()
    return [row for row, _ in counts], tuple([count for _, count in counts if count > 1])


@lru_cache(maxsize=4_096)
def _shared(
    grams: int, often: tuple[int, ...], senses: int, meant: tuple[int, ...], paired: int
) -> Values:
    """Return the values of blocks of so many rows, the first of which come so often.

    However different they are, short texts share most of these.
    """
    values = np.ones(grams + senses + paired, np.float32)
    for start, size, counts, length in (
        (0, grams, often, 1.0),
        (grams, senses, meant, CONCEPTS_WEIGHT),
        (grams + senses, paired, (), CONCEPT_PAIRS_WEIGHT),
    ):
        block = values[start : start + size]
        block[: len(counts)] = _DAMPED.take(counts)
        _scale(block, size + len(counts), length)
    values.flags.writeable = False
    return values
