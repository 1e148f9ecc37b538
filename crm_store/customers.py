"""Customers, and what the records say about them."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import desc, func, select, text

from crm_store import rows
from crm_store.engines import read
from crm_store.errors import NotFound
from crm_store.records import OPEN_ORDER_STATES, CustomerFacts, OrderState
from crm_store.tables import UNSOLVED, conversations, customers, needs, orders, tickets

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncEngine

    from crm_store.records import Customer
    from crm_store.writer import Writer

RECENT = timedelta(days=90)
"""A season: long enough for a regular customer to have come again."""

EARLIER_NEEDS = 5

_NOT_SPENT = frozenset({OrderState.AWAITING_PAYMENT, OrderState.CANCELLED, OrderState.REFUNDED})


class Customers:
    """The customers of the store."""

    def __init__(self, engine: AsyncEngine, writer: Writer) -> None:
        self._engine = engine
        self._writer = writer

    async def get(self, customer_id: str) -> Customer:
        """Return the customer.

        Raises:
            NotFound: when there is none of that id.
        """
        customer = await self._one(customers.c.id == customer_id)
        if customer is None:
            raise NotFound(f"no customer {customer_id}")
        return customer

    async def by_external_id(self, external_id: str) -> Customer | None:
        """Return the customer whom the shop knows under this id."""
        return await self._one(customers.c.external_id == external_id)

    async def facts(self, customer_id: str, *, now: datetime | None = None) -> CustomerFacts:
        """Return what the records say about the customer at `now`.

        Raises:
            NotFound: when there is none of that id.
        """
        now = now or datetime.now(UTC)
        async with read(self._engine) as connection:
            person = (
                await connection.execute(
                    select(
                        customers.c.tier,
                        select(func.count())
                        .select_from(tickets)
                        .where(
                            tickets.c.customer_id == customers.c.id,
                            text(UNSOLVED),
                        )
                        .scalar_subquery(),
                    ).where(customers.c.id == customer_id)
                )
            ).first()
            bought = (
                await connection.execute(
                    select(orders.c.state, orders.c.placed_at, orders.c.total, orders.c.currency)
                    .where(orders.c.customer_id == customer_id)
                    .order_by(desc(orders.c.placed_at))
                )
            ).all()
            needed = (
                await connection.scalars(
                    select(needs.c.category)
                    .join(conversations, conversations.c.id == needs.c.conversation_id)
                    .where(conversations.c.customer_id == customer_id)
                    .group_by(needs.c.category)
                    .order_by(desc(func.max(needs.c.at)))
                    .limit(EARLIER_NEEDS)
                )
            ).all()
        if person is None:
            raise NotFound(f"no customer {customer_id}")
        newest = bought[0] if bought else None
        currency = newest.currency if newest else None
        spent = (
            Decimal(order.total)
            for order in bought
            if order.currency == currency and order.state not in _NOT_SPENT
        )
        return CustomerFacts(
            orders_total=len(bought),
            open_orders=sum(order.state in OPEN_ORDER_STATES for order in bought),
            order_states=dict(Counter(order.state.value for order in bought)),
            days_since_last_order=(now - newest.placed_at).days if newest else None,
            orders_last_90_days=sum(now - order.placed_at < RECENT for order in bought),
            spend=str(sum(spent, Decimal(0))),
            currency=currency,
            earlier_needs=tuple(needed),
            tickets_open=person[1],
            tier=person.tier,
        )

    async def _one(self, condition: ColumnElement[bool]) -> Customer | None:
        async with read(self._engine) as connection:
            row = (await connection.execute(select(*rows.CUSTOMER).where(condition))).first()
        return rows.customer(row) if row else None
