"""Names for new rows: 26 characters that sort by the time they were made.

Ids of one process never go backwards, not even within a millisecond, so an index on them grows at
its end. Order of messages never rests on ids: that is what `seq` is for.
"""

from __future__ import annotations

from ulid import ULID


def new_id() -> str:
    """Return a fresh ULID."""
    return str(ULID())
