"""The figures of an evaluation, as plain values; their JSON form is that of their fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct, to_builtins

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nlp.evaluation.comparison import Comparison
    from nlp.evaluation.data_faults import DataFault
    from nlp.understanding import Language


Method = Literal["cross-validation", "held-out", "trained on these rows"]


class Scores(Struct, frozen=True, kw_only=True):
    """Figures of one class or language; all in [0, 1]."""

    examples: int
    precision: float
    recall: float
    f1: float


class Bin(Struct, frozen=True, kw_only=True):
    """Messages whose first guess had about the same probability."""

    probability: float
    """Mean of the bin."""
    correct: float
    """Share whose first guess is right."""
    messages: int


class Trade(Struct, frozen=True, kw_only=True):
    """What a band or threshold gives and costs; shares in [0, 1]."""

    threshold: float
    answered: float
    """Coverage: share of the messages in scope that are answered."""
    correct: float
    """Share of the answered ones in scope that are right."""
    caught: float
    """Share of the messages out of scope that are not answered."""


class Step(Struct, frozen=True, kw_only=True):
    """One point of a learning curve."""

    share: float
    """Of the training rows that were used, in (0, 1]."""
    examples: int
    first_guess: float
    """Share of the unseen messages in scope whose first guess is right."""


class KnowledgeScores(Struct, frozen=True, kw_only=True):
    """How well questions find the article that answers them; shares in [0, 1]."""

    questions: int
    first: float
    """Share whose article comes first."""
    among_three: float
    """Share whose article is among the first three."""
    answered: float
    """Share that is answered at all: something is sure enough."""
    correct: float
    """Share of these answers that come from the right article."""
    misses: tuple[tuple[str, str, str | None], ...]
    """Question, its article, and the one that came first, if any."""


class Confusion(Struct, frozen=True, kw_only=True):
    """One class taken for another."""

    expected: str
    got: str
    messages: int
    example: str
    """The surest of them."""


class Mistake(Struct, frozen=True, kw_only=True):
    """One message that was not understood."""

    text: str
    language: Language
    expected: str
    got: str
    probability: float
    path: str | None
    line: int


class Report(Struct, frozen=True, kw_only=True):
    """The figures of one evaluation."""

    method: Method
    """`cross-validation`, `held-out`, or `trained on these rows` when more than a few are known."""
    model_id: str | None
    messages: int
    in_scope: int
    seen: int
    """Messages that the model was trained on."""
    first_guess: float | None
    """Share of the messages in scope whose first guess is right, refused or not; None when there
    are none, as with the next two."""
    accuracy: float | None
    """Share of the messages in scope that are neither refused nor wrong."""
    macro_f1: float | None
    """Mean F1 of the intents, out of scope left out."""
    out_of_scope_recall: float | None
    """Share of the messages out of scope that are refused; None when there are none."""
    calibration_error: float
    """Expected calibration error of the first guess, ten bins."""
    languages: Mapping[Language, Mapping[str, float | None]]
    """first_guess, accuracy and out_of_scope_recall by language."""
    intents: Mapping[str, Scores]
    intents_by_language: Mapping[Language, Mapping[str, Scores]]
    unknown_intents: tuple[str, ...]
    """Intents of the examples that the model does not have; their messages all count as wrong."""
    confusion: Mapping[str, Mapping[str, int]]
    """Counts by what was expected, then by what was understood."""
    confused: tuple[Confusion, ...]
    """The pairs that are confused most, the most frequent first."""
    calibration: tuple[Bin, ...]
    coverage: tuple[Trade, ...]
    """By the probability from which a message is answered."""
    out_of_scope: tuple[Trade, ...]
    """By the out-of-scope probability from which a message is refused."""
    entities: Mapping[str, Scores] | None
    """Exact spans by type; None when nothing is marked."""
    entity_f1: float | None
    """Of all types together; None when nothing is marked."""
    entity_value_f1: float | None
    """The same by type and value, wherever they stand."""
    learning_curve: tuple[Step, ...]
    """What fewer examples would give; empty for a model that is trained already."""
    knowledge: KnowledgeScores | None
    """How well questions find their article; None when there are none."""
    median_us: float | None
    """Microseconds a message: the whole understanding, in cross-validation only the intents."""
    mistakes: tuple[Mistake, ...]
    data_faults: tuple[DataFault, ...]
    """What is wrong with the examples themselves."""
    comparison: Comparison | None = None
    """With another model, on the same messages."""

    def to_json(self) -> dict[str, Any]:
        """Return the public JSON form."""
        content: dict[str, Any] = to_builtins(self, enc_hook=str)
        return content
