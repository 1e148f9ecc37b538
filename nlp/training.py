"""Making a model folder out of a training set. Seeded: equal sets make equal files.

Order matters here. The intents come first; the needs and the knowledge curve are then fitted on
readings of texts that the reading model had not seen, for readings of its own training data are
all too sure.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import orjson
from msgspec import Struct
from msgspec.structs import replace

from nlp import intents, model_files, needs, seen, semantic
from nlp.errors import BadExamples, Fault
from nlp.knowledge import Curve, KnowledgeBase
from nlp.language import detect
from nlp.needs import OTHER, Conversation
from nlp.understanding import OUT_OF_SCOPE, Language

if TYPE_CHECKING:
    from nlp.examples import ArticleText, Example, TrainingSet
    from nlp.intents import Array, HeldOut, IntentModel, Reading
    from nlp.tagger import EntityTagger

Progress = Callable[[str, float], None]
"""Called with what is being done and the share of the work that is behind, in [0, 1]."""

_QUESTION_FOLDS = 5
_FEWEST_PAIRS = 50
"""Relevant (message, article) pairs under which the curve's defaults are better than a fit."""


class TrainingReport(Struct, frozen=True, kw_only=True):
    """What was made of what."""

    model_id: str
    folder: Path
    seconds: float
    examples: Mapping[Language, int]
    """In scope, by language."""
    out_of_scope: Mapping[Language, int]
    intents: int
    conversations: int
    articles: int
    accuracy: Mapping[Language, float]
    """Share of held-out messages in scope whose first guess is right, in [0, 1]."""


class _Rows(Struct, frozen=True):
    """The labelled messages as parallel columns."""

    texts: list[str]
    labels: list[str]
    languages: list[Language]


def train(
    training_set: TrainingSet, folder: Path, progress: Progress | None = None
) -> TrainingReport:
    """Train everything that the set has examples for, and put it in place of what was there.

    Args:
        training_set: What to learn from.
        folder: The model's place; its parent is made if need be.
        progress: Told of every step.

    Raises:
        BadExamples: there are fewer than two classes to tell apart.
        BadEncoder: the semantic tier cannot be had.
        NlpError: the folder holds something else than a model.
    """
    begun = time.perf_counter()
    model_files.check_replaceable(folder)
    tell = progress or (lambda _doing, _share: None)
    rows = _rows(training_set)
    fingerprint = training_set.fingerprint()
    tell("intents", 0.0)
    spec = training_set.semantic
    model, held_out = intents.fit(
        rows.texts,
        rows.labels,
        rows.languages,
        training_set.admitted_loss,
        None if spec is None else semantic.prepare(spec, rows.texts),
    )
    readings = _held_out_readings(model, held_out, rows)
    tell("needs", 0.7)
    need_model = _fit_needs(training_set, model, rows, readings)
    tell("entities", 0.8)
    tagger = _fit_tagger(training_set)
    tell("knowledge", 0.9)
    curve = _fit_curve(training_set.articles, model, rows, readings)
    tell("writing", 0.95)
    with model_files.replacing(folder, fingerprint) as fresh:
        model.save(fresh / "intents")
        if need_model is not None:
            need_model.save(fresh / "needs", model.scorer.features)
        if tagger is not None:
            tagger.save(fresh / "tagger")
        np.save(fresh / "seen.npy", seen.hashes(rows.texts), allow_pickle=False)
        knowledge = KnowledgeBase(training_set.articles, curve)
        (fresh / "knowledge.json").write_bytes(orjson.dumps(knowledge.to_json()))
        entities = training_set.entities
        parts = {
            "entities": None if entities is None else entities.to_json(),
            "tones": {kind: dict(by_language) for kind, by_language in training_set.tones.items()},
        }
        (fresh / "parts.json").write_bytes(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS))
    tell("done", 1.0)
    inside = [n for n, label in enumerate(rows.labels) if label != OUT_OF_SCOPE]
    return TrainingReport(
        model_id=model_files.model_id(fingerprint),
        folder=folder,
        seconds=time.perf_counter() - begun,
        examples=_count(rows.languages[n] for n in inside),
        out_of_scope=_count(
            language
            for language, label in zip(rows.languages, rows.labels, strict=True)
            if label == OUT_OF_SCOPE
        ),
        intents=len(model.intents),
        conversations=len(training_set.needs),
        articles=len(training_set.articles),
        accuracy=_accuracy(model, rows, readings),
    )


def _count(languages: Iterable[Language]) -> dict[Language, int]:
    return dict(sorted(Counter(languages).items()))


def _rows(training_set: TrainingSet) -> _Rows:
    """Return the examples as columns, languages detected where they are not given."""
    examples: tuple[Example, ...] = (*training_set.examples, *training_set.out_of_scope)
    labels = [e.intent for e in training_set.examples]
    labels += [OUT_OF_SCOPE] * len(training_set.out_of_scope)
    faulty = _unusable(Counter(labels), any_intent=bool(training_set.examples))
    if faulty is not None:
        code, message = faulty
        place = next((e.path for e in examples if e.path is not None), Path("examples"))
        raise BadExamples((Fault(path=place, line=1, code=code, message=message),))
    return _Rows(
        [e.text for e in examples], labels, [e.language or detect(e.text) for e in examples]
    )


