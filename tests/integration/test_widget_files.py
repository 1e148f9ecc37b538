"""The widget as it is served: builds, caches, sites, and texts that stay texts."""

from __future__ import annotations

import contextlib
import gzip
import json
import re
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bot.api import headers
from bot.channels import widget_files
from bot.channels.widget_files import FOR_EVER, REVALIDATE, SHORTLY, WidgetFiles, for_script
from bot.settings.colours import for_the_dark
from bot.settings.model import WebChat
from bot.settings.settings import Picture
from tests.unit.bot.test_files import PNG

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.settings.settings import Settings

JPEG = b"\xff\xd8\xff\xe0" + bytes(40)
PART = "chat/chat.js"

EVIL = "</script><script>alert(1)</script><!--\u2028\u2029\\u003c`${alert(1)}'\""

SITES: dict[str, Any] = {
    "default": {
        "anonymous": "bot_only",
        "consent": {
            "version": "2",
            "text": {"en": "We keep this chat.", "zh": "我们会保存对话。"},
            "link": "https://shop.example/privacy",
        },
        "look": {
            "accent": "#0b57d0",
            "launcher": {"en": EVIL, "zh": "咨询"},
            "greeting": {"en": "Hello!", "zh": "您好！"},
            "avatar": "lamp.png",
            "sound": "on",
        },
        "greetings": [{"id": "help", "pages": ["/cart"], "after_s": 5, "text": {"en": EVIL}}],
    },
    "plain": {},
}


def with_sites(settings: Settings, sites: Any, picture: bytes = PNG, **web_chat: Any) -> Settings:
    """Return the settings with other sites, and a picture called lamp.png."""
    chat = WebChat.model_validate({"sites": sites, **web_chat})
    general = settings.general.model_copy(update={"web_chat": chat})
    kind = "image/jpeg" if picture == JPEG else "image/png"
    lamp = Picture(path=settings.folder / "lamp.png", content=picture, media_type=kind)
    return replace(settings, general=general, pictures={"lamp.png": lamp})


@pytest.fixture
async def serve(tmp_path: Path) -> AsyncIterator[Any]:
    """Return a function that serves a widget and returns a client for it."""
    async with contextlib.AsyncExitStack() as stack:

        async def serve(widget: WidgetFiles) -> aiohttp.ClientSession:
            app = web.Application()
            headers.install(app)
            app.add_routes(widget.routes())
            runner = web.AppRunner(app, access_log=None)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            return await stack.enter_async_context(aiohttp.ClientSession(url))

        yield serve


async def loader_of(http: aiohttp.ClientSession) -> str:
    async with http.get("/widget.js") as response:
        return await response.text()


def constants(loader: str) -> tuple[str, dict[str, Any]]:
    """Return BUILD and SITES as a browser reads them."""
    found = re.match(r'\(\(\)=>\{const BUILD="([0-9a-f]{16})",SITES=', loader)
    assert found
    sites, _ = json.JSONDecoder().raw_decode(loader, found.end())
    return found[1], sites


# -- the loader ------------------------------------------------------------------------------


async def test_the_loader_is_kept_for_minutes_and_asked_for_by_its_tag(
    settings: Settings, serve: Any
) -> None:
    http = await serve(WidgetFiles(settings))
    async with http.get("/widget.js", headers={"Accept-Encoding": "identity"}) as response:
        plain = await response.read()
        assert response.content_type == "text/javascript"
        assert response.headers["Cache-Control"] == SHORTLY
        etag = response.headers["ETag"]
    async with http.get("/widget.js", headers={"If-None-Match": etag}) as response:
        assert (response.status, await response.read()) == (304, b"")
        assert response.headers["Cache-Control"] == SHORTLY
    raw = aiohttp.ClientSession(http._base_url, auto_decompress=False)
    async with raw, raw.get("/widget.js", headers={"Accept-Encoding": "gzip"}) as response:
        assert response.headers["Vary"] == "Accept-Encoding"
        assert gzip.decompress(await response.read()) == plain


