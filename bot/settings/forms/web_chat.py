"""The web chat's part of `frontdesk.yaml`: the sites that carry it, and limits against floods."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from bot.settings.forms.base import ByLanguage, Name, ShortText, Strict, Text
from nlp.understanding import Language  # noqa: TC001 - pydantic reads the annotations

Colour = Annotated[str, StringConstraints(pattern="^#[0-9a-fA-F]{6}$")]
PictureFile = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}\.[a-z]{3,4}$")]
Words = Annotated[str, StringConstraints(min_length=1, max_length=300)]


class Rate(Strict):
    """A limit that lets bursts through."""

    count: int = Field(gt=0, description="How many are let through…")
    seconds: int = Field(gt=0, le=86400, description="…in how many seconds.")


class Limits(Strict):
    """What one visitor, and one address, may do. No person typing ever meets these."""

    visitor_messages: Rate = Field(
        default=Rate(count=40, seconds=20),
        description="Messages, presses and ratings of one visitor.",
    )
    visitor_events: Rate = Field(
        default=Rate(count=120, seconds=60),
        description="Behaviour events and typing notices of one visitor.",
    )
    address_messages: Rate = Field(
        default=Rate(count=600, seconds=60), description="Messages from one network address."
    )
    address_connections: Rate = Field(
        default=Rate(count=240, seconds=60), description="New connections from one network address."
    )
    address_conversations: Rate = Field(
        default=Rate(count=240, seconds=3600),
        description="New conversations from one network address.",
    )
    address_sockets: int = Field(
        default=200, gt=0, description="Open connections from one network address."
    )
    visitor_files: Rate = Field(
        default=Rate(count=30, seconds=600), description="Files sent by one visitor."
    )
    address_files: Rate = Field(
        default=Rate(count=120, seconds=600), description="Files from one network address."
    )
    site_messages: Rate = Field(
        default=Rate(count=60000, seconds=60), description="Messages to the whole site."
    )


class Consent(Strict):
    """What visitors agree to before they may write."""

    version: ShortText = Field(
        description="Name of this text, such as 2026-03. Kept with each consent; whoever agreed to "
        "another version is asked again."
    )
    text: dict[Language, Text] = Field(description="What they read, by language.")
    link: Annotated[str, StringConstraints(max_length=500)] | None = Field(
        default=None, description="Where all of it stands: an https address."
    )


class DarkLook(Strict):
    """Colours in the dark."""

    accent: Colour = Field(description="Buttons and the customer's own bubbles.")
    on_accent: Colour = Field(description="What is written on it.")


class Look(Strict):
    """How the widget looks on a site."""

    theme: Literal["auto", "light", "dark"] = Field(
        default="auto", description="Light, dark, or as the visitor's device is set."
    )
    accent: Colour = Field(
        default="#2f5d4e",
        description="Launcher, buttons and the customer's own bubbles, as #rrggbb.",
    )
    on_accent: Colour = Field(default="#ffffff", description="What is written on it.")
    dark: DarkLook | None = Field(
        default=None,
        description="Colours in the dark; empty = the same accent, made as light as is readable.",
    )
    position: Literal["end", "start"] = Field(
        default="end",
        description="The corner: at the end of a line is right where one writes from the left.",
    )
    launcher: ByLanguage | None = Field(
        default=None, description="Words beside the launcher's picture; empty = none."
    )
    title: ByLanguage | None = Field(
        default=None, description="The chat's title; empty = the shop's name."
    )
    greeting: dict[Language, Words] | None = Field(
        default=None, description="What an empty chat says; empty = words of its own."
    )
    avatar: PictureFile | None = Field(
        default=None,
        description="The bot's picture: a PNG, JPEG, GIF or WebP file in the folder `pictures`, "
        "of 100 kB at most. Square is best; it is shown round.",
    )
    z_index: int = Field(
        default=2147483000,
        ge=0,
        le=2147483647,
        description="How far in front it is among the page's own layers.",
    )
    mobile: Literal["full_screen", "panel"] = Field(
        default="full_screen", description="How it opens on a small screen."
    )
    sound: Literal["on", "off"] = Field(
        default="off",
        description="Whether an answer is heard while the page is in the background. Visitors can "
        "change it for themselves.",
    )


class Greeting(Strict):
    """Something said beside the launcher of its own accord, to each visitor once.

    It waits for everything that is given of `after_s`, `scrolled` and `event`.
    """

    id: Name = Field(description="Under this name it is remembered that it was shown.")
    pages: tuple[ShortText, ...] = Field(
        default=(),
        description="Paths of the pages, without what follows a ?; `*` stands for anything, as in "
        "/products/*. Empty = every page.",
    )
    after_s: int | None = Field(
        default=None, ge=0, le=3600, description="Seconds that the page has been looked at."
    )
    scrolled: int | None = Field(
        default=None,
        ge=1,
        le=100,
        description="How far down the page was scrolled, in percent of the whole way.",
    )
    event: ShortText | None = Field(
        default=None, description="The name of an event that the page has tracked."
    )
    text: dict[Language, Words] = Field(description="What is said, by language.")


class Site(Strict):
    """A web site that carries the widget."""

    origins: tuple[str, ...] = Field(
        default=(),
        description="Origins of the pages that may embed it, such as https://shop.example. "
        "The service's own origin is always allowed.",
    )
    anonymous: Literal["allow", "bot_only", "deny"] = Field(
        default="allow",
        description="What visitors may do who are not signed in: everything, chat with the bot "
        "alone, or nothing.",
    )
    consent: Consent | None = Field(
        default=None, description="What visitors agree to before they may write; empty = nothing."
    )
    look: Look = Field(default=Look(), description="How the widget looks.")
    greetings: tuple[Greeting, ...] = Field(
        default=(), description="What is said of its own accord; the first that fits is."
    )


class WebChat(Strict):
    """The web chat."""

    sites: dict[Name, Site] = Field(
        default_factory=lambda: {"default": Site()},
        min_length=1,
        description="Sites by the name that the embed script gives in data-site.",
    )
    limits: Limits = Field(default=Limits(), description="Limits against floods.")

    def reaches_a_person(self, site: str | None, *, verified: bool) -> bool:
        """Return whether a visitor of a site may be put through to a person."""
        named = self.sites.get(site or "")
        return verified or named is None or named.anonymous == "allow"
