"""Emoji: Slack stores what somebody types as `:name:`, and shows it as a picture again."""

from __future__ import annotations

import re
from typing import Any

Json = dict[str, Any]

NAMES = {
    "👍": "+1",
    "👎": "-1",
    "👀": "eyes",
    "✅": "white_check_mark",
    "❌": "x",
    "🚨": "rotating_light",
    "↩": "leftwards_arrow_with_hook",
    "👋": "wave",
    "🙏": "pray",
    "🙌": "raised_hands",
    "👏": "clap",
    "💪": "muscle",
    "👌": "ok_hand",
    "🤝": "handshake",
    "🤷": "shrug",
    "😀": "grinning",
    "😄": "smile",
    "😊": "blush",
    "🙂": "slightly_smiling_face",
    "😂": "joy",
    "😅": "sweat_smile",
    "😉": "wink",
    "😍": "heart_eyes",
    "😘": "kissing_heart",
    "🤔": "thinking_face",
    "😢": "cry",
    "😭": "sob",
    "😡": "rage",
    "😤": "triumph",
    "😩": "weary",
    "🥺": "pleading_face",
    "❤": "heart",
    "🎉": "tada",
    "🔥": "fire",
    "⭐": "star",
    "🌟": "star2",
    "🌹": "rose",
    "🎫": "ticket",
    "📌": "pushpin",
    "📦": "package",
    "🔒": "lock",
    "🔔": "bell",
    "💬": "speech_balloon",
    "⚠": "warning",
    "⏳": "hourglass_flowing_sand",
    "🤖": "robot_face",
    "🔴": "red_circle",
    "🟢": "large_green_circle",
}
"""The common ones; the others stay characters, which Slack does with new ones too."""

_CHARACTERS = {name: character for character, name in NAMES.items()}
_TONES = "🏻🏼🏽🏾🏿"
_TYPED = re.compile(f"({'|'.join(NAMES)})\ufe0f?([{_TONES}]?)")
_CODED = re.compile(r":([a-z0-9_+-]+):(?::skin-tone-([2-6]):)?")


def coded(text: str) -> str:
    """Return the text with `:name:` in place of each known emoji."""

    def code(match: re.Match[str]) -> str:
        tone = f":skin-tone-{_TONES.index(match.group(2)) + 2}:" if match.group(2) else ""
        return f":{NAMES[match.group(1)]}:{tone}"

    return _TYPED.sub(code, text)


def split(text: str) -> list[str | Json]:
    """Return the texts and the rich text elements of the emoji of a coded text, in order."""
    parts: list[str | Json] = []
    end = 0
    for match in _CODED.finditer(text):
        character = _CHARACTERS.get(match.group(1))
        if character is None:
            continue
        element: Json = {"type": "emoji", "name": match.group(1), "unicode": f"{ord(character):x}"}
        if match.group(2):
            tone = int(match.group(2))
            element["skin_tone"] = tone
            element["unicode"] += f"-{ord(_TONES[tone - 2]):x}"
        parts += [text[end : match.start()], element]
        end = match.end()
    return [part for part in [*parts, text[end:]] if part]
