"""Turns per second through the store, beside a bare `sqlite3` that writes the same rows.

Run it with `python -m tests.bench.bench_store [--profile]`. The machine's fsync swings by a factor
of fifty within minutes, so both are measured in turn, round by round, and the ratio is what counts.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import pstats
import sqlite3
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import uvloop

from crm_store.drafts import (
    ExchangeDraft,
    FlowFact,
    Incoming,
    NeedFact,
    Opening,
    ReplyDraft,
    Turn,
)
from crm_store.ids import new_id
from crm_store.records import AuthorKind, Choice, Owner
from crm_store.store import Store

CALLERS = 100
TURNS_EACH = 10
ROUNDS = 5

UNDERSTANDING = {
    "language": "en",
    "intent": "track_order",
    "probability": 0.93,
    "ranking": [{"intent": f"intent_{i}", "probability": 0.1} for i in range(10)],
    "entities": [{"type": "order", "text": "AB123456", "start": 0, "end": 8, "value": "AB123456"}],
    "model": "m-1",
}
STATE = {"flows": [{"name": "track_order", "slots": {"order": "AB123456"}, "opened_seq": 1}]}


def a_turn(conversation_id: str, seq: int, version: int, at: datetime) -> Turn:
    return Turn(
        conversation_id=conversation_id,
        message_seq=seq,
        expected_version=version,
        at=at,
        exchange=ExchangeDraft(
            id=new_id(),
            understanding=UNDERSTANDING,
            decision={"action": "order_status", "flow": "track_order", "why": "intent"},
            reply_keys=("order_status",),
            config_id="c-1",
            model_id="m-1",
            rule="track_order",
            timings={"understand": 1.0, "decide": 0.1},
        ),
        replies=(
            ReplyDraft(
                author=AuthorKind.BOT,
                author_name="Oak",
                text="Your order AB123456 left our warehouse yesterday. Anything else?",
                choices=(Choice(label="No", value="no"), Choice(label="Agent", value="agent")),
                key="order_status",
            ),
        ),
        state=STATE,
        owner=Owner.BOT,
        language="en",
        flows=(FlowFact(name="track_order", slots={}, state="open", opened_seq=seq),),
        need=NeedFact(category="order_status", probability=0.8, reasons=(), model_id="m-1")
        if seq == 1
        else None,
    )


async def caller(store: Store, conversation_id: str, version: int, turns: int) -> None:
    for _ in range(turns):
        at = datetime.now(UTC)
        received = await store.conversations.receive(
            Incoming(
                conversation_id=conversation_id,
                client_id=new_id(),
                text="Where is my order AB123456?",
                at=at,
                verified=False,
            )
        )
        recorded = await store.conversations.record(
            a_turn(conversation_id, received.seq, received.conversation.version, at)
        )
        assert recorded.version == received.conversation.version + 1


def own_work() -> float:
    """Return the seconds per turn that the callers themselves take to make what they hand in."""
    begin = time.thread_time()
    for _ in range(1000):
        at = datetime.now(UTC)
        incoming = Incoming(conversation_id="", client_id=new_id(), text="", at=at, verified=False)
        a_turn(incoming.conversation_id, 1, 1, at)
    return (time.thread_time() - begin) / 1000


async def ours(store: Store, ids: list[str]) -> tuple[float, float]:
    """Return the seconds per turn, of the clock and of the event loop's thread."""
    wall, cpu = time.perf_counter(), time.thread_time()
    await asyncio.gather(*(caller(store, id_, 0, TURNS_EACH) for id_ in ids))
    turns = len(ids) * TURNS_EACH
    return (time.perf_counter() - wall) / turns, (time.thread_time() - cpu) / turns


def bare(path: Path) -> float:
    """Return the seconds per turn of executemany in batches of the same size."""
    database = sqlite3.connect(path, isolation_level=None)
    database.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
        "CREATE TABLE IF NOT EXISTS m(c TEXT, s INTEGER, t TEXT, j TEXT, PRIMARY KEY(c, s));"
        "CREATE TABLE IF NOT EXISTS c(id TEXT PRIMARY KEY, s INTEGER, j TEXT);"
        "CREATE TABLE IF NOT EXISTS x(id TEXT PRIMARY KEY, j TEXT);"
    )
    json = str(UNDERSTANDING)
    ids = [new_id() for _ in range(CALLERS)]
    begin = time.perf_counter()
    for turn in range(TURNS_EACH):
        for half in (0, 1):
            database.execute("BEGIN IMMEDIATE")
            messages = [(id_, turn * 2 + half, "Where is my order AB123456?", None) for id_ in ids]
            database.executemany("INSERT INTO m VALUES (?,?,?,?)", messages)
            states = [(id_, turn, json) for id_ in ids]
            database.executemany("INSERT OR REPLACE INTO c VALUES (?,?,?)", states)
            if half:
                exchanges = [(f"{id_}{turn}", json) for id_ in ids]
                database.executemany("INSERT INTO x VALUES (?,?)", exchanges)
            database.execute("COMMIT")
    took = time.perf_counter() - begin
    database.close()
    return took / (CALLERS * TURNS_EACH)


async def measure(profile: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = await Store.open(Path(folder) / "bench.db")
        at = datetime.now(UTC)
        opened = await asyncio.gather(
            *(
                store.conversations.open(
                    Opening(channel="webchat", identity=new_id(), verified=False, at=at)
                )
                for _ in range(CALLERS)
            )
        )
        ids = [each.conversation.id for each in opened]
        await ours(store, ids)  # warm: statements compiled, pages in the cache
        if profile:
            with cProfile.Profile() as profiler:
                await ours(store, ids)
            pstats.Stats(profiler).sort_stats("tottime").print_stats(45)
        commits = store.writer.commits
        yardstick = Path(folder) / "bare.db"
        rounds = [
            (*await ours(store, ids), await asyncio.to_thread(bare, yardstick), own_work())
            for _ in range(ROUNDS)
        ]
        commits = store.writer.commits - commits
        await store.close()
    wall, cpu, yard, own = (statistics.median(each) for each in zip(*rounds, strict=True))
    sys.stdout.write(
        f"{CALLERS} callers, {1 / wall:,.0f} turns/s (receive + record), "
        f"{(cpu - own) * 1e6:.0f} µs of event loop each "
        f"(best {min(r[1] - r[3] for r in rounds) * 1e6:.0f}; callers' own {own * 1e6:.0f}), "
        f"{commits / ROUNDS:.0f} commits for {CALLERS * TURNS_EACH} turns; "
        f"bare sqlite3 executemany {1 / yard:,.0f} turns/s: ratio {yard / wall:.2f}\n"
    )


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--profile", action="store_true")
    uvloop.run(measure(arguments.parse_args().profile))
