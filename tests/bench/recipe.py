"""The intent model as scikit-learn would run it: the yardstick of our scorer, block by block."""

from __future__ import annotations

import itertools
import re

import numpy as np
from scipy.sparse import hstack
from sklearn.feature_extraction.text import TfidfVectorizer

from nlp.concepts import lexicon
from nlp.features import (
    _LONGEST_PIECE,
    CHARACTERS_WEIGHT,
    CONCEPT_PAIRS_WEIGHT,
    CONCEPTS_WEIGHT,
    normalise,
    words,
)
from nlp.language import HAN
from nlp.spelling import Speller

_HAN = re.compile(f"[{HAN}]")
_PIECE = re.compile(f"[^\\s{HAN}]+")


class Recipe:
    """The features of a model as four vectorizers, and its linear map over them."""

    def __init__(self, scorer):
        """Take the vocabulary and the weights of one of our scorers."""
        features = scorer.features
        self._lexicon = lexicon()
        self._known = set(features.word_grams)
        self._names = set(features.concepts)
        singles = [gram for gram in features.word_grams if " " not in gram]
        self._speller = Speller(singles, Speller(self._lexicon.words))
        options = {"sublinear_tf": True, "use_idf": False, "dtype": np.float32}
        blocks = [
            (1.0, self._grams, features.word_grams),
            (CHARACTERS_WEIGHT, self._characters, features.character_grams),
            (CONCEPTS_WEIGHT, self._concepts, features.concepts),
            (CONCEPT_PAIRS_WEIGHT, self._pairs, features.concept_pairs),
        ]
        self._char_wb = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5)).build_analyzer()
        self._blocks = [
            (weight, TfidfVectorizer(analyzer=of, vocabulary=list(names), **options).fit([""]))
            for weight, of, names in blocks
            if names
        ]
        # Fortran order, or scipy copies the whole matrix at each call.
        self._weights = np.asfortranarray(scorer.weights)
        self._intercept = scorer.intercept

    def margins(self, text):
        """Return the margins of a text, shape (classes,)."""
        blocks = [weight * block.transform([text]) for weight, block in self._blocks]
        return (hstack(blocks).tocsr() @ self._weights + self._intercept)[0]

    def _words(self, text):
        normal = normalise(text)
        if _HAN.search(normal) or not normal.isascii():
            return words(normal)
        return [self._spelt(word) for word in words(normal)]

    def _spelt(self, word):
        if word in self._known or self._lexicon.of_word(word):
            return word
        return self._speller.correct(word)

    def _grams(self, text):
        found = self._words(text)
        return [*found, *(f"{a} {b}" for a, b in itertools.pairwise(found))]

    def _characters(self, text):
        normal = normalise(text)
        pieces = normal.split()
        if _HAN.search(normal):
            pieces = [p for p in _PIECE.findall(normal) if re.search(r"\w", p)]
        return self._char_wb(" ".join(piece[:_LONGEST_PIECE] for piece in pieces))

    def _concepts(self, text):
        normal, found = normalise(text), self._words(text)
        spelt = [self._spelt(word) for word in words(_HAN.sub(" ", normal))]
        return [
            *(name for word in spelt for name in self._lexicon.of_word(word)),
            *self._lexicon.of_phrases(found),
            *self._lexicon.of_chinese(normal),
        ]

    def _pairs(self, text):
        meant = sorted(self._names.intersection(self._concepts(text)))
        return list(itertools.combinations(meant, 2)) if len(meant) <= 24 else []
