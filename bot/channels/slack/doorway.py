"""Who in Slack is a customer, and where they are answered. Pure.

People of the desk are none, nor is whoever has an address at one of the shop's own domains. Where
customers' domains are listed, only these and people of other workspaces are.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from bot.settings.model import SlackCustomers
    from bot.slack.people import Person


class Role(StrEnum):
    """What somebody is to the shop."""

    CUSTOMER = "customer"
    AGENT = "agent"
    NOBODY = "nobody"
    """A colleague who does not work at the desk, a bot, or somebody who has left."""


class Room(Struct, frozen=True, kw_only=True):
    """Where something was written, and what that means."""

    listens: bool
    """Whether the bot reads it."""
    private: bool = False
    """Whether it answers in a direct message."""
    asked: bool = True
    """Whether the bot was spoken to; else small talk is left alone."""


def role_of(person: Person, settings: SlackCustomers, *, is_agent: bool, foreign: bool) -> Role:
    """Return what somebody is.

    Args:
        person: As Slack knows them.
        settings: Who is a customer.
        is_agent: Whether they are in a channel of the desk.
        foreign: Whether they belong to another workspace.
    """
    if person.is_bot or person.is_gone:
        return Role.NOBODY
    if is_agent:
        return Role.AGENT
    domain = (person.email or "").rpartition("@")[2].casefold()
    if domain and domain in {each.casefold() for each in settings.agent_domains}:
        return Role.NOBODY
    if settings.customer_domains and not foreign:
        wanted = {each.casefold() for each in settings.customer_domains}
        return Role.CUSTOMER if domain in wanted else Role.NOBODY
    return Role.CUSTOMER


def room_of(
    settings: SlackCustomers,
    names: frozenset[str],
    *,
    is_direct: bool,
    mentioned: bool,
    known_thread: bool,
) -> Room:
    """Return what a place means.

    Args:
        settings: What the bot listens to.
        names: The channel's id and name.
        is_direct: Whether it is a direct message to the bot.
        mentioned: Whether the bot was called by its name.
        known_thread: Whether it replies in a thread that the bot has a conversation in.
    """
    if is_direct:
        return Room(listens=settings.direct_messages)
    for name in names & settings.channels.keys():
        channel = settings.channels[name]
        listens = channel.listen == "everything" or mentioned or known_thread
        return Room(
            listens=listens,
            private=channel.answer == "private",
            asked=mentioned or known_thread,
        )
    private = settings.mentions == "private"
    if known_thread:
        return Room(listens=True, private=private)
    return Room(listens=mentioned and settings.mentions != "ignore", private=private)
