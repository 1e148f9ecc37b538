"""What can go wrong in the store.

StoreError
├── NotFound            no such row
├── Conflict            somebody else was faster; load again and decide anew
│   └── AlreadyHandled  another turn has answered this message; there is nothing left to do
├── IllegalTransition   a state that cannot follow the present one
├── Busy                too much is waiting to be written; come back in `retry_after_s`
├── Unavailable         the database cannot be used at present (disk full, locked, gone)
├── Occupied            another process serves this SQLite file
└── SchemaMismatch      the database is newer than this program, or was never upgraded
"""

# The names say what is the matter; the package says that it is an error.
# ruff: noqa: N818

from __future__ import annotations


class StoreError(Exception):
    """Base of everything that `crm_store` raises on purpose."""


class NotFound(StoreError):
    """There is no such row."""


class Conflict(StoreError):
    """The row changed since it was read."""


class AlreadyHandled(Conflict):
    """Another turn has answered the message."""


class IllegalTransition(StoreError):
    """The state asked for cannot follow the present one."""


class Busy(StoreError):
    """The queue of writes is full."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"busy, come back in {retry_after_s:.1f} s")
        self.retry_after_s = retry_after_s


class Unavailable(StoreError):
    """The database cannot be used at present."""


class Occupied(StoreError):
    """Another process serves this database."""


class SchemaMismatch(StoreError):
    """The database's schema is not the one that this program knows."""
