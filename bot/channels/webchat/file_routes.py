"""Files of the web chat: customers send them, and fetch their own and the agents'.

POST /chat/files        the bytes as they are, the name (percent-encoded) in X-File-Name
GET  /chat/files/{id}   the bytes, for the conversation whose message names the file

A file is read into memory up to the size limit and written in one go, so one that breaks off
leaves nothing. It is examined before anything is kept. Nothing that goes out is shown in place but
pictures, and nothing at all can run.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

import orjson
from aiohttp import web

from bot.channels.webchat.bodies import file_body
from bot.channels.webchat.door import Entered, Refused
from bot.channels.webchat.http_edge import bearer, guarded, preflight
from bot.channels.webchat.origins import cors
from bot.files import PICTURES, FileRefused, examine
from crm_store.attachments import Upload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from bot.channels.webchat.service import Service

CHUNK = 65_536

WITHIN_S = 120.0
"""10 MB at 0.7 Mbit/s: a poor mobile network."""

MOST_HELD = 200_000_000
"""Bytes of files on their way in, of all visitors together: they are held in memory."""

MOST_UNSENT = 4
"""Times as many files as a message may have may wait for one; what was removed waits as well."""

LONGEST_HEADER = 4_000

BUSY_S = 2.0


class FileRoutes:
    """Takes files in and gives them out."""

    def __init__(self, service: Service, clock: Callable[[], datetime]) -> None:
        self._service = service
        self._clock = clock
        self._held = 0
        self._coming: Counter[str] = Counter()
        """Files on their way in, by conversation."""

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        origins = self._service.origins
        return [
            web.post("/chat/files", guarded(origins, self._post)),
            web.get("/chat/files/{id}", guarded(origins, self._get), allow_head=False),
            web.options("/chat/files", guarded(origins, preflight)),
            web.options("/chat/files/{id}", guarded(origins, preflight)),
        ]

    async def _post(self, request: web.Request, _sites: frozenset[str]) -> web.Response:
        service, rules = self._service, self._service.files
        entered = await self._entered(request)
        conversation_id = entered.opened.conversation.id
        if not rules.per_message:
            raise Refused("denied")
        if not await service.consents.given(entered.opened.customer.id, entered.site):
            raise Refused("denied", reason="consent")
        wait = service.limiter.file(conversation_id, service.limiter.address(request))
        if wait:
            raise Refused("rate_limited", wait)
        if (request.content_length or 0) > rules.max_bytes:
            raise Refused("too_large")
        name = unquote(request.headers.get("X-File-Name", "")[:LONGEST_HEADER], errors="replace")
        with self._counted(conversation_id) as coming:
            unsent = await service.store.attachments.unsent(conversation_id)
            if len(unsent) >= rules.per_message * MOST_UNSENT:
                raise Refused("too_many")
            content = await self._read(request, rules.max_bytes, coming)
            try:
                # A list of contents may take a moment to read.
                sound = await asyncio.to_thread(examine, name, content, rules)
            except FileRefused as refused:
                raise Refused(refused.code) from None
            file = await service.store.attachments.keep(
                Upload(
                    conversation_id=conversation_id,
                    name=sound.name,
                    media_type=sound.media_type,
                    content=content,
                    at=self._clock(),
                )
            )
        return web.Response(
            body=orjson.dumps(file_body(file)),
            content_type="application/json",
            headers={"Cache-Control": "no-store", **cors(request)},
        )

    async def _get(self, request: web.Request, _sites: frozenset[str]) -> web.Response:
        conversation_id = (await self._entered(request)).opened.conversation.id
        wait = self._service.limiter.download(conversation_id)
        if wait:
            raise Refused("rate_limited", wait)
        found = await self._service.store.attachments.get(request.match_info["id"], conversation_id)
        if found is None:
            raise Refused("not_found")
        file, content = found
        shown = file.media_type in PICTURES
        disposition = "inline" if shown else "attachment"
        return web.Response(
            body=content,
            # What is not shown has no type that anything could act on.
            content_type=file.media_type if shown else "application/octet-stream",
            headers={
                "Content-Disposition": f"{disposition}; filename*=UTF-8''{quote(file.name, '')}",
                "Cache-Control": "private, no-store",
                **cors(request),
            },
        )

    async def _entered(self, request: web.Request) -> Entered:
        token = bearer(request)
        if token is None:
            raise Refused("bad_token")
        return await self._service.door.recall(token)

    @contextmanager
    def _counted(self, conversation_id: str) -> Iterator[bytearray]:
        """Count a file on its way in, unless its conversation has too many there already."""
        if self._coming[conversation_id] >= self._service.files.per_message:
            raise Refused("too_many", BUSY_S)
        self._coming[conversation_id] += 1
        coming = bytearray()
        try:
            yield coming
        finally:
            self._held -= len(coming)
            self._coming[conversation_id] -= 1
            if not self._coming[conversation_id]:
                del self._coming[conversation_id]

    async def _read(self, request: web.Request, most: int, coming: bytearray) -> bytes:
        try:
            async with asyncio.timeout(WITHIN_S):
                async for chunk in request.content.iter_chunked(CHUNK):
                    if self._held + len(chunk) > MOST_HELD:
                        raise Refused("busy", BUSY_S)
                    coming += chunk
                    self._held += len(chunk)
                    if len(coming) > most:
                        raise Refused("too_large")
        except TimeoutError:
            raise Refused("too_slow") from None
        return bytes(coming)
