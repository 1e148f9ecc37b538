"""By what an event is known again, and where it stands among others.

Slack delivers what it is not sure of again, minutes later and with another envelope, and tells of
one message in more than one event. So an event has several keys, and is old when any is known.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import orjson
from msgspec import Struct

from bot.slack.events import (
    Closed,
    Command,
    Deleted,
    Edited,
    HomeOpened,
    Joined,
    Mentioned,
    Pressed,
    Reacted,
    Said,
    Shortcut,
    Submitted,
    kept,
)
from bot.slack.reading import text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.slack.events import SlackEvent

Keyed = (
    Said
    | Mentioned
    | Edited
    | Deleted
    | Reacted
    | Pressed
    | Submitted
    | Closed
    | Shortcut
    | Command
)


def keys_of(event: SlackEvent, body: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the event's keys; it is the same as any other that shares one."""
    keys = []
    event_id = text(dict(body), "event_id")
    if event_id is not None:
        keys.append(f"event:{getattr(event, 'team', '')}:{event_id}")
    own = _own_key(event)
    if own is not None:
        keys.append(own)
    if isinstance(event, Deleted):
        keys.append(gone_key(event.team, event.channel, event.ts))
    if not keys:
        digest = hashlib.sha256(orjson.dumps(kept(event), option=orjson.OPT_SORT_KEYS))
        keys.append(f"body:{digest.hexdigest()}")
    return tuple(keys)


def gone_key(team: str, channel: str, ts: str) -> str:
    """Return the key by which the inbox knows that a message was removed."""
    return f"gone:{team}:{channel}:{ts}"


def _own_key(event: SlackEvent) -> str | None:
    """Return the key that follows from what happened, however Slack delivered it."""
    match event:
        case Said() | Mentioned():
            return _key(event, event.channel, event.ts)
        case Edited() | Deleted():
            return _key(event, event.channel, event.ts, event.at)
        case Reacted():
            change = "added" if event.added else "removed"
            where = (event.channel, event.ts)
            return _key(event, *where, event.user, event.name, change, event.at)
        case _:
            return _key_of_interaction(event)


def _key_of_interaction(event: SlackEvent) -> str | None:
    match event:
        case Pressed():
            return _key(event, event.trigger_id, event.at)
        case Submitted():
            return _key(event, event.trigger_id, event.view.id, event.view.hash)
        case Closed():
            return _key(event, event.view.id, event.view.hash)
        case Shortcut() if event.trigger_id or event.at:
            return _key(event, event.trigger_id, event.at)
        case Command():
            return _key(event, event.trigger_id)
        case _:
            return None


def _key(event: Keyed, *parts: str) -> str:
    kind = type(event).__name__.lower()
    return ":".join((kind, event.team, *parts))


class Standing(Struct, frozen=True):
    """Where an event stands: events of one lane are worked off one by one, by their time."""

    lane: str | None
    """None: at once. A dialog can be opened for three seconds only."""
    at: str
    """Sorts as text by the time at which it happened."""


def standing_of(event: SlackEvent) -> Standing:
    """Return where an event stands."""
    match event:
        case Said() | Mentioned():
            return Standing(_lane(event), _sortable(event.ts))
        case Edited() | Deleted():
            # Times of edits are whole seconds, and may seem to be before the message itself.
            return Standing(_lane(event), max(_sortable(event.at), _sortable(event.ts)))
        case Reacted():
            return Standing(_lane(event), _sortable(event.at))
        case Pressed() | Shortcut() | HomeOpened() | Joined():
            return Standing(None, _sortable(event.at))
        case _:
            return Standing(None, "")


def _lane(event: Said | Mentioned | Edited | Deleted | Reacted) -> str:
    """Return the thread; with one person alone, where nobody uses threads, all that is said."""
    alone = event.channel.startswith("D") or getattr(event, "channel_type", None) == "im"
    thread = "" if alone else getattr(event, "thread_ts", None) or event.ts
    return f"{event.team}:{event.channel}:{thread}"


def _sortable(ts: str) -> str:
    seconds, _, rest = ts.partition(".")
    return f"{seconds:0>12}.{rest:0<6}"
