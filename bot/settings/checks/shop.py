"""The demo shop: its orders belong to customers, products and states that exist."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

import re2

from bot.settings.checks.patterns import compile_pattern
from bot.settings.checks.understanding import normalised
from crm_store.records import OrderState

if TYPE_CHECKING:
    from bot.settings.checks.report import Report
    from bot.settings.model import Catalogue, DemoOrder, DemoShop
    from bot.settings.settings import Settings

_AMOUNT = re.compile(r"(0|[1-9][0-9]{0,9})(\.[0-9]{1,2})?")


def check(settings: Settings, report: Report) -> None:
    """Check the catalogue and the demo data."""
    if settings.catalogue is not None:
        _check_products(settings, report, settings.catalogue)
    if settings.demo is not None:
        _check_customers(settings, report, settings.demo)
        for number, order in settings.demo.orders.items():
            _check_order(settings, report, settings.demo, number, order)


def _check_products(settings: Settings, report: Report, catalogue: Catalogue) -> None:
    names: dict[str, str] = {}
    for product_id, product in catalogue.products.items():
        report.languages(f"'{product_id}'", product.names, "products", product_id, "names")
        place = ("products", product_id, "description")
        report.languages(f"'{product_id}'", product.description, *place)
        for currency, price in product.prices.items():
            if not _AMOUNT.fullmatch(price):
                message = f"'{price}' is not an amount such as 19.90"
                report.fault("CFG093", message, "products", product_id, "prices", currency)
        called = [
            *product.names.values(),
            *(a for group in product.aliases.values() for a in group),
        ]
        for name in called:
            other = names.setdefault(normalised(name), product_id)
            if other != product_id:
                message = f"'{name}' is a name of '{other}' already"
                report.fault("CFG099", message, "products", product_id)


def _check_customers(settings: Settings, report: Report, demo: DemoShop) -> None:
    for name, customer in demo.customers.items():
        place = ("customers", name, "tier")
        report.unknown("CFG095", "tier", customer.tier, settings.general.tiers, *place)
        place = ("customers", name, "language")
        report.unknown("CFG095", "language", customer.language, settings.general.languages, *place)


def _check_order(
    settings: Settings, report: Report, demo: DemoShop, number: str, order: DemoOrder
) -> None:
    place = ("orders", number)
    report.unknown("CFG090", "customer", order.customer, demo.customers, *place, "customer")
    states = [str(state) for state in OrderState]
    report.unknown("CFG092", "order state", order.state, states, *place, "state")
    products = settings.catalogue.products if settings.catalogue else {}
    for index, line in enumerate(order.lines):
        at = (*place, "lines", index)
        report.unknown("CFG091", "product", line.product, products, *at)
        product = products.get(line.product)
        if product and order.currency not in product.prices:
            report.fault("CFG094", f"'{line.product}' has no price in {order.currency}", *at)
    _check_days(report, order, place)
    _check_numbers(settings, report, order, number)


def _check_days(report: Report, order: DemoOrder, place: tuple[str | int, ...]) -> None:
    days = (order.placed_days_ago, order.dispatched_days_ago, order.delivered_days_ago)
    for before, after in pairwise(day for day in days if day is not None):
        if after > before:
            report.fault("CFG098", "placed, dispatched, delivered must follow each other", *place)


def _check_numbers(settings: Settings, report: Report, order: DemoOrder, number: str) -> None:
    entities = settings.entities
    if number != number.upper():
        message = f"order numbers are kept in capitals: '{number.upper()}'"
        report.fault("CFG096", message, "orders", number)
    elif not _found(number, entities.order_number.patterns):
        message = f"no order_number pattern finds '{number}'"
        report.fault("CFG096", message, "orders", number)
    code = order.tracking_number
    if code is not None and not _found(code, entities.tracking_number.patterns):
        message = f"no tracking_number pattern finds '{code}'"
        report.fault("CFG096", message, "orders", number, "tracking_number")


def _found(code: str, patterns: tuple[str, ...]) -> bool:
    """Whether a pattern finds the code; broken patterns have a fault of their own."""
    for pattern in patterns:
        try:
            if compile_pattern(pattern).search(code):
                return True
        except re2.error:
            return True
    return False
