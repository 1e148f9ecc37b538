"""The demo shop's data: products, customers and orders of the configuration, put in the store.

Days are counted from the first start, so that a demo order which "left yesterday" did. What is in
the store already stays as it is.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from crm_store.records import Article, Customer, Order, OrderLine, OrderState, Product

if TYPE_CHECKING:
    from datetime import date, datetime

    from bot.settings.model import Catalogue, DemoCustomer, DemoOrder, DemoProduct
    from bot.settings.settings import Settings
    from crm_store.store import Store


async def seed(store: Store, settings: Settings, now: datetime) -> None:
    """Put the configuration's articles, products and demo customers into the store.

    Args:
        store: The CRM store.
        settings: The configuration.
        now: Aware UTC; the demo's days are counted from it.
    """
    await store.knowledge.sync(_articles(settings))
    catalogue = settings.catalogue
    if catalogue is None:
        return
    products = [product_of(id_, p, now.date()) for id_, p in catalogue.products.items()]
    customers: list[Customer] = []
    orders: list[Order] = []
    demo = settings.demo
    if demo is not None and settings.general.demo:
        customers = [customer_of(name, c) for name, c in demo.customers.items()]
        orders = [
            order_of(number, order, demo.customers[order.customer], catalogue, now)
            for number, order in demo.orders.items()
        ]
    await store.orders.seed(customers, orders, products)


def customer_id(name: str) -> str:
    """Return the store's id of a demo customer."""
    return f"demo-{name}"


def customer_of(name: str, customer: DemoCustomer) -> Customer:
    """Return a demo customer as the store keeps it."""
    return Customer(
        id=customer_id(name),
        name=customer.name,
        email=customer.email,
        phone=customer.phone,
        tier=customer.tier,
        language=customer.language,
        points=customer.points,
        address=customer.address,
        external_id=name,
    )


def product_of(product_id: str, product: DemoProduct, today: date) -> Product:
    """Return a product as the store keeps it."""
    restock = product.restock_in_days
    return Product(
        id=product_id,
        names={str(language): name for language, name in product.names.items()},
        aliases={str(language): names for language, names in product.aliases.items()},
        description={str(language): text for language, text in product.description.items()},
        prices=dict(product.prices),
        stock=product.stock,
        restock_on=None if restock is None else today + timedelta(days=restock),
        category=product.category,
        options=dict(product.options),
        picture=product.picture or product.emoji or None,
        url=product.url,
    )


def order_of(
    number: str, order: DemoOrder, customer: DemoCustomer, catalogue: Catalogue, now: datetime
) -> Order:
    """Return a demo order as the store keeps it, with its days counted from now."""
    lines = tuple(
        OrderLine(
            product_id=line.product,
            quantity=line.quantity,
            price=catalogue.products[line.product].prices[order.currency],
        )
        for line in order.lines
    )
    total = sum((Decimal(line.price) * line.quantity for line in lines), Decimal(0))
    refund = order.refund
    return Order(
        number=number,
        customer_id=customer_id(order.customer),
        state=OrderState(order.state),
        placed_at=now - timedelta(days=order.placed_days_ago, hours=2),
        lines=lines,
        total=str(total),
        currency=order.currency,
        email=customer.email,
        phone=customer.phone,
        address=customer.address,
        delivery=order.delivery,
        carrier=order.carrier,
        tracking_number=order.tracking_number,
        dispatched_at=_ago(now, order.dispatched_days_ago),
        delivered_at=_ago(now, order.delivered_days_ago),
        expected_on=(
            None
            if order.expected_in_days is None
            else now.date() + timedelta(days=order.expected_in_days)
        ),
        invoice=order.invoice,
        refund=None
        if refund is None
        else {
            "state": refund.state,
            "amount": str(total),
            "currency": order.currency,
            "on": (now.date() - timedelta(days=refund.days_ago)).isoformat(),
            "method": order.payment_method,
        },
        payment_method=order.payment_method,
    )


def _ago(now: datetime, days: int | None) -> datetime | None:
    return None if days is None else now - timedelta(days=days, hours=1)


def _articles(settings: Settings) -> list[Article]:
    return [
        Article(
            id=article_id,
            language=language,
            title=text.title,
            body=text.body,
            config_id=settings.config_id,
        )
        for article_id, article in settings.articles.items()
        for language in settings.general.languages
        if (text := article.text(language)) is not None
    ]
