"""Puts the desk together: everything that works in Slack, its start and its end.

Slack → inbox → worker → desk → acts → store → delivery → customers
conversations → relay → outbox → lanes → Slack
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bot.channels.slack import SlackCustomers
from bot.desk.acts import Acts
from bot.desk.alarms import Alarms
from bot.desk.assigning import Assigning
from bot.desk.desk import Desk
from bot.desk.gather import Gather
from bot.desk.hands import Hands
from bot.desk.hints import Hints
from bot.desk.leavers import Leavers
from bot.desk.office import Office
from bot.desk.portraits import Portraits
from bot.desk.posts import CHANNEL
from bot.desk.relay import Relay
from bot.desk.roster import Roster
from bot.desk.speech import Speech
from bot.desk.whisper import Whisper
from bot.errors import ChannelError
from bot.slack.backfill import Backfill, Spot
from bot.slack.calls import State
from bot.slack.intake import SOURCE
from bot.slack.platform import Platform
from bot.timers import Timers
from crm_store.records import Owner

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from aiohttp import web

    from bot.api.metrics import Metrics
    from bot.channels import Channel
    from bot.delivery import Delivery
    from bot.messages import Message, Receipt
    from bot.playbook import Playbook
    from bot.slack.api import SlackApi
    from bot.slack.credentials import Credentials
    from bot.turn import Answered
    from crm_store.records import Conversation
    from crm_store.store import Store

_log = structlog.get_logger("frontdesk.desk")

RING_EVERY_S = 1.0
ASSIGN_EVERY_S = 2.0
LEAVERS_EVERY_S = 60.0
"""As long as the roster takes to know that somebody has left."""

CATCH_UP_EVERY_S = 15.0
"""In case news got lost, Slack was away, or another process wrote."""

LOOK_BACK_EVERY_S = 10.0
SILENCE = timedelta(minutes=1)
"""Slack itself tells again what it could not tell in a shorter one."""

AWAY_AFTER_S = 60.0
"""A hiccup of Slack's is nothing that customers need to hear of."""

FORGET_EVERY_S = 3600.0
INBOX_KEPT = timedelta(days=3)
"""Slack sends again for hours at most, and after an outage for a day."""


