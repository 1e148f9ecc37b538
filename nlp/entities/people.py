"""People: who introduces themselves, who shall receive, who is addressed with a title.

Precision comes first: a name counts where the words around it say that it is one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nlp.entities.people_en import english_people
from nlp.entities.people_zh import chinese_people

if TYPE_CHECKING:
    from nlp.entities.candidates import Candidate
    from nlp.entities.reading import Reading


def find_people(reading: Reading) -> list[Candidate]:
    """Return every name, without title; the value is the name as written."""
    found = list(english_people(reading)) if reading.vocabulary else []
    if reading.han:
        found += chinese_people(reading)
    return found
