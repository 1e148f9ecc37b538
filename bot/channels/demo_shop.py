"""The page at /, the widget's files, and in a demo a shop where anybody may sign in as anybody.

The sign-in stands for what a real shop's own server does: it signs an identity with the key that it
shares with us. It exists only where the configuration says `demo: true`.
"""

from __future__ import annotations

import gzip
import hashlib
from datetime import timedelta
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web
from msgspec import Struct

from bot.api.headers import error_response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime
    from importlib.resources.abc import Traversable

    from bot.channels.webchat.identity import IdentityKeys
    from bot.settings.model import Catalogue
    from bot.settings.model import DemoShop as DemoSettings
    from bot.settings.settings import Settings
    from crm_store.records import Order
    from crm_store.store import Store
    from nlp.understanding import Language

SIGNED_IN_FOR = timedelta(minutes=10)
"""The page fetches a fresh identity whenever the chat asks for one."""

REVALIDATE = "no-cache"
"""Keep it, but ask each time whether it changed: a page loads a dozen small files, once."""

TYPES = {
    "js": "text/javascript",
    "css": "text/css",
    "html": "text/html",
    "svg": "image/svg+xml",
    "png": "image/png",
    "json": "application/json",
}

PLAIN_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Frontdesk</title>
<h1>Frontdesk is running</h1>
<p>Put this into your pages:</p>
<pre>&lt;script src="{origin}/widget.js" data-site="default" async&gt;&lt;/script&gt;</pre>
<p>The pages' origins must be listed in the configuration under web_chat.sites.</p>
"""


class File(Struct, frozen=True):
    """A file of the widget, ready to be sent."""

    body: bytes
    packed: bytes
    """The same, compressed."""
    content_type: str
    etag: str


class DemoShop:
    """Serves the page at / and the widget."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        keys: IdentityKeys,
        clock: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._store = store
        self._keys = keys
        self._clock = clock
        # All of them in memory, by name: what is not in the table does not exist, so no path that
        # a client makes up ever reaches the disk.
        self._files = dict(_read(files("bot.channels") / "widget", ""))

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        routes = [
            web.get("/widget.js", self._widget),
            web.get("/widget/{file:.+}", self._widget),
            web.get("/favicon.ico", self._icon),
        ]
        general, catalogue, demo = (
            self._settings.general,
            self._settings.catalogue,
            self._settings.demo,
        )
        if not general.demo or catalogue is None or demo is None:
            return [*routes, web.get("/", _plain_page)]
        shop = orjson.dumps(_shop(general.name, catalogue, demo))
        return [
            *routes,
            web.get("/", self._page),
            web.get("/demo/shop", _constant(shop)),
            web.post("/demo/sign-in", self._sign_in(catalogue, demo)),
        ]

    async def _widget(self, request: web.Request) -> web.Response:
        return self._send(request, request.match_info.get("file", "widget.js"))

    async def _page(self, request: web.Request) -> web.Response:
        return self._send(request, "shop/index.html")

    async def _icon(self, request: web.Request) -> web.Response:
        return self._send(request, "shop/icon.svg")

    def _send(self, request: web.Request, name: str) -> web.Response:
        file = self._files.get(name)
        if file is None:
            raise web.HTTPNotFound
        headers = {"ETag": file.etag, "Cache-Control": REVALIDATE, "Vary": "Accept-Encoding"}
        if file.etag in request.headers.get("If-None-Match", ""):
            # The type decides the page's policy, and a 304 brings its headers, too.
            return web.Response(status=304, headers=headers, content_type=file.content_type)
        packed = "gzip" in request.headers.get("Accept-Encoding", "")
        if packed:
            headers["Content-Encoding"] = "gzip"
        charset = None if file.content_type == "image/png" else "utf-8"
        return web.Response(
            body=file.packed if packed else file.body,
            content_type=file.content_type,
            charset=charset,
            headers=headers,
        )

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
                site=next(iter(self._settings.general.web_chat.sites)),
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


def _read(folder: Traversable, prefix: str) -> list[tuple[str, File]]:
    found: list[tuple[str, File]] = []
    for entry in folder.iterdir() if folder.is_dir() else ():
        name = f"{prefix}{entry.name}"
        if entry.is_dir():
            found += _read(entry, f"{name}/")
        elif (content_type := TYPES.get(name.rpartition(".")[2])) is not None:
            body = entry.read_bytes()
            etag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
            found.append((name, File(body, gzip.compress(body, mtime=0), content_type, etag)))
    return found


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


async def _plain_page(request: web.Request) -> web.Response:
    # The host is the client's word: only what a host may consist of goes into the page.
    host = "".join(c for c in request.host if c.isalnum() or c in ".:-[]")
    return web.Response(text=PLAIN_PAGE.format(origin=f"https://{host}"), content_type="text/html")


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
