"""Concluding: consult on the need, route what needs a person, and put it all into words.

The result is the one value that is recorded: a turn with its exchange, replies, ticket and
effects. Nothing here decides what to do; that is done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET, Struct
from msgspec.structs import replace

from bot.actions.cards import MOST as MOST_CARDS
from bot.actions.cards import card, goods_on
from bot.desk.words import in_each
from bot.dialogue.context import TICKET, Say
from bot.dialogue.ownership import Event, next_owner
from bot.dialogue.replies import Term
from bot.routing.rules import URGENCY, Facts, more_urgent
from bot.status import spoken
from bot.think import language_of
from crm_store.drafts import ExchangeDraft, NeedFact, ReplyDraft, TicketChange, TicketDraft, Turn
from crm_store.records import AuthorKind, Owner, TicketState
from nlp.needs import CustomerFacts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from bot.playbook import Playbook
    from bot.routing.rules import Assignment, Wait
    from bot.settings.model import Priority
    from bot.think import Attempt, Thought, Work
    from crm_store.records import Card, Json, Ticket
    from crm_store.store import Store
    from nlp.needs import Need
    from nlp.understanding import Language


RANKING_KEPT = 5
"""Places of the ranking that stay with an exchange: runners-up matter, the fiftieth does not."""


NO_ANSWER_WANTED = frozenset({"thank", "goodbye", "affirm"})
"""Intents after which a customer waits for nobody."""


class Conclusion(Struct, frozen=True, kw_only=True):
    """A turn ready to be recorded, and where its ticket stands."""

    turn: Turn
    ticket: int | None
    queue: str | None


class _Routed(Struct, frozen=True, kw_only=True):
    """A ticket on its way to a queue."""

    number: int
    queue: str
    draft: TicketDraft | TicketChange
    assignment: Assignment
    wait: Wait
    hand_over: bool

    def to_json(self) -> dict[str, object]:
        return {
            "ticket": self.number,
            "queue_rule": self.assignment.queue_rule,
            "priority_rule": self.assignment.priority_rule,
        }


class Concluder:
    """Concludes the turns of one configuration."""

    def __init__(
        self,
        playbook: Playbook,
        store: Store,
        remote_channels: frozenset[str],
        desk_is_away: Callable[[], bool],
    ) -> None:
        self._playbook = playbook
        self._store = store
        self._remote = remote_channels
        self._desk_is_away = desk_is_away

    async def conclude(self, work: Work, attempt: Attempt, thought: Thought) -> Conclusion:
        """Return the turn that a thought makes."""
        now, stages = attempt.now, attempt.stages
        need = await self._need(work, thought, now)
        stages.done("consult")
        routed = await self._route(work, thought, need, now)
        waits = None if routed else await self._later(work, thought, now)
        stages.done("route")
        owner = next_owner(work.conversation.owner, Event.CUSTOMER_WRITES)
        say = thought.say
        if routed is not None:
            say = _with_ticket(say, self._ticket_reply(owner, routed))
            if routed.hand_over and owner is not Owner.AGENT:
                owner = next_owner(owner, Event.HANDED_OVER)
        language = thought.understanding.language
        replies = await self._render(say, language, work, routed)
        stages.done("render")
        earlier = thought.state.need
        turn = Turn(
            conversation_id=work.conversation.id,
            message_seq=work.seq,
            expected_version=work.conversation.version,
            at=now,
            exchange=self._exchange(attempt, thought, replies, need, routed),
            replies=replies,
            state=replace(thought.state, need=need.category if need else earlier).to_json(),
            owner=owner,
            language=language,
            agent_name=work.conversation.agent_name,
            ticket=routed.draft if routed else waits,
            need=_need_fact(need, earlier),
            flows=thought.flows,
            effects=tuple(effect for each in thought.done for effect in each.outcome.effects),
            outbox=work.conversation.channel in self._remote,
        )
        return _conclusion(turn, work, routed)

    async def apologise(self, work: Work, attempt: Attempt, error_id: str) -> Conclusion:
        """Return a turn that says sorry and leaves the matter to a person."""
        now = attempt.now
        settings = self._playbook.settings.general
        language = language_of(work.conversation.language) or settings.languages[0]
        facts = Facts(need=None, intent=None, language=language)
        subject = in_each("subject.error", error=error_id)
        routed = await self._assign(work, facts, subject, "error", now, hand_over=False)
        replies = await self._render((Say(key="apology"),), language, work, routed)
        exchange = ExchangeDraft(
            id=attempt.exchange_id,
            understanding={},
            decision={"rule": "error"},
            reply_keys=("apology",),
            config_id=self._playbook.config_id,
            model_id=self._playbook.model_id,
            rule="error",
            error_id=error_id,
            timings=attempt.stages.ms,
        )
        turn = Turn(
            conversation_id=work.conversation.id,
            message_seq=work.seq,
            expected_version=work.conversation.version,
            at=now,
            exchange=exchange,
            replies=replies,
            state=work.conversation.state,
            owner=next_owner(work.conversation.owner, Event.CUSTOMER_WRITES),
            language=work.conversation.language,
            agent_name=work.conversation.agent_name,
            ticket=routed.draft,
            outbox=work.conversation.channel in self._remote,
        )
        return _conclusion(turn, work, routed)

    async def _need(self, work: Work, thought: Thought, now: datetime) -> Need | None:
        facts = CustomerFacts()
        if work.verified:
            stored = await self._store.customers.facts(work.customer.id, now=now)
            facts = CustomerFacts(
                orders_total=stored.orders_total,
                open_orders=stored.open_orders,
                order_states=dict(stored.order_states),
                days_since_last_order=stored.days_since_last_order,
                orders_last_90_days=stored.orders_last_90_days,
                spend=float(stored.spend),
                tier=stored.tier,
                earlier_needs=stored.earlier_needs,
                open_tickets=stored.tickets_open,
                verified=True,
            )
        engine = self._playbook.engine
        texts = thought.state.texts or (work.text,)
        return await engine.need(texts, facts, thought.understanding.language)

    async def _route(
        self, work: Work, thought: Thought, need: Need | None, now: datetime
    ) -> _Routed | None:
        """Return the ticket that the turn opens or changes, or None."""
        wanted = [each for each in thought.done if each.outcome.ticket is not None]
        if not wanted:
            return None
        facts = replace(
            self._facts(work, thought, need.category if need else None),
            intent=wanted[0].step.intent,
        )
        tickets = [each.outcome.ticket for each in wanted if each.outcome.ticket]
        return await self._assign(
            work,
            facts,
            tickets[0].subject,
            thought.decision.rule,
            now,
            hand_over=any(ticket.hand_over for ticket in tickets),
        )

    def _facts(self, work: Work, thought: Thought, need: str | None) -> Facts:
        """Return what routing looks at in a message."""
        understanding = thought.understanding
        return Facts(
            need=need,
            intent=None,
            language=understanding.language,
            tier=work.customer.tier if work.verified else "standard",
            negative=understanding.tone.negative,
            urgent=understanding.tone.urgent,
            abusive=understanding.tone.abusive,
            verified=work.verified,
        )

    async def _later(self, work: Work, thought: Thought, now: datetime) -> TicketChange | None:
        """Return what a message means for a ticket that is there; None when nothing changes."""
        number = work.conversation.ticket_number
        if number is None:
            return None
        match work.conversation.owner:
            case Owner.AGENT:
                return self._waits(await self._store.tickets.get(number), thought, now)
            case Owner.QUEUE if thought.understanding.tone.urgent:
                ticket = await self._store.tickets.get(number)
                routed = self._playbook.router.route(self._facts(work, thought, ticket.need), now)
                return self._raised(ticket, routed.priority, now)
            case _:
                return None

    def _raised(self, ticket: Ticket, priority: Priority, now: datetime) -> TicketChange | None:
        """Return that a ticket is more urgent by now, with its promises; None when it is not."""
        wanted = more_urgent(_priority(ticket.priority), priority)
        if wanted == ticket.priority:
            return None
        sla = self._playbook.sla
        after = sla.with_priority(ticket, wanted)
        found = sla.next_alarm(after, before=ticket, now=now)
        return TicketChange(
            number=ticket.number,
            priority=wanted,
            reply_due=after.reply_due,
            resolve_due=after.resolve_due,
            alarm_at=found.at,
            alarm=found.alarm,
        )

    def _waits(self, ticket: Ticket, thought: Thought, now: datetime) -> TicketChange | None:
        """Return that the customer waits for the agent from now on; None when they do not.

        The clock is theirs, and starts with the first of several messages. Thanks and farewells
        want no answer.
        """
        if ticket.waiting_since is not None or thought.understanding.intent in NO_ANSWER_WANTED:
            return None
        return self._waiting(TicketChange(number=ticket.number, snoozed_until=None), ticket, now)

    def _waiting(self, change: TicketChange, ticket: Ticket, now: datetime) -> TicketChange:
        """Return the change with the customer waiting for a person from now on."""
        sla = self._playbook.sla
        due = sla.reply_due(ticket, now)
        after = replace(
            ticket, state=TicketState.OPEN, waiting_since=now, reply_due=due, snoozed_until=None
        )
        found = sla.next_alarm(after, before=ticket, now=now)
        if ticket.state is TicketState.PENDING:
            change = replace(change, state=TicketState.OPEN)
        return replace(
            change, waiting_since=now, reply_due=due, alarm_at=found.at, alarm=found.alarm
        )

    async def _assign(
        self,
        work: Work,
        facts: Facts,
        subject: Mapping[Language, str],
        reason: str,
        now: datetime,
        *,
        hand_over: bool,
    ) -> _Routed:
        """Assign queue, priority and due time; a conversation has one open ticket at a time."""
        router, tickets = self._playbook.router, self._store.tickets
        assignment = router.route(facts, now)
        number = work.conversation.ticket_number
        draft: TicketDraft | TicketChange
        if number is None:
            number = await tickets.reserve_number()
            queue, ahead = assignment.queue, await tickets.waiting(assignment.queue)
            first = self._playbook.sla.first_alarm(assignment.first_reply_due, now)
            draft = TicketDraft(
                number=number,
                subject=subject[self._playbook.desk_language],
                subjects={str(language): text for language, text in subject.items()},
                queue=queue,
                priority=assignment.priority,
                need=facts.need,
                language=facts.language,
                first_reply_due=assignment.first_reply_due,
                resolve_due=self._playbook.sla.resolve_due(assignment.priority, now),
                reason=reason,
                alarm_at=first.at,
                alarm=first.alarm,
            )
        else:
            ticket = await tickets.get(number)
            queue, ahead = ticket.queue, await tickets.ahead_of(number)
            raised = self._raised(ticket, assignment.priority, now)
            draft = replace(raised or TicketChange(number=number), need=facts.need or UNSET)
            if raised is not None:
                ticket = self._playbook.sla.with_priority(ticket, str(raised.priority))
            if hand_over and ticket.waiting_since is None:
                # The bot had it back; now a person is asked for once more.
                draft = self._waiting(draft, ticket, now)
        return _Routed(
            number=number,
            queue=queue,
            draft=draft,
            assignment=assignment,
            wait=router.wait(queue, ahead, now),
            hand_over=hand_over,
        )

    def _ticket_reply(self, owner: Owner, routed: _Routed) -> str:
        if not routed.hand_over:
            return "ticket_opened"
        if owner is not Owner.BOT:
            return "already_queued"
        if self._desk_is_away():
            return "handed_over_later"
        return "handed_over" if routed.wait.minutes is not None else "handed_over_closed"

    async def _render(
        self, say: tuple[Say, ...], language: Language, work: Work, routed: _Routed | None
    ) -> tuple[ReplyDraft, ...]:
        number = routed.number if routed else work.conversation.ticket_number
        shared = {
            "shop": self._playbook.settings.general.name,
            "name": work.customer.name or "",
            "ticket": spoken(number) if number is not None else "",
            "wait": _wait_term(routed.wait if routed else None),
        }
        name = self._playbook.replies.words("bot_name", shared, language)
        return tuple([await self._reply(each, language, shared, name) for each in say])

    async def _reply(
        self, say: Say, language: Language, shared: Mapping[str, object], name: str
    ) -> ReplyDraft:
        rendered = self._playbook.replies.render(say, language, shared)
        return ReplyDraft(
            author=AuthorKind.BOT,
            author_name=name,
            text=rendered.text,
            choices=rendered.choices,
            key=rendered.key,
            cards=await self._cards(say, language) if say.cards else (),
            form=rendered.form,
        )

    async def _cards(self, say: Say, language: Language) -> tuple[Card, ...]:
        """Return the cards under what is said, drawn from the shop's data as it stands."""
        wanted = say.cards[:MOST_CARDS]
        named = goods_on(wanted)
        goods = await self._store.orders.some(named) if named else {}
        replies = self._playbook.replies
        return tuple(card(each, goods, replies, language) for each in wanted)

    def _exchange(
        self,
        attempt: Attempt,
        thought: Thought,
        replies: tuple[ReplyDraft, ...],
        need: Need | None,
        routed: _Routed | None,
    ) -> ExchangeDraft:
        decision = thought.decision
        return ExchangeDraft(
            id=attempt.exchange_id,
            understanding=thought.understanding.to_json(most=RANKING_KEPT),
            decision={
                "rule": decision.rule,
                "place": decision.place,
                "actions": [each.step.action for each in thought.done],
                "articles": [e.outcome.article for e in thought.done if e.outcome.article],
                **(routed.to_json() if routed else {}),
            },
            reply_keys=tuple(reply.key for reply in replies if reply.key),
            config_id=self._playbook.config_id,
            model_id=self._playbook.model_id,
            rule=decision.rule,
            action_status=thought.done[-1].outcome.status if thought.done else None,
            need=_need_json(need),
            timings=attempt.stages.ms,
        )


