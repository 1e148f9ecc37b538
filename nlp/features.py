"""From text to sparse features: the same code in training and in serving, so they cannot differ.

Three blocks, each 1 + ln(count) and of unit length: word 1-2-grams; character 2-5-grams inside
blank-separated pieces (scikit-learn's `char_wb`), weighed 1.5; and the concepts of `concepts`. A
Han character is a word of its own and takes no part in the second block, so Chinese text gets
character 1-2-grams, English text exactly what `TfidfVectorizer` would give, and mixed text both.

The per-call overhead of scikit-learn is 15-60 times the work itself; this module does the work
with a dict and a list. Customers repeat words, not messages: what a piece contributes is
remembered, which removes most look-ups.
"""

from __future__ import annotations

import itertools
import math
import re
import unicodedata
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nlp.concepts import lexicon
from nlp.language import HAN

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from scipy.sparse import csr_matrix

LONGEST_TEXT = 5_000
"""Characters that are looked at; the chat takes 4,000, so only abuse is longer."""

CHARACTERS_WEIGHT = 1.5
"""Of the character block against the word block; +0.3 points over 1.0 on BANKING77 and HWU64."""

_SIZES = (2, 3, 4, 5)
_LONGEST_PIECE = 60
"""Characters of one piece; longer ones are links, keys and screaming."""
_MOST_REMEMBERED = 20_000
"""Pieces; some 10 MB, the vocabulary of a language in daily use."""

_PIECE = re.compile(f"[^\\s{HAN}]+")
_WORD = re.compile(f"[{HAN}]|[^\\W{HAN}]+")

Values = npt.NDArray[np.float32]
Rows = npt.NDArray[np.intp]

# By count; no row can come up more often than a text has characters, or twice that as a concept.
_DAMPED: Values = np.array(
    [0.0, *(1.0 + math.log(n) for n in range(1, 4 * LONGEST_TEXT))], np.float32
)

_DAMPED_FEW: list[float] = _DAMPED.tolist()

_Piece = tuple[tuple[str, ...], tuple[int, ...], tuple[int, ...]]
"""Its words, and the rows of its character n-grams and of its words' concepts."""


def normalise(text: str) -> str:
    """Return the text as the features see it: cut, width-folded, lower case."""
    text = text[:LONGEST_TEXT]
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).replace("’", "'")
    return text.lower()


def words(text: str) -> list[str]:
    """Return the words of a normalised text; each Han character is one."""
    return _WORD.findall(text)


def _pairs(found: list[str]) -> list[str]:
    """Return the word 2-grams."""
    return list(map(" ".join, itertools.pairwise(found)))


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
    ) -> None:
        self.word_grams = tuple(word_grams)
        self.character_grams = tuple(character_grams)
        self.concepts = tuple(concepts)
        self._lexicon = lexicon()
        self._words = {gram: i for i, gram in enumerate(self.word_grams)}
        first = len(self.word_grams)
        self._characters = {gram: first + i for i, gram in enumerate(self.character_grams)}
        first += len(self.character_grams)
        self._concepts = {name: first + i for i, name in enumerate(self.concepts)}
        self._remembered: dict[str, _Piece] = {}

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
        of_piece = cache(_character_grams)
        for text in texts:
            normal = normalise(text)
            found = words(normal)
            beside = _pairs(found)
            singles.update(found)
            pairs.update(set(beside))
            concepts.update(known.of_phrases(found, beside))
            concepts.update(known.of_chinese(normal))
            grams.update({gram for p in set(_PIECE.findall(normal)) for gram in of_piece(p)})
        for word in singles:
            concepts.update(known.of_word(word))
        kept = sorted(singles.union(_frequent(pairs, rarest)))
        return cls(kept, sorted(_frequent(grams, rarest)), sorted(concepts))

    def __len__(self) -> int:
        return len(self.word_grams) + len(self.character_grams) + len(self.concepts)

    @property
    def meaning(self) -> Rows:
        """The rows of all that is not characters: words, their 2-grams, and concepts."""
        first = len(self.word_grams)
        last = first + len(self.character_grams)
        return np.concatenate((np.arange(first), np.arange(last, len(self))))

    def rows(self, text: str) -> tuple[Rows, Values]:
        """Return the known features of a text.

        Returns:
            Their row numbers, intp of shape (rows,) without repeats, and their values, float32 of
            the same shape: each block of unit length times its weight. Both are empty when nothing
            is known.
        """
        normal = normalise(text)
        latin = normal.isascii()
        found: list[str] = []
        characters: list[int] = []
        senses: list[int] = []
        remembered = self._remembered
        for piece in normal.split() if latin else _PIECE.findall(normal):
            known = remembered.get(piece) or self._learn(piece)
            found += known[0]
            characters += known[1]
            senses += known[2]
        if not latin:
            found = _WORD.findall(normal)
        pairs = _pairs(found)
        get = self._words.get
        grams = [i for gram in (*found, *pairs) if (i := get(gram)) is not None]
        named = self._lexicon.of_phrases(found, pairs)
        if not latin:
            named += self._lexicon.of_chinese(normal)
        if named:
            meant = self._concepts.get
            senses += [i for name in named if (i := meant(name)) is not None]
        return _weighed(grams, characters, senses)

    def matrix(self, texts: Sequence[str]) -> csr_matrix:
        """Return the features of many texts: float32 of shape (texts, features)."""
        from scipy.sparse import csr_matrix  # takes a while, and serving needs none

        rows = [self.rows(text) for text in texts]
        ends = np.cumsum([0, *(len(ids) for ids, _ in rows)])
        indices = np.concatenate([np.zeros(0, np.intp), *(ids for ids, _ in rows)])
        values = np.concatenate([np.zeros(0, np.float32), *(some for _, some in rows)])
        content = (values, indices.astype(np.int32), ends)
        matrix = csr_matrix(content, shape=(len(texts), len(self)))
        matrix.sort_indices()
        return matrix

    def to_json(self) -> dict[str, Any]:
        """Return the vocabulary."""
        return {
            "words": self.word_grams,
            "characters": self.character_grams,
            "concepts": self.concepts,
        }

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Features:
        """Return the features that `to_json` came from."""
        return cls(content["words"], content["characters"], content["concepts"])

    def _learn(self, piece: str) -> _Piece:
        """Return what a piece without Han characters contributes, and remember it."""
        get, meant = self._characters.get, self._concepts.get
        found = words(piece)
        grams = (get(gram) for gram in _character_grams(piece)) if self._characters else ()
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


