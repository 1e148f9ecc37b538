"""What the store promises, on both databases."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace
from sqlalchemy import event, select, text

from crm_store.drafts import (
    BehaviourEvent,
    FlowFact,
    Line,
    NeedFact,
    Rating,
    TicketChange,
)
from crm_store.effects import (
    BookAppointment,
    CancelOrder,
    ChangeAppointment,
    ChangeDelivery,
    ChangeQuantity,
    Subscribe,
    UpdateCustomer,
)
from crm_store.errors import AlreadyHandled, Conflict, IllegalTransition, NotFound
from crm_store.ids import new_id
from crm_store.records import (
    Appointment,
    Article,
    AuthorKind,
    Choice,
    OrderState,
    Owner,
    PostState,
    TicketState,
)
from crm_store.tables import audit, flows, needs, ratings
from tests.integration.store_cast import (
    ADA,
    LAMP,
    NOW,
    a_ticket_draft,
    a_turn,
    an_incoming,
    an_opening,
    an_order,
    opened,
    received,
)


async def count(store, table) -> int:
    async with store._reading.connect() as connection:
        return len((await connection.execute(select(table))).all())


# -- open ------------------------------------------------------------------------------------


async def test_a_stranger_comes_back_to_the_same_conversation(store):
    first = await opened(store, identity="v1", locale="en-GB", customer={"language": "en"})
    again = await opened(store, identity="v1")
    assert first.created
    assert not again.created
    assert again == replace(first, created=False)
    assert first.conversation.address == first.conversation.id
    assert await store.conversations.find("v1", channel="webchat") == again
    assert await store.conversations.find("v2", channel="webchat") is None
    assert await store.conversations.find("v1", channel="slack") is None


async def test_only_verified_identities_join_a_known_customer(store):
    await store.orders.seed([ADA], [], [])
    claims = {"external_id": "shop-1", "name": "Ada L."}
    stranger = await opened(store, identity="v1", customer=claims)
    known = await opened(store, identity="user:shop-1", verified=True, customer=claims)
    other = await opened(store, identity="user:x", verified=True, customer=claims)
    assert stranger.customer.id != "ada"
    assert stranger.customer.external_id is None
    assert known.customer.id == other.customer.id == "ada"
    assert known.conversation == other.conversation
    assert known.customer.tier == "gold"
    assert (await store.customers.by_external_id("shop-1")).name == "Ada L."


async def test_the_same_newcomer_many_times_in_one_batch_is_one(store):
    all_ = await asyncio.gather(*(opened(store, identity="v1") for _ in range(20)))
    assert len({each.conversation.id for each in all_}) == 1
    assert [each.created for each in all_].count(True) == 1
    assert await store.conversations.count() == 1


# -- receive ---------------------------------------------------------------------------------


async def test_messages_are_numbered_and_duplicates_recognised(store):
    id_ = (await opened(store)).conversation.id
    first = await received(store, id_, text="hello", client_id="a")
    again = await received(store, id_, text="hello", client_id="a", at=NOW + timedelta(hours=1))
    second = await received(store, id_, text="there", client_id="b", value="v", verified=True)
    assert (first.seq, first.duplicate, first.conversation.last_seq) == (1, False, 1)
    assert (again.seq, again.duplicate, again.at) == (1, True, NOW)
    assert (second.seq, second.conversation.last_seq) == (2, 2)
    with pytest.raises(Conflict):
        await received(store, id_, text="other", client_id="a")
    with pytest.raises(NotFound):
        await received(store, new_id())
    kept = await store.conversations.messages(id_, after=0, limit=10)
    assert [(m.seq, m.text, m.value, m.verified) for m in kept] == [
        (1, "hello", None, False),
        (2, "there", "v", True),
    ]
    assert await store.conversations.messages(id_, after=1, limit=1) == kept[1:]


async def test_one_batch_with_everything_in_it(store):
    one, two = (await opened(store)).conversation.id, (await opened(store)).conversation.id
    incoming = [
        an_incoming(one, "1", client_id="a"),
        an_incoming(two, "1", client_id="a"),
        an_incoming(one, "1", client_id="a"),
        an_incoming(one, "2", client_id="b"),
        an_incoming(one, "x", client_id="a"),
        an_incoming(new_id(), "x"),
    ]
    results = await asyncio.gather(
        *map(store.conversations.receive, incoming), return_exceptions=True
    )
    got = [r if isinstance(r, Exception) else (r.seq, r.duplicate) for r in results]
    assert got[:4] == [(1, False), (1, False), (1, True), (2, False)]
    assert isinstance(got[4], Conflict)
    assert isinstance(got[5], NotFound)
    assert await store.conversations.heads([one, two, "none"]) == {one: 2, two: 1}


async def test_what_nobody_answered_is_found_again(store):
    who = await opened(store)
    got = await received(store, who.conversation.id, text="one")
    await received(store, who.conversation.id, text="two")
    await store.conversations.record(a_turn(got))
    ((message, conversation, customer),) = await store.conversations.unhandled()
    assert message.text == "two"
    assert conversation == await store.conversations.get(who.conversation.id)
    assert customer == who.customer
    texts = await store.conversations.recent_customer_texts(conversation.id, 5)
    assert texts == ("one", "two")


# -- record ----------------------------------------------------------------------------------


async def test_a_turn_is_recorded_whole(store):
    got = await received(store, (await opened(store)).conversation.id)
    turn = a_turn(
        got,
        ticket=await a_ticket_draft(store, first_reply_due=NOW),
        owner=Owner.QUEUE,
        state={"step": 1},
        need=NeedFact(category="order_status", probability=0.8, reasons=("x",), model_id="m"),
        flows=(FlowFact(name="track", slots={"a": 1}, state="open", opened_seq=got.seq),),
        outbox=True,
    )
    recorded = await store.conversations.record(turn)
    assert recorded.version == 1
    assert recorded.exchange_id == turn.exchange.id
    assert recorded.ticket.number == 1001
    (reply,) = recorded.messages
    assert (reply.seq, reply.reply_to, reply.author) == (2, 1, AuthorKind.BOT)
    conversation = await store.conversations.get(got.conversation.id)
    assert (conversation.last_seq, conversation.version, conversation.state) == (2, 1, {"step": 1})
    assert (conversation.ticket_number, conversation.queue) == (1001, "delivery")
    assert (conversation.owner, conversation.language) == (Owner.QUEUE, "en")
    assert await store.tickets.get(1001) == recorded.ticket
    assert await store.conversations.messages(conversation.id, after=1, limit=9) == (reply,)
    exchange = await store.exchanges.get(turn.exchange.id)
    assert exchange.understanding == turn.exchange.understanding
    assert exchange.reply_keys == ("order_status",)
    assert await store.exchanges.of_conversation(conversation.id) == (exchange,)
    assert await store.exchanges.count() == await count(store, needs) == 1
    assert (await store.outbox.head(f"webchat:{conversation.id}")).seq == 2


async def test_a_turn_on_an_old_version_leaves_nothing(store):
    await store.orders.seed([ADA], [an_order()], [LAMP])
    id_ = (await opened(store)).conversation.id
    one, two = await received(store, id_), await received(store, id_)
    await store.conversations.record(a_turn(one))
    stale = a_turn(
        two,
        effects=(CancelOrder(number="AB123456", allowed=frozenset({OrderState.PAID})),),
        ticket=await a_ticket_draft(store),
    )
    with pytest.raises(Conflict):
        await store.conversations.record(stale)
    assert (await store.orders.order("AB123456")).state is OrderState.PAID
    assert await store.tickets.of_conversation(id_) == ()
    assert (await store.conversations.get(id_)).last_seq == 3
    assert await store.exchanges.count() == 1
    recorded = await store.conversations.record(replace(stale, expected_version=1))
    assert (await store.orders.order("AB123456")).state is OrderState.CANCELLED
    assert recorded.version == 2


async def test_recording_again_gives_the_first_record_and_another_turn_is_refused(store):
    got = await received(store, (await opened(store)).conversation.id)
    turn = a_turn(got, ticket=await a_ticket_draft(store))
    first, again = await asyncio.gather(
        store.conversations.record(turn), store.conversations.record(turn)
    )
    assert first == again == await store.conversations.record(turn)
    with pytest.raises(AlreadyHandled):
        await store.conversations.record(a_turn(got, expected_version=1))
    with pytest.raises(NotFound):
        await store.conversations.record(replace(turn, message_seq=77))
    assert await store.exchanges.count() == 1


async def test_fifty_callers_of_one_conversation_lose_no_update(store):
    id_ = (await opened(store)).conversation.id

    async def say(number: int) -> None:
        got = await received(store, id_, text=str(number))
        for _ in range(100):
            conversation = await store.conversations.get(id_)
            said = [*conversation.state.get("said", ()), number]
            turn = a_turn(got, expected_version=conversation.version, state={"said": said})
            try:
                await store.conversations.record(turn)
            except Conflict:
                continue
            return
        raise AssertionError

    await asyncio.gather(*map(say, range(30)))
    conversation = await store.conversations.get(id_)
    assert sorted(conversation.state["said"]) == list(range(30))
    assert conversation.version == 30
    seqs = [m.seq for m in await store.conversations.messages(id_, after=0, limit=999)]
    assert seqs == list(range(1, 61))


async def test_a_flow_keeps_the_time_of_its_opening(store):
    id_ = (await opened(store)).conversation.id
    got = await received(store, id_)
    flow = FlowFact(name="track", slots={"a": 1}, state="open", opened_seq=1)
    await store.conversations.record(a_turn(got, flows=(flow,)))
    later = NOW + timedelta(hours=1)
    done = replace(flow, state="done", slots={"a": 2})
    await store.conversations.record(a_turn(await received(store, id_), flows=(done,), at=later))
    async with store._reading.connect() as connection:
        (row,) = (await connection.execute(select(flows))).all()
    assert (row.opened_at, row.closed_at, row.state, row.slots) == (NOW, later, "done", {"a": 2})


# -- append ----------------------------------------------------------------------------------


def a_line(conversation_id: str, **more: object) -> Line:
    values = {"author": AuthorKind.AGENT, "author_name": "Cleo", "text": "Hello", "at": NOW}
    return Line(conversation_id=conversation_id, **values | more)


async def test_the_first_agent_takes_it_and_the_bot_is_refused(store):
    id_ = (await opened(store)).conversation.id
    got = await received(store, id_)
    take = {"expected_owner": frozenset({Owner.BOT, Owner.QUEUE}), "owner": Owner.AGENT}
    lines = [a_line(id_, agent_name=name, **take) for name in ("Cleo", "Dan")]
    one, two = await asyncio.gather(*map(store.conversations.append, lines), return_exceptions=True)
    assert (one.message.seq, one.conversation.agent_name) == (2, "Cleo")
    assert isinstance(two, Conflict)
    with pytest.raises(Conflict):
        await store.conversations.record(a_turn(got))
    assert (await store.conversations.get(id_)).owner is Owner.AGENT


async def test_a_line_comes_once(store):
    id_ = (await opened(store)).conversation.id
    line = a_line(id_, client_id="slack:1", outbox=True, choices=(Choice(label="a", value="b"),))
    await received(store, id_, client_id="slack:1", text="a customer's own choice of id")
    first = await store.conversations.append(line)
    again = await store.conversations.append(line)
    assert not first.duplicate
    assert again.duplicate
    assert again.message == first.message
    with pytest.raises(Conflict):
        await store.conversations.append(replace(line, text="other"))
    with pytest.raises(NotFound):
        await store.conversations.append(a_line(new_id()))
    assert (await store.conversations.get(id_)).version == 1


# -- tickets ---------------------------------------------------------------------------------


async def test_numbers_are_given_once(store):
    numbers = await asyncio.gather(*(store.tickets.reserve_number() for _ in range(40)))
    assert sorted(numbers) == list(range(1001, 1041))


async def with_ticket(store, **more):
    got = await received(store, (await opened(store)).conversation.id)
    turn = a_turn(got, ticket=await a_ticket_draft(store, **more))
    return (await store.conversations.record(turn)).ticket


async def test_a_ticket_goes_through_its_states_and_the_conversation_shows_it(store):
    ticket = await with_ticket(store)
    other = await with_ticket(store)
    assert (await store.tickets.waiting("delivery"), await store.tickets.waiting("x")) == (2, 0)
    assert await store.tickets.ahead_of(other.number) == 1
    with pytest.raises(IllegalTransition):
        await store.tickets.change_state(ticket.number, TicketState.SOLVED, NOW)
    change = TicketChange(number=ticket.number, state=TicketState.OPEN, assignee="Cleo", queue="q")
    changed = await store.tickets.change(change, NOW)
    assert (changed.state, changed.assignee) == (TicketState.OPEN, "Cleo")
    assert (await store.conversations.get(ticket.conversation_id)).queue == "q"
    assert await store.tickets.ahead_of(other.number) == 0
    await store.tickets.change_state(ticket.number, TicketState.SOLVED, NOW)
    assert (await store.conversations.get(ticket.conversation_id)).ticket_number is None
    assert await store.tickets.unsolved(ticket.conversation_id) is None
    await store.tickets.change_state(ticket.number, TicketState.OPEN, NOW)
    conversation = await store.conversations.get(ticket.conversation_id)
    assert conversation.ticket_number == ticket.number
    assert (await store.tickets.unsolved(conversation.id)).number == ticket.number
    with pytest.raises(NotFound):
        await store.tickets.change_state(9, TicketState.OPEN, NOW)
    with pytest.raises(NotFound):
        await store.tickets.get(9)


async def test_a_conversation_has_one_unsolved_ticket(store):
    ticket = await with_ticket(store)
    id_ = ticket.conversation_id
    draft = await a_ticket_draft(store)
    with pytest.raises(Conflict):
        await store.conversations.record(a_turn(await received(store, id_), ticket=draft))
    for state in (TicketState.OPEN, TicketState.SOLVED):
        change = TicketChange(number=ticket.number, state=state)
        got = await received(store, id_)
        assert (await store.conversations.record(a_turn(got, ticket=change))).ticket.state is state
    await store.conversations.record(a_turn(await received(store, id_), ticket=draft))
    with pytest.raises(Conflict):
        await store.tickets.change_state(ticket.number, TicketState.OPEN, NOW)
    closed = await store.tickets.change_state(ticket.number, TicketState.CLOSED, NOW)
    assert closed.state is TicketState.CLOSED
    assert (await store.conversations.get(id_)).ticket_number == draft.number


# -- effects ---------------------------------------------------------------------------------


async def test_effects_hold_all_together_or_not_at_all(store):
    await store.orders.seed([ADA], [an_order(), an_order("XY000001")], [LAMP])
    id_ = (await opened(store)).conversation.id
    got = await received(store, id_)
    cancel = CancelOrder(number="xy000001", allowed=frozenset({OrderState.PAID}))
    lines = ChangeQuantity(number="AB123456", product_id="lamp", quantity=1)
    absent = ChangeQuantity(number="AB123456", product_id="bed", quantity=1)
    with pytest.raises(Conflict):
        await store.conversations.record(a_turn(got, effects=(cancel, absent)))
    assert (await store.orders.order("XY000001")).state is OrderState.PAID
    assert await count(store, audit) == 0
    turn = a_turn(
        got,
        effects=(
            cancel,
            lines,
            ChangeDelivery(number="AB123456", delivery="express"),
            UpdateCustomer(customer_id="ada", changes={"phone": "+14155550188"}),
            Subscribe(customer_id="ada", on=True),
        ),
    )
    await store.conversations.record(turn)
    cancelled, changed = await store.orders.order("xy000001"), await store.orders.order("ab123456")
    assert cancelled.state is OrderState.CANCELLED
    assert cancelled.refund["state"] == "approved"
    assert (changed.total, changed.delivery, changed.lines[0].quantity) == ("80.00", "express", 1)
    ada = await store.customers.get("ada")
    assert (ada.phone, ada.newsletter, ada.email) == ("+14155550188", True, "ada@example.org")
    assert await count(store, audit) == 5
    with pytest.raises(NotFound):
        await store.conversations.record(
            a_turn(await received(store, id_), effects=(replace(cancel, number="NO000000"),))
        )


async def test_two_turns_of_one_batch_cannot_both_cancel(store):
    await store.orders.seed([ADA], [an_order()], [])
    cancel = CancelOrder(number="AB123456", allowed=frozenset({OrderState.PAID}))
    turns = [
        a_turn(await received(store, (await opened(store)).conversation.id), effects=(cancel,))
        for _ in range(3)
    ]
    results = await asyncio.gather(*map(store.conversations.record, turns), return_exceptions=True)
    assert [isinstance(result, Conflict) for result in results].count(False) == 1
    assert await store.exchanges.count() == 1


async def test_appointments_are_booked_moved_and_cancelled(store):
    await store.orders.seed([ADA], [], [])
    id_ = (await opened(store)).conversation.id
    visit = Appointment(
        id=new_id(),
        customer_id="ada",
        kind="fitting",
        place="SoHo",
        starts_at=NOW,
        contact="x",
        name=None,
    )
    later = NOW + timedelta(days=1)
    for effect, expected in (
        (BookAppointment(appointment=visit), visit),
        (ChangeAppointment(id=visit.id, starts_at=later), replace(visit, starts_at=later)),
        (
            ChangeAppointment(id=visit.id, starts_at=None),
            replace(visit, starts_at=later, state="cancelled"),
        ),
    ):
        await store.conversations.record(a_turn(await received(store, id_), effects=(effect,)))
        assert await store.appointments.get(visit.id) == expected
    assert await store.appointments.of_customer("ada") == (expected,)
    with pytest.raises(Conflict):
        await store.conversations.record(a_turn(await received(store, id_), effects=(effect,)))
    with pytest.raises(NotFound):
        await store.appointments.get("none")


# -- the other subjects ----------------------------------------------------------------------


async def test_seeding_twice_changes_nothing(store):
    order = an_order(expected_on=NOW.date(), refund={"state": "paid"}, dispatched_at=NOW)
    await store.orders.seed([ADA], [order], [LAMP])
    await store.orders.seed([replace(ADA, name="x")], [replace(order, total="0")], [LAMP])
    assert await store.orders.order(" ab123456 ") == order
    assert await store.orders.order("AB000000") is None
    assert await store.orders.orders("ada") == (order,)
    assert await store.orders.product("lamp") == LAMP
    assert await store.orders.product("none") is None
    assert await store.orders.products() == (LAMP,)
    assert await store.customers.get("ada") == ADA
    with pytest.raises(NotFound):
        await store.customers.get("none")


async def test_facts_about_a_customer(store):
    old = an_order("AB000001", placed_at=NOW - timedelta(days=100), state=OrderState.COMPLETED)
    euro = an_order("AB000002", placed_at=NOW - timedelta(days=5), currency="EUR")
    gone = an_order("AB000003", placed_at=NOW - timedelta(days=6), state=OrderState.CANCELLED)
    await store.orders.seed([ADA], [an_order(), old, euro, gone], [])
    who = await opened(
        store, identity="user:shop-1", verified=True, customer={"external_id": "shop-1"}
    )
    for at, category in ((1, "returns"), (2, "order_status"), (3, "returns")):
        got = await received(store, who.conversation.id)
        need = NeedFact(category=category, probability=0.5, reasons=(), model_id="m")
        await store.conversations.record(a_turn(got, need=need, at=NOW + timedelta(minutes=at)))
    got = await received(store, who.conversation.id)
    await store.conversations.record(a_turn(got, ticket=await a_ticket_draft(store)))
    facts = await store.customers.facts("ada", now=NOW)
    assert (facts.orders_total, facts.open_orders, facts.orders_last_90_days) == (4, 2, 3)
    assert facts.order_states == {"paid": 2, "completed": 1, "cancelled": 1}
    assert (facts.spend, facts.currency, facts.days_since_last_order) == ("200.00", "USD", 3)
    assert facts.earlier_needs == ("returns", "order_status")
    assert (facts.tickets_open, facts.tier) == (1, "gold")
    with pytest.raises(NotFound):
        await store.customers.facts("none")


async def test_what_a_browser_sends_twice_counts_once(store):
    id_ = (await opened(store)).conversation.id
    rating = Rating(conversation_id=id_, client_id="r", score=5, comment=None, at=NOW)
    seen = BehaviourEvent(
        conversation_id=id_, client_id="e", name="like", properties={"p": 1}, at=NOW
    )
    for _ in range(2):
        await store.conversations.rate(rating)
        await store.behaviours.track(seen)
    assert await count(store, ratings) == 1
    assert await store.behaviours.of_conversation(id_) == (seen,)
    with pytest.raises(Conflict):
        await store.behaviours.track(replace(seen, conversation_id="none"))


async def test_reading_only_goes_forward_and_not_beyond_the_end(store):
    id_ = (await opened(store)).conversation.id
    for _ in range(3):
        await received(store, id_)
    await asyncio.gather(*(store.conversations.read_up_to(id_, seq) for seq in (2, 1, 9)))
    async with store._reading.connect() as connection:
        assert await connection.scalar(text("SELECT read_seq FROM conversations")) == 2


async def test_knowledge_becomes_what_the_configuration_has(store):
    pages = [
        Article(id=str(n), language="en", title="t", body="b", config_id="c") for n in range(3)
    ]
    await store.knowledge.sync(pages)
    await store.knowledge.sync([replace(pages[0], title="new"), pages[1]])
    assert [page.title for page in await store.knowledge.articles()] == ["new", "t"]


async def test_the_inbox_takes_each_event_once_and_in_order(store):
    new = await asyncio.gather(
        *(store.inbox.take_in("slack", (key,), {"k": key}, NOW) for key in "abacb")
    )
    assert new == [True, True, False, True, False]
    assert not await store.inbox.take_in("slack", ("z", "a"), {}, NOW)
    items = await store.inbox.next_batch(2)
    assert [item.payload["k"] for item in items] == ["a", "b"]
    await store.inbox.done(items[0].id)
    assert [item.payload["k"] for item in await store.inbox.next_batch()] == ["b", "c"]
    assert [item.payload["k"] for item in await store.inbox.next_batch(after=items[1].id)] == ["c"]
    await store.inbox.park(items[1].id, "no such thread")
    assert (await store.inbox.parked(), len(await store.inbox.next_batch())) == (1, 1)
    assert await store.inbox.forget(NOW + timedelta(days=3)) == 1
    assert await store.inbox.take_in("slack", ("a",), {"k": "a"}, NOW)
    assert not await store.inbox.take_in("slack", ("b",), {}, NOW)


async def test_a_lane_is_posted_in_order_one_at_a_time(store):
    id_ = (await opened(store)).conversation.id
    for _ in range(3):
        await store.conversations.append(a_line(id_, outbox=True))
    (lane,) = await store.outbox.lanes()
    claims = await asyncio.gather(*(store.outbox.claim(lane, NOW) for _ in range(3)))
    (post,) = [claim for claim in claims if claim]
    assert (post.seq, post.state, post.attempts) == (1, PostState.INFLIGHT, 1)
    assert await store.outbox.recover() == 1
    assert await store.outbox.claim(lane, NOW) is None
    await store.outbox.retry(post, NOW + timedelta(seconds=9), "429")
    assert await store.outbox.claim(lane, NOW) is None
    again = await store.outbox.claim(lane, NOW + timedelta(seconds=9))
    assert (again.id, again.attempts, again.last_error) == (post.id, 2, "429")
    await store.outbox.sent(post, "ts-1")
    await store.outbox.sent(post, "ts-1")
    with pytest.raises(Conflict):
        await store.outbox.retry(post, NOW)
    with pytest.raises(NotFound):
        await store.outbox.dead(replace(post, id=999), "x")
    await store.outbox.dead(await store.outbox.claim(lane, NOW), "archived")
    last = await store.outbox.claim(lane, NOW)
    await store.outbox.unknown(last, "timeout")
    assert (await store.outbox.head(lane)).state is PostState.UNKNOWN
    await store.outbox.sent(last, "ts-3")
    assert await store.outbox.lanes() == ()


# -- cost ------------------------------------------------------------------------------------


async def test_a_batch_costs_a_handful_of_statements(store):
    ids = [
        each.conversation.id for each in await asyncio.gather(*(opened(store) for _ in "x" * 50))
    ]
    statements: list[str] = []
    event.listen(
        store._writing.engine,
        "before_cursor_execute",
        lambda _c, _u, statement, *_: statements.append(statement),
    )
    got = await asyncio.gather(*(received(store, id_) for id_ in ids))
    # Besides ours: BEGIN, and on PostgreSQL the driver's.
    assert len(statements) <= 12
    statements.clear()
    turns = [
        a_turn(
            each,
            ticket=await a_ticket_draft(store),
            need=NeedFact(category="n", probability=1.0, reasons=(), model_id="m"),
            flows=(FlowFact(name="f", slots={}, state="open", opened_seq=1),),
            outbox=True,
        )
        for each in got
    ]
    statements.clear()
    await asyncio.gather(*map(store.conversations.record, turns))
    assert len(statements) <= 20


async def test_health_is_a_write(store):
    await store.healthy()
    async with store._reading.connect() as connection:
        found = await connection.scalar(text("SELECT value FROM counters WHERE name = 'probe'"))
    assert found == 1


async def test_opening_of_an_identity_twice_in_two_stores(store, store_url):
    if store_url.startswith("sqlite"):
        pytest.skip("one process only")
    from crm_store.store import Store

    other = await Store.open(store_url)
    for number in range(10):
        one, two = await asyncio.gather(
            store.conversations.open(an_opening(f"v{number}")),
            other.conversations.open(an_opening(f"v{number}")),
        )
        assert one.conversation.id == two.conversation.id
        id_ = one.conversation.id
        got = await asyncio.gather(
            *(received(each, id_, text=str(n)) for n in range(5) for each in (store, other))
        )
        assert sorted(each.seq for each in got) == list(range(1, 11))
    await other.close()
