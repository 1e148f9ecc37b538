"""Whatever the interleaving: gapless seqs, one row for each client id, legal tickets only."""

from __future__ import annotations

import asyncio
from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from crm_store.errors import Conflict, IllegalTransition
from crm_store.records import TICKET_TRANSITIONS, TicketState
from crm_store.store import Store
from tests.integration.store_cast import (
    NOW,
    a_ticket_draft,
    a_turn,
    an_incoming,
    opened,
    received,
)

few = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
sends = st.tuples(st.integers(0, 1), st.integers(0, 5), st.booleans(), st.integers(0, 3))


def test_any_interleaving_is_gapless_and_single(store_url):
    @few
    @given(st.lists(sends, max_size=25))
    def check(plan):
        asyncio.run(interleave(plan))

    async def interleave(plan):
        store = await Store.open(store_url)
        ids = [(await opened(store)).conversation.id for _ in range(2)]

        async def one(which, client, answer, wait):
            for _ in range(wait):
                await asyncio.sleep(0)
            incoming = an_incoming(ids[which], str(client), client_id=str(client))
            got = await store.conversations.receive(incoming)
            try:
                if answer:
                    await store.conversations.record(a_turn(got))
            except Conflict:
                pass

        await asyncio.gather(*(one(*each) for each in plan))
        for number, id_ in enumerate(ids):
            kept = await store.conversations.messages(id_, after=0, limit=999)
            head = (await store.conversations.get(id_)).last_seq
            assert [message.seq for message in kept] == list(range(1, head + 1))
            clients = Counter(m.client_id for m in kept if m.client_id is not None)
            assert clients == Counter({str(each[1]) for each in plan if each[0] == number})
            answered = [m.reply_to for m in kept if m.reply_to is not None]
            assert len(answered) == len(set(answered))
        await store.close()

    check()


def test_tickets_only_ever_move_as_the_table_says(sqlite_path):
    class Tickets(RuleBasedStateMachine):
        def __init__(self):
            super().__init__()
            self.runner = asyncio.Runner()
            self.store = self.runner.run(Store.open(sqlite_path))
            self.state = TicketState.NEW
            self.ticket = self.runner.run(self.new())

        async def new(self):
            got = await received(self.store, (await opened(self.store)).conversation.id)
            draft = await a_ticket_draft(self.store)
            return (await self.store.conversations.record(a_turn(got, ticket=draft))).ticket

        @rule(wanted=st.sampled_from(TicketState))
        def move(self, wanted):
            legal = wanted in TICKET_TRANSITIONS[self.state] or wanted is self.state
            change = self.store.tickets.change_state(self.ticket.number, wanted, NOW)
            try:
                assert self.runner.run(change).state is wanted
            except IllegalTransition:
                assert not legal
            else:
                assert legal
                self.state = wanted

        @invariant()
        def stands_where_it_was_moved(self):
            number, id_ = self.ticket.number, self.ticket.conversation_id
            assert self.runner.run(self.store.tickets.get(number)).state is self.state
            shown = self.runner.run(self.store.conversations.get(id_)).ticket_number
            unsolved = self.state not in (TicketState.SOLVED, TicketState.CLOSED)
            assert shown == (number if unsolved else None)

        def teardown(self):
            self.runner.run(self.store.close())
            self.runner.close()

    run_state_machine_as_test(
        Tickets, settings=settings(max_examples=10, stateful_step_count=12, deadline=None)
    )
