"""What a configuration says about entities: code patterns, catalogue, cities, defaults.

Plain values with a JSON round-trip, so that a model folder can hold them. Reads no files.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nlp.understanding import Language

DEFAULT_CURRENCY: Mapping[Language, str] = MappingProxyType({"en": "USD", "zh": "CNY"})
DEFAULT_PHONE_REGION: Mapping[Language, str] = MappingProxyType({"en": "US", "zh": "CN"})


class CatalogueEntry(Struct, frozen=True, kw_only=True):
    """Something with an id that customers call by any of several names."""

    id: str
    names: tuple[str, ...]
    """In every language, aliases included."""

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"id": self.id, "names": list(self.names)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> CatalogueEntry:
        """Return the entry that `to_json` wrote."""
        return cls(id=str(value["id"]), names=tuple(map(str, value["names"])))


class EntitySpec(Struct, frozen=True, kw_only=True):
    """Everything that the configuration says about entities."""

    order_patterns: tuple[str, ...] = ()
    """In re2's syntax; the whole match is the number, labels stay outside."""
    tracking_patterns: tuple[str, ...] = ()
    """In re2's syntax; they win over an order number of the same length."""
    products: tuple[CatalogueEntry, ...] = ()
    cities: tuple[CatalogueEntry, ...] = ()
    """Further cities, beside the built-in list."""
    currency: Mapping[Language, str] = field(default_factory=lambda: DEFAULT_CURRENCY)
    """By the language of the text, for sums that do not say their currency."""
    phone_region: Mapping[Language, str] = field(default_factory=lambda: DEFAULT_PHONE_REGION)
    """By the language of the text, for phone numbers without a country code."""

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "order_patterns": list(self.order_patterns),
            "tracking_patterns": list(self.tracking_patterns),
            "products": [entry.to_json() for entry in self.products],
            "cities": [entry.to_json() for entry in self.cities],
            "currency": dict(self.currency),
            "phone_region": dict(self.phone_region),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> EntitySpec:
        """Return the specification that `to_json` wrote."""
        return cls(
            order_patterns=tuple(value["order_patterns"]),
            tracking_patterns=tuple(value["tracking_patterns"]),
            products=tuple(map(CatalogueEntry.from_json, value["products"])),
            cities=tuple(map(CatalogueEntry.from_json, value["cities"])),
            currency=dict(value["currency"]),
            phone_region=dict(value["phone_region"]),
        )
