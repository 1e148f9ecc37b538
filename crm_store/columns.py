"""How times, JSON and closed sets of words are kept in columns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Enum, String, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB
from typing_extensions import override

if TYPE_CHECKING:
    from enum import StrEnum

    from sqlalchemy.types import TypeEngine

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Moment(TypeDecorator[datetime]):
    """An aware UTC time: `timestamptz` on PostgreSQL, integer microseconds on SQLite.

    Integers order correctly, compare without parsing, and take half the room of ISO text.
    """

    impl = BigInteger
    cache_ok = True

    @override
    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(DateTime(timezone=True))
        return dialect.type_descriptor(BigInteger())

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | int | None:
        if value is None:
            return None
        # A naive time fails here, in the subtraction, rather than being taken for UTC.
        microseconds = (value - EPOCH) // MICROSECOND
        return value if dialect.name == "postgresql" else microseconds

    @override
    def process_result_value(
        self, value: datetime | int | None, dialect: Dialect
    ) -> datetime | None:
        return EPOCH + timedelta(microseconds=value) if isinstance(value, int) else value


JsonValue = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
"""Read and written by orjson: `engines.py` hands it to the dialect."""

ID = String(26)


def words(kind: type[StrEnum]) -> Enum:
    """Return the type of a column that holds the values of `kind` as plain text."""
    return Enum(
        kind,
        native_enum=False,
        length=24,
        values_callable=lambda members: [m.value for m in members],
    )
