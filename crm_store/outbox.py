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

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from sqlalchemy import select, text, update

from crm_store.engines import read
from crm_store.errors import Conflict, NotFound, StoreError
from crm_store.records import Post, PostState
from crm_store.tables import UNSENT, outbox

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection, RowMapping
    from sqlalchemy.ext.asyncio import AsyncEngine

    from crm_store.writer import Writer

_WAITING = text(UNSENT)

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
        return _post(row) if row else None

    async def claim(self, lane_key: str, now: datetime) -> Post | None:
        """Return the lane's first post, now inflight; None when there is none or it has to wait.

        A first post that is unknown is nobody's to claim: find out what became of it, then call
        `sent` or `retry`.
        """
        return await self._writer.submit(_claim_all, (lane_key, now))

    async def sent(self, post_id: int, remote_ref: str | None) -> None:
        """Note that the post is on the channel, under this name."""
        await self._move(post_id, PostState.SENT, remote_ref=remote_ref, last_error=None)

    async def unknown(self, post_id: int, error: str | None = None) -> None:
        """Note that the post may or may not have arrived."""
        await self._move(post_id, PostState.UNKNOWN, last_error=error)

    async def retry(self, post_id: int, not_before: datetime, error: str | None = None) -> None:
        """Note that the post did not arrive and is to be posted again."""
        await self._move(post_id, PostState.PENDING, not_before=not_before, last_error=error)

    async def dead(self, post_id: int, error: str) -> None:
        """Give the post up; the lane goes on behind it."""
        await self._move(post_id, PostState.DEAD, last_error=error)

    async def recover(self) -> int:
        """Return how many posts were on their way when the last process ended; now unknown."""
        return await self._writer.submit(_recover_all, None)

    async def _move(self, post_id: int, state: PostState, **values: Any) -> None:  # noqa: ANN401
        await self._writer.submit(_move_all, (post_id, state, values))


def _head(lane_key: str) -> Any:  # noqa: ANN401  # a Select
    return (
        select(outbox)
        .where(outbox.c.lane_key == lane_key, _WAITING)
        .order_by(outbox.c.id)
        .limit(1)
        .with_for_update()
    )


def _post(row: RowMapping) -> Post:
    values: dict[str, Any] = dict(row)
    return Post(**values | {"state": PostState(values["state"])})


# One statement for each post is right here: a channel takes one post a second.


def _claim_all(connection: Connection, batch: Sequence[tuple[str, datetime]]) -> list[Post | None]:
    outcomes: list[Post | None] = []
    for lane_key, now in batch:
        row = connection.execute(_head(lane_key)).mappings().first()
        post = _post(row) if row else None
        early = post is not None and post.not_before is not None and now < post.not_before
        if post is None or early or post.state is not PostState.PENDING:
            outcomes.append(None)
            continue
        claimed = {"state": PostState.INFLIGHT, "attempts": post.attempts + 1}
        connection.execute(update(outbox).where(outbox.c.id == post.id).values(claimed))
        outcomes.append(replace(post, state=PostState.INFLIGHT, attempts=post.attempts + 1))
    return outcomes


def _move_all(
    connection: Connection, batch: Sequence[tuple[int, PostState, dict[str, Any]]]
) -> list[StoreError | None]:
    outcomes: list[StoreError | None] = []
    for post_id, state, values in batch:
        moved = connection.execute(
            update(outbox)
            .where(outbox.c.id == post_id, outbox.c.state.in_(_FOLLOWS[state]))
            .values(state=state, **values)
        )
        outcomes.append(None if moved.rowcount else _refusal(connection, post_id, state))
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
