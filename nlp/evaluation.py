"""How good a model is, in figures: on a file's held-out rows, or by cross-validation.

Everything is counted as the service would behave: a message in scope that is refused is wrong,
and so is an answer to one that is out of scope.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import orjson
from msgspec import Struct
from msgspec.structs import replace

from nlp import data_faults, intents, semantic
from nlp.comparison import Comparison, compare
from nlp.evaluation_figures import (
    Bin,
    Confusion,
    KnowledgeScores,
    Mistake,
    Report,
    Scores,
    Step,
    Trade,
)
from nlp.examples import Example, TrainingSet
from nlp.language import detect
from nlp.understanding import OUT_OF_SCOPE, Entity, Language

if TYPE_CHECKING:
    from nlp.engine import Engine
    from nlp.intents import Reading

Progress = Callable[[str, float], None]

__all__ = ["KnowledgeQuestion", "Report", "evaluate", "score_knowledge"]

_BINS = 10
_BANDS = tuple(n / 20 for n in range(20))
"""Probabilities from which the bot might answer, for coverage against correctness."""
_CURVE = (0.25, 0.5, 0.75)
"""Shares of the training rows on the learning curve; all of them come from the folds."""
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

    @property
    def right(self) -> bool:
        return self.got == self.example.intent


class KnowledgeQuestion(Struct, frozen=True, kw_only=True):
    """A question and the article that answers it."""

    text: str
    language: Language
    article_id: str | None
    """None where no article answers it, and none should."""


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
    report, answers = _held_out(subject, tests, tell)
    faults = (
        *data_faults.in_examples(examples),
        *data_faults.too_alike(tests, report.confusion),
    )
    comparison = None if against is None else _compared(answers, against, tests, tell)
    return replace(report, data_faults=faults, comparison=comparison)


def score_knowledge(
    engine: Engine, questions: Sequence[KnowledgeQuestion], sure: float
) -> KnowledgeScores | None:
    """Ask the knowledge base questions whose article is known; None when there are none.

    Args:
        engine: With the articles.
        questions: What to ask.
        sure: The probability from which a passage is given as the answer.
    """
    if not questions:
        return None
    now = datetime(2025, 1, 6, 9, tzinfo=UTC)
    first = among = asked = answered = correct = 0
    misses: list[tuple[str, str, str | None]] = []
    for question in questions:
        seen = engine.understand(question.text, now=now, locale=question.language)
        passages = engine.passages(question.text, question.language, seen)
        found = [p.article_id for p in passages]
        wanted = question.article_id
        if wanted is not None:
            asked += 1
            first += found[:1] == [wanted]
            among += wanted in found
        given = found[0] if passages and passages[0].probability >= sure else None
        answered += given is not None
        correct += given is not None and given == wanted
        if (found[:1] != [wanted] and wanted is not None) or (given and wanted is None):
            misses.append((question.text, wanted or "-", found[0] if found else None))
    return KnowledgeScores(
        questions=len(questions),
        first=first / asked if asked else 0.0,
        among_three=among / asked if asked else 0.0,
        answered=answered / len(questions),
        correct=correct / answered if answered else 0.0,
        misses=tuple(misses),
    )


def _held_out(
    engine: Engine, examples: Sequence[Example], tell: Progress
) -> tuple[Report, list[_Answer]]:
    """Score an engine as it would serve, clock running."""
    seconds: list[float] = []
    found: list[tuple[Entity, ...]] = []
    answers: list[_Answer] = []
    for answer, entities, took in _understood(engine, examples, tell):
        answers.append(answer)
        found.append(entities)
        seconds.append(took)
    marked = [e.entities for e in examples]
    report = _report(
        "held-out",
        answers,
        frozenset(engine.intents),
        model_id=engine.model_id,
        median_us=float(np.median(seconds) * 1e6),
        entities=_entity_scores(marked, found) if any(marked) else None,
    )
    return report, answers


def _understood(
    engine: Engine, examples: Sequence[Example], tell: Progress
) -> Iterator[tuple[_Answer, tuple[Entity, ...], float]]:
    """Yield what an engine makes of each example, its entities, and the seconds that it took."""
    now = datetime(2025, 1, 6, 9, tzinfo=UTC)  # any fixed moment: figures must not change by day
    for number, example in enumerate(examples):
        begun = time.perf_counter()
        seen = engine.understand(example.text, now=now, locale=example.language)
        took = time.perf_counter() - begun
        answer = _Answer(
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
    answers: Sequence[_Answer], other: Engine, examples: Sequence[Example], tell: Progress
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
    answers: list[_Answer] = []
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
    report = _report(
        "cross-validation",
        answers,
        frozenset(e.intent for e in training_set.examples),
        median_us=float(np.median(seconds) * 1e6),
        curve=tuple(curve),
    )
    faults = (*data_faults.in_examples(rows), *data_faults.too_alike(rows, report.confusion))
    return replace(report, data_faults=faults)


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
    entities: tuple[Mapping[str, Scores], float, float] | None = None,
    curve: tuple[Step, ...] = (),
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
        entity_value_f1=None if entities is None else entities[2],
        learning_curve=curve,
        knowledge=None,
        median_us=median_us,
        mistakes=tuple(
            Mistake(
                text=a.example.text,
                language=a.language,
                expected=a.example.intent,
                got=a.got,
                probability=a.probability,
                path=None if a.example.path is None else str(a.example.path),
                line=a.example.line,
            )
            for a in wrong[:_MOST_ERRORS]
        ),
        data_faults=(),
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
) -> tuple[dict[str, Scores], float, float]:
    """Count exact spans; return the figures by type, the F1 of all types, and that of values.

    Types that are never marked are not held against the finder.
    """
    expected: Counter[str] = Counter()
    understood: Counter[str] = Counter()
    right: Counter[str] = Counter()
    same_value = 0
    for gold, ours in zip(marked, found, strict=True):
        spans = {(e.type, e.start, e.end) for e in gold}
        expected.update(e.type for e in gold)
        understood.update(e.type for e in ours)
        right.update(e.type for e in ours if (e.type, e.start, e.end) in spans)
        same_value += (_values(gold) & _values(ours)).total()
    by_type = {t: _scores(right[t], n, understood[t]) for t, n in sorted(expected.items())}
    claimed = sum(understood[t] for t in expected)
    spans_f1 = _scores(right.total(), expected.total(), claimed).f1
    return by_type, spans_f1, _scores(same_value, expected.total(), claimed).f1


def _values(entities: Sequence[Entity]) -> Counter[str]:
    return Counter(f"{e.type} {orjson.dumps(e.value, default=str).decode()}" for e in entities)
