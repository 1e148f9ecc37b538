"""What agents read, by key, in their own language.

Customers never read any of this: what they are told stands in the configuration's replies.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.desk.words.en import WORDS as ENGLISH
from bot.desk.words.zh import WORDS as CHINESE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nlp.understanding import Language

WORDS: Mapping[Language, Mapping[str, str]] = {"en": ENGLISH, "zh": CHINESE}

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


def words(key: str, language: Language, **values: object) -> str:
    """Return a sentence with its placeholders filled; a value is inserted, never read.

    Raises:
        KeyError: There is no such sentence, or a value is missing.
    """
    return _PLACEHOLDER.sub(lambda found: str(values[found[1]]), WORDS[language][key])


def in_each(key: str, **values: object) -> dict[Language, str]:
    """Return a sentence in each language there is.

    Raises:
        KeyError: There is no such sentence, or a value is missing.
    """
    return {language: words(key, language, **values) for language in WORDS}


def has_words(key: str, language: Language) -> bool:
    """Return whether there is such a sentence."""
    return key in WORDS[language]
