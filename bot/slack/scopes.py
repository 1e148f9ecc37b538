"""What the app may do in a workspace, and what each permission is for.

`docs/slack-manifest.yaml` asks for exactly these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SCOPES: Mapping[str, str] = {
    "app_mentions:read": "hears who mentions the bot in a channel",
    "channels:history": "reads what customers write in public channels that it is in",
    "channels:read": "finds public channels, and sees who is in them",
    "chat:write": "posts cards, threads and answers, and brings them up to date",
    "commands": "is asked by /frontdesk, and by the shortcuts of messages",
    "files:read": "brings an agent's file to the customer",
    "files:write": "shows a customer's file in the thread",
    "groups:history": "reads what agents write in the desk's threads",
    "groups:read": "finds the desk's channels, and sees who works in them",
    "im:history": "reads direct messages to the bot",
    "im:read": "tells a direct message from other places",
    "im:write": "writes to an agent, or a customer, in private",
    "reactions:read": "sees the emoji that take and resolve tickets",
    "reactions:write": "ticks off what the customer was sent",
    "users:read": "knows people's names, pictures and languages, and guests from colleagues",
    "users:read.email": "tells customers from colleagues by the domain of their address",
}
"""Why, by scope: the end of a sentence that begins "With it the bot …"."""
