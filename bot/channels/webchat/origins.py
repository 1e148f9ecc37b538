"""Which web pages may talk to us: the service's own, and those that the sites list.

A browser tells the truth about the page's origin; anything else may say what it likes and gains
nothing, because access rests on the visitor's secret alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from aiohttp import web

    from bot.settings.model import Site


def default_site(sites: Iterable[str]) -> str:
    """Return the site of a page that names none: `default`, or else the first."""
    names = tuple(sites)
    return "default" if "default" in names else names[0]


class Origins:
    """The allow-list."""

    def __init__(self, sites: Mapping[str, Site]) -> None:
        self._all = frozenset(sites)
        by_origin: dict[str, set[str]] = {}
        for name, site in sites.items():
            for origin in site.origins:
                by_origin.setdefault(origin.lower().rstrip("/"), set()).add(name)
        self._by_origin = {origin: frozenset(names) for origin, names in by_origin.items()}

    def sites(self, request: web.Request) -> frozenset[str] | None:
        """Return the sites that the request may speak for; None when its page may not embed us.

        Without an Origin it is no page, and the whole name must match: `https://shop.example` is
        neither `https://shop.example.evil` nor `http://shop.example`.
        """
        origin = request.headers.get("Origin")
        if origin is None:
            return self._all
        origin = origin.lower()
        # The scheme is left out for our own pages: behind a proxy we do not know it.
        if origin.startswith(("http://", "https://")):
            own = request.host.lower()
            if origin.partition("://")[2] == own:
                return self._all
        return self._by_origin.get(origin)


def cors(request: web.Request) -> dict[str, str]:
    """Return the headers that let an allowed page read the response."""
    origin = request.headers.get("Origin")
    if origin is None:
        return {"Vary": "Origin"}
    return {
        "Vary": "Origin",
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Expose-Headers": "Retry-After",
    }


PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Last-Event-ID, X-File-Name",
    "Access-Control-Max-Age": "600",
}
