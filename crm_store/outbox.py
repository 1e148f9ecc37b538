"""What has to be posted to outside channels: written with the message, sent afterwards.

Each lane (a channel and a place on it) is worked off strictly in order, one post at a time:

    pending ──claim──> inflight ──> sent
       ^                  │ ├────> dead       refused for good; shown to people
       └── retry ─────────┤ └────> unknown    may have arrived: look before posting again
                          └── retry from unknown as well, once it is known not to have arrived

`inflight` is on disk before the channel is called. So after a crash whatever is inflight may or may
not have arrived, and `recover` makes it unknown.
"""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from sqlalchemy import bindparam, func, insert, select, text, update

from crm_store.engines import read
from crm_store.errors import Conflict, NotFound, StoreError
from crm_store.records import Post, PostState
from crm_store.tables import UNSENT, outbox

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection, RowMapping
    from sqlalchemy.ext.asyncio import AsyncEngine

    from crm_store.drafts import PostDraft
    from crm_store.writer import Writer

_WAITING = text(UNSENT)

LONG_LANE = 5
"""So many waiting posts make a lane long: at a post a second they are five seconds."""

MOST_MERGED = 20
"""Posts that go out as one; their lines must fit into one message of Slack."""

NEAR = 20
"""Posts that one plan may ask for before the one that is looked for."""

_FOLLOWS = {
    PostState.INFLIGHT: frozenset({PostState.PENDING}),
    PostState.SENT: frozenset({PostState.INFLIGHT, PostState.UNKNOWN}),
    PostState.UNKNOWN: frozenset({PostState.INFLIGHT}),
    PostState.PENDING: frozenset({PostState.INFLIGHT, PostState.UNKNOWN}),
    PostState.DEAD: frozenset({PostState.INFLIGHT, PostState.UNKNOWN, PostState.PENDING}),
}
"""Which states a post may come from."""


class Outbox:
    """The outbox of the store."""

    def __init__(self, engine: AsyncEngine, writer: Writer) -> None:
        self._engine = engine
        self._writer = writer

    async def lanes(self) -> tuple[str, ...]:
        """Return the lanes in which something waits."""
        async with read(self._engine) as connection:
            statement = select(outbox.c.lane_key).where(_WAITING).distinct()
            found = await connection.scalars(statement.order_by(outbox.c.lane_key))
            return tuple(found)

    async def head(self, lane_key: str) -> Post | None:
        """Return the first post of the lane that is neither sent nor dead."""
        async with read(self._engine) as connection:
            row = (await connection.execute(_head(lane_key))).mappings().first()
            if row is None or row["state"] == PostState.PENDING:
                return _post(row) if row else None
            wanted = {"lane": lane_key, "head": row["id"]}
            with_it = await connection.execute(_WITH, wanted)
            return replace(_post(row), also=tuple(_post(each) for each in with_it.mappings()))

    async def claim(self, lane_key: str, now: datetime) -> Post | None:
        """Return the lane's first post, now inflight; None when there is none or it has to wait.

        In a long lane the posts behind it that can become one with it go out with it, in `also`;
        whatever is noted of it is noted of them.

        A first post that is unknown is nobody's to claim: find out what became of it, then call
        `sent` or `retry`.
        """
        return await self._writer.submit(_claim_all, (lane_key, now))

    async def sent(self, post: Post, remote_ref: str | None) -> None:
        """Note that the post is on the channel, under this name."""
        await self._move(post, PostState.SENT, remote_ref=remote_ref, last_error=None)

    async def unknown(self, post: Post, error: str | None = None) -> None:
        """Note that the post may or may not have arrived."""
        await self._move(post, PostState.UNKNOWN, last_error=error)

    async def retry(self, post: Post, not_before: datetime, error: str | None = None) -> None:
        """Note that the post did not arrive and is to be posted again."""
        # What has to be posted again may find other company then.
        await self._move(
            post, PostState.PENDING, not_before=not_before, last_error=error, batch=None
        )

    async def dead(self, post: Post, error: str) -> None:
        """Give the post up; the lane goes on behind it."""
        await self._move(post, PostState.DEAD, last_error=error)

    async def add(self, draft: PostDraft, at: datetime) -> None:
        """Ask for something to be posted."""
        await self._writer.submit(_add_all, (draft, at))

    async def find(self, remote_ref: str) -> Post | None:
        """Return the post that the channel calls so."""
        async with read(self._engine) as connection:
            found = await connection.execute(
                select(outbox).where(outbox.c.remote_ref == remote_ref).order_by(outbox.c.id)
            )
            row = found.mappings().first()
        return _post(row) if row else None

    async def of_message(self, conversation_id: str, seq: int) -> tuple[Post, ...]:
        """Return the posts that show a message, oldest first."""
        async with read(self._engine) as connection:
            found = await connection.execute(
                select(outbox)
                .where(outbox.c.conversation_id == conversation_id, outbox.c.seq == seq)
                .order_by(outbox.c.id)
            )
            return tuple(_post(row) for row in found.mappings())

    async def soon_after(self, id_: int, kind: str) -> Post | None:
        """Return the first post of a kind that was asked for right after another one."""
        near = (outbox.c.id > id_, outbox.c.id <= id_ + NEAR, outbox.c.kind == kind)
        async with read(self._engine) as connection:
            found = await connection.execute(
                select(outbox).where(*near).order_by(outbox.c.id).limit(1)
            )
            row = found.mappings().first()
        return _post(row) if row else None

    async def given_up(self, limit: int = 20) -> tuple[Post, ...]:
        """Return what will never be posted, newest first."""
        async with read(self._engine) as connection:
            found = await connection.execute(
                select(outbox)
                .where(outbox.c.state == PostState.DEAD)
                .order_by(outbox.c.id.desc())
                .limit(limit)
            )
            return tuple(_post(row) for row in found.mappings())

    async def count_given_up(self, conversation_id: str) -> int:
        """Return how many posts that show a conversation will never be made."""
        statement = (
            select(func.count())
            .select_from(outbox)
            .where(outbox.c.conversation_id == conversation_id, outbox.c.state == PostState.DEAD)
        )
        async with read(self._engine) as connection:
            return (await connection.execute(statement)).scalar_one()

    async def recover(self) -> int:
        """Return how many posts were on their way when the last process ended; now unknown."""
        return await self._writer.submit(_recover_all, None)

    async def _move(self, post: Post, state: PostState, **values: Any) -> None:  # noqa: ANN401  # columns
        ids = (post.id, *(each.id for each in post.also))
        await self._writer.submit(_move_all, (ids, state, values))


