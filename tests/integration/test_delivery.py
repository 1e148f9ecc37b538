"""Delivery over a real store, to channels that record what they were given."""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import pytest

from bot.channels import TryLater
from bot.delivery import Delivery
from bot.errors import ChannelError
from bot.messages import Status
from crm_store.drafts import Appended, Line, Opening
from crm_store.records import AuthorKind, Message, Post
from crm_store.store import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path


class Remote:
    """A channel behind a server that does what the test says."""

    name: str = "slack"
    remote: Literal[True] = True

    def __init__(self) -> None:
        self.seen: list[str] = []
        """What stands on the channel, in order."""
        self.script: deque[Exception | str] = deque()
        self.posts = 0
        self.under_way = 0
        self.most_under_way = 0
        self.reconciled = 0
        self.cannot_tell = 0

    async def post(self, post: Post) -> str | None:
        self.posts += 1
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await asyncio.sleep(0)
            step = self.script.popleft() if self.script else "ok"
            if step in ("ok", "lost answer"):
                self.seen.append(f"{post.conversation_id}/{post.seq}")
            if step == "lost answer":
                raise ConnectionResetError
            if isinstance(step, Exception):
                raise step
            return f"ref-{post.id}"
        finally:
            self.under_way -= 1

    async def reconcile(self, post: Post) -> str | None:
        self.reconciled += 1
        if self.cannot_tell:
            self.cannot_tell -= 1
            raise ChannelError("history is away")
        return "found" if f"{post.conversation_id}/{post.seq}" in self.seen else None


class Local:
    name: str = "webchat"
    remote: Literal[False] = False

    def __init__(self) -> None:
        self.shown: list[tuple[str, list[str], Status | None]] = []

    def deliver(
        self, conversation_id: str, messages: Sequence[Message], status: Status | None
    ) -> None:
        self.shown.append((conversation_id, [m.text for m in messages], status))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await Store.open(tmp_path / "delivery.db")
    yield store
    await store.close()


def delivery_of(store: Store, *channels: Any) -> Delivery:
    by_name = {channel.name: channel for channel in channels}
    return Delivery(store, by_name, first_wait_s=0.005, settle_s=0.01)


async def say(store: Store, channel: str, text: str, *, lane: str = "C1") -> Appended:
    opened = await store.conversations.open(
        Opening(channel=channel, identity=lane, verified=False, at=datetime.now(UTC), address=lane)
    )
    return await store.conversations.append(
        Line(
            conversation_id=opened.conversation.id,
            author=AuthorKind.BOT,
            author_name=None,
            text=text,
            at=datetime.now(UTC),
            outbox=channel == "slack",
        )
    )


async def settled(delivery: Delivery) -> None:
    async with asyncio.timeout(5):
        while delivery.lanes:  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def test_a_local_channel_is_shown_at_once(store: Store) -> None:
    local = Local()
    delivery = delivery_of(store, local)
    appended = await say(store, "webchat", "hello")
    delivery.deliver(appended.conversation, appended, Status(owner="bot"))
    assert local.shown == [(appended.conversation.id, ["hello"], Status(owner="bot"))]


async def test_a_channel_that_is_off_keeps_its_posts(store: Store) -> None:
    appended = await say(store, "slack", "later")
    off = delivery_of(store, Local())
    await off.start()
    off.deliver(appended.conversation, appended, None)
    assert off.lanes == 0
    remote = Remote()
    on = delivery_of(store, remote)
    await on.start()
    await settled(on)
    assert len(remote.seen) == 1


TROUBLES: list[list[Exception | str]] = [
    ["ok"],
    [ChannelError("503"), ChannelError("503"), "ok"],
    [TryLater(0.01), "ok"],
    ["lost answer"],
    [TimeoutError(), "ok"],
    [TimeoutError(), ConnectionResetError(), ChannelError("x"), "lost answer", "ok"],
    [RuntimeError("a fault of the channel's own"), "ok"],
]


