"""Tells agents who speak to the bot as customers do where the desk is."""

from __future__ import annotations

from collections import OrderedDict
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from bot.desk.office import Office
    from bot.slack.events import Mentioned, Said

ONCE_IN = timedelta(hours=1)
"""Whoever knows it by now is not told again."""

MOST_KEPT = 1000


class Hints:
    """Says it, not too often."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._told: OrderedDict[str, datetime] = OrderedDict()

    async def give(self, event: Said | Mentioned) -> None:
        """Tell whoever wrote something where they find their tickets and what they may ask."""
        if event.user is None:
            return
        now = self._office.clock()
        agent = f"{event.team}:{event.user}"
        told = self._told.get(agent)
        if told is not None and now - told < ONCE_IN:
            return
        self._told[agent] = now
        self._told.move_to_end(agent)
        if len(self._told) > MOST_KEPT:
            self._told.popitem(last=False)
        # In private it stays to be read; elsewhere it is nobody else's business.
        channel = None if event.channel.startswith("D") else event.channel
        await self._office.tell(channel, event.user, "hint.desk", thread_ts=event.thread_ts)
