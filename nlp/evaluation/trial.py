"""What more examples would change, before anybody adds them: cross-validated with and without."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from nlp import intents
from nlp.understanding import OUT_OF_SCOPE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nlp.examples import Example, TrainingSet

_FOLDS = 3


class Effect(Struct, frozen=True, kw_only=True):
    """Shares of messages in scope whose first guess is right, by models that had not seen them."""

    examples_before: float
    """Of the examples that are there."""
    examples_after: float
    """Of the same, when the added ones help to learn."""
    added_before: float
    """Of the added ones, learned from what is there."""
    added_after: float
    """Of the added ones, learned from what is there and from the other added ones."""


def effect(
    training_set: TrainingSet,
    added: Sequence[Example],
    progress: Callable[[str, float], None] | None = None,
) -> Effect:
    """Return what added examples would change.

    Args:
        training_set: What is there.
        added: What would come to it; at least one of them in scope.
        progress: Told of every step.
    """
    tell = progress or (lambda _doing, _share: None)
    rows = [*training_set.examples, *training_set.out_of_scope]
    old_texts, old = [e.text for e in rows], np.array([e.intent for e in rows])
    new_texts, new = [e.text for e in added], np.array([e.intent for e in added])
    right = {name: np.zeros(len(rows), bool) for name in ("before", "after")}
    right_new = {name: np.zeros(len(added), bool) for name in ("before", "after")}
    parts = np.arange(len(added)) % _FOLDS
    for number, (seen, unseen) in enumerate(intents.stratified(old, _FOLDS)):
        texts = [old_texts[i] for i in seen]
        asked = [old_texts[i] for i in unseen]
        own, others = np.flatnonzero(parts == number), np.flatnonzero(parts != number)
        asked_new = [new_texts[i] for i in own]
        for step, name in enumerate(("before", "after")):
            tell("cross-validation", (2 * number + step) / (2 * _FOLDS))
            more = others if name == "after" else np.zeros(0, np.intp)
            guessed = intents.guesses(
                [*texts, *(new_texts[i] for i in more)],
                np.concatenate((old[seen], new[more])),
                [*asked, *asked_new],
            )
            right[name][unseen] = guessed[: len(asked)] == old[unseen]
            right_new[name][own] = guessed[len(asked) :] == new[own]
    return Effect(
        examples_before=_share(right["before"], old),
        examples_after=_share(right["after"], old),
        added_before=_share(right_new["before"], new),
        added_after=_share(right_new["after"], new),
    )


def _share(right: npt.NDArray[np.bool_], labels: npt.NDArray[np.str_]) -> float:
    inside = right[labels != OUT_OF_SCOPE]
    return float(inside.mean()) if len(inside) else 0.0
