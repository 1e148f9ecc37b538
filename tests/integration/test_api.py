"""Health, metrics, headers and the page at /, over a real server."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web

from bot.api import headers, listener
from bot.api.health import Health, store_check
from bot.api.metrics import Metrics, serve_admin
from bot.channels.demo_shop import DemoShop
from bot.channels.webchat.identity import IdentityKeys
from bot.channels.widget_files import WidgetFiles
from bot.settings.model import Catalogue, General
from bot.settings.model import DemoShop as DemoSettings
from crm_store.records import Customer, Order, OrderLine, OrderState
from crm_store.store import Store
from tests.bench.served import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
KEYS = IdentityKeys(["k" * 40])

CATALOGUE = Catalogue.model_validate(
    {
        "products": {
            "lamp": {
                "names": {"en": "Lamp", "zh": "灯"},
                "description": {"en": "It shines.", "zh": "会发光。"},
                "prices": {"USD": "10.00", "CNY": "70.00"},
                "stock": 3,
                "category": "lighting",
                "emoji": "💡",
            }
        }
    }
)
DEMO = DemoSettings.model_validate(
    {
        "customers": {
            "ada": {
                "name": "Ada",
                "email": "ada@example.com",
                "phone": "+14155550142",
                "tier": "gold",
                "points": 3640,
                "language": "en",
                "address": "1 Lane",
            }
        },
        "orders": {
            "AB123456": {
                "customer": "ada",
                "state": "paid",
                "placed_days_ago": 1,
                "lines": [{"product": "lamp"}],
                "currency": "USD",
            }
        },
    }
)


def settings(*, demo: bool) -> Any:
    general = General(name={"en": "Lumen", "zh": "木光"}, languages=("en", "zh"), demo=demo)
    return SimpleNamespace(general=general, catalogue=CATALOGUE, demo=DEMO, pictures={})


def demo_shop(settings: Any, store: Store) -> DemoShop:
    return DemoShop(settings, WidgetFiles(settings), store, KEYS, lambda: NOW)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await Store.open(tmp_path / "api.db")
    yield store
    with contextlib.suppress(Exception):
        await store.close()


@pytest.fixture
async def site() -> AsyncIterator[Any]:
    """Return a function that serves routes and returns a client for them."""
    async with contextlib.AsyncExitStack() as stack:

        async def serve(*routes: web.RouteDef) -> aiohttp.ClientSession:
            app = web.Application()
            headers.install(app)
            app.add_routes(routes)
            runner = web.AppRunner(app, access_log=None)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            port = runner.addresses[0][1]
            return await stack.enter_async_context(
                aiohttp.ClientSession(f"http://127.0.0.1:{port}")
            )

        yield serve


# -- health ----------------------------------------------------------------------------------


async def test_ready_says_what_is_not(store: Store, site: Any) -> None:
    up = {"model": True}

    async def model() -> bool:
        return up["model"]

    health = Health({"store": store_check(store), "model": model})
    http = await site(*health.routes())
    async with http.get("/healthz") as response:
        assert (response.status, await response.json()) == (200, {"status": "ok"})
    async with http.get("/readyz") as response:
        assert (response.status, await response.json()) == (200, {"store": "ok", "model": "ok"})
    up["model"] = False
    health._until = 0
    async with http.get("/readyz") as response:
        assert response.status == 503
        assert await response.json() == {"store": "ok", "model": "failed"}
    health.stopping = True
    async with http.get("/readyz") as response:
        assert (response.status, (await response.json())["store"]) == (503, "stopping")


async def test_ready_notices_that_the_database_is_gone(
    store: Store, site: Any, tmp_path: Path
) -> None:
    http = await site(*Health({"store": store_check(store)}).routes())
    (tmp_path / "api.db").unlink()
    async with http.get("/readyz") as response:
        assert (response.status, await response.json()) == (503, {"store": "failed"})


# -- metrics ---------------------------------------------------------------------------------


async def test_metrics_are_served(site: Any) -> None:
    metrics = Metrics()
    metrics.exchange(rule="flow", owner="bot")
    metrics.stage("decide", 0.002)
    metrics.turn_error()
    metrics.gauge("sockets", "Open chats.", lambda: 7)
    metrics.tally("nacks", "Refused frames.", "code", lambda: {"busy": 3})
    metrics.start()
    http = await site(*metrics.routes())
    async with http.get("/metrics") as response:
        text = await response.text()
    await metrics.close()
    for line in (
        'frontdesk_exchanges_total{owner="bot",rule="flow"} 1.0',
        'frontdesk_stage_seconds_count{stage="decide"} 1.0',
        "frontdesk_turn_errors_total 1.0",
        "frontdesk_sockets 7.0",
        'frontdesk_nacks_total{code="busy"} 3.0',
        "frontdesk_loop_lag_seconds_count",
    ):
        assert line in text


async def test_metrics_may_have_a_listener_of_their_own() -> None:
    runner = await serve_admin(Metrics().routes(), port=0)
    port = runner.addresses[0][1]
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/metrics") as response,
    ):
        assert response.status == 200
    await runner.cleanup()


# -- headers and errors ----------------------------------------------------------------------


async def test_errors_are_constants(site: Any) -> None:
    async def fail(_request: web.Request) -> web.Response:
        raise RuntimeError("secret of the house")

    http = await site(web.get("/fail", fail), web.post("/only-post", fail))
    async with http.get("/nowhere") as response:
        assert (response.status, await response.json()) == (
            404,
            {"type": "error", "code": "not_found"},
        )
        assert response.headers["X-Content-Type-Options"] == "nosniff"
    async with http.get("/only-post") as response:
        assert (response.status, response.headers["Allow"]) == (405, "POST")
        assert (await response.json())["code"] == "method_not_allowed"
    async with http.get("/fail") as response:
        text = await response.text()
        body = await response.json()
        assert (response.status, body["code"], len(body["error_id"])) == (500, "internal", 12)
        assert "secret" not in text


# -- the pages -------------------------------------------------------------------------------


async def test_without_demo_the_page_shows_how_to_embed(store: Store, site: Any) -> None:
    http = await site(*demo_shop(settings(demo=False), store).routes())
    async with http.get("/") as response:
        text = await response.text()
        assert response.status == 200
        assert "widget.js" in text
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    async with http.get("/", headers={"Host": 'x"><script>alert(1)</script>'}) as response:
        assert "<script>alert" not in await response.text()
    for method, path in (("GET", "/demo/shop"), ("POST", "/demo/sign-in")):
        async with http.request(method, path) as response:
            assert response.status == 404


async def test_the_demo_shop(store: Store, site: Any) -> None:
    ada = Customer(id="demo-ada", name="Ada", external_id="ada")
    order = Order(
        number="AB123456",
        customer_id="demo-ada",
        state=OrderState.PAID,
        placed_at=NOW - timedelta(days=1),
        lines=(OrderLine(product_id="lamp", quantity=2, price="10.00"),),
        total="20.00",
        currency="USD",
        email=None,
        phone=None,
        address=None,
        delivery="standard",
    )
    await store.orders.seed([ada], [order], [])
    http = await site(*demo_shop(settings(demo=True), store).routes())
    async with http.get("/") as response:
        assert response.content_type == "text/html"
        assert "frame-ancestors 'self'" in response.headers["Content-Security-Policy"]
    async with http.get("/demo/shop") as response:
        shop = await response.json()
    assert shop["site"] == "default"
    assert shop["name"] == {"en": "Lumen", "zh": "木光"}
    assert shop["products"][0]["prices"] == {"USD": "10.00", "CNY": "70.00"}
    assert shop["customers"] == [
        {
            "id": "ada",
            "name": "Ada",
            "language": "en",
            "tier": "gold",
            "about": {"en": "1 order · 3,640 points", "zh": "1 个订单 · 3640 积分"},
        }
    ]
    async with http.post("/demo/sign-in", json={"customer": "ada"}) as response:
        answer = await response.json()
        assert response.headers["Cache-Control"] == "no-store"
    claims = KEYS.verify(answer["identity"], site="default", now=NOW)
    assert (claims.subject, claims.about["name"]) == ("ada", "Ada")
    assert answer["orders"] == [
        {
            "number": "AB123456",
            "state": "paid",
            "placed_on": "2026-03-01",
            "total": "20.00",
            "currency": "USD",
            "lines": [{"name": {"en": "Lamp", "zh": "灯"}, "quantity": 2}],
        }
    ]
    for body in (b"", b"{", b"[]", b'{"customer": 5}', b'{"customer": "eve"}'):
        async with http.post("/demo/sign-in", data=body) as response:
            assert response.status == 400


# -- what is no request ----------------------------------------------------------------------


async def said_to(*sent: bytes) -> bytes:
    """Return all that a listener without routes answers to these bytes until it hangs up."""
    app = web.Application()
    headers.install(app)
    address = listener.Address(host="127.0.0.1", port=free_port())
    async with listener.listening(app, address), asyncio.timeout(20):
        reader, writer = await asyncio.open_connection(address.host, address.port)
        for some in sent:
            writer.write(some)
            await writer.drain()
        answer = await reader.read()
        writer.close()
    return answer


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00 hush\r\n\r\n",
        b"GET / HTTP/9.9 hush\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nhush\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: hush\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nCookie: " + b"hush" * 5_000 + b"\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_told_so_and_nothing_else(sent):
    head, _, body = (await said_to(sent)).partition(b"\r\n\r\n")
    assert head.split(b" ")[1] == b"400"
    assert body == b'{"type":"error","code":"bad_request"}'
    assert not [word for word in (b"python", b"aiohttp", b"hush") if word in head.lower()]


async def test_half_a_request_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(listener, "IDLE_S", 1.0)
    assert await said_to(b"GET / HTTP/1.1\r\nHo") == b""
