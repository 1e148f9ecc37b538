import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.tone import ToneFinder
from nlp.understanding import Tone

FINDER = ToneFinder(
    {"negative": {"en": ("awful", "not happy"), "zh": ("太差",)}, "urgent": {"en": (r"\basap\b",)}}
)


def test_tones_are_found_in_either_language_and_any_case():
    assert FINDER.find("This is AWFUL") == Tone(negative=True)
    assert FINDER.find("太差了, asap please") == Tone(negative=True, urgent=True)
    assert FINDER.find("hello") == Tone()


def test_a_bad_pattern_names_its_tone():
    with pytest.raises(ValueError, match="urgent"):
        ToneFinder({"urgent": {"en": ("(",)}})


@given(st.text())
def test_any_text_has_a_tone(text):
    assert isinstance(FINDER.find(text), Tone)


def test_lone_surrogates_do_no_harm():
    assert FINDER.find("\ud800 awful").negative
