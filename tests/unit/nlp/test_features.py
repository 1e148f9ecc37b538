import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from nlp.features import CHARACTERS_WEIGHT, Features, LinearScorer, normalise

TEXTS = [
    "where is my order",
    "Where's my parcel??",
    "i want a refund, a full refund",
    "cancel my order please",
    "how do i cancel",
    "refund me now!",
    "my order never came",
    "please cancel it, cancel it",
]
LABELS = ["track", "track", "refund", "cancel", "cancel", "refund", "track", "cancel"]
LETTERS = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=80)


def without_concepts():
    known = Features.fit(TEXTS)
    return Features(known.word_grams, known.character_grams)


def sklearn_blocks():
    options = {"sublinear_tf": True, "use_idf": False, "dtype": np.float32}
    pattern = r"(?u)\b\w+\b"
    words = TfidfVectorizer(ngram_range=(1, 2), token_pattern=pattern, **options)
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), **options)
    return words.fit(TEXTS), characters.fit(TEXTS)


WORDS, CHARACTERS = sklearn_blocks()
FEATURES = without_concepts()
SVM = LinearSVC(random_state=0)
SVM.fit(hstack([WORDS.transform(TEXTS), CHARACTERS_WEIGHT * CHARACTERS.transform(TEXTS)]), LABELS)
SCORER = LinearScorer(FEATURES, SVM.coef_.T, SVM.intercept_)


def test_the_vocabulary_is_that_of_scikit_learn():
    assert list(FEATURES.word_grams) == WORDS.get_feature_names_out().tolist()
    assert list(FEATURES.character_grams) == CHARACTERS.get_feature_names_out().tolist()


@given(LETTERS)
@settings(max_examples=300)
def test_the_scores_are_those_of_scikit_learn(text):
    theirs = SVM.decision_function(
        hstack([WORDS.transform([text]), CHARACTERS_WEIGHT * CHARACTERS.transform([text])])
    )[0]
    np.testing.assert_allclose(SCORER.scores(*SCORER.features.rows(text)), theirs, atol=1e-4)


@given(st.text(max_size=200))
def test_each_block_has_its_length(text):
    ids, values = FEATURES.rows(text)
    assert len(set(ids.tolist())) == len(ids) == len(values)
    lengths = {round(float(np.square(values).sum()), 3)}
    assert lengths <= {0.0, 1.0, 2.25, 3.25}


def test_han_characters_are_words_and_mixed_text_has_both():
    features = Features.fit(["想check一下order", "怎么退货"])
    assert {"想 check", "check 一", "一 下", "下 order", "退 货"} <= set(features.word_grams)
    assert " check"[:5] in features.character_grams
    assert not any("退" in gram for gram in features.character_grams)


def test_synonyms_share_a_concept_across_languages():
    features = Features.fit(["refund"])
    assert "refund" in features.concepts
    for text in ("退款", "reimburse me", "my money back"):
        assert len(features.rows(text)[0]), text


def test_wide_characters_are_read_as_narrow():
    assert normalise("ＡＢ１２３？") == "ab123?"


def test_rows_are_the_same_after_saving():
    again = Features.from_json(FEATURES.to_json())
    assert again.rows(TEXTS[2])[0].tolist() == FEATURES.rows(TEXTS[2])[0].tolist()


def test_a_hundred_thousand_characters_are_cut():
    ids, values = FEATURES.rows("cancel " * 15_000)
    assert np.isfinite(values).all()
    assert len(ids)
