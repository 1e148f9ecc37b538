"""Who writes in Slack, where, and which conversation that is.

Somebody is known by their own workspace and their id in it, whichever workspace tells of them. A
direct message is one conversation, and so is each thread with each person in it. In a channel that
the bot listens to, what somebody writes in a row belongs together, thread or no thread.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import structlog
from msgspec import Struct
from msgspec.structs import replace

from bot.channels.slack.doorway import Role, Room, role_of, room_of
from bot.errors import ChannelError
from bot.slack.errors import OutcomeUnknown
from bot.slack.mrkdwn import escape, from_slack, names_in
from bot.think import language_of
from crm_store.drafts import Opening
from crm_store.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import datetime

    from bot.desk.roster import Roster
    from bot.playbook import Playbook
    from bot.slack.api import SlackApi
    from bot.slack.events import Mentioned, Said
    from crm_store.drafts import Opened
    from crm_store.records import Conversation, Message
    from crm_store.store import Store
    from nlp.understanding import Language

_log = structlog.get_logger()

CHANNEL = "slack"

BURST_S = 300.0
"""What somebody writes in a channel so soon after their first message goes on with it."""


BEHIND_S = 0.05
"""How long a message in a channel lets an older one of its writer's go first."""


class _Row:
    """The messages of one person in one channel that are being taken in."""

    def __init__(self) -> None:
        self.waiting: list[str] = []
        self.moved = asyncio.Condition()


class Visitor(Struct, frozen=True, kw_only=True):
    """Somebody who does something in Slack."""

    team: str
    """The workspace that told of it."""
    user: str
    identity: str
    """As the store knows them: their own workspace, and their id."""
    name: str
    locale: str | None
    role: Role


