"""A linear model over sparse features, as it is served: one look-up and one product a message."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from nlp.features import Features, Rows, Values


class LinearScorer:
    """A linear model served from a dict and one matrix: equal to scikit-learn's, and much faster.

    Attributes:
        features: What the rows mean.
        weights: float32 of shape (features, classes), C-contiguous, a row per n-gram.
        intercept: float32 of shape (classes,).
        dense: float32 of shape (width, classes): the weights of a sentence's vector, if any.
    """

    def __init__(
        self,
        features: Features,
        weights: npt.NDArray[np.float32],
        intercept: npt.NDArray[np.float32],
        dense: npt.NDArray[np.float32] | None = None,
    ) -> None:
        self.features = features
        self.weights = np.ascontiguousarray(weights, np.float32)
        self.intercept = np.asarray(intercept, np.float32)
        self.dense = None if dense is None else np.ascontiguousarray(dense, np.float32)

    def scores(
        self, rows: Rows, values: Values, vector: Values | None = None
    ) -> npt.NDArray[np.float32]:
        """Return the margins of a text, of shape (classes,).

        Args:
            rows: What `features.rows` found in it.
            values: The same.
            vector: The sentence's vector, shape (width,), where the model has weights for it.
        """
        if not len(rows):
            return self.intercept
        margins: Values = values.dot(self.weights.take(rows, 0))  # `@` takes twice as long
        margins += self.intercept
        if vector is not None and self.dense is not None:
            margins += vector @ self.dense
        return margins
