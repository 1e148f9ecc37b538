"""How margins become probabilities, what is refused, and from where the bot answers.

All of it is fitted on held-out rows, for each language by itself: `intents` says what it means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from nlp.understanding import OUT_OF_SCOPE, Bands

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nlp.features import Values

Array = npt.NDArray[np.float64]

ADMITTED_LOSS_BLIND = 0.005
"""Of messages in scope, without a single example out of scope: the threshold is then a guess."""

OUTSIDE_SHARE = 0.5
"""Of the out-of-scope margin against the largest margin in scope, where too few rows are out of
scope to fit it. On CLINC150's validation rows, at 2 points of loss, 0 catches 77 % of what is out
of scope, 0.5 and 1 catch 85 and 86 %."""

FAMILIAR_SHARE = 0.5
"""The same of how familiar a text is: worth 2 points there."""

_ENOUGH_OUTSIDE = 200
"""Held-out rows out of scope from which both shares are fitted; on the shipped examples that
catches 2 points more."""

_EVEN = 0.5
_FEWEST_FOR_BANDS = 200
_LEAST_ANSWER, _MOST_ANSWER = 0.3, 0.9
"""Bounds of the band from which the bot answers, whatever the data say."""

_COLDEST, _HOTTEST = 0.02, 2.0
"""Bounds of the temperature; 0.2 is usual."""


class Calibration(Struct, frozen=True, kw_only=True):
    """How the margins of one language become probabilities."""

    temperature: float
    slope: float
    """Log-odds of out of scope per unit of evidence for being in scope; negative."""
    intercept: float
    threshold: float
    """Probability of out of scope from which a message is refused."""
    outside_share: float = OUTSIDE_SHARE
    """What of the out-of-scope margin counts against being in scope."""
    familiar_share: float = FAMILIAR_SHARE
    """What a wholly familiar text counts for being in scope, in units of margin."""


def calibrate(
    margins: Array,
    familiar: Values,
    labels: npt.NDArray[Any],
    classes: tuple[str, ...],
    admitted_loss: float,
) -> Calibration:
    """Fit one language's calibration on held-out margins of shape (rows, classes)."""
    from sklearn.linear_model import LogisticRegression

    scope = np.array([i for i, c in enumerate(classes) if c != OUT_OF_SCOPE])
    inside = margins[:, scope]
    column = {classes[i]: n for n, i in enumerate(scope)}
    truth = np.array([column.get(label, -1) for label in labels])
    known = truth >= 0
    top = inside.max(axis=1)
    right = known & (inside.argmax(axis=1) == truth)
    temperature = temperature_of(inside[known], truth[known])
    if known.all() or not known.any():
        # Nothing shows what lies outside: put even odds where few right answers lie below.
        edge = float(np.quantile(top[right], ADMITTED_LOSS_BLIND)) if right.any() else -1.0
        slope = -1 / temperature
        return Calibration(
            temperature=temperature,
            slope=slope,
            intercept=-slope * edge,
            threshold=0.5,
            familiar_share=0.0,
        )
    outside = margins[:, classes.index(OUT_OF_SCOPE)]
    share, familiar_share = OUTSIDE_SHARE, FAMILIAR_SHARE
    if (~known).sum() >= _ENOUGH_OUTSIDE:
        signs = np.column_stack((top, -outside, familiar))
        slopes = -LogisticRegression(C=100.0).fit(signs, ~known).coef_[0]
        share, familiar_share = (max(0.0, float(slope / slopes[0])) for slope in slopes[1:])
    evidence = (top - share * outside + familiar_share * familiar)[:, None]
    curve = LogisticRegression(C=100.0).fit(evidence, ~known)
    probability = curve.predict_proba(evidence)[:, 1]
    allowed = int(admitted_loss * known.sum())
    # The probability that only `allowed` of the right ones exceed.
    threshold = float(np.sort(probability[right])[::-1][allowed]) if right.sum() > allowed else 0.5
    return Calibration(
        temperature=temperature,
        slope=float(curve.coef_[0, 0]),
        intercept=float(curve.intercept_[0]),
        threshold=threshold,
        outside_share=share,
        familiar_share=familiar_share,
    )


def bands_of(sure: Sequence[float], first: Sequence[bool], among: Sequence[bool]) -> Bands:
    """Return from which probability on a message is likelier understood than not.

    Args:
        sure: The probability of the first guess at each message that was not refused.
        first: Whether that guess is right.
        among: Whether the right intent is among those that would be offered.
    """
    if len(sure) < _FEWEST_FOR_BANDS:
        return Bands()
    answer = min(max(_even_odds(sure, first), _LEAST_ANSWER), _MOST_ANSWER)
    return Bands(answer=answer, offer=min(_even_odds(sure, among), answer / 2))


def _even_odds(sure: Sequence[float], right: Sequence[bool]) -> float:
    """Return the least probability from which on more than half of the messages there are right."""
    from sklearn.isotonic import IsotonicRegression

    curve = IsotonicRegression(out_of_bounds="clip").fit(sure, np.array(right, float))
    grid = np.linspace(0.0, 1.0, 201)
    good = grid[curve.predict(grid) > _EVEN]
    return float(round(good[0], 3)) if len(good) else 1.0


def temperature_of(inside: Array, truth: npt.NDArray[np.int64]) -> float:
    """Return the temperature under which held-out rows of shape (rows, intents) are likeliest."""
    from scipy.optimize import minimize_scalar

    if not len(truth):
        return 0.2
    rows = np.arange(len(truth))

    def surprise(log_temperature: float) -> float:
        scaled = inside / np.exp(log_temperature)
        scaled -= scaled.max(axis=1, keepdims=True)
        return float(np.mean(np.log(np.exp(scaled).sum(axis=1)) - scaled[rows, truth]))

    bounds = (np.log(_COLDEST), np.log(_HOTTEST))
    return float(np.exp(minimize_scalar(surprise, bounds=bounds, method="bounded").x))
