"""What time does to tickets: who is warned, who hears that it is late, and what comes back."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from bot.desk.acts import Acts, Refused, Situation
from bot.desk.alarms import Alarms
from bot.errors import ChannelError
from bot.routing.hours import Calendar
from bot.routing.sla import Alarm, Sla
from crm_store.desk_records import HeldReply, Thread
from crm_store.errors import Unavailable
from crm_store.records import Owner, Ticket, TicketState
from tests.unit.bot.desk.test_acts import CLEO, DAN, a_situation, a_ticket, after

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.playbook import Playbook

DUE = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)  # 14:00 in Shanghai


class Records:
    """What alarms read of the store: tickets, threads, held replies."""

    def __init__(self, *tickets: Ticket) -> None:
        self.found = {ticket.number: ticket for ticket in tickets}
        self.tickets = self.threads = self.notes = self.audit = self
        self.held: list[HeldReply] = []
        self.taken_back: list[str] = []

    async def alarms(self, now: datetime) -> list[Ticket]:
        return [t for t in self.found.values() if t.alarm_at is not None and t.alarm_at <= now]

    async def of_ticket(self, number: int) -> Thread:
        return Thread(
            id=number,
            ticket_number=number,
            channel="C1",
            post_id=1,
            ts="1.1",
            mirrored_seq=0,
            card_version=0,
            active=True,
        )

    async def of(self, _subject: str) -> tuple[Any, ...]:
        return ()

    async def due(self, _now: datetime) -> list[HeldReply]:
        return self.held

    async def take_back(self, client_id: str) -> bool:
        self.taken_back.append(client_id)
        return True


class Applied:
    """Hands that apply acts to the records, and keep what they posted."""

    def __init__(self, records: Records, clock: Any) -> None:
        self._records = records
        self._clock = clock
        self.posts: list[Any] = []
        self.failing: set[int] = set()

    async def do(self, number: int, act: Any) -> None:
        if number in self.failing:
            raise Unavailable("the disk is full")
        ticket = self._records.found[number]
        owner = Owner.AGENT if ticket.assignee else Owner.QUEUE
        settled = ticket.state in (TicketState.SOLVED, TicketState.CLOSED)
        s: Situation = a_situation(
            ticket, owner=Owner.NONE if settled else owner, about=None if settled else number
        )
        handling = act(replace(s, now=self._clock()))
        if handling is not None:
            self._records.found[number] = after(s, handling)
            self.posts += handling.posts

    async def post(self, post: Any) -> None:
        self.posts.append(post)


class Places:
    """A roster that knows the escalation channel, or cannot tell."""

    def __init__(self, channel: str | None = "C_LEAD") -> None:
        self.channel = channel
        self.knows = True

    async def escalation_channel(self) -> str | None:
        if not self.knows:
            raise ChannelError("Slack was not reached")
        return self.channel


class Desk:
    """Alarms with all that they work on, and a clock that tests set."""

    def __init__(self, playbook: Any, *tickets: Ticket) -> None:
        self.now = DUE - timedelta(hours=4)
        self.records = Records(*tickets)
        self.hands = Applied(self.records, lambda: self.now)
        self.places = Places()
        self.alarms = Alarms(
            self.records, Acts(playbook), self.hands, self.places, lambda: self.now
        )

    async def at(self, now: datetime) -> list[tuple[str, str]]:
        """Let it be then, and return who was told what."""
        self.now = now
        self.hands.posts.clear()
        while await self.alarms.ring():
            pass
        return [
            (p.payload.get("user") or p.payload.get("channel") or "thread", p.payload["key"])
            for p in self.hands.posts
        ]


def waiting(**more: Any) -> Ticket:
    values = {
        "state": TicketState.OPEN,
        "assignee": CLEO.id,
        "waiting_since": DUE - timedelta(minutes=20),
        "reply_due": DUE,
        "alarm_at": DUE - timedelta(minutes=15),
        "alarm": Alarm.WARN,
    }
    return a_ticket(**values | more)


async def test_a_warning_comes_before_and_the_lead_is_called_after(playbook):
    desk = Desk(playbook, waiting(waiting_since=DUE - timedelta(minutes=10)))
    assert await desk.at(DUE - timedelta(minutes=16)) == []
    assert await desk.at(DUE - timedelta(minutes=15)) == [
        ("thread", "notice.due_soon"),
        ("U_CLEO", "notice.due_soon"),
    ]
    assert await desk.at(DUE - timedelta(minutes=1)) == []
    assert await desk.at(DUE) == [
        ("thread", "notice.overdue"),
        ("U_CLEO", "notice.overdue"),
        ("C_LEAD", "notice.escalated"),
    ]
    assert desk.hands.posts[0].payload["values"]["due"] == DUE.timestamp()


async def test_what_nobody_has_is_warned_of_in_its_thread(playbook):
    desk = Desk(playbook, waiting(assignee=None))
    assert await desk.at(DUE - timedelta(minutes=15)) == [("thread", "notice.due_soon")]
    desk.places.channel = None
    assert await desk.at(DUE) == [("thread", "notice.overdue")]


async def test_a_silent_agents_ticket_goes_back_to_its_queue(playbook):
    desk = Desk(playbook, waiting())
    await desk.at(DUE)
    told = await desk.at(DUE + timedelta(minutes=10))
    assert told == [("thread", "notice.requeued"), ("U_CLEO", "notice.requeued")]
    ticket = desk.records.found[1001]
    assert (ticket.assignee, ticket.state) == (None, TicketState.OPEN)


async def test_what_was_put_aside_stays_with_its_agent(playbook):
    desk = Desk(playbook, waiting(snoozed_until=DUE + timedelta(hours=3)))
    told = [key for _, key in await desk.at(DUE + timedelta(hours=2))]
    assert "notice.overdue" in told
    assert "notice.requeued" not in told
    assert desk.records.found[1001].assignee == CLEO.id


async def test_after_a_night_without_service_everything_rings_once(playbook):
    desk = Desk(playbook, waiting())
    told = [key for _, key in await desk.at(DUE + timedelta(days=1))]
    assert told.count("notice.due_soon") == 2
    assert told.count("notice.overdue") == 2
    assert told.count("notice.escalated") == 1
    assert told.count("notice.requeued") == 2
    assert desk.records.found[1001].alarm_at is None
    assert await desk.at(DUE + timedelta(days=2)) == []


MINUTE = timedelta(minutes=1)
TOLD = {"warn": "due_soon", "breach": "overdue", "requeue": "requeued", "wake": "woken"}
ORDER = ("wake", "warn", "breach", "requeue")


class Expected:
    """What has to be told of one ticket, minute by minute; the customer waits since minute 0."""

    def __init__(self, warn: int, due: int, requeue: int | None, snooze: int | None) -> None:
        self.requeue, self.snooze = requeue, snooze
        self.left = {("breach", due)} | ({("warn", due - warn)} if due > warn else set())
        if snooze is not None:
            self.left.add(("wake", snooze))
        elif requeue is not None:
            self.left.add(("requeue", requeue))

    def taken_over(self, now: int) -> None:
        """Whoever takes it brings it back, and has it from now on."""
        self.left = {each for each in self.left if each[0] in ("warn", "breach")}
        self._held(now)

    def _held(self, now: int) -> None:
        if self.requeue is not None:
            self.left.add(("requeue", now + self.requeue))

    def by(self, now: int) -> list[str]:
        """Return what is told by then, in order."""
        told = []
        while due := [each for each in self.left if each[1] <= now]:
            first = min(due, key=lambda each: (each[1], ORDER.index(each[0])))
            self.left.remove(first)
            told.append(f"notice.{TOLD[first[0]]}")
            if first[0] == "wake":
                self._held(now)
        return told


@pytest.fixture(scope="module")
def with_times(playbook: Playbook) -> Callable[[timedelta, timedelta | None], Playbook]:
    """Return what makes a playbook of other times."""
    settings = playbook.settings
    calendar = Calendar(settings.routing.hours, playbook.time_zone)

    def make(warn_before: timedelta, requeue_after: timedelta | None) -> Playbook:
        times = {"warn_before": warn_before, "requeue_after": requeue_after}
        desk = settings.desk.model_copy(update=times)
        return replace(playbook, sla=Sla(settings.routing, desk, calendar))

    return make


MINUTES = st.integers(1, 8)


@given(
    warn=st.integers(0, 4),
    due=MINUTES,
    requeue=st.none() | MINUTES,
    snooze=st.none() | MINUTES,
    looks=st.lists(st.integers(0, 12), min_size=1, max_size=6),
    over=st.none() | st.integers(0, 12),
)
@example(warn=1, due=5, requeue=5, snooze=None, looks=[12], over=None)
@example(warn=1, due=5, requeue=5, snooze=None, looks=[5], over=5)
@example(warn=4, due=5, requeue=6, snooze=5, looks=[5, 6], over=None)
def test_all_that_is_due_is_done_once_whatever_coincides(
    with_times: Callable[[timedelta, timedelta | None], Playbook],
    warn: int,
    due: int,
    requeue: int | None,
    snooze: int | None,
    looks: list[int],
    over: int | None,
) -> None:
    began = DUE - timedelta(hours=3)
    mine = with_times(warn * MINUTE, None if requeue is None else requeue * MINUTE)
    nobodys = a_ticket(
        state=TicketState.OPEN if snooze is None else TicketState.PENDING,
        waiting_since=None,
        reply_due=None,
    )
    ticket = replace(
        nobodys,
        assignee=CLEO.id,
        waiting_since=began,
        reply_due=began + due * MINUTE,
        snoozed_until=None if snooze is None else began + snooze * MINUTE,
    )
    first = mine.sla.next_alarm(ticket, before=nobodys, now=began)
    ticket = replace(ticket, alarm_at=first.at, alarm=first.alarm)
    desk = Desk(mine, ticket)
    expected = Expected(warn, due, requeue, snooze)

    async def play() -> None:
        acts = desk.alarms._acts
        for now in sorted({*looks, 30, 60, *(() if over is None else (over,))}):
            desk.now = began + now * MINUTE
            if now == over:
                await desk.hands.do(1001, lambda s: acts.take(s, DAN, over=True))
                expected.taken_over(now)
            told = [key for who, key in await desk.at(desk.now) if who == "thread"]
            assert told == expected.by(now)
        assert desk.records.found[1001].alarm_at is None

    asyncio.run(play())


async def test_what_a_change_makes_late_is_told_of_at_once(playbook):
    sla, now = playbook.sla, DUE - timedelta(minutes=10)
    ticket = waiting(alarm_at=DUE, alarm=Alarm.BREACH)
    hasty = replace(ticket, reply_due=now - timedelta(minutes=5))
    found = sla.next_alarm(hasty, before=ticket, now=now)
    assert (found.alarm, found.at) == (Alarm.BREACH, hasty.reply_due)
    rung = replace(hasty, alarm_at=found.at, alarm=found.alarm)
    assert sla.alarm_after(rung, rung=rung).alarm is Alarm.REQUEUE


async def test_an_alarm_about_what_is_settled_by_then_does_not_ring_for_ever(playbook):
    late = DUE + timedelta(minutes=10)
    desk = Desk(playbook, waiting(merged_into=1002, alarm=Alarm.REQUEUE, alarm_at=late))
    assert await desk.at(late) == []
    assert desk.records.found[1001].alarm_at is None


async def test_what_was_settled_closes_and_what_was_snoozed_wakes(playbook):
    solved = a_ticket(
        state=TicketState.SOLVED,
        waiting_since=None,
        reply_due=None,
        solved_at=DUE,
        alarm_at=DUE + timedelta(days=3),
        alarm=Alarm.CLOSE,
    )
    desk = Desk(playbook, solved)
    assert await desk.at(DUE + timedelta(days=3)) == []
    assert desk.records.found[1001].state is TicketState.CLOSED
    snoozed = waiting(
        state=TicketState.PENDING, snoozed_until=DUE, alarm_at=DUE, alarm=Alarm.WAKE, reply_due=None
    )
    desk = Desk(playbook, snoozed)
    assert await desk.at(DUE) == [("thread", "notice.woken"), ("U_CLEO", "notice.woken")]
    assert desk.records.found[1001].state is TicketState.OPEN


async def test_one_that_cannot_ring_keeps_no_other_waiting(playbook):
    late = {"alarm": Alarm.BREACH, "alarm_at": DUE}
    desk = Desk(playbook, waiting(**late), waiting(number=1002, conversation_id="c", **late))
    desk.hands.failing.add(1001)
    desk.now = DUE
    await desk.alarms.ring()
    assert {p.payload["values"]["ticket"] for p in desk.hands.posts} == {1002}
    assert desk.records.found[1001].alarm_at == DUE


async def test_help_that_cannot_be_called_now_is_called_later(playbook):
    desk = Desk(playbook, waiting(alarm=Alarm.BREACH, alarm_at=DUE))
    desk.places.knows = False
    desk.now = DUE
    await desk.alarms.ring()
    assert desk.hands.posts == []
    desk.places.knows = True
    assert ("C_LEAD", "notice.escalated") in await desk.at(DUE + timedelta(minutes=1))


@pytest.mark.parametrize("key", ["refused.closed", "refused.other_ticket"])
async def test_a_held_reply_that_cannot_be_sent_is_given_back_to_its_agent(playbook, key):
    desk = Desk(playbook, a_ticket())

    async def refuse(_number: int, _act: Any) -> None:
        raise Refused(key, ticket=1001)

    desk.hands.do = refuse
    desk.records.held = [
        HeldReply(
            client_id="slack:C1/1.2",
            ticket_number=1001,
            agent=CLEO.id,
            agent_name="Cleo",
            text="Hello",
            due_at=DUE,
        )
    ]
    assert await desk.alarms.send_held() == 1
    assert desk.records.taken_back == ["slack:C1/1.2"]
    told = desk.hands.posts[0]
    assert (told.kind, told.payload["user"], told.payload["key"]) == ("desk.direct", "U_CLEO", key)
