"""Works the inbox off: each thread in the order in which things were said, threads side by side.

Slack delivers concurrently, so what arrives first was not always said first. A message therefore
waits a moment for an older one of its thread. What people press does not wait: a dialog can be
opened for three seconds.

What is not done stays in the inbox, and a restart takes it up again. So a handler may see an event
twice, and must not mind.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import random
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol

import structlog

from bot.errors import ChannelError
from bot.slack.errors import SlackRefused, TryLater
from bot.slack.events import SlackEvent, Unknown, restored
from bot.slack.intake import SOURCE
from bot.slack.keys import standing_of
from crm_store.errors import Busy, StoreError, Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Sequence

    from crm_store.records import InboxItem

_log = structlog.get_logger()

WINDOW_S = 0.15
"""How long a message waits for an older one. Of 50 sent at once all arrived within 0.1 s."""

MOST_ATTEMPTS = 5
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 30.0
LOOK_EVERY_S = 30.0
"""In case a call to `wake` got lost, or another process took something in."""

PAGE = 100
MOST_IN_HAND = 1000

Handle = Callable[[SlackEvent], Awaitable[None]]


class WorksOff(Protocol):
    """The inbox of the store."""

    async def next_batch(self, limit: int) -> Sequence[InboxItem]:
        """Return the oldest events that are neither done nor parked."""

    async def done(self, item_id: int) -> None:
        """Note that an event was worked off."""

    async def park(self, item_id: int, error: str) -> None:
        """Note that an event cannot be worked off, and why; it is not offered again."""


class Worker:
    """Hands each event to the handler, in order, until it is done."""

    def __init__(
        self,
        inbox: WorksOff,
        handle: Handle,
        *,
        window_s: float = WINDOW_S,
        most_attempts: int = MOST_ATTEMPTS,
        first_wait_s: float = FIRST_WAIT_S,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        self._inbox = inbox
        self._handle = handle
        self._window_s = window_s
        self._most_attempts = most_attempts
        self._first_wait_s = first_wait_s
        self._look_every_s = look_every_s
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._in_hand: set[int] = set()
        self._lanes: dict[str, list[_Waiting]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._busy: set[asyncio.Task[None]] = set()
        """Of the tasks those in a handler, or writing down what came of it."""
        self._looking: asyncio.Task[None] | None = None
        self.parked = 0
        """How many events were given up since the start."""

    @property
    def depth(self) -> int:
        """How many events are in hand."""
        return len(self._in_hand)

    def start(self) -> None:
        """Begin, with what the last process left."""
        self._looking = asyncio.create_task(self._look(), name="slack inbox")

    def wake(self) -> None:
        """Say that something new is in the inbox."""
        self._news.set()

    async def close(self, within_s: float = 5.0) -> None:
        """Finish what is being handled, if that takes no longer than this; begin nothing more."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait({self._looking})
        # What still waits is on disk, and taken up at the next start.
        for lane in self._lanes.values():
            lane.clear()
        for task in self._tasks - self._busy:
            task.cancel()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=within_s)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)

    # -- from the inbox into lanes -----------------------------------------------------------

    async def _look(self) -> None:
        failures = 0
        while True:
            self._news.clear()
            try:
                is_more = await self._take_up()
                failures = 0
            except StoreError as error:
                failures += 1
                _log.warning("inbox_unreadable", error_type=type(error).__name__)
                await asyncio.sleep(self._backoff_s(failures))
                continue
            if not is_more:
                await self._await_news()

    async def _await_news(self) -> None:
        try:
            async with asyncio.timeout(self._look_every_s):
                await self._news.wait()
        except TimeoutError:
            return

    async def _take_up(self) -> bool:
        """Take what is new into hand; return whether there may be more."""
        while len(self._in_hand) >= MOST_IN_HAND:
            self._room.clear()
            await self._room.wait()
        # Asking for more than we hold, so that those in hand never hide the next ones.
        limit = len(self._in_hand) + PAGE
        batch = await self._inbox.next_batch(limit)
        new = [i for i in batch if i.source == SOURCE and i.id not in self._in_hand]
        for item in new:
            self._in_hand.add(item.id)
            self._place(item, restored(item.payload))
        return bool(new) and len(batch) >= limit

    def _place(self, item: InboxItem, event: SlackEvent) -> None:
        standing = standing_of(event)
        if standing.lane is None:
            self._run(self._work_off(item.id, event), f"slack event {item.id}")
            return
        ready_at = asyncio.get_running_loop().time() + self._window_s
        waiting = _Waiting(standing.at, item.id, ready_at, event)
        lane = self._lanes.get(standing.lane)
        if lane is not None:
            heapq.heappush(lane, waiting)
            return
        self._lanes[standing.lane] = [waiting]
        self._run(self._work_lane(standing.lane), f"slack lane {standing.lane}")

    def _run(self, work: Coroutine[None, None, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- out of lanes ------------------------------------------------------------------------

    async def _work_lane(self, name: str) -> None:
        lane = self._lanes[name]
        loop = asyncio.get_running_loop()
        while lane:
            wait_s = lane[0].ready_at - loop.time()
            if wait_s > 0:
                # Something older may come meanwhile, and is then looked at first.
                await asyncio.sleep(wait_s)
                continue
            first = heapq.heappop(lane)
            await self._work_off(first.item_id, first.event)
        del self._lanes[name]

    async def _work_off(self, item_id: int, event: SlackEvent) -> None:
        """Handle one event until it is done, or given up."""
        try:
            error = await self._attempt(event)
            if error is None:
                await self._note(lambda: self._inbox.done(item_id))
            else:
                self.parked += 1
                _log.error("event_given_up", kind=type(event).__name__, error=error)
                await self._note(lambda: self._inbox.park(item_id, error))
        finally:
            self._in_hand.discard(item_id)
            self._room.set()

    async def _attempt(self, event: SlackEvent) -> str | None:
        """Return None when the event is done, or why it never will be."""
        if isinstance(event, Unknown):
            return event.reason
        failures = hindrances = 0
        while True:
            try:
                async with self._being_busy():
                    await self._handle(event)
            except TryLater as later:
                wait_s = min(later.retry_after_s, LONGEST_WAIT_S)
            except (Busy, Unavailable) as error:
                # Not the event's fault, so it is not held against it.
                hindrances += 1
                wait_s = self._backoff_s(hindrances)
                self._warn(event, error, hindrances)
            except Exception as error:  # noqa: BLE001  # a thread must outlive whatever befalls it
                failures += 1
                self._warn(event, error, failures)
                permanent = isinstance(error, ChannelError) and error.permanent
                if permanent or failures >= self._most_attempts:
                    return _name_of(error)
                wait_s = self._backoff_s(failures)
            else:
                return None
            await asyncio.sleep(wait_s)

    @contextlib.asynccontextmanager
    async def _being_busy(self) -> AsyncIterator[None]:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("only tasks work events off")
        self._busy.add(task)
        try:
            yield
        finally:
            self._busy.discard(task)

    async def _note(self, write: Callable[[], Awaitable[None]]) -> None:
        """Write to the inbox what became of an event, however long the store is away."""
        failures = 0
        while True:
            try:
                async with self._being_busy():
                    await write()
            except StoreError as error:
                failures += 1
                _log.warning("inbox_unwritable", error_type=type(error).__name__)
                await asyncio.sleep(self._backoff_s(failures))
            else:
                return

    def _warn(self, event: SlackEvent, error: Exception, failures: int) -> None:
        # Neither the error's text nor a traceback: both may quote what somebody wrote.
        _log.warning(
            "event_failed",
            kind=type(event).__name__,
            error=_name_of(error),
            where=_where(error),
            failures=failures,
        )

    def _backoff_s(self, failures: int) -> float:
        longest = min(LONGEST_WAIT_S, self._first_wait_s * 2 ** min(failures, 16))
        return random.uniform(longest / 2, longest)  # noqa: S311  # no secret


class _Waiting:
    """An event in its lane; the oldest is the smallest."""

    __slots__ = ("at", "event", "item_id", "ready_at")

    def __init__(self, at: str, item_id: int, ready_at: float, event: SlackEvent) -> None:
        self.at = at
        self.item_id = item_id
        self.ready_at = ready_at
        self.event = event

    def __lt__(self, other: _Waiting) -> bool:
        return (self.at, self.item_id) < (other.at, other.item_id)


def _name_of(error: Exception) -> str:
    name = type(error).__name__
    return f"{name} {error.code}" if isinstance(error, SlackRefused) else name


def _where(error: Exception) -> str:
    """Return the line that failed."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback is None:
        return "nowhere"
    return f"{traceback.tb_frame.f_code.co_name}:{traceback.tb_lineno}"
