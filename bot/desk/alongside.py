"""What an agent writes in a customer's own thread in Slack: a reply like any other, given there.

It stands in front of the customer already, so it is kept and not posted; and as any person's reply
it takes the conversation, lest the bot talks over them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from bot.desk.lanes import Reply
from bot.desk.office import actor
from bot.desk.opening import open_ticket
from bot.routing.rules import Facts
from crm_store.records import AuthorKind

if TYPE_CHECKING:
    from bot.desk.acts import Situation
    from bot.desk.office import Office
    from bot.desk.talk import Talk
    from bot.slack.events import Mentioned, Said
    from crm_store.desk_records import Agent
    from crm_store.drafts import Handling
    from crm_store.records import Conversation

CHANNEL = "slack"


class Alongside:
    """Listens to agents where customers write."""

    def __init__(self, office: Office, talk: Talk) -> None:
        self._office = office
        self._talk = talk

    async def said(self, event: Said | Mentioned) -> bool:
        """Take an agent's answer to a customer; return whether it was one."""
        office = self._office
        if event.user is None or event.is_bot or event.thread_ts is None:
            return False
        if not await office.roster.is_agent(event.team, event.user, event.user_team):
            return False
        address = f"{event.channel}/{event.thread_ts}"
        conversation = await office.store.conversations.at(CHANNEL, address)
        if conversation is None or await self._is_theirs(conversation, event):
            return False
        text = await self._talk.plain(event.text)
        if not text:
            return True  # a file alone: it stands there, and says nothing that we could keep
        agent = await office.roster.agent(event.team, event.user, event.user_team)
        number = conversation.ticket_number
        if number is None:
            number = await self._open(conversation, agent)
        reply = Reply(text=text, source=f"alongside:{event.channel}/{event.ts}")

        def act(situation: Situation) -> Handling:
            handling = office.acts.reply(situation, actor(agent), reply)
            assert handling.line is not None  # noqa: S101  # a reply says something
            return replace(handling, line=replace(handling.line, outbox=False))

        await office.hands.do(number, act)
        return True

    async def _is_theirs(self, conversation: Conversation, event: Said | Mentioned) -> bool:
        """Return whether it is the agent who asked something there, as a customer would."""
        identity = f"{event.user_team or event.team}:{event.user}"
        held = await self._office.store.conversations.find(
            identity, channel=CHANNEL, address=conversation.address
        )
        return held is not None and held.conversation.id == conversation.id

    async def _open(self, conversation: Conversation, agent: Agent) -> int:
        office = self._office
        language = office.speech.language(conversation)
        facts = Facts(need=None, intent=None, language=language)
        routed = office.playbook.router.route(facts, office.clock())
        messages = await office.store.conversations.messages(
            conversation.id, after=max(0, conversation.last_seq - 12), limit=12
        )
        asked = [m.text for m in messages if m.author is AuthorKind.CUSTOMER]
        ticket = await open_ticket(
            office,
            conversation,
            agent,
            subject=asked[-1] if asked else "Slack",
            queue=routed.queue,
            priority=routed.priority,
        )
        return ticket.number
