"""What the customer wants done: one linear model over both languages, calibrated per language.

Features are those of `features`; a linear SVM with one class an intent and one for everything out
of scope. Two languages share one model because their features hardly overlap, and what overlaps
(numbers, brands, English words in Chinese sentences) then learns from both.

Margins are not probabilities. On held-out rows of the training data two things are fitted per
language: the temperature that turns margins into a calibrated ranking, and a logistic curve that
turns the largest margin in scope, less a share of the out-of-scope margin and more for familiar
words, into the probability that nothing in scope is meant. A message is refused above the point
of that curve that costs an admitted share of the correctly understood messages.

A semantic tier (`semantic`) adds a sentence's vector to the features; its weights stand apart.

scikit-learn and scipy are imported where something is trained: serving needs neither.
"""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import orjson
from msgspec import Struct
from msgspec.structs import asdict

from nlp import semantic
from nlp.calibration import Calibration, bands_of, calibrate
from nlp.examples import ADMITTED_LOSS
from nlp.features import Features, Rows, Values
from nlp.scorer import LinearScorer
from nlp.understanding import OUT_OF_SCOPE, Bands, Language

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from nlp.semantic import SentenceVectors, Vectors

Array = npt.NDArray[np.float64]

SEED = 20250106
"""Of every random choice; any number would do, it must only stay the same."""

REGULARISATION = 0.5
"""C of the SVM: flat between 0.3 and 1 on every set measured."""

SMALL_CLASS = 15
"""Examples a class under which C = 1 is better."""

RAREST = 2
"""In how many examples an n-gram must stand, where classes are not small. By cross-validation on
the shipped examples accuracy stays as it is (74.0 to 74.1 %), with 42 % of the features."""

VECTOR_WEIGHT = 2.5
"""Of a sentence's vector against the word block: by cross-validation on BANKING77's training rows
2 and 3 are as good."""

_OFFERED = 3
"""Guesses that are offered as choices."""

_FOLDS = 5
_ENOUGH_HELD_OUT = 2_500
"""Held-out messages that are enough to calibrate: one sigma of an accuracy is then 1 point."""

NOTHING = np.zeros(0, np.intp), np.zeros(0, np.float32)
"""The features of a text of which none is known."""

_NOTHING_KNOWN = 0.99
"""Probability of out of scope for a text of which no feature is known."""


class Reading(Struct, frozen=True):
    """What the model says of one text."""

    probabilities: Array
    """Shape (intents,), follows `IntentModel.intents`, sums to 1."""
    out_of_scope: float
    refused: bool
    rows: Rows = NOTHING[0]
    """The text's known features, as `Features.rows` gives them; other models go by them too."""
    values: Values = NOTHING[1]


class HeldOut(Struct, frozen=True, kw_only=True):
    """Predictions for rows that the predicting model had not seen."""

    rows: npt.NDArray[np.int64]
    """Positions in the training data, shape (n,)."""
    margins: Array
    """Shape (n, classes); columns follow the sorted class names."""
    familiar: npt.NDArray[np.float32]
    """How familiar each text was to the model, shape (n,)."""


