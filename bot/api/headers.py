"""What every response carries, and what an error may say: a constant and an id, nothing inside."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import orjson
import structlog
from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_log = structlog.get_logger()

PAGE_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self' blob: data:",
        "frame-src 'self'",
        "base-uri 'none'",
        "frame-ancestors 'self'",
        "form-action 'self'",
    )
)

OTHER_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"
"""For what is no page: were it ever shown as one, it could do nothing."""

EMBEDDED = ("/widget.js", "/widget/", "/chat/pictures/")
"""Loaded by other sites' pages; everything else is our own."""

CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_long",
    429: "rate_limited",
}


def install(app: web.Application) -> None:
    """Have the application add the headers and keep its errors to itself."""
    app.middlewares.append(_contain_errors)
    app.on_response_prepare.append(_add_headers)


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    headers = response.headers
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "strict-origin-when-cross-origin"
    headers.popall("Server", None)
    is_page = response.content_type == "text/html"
    headers["Content-Security-Policy"] = PAGE_POLICY if is_page else OTHER_POLICY
    if request.path.startswith(EMBEDDED):
        headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        # The widget's parts are modules, and browsers fetch modules of other sites with CORS.
        headers["Access-Control-Allow-Origin"] = "*"
    else:
        headers["Cross-Origin-Resource-Policy"] = "same-origin"


@web.middleware
async def _contain_errors(
    request: web.Request,
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> web.StreamResponse:
    if request.headers.get("Content-Encoding", "identity") != "identity":
        # Frames are small; a compressed one is a mistake or a bomb.
        return error_response(415, "unsupported")
    try:
        return await handler(request)
    except (ConnectionError, web.RequestPayloadError):
        # The client went away amid its request: nobody is there to be told.
        return error_response(400, "bad_request")
    except web.HTTPException as error:
        if error.status < 400:
            raise
        response = error_response(error.status, CODES.get(error.status, "error"))
        for name in ("Allow", "Retry-After"):
            if name in error.headers:
                response.headers[name] = error.headers[name]
        return response
    except Exception:  # noqa: BLE001  # the edge: beyond it aiohttp would show its own page
        error_id = uuid.uuid4().hex[:12]
        _log.exception("request_failed", error_id=error_id, method=request.method)
        return error_response(500, "internal", error_id=error_id)


def error_response(status: int, code: str, **more: str) -> web.Response:
    """Return an error as constant JSON."""
    return web.Response(
        status=status,
        body=orjson.dumps({"type": "error", "code": code, **more}),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
