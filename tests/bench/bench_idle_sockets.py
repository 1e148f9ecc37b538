"""What thousands of idle sockets cost: memory each, and the patience of those who write.

    python -m tests.bench.bench_idle_sockets [--sockets 5000] [--slices 5] [--seconds 6]

Two services run side by side, both real `frontdesk serve` processes on SQLite. Both have the same
conversations; one of them also has a socket open for each, welcomed and then silent but for the
heartbeat. They come as people do, not all at once, so that their heartbeats are not all at once.
The same paced customers write to the one and the other in turn, slice by slice, so that whatever
else the machine does disturbs both. Idle clients run in a process of their own. Memory is the
server process's own, without the worker that understands: it has no sockets.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import multiprocessing
import random
import resource
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvloop

from bot.channels.webchat.socket_handler import HEARTBEAT_S
from tests.bench import traffic
from tests.bench.bench_exchanges import paced, percentile, say
from tests.bench.load import PROTOCOL, Tally, session
from tests.bench.served import CONFIG, Served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection

MOST_KB = 40
MOST_SLOWER = 1.25
"""Slices of the very same service differ by more."""

ARRIVE_S = HEARTBEAT_S
AT_A_TIME = 100
HELLO = '{"type":"hello","token":null,"identity":null,"last_seq":0,"locale":"en"}'
CONNECTED_S = 300


def allow_files(sockets: int) -> None:
    """Let this process have so many sockets open."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, sockets + 1000), most))


def be_idle(base: str, sockets: int, stays: bool, ours: Connection) -> None:
    """Open sockets, say so, and stay until told to go; answers pings meanwhile."""
    allow_files(sockets)
    free = asyncio.Semaphore(AT_A_TIME)
    closed = 0

    async def wait_for_word(socket: Any) -> None:
        nonlocal closed
        await socket.receive()
        closed += 1

    async def main() -> None:
        async with session() as of:

            async def enter() -> Any:
                await asyncio.sleep(random.uniform(0, ARRIVE_S))  # noqa: S311  # no secret
                async with free:
                    socket = await of.ws_connect(
                        f"{base}/chat/ws", protocols=(PROTOCOL,), compress=0
                    )
                    await socket.send_str(HELLO)
                    assert "welcome" in (await socket.receive()).data
                    return socket

            them = await asyncio.gather(*(enter() for _ in range(sockets)))
            waiting = [asyncio.create_task(wait_for_word(socket)) for socket in them] * stays
            ours.send("in")
            if stays:
                await asyncio.to_thread(ours.recv)
            ours.send(closed)
            for task in waiting:
                task.cancel()
            await asyncio.gather(*(socket.close() for socket in them), return_exceptions=True)

    uvloop.run(main())


@contextlib.contextmanager
def crowd(base: str, sockets: int, *, stays: bool = True) -> Iterator[None]:
    """Have that many come, and stay or leave again at once."""
    context = multiprocessing.get_context("spawn")
    theirs, ours = context.Pipe()
    process = context.Process(target=be_idle, args=(base, sockets, stays, ours), daemon=True)
    process.start()
    try:
        assert theirs.poll(CONNECTED_S), "they did not all get in"
        theirs.recv()
        yield
        if stays:
            theirs.send("go")
        lost = theirs.recv()
        assert lost == 0, f"{lost} idle sockets were closed"
        process.join(CONNECTED_S)
    finally:
        process.kill()
        process.join()


def rss_kb(pid: int) -> int:
    """Return the memory that a process holds now."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


async def measure(arguments: argparse.Namespace, folder: Path) -> bool:
    """Measure and print; return whether all targets were met."""
    texts = itertools.cycle(traffic.mixed())
    sockets, rate, clients = arguments.sockets, arguments.rate, arguments.clients
    results: dict[str, list[Tally]] = {"quiet": [], "crowded": []}

    def before() -> None:
        allow_files(sockets)

    async def load(served: Served, seconds: float) -> Tally:
        return await paced(served, texts, rate, clients, seconds)

    quiet = Served(folder / "quiet", config=arguments.config, before=before)
    crowded = Served(folder / "crowded", config=arguments.config, before=before)
    async with quiet, crowded:
        for served in (quiet, crowded):
            await load(served, arguments.seconds)  # both are warm
        with crowd(quiet.base, sockets, stays=False):
            pass
        empty_kb, of_load_kb = rss_kb(crowded.pid), -rss_kb(quiet.pid)
        with crowd(crowded.base, sockets):
            each_kb = (rss_kb(crowded.pid) - empty_kb) / sockets
            say(f"{sockets:,} idle sockets: {each_kb:.1f} kB each, {empty_kb / 1024:.0f} MB before")
            for number in range(arguments.slices):
                pair = [("quiet", quiet), ("crowded", crowded)]
                for name, served in pair if number % 2 else reversed(pair):
                    results[name].append(await load(served, arguments.seconds))
                line = ", ".join(
                    f"{name} p50 {percentile(of[-1].reply_s, 50):.1f} p99 "
                    f"{percentile(of[-1].reply_s):.1f} ms"
                    for name, of in results.items()
                )
                say(f"slice {number + 1}: {line}")
            of_load_kb += rss_kb(quiet.pid)
            stayed_kb = (rss_kb(crowded.pid) - empty_kb - of_load_kb) / sockets
        errors = [*quiet.logged("error", "critical"), *crowded.logged("error", "critical")]
    faults = [fault for of in results.values() for tally in of for fault in tally.faults]
    p99 = {
        name: statistics.median(percentile(tally.reply_s) for tally in of)
        for name, of in results.items()
    }
    say(
        f"at {rate:g} messages/s: median p99 quiet {p99['quiet']:.1f} ms, crowded "
        f"{p99['crowded']:.1f} ms; memory at the end, less what the other grew by: "
        f"{stayed_kb:.1f} kB a socket"
    )
    verdicts = {
        f"memory < {MOST_KB} kB a socket": max(each_kb, stayed_kb) < MOST_KB,
        f"p99 of the others < {MOST_SLOWER} of what it is without them": p99["crowded"]
        < MOST_SLOWER * p99["quiet"],
        f"no promise broken ({len(faults)})": not faults,
        f"no error in the log ({len(errors)})": not errors,
    }
    for target, met in verdicts.items():
        say(f"{'ok  ' if met else 'MISS'} {target}")
    return all(verdicts.values())


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sockets", type=int, default=5000)
    parser.add_argument("--slices", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--rate", type=float, default=100, help="messages a second of the others")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--config", type=Path, default=CONFIG)
    arguments = parser.parse_args()
    allow_files(arguments.sockets)
    with tempfile.TemporaryDirectory() as name:
        return 0 if uvloop.run(measure(arguments, Path(name))) else 1


if __name__ == "__main__":
    sys.exit(main())
