"""Promises about time: by when a person writes, and what happens when nobody does. Pure.

A ticket's clock is the customer's: it runs while they wait for a person, whatever channel they
wrote on, and stands still while it is their turn. `alarm` is the next moment at which time itself
changes something, so that one index tells which tickets to look at.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from crm_store.records import TicketState

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.routing.hours import Calendar
    from bot.settings.model import Desk, Priority, Routing
    from crm_store.records import Ticket

CLOSE_AFTER = timedelta(days=3)
"""A solved ticket can be opened again for so long; a customer who comes later has a new matter."""


_NEVER = datetime.max.replace(tzinfo=UTC)


class Alarm(StrEnum):
    """What time does to a ticket. Of those that are due at one moment the first goes first."""

    WAKE = "wake"
    WARN = "warn"
    BREACH = "breach"
    REQUEUE = "requeue"
    CLOSE = "close"


_ORDER = {str(alarm): place for place, alarm in enumerate(Alarm)}


class NextAlarm(Struct, frozen=True):
    """When time next does something, and what; both None when never."""

    at: datetime | None = None
    alarm: Alarm | None = None


class Sla:
    """The promises of one configuration."""

    def __init__(self, routing: Routing, desk: Desk, calendar: Calendar) -> None:
        self._first = _by_name(routing.first_reply)
        self._next = {**self._first, **_by_name(desk.next_reply)}
        self._resolve = _by_name(desk.resolve)
        self._warn_before = desk.warn_before
        self._requeue_after = desk.requeue_after
        self._calendar = calendar

    def is_open(self, at: datetime) -> bool:
        """Return whether people work at a time."""
        return self._calendar.is_open(at)

    def first_reply_due(self, priority: str, since: datetime) -> datetime | None:
        """Return by when a person has to write to somebody who was passed on at `since`."""
        return self._calendar.add(since, self._first[priority])

    def reply_due(self, ticket: Ticket, since: datetime) -> datetime | None:
        """Return by when a person has to answer a customer who waits since then."""
        if ticket.first_reply_at is None:
            return ticket.first_reply_due
        return self._calendar.add(since, self._next[ticket.priority])

    def resolve_due(self, priority: str, since: datetime) -> datetime | None:
        """Return by when a ticket is to be resolved; None when that was not promised."""
        within = self._resolve.get(priority)
        return None if within is None else self._calendar.add(since, within)

    def with_priority(self, ticket: Ticket, priority: str) -> Ticket:
        """Return a ticket as it stands with another priority, and so with other promises."""
        renewed = replace(
            ticket,
            priority=priority,
            resolve_due=self.resolve_due(priority, ticket.created_at),
        )
        if ticket.first_reply_at is None:
            first = self.first_reply_due(priority, ticket.created_at)
            renewed = replace(renewed, first_reply_due=first)
        if ticket.waiting_since is None:
            return renewed
        return replace(renewed, reply_due=self.reply_due(renewed, ticket.waiting_since))

    def first_alarm(self, reply_due: datetime | None, now: datetime) -> NextAlarm:
        """Return what time does first to a ticket that is opened now."""
        if reply_due is None:
            return NextAlarm()
        warning = reply_due - self._warn_before
        if warning > now:
            return NextAlarm(warning, Alarm.WARN)
        return NextAlarm(reply_due, Alarm.BREACH)

    def next_alarm(self, ticket: Ticket, *, before: Ticket, now: datetime) -> NextAlarm:
        """Return what time does next to a ticket that somebody changes now.

        What was due before and had not been done yet remains, unless the change has settled it.

        Args:
            ticket: As it will stand.
            before: As it stood.
            now: Aware.
        """
        known = set(self._alarms(before))
        left = {each for each in known if _place(each) >= _place_of(before)}
        found = [
            each
            for each in self._alarms(ticket)
            if each in left or (each not in known and _begins(each, now))
        ]
        return min(found, key=_place, default=NextAlarm())

    def alarm_after(self, ticket: Ticket, *, rung: Ticket) -> NextAlarm:
        """Return what time does next to a ticket about which it has just done something.

        Args:
            ticket: As it will stand.
            rung: As it stood, with the alarm that was done. What is due at the same moment comes
                next, and what came due while the service was down comes as well.
        """
        found = [each for each in self._alarms(ticket) if _place(each) > _place_of(rung)]
        return min(found, key=_place, default=NextAlarm())

    def _alarms(self, ticket: Ticket) -> Iterator[NextAlarm]:
        """Yield all that time ever does to a ticket as it stands, done or not."""
        for at, alarm in self._moments(ticket):
            if at is not None:
                yield NextAlarm(at, alarm)

    def _moments(self, ticket: Ticket) -> Iterator[tuple[datetime | None, Alarm]]:
        if ticket.state is TicketState.CLOSED:
            return
        if ticket.state is TicketState.SOLVED:
            if ticket.solved_at is not None:
                yield ticket.solved_at + CLOSE_AFTER, Alarm.CLOSE
            return
        if ticket.snoozed_until is not None:
            yield ticket.snoozed_until, Alarm.WAKE
        if ticket.reply_due is not None:
            yield ticket.reply_due - self._warn_before, Alarm.WARN
            yield ticket.reply_due, Alarm.BREACH
        # What was put aside on purpose is not somebody's silence.
        aside = ticket.snoozed_until is not None
        if self._requeue_after and ticket.assignee and ticket.waiting_since and not aside:
            # Nobody is silent about what they do not have yet.
            since = max(ticket.waiting_since, ticket.held_since or ticket.waiting_since)
            yield self._calendar.add(since, self._requeue_after), Alarm.REQUEUE


def _place(alarm: NextAlarm) -> tuple[datetime, int]:
    """Return where an alarm stands in the order in which they are done."""
    return alarm.at or _NEVER, _ORDER.get(str(alarm.alarm), len(_ORDER))


def _place_of(ticket: Ticket) -> tuple[datetime, int]:
    """Return the place of the alarm that a ticket waits for; all before it are done."""
    return ticket.alarm_at or _NEVER, _ORDER.get(str(ticket.alarm), len(_ORDER))


def _begins(alarm: NextAlarm, now: datetime) -> bool:
    """Whether an alarm that was none before the change is to be done.

    A promise that the change has broken is told of. A warning that comes too late tells nothing.
    """
    return alarm.at is not None and (alarm.at > now or alarm.alarm is Alarm.BREACH)


def _by_name(durations: Mapping[Priority, timedelta]) -> dict[str, timedelta]:
    """Return them by the priority as tickets name it."""
    return {str(priority): duration for priority, duration in durations.items()}
