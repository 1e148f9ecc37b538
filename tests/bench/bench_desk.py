"""How fast the desk is with many tickets, and how fast it acknowledges when much happens.

    python tests/bench/bench_desk.py [--tickets 10000] [--seconds 10]

Service and stand-in share this process and its loop, so the figures are what they are at worst.
Slack's own pace (a post a second in each channel) is kept.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sqlite3
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from bot.app import Service
from bot.environment import Environment
from bot.messages import Message
from bot.models import engine_for
from bot.playbook import build
from bot.settings.load import load
from crm_store.drafts import Opening, ThreadPlan, TicketDraft, TicketOpening
from crm_store.ids import new_id
from crm_store.records import Owner
from crm_store.store import Store
from nlp.serving import InProcess
from tests.fake_slack import FakeSlack
from tests.integration.slack.workplace import credentials_of, furnish

if TYPE_CHECKING:
    from bot.playbook import Playbook

AT_ONCE = 500
HAND_OVERS = 15
APART_S = 2.5
"""A card and a recap each: slower than Slack's pace, so that nobody waits for it."""

EVENTS_A_S = 50


def shown(name: str, seconds: list[float]) -> None:
    ms = sorted(1000 * each for each in seconds)
    p95, p99 = ms[int(len(ms) * 0.95)], ms[min(int(len(ms) * 0.99), len(ms) - 1)]
    print(  # noqa: T201
        f"{name:<44} n={len(ms):<5} median {statistics.median(ms):7.1f}  "
        f"p95 {p95:7.1f}  p99 {p99:7.1f}  max {ms[-1]:7.1f} ms"
    )


async def one_ticket(store: Store, place: int, at: datetime) -> None:
    identity = f"visitor{place}"
    opened = await store.conversations.open(
        Opening(channel="webchat", identity=identity, verified=False, at=at, locale="en")
    )
    number = await store.tickets.reserve_number()
    draft = TicketDraft(
        number=number,
        subject="A lamp that does not shine",
        queue="general",
        priority="normal",
        first_reply_due=at + timedelta(days=3),
        alarm_at=at + timedelta(days=2),
        alarm="warn",
    )
    ticket = await store.tickets.open(
        TicketOpening(
            conversation_id=opened.conversation.id,
            draft=draft,
            opened_seq=None,
            by="bench",
            at=at,
            owner=Owner.QUEUE,
        )
    )
    await store.threads.plan(
        ThreadPlan(
            ticket_number=number,
            channel="C_GENERAL",
            thread=None,
            mirrored_from=0,
            mirrored_to=0,
            card_version=ticket.version,
            lines=(),
            at=at,
        )
    )


async def fill(file: Path, count: int) -> None:
    """Put open tickets with posted cards into a store."""
    at = datetime.now(UTC)
    store = await Store.open(file)
    for first in range(0, count, AT_ONCE):
        places = range(first, min(first + AT_ONCE, count))
        await asyncio.gather(*(one_ticket(store, place, at) for place in places))
    await store.close()
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE outbox SET state='sent', remote_ref='C_GENERAL/' || id || '.1'")


async def hand_overs(service: Service, store: Store, slack: FakeSlack) -> list[float]:
    taken = []
    for place in range(HAND_OVERS):
        opened = await store.conversations.open(
            Opening(
                channel="webchat",
                identity=f"new{place}",
                verified=False,
                at=datetime.now(UTC),
                locale="en",
            )
        )
        before = len(slack.transcript("C_GENERAL"))
        begin = time.perf_counter()
        await service.turns.receive(
            Message(
                conversation_id=opened.conversation.id,
                client_id=new_id(),
                text="talk to a human",
                received_at=datetime.now(UTC),
            )
        )
        while len(slack.transcript("C_GENERAL")) == before:  # noqa: ASYNC110
            await asyncio.sleep(0.002)
        taken.append(time.perf_counter() - begin)
        await asyncio.sleep(APART_S)
    return taken


async def acknowledgements(slack: FakeSlack, seconds: float) -> list[float]:
    card = slack.transcript("C_GENERAL")[-1]
    taken: list[float] = []
    attempt = slack.delivery._attempt

    async def timed(*arguments: Any) -> Any:
        begin = time.perf_counter()
        outcome = await attempt(*arguments)
        taken.append(time.perf_counter() - begin)
        return outcome

    slack.delivery._attempt = timed  # type: ignore[method-assign]
    loop = asyncio.get_running_loop()
    begin = loop.time()
    for number in range(int(seconds * EVENTS_A_S)):
        await asyncio.sleep(max(0.0, begin + number / EVENTS_A_S - loop.time()))
        user = ("U_CLEO", "U_DAN")[number % 2]
        text = f"a note {number}" if number % 10 else f"!a reply {number}"
        await slack.say("C_GENERAL", user, text, thread_ts=card.ts)
    await slack.settled(timeout_s=60)
    return taken


async def looks(service: Service, store: Store) -> None:
    """Time what is looked at again and again."""
    desk = service.desk
    assert desk is not None
    for name, look in (
        ("look: threads behind (each 15 s)", store.threads.behind),
        ("look: alarms (each second)", desk.office.alarms.ring),
        ("look: held replies (each second)", desk.office.alarms.send_held),
        ("look: health of the queues", lambda: store.tickets.health(datetime.now(UTC))),
    ):
        taken = []
        for _ in range(20):
            begin = time.perf_counter()
            await look()
            taken.append(time.perf_counter() - begin)
        shown(name, taken)


async def bench(playbook: Playbook, folder: Path, tickets: int, seconds: float) -> None:
    file = folder / "frontdesk.db"
    await fill(file, tickets)
    async with FakeSlack(seed=1) as slack:
        furnish(slack)
        credentials = credentials_of(slack)
        environment = Environment(
            database=None, identity_keys=("k" * 32,), admin_port=None, slack=credentials
        )
        store = await Store.open(file)
        service = Service(playbook, environment, folder, store)
        await service.open_desk(credentials)
        await service.start()
        await slack.connected()
        print(f"{tickets} open tickets")  # noqa: T201
        shown("hand-over → card on the desk", await hand_overs(service, store, slack))
        await looks(service, store)
        name = f"acknowledgement at {EVENTS_A_S} events/s"
        shown(name, await acknowledgements(slack, seconds))
        await service.close()
        await store.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tickets", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=10.0)
    chosen = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    settings = load(Path(__file__).parents[2] / "config" / "ecommerce")
    playbook = build(settings, InProcess(engine_for(settings)))
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(bench(playbook, Path(folder), chosen.tickets, chosen.seconds))


if __name__ == "__main__":
    main()
