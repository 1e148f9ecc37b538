"""What the environment says: where to listen, where data lives, and secrets.

Read once, here. A secret may stand in a file instead: `NAME_FILE` names it. Nothing secret has a
place in a configuration folder.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from bot.errors import BotError
from bot.slack.credentials import Credentials, credentials

if TYPE_CHECKING:
    from collections.abc import Mapping


class Environment(Struct, frozen=True, kw_only=True):
    """The environment of a service."""

    database: str | None
    """SQLAlchemy URL; None = SQLite in the data folder."""
    identity_keys: tuple[str, ...]
    """Sign and verify customers' identities; the first signs."""
    admin_port: int | None
    """Where /metrics is served when not beside the chat."""
    slack: Credentials | None = None
    """What opens the workspace of the desk; None = web chat alone."""


def read(variables: Mapping[str, str] | None = None) -> Environment:
    """Return what the environment says.

    Raises:
        BotError: A value cannot be used, or a secret's file cannot be read.
    """
    variables = os.environ if variables is None else variables
    port = variables.get("FRONTDESK_ADMIN_PORT")
    if port is not None and not (port.isdecimal() and 0 < int(port) < 1 << 16):
        raise BotError("FRONTDESK_ADMIN_PORT is not a port")
    proxies = variables.get("FRONTDESK_PROXIES") or "0"
    if not proxies.isdecimal():
        raise BotError("FRONTDESK_PROXIES is not a number")
    keys = _secret(variables, "FRONTDESK_IDENTITY_KEYS") or ""
    return Environment(
        database=_secret(variables, "FRONTDESK_DATABASE_URL"),
        identity_keys=tuple(keys.replace(",", " ").split()),
        admin_port=int(port) if port else None,
        slack=slack(variables),
    )


def slack(variables: Mapping[str, str] | None = None) -> Credentials | None:
    """Return what the environment says of Slack; None when it names none.

    Raises:
        BotError: It says so by half, or a secret's file cannot be read.
    """
    variables = os.environ if variables is None else variables
    return credentials(lambda name: _value(variables, name))


def _secret(variables: Mapping[str, str], name: str) -> str | None:
    return _value(variables, name) or None


def _value(variables: Mapping[str, str], name: str) -> str | None:
    """Return a variable, or what its file holds; an empty one is not the same as none."""
    file = variables.get(f"{name}_FILE")
    if not file:
        return variables.get(name)
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise BotError(f"{name}_FILE cannot be read: {error.strerror}") from error
