"""Gathers from the store what the desk shows of tickets and customers. Reads only."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from bot.desk.views import Likely, Profile, TicketView
from bot.dialogue.replies import Money
from bot.dialogue.state import DialogueState
from bot.settings.model import ChoiceSlot
from bot.think import language_of
from crm_store.records import OPEN_ORDER_STATES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.dialogue.replies import Replies
    from bot.playbook import Playbook
    from bot.settings.model import Intent
    from crm_store.records import Conversation, Exchange, Message
    from crm_store.store import Store
    from nlp.understanding import Language

MOST_INTENTS = 3
MOST_EARLIER = 3
MOST_REASONS = 3
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT = re.compile(rf"{_DAY.pattern}T\d\d:\d\d:\d\d(?:[+-]\d\d:\d\d)?")

WORTH_TELLING = 0.05
"""A runner-up that is less likely than this tells nothing."""


class Gather:
    """Reads for the desk."""

    def __init__(self, store: Store, playbook: Playbook) -> None:
        self._store = store
        self._playbook = playbook

    def language(self, agent_language: str | None) -> Language:
        """Return the language in which an agent, or else the desk, reads."""
        return language_of(agent_language) or self._playbook.desk_language

    async def ticket(
        self, number: int, language: Language | None = None, link: str | None = None
    ) -> TicketView:
        """Return a ticket with all that an agent needs; labels in the language of its reader.

        Raises:
            NotFound: when there is none of that number.
        """
        store = self._store
        ticket = await store.tickets.get(number)
        conversation = await store.conversations.get(ticket.conversation_id)
        customer = await store.customers.get(ticket.customer_id)
        assignee = await store.agents.get(ticket.assignee) if ticket.assignee else None
        shown_in = language or self.language(assignee.language if assignee else None)
        opening, exchange = await self._opening(conversation, ticket.opened_seq)
        verified = opening.verified if opening else False
        orders = await store.orders.orders(customer.id) if verified else ()
        earlier = await store.tickets.of_customer(customer.id, MOST_EARLIER + 1)
        need: Mapping[str, Any] = (exchange.need if exchange else None) or {}
        if need.get("category") != ticket.need:
            need = {}  # it has become another one since
        return TicketView(
            ticket=ticket,
            conversation=conversation,
            customer=customer,
            verified=verified,
            assignee=assignee,
            queue_label=self.queue_label(ticket.queue, shown_in),
            need_label=self._need_label(ticket.need, shown_in),
            need_probability=need.get("probability")
            if need.get("category") == ticket.need
            else None,
            need_reasons=self._reasons(need, shown_in),
            intents=self._intents(exchange, shown_in),
            found=await self._found(conversation, shown_in),
            open_orders=tuple(order for order in orders if order.state in OPEN_ORDER_STATES),
            earlier=tuple(each for each in earlier if each.number != number)[:MOST_EARLIER],
            opening=opening,
            link=link,
            undelivered=await store.outbox.count_given_up(conversation.id),
        )

    async def profile(self, number: int, language: Language) -> Profile:
        """Return the customer behind a ticket as the records know them.

        Raises:
            NotFound: when there is none of that number.
        """
        view = await self.ticket(number, language)
        facts = await self._store.customers.facts(view.customer.id)
        spend = ""
        if facts.currency is not None:
            amount = Money(amount=facts.spend, currency=facts.currency)
            spend = self._playbook.replies.word(amount, language)
        return Profile(
            customer=view.customer,
            verified=view.verified,
            orders=await self._store.orders.orders(view.customer.id) if view.verified else (),
            tickets=await self._store.tickets.of_customer(view.customer.id),
            spend=spend,
            needs=tuple(self._need_label(need, language) or need for need in facts.earlier_needs),
            language=language,
        )

    async def _found(
        self, conversation: Conversation, language: Language
    ) -> tuple[tuple[str, str], ...]:
        """Return what the customer named, each thing once: entity type or slot, and in words."""
        state = DialogueState.from_json(conversation.state)
        found: dict[str, tuple[str, object]] = {
            name: ("", value) for name, value in state.said.items()
        }
        for flow in state.flows:
            found |= {name: (flow.name, value) for name, value in flow.slots.items()}
        return tuple(
            [
                (name, await self._words(flow, name, value, language))
                for name, (flow, value) in found.items()
            ]
        )

    async def _words(self, flow: str, name: str, value: object, language: Language) -> str:
        """Return what stands in a slot as people read it, never by the id that we have for it."""
        if name == "product":
            product = await self._store.orders.product(str(value))
            if product is not None:
                return product.names.get(language) or next(iter(product.names.values()))
        label = self._option_label(flow, name, value, language)
        return label or _in_words(value, language, self._playbook.replies)

    def _option_label(self, flow: str, name: str, value: object, language: Language) -> str | None:
        """Return the label of what was chosen; None when nothing was."""
        spec = self._playbook.settings.flows.flows.get(flow)
        for slot in spec.slots if spec is not None else ():
            if slot.name == name and isinstance(slot, ChoiceSlot):
                return next((o.label[language] for o in slot.options if o.value == value), None)
        return None

    async def _opening(
        self, conversation: Conversation, seq: int | None
    ) -> tuple[Message | None, Exchange | None]:
        if seq is None:
            return None, None
        found = await self._store.conversations.messages(conversation.id, after=seq - 1, limit=1)
        exchange = await self._store.exchanges.answering(conversation.id, seq)
        return (found[0] if found else None), exchange

    def queue_labels(self, language: Language) -> dict[str, str]:
        """Return the names of all queues."""
        return {
            name: spec.label[language]
            for name, spec in self._playbook.settings.routing.queues.items()
        }

    def queue_label(self, queue: str, language: Language) -> str:
        """Return a queue's name; one that the configuration no longer has keeps its own."""
        spec = self._playbook.settings.routing.queues.get(queue)
        return spec.label[language] if spec else queue

    def intent_labels(self, language: Language) -> dict[str, str]:
        """Return what the bot can understand, by name."""
        intents = self._playbook.settings.intents
        return {name: spec.label[language] for name, spec in intents.items()}

    def need_labels(self, language: Language) -> dict[str, str]:
        """Return the need categories, by name."""
        return {name: spec.label[language] for name, spec in self._playbook.settings.needs.items()}

    def _need_label(self, need: str | None, language: Language) -> str | None:
        spec = self._playbook.settings.needs.get(need) if need else None
        return spec.label[language] if spec else need

    def _reasons(self, need: Mapping[str, Any], language: Language) -> tuple[str, ...]:
        """Return why the need is thought to be so, with intents by their labels."""
        intents = self._playbook.settings.intents
        found = []
        for feature, _, text in need.get("reasons", ())[:MOST_REASONS]:
            kind, _, name = str(feature).partition(":")
            label = _label(intents.get(name), name, language)
            found.append(str(text).replace(name, label) if kind == "intent" else str(text))
        return tuple(found)

    def _intents(self, exchange: Exchange | None, language: Language) -> tuple[Likely, ...]:
        ranking = exchange.understanding.get("ranking", ()) if exchange else ()
        intents = self._playbook.settings.intents
        return tuple(
            Likely(
                name=each["intent"],
                label=_label(intents.get(each["intent"]), each["intent"], language),
                probability=each["probability"],
            )
            for place, each in enumerate(ranking[:MOST_INTENTS])
            if place == 0 or each["probability"] >= WORTH_TELLING
        )


def _label(intent: Intent | None, name: str, language: Language) -> str:
    return intent.label[language] if intent else name


def _in_words(value: object, language: Language, replies: Replies) -> str:
    """Return an amount, a day or a time as people read it, and anything else as it is."""
    if isinstance(value, dict):
        amount, currency = value.get("amount"), value.get("currency")
        if amount and currency:
            return replies.word(Money(amount=str(amount), currency=str(currency)), language)
        return " ".join(str(part) for part in value.values() if part)
    text = str(value)
    with suppress(ValueError):
        if _DAY.fullmatch(text):
            return replies.word(date.fromisoformat(text), language)
        if _MOMENT.fullmatch(text):
            return replies.word(datetime.fromisoformat(text), language)
    return text
