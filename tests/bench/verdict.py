"""What a database must hold after a load test: everything once, nothing half."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import orjson
from sqlalchemy import text

from crm_store import engines

if TYPE_CHECKING:
    from pathlib import Path

COUNTS = {
    "messages of customers": "SELECT count(*) FROM messages WHERE author = 'customer'",
    "exchanges": "SELECT count(*) FROM exchanges",
}
BROKEN = {
    "messages without exchange": """
        SELECT count(*) FROM messages m WHERE author = 'customer' AND NOT EXISTS (
            SELECT 1 FROM exchanges e
            WHERE e.conversation_id = m.conversation_id AND e.message_seq = m.seq)""",
    "messages with several exchanges": """
        SELECT count(*) FROM (SELECT 1 FROM exchanges
            GROUP BY conversation_id, message_seq HAVING count(*) > 1) AS x""",
    "messages without answer": """
        SELECT count(*) FROM messages m WHERE author = 'customer' AND NOT EXISTS (
            SELECT 1 FROM messages a
            WHERE a.conversation_id = m.conversation_id AND a.reply_to = m.seq)""",
    "messages stored twice": """
        SELECT count(*) FROM (SELECT 1 FROM messages WHERE author = 'customer'
            GROUP BY conversation_id, client_id HAVING count(*) > 1) AS x""",
    "messages not handled": """
        SELECT count(*) FROM messages WHERE author = 'customer' AND NOT handled""",
    "exchanges with an error": "SELECT count(*) FROM exchanges WHERE error_id IS NOT NULL",
    "conversations with gaps": """
        SELECT count(*) FROM (SELECT 1 FROM messages GROUP BY conversation_id
            HAVING max(seq) <> count(*) OR min(seq) <> 1) AS x""",
    "conversations with a wrong head": """
        SELECT count(*) FROM conversations c WHERE last_seq <> (
            SELECT count(*) FROM messages m WHERE m.conversation_id = c.id)""",
}
"""Each of these must be zero."""


async def counted(url: str | Path) -> tuple[dict[str, int], dict[str, int]]:
    """Return how much a database holds, and what is broken in it."""
    engine = await asyncio.to_thread(engines.reading, engines.database_url(url))
    try:
        async with engine.connect() as connection:

            async def scalar(query: str) -> int:
                return int((await connection.execute(text(query))).scalar_one())

            held = {name: await scalar(query) for name, query in COUNTS.items()}
            broken = {name: count for name, q in BROKEN.items() if (count := await scalar(q))}
        return held, broken
    finally:
        await engine.dispose()


async def rules(url: str | Path) -> list[tuple[str, list[str]]]:
    """Return the rule and the replies' keys of every exchange."""
    engine = await asyncio.to_thread(engines.reading, engines.database_url(url))
    try:
        async with engine.connect() as connection:
            rows = await connection.execute(text("SELECT rule, reply_keys FROM exchanges"))
            return [(row[0], orjson.loads(row[1])) for row in rows]
    finally:
        await engine.dispose()
