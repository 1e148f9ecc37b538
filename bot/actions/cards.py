"""How an order and a product look on a card, in the customer's language. Pure.

Nothing hangs on a card: its message says in words what matters, and who reads words alone can do
all that a press on one does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.actions.products import FEW, price
from bot.dialogue.replies import Money
from crm_store.records import Card, Order

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.dialogue.context import CardOf
    from bot.dialogue.replies import Replies
    from crm_store.records import Product
    from nlp.understanding import Language

MOST = 10
"""Cards under a message."""

MOST_LINES = 3
"""Goods that an order's card names."""


def goods_on(cards: Iterable[CardOf]) -> frozenset[str]:
    """Return the ids of the products that cards of orders name."""
    orders = (card.of for card in cards if isinstance(card.of, Order))
    return frozenset(line.product_id for order in orders for line in order.lines[:MOST_LINES])


def card(
    wanted: CardOf, goods: Mapping[str, Product], replies: Replies, language: Language
) -> Card:
    """Return a card as the customer sees it.

    Args:
        wanted: What it shows.
        goods: The products that `goods_on` names, by id.
        replies: The sentences of the configuration.
        language: Of the conversation.
    """
    if isinstance(wanted.of, Order):
        return _order(wanted.of, wanted.value, goods, replies, language)
    return _product(wanted.of, wanted.value, replies, language)


def _order(
    order: Order,
    value: str | None,
    goods: Mapping[str, Product],
    replies: Replies,
    language: Language,
) -> Card:
    lines = []
    for line in order.lines[:MOST_LINES]:
        product = goods.get(line.product_id)
        name = product.names if product else line.product_id
        item = {"product": name, "quantity": line.quantity}
        lines.append(replies.words("card.item", item, language))
    if len(order.lines) > MOST_LINES:
        more = {"count": len(order.lines) - MOST_LINES}
        lines.append(replies.words("card.more", more, language))
    paid = Money(amount=order.total, currency=order.currency)
    placed = {"placed": order.placed_at.date(), "total": paid}
    pictured = (goods[line.product_id] for line in order.lines if line.product_id in goods)
    return Card(
        kind="order",
        title=replies.words("card.order", {"order": order.number}, language),
        badge=replies.word(order.state, language),
        lines=tuple(lines),
        note=replies.words("card.placed", placed, language),
        picture=next((product.picture for product in pictured if product.picture), None),
        value=value,
    )


def _product(product: Product, value: str | None, replies: Replies, language: Language) -> Card:
    return Card(
        kind="product",
        title=replies.word(product.names, language),
        badge=_stock(product, replies, language),
        lines=(replies.word(product.description, language),),
        note=replies.word(price(product, language), language),
        picture=product.picture,
        url=product.url,
        value=value,
    )


def _stock(product: Product, replies: Replies, language: Language) -> str:
    if product.stock:
        key = "card.few" if product.stock <= FEW else "card.in_stock"
    else:
        key = "card.soon" if product.restock_on else "card.sold_out"
    values = {"stock": product.stock, "restock": product.restock_on}
    return replies.words(key, values, language)
