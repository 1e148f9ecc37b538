"""What the customer needs by the end of a conversation: from the words, and from the CRM's facts.

Every turn gives evidence: its n-grams and the intents read in it. Turns are averaged, late ones
weighing more and small talk hardly at all: "thanks, bye" does not undo what was asked. Both parts
are one multinomial logistic regression, trained on whole conversations and, at less weight, on
the intents' single examples. As it is linear, a turn is one vector that can be remembered.

Facts about the customer have no training rows: a configuration comes without a past. They act as
additive log-odds with reasons (`_RULES`), so small that clear words (worth three and more) win.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import orjson
from msgspec import Struct, field

from nlp.calibration import temperature_of
from nlp.intents import SEED, Reading, stratified

if TYPE_CHECKING:
    from pathlib import Path

    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression

    from nlp.features import Features
    from nlp.understanding import Language

Array = npt.NDArray[np.float64]

OTHER = "other"
"""The category of everything that the desk does not serve."""

SMALL_TALK = frozenset({"greet", "goodbye", "thank", "affirm", "deny"})
"""Intents that say nothing about what is needed; their names are part of the public contract."""

DECAY = 0.7
"""How much a turn weighs against the one after it."""

_SMALL_TALK_WEIGHT = 0.05
"""Of a turn that is small talk for sure: enough to count when there is nothing else."""
_SINGLE_WEIGHT = 0.3
"""Of a single example of an intent against a conversation."""
_EVIDENCE_SCALE = 2.0
"""Of the intent evidence against the n-grams, of which each block has length 1 to 1.5."""
_STRENGTH = 10.0
"""C of the logistic regression."""
_ENOUGH_CONVERSATIONS = 100
"""To calibrate by them alone: a handful that are all right would make the model sure of all."""
_MOST_TURNS = 20
"""The weight of an older turn is under a thousandth."""


class CustomerFacts(Struct, frozen=True, kw_only=True):
    """What the CRM knows of a customer when a need is asked for; a stranger has the defaults."""

    orders_total: int | None = None
    """None when the customer is not known, which is not the same as having no orders."""
    open_orders: int = 0
    order_states: Mapping[str, int] = field(default_factory=dict)
    """Number of orders by state."""
    days_since_last_order: int | None = None
    orders_last_90_days: int = 0
    spend: float = 0.0
    """In the shop's own currency, refunds taken off."""
    tier: str = "standard"
    earlier_needs: tuple[str, ...] = ()
    """Categories of earlier conversations, the latest first."""
    open_tickets: int = 0
    verified: bool = False


class Reason(Struct, frozen=True, kw_only=True):
    """Why a need was chosen."""

    feature: str
    """`intent:track_order`, `words`, or `fact:open_orders`."""
    weight: float
    """Log-odds that it added to the chosen category."""
    text: str
    """The reason for people, in English."""


class Need(Struct, frozen=True, kw_only=True):
    """What a conversation is about."""

    category: str
    probability: float
    """Calibrated, in [0, 1]."""
    reasons: tuple[Reason, ...]
    """Strongest first."""
    model_id: str


class Turn(Struct, frozen=True):
    """One turn as evidence."""

    odds: Array
    """Log-odds of its words, then of the intents read in it: shape (2 · categories,)."""
    weight: float
    """In (0, 1]: how much it says at all."""
    top: str
    """Its likeliest intent."""


