"""What can go wrong in the service.

BotError
├── ConfigError    the configuration cannot be used; carries every fault found
├── ChannelError   a channel would not take a message; `permanent` says whether to try again
└── ActionError    an action could not be done; `permanent` likewise
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterable


class Fault(Struct, frozen=True, kw_only=True):
    """One fault in a configuration file."""

    path: Path
    line: int
    """From 1; 1 as well where the fault is the whole file's."""
    code: str
    """Listed with its meaning in `docs/configuration.md`."""
    message: str

    @override
    def __str__(self) -> str:
        return f"{shown(self.path)}:{self.line}: {self.code} {self.message}"


def shown(path: Path) -> str:
    """Return a path as people want to read it: relative when it lies below the current folder."""
    absolute = path.absolute()
    try:
        return absolute.relative_to(Path.cwd()).as_posix()
    except ValueError:
        return str(absolute)


class BotError(Exception):
    """Base of everything that `bot` raises on purpose."""


class ConfigError(BotError):
    """The configuration has faults."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(faults, key=lambda fault: (str(fault.path), fault.line)))
        super().__init__("\n".join(map(str, self.faults)))


class ChannelError(BotError):
    """A channel would not take a message."""

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent
        """True when trying again cannot help."""


class ActionError(BotError):
    """An action could not be done."""

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent
        """True when trying again cannot help."""
