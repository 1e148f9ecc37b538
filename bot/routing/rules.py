"""Rules over what is known of a request: the first that matches decides. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from datetime import datetime

    from bot.routing.hours import Calendar
    from bot.settings.model import Priority, Routing, When

URGENCY: tuple[Priority, ...] = ("low", "normal", "high", "urgent")
"""From what can wait to what cannot."""


class Facts(Struct, frozen=True, kw_only=True):
    """What the rules look at."""

    need: str | None
    intent: str | None
    language: str
    tier: str = "standard"
    negative: bool = False
    urgent: bool = False
    abusive: bool = False
    verified: bool = False


class Assignment(Struct, frozen=True, kw_only=True):
    """Where a ticket goes, how urgent it is, and by when a person has to answer."""

    queue: str
    priority: Priority
    first_reply_due: datetime | None
    queue_rule: str
    priority_rule: str


class Wait(Struct, frozen=True, kw_only=True):
    """What to tell the customer: minutes while people work, else when they are back."""

    minutes: int | None
    opening: datetime | None


class Router:
    """The routing of one configuration."""

    def __init__(self, routing: Routing, calendar: Calendar) -> None:
        self._routing = routing
        self._calendar = calendar

    def route(self, facts: Facts, now: datetime) -> Assignment:
        """Return the assignment. The last rules catch all, so there is always one."""
        queue_rule = next(r for r in self._routing.queue_rules if matches(r.when, facts))
        priority_rule = next(r for r in self._routing.priority_rules if matches(r.when, facts))
        working = self._routing.first_reply[priority_rule.priority]
        return Assignment(
            queue=queue_rule.queue,
            priority=priority_rule.priority,
            first_reply_due=self._calendar.add(now, working),
            queue_rule=queue_rule.name,
            priority_rule=priority_rule.name,
        )

    def wait(self, queue: str, ahead: int, now: datetime) -> Wait:
        """Return how long somebody with so many tickets ahead will wait, about.

        Args:
            queue: The ticket's queue.
            ahead: Tickets of that queue that wait already.
            now: Aware.
        """
        if not self._calendar.is_open(now):
            return Wait(minutes=None, opening=self._calendar.opening(now))
        spec = self._routing.queues[queue]
        rounds = ahead // spec.agents + 1
        return Wait(minutes=rounds * spec.minutes_each, opening=None)


def matches(when: When, facts: Facts) -> bool:
    """Return whether every part of a condition holds."""
    lists = (
        (when.need, facts.need),
        (when.intent, facts.intent),
        (when.language, facts.language),
        (when.tier, facts.tier),
    )
    flags = (
        (when.negative, facts.negative),
        (when.urgent, facts.urgent),
        (when.abusive, facts.abusive),
        (when.verified, facts.verified),
    )
    return all(not wanted or actual in wanted for wanted, actual in lists) and all(
        wanted is None or wanted is actual for wanted, actual in flags
    )


def more_urgent(one: Priority, other: Priority) -> Priority:
    """Return the more urgent of two priorities."""
    return max(one, other, key=URGENCY.index)