class IntentModel:
    """A trained model; immutable, so threads may share it."""

    def __init__(
        self,
        scorer: LinearScorer,
        classes: Sequence[str],
        calibrations: Mapping[Language, Calibration],
        vectors: SentenceVectors | None = None,
        bands: Bands | None = None,
    ) -> None:
        self.scorer = scorer
        self.vectors = vectors
        self.bands = bands or Bands()
        self.classes = tuple(classes)
        self.calibrations = dict(calibrations)
        self.intents = tuple(c for c in self.classes if c != OUT_OF_SCOPE)
        self._scope = np.array([i for i, c in enumerate(self.classes) if c != OUT_OF_SCOPE])
        self._ones = np.ones(len(self._scope))
        self._outside = self.classes.index(OUT_OF_SCOPE) if OUT_OF_SCOPE in self.classes else None

    def read(self, text: str, language: Language) -> Reading:
        """Return the calibrated reading of a text; an unknown language borrows a calibration."""
        calibration = self.calibrations.get(language) or next(iter(self.calibrations.values()))
        found = self.scorer.features.find(text)
        if not len(found.rows):  # the bare intercepts mean nothing
            even = np.full(len(self.intents), 1 / len(self.intents))
            return Reading(even, _NOTHING_KNOWN, refused=True)
        margins = self.scorer.scores(found.rows, found.values, self.vector(text, language))
        return self.reading(margins, found.familiar, calibration, found.rows, found.values)

    def vector(self, text: str, language: Language) -> Vectors | None:
        """Return a sentence's vector of shape (width,), where there is an encoder for it."""
        if self.vectors is None or language not in self.vectors.languages:
            return None
        return self.vectors.encode(self.scorer.features.spelt(text))

    def reading(
        self,
        margins: npt.NDArray[Any],
        familiar: float,
        calibration: Calibration,
        rows: Rows = NOTHING[0],
        values: Values = NOTHING[1],
    ) -> Reading:
        """Return what margins of shape (classes,) mean under a calibration."""
        # Each of these calls was chosen by the clock: `max` and `sum` go through Python.
        weights: Array = margins.take(self._scope).astype(np.float64)
        top = weights.item(weights.argmax())
        weights -= top
        weights *= 1 / calibration.temperature
        np.exp(weights, weights)
        outside = 0.0 if self._outside is None else margins.item(self._outside)
        evidence = top - calibration.outside_share * outside + calibration.familiar_share * familiar
        odds = calibration.slope * evidence + calibration.intercept
        probability = 1 / (1 + math.exp(-odds))
        weights *= 1 / weights.dot(self._ones)
        refused = probability >= calibration.threshold
        return Reading(weights, probability, refused, rows, values)

    def save(self, folder: Path) -> None:
        """Write the model's files."""
        folder.mkdir(parents=True, exist_ok=True)
        # Half the size, and not one prediction in ten thousand is another.
        weights = self.scorer.weights.astype(np.float16)
        np.save(folder / "weights.npy", weights, allow_pickle=False)
        np.save(folder / "intercept.npy", self.scorer.intercept, allow_pickle=False)
        if self.vectors is not None and self.scorer.dense is not None:
            np.save(folder / "dense.npy", self.scorer.dense, allow_pickle=False)
            self.vectors.save(folder / "semantic")
        (folder / "vocabulary.json").write_bytes(orjson.dumps(self.scorer.features.to_json()))
        content = {
            "classes": self.classes,
            "calibrations": {name: asdict(c) for name, c in self.calibrations.items()},
            "bands": asdict(self.bands),
        }
        (folder / "intents.json").write_bytes(orjson.dumps(content))

    @classmethod
    def load(cls, folder: Path) -> IntentModel:
        """Read what `save` wrote; errors of reading are the caller's to wrap."""
        features = Features.from_json(orjson.loads((folder / "vocabulary.json").read_bytes()))
        weights = np.load(folder / "weights.npy", allow_pickle=False)
        intercept = np.load(folder / "intercept.npy", allow_pickle=False)
        content = orjson.loads((folder / "intents.json").read_bytes())
        if weights.shape != (len(features), len(content["classes"])):
            raise ValueError("the weights do not fit the vocabulary")
        if intercept.shape != (len(content["classes"]),):
            raise ValueError("the intercept does not fit the classes")
        vectors = semantic.load(folder / "semantic")
        dense = None if vectors is None else np.load(folder / "dense.npy", allow_pickle=False)
        calibrations = {name: Calibration(**c) for name, c in content["calibrations"].items()}
        scorer = LinearScorer(features, weights, intercept, dense)
        bands = Bands(**content["bands"])
        return cls(scorer, content["classes"], calibrations, vectors, bands)


def fit(
    texts: Sequence[str],
    labels: Sequence[str],
    languages: Sequence[Language],
    admitted_loss: float = ADMITTED_LOSS,
    vectors: SentenceVectors | None = None,
) -> tuple[IntentModel, HeldOut]:
    """Train and calibrate a model.

    Args:
        texts: The messages.
        labels: Their intents, `OUT_OF_SCOPE` among them or not; at least two different.
        languages: Their languages.
        admitted_loss: Share of messages in scope that refusal may cost.
        vectors: The semantic tier, if any.

    Returns:
        The model, and the held-out predictions that calibrated it.
    """
    names = np.array(labels)
    dense = None if vectors is None else semantic.matrix(vectors, texts, languages)
    scorer, classes = fit_scorer(texts, names, dense)
    held_out = hold_out(texts, names, classes, dense)
    spoken = np.array(languages)
    calibrations: dict[Language, Calibration] = {}
    for language in sorted(set(languages)):
        mine = spoken[held_out.rows] == language
        if mine.any():
            rows = held_out.rows[mine]
            calibrations[language] = calibrate(
                held_out.margins[mine], held_out.familiar[mine], names[rows], classes, admitted_loss
            )
    model = IntentModel(scorer, classes, calibrations, vectors)
    model.bands = _bands(model, held_out, names, spoken)
    return model, held_out


def fit_scorer(
    texts: Sequence[str], labels: npt.NDArray[Any], dense: Vectors | None = None
) -> tuple[LinearScorer, tuple[str, ...]]:
    """Train the bare linear model; return it with its class names, sorted.

    Args:
        texts: The messages.
        labels: Their classes, shape (texts,).
        dense: Their vectors, shape (texts, width), where there is a semantic tier.
    """
    from scipy.sparse import csr_matrix, hstack
    from sklearn.svm import LinearSVC

    classes, counts = np.unique(labels, return_counts=True)
    small = np.median(counts) < SMALL_CLASS
    features = Features.fit(texts, rarest=1 if small else RAREST)
    strength = 1.0 if small else REGULARISATION
    svm = LinearSVC(C=strength, random_state=SEED, tol=1e-3)
    seen, _ = features.table(texts)
    if dense is not None:
        seen = hstack([seen, csr_matrix(VECTOR_WEIGHT * dense)]).tocsr()
    with warnings.catch_warnings():
        # "The number of unique classes is large": it is what it is.
        warnings.simplefilter("ignore", UserWarning)
        svm.fit(seen, labels)
    weights, intercept = svm.coef_.T, svm.intercept_
    if len(classes) == 2:  # scikit-learn gives one column then
        weights, intercept = np.hstack([-weights, weights]), np.array([-intercept[0], intercept[0]])
    sparse, rest = weights[: len(features)], VECTOR_WEIGHT * weights[len(features) :]
    # As they will be saved, so that a loaded model reads as the trained one does.
    scorer = LinearScorer(
        features, sparse.astype(np.float16), intercept, None if dense is None else rest
    )
    return scorer, tuple(str(c) for c in classes)


