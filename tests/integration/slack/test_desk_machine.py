"""Customers, agents, a Slack that fails, and crashes, in any order: nothing lost, doubled, leaked.

    FRONTDESK_TEST_RUNS=500 pytest tests/integration/slack/test_desk_machine.py

Each run ends with Slack healed and the service up; then what stands in Slack and what customers
read is compared with what was said.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import re
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from bot.app import Service
from bot.environment import Environment
from bot.messages import Message
from bot.slack.api import SlackApi
from bot.slack.calls import Calls
from bot.slack.gate import Gate
from bot.slack.limits import BUDGETS, Budget, Limiter
from crm_store.drafts import Opening
from crm_store.errors import StoreError
from crm_store.records import AuthorKind, Owner, TicketState
from crm_store.store import Store
from tests.fake_slack import FakeSlack, faults
from tests.integration.slack.workplace import credentials_of, furnish

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from bot.playbook import Playbook
    from crm_store.records import Ticket

RUNS = int(os.environ.get("FRONTDESK_TEST_RUNS", "15"))
STEPS = 22
SETTLE_S = 40.0

AGENTS = st.sampled_from(["U_CLEO", "U_DAN"])
CUSTOMERS = st.integers(0, 1)
TOKEN = re.compile(r"\b[cr]\d+x\b")
"""What customers and agents say holds one such word each, so that it is found wherever it goes."""

BEFORE = [faults.error("internal_error"), faults.status(503), faults.reset_before()]
AFTER = [faults.reset_after(), faults.error("internal_error", processed=True)]
PAUSES = [faults.ratelimited(1), faults.rate_limited_body()]
ON_DELIVERY = [faults.duplicate(), faults.reorder(), faults.elsewhere(), faults.extra()]


class House:
    """The service, and a Slack that outlives it."""

    playbook: Playbook
    loop: asyncio.AbstractEventLoop

    def __init__(self, slack: FakeSlack, folder: Path) -> None:
        self.slack = slack
        self.folder = folder
        self.service: Service | None = None
        self.store: Store | None = None

    async def open(self) -> None:
        """Start the service on what the last one left."""
        credentials = credentials_of(self.slack)
        environment = Environment(
            database=None, identity_keys=("k" * 32,), admin_port=None, slack=credentials
        )
        self.store = await Store.open(self.folder / "frontdesk.db")
        service = Service(self.playbook, environment, self.folder, self.store)
        service.delivery._settle_s = 0.02
        service.delivery._first_wait_s = 0.02
        quick = dict.fromkeys(BUDGETS, Budget(1000, 1000.0))
        calls = Calls(credentials, within_s=1.0, gate=Gate(Limiter(quick)))
        await service.open_desk(credentials, SlackApi.over(calls, credentials))
        service.desk.platform.worker._window_s = 0.03
        await service.start()
        self.service = service

    async def close(self) -> None:
        """Stop in good order."""
        if self.service is not None:
            await self.service.close()
            await self.store.close()
        self.service = self.store = None

    async def crash(self) -> None:
        """Stop at once, in the midst of everything; nothing is written any more.

        What the system would close for a killed process, its connections, is closed afterwards.
        """
        service, store = self.service, self.store
        store.writer._closed = True
        desk, worker = service.desk, service.desk.platform.worker
        tasks = {
            store.writer._task,
            worker._looking,
            desk.platform._introducing,
            *worker._tasks,
            *service.turns._workers.values(),
            *desk._portraits._looking,
            *(lane.worker for lane in service.delivery._lanes.values()),
            *desk.relay.plans.tasks.values(),
            *desk.relay._aside,
            *desk._timers._tasks,
        }
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await service.metrics.close()
        await desk.platform.sockets.close()
        await desk.platform.api.close()
        await store._release()
        self.service = self.store = None


def _ran(work: Awaitable[Any]) -> Any:
    return House.loop.run_until_complete(work)


class DeskMachine(RuleBasedStateMachine):
    """One run."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers = itertools.count(1)
        self.stack = contextlib.AsyncExitStack()
        self.conversations: list[str] = []
        self.acked: dict[str, list[str]] = {}
        self.replies: dict[str, str] = {}
        self.internal: list[str] = []

    @initialize(seed=st.integers(0, 2**16))
    def begin(self, seed: int) -> None:
        _ran(self._begin(seed))

    async def _begin(self, seed: int) -> None:
        slack = await self.stack.enter_async_context(FakeSlack(seed=seed))
        furnish(slack)
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.house = House(slack, folder)
        await self.house.open()
        for number in range(2):
            opened = await self.house.store.conversations.open(
                Opening(
                    channel="webchat",
                    identity=f"visitor{number}",
                    verified=False,
                    at=datetime.now(UTC),
                    locale="en",
                )
            )
            self.conversations.append(opened.conversation.id)
            self.acked[opened.conversation.id] = []

    # -- customers ---------------------------------------------------------------------------

    @rule(who=CUSTOMERS)
    def customer_writes(self, who: int) -> None:
        token = f"c{next(self.numbers)}x"
        _ran(self._write(self.conversations[who], f"{token} hello there", token))

    @rule(who=CUSTOMERS)
    def customer_asks_for_a_person(self, who: int) -> None:
        token = f"c{next(self.numbers)}x"
        _ran(self._write(self.conversations[who], f"{token} talk to a human", token))

    @rule(who=CUSTOMERS)
    def customer_ends(self, who: int) -> None:
        _ran(self._end_conversation(self.conversations[who], f"e{next(self.numbers)}"))

    async def _end_conversation(self, conversation_id: str, id_: str) -> None:
        with contextlib.suppress(StoreError):
            await self.house.service._endings.end(conversation_id, id_)

    async def _write(self, conversation_id: str, text: str, token: str) -> None:
        message = Message(
            conversation_id=conversation_id,
            client_id=token,
            text=text,
            received_at=datetime.now(UTC),
        )
        with contextlib.suppress(StoreError):
            await self.house.service.turns.receive(message)
            self.acked[conversation_id].append(token)
        await asyncio.sleep(0.01)

    # -- agents ------------------------------------------------------------------------------

    @rule(agent=AGENTS, act=st.sampled_from(["take", "take_over", "resolve", "hand_back"]))
    def agent_presses(self, agent: str, act: str) -> None:
        _ran(self._press(agent, act))

    async def _press(self, agent: str, act: str) -> None:
        for channel, ts in self._cards():
            with contextlib.suppress(Exception):
                await self.house.slack.press(agent, channel, ts, act)
                return

    @rule(agent=AGENTS, internal=st.booleans(), which=st.integers(0, 3))
    def agent_types(self, agent: str, internal: bool, which: int) -> None:
        _ran(self._type(agent, internal, which))

    async def _type(self, agent: str, internal: bool, which: int) -> None:
        cards = self._cards()
        if not cards:
            return
        channel, ts = cards[which % len(cards)]
        number = next(self.numbers)
        if internal:
            self.internal.append(f"secret{number}x")
            await self.house.slack.say(channel, agent, f"secret{number}x!", thread_ts=ts)
        else:
            place = await self.house.slack.say(channel, agent, f"!r{number}x ok", thread_ts=ts)
            self.replies[f"r{number}x"] = place
        await asyncio.sleep(0.01)

    def _cards(self) -> list[tuple[str, str]]:
        slack = self.house.slack
        return [
            (channel, line.ts)
            for channel in sorted(slack.workspace.channels)
            if channel.startswith("C_")
            for line in slack.transcript(channel)
            if line.bot
        ]

    # -- trouble -----------------------------------------------------------------------------

    @rule(fault=st.sampled_from(BEFORE + AFTER + PAUSES), nth=st.integers(1, 4))
    def slack_fails(self, fault: Any, nth: int) -> None:
        self.house.slack.faults.on_call(fault, method="chat.postMessage", nth=nth)

    @rule(fault=st.sampled_from(ON_DELIVERY))
    def slack_delivers_badly(self, fault: Any) -> None:
        self.house.slack.faults.on_delivery(fault)

    @rule()
    def slack_goes_down_and_comes_back(self) -> None:
        _ran(self._outage())

    async def _outage(self) -> None:
        self.house.slack.down = True
        await asyncio.sleep(0.05)
        self.house.slack.down = False

    @rule()
    def the_service_crashes(self) -> None:
        _ran(self._restart(crash=True))

    @rule()
    def the_service_restarts(self) -> None:
        _ran(self._restart(crash=False))

    async def _restart(self, *, crash: bool) -> None:
        await (self.house.crash() if crash else self.house.close())
        await self.house.open()

    # -- the end -----------------------------------------------------------------------------

    def teardown(self) -> None:
        if not hasattr(self, "house"):
            return
        try:
            _ran(self._settle())
            _ran(self._check())
        finally:
            _ran(self._end())

    async def _end(self) -> None:
        await self.house.close()
        await self.stack.aclose()

    async def _settle(self) -> None:
        """Heal Slack and wait until nothing is left to do."""
        house = self.house
        house.slack.faults.clear()
        loop = asyncio.get_running_loop()
        end, quiet = loop.time() + SETTLE_S, 0
        while quiet < 4:
            await asyncio.sleep(0.05)
            waiting = {
                "lanes": await house.store.outbox.lanes(),
                "events": await house.store.inbox.next_batch(1),
                "behind": await house.store.threads.behind(),
                "undelivered": [e for e in house.slack.undelivered if not e.given_up],
                "turns": house.service.turns.depth,
            }
            quiet = 0 if any(waiting.values()) else quiet + 1
            assert loop.time() < end, waiting

    async def _check(self) -> None:
        house = self.house
        assert house.slack.violations == []
        assert await house.store.outbox.given_up() == ()
        assert await house.store.inbox.parked() == 0
        for conversation_id in self.conversations:
            await self._check_conversation(conversation_id)

    async def _check_conversation(self, conversation_id: str) -> None:
        store = self.house.store
        messages = await store.conversations.messages(conversation_id, after=0, limit=1000)
        said = [m.text.split()[0] for m in messages if m.author is AuthorKind.CUSTOMER]
        assert set(self.acked[conversation_id]) <= set(said)
        assert len(said) == len(set(said))
        everything = " ".join(message.text for message in messages)
        assert not [word for word in self.internal if word in everything]
        sent = [m.text.split()[0] for m in messages if m.author is AuthorKind.AGENT]
        assert len(sent) == len(set(sent))
        conversation = await store.conversations.get(conversation_id)
        for ticket in await store.tickets.of_conversation(conversation_id):
            await self._check_ticket(ticket, messages)
        if conversation.owner is Owner.AGENT:
            ticket = await store.tickets.get(conversation.ticket_number)
            assert ticket.assignee is not None
        unsolved = await store.tickets.unsolved(conversation_id)
        assert (unsolved.number if unsolved else None) == conversation.ticket_number
        assert unsolved is None or conversation.owner is not Owner.NONE

    async def _check_ticket(self, ticket: Ticket, messages: Any) -> None:
        thread = await self.house.store.threads.of_ticket(ticket.number)
        if thread is None:
            # Its customer ended it before a crash, and before the desk had heard of it.
            assert ticket.state in (TicketState.SOLVED, TicketState.CLOSED)
            return
        assert thread.ts is not None
        card = self.house.slack.workspace.channels[thread.channel].find(thread.ts)
        assert ("'reopen'" in str(card.blocks)) is (ticket.state is TicketState.SOLVED)
        lines = self.house.slack.transcript(thread.channel, thread_ts=thread.ts)
        shown = [
            token
            for line in lines
            if line.bot and line.ts != thread.ts
            for token in TOKEN.findall(line.readable)
            if token.startswith("c")
        ]
        said = [m for m in messages if m.author is AuthorKind.CUSTOMER]
        wanted = [m.text.split()[0] for m in said if m.seq <= thread.mirrored_seq]
        assert shown == wanted[len(wanted) - len(shown) :]
        due = [
            m.text.split()[0]
            for m in said
            if m.seq >= ticket.opened_seq and (ticket.solved_at is None or m.at < ticket.solved_at)
        ]
        assert set(due) <= set(shown)
        typed = [
            TOKEN.findall(line.text)[0] for line in lines if not line.bot and "!r" in line.text[:2]
        ]
        received = {m.text.split()[0] for m in messages if m.author is AuthorKind.AGENT}
        assert set(typed) <= received


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.timeout(3600)
def test_nothing_is_lost_doubled_or_leaked(playbook: Playbook) -> None:
    House.playbook = playbook
    House.loop = asyncio.new_event_loop()
    DeskMachine.TestCase.settings = settings(
        max_examples=RUNS,
        stateful_step_count=STEPS,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    try:
        from hypothesis.stateful import run_state_machine_as_test

        run_state_machine_as_test(DeskMachine, settings=DeskMachine.TestCase.settings)
    finally:
        House.loop.close()
