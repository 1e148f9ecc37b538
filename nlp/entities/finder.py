"""Finds every entity of a message: all finders' candidates, then one rule for overlaps.

Pure and deterministic; a message without digits or trigger words costs little, for each finder
first looks whether anything it knows can be there at all. Its place in the walk: understand.
"""

from __future__ import annotations

from datetime import datetime

from nlp.entities.candidates import resolve
from nlp.entities.codes import Codes
from nlp.entities.contacts import Contacts
from nlp.entities.dates import find_days
from nlp.entities.goods import Goods
from nlp.entities.money import Money
from nlp.entities.reading import Reading
from nlp.entities.spec import CatalogueEntry, EntitySpec
from nlp.entities.times import find_dates_and_times
from nlp.understanding import Entity, Language

__all__ = ["CatalogueEntry", "EntityFinder", "EntitySpec"]


class EntityFinder:
    """Finds the entities that a specification describes."""

    def __init__(self, spec: EntitySpec) -> None:
        self.spec = spec
        self._codes = Codes(spec.order_patterns, spec.tracking_patterns)
        self._contacts = Contacts(spec.phone_region)
        self._money = Money(spec.currency)
        self._goods = Goods()

    def find(self, text: str, language: Language, now: datetime) -> tuple[Entity, ...]:
        """Return the entities in the order of the text; they never overlap.

        `now` is aware and in the customer's zone: relative days are reckoned from it.
        """
        reading = Reading.of(text, language, now)
        found = self._codes.find(reading)
        found += self._contacts.find(reading)
        found += self._money.find(reading)
        found += find_dates_and_times(reading, find_days(reading))
        found += self._goods.find(reading)
        entities = []
        for candidate in resolve(found):
            start, end = reading.span(candidate.start, candidate.end)
            entities.append(
                Entity(
                    type=candidate.type,
                    text=text[start:end],
                    start=start,
                    end=end,
                    value=candidate.value,
                )
            )
        return tuple(entities)
