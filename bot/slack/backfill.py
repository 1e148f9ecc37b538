"""Looks in Slack for what was said while nobody listened.

Slack tries to tell of a message for some minutes and then gives up. After a longer silence the
places where somebody may have written are read, and what is found there is taken in as if Slack
had just told of it: what was heard already is known by its key. What was edited or removed
meanwhile shows as it is now; reactions and buttons are lost, and who pressed one saw it fail.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import structlog
from msgspec import Struct

from bot.errors import ChannelError
from bot.slack.errors import OutcomeUnknown
from bot.slack.limits import Urgency

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping
    from datetime import datetime

    from bot.slack.api import SlackApi
    from bot.slack.intake import Intake

_log = structlog.get_logger()

OVERLAP = timedelta(minutes=2)
"""Clocks differ, and what was under way when the silence began may be lost as well."""

FURTHEST = timedelta(days=3)
"""As long as the inbox knows what it has heard; beyond that something would be heard twice."""


class Spot(Struct, frozen=True):
    """A place in Slack: a thread, or what stands by itself in a channel."""

    channel: str
    thread_ts: str | None = None


class Backfill:
    """Reads what was missed."""

    def __init__(
        self,
        api: SlackApi,
        intake: Intake,
        spots: Callable[[datetime], Awaitable[Iterable[Spot]]],
        clock: Callable[[], datetime],
    ) -> None:
        """Make it.

        Args:
            api: Of Slack.
            intake: Takes in what is found.
            spots: Returns where somebody may have written since then.
            clock: Returns the present, aware UTC.
        """
        self._api = api
        self._intake = intake
        self._spots = spots
        self._clock = clock

    async def look(self, since: datetime) -> int:
        """Take in what was said since then; return how much of it was new.

        Raises:
            ChannelError: Slack does not tell who we are, so nothing can be told apart.
        """
        if self._intake.ourselves is None:
            self._intake.ourselves = await self._api.auth_test()
        since = max(since - OVERLAP, self._clock() - FURTHEST)
        oldest, found, places = f"{since.timestamp():.6f}", 0, 0
        for spot in await self._spots(since):
            try:
                messages = await self._messages(spot, oldest)
            except (ChannelError, OutcomeUnknown) as error:
                # A channel that we were thrown out of keeps nobody from looking at the others.
                _log.info("not_looked_back", why=type(error).__name__)
                continue
            places += 1
            for message in messages:
                found += await self._intake.take_in(self._body(spot, message))
        if places:
            _log.info("looked_back", since=since.isoformat(), places=places, found=found)
        return found

    async def _messages(self, spot: Spot, oldest: str) -> list[Mapping[str, Any]]:
        """Return what people wrote there, the oldest first."""
        if spot.thread_ts is None:
            found = await self._api.history(spot.channel, oldest=oldest, urgency=Urgency.UPDATE)
            found = found[::-1]
        else:
            found = await self._api.replies(
                spot.channel, spot.thread_ts, oldest=oldest, urgency=Urgency.UPDATE
            )
        # A thread's first message always comes along, however old it is.
        return [each for each in found if str(each.get("ts", "")) >= oldest]

    def _body(self, spot: Spot, message: Mapping[str, Any]) -> dict[str, Any]:
        """Return what Slack would have sent."""
        ourselves = self._intake.ourselves
        team = "" if ourselves is None else ourselves.team
        event = {**message, "type": "message", "channel": spot.channel}
        if spot.channel.startswith("D"):
            event["channel_type"] = "im"
        return {"type": "event_callback", "team_id": team, "event": event}
