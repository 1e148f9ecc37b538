"""Ends, messages, hand-overs and acts of the desk at once: a conversation has one owner, or none.

FRONTDESK_TEST_RUNS=300 pytest tests/integration/test_endings.py
"""

from __future__ import annotations

import asyncio
import itertools
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.app import Service
from bot.desk.acts import Actor, Acts, Refused
from bot.desk.hands import Hands
from bot.desk.lanes import Reply
from bot.environment import Environment
from bot.messages import Message
from crm_store.drafts import Opening
from crm_store.errors import StoreError
from crm_store.records import Owner, TicketState
from crm_store.store import Store

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.playbook import Playbook
    from crm_store.records import Conversation, Ticket

    Act = Callable[[Any], Any]

RUNS = int(os.environ.get("FRONTDESK_TEST_RUNS", "25"))
ALONE = Environment(database=None, identity_keys=("k" * 32,), admin_port=None)
CLEO, DAN = Actor(id="T1:U_CLEO", name="Cleo"), Actor(id="T1:U_DAN", name="Dan")

CUSTOMERS = ("end", "end again", "hello there", "talk to a human", "where is my order?")
AGENTS = ("take", "take over", "hand back", "requeue", "reply", "resolve", "reopen", "close")
STEPS = st.lists(
    st.tuples(st.sampled_from((*CUSTOMERS, *AGENTS)), st.booleans(), st.integers(0, 3)),
    max_size=25,
)


class House:
    """A service without Slack, and hands that work at its tickets all the same."""

    def __init__(self, playbook: Playbook, store: Store, folder: Any) -> None:
        self.store = store
        self.service = Service(playbook, ALONE, folder, store)
        self.acts = Acts(playbook)
        self.hands = Hands(
            store,
            playbook,
            self.service.delivery,
            lambda: datetime.now(UTC),
            remote_channels=frozenset(),
            on_change=lambda _number: None,
        )
        self.numbers = itertools.count(1)
        self.conversation = ""
        self.ended: list[str] = []

    async def begin(self) -> None:
        opening = Opening(
            channel="webchat",
            identity=os.urandom(8).hex(),
            verified=False,
            at=datetime.now(UTC),
            locale="en",
        )
        self.conversation = (await self.store.conversations.open(opening)).conversation.id

    async def do(self, what: str) -> None:
        """Do one thing; being refused is an answer like any other."""
        try:
            if what in AGENTS:
                await self._act(what)
            elif what.startswith("end"):
                await self._end(again=what != "end")
            else:
                await self._say(what)
        except (Refused, StoreError):
            pass

    async def _end(self, *, again: bool) -> None:
        id_ = self.ended[-1] if again and self.ended else f"e{next(self.numbers)}"
        self.ended.append(id_)
        await self.service._endings.end(self.conversation, id_)

    async def _say(self, text: str) -> None:
        message = Message(
            conversation_id=self.conversation,
            client_id=f"m{next(self.numbers)}",
            text=text,
            received_at=datetime.now(UTC),
        )
        await self.service.turns.receive(message)

    async def _act(self, what: str) -> None:
        tickets = await self.tickets()
        if not tickets:
            return
        reply = Reply(text="Hello", source=f"view:{next(self.numbers)}")
        acts: dict[str, Act] = {
            "take": lambda s: self.acts.take(s, CLEO),
            "take over": lambda s: self.acts.take(s, DAN, over=True),
            "hand back": lambda s: self.acts.hand_back(s, CLEO),
            "requeue": lambda s: self.acts.requeue(s, CLEO),
            "reply": lambda s: self.acts.reply(s, DAN, reply),
            "resolve": lambda s: self.acts.resolve(s, CLEO),
            "reopen": lambda s: self.acts.reopen(s, DAN),
            "close": self.acts.close,
        }
        await self.hands.do(tickets[-1].number, acts[what])

    async def tickets(self) -> tuple[Ticket, ...]:
        found = await self.store.tickets.of_conversation(self.conversation)
        return tuple(sorted(found, key=lambda ticket: ticket.number))

    async def check(self) -> None:
        conversation = await self.store.conversations.get(self.conversation)
        check(conversation, await self.tickets())
        said = await self.store.conversations.messages(self.conversation, after=0, limit=999)
        ids = [m.client_id for m in said if (m.client_id or "").startswith("end:")]
        assert len(ids) == len(set(ids))


def check(conversation: Conversation, tickets: tuple[Ticket, ...]) -> None:
    """One owner, and whoever it is has what is open."""
    settled = (TicketState.SOLVED, TicketState.CLOSED)
    unsolved = [ticket for ticket in tickets if ticket.state not in settled]
    assert [ticket.number for ticket in unsolved] == (
        [] if conversation.ticket_number is None else [conversation.ticket_number]
    )
    match conversation.owner:
        case Owner.NONE:
            assert not unsolved
        case Owner.QUEUE:
            assert [ticket.assignee for ticket in unsolved] == [None]
        case Owner.AGENT:
            names = {CLEO.id: CLEO.name, DAN.id: DAN.name}
            assert [names[t.assignee or ""] for t in unsolved] == [conversation.agent_name]
        case Owner.BOT:
            assert conversation.agent_name is None
            assert not [ticket for ticket in unsolved if ticket.assignee is not None]


def test_no_order_of_things_leaves_two_owners_or_a_ticket_without_one(
    playbook: Playbook, store_url: str, tmp_path: Any
) -> None:
    async def play(plan: list[tuple[str, bool, int]]) -> None:
        store = await Store.open(store_url)
        house = House(playbook, store, tmp_path)
        try:
            await house.begin()
            under_way: list[Awaitable[None]] = []
            for what, together, pause in plan:
                for _ in range(pause):
                    await asyncio.sleep(0)
                under_way.append(asyncio.ensure_future(house.do(what)))
                if not together:
                    await asyncio.gather(*under_way)
                    under_way.clear()
            await asyncio.gather(*under_way)
            await house.service.turns.caught_up(house.conversation)
            await house.check()
        finally:
            await house.service.turns.drain(5)
            await house.service.metrics.close()
            await store.close()

    @settings(
        max_examples=RUNS,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(STEPS)
    def run(plan: list[tuple[str, bool, int]]) -> None:
        asyncio.run(play(plan))

    run()
