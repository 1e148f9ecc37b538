"""How good a model is: on a file's held-out rows, or by cross-validation.

Everything is counted as the service would behave: a message in scope that is refused is wrong,
and so is an answer to one that is out of scope.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from nlp import intents, semantic
from nlp.evaluation import data_faults
from nlp.evaluation.comparison import Comparison, compare
from nlp.evaluation.figures import Report, Step
from nlp.evaluation.scoring import Answer, entity_scores, report
from nlp.examples import Example, TrainingSet
from nlp.language import detect
from nlp.understanding import OUT_OF_SCOPE, Entity, Language

if TYPE_CHECKING:
    from nlp.engine import Engine
    from nlp.intents import Reading

Progress = Callable[[str, float], None]

_CURVE = (0.25, 0.5, 0.75)
"""Shares of the training rows on the learning curve; all of them come from the folds."""


def evaluate(
    subject: TrainingSet | Engine,
    examples: Sequence[Example] | None = None,
    progress: Progress | None = None,
    against: Engine | None = None,
) -> Report:
    """Measure a training set by cross-validation, or a trained engine on examples.

    Args:
        subject: The training set; or an engine, which then needs examples.
        examples: The rows to score an engine on. When some say `test`, only those count.
        progress: Told of every step.
        against: Another engine, to be compared with on the same rows.

    Raises:
        ValueError: an engine came without examples.
    """
    tell = progress or (lambda _doing, _share: None)
    if isinstance(subject, TrainingSet):
        return _cross_validated(subject, tell)
    if not examples:
        raise ValueError("an engine is evaluated on examples, and there are none")
    tests = [e for e in examples if e.split == "test"] or list(examples)
    figures, answers = _held_out(subject, tests, tell)
    seen = subject.trained_on([e.text for e in tests])
    faults = (
        *data_faults.trained_on(tests, seen),
        *data_faults.in_examples(examples, sizes=any(e.split == "train" for e in examples)),
        *data_faults.too_alike(tests, figures.confusion),
    )
    comparison = None if against is None else _compared(answers, against, tests, tell)
    if sum(seen) > data_faults.MOST_SEEN * len(tests):
        figures = replace(figures, method="trained on these rows")
    return replace(figures, seen=sum(seen), data_faults=faults, comparison=comparison)


def _held_out(
    engine: Engine, examples: Sequence[Example], tell: Progress
) -> tuple[Report, list[Answer]]:
    """Score an engine as it would serve, clock running."""
    seconds: list[float] = []
    found: list[tuple[Entity, ...]] = []
    answers: list[Answer] = []
    for answer, entities, took in _understood(engine, examples, tell):
        answers.append(answer)
        found.append(entities)
        seconds.append(took)
    marked = [e.entities for e in examples]
    figures = report(
        "held-out",
        answers,
        frozenset(engine.intents),
        model_id=engine.model_id,
        median_us=float(np.median(seconds) * 1e6),
        entities=entity_scores(marked, found) if any(marked) else None,
    )
    return figures, answers


def _understood(
    engine: Engine, examples: Sequence[Example], tell: Progress
) -> Iterator[tuple[Answer, tuple[Entity, ...], float]]:
    """Yield what an engine makes of each example, its entities, and the seconds that it took."""
    now = datetime(2025, 1, 6, 9, tzinfo=UTC)  # any fixed moment: figures must not change by day
    for number, example in enumerate(examples):
        begun = time.perf_counter()
        seen = engine.understand(example.text, now=now, locale=example.language)
        took = time.perf_counter() - begun
        answer = Answer(
            example,
            example.language or seen.language,
            seen.ranking[0].intent,
            seen.probability,
            seen.out_of_scope,
            refused=seen.intent is None,
        )
        yield answer, seen.entities, took
        if number % 1000 == 0:
            tell("understanding", number / len(examples))


def _compared(
    answers: Sequence[Answer], other: Engine, examples: Sequence[Example], tell: Progress
) -> Comparison:
    theirs = [answer.right for answer, _, _ in _understood(other, examples, tell)]
    return compare([a.right for a in answers], theirs, other.model_id)


def _cross_validated(training_set: TrainingSet, tell: Progress) -> Report:
    """Score every row by a model, calibration included, that saw neither it nor its fold."""
    seconds: list[float] = []
    rows = [*training_set.examples, *training_set.out_of_scope]
    labels = np.array([e.intent for e in rows])
    languages = [e.language or detect(e.text) for e in rows]
    spec = training_set.semantic
    vectors = None if spec is None else semantic.prepare(spec, [e.text for e in rows])
    answers: list[Answer] = []
    folds = intents.stratified(labels, 5)
    steps = len(folds) + len(_CURVE)
    for number, (seen, unseen) in enumerate(folds):
        tell(f"fold {number + 1} of {len(folds)}", number / steps)
        model, _ = intents.fit(
            [rows[i].text for i in seen],
            labels[seen].tolist(),
            [languages[i] for i in seen],
            training_set.admitted_loss,
            vectors,
        )
        for i in unseen.tolist():
            begun = time.perf_counter()
            reading = model.read(rows[i].text, languages[i])
            seconds.append(time.perf_counter() - begun)
            answers.append(_answer(rows[i], languages[i], reading, model.intents))
    dense = None
    if vectors is not None:
        dense = semantic.matrix(vectors, [e.text for e in rows], languages)
    curve: list[Step] = []
    for number, share in enumerate(_CURVE):
        tell("learning curve", (len(folds) + number) / steps)
        curve.append(_step(share, rows, labels, dense, folds[0]))
    whole = [a for a in answers if a.inside]
    right = sum(a.guess == a.example.intent for a in whole)
    curve.append(
        Step(share=1.0, examples=len(folds[0][0]), first_guess=right / len(whole) if whole else 0)
    )
    figures = report(
        "cross-validation",
        answers,
        frozenset(e.intent for e in training_set.examples),
        median_us=float(np.median(seconds) * 1e6),
        curve=tuple(curve),
    )
    faults = (*data_faults.in_examples(rows), *data_faults.too_alike(rows, figures.confusion))
    return replace(figures, data_faults=faults)


def _step(
    share: float,
    rows: Sequence[Example],
    labels: npt.NDArray[Any],
    dense: npt.NDArray[np.float32] | None,
    fold: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]],
) -> Step:
    """Return what a share of the training rows of one fold gives on the rest."""
    seen, unseen = fold
    dice = np.random.default_rng(intents.SEED)
    part = np.concatenate(
        [
            dice.permutation(some)[: max(1, round(share * len(some)))]
            for some in (seen[labels[seen] == name] for name in np.unique(labels[seen]))
        ]
    )
    part.sort()
    asked = unseen[labels[unseen] != OUT_OF_SCOPE]
    guessed = intents.guesses(
        [rows[i].text for i in part],
        labels[part],
        [rows[i].text for i in asked],
        None if dense is None else (dense[part], dense[asked]),
    )
    return Step(
        share=share, examples=len(part), first_guess=float(np.mean(guessed == labels[asked]))
    )


def _answer(
    example: Example, language: Language, reading: Reading, names: tuple[str, ...]
) -> Answer:
    best = int(reading.probabilities.argmax())
    probability = float(reading.probabilities[best])
    return Answer(
        example, language, names[best], probability, reading.out_of_scope, reading.refused
    )
