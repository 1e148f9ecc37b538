"""What is typed in a ticket's thread, changed there and taken back; and emoji on it.

Nothing typed reaches a customer unless `lanes` makes a reply of it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from msgspec.structs import replace

from bot.desk.acts import Refused
from bot.desk.filing import Filing
from bot.desk.lanes import (
    Note,
    Reply,
    is_marked_note,
    lane_of,
    seems_meant_to_send,
    source_of,
    typed_at,
    without_prefix,
)
from bot.desk.lines import held as held_card
from bot.desk.office import actor
from bot.desk.posts import tick
from bot.slack.intake import SOURCE
from bot.slack.keys import gone_key
from bot.slack.mrkdwn import from_slack, names_in
from crm_store import desk_records
from crm_store.drafts import Line
from crm_store.ids import new_id
from crm_store.records import AuthorKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.desk.acts import Situation
    from bot.desk.hands import Act
    from bot.desk.office import Office
    from bot.slack import events
    from bot.slack.events import Deleted, Edited, Mentioned, Reacted, Said
    from crm_store.desk_records import Agent, Thread
    from crm_store.drafts import Handling
    from crm_store.records import File, Message, Ticket

LONGEST_REPLY = 4000
"""Characters; as many as a customer may write."""


class Talk:
    """Listens in the desk's threads."""

    def __init__(self, office: Office) -> None:
        self._office = office
        files = office.playbook.settings.general.files
        self._filing = Filing(office.api, office.store, files, office.clock)

    async def said(self, event: Said | Mentioned, thread: Thread) -> None:
        """Take what somebody typed in a thread."""
        if event.user is None or event.is_bot:
            return
        office = self._office
        agent = await office.roster.agent(event.team, event.user, event.user_team)
        if await office.store.inbox.knows(SOURCE, gone_key(event.team, event.channel, event.ts)):
            return  # whoever wrote it has removed it meanwhile
        ticket = await office.store.tickets.get(thread.ticket_number)
        lane = lane_of(
            await self.plain(event.text),
            source_of(event.channel, event.ts),
            office.playbook.settings.desk,
            is_assignee=ticket.assignee == agent.id,
            has_files=bool(event.files),
        )
        match lane:
            case Note():
                await self._note(lane, ticket, agent)
                if seems_meant_to_send(lane.text, office.playbook.settings.desk):
                    prefix = office.playbook.settings.desk.reply_prefix
                    await self._hint(event, agent, "note.kept", prefix=prefix)
            case Reply():
                files = await self._filing.take(event.files, ticket.conversation_id)
                lane = replace(lane, files=files)
                await self.send(lane, ticket.number, agent, hold_in=(event.channel, thread.ts))

    async def edited(self, event: Edited, thread: Thread) -> None:
        """Follow what somebody changed; a note never becomes a reply by it."""
        if event.user is None or event.is_bot:
            return
        office = self._office
        agent = await office.roster.agent(event.team, event.user, event.user_team)
        source, text = source_of(event.channel, event.ts), await self.plain(event.text)
        if await office.store.notes.edit(source, text, office.clock()):
            return
        desk = office.playbook.settings.desk
        if is_marked_note(text, desk):
            # Whoever makes a reply internal wants the customer not to have it.
            if await self._take_back(thread, source, event.at):
                await self._hint(event, agent, "reply.taken_back")
            return
        words = without_prefix(text, desk)
        words = text if words is None else words
        if not words:
            await self._hint(event, agent, "reply.not_emptied")
            return
        if not await office.store.notes.reword(source, words):
            await self._replace(thread, source, event.at, words)

    async def deleted(self, event: Deleted, thread: Thread) -> None:
        """Take back what somebody removed."""
        source = source_of(event.channel, event.ts)
        if not await self._office.store.notes.withdraw(source):
            await self._take_back(thread, source, event.at)

    async def reacted(self, event: Reacted, thread: Thread) -> None:
        """Do what an emoji on the card, or in its thread, stands for."""
        act = self._meaning(event.name)
        if act is None or not event.added:
            return
        agent = await self._office.roster.agent(event.team, event.user, event.user_team)
        by, acts = actor(agent), self._office.acts
        meanings: dict[str, Act] = {
            "take": lambda s: acts.take(s, by),
            "resolve": lambda s: acts.resolve(s, by),
            "urgent": lambda s: acts.prioritise(s, by, "urgent"),
            "hand_back": lambda s: acts.hand_back(s, by),
        }
        await self._office.hands.do(thread.ticket_number, meanings[act])

    async def send(
        self,
        reply: Reply,
        number: int,
        agent: Agent,
        *,
        hold_in: tuple[str, str | None] | None = None,
    ) -> None:
        """Send a reply, or hold it for a moment in which it can be taken back.

        Raises:
            Refused: It cannot be sent as things stand.
        """
        if len(reply.text) > LONGEST_REPLY:
            raise Refused("refused.too_long", most=LONGEST_REPLY)
        if not reply.text and not reply.files:
            raise Refused("refused.empty")
        office = self._office
        hold_s = office.playbook.settings.desk.hold_s
        held = desk_records.HeldReply(
            client_id=reply.source,
            ticket_number=number,
            agent=agent.id,
            agent_name=agent.name,
            text=reply.text,
            files=reply.files,
            due_at=office.clock() + timedelta(seconds=hold_s),
        )
        if not hold_s or hold_in is None:
            await self._send_now(reply, number, agent)
            return
        await office.store.notes.hold(held)
        channel, thread_ts = hold_in
        drawn = held_card(reply.text, hold_s, reply.source, office.language(agent))
        await office.show(channel, agent, drawn, thread_ts)

    async def enclosed(self, files: Sequence[events.File], thread: Thread) -> tuple[File, ...]:
        """Return the files of a message in a thread, as a customer may have them."""
        ticket = await self._office.store.tickets.get(thread.ticket_number)
        return await self._filing.take(files, ticket.conversation_id)

    async def plain(self, text: str) -> str:
        """Return what was written in Slack as a reader outside would want it."""
        names = {user: (await self._office.roster.person(user)).name for user in names_in(text)}
        return from_slack(text, names.get)

    async def _send_now(self, reply: Reply, number: int, agent: Agent) -> None:
        office, by = self._office, actor(agent)

        def act(situation: Situation) -> Handling:
            handling = office.acts.reply(situation, by, reply)
            typed = typed_at(reply.source)
            if typed is None:
                return handling
            return replace(handling, posts=(*handling.posts, tick(*typed)))

        await office.hands.do(number, act)

    async def _note(self, note: Note, ticket: Ticket, agent: Agent) -> None:
        if note.text:
            await self._office.store.notes.add(
                desk_records.Note(
                    id=new_id(),
                    ticket_number=ticket.number,
                    author=agent.id,
                    author_name=agent.name,
                    text=note.text,
                    source=note.source,
                    at=self._office.clock(),
                )
            )

    async def _take_back(self, thread: Thread, source: str, at: str) -> bool:
        """Take a reply back, held or sent; return whether there was one."""
        if await self._office.store.notes.take_back(source):
            return True
        return await self._replace(thread, source, at, None)

    async def _hint(
        self, event: Said | Mentioned | Edited, agent: Agent, key: str, **more: str
    ) -> None:
        """Tell an agent, and nobody else, what became of their words."""
        language = self._office.language(agent)
        thread_ts = getattr(event, "thread_ts", None)
        user = agent.id.partition(":")[2]
        await self._office.tell(
            event.channel, user, key, thread_ts=thread_ts, language=language, **more
        )

    async def _replace(self, thread: Thread, source: str, at: str, text: str | None) -> bool:
        """Have the customer read something else instead of a reply, or that it was taken back.

        Returns:
            Whether there was such a reply.
        """
        office = self._office
        situation = await office.hands.situation(thread.ticket_number)
        conversation = situation.conversation
        sent = await office.store.conversations.sent_as(conversation.id, AuthorKind.AGENT, source)
        if sent is None:
            return False
        if text is None:
            await office.store.attachments.drop(sent.files)
        appended = await office.store.conversations.append(
            Line(
                conversation_id=conversation.id,
                author=AuthorKind.SYSTEM if text is None else AuthorKind.AGENT,
                author_name=None if text is None else sent.author_name,
                text=office.speech.to_customer(conversation, "withdrawn") if text is None else text,
                at=office.clock(),
                client_id=f"{source}@{at}",
                replaces=_first(sent),
                outbox=situation.remote,
            )
        )
        office.delivery.deliver(appended.conversation, appended, None)
        return True

    def _meaning(self, emoji: str) -> str | None:
        # A skin tone is no part of what is meant.
        name = emoji.partition("::")[0]
        meanings = self._office.playbook.settings.desk.emoji.model_dump()
        return next((act for act, wanted in meanings.items() if wanted == name), None)


def _first(message: Message) -> int:
    return message.seq if message.replaces is None else message.replaces