def _unusable(counts: Counter[str], *, any_intent: bool) -> tuple[str, str] | None:
    """Return why nothing can be learned from classes of these sizes, as code and message."""
    if len(counts) < 2 or not any_intent:
        return "EX007", "there must be examples of at least two classes, one of them an intent"
    if sum(count > 1 for count in counts.values()) < 2:
        return "EX008", "at least two classes must have two examples or more"
    return None


def _held_out_readings(model: IntentModel, held_out: HeldOut, rows: _Rows) -> dict[int, Reading]:
    """Return the honest readings, by row of the training data."""
    return {
        int(row): model.reading(margins, familiar, model.calibrations[rows.languages[row]])
        for row, margins, familiar in zip(
            held_out.rows, held_out.margins, held_out.familiar.tolist(), strict=True
        )
    }


def _accuracy(
    model: IntentModel, rows: _Rows, readings: Mapping[int, Reading]
) -> dict[Language, float]:
    right: dict[Language, list[bool]] = defaultdict(list)
    for row, reading in readings.items():
        if rows.labels[row] != OUT_OF_SCOPE:
            guess = model.intents[int(reading.probabilities.argmax())]
            right[rows.languages[row]].append(guess == rows.labels[row])
    return {language: float(np.mean(some)) for language, some in sorted(right.items())}


def _fit_needs(
    training_set: TrainingSet, model: IntentModel, rows: _Rows, readings: Mapping[int, Reading]
) -> needs.NeedModel | None:
    """Train the needs, or return None when nothing says what a need is."""
    by_label = {OUT_OF_SCOPE: OTHER, **training_set.intent_needs}
    conversations = [
        Conversation(
            turns=example.turns,
            readings=tuple(model.read(turn, example.language) for turn in example.turns),
            category=example.category,
            language=example.language,
            whole=True,
        )
        for example in training_set.needs
    ]
    if training_set.intent_needs:
        conversations += [
            Conversation(
                turns=(rows.texts[row],),
                readings=(reading,),
                category=by_label[rows.labels[row]],
                language=rows.languages[row],
                whole=False,
            )
            for row, reading in sorted(readings.items())
            if rows.labels[row] in by_label
        ]
    if len({c.category for c in conversations}) < 2:
        return None
    features = model.scorer.features
    return needs.fit(conversations, features, model.intents, training_set.intent_needs)


def _fit_tagger(training_set: TrainingSet) -> EntityTagger | None:
    if not any(example.entities for example in training_set.examples):
        return None
    # Imported here: few sets have marked entities.
    from nlp import tagger

    return tagger.fit((*training_set.examples, *training_set.out_of_scope))


def _fit_curve(
    articles: tuple[ArticleText, ...],
    model: IntentModel,
    rows: _Rows,
    readings: Mapping[int, Reading],
) -> Curve:
    """Fit how sure a knowledge passage is: on the articles' own questions and held-out messages.

    A question is asked of articles that lack it. A message in scope should find an article of
    its intent; a message out of scope, none.
    """
    from sklearn.linear_model import LogisticRegression

    if not articles:
        return Curve()
    own = [*_own_questions(articles, model)]
    base = KnowledgeBase(articles, encode=model.vector)
    messages = []
    for row, reading in sorted(readings.items()):
        language = rows.languages[row]
        if language in base.languages:
            wanted = _Wanted(reading, intent=rows.labels[row])
            messages.append(_asked(base, model, rows.texts[row], language, wanted))
    truth = np.concatenate([relevant for _, relevant in (*own, *messages)])
    if truth.sum() < _FEWEST_PAIRS:
        return Curve()
    features = np.concatenate([some for some, _ in (*own, *messages)])
    sizes = [sum(len(relevant) for _, relevant in some) for some in (own, messages)]
    # Both count the same: the messages are many, but know of an article only by its intent.
    weights = np.repeat([1 / max(1, size) for size in sizes], sizes) * len(truth)
    fitted = LogisticRegression(C=10.0).fit(features, truth, sample_weight=weights)
    return Curve.of(fitted.coef_[0], float(fitted.intercept_[0]))


def _own_questions(
    articles: tuple[ArticleText, ...], model: IntentModel
) -> Iterator[tuple[Array, Array]]:
    """Ask each article's questions of articles that lack them."""
    for fold in range(_QUESTION_FOLDS):
        base = KnowledgeBase([_without(a, fold) for a in articles], encode=model.vector)
        for article in articles:
            for question in article.questions[fold::_QUESTION_FOLDS]:
                reading = model.read(question, article.language)
                wanted = _Wanted(reading, article_id=article.article_id)
                yield _asked(base, model, question, article.language, wanted)


def _asked(
    base: KnowledgeBase, model: IntentModel, text: str, language: Language, wanted: _Wanted
) -> tuple[Array, Array]:
    """Return the features of all articles, shape (articles, 6), and which of them are wanted."""
    reading = wanted.reading
    guesses = dict(zip(model.intents, reading.probabilities.tolist(), strict=True))
    known, features = base.features(text, language, guesses, reading.out_of_scope)
    return features, np.array([wanted.by(article) for article in known])


class _Wanted(Struct, frozen=True):
    """Which articles a text should find."""

    reading: Reading
    intent: str | None = None
    article_id: str | None = None

    def by(self, article: ArticleText) -> bool:
        """Say whether an article is wanted."""
        return article.article_id == self.article_id or self.intent in article.intents


def _without(article: ArticleText, fold: int) -> ArticleText:
    """Return an article without the questions that are asked in this fold."""
    kept = [q for n, q in enumerate(article.questions) if n % _QUESTION_FOLDS != fold]
    return replace(article, questions=tuple(kept))
