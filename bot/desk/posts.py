"""What is asked to be posted on the desk, and in which lanes it stands. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_store.drafts import PostDraft

if TYPE_CHECKING:
    from crm_store.desk_records import Thread

CHANNEL = "desk"
TICKS = "desk:ticks"
"""The lane of the ticks on what was sent: they keep no line waiting."""

FILES = "desk:files"
"""Begins the lanes of customers' files."""

CARDS = "desk:cards"
"""The lane of cards that are brought up to date."""


ESCALATED = "notice.escalated"
"""The key of the call for help with a ticket that is overdue."""


def tick(channel: str, ts: str) -> PostDraft:
    """Return the post that ticks a message off as sent to the customer."""
    return PostDraft(lane_key=TICKS, kind="desk.tick", payload={"channel": channel, "ts": ts})


def in_thread(thread: Thread, key: str, /, **values: str | float) -> PostDraft:
    """Return the post that tells a thread something, in our own words."""
    payload = {"thread": thread.id, "key": key, "values": values}
    return PostDraft(lane_key=f"{CHANNEL}:{thread.channel}", kind="desk.notice", payload=payload)


def in_channel(channel: str, key: str, **values: str | float) -> PostDraft:
    """Return the post that tells a channel something, outside of threads."""
    payload = {"channel": channel, "key": key, "values": values}
    return PostDraft(lane_key=f"{CHANNEL}:{channel}", kind="desk.told", payload=payload)


def to_agent(agent: str, key: str, /, **values: str | float) -> PostDraft:
    """Return the post that tells an agent something in private."""
    user = agent.partition(":")[2]
    payload = {"agent": agent, "user": user, "key": key, "values": values}
    return PostDraft(lane_key=f"{CHANNEL}:direct", kind="desk.direct", payload=payload)


def redrawn(thread: Thread) -> PostDraft:
    """Return the post that draws for another reader what stands in a thread from its beginning."""
    return PostDraft(lane_key=CARDS, kind="desk.redraw", payload={"thread": thread.id})


def renewed(thread: Thread) -> PostDraft:
    """Return the post that brings a card up to date, whether or not a plan will ask for it."""
    return PostDraft(
        lane_key=CARDS,
        kind="desk.update",
        payload={"thread": thread.id},
        # As plans call it: one that waits is enough.
        merge_key=f"card:{thread.id}",
    )