@pytest.mark.parametrize("script", TROUBLES)
async def test_whatever_happens_each_is_there_once_and_in_order(
    store: Store, script: list[Exception | str]
) -> None:
    remote = Remote()
    remote.script.extend(script)
    delivery = delivery_of(store, remote)
    for n in range(5):
        appended = await say(store, "slack", str(n))
        delivery.deliver(appended.conversation, appended, None)
    await settled(delivery)
    assert [seen.rpartition("/")[2] for seen in remote.seen] == ["1", "2", "3", "4", "5"]
    assert remote.most_under_way == 1
    assert await store.outbox.lanes() == ()


async def test_what_the_channel_refuses_for_good_does_not_block_the_lane(store: Store) -> None:
    remote = Remote()
    remote.script.extend([ChannelError("is_archived", permanent=True)])
    delivery = delivery_of(store, remote)
    for n in range(3):
        appended = await say(store, "slack", str(n))
        delivery.deliver(appended.conversation, appended, None)
    await settled(delivery)
    assert [seen.rpartition("/")[2] for seen in remote.seen] == ["2", "3"]


async def test_a_slow_lane_keeps_no_other_waiting(store: Store) -> None:
    remote = Remote()
    remote.script.extend([TryLater(30)])
    delivery = delivery_of(store, remote)
    slow = await say(store, "slack", "slow", lane="C1")
    delivery.deliver(slow.conversation, slow, None)
    async with asyncio.timeout(5):
        while remote.posts < 1:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    fast = await say(store, "slack", "fast", lane="C2")
    delivery.deliver(fast.conversation, fast, None)
    async with asyncio.timeout(5):
        while delivery.lanes > 1:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    assert remote.seen == [f"{fast.conversation.id}/1"]
    await delivery.close()


async def test_a_crash_between_post_and_note_posts_nothing_twice(store: Store) -> None:
    remote = Remote()
    appended = await say(store, "slack", "once")
    (lane,) = await store.outbox.lanes()
    # What a killed process leaves: inflight on disk, the post on the channel, no note of it.
    post = await store.outbox.claim(lane, datetime.now(UTC))
    assert post is not None
    await remote.post(post)
    delivery = delivery_of(store, remote)
    await delivery.start()
    await settled(delivery)
    assert remote.seen == [f"{appended.conversation.id}/1"]
    assert remote.posts == 1


async def test_an_outcome_that_could_not_be_noted_is_found_out(store: Store) -> None:
    remote = Remote()
    delivery = delivery_of(store, remote)
    appended = await say(store, "slack", "once")
    (lane,) = await store.outbox.lanes()
    post = await store.outbox.claim(lane, datetime.now(UTC))
    assert post is not None
    await remote.post(post)
    # No restart in between: the lane itself meets its own post under way.
    delivery.deliver(appended.conversation, appended, None)
    await settled(delivery)
    assert (remote.posts, remote.reconciled) == (1, 1)


async def test_a_channel_that_cannot_tell_is_asked_again(store: Store) -> None:
    remote = Remote()
    remote.script.extend(["lost answer"])
    remote.cannot_tell = 3
    delivery = delivery_of(store, remote)
    appended = await say(store, "slack", "x")
    delivery.deliver(appended.conversation, appended, None)
    await settled(delivery)
    assert (remote.posts, remote.reconciled) == (1, 4)


async def test_nothing_is_forgotten_between_the_last_look_and_the_next_message(
    store: Store,
) -> None:
    remote = Remote()
    delivery = delivery_of(store, remote)
    for n in range(60):
        appended = await say(store, "slack", str(n))
        delivery.deliver(appended.conversation, appended, None)
        await asyncio.sleep(0.001 * (n % 7))
    await settled(delivery)
    assert len(remote.seen) == 60


async def test_closing_stops_the_workers(store: Store) -> None:
    remote = Remote()
    remote.script.extend([TryLater(60)])
    delivery = delivery_of(store, remote)
    appended = await say(store, "slack", "x")
    delivery.deliver(appended.conversation, appended, None)
    await asyncio.sleep(0.05)
    before = len(asyncio.all_tasks())
    await delivery.close()
    assert len(asyncio.all_tasks()) == before - 1