class NeedModel:
    """A trained model of needs."""

    def __init__(
        self,
        weights: npt.NDArray[np.float32],
        intercept: npt.NDArray[np.float32],
        evidence: npt.NDArray[np.float32],
        categories: Sequence[str],
        intents: Sequence[str],
        intent_needs: Mapping[str, str],
        temperature: float,
    ) -> None:
        """Make a model of its parts.

        Args:
            weights: float32 of shape (features, categories): log-odds of the features that a
                reading carries.
            intercept: float32 of shape (categories,).
            evidence: float32 of shape (categories, categories): log-odds of the second axis per
                unit of evidence for the first.
            categories: Names of the categories.
            intents: The intents, in the order of a reading's probabilities.
            intent_needs: Category by intent.
            temperature: What log-odds are divided by to be calibrated.
        """
        self.weights = np.ascontiguousarray(weights, np.float32)
        self.intercept = intercept
        self.evidence = evidence
        self.categories = tuple(categories)
        self.intents = tuple(intents)
        self.intent_needs = dict(intent_needs)
        self.temperature = temperature
        self._table = _evidence_table(self.intents, self.categories, self.intent_needs)
        self._column = {name: i for i, name in enumerate(self.categories)}
        self._start = intercept.astype(np.float64) / temperature

    def turn(self, reading: Reading) -> Turn:
        """Return the evidence of one turn; it depends on nothing else and may be remembered."""
        evidence, weight = _evidence(reading, self._table)
        words = reading.values @ self.weights.take(reading.rows, 0)
        return Turn(
            odds=np.concatenate((words, evidence @ self.evidence)),
            weight=weight,
            top=self.intents[int(reading.probabilities.argmax())],
        )

    def need(self, turns: Sequence[Turn], facts: CustomerFacts, model_id: str) -> Need:
        """Return what is needed after these turns, oldest first; at least one."""
        turns = turns[-_MOST_TURNS:]
        shares = turn_shares([t.weight for t in turns])
        average = np.array(shares) @ np.array([t.odds for t in turns])
        average *= 1 / self.temperature
        count = len(self.categories)
        words, intents = average[:count], average[count:]
        odds = words + intents
        odds += self._start
        known = [
            (feature, self._column[category], weight, text)
            for feature, category, weight, text in _facts(facts)
            if category in self._column
        ]
        for _, column, weight, _ in known:
            odds[column] += weight
        best = int(odds.argmax())
        odds -= odds[best]
        weights = np.exp(odds)
        asked = turns[int(np.argmax(shares))].top
        reasons = [
            Reason(feature="words", weight=float(words[best]), text="the words"),
            Reason(
                feature=f"intent:{asked}",
                weight=float(intents[best]),
                text=f"the customer's turns were understood as {asked}",
            ),
            *(
                Reason(feature=feature, weight=weight, text=text)
                for feature, column, weight, text in known
                if column == best
            ),
        ]
        return Need(
            category=self.categories[best],
            probability=float(weights[best] / weights.sum()),
            reasons=tuple(sorted(reasons, key=lambda r: -r.weight)),
            model_id=model_id,
        )

    def save(self, folder: Path, features: Features) -> None:
        """Write the model's files; `features` are those of the readings."""
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / "weights.npy", self.weights[features.meaning], allow_pickle=False)
        np.save(folder / "intercept.npy", self.intercept, allow_pickle=False)
        np.save(folder / "evidence.npy", self.evidence, allow_pickle=False)
        content = {
            "categories": self.categories,
            "intents": self.intents,
            "intent_needs": self.intent_needs,
            "temperature": self.temperature,
        }
        (folder / "needs.json").write_bytes(orjson.dumps(content))

    @classmethod
    def load(cls, folder: Path, features: Features) -> NeedModel:
        """Read what `save` wrote; errors of reading are the caller's to wrap."""
        content = orjson.loads((folder / "needs.json").read_bytes())
        weights = np.load(folder / "weights.npy", allow_pickle=False)
        intercept = np.load(folder / "intercept.npy", allow_pickle=False)
        evidence = np.load(folder / "evidence.npy", allow_pickle=False)
        return cls(_all_rows(weights, features), intercept, evidence, **content)


class Conversation(Struct, frozen=True):
    """One training row: the turns with their readings, and what was needed."""

    turns: tuple[str, ...]
    readings: tuple[Reading, ...]
    category: str
    language: Language
    whole: bool
    """False for a single example of an intent."""


def fit(
    rows: Sequence[Conversation],
    features: Features,
    intents: Sequence[str],
    intent_needs: Mapping[str, str],
) -> NeedModel:
    """Train and calibrate a model of needs.

    Args:
        rows: At least two categories; readings must come from models that did not see the text.
        features: Those of the readings: the same pass over a message serves both models.
        intents: In the order of the readings' probabilities.
        intent_needs: Category by intent.
    """
    categories = sorted({row.category for row in rows})
    labels = np.array([row.category for row in rows])
    whole = np.array([row.whole for row in rows])
    matrix = _matrix(rows, features, _evidence_table(intents, categories, intent_needs))
    weights = np.where(whole, 1.0, _SINGLE_WEIGHT)
    margins, truth = [], []
    for seen, unseen in stratified(labels, 3):
        fold = _regression().fit(matrix[seen], labels[seen], weights[seen])
        # Conversations are what it serves; of too few, single messages make up the number.
        asked = unseen[whole[unseen]] if whole.sum() >= _ENOUGH_CONVERSATIONS else unseen
        if len(asked) and len(fold.classes_) == len(categories):
            margins.append(_margins(fold, matrix[asked]))
            truth.append(np.searchsorted(categories, labels[asked]))
    temperature = 1.0
    if margins:
        temperature = temperature_of(np.concatenate(margins), np.concatenate(truth))
    model = _regression().fit(matrix, labels, weights)
    columns = _per_class(model.coef_, len(categories)).T.astype(np.float32)
    intercept = _per_class(model.intercept_[:, None], len(categories))[:, 0]
    words = len(features.meaning)
    return NeedModel(
        _all_rows(columns[:words], features),
        intercept.astype(np.float32),
        np.ascontiguousarray(_EVIDENCE_SCALE * columns[words:]),
        categories,
        intents,
        intent_needs,
        temperature,
    )


def _all_rows(weights: npt.NDArray[np.float32], features: Features) -> npt.NDArray[np.float32]:
    """Return the weights of `features.meaning` at their rows, and zero for characters."""
    spread = np.zeros((len(features), weights.shape[1]), np.float32)
    spread[features.meaning] = weights
    return spread


