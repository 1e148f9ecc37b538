"""How good a model is, in figures: on a file's held-out rows, or by cross-validation.

Everything is counted as the service would behave: a message in scope that is refused is wrong,
and so is an answer to one that is out of scope.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct

from nlp import intents
from nlp.evaluation_figures import Bin, Confusion, Mistake, Report, Scores, Trade
from nlp.examples import Example, TrainingSet
from nlp.language import detect
from nlp.understanding import OUT_OF_SCOPE, Entity, Language

if TYPE_CHECKING:
    from nlp.engine import Engine
    from nlp.intents import Reading

Progress = Callable[[str, float], None]

__all__ = ["Report", "evaluate"]

_BINS = 10
_BANDS = tuple(n / 20 for n in range(20))
"""Probabilities from which the bot might answer, for coverage against correctness."""
_MOST_PAIRS = 30
_MOST_ERRORS = 500
"""Errors listed; a page of more is read by nobody."""


class _Answer(Struct, frozen=True):
    """One message with what was made of it."""

    example: Example
    language: Language
    guess: str
    probability: float
    out_of_scope: float
    refused: bool

    @property
    def got(self) -> str:
        return OUT_OF_SCOPE if self.refused else self.guess

    @property
    def inside(self) -> bool:
        return self.example.intent != OUT_OF_SCOPE


def evaluate(
    subject: TrainingSet | Engine,
    examples: Sequence[Example] | None = None,
    progress: Progress | None = None,
) -> Report:
    """Measure a training set by cross-validation, or a trained engine on examples.

    Args:
        subject: The training set; or an engine, which then needs examples.
        examples: The rows to score an engine on. When some say `test`, only those count.
        progress: Told of every step.

    Raises:
        ValueError: an engine came without examples.
    """
    tell = progress or (lambda _doing, _share: None)
    if isinstance(subject, TrainingSet):
        answers, us = _cross_validate(subject, tell)
        names = frozenset(e.intent for e in subject.examples)
        return _report("cross-validation", answers, names, median_us=us)
    if not examples:
        raise ValueError("an engine is evaluated on examples, and there are none")
    tests = [e for e in examples if e.split == "test"] or list(examples)
    return _held_out(subject, tests, tell)


def _held_out(engine: Engine, examples: Sequence[Example], tell: Progress) -> Report:
    """Score an engine as it would serve, clock running."""
    now = datetime(2025, 1, 6, 9, tzinfo=UTC)  # any fixed moment: figures must not change by day
    answers: list[_Answer] = []
    seconds: list[float] = []
    found: list[tuple[Entity, ...]] = []
    for number, example in enumerate(examples):
        begun = time.perf_counter()
        seen = engine.understand(example.text, now=now, locale=example.language)
        seconds.append(time.perf_counter() - begun)
        found.append(seen.entities)
        answers.append(
            _Answer(
                example,
                example.language or seen.language,
                seen.ranking[0].intent,
                seen.probability,
                seen.out_of_scope,
                refused=seen.intent is None,
            )
        )
        if number % 1000 == 0:
            tell("understanding", number / len(examples))
    marked = [e.entities for e in examples]
    return _report(
        "held-out",
        answers,
        frozenset(engine.intents),
        model_id=engine.model_id,
        median_us=float(np.median(seconds) * 1e6),
        entities=_entity_scores(marked, found) if any(marked) else None,
    )


def _cross_validate(training_set: TrainingSet, tell: Progress) -> tuple[list[_Answer], float]:
    """Score every row by a model, calibration included, that saw neither it nor its fold."""
    seconds: list[float] = []
    rows = [*training_set.examples, *training_set.out_of_scope]
    labels = np.array([e.intent for e in rows])
    languages = [e.language or detect(e.text) for e in rows]
    answers: list[_Answer] = []
    folds = intents.stratified(labels, 5)
    for number, (seen, unseen) in enumerate(folds):
        tell(f"fold {number + 1} of {len(folds)}", number / len(folds))
        model, _ = intents.fit(
            [rows[i].text for i in seen],
            labels[seen].tolist(),
            [languages[i] for i in seen],
            training_set.admitted_loss,
        )
        for i in unseen.tolist():
            begun = time.perf_counter()
            reading = model.read(rows[i].text, languages[i])
            seconds.append(time.perf_counter() - begun)
            answers.append(_answer(rows[i], languages[i], reading, model.intents))
    return answers, float(np.median(seconds) * 1e6)


def _answer(
    example: Example, language: Language, reading: Reading, names: tuple[str, ...]
) -> _Answer:
    best = int(reading.probabilities.argmax())
    probability = float(reading.probabilities[best])
    return _Answer(
        example, language, names[best], probability, reading.out_of_scope, reading.refused
    )


def _report(
    method: str,
    answers: Sequence[_Answer],
    known: frozenset[str],
    *,
    model_id: str | None = None,
    median_us: float | None = None,
    entities: tuple[Mapping[str, Scores], float] | None = None,
) -> Report:
    confusion = _confusion(answers)
    by_language: dict[Language, list[_Answer]] = defaultdict(list)
    for a in answers:
        by_language[a.language].append(a)
    scores = _intent_scores(confusion)
    whole = _shares(answers)
    bins, error = _calibration([a for a in answers if a.inside])
    wrong = sorted((a for a in answers if a.got != a.example.intent), key=lambda a: -a.probability)
    outside = sum(not a.inside for a in answers)
    return Report(
        method=method,
        model_id=model_id,
        messages=len(answers),
        in_scope=len(answers) - outside,
        first_guess=whole["first_guess"],
        accuracy=whole["accuracy"],
        macro_f1=_mean([s.f1 for name, s in scores.items() if name != OUT_OF_SCOPE]),
        out_of_scope_recall=whole["out_of_scope_recall"] if outside else None,
        calibration_error=error,
        languages={language: _shares(some) for language, some in sorted(by_language.items())},
        intents=scores,
        intents_by_language={
            language: _intent_scores(_confusion(some))
            for language, some in sorted(by_language.items())
        },
        unknown_intents=tuple(
            sorted(
                {a.example.intent for a in answers if a.inside and a.example.intent not in known}
            )
        ),
        confusion={name: dict(row.most_common()) for name, row in sorted(confusion.items())},
        confused=_confused(wrong),
        calibration=bins,
        coverage=tuple(_trade(answers, b, _sure_from(b)) for b in _BANDS),
        out_of_scope=tuple(_trade(answers, b, _inside_below(b)) for b in _BANDS),
        entities=None if entities is None else entities[0],
        entity_f1=None if entities is None else entities[1],
        median_us=median_us,
        mistakes=tuple(
            Mistake(
                text=a.example.text,
                language=a.language,
                expected=a.example.intent,
                got=a.got,
                probability=a.probability,
                line=a.example.line,
            )
            for a in wrong[:_MOST_ERRORS]
        ),
    )


def _confusion(answers: Sequence[_Answer]) -> dict[str, Counter[str]]:
    confusion: dict[str, Counter[str]] = defaultdict(Counter)
    for a in answers:
        confusion[a.example.intent][a.got] += 1
    return confusion


def _confused(wrong: Sequence[_Answer]) -> tuple[Confusion, ...]:
    """Return the most frequent mistakes of answers that are sorted, the surest first."""
    by_pair: dict[tuple[str, str], list[_Answer]] = defaultdict(list)
    for a in wrong:
        by_pair[a.example.intent, a.got].append(a)
    return tuple(
        Confusion(expected=expected, got=got, messages=len(some), example=some[0].example.text)
        for (expected, got), some in sorted(by_pair.items(), key=lambda p: (-len(p[1]), p[0]))
    )[:_MOST_PAIRS]


def _mean(values: Sequence[float | bool]) -> float:
    """Return the mean, and 0 for nothing."""
    return float(np.mean(values)) if len(values) else 0.0


def _shares(answers: Sequence[_Answer]) -> dict[str, float]:
    inside = [a for a in answers if a.inside]
    return {
        "first_guess": _mean([a.guess == a.example.intent for a in inside]),
        "accuracy": _mean([a.got == a.example.intent for a in inside]),
        "out_of_scope_recall": _mean([a.refused for a in answers if not a.inside]),
    }


def _intent_scores(confusion: Mapping[str, Counter[str]]) -> dict[str, Scores]:
    understood: Counter[str] = Counter()
    for row in confusion.values():
        understood.update(row)
    return {
        name: _scores(row[name], sum(row.values()), understood[name])
        for name, row in sorted(confusion.items())
    }


def _scores(right: int, expected: int, understood: int) -> Scores:
    return Scores(
        examples=expected,
        precision=right / understood if understood else 0.0,
        recall=right / expected if expected else 0.0,
        f1=2 * right / (expected + understood) if expected + understood else 0.0,
    )


def _calibration(answers: Sequence[_Answer]) -> tuple[tuple[Bin, ...], float]:
    """Return the bins that hold messages, and the expected calibration error over them."""
    filled: dict[int, list[_Answer]] = defaultdict(list)
    for a in answers:
        filled[min(_BINS - 1, int(a.probability * _BINS))].append(a)
    bins = tuple(
        Bin(
            probability=_mean([a.probability for a in some]),
            correct=_mean([a.guess == a.example.intent for a in some]),
            messages=len(some),
        )
        for _, some in sorted(filled.items())
    )
    gaps = sum(abs(b.probability - b.correct) * b.messages for b in bins)
    return bins, gaps / len(answers) if answers else 0.0


def _sure_from(band: float) -> Callable[[_Answer], bool]:
    return lambda a: a.probability >= band


def _inside_below(threshold: float) -> Callable[[_Answer], bool]:
    return lambda a: a.out_of_scope < threshold


def _trade(
    answers: Sequence[_Answer], threshold: float, answers_it: Callable[[_Answer], bool]
) -> Trade:
    inside = [a for a in answers if a.inside]
    given = [a for a in inside if answers_it(a)]
    return Trade(
        threshold=threshold,
        answered=len(given) / len(inside) if inside else 0.0,
        correct=_mean([a.guess == a.example.intent for a in given]),
        caught=_mean([not answers_it(a) for a in answers if not a.inside]),
    )


def _entity_scores(
    marked: Sequence[tuple[Entity, ...]], found: Sequence[tuple[Entity, ...]]
) -> tuple[dict[str, Scores], float]:
    """Count exact spans; return the figures by type and the F1 of all types together.

    Types that are never marked are not held against the finder.
    """
    expected: Counter[str] = Counter()
    understood: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for gold, ours in zip(marked, found, strict=True):
        spans = {(e.type, e.start, e.end) for e in gold}
        expected.update(e.type for e in gold)
        understood.update(e.type for e in ours)
        right.update(e.type for e in ours if (e.type, e.start, e.end) in spans)
    by_type = {t: _scores(right[t], n, understood[t]) for t, n in sorted(expected.items())}
    pooled = _scores(right.total(), expected.total(), sum(understood[t] for t in expected))
    return by_type, pooled.f1