def post_row(draft: PostDraft, at: datetime) -> dict[str, Any]:
    """Return the row that asks for a post."""
    return {
        "lane_key": draft.lane_key,
        "kind": draft.kind,
        "payload": draft.payload,
        "merge_key": draft.merge_key,
        "state": PostState.PENDING,
        "attempts": 0,
        "created_at": at,
    }


def _head(lane_key: str) -> Any:  # noqa: ANN401  # a Select
    return (
        select(outbox)
        .where(outbox.c.lane_key == lane_key, _WAITING)
        .order_by(outbox.c.id)
        .limit(1)
        .with_for_update()
    )


_WITH = (
    select(outbox)
    .where(
        outbox.c.lane_key == bindparam("lane"),
        _WAITING,
        outbox.c.batch == bindparam("head"),
        outbox.c.id != outbox.c.batch,
    )
    .order_by(outbox.c.id)
)


def _post(row: RowMapping) -> Post:
    values: dict[str, Any] = dict(row)
    return Post(**values | {"state": PostState(values["state"])})


# One statement for each post is right here: a channel takes one post a second.


def _add_all(connection: Connection, batch: Sequence[tuple[PostDraft, datetime]]) -> list[None]:
    connection.execute(insert(outbox), [post_row(draft, at) for draft, at in batch])
    return [None] * len(batch)


def _claim_all(connection: Connection, batch: Sequence[tuple[str, datetime]]) -> list[Post | None]:
    return [_claim(connection, lane_key, now) for lane_key, now in batch]


def _claim(connection: Connection, lane_key: str, now: datetime) -> Post | None:
    row = connection.execute(_head(lane_key)).mappings().first()
    post = _post(row) if row else None
    early = post is not None and post.not_before is not None and now < post.not_before
    if post is None or early or post.state is not PostState.PENDING:
        return None
    also = _followers(connection, post) if post.merge_key is not None else ()
    claimed = {"state": PostState.INFLIGHT, "attempts": post.attempts + 1, "batch": post.id}
    ids = [post.id, *(each.id for each in also)]
    connection.execute(update(outbox).where(outbox.c.id.in_(ids)).values(claimed))
    return replace(post, state=PostState.INFLIGHT, attempts=post.attempts + 1, also=also)


def _followers(connection: Connection, head: Post) -> tuple[Post, ...]:
    """Return the posts right behind that can become one with this one, if the lane is long."""
    behind = connection.execute(
        select(outbox)
        .where(outbox.c.lane_key == head.lane_key, outbox.c.id > head.id, _WAITING)
        .order_by(outbox.c.id)
        .limit(MOST_MERGED)
    )
    waiting = [_post(row) for row in behind.mappings()]
    if len(waiting) < LONG_LANE:
        return ()
    return tuple(takewhile(lambda post: post.merge_key == head.merge_key, waiting))


def _move_all(
    connection: Connection, batch: Sequence[tuple[tuple[int, ...], PostState, dict[str, Any]]]
) -> list[StoreError | None]:
    outcomes: list[StoreError | None] = []
    for ids, state, values in batch:
        moved = connection.execute(
            update(outbox)
            .where(outbox.c.id.in_(ids), outbox.c.state.in_(_FOLLOWS[state]))
            .values(state=state, **values)
        )
        outcomes.append(None if moved.rowcount else _refusal(connection, ids[0], state))
    return outcomes


def _refusal(connection: Connection, post_id: int, state: PostState) -> StoreError | None:
    found = connection.scalar(select(outbox.c.state).where(outbox.c.id == post_id))
    if found is None:
        return NotFound(f"no post {post_id}")
    return None if found == state else Conflict(f"post {post_id} is {found}")


def _recover_all(connection: Connection, batch: Sequence[None]) -> list[int]:
    recovered = connection.execute(
        update(outbox).where(outbox.c.state == PostState.INFLIGHT).values(state=PostState.UNKNOWN)
    )
    return [recovered.rowcount] * len(batch)
