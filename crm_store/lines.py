"""Appends messages that no turn caused: an agent's words, or a note of the system.

Such a line may also hand the conversation over, atomically: "I take it, if nobody else has". It
makes the conversation's version grow, so that a bot's turn that was decided before it is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from sqlalchemy import select

from crm_store import rows
from crm_store.attachments import note_named
from crm_store.batches import Keys
from crm_store.drafts import Appended, Line
from crm_store.errors import Conflict, NotFound, StoreError
from crm_store.receiving import INSERT_MESSAGES
from crm_store.records import Conversation, File, Message
from crm_store.tables import conversations, messages
from crm_store.turns import INSERT_POSTS, UPDATE_CONVERSATIONS, conversation_update, outbox_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

_IDS = Keys(str)
_LOAD = (
    select(*rows.CONVERSATION)
    .select_from(_IDS.table)
    .join(conversations, conversations.c.id == _IDS[0])
    .order_by(conversations.c.id)
    .with_for_update(of=conversations)
)

_SENT = Keys(str, str, str)
_EARLIER = (
    select(*rows.MESSAGE)
    .select_from(_SENT.table)
    .join(
        messages,
        (messages.c.conversation_id == _SENT[0])
        & (messages.c.author == _SENT[1])
        & (messages.c.client_id == _SENT[2]),
    )
)

Key = tuple[str, str, str | None]


def append_all(connection: Connection, batch: Sequence[Line]) -> list[Appended | StoreError]:
    """Number and store the lines, and change owners where the expected ones still hold."""
    pages = Pages(connection, (line.conversation_id for line in batch), batch)
    outcomes: list[Appended | StoreError] = []
    for line in batch:
        try:
            outcomes.append(pages.append(line))
        except StoreError as error:
            outcomes.append(error)
    pages.write(connection)
    return outcomes


class Pages:
    """What a batch of lines reads and writes."""

    def __init__(self, connection: Connection, ids: Iterable[str], batch: Sequence[Line]) -> None:
        wanted = Keys.of((id_,) for id_ in ids)
        self.held = {row[0]: rows.conversation(row) for row in connection.execute(_LOAD, wanted)}
        sent = [
            (line.conversation_id, line.author, line.client_id)
            for line in batch
            if line.client_id is not None
        ]
        self._earlier: dict[Key, Message] = {}
        if sent:
            for row in connection.execute(_EARLIER, Keys.of(sent)):
                message = rows.message(row)
                self._earlier[message.conversation_id, message.author, message.client_id] = message
        self._messages: list[dict[str, Any]] = []
        self._files: list[File] = []
        self._posts: list[dict[str, Any]] = []
        self._changed: dict[str, dict[str, Any]] = {}

    def append(self, line: Line) -> Appended:
        """Return the line as a message, or the message that it became earlier."""
        conversation = self.held.get(line.conversation_id)
        if conversation is None:
            raise NotFound(f"no conversation {line.conversation_id}")
        earlier = self.earlier(line)
        if earlier is not None:
            return Appended(message=earlier, duplicate=True, conversation=conversation)
        if line.expected_owner is not None and conversation.owner not in line.expected_owner:
            raise Conflict(f"{conversation.id} belongs to {conversation.owner}")
        conversation = _after(line, conversation)
        message = _message(line, conversation.last_seq)
        self.change(conversation, line.at)
        if line.client_id is not None:
            self._earlier[_key(line)] = message
        # Nobody is to answer it, not even when a customer said it.
        self._messages.append(rows.message_row(message) | {"handled": True})
        self._files += message.files
        if line.outbox:
            self._posts += outbox_rows(message, conversation)
        return Appended(message=message, duplicate=False, conversation=conversation)

    def earlier(self, line: Line) -> Message | None:
        """Return the message that the line became when it came before.

        Raises:
            Conflict: when another line came under its client_id.
        """
        earlier = self._earlier.get(_key(line)) if line.client_id is not None else None
        if earlier is not None and earlier.text != line.text:
            raise Conflict(f"{line.client_id} was another line")
        return earlier

    def change(self, conversation: Conversation, at: datetime) -> None:
        """Note how a conversation stands from now on."""
        self.held[conversation.id] = conversation
        self._changed[conversation.id] = conversation_update(conversation, at)

    def write(self, connection: Connection) -> None:
        """Write what was appended."""
        INSERT_MESSAGES.execute(connection, self._messages)
        note_named(connection, self._files)
        UPDATE_CONVERSATIONS.execute(connection, list(self._changed.values()))
        INSERT_POSTS.execute(connection, self._posts)


def _key(line: Line) -> Key:
    return line.conversation_id, line.author, line.client_id


def _after(line: Line, conversation: Conversation) -> Conversation:
    after = replace(
        conversation, last_seq=conversation.last_seq + 1, version=conversation.version + 1
    )
    if line.owner is None:
        return after
    return replace(after, owner=line.owner, agent_name=line.agent_name)


def _message(line: Line, seq: int) -> Message:
    return Message(
        conversation_id=line.conversation_id,
        seq=seq,
        author=line.author,
        author_name=line.author_name,
        text=line.text,
        choices=line.choices,
        at=line.at,
        client_id=line.client_id,
        replaces=line.replaces,
        files=line.files,
    )
