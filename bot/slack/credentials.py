"""Who we are to Slack: tokens and secrets from the environment, checked before anything starts."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from msgspec import Struct
from typing_extensions import override

from bot.errors import BotError

if TYPE_CHECKING:
    from collections.abc import Callable

BOT_TOKEN = "SLACK_BOT_TOKEN"  # noqa: S105  # the name of the variable
APP_TOKEN = "SLACK_APP_TOKEN"  # noqa: S105  # likewise
SIGNING_SECRET = "SLACK_SIGNING_SECRET"  # noqa: S105  # likewise
API_URL = "SLACK_API_URL"

SLACKS_OWN = "https://slack.com/api/"
LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})
"""Where a stand-in may listen without TLS: the token does not leave the machine."""


class Credentials(Struct, frozen=True, kw_only=True):
    """What opens a workspace to us. Its repr shows none of it."""

    bot_token: str
    app_token: str | None = None
    """With it Slack is listened to by Socket Mode."""
    signing_secret: str | None = None
    """With it, and no app token, by HTTP."""
    api_url: str = SLACKS_OWN
    """Ends with a slash."""

    @property
    def by_sockets(self) -> bool:
        """Whether events come by Socket Mode; by HTTP otherwise."""
        return self.app_token is not None

    @override
    def __repr__(self) -> str:
        way = "sockets" if self.by_sockets else "http"
        return f"Credentials(by={way}, api_url={self.api_url!r})"

    __str__ = __repr__


def credentials(get: Callable[[str], str | None]) -> Credentials | None:
    """Return the credentials that the environment holds; None when it names no Slack.

    `get` reads a variable by its name, from the file of its `_FILE` variant where there is one, and
    tells an empty one ("") from a missing one (None).

    Raises:
        BotError: They are incomplete or cannot be right.
    """
    bot_token = _token(get, BOT_TOKEN, "xoxb-", "Bot User OAuth Token")
    app_token = _token(get, APP_TOKEN, "xapp-", "App-Level Token")
    signing_secret = _signing_secret(get)
    if bot_token is None:
        if app_token is None and signing_secret is None:
            return None
        raise BotError(f"Slack is set up by half: {BOT_TOKEN} is missing")
    if app_token is None and signing_secret is None:
        raise BotError(
            f"{BOT_TOKEN} is set, but nothing to hear Slack by: set {APP_TOKEN} for Socket Mode, "
            f"or {SIGNING_SECRET} for HTTP"
        )
    return Credentials(
        bot_token=bot_token,
        app_token=app_token,
        signing_secret=signing_secret,
        api_url=_api_url(get(API_URL)),
    )


def _token(get: Callable[[str], str | None], name: str, prefix: str, kind: str) -> str | None:
    value = (get(name) or "").strip()
    if not value:
        return None
    if not value.startswith(prefix):
        raise BotError(f"{name} is not the right kind of token: the {kind} begins with {prefix}")
    _check_characters(name, value)
    return value


def _signing_secret(get: Callable[[str], str | None]) -> str | None:
    value = get(SIGNING_SECRET)
    if value is None:
        return None
    # Anybody can sign with the empty secret.
    if not value.strip():
        raise BotError(f"{SIGNING_SECRET} is empty: copy it from the app's Basic Information page")
    _check_characters(SIGNING_SECRET, value.strip())
    return value.strip()


def _check_characters(name: str, value: str) -> None:
    if not value.isascii() or not value.isprintable() or " " in value:
        raise BotError(f"{name} has characters that no secret of Slack's has; copy it again")


def _api_url(value: str | None) -> str:
    url = (value or "").strip() or SLACKS_OWN
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOCAL):
        raise BotError(f"{API_URL} must begin with https://; without it the token could be read")
    return url if url.endswith("/") else f"{url}/"
