"""How a ticket comes about and what may become of it, with the rows that say so.

A conversation has at most one ticket that is not solved; its number and queue stand in the
conversation's row as well, and both are changed together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import UNSET
from msgspec.structs import replace
from sqlalchemy import bindparam, select, update

from crm_store import rows
from crm_store.batches import Keys
from crm_store.drafts import TicketChange
from crm_store.errors import Conflict, NotFound, StoreError
from crm_store.records import Conversation, Ticket, TicketState, check_transition
from crm_store.tables import conversations, tickets

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from crm_store.drafts import TicketDraft

_CHANGEABLE = tuple(field for field in TicketChange.__struct_fields__ if field != "number")
_WRITTEN = (*_CHANGEABLE, "version", "rating", "rating_comment")

UPDATE_TICKET = (
    update(tickets)
    .where(tickets.c.number == bindparam("number_"))
    .values({name: bindparam(f"{name}_") for name in (*_WRITTEN, "updated_at")})
)


def load_tickets(connection: Connection, numbers: Sequence[int]) -> dict[int, Ticket]:
    """Return the tickets of these numbers, locked."""
    if not numbers:
        return {}
    found = connection.execute(_LOAD, Keys.of((number,) for number in numbers))
    return {row[0]: rows.ticket(row) for row in found}


_NUMBERS = Keys(int)
_LOAD = (
    select(*rows.TICKET)
    .select_from(_NUMBERS.table)
    .join(tickets, tickets.c.number == _NUMBERS[0])
    .order_by(tickets.c.number)
    .with_for_update(of=tickets)
)


def is_unsolved(ticket: Ticket) -> bool:
    """Whether somebody still has to do something about it."""
    return ticket.state not in (TicketState.SOLVED, TicketState.CLOSED)


def opened_ticket(
    draft: TicketDraft, conversation: Conversation, opened_seq: int | None, at: datetime
) -> Ticket:
    """Return the new ticket of the conversation.

    Raises:
        Conflict: when the conversation has an unsolved one.
    """
    if conversation.ticket_number is not None:
        raise Conflict(f"{conversation.id} has ticket {conversation.ticket_number}")
    return Ticket(
        number=draft.number,
        conversation_id=conversation.id,
        customer_id=conversation.customer_id,
        subject=draft.subject,
        subjects=draft.subjects,
        queue=draft.queue,
        priority=draft.priority,
        state=TicketState.NEW,
        assignee=None,
        need=draft.need,
        language=draft.language,
        first_reply_due=draft.first_reply_due,
        created_at=at,
        opened_seq=opened_seq,
        reason=draft.reason,
        waiting_since=at,
        reply_due=draft.first_reply_due,
        resolve_due=draft.resolve_due,
        alarm_at=draft.alarm_at,
        alarm=draft.alarm,
    )


def changed_ticket(
    ticket: Ticket | None, change: TicketChange, conversation: Conversation
) -> Ticket:
    """Return the ticket with the change.

    Raises:
        NotFound: when the conversation has no such ticket.
        IllegalTransition: when the new state cannot follow the present one.
        Conflict: when it would be the conversation's second unsolved ticket.
    """
    if ticket is None or ticket.conversation_id != conversation.id:
        raise NotFound(f"no ticket {change.number}")
    if change.state is not UNSET and change.state is not ticket.state:
        check_transition(ticket.state, change.state)
    wanted = {name: getattr(change, name) for name in _CHANGEABLE}
    new = {name: value for name, value in wanted.items() if value is not UNSET}
    changed = replace(ticket, **new, version=ticket.version + 1)
    if is_unsolved(changed) and conversation.ticket_number not in (None, changed.number):
        raise Conflict(f"{conversation.id} has ticket {conversation.ticket_number}")
    return changed


def mirror(conversation: Conversation, ticket: Ticket) -> Conversation:
    """Return the conversation with what it shows of its unsolved ticket brought up to date."""
    if is_unsolved(ticket):
        return replace(conversation, ticket_number=ticket.number, queue=ticket.queue)
    if conversation.ticket_number == ticket.number:
        return replace(conversation, ticket_number=None, queue=None)
    return conversation


def update_row(ticket: Ticket, at: datetime) -> dict[str, Any]:
    """Return the parameters of UPDATE_TICKET."""
    values = {f"{name}_": getattr(ticket, name) for name in _WRITTEN}
    return values | {"number_": ticket.number, "updated_at_": at}


_LOAD_CONVERSATIONS = (
    select(*rows.CONVERSATION)
    .select_from(_NUMBERS.table)
    .join(tickets, tickets.c.number == _NUMBERS[0])
    .join(conversations, conversations.c.id == tickets.c.conversation_id)
    .order_by(conversations.c.id)
    .with_for_update(of=conversations)
)

_MIRROR = (
    update(conversations)
    .where(conversations.c.id == bindparam("id_"))
    .values(ticket_number=bindparam("number_"), queue=bindparam("queue_"))
)


def change_all(
    connection: Connection, batch: Sequence[tuple[TicketChange, datetime]]
) -> list[Ticket | StoreError]:
    """Change the tickets, each for itself."""
    numbers = [change.number for change, _ in batch]
    # Conversations are locked before tickets, as everywhere.
    held = {
        row[0]: rows.conversation(row)
        for row in connection.execute(_LOAD_CONVERSATIONS, Keys.of((n,) for n in numbers))
    }
    found = load_tickets(connection, numbers)
    outcomes: list[Ticket | StoreError] = []
    written: dict[int, dict[str, Any]] = {}
    for change, at in batch:
        try:
            ticket = found.get(change.number)
            if ticket is None:
                raise NotFound(f"no ticket {change.number}")
            conversation = held[ticket.conversation_id]
            ticket = changed_ticket(ticket, change, conversation)
        except StoreError as error:
            outcomes.append(error)
            continue
        found[ticket.number] = ticket
        held[conversation.id] = mirror(conversation, ticket)
        written[ticket.number] = update_row(ticket, at)
        outcomes.append(ticket)
    if written:
        connection.execute(UPDATE_TICKET, list(written.values()))
        connection.execute(
            _MIRROR,
            [{"id_": c.id, "number_": c.ticket_number, "queue_": c.queue} for c in held.values()],
        )
    return outcomes
