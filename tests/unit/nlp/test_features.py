import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.sparse import hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from nlp.features import CHARACTERS_WEIGHT, Features, normalise
from nlp.intents import fit_scorer
from nlp.scorer import LinearScorer
from tests.bench.recipe import Recipe

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
    return Features(known.word_grams, known.character_grams, spelling=False)


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
    assume(normalise(text) == text.lower())  # of A0000 only the shape counts here, all of it there
    theirs = SVM.decision_function(
        hstack([WORDS.transform([text]), CHARACTERS_WEIGHT * CHARACTERS.transform([text])])
    )[0]
    np.testing.assert_allclose(SCORER.scores(*SCORER.features.rows(text)), theirs, atol=1e-4)


MIXED = [*TEXTS, "我的快递到哪了", "怎么退款啊，想check一下order", "取消订单", "退款到账了吗?"]
MIXED_SCORER, _ = fit_scorer(
    MIXED * 3, np.array([*LABELS, "track", "refund", "cancel", "refund"] * 3)
)
MIXED_RECIPE = Recipe(MIXED_SCORER)
FRAGMENTS = st.lists(
    st.sampled_from(
        [w for text in MIXED for w in text.split()] + ["refnud", "快递", "!?", "AB123456"]
    )
    | st.text(max_size=8),
    max_size=12,
)


CHINESE = st.text("我的快递到哪了怎么退款啊取消订单账好,。?! \n", max_size=40)


@given(st.builds(str.join, st.sampled_from(["", " "]), FRAGMENTS) | CHINESE)
@settings(max_examples=500, deadline=None)
def test_all_blocks_together_are_what_scikit_learn_makes_of_them(text):
    found = MIXED_SCORER.features.find(text)
    ours = MIXED_SCORER.scores(found.rows, found.values)
    np.testing.assert_allclose(ours, MIXED_RECIPE.margins(text), atol=1e-4)


@given(st.text(max_size=200))
def test_each_block_has_its_length(text):
    ids, values = FEATURES.rows(text)
    assert len(set(ids.tolist())) == len(ids) == len(values)
    lengths = {round(float(np.square(values).sum()), 3)}
    assert lengths <= {0.0, 1.0, 2.25, 3.25}  # no concepts here: words, characters, or both


def test_han_characters_are_words_and_mixed_text_has_both():
    features = Features.fit(["想check一下order", "怎么退货"])
    assert {"想 check", "check 一", "一 下", "下 order", "退 货"} <= set(features.word_grams)
    assert " check"[:5] in features.character_grams
    assert not any("退" in gram for gram in features.character_grams)


def test_synonyms_share_a_concept():
    features = Features.fit(["refund"])
    assert "refund" in features.word_grams
    for text in ("reimburse me", "my money back"):
        assert len(features.rows(text)[0]), text


def test_a_slip_is_read_as_the_word_that_was_meant():
    features = Features.fit(TEXTS)
    for slip, meant in (("refnud", "refund"), ("pleaze", "please"), ("parcl", "parcel")):
        row = features.word_grams.index(meant)
        assert row in features.rows(slip)[0], slip
    assert features.word_grams.index("cancel") not in features.rows("canada")[0]


def test_codes_are_alike_whatever_their_number():
    assert normalise("Where is BK316409?") == normalise("where is qz550001?")
    assert normalise("iPhone 15 Pro") == "iphone 15 pro"


def test_familiar_is_the_share_of_known_neighbours():
    features = Features.fit(TEXTS)
    assert features.find("where is my order").familiar == 1.0
    assert features.find("where is zanzibar zoo").familiar == 1 / 3
    assert features.find("zanzibar").familiar == 0.0


def test_wide_characters_are_read_as_narrow():
    assert normalise("ＡＢ１２３？") == "ab123?"


def test_rows_are_the_same_after_saving():
    again = Features.from_json(FEATURES.to_json())
    assert again.rows(TEXTS[2])[0].tolist() == FEATURES.rows(TEXTS[2])[0].tolist()


def test_a_hundred_thousand_characters_are_cut():
    ids, values = FEATURES.rows("cancel " * 15_000)
    assert np.isfinite(values).all()
    assert len(ids)
