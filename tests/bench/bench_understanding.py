"""How long understanding takes, part by part, and against scikit-learn's own pipeline.

    OMP_NUM_THREADS=1 python tests/bench/bench_understanding.py

Trains the shipped configuration (some 15 s), then prints median microseconds a
message over messages that warmed nothing but the piece memory. The machine is shared: ratios are
steadier than times.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from scipy.sparse import hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from bot.settings.load import load
from nlp.engine import Engine
from nlp.entities.finder import EntityFinder
from nlp.intents import IntentModel
from nlp.needs import CustomerFacts
from nlp.pipeline import build
from nlp.tone import ToneFinder
from nlp.training import train

CONFIG = Path(__file__).parents[2] / "config" / "ecommerce"
NOW = datetime(2025, 1, 6, 9, tzinfo=UTC)
STRANGER = CustomerFacts()
MESSAGES = 400
ROUNDS = 10
"""The best of these counts for each message: what another process took is not ours."""


def medians_us(calls, messages):
    """Return, by name, the median over messages of the best of several rounds.

    The calls take turns in each round, so that what else the machine does disturbs all alike. A
    turn is gone through twice and its second half counts: a process that only understands does not
    find in the processor's caches what scikit-learn left there.
    """
    best = {name: [float("inf")] * len(messages) for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            for message in messages:
                call(message)
            for i, message in enumerate(messages):
                begun = time.perf_counter()
                call(message)
                best[name][i] = min(best[name][i], time.perf_counter() - begun)
    return {name: statistics.median(times) * 1e6 for name, times in best.items()}


def sklearn_pipeline(texts, labels, language):
    """Return the same recipe as a customer of scikit-learn would write it."""
    options = {"sublinear_tf": True, "use_idf": False, "dtype": np.float32}
    if language == "zh":
        blocks = [(1.0, TfidfVectorizer(analyzer="char", ngram_range=(1, 2), **options))]
    else:
        pattern = r"(?u)\b\w+\b"
        words = TfidfVectorizer(ngram_range=(1, 2), token_pattern=pattern, **options)
        characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), **options)
        blocks = [(1.0, words), (1.5, characters)]
    svm = LinearSVC(C=0.5, random_state=0)
    svm.fit(hstack([w * block.fit_transform(texts) for w, block in blocks]).tocsr(), labels)
    return lambda text: svm.predict(hstack([w * b.transform([text]) for w, b in blocks]).tocsr())


def main() -> None:
    """Train, measure, print."""
    training_set = load(CONFIG).training_set()
    with tempfile.TemporaryDirectory() as place:
        begun = time.perf_counter()
        report = train(training_set, Path(place) / "model")
        out = sys.stdout.write
        out(f"trained in {time.perf_counter() - begun:.1f} s, held out: {dict(report.accuracy)}\n")
        engine = Engine.load(Path(place) / "model")
        intents = IntentModel.load(Path(place) / "model" / "intents")
        scorer = intents.scorer
    finder = EntityFinder(training_set.entities)
    for language in ("en", "zh"):
        rows = [e for e in training_set.examples if e.language == language]
        messages = [e.text for e in rows[:: len(rows) // MESSAGES]]
        pipeline = build(language, intents, finder, ToneFinder({}))
        theirs = sklearn_pipeline([e.text for e in rows], [e.intent for e in rows], language)
        known = {text: engine.understand(text, now=NOW) for text in messages}
        calls = {
            "tokens": pipeline.make_doc,
            "scorer": lambda t: scorer.scores(*scorer.features.rows(t)),
            "intents": lambda t, at=language: intents.read(t, at),
            "entities": lambda t, at=language: finder.find(t, at, NOW),
            "whole": lambda t: engine.understand(t, now=NOW),
            "need": lambda t, at=language: engine.need([t], STRANGER, at),
            "passages": lambda t, at=language, of=known: engine.passages(t, at, of[t]),
            "scikit-learn": theirs,
        }
        figures = medians_us(calls, messages)
        for name, us in figures.items():
            out(f"{language}  {name:16} {us:8.1f} us\n")
        ratio = figures["scikit-learn"] / figures["scorer"]
        out(f"{language}  scikit-learn / scorer: {ratio:.1f}\n")


if __name__ == "__main__":
    main()
