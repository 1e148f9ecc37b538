"""What a turn may do to orders, appointments and customers.

An effect is a pure change of one record: it either returns the changed record or raises Conflict
because the record is no longer as the turn thought. The store loads the records under lock,
applies the effects in memory, and writes what changed (`ledger.py`); nothing here touches a
database.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from crm_store.errors import Conflict
from crm_store.records import Appointment, Customer, Json, Order, OrderState

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

CHANGEABLE = frozenset({OrderState.AWAITING_PAYMENT, OrderState.PAID, OrderState.PACKING})
"""The shop changes an order until its parcel has left."""

RETURNABLE = frozenset({OrderState.DELIVERED, OrderState.COMPLETED})

CUSTOMER_FIELDS = frozenset({"name", "email", "phone", "language", "address"})
"""What customers may change about themselves by talking to us."""


def _require(order: Order, allowed: frozenset[OrderState]) -> None:
    if order.state not in allowed:
        raise Conflict(f"order {order.number} is {order.state}")


class CancelOrder(Struct, frozen=True, kw_only=True):
    """Cancel an order that stands in one of `allowed`; what was paid goes back."""

    number: str
    allowed: frozenset[OrderState]

    def apply_to(self, order: Order, at: datetime) -> Order:
        """Return the order cancelled."""
        _require(order, self.allowed)
        refund: Json | None = order.refund
        if order.state is not OrderState.AWAITING_PAYMENT:
            refund = {
                "state": "approved",
                "amount": order.total,
                "currency": order.currency,
                "on": at.date().isoformat(),
                "method": order.payment_method,
            }
        return replace(order, state=OrderState.CANCELLED, refund=refund)


class ChangeDelivery(Struct, frozen=True, kw_only=True):
    """Send it another way: standard, express or pickup."""

    number: str
    delivery: str

    def apply_to(self, order: Order, at: datetime) -> Order:
        """Return the order with its new way of delivery."""
        _require(order, CHANGEABLE)
        return replace(order, delivery=self.delivery)


class ChangeAddress(Struct, frozen=True, kw_only=True):
    """Send it somewhere else."""

    number: str
    address: str

    def apply_to(self, order: Order, at: datetime) -> Order:
        """Return the order with its new address."""
        _require(order, CHANGEABLE)
        return replace(order, address=self.address)


class ChangeQuantity(Struct, frozen=True, kw_only=True):
    """Order more or fewer of one product; 0 takes it out."""

    number: str
    product_id: str
    quantity: int

    def apply_to(self, order: Order, at: datetime) -> Order:
        """Return the order with the line and the total changed."""
        _require(order, CHANGEABLE)
        line = next((line for line in order.lines if line.product_id == self.product_id), None)
        if line is None:
            raise Conflict(f"order {order.number} has no {self.product_id}")
        lines = tuple(
            replace(each, quantity=self.quantity) if each is line else each
            for each in order.lines
            if each is not line or self.quantity > 0
        )
        if not lines:
            raise Conflict("an order keeps at least one line; cancel it instead")
        total = Decimal(order.total) + Decimal(line.price) * (self.quantity - line.quantity)
        return replace(order, lines=lines, total=str(total))


class RequestReturn(Struct, frozen=True, kw_only=True):
    """Send goods back: for the money, for another size, or both undecided yet."""

    number: str
    product_ids: tuple[str, ...]
    reason: str
    kind: Literal["return", "exchange", "refund"]
    detail: str | None = None

    def apply_to(self, order: Order, at: datetime) -> Order:
        """Return the order with its return on the way to being checked."""
        _require(order, RETURNABLE)
        if not set(self.product_ids) <= {line.product_id for line in order.lines}:
            raise Conflict(f"order {order.number} does not hold all of {self.product_ids}")
        refund = order.refund
        if self.kind != "exchange":
            refund = {
                "state": "requested",
                "amount": _price_of(order, self.product_ids),
                "currency": order.currency,
                "on": at.date().isoformat(),
                "method": order.payment_method,
            }
        return replace(order, state=OrderState.RETURN_REQUESTED, refund=refund)


def _price_of(order: Order, product_ids: tuple[str, ...]) -> str:
    """Return what the products cost; none named means the whole order."""
    if not product_ids:
        return order.total
    return str(
        sum(
            (
                Decimal(line.price) * line.quantity
                for line in order.lines
                if line.product_id in product_ids
            ),
            Decimal(0),
        )
    )


class RequestInvoice(Struct, frozen=True, kw_only=True):
    """Issue an invoice with this title and tax number."""

    number: str
    title: str | None = None
    tax_number: str | None = None

    def apply_to(self, order: Order, at: datetime) -> Order:
        """Return the order with its invoice asked for."""
        if order.state is OrderState.CANCELLED:
            raise Conflict(f"order {order.number} is cancelled")
        return replace(order, invoice="requested")


class BookAppointment(Struct, frozen=True, kw_only=True):
    """Book a visit."""

    appointment: Appointment


class ChangeAppointment(Struct, frozen=True, kw_only=True):
    """Move a visit, or cancel it when `starts_at` is None."""

    id: str
    starts_at: datetime | None

    def apply_to(self, appointment: Appointment) -> Appointment:
        """Return the appointment moved or cancelled."""
        if appointment.state != "booked":
            raise Conflict(f"appointment {appointment.id} is {appointment.state}")
        if self.starts_at is None:
            return replace(appointment, state="cancelled")
        return replace(appointment, starts_at=self.starts_at)


class UpdateCustomer(Struct, frozen=True, kw_only=True):
    """Correct what we know of a customer."""

    customer_id: str
    changes: Mapping[str, Any]

    def apply_to(self, customer: Customer) -> Customer:
        """Return the customer with the changes.

        Raises:
            ValueError: when a change names something outside CUSTOMER_FIELDS.
        """
        if not self.changes.keys() <= CUSTOMER_FIELDS:
            raise ValueError(f"not a customer's to change: {self.changes.keys() - CUSTOMER_FIELDS}")
        return replace(customer, **self.changes)


class Subscribe(Struct, frozen=True, kw_only=True):
    """Switch the newsletter on or off."""

    customer_id: str
    on: bool
    email: str | None = None

    def apply_to(self, customer: Customer) -> Customer:
        """Return the customer with the newsletter switched."""
        return replace(customer, newsletter=self.on, email=self.email or customer.email)


OrderEffect = (
    CancelOrder | ChangeDelivery | ChangeAddress | ChangeQuantity | RequestReturn | RequestInvoice
)
CustomerEffect = UpdateCustomer | Subscribe
AppointmentEffect = BookAppointment | ChangeAppointment
Effect = OrderEffect | CustomerEffect | AppointmentEffect
