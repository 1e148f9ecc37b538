"""Emoji as Slack names them → as everybody sees them.

Slack's texts say `:wave:`. Outside Slack that is noise, for people and for whatever reads along.
A workspace's own emoji are pictures that only Slack has; their names stay.
"""

from __future__ import annotations

import re

from rich.emoji import Emoji, NoEmoji

_NAME = re.compile(r":([a-z0-9_+'-]+):(?::skin-tone-([2-6]):)?")

# By Slack's names where rich, whose table is Unicode's and GitHub's, has another or none.
_SLACKS_OWN = {
    "simple_smile": "🙂",
    "upside_down_face": "🙃",
    "shrug": "🤷",
    "facepalm": "🤦",
    "face_palm": "🤦",
    "thumbsup_all": "👍",
}

_COUNTRIES = frozenset({"cn", "de", "es", "fr", "gb", "it", "jp", "kr", "ru", "us"})
"""These had their flags before `flag-` was put before the others."""

_FIRST_TONE = 0x1F3FB
_FIRST_LETTER = 0x1F1E6
_TONES_FROM = 2


def with_emoji(text: str) -> str:
    """Return the text with emoji in place of their names."""
    return _NAME.sub(_emoji, text)


def _emoji(name: re.Match[str]) -> str:
    found = _find(name[1])
    if found is None:
        return name[0]
    tone = name[2]
    return found if tone is None else found + chr(_FIRST_TONE + int(tone) - _TONES_FROM)


def _find(name: str) -> str | None:
    if name in _COUNTRIES or re.fullmatch(r"flag-[a-z]{2}", name):
        letters = name.removeprefix("flag-")
        return "".join(chr(_FIRST_LETTER + ord(letter) - ord("a")) for letter in letters)
    try:
        return _SLACKS_OWN.get(name) or str(Emoji(name))
    except NoEmoji:
        return None
