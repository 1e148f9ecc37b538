"""Orders and products of the shop: reads, and the seeding of demo data.

Orders are changed by turns, see `effects` and `ledger`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec import Struct
from sqlalchemy import bindparam, desc, select

from crm_store import rows
from crm_store.batches import Keys, upsert
from crm_store.engines import read
from crm_store.tables import customers, orders, products

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncEngine

    from crm_store.records import Customer, Order, Product
    from crm_store.writer import Writer

_ORDER = select(*rows.ORDER).where(orders.c.number == bindparam("number"))
_ORDERS = (
    select(*rows.ORDER)
    .where(orders.c.customer_id == bindparam("customer_id"))
    .order_by(desc(orders.c.placed_at), orders.c.number)
)
_PRODUCT = select(*rows.PRODUCT).where(products.c.id == bindparam("id"))
_PRODUCTS = select(*rows.PRODUCT).order_by(products.c.id)
_IDS = Keys(str)
_SOME = select(*rows.PRODUCT).select_from(_IDS.table).join(products, products.c.id == _IDS[0])


class _Seed(Struct, frozen=True, kw_only=True):
    customers: tuple[Customer, ...]
    orders: tuple[Order, ...]
    products: tuple[Product, ...]
    at: datetime


class Orders:
    """The orders and products of the store."""

    def __init__(self, engine: AsyncEngine, writer: Writer) -> None:
        self._engine = engine
        self._writer = writer

    async def order(self, number: str) -> Order | None:
        """Return the order of that number, written in capitals or not."""
        wanted = {"number": number.strip().upper()}
        async with read(self._engine) as connection:
            row = (await connection.execute(_ORDER, wanted)).first()
        return rows.order(row) if row else None

    async def orders(self, customer_id: str) -> tuple[Order, ...]:
        """Return the customer's orders, newest first."""
        async with read(self._engine) as connection:
            found = await connection.execute(_ORDERS, {"customer_id": customer_id})
            return tuple(map(rows.order, found))

    async def product(self, product_id: str) -> Product | None:
        """Return the product of that id."""
        async with read(self._engine) as connection:
            row = (await connection.execute(_PRODUCT, {"id": product_id})).first()
        return rows.product(row) if row else None

    async def products(self) -> tuple[Product, ...]:
        """Return all products."""
        async with read(self._engine) as connection:
            return tuple(map(rows.product, await connection.execute(_PRODUCTS)))

    async def some(self, product_ids: Iterable[str]) -> dict[str, Product]:
        """Return products by id; one that does not exist is left out."""
        wanted = Keys.of((id_,) for id_ in product_ids)
        async with read(self._engine) as connection:
            found = map(rows.product, await connection.execute(_SOME, wanted))
            return {product.id: product for product in found}

    async def seed(
        self,
        customers: Iterable[Customer],
        orders: Iterable[Order],
        products: Iterable[Product],
    ) -> None:
        """Insert what is not there yet, by id and number; what is there stays as it is.

        But for what a product looks like: that comes from the configuration, whenever it says so.
        """
        await self._writer.submit(
            _seed_all,
            _Seed(
                customers=tuple(customers),
                orders=tuple(orders),
                products=tuple(products),
                at=datetime.now(UTC),
            ),
        )


def _seed_all(connection: Connection, batch: Sequence[_Seed]) -> list[None]:
    dialect = connection.dialect.name
    for seed in batch:
        people = [rows.customer_row(each) | {"created_at": seed.at} for each in seed.customers]
        goods = [rows.product_row(product) for product in seed.products]
        for table, values, renewed in (
            (customers, people, ()),
            (products, goods, ("picture", "url")),
            (orders, [rows.order_row(order) for order in seed.orders], ()),
        ):
            if values:
                connection.execute(upsert(dialect, table, renewed), values)
    return [None] * len(batch)
