"""What the shop sells: properties, stock, advice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.actions.answer import best_passage
from bot.actions.outcome import Outcome, Status
from bot.dialogue.context import CardOf, Option, Say
from bot.dialogue.replies import Money, Term

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.actions.outcome import Request
    from crm_store.records import Product
    from nlp.understanding import Language

CURRENCIES: Mapping[Language, str] = {"en": "USD", "zh": "CNY"}

_ABOUT = frozenset({"product", "description", "price", "options"})

REPLIES = {
    "product.info": _ABOUT,
    "product.info_options": _ABOUT,
    "product.unknown": frozenset(),
    "stock.yes": frozenset({"product", "price", "stock"}),
    "stock.few": frozenset({"product", "price", "stock"}),
    "stock.no": frozenset({"product"}),
    "stock.soon": frozenset({"product", "restock"}),
    "recommend": frozenset({"goods"}),
    "recommend.line": frozenset({"product", "price"}),
    "recommend.none": frozenset(),
}

FEW = 5
"""From here on customers are told to hurry."""

MOST_RECOMMENDED = 3


async def info(request: Request) -> Outcome:
    """Tell what a product is like."""
    product = await _product(request)
    if isinstance(product, Outcome):
        return product
    options = tuple(
        _in_language(value, request.language)
        for values in product.options.values()
        for value in values
    )
    values = {
        "product": product.names,
        "description": product.description,
        "price": price(product, request.language),
        "options": options,
    }
    key = "product.info_options" if options else "product.info"
    return Outcome(say=(Say(key=key, values=values, cards=(CardOf(of=product),)),))


async def availability(request: Request) -> Outcome:
    """Tell whether a product can be had, and when."""
    product = await _product(request)
    if isinstance(product, Outcome):
        return product
    values = {
        "product": product.names,
        "price": price(product, request.language),
        "stock": product.stock,
        "restock": product.restock_on,
    }
    if product.stock:
        key = "stock.few" if product.stock <= FEW else "stock.yes"
    else:
        key = "stock.soon" if product.restock_on else "stock.no"
    return Outcome(say=(Say(key=key, values=values, cards=(CardOf(of=product),)),))


async def recommend(request: Request) -> Outcome:
    """Name the best stocked products of a category."""
    category = request.slots.get("category")
    found = [p for p in await request.shop.products() if p.category == category and p.stock]
    found.sort(key=lambda product: (-product.stock, product.id))
    if not found:
        return Outcome(status=Status.REFUSED, say=(Say(key="recommend.none"),))
    best = found[:MOST_RECOMMENDED]
    lines = tuple(
        Term(
            key="recommend.line",
            values={"product": product.names, "price": price(product, request.language)},
        )
        for product in best
    )
    choices = tuple(Option(value=_about(product), label=product.names) for product in best)
    cards = tuple(CardOf(of=product, value=_about(product)) for product in best)
    say = Say(key="recommend", values={"goods": lines}, choices=choices, cards=cards)
    return Outcome(say=(say,))


def _about(product: Product) -> str:
    """Return the value of what asks about a product."""
    return f"product:{product.id}"


async def _product(request: Request) -> Product | Outcome:
    """Return the product asked about, or the best answer without one."""
    product = await request.shop.product(str(request.slots.get("product", "")))
    if product is not None:
        return product
    passage = await best_passage(request)
    if passage is not None:
        return passage
    return Outcome(status=Status.REFUSED, say=(Say(key="product.unknown"),))


def _in_language(option: str, language: Language) -> str:
    """Return an option's name: the catalogue writes `White / 白色` where the two differ."""
    english, _, chinese = option.partition(" / ")
    return chinese if chinese and language == "zh" else english


def price(product: Product, language: Language) -> Money | str:
    """Return a product's price in the language's currency, or in the first it has."""
    currency = CURRENCIES[language]
    if currency not in product.prices:
        currency = next(iter(product.prices))
    return Money(amount=product.prices[currency], currency=currency)
