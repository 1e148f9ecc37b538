"""Files that people send, kept in the store like everything else that was acknowledged.

A file comes first and the message that names it afterwards. Until then it is nobody's to see, and
after a day without one it is thrown away.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from msgspec import Struct
from sqlalchemy import delete, insert, select

from crm_store.engines import read
from crm_store.ids import new_id
from crm_store.records import File
from crm_store.tables import attachments, uploads

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncEngine

    from crm_store.writer import Writer


UNSENT_FOR = timedelta(days=1)
"""So long a file may wait for its message: a draft left open over lunch, or over night."""

MOST_SWEPT = 20
"""Files thrown away at a time; their bytes are freed page by page, and others wait meanwhile."""


class Upload(Struct, frozen=True, kw_only=True):
    """A file to be kept."""

    conversation_id: str
    name: str
    media_type: str
    content: bytes
    at: datetime
    source: str | None = None
    """Where it comes from; the same source again is the same file."""


_UNSENT = select(uploads.c.attachment_id).where(uploads.c.attachment_id == attachments.c.id)
_FILE = (attachments.c.id, attachments.c.name, attachments.c.media_type, attachments.c.size)


class Attachments:
    """The files of the store."""

    def __init__(self, engine: AsyncEngine, writer: Writer) -> None:
        self._engine = engine
        self._writer = writer

    async def keep(self, upload: Upload) -> File:
        """Return the file under the id by which a message can name it."""
        return await self._writer.submit(_keep_all, upload)

    async def get(self, id_: str, conversation_id: str) -> tuple[File, bytes] | None:
        """Return a file of a conversation and what is in it; None when it has no such file."""
        statement = select(*_FILE, attachments.c.content).where(
            attachments.c.id == id_,
            attachments.c.conversation_id == conversation_id,
            # What no message names may be an agent's who has not made up their mind.
            ~_UNSENT.exists(),
        )
        async with read(self._engine) as connection:
            row = (await connection.execute(statement)).mappings().first()
        if row is None:
            return None
        values = dict(row)
        content = values.pop("content")
        return File(**values), content

    async def unsent(self, conversation_id: str) -> dict[str, File]:
        """Return, by id, the files of a conversation's customer that no message names yet."""
        statement = (
            select(*_FILE)
            .join(uploads, uploads.c.attachment_id == attachments.c.id)
            .where(uploads.c.conversation_id == conversation_id, attachments.c.source.is_(None))
        )
        async with read(self._engine) as connection:
            rows = (await connection.execute(statement)).mappings()
            return {row["id"]: File(**row) for row in rows}

    async def drop(self, files: Iterable[File]) -> None:
        """Throw files away: whoever sent them has taken them back."""
        await self._writer.submit(_drop_all, tuple(file.id for file in files))


def note_named(connection: Connection, files: Iterable[File]) -> None:
    """Note that a message names these files from now on."""
    ids = [file.id for file in files]
    if ids:
        connection.execute(delete(uploads).where(uploads.c.attachment_id.in_(ids)))


def _keep_all(connection: Connection, batch: Sequence[Upload]) -> list[File]:
    _sweep(connection, batch[-1].at - UNSENT_FOR)
    return [_keep(connection, upload) for upload in batch]


def _sweep(connection: Connection, before: datetime) -> None:
    old = select(uploads.c.attachment_id).where(uploads.c.at < before).limit(MOST_SWEPT)
    _drop(connection, connection.scalars(old).all())


def _drop_all(connection: Connection, batch: Sequence[tuple[str, ...]]) -> list[None]:
    for ids in batch:
        _drop(connection, ids)
    return [None] * len(batch)


def _drop(connection: Connection, ids: Collection[str]) -> None:
    if ids:
        connection.execute(delete(uploads).where(uploads.c.attachment_id.in_(ids)))
        connection.execute(delete(attachments).where(attachments.c.id.in_(ids)))


def _keep(connection: Connection, upload: Upload) -> File:
    if upload.source is not None:
        known = select(*_FILE).where(attachments.c.source == upload.source)
        row = connection.execute(known).mappings().first()
        if row is not None:
            return File(**row)
    file = File(
        id=new_id(), name=upload.name, media_type=upload.media_type, size=len(upload.content)
    )
    values = {
        "id": file.id,
        "conversation_id": upload.conversation_id,
        "source": upload.source,
        "name": file.name,
        "media_type": file.media_type,
        "size": file.size,
        "content": upload.content,
        "at": upload.at,
    }
    connection.execute(insert(attachments), values)
    unsent = {name: values[name] for name in ("conversation_id", "at")}
    connection.execute(insert(uploads), unsent | {"attachment_id": file.id})
    return file
