"""The page at /: how to embed the widget, or in a demo a shop where anybody may sign in as anybody.

The sign-in stands for what a real shop's own server does: it signs an identity with the key that it
shares with us. It exists only where the configuration says `demo: true`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

from bot.api.headers import error_response
from bot.channels.webchat.origins import default_site

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime

    from bot.channels.webchat.identity import IdentityKeys
    from bot.channels.widget_files import WidgetFiles
    from bot.settings.model import Catalogue
    from bot.settings.model import DemoShop as DemoSettings
    from bot.settings.settings import Settings
    from crm_store.records import Order
    from crm_store.store import Store
    from nlp.understanding import Language

SIGNED_IN_FOR = timedelta(minutes=10)
"""The page fetches a fresh identity whenever the chat asks for one."""

PLAIN_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Frontdesk</title>
<h1>Frontdesk is running</h1>
<p>Put this into your pages:</p>
<pre>&lt;script src="{origin}/widget.js" data-site="{site}" async&gt;&lt;/script&gt;</pre>
<p>The pages' origins must be listed in the configuration under web_chat.sites.</p>
"""


class DemoShop:
    """Serves the page at /."""

    def __init__(
        self,
        settings: Settings,
        widget: WidgetFiles,
        store: Store,
        keys: IdentityKeys,
        clock: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._widget = widget
        self._store = store
        self._keys = keys
        self._clock = clock
        self._site = default_site(settings.general.web_chat.sites)

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        routes = [web.get("/favicon.ico", self._icon)]
        general, catalogue, demo = (
            self._settings.general,
            self._settings.catalogue,
            self._settings.demo,
        )
        if not general.demo or catalogue is None or demo is None:
            return [*routes, web.get("/", self._plain_page)]
        shop = orjson.dumps(
            {
                "site": self._site,
                "sites": list(general.web_chat.sites),
                **_shop(general.name, catalogue, demo),
            }
        )
        return [
            *routes,
            web.get("/", self._page),
            web.get("/demo/shop", _constant(shop)),
            web.post("/demo/sign-in", self._sign_in(catalogue, demo)),
        ]

    async def _page(self, request: web.Request) -> web.Response:
        return self._widget.send(request, "shop/index.html")

    async def _icon(self, request: web.Request) -> web.Response:
        return self._widget.send(request, "shop/icon.svg")

    async def _plain_page(self, request: web.Request) -> web.Response:
        # The host is the client's word: only what a host may consist of goes into the page.
        host = "".join(c for c in request.host if c.isalnum() or c in ".:-[]")
        text = PLAIN_PAGE.format(origin=f"https://{host}", site=self._site)
        return web.Response(text=text, content_type="text/html")

    def _sign_in(
        self, catalogue: Catalogue, demo: DemoSettings
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def sign_in(request: web.Request) -> web.Response:
            name = await _wanted(request)
            customer = demo.customers.get(name or "")
            if name is None or customer is None:
                return error_response(400, "unknown_customer")
            identity = self._keys.sign(
                name,
                site=self._site,
                at=self._clock(),
                life=SIGNED_IN_FOR,
                name=customer.name,
                email=customer.email,
                phone=customer.phone,
                language=customer.language,
            )
            known = await self._store.customers.by_external_id(name)
            orders = () if known is None else await self._store.orders.orders(known.id)
            return _json(
                {
                    "identity": identity,
                    "customer": _customer(name, demo),
                    "orders": [_order(order, catalogue) for order in orders],
                }
            )

        return sign_in


def _shop(name: Mapping[Language, str], catalogue: Catalogue, demo: DemoSettings) -> dict[str, Any]:
    return {
        "name": name,
        "products": [
            {
                "id": id_,
                "names": product.names,
                "description": product.description,
                "prices": product.prices,
                "stock": product.stock,
                "category": product.category,
                "emoji": product.emoji,
            }
            for id_, product in catalogue.products.items()
        ],
        "customers": [_customer(id_, demo) for id_ in demo.customers],
    }


def _customer(id_: str, demo: DemoSettings) -> dict[str, Any]:
    customer = demo.customers[id_]
    orders = sum(order.customer == id_ for order in demo.orders.values())
    return {
        "id": id_,
        "name": customer.name,
        "language": customer.language,
        "tier": customer.tier,
        "about": {
            "en": f"{orders} order{'' if orders == 1 else 's'} · {customer.points:,} points",
            "zh": f"{orders} 个订单 · {customer.points} 积分",
        },
    }


def _order(order: Order, catalogue: Catalogue) -> dict[str, Any]:
    return {
        "number": order.number,
        "state": order.state,
        "placed_on": order.placed_at.date(),
        "total": order.total,
        "currency": order.currency,
        "lines": [
            {"name": catalogue.products[line.product_id].names, "quantity": line.quantity}
            for line in order.lines
            # The store may remember a product that the catalogue no longer has.
            if line.product_id in catalogue.products
        ],
    }


async def _wanted(request: web.Request) -> str | None:
    """Return the customer that somebody wants to be."""
    try:
        fields = orjson.loads(await request.read())
    except orjson.JSONDecodeError:
        return None
    wanted = fields.get("customer") if isinstance(fields, dict) else None
    return wanted if isinstance(wanted, str) else None


def _constant(body: bytes) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def send(_request: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    return send


def _json(body: Mapping[str, Any]) -> web.Response:
    return web.Response(
        body=orjson.dumps(body),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
