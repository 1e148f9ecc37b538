"""Whether one model understands better than another, or was only luckier on these messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Sequence

Verdict = Literal["better", "worse", "no clear difference"]

LEVEL = 0.05
"""Of the test: how often two equal models would be called different."""


class Comparison(Struct, frozen=True, kw_only=True):
    """Two models on the same messages; McNemar's exact test on those that only one got right."""

    other: str
    """Id of the model compared with."""
    accuracy: float
    """Share of all messages, out of scope included, that the model handles rightly."""
    other_accuracy: float
    only_this: int
    """Messages that only the model handles rightly."""
    only_other: int
    p_value: float
    """Chance of a difference as large as this if the two were equally good."""
    verdict: Verdict


def compare(ours: Sequence[bool], theirs: Sequence[bool], other: str) -> Comparison:
    """Compare two models by what each handled rightly, message by message.

    Args:
        ours: Of the model in question.
        theirs: Of the other one, for the same messages in the same order.
        other: The other one's id.
    """
    from scipy.stats import binomtest  # takes a while

    pairs = list(zip(ours, theirs, strict=True))
    only_this = sum(a and not b for a, b in pairs)
    only_other = sum(b and not a for a, b in pairs)
    differing = only_this + only_other
    p_value = float(binomtest(only_this, differing).pvalue) if differing else 1.0
    verdict: Verdict = "no clear difference"
    if p_value < LEVEL:
        verdict = "better" if only_this > only_other else "worse"
    return Comparison(
        other=other,
        accuracy=sum(ours) / len(pairs),
        other_accuracy=sum(theirs) / len(pairs),
        only_this=only_this,
        only_other=only_other,
        p_value=p_value,
        verdict=verdict,
    )