async def test_every_part_may_be_embedded_and_none_acts_as_a_page(
    settings: Settings, serve: Any
) -> None:
    widget = WidgetFiles(with_sites(settings, SITES))
    http = await serve(widget)
    for path in (
        "/widget.js",
        f"/widget/{widget.build}/{PART}",
        f"/widget/{widget.build}/sites/default.json",
        f"/widget/{widget.build}/sites/default.png",
    ):
        async with http.get(path) as response:
            assert response.status == 200, path
            assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
            assert response.headers["Access-Control-Allow-Origin"] == "*"
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            policy = response.headers["Content-Security-Policy"]
            assert "sandbox" in policy
            assert "unsafe" not in policy


async def test_the_loader_knows_its_build_and_how_each_site_looks(
    settings: Settings, serve: Any
) -> None:
    widget = WidgetFiles(with_sites(settings, SITES))
    build, sites = constants(await loader_of(await serve(widget)))
    assert build == widget.build
    assert sites["plain"] == {
        "theme": "auto",
        "accent": "#2f5d4e",
        "on_accent": "#ffffff",
        "dark": dict(zip(("accent", "on_accent"), for_the_dark("#2f5d4e"), strict=True)),
        "position": "end",
        "z_index": 2147483000,
        "mobile": "full_screen",
        "greetings": [],
    }
    assert sites["default"]["launcher"] == {"en": EVIL, "zh": "咨询"}
    assert sites["default"]["greetings"] == [
        {
            "id": "help",
            "pages": ["/cart"],
            "after_s": 5,
            "text": {"en": EVIL},
        }
    ]


async def test_what_is_not_needed_at_first_sight_is_not_in_the_loader(
    settings: Settings, serve: Any
) -> None:
    loader = await loader_of(await serve(WidgetFiles(with_sites(settings, SITES))))
    assert "We keep this chat." not in loader
    assert "bot_only" not in loader
    assert "/*" not in loader.replace("/cart", "")  # and no comments


async def test_texts_do_not_break_out_of_the_script(settings: Settings, serve: Any) -> None:
    loader = await loader_of(await serve(WidgetFiles(with_sites(settings, SITES))))
    head = loader[: loader.index(";")]
    for char in "<\u2028\u2029":
        assert char not in head
    assert "</script" not in loader.lower()


TEXTS = st.text(st.characters(codec="utf-8"))


@given(st.recursive(TEXTS, lambda inner: st.dictionaries(TEXTS, inner) | st.lists(inner)))
def test_any_value_stays_what_it_is(value: Any) -> None:
    written = for_script(value)
    assert json.loads(written) == value
    assert not re.search("[<\u2028\u2029]", written)


