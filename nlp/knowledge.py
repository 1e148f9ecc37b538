"""Finding the passage of the knowledge base that answers a message.

Articles are few and short, so the index is small and exact: BM25 over title, known questions and
body, the likeness to the best of the known questions, and how far the intent that was understood
is one that the article answers; with a semantic tier also how near it comes to one of the questions
in meaning. A logistic curve over these, fitted when the model is trained, gives the probability
that the article is the answer; who asks decides how sure is sure enough.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import asdict

from nlp.concepts import lexicon
from nlp.examples import ArticleText
from nlp.features import normalise, words
from nlp.understanding import Language  # noqa: TC001 - msgspec decodes passages by it

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from nlp.semantic import Vectors

    Encode = Callable[[str, Language], Vectors | None]

Array = npt.NDArray[np.float64]

# Standard BM25: how soon repeats stop counting, and how far long articles are held back.
_K1, _B = 1.2, 0.6
_TITLE, _QUESTION, _BODY = 3.0, 2.0, 1.0
"""Weight of a term by where it stands."""
_CLEARLY_BETTER = 1.5
"""How many times better a later paragraph must fit than the first, which carries the answer."""
_QUESTION_SHARE = 0.5
"""Of a term of the likest known question against one of the message, in choosing a paragraph: who
asks for the "carrier" is answered where "UPS" stands, if a known question has both."""
_ALIKE = 0.27
"""Cosine from which a known question is like the message at all; a word that no article has counts
against it, a pair of Han characters does not."""
_MOST_PASSAGES = 3
_LEAST_PROBABILITY = 0.05
"""Of a passage that may answer; nobody is shown one of less, and it is not looked up."""

_STOP_WORDS = (
    "a an the i my me you your it its is are was be do does did to of in on at for and or if "
    "so can could would will have has had with this that there what how when where please hi "
    "hello am we our from us"
)
_STOP_CHARACTERS = (
    "的了吗呢吧啊呀嘛你我您他她它们是有在都也就还和与请问这那什么怎样哪可以能会要想把被给个"
)
_STOP = frozenset([*_STOP_WORDS.split(), *_STOP_CHARACTERS])
_SUFFIXES = (
    "ations",
    "ation",
    "ments",
    "ment",
    "ings",
    "ing",
    "ers",
    "ies",
    "ied",
    "es",
    "ed",
    "er",
    "ly",
    "s",
    "e",
    "y",
)
_SHORTEST_STEM = 3


class Passage(Struct, frozen=True, kw_only=True):
    """A piece of the knowledge base that may answer a message."""

    article_id: str
    title: str
    text: str
    """One paragraph of the article."""
    probability: float
    """That the article answers the message, in [0, 1]."""
    language: Language


class Curve(Struct, frozen=True, kw_only=True):
    """Log-odds per unit of each feature of a (message, article) pair."""

    coverage: float = 2.5
    question: float = 4.0
    intent: float = 2.5
    out_of_scope: float = -2.0
    rank: float = 1.0
    meaning: float = 0.0
    intercept: float = -5.0

    @classmethod
    def of(cls, slopes: Array, intercept: float) -> Curve:
        """Return the curve of fitted slopes, in the order of the fields."""
        coverage, question, intent, out_of_scope, rank, meaning = map(float, slopes)
        return cls(
            coverage=coverage,
            question=question,
            intent=intent,
            out_of_scope=out_of_scope,
            rank=rank,
            meaning=meaning,
            intercept=intercept,
        )

    def odds(self, features: Array) -> Array:
        """Return the log-odds of features of shape (articles, 6)."""
        slopes = np.array(
            [
                self.coverage,
                self.question,
                self.intent,
                self.out_of_scope,
                self.rank,
                self.meaning,
            ]
        )
        return np.asarray(features @ slopes + self.intercept)


def terms(text: str) -> list[str]:
    """Return the terms of a text: stems of words, Han characters and their pairs."""
    return _said(words(normalise(text)))


def _all_terms(text: str) -> list[str]:
    """Return the terms of a text and its concepts; the concept `~refund` is not the word."""
    normal, known = normalise(text), lexicon()
    found = words(normal)
    meant = [name for word in found for name in known.of_word(word)]
    meant += known.of_phrases(found)
    if not normal.isascii():
        meant += known.of_chinese(normal)
    return _said(found) + [f"~{name}" for name in meant]


def _said(found: Sequence[str]) -> list[str]:
    singles = [_stem(w) for w in found if w not in _STOP]
    pairs = [
        a + b
        for a, b in itertools.pairwise(found)
        if _is_han(a) and _is_han(b) and not (a in _STOP and b in _STOP)
    ]
    return singles + pairs


def _is_han(word: str) -> bool:
    return len(word) == 1 and word >= "\u3400"


@lru_cache(20_000)
def _stem(word: str) -> str:
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= _SHORTEST_STEM:
            return word[: -len(suffix)]
    return word


def paragraphs(body: str) -> tuple[str, ...]:
    """Return the paragraphs of a body."""
    return tuple(p.strip() for p in body.split("\n\n") if p.strip()) or (body.strip(),)


class _Index:
    """The articles of one language."""

    def __init__(self, articles: Sequence[ArticleText], language: Language, encode: Encode) -> None:
        self.articles = tuple(articles)
        self.paragraphs = [paragraphs(a.body) for a in self.articles]
        bags = [_bag(a) for a in self.articles]
        lengths = np.array([sum(b.values()) for b in bags])
        frequency = Counter(term for bag in bags for term in bag)
        self.rarity = {
            term: math.log(1 + (len(bags) - n + 0.5) / (n + 0.5)) for term, n in frequency.items()
        }
        self.unknown = math.log(1 + 2 * len(bags))
        self.row = {term: i for i, term in enumerate(sorted(frequency))}
        # Dense, terms x articles: a shop's hundred articles are a few megabytes.
        self.weights = np.zeros((len(self.row), len(bags)), np.float32)
        self.holds = np.zeros_like(self.weights)
        for column, bag in enumerate(bags):
            held_back = _K1 * (1 - _B + _B * lengths[column] / lengths.mean())
            for term, count in bag.items():
                rarity = self.rarity[term]
                row = self.row[term]
                self.weights[row, column] = rarity * count * (_K1 + 1) / (count + held_back)
                self.holds[row, column] = rarity
        self.fits = [[frozenset(terms(p)) for p in some] for some in self.paragraphs]
        self.intents = sorted({name for a in self.articles for name in a.intents})
        self.answers = np.array(
            [[float(i in a.intents) for i in self.intents] for a in self.articles]
        )
        self._index_questions()
        vectors = [encode(q, language) for a in self.articles for q in (a.title, *a.questions)]
        known = [vector for vector in vectors if vector is not None]
        self.vectors = np.array(known) if len(known) == len(vectors) else None

    def _index_questions(self) -> None:
        """Make, by term, the questions it is in and what it adds to their cosine."""
        self.first: list[int] = []  # of the questions of each article
        self.known_questions: list[list[tuple[frozenset[str], float]]] = []  # terms and length
        postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
        count = 0
        for article in self.articles:
            self.first.append(count)
            self.known_questions.append([])
            for question in (article.title, *article.questions):
                vector = {t: self.rarity[t] for t in dict.fromkeys(_all_terms(question))}
                length = math.sqrt(math.fsum(w * w for w in vector.values()))
                said = {t: w for t, w in vector.items() if t[0] != "~"}
                own = math.sqrt(math.fsum(w * w for w in said.values()))
                self.known_questions[-1].append((frozenset(said), own))
                for term, weight in vector.items():
                    postings[term].append((count, weight * weight / length))
                count += 1
        self.questions = count
        self.asked = {
            term: (np.array([q for q, _ in some]), np.array([w for _, w in some]))
            for term, some in postings.items()
        }

    def features(
        self,
        asked: Sequence[str],
        intents: Mapping[str, float],
        out_of_scope: float,
        vector: Vectors | None,
    ) -> Array:
        """Return shape (articles, 6), in the order of `Curve`'s slopes, each about in [0, 1]."""
        known = [t for t in asked if t in self.row]
        rarity = [self.rarity.get(t, self.unknown) for t in asked]
        features = np.zeros((len(self.articles), 6))
        features[:, 2] = self.answers @ [intents.get(name, 0.0) for name in self.intents]
        features[:, 3] = out_of_scope
        if vector is not None and self.vectors is not None:
            features[:, 5] = np.maximum.reduceat(self.vectors @ vector, self.first)
        if known:
            rows = [self.row[t] for t in known]
            features[:, 0] = np.add.reduce(self.holds.take(rows, 0)) / math.fsum(rarity)
            scores = np.add.reduce(self.weights.take(rows, 0))
            features[:, 4] = scores / scores.max()
            features[:, 1] = self._likeness(known, math.sqrt(math.fsum(r * r for r in rarity)))
        return features

    def _likeness(self, known: Sequence[str], length: float) -> Array:
        """Return the cosine to the most similar question of each article, shape (articles,)."""
        some = [self.asked[t] for t in known if t in self.asked]
        if not some:
            return np.zeros(len(self.articles))
        products = np.bincount(
            np.concatenate([q for q, _ in some]),
            np.concatenate([w for _, w in some]),
            self.questions,
        )
        return np.maximum.reduceat(products, self.first) / length

    def passage(self, column: int, asked: Sequence[str]) -> str:
        """Return the first paragraph, unless another fits clearly better."""
        if len(self.paragraphs[column]) == 1:
            return self.paragraphs[column][0]
        # An article is all about its concepts; where in it the answer stands, the words say.
        asked = [t for t in asked if t[0] != "~"]
        rarity = self.rarity
        weights = {t: rarity[t] for t in asked if t in rarity}
        for term in self._likest_question(column, asked):
            weights.setdefault(term, _QUESTION_SHARE * rarity[term])
        fits = [
            math.fsum(map(weights.__getitem__, weights.keys() & paragraph))
            for paragraph in self.fits[column]
        ]
        best = max(range(len(fits)), key=fits.__getitem__)
        return self.paragraphs[column][best if fits[best] > _CLEARLY_BETTER * fits[0] else 0]

    def _likest_question(self, column: int, asked: Sequence[str]) -> frozenset[str]:
        """Return the terms of the article's question that is likest to these; none if none is."""
        rarity, terms_of = self.rarity, frozenset(asked)
        likest, likeness = frozenset[str](), 0.0
        for question, length in self.known_questions[column]:
            both = question & terms_of
            shared = math.fsum(rarity[t] ** 2 for t in both)
            if shared > likeness * length and len(both) > 1:
                likest, likeness = question, shared / length
        whole = math.sqrt(
            math.fsum(rarity.get(t, self.unknown) ** 2 for t in asked if t in rarity or t.isascii())
        )
        return likest if likeness >= _ALIKE * whole else frozenset()


