"""Contrast against figures that others have computed, and accents that can be read in the dark."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.settings.colours import (
    COMFORTABLE,
    GRAPHICS,
    PANELS,
    TEXT,
    accents,
    contrast,
    for_the_dark,
)
from bot.settings.model import Look

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#777777", "#ffffff", 4.48),  # the well-known grey that just fails
        ("#767676", "#ffffff", 4.54),  # and the one that just passes
        ("#0000ff", "#ffffff", 8.59),
        ("#FF0000", "#ffffff", 4.0),
        ("#123456", "#123456", 1.0),
    ],
)
def test_ratios_of_the_guidelines(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == pytest.approx(ratio, abs=0.005)
    assert contrast(other, one) == contrast(one, other)


@given(COLOURS)
def test_any_accent_can_be_read_in_the_dark(accent: str) -> None:
    lighter, on_it = for_the_dark(accent)
    assert contrast(lighter, PANELS["dark"]) >= COMFORTABLE
    assert contrast(lighter, on_it) >= TEXT


def test_what_is_set_for_the_dark_stays_as_it_is() -> None:
    look = Look.model_validate({"dark": {"accent": "#8fc4ac", "on_accent": "#10201a"}})
    assert accents(look)["dark"] == ("#8fc4ac", "#10201a")


def test_the_defaults_can_be_read() -> None:
    for scheme, (accent, on_accent) in accents(Look()).items():
        assert contrast(accent, on_accent) >= TEXT
        assert contrast(accent, PANELS[scheme]) >= GRAPHICS
