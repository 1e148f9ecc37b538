"""What the chat's requests over plain HTTP have in common: who may ask, and what is refused how."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson
from aiohttp import web

from bot.channels.webchat import frames
from bot.channels.webchat.door import Refused
from bot.channels.webchat.frames import BadFrame, Frame
from bot.channels.webchat.intake import RETRY_AFTER_S
from bot.channels.webchat.origins import PREFLIGHT, Origins, cors
from crm_store.errors import StoreError

STATUSES: Mapping[str, int] = {
    "invalid": 400,
    "bad_frame": 400,
    "unknown_type": 400,
    "bad_hello": 400,
    "empty": 400,
    "bad_token": 401,
    "bad_identity": 401,
    "identity_expired": 401,
    "sign_in": 401,
    "denied": 403,
    "origin": 403,
    "not_found": 404,
    "too_slow": 408,
    "conflict": 409,
    "too_long": 413,
    "too_large": 413,
    "file_type": 415,
    "too_many": 429,
    "rate_limited": 429,
    "busy": 503,
}

Handler = Callable[[web.Request, frozenset[str]], Awaitable[web.StreamResponse]]
Guarded = Callable[[web.Request], Awaitable[web.StreamResponse]]


def guarded(origins: Origins, handler: Handler) -> Guarded:
    """Return the handler behind the check of the page's origin and the common refusals."""

    async def guarded(request: web.Request) -> web.StreamResponse:
        sites = origins.sites(request)
        if sites is None:
            return answer(frames.error("origin"))
        try:
            return await handler(request, sites)
        except Refused as refused:
            refusal = answer(
                frames.error(refused.code, reason=refused.reason), refused.retry_after_s
            )
        except BadFrame as bad:
            refusal = answer(bad.answer)
        except StoreError:
            refusal = answer(frames.error("busy"), RETRY_AFTER_S)
        refusal.headers.update(cors(request))
        return refusal

    return guarded


async def preflight(request: web.Request, _sites: frozenset[str]) -> web.Response:
    """Answer a browser that asks whether another site's page may ask."""
    return web.Response(status=204, headers={**cors(request), **PREFLIGHT})


def answer(
    frame: Frame | None,
    retry_after_s: float | None = None,
    *,
    extra: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """Return a frame as a response: its code decides the status."""
    if frame is None and not extra:
        return web.Response(status=204, headers=headers)
    if frame is None:
        # Nothing to acknowledge, but the visitor has just been made: this is their only secret.
        return web.Response(
            body=orjson.dumps(extra),
            content_type="application/json",
            headers={**(headers or {}), "Cache-Control": "no-store"},
        )
    status = 200 if frame.code is None else STATUSES[frame.code]
    body = frame.body
    if extra:
        body = orjson.dumps(orjson.loads(body) | extra)
    response = web.Response(
        status=status, body=body, content_type="application/json", headers=headers
    )
    response.headers["Cache-Control"] = "no-store"
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if status in (429, 503):
        wait = retry_after_s or orjson.loads(body).get("retry_after_s") or 1.0
        response.headers["Retry-After"] = str(math.ceil(wait))
    return response


def bearer(request: web.Request) -> str | None:
    """Return the visitor's secret; None when there is none.

    Raises:
        Refused: There is something else in its place.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if not scheme:
        return None
    if scheme.lower() != "bearer" or not token.strip():
        raise Refused("bad_token")
    return token.strip()