def _bag(article: ArticleText) -> Counter[str]:
    bag: Counter[str] = Counter()
    for text, weight in (
        (article.title, _TITLE),
        *((q, _QUESTION) for q in article.questions),
        (article.body, _BODY),
    ):
        for term in _all_terms(text):
            bag[term] += weight  # type: ignore[assignment]  # a Counter of weights is as good
    return bag


class KnowledgeBase:
    """All articles, by language."""

    def __init__(
        self,
        articles: Sequence[ArticleText],
        curve: Curve | None = None,
        encode: Encode | None = None,
    ) -> None:
        """Make a knowledge base.

        Args:
            articles: In any order and language.
            curve: As it was fitted.
            encode: Gives a text's vector, or None; the semantic tier, if there is one.
        """
        self.articles = tuple(articles)
        self.curve = curve or Curve()
        self._encode = encode or (lambda _text, _language: None)
        by_language: dict[Language, list[ArticleText]] = defaultdict(list)
        for article in articles:
            by_language[article.language].append(article)
        self._indexes = {
            language: _Index(some, language, self._encode) for language, some in by_language.items()
        }

    @property
    def languages(self) -> frozenset[Language]:
        """The languages that have articles."""
        return frozenset(self._indexes)

    def passages(
        self,
        text: str,
        language: Language,
        intents: Mapping[str, float],
        out_of_scope: float,
    ) -> tuple[Passage, ...]:
        """Return the best passages, most probable first; none may be good enough.

        Args:
            text: The message.
            language: Whose articles to search.
            intents: Probability of each intent.
            out_of_scope: Probability that nothing in scope is meant.
        """
        index = self._indexes.get(language)
        asked = list(dict.fromkeys(_all_terms(text)))
        if index is None or not asked:
            return ()
        vector = self._encode(text, language)
        odds = self.curve.odds(index.features(asked, intents, out_of_scope, vector))
        best = np.argsort(-odds, kind="stable")[:_MOST_PASSAGES]
        probabilities = 1 / (1 + np.exp(-odds[best]))
        return tuple(
            Passage(
                article_id=index.articles[column].article_id,
                title=index.articles[column].title,
                text=index.passage(column, asked),
                probability=probability,
                language=language,
            )
            for column, probability in zip(best.tolist(), probabilities.tolist(), strict=True)
            if probability >= _LEAST_PROBABILITY
        )

    def features(
        self, text: str, language: Language, intents: Mapping[str, float], out_of_scope: float
    ) -> tuple[tuple[ArticleText, ...], Array]:
        """Return the language's articles and their features, shape (articles, 6), for fitting."""
        index = self._indexes[language]
        asked = list(dict.fromkeys(_all_terms(text)))
        vector = self._encode(text, language)
        return index.articles, index.features(asked, intents, out_of_scope, vector)

    def to_json(self) -> dict[str, Any]:
        """Return the articles and the curve; the index is made anew."""
        return {"articles": [asdict(a) for a in self.articles], "curve": asdict(self.curve)}

    @classmethod
    def from_json(
        cls,
        content: dict[str, Any],
        encode: Encode | None = None,
    ) -> KnowledgeBase:
        """Return the knowledge base that `to_json` came from."""
        articles = [
            ArticleText(**{**a, "questions": tuple(a["questions"]), "intents": tuple(a["intents"])})
            for a in content["articles"]
        ]
        return cls(articles, Curve(**content["curve"]), encode)
