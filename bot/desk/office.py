"""What everybody at the desk works with, put together once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import structlog
from msgspec import Struct

from bot.desk.acts import Actor
from bot.desk.drawn import section
from bot.desk.words import words
from bot.errors import ChannelError
from bot.slack.errors import OutcomeUnknown
from bot.slack.mrkdwn import escape
from bot.think import language_of

if TYPE_CHECKING:
    from bot.delivery import Delivery
    from bot.desk.acts import Acts, Refused
    from bot.desk.alarms import Alarms
    from bot.desk.drawn import Drawn
    from bot.desk.gather import Gather
    from bot.desk.hands import Hands
    from bot.desk.relay import Relay
    from bot.desk.roster import Roster
    from bot.desk.speech import Speech
    from bot.playbook import Playbook
    from bot.slack.api import SlackApi
    from crm_store.desk_records import Agent, Thread
    from crm_store.store import Store
    from nlp.understanding import Language

_log = structlog.get_logger()

Clock = Callable[[], datetime]


class Office(Struct, frozen=True, kw_only=True):
    """The desk's tools."""

    store: Store
    playbook: Playbook
    delivery: Delivery
    api: SlackApi
    roster: Roster
    gather: Gather
    acts: Acts
    hands: Hands
    relay: Relay
    alarms: Alarms
    speech: Speech
    clock: Clock

    def language(self, agent: Agent) -> Language:
        """Return the language in which an agent reads."""
        return self.gather.language(agent.language)

    async def threads_around(self, channel: str, ts: str) -> Thread | None:
        """Return the thread whose card, or one of whose posts, Slack calls so."""
        thread = await self.store.threads.named(channel, ts)
        if thread is not None:
            return thread
        post = await self.store.outbox.find(f"{channel}/{ts}")
        id_ = post.payload.get("thread") if post is not None else None
        return None if id_ is None else await self.store.threads.get(id_)

    async def tell(
        self,
        channel: str | None,
        user: str,
        key: str,
        *,
        thread_ts: str | None = None,
        language: Language | None = None,
        **values: Any,  # noqa: ANN401  # whatever the words have placeholders for
    ) -> None:
        """Tell one person something that nobody else sees; when it cannot be told, so be it."""
        try:
            if language is None:
                person = await self.roster.person(user)
                language = self.gather.language(language_of(person.locale))
            text = escape(words(key, language, **values))
            if channel is None:
                channel = await self.api.open_dm(user)
                await self.api.post_message(channel, text, blocks=[section(text)])
            else:
                await self.api.post_ephemeral(
                    channel, user, text, blocks=[section(text)], thread_ts=thread_ts
                )
        except (ChannelError, OutcomeUnknown) as error:
            # What was done stays done, and is not done again for want of an answer.
            _log.info("agent_not_told", why=type(error).__name__, key=key)

    async def show(self, channel: str, agent: Agent, drawn: Drawn, thread_ts: str | None) -> None:
        """Show an agent something that nobody else sees; when it cannot be shown, so be it."""
        user = agent.id.partition(":")[2]
        try:
            await self.api.post_ephemeral(
                channel, user, drawn.text, blocks=drawn.blocks, thread_ts=thread_ts
            )
        except (ChannelError, OutcomeUnknown) as error:
            _log.info("agent_not_shown", why=type(error).__name__)

    async def replace(self, response_url: str | None, drawn: Drawn) -> bool:
        """Put something else in the place of what an agent pressed on; return whether it is."""
        if response_url is None:
            return False
        try:
            await self.api.replace_pressed(response_url, drawn.text, blocks=drawn.blocks)
        except ChannelError as error:
            _log.info("pressed_not_replaced", why=type(error).__name__)
            return False
        return True

    async def refuse(
        self, refused: Refused, channel: str | None, user: str, thread_ts: str | None = None
    ) -> None:
        """Tell one person why something was not done."""
        values: dict[str, Any] = refused.values
        await self.tell(channel, user, refused.key, thread_ts=thread_ts, **values)


def actor(agent: Agent) -> Actor:
    """Return an agent as the one who acts."""
    return Actor(id=agent.id, name=agent.name)
