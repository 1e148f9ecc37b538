"""The widget as it is served: the loader, everything else under its build, and the sites' settings.

    /widget.js                    the loader, kept for minutes; knows the build and how sites look
    /widget/<BUILD>/…             a file of this build: kept for ever, since another is another's
    /widget/<BUILD>/sites/…       per site what the chat needs once it is opened, and its avatar
    /widget/…                     the same without a build, asked for anew each time

The build is a hash of all that is served, so it changes when, and only when, something does.
Whoever still has an older loader asks under an older build, and gets the present files without
leave to keep them.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web
from msgspec import Struct
from zopfli import gzip

from bot.channels.widget_join import join
from bot.settings.colours import accents

try:
    import minify
except ImportError:  # there are machines for which nobody has built it
    minify = None

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable

    from bot.settings.model import Look, Site
    from bot.settings.settings import Settings

LOADER = "widget.js"

SHORTLY = "public, max-age=300"
"""The loader stands under one name for ever; so soon does a new build reach everybody."""

FOR_EVER = "public, max-age=31536000, immutable"

REVALIDATE = "no-cache"
"""Keep it, but ask each time whether it changed."""

TYPES = {
    "js": "text/javascript",
    "css": "text/css",
    "html": "text/html",
    "svg": "image/svg+xml",
    "png": "image/png",
    "json": "application/json",
}

MINIFIED = {"text/javascript": "application/javascript", "text/css": "text/css"}
"""What is sent without its comments, blanks and long names, and what the minifier calls it."""

_STYLE = re.compile(r"/\* css \*/ `([^`$\\]*)`")
"""A stylesheet in a script, marked as editors know it."""

_MODULE = re.compile(r"chat/(\w+)\.js")
_BUILD = re.compile("([0-9a-f]{16})/(.+)")
_AT_FIRST_SIGHT = {"theme", "position", "launcher", "z_index", "mobile"}


class File(Struct, frozen=True):
    """A file of the widget, ready to be sent."""

    body: bytes
    packed: bytes
    """The same, compressed."""
    content_type: str
    etag: str


class WidgetFiles:
    """Serves the widget."""

    def __init__(self, settings: Settings) -> None:
        # All of them in memory, by name: what is not in the table does not exist, so no path that
        # a client makes up ever reaches the disk.
        sources = _joined(dict(_read(files("bot.channels") / "widget", "")))
        self._files = {
            name: _file(_lean(body, kind), kind) for name, (body, kind) in sources.items()
        }
        self._files |= _site_files(settings)
        looks = _looks(settings)
        self.build = _build(self._files, looks)
        loader = self._files[LOADER].body.decode()
        self._files[LOADER] = _file(_loader(loader, self.build, looks), TYPES["js"])

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.get(f"/{LOADER}", self._loader),
            web.get("/widget/{file:.+}", self._part),
        ]

    def send(self, request: web.Request, name: str, caching: str = REVALIDATE) -> web.Response:
        """Return a file as a response.

        Raises:
            HTTPNotFound: There is none of this name.
        """
        file = self._files.get(name)
        if file is None:
            raise web.HTTPNotFound
        headers = {"ETag": file.etag, "Cache-Control": caching, "Vary": "Accept-Encoding"}
        if file.etag in request.headers.get("If-None-Match", ""):
            # The type decides the page's policy, and a 304 brings its headers, too.
            return web.Response(status=304, headers=headers, content_type=file.content_type)
        packed = "gzip" in request.headers.get("Accept-Encoding", "")
        if packed:
            headers["Content-Encoding"] = "gzip"
        is_text = file.content_type in TYPES.values() and file.content_type != "image/png"
        return web.Response(
            body=file.packed if packed else file.body,
            content_type=file.content_type,
            charset="utf-8" if is_text else None,
            headers=headers,
        )

    async def _loader(self, request: web.Request) -> web.Response:
        return self.send(request, LOADER, SHORTLY)

    async def _part(self, request: web.Request) -> web.Response:
        name = request.match_info["file"]
        versioned = _BUILD.fullmatch(name)
        if versioned is None:
            return self.send(request, name)
        present = versioned[1] == self.build
        return self.send(request, versioned[2], FOR_EVER if present else REVALIDATE)


def for_script(value: object) -> str:
    """Return a value as JavaScript that stays what it is wherever the script is put.

    JSON is JavaScript but for two line ends; and a `<` could end the script that it stands in.
    """
    text = orjson.dumps(value).decode()
    for char in "<\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text


def _loader(minified: str, build: str, looks: dict[str, Any]) -> bytes:
    # Put in front of what is minified already: a minifier writes escaped characters out again.
    constants = f"const BUILD={for_script(build)},SITES={for_script(looks)};"
    return f"(()=>{{{constants}{minified}\n}})();".encode()


def _build(served: dict[str, File], looks: dict[str, Any]) -> str:
    digest = hashlib.sha256(orjson.dumps(looks))
    for name, file in sorted(served.items()):
        digest.update(f"{name} {file.etag} ".encode())
    return digest.hexdigest()[:16]


def _read(folder: Traversable, prefix: str) -> Iterator[tuple[str, tuple[bytes, str]]]:
    for entry in folder.iterdir():
        name = f"{prefix}{entry.name}"
        if entry.is_dir():
            yield from _read(entry, f"{name}/")
        elif (content_type := TYPES.get(name.rpartition(".")[2])) is not None:
            yield name, (entry.read_bytes(), content_type)


def _joined(sources: dict[str, tuple[bytes, str]]) -> dict[str, tuple[bytes, str]]:
    """Return the files with the modules of the chat as one."""
    found = {name: _MODULE.fullmatch(name) for name in sources}
    modules = {match[1]: sources[name][0].decode() for name, match in found.items() if match}
    others = {name: sources[name] for name, match in found.items() if not match}
    chat = join(modules, "chat", "start").encode()
    return others | {"chat/chat.js": (chat, TYPES["js"])}


def _lean(body: bytes, content_type: str) -> bytes:
    kind = MINIFIED.get(content_type)
    if kind is None or minify is None:
        return body
    text = _STYLE.sub(lambda style: f"`{minify.string('text/css', style[1])}`", body.decode())
    return str(minify.string(kind, text)).encode()


def _file(body: bytes, content_type: str) -> File:
    etag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
    return File(body, _packed(body), content_type, etag)


@lru_cache(maxsize=64)
def _packed(body: bytes) -> bytes:
    """Return a file compressed; a twentieth of a second each, and 3 % smaller than zlib's best."""
    packed: bytes = gzip.compress(body)
    return packed