def guesses(
    texts: Sequence[str],
    labels: npt.NDArray[Any],
    unseen: Sequence[str],
    dense: tuple[Vectors, Vectors] | None = None,
) -> npt.NDArray[Any]:
    """Train on some texts and return the likeliest class of others, uncalibrated.

    Args:
        texts: To train on.
        labels: Their classes, shape (texts,).
        unseen: To be guessed.
        dense: The vectors of both, shapes (texts, width) and (unseen, width).
    """
    scorer, classes = fit_scorer(texts, labels, None if dense is None else dense[0])
    margins, _ = _margins(scorer, unseen, None if dense is None else dense[1])
    inside = [i for i, name in enumerate(classes) if name != OUT_OF_SCOPE]
    return np.array([classes[inside[i]] for i in margins[:, inside].argmax(axis=1)])


def _margins(
    scorer: LinearScorer, texts: Sequence[str], dense: Vectors | None
) -> tuple[Array, Values]:
    """Return the margins of many texts, shape (texts, classes), and how familiar they are."""
    matrix, familiar = scorer.features.table(texts)
    margins: Array = matrix @ scorer.weights + scorer.intercept
    if dense is not None and scorer.dense is not None:
        margins += dense @ scorer.dense
    return margins, familiar


def hold_out(
    texts: Sequence[str],
    labels: npt.NDArray[Any],
    classes: tuple[str, ...],
    dense: Vectors | None = None,
    folds: int = _FOLDS,
) -> HeldOut:
    """Predict rows by models that did not see them, until there are enough of them.

    Training a fold costs nearly as much as training the model, and a calibration of a handful
    of numbers needs only so many rows: large sets run fewer folds.
    """
    column = {name: i for i, name in enumerate(classes)}
    rows: list[npt.NDArray[np.int64]] = []
    margins: list[Array] = []
    familiar: list[Values] = []
    for seen, unseen in stratified(labels, folds):
        scorer, known = fit_scorer(
            [texts[i] for i in seen], labels[seen], None if dense is None else dense[seen]
        )
        # A class whose rows are all in this fold is unknown: its margin is as if never near.
        some = np.full((len(unseen), len(classes)), -1.0)
        predicted, known_share = _margins(
            scorer, [texts[i] for i in unseen], None if dense is None else dense[unseen]
        )
        some[:, [column[name] for name in known]] = predicted
        rows.append(unseen)
        margins.append(some)
        familiar.append(known_share)
        if sum(map(len, rows)) >= _ENOUGH_HELD_OUT:
            break
    return HeldOut(
        rows=np.concatenate(rows),
        margins=np.concatenate(margins),
        familiar=np.concatenate(familiar),
    )


def stratified(
    labels: npt.NDArray[Any], folds: int
) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Return (seen, unseen) rows of each fold; classes are spread evenly where they can be."""
    from sklearn.model_selection import StratifiedKFold

    _, numbers, counts = np.unique(labels, return_inverse=True, return_counts=True)
    # A class of one row cannot be spread; scikit-learn warns of it and wants its own class.
    spread = np.where(counts[numbers] < folds, -1, numbers)
    folds = min(folds, len(labels))
    if (spread == -1).sum() in range(1, folds):
        spread = np.zeros_like(spread)
    splitter = StratifiedKFold(folds, shuffle=True, random_state=SEED)
    return [(seen, unseen) for seen, unseen in splitter.split(spread, spread)]


def _bands(
    model: IntentModel, held_out: HeldOut, labels: npt.NDArray[Any], spoken: npt.NDArray[Any]
) -> Bands:
    """Return from which probability on a held-out message is likelier understood than not.

    Messages out of scope that are not refused count as misunderstood.
    """
    sure: list[float] = []
    first: list[bool] = []
    among: list[bool] = []
    for n, row in enumerate(held_out.rows):
        calibration = model.calibrations[spoken[row]]
        reading = model.reading(held_out.margins[n], float(held_out.familiar[n]), calibration)
        if not reading.refused:
            best = [model.intents[i] for i in reading.probabilities.argsort()[::-1][:_OFFERED]]
            sure.append(float(reading.probabilities.max()))
            first.append(best[0] == labels[row])
            among.append(labels[row] in best)
    return bands_of(sure, first, among)
