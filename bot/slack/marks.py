"""The mark that each of our messages carries, by which it is found when its outcome is unknown.

Everybody in the workspace can read it, so it holds the number of the post and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.slack.mrkdwn import metadata

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.slack.mrkdwn import Block
    from crm_store.records import Post

KIND = "frontdesk_post"


def mark_of(post: Post) -> Block:
    """Return the metadata that a post's message carries."""
    return metadata(KIND, {"post": str(post.id)})


def bears(message: Mapping[str, object], post: Post) -> bool:
    """Return whether a message of Slack's carries the mark of a post."""
    found = message.get("metadata")
    if not isinstance(found, dict) or found.get("event_type") != KIND:
        return False
    payload = found.get("event_payload")
    return isinstance(payload, dict) and payload.get("post") == str(post.id)
