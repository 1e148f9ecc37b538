"""Replays thousands of real customer messages, and checks what became of each.

    python -m tests.bench.bench_replay [--turns 2000] [--clients 100]

Every message must be acknowledged, answered and recorded, and nothing may go wrong: the database
is opened afterwards and counted, the log is searched for errors. The distribution of rules says
what the bot made of messages that were written for other shops.
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import sys
import tempfile
import time
from collections import Counter, deque
from pathlib import Path
from typing import TYPE_CHECKING

import uvloop

from tests.bench import traffic
from tests.bench.load import Chat, Tally, chats, close, session
from tests.bench.served import CONFIG, Served

if TYPE_CHECKING:
    from collections.abc import Sequence

COUNTS = {
    "customers' messages": "SELECT count(*) FROM messages WHERE author = 'customer'",
    "exchanges": "SELECT count(*) FROM exchanges",
    "messages without exchange": (
        "SELECT count(*) FROM messages m WHERE author = 'customer' AND NOT EXISTS (SELECT 1 FROM "
        "exchanges e WHERE e.conversation_id = m.conversation_id AND e.message_seq = m.seq)"
    ),
    "messages without answer": (
        "SELECT count(*) FROM messages m WHERE author = 'customer' AND NOT EXISTS (SELECT 1 FROM "
        "messages a WHERE a.conversation_id = m.conversation_id AND a.reply_to = m.seq)"
    ),
    "messages not handled": "SELECT count(*) FROM messages WHERE NOT handled AND author = 'customer'",
    "exchanges with an error": "SELECT count(*) FROM exchanges WHERE error_id IS NOT NULL",
    "gaps in sequences": (
        "SELECT count(*) FROM (SELECT conversation_id FROM messages GROUP BY conversation_id "
        "HAVING max(seq) <> count(*) OR min(seq) <> 1)"
    ),
    "hand-overs": (
        "SELECT count(*) FROM exchanges WHERE reply_keys LIKE '%handed_over%' "
        "OR reply_keys LIKE '%already_queued%'"
    ),
}
NONE = (
    "messages without exchange",
    "messages without answer",
    "messages not handled",
    "exchanges with an error",
    "gaps in sequences",
)
KINDS = {
    "answered": ("request", "requests", "flow", "search", "button", "queue", "correction", "note"),
    "offered": ("offer",),
    "rephrased": ("miss", "rephrase"),
    "handed over": ("person",),
}
"""What the first word of a rule amounts to."""


def split(texts: Sequence[str], parts: int) -> list[deque[str]]:
    """Return the texts in equal runs, so that what was one dialogue mostly stays one."""
    size = -(-len(texts) // parts)
    return [deque(texts[i : i + size]) for i in range(0, len(texts), size)]


async def replay(served: Served, texts: Sequence[str], clients: int) -> tuple[Tally, float]:
    """Send the texts in that many conversations at once; return what came of it and the time."""
    tally = Tally()

    async def customer(chat: Chat, lines: deque[str]) -> None:
        while lines:
            await chat.say(lines.popleft())
        await chat.audit()

    async with session() as of:
        runs = split(texts, clients)
        customers = await chats(of, served.base, tally, len(runs))
        began = time.perf_counter()
        await asyncio.gather(*map(customer, customers, runs))
        lasted = time.perf_counter() - began
        await close(customers)
    return tally, lasted


def counted(database: Path) -> dict[str, int]:
    """Return the counts."""
    connection = sqlite3.connect(database)
    try:
        return {name: connection.execute(query).fetchone()[0] for name, query in COUNTS.items()}
    finally:
        connection.close()


def rules(database: Path) -> Counter[str]:
    """Return how often each rule decided."""
    connection = sqlite3.connect(database)
    try:
        return Counter(dict(connection.execute("SELECT rule, count(*) FROM exchanges GROUP BY 1")))
    finally:
        connection.close()


def kind_of(rule: str) -> str:
    """Return what a rule amounts to."""
    first = rule.partition(".")[0]
    return next((kind for kind, firsts in KINDS.items() if first in firsts), f"other: {first}")


async def run(arguments: argparse.Namespace, folder: Path) -> bool:
    """Replay each dataset against a server of its own; return whether all was well."""
    well = True
    for name in traffic.SETS:
        texts = traffic.dataset(name) or traffic.examples()
        data = folder / name
        async with Served(data, config=arguments.config) as served:
            tally, lasted = await replay(served, texts[: arguments.turns], arguments.clients)
            code = await served.stop()
            errors = served.logged("error", "critical", "warning")
        errors = [entry for entry in errors if entry["event"] != "rate_limits_off"]
        counts = counted(data / "frontdesk.db")
        say(f"{name}: {len(tally.ack_s)} turns in {lasted:.0f} s, exit code {code}")
        for what, count in counts.items():
            say(f"  {count:6} {what}")
        found = rules(data / "frontdesk.db")
        kinds: Counter[str] = Counter()
        for rule, count in found.items():
            kinds[kind_of(rule)] += count
        total = found.total() or 1
        say("  " + ", ".join(f"{kind} {n / total:.0%}" for kind, n in kinds.most_common()))
        say("  " + ", ".join(f"{rule} {n}" for rule, n in found.most_common()))
        say(f"  {len(errors)} errors and warnings in the log; promises broken: {len(tally.faults)}")
        for line in [*tally.faults[:5], *map(str, errors[:5])]:
            say(f"    {line}")
        well &= (
            not tally.faults
            and not errors
            and not any(counts[what] for what in NONE)
            and counts["customers' messages"] == tally.acked == len(texts[: arguments.turns])
            and counts["exchanges"] == tally.acked
        )
    say("ok" if well else "MISS: not everything was acknowledged, answered and recorded")
    return well


def say(line: str) -> None:
    """Print at once."""
    print(line, flush=True)  # noqa: T201


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--turns", type=int, default=2_000, help="of each dataset")
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--config", type=Path, default=CONFIG)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        return 0 if uvloop.run(run(arguments, Path(name))) else 1


if __name__ == "__main__":
    sys.exit(main())
