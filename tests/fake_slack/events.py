"""Which events the app gets to see, and the wrapping they come in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fake_slack.workspace import APP, BOT_USER, Channel, Workspace

if TYPE_CHECKING:
    import random

Json = dict[str, Any]

VERIFICATION_TOKEN = "legacy-verification-token"

_HISTORY = {
    "channel": "channels:history",
    "group": "groups:history",
    "im": "im:history",
    "mpim": "mpim:history",
}
_READ = {"channel": "channels:read", "group": "groups:read", "im": "im:read", "mpim": "mpim:read"}
_NEEDS = {
    "app_mention": "app_mentions:read",
    "reaction_added": "reactions:read",
    "reaction_removed": "reactions:read",
    "user_change": "users:read",
    "team_join": "users:read",
}
_OF_CHANNELS = {
    "member_joined_channel",
    "member_left_channel",
    "channel_archive",
    "channel_unarchive",
    "channel_rename",
}


def channel_of(event: Json) -> str | None:
    """Return the channel an event happened in."""
    found = event.get("channel") or event.get("item", {}).get("channel")
    return found.get("id") if isinstance(found, dict) else found


def scope_of(event: Json, channel: Channel | None) -> str | None:
    """Return the scope without which an app is not told."""
    kind = event["type"]
    if kind == "message" and channel is not None:
        return _HISTORY[channel.kind]
    if kind in _OF_CHANNELS and channel is not None:
        return _READ[channel.kind]
    return _NEEDS.get(kind)


def visible(event: Json, workspace: Workspace, scopes: set[str]) -> bool:
    """Return whether the app is told: it needs the scope, and to be where it happened."""
    channel = workspace.channels.get(channel_of(event) or "")
    needed = scope_of(event, channel)
    if needed is not None and needed not in scopes:
        return False
    if channel is None or event["type"] in ("app_home_opened", "app_mention"):
        return True
    return BOT_USER in channel.members


def event_callback(event: Json, workspace: Workspace, rng: random.Random) -> Json:
    """Return the payload Slack sends for an event."""
    channel = workspace.channels.get(channel_of(event) or "")
    author = workspace.users.get(event.get("user") or "")
    shared = channel is not None and bool(channel.shared_with)
    if author is not None and author.team != workspace.team.id:
        event = event | {"user_team": author.team, "source_team": author.team}
        event["user_profile"] = {
            "real_name": author.name,
            "display_name": author.name,
            "first_name": author.name,
            "name": author.name.lower(),
            "team": author.team,
            "is_restricted": False,
            "is_ultra_restricted": False,
        }
    payload: Json = {
        "token": VERIFICATION_TOKEN,
        "team_id": workspace.team.id,
        "context_team_id": workspace.team.id,
        "context_enterprise_id": None,
        "api_app_id": APP,
        "event": event,
        "type": "event_callback",
        "event_id": f"Ev{workspace.number('event'):010d}",
        "event_time": int(workspace.clock.now()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": workspace.team.id,
                "user_id": BOT_USER,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": shared,
        "event_context": f"4-{rng.randbytes(12).hex()}",
    }
    if shared and author is not None and author.team != workspace.team.id:
        payload["authed_teams"] = [workspace.team.id]
    return payload
