"""Full exchanges a second against a bare echo of the same frames, latency, and memory.

    python -m tests.bench.bench_exchanges [--clients 100] [--rounds 3] [--seconds 5]

An exchange is a customer's message and the bot's answer, both on disk: understood, decided,
recorded, delivered. The server is a real `frontdesk serve` on SQLite and has a core to itself as
far as the machine has one; the clients run in this process. The echo server is bare aiohttp on
uvloop and answers to the same client. Rounds of both alternate, so that whatever else the machine
does disturbs both; medians are reported. The second half paces messages at half the measured
throughput and counts every delay from the moment at which a message was due.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import multiprocessing
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import orjson
import uvloop
from aiohttp import web
from msgspec import Struct

from tests.bench import traffic
from tests.bench.load import Chat, Tally, chats, close, session
from tests.bench.served import CONFIG, Served, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

LEAST_RATE = 1_500
LEAST_RATIO = 0.10
MOST_P99_MS = 150
MOST_RSS_MB = 700
WARM_UP_S = 1.0


class Round(Struct, frozen=True):
    """What one round came to."""

    rate: float
    cpu_us: float
    """CPU time of the server per exchange."""


# -- the echo --------------------------------------------------------------------------------------


def serve_echo(port: int) -> None:
    """Send every frame back."""

    async def echo(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(message.data)
        return socket

    async def main() -> None:
        app = web.Application()
        app.add_routes([web.get("/chat/ws", echo)])
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        await asyncio.Event().wait()

    uvloop.run(main())


@contextlib.contextmanager
def echoing() -> Iterator[str]:
    """Run an echo server in a process of its own; yield its address."""
    port = free_port()
    process = multiprocessing.get_context("spawn").Process(
        target=serve_echo, args=(port,), daemon=True
    )
    process.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.join()


async def echo_round(base: str, texts: Iterator[str], clients: int, seconds: float) -> float:
    """Return the echoes a second."""
    counts = [0] * clients
    until = 0.0

    async def client(number: int, socket: aiohttp.ClientWebSocketResponse) -> None:
        while time.perf_counter() < until:
            frame = {"type": "message", "id": f"{number:036}", "text": next(texts)}
            await socket.send_str(orjson.dumps(frame).decode())
            orjson.loads((await socket.receive()).data)
            counts[number] += 1

    async with session() as of:
        sockets = [await connected(of, base) for _ in range(clients)]
        began = time.perf_counter()
        until = began + seconds
        await asyncio.gather(*itertools.starmap(client, enumerate(sockets)))
        lasted = time.perf_counter() - began
        await asyncio.gather(*(socket.close() for socket in sockets))
    return sum(counts) / lasted


async def connected(of: aiohttp.ClientSession, base: str) -> aiohttp.ClientWebSocketResponse:
    """Return a connection to the echo, which may only just be starting."""
    while True:
        try:
            return await of.ws_connect(f"{base}/chat/ws", compress=0)
        except aiohttp.ClientConnectorError:
            await asyncio.sleep(0.1)


# -- the exchanges ---------------------------------------------------------------------------------


async def closed_round(
    served: Served, texts: Iterator[str], tally: Tally, clients: int, seconds: float
) -> Round:
    """Have everybody write as fast as they are answered."""
    until = 0.0

    async def customer(chat: Chat) -> None:
        while time.perf_counter() < until:
            await chat.say(next(texts))

    async with session() as of:
        customers = await chats(of, served.base, tally, clients)
        until = time.perf_counter() + WARM_UP_S
        await asyncio.gather(*map(customer, customers))
        before, cpu, began = tally.answered, served.cpu_s(), time.perf_counter()
        until = began + seconds
        await asyncio.gather(*map(customer, customers))
        lasted, cpu = time.perf_counter() - began, served.cpu_s() - cpu
        await close(customers)
    answered = tally.answered - before
    return Round(rate=answered / lasted, cpu_us=cpu / answered * 1e6)


async def paced(
    served: Served, texts: Iterator[str], rate: float, clients: int, seconds: float
) -> Tally:
    """Have messages come at a given rate, whatever becomes of them."""
    tally = Tally()
    each_s = clients / rate

    async def customer(chat: Chat, first: float, end: float) -> None:
        due = first
        while due < end:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            await chat.say(next(texts), due=due)
            due += each_s

    async with session() as of:
        customers = await chats(of, served.base, tally, clients)
        began = time.perf_counter() + 0.2
        await asyncio.gather(
            *(
                customer(chat, began + number / rate, began + seconds)
                for number, chat in enumerate(customers)
            )
        )
        await close(customers)
    return tally


# -- the whole -------------------------------------------------------------------------------------


async def measure(arguments: argparse.Namespace, folder: Path) -> bool:
    """Measure and print; return whether all targets were met."""
    texts = itertools.cycle(traffic.mixed())
    tally = Tally()
    clients, seconds = arguments.clients, arguments.seconds
    echoes: list[float] = []
    rounds: list[Round] = []
    with echoing() as echo:
        async with Served(folder / "data", config=arguments.config) as served:
            for number in range(arguments.rounds):
                echoes.append(await echo_round(echo, texts, clients, seconds * 0.6))
                rounds.append(await closed_round(served, texts, tally, clients, seconds))
                say(
                    f"round {number + 1}: echo {echoes[-1]:,.0f}/s, exchanges "
                    f"{rounds[-1].rate:,.0f}/s, server CPU {rounds[-1].cpu_us:,.0f} us an exchange"
                )
            rate = statistics.median(each.rate for each in rounds)
            echoed = statistics.median(echoes)
            ratio = statistics.median(r.rate / e for r, e in zip(rounds, echoes, strict=True))
            p50, p99 = tally.percentiles_ms(50, 99)
            say(
                f"closed loop, {clients} clients: {rate:,.0f} exchanges/s, echo {echoed:,.0f}/s, "
                f"ratio {ratio:.3f}, reply p50 {p50:.0f} ms, p99 {p99:.0f} ms"
            )
            halves = [
                await paced(served, texts, rate / 2, clients, seconds)
                for _ in range(arguments.rounds)
            ]
            half_p50, half_p99 = (
                statistics.median(half.percentiles_ms(percent)[0] for half in halves)
                for percent in (50, 99)
            )
            acks_p99 = statistics.median(percentile(half.ack_s) for half in halves)
            rss = served.rss_mb()
            errors = served.logged("error", "critical")
            say(
                f"open loop at {rate / 2:,.0f}/s: reply p50 {half_p50:.1f} ms, "
                f"p99 {half_p99:.1f} ms, ack p99 {acks_p99:.1f} ms; server RSS {rss:.0f} MB"
            )
    faults = [*tally.faults, *(fault for half in halves for fault in half.faults)]
    verdicts = {
        f"exchanges/s >= max({LEAST_RATE:,}, {LEAST_RATIO} of the echo)": rate
        >= max(LEAST_RATE, LEAST_RATIO * echoed),
        f"p99 at half load < {MOST_P99_MS} ms": half_p99 < MOST_P99_MS,
        f"RSS < {MOST_RSS_MB} MB": rss < MOST_RSS_MB,
        f"no promise broken ({len(faults)})": not faults,
        f"no error in the log ({len(errors)})": not errors,
    }
    for target, met in verdicts.items():
        say(f"{'ok  ' if met else 'MISS'} {target}")
    for fault in faults[:5]:
        say(f"     {fault}")
    return all(verdicts.values())


def percentile(seconds: list[float], percent: float = 99) -> float:
    """Return a percentile in milliseconds."""
    return Tally(reply_s=seconds).percentiles_ms(percent)[0]


def say(line: str) -> None:
    """Print at once."""
    print(line, flush=True)  # noqa: T201


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--config", type=Path, default=CONFIG)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        return 0 if uvloop.run(measure(arguments, Path(name))) else 1


if __name__ == "__main__":
    sys.exit(main())
