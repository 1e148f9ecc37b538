"""How much of a core the web chat itself takes: acked messages per second on a real store.

    python tests/bench/bench_webchat.py [--sockets 100] [--seconds 8] [--profile]

The server runs in this process on uvloop, the clients in another, so that `--profile` and the CPU
figure are the server's alone. `receive` stores the message and appends one line as its answer.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import multiprocessing
import os
import pstats
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import aiohttp
import orjson
import uvloop
from aiohttp import web

from bot.channels.webchat import WebChat
from bot.channels.webchat.identity import IdentityKeys
from bot.messages import Message, Over, Receipt, Status
from bot.settings.model import General
from crm_store import records
from crm_store.drafts import Incoming, Line
from crm_store.records import AuthorKind, Conversation
from crm_store.store import Store


async def client(url: str, until: float, acks: list[float]) -> int:
    shown = 0
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        await socket.send_str('{"type":"hello","last_seq":0}')
        await socket.receive()
        n = 0
        while time.monotonic() < until:
            n += 1
            sent = time.monotonic()
            await socket.send_str(f'{{"type":"message","id":"m{n}","text":"where is my order"}}')
            want = 2 * n
            while shown < want:
                frame = orjson.loads((await socket.receive()).data)
                if frame["type"] == "ack":
                    acks.append(time.monotonic() - sent)
                elif frame["type"] == "message":
                    assert frame["seq"] == shown + 1
                    shown += 1
    return shown


def clients(url: str, count: int, seconds: float, results: object) -> None:
    async def main() -> None:
        acks: list[float] = []
        until = time.monotonic() + seconds
        shown = await asyncio.gather(*(client(url, until, acks) for _ in range(count)))
        acks.sort()
        results.put((sum(shown), len(acks), acks[len(acks) // 2], acks[int(len(acks) * 0.99)]))  # type: ignore[attr-defined]

    uvloop.run(main())


async def end(_conversation_id: str, _id: str) -> Over:
    return Over(at=datetime.now(UTC), duplicate=False)


async def serve(arguments: argparse.Namespace, folder: Path) -> None:
    store = await Store.open(folder / "bench.db")
    tasks: set[asyncio.Task[None]] = set()

    async def answer(conversation_id: str) -> None:
        line = Line(
            conversation_id=conversation_id,
            author=AuthorKind.BOT,
            author_name="Bot",
            text="It was sent yesterday.",
            at=datetime.now(UTC),
        )
        appended = await store.conversations.append(line)
        chat.deliver(conversation_id, [appended.message], Status(owner="bot"))

    seqs: Counter[str] = Counter()

    async def pretend(message: Message) -> Receipt:
        id_ = message.conversation_id
        seqs[id_] += 2
        at = message.received_at
        said = records.Message(
            conversation_id=id_,
            seq=seqs[id_],
            author=AuthorKind.BOT,
            author_name="Bot",
            text="It was sent yesterday.",
            at=at,
        )
        asyncio.get_running_loop().call_soon(chat.deliver, id_, [said], Status(owner="bot"))
        return Receipt(seq=seqs[id_] - 1, at=at, duplicate=False)

    async def receive(message: Message) -> Receipt:
        if arguments.bare:
            return await pretend(message)
        received = await store.conversations.receive(
            Incoming(
                conversation_id=message.conversation_id,
                client_id=message.client_id,
                text=message.text,
                at=message.received_at,
                verified=False,
            )
        )
        task = asyncio.create_task(answer(message.conversation_id))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        return Receipt(seq=received.seq, at=received.at, duplicate=received.duplicate)

    async def status_of(_: Conversation) -> Status:
        return Status(owner="bot")

    general = General(name={"en": "x", "zh": "x"}, languages=("en", "zh"))
    settings = SimpleNamespace(general=general)
    now = partial(datetime.now, UTC)
    chat = WebChat(store, receive, end, settings, IdentityKeys(), status_of, now)
    app = web.Application()
    app.add_routes(chat.routes())
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    results: multiprocessing.Queue[tuple[int, int, float, float]] = multiprocessing.get_context(
        "spawn"
    ).Queue()
    process = multiprocessing.get_context("spawn").Process(
        target=clients,
        args=(f"http://127.0.0.1:{port}/chat/ws", arguments.sockets, arguments.seconds, results),
    )
    profile = cProfile.Profile()
    process.start()
    await asyncio.sleep(1.5)
    cpu, began = time.process_time(), time.monotonic()
    if arguments.profile:
        profile.enable()
    shown, acked, p50, p99 = await asyncio.to_thread(results.get)
    profile.disable()
    cpu, lasted = time.process_time() - cpu, time.monotonic() - began
    print(  # noqa: T201
        f"{acked / lasted:.0f} acked/s, {shown / lasted:.0f} shown/s, ack p50 {p50 * 1000:.1f} ms, "
        f"p99 {p99 * 1000:.1f} ms, server CPU {cpu / lasted:.0%} = "
        f"{cpu / acked * 1e6:.0f} us a turn, {store.writer.commits} commits"
    )
    if arguments.profile:
        pstats.Stats(profile).sort_stats("tottime").print_stats(35)
    process.join()
    await chat.close()
    await runner.cleanup()
    await store.close()


if __name__ == "__main__":
    os.environ["FRONTDESK_RATE_LIMITS"] = os.environ.get("FRONTDESK_RATE_LIMITS", "off")
    parser = argparse.ArgumentParser()
    parser.add_argument("--sockets", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--bare", action="store_true", help="no store on the way of a message")
    parser.add_argument("--profile", action="store_true")
    with tempfile.TemporaryDirectory() as name:
        uvloop.run(serve(parser.parse_args(), Path(name)))
