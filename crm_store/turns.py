"""Records what a turn led to: all of it in one transaction, or nothing.

A batch of turns is first loaded (conversations, the messages answered, tickets, the shop's rows),
then decided in memory turn by turn, then written table by table. A turn that turns out to be
outdated leaves no trace in memory, and so none on disk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import replace
from sqlalchemy import bindparam, insert, select, true, update

from crm_store import rows
from crm_store.batches import Keys, Many, upsert
from crm_store.drafts import Recorded, TicketChange, TicketDraft, Turn
from crm_store.errors import AlreadyHandled, Conflict, NotFound, StoreError
from crm_store.ledger import Ledger
from crm_store.receiving import INSERT_MESSAGES
from crm_store.records import Conversation, Message, Ticket
from crm_store.tables import (
    conversations,
    exchanges,
    flows,
    messages,
    needs,
    outbox,
    tickets,
)
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

_ANSWERED = Keys(str, int)
_LOAD = (
    select(messages.c.seq, messages.c.handled, *rows.CONVERSATION)
    .select_from(_ANSWERED.table)
    .join(
        messages,
        (messages.c.conversation_id == _ANSWERED[0]) & (messages.c.seq == _ANSWERED[1]),
    )
    .join(conversations, conversations.c.id == messages.c.conversation_id)
    .order_by(conversations.c.id)
    .with_for_update(of=conversations)
)

_HANDLED = Many(
    update(messages)
    .where(messages.c.conversation_id == bindparam("id_"), messages.c.seq == bindparam("seq_"))
    .values(handled=true())
)

_CHANGING = (
    *("owner", "language", "last_seq", "version", "state", "agent_name", "ticket_number"),
    "queue",
)
UPDATE_CONVERSATIONS = Many(
    update(conversations)
    .where(conversations.c.id == bindparam("id_"))
    .values({name: bindparam(f"{name}_") for name in (*_CHANGING, "updated_at")})
)


_INSERT_TICKETS = Many(insert(tickets))
_INSERT_EXCHANGES = Many(insert(exchanges))
_INSERT_NEEDS = Many(insert(needs))
INSERT_POSTS = Many(insert(outbox))


def conversation_update(conversation: Conversation, at: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return the parameters of UPDATE_CONVERSATIONS."""
    values = {f"{name}_": getattr(conversation, name) for name in _CHANGING}
    return values | {"id_": conversation.id, "updated_at_": at}


def record_all(connection: Connection, batch: Sequence[Turn]) -> list[Recorded | StoreError]:
    """Record the turns that were decided on the present; refuse the others."""
    books = _Books(connection, batch)
    outcomes = [books.enter(turn) for turn in batch]
    books.write(connection)
    return [
        _recorded_before(connection, turn) or outcome
        if isinstance(outcome, AlreadyHandled)
        else outcome
        for turn, outcome in zip(batch, outcomes, strict=True)
    ]


