"""The pages of the knowledge base, as the configuration last had them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select

from crm_store.batches import upsert
from crm_store.engines import read
from crm_store.records import Article
from crm_store.tables import knowledge

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncEngine

    from crm_store.writer import Writer


class Knowledge:
    """The articles of the store."""

    def __init__(self, engine: AsyncEngine, writer: Writer) -> None:
        self._engine = engine
        self._writer = writer

    async def sync(self, articles: Iterable[Article]) -> None:
        """Make the store hold these articles and no others."""
        await self._writer.submit(_sync_all, tuple(articles))

    async def articles(self) -> tuple[Article, ...]:
        """Return all articles."""
        async with read(self._engine) as connection:
            found = await connection.execute(
                select(knowledge).order_by(knowledge.c.id, knowledge.c.language)
            )
            return tuple(Article(**row) for row in found.mappings())


def _sync_all(connection: Connection, batch: Sequence[tuple[Article, ...]]) -> list[None]:
    # Only the last one's articles remain, whoever asked for others in the same moment.
    articles = {(article.id, article.language): article for article in batch[-1]}
    held = connection.execute(select(knowledge.c.id, knowledge.c.language))
    for id_, language in {(row[0], row[1]) for row in held} - articles.keys():
        connection.execute(
            delete(knowledge).where(knowledge.c.id == id_, knowledge.c.language == language)
        )
    if articles:
        values: list[dict[str, Any]] = [
            {
                "id": article.id,
                "language": article.language,
                "title": article.title,
                "body": article.body,
                "config_id": article.config_id,
            }
            for article in articles.values()
        ]
        renew = upsert(connection.dialect.name, knowledge, ("title", "body", "config_id"))
        connection.execute(renew, values)
    return [None] * len(batch)
