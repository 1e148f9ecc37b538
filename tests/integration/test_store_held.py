"""A held reply and the moment at which it is sent: taken back it is not, changed it is so."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from crm_store.desk_records import HeldReply
from crm_store.drafts import Handling, Line, Opening, TicketChange, TicketDraft, TicketOpening
from crm_store.errors import Conflict, NotFound
from crm_store.records import AuthorKind, Owner, Ticket

if TYPE_CHECKING:
    from crm_store.store import Store

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
SOURCE = "slack:C1/1.2"


async def a_ticket(store: Store) -> Ticket:
    opened = await store.conversations.open(
        Opening(channel="webchat", identity="ada", verified=False, at=NOW, locale="en")
    )
    draft = TicketDraft(
        number=await store.tickets.reserve_number(), subject="x", queue="q", priority="normal"
    )
    return await store.tickets.open(
        TicketOpening(
            conversation_id=opened.conversation.id,
            draft=draft,
            opened_seq=None,
            by="agent",
            at=NOW,
            owner=Owner.AGENT,
        )
    )


def sending(ticket: Ticket) -> Handling:
    return Handling(
        change=TicketChange(number=ticket.number),
        expected_version=ticket.version,
        expected_owner=Owner.AGENT,
        by="agent",
        what="reply",
        at=NOW,
        from_held=True,
        line=Line(
            conversation_id=ticket.conversation_id,
            author=AuthorKind.AGENT,
            author_name="Cleo",
            text="as it was read",
            at=NOW,
            client_id=SOURCE,
        ),
    )


async def hold(store: Store, ticket: Ticket) -> None:
    reply = HeldReply(
        client_id=SOURCE,
        ticket_number=ticket.number,
        agent="agent",
        agent_name="Cleo",
        text="as it was read",
        due_at=NOW,
    )
    await store.notes.hold(reply)


async def test_what_was_taken_back_meanwhile_is_not_sent(store: Store) -> None:
    ticket = await a_ticket(store)
    await hold(store, ticket)
    assert await store.notes.take_back(SOURCE)
    with pytest.raises(NotFound):
        await store.tickets.handle(sending(ticket))
    found = await store.conversations.messages(ticket.conversation_id, after=0, limit=10)
    assert found == ()
    assert (await store.tickets.get(ticket.number)).version == ticket.version


async def test_whoever_was_too_slow_leaves_the_reply_where_it_is(store: Store) -> None:
    ticket = await a_ticket(store)
    await hold(store, ticket)
    late = replace(sending(ticket), expected_version=ticket.version + 1)
    with pytest.raises(Conflict):
        await store.tickets.handle(late)
    assert len(await store.notes.due(NOW)) == 1
    handled = await store.tickets.handle(sending(ticket))
    assert handled.appended is not None
    assert await store.notes.due(NOW) == ()


async def test_what_was_changed_meanwhile_is_sent_as_changed_and_once(store: Store) -> None:
    ticket = await a_ticket(store)
    await hold(store, ticket)
    assert await store.notes.reword(SOURCE, "as it is now")
    handled = await store.tickets.handle(sending(ticket))
    assert handled.appended is not None
    assert handled.appended.message.text == "as it is now"
    with pytest.raises(NotFound):
        await store.tickets.handle(sending(handled.ticket))
    assert await store.notes.due(NOW) == ()
    assert not await store.notes.take_back(SOURCE)