def turn_shares(weights: Sequence[float]) -> list[float]:
    """Return the share of each turn, oldest first; they sum to 1."""
    raw = [w * DECAY**age for age, w in enumerate(reversed(weights))][::-1]
    total = math.fsum(raw)
    return [w / total for w in raw]


def _regression() -> LogisticRegression:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=_STRENGTH, max_iter=100, tol=1e-2, random_state=SEED)


def _margins(model: LogisticRegression, matrix: csr_matrix) -> Array:
    some = model.decision_function(matrix)
    return some if some.ndim == 2 else np.column_stack([0 * some, some])


def _per_class(coefficients: Array, classes: int) -> Array:
    """Return a row per class; scikit-learn gives one row for two."""
    missing = classes - len(coefficients)
    return np.vstack([np.zeros((missing, coefficients.shape[1])), coefficients])


def _evidence_table(
    intents: Sequence[str], categories: Sequence[str], intent_needs: Mapping[str, str]
) -> Array:
    """Return shape (intents, categories + 1): 1 at each intent's category, small talk last."""
    table = np.zeros((len(intents), len(categories) + 1))
    column = {name: i for i, name in enumerate(categories)}
    for row, intent in enumerate(intents):
        if intent in SMALL_TALK:
            table[row, -1] = 1.0
        elif intent_needs.get(intent) in column:
            table[row, column[intent_needs[intent]]] = 1.0
    return table


def _evidence(reading: Reading, table: Array) -> tuple[Array, float]:
    """Return the evidence by category, shape (categories,), and the weight of the turn."""
    known = (1 - reading.out_of_scope) * (reading.probabilities @ table)
    return known[:-1], max(_SMALL_TALK_WEIGHT, 1.0 - float(known[-1]))


def _matrix(rows: Sequence[Conversation], features: Features, table: Array) -> csr_matrix:
    """Return shape (rows, words + categories): averaged words, then averaged evidence.

    Without character n-grams: the intents see past misspellings, and L-BFGS would take long.
    """
    from scipy.sparse import csr_matrix, hstack

    shares: list[float] = []
    evidence: list[Array] = []
    ends = [0]
    for row in rows:
        parts = [_evidence(reading, table) for reading in row.readings]
        shares += turn_shares([weight for _, weight in parts])
        evidence += [some for some, _ in parts]
        ends.append(len(shares))
    shape = (len(rows), len(shares))
    average = csr_matrix((np.array(shares), np.arange(len(shares)), ends), shape=shape)
    turns = features.table([text for row in rows for text in row.turns])[0][:, features.meaning]
    return hstack(
        [average @ turns, average @ (_EVIDENCE_SCALE * csr_matrix(np.array(evidence)))]
    ).tocsr()


_Fact = tuple[str, str, float, str]
_Rule = tuple[str, Callable[[CustomerFacts], bool], Mapping[str, float], str]


def _has(*states: str) -> Callable[[CustomerFacts], bool]:
    return lambda facts: any(facts.order_states.get(state, 0) for state in states)


# feature, when, log-odds by category, reason. The sizes are judgement, not measurement: 0.7 about
# doubles the odds, and none reaches 1, so that they decide between words that leave it open.
_RULES: tuple[_Rule, ...] = (
    (
        "return_under_way",
        _has("return_requested", "return_in_transit"),
        {"returns_and_refunds": 0.9},
        "a return is under way",
    ),
    ("refunded", _has("refunded"), {"returns_and_refunds": 0.3}, "an order was refunded"),
    (
        "awaiting_payment",
        _has("awaiting_payment"),
        {"billing_and_payment": 0.6},
        "an order waits for its payment",
    ),
    (
        "open_orders",
        lambda facts: facts.open_orders > 0,
        {"order_and_delivery": 0.5},
        "an order is on its way",
    ),
    (
        "just_delivered",
        lambda facts: _has("delivered")(facts) and (facts.days_since_last_order or 99) <= 30,
        {"returns_and_refunds": 0.3, "technical_support": 0.1},
        "an order was delivered lately",
    ),
    (
        "no_orders",
        lambda facts: facts.orders_total == 0,
        {"product_and_presales": 0.5, "order_and_delivery": -0.4, "returns_and_refunds": -0.6},
        "the customer has never ordered",
    ),
    (
        "open_tickets",
        lambda facts: facts.open_tickets > 0,
        {"complaint_and_feedback": 0.3},
        "a ticket of the customer's is still open",
    ),
    (
        "tier",
        lambda facts: facts.tier in ("silver", "gold"),
        {"loyalty_and_marketing": 0.2},
        "the customer has a loyalty tier",
    ),
)
_AGAIN = 0.4
"""Log-odds of the need that the customer's last conversation had."""


def _facts(facts: CustomerFacts) -> Iterator[_Fact]:
    """Yield (feature, category, log-odds, reason) of everything that holds of the customer."""
    for feature, holds, effects, text in _RULES:
        if holds(facts):
            for category, weight in effects.items():
                yield f"fact:{feature}", category, weight, text
    if facts.earlier_needs:
        yield "fact:earlier_need", facts.earlier_needs[0], _AGAIN, "the last conversation was on it"
