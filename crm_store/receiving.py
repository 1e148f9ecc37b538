"""Takes customers' messages in: the hottest writes of the house, four statements for a batch.

Acknowledged means on disk: the channel tells the customer "received" only after `receive_all`'s
transaction was committed.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from sqlalchemy import bindparam, insert, select, update

from crm_store import rows
from crm_store.attachments import note_named
from crm_store.batches import Keys, Many
from crm_store.drafts import Incoming, Received
from crm_store.errors import Conflict, NotFound, StoreError
from crm_store.records import AuthorKind
from crm_store.tables import conversations, customers, messages

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection, Row

    from crm_store.records import File, Json

# Rows are locked in the order of their ids, here and wherever several are: two processes then
# wait for each other instead of deadlocking. (SQLite has one writer and renders no FOR UPDATE.)
_IDS = Keys(str)
_LOAD = (
    select(*rows.CONVERSATION, *rows.CUSTOMER)
    .select_from(_IDS.table)
    .join(conversations, conversations.c.id == _IDS[0])
    .join(customers, customers.c.id == conversations.c.customer_id)
    .order_by(conversations.c.id)
    .with_for_update(of=conversations)
)

_SENT = Keys(str, str)
_EARLIER = (
    select(
        messages.c.conversation_id,
        messages.c.client_id,
        messages.c.seq,
        messages.c.at,
        messages.c.text,
        messages.c.value,
        messages.c.handled,
        messages.c.files,
    )
    .select_from(_SENT.table)
    .join(
        messages,
        (messages.c.conversation_id == _SENT[0])
        & (messages.c.author == AuthorKind.CUSTOMER)
        & (messages.c.client_id == _SENT[1]),
    )
)

_Said = tuple[str, str | None, tuple[str, ...]]
"""What makes a message another one: its text, its value and its files."""

_Earlier = tuple[int, datetime, _Said, bool]

INSERT_MESSAGES = Many(insert(messages))

_ADVANCE = Many(
    update(conversations)
    .where(conversations.c.id == bindparam("id_"))
    .values(last_seq=bindparam("seq_"), updated_at=bindparam("at_"))
)


def receive_all(connection: Connection, batch: Sequence[Incoming]) -> list[Received | StoreError]:
    """Number and store the messages that are new; find again those that are not."""
    found = {
        row[0]: row
        for row in connection.execute(_LOAD, Keys.of((i.conversation_id,) for i in batch))
    }
    sent = Keys.of((i.conversation_id, i.client_id) for i in batch)
    earlier: dict[tuple[str, str], _Earlier] = {
        (row[0], row[1]): (row[2], row[3], (row[4], row[5], _ids(row[7] or ())), row[6])
        for row in connection.execute(_EARLIER, sent)
    }
    heads: dict[str, int] = {}
    new: list[dict[str, Any]] = []
    named: list[File] = []
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
            named += incoming.files
            earlier[key] = (head, incoming.at, _said(incoming), False)
            outcomes.append(_received(row, head, incoming.at, head=head, duplicate=False))
            continue
        seq, at, said, handled = earlier[key]
        if said != _said(incoming):
            outcomes.append(Conflict(f"{incoming.client_id} was another message"))
        else:
            first = _received(row, seq, at, head=head, duplicate=True)
            outcomes.append(replace(first, handled=handled))
    INSERT_MESSAGES.execute(connection, new)
    note_named(connection, named)
    _ADVANCE.execute(
        connection,
        [{"id_": id_, "seq_": seq, "at_": batch[-1].at} for id_, seq in heads.items()],
    )
    return outcomes


def _said(incoming: Incoming) -> _Said:
    return incoming.text, incoming.value, tuple(file.id for file in incoming.files)


def _ids(files: Iterable[Json]) -> tuple[str, ...]:
    return tuple(file["id"] for file in files)


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
        "replaces": incoming.replaces,
        "files": rows.files_json(incoming.files),
        "cards": None,
        "form": None,
    }
