"""Replays thousands of real customer messages, and checks what became of each.

    python -m tests.bench.bench_replay [--turns 2000] [--clients 100]

Every message must be acknowledged, answered and recorded, and nothing may go wrong: the database
is opened afterwards and counted, the log is searched for errors. The distribution of rules says
what the bot made of messages that were written for other shops.
"""

from __future__ import annotations

import argparse
import asyncio
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
from tests.bench.verdict import counted, rules

if TYPE_CHECKING:
    from collections.abc import Sequence

KINDS = {
    "handed over": {"handed_over", "handed_over_closed", "already_queued", "noted_in_queue"},
    "offered a person": {"offer_person"},
    "offered intents": {"offer_choices"},
    "rephrased": {"rephrase", "out_of_scope", "not_an_answer", "confirm_again", "choice.order"},
}
"""What the replies of a turn amount to, the gravest first; the rest was answered."""


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


def kind_of(keys: Sequence[str]) -> str:
    """Return what a turn's replies amount to."""
    return next((kind for kind, of_it in KINDS.items() if of_it & set(keys)), "answered")


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
        held, broken = await counted(data / "frontdesk.db")
        found = await rules(data / "frontdesk.db")
        say(f"{name}: {len(tally.ack_s)} turns in {lasted:.0f} s, exit code {code}")
        say(f"  {', '.join(f'{count} {what}' for what, count in held.items())}")
        say(f"  broken: {broken or 'nothing'}")
        for title, tallied in (
            ("outcomes", Counter(kind_of(keys) for _, keys in found)),
            ("rules", Counter(rule for rule, _ in found)),
        ):
            shares = (f"{what} {n} ({n / len(found):.0%})" for what, n in tallied.most_common())
            say(f"  {title}: {', '.join(shares)}")
        say(f"  {len(errors)} errors and warnings in the log; promises broken: {len(tally.faults)}")
        for line in [*tally.faults[:5], *map(str, errors[:5])]:
            say(f"    {line}")
        turns = len(texts[: arguments.turns])
        well &= not tally.faults and not errors and not broken and code == 0
        well &= set(held.values()) == {turns} and tally.acked == turns
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
