"""Visits that customers booked. They are made and changed by turns, see `effects`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from crm_store import rows
from crm_store.engines import read
from crm_store.errors import NotFound
from crm_store.tables import appointments

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from crm_store.records import Appointment
    from crm_store.writer import Writer


class Appointments:
    """The appointments of the store."""

    def __init__(self, engine: AsyncEngine, writer: Writer) -> None:
        self._engine = engine
        self._writer = writer

    async def get(self, appointment_id: str) -> Appointment:
        """Return the appointment.

        Raises:
            NotFound: when there is none of that id.
        """
        async with read(self._engine) as connection:
            statement = select(*rows.APPOINTMENT).where(appointments.c.id == appointment_id)
            row = (await connection.execute(statement)).first()
        if row is None:
            raise NotFound(f"no appointment {appointment_id}")
        return rows.appointment(row)

    async def of_customer(self, customer_id: str) -> tuple[Appointment, ...]:
        """Return the customer's appointments, the soonest first, cancelled ones among them."""
        async with read(self._engine) as connection:
            found = await connection.execute(
                select(*rows.APPOINTMENT)
                .where(appointments.c.customer_id == customer_id)
                .order_by(appointments.c.starts_at)
            )
            return tuple(rows.appointment(row) for row in found)
