"""Takes back the tickets of those who do not work at the desk any more.

Who has left all of its channels can do nothing for their customers, and hears nothing that they
could act on; so what they had goes back to its queue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from msgspec.structs import replace

from bot.desk.acts import NOBODY, Refused
from bot.desk.posts import in_thread
from bot.errors import ChannelError
from crm_store.errors import StoreError

if TYPE_CHECKING:
    from bot.desk.acts import Situation
    from bot.desk.office import Office
    from crm_store.drafts import Handling
    from crm_store.records import Ticket

_log = structlog.get_logger()


class Leavers:
    """Looks for them."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def look(self) -> int:
        """Put the tickets of whoever has left back into their queues; return how many."""
        count = 0
        try:
            for agent in await self._office.store.tickets.holders():
                if not await self._office.roster.works_here(agent):
                    count += await self._take_back(agent)
        except ChannelError as error:
            # Slack does not tell who is there: the next look finds it.
            _log.info("leavers_not_known", why=type(error).__name__)
        return count

    async def _take_back(self, agent: str) -> int:
        known = await self._office.store.agents.get(agent)
        name = known.name if known is not None else "?"
        count = 0
        for ticket in await self._office.store.tickets.of_agent(agent):
            try:
                count += await self._requeue(ticket, name)
            except (Refused, StoreError) as error:
                _log.info("not_taken_back", ticket=ticket.number, why=type(error).__name__)
        return count

    async def _requeue(self, ticket: Ticket, name: str) -> bool:
        office = self._office
        thread = await office.store.threads.of_ticket(ticket.number)

        def act(situation: Situation) -> Handling | None:
            if situation.ticket.assignee != ticket.assignee:
                return None  # somebody else has it by now
            handling = office.acts.requeue(situation, NOBODY)
            if handling is None or thread is None:
                return handling
            told = in_thread(thread, "notice.left", ticket=ticket.number, agent=name)
            return replace(handling, posts=(told,))

        return await office.hands.do(ticket.number, act) is not None
