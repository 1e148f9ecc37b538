"""The shop's rows that a batch of turns changes: loaded once under lock, written once.

A turn's effects are applied in memory, one after another, to copies; only when all of them held do
the copies become the ledger's. So a turn whose second effect conflicts has changed nothing, and a
batch costs one SELECT and one UPDATE for each kind of row, however many turns it has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import asdict
from sqlalchemy import bindparam, insert, select, update

from crm_store import rows
from crm_store.batches import Keys
from crm_store.effects import (
    AppointmentEffect,
    BookAppointment,
    ChangeAppointment,
    CustomerEffect,
    Subscribe,
    UpdateCustomer,
)
from crm_store.errors import NotFound
from crm_store.records import Appointment, Customer, Order
from crm_store.tables import appointments, audit, customers, orders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import Column, Connection, Table

    from crm_store.drafts import Turn
    from crm_store.effects import Effect
    from crm_store.records import Json

Key = tuple[str, str]
"""What a row is: ("order", its number), ("customer", its id) or ("appointment", its id)."""

Record = Order | Customer | Appointment


def _key(effect: Effect) -> Key:
    if isinstance(effect, CustomerEffect):
        return "customer", effect.customer_id
    if isinstance(effect, BookAppointment):
        return "appointment", effect.appointment.id
    if isinstance(effect, ChangeAppointment):
        return "appointment", effect.id
    return "order", effect.number.upper()


class Ledger:
    """Orders, customers and appointments as they stand while a batch is recorded."""

    def __init__(self, connection: Connection, turns: Iterable[Turn]) -> None:
        wanted: dict[str, set[str]] = {"order": set(), "customer": set(), "appointment": set()}
        for turn in turns:
            for effect in turn.effects:
                kind, id_ = _key(effect)
                wanted[kind].add(id_)
        self._records: dict[Key, Record] = {}
        for kind, ids in wanted.items():
            if ids:
                for row in connection.execute(_LOAD[kind], Keys.of((id_,) for id_ in ids)):
                    self._records[kind, row[0]] = _READ[kind](row)
        self._changed: dict[Key, Record] = {}
        self._booked: dict[Key, Appointment] = {}
        self._audit: list[dict[str, Any]] = []

    def apply(self, turn: Turn) -> None:
        """Apply all effects of the turn, or none.

        Raises:
            Conflict: when a record is not as the turn thought.
            NotFound: when there is no such record.
        """
        staged: dict[Key, Record] = {}
        booked: dict[Key, Appointment] = {}
        for effect in turn.effects:
            key = _key(effect)
            if isinstance(effect, BookAppointment):
                booked[key] = effect.appointment
                continue
            record = staged.get(key) or booked.get(key) or self._records.get(key)
            if record is None:
                raise NotFound(f"no {key[0]} {key[1]}")
            staged[key] = _applied(effect, record, turn.at)
        self._booked |= booked
        self._records |= booked
        self._records |= staged
        self._changed |= staged
        self._audit.extend(_audit_row(turn, effect) for effect in turn.effects)

    def write(self, connection: Connection) -> None:
        """Write what the turns changed; their exchanges must be written by then."""
        if self._booked:
            new = [rows.appointment_row(appointment) for appointment in self._booked.values()]
            connection.execute(insert(appointments), new)
        for kind in _LOAD:
            changed = [
                {f"{name}_": value for name, value in _row(record).items()}
                for key, record in self._changed.items()
                if key[0] == kind
            ]
            if changed:
                connection.execute(_UPDATE[kind], changed)
        if self._audit:
            connection.execute(insert(audit), self._audit)


def _applied(effect: Effect, record: Record, at: datetime) -> Record:
    """Return the record with the effect; `_key` has paired the two by kind."""
    match effect, record:
        case ((UpdateCustomer() | Subscribe()), Customer()):
            return effect.apply_to(record)
        case ChangeAppointment(), Appointment():
            return effect.apply_to(record)
        case _, Order():
            assert not isinstance(effect, CustomerEffect | AppointmentEffect)  # noqa: S101
            return effect.apply_to(record, at)
        case _:  # pragma: no cover
            raise AssertionError(effect)


def _audit_row(turn: Turn, effect: Effect) -> dict[str, Any]:
    kind, id_ = _key(effect)
    return {
        "exchange_id": turn.exchange.id,
        "subject": f"{kind}:{id_}",
        "kind": type(effect).__name__,
        "details": _details(effect),
        "at": turn.at,
    }


def _details(effect: Effect) -> Json:
    if isinstance(effect, BookAppointment):
        return rows.appointment_row(effect.appointment)
    details: Json = asdict(effect)
    return details


def _row(record: Record) -> dict[str, Any]:
    match record:
        case Order():
            return rows.order_row(record)
        case Customer():
            return rows.customer_row(record)
        case Appointment():
            return rows.appointment_row(record)


def _locked(columns: Sequence[Column[Any]]) -> Any:  # noqa: ANN401  # a Select of many columns
    table, key = columns[0].table, columns[0]
    ids = Keys(str)
    return (
        select(*columns)
        .select_from(ids.table)
        .join(table, key == ids[0])
        .order_by(key)
        .with_for_update(of=table)
    )


def _rewrite(table: Table, columns: Sequence[Column[Any]]) -> Any:  # noqa: ANN401  # an Update
    key, *others = columns
    return (
        update(table)
        .where(key == bindparam(f"{key.name}_"))
        .values({column.name: bindparam(f"{column.name}_") for column in others})
    )


_LOAD = {
    "order": _locked(rows.ORDER),
    "customer": _locked(rows.CUSTOMER),
    "appointment": _locked(rows.APPOINTMENT),
}
_READ: dict[str, Callable[[Sequence[Any]], Record]] = {
    "order": rows.order,
    "customer": rows.customer,
    "appointment": rows.appointment,
}
_UPDATE = {
    "order": _rewrite(orders, rows.ORDER),
    "customer": _rewrite(customers, rows.CUSTOMER),
    "appointment": _rewrite(appointments, rows.APPOINTMENT),
}
