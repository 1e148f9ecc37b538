"""Who works at the desk, and where: agents are whoever is in the desk's private channels.

Slack is asked and its answers are kept for a while. A guest of the workspace and somebody of
another one are no agents, wherever they were invited to.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

import structlog

from bot.desk.acts import Refused
from bot.errors import ChannelError
from bot.think import language_of
from crm_store.desk_records import Agent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from bot.settings.model import Desk
    from bot.slack.api import SlackApi
    from bot.slack.people import Ourselves, Person
    from crm_store.store import Store

_log = structlog.get_logger()

MEMBERS_KEPT_S = 60.0
"""Whoever leaves a channel is no agent any more a minute later."""

PEOPLE_KEPT_S = 600.0

CHANNELS_KEPT_S = 300.0


class Roster:
    """The desk's people and places."""

    def __init__(
        self,
        api: SlackApi,
        store: Store,
        desk: Desk,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api = api
        self._store = store
        self._desk = desk
        self._clock = clock
        self._monotonic = monotonic
        self._ids: dict[str, str] = {}
        """Channel name → id."""
        self._asked_at: float | None = None
        self._members: dict[str, tuple[float, frozenset[str]]] = {}
        self._people: dict[str, tuple[float, Person]] = {}
        self._met: dict[str, Agent] = {}
        self._asking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self.ourselves: Ourselves | None = None

    # -- places ------------------------------------------------------------------------------

    async def channel(self, queue: str) -> str | None:
        """Return the channel in which a queue's tickets stand; None when the bot is in none."""
        await self._learn_channels()
        desk = self._desk
        for name in (desk.channels.get(queue), desk.default_channel):
            if name is not None and (found := self._id(name)) is not None:
                return found
        return None

    async def channels(self) -> frozenset[str]:
        """Return all channels of the desk that the bot is in."""
        return await self.ids_of({*self._desk.channels.values(), self._desk.default_channel})

    async def ids_of(self, names: Iterable[str]) -> frozenset[str]:
        """Return the ids of those of these channels that the bot is in."""
        await self._learn_channels()
        return frozenset(found for name in names if (found := self._id(name)) is not None)

    async def agents_of(self, queue: str) -> tuple[str, ...]:
        """Return the ids of all who are in a queue's channel; none while the bot is not."""
        channel = await self.channel(queue)
        if channel is None or self.ourselves is None:
            return ()
        team = self.ourselves.team
        return tuple(f"{team}:{user}" for user in sorted(await self._members_of(channel)))

    async def queues_of(self, agent: str, queues: tuple[str, ...]) -> tuple[str, ...]:
        """Return those queues in whose channels an agent is."""
        user = agent.partition(":")[2]
        found = []
        for queue in queues:
            channel = await self.channel(queue)
            if channel is not None and user in await self._members_of(channel):
                found.append(queue)
        return tuple(found)

    async def escalation_channel(self) -> str | None:
        """Return where overdue answers are told of; None for the ticket's own thread."""
        await self._learn_channels()
        name = self._desk.escalation_channel
        return None if name is None else self._id(name)

    async def name_of(self, channel: str) -> str:
        """Return the name of a channel that the bot is in; its id where it has none."""
        await self._learn_channels()
        return next((name for name, id_ in self._ids.items() if id_ == channel), channel)

    async def stands_in(self, channel: str, thread_ts: str, ts: str) -> bool:
        """Return whether a message stands in a thread.

        Raises:
            ChannelError: Slack does not tell.
        """
        found = await self._api.replies(channel, thread_ts, oldest=ts, latest=ts)
        return any(message["ts"] == ts for message in found)

    def forget_channels(self) -> None:
        """Ask anew: the bot was invited somewhere, or thrown out."""
        self._asked_at = None
        self._members.clear()

    async def missing(self) -> tuple[str, ...]:
        """Return the names of channels that the configuration wants and the bot is not in."""
        await self._learn_channels()
        names = {*self._desk.channels.values(), self._desk.default_channel}
        return tuple(sorted(name for name in names if self._id(name) is None))

    def _id(self, name: str) -> str | None:
        return self._ids.get(name.casefold()) or (name if name in self._ids.values() else None)

    def _once(self, what: str) -> asyncio.Lock:
        """Return what has one ask while all others wait for the answer.

        A burst right after the start asked the same of Slack a hundred times, and then waited
        minutes for its turn.
        """
        return self._asking.setdefault(what, asyncio.Lock())

    async def _learn_channels(self) -> None:
        async with self._once("channels"):
            await self._ask_channels()

    async def _ask_channels(self) -> None:
        now = self._monotonic()
        if self._asked_at is not None and now - self._asked_at < CHANNELS_KEPT_S:
            return
        try:
            places = await self._api.user_channels()
        except ChannelError:
            if not self._ids:
                raise
            return
        self._ids = {(place.name or place.id).casefold(): place.id for place in places}
        self._asked_at = now

    # -- people ------------------------------------------------------------------------------

    async def agent(self, team: str, user: str, user_team: str | None = None) -> Agent:
        """Return the agent behind a Slack user.

        Raises:
            Refused: They do not work at the desk.
            ChannelError: Slack does not tell.
        """
        if user_team not in (None, team):
            raise Refused("refused.stranger")
        person = await self.person(user)
        if person.is_stranger or (person.team is not None and person.team != team):
            raise Refused("refused.stranger")
        if person.is_guest:
            raise Refused("refused.guest")
        if person.is_bot or person.is_gone or not await self._is_member(user):
            raise Refused("refused.not_agent")
        return await self._meet(f"{team}:{user}", person)

    def forget_agent(self, agent: str) -> None:
        """Read an agent anew the next time: something about them has changed."""
        self._met.pop(agent, None)

    async def is_agent(self, team: str, user: str, user_team: str | None = None) -> bool:
        """Return whether somebody works at the desk."""
        try:
            await self.agent(team, user, user_team)
        except Refused:
            return False
        return True

    async def works_here(self, agent: str) -> bool:
        """Return whether an agent is still one; yes while the bot itself is in no channel.

        Raises:
            ChannelError: Slack does not tell.
        """
        team, _, user = agent.partition(":")
        return not await self.channels() or await self.is_agent(team, user)

    async def person(self, user: str) -> Person:
        """Return what Slack says of somebody."""
        async with self._once(f"person {user}"):
            return await self._ask_person(user)

    async def _ask_person(self, user: str) -> Person:
        now = self._monotonic()
        kept = self._people.get(user)
        if kept is not None and now - kept[0] < PEOPLE_KEPT_S:
            return kept[1]
        try:
            person = await self._api.user_info(user)
        except ChannelError:
            if kept is None:
                raise
            return kept[1]
        self._people[user] = (now, person)
        return person

    async def _is_member(self, user: str) -> bool:
        for channel in sorted(await self.channels()):
            if user in await self._members_of(channel):
                return True
        return False

    async def _members_of(self, channel: str) -> frozenset[str]:
        async with self._once(f"members {channel}"):
            return await self._ask_members(channel)

    async def _ask_members(self, channel: str) -> frozenset[str]:
        now = self._monotonic()
        kept = self._members.get(channel)
        if kept is not None and now - kept[0] < MEMBERS_KEPT_S:
            return kept[1]
        try:
            members = frozenset(await self._api.members(channel))
        except ChannelError:
            if kept is None:
                raise
            return kept[1]
        self._members[channel] = (now, members)
        return members

    async def _meet(self, id_: str, person: Person) -> Agent:
        language = language_of(person.locale)
        known = self._met.get(id_) or await self._store.agents.get(id_)
        if known is None or (known.name, known.language) != (person.name, language):
            agent = Agent(id=id_, name=person.name, language=language)
            await self._store.agents.met(agent, self._clock())
            known = await self._store.agents.get(id_) or agent
        self._met[id_] = known
        return known
