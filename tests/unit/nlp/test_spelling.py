import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from nlp.spelling import Speller

KNOWN = ("parcel", "refund", "please", "invoice", "cancel", "canned", "track", "trick", "card")
SPELLER = Speller(KNOWN)
# Few letters, so that many of the words are one slip from each other.
WORDS = st.text("abc", min_size=5, max_size=7)


@st.composite
def slips(draw, words):
    """Make a word with one letter changed, added, left out, or swapped with the next."""
    word = draw(words)
    kind = draw(st.sampled_from(["change", "add", "drop", "swap"]))
    at = draw(st.integers(0, len(word) - 1 - (kind == "swap")))
    letter = draw(st.sampled_from(string.ascii_lowercase))
    before, after = word[:at], word[at + 1 :]
    return {
        "change": before + letter + after,
        "add": before + letter + word[at:],
        "drop": before + after,
        "swap": before + after[:1] + word[at] + after[1:],
    }[kind]


@given(slips(st.sampled_from([word for word in KNOWN if len(word) >= 5])))
def test_a_slip_comes_back_as_a_known_word(slip):
    meant = SPELLER.correct(slip)
    assert meant in KNOWN
    assert OSA.distance(slip, meant) <= 1


@given(st.sets(WORDS, min_size=1, max_size=30), st.data())
def test_no_slip_is_overlooked_however_many_words_are_near(known, data):
    slip = data.draw(slips(st.sampled_from(sorted(known))))
    meant = Speller(known).correct(slip)
    assert meant in known
    assert OSA.distance(slip, meant) <= 1


@given(st.sets(st.text("ab", min_size=4, max_size=5)), st.text("abc", min_size=4, max_size=5))
def test_of_several_the_same_length_counts_then_the_same_first_letter(known, word):
    known -= {word}
    near = [some for some in known if OSA.distance(word, some) == 1]
    best = min(near, key=lambda w: (len(w) != len(word), w[0] != word[0], w), default=word)
    assert Speller(known).correct(word) == best


@pytest.mark.parametrize(
    ("known", "meant"),
    [(["banks", "tank"], "tank"), (["tank", "bang"], "bang"), (["bans", "band"], "band")],
)
def test_of_several_near_words_one_is_meant(known, meant):
    assert Speller(known).correct("bank") == meant


@given(st.text(max_size=30))
def test_what_is_far_from_everything_stays(text):
    meant = SPELLER.correct(text)
    assert meant == text or (meant in KNOWN and OSA.distance(text, meant) == 1)


def test_the_longest_word_that_is_corrected():
    word = "abcdefghijklmnopqrstuvwx"
    speller = Speller([word])
    assert speller.correct(word[1:]) == word
    assert speller.correct("z" + word) == "z" + word


def test_known_words_without_neighbours_come_back():
    for word in ("parcel", "invoice", "card"):
        assert SPELLER.correct(word) == word


def test_known_words_come_back_whatever_is_near():
    assert [SPELLER.correct(word) for word in KNOWN] == list(KNOWN)


@pytest.mark.parametrize(
    "word", ["", "car", "crd", "c4rd", "refund1", "12345", "réfund", "退款", "re fund", "😀card"]
)
def test_short_words_digits_and_other_scripts_are_left_alone(word):
    assert SPELLER.correct(word) == word


def test_what_is_not_letters_only_is_not_known():
    speller = Speller(["usb3c", "naïve", "abc", "refund me", "退款退款", "x" * 25, "refund"])
    assert speller.words == ["refund"]


@given(st.lists(WORDS, max_size=20), slips(WORDS), st.randoms())
def test_order_and_repeats_of_the_known_words_are_immaterial(known, slip, dice):
    shuffled = dice.sample(known, len(known))
    assert Speller(shuffled * 2).correct(slip) == Speller(known).correct(slip)


def test_a_speller_that_knows_nothing_changes_nothing():
    assert Speller([]).correct("refnud") == "refnud"