class _New(Struct):
    """The rows that a batch adds, by table, in the order in which they may be written."""

    tickets: list[dict[str, Any]] = field(default_factory=list)
    exchanges: list[dict[str, Any]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    needs: list[dict[str, Any]] = field(default_factory=list)
    outbox: list[dict[str, Any]] = field(default_factory=list)


class _Books:
    """What a batch of turns reads and writes."""

    def __init__(self, connection: Connection, batch: Sequence[Turn]) -> None:
        answered = Keys.of((turn.conversation_id, turn.message_seq) for turn in batch)
        self._handled: dict[tuple[str, int], bool] = {}
        self._conversations: dict[str, Conversation] = {}
        for row in connection.execute(_LOAD, answered):
            conversation = rows.conversation(row, 2)
            self._conversations[conversation.id] = conversation
            self._handled[conversation.id, row[0]] = row[1]
        numbers = [t.ticket.number for t in batch if isinstance(t.ticket, TicketChange)]
        self._tickets = load_tickets(connection, numbers)
        self._ledger = Ledger(connection, batch)
        self._turns: list[Turn] = []
        self._changed_tickets: dict[int, Ticket] = {}
        self._flows: dict[tuple[str, int, str], dict[str, Any]] = {}
        self._new = _New()

    def enter(self, turn: Turn) -> Recorded | StoreError:
        """Return what recording the turn gives; a StoreError when it must not be recorded."""
        conversation = self._conversations.get(turn.conversation_id)
        handled = self._handled.get((turn.conversation_id, turn.message_seq))
        if conversation is None or handled is None:
            return NotFound(f"no message {turn.message_seq} in {turn.conversation_id}")
        if handled:
            return AlreadyHandled(f"message {turn.message_seq} of {turn.conversation_id}")
        if conversation.version != turn.expected_version:
            return Conflict(f"{conversation.id} is at version {conversation.version}")
        try:
            ticket = self._ticket(turn, conversation)
            self._ledger.apply(turn)
        except StoreError as error:
            return error
        # From here on nothing fails: what follows may leave its marks.
        return self._enter(turn, conversation, ticket)

    def _ticket(self, turn: Turn, conversation: Conversation) -> Ticket | None:
        match turn.ticket:
            case None:
                return None
            case TicketDraft():
                return opened_ticket(turn.ticket, conversation, turn.message_seq, turn.at)
            case TicketChange():
                return changed_ticket(
                    self._tickets.get(turn.ticket.number), turn.ticket, conversation
                )

    def _enter(self, turn: Turn, conversation: Conversation, ticket: Ticket | None) -> Recorded:
        first = conversation.last_seq + 1
        said = tuple(
            Message(
                conversation_id=conversation.id,
                seq=seq,
                author=reply.author,
                author_name=reply.author_name,
                text=reply.text,
                choices=reply.choices,
                at=turn.at,
                reply_to=turn.message_seq,
                cards=reply.cards,
                form=reply.form,
            )
            for seq, reply in enumerate(turn.replies, first)
        )
        if ticket is not None:
            conversation = mirror(conversation, ticket)
            self._tickets[ticket.number] = ticket
            if isinstance(turn.ticket, TicketDraft):
                self._new.tickets.append(rows.ticket_row(ticket) | {"updated_at": turn.at})
            else:
                self._changed_tickets[ticket.number] = ticket
        self._conversations[conversation.id] = replace(
            conversation,
            last_seq=conversation.last_seq + len(said),
            version=conversation.version + 1,
            state=turn.state,
            owner=turn.owner,
            language=turn.language or conversation.language,
            agent_name=turn.agent_name,
        )
        self._handled[conversation.id, turn.message_seq] = True
        self._turns.append(turn)
        self._add_facts(turn)
        for message, reply in zip(said, turn.replies, strict=True):
            self._new.messages.append(rows.message_row(message, key=reply.key))
            if turn.outbox:
                self._new.outbox.append(outbox_row(message, conversation))
        return Recorded(
            version=conversation.version + 1,
            messages=said,
            exchange_id=turn.exchange.id,
            ticket=ticket,
        )

    def _add_facts(self, turn: Turn) -> None:
        exchange = turn.exchange
        self._new.exchanges.append(
            {
                "id": exchange.id,
                "conversation_id": turn.conversation_id,
                "message_seq": turn.message_seq,
                "understanding": exchange.understanding,
                "decision": exchange.decision,
                "reply_keys": exchange.reply_keys,
                "action_status": exchange.action_status,
                "need": exchange.need,
                "config_id": exchange.config_id,
                "model_id": exchange.model_id,
                "rule": exchange.rule,
                "error_id": exchange.error_id,
                "timings": exchange.timings,
                "at": turn.at,
            }
        )
        if turn.need is not None:
            self._new.needs.append(
                {
                    "conversation_id": turn.conversation_id,
                    "seq": turn.message_seq,
                    "category": turn.need.category,
                    "probability": turn.need.probability,
                    "reasons": turn.need.reasons,
                    "model_id": turn.need.model_id,
                    "at": turn.at,
                }
            )
        for flow in turn.flows:
            self._flows[turn.conversation_id, flow.opened_seq, flow.name] = {
                "conversation_id": turn.conversation_id,
                "opened_seq": flow.opened_seq,
                "name": flow.name,
                "slots": flow.slots,
                "state": flow.state,
                "opened_at": turn.at,
                "closed_at": None if flow.state == "open" else turn.at,
            }

    def write(self, connection: Connection) -> None:
        """Write what was entered; tables before those that refer to them."""
        if not self._turns:
            return
        new = self._new
        _INSERT_TICKETS.execute(connection, new.tickets)
        _INSERT_EXCHANGES.execute(connection, new.exchanges)
        INSERT_MESSAGES.execute(connection, new.messages)
        _INSERT_NEEDS.execute(connection, new.needs)
        INSERT_POSTS.execute(connection, new.outbox)
        _HANDLED.execute(
            connection,
            [{"id_": turn.conversation_id, "seq_": turn.message_seq} for turn in self._turns],
        )
        at = {turn.conversation_id: turn.at for turn in self._turns}
        UPDATE_CONVERSATIONS.execute(
            connection,
            [conversation_update(self._conversations[id_], when) for id_, when in at.items()],
        )
        if self._changed_tickets:
            connection.execute(
                UPDATE_TICKET,
                [
                    update_row(ticket, self._turns[-1].at)
                    for ticket in self._changed_tickets.values()
                ],
            )
        if self._flows:
            # A flow's first row says when it was opened; later ones leave that alone.
            statement = upsert(connection.dialect.name, flows, ("slots", "state", "closed_at"))
            connection.execute(statement, list(self._flows.values()))
        self._ledger.write(connection)


def outbox_row(message: Message, conversation: Conversation) -> dict[str, Any]:
    """Return the row that asks for the message to be posted."""
    return {
        "lane_key": f"{conversation.channel}:{conversation.address}",
        "conversation_id": message.conversation_id,
        "seq": message.seq,
        "kind": "message",
        "payload": {
            "author": message.author,
            "author_name": message.author_name,
            "text": message.text,
            "choices": rows.choices_json(message.offers) or [],
            "cards": rows.cards_json(message.cards) or [],
            "replaces": message.replaces,
        },
        "merge_key": None,
        "state": "pending",
        "attempts": 0,
        "created_at": message.at,
    }


def outbox_rows(message: Message, conversation: Conversation) -> list[dict[str, Any]]:
    """Return the rows that ask for the message and then each of its files to be posted."""
    row = outbox_row(message, conversation)
    files = [
        {
            **row,
            "conversation_id": None,
            "seq": None,
            "kind": "file",
            "payload": {"conversation": conversation.id, "file": file.id},
        }
        for file in message.files
    ]
    return [row, *files] if message.text or not files else files


def _recorded_before(connection: Connection, turn: Turn) -> Recorded | None:
    """Return what the very same turn was recorded as; None when another one answered.

    It comes again when its first COMMIT succeeded but nobody heard of it. That is rare, so it may
    cost its own statements.
    """
    version = connection.scalar(
        select(conversations.c.version)
        .join(exchanges, exchanges.c.conversation_id == conversations.c.id)
        .where(exchanges.c.id == turn.exchange.id)
    )
    if version is None:
        return None
    said = connection.execute(
        select(*rows.MESSAGE)
        .where(
            messages.c.conversation_id == turn.conversation_id,
            messages.c.reply_to == turn.message_seq,
        )
        .order_by(messages.c.seq)
    )
    found = load_tickets(connection, [turn.ticket.number] if turn.ticket else [])
    return Recorded(
        version=version,
        messages=tuple(rows.message(row) for row in said),
        exchange_id=turn.exchange.id,
        ticket=found.get(turn.ticket.number) if turn.ticket else None,
    )
