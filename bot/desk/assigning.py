"""Gives tickets that nobody has taken to the agents who have most room, where the shop wants that.

Only somebody who works in the queue's channel, has been seen at the desk, is not away and has room
is given anything, and only in working hours. Whoever then does not answer is away (see `alarms`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from msgspec.structs import replace

from bot.desk.acts import Refused
from bot.desk.office import actor
from bot.desk.posts import in_thread, to_agent
from bot.errors import ChannelError
from bot.routing.assignment import Candidate, fittest
from crm_store.errors import StoreError
from crm_store.records import Owner

if TYPE_CHECKING:
    from bot.desk.acts import Situation
    from bot.desk.office import Office
    from crm_store.desk_records import Agent
    from crm_store.drafts import Handling
    from crm_store.records import Ticket

_log = structlog.get_logger()


class Assigning:
    """Gives out what waits."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._desk = office.playbook.settings.desk

    async def assign(self) -> int:
        """Give out the tickets that wait, the one first that is due first; return how many."""
        office = self._office
        if self._desk.assign == "pull" or not office.playbook.sla.is_open(office.clock()):
            return 0
        given = 0
        for ticket in await office.store.tickets.free(office.clock()):
            try:
                given += await self._assign(ticket)
            except (Refused, StoreError, ChannelError) as error:
                # Somebody was faster, or Slack does not tell who is there: the next look finds it.
                _log.info("not_assigned", ticket=ticket.number, why=type(error).__name__)
        return given

    async def _assign(self, ticket: Ticket) -> bool:
        office = self._office
        there = {each.id: each for each in await self._there(ticket.queue)}
        loads = await office.store.tickets.loads(there)
        chosen = fittest(
            Candidate(
                id=id_,
                tickets=loads.get(id_, 0),
                capacity=agent.capacity or self._desk.capacity,
            )
            for id_, agent in there.items()
        )
        if chosen is None:
            return False
        thread = await office.store.threads.of_ticket(ticket.number)
        agent, told = there[chosen.id], {"ticket": ticket.number}
        posts = [to_agent(agent.id, "notice.assigned", **told)]
        if thread is not None:
            posts.append(in_thread(thread, "notice.assigned_to", agent=agent.name, **told))

        def act(situation: Situation) -> Handling | None:
            if situation.conversation.owner is not Owner.QUEUE:
                return None  # somebody has it, or the bot again
            handling = office.acts.take(situation, actor(agent))
            if handling is None:
                return None
            return replace(handling, posts=(*handling.posts, *posts))

        return await office.hands.do(ticket.number, act) is not None

    async def _there(self, queue: str) -> list[Agent]:
        """Return who could take a ticket of a queue."""
        ids = await self._office.roster.agents_of(queue)
        known = await self._office.store.agents.some(ids)
        return [agent for agent in known.values() if not agent.away]