# -- the sites -------------------------------------------------------------------------------


def _looks(settings: Settings) -> dict[str, Any]:
    """Return, for each site, what is needed at first sight; nothing stands for what is not set.

    Every visitor of every page gets it.
    """
    return {
        name: {
            **_colours(site.look),
            **site.look.model_dump(include=_AT_FIRST_SIGHT, exclude_none=True),
            "greetings": [
                greeting.model_dump(exclude_defaults=True) for greeting in site.greetings
            ],
        }
        for name, site in settings.general.web_chat.sites.items()
    }


def _colours(look: Look) -> dict[str, Any]:
    (accent, on_accent), (dark, on_dark) = accents(look).values()
    return {
        "accent": accent,
        "on_accent": on_accent,
        "dark": {"accent": dark, "on_accent": on_dark},
    }


def _site_files(settings: Settings) -> dict[str, File]:
    """Return, for each site, what the chat needs once it is opened, and the avatar."""
    found: dict[str, File] = {}
    for name, site in settings.general.web_chat.sites.items():
        picture = settings.pictures.get(site.look.avatar or "")
        avatar = None
        if picture is not None:
            avatar = f"{name}.{picture.media_type.rpartition('/')[2]}"
            found[f"sites/{avatar}"] = _file(picture.content, picture.media_type)
        body = orjson.dumps(_about(settings, site, avatar))
        found[f"sites/{name}.json"] = _file(body, TYPES["json"])
    return found


def _about(settings: Settings, site: Site, avatar: str | None) -> dict[str, Any]:
    return {
        "title": site.look.title or settings.general.name,
        "greeting": site.look.greeting,
        "consent": None if site.consent is None else site.consent.model_dump(),
        # Beside this file, under the same build.
        "avatar": avatar,
        "sound": site.look.sound == "on",
        "anonymous": site.anonymous,
    }
