"""From answers to figures: what was understood, beside what should have been."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import numpy as np
import orjson
from msgspec import Struct

from nlp.evaluation.figures import Bin, Confusion, Mistake, Report, Scores, Step, Trade
from nlp.understanding import OUT_OF_SCOPE, Language

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from nlp.evaluation.figures import Method
    from nlp.examples import Example
    from nlp.understanding import Entity

_BINS = 10
_BANDS = tuple(n / 20 for n in range(20))
"""Probabilities from which the bot might answer, for coverage against correctness."""
_MOST_PAIRS = 30
_MOST_ERRORS = 500
"""Errors listed; a page of more is read by nobody."""


class Answer(Struct, frozen=True):
    """One message with what was made of it."""

    example: Example
    language: Language
    guess: str
    probability: float
    out_of_scope: float
    refused: bool

    @property
    def got(self) -> str:
        """What it is understood as."""
        return OUT_OF_SCOPE if self.refused else self.guess

    @property
    def inside(self) -> bool:
        """Whether it is in scope."""
        return self.example.intent != OUT_OF_SCOPE

    @property
    def right(self) -> bool:
        """Whether it is understood rightly, refusal included."""
        return self.got == self.example.intent


def report(
    method: Method,
    answers: Sequence[Answer],
    known: frozenset[str],
    *,
    model_id: str | None = None,
    median_us: float | None = None,
    entities: tuple[Mapping[str, Scores], float, float] | None = None,
    curve: tuple[Step, ...] = (),
) -> Report:
    """Return the figures of answers.

    Args:
        method: `cross-validation` or `held-out`.
        answers: One for each message.
        known: The intents that the model has.
        model_id: Of a trained model.
        median_us: Microseconds a message.
        entities: What `entity_scores` gave.
        curve: The learning curve.
    """
    confusion = _confusion(answers)
    by_language: dict[Language, list[Answer]] = defaultdict(list)
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
        seen=0,
        first_guess=whole["first_guess"],
        accuracy=whole["accuracy"],
        macro_f1=_share([s.f1 for name, s in scores.items() if name != OUT_OF_SCOPE]),
        out_of_scope_recall=whole["out_of_scope_recall"],
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


def _confusion(answers: Sequence[Answer]) -> dict[str, Counter[str]]:
    confusion: dict[str, Counter[str]] = defaultdict(Counter)
    for a in answers:
        confusion[a.example.intent][a.got] += 1
    return confusion


def _confused(wrong: Sequence[Answer]) -> tuple[Confusion, ...]:
    """Return the most frequent mistakes of answers that are sorted, the surest first."""
    by_pair: dict[tuple[str, str], list[Answer]] = defaultdict(list)
    for a in wrong:
        by_pair[a.example.intent, a.got].append(a)
    return tuple(
        Confusion(expected=expected, got=got, messages=len(some), example=some[0].example.text)
        for (expected, got), some in sorted(by_pair.items(), key=lambda p: (-len(p[1]), p[0]))
    )[:_MOST_PAIRS]


def _mean(values: Sequence[float | bool]) -> float:
    """Return the mean, and 0 for nothing."""
    return float(np.mean(values)) if len(values) else 0.0


def _share(values: Sequence[float | bool]) -> float | None:
    """Return the mean, and None for nothing: a share of nothing is not 0."""
    return _mean(values) if len(values) else None


def _shares(answers: Sequence[Answer]) -> dict[str, float | None]:
    inside = [a for a in answers if a.inside]
    return {
        "first_guess": _share([a.guess == a.example.intent for a in inside]),
        "accuracy": _share([a.got == a.example.intent for a in inside]),
        "out_of_scope_recall": _share([a.refused for a in answers if not a.inside]),
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


def _calibration(answers: Sequence[Answer]) -> tuple[tuple[Bin, ...], float]:
    """Return the bins that hold messages, and the expected calibration error over them."""
    filled: dict[int, list[Answer]] = defaultdict(list)
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


def _sure_from(band: float) -> Callable[[Answer], bool]:
    return lambda a: a.probability >= band


def _inside_below(threshold: float) -> Callable[[Answer], bool]:
    return lambda a: a.out_of_scope < threshold


def _trade(
    answers: Sequence[Answer], threshold: float, answers_it: Callable[[Answer], bool]
) -> Trade:
    inside = [a for a in answers if a.inside]
    given = [a for a in inside if answers_it(a)]
    return Trade(
        threshold=threshold,
        answered=len(given) / len(inside) if inside else 0.0,
        correct=_mean([a.guess == a.example.intent for a in given]),
        caught=_mean([not answers_it(a) for a in answers if not a.inside]),
    )


def entity_scores(
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
    return Counter(
        f"{e.type} {orjson.dumps(e.value, default=str, option=orjson.OPT_SORT_KEYS).decode()}"
        for e in entities
    )