def _frequent(counts: Counter[str], rarest: int) -> list[str]:
    return [gram for gram, count in counts.items() if count >= rarest]


def _weighed(grams: list[int], characters: list[int], senses: list[int]) -> tuple[Rows, Values]:
    """Return the distinct rows of all blocks, and 1 + ln(count) scaled to the blocks' lengths."""
    if not characters:
        return _weighed_few(grams, senses)
    counts = Counter(grams + characters + senses)  # in order of insertion: blocks stay together
    size = len(counts)
    values = _DAMPED.take(np.fromiter(counts.values(), np.intp, size))
    first, last = len(set(grams)), size - len(set(senses))
    for start, end, weight in (
        (0, first, 1.0),
        (first, last, CHARACTERS_WEIGHT),
        (last, size, 1.0),
    ):
        if start < end:
            block = values[start:end]
            block *= weight / math.sqrt(block.dot(block))
    return np.fromiter(counts, np.intp, size), values


def _weighed_few(grams: list[int], senses: list[int]) -> tuple[Rows, Values]:
    """Do the same where there is little: numpy's calls would take longer than the work."""
    ids: list[int] = []
    values: list[float] = []
    for block in filter(None, (grams, senses)):
        counts = Counter(block)
        ids += counts
        if len(counts) == len(block):
            values += [1 / math.sqrt(len(block))] * len(block)
            continue
        damped = [_DAMPED_FEW[n] for n in counts.values()]
        length = math.sqrt(math.fsum(x * x for x in damped))
        values += [x / length for x in damped]
    return np.array(ids, np.intp), np.array(values, np.float32)


class LinearScorer:
    """A linear model served from a dict and one matrix: equal to scikit-learn's, and much faster.

    Attributes:
        features: What the rows mean.
        weights: float32 of shape (features, classes), C-contiguous, a row per n-gram.
        intercept: float32 of shape (classes,).
        dense: float32 of shape (width, classes): the weights of a sentence's vector, if any.
    """

    def __init__(
        self,
        features: Features,
        weights: npt.NDArray[np.float32],
        intercept: npt.NDArray[np.float32],
        dense: npt.NDArray[np.float32] | None = None,
    ) -> None:
        self.features = features
        self.weights = np.ascontiguousarray(weights, np.float32)
        self.intercept = np.asarray(intercept, np.float32)
        self.dense = None if dense is None else np.ascontiguousarray(dense, np.float32)

    def scores(
        self, rows: Rows, values: Values, vector: Values | None = None
    ) -> npt.NDArray[np.float32]:
        """Return the margins of a text, of shape (classes,).

        Args:
            rows: What `features.rows` found in it.
            values: The same.
            vector: The sentence's vector, shape (width,), where the model has weights for it.
        """
        if not len(rows):
            return self.intercept
        margins: Values = values @ self.weights.take(rows, 0)
        margins += self.intercept
        if vector is not None and self.dense is not None:
            margins += vector @ self.dense
        return margins