def _conclusion(turn: Turn, work: Work, routed: _Routed | None) -> Conclusion:
    conversation = work.conversation
    return Conclusion(
        turn=turn,
        ticket=routed.number if routed else conversation.ticket_number,
        queue=routed.queue if routed else conversation.queue,
    )


def _with_ticket(say: tuple[Say, ...], reply: str) -> tuple[Say, ...]:
    """Return what is said with the ticket's reply in its place, once."""
    place = next(index for index, each in enumerate(say) if each.key == TICKET)
    rest = tuple(each for each in say[place:] if each.key != TICKET)
    return (*say[:place], Say(key=reply), *rest)


def _wait_term(wait: Wait | None) -> Term | str:
    if wait is None or (wait.minutes is None and wait.opening is None):
        return ""
    if wait.minutes is not None:
        return Term(key="wait.minutes", values={"minutes": wait.minutes})
    return Term(key="wait.opening", values={"opening": wait.opening})


def _need_fact(need: Need | None, earlier: str | None) -> NeedFact | None:
    """Return the need when the conversation's need has changed."""
    if need is None or need.category == earlier:
        return None
    return NeedFact(
        category=need.category,
        probability=need.probability,
        reasons=tuple(reason.feature for reason in need.reasons),
        model_id=need.model_id,
    )


def _need_json(need: Need | None) -> Json | None:
    if need is None:
        return None
    return {
        "category": need.category,
        "probability": round(need.probability, 4),
        "reasons": [[r.feature, round(r.weight, 3), r.text] for r in need.reasons],
    }


def _priority(name: str) -> Priority:
    return next(each for each in URGENCY if each == name)
