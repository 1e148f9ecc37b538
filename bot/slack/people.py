"""What Slack says of people, places and ourselves, as values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping


class Ourselves(Struct, frozen=True, kw_only=True):
    """Who we are in the workspace, as `auth.test` tells."""

    team: str
    team_name: str
    user: str
    """The bot's user id."""
    bot: str | None
    """The bot's own id, which its posts carry."""
    url: str
    """Of the workspace."""
    enterprise: str | None
    scopes: frozenset[str]
    """What the app is permitted to do; empty when Slack does not tell."""


class Person(Struct, frozen=True, kw_only=True):
    """Somebody in Slack."""

    id: str
    team: str | None
    name: str
    """As people see it: the display name, else the full one, else the handle."""
    locale: str | None
    """Such as "zh-CN"."""
    zone: str | None
    """IANA name of their time zone."""
    email: str | None
    """Only with the scope `users:read.email`."""
    is_bot: bool
    is_gone: bool
    """Deactivated."""
    is_guest: bool
    is_stranger: bool
    """Of another workspace, seen through a shared channel."""
    picture: str | None = None
    """The address of the picture that they chose; None where they chose none."""


class Place(Struct, frozen=True, kw_only=True):
    """A channel, or a conversation with one person."""

    id: str
    name: str | None
    is_private: bool
    is_archived: bool
    is_shared: bool
    """With other workspaces."""
    is_member: bool
    """Whether the bot is in it."""


class Posted(Struct, frozen=True, kw_only=True):
    """A message that is there."""

    channel: str
    ts: str


class OpenView(Struct, frozen=True, kw_only=True):
    """A dialog or home page as Slack shows it now."""

    id: str
    hash: str
    """To be given with an update: then nothing newer is overwritten."""
    external_id: str | None


def ourselves(answer: Mapping[str, Any], scopes: str) -> Ourselves:
    """Read the answer of `auth.test` and the header that lists our permissions."""
    return Ourselves(
        team=str(answer.get("team_id", "")),
        team_name=str(answer.get("team", "")),
        user=str(answer.get("user_id", "")),
        bot=answer.get("bot_id"),
        url=str(answer.get("url", "")),
        enterprise=answer.get("enterprise_id"),
        scopes=frozenset(scope.strip() for scope in scopes.split(",") if scope.strip()),
    )


def person(user: Mapping[str, Any]) -> Person:
    """Read a user of `users.info`."""
    profile = user.get("profile") or {}
    named = (profile.get("display_name"), profile.get("real_name"), user.get("real_name"))
    return Person(
        id=str(user.get("id", "")),
        team=user.get("team_id"),
        name=next((name for name in named if name), None) or str(user.get("name", "")),
        locale=user.get("locale"),
        zone=user.get("tz"),
        email=profile.get("email"),
        is_bot=bool(user.get("is_bot")) or user.get("id") == "USLACKBOT",
        is_gone=bool(user.get("deleted")),
        is_guest=bool(user.get("is_restricted")) or bool(user.get("is_ultra_restricted")),
        is_stranger=bool(user.get("is_stranger")),
        picture=_picture(profile),
    )


PICTURE_SIZES = ("image_192", "image_72", "image_48")
"""Of those that Slack offers: twice what the chat shows, for screens of high density."""


def _picture(profile: Mapping[str, Any]) -> str | None:
    """Return the picture of a profile; the one that Slack gives everybody tells nobody anything."""
    if not profile.get("is_custom_image"):
        return None
    return next((str(profile[size]) for size in PICTURE_SIZES if profile.get(size)), None)


def place(channel: Mapping[str, Any]) -> Place:
    """Read a channel of `users.conversations` or `conversations.info`."""
    return Place(
        id=str(channel.get("id", "")),
        name=channel.get("name"),
        is_private=bool(channel.get("is_private")),
        is_archived=bool(channel.get("is_archived")),
        is_shared=bool(channel.get("is_ext_shared") or channel.get("is_org_shared")),
        # `users.conversations` lists what the bot is in, and leaves this out.
        is_member=bool(channel.get("is_member", True)),
    )


def open_view(answer: Mapping[str, Any]) -> OpenView:
    """Read the answer of a `views.*` method."""
    view = answer.get("view") or {}
    return OpenView(
        id=str(view.get("id", "")),
        hash=str(view.get("hash", "")),
        external_id=view.get("external_id") or None,
    )
