"""The store's inbox without a database: the same promises, kept in a list."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from crm_store.errors import Unavailable
from crm_store.records import InboxItem

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from crm_store.records import Json


class MemoryInbox:
    """An inbox; `away` makes every use of it fail as a database does that is gone."""

    def __init__(self) -> None:
        self.items: list[InboxItem] = []
        self.known: set[str] = set()
        self.finished: set[int] = set()
        self.parked: dict[int, str] = {}
        self.away = False

    async def take_in(
        self, source: str, keys: tuple[str, ...], payload: Json, at: datetime
    ) -> bool:
        self._check()
        is_new = not self.known & set(keys)
        self.known |= set(keys)
        if is_new:
            # Through JSON, as a database would.
            stored = msgspec.json.decode(msgspec.json.encode(payload))
            item = InboxItem(
                id=len(self.items) + 1,
                source=source,
                payload=stored,
                received_at=at,
            )
            self.items.append(item)
        return is_new

    async def next_batch(self, limit: int) -> Sequence[InboxItem]:
        self._check()
        return self.open[:limit]

    async def done(self, item_id: int) -> None:
        self._check()
        self.finished.add(item_id)

    async def park(self, item_id: int, error: str) -> None:
        self._check()
        self.parked[item_id] = error

    @property
    def open(self) -> list[InboxItem]:
        gone = self.finished | self.parked.keys()
        return [item for item in self.items if item.id not in gone]

    def _check(self) -> None:
        if self.away:
            raise Unavailable("away")


async def until(condition: Callable[[], object], within_s: float = 10.0) -> None:
    """Return once the condition holds; fail when it does not come to hold."""
    for _ in range(int(within_s / 0.002)):
        if condition():
            return
        await asyncio.sleep(0.002)
    raise AssertionError("it never came about")