async def test_where_there_is_no_minifier_the_widget_is_served_all_the_same(
    settings: Settings, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lean = WidgetFiles(with_sites(settings, SITES))
    monkeypatch.setattr(widget_files, "minify", None)
    plain = WidgetFiles(with_sites(settings, SITES))
    assert plain.build != lean.build
    loader = await loader_of(await serve(plain))
    assert constants(loader)[0] == plain.build
    assert len(loader) > len(await loader_of(await serve(lean)))


# -- builds ----------------------------------------------------------------------------------


async def test_parts_of_the_build_are_kept_for_ever(settings: Settings, serve: Any) -> None:
    widget = WidgetFiles(settings)
    http = await serve(widget)
    async with http.get(f"/widget/{widget.build}/{PART}") as response:
        assert response.headers["Cache-Control"] == FOR_EVER
        present = await response.read()
    # An older loader, and the path without any build, get the same, but not to keep.
    for path in (f"/widget/{'0' * 16}/{PART}", f"/widget/{PART}"):
        async with http.get(path) as response:
            assert response.headers["Cache-Control"] == REVALIDATE, path
            assert await response.read() == present


def test_the_build_is_the_same_wherever_the_same_is_served(settings: Settings) -> None:
    once = WidgetFiles(with_sites(settings, SITES))
    assert WidgetFiles(with_sites(settings, SITES)).build == once.build
    limits = {"address_sockets": 7}
    assert WidgetFiles(with_sites(settings, SITES, limits=limits)).build == once.build


@pytest.mark.parametrize(
    "change",
    [
        {"look": {"accent": "#0b57d1"}},
        {"look": {"avatar": "lamp.png"}},
        {"anonymous": "deny"},
        {"consent": {"version": "1", "text": {"en": "x", "zh": "x"}}},
        {"greetings": [{"id": "help", "after_s": 5, "text": {"en": "x", "zh": "x"}}]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_site_is_another_build(settings: Settings, change: dict[str, Any]) -> None:
    plain = WidgetFiles(with_sites(settings, {"default": {}}))
    changed = WidgetFiles(with_sites(settings, {"default": change}))
    assert changed.build != plain.build


def test_another_picture_is_another_build(settings: Settings) -> None:
    one, other = (WidgetFiles(with_sites(settings, SITES, picture)) for picture in (PNG, JPEG))
    assert one.build != other.build


async def test_what_is_not_there_is_not_found(settings: Settings, serve: Any) -> None:
    widget = WidgetFiles(settings)
    http = await serve(widget)
    build = f"/widget/{widget.build}"
    for path in (
        "/widget/../../log.py",
        "/widget/%2e%2e/%2e%2e/log.py",
        "/widget//etc/passwd",
        "/widget/",
        "/widget/none.js",
        "/widget/../webchat/frames.py",
        build,
        f"{build}/",
        f"{build}/none.js",
        f"{build}/../../log.py",
        f"{build}/%2e%2e%2f%2e%2e%2flog.py",
        f"{build}/{widget.build}/{PART}",
        f"{build}/sites/nowhere.json",
        f"{build}/sites/../{PART}/x",
        f"/widget/{widget.build.upper()}x/{PART}",
    ):
        async with http.get(path) as response:
            assert response.status == 404, path


# -- the sites -------------------------------------------------------------------------------


async def test_a_site_tells_what_the_chat_needs_once_it_is_open(
    settings: Settings, serve: Any
) -> None:
    widget = WidgetFiles(with_sites(settings, SITES))
    http = await serve(widget)
    async with http.get(f"/widget/{widget.build}/sites/default.json") as response:
        assert response.content_type == "application/json"
        assert response.headers["Cache-Control"] == FOR_EVER
        assert await response.json() == {
            "title": settings.general.name,
            "greeting": {"en": "Hello!", "zh": "您好！"},
            "consent": SITES["default"]["consent"],
            "avatar": "default.png",
            "sound": True,
            "anonymous": "bot_only",
        }
    async with http.get(f"/widget/{widget.build}/sites/plain.json") as response:
        plain = await response.json()
    assert plain["consent"] is plain["avatar"] is plain["greeting"] is None
    assert (plain["sound"], plain["anonymous"]) == (False, "allow")


@pytest.mark.parametrize(("content", "kind"), [(PNG, "image/png"), (JPEG, "image/jpeg")])
async def test_an_avatar_goes_by_what_it_holds(
    settings: Settings, serve: Any, content: bytes, kind: str
) -> None:
    widget = WidgetFiles(with_sites(settings, SITES, content))
    http = await serve(widget)
    path = f"/widget/{widget.build}/sites/"
    async with http.get(f"{path}default.json") as response:
        path += (await response.json())["avatar"]
    async with http.get(path) as response:
        assert (response.content_type, response.charset) == (kind, None)
        assert await response.read() == content


async def test_nothing_of_the_other_settings_is_told(settings: Settings, serve: Any) -> None:
    widget = WidgetFiles(settings)
    http = await serve(widget)
    async with http.get(f"/widget/{widget.build}/sites/default.json") as response:
        told = await response.text() + await loader_of(http)
    for inside in ("origins", "limits", "queue", "bands", str(settings.folder)):
        assert inside not in json.dumps(constants(await loader_of(http))[1])
        assert f'"{inside}"' not in told
