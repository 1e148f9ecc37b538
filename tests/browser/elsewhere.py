"""Pages of another origin that embed the chat, as good, strict or hostile as a test wants them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Mapping

PAGE = """<!doctype html>
<html lang="{lang}"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">{head}</head>
<body>{body}
<script src="{service}/widget.js" data-site="{site}" async{attributes}></script>
</body></html>
"""

BODY = "<main><h1>Another shop</h1><p>Its own page, on its own origin.</p></main>"


class Elsewhere:
    """A web server of another site."""

    def __init__(self, port: int) -> None:
        """Describe a server on a port of this machine."""
        self.origin = f"http://localhost:{port}"
        """Browsers take localhost and 127.0.0.1 for different sites."""
        self._port = port
        self._pages: dict[str, tuple[str, Mapping[str, str]]] = {}

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/{name:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "localhost", self._port).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    def page(
        self,
        service: str,
        *,
        site: str = "default",
        lang: str = "en",
        title: str = "Another shop",
        head: str = "",
        body: str = BODY,
        attributes: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> str:
        """Put up a page with the embed script of a service; return its address."""
        name = f"page{len(self._pages)}"
        html = PAGE.format(
            service=service,
            site=site,
            lang=lang,
            title=title,
            head=head,
            body=body,
            attributes=f" {attributes}" if attributes else "",
        )
        self._pages[name] = html, headers or {}
        return f"{self.origin}/{name}"

    async def _serve(self, request: web.Request) -> web.Response:
        found = self._pages.get(request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound
        html, headers = found
        return web.Response(text=html, content_type="text/html", headers=headers)
