"""The bot whispers: while an agent has the conversation it only drafts, for that agent alone.

What it would have said itself, what an article says and the macro for the matter stand in the
thread with a button that sends them. A draft is nothing but a suggestion until it is pressed.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog
from msgspec import Struct
from msgspec.structs import replace

from bot.desk.lines import suggestions
from bot.dialogue.heard import SMALL_TALK
from bot.errors import ChannelError
from bot.think import Attempt, Stages, Work, think
from crm_store.desk_records import Suggestion
from crm_store.errors import StoreError
from crm_store.ids import new_id
from crm_store.records import AuthorKind, Owner, PostState
from nlp.errors import NlpError

if TYPE_CHECKING:
    from bot.desk.office import Office
    from bot.think import Thought
    from crm_store.desk_records import Agent
    from crm_store.records import Conversation, Customer, Message
    from nlp.understanding import Language

_log = structlog.get_logger()

MOST_DRAFTS = 3

RECORDS = frozenset(
    {
        *("order_status", "refund_status", "invoice_status", "points"),
        *("product_info", "availability", "recommend"),
    }
)
"""Actions that look things up in the shop's records, and do nothing."""

TALK = frozenset({"answer", "search"})
"""Actions that say what stands in the configuration."""

BOTS_OWN = frozenset({*SMALL_TALK, "bot_challenge"})
"""What the bot answers for itself: no agent says of themselves that they are a bot."""

STANDS_WITHIN_S = 15.0
LOOK_EVERY_S = 0.1
"""How long a draft waits for the line that it answers, and how often it looks."""


class Draft(Struct, frozen=True, kw_only=True):
    """Something that an agent could answer."""

    kind: str
    """records, reply, macro or knowledge."""
    text: str
    title: str = ""
    """Of the macro or the article."""


class Whisper:
    """Drafts for agents."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def consider(self, conversation_id: str, seq: int) -> None:
        """Draft an answer to a customer's message. Never waits and never fails.

        Of several messages in a row only the last is drafted for: the others are old by then.
        """
        earlier = self._tasks.pop(conversation_id, None)
        if earlier is not None:
            earlier.cancel()
        task = asyncio.create_task(self._whisper(conversation_id, seq))
        self._tasks[conversation_id] = task
        task.add_done_callback(lambda done: self._forget(conversation_id, done))

    async def close(self) -> None:
        """Draft nothing more."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _forget(self, conversation_id: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(conversation_id) is task:
            del self._tasks[conversation_id]

    async def _whisper(self, conversation_id: str, seq: int) -> None:
        try:
            await self._draft(conversation_id, seq)
        except (StoreError, ChannelError, NlpError) as error:
            # A draft that is missing is missed by nobody.
            _log.info("not_drafted", why=type(error).__name__)

    async def _draft(self, conversation_id: str, seq: int) -> None:
        office = self._office
        conversation = await office.store.conversations.get(conversation_id)
        number = conversation.ticket_number
        if conversation.owner is not Owner.AGENT or number is None:
            return
        ticket = await office.store.tickets.get(number)
        thread = await office.store.threads.of_ticket(number)
        if ticket.assignee is None or thread is None or thread.ts is None:
            return
        found = await office.store.conversations.messages(conversation_id, after=seq - 1, limit=1)
        agent = await office.store.agents.get(ticket.assignee)
        if not found or found[0].author is not AuthorKind.CUSTOMER or agent is None:
            return
        customer = await office.store.customers.get(conversation.customer_id)
        drafts = await self._drafts(conversation, customer, found[0], agent)
        if not drafts:
            return
        now = office.clock()
        kept = {
            Suggestion(id=new_id(), ticket_number=number, kind=d.kind, text=d.text, at=now): d.title
            for d in drafts[:MOST_DRAFTS]
        }
        for each in kept:
            await office.store.notes.suggest(each)
        await self._line_stands(conversation_id, seq)
        drawn = suggestions(tuple(kept.items()), office.language(agent))
        await office.show(thread.channel, agent, drawn, thread.ts)

    async def _line_stands(self, conversation_id: str, seq: int) -> None:
        """Wait until the line that is answered stands in the thread, lest the draft comes above."""
        for _ in range(round(STANDS_WITHIN_S / LOOK_EVERY_S)):
            posts = await self._office.store.outbox.of_message(conversation_id, seq)
            lines = [post for post in posts if post.kind == "desk.line"]
            if lines and all(post.state in (PostState.SENT, PostState.DEAD) for post in lines):
                return
            await asyncio.sleep(LOOK_EVERY_S)

    async def _drafts(
        self, conversation: Conversation, customer: Customer, message: Message, agent: Agent
    ) -> list[Draft]:
        """Return what could be answered, the most particular first."""
        office = self._office
        language = office.speech.language(conversation)
        thought = await self._thought(conversation, customer, message)
        intent = thought.understanding.intent
        drafts = self._said(thought, language, customer)
        macros = office.playbook.settings.macros
        drafts += [
            Draft(
                kind="macro",
                title=macro.label[office.language(agent)],
                text=office.speech.macro(
                    name, conversation, customer=customer.name or "", agent=agent.name
                ),
            )
            for name, macro in macros.items()
            if intent in macro.intents
        ][:1]
        if intent in BOTS_OWN:
            return drafts
        passages = await office.playbook.engine.passages(
            message.text, language, thought.understanding
        )
        if passages and passages[0].probability >= office.playbook.rules.bands.knowledge:
            best = passages[0]
            drafts.append(Draft(kind="knowledge", title=best.title, text=best.text))
        return drafts

    async def _thought(
        self, conversation: Conversation, customer: Customer, message: Message
    ) -> Thought:
        """Return what the bot would make of a message if it had the conversation."""
        work = Work(
            seq=message.seq,
            text=message.text,
            value=None,
            verified=message.verified,
            conversation=replace(conversation, owner=Owner.BOT, state={}),
            customer=customer,
        )
        attempt = Attempt(exchange_id=new_id(), now=self._office.clock(), stages=Stages())
        return await think(work, attempt, self._office.playbook, self._office.store)

    def _said(self, thought: Thought, language: Language, customer: Customer) -> list[Draft]:
        """Return what the bot would say, as far as it has looked it up and does nothing by it."""
        done = thought.done
        if any(each.step.action not in RECORDS | TALK for each in done):
            return []
        settings = self._office.playbook.settings
        shared = {
            "shop": settings.general.name,
            "name": customer.name or "",
            "ticket": "",
            "wait": "",
        }
        replies = self._office.playbook.replies
        drafts = []
        for kind, actions in (("records", RECORDS), ("reply", TALK)):
            rendered = [
                replies.render(say, language, shared).text
                for each in done
                if each.step.action in actions and each.step.intent not in BOTS_OWN
                for say in each.outcome.say
                # What articles say is a draft of its own.
                if not say.choices and say.key not in ("knowledge.none", "knowledge.answer")
            ]
            if rendered:
                drafts.append(Draft(kind=kind, text="\n\n".join(rendered)))
        return drafts
