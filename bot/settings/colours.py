"""Colours that can be read: contrast as WCAG 2.2 defines it, and accents for the dark.

A colour is `#rrggbb`. The formula has six lines and has not changed since 2008; a library of
colours would bring a hundred that nobody here calls.
"""

from __future__ import annotations

import colorsys
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.settings.model import Look

Scheme = Literal["light", "dark"]

PANELS: Mapping[Scheme, str] = {"light": "#ffffff", "dark": "#191c1b"}
"""What the chat is drawn on; `--bg` in widget.js says the same."""

TEXT = 4.5
"""WCAG 1.4.3: text against what it stands on."""

GRAPHICS = 3.0
"""WCAG 1.4.11: what is not text, such as a button against what surrounds it."""

COMFORTABLE = 7.0
"""WCAG 1.4.6; what we choose ourselves may as well have it."""


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, in [1, 21]."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def accents(look: Look) -> Mapping[Scheme, tuple[str, str]]:
    """Return a look's accent and what is written on it, for each scheme."""
    dark = (look.dark.accent, look.dark.on_accent) if look.dark else for_the_dark(look.accent)
    return {"light": (look.accent, look.on_accent), "dark": dark}


def for_the_dark(accent: str) -> tuple[str, str]:
    """Return an accent that is readable in the dark, of the same hue, and what is written on it."""
    panel = PANELS["dark"]
    hue, lightness, saturation = colorsys.rgb_to_hls(*_channels(accent))
    steps = (lightness + (1 - lightness) * step / 100 for step in range(101))
    shades = (_hex(*colorsys.hls_to_rgb(hue, each, saturation)) for each in steps)
    return next(shade for shade in shades if contrast(shade, panel) >= COMFORTABLE), panel


def _channels(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return red, green, blue


def _hex(*channels: float) -> str:
    return "#" + "".join(f"{round(channel * 255):02x}" for channel in channels)


def _luminance(colour: str) -> float:
    """Return the relative luminance, in [0, 1]."""
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in _channels(colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
