"""What agents, and time, do with tickets: each act in one transaction, or not at all.

An act is decided on a ticket and a conversation that were read before; it is refused when either
has changed since. So of two who take a ticket at once one wins, and the other is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import UNSET
from msgspec.structs import asdict, replace
from sqlalchemy import delete, insert, select

from crm_store import rows
from crm_store.batches import Keys
from crm_store.desk_tables import held_replies
from crm_store.drafts import Appended, Handled, Handling, TicketOpening
from crm_store.errors import Conflict, NotFound, StoreError
from crm_store.lines import Pages
from crm_store.outbox import post_row
from crm_store.records import check_transition
from crm_store.tables import audit, outbox, tickets
from crm_store.ticket_changes import (
    UPDATE_TICKET,
    changed_ticket,
    load_tickets,
    mirror,
    opened_ticket,
    update_row,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from crm_store.drafts import Line
    from crm_store.records import Conversation, Ticket

_NUMBERS = Keys(int)
_OF = (
    select(tickets.c.conversation_id)
    .select_from(_NUMBERS.table)
    .join(tickets, tickets.c.number == _NUMBERS[0])
)


def handle_all(connection: Connection, batch: Sequence[Handling]) -> list[Handled | StoreError]:
    """Do what was decided on the present; refuse the rest."""
    desk = _Desk(connection, batch)
    outcomes: list[Handled | StoreError] = []
    for handling in batch:
        try:
            outcomes.append(desk.handle(handling))
        except StoreError as error:
            outcomes.append(error)
    desk.write(connection)
    return outcomes


def open_tickets(
    connection: Connection, batch: Sequence[TicketOpening]
) -> list[Ticket | StoreError]:
    """Open tickets for conversations that have none."""
    pages = Pages(connection, (each.conversation_id for each in batch), ())
    outcomes: list[Ticket | StoreError] = []
    for opening in batch:
        conversation = pages.held.get(opening.conversation_id)
        if conversation is None:
            outcomes.append(NotFound(f"no conversation {opening.conversation_id}"))
            continue
        try:
            ticket = opened_ticket(opening.draft, conversation, opening.opened_seq, opening.at)
        except StoreError as error:
            outcomes.append(error)
            continue
        connection.execute(insert(tickets), rows.ticket_row(ticket) | {"updated_at": opening.at})
        after = replace(
            mirror(conversation, ticket), owner=opening.owner, version=conversation.version + 1
        )
        pages.change(after, opening.at)
        details = {"by": opening.by, "queue": ticket.queue}
        row = {"subject": f"ticket:{ticket.number}", "kind": "open", "details": details}
        connection.execute(insert(audit), {"exchange_id": None, **row, "at": opening.at})
        outcomes.append(ticket)
    pages.write(connection)
    return outcomes


class _Desk:
    """What a batch of acts reads and writes."""

    def __init__(self, connection: Connection, batch: Sequence[Handling]) -> None:
        numbers = [handling.change.number for handling in batch]
        ids = connection.scalars(_OF, Keys.of((number,) for number in numbers))
        # Conversations are locked before tickets, as everywhere.
        lines = [handling.line for handling in batch if handling.line is not None]
        self._pages = Pages(connection, ids.all(), lines)
        self._tickets = load_tickets(connection, numbers)
        self._held = _held_words(connection, batch)
        self._changed: dict[int, dict[str, Any]] = {}
        self._audit: list[dict[str, Any]] = []
        self._sent: list[str] = []
        self._posts: list[dict[str, Any]] = []

    def handle(self, handling: Handling) -> Handled:
        """Return how things stand after an act."""
        number = handling.change.number
        ticket = self._tickets.get(number)
        if ticket is None:
            raise NotFound(f"no ticket {number}")
        conversation = self._pages.held[ticket.conversation_id]
        if handling.line is not None:
            line = self._worded(handling.line, handling, conversation)
            handling = replace(handling, line=line)
            earlier = self._pages.earlier(line)
            if earlier is not None:
                self._is_sent(line)
                told = Appended(message=earlier, duplicate=True, conversation=conversation)
                return Handled(ticket=ticket, conversation=conversation, appended=told)
        if ticket.version != handling.expected_version:
            raise Conflict(f"ticket {number} is at version {ticket.version}")
        if conversation.owner is not handling.expected_owner:
            raise Conflict(f"{conversation.id} belongs to {conversation.owner}")
        ticket = handled_ticket(ticket, handling, conversation)
        # From here on nothing fails: what follows may leave its marks.
        return self._enter(handling, ticket, conversation)

    def _worded(self, line: Line, handling: Handling, conversation: Conversation) -> Line:
        """Return a line in the words that it is to be said in."""
        if line.conversation_id != conversation.id:
            raise NotFound(f"no ticket {handling.change.number} in {line.conversation_id}")
        if not handling.from_held:
            return line
        if line.client_id not in self._held:
            raise NotFound("the reply was taken back")
        return replace(line, text=self._held[line.client_id])

    def _is_sent(self, line: Line) -> None:
        """Note that a line is with the customer, so that nothing is held back of it any more."""
        if line.client_id is not None:
            self._sent.append(line.client_id)

    def _enter(self, handling: Handling, ticket: Ticket, conversation: Conversation) -> Handled:
        conversation = mirror(conversation, ticket)
        if handling.owner is not None:
            conversation = replace(
                conversation,
                owner=handling.owner,
                agent_name=handling.agent_name,
                version=conversation.version + 1,
            )
        self._pages.change(conversation, handling.at)
        appended = None
        if handling.line is not None:
            self._is_sent(handling.line)
            appended = self._pages.append(replace(handling.line, expected_owner=None, owner=None))
            conversation = appended.conversation
        self._tickets[ticket.number] = ticket
        self._changed[ticket.number] = update_row(ticket, handling.at)
        self._audit.append(audit_row(handling))
        self._posts += [post_row(post, handling.at) for post in handling.posts]
        return Handled(ticket=ticket, conversation=conversation, appended=appended)

    def write(self, connection: Connection) -> None:
        """Write what was done."""
        self._pages.write(connection)
        if self._changed:
            connection.execute(UPDATE_TICKET, list(self._changed.values()))
        if self._audit:
            connection.execute(insert(audit), self._audit)
        if self._posts:
            connection.execute(insert(outbox), self._posts)
        if self._sent:
            sent = held_replies.c.client_id.in_(sorted(set(self._sent)))
            connection.execute(delete(held_replies).where(sent))


def _held_words(connection: Connection, batch: Sequence[Handling]) -> dict[str | None, str]:
    """Return the words of the held replies that are to be sent, as they are held now."""
    ids = [each.line.client_id for each in batch if each.from_held and each.line is not None]
    if not ids:
        return {}
    columns = (held_replies.c.client_id, held_replies.c.text)
    found = connection.execute(select(*columns).where(columns[0].in_(ids)).with_for_update())
    return {row[0]: row[1] for row in found}


def handled_ticket(ticket: Ticket, handling: Handling, conversation: Conversation) -> Ticket:
    """Return the ticket after an act.

    Raises:
        StoreError: when the act is not to be done, see `ticket_changes`.
    """
    for state in handling.states:
        check_transition(ticket.state, state)
        ticket = replace(ticket, state=state)
    return changed_ticket(ticket, handling.change, conversation)


def audit_row(handling: Handling) -> dict[str, Any]:
    """Return the row that says who did what."""
    change = {
        name: value.isoformat() if hasattr(value, "isoformat") else value
        for name, value in asdict(handling.change).items()
        if value is not UNSET and name != "number"
    }
    return {
        "exchange_id": None,
        "subject": f"ticket:{handling.change.number}",
        "kind": handling.what,
        "details": {"by": handling.by, "states": list(handling.states), **change},
        "at": handling.at,
    }