class SlackDesk:
    """The desk, and Slack as a channel of customers."""

    remote_channels = frozenset({"slack"})

    def __init__(
        self,
        store: Store,
        playbook: Playbook,
        credentials: Credentials,
        api: SlackApi,
        clock: Callable[[], datetime],
        receive: Callable[[Message], Awaitable[Receipt]],
        delivery: Delivery,
    ) -> None:
        self._store = store
        self._delivery = delivery
        self._clock = clock
        self._api = api
        self._timers = Timers()
        roster = Roster(api, store, playbook.settings.desk, clock)
        gather = Gather(store, playbook)
        speech, acts = Speech(playbook), Acts(playbook)
        self.relay = Relay(store, playbook, api, roster, gather, clock)
        self._portraits = Portraits(store, playbook, api, roster, delivery, clock)
        hands = Hands(
            store,
            playbook,
            delivery,
            clock,
            remote_channels=self.remote_channels,
            on_change=self.relay.news,
            on_handled=self._portraits.wanted,
            on_handed=self.relay.handed,
        )
        desk = playbook.settings.desk
        alarms = Alarms(
            store,
            acts,
            hands,
            roster,
            clock,
            assigns=desk.assign != "pull",
            hold_s=desk.hold_s,
        )
        self.office = Office(
            store=store,
            playbook=playbook,
            delivery=delivery,
            api=api,
            roster=roster,
            gather=gather,
            acts=acts,
            hands=hands,
            relay=self.relay,
            alarms=alarms,
            speech=speech,
            clock=clock,
        )
        hints = Hints(self.office)
        self.customers = SlackCustomers(
            store,
            playbook,
            api,
            roster,
            speech,
            receive,
            clock,
            on_rated=self.rated,
            on_noted=self.delivered,
            on_agent=hints.give,
        )
        self.desk = Desk(self.office, self.customers, hints)
        self._whisper = Whisper(self.office)
        self._assigning = Assigning(self.office)
        self.leavers = Leavers(self.office)
        self.platform = Platform(
            credentials,
            api,
            store.inbox,
            self.desk.handle,
            answer=self.desk.answer,
            on_gap=self._gap,
        )
        self._backfill = Backfill(api, self.platform.intake, self._spots, clock)
        self._rooms = frozenset(playbook.settings.desk.customers.channels)
        self._silent_since: datetime | None = None
        self._looked_at_start = False
        self._started = clock()

    @property
    def channels(self) -> dict[str, Channel]:
        """The channels that the delivery posts to."""
        return {CHANNEL: self.relay, self.customers.name: self.customers}

    @property
    def is_away(self) -> bool:
        """Whether Slack has not been to be reached for a while."""
        return self._api.state is not State.READY and self._api.state_for_s > AWAY_AFTER_S

    def routes(self) -> list[web.RouteDef]:
        """Return the routes to serve: none with Socket Mode."""
        return self.platform.routes()

    def start(self) -> None:
        """Begin; returns at once, whether Slack is there or not."""
        self.relay.start(self._delivery)
        self.customers.start(self._delivery)
        self.platform.start()
        self._timers.every(RING_EVERY_S, self.office.alarms.ring, "alarms")
        self._timers.every(RING_EVERY_S, self.office.alarms.send_held, "held replies")
        self._timers.every(ASSIGN_EVERY_S, self._assign, "assignment")
        self._timers.every(LEAVERS_EVERY_S, self.leavers.look, "leavers")
        self._timers.every(CATCH_UP_EVERY_S, self._catch_up, "desk threads")
        self._timers.every(LOOK_BACK_EVERY_S, self._look_back, "look back")
        self._timers.every(FORGET_EVERY_S, self._forget, "inbox")

    def watch(self, metrics: Metrics) -> None:
        """Have the figures of the desk read whenever somebody asks."""
        worker, sockets = self.platform.worker, self.platform.sockets
        metrics.gauge("slack_ready", "Whether Slack takes our calls.", self._ready)
        metrics.gauge("slack_calls_waiting", "Calls that wait for a limit.", self._calls_waiting)
        metrics.gauge("slack_events", "Slack's events in hand.", lambda: worker.depth)
        metrics.gauge("slack_events_given_up", "Events set aside.", lambda: worker.parked)
        metrics.gauge("slack_lanes", "Lanes in which posts wait.", lambda: self._delivery.lanes)
        if sockets is not None:
            metrics.gauge("slack_sockets", "Open sockets to Slack.", lambda: sockets.connected)

    def _ready(self) -> float:
        return self._api.state is State.READY

    def _calls_waiting(self) -> float:
        return self._api.waiting

    async def close(self) -> None:
        """Hear no more, and finish what is under way."""
        await self._timers.close()
        await self._whisper.close()
        await self._portraits.close()
        await self.platform.close()
        await self.relay.close()

    # -- news --------------------------------------------------------------------------------

    def delivered(self, conversation: Conversation) -> None:
        """Take notice of a conversation in which something was said. Never waits, never fails."""
        if conversation.ticket_number is not None:
            self.relay.news(conversation.ticket_number)

    def answered(self, answered: Answered) -> None:
        """Take notice of a finished turn; while an agent has the conversation, draft for them."""
        if answered.owner is Owner.AGENT and answered.ticket is not None:
            self._whisper.consider(answered.conversation_id, answered.seq)

    def rated(self, number: int) -> None:
        """Take notice of a rating. Never waits, never fails."""
        self.relay.rated(number)

    def _know_ourselves(self) -> None:
        """Take over what the platform has learned, once Slack has told it."""
        if self.platform.ourselves is not None:
            self.office.roster.ourselves = self.platform.ourselves

    async def _assign(self) -> None:
        self._know_ourselves()
        await self._assigning.assign()

    def _gap(self, gap_s: float) -> None:
        """Take notice that no connection to Slack was there for so long."""
        began = self._clock() - timedelta(seconds=gap_s)
        self._silent_since = min(self._silent_since or began, began)

    async def _look_back(self) -> None:
        """Look for what was said in Slack while we did not listen, once after each silence."""
        if not self._looked_at_start:
            heard = await self._store.inbox.newest(SOURCE, before=self._started)
            if heard is not None and self._started - heard >= SILENCE:
                self._silent_since = heard
            self._looked_at_start = True
        since = self._silent_since
        if since is not None:
            await self._backfill.look(since)
            if self._silent_since == since:
                self._silent_since = None

    async def _spots(self, _since: datetime) -> list[Spot]:
        """Return where agents and customers write, as far as we have met there."""
        threads = [Spot(*each) for each in await self._store.threads.worked_in()]
        held = await self._store.conversations.addresses(self.customers.name)
        places = [address.partition("/") for address in held]
        rooms = await self.office.roster.ids_of(self._rooms)
        return [
            *threads,
            *(Spot(channel, ts or None) for channel, _, ts in places),
            *(Spot(channel) for channel in sorted(rooms)),
        ]

    async def _catch_up(self) -> None:
        self._know_ourselves()
        try:
            await self.relay.catch_up()
        except ChannelError as error:
            _log.info("desk_not_reached", error_type=type(error).__name__)

    async def _forget(self) -> None:
        await self._store.inbox.forget(self._clock() - INBOX_KEPT)
        await self._store.links.forget(self._clock() - INBOX_KEPT)
