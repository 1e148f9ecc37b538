"""GET /chat/pictures/{id}: what an agent looks like, for whoever was told the id.

The id is a digest of the picture, so what is behind it never changes, and nobody can guess one. It
comes from our own origin: a customer's browser asks nobody else, and nobody else hears of it.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from aiohttp import web

from bot.channels.webchat.bodies import PICTURES

if TYPE_CHECKING:
    from bot.channels.webchat.limits import Limiter
    from crm_store.store import Store

ID = re.compile(r"[0-9a-f]{64}")

FOREVER = "public, max-age=31536000, immutable"


class PictureRoutes:
    """Gives pictures out."""

    def __init__(self, store: Store, limiter: Limiter) -> None:
        self._store = store
        self._limiter = limiter

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [web.get(f"{PICTURES}{{id}}", self._get, allow_head=False)]

    async def _get(self, request: web.Request) -> web.Response:
        id_ = request.match_info["id"]
        wait = self._limiter.download(self._limiter.address(request))
        if wait:
            raise web.HTTPTooManyRequests(headers={"Retry-After": str(math.ceil(wait))})
        picture = await self._store.agents.picture(id_) if ID.fullmatch(id_) else None
        if picture is None:
            raise web.HTTPNotFound
        return web.Response(
            body=picture.content,
            content_type=picture.media_type,
            headers={"Cache-Control": FOREVER, "Content-Disposition": "inline"},
        )
