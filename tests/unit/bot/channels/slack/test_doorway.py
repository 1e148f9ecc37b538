"""Who is a customer, and where they are answered."""

from __future__ import annotations

import pytest

from bot.channels.slack.doorway import Role, Room, role_of, room_of
from bot.settings.model import CustomerChannel, SlackCustomers
from bot.slack.people import Person


def a_person(**more):
    values = {
        "id": "U1",
        "team": "T1",
        "name": "Ada",
        "locale": "en-US",
        "zone": None,
        "email": "ada@example.com",
        "is_bot": False,
        "is_gone": False,
        "is_guest": False,
        "is_stranger": False,
    }
    return Person(**values | more)


@pytest.mark.parametrize(
    ("person", "rules", "flags", "role"),
    [
        ({}, {}, {}, Role.CUSTOMER),
        ({"is_guest": True}, {}, {}, Role.CUSTOMER),
        ({}, {}, {"is_agent": True}, Role.AGENT),
        ({"is_bot": True}, {}, {}, Role.NOBODY),
        ({"is_gone": True}, {}, {"is_agent": True}, Role.NOBODY),
        ({"email": "eve@Shop.example"}, {"agent_domains": ("shop.example",)}, {}, Role.NOBODY),
        (
            {"email": "eve@evilshop.example"},
            {"agent_domains": ("shop.example",)},
            {},
            Role.CUSTOMER,
        ),
        ({}, {"customer_domains": ("Example.com",)}, {}, Role.CUSTOMER),
        ({}, {"customer_domains": ("other.example",)}, {}, Role.NOBODY),
        ({"email": None}, {"customer_domains": ("other.example",)}, {}, Role.NOBODY),
        ({"email": None}, {"customer_domains": ("a.b",)}, {"foreign": True}, Role.CUSTOMER),
    ],
)
def test_roles(person, rules, flags, role) -> None:
    flags = {"is_agent": False, "foreign": False} | flags
    assert role_of(a_person(**person), SlackCustomers(**rules), **flags) is role


SETTINGS = SlackCustomers(
    mentions="thread",
    channels={
        "all": CustomerChannel(listen="everything", answer="thread"),
        "named": CustomerChannel(listen="mentions", answer="private"),
    },
)


@pytest.mark.parametrize(
    ("names", "flags", "room"),
    [
        ({"D1"}, {"is_direct": True}, Room(listens=True)),
        ({"C1", "all"}, {}, Room(listens=True, asked=False)),
        ({"C1", "all"}, {"known_thread": True}, Room(listens=True)),
        ({"C1", "named"}, {}, Room(listens=False, private=True, asked=False)),
        ({"C1", "named"}, {"mentioned": True}, Room(listens=True, private=True)),
        ({"C1", "lounge"}, {}, Room(listens=False)),
        ({"C1", "lounge"}, {"mentioned": True}, Room(listens=True)),
        ({"C1", "lounge"}, {"known_thread": True}, Room(listens=True)),
    ],
)
def test_rooms(names, flags, room) -> None:
    flags = {"is_direct": False, "mentioned": False, "known_thread": False} | flags
    assert room_of(SETTINGS, frozenset(names), **flags) == room
