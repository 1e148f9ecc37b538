"""What an app's manifest says Slack should let it do and tell it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

_PLURAL = {"channel": "channels", "group": "groups", "im": "im", "mpim": "mpim"}


@dataclass(slots=True)
class Installed:
    """The parts of a manifest that matter here."""

    scopes: set[str] = field(default_factory=set)
    events: set[str] = field(default_factory=set)
    commands: list[Json] = field(default_factory=list)
    shortcuts: list[Json] = field(default_factory=list)


def installed(manifest: Json) -> Installed:
    """Return what a manifest asks for, in the form of Slack's own documents."""
    features = manifest.get("features", {})
    settings = manifest.get("settings", {})
    return Installed(
        scopes=set(manifest.get("oauth_config", {}).get("scopes", {}).get("bot", [])),
        events=set(settings.get("event_subscriptions", {}).get("bot_events", [])),
        commands=[
            {
                "command": each["command"],
                "description": each.get("description", ""),
                "hint": each.get("usage_hint", ""),
            }
            for each in features.get("slash_commands", [])
        ],
        shortcuts=[
            {"callback_id": each["callback_id"], "name": each["name"], "type": each["type"]}
            for each in features.get("shortcuts", [])
        ],
    )


def subscribed(events: set[str] | None, event: str, channel_kind: str | None) -> bool:
    """Return whether an app with these subscriptions is told of an event."""
    if events is None or event in events:
        return True
    return event == "message" and f"message.{_PLURAL.get(channel_kind or '', '')}" in events
