"""The widget's style: its colours are in one place, and it knows no left and right."""

from __future__ import annotations

import re
from importlib.resources import files

from bot.settings.colours import PANELS

WIDGET = files("bot.channels") / "widget"
LOADER = (WIDGET / "widget.js").read_text("utf-8")
STYLE = (WIDGET / "chat" / "style.css").read_text("utf-8")

NO_RULE = re.compile(r"/\*.*?\*/|@supports[^{]*|:host(?:\([^{]*\))? \{[^}]*\}", re.DOTALL)
"""Comments, questions to the browser, and the place of the colours."""

PHYSICAL = re.compile(
    r"(?<![\w-])(?:(?:margin|padding|border)-(?:left|right|top|bottom)|left|right|top|bottom"
    r"|width|height|(?:min|max)-(?:width|height)|text-align: (?:left|right))\s*:"
)


def test_panels_are_what_contrast_is_measured_against():
    light, dark = re.findall(r"--bg: (#[0-9a-f]{6})", LOADER)
    assert {"light": light, "dark": dark} == PANELS


def test_colours_stand_in_one_place():
    rules = NO_RULE.sub("", STYLE)
    assert "var(--a)" in rules
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b|\b(?:rgb|hsl|oklch)a?\([^)]*\)", rules) == []


def test_directions_are_logical():
    css = STYLE + "".join(re.findall(r"/\* css \*/ `([^`]*)`", LOADER))
    assert len(css) > 10_000
    declarations = re.sub(r"@media[^{]*", "", css)
    assert PHYSICAL.findall(declarations) == []
