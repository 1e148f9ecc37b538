"""What the store keeps for the chat besides words: cards, forms, ends, marks, pictures."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace
from sqlalchemy import select

from crm_store.desk_records import Agent, Picture
from crm_store.drafts import Ending, FlowFact, Handling, Line, PostDraft, ReplyDraft, TicketChange
from crm_store.engines import read
from crm_store.errors import Conflict, NotFound
from crm_store.records import AuthorKind, Card, Choice, Form, Owner, TicketState
from crm_store.tables import flows
from tests.integration.store_cast import (
    LAMP,
    NOW,
    a_ticket_draft,
    a_turn,
    an_order,
    opened,
    received,
)

CARDS = (
    Card(kind="order", title="Order 1", badge="paid", lines=("Lamp ×2",), value="slot:order=1"),
    Card(kind="product", title="台灯", picture="💡", url="https://shop.example/lamp"),
)
FORM = Form(kind="order", orders=(Choice(label="Order 1", value="1"),))


async def test_cards_and_a_form_come_back_as_they_went_in_and_others_have_none(store):
    got = await received(store, (await opened(store)).conversation.id)
    replies = (
        ReplyDraft(author=AuthorKind.BOT, author_name="Oak", text="Look", cards=CARDS),
        ReplyDraft(author=AuthorKind.BOT, author_name="Oak", text="Which?", form=FORM),
    )
    recorded = await store.conversations.record(a_turn(got, replies=replies))
    kept = await store.conversations.messages(got.conversation.id, after=0, limit=9)
    assert recorded.messages == kept[1:]
    assert [(message.cards, message.form) for message in kept] == [
        ((), None),
        (CARDS, None),
        ((), FORM),
    ]


async def test_cards_go_out_with_what_is_posted_and_their_values_can_be_pressed(store):
    conversation = (await opened(store, channel="slack", address="D1")).conversation
    got = await received(store, conversation.id)
    choice = Choice(label="No", value="none")
    reply = ReplyDraft(
        author=AuthorKind.BOT, author_name="Oak", text="Which?", choices=(choice,), cards=CARDS
    )
    await store.conversations.record(a_turn(got, replies=(reply,), outbox=True))
    payload = (await store.outbox.head("slack:D1")).payload
    assert [card["title"] for card in payload["cards"]] == ["Order 1", "台灯"]
    assert [each["value"] for each in payload["choices"]] == ["none", "slot:order=1"]


def test_a_card_that_is_a_choice_already_is_pressed_once():
    choices = (Choice(label="Lamp", value="slot:order=1"),)
    message = _a_message(choices=choices, cards=CARDS)
    assert message.offers == choices
    assert _a_message(choices=choices).offers is choices


def _a_message(**more):
    from crm_store.records import Message

    values = {"conversation_id": "c", "seq": 1, "author": AuthorKind.BOT, "author_name": None}
    return Message(**values | {"text": "x", "at": NOW} | more)


# -- ends ------------------------------------------------------------------------------------


def a_line(conversation_id, client_id="end:1", text="It is over."):
    return Line(
        conversation_id=conversation_id,
        author=AuthorKind.SYSTEM,
        author_name=None,
        text=text,
        at=NOW,
        client_id=client_id,
    )


def an_ending(conversation, ticket=None, **more):
    handling = None
    if ticket is not None:
        handling = Handling(
            change=TicketChange(number=ticket.number, solved_at=NOW, waiting_since=None),
            expected_version=ticket.version,
            expected_owner=conversation.owner,
            states=(TicketState.OPEN, TicketState.SOLVED),
            by="customer",
            what="end",
            at=NOW,
            posts=(PostDraft(lane_key="desk:C", kind="desk.notice", payload={"key": "k"}),),
        )
    values = {
        "line": a_line(conversation.id),
        "expected_version": conversation.version,
        "state": {"flows_opened": 2},
        "handling": handling,
    }
    return Ending(**values | more)


async def a_waiting(store):
    """A conversation in the queue, with a flow under way, and its ticket."""
    conversation = (await opened(store)).conversation
    got = await received(store, conversation.id)
    flow = FlowFact(name="track_order", slots={}, state="open", opened_seq=got.seq)
    turn = a_turn(got, ticket=await a_ticket_draft(store), owner=Owner.QUEUE, flows=(flow,))
    recorded = await store.conversations.record(turn)
    return await store.conversations.get(conversation.id), recorded.ticket


async def test_an_end_settles_the_ticket_and_forgets_what_was_under_way(store):
    conversation, ticket = await a_waiting(store)
    ended = await store.conversations.end(an_ending(conversation, ticket))
    assert (ended.duplicate, ended.message.text) == (False, "It is over.")
    after = await store.conversations.get(conversation.id)
    assert after == ended.conversation
    assert (after.owner, after.ticket_number, after.queue) == (Owner.NONE, None, None)
    assert (after.state, after.version) == ({"flows_opened": 2}, conversation.version + 1)
    settled = await store.tickets.get(ticket.number)
    assert (settled.state, settled.solved_at) == (TicketState.SOLVED, NOW)
    async with read(store._reading) as connection:
        states = (await connection.scalars(select(flows.c.state))).all()
    assert states == ["dropped"]
    assert (await store.outbox.head("desk:C")).kind == "desk.notice"
    acts = await store.audit.of(f"ticket:{ticket.number}")
    assert [(act["kind"], act["details"]["by"]) for act in acts] == [("end", "customer")]


async def test_the_same_end_again_is_one_end(store):
    conversation, ticket = await a_waiting(store)
    ending = an_ending(conversation, ticket)
    first, again = await asyncio.gather(
        store.conversations.end(ending), store.conversations.end(ending)
    )
    assert {first.duplicate, again.duplicate} == {False, True}
    assert first.message == again.message
    said = await store.conversations.messages(conversation.id, after=0, limit=9)
    assert [m.text for m in said].count("It is over.") == 1


async def test_an_end_that_was_decided_on_the_past_leaves_no_trace(store):
    conversation, ticket = await a_waiting(store)
    before = await store.conversations.messages(conversation.id, after=0, limit=9)
    stale = replace(an_ending(conversation, ticket), expected_version=conversation.version - 1)
    with pytest.raises(Conflict):
        await store.conversations.end(stale)
    with pytest.raises(Conflict):
        await store.conversations.end(an_ending(conversation, replace(ticket, version=9)))
    with pytest.raises(NotFound):
        await store.conversations.end(an_ending(conversation, replace(ticket, number=999)))
    with pytest.raises(NotFound):
        await store.conversations.end(an_ending(replace(conversation, id="x" * 26)))
    assert await store.conversations.get(conversation.id) == conversation
    assert await store.tickets.get(ticket.number) == ticket
    assert await store.conversations.messages(conversation.id, after=0, limit=9) == before
    assert await store.outbox.head("desk:C") is None


async def test_of_an_end_and_a_take_at_once_one_wins(store):
    conversation, ticket = await a_waiting(store)
    take = Handling(
        change=TicketChange(number=ticket.number, assignee="T1:U1"),
        expected_version=ticket.version,
        expected_owner=Owner.QUEUE,
        states=(TicketState.OPEN,),
        by="T1:U1",
        what="take",
        at=NOW,
        owner=Owner.AGENT,
        agent_name="Cleo",
    )
    outcomes = await asyncio.gather(
        store.conversations.end(an_ending(conversation, ticket)),
        store.tickets.handle(take),
        return_exceptions=True,
    )
    assert sorted(isinstance(outcome, Conflict) for outcome in outcomes) == [False, True]
    after = await store.conversations.get(conversation.id)
    has_ticket = after.ticket_number is not None
    assert (after.owner is Owner.AGENT, after.owner is Owner.NONE) == (has_ticket, not has_ticket)


# -- marks, pictures, goods ------------------------------------------------------------------


async def test_what_the_desk_has_seen_only_grows_and_never_beyond_what_was_said(store):
    id_ = (await opened(store)).conversation.id
    for _ in range(3):
        await received(store, id_)
    marks = [await store.conversations.read_by_desk(id_, seq) for seq in (2, 1, 2, 9, 3)]
    assert marks == [True, False, False, False, True]
    assert (await store.conversations.get(id_)).desk_read_seq == 3
    await received(store, id_)
    assert (await store.conversations.get(id_)).desk_read_seq == 3


async def test_a_picture_is_looked_at_once_a_day_whatever_comes_of_it(store):
    agents = store.agents
    looks = [agents.look_at_picture("T1:U1", NOW) for _ in range(3)]
    assert sorted(await asyncio.gather(*looks)) == [False, False, True]
    assert not await agents.look_at_picture("T1:U1", NOW + timedelta(hours=23, minutes=59))
    assert await agents.look_at_picture("T1:U1", NOW + timedelta(days=1))
    assert await agents.look_at_picture("T1:U2", NOW)


async def test_a_picture_is_found_by_its_ticket_and_by_its_id(store):
    conversation, ticket = await a_waiting(store)
    assert conversation.ticket_number == ticket.number
    await store.agents.met(Agent(id="T1:U1", name="Cleo"), NOW)
    await store.agents.look_at_picture("T1:U1", NOW)
    picture = Picture(id="a" * 64, media_type="image/png", content=b"\x89PNG")
    await store.agents.keep_picture("T1:U1", picture)
    assert await store.agents.picture_of_ticket(ticket.number) is None
    change = TicketChange(number=ticket.number, assignee="T1:U1")
    await store.tickets.change(change, NOW)
    assert await store.agents.picture_of_ticket(ticket.number) == picture.id
    assert await store.agents.picture(picture.id) == picture
    await store.agents.keep_picture("T1:U1", None)
    assert await store.agents.picture_of_ticket(ticket.number) is None
    assert await store.agents.picture(picture.id) is None


async def test_goods_are_found_by_id_and_look_as_the_configuration_says(store):
    await store.orders.seed([], [], [LAMP])
    await store.orders.seed([], [], [replace(LAMP, stock=0, picture="💡")])
    assert await store.orders.some(["lamp", "rug"]) == {"lamp": replace(LAMP, picture="💡")}
    assert await store.orders.some([]) == {}
    assert an_order().lines[0].product_id == "lamp"
