"""The only sender: brings what was recorded to whoever should see it.

What was recorded stands in the store; nothing here is kept anywhere else. A local channel shows it
at once to whoever is connected. A remote one is posted to from the store's outbox, lane by lane:

    claim (inflight is on disk) → post ─┬─ name        → sent
                                        ├─ TryLater    → pending, the lane pauses
                                        ├─ permanent   → dead; the lane goes on behind it
                                        ├─ transient   → pending, after a growing random wait
                                        └─ anything else → unknown → reconcile ─┬─ found → sent
                                                                                └─ absent → pending

One worker for each lane and one post under way: so a lane never overtakes itself, and a slow lane
keeps no other waiting.
"""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from bot.channels import TryLater
from bot.errors import ChannelError
from crm_store.drafts import Appended, Recorded
from crm_store.errors import StoreError
from crm_store.records import Post, PostState

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from bot.channels import Channel, RemoteChannel
    from bot.messages import Status
    from crm_store.records import Conversation
    from crm_store.store import Store

_log = structlog.get_logger()

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 300.0
POST_WITHIN_S = 30.0
"""A call that takes longer has an unknown outcome."""

SETTLE_S = 5.0
"""How long a post that did arrive may take to be seen on the channel."""


class Delivery:
    """Hands over to channels what was recorded."""

    def __init__(
        self,
        store: Store,
        channels: Mapping[str, Channel],
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        first_wait_s: float = FIRST_WAIT_S,
        settle_s: float = SETTLE_S,
    ) -> None:
        self._store = store
        self._channels = channels
        self._clock = clock
        self._first_wait_s = first_wait_s
        self._settle_s = settle_s
        self._lanes: dict[str, _Lane] = {}

    @property
    def lanes(self) -> int:
        """How many lanes have a worker at present."""
        return len(self._lanes)

    async def start(self) -> None:
        """Take up what the last process left, its unknown outcomes first."""
        await self._store.outbox.recover()
        for lane_key in await self._store.outbox.lanes():
            self.wake(lane_key)

    def deliver(
        self, conversation: Conversation, recorded: Recorded | Appended, status: Status | None
    ) -> None:
        """Deliver what was just recorded. Never waits and never fails."""
        channel = self._channels.get(conversation.channel)
        if channel is None:
            # Switched off since: its posts stay in the outbox until it is back.
            return
        if channel.remote:
            self.wake(f"{conversation.channel}:{conversation.address}")
        else:
            messages = recorded.messages if isinstance(recorded, Recorded) else (recorded.message,)
            channel.deliver(conversation.id, messages, status)

    async def close(self) -> None:
        """Stop posting. What is under way is unknown, and found out at the next start."""
        workers = [lane.worker for lane in self._lanes.values()]
        for worker in workers:
            worker.cancel()
        if workers:
            await asyncio.wait(workers)

    def show_status(self, conversation: Conversation, status: Status) -> None:
        """Show where a conversation stands, when nothing was said. Never waits and never fails."""
        channel = self._channels.get(conversation.channel)
        if channel is not None and not channel.remote:
            channel.deliver(conversation.id, (), status)

    def show_read(self, conversation: Conversation) -> None:
        """Show how far the desk has seen a conversation. Never waits and never fails."""
        channel = self._channels.get(conversation.channel)
        if channel is not None and not channel.remote:
            channel.read(conversation.id, conversation.desk_read_seq)

    def wake(self, lane_key: str) -> None:
        """Say that something waits in a lane."""
        lane = self._lanes.get(lane_key)
        if lane is not None:
            lane.news = True
            return
        channel = self._channels.get(lane_key.partition(":")[0])
        if channel is None or not channel.remote:
            return
        self._lanes[lane_key] = _Lane(lane_key, self._work(lane_key, channel))

    async def _work(self, lane_key: str, channel: RemoteChannel) -> None:
        """Work a lane off until nothing waits in it."""
        failures = 0
        while True:
            lane = self._lanes[lane_key]
            lane.news = False
            try:
                done = await self._step(lane_key, channel)
                failures = 0
            except Exception as error:  # noqa: BLE001  # a lane must outlive whatever befalls it
                failures += 1
                done = False
                _log.warning("lane_stumbled", lane=lane_key, error_type=type(error).__name__)
                await asyncio.sleep(self._backoff_s(failures))
            # Nothing is awaited between this look and the farewell: no news can fall in between.
            if done and not lane.news:
                del self._lanes[lane_key]
                return

    async def _step(self, lane_key: str, channel: RemoteChannel) -> bool:
        """Bring the lane's first post one state further; return whether the lane is empty."""
        post = await self._store.outbox.head(lane_key)
        if post is None:
            return True
        if post.state is PostState.INFLIGHT:
            # Nobody else works this lane, so it is our own, whose outcome could not be noted.
            await self._store.outbox.unknown(post, "the outcome was not noted")
            return False
        if post.state is PostState.UNKNOWN:
            await self._settle(post, channel)
            return False
        if post.not_before is not None:
            await asyncio.sleep(max(0.0, (post.not_before - self._clock()).total_seconds()))
        claimed = await self._store.outbox.claim(lane_key, self._clock())
        if claimed is None:
            await asyncio.sleep(self._first_wait_s)
        else:
            await self._post(claimed, channel)
        return False

    async def _post(self, post: Post, channel: RemoteChannel) -> None:
        outbox = self._store.outbox
        try:
            async with asyncio.timeout(POST_WITHIN_S):
                name = await channel.post(post)
        except TryLater as later:
            await outbox.retry(post, self._after(later.retry_after_s), str(later))
        except ChannelError as error:
            if error.permanent:
                _log.error("post_given_up", lane=post.lane_key, conversation=post.conversation_id)
                await outbox.dead(post, str(error))
            else:
                not_before = self._after(self._backoff_s(post.attempts))
                await outbox.retry(post, not_before, str(error))
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001  # it may have arrived: nobody knows yet
            await outbox.unknown(post, type(error).__name__)
        else:
            await outbox.sent(post, name)

    async def _settle(self, post: Post, channel: RemoteChannel) -> None:
        """Find out what became of a post, and post again only what is known not to be there."""
        name = await channel.reconcile(post)
        if name is None:
            await asyncio.sleep(self._settle_s)
            name = await channel.reconcile(post)
        if name is None:
            await self._store.outbox.retry(post, self._clock(), "did not arrive")
        else:
            await self._store.outbox.sent(post, name)

    def _after(self, seconds: float) -> datetime:
        return self._clock() + timedelta(seconds=seconds)

    def _backoff_s(self, attempts: int) -> float:
        """Return a wait with full jitter: those who failed together must not return together."""
        longest = min(LONGEST_WAIT_S, self._first_wait_s * 2 ** min(attempts, 16))
        return random.uniform(0, longest)  # noqa: S311  # no secret


class _Lane:
    """A worker, and whether something came while it looked away."""

    def __init__(self, lane_key: str, work: Coroutine[None, None, None]) -> None:
        self.news = False
        self.worker = asyncio.create_task(work, name=f"lane {lane_key}")
