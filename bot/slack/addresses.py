"""Whose an address is that came in a payload: nothing goes to anybody but Slack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.slack.errors import SlackRefused

if TYPE_CHECKING:
    from yarl import URL


def require_slacks(method: str, url: URL, api: URL) -> None:
    """Refuse every address but Slack's, and the configured API's own.

    Raises:
        SlackRefused: It is somebody else's.
    """
    host = url.host or ""
    slacks = url.scheme == "https" and host.endswith(".slack.com") and url.port == 443  # HTTPS
    if url.user is not None or not (slacks or url.origin() == api.origin()):
        raise SlackRefused("not_slacks", method)
