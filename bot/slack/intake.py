"""Takes in what Slack tells: on disk first, then acknowledged.

Bolt acknowledges before it runs a listener, and answers 200 when it cannot ask who we are; both
lose what a customer said. So this stands before all that, right behind the check of the signature,
and no listener exists. An error here becomes a 500, or no acknowledgement: Slack sends it again.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

import structlog
from slack_bolt.response import BoltResponse

from bot.slack.events import (
    Deleted,
    Edited,
    Mentioned,
    Reacted,
    Said,
    Submitted,
    Suggested,
    Unknown,
    kept,
)
from bot.slack.keys import keys_of
from bot.slack.normalise import normalise
from bot.slack.reading import part, parts, text

if TYPE_CHECKING:
    from slack_bolt.request.async_request import AsyncBoltRequest

    from bot.slack.events import SlackEvent
    from bot.slack.people import Ourselves
    from crm_store.records import Json

_log = structlog.get_logger()

SOURCE = "slack"

ANSWER_WITHIN_S = 2.0
"""Slack waits three seconds, and the inbox wants some of them."""

MOST_REASONS = 50
"""Slack invents kinds of events; counting them must not fill the memory."""

Answer = Callable[["Submitted | Suggested"], Awaitable[Mapping[str, Any] | None]]
"""What a dialog shows at once: faults in its fields, what there is to choose; None = all is well.

A dialog that is given faults (`response_action: errors`) stays open, and was not sent off.
"""


class TakesIn(Protocol):
    """The inbox of the store."""

    async def take_in(
        self, source: str, keys: tuple[str, ...], payload: Json, at: datetime
    ) -> bool:
        """Return whether the event is new: none of its keys is known. It is on disk either way."""


class Intake:
    """What comes in, by HTTP and by sockets alike."""

    def __init__(
        self,
        inbox: TakesIn,
        *,
        on_news: Callable[[], None],
        answer: Answer | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._inbox = inbox
        self._on_news = on_news
        self._answer = answer
        self._clock = clock
        self.ourselves: Ourselves | None = None
        """Known once Slack was asked; until then payloads tell by themselves what is our own."""
        self.counts: Counter[str] = Counter()
        """By what became of them: taken_in, again, own, foreign, answered."""
        self.unknown: Counter[str] = Counter()
        """What meant nothing to us, by reason."""

    async def before_authorize(self, req: AsyncBoltRequest) -> BoltResponse:
        """Answer a request whose signature was checked; this is Bolt's middleware."""
        body = req.body
        if body.get("type") == "url_verification":
            return BoltResponse(status=200, body={"challenge": str(body.get("challenge", ""))})
        event = self._meant_for_us(body)
        if event is None:
            return _acknowledged()
        shown = None
        if isinstance(event, Submitted | Suggested):
            shown = await self._ask(event)
            if isinstance(event, Suggested) or (shown or {}).get("response_action") == "errors":
                self.counts["answered"] += 1
                return _acknowledged(shown)
        await self._keep(event, body)
        return _acknowledged(shown)

    async def take_in(self, body: Mapping[str, Any]) -> bool:
        """Take in an event that Slack did not tell of; return whether it was new."""
        event = self._meant_for_us(body)
        return event is not None and await self._keep(event, body)

    async def _keep(self, event: SlackEvent, body: Mapping[str, Any]) -> bool:
        keys = keys_of(event, body)
        is_new = await self._inbox.take_in(SOURCE, keys, kept(event), self._clock())
        self.counts["taken_in" if is_new else "again"] += 1
        self._on_news()
        return is_new

    def _meant_for_us(self, body: Mapping[str, Any]) -> SlackEvent | None:
        event = normalise(body)
        if isinstance(event, Unknown):
            self._count_unknown(event.reason)
        elif is_own(event, body, self.ourselves):
            self.counts["own"] += 1
        elif self._is_foreign(event, body):
            self.counts["foreign"] += 1
        else:
            return event
        return None

    async def _ask(self, event: Submitted | Suggested) -> Mapping[str, Any] | None:
        """Return what a dialog is to show at once; what takes too long is not waited for."""
        nothing: Mapping[str, Any] | None = (
            {"options": []} if isinstance(event, Suggested) else None
        )
        if self._answer is None:
            return nothing
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                return await self._answer(event) or nothing
        except TimeoutError:
            _log.warning("dialog_not_answered", kind=type(event).__name__)
            return nothing

    def _count_unknown(self, reason: str) -> None:
        known = reason in self.unknown or len(self.unknown) < MOST_REASONS
        self.unknown[reason if known else "other"] += 1

    def _is_foreign(self, event: SlackEvent, body: Mapping[str, Any]) -> bool:
        """Return whether an event is of a workspace that we have nothing to do with.

        In a shared channel it is ours whoever wrote; what they may do is for the desk to say.
        """
        if self.ourselves is None or getattr(event, "is_ext_shared", False):
            return False
        ours = {self.ourselves.team, self.ourselves.enterprise} - {None, ""}
        named = {
            getattr(event, "team", None),
            getattr(event, "user_team", None),
            text(dict(body), "context_team_id"),
            *(text(each, "team_id") for each in parts(dict(body), "authorizations")),
        }
        return not ours & named


def is_own(event: SlackEvent, body: Mapping[str, Any], ourselves: Ourselves | None) -> bool:
    """Return whether the bot itself did it; hearing itself it would talk for ever.

    Without knowing who we are: Slack names the app that an event goes to and the app that wrote.
    """
    if not isinstance(event, Said | Mentioned | Edited | Deleted | Reacted):
        return False
    users = {text(each, "user_id") for each in parts(dict(body), "authorizations")}
    bots: set[str | None] = set()
    if ourselves is not None:
        users.add(ourselves.user)
        bots.add(ourselves.bot)
    told = part(dict(body), "event")
    written = part(told, "message") or part(told, "previous_message") or told
    app = text(written, "app_id") or text(written, "bot_profile", "app_id")
    return (
        (event.user is not None and event.user in users)
        or (text(written, "bot_id") in bots - {None})
        or (app is not None and app == text(dict(body), "api_app_id"))
    )


def _acknowledged(shown: Mapping[str, Any] | None = None) -> BoltResponse:
    return BoltResponse(status=200, body="" if shown is None else dict(shown))
