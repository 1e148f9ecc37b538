import numpy as np
import pytest

from nlp import intents
from nlp.understanding import OUT_OF_SCOPE

TEXTS = {
    "a": ["send the parcel", "my parcel", "parcel late", "late parcel again", "one parcel lost"],
    "b": ["refund me", "money back now", "a refund please", "refund the money", "full refund"],
    OUT_OF_SCOPE: ["weather in rome", "sing a song", "tell a joke", "moon landing", "a long poem"],
}


def fitted(*, outside=True):
    rows = [(t, c) for c, texts in TEXTS.items() for t in texts if outside or c != OUT_OF_SCOPE]
    texts, labels = map(list, zip(*rows, strict=True))
    return intents.fit(texts, labels, ["en"] * len(texts))


@pytest.mark.parametrize("outside", [True, False])
def test_readings_are_distributions(outside):
    model, _ = fitted(outside=outside)
    for text in ("parcel", "refund", "quantum", "", "weather"):
        reading = model.read(text, "en")
        assert reading.probabilities.sum() == pytest.approx(1)
        assert 0 <= reading.out_of_scope <= 1
    assert model.intents == ("a", "b")


def test_what_is_not_known_at_all_is_refused():
    model, _ = fitted()
    assert model.read("ξξξ", "en").refused
    assert model.read("", "zh").refused


def test_a_saved_model_reads_the_same(tmp_path):
    model, _ = fitted()
    model.save(tmp_path)
    again = intents.IntentModel.load(tmp_path)
    for text in ("parcel", "refund now", "song"):
        one, two = model.read(text, "en"), again.read(text, "en")
        np.testing.assert_array_equal(one.probabilities, two.probabilities)
        assert one.out_of_scope == two.out_of_scope


def test_held_out_rows_are_predicted_once():
    _, held_out = fitted()
    assert sorted(held_out.rows.tolist()) == list(range(15))


def test_folds_hold_with_rare_classes():
    labels = np.array(["a"] * 10 + ["b"])
    unseen = np.concatenate([u for _, u in intents.stratified(labels, 5)])
    assert sorted(unseen.tolist()) == list(range(11))
