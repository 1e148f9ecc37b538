"""What understanding reaches on public data sets, beside scikit-learn and spaCy in the same run.

    OMP_NUM_THREADS=1 python tests/bench/bench_public_sets.py [--encoder FOLDER] [--quick]

Official splits, trained on the training rows only. The sets are read from the folder that
FRONTDESK_DATASETS names. --encoder adds the columns of the semantic extra (`nlp.encoder_export`
makes an encoder's folder); --quick leaves out spaCy's text categorizer, which takes minutes. Times
are medians over messages of the best of several rounds, the contestants taking turns: read the
ratios, for machines differ.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
import time
from pathlib import Path

import numpy as np
import spacy
from bench_understanding import medians_us, sklearn_pipeline
from msgspec.structs import replace
from recipe import Recipe
from rich.console import Console
from rich.table import Table
from spacy.training import Example as SpacyExample
from spacy.util import fix_random_seed, minibatch

from bot.settings.load import load
from nlp.engine import Engine
from nlp.evaluation.evaluate import evaluate
from nlp.example_files import read_examples
from nlp.examples import Example, TrainingSet
from nlp.semantic import SemanticSpec
from nlp.training import train
from nlp.understanding import OUT_OF_SCOPE

SETS = Path(os.environ.get("FRONTDESK_DATASETS", "../shared/data"))
TIMED = 300
TYPOS = 0.05
LOSS = 0.02
SPACY_EPOCHS = 20
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def csv_rows(name):
    return [replace(e, path=None) for e in read_examples(SETS / name / "data.csv").examples]


def airline():
    """Return the rows of MultiDoGO's airline, those without words left out."""
    rows = []
    for line in (SETS / "multidogo" / "data.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["domain"] == "airline" and row["text"].strip():
            rows.append(Example(text=row["text"], intent=row["intent"], split=row["split"]))
    return rows


def part(rows, *splits):
    return [e for e in rows if e.split in splits]


def inside(rows):
    return [e for e in rows if e.intent != OUT_OF_SCOPE]


def mistyped(text, dice):
    """Return a text with some of its letters replaced, dropped, doubled or swapped."""
    letters = list(text)
    for i, letter in enumerate(letters):
        if letter.isalpha() and dice.random() < TYPOS:
            kind = dice.randrange(4)
            if kind == 0:
                letters[i] = dice.choice(LETTERS)
            elif kind == 1:
                letters[i] = ""
            elif kind == 2:
                letters[i] = letter + dice.choice(LETTERS)
            elif i + 1 < len(letters):
                letters[i], letters[i + 1] = letters[i + 1], letters[i]
    return "".join(letters)


class Trained:
    """A model made of examples, and what it cost."""

    def __init__(self, examples, encoder=None, tier="encoder"):
        training_set = TrainingSet.of_examples(examples)
        if encoder:
            spec = SemanticSpec(encoder=encoder, tier=tier, languages=("en",))
            training_set = replace(training_set, semantic=spec)
        with tempfile.TemporaryDirectory() as folder:
            begun = time.perf_counter()
            train(training_set, Path(folder, "m"))
            self.seconds = time.perf_counter() - begun
            self.bytes = sum(p.stat().st_size for p in Path(folder, "m").rglob("*") if p.is_file())
            self.engine = Engine.load(Path(folder, "m"))
        self.model = self.engine._intents

    def guess(self, text):
        return self.model.intents[int(self.model.read(text, "en").probabilities.argmax())]

    def accuracy(self, rows):
        return np.mean([self.guess(e.text) == e.intent for e in rows])

    def refusal(self, valid, test):
        """Return in-scope accuracy and out-of-scope recall at the admitted loss.

        The threshold is the one that costs this much on the validation rows.
        """

        def read(rows):
            seen = [self.model.read(e.text, "en") for e in rows]
            names = self.model.intents
            guesses = [names[int(s.probabilities.argmax())] for s in seen]
            right = [guess == e.intent for guess, e in zip(guesses, rows, strict=True)]
            return np.array([s.out_of_scope for s in seen]), np.array(right)

        odds, right = read(inside(valid))
        kept = np.sort(odds[right])[::-1]
        threshold = kept[int(LOSS * len(odds))]
        odds, right = read(inside(test))
        outside, _ = read([e for e in test if e.intent == OUT_OF_SCOPE])
        return np.mean(right & (odds < threshold)), np.mean(outside >= threshold)

    def calibration_error(self, rows):
        return evaluate(self.engine, rows).calibration_error


def sklearn_accuracy(train_rows, test_rows):
    """Return the accuracy of scikit-learn's own pipeline, its seconds, and the pipeline."""
    begun = time.perf_counter()
    call = sklearn_pipeline([e.text for e in train_rows], [e.intent for e in train_rows], "en")
    seconds = time.perf_counter() - begun
    return np.mean([call(e.text) == e.intent for e in test_rows]), seconds, call


def spacy_accuracy(train_rows, test_rows):
    """Return the accuracy of spaCy's bag-of-words categorizer, and the trained pipeline."""
    fix_random_seed(0)
    nlp = spacy.blank("en")
    model = {
        "@architectures": "spacy.TextCatBOW.v3",
        "exclusive_classes": True,
        "ngram_size": 2,
        "no_output_layer": False,
        "length": 32768,
    }
    nlp.add_pipe("textcat", config={"model": model})
    labels = sorted({e.intent for e in train_rows})
    examples = [
        SpacyExample.from_dict(
            nlp.make_doc(e.text), {"cats": {name: float(name == e.intent) for name in labels}}
        )
        for e in train_rows
    ]
    optimizer = nlp.initialize(lambda: examples)
    dice = random.Random(0)  # noqa: S311  # no secret
    for _ in range(SPACY_EPOCHS):
        dice.shuffle(examples)
        for batch in minibatch(examples, size=64):
            nlp.update(batch, sgd=optimizer)
    right = [
        max(doc.cats, key=doc.cats.get) == e.intent
        for doc, e in zip(nlp.pipe([e.text for e in test_rows]), test_rows, strict=True)
    ]
    return np.mean(right), nlp


def reading(model, language):
    """Return a call that reads a text as if it had never been read."""
    forget = getattr(model.vectors, "forget", None)

    def call(text):
        if forget is not None:
            forget()
        model.read(text, language)

    return call


def percent(value):
    return f"{100 * value:.2f}"


def chinese_model():
    """Return the shipped configuration's model, and Chinese messages."""
    training_set = load(Path(__file__).parents[2] / "config" / "ecommerce").training_set()
    rows = [e for e in training_set.examples if e.language == "zh"]
    return Trained(training_set.examples).model, [e.text for e in rows[:: len(rows) // TIMED]]


def same_model(model, texts):
    """Return the model as scikit-learn's own classes run it, once it has decided the same."""
    recipe = Recipe(model.scorer)
    for text in texts:
        found = model.scorer.features.find(text)
        ours = model.scorer.scores(found.rows, found.values)
        if recipe.margins(text).argmax() != ours.argmax():
            raise SystemExit(f"scikit-learn decides otherwise on {text!r}")
    return recipe.margins


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--encoder", type=Path)
    options.add_argument("--quick", action="store_true")
    given = options.parse_args()
    console = Console(width=120)
    columns = ["lean"] + (["table", "encoder"] if given.encoder else [])

    def make(rows):
        made = [Trained(rows)]
        if given.encoder:
            made += [Trained(rows, given.encoder, tier) for tier in ("table", "encoder")]
        return made

    table = Table("", *columns, "scikit-learn", "spaCy BOW")

    def row(name, values, sklearn="", spacy_="", empty=0):
        table.add_row(name, *values, *[""] * (len(columns) - len(values)), sklearn, spacy_)

    bank = csv_rows("banking77")
    learn, test = part(bank, "train"), part(bank, "test")
    models = make(learn)
    plain, plain_seconds, plain_call = sklearn_accuracy(learn, test)
    spaced, nlp = (None, None) if given.quick else spacy_accuracy(learn, test)
    spacy_text = "" if spaced is None else percent(spaced)
    row(
        "BANKING77 accuracy",
        [percent(m.accuracy(test)) for m in models],
        percent(plain),
        spacy_text,
    )
    dice = random.Random(0)  # noqa: S311  # no secret
    wrong = [replace(e, text=mistyped(e.text, dice)) for e in test]
    row(
        "BANKING77, 5 % of letters mistyped",
        [percent(m.accuracy(wrong)) for m in models],
        percent(np.mean([plain_call(e.text) == e.intent for e in wrong])),
    )
    row("BANKING77 calibration error", [f"{m.calibration_error(test):.3f}" for m in models])
    row("seconds to train it", [f"{m.seconds:.1f}" for m in models], f"{plain_seconds:.1f}")
    row("model, MB", [f"{m.bytes / 1e6:.1f}" for m in models])

    clinc = csv_rows("clinc150_full")
    test, valid = part(clinc, "test"), part(clinc, "valid")
    models_in = make(inside(part(clinc, "train")))
    plain, _, _ = sklearn_accuracy(inside(part(clinc, "train")), inside(test))
    row(
        "CLINC150 in scope, no refusal",
        [percent(m.accuracy(inside(test))) for m in models_in],
        percent(plain),
    )
    figures = [m.refusal(valid, test) for m in make(part(clinc, "train"))]
    row(
        "CLINC150 out of scope caught, at 2 points",
        [f"{percent(caught)} (in scope {percent(kept)})" for kept, caught in figures],
    )

    flights = airline()
    learn, test_rows = part(flights, "train"), part(flights, "test")
    plain, _, _ = sklearn_accuracy(learn, test_rows)
    row("MultiDoGO airline accuracy", [percent(Trained(learn).accuracy(test_rows))], percent(plain))

    snips = read_examples(SETS / "snips" / "data.jsonl").examples
    report = evaluate(Trained(part(snips, "train")).engine, snips)
    row("SNIPS entity F1, learned", [percent(report.entity_f1)])

    texts = [e.text for e in part(bank, "test")[::10]][:TIMED]
    calls = {name: reading(m.model, "en") for name, m in zip(columns, models, strict=True)}
    calls |= {"same": same_model(models[0].model, texts), "simple": plain_call}
    if nlp is not None:
        calls["spacy"] = nlp
    times = medians_us(calls, texts)
    row(
        "µs a message, en",
        [f"{times[name]:.0f}" for name in columns],
        f"{times['simple']:.0f} (×{times['simple'] / times['lean']:.1f})",
        f"{times['spacy']:.0f} (×{times['spacy'] / times['lean']:.1f})" if nlp else "",
    )
    row(
        "  the same model in scikit-learn",
        [],
        f"{times['same']:.0f} (×{times['same'] / times['lean']:.1f})",
    )
    model, texts = chinese_model()
    calls = {"lean": reading(model, "zh"), "same": same_model(model, texts)}
    times = medians_us(calls, texts)
    row(
        "µs a message, zh",
        [f"{times['lean']:.0f}"],
        f"{times['same']:.0f} (×{times['same'] / times['lean']:.1f})",
    )
    console.print(table)


if __name__ == "__main__":
    main()
