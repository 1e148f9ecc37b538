"""Finds every entity of a message: all finders' candidates, then one rule for overlaps.

Pure and deterministic; a message without digits or trigger words costs little, for each finder
first looks whether anything it knows can be there at all. Its place in the walk: understand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nlp.entities.addresses import Addresses
from nlp.entities.candidates import Candidate, Value, resolve
from nlp.entities.catalogue import Catalogue
from nlp.entities.codes import Codes
from nlp.entities.contacts import Contacts
from nlp.entities.dates import find_days
from nlp.entities.goods import Goods
from nlp.entities.money import Money
from nlp.entities.people import find_people
from nlp.entities.places import Places
from nlp.entities.reading import Reading
from nlp.entities.spec import CatalogueEntry, EntitySpec
from nlp.entities.times import find_dates_and_times
from nlp.understanding import Entity, Language

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["CatalogueEntry", "EntityFinder", "EntitySpec"]


class EntityFinder:
    """Finds the entities that a specification describes."""

    def __init__(self, spec: EntitySpec) -> None:
        self.spec = spec
        self._codes = Codes(spec.order_patterns, spec.tracking_patterns)
        self._contacts = Contacts(spec.phone_region)
        self._money = Money(spec.currency)
        self._goods = Goods()
        self._places = Places(spec.cities)
        self._addresses = Addresses(self._places)
        self._catalogue = Catalogue(spec.products)

    def find(self, text: str, language: Language, now: datetime) -> tuple[Entity, ...]:
        """Return the entities in the order of the text; they never overlap.

        `now` is aware and in the customer's zone: relative days are reckoned from it.
        """
        reading = Reading(text, language, now)
        found = self._codes.find(reading)
        found += self._contacts.find(reading)
        found += self._money.find(reading)
        found += find_dates_and_times(reading, find_days(reading))
        found += self._goods.find(reading)
        found += self._catalogue.find(reading)
        found += find_people(reading)
        found += self._addresses.find(reading)
        found += self._places.find(reading)
        entities = []
        for candidate in resolve(found):
            start, end = reading.span(candidate.start, candidate.end)
            entities.append(
                Entity(
                    type=candidate.type,
                    text=text[start:end],
                    start=start,
                    end=end,
                    value=_value(candidate, reading, text),
                )
            )
        return tuple(entities)


_AS_WRITTEN = frozenset({"person", "address", "city"})


def _value(candidate: Candidate, reading: Reading, text: str) -> Value:
    """Return the value, for what is given as written in the characters of the text."""
    if candidate.type not in _AS_WRITTEN or not isinstance(candidate.value, str):
        return candidate.value
    end = candidate.start + len(candidate.value)
    if reading.origin is None:
        return text[candidate.start : end]
    return "".join(text[i] for i in reading.origin[candidate.start : end])
