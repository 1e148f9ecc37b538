"""The store of the desk: acts on tickets, threads and their posts, notes, agents, files."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace

from crm_store.attachments import Upload
from crm_store.desk_records import Agent, HeldReply, Note, Suggestion
from crm_store.drafts import Handling, Incoming, Line, PostDraft, Rating, ThreadPlan, TicketChange
from crm_store.errors import Conflict, IllegalTransition, NotFound
from crm_store.ids import new_id
from crm_store.records import AuthorKind, Owner, PostState, TicketState
from tests.integration.store_cast import NOW, a_ticket_draft, a_turn, opened, received


async def a_ticket(store, **more):
    """A ticket whose customer waits in the queue."""
    conversation = (await opened(store)).conversation
    got = await received(store, conversation.id)
    draft = await a_ticket_draft(store, **more)
    recorded = await store.conversations.record(a_turn(got, ticket=draft, owner=Owner.QUEUE))
    return recorded.ticket


def a_handling(ticket, by="T1:U1", **more):
    values = {
        "change": TicketChange(number=ticket.number, assignee=by),
        "expected_version": ticket.version,
        "expected_owner": Owner.QUEUE,
        "states": (TicketState.OPEN,),
        "by": by,
        "what": "take",
        "at": NOW,
        "owner": Owner.AGENT,
        "agent_name": "Cleo",
    }
    return Handling(**values | more)


def a_reply(ticket, text="Hello", client_id="view:1"):
    return Line(
        conversation_id=ticket.conversation_id,
        author=AuthorKind.AGENT,
        author_name="Cleo",
        text=text,
        at=NOW,
        client_id=client_id,
    )


async def test_of_two_who_take_a_ticket_at_once_one_wins(store):
    ticket = await a_ticket(store)
    acts = [a_handling(ticket, by=f"T1:U{n}") for n in range(2)]
    outcomes = await asyncio.gather(*map(store.tickets.handle, acts), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict", "Handled"]
    held = await store.tickets.get(ticket.number)
    assert held.assignee in ("T1:U0", "T1:U1")
    assert (held.state, held.version) == (TicketState.OPEN, ticket.version + 1)
    conversation = await store.conversations.get(ticket.conversation_id)
    assert (conversation.owner, conversation.agent_name) == (Owner.AGENT, "Cleo")


async def test_an_act_is_whole_or_not_at_all(store):
    ticket = await a_ticket(store)
    illegal = a_handling(ticket, states=(TicketState.CLOSED,), line=a_reply(ticket))
    with pytest.raises(IllegalTransition):
        await store.tickets.handle(illegal)
    with pytest.raises(NotFound):
        await store.tickets.handle(a_handling(replace(ticket, number=999)))
    with pytest.raises(Conflict):
        await store.tickets.handle(a_handling(ticket, expected_owner=Owner.BOT))
    said = await store.conversations.messages(ticket.conversation_id, after=0, limit=9)
    assert AuthorKind.AGENT not in {message.author for message in said}
    assert await store.tickets.get(ticket.number) == ticket


async def test_the_same_reply_again_is_one_reply(store):
    ticket = await a_ticket(store)
    held = HeldReply(
        client_id="view:1",
        ticket_number=ticket.number,
        agent="T1:U1",
        agent_name="Cleo",
        text="Hello",
        due_at=NOW,
    )
    await store.notes.hold(held)
    post = PostDraft(lane_key="desk:ticks", kind="desk.tick", payload={"channel": "C", "ts": "1"})
    act = a_handling(ticket, what="reply", line=a_reply(ticket), posts=(post,))
    first = await store.tickets.handle(act)
    again = await store.tickets.handle(act)
    assert (first.appended.duplicate, again.appended.duplicate) == (False, True)
    assert again.appended.message == first.appended.message
    assert await store.notes.due(NOW) == ()
    assert (await store.outbox.head("desk:ticks")).payload == {"channel": "C", "ts": "1"}
    with pytest.raises(Conflict):
        await store.tickets.handle(replace(act, line=a_reply(ticket, text="Other words")))


async def test_a_bots_turn_that_was_decided_before_an_agent_came_is_refused(store):
    ticket = await a_ticket(store)
    got = await received(store, ticket.conversation_id)
    await store.tickets.handle(a_handling(ticket))
    with pytest.raises(Conflict):
        await store.conversations.record(a_turn(got))


async def plan(store, ticket, **more):
    thread = await store.threads.of_ticket(ticket.number)
    values = {
        "ticket_number": ticket.number,
        "channel": "C1",
        "thread": thread.id if thread else None,
        "mirrored_from": thread.mirrored_seq if thread else 0,
        "mirrored_to": 2,
        "card_version": ticket.version,
        "lines": (),
        "at": NOW,
    }
    return await store.threads.plan(ThreadPlan(**values | more))


async def test_a_thread_is_planned_once_and_found_by_slacks_name(store):
    ticket = await a_ticket(store)
    assert await store.threads.behind() == (ticket.number,)
    line = (ticket.conversation_id, 1)
    thread = await plan(store, ticket, lines=(line,))
    assert (thread.channel, thread.ts, thread.mirrored_seq) == ("C1", None, 2)
    assert await store.threads.behind() == ()
    stale = ThreadPlan(
        ticket_number=ticket.number,
        channel="C1",
        thread=None,
        mirrored_from=0,
        mirrored_to=2,
        card_version=0,
        lines=(line,),
        at=NOW,
    )
    with pytest.raises(Conflict):
        await store.threads.plan(stale)
    card = await store.outbox.claim("desk:C1", NOW)
    assert (card.kind, card.payload) == ("desk.card", {"ticket": ticket.number})
    await store.outbox.sent(card, "C1/17.000100")
    assert (await store.threads.named("C1", "17.000100")).ticket_number == ticket.number
    shown = await store.outbox.claim("desk:C1", NOW)
    assert (shown.kind, shown.seq) == ("desk.line", 1)


async def test_a_settled_ticket_is_behind_until_its_card_says_so(store):
    ticket = await a_ticket(store)
    await plan(store, ticket)
    resolved = a_handling(
        ticket,
        states=(TicketState.OPEN,),
        owner=Owner.NONE,
        change=TicketChange(number=ticket.number, solved_at=NOW, state=TicketState.SOLVED),
    )
    await store.tickets.handle(resolved)
    assert await store.threads.behind() == (ticket.number,)
    await plan(store, await store.tickets.get(ticket.number))
    assert await store.threads.behind() == ()
    rating = Rating(
        conversation_id=ticket.conversation_id, client_id="r", score=4, comment=None, at=NOW
    )
    await store.conversations.rate(rating)
    assert await store.threads.behind() == (ticket.number,)


async def test_a_card_that_changed_twice_is_drawn_once(store):
    ticket = await a_ticket(store)
    await plan(store, ticket)
    for version in (1, 2, 3):
        await plan(store, ticket, card_version=version)
    post = await store.outbox.claim("desk:cards", NOW)
    assert post.kind == "desk.update"
    await store.outbox.sent(post, None)
    assert await store.outbox.claim("desk:cards", NOW) is None
    await plan(store, ticket, card_version=4)
    assert (await store.outbox.claim("desk:cards", NOW)).kind == "desk.update"


async def test_a_ticket_that_moves_leaves_its_thread(store):
    ticket = await a_ticket(store)
    first = await plan(store, ticket)
    second = await plan(store, ticket, channel="C2", recap=(0, 2))
    assert (second.id != first.id, second.channel) == (True, "C2")
    assert not (await store.threads.get(first.id)).active
    assert (await store.threads.of_ticket(ticket.number)).id == second.id
    assert (await store.outbox.claim("desk:C2", NOW)).kind == "desk.card"
    assert (await store.outbox.claim("desk:cards", NOW)).payload == {"thread": first.id}


async def test_in_a_long_lane_the_lines_of_a_thread_go_out_as_one(store):
    ticket = await a_ticket(store)
    other = await a_ticket(store)
    await plan(store, ticket)
    card = await store.outbox.claim("desk:C1", NOW)
    await store.outbox.sent(card, "C1/1.0")
    for _ in range(4):
        await received(store, ticket.conversation_id)
    lines = tuple((ticket.conversation_id, seq) for seq in (3, 4, 5, 6))
    await plan(store, ticket, mirrored_to=6, lines=lines)
    await plan(store, other, lines=((other.conversation_id, 1),))
    await plan(store, ticket, mirrored_to=7, lines=((ticket.conversation_id, 1),))
    post = await store.outbox.claim("desk:C1", NOW)
    assert [post.seq, *(each.seq for each in post.also)] == [3, 4, 5, 6]
    # After a crash nobody knows; the company stays together until that is found out.
    assert await store.outbox.recover() == 4
    unknown = await store.outbox.head("desk:C1")
    assert unknown.state is PostState.UNKNOWN
    assert [each.seq for each in unknown.also] == [4, 5, 6]
    await store.outbox.sent(unknown, "C1/2.0")
    assert (await store.outbox.claim("desk:C1", NOW)).kind == "desk.card"
    assert await store.outbox.find("C1/2.0") is not None


async def test_notes_stay_at_the_desk_and_follow_their_source(store):
    ticket = await a_ticket(store)
    note = Note(
        id=new_id(),
        ticket_number=ticket.number,
        author="T1:U1",
        author_name="Cleo",
        text="Careful",
        at=NOW,
        source="slack:C1/3.0",
    )
    await store.notes.add(note)
    await store.notes.add(replace(note, id=new_id()))
    assert await store.notes.edit("slack:C1/3.0", "Be careful", NOW)
    assert [n.text for n in await store.notes.of_ticket(ticket.number)] == ["Be careful"]
    assert await store.notes.withdraw("slack:C1/3.0")
    assert not await store.notes.withdraw("slack:C1/3.0")
    said = await store.conversations.messages(ticket.conversation_id, after=0, limit=9)
    assert "areful" not in " ".join(message.text for message in said)


async def test_a_held_reply_can_be_reworded_and_taken_back_until_it_is_due(store):
    ticket = await a_ticket(store)
    held = HeldReply(
        client_id="slack:C1/4.0",
        ticket_number=ticket.number,
        agent="T1:U1",
        agent_name="Cleo",
        text="Yes",
        due_at=NOW + timedelta(seconds=5),
    )
    await store.notes.hold(held)
    await store.notes.hold(held)
    assert await store.notes.due(NOW) == ()
    assert await store.notes.reword("slack:C1/4.0", "No")
    (due,) = await store.notes.due(NOW + timedelta(seconds=5))
    assert due.text == "No"
    assert await store.notes.take_back("slack:C1/4.0")
    assert not await store.notes.take_back("slack:C1/4.0")
    suggestion = Suggestion(
        id=new_id(), ticket_number=ticket.number, kind="macro", text="Hello", at=NOW
    )
    await store.notes.suggest(suggestion)
    assert await store.notes.suggestion(suggestion.id) == suggestion
    assert await store.notes.suggestion("none") is None


async def test_agents_keep_whether_they_are_away_when_they_are_met_again(store):
    await store.agents.met(Agent(id="T1:U1", name="Cleo", language="en"), NOW)
    await store.agents.set_away("T1:U1", True, NOW)
    await store.agents.set_capacity("T1:U1", 3, NOW)
    await store.agents.met(Agent(id="T1:U1", name="Cleo B", language="zh"), NOW)
    cleo = await store.agents.get("T1:U1")
    assert (cleo.name, cleo.language, cleo.away, cleo.capacity) == ("Cleo B", "zh", True, 3)
    with pytest.raises(NotFound):
        await store.agents.set_away("T1:U2", True, NOW)


async def test_tickets_are_found_by_what_an_agent_knows(store):
    ticket = await a_ticket(store)
    number = f"T-{ticket.number}"
    assert [t.number for t in await store.tickets.find(number)] == [ticket.number]
    assert await store.tickets.find("'; DROP TABLE tickets; --") == ()
    assert await store.tickets.find("%") == ()
    assert await store.tickets.find("  ") == ()


async def test_queues_say_how_they_stand(store):
    ticket = await a_ticket(store, first_reply_due=NOW - timedelta(minutes=1))
    await a_ticket(store)
    (health,) = await store.tickets.health(NOW)
    assert (health.waiting, health.taken, health.overdue) == (2, 0, 1)
    assert health.oldest == NOW
    await store.tickets.handle(a_handling(ticket))
    (health,) = await store.tickets.health(NOW)
    assert (health.waiting, health.taken) == (1, 1)
    assert [t.number for t in await store.tickets.of_agent("T1:U1")] == [ticket.number]


async def test_a_rating_belongs_to_the_ticket_that_was_settled(store):
    ticket = await a_ticket(store)
    resolved = a_handling(
        ticket,
        what="resolve",
        states=(TicketState.OPEN, TicketState.SOLVED),
        owner=Owner.NONE,
        change=TicketChange(number=ticket.number, solved_at=NOW),
    )
    await store.tickets.handle(resolved)
    rating = Rating(
        conversation_id=ticket.conversation_id, client_id="r", score=4, comment="Quick", at=NOW
    )
    for duplicate in (False, True):
        rated = await store.conversations.rate(rating)
        assert (rated.duplicate, rated.ticket) == (duplicate, ticket.number)
    settled = await store.tickets.get(ticket.number)
    assert (settled.rating, settled.rating_comment) == (4, "Quick")


async def test_a_customer_may_hold_a_conversation_at_each_address(store):
    one = await opened(store, channel="slack", identity="T1:U9", address="D1")
    two = await opened(store, channel="slack", identity="T1:U9", address="C1/1.0")
    again = await opened(store, channel="slack", identity="T1:U9", address="D1")
    assert one.customer.id == two.customer.id
    assert one.conversation.id != two.conversation.id
    assert again.conversation == one.conversation
    both = await asyncio.gather(
        *(opened(store, channel="slack", identity="T1:U8", address=a) for a in ("D2", "C1/2.0"))
    )
    assert len({each.customer.id for each in both}) == 1
    found = await store.conversations.find("T1:U9", channel="slack", address="C1/1.0")
    assert found.conversation == two.conversation


async def test_a_file_is_kept_once_and_given_to_its_conversation_only(store):
    ticket = await a_ticket(store)
    other = await a_ticket(store)
    upload = Upload(
        conversation_id=ticket.conversation_id,
        name="lamp.png",
        media_type="image/png",
        content=b"\x89PNG\x00",
        at=NOW,
        source="slack:F1",
    )
    file = await store.attachments.keep(upload)
    assert await store.attachments.keep(upload) == file
    assert await store.attachments.get(file.id, ticket.conversation_id) is None
    line = Line(
        conversation_id=ticket.conversation_id,
        author=AuthorKind.AGENT,
        author_name="Cleo",
        text="",
        files=(file,),
        at=NOW,
    )
    await store.conversations.append(line)
    assert await store.attachments.get(file.id, ticket.conversation_id) == (file, b"\x89PNG\x00")
    assert await store.attachments.get(file.id, other.conversation_id) is None


async def test_a_file_waits_a_day_for_its_message(store):
    ticket = await a_ticket(store)
    id_ = ticket.conversation_id
    upload = Upload(conversation_id=id_, name="a", media_type="text/plain", content=b"a", at=NOW)
    sent, forgotten, taken_back = [await store.attachments.keep(upload) for _ in range(3)]
    agents = await store.attachments.keep(replace(upload, source="slack:F2"))
    assert set(await store.attachments.unsent(id_)) == {sent.id, forgotten.id, taken_back.id}
    incoming = Incoming(
        conversation_id=id_, client_id="f1", text="", files=(sent,), at=NOW, verified=False
    )
    received = await store.conversations.receive(incoming)
    assert (await store.conversations.receive(incoming)).seq == received.seq
    with pytest.raises(Conflict):
        await store.conversations.receive(replace(incoming, files=(forgotten,)))
    await store.attachments.drop([taken_back])
    assert set(await store.attachments.unsent(id_)) == {forgotten.id}
    later = replace(upload, at=NOW + timedelta(days=1, seconds=1))
    fresh = await store.attachments.keep(later)
    assert set(await store.attachments.unsent(id_)) == {fresh.id}
    assert await store.attachments.get(sent.id, id_) == (sent, b"a")
    assert (await store.attachments.keep(replace(later, source="slack:F2"))).id != agents.id
