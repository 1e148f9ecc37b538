"""Who is connected: conversation → its open connections, and how many there are from where."""

from __future__ import annotations

import contextlib
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from bot.channels.webchat.connection import Connection


class Sockets:
    """The registry of open connections."""

    def __init__(self) -> None:
        self._by_conversation: dict[str, set[Connection]] = {}
        self._from: Counter[str] = Counter()

    @property
    def total(self) -> int:
        """How many sockets are open, welcomed or not."""
        return self._from.total()

    def count_from(self, address: str) -> int:
        """Return how many are open from a network address."""
        return self._from.get(address, 0)

    @contextlib.contextmanager
    def counted(self, address: str) -> Iterator[None]:
        """Count a socket from its first moment: idle ones cost as well."""
        self._from[address] += 1
        try:
            yield
        finally:
            self._from[address] -= 1
            if not self._from[address]:
                del self._from[address]

    @contextlib.contextmanager
    def registered(self, connection: Connection) -> Iterator[None]:
        """Have the connection told of everything that happens in its conversation."""
        of_it = self._by_conversation.setdefault(connection.conversation_id, set())
        of_it.add(connection)
        try:
            yield
        finally:
            of_it.discard(connection)
            if not of_it and self._by_conversation.get(connection.conversation_id) is of_it:
                del self._by_conversation[connection.conversation_id]

    def of(self, conversation_id: str) -> Collection[Connection]:
        """Return the connections of a conversation."""
        return self._by_conversation.get(conversation_id, ())

    def all(self) -> list[Connection]:
        """Return every connection."""
        return [one for of_it in self._by_conversation.values() for one in of_it]
