"""Dialogs that were sent off, and shortcuts on messages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from bot.desk import modals
from bot.desk.acts import Refused
from bot.desk.cards import PRIORITIES
from bot.desk.lanes import Reply, source_of
from bot.desk.modals import About, about_of
from bot.desk.office import actor
from bot.desk.opening import open_ticket
from bot.desk.posts import in_thread
from bot.desk.words import words
from crm_store.errors import NotFound
from crm_store.ids import new_id
from crm_store.records import Correction

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from bot.channels.slack import SlackCustomers
    from bot.desk.acts import Situation
    from bot.desk.office import Office
    from bot.desk.talk import Talk
    from bot.slack.events import Shortcut, Submitted
    from crm_store.desk_records import Agent
    from crm_store.drafts import Handling
    from crm_store.records import Conversation, Ticket

    Do = Callable[[Submitted, About, Agent], Awaitable[None]]

NUMBER = re.compile(r"(?:T-?)?(\d{1,12})", re.IGNORECASE)


class Dialogs:
    """Takes what people send off."""

    def __init__(self, office: Office, talk: Talk, customers: SlackCustomers) -> None:
        self._office = office
        self._customers = customers
        self._talk = talk
        self._forms: dict[str, Do] = {
            modals.REPLY: self._reply,
            modals.MACROS: self._macro,
            modals.INTENT: self._correct,
            modals.NEED: self._correct,
            modals.MERGE: self._merge,
            modals.TICKET: self._create,
        }

    async def submitted(self, event: Submitted) -> None:
        """Do what a dialog asks for.

        Raises:
            Refused: It cannot be done, or not by them.
        """
        agent = await self._office.roster.agent(event.team, event.user, event.user_team)
        do = self._forms.get(event.view.callback_id)
        if do is None:
            raise Refused("refused.stale")
        await do(event, about_of(event.view.private_metadata), agent)

    async def answer(self, event: Submitted) -> Mapping[str, Any] | None:
        """Return what a dialog shows at once: what is wrong in a field; None when nothing is.

        What is found here is found again when the dialog is done: things may change meanwhile.
        """
        about = about_of(event.view.private_metadata)
        agent = await self._office.store.agents.get(f"{event.team}:{event.user}")
        if agent is None:
            return None
        fields = {modals.REPLY: "text", modals.MERGE: "into"}
        field = fields.get(event.view.callback_id, "")
        try:
            if field:
                _value(event, field)
            if event.view.callback_id == modals.MERGE:
                await self._merging(event, about, agent)
        except Refused as refused:
            language = self._office.language(agent)
            sentence = words(refused.key, language, **refused.values)
            return {"response_action": "errors", "errors": {field: sentence}}
        return None

    async def shortcut(self, event: Shortcut) -> None:
        """Do what a shortcut on a message stands for.

        Raises:
            Refused: It cannot be done, or not by them, or not with this message.
        """
        agent = await self._office.roster.agent(event.team, event.user, event.user_team)
        match event.callback_id:
            case "send_to_customer":
                await self._send_message(event, agent)
            case "create_ticket":
                await self._open_create(event, agent)
            case _:
                raise Refused("refused.stale")

    # -- what is sent ------------------------------------------------------------------------

    async def _reply(self, event: Submitted, about: About, agent: Agent) -> None:
        reply = Reply(text=_value(event, "text"), source=f"view:{event.view.id}")
        await self._talk.send(reply, about.ticket, agent)

    async def _macro(self, event: Submitted, about: About, agent: Agent) -> None:
        name = _value(event, "macro")
        office = self._office
        if name not in office.playbook.settings.macros:
            raise Refused("refused.no_macro", name=name[:80])
        situation = await office.hands.situation(about.ticket)
        customer = await office.store.customers.get(situation.ticket.customer_id)
        text = office.speech.macro(
            name, situation.conversation, customer=customer.name or "", agent=agent.name
        )
        reply = Reply(text=text, source=f"view:{event.view.id}")
        await self._talk.send(reply, about.ticket, agent)

    async def _send_message(self, event: Shortcut, agent: Agent) -> None:
        """Send what was typed in a thread; whoever typed it, it is the sender's word now."""
        if event.channel is None or event.ts is None or event.thread_ts is None:
            raise Refused("refused.no_message")
        thread = await self._office.store.threads.named(event.channel, event.thread_ts)
        if thread is None or event.message_user is None:
            raise Refused("refused.no_message")
        author = await self._office.roster.person(event.message_user)
        if author.is_bot or author.is_stranger or author.is_guest:
            # Warnings, recaps and the customer's own lines stand there, too.
            raise Refused("refused.bots_line")
        source = source_of(event.channel, event.ts)
        files = await self._talk.enclosed(event.files, thread)
        reply = Reply(text=await self._talk.plain(event.text), source=source, files=files)
        await self._talk.send(reply, thread.ticket_number, agent)
        await self._office.store.notes.withdraw(source)

    # -- corrections -------------------------------------------------------------------------

    async def _correct(self, event: Submitted, about: About, agent: Agent) -> None:
        """Record what the bot should have understood."""
        office = self._office
        situation = await office.hands.situation(about.ticket)
        intent = _optional(event, "intent")
        need = _optional(event, "need")
        settings = office.playbook.settings
        if intent not in (None, modals.OUT_OF_SCOPE, *settings.intents) or need not in (
            None,
            *settings.needs,
        ):
            raise Refused("refused.stale")
        seq = situation.ticket.opened_seq
        exchange = (
            await office.store.exchanges.answering(situation.conversation.id, seq)
            if seq is not None
            else None
        )
        if exchange is None:
            raise Refused("refused.stale")
        await office.store.corrections.record(
            Correction(
                id=new_id(),
                exchange_id=exchange.id,
                intent=intent,
                need=need,
                by=agent.name,
                at=office.clock(),
            )
        )
        if need is not None:
            await office.hands.do(
                about.ticket, lambda s: office.acts.recategorise(s, actor(agent), need)
            )
        await office.tell(None, event.user, "corrected")

    # -- tickets -----------------------------------------------------------------------------

    async def _merge(self, event: Submitted, about: About, agent: Agent) -> None:
        into = await self._merging(event, about, agent)
        office = self._office
        thread = await office.store.threads.of_ticket(about.ticket)

        def act(situation: Situation) -> Handling | None:
            handling = office.acts.merge(situation, actor(agent), into)
            if handling is None or thread is None:
                return handling
            values = {"ticket": about.ticket, "other": into.number}
            told = in_thread(thread, "notice.merged", **values)
            return replace(handling, posts=(*handling.posts, told))

        await office.hands.do(about.ticket, act)

    async def _merging(self, event: Submitted, about: About, agent: Agent) -> Ticket:
        """Return the ticket that another one is to be merged into.

        Raises:
            Refused: There is none, or not for this.
        """
        typed = _value(event, "into")
        found = NUMBER.fullmatch(typed)
        if found is None:
            raise Refused("refused.no_number", words=typed[:20])
        office, number = self._office, int(found[1])
        try:
            into = await office.store.tickets.get(number)
        except NotFound:
            raise Refused("refused.gone", ticket=number) from None
        office.acts.merge(await office.hands.situation(about.ticket), actor(agent), into)
        return into

    async def _open_create(self, event: Shortcut, agent: Agent) -> None:
        if event.channel is None or event.ts is None:
            raise Refused("refused.no_message")
        language = self._office.language(agent)
        about = About(channel=event.channel, ts=event.thread_ts or event.ts)
        conversation = await self._conversation(about)
        if conversation is None:
            if await self._customers.author(event.team, about.channel, about.ts) is None:
                raise Refused("refused.no_conversation")
        elif conversation.ticket_number is not None:
            raise Refused("refused.other_ticket", ticket=conversation.ticket_number)
        text = await self._talk.plain(event.text)
        queues = self._office.gather.queue_labels(language)
        view = modals.create_ticket(about, text, queues, language)
        await self._office.api.open_view(event.trigger_id, view)

    async def _create(self, event: Submitted, about: About, agent: Agent) -> None:
        """Open a ticket for the conversation that a message belongs to."""
        office = self._office
        conversation = await self._conversation(about)
        if conversation is None:
            conversation = await self._customers.adopt(event.team, about.channel, about.ts)
        if conversation is None:
            raise Refused("refused.no_conversation")
        if conversation.ticket_number is not None:
            raise Refused("refused.other_ticket", ticket=conversation.ticket_number)
        queue, priority = _value(event, "queue"), _value(event, "priority")
        if queue not in office.playbook.settings.routing.queues or priority not in PRIORITIES:
            raise Refused("refused.stale")
        subject = _value(event, "subject")
        await open_ticket(
            office, conversation, agent, subject=subject, queue=queue, priority=priority
        )

    async def _conversation(self, about: About) -> Conversation | None:
        is_direct = about.channel.startswith("D")
        address = about.channel if is_direct else f"{about.channel}/{about.ts}"
        return await self._office.store.conversations.at("slack", address)


def _value(event: Submitted, name: str) -> str:
    """Return what was put into a field that has to hold something."""
    value = event.view.values.get(name)
    if not isinstance(value, str) or not value.strip():
        raise Refused("refused.empty")
    return value.strip()


def _optional(event: Submitted, name: str) -> str | None:
    value = event.view.values.get(name)
    return value if isinstance(value, str) and value else None
