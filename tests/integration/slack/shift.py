"""A day at the desk: the whole service at full speed, with clocks that tests move by hand.

What `workplace` runs as it ships runs here without Slack's pace, so that a test takes as long as
the code does; and it stays in reach, so that a test may look into the store.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from aiohttp.test_utils import TestClient, TestServer
from msgspec.structs import replace

from bot.app import Service
from bot.demo import seed
from bot.environment import Environment
from bot.playbook import build
from bot.slack.api import SlackApi
from bot.slack.calls import Calls
from bot.slack.gate import Gate
from bot.slack.limits import BUDGETS, Budget, Limiter
from crm_store.store import Store
from tests.integration.slack.workplace import Card, Workplace, credentials_of, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from pathlib import Path

    from bot.playbook import Playbook
    from crm_store.records import Message, Ticket
    from tests.fake_slack import FakeSlack, Line
    from tests.integration.test_app import Tab

CLEO, DAN, GUS, EVE = "U_CLEO", "U_DAN", "U_GUS", "U_EVE"

QUICK: Mapping[str, Budget] = dict.fromkeys(BUDGETS, Budget(1000, 1000.0))


class HandClock:
    """The time, as far ahead of the real one as a test has moved it."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def advance(self, **how_far: float) -> None:
        self._ahead += timedelta(**how_far)


class Monotonic:
    """Seconds that go by, and those that a test lets go by at once."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def __call__(self) -> float:
        return datetime.now(UTC).timestamp() + self._ahead

    def advance(self, seconds: float) -> None:
        self._ahead += seconds


class Shift(Workplace):
    """A running service whose inside may be looked at."""

    def __init__(self, slack: FakeSlack, client: Any, service: Service, store: Store) -> None:
        super().__init__(slack, client)
        self.service = service
        self.store = store
        self.clock = HandClock()
        self.seconds = Monotonic()

    async def waiting(self, words: str = "talk to a human", **hello: Any) -> tuple[Tab, Card]:
        """Return a customer who has asked for a person, and their card."""
        before = {line.ts for line in self._cards()}
        tab = await self.customer(**hello)
        await tab.say(words)
        # A notice in a thread, or to an agent alone, names a ticket as well, and is no card.
        card: Card = await until(
            lambda: next(
                Card(self.slack, channel, line.ts)
                for channel in self.slack.workspace.channels
                if not channel.startswith("D")
                for line in self.slack.transcript(channel)
                if channel.startswith("C_") and line.bot and line.thread_ts in (None, line.ts)
                if line.ts not in before and "T-" in line.text
            )
        )
        return tab, card

    async def taken(self, words: str = "talk to a human", **hello: Any) -> tuple[Tab, Card]:
        """Return a customer whom Cleo has taken, and their card."""
        tab, card = await self.waiting(words, **hello)
        await card.press(CLEO, "take")
        assert "Cleo" in (await tab.get("message"))["text"]
        await until(lambda: "Cleo" in card.text)
        return tab, card

    def _cards(self) -> list[Line]:
        channels = self.slack.workspace.channels
        return [line for channel in channels for line in self.slack.transcript(channel) if line.bot]

    async def ticket(self, card: Card) -> Ticket:
        """Return the ticket of a card as the store has it."""
        # Slack shows a card a moment before we have noted its name.
        thread = await eventually(lambda: self.store.threads.named(card.channel, card.ts))
        return await self.store.tickets.get(thread.ticket_number)

    async def becomes(self, card: Card, **wanted: Any) -> Ticket:
        """Return the ticket of a card once these things are so."""

        async def look() -> Ticket | None:
            ticket = await self.ticket(card)
            return ticket if all(getattr(ticket, k) == v for k, v in wanted.items()) else None

        return await eventually(look)

    async def said(self, card: Card) -> list[Message]:
        """Return all that the customer of a card can read."""
        ticket = await self.ticket(card)
        found = await self.store.conversations.messages(ticket.conversation_id, after=0, limit=1000)
        return list(found)

    async def idle(self) -> None:
        """Wait until everything that came from Slack is worked off, and all lanes are empty."""

        async def look() -> bool:
            return not (
                await self.store.inbox.next_batch(1)
                or await self.store.outbox.lanes()
                or self.slack.delivery.under_way
                or self.service.turns.depth
            )

        await eventually(look)


async def from_agent(tab: Tab) -> dict[str, Any]:
    """Return the next message of an agent that a customer reads."""
    while True:
        message = await tab.get("message")
        if message["author"]["kind"] == "agent":
            return message


async def eventually(look: Callable[[], Any], wait_s: float = 10.0) -> Any:
    """Return what an asynchronous look gives as soon as it gives something."""
    loop = asyncio.get_running_loop()
    end = loop.time() + wait_s
    while not (found := await look()):
        assert loop.time() < end, "it never came"
        await asyncio.sleep(0.02)
    return found


def with_desk(playbook: Playbook, **settings: Any) -> Playbook:
    """Return the playbook with other settings of the desk."""
    desk = playbook.settings.desk.model_copy(update=settings)
    return build(replace(playbook.settings, desk=desk), playbook.engine)


@asynccontextmanager
async def shift(
    playbook: Playbook,
    database: Path,
    slack: FakeSlack,
    *,
    pace: Mapping[str, Budget] = QUICK,
    probe_every_s: float = 0.2,
) -> AsyncIterator[Shift]:
    """Run the service with its desk in a stand-in that is furnished."""
    credentials = credentials_of(slack)
    environment = Environment(
        database=None, identity_keys=("k" * 32,), admin_port=None, slack=credentials
    )
    clock, seconds = HandClock(), Monotonic()
    store = await Store.open(database)
    try:
        await seed(store, playbook.settings, clock())
        service = Service(playbook, environment, database.parent, store, clock)
        service.delivery._settle_s = service.delivery._first_wait_s = 0.02
        calls = Calls(
            credentials,
            within_s=1.0,
            gate=Gate(Limiter(pace)),
            clock=seconds,
            probe_every_s=probe_every_s,
        )
        await service.open_desk(credentials, SlackApi.over(calls, credentials))
        assert service.desk is not None
        service.desk.platform.worker._window_s = 0.03
        await service.start()
        try:
            async with TestClient(TestServer(service.app)) as client:
                await slack.connected()
                at_work = Shift(slack, client, service, store)
                at_work.clock, at_work.seconds = clock, seconds
                yield at_work
        finally:
            await service.close()
    finally:
        await store.close()
