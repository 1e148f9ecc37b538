"""Takes customers' messages in: the hottest writes of the house, four statements for a batch.

Acknowledged means on disk: the channel tells the customer "received" only after `receive_all`'s
transaction was committed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, insert, select, tuple_, update

from crm_store import rows
from crm_store.drafts import Incoming, Received
from crm_store.errors import Conflict, NotFound, StoreError
from crm_store.records import AuthorKind
from crm_store.tables import conversations, customers, messages

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row

# Rows are locked in the order of their ids, here and wherever several are: two processes then
# wait for each other instead of deadlocking. (SQLite has one writer and renders no FOR UPDATE.)
_LOAD = (
    select(*rows.CONVERSATION, *rows.CUSTOMER)
    .join(customers, customers.c.id == conversations.c.customer_id)
    .where(conversations.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(conversations.c.id)
    .with_for_update(of=conversations)
)

_EARLIER = select(
    messages.c.conversation_id,
    messages.c.client_id,
    messages.c.seq,
    messages.c.at,
    messages.c.text,
    messages.c.value,
).where(
    tuple_(messages.c.conversation_id, messages.c.author, messages.c.client_id).in_(
        bindparam("keys", expanding=True)
    )
)

_INSERT = insert(messages)

_ADVANCE = (
    update(conversations)
    .where(conversations.c.id == bindparam("id_"))
    .values(last_seq=bindparam("seq"), updated_at=bindparam("at"))
)


def receive_all(connection: Connection, batch: Sequence[Incoming]) -> list[Received | StoreError]:
    """Number and store the messages that are new; find again those that are not."""
    found = {
        row[0]: row
        for row in connection.execute(_LOAD, {"ids": list({i.conversation_id for i in batch})})
    }
    keys = [(i.conversation_id, AuthorKind.CUSTOMER, i.client_id) for i in batch]
    earlier: dict[tuple[str, str], tuple[int, datetime, str, str | None]] = {
        (row[0], row[1]): (row[2], row[3], row[4], row[5])
        for row in connection.execute(_EARLIER, {"keys": keys})
    }
    heads: dict[str, int] = {}
    new: list[dict[str, Any]] = []
    outcomes: list[Received | StoreError] = []
    for incoming in batch:
        row = found.get(incoming.conversation_id)
        if row is None:
            outcomes.append(NotFound(f"no conversation {incoming.conversation_id}"))
            continue
        key = (incoming.conversation_id, incoming.client_id)
        head = heads.get(incoming.conversation_id) or row.last_seq
        if key not in earlier:
            head += 1
            heads[incoming.conversation_id] = head
            new.append(_message_row(incoming, head))
            earlier[key] = (head, incoming.at, incoming.text, incoming.value)
            outcomes.append(_received(row, head, incoming.at, head=head, duplicate=False))
            continue
        seq, at, text, value = earlier[key]
        if (text, value) != (incoming.text, incoming.value):
            outcomes.append(Conflict(f"{incoming.client_id} was another message"))
        else:
            outcomes.append(_received(row, seq, at, head=head, duplicate=True))
    if new:
        connection.execute(_INSERT, new)
        connection.execute(
            _ADVANCE,
            [{"id_": id_, "seq": seq, "at": batch[-1].at} for id_, seq in heads.items()],
        )
    return outcomes


def _received(row: Row[Any], seq: int, at: datetime, *, head: int, duplicate: bool) -> Received:
    return Received(
        seq=seq,
        at=at,
        duplicate=duplicate,
        conversation=rows.conversation(row, last_seq=head),
        customer=rows.customer(row, len(rows.CONVERSATION)),
    )


def _message_row(incoming: Incoming, seq: int) -> dict[str, Any]:
    return {
        "conversation_id": incoming.conversation_id,
        "seq": seq,
        "author": AuthorKind.CUSTOMER,
        "author_name": None,
        "text": incoming.text,
        "value": incoming.value,
        "choices": None,
        "key": None,
        "at": incoming.at,
        "reply_to": None,
        "client_id": incoming.client_id,
        "verified": incoming.verified,
        "handled": False,
    }
