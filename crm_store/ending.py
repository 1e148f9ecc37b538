"""Ends conversations for their customers: ticket, owner, flows and the line, in one transaction.

An end is decided on a conversation and a ticket that were read before, and refused when either has
changed since. So whoever takes the ticket at that moment has it, or comes too late: never both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from sqlalchemy import bindparam, insert, update

from crm_store.drafts import Appended, Ending, Handling
from crm_store.errors import Conflict, NotFound, StoreError
from crm_store.handling import audit_row, handled_ticket
from crm_store.lines import Pages
from crm_store.outbox import post_row
from crm_store.records import Conversation, Owner, Ticket
from crm_store.tables import audit, flows, outbox
from crm_store.ticket_changes import UPDATE_TICKET, load_tickets, mirror, update_row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

_DROP_FLOWS = (
    update(flows)
    .where(flows.c.conversation_id == bindparam("id_"), flows.c.state == "open")
    .values(state="dropped", closed_at=bindparam("at_"))
)


def end_all(connection: Connection, batch: Sequence[Ending]) -> list[Appended | StoreError]:
    """End what was decided on the present; refuse the rest."""
    lines = [ending.line for ending in batch]
    pages = Pages(connection, (line.conversation_id for line in lines), lines)
    handlings = [ending.handling for ending in batch if ending.handling is not None]
    tickets = load_tickets(connection, [handling.change.number for handling in handlings])
    outcomes: list[Appended | StoreError] = []
    ended: list[Ending] = []
    for ending in batch:
        try:
            outcome = _end(ending, pages, tickets)
        except StoreError as error:
            outcomes.append(error)
            continue
        outcomes.append(outcome)
        if not outcome.duplicate:
            ended.append(ending)
    pages.write(connection)
    for ending in ended:
        connection.execute(_DROP_FLOWS, {"id_": ending.line.conversation_id, "at_": ending.line.at})
        if ending.handling is not None:
            _write(connection, ending.handling, tickets[ending.handling.change.number])
    return outcomes


def _end(ending: Ending, pages: Pages, tickets: dict[int, Ticket]) -> Appended:
    """Return the line that says so, or what became of it when it came before."""
    conversation = pages.held.get(ending.line.conversation_id)
    if conversation is None:
        raise NotFound(f"no conversation {ending.line.conversation_id}")
    earlier = pages.earlier(ending.line)
    if earlier is not None:
        return Appended(message=earlier, duplicate=True, conversation=conversation)
    if conversation.version != ending.expected_version:
        raise Conflict(f"{conversation.id} is at version {conversation.version}")
    if ending.handling is not None:
        conversation = _settle(ending.handling, conversation, tickets)
    ended = replace(conversation, owner=Owner.NONE, agent_name=None, state=ending.state)
    pages.change(ended, ending.line.at)
    return pages.append(replace(ending.line, expected_owner=None, owner=None))


def _settle(
    handling: Handling, conversation: Conversation, tickets: dict[int, Ticket]
) -> Conversation:
    """Settle a conversation's ticket, and return the conversation without it."""
    number = handling.change.number
    ticket = tickets.get(number)
    if ticket is None:
        raise NotFound(f"no ticket {number}")
    if ticket.version != handling.expected_version:
        raise Conflict(f"ticket {number} is at version {ticket.version}")
    tickets[number] = handled_ticket(ticket, handling, conversation)
    return mirror(conversation, tickets[number])


def _write(connection: Connection, handling: Handling, ticket: Ticket) -> None:
    connection.execute(UPDATE_TICKET, [update_row(ticket, handling.at)])
    connection.execute(insert(audit), [audit_row(handling)])
    posts: list[dict[str, Any]] = [post_row(post, handling.at) for post in handling.posts]
    if posts:
        connection.execute(insert(outbox), posts)
