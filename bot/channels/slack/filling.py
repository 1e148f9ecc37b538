"""Forms that customers fill in: opened for the question at hand, checked, taken for an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog

from bot.channels.slack.forms import FORM, About, about_of, form
from bot.channels.slack.posting import waiting_for
from bot.dialogue.forms import BAD, FIELDS, answer_of, fault_of, kind_of
from bot.dialogue.slots import value_from, values_of
from bot.dialogue.state import DialogueState
from bot.messages import Message
from crm_store.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime

    from bot.channels.slack.posting import Posting
    from bot.channels.slack.visitors import Visitor, Visitors
    from bot.desk.speech import Speech
    from bot.messages import Receipt
    from bot.playbook import Playbook
    from bot.settings.model import Slot
    from bot.slack.api import SlackApi
    from bot.slack.events import Pressed, Submitted, Suggested
    from crm_store.drafts import Opened
    from crm_store.records import Conversation
    from crm_store.store import Store

_log = structlog.get_logger()


class Filling:
    """Opens forms and takes what is filled in."""

    def __init__(
        self,
        store: Store,
        playbook: Playbook,
        api: SlackApi,
        visitors: Visitors,
        posting: Posting,
        speech: Speech,
        receive: Callable[[Message], Awaitable[Receipt]],
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._playbook = playbook
        self._api = api
        self._visitors = visitors
        self._posting = posting
        self._speech = speech
        self._receive = receive
        self._clock = clock

    async def open(self, event: Pressed, who: Visitor, opened: Opened) -> None:
        """Open the form of the question that is open now."""
        assert event.channel is not None  # noqa: S101  # or it was found under no message
        conversation = opened.conversation
        flow = DialogueState.from_json(conversation.state).active
        slot = waiting_for(conversation, self._playbook)
        kind = kind_of(slot) if slot is not None else None
        if slot is None or flow is None or kind is None:
            await self._visitors.tell(who, event.channel, "button_stale", thread_ts=event.thread_ts)
            return
        about = About(
            conversation=conversation.id,
            flow=flow.name,
            slot=slot.name,
            channel=event.channel,
            ts=event.ts or "",
        )
        order = flow.slots.get("order", "")
        question = self._speech.to_customer(conversation, slot.ask, order=order)
        view = form(kind, question, about, self._words(conversation))
        await self._api.open_view(event.trigger_id, view)

    async def answer(self, event: Submitted | Suggested) -> Mapping[str, Any] | None:
        """Return the faults in a form that is about to be sent off; see `intake.Answer`."""
        view = event.view
        if view is None or view.callback_id != FORM:
            return None
        who = await self._visitors.visitor(event.team, event.user, event.user_team)
        found = await self._meant(who, about_of(view.private_metadata))
        if found is None:
            return None
        opened, about, slot = found
        kind = kind_of(slot)
        if kind is None:
            return None
        now = self._clock().astimezone(self._playbook.time_zone)
        fault = fault_of(kind, view.values, now)
        text = answer_of(kind, view.values, self._speech.language(opened.conversation))
        if fault is None and not await self._gives(about.flow, slot, text, now):
            fault = (FIELDS[kind][0], BAD.get(kind, "form.bad"))
        if fault is None:
            return None
        words = self._words(opened.conversation)
        return {"response_action": "errors", "errors": {fault[0]: words(fault[1])}}

    async def submitted(self, event: Submitted) -> None:
        """Take a form that was sent off for the message that its customer would have typed."""
        who = await self._visitors.visitor(event.team, event.user, event.user_team)
        found = await self._meant(who, about_of(event.view.private_metadata))
        kind = kind_of(found[2]) if found is not None else None
        if found is None or kind is None:
            _log.info("form_of_nobody")
            return
        opened, about, _ = found
        conversation = opened.conversation
        text = answer_of(kind, event.view.values, self._speech.language(conversation))
        if not text:
            return
        message = Message(
            conversation_id=conversation.id,
            client_id=f"form:{event.view.id}",
            text=text,
            verified=opened.verified,
            received_at=self._clock(),
        )
        try:
            await self._receive(message)
        except Conflict:
            _log.info("form_sent_twice", conversation=conversation.id)
            return
        post = await self._store.outbox.find(f"{about.channel}/{about.ts}")
        if post is not None and post.conversation_id == conversation.id:
            # In a channel others look on: that it was filled in is all that stands there.
            filled = self._speech.to_customer(conversation, "form.filled")
            await self._posting.settle(post, filled)

    async def _meant(self, who: Visitor, about: About) -> tuple[Opened, About, Slot] | None:
        """Return what a form is about; None when it is not theirs, or made up."""
        opened = await self._visitors.theirs(who, about.conversation)
        flow = self._playbook.rules.flows.flows.get(about.flow)
        slot = next((s for s in flow.slots if s.name == about.slot), None) if flow else None
        return None if opened is None or slot is None else (opened, about, slot)

    async def _gives(self, flow: str, slot: Slot, text: str, now: datetime) -> bool:
        """Return whether the bot itself finds in a text what the slot wants."""
        if not text:
            return False
        understanding = await self._playbook.engine.understand(text, now=now)
        said = values_of(understanding)
        rules = self._playbook.rules
        return value_from(slot, rules, flow, text, said, asked=True) is not None

    def _words(self, conversation: Conversation) -> Callable[[str], str]:
        return lambda key: self._speech.to_customer(conversation, key)
