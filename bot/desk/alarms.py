"""What time does to tickets, and to replies that were held back.

It warns before an answer is due and tells when it is overdue, takes a silent agent's ticket back to
its queue, wakes what was put aside and closes what stayed settled.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from msgspec.structs import replace

from bot.desk.acts import TIME, Actor, Refused
from bot.desk.lanes import Reply, typed_at
from bot.desk.posts import ESCALATED, in_channel, in_thread, tick, to_agent
from bot.errors import ChannelError
from bot.routing.sla import Alarm
from crm_store.errors import NotFound, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.desk.acts import Acts, Situation
    from bot.desk.hands import Hands
    from bot.desk.roster import Roster
    from crm_store.desk_records import HeldReply
    from crm_store.drafts import Handling, PostDraft
    from crm_store.records import Ticket
    from crm_store.store import Store

_log = structlog.get_logger()


class Alarms:
    """Does what is due."""

    def __init__(
        self,
        store: Store,
        acts: Acts,
        hands: Hands,
        roster: Roster | None,
        clock: Callable[[], datetime],
        *,
        assigns: bool = False,
        hold_s: int = 0,
    ) -> None:
        """Make alarms.

        Args:
            store: The CRM store.
            acts: Decide what time does.
            hands: Do it.
            roster: Knows where to call for help, if anywhere.
            clock: Returns the present, aware UTC.
            assigns: Whether tickets are given to agents, see `assigning`.
            hold_s: How long replies are held.
        """
        self._store = store
        self._acts = acts
        self._hands = hands
        self._roster = roster
        self._clock = clock
        self._assigns = assigns
        self._hold_s = hold_s

    async def ring(self) -> int:
        """Do for each ticket what time wants done by now; return for how many."""
        due = await self._store.tickets.alarms(self._clock())
        for ticket in due:
            try:
                await self._ring(ticket)
            except (Refused, StoreError, ChannelError) as error:
                # Somebody else has just changed it, or Slack does not tell where to call for help;
                # it still rings then, and the next look finds it. The others do not wait for it.
                _log.info("alarm_passed_over", ticket=ticket.number, why=type(error).__name__)
        return len(due)

    async def send_held(self) -> int:
        """Send the replies that nobody took back; return how many."""
        due = await self._store.notes.due(self._clock())
        for held in due:
            try:
                await self.send(held)
            except StoreError as error:
                _log.warning("held_reply_waits", why=type(error).__name__)
        return len(due)

    async def send(self, held: HeldReply) -> None:
        """Send a held reply now."""
        by = Actor(id=held.agent, name=held.agent_name)
        reply = Reply(text=held.text, source=held.client_id, files=held.files)

        def act(situation: Situation) -> Handling:
            handling = self._acts.reply(situation, by, reply)
            typed = typed_at(held.client_id)
            posts = (*handling.posts, tick(*typed)) if typed else handling.posts
            return replace(handling, from_held=True, posts=posts)

        try:
            await self._is_still_theirs(held)
            await self._hands.do(held.ticket_number, act)
        except NotFound:
            return  # it was taken back at the last moment
        except Refused as refused:
            await self._store.notes.take_back(held.client_id)
            told = to_agent(held.agent, refused.key, **_plain(refused.values))
            await self._hands.post(told)

    async def _is_still_theirs(self, held: HeldReply) -> None:
        """See that nobody has taken the ticket while a reply was held.

        Raises:
            Refused: Somebody has, and knew nothing of it.
        """
        since = held.due_at - timedelta(seconds=self._hold_s)
        for act in reversed(await self._store.audit.of(f"ticket:{held.ticket_number}")):
            by = act["details"].get("by")
            if act["at"] < since:
                return
            if act["kind"] == "take" and by != held.agent:
                taker = await self._store.agents.get(by)
                name = taker.name if taker is not None else "?"
                raise Refused("refused.taken_over", ticket=held.ticket_number, agent=name)

    async def _ring(self, ticket: Ticket) -> None:
        match ticket.alarm:
            case Alarm.WAKE:
                await self._do(ticket, self._acts.wake, "notice.woken")
            case Alarm.CLOSE:
                await self._do(ticket, self._acts.close, None)
            case Alarm.REQUEUE:
                if await self._do(ticket, self._requeue, "notice.requeued"):
                    await self._silent(ticket)
            case Alarm.WARN:
                await self._do(ticket, self._acts.rang, "notice.due_soon")
            case _:
                await self._do(ticket, self._acts.rang, "notice.overdue")

    async def _silent(self, ticket: Ticket) -> None:
        """Give nothing more to somebody who does not answer, where tickets are given."""
        if not self._assigns or ticket.assignee is None or self._roster is None:
            return
        await self._store.agents.set_away(ticket.assignee, True, self._clock())
        self._roster.forget_agent(ticket.assignee)
        await self._hands.post(to_agent(ticket.assignee, "notice.set_away"))

    def _requeue(self, situation: Situation) -> Handling | None:
        return self._acts.requeue(situation, TIME)

    async def _do(
        self, ticket: Ticket, act: Callable[[Situation], Handling | None], key: str | None
    ) -> bool:
        """Do what an alarm stands for, once; return whether there was anything to do."""
        posts = () if key is None else await self._posts(ticket, key)
        done = False

        def telling(situation: Situation) -> Handling | None:
            nonlocal done
            done = False
            now = situation.ticket
            if (now.alarm_at, now.alarm) != (ticket.alarm_at, ticket.alarm):
                return None  # it was changed meanwhile, and rings for something else
            handling = _unless_refused(act, situation)
            if handling is None:
                # Nothing to do, yet the alarm must not ring for ever.
                return self._acts.rang(situation)
            done = True
            return replace(handling, posts=(*handling.posts, *posts))

        await self._hands.do(ticket.number, telling)
        return done

    async def _posts(self, ticket: Ticket, key: str) -> tuple[PostDraft, ...]:
        """Return who is told: the thread, the assignee in private, the lead when it is too late."""
        values: dict[str, str | float] = {"ticket": ticket.number}
        if ticket.reply_due is not None:
            values["due"] = ticket.reply_due.timestamp()
        posts = []
        thread = await self._store.threads.of_ticket(ticket.number)
        if thread is not None:
            posts.append(in_thread(thread, key, **values))
        if ticket.assignee is not None:
            posts.append(to_agent(ticket.assignee, key, **values))
        if key == "notice.overdue" and self._roster is not None:
            channel = await self._roster.escalation_channel()
            if channel is not None:
                posts.append(in_channel(channel, ESCALATED, **values))
        return tuple(posts)


def _unless_refused(
    act: Callable[[Situation], Handling | None], situation: Situation
) -> Handling | None:
    try:
        return act(situation)
    except Refused:
        return None  # settled, or merged: nothing is left to do


def _plain(values: dict[str, object]) -> dict[str, str | float]:
    return {k: v if isinstance(v, str | int | float) else str(v) for k, v in values.items()}