class Visitors:
    """Knows people by what Slack says of them, and their conversations by where they write."""

    def __init__(
        self,
        store: Store,
        playbook: Playbook,
        api: SlackApi,
        roster: Roster,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._playbook = playbook
        self._api = api
        self._roster = roster
        self._clock = clock
        self._rows: dict[str, _Row] = {}

    # -- who ---------------------------------------------------------------------------------

    async def visitor(self, team: str, user: str, user_team: str | None = None) -> Visitor:
        """Return who somebody is.

        Raises:
            ChannelError: Slack does not tell.
        """
        if self._roster.ourselves is None:
            # Right after the start; without our own name nothing could be said to be meant for us.
            self._roster.ourselves = await self._api.auth_test()
        person = await self._roster.person(user)
        home = person.team or user_team or team
        foreign = person.is_stranger or user_team not in (None, team)
        is_agent = not foreign and await self._roster.is_agent(team, user)
        settings = self._playbook.settings.desk.customers
        return Visitor(
            team=team,
            user=user,
            identity=f"{home}:{user}",
            name=person.name,
            locale=person.locale,
            role=role_of(person, settings, is_agent=is_agent, foreign=foreign),
        )

    def language(self, who: Visitor) -> Language:
        """Return the language in which somebody is told what no conversation is about."""
        return language_of(who.locale) or self._playbook.settings.general.languages[0]

    def words(self, key: str, language: Language, **values: Any) -> str:  # noqa: ANN401  # see `Replies`
        """Return a reply of the configuration."""
        shop = self._playbook.settings.general.name
        shared = {"shop": shop, "name": "", "ticket": "", "wait": ""}
        return self._playbook.replies.words(key, {**shared, **values}, language)

    async def tell(
        self,
        who: Visitor,
        channel: str,
        key: str,
        *,
        thread_ts: str | None = None,
        language: Language | None = None,
        **values: Any,  # noqa: ANN401  # see `Replies`
    ) -> None:
        """Tell one person something that nobody else sees; when it cannot be told, so be it."""
        text = escape(self.words(key, language or self.language(who), **values))
        try:
            await self._api.post_ephemeral(channel, who.user, text, thread_ts=thread_ts)
        except (ChannelError, OutcomeUnknown) as error:
            _log.info("visitor_not_told", why=type(error).__name__, key=key)

    # -- where -------------------------------------------------------------------------------

    def is_for_us(self, event: Said | Mentioned) -> bool:
        """Return whether a message calls the bot by its name."""
        ours = self._roster.ourselves
        called = ours is not None and ours.user in names_in(event.text)
        return called or not hasattr(event, "channel_type")

    async def room(self, event: Said | Mentioned, who: Visitor) -> Room:
        """Return what the place means in which somebody writes."""
        is_direct = is_alone(event.channel)
        names = frozenset({event.channel, await self._roster.name_of(event.channel)})
        known = False
        if event.thread_ts is not None and not is_direct:
            address = f"{event.channel}/{event.thread_ts}"
            known = await self.held_at(who.identity, address) is not None
        return room_of(
            self._playbook.settings.desk.customers,
            names,
            is_direct=is_direct,
            mentioned=self.is_for_us(event),
            known_thread=known,
        )

    @asynccontextmanager
    async def in_turn(self, event: Said | Mentioned) -> AsyncIterator[None]:
        """Have what somebody writes in a channel taken one by one, as it was written.

        Outside of threads each message comes by itself; two of a burst taken at once would open a
        conversation each.
        """
        if event.thread_ts is not None or is_alone(event.channel):
            yield
            return
        key = f"{event.team}/{event.channel}/{event.user}"
        row = self._rows.setdefault(key, _Row())
        row.waiting.append(event.ts)
        try:
            await asyncio.sleep(BEHIND_S)
            async with row.moved:
                await row.moved.wait_for(lambda: min(row.waiting) == event.ts)
            yield
        finally:
            row.waiting.remove(event.ts)
            if not row.waiting:
                self._rows.pop(key, None)
            async with row.moved:
                row.moved.notify_all()

    async def going_on(self, event: Said | Mentioned, who: Visitor) -> Conversation | None:
        """Return the conversation that a message in a channel goes on with, outside of threads."""
        if event.thread_ts is not None or is_alone(event.channel):
            return None
        newest = await self._store.conversations.newest_in(
            who.identity, channel=CHANNEL, place=event.channel
        )
        if newest is None:
            return None
        began = newest.address.rpartition("/")[2]
        return newest if abs(float(event.ts) - float(began)) < BURST_S else None

    async def open(
        self, event: Said | Mentioned, who: Visitor, room: Room, near: Conversation | None
    ) -> Opened:
        """Return the conversation that a message belongs to, begun with it if there is none.

        In a channel nobody is verified: what only the customer may read is not for all.
        """
        if is_alone(event.channel):
            address = event.channel
        elif room.private:
            address = await self._api.open_dm(who.user)
        elif near is not None:
            address = near.address
        else:
            address = f"{event.channel}/{event.thread_ts or event.ts}"
        opened = await self.open_at(who, address)
        return opened if is_alone(address) else replace(opened, verified=False)

    async def open_at(self, who: Visitor, address: str) -> Opened:
        """Return somebody's conversation at a place, begun if there is none."""
        return await self._store.conversations.open(
            Opening(
                channel=CHANNEL,
                identity=who.identity,
                verified=False,
                at=self._clock(),
                customer={"name": who.name},
                locale=who.locale,
                address=address,
            )
        )

    async def held_at(self, identity: str, address: str) -> Opened | None:
        """Return somebody's conversation at a place; verified counts where they are alone."""
        found = await self._store.conversations.find(identity, channel=CHANNEL, address=address)
        if found is None or is_alone(address):
            return found
        return replace(found, verified=False)

    async def theirs(self, who: Visitor, conversation_id: str) -> Opened | None:
        """Return a conversation if it is held with this very person."""
        try:
            conversation = await self._store.conversations.get(conversation_id)
        except NotFound:
            return None
        found = await self.held_at(who.identity, conversation.address)
        return found if found is not None and found.conversation.id == conversation_id else None

    async def versions(self, who: Visitor, source: str) -> tuple[Message, ...]:
        """Return a message of theirs and what they made of it since, in order."""
        return await self._store.conversations.sent_by(
            who.identity, channel=CHANNEL, client_id=source
        )

    # -- what --------------------------------------------------------------------------------

    async def plain(self, text: str) -> str:
        """Return what was written as a reader outside would want it, without the bot's name."""
        ours = self._roster.ourselves.user if self._roster.ourselves else None
        names = {
            user: (await self._roster.person(user)).name for user in names_in(text) if user != ours
        }
        return from_slack(text.replace(f"<@{ours}>", ""), names.get).strip()


def is_alone(address: str) -> bool:
    """Return whether a place is where the bot speaks with one person alone."""
    return address.startswith("D")


def source_of(channel: str, ts: str) -> str:
    """Return the id that a message of Slack's has in the store."""
    return f"{CHANNEL}:{channel}/{ts}"
