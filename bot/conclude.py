"""Concluding: consult on the need, route what needs a person, and put it all into words.

The result is the one value that is recorded: a turn with its exchange, replies, ticket and
effects. Nothing here decides what to do; that is done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from bot.dialogue.context import TICKET, Say
from bot.dialogue.ownership import Event, next_owner
from bot.dialogue.replies import Term
from bot.routing.rules import URGENCY, Facts, more_urgent
from bot.status import spoken
from bot.think import language_of
from crm_store.drafts import ExchangeDraft, NeedFact, ReplyDraft, TicketChange, TicketDraft, Turn
from crm_store.records import AuthorKind, Owner
from nlp.needs import CustomerFacts

if TYPE_CHECKING:
    from datetime import datetime

    from bot.playbook import Playbook
    from bot.routing.rules import Assignment, Wait
    from bot.settings.model import Priority
    from bot.think import Attempt, Thought, Work
    from crm_store.records import Json
    from crm_store.store import Store
    from nlp.needs import Need
    from nlp.understanding import Language


RANKING_KEPT = 5
"""Places of the ranking that stay with an exchange: runners-up matter, the fiftieth does not."""


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

    def __init__(self, playbook: Playbook, store: Store, remote_channels: frozenset[str]) -> None:
        self._playbook = playbook
        self._store = store
        self._remote = remote_channels

    async def conclude(self, work: Work, attempt: Attempt, thought: Thought) -> Conclusion:
        """Return the turn that a thought makes."""
        now, stages = attempt.now, attempt.stages
        need = await self._need(work, thought, now)
        stages.done("consult")
        routed = await self._route(work, thought, need, now)
        stages.done("route")
        owner = next_owner(work.conversation.owner, Event.CUSTOMER_WRITES)
        say = thought.say
        if routed is not None:
            say = _with_ticket(say, _ticket_reply(owner, routed))
            if routed.hand_over and owner is not Owner.AGENT:
                owner = next_owner(owner, Event.HANDED_OVER)
        language = thought.understanding.language
        replies = self._render(say, language, work, routed)
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
            ticket=routed.draft if routed else None,
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
        subject = f"An error stopped the bot ({error_id})"
        routed = await self._assign(work, facts, subject, now, hand_over=False)
        replies = self._render((Say(key="apology"),), language, work, routed)
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
        understanding = thought.understanding
        facts = Facts(
            need=need.category if need else None,
            intent=wanted[0].step.intent,
            language=understanding.language,
            tier=work.customer.tier if work.verified else "standard",
            negative=understanding.tone.negative,
            urgent=understanding.tone.urgent,
            abusive=understanding.tone.abusive,
            verified=work.verified,
        )
        tickets = [each.outcome.ticket for each in wanted if each.outcome.ticket]
        return await self._assign(
            work,
            facts,
            tickets[0].subject,
            now,
            hand_over=any(ticket.hand_over for ticket in tickets),
        )

    async def _assign(
        self, work: Work, facts: Facts, subject: str, now: datetime, *, hand_over: bool
    ) -> _Routed:
        """Assign queue, priority and due time; a conversation has one open ticket at a time."""
        router, tickets = self._playbook.router, self._store.tickets
        assignment = router.route(facts, now)
        number = work.conversation.ticket_number
        draft: TicketDraft | TicketChange
        if number is None:
            number = await tickets.reserve_number()
            queue, ahead = assignment.queue, await tickets.waiting(assignment.queue)
            draft = TicketDraft(
                number=number,
                subject=subject,
                queue=queue,
                priority=assignment.priority,
                need=facts.need,
                language=facts.language,
                first_reply_due=assignment.first_reply_due,
            )
        else:
            ticket = await tickets.get(number)
            queue, ahead = ticket.queue, await tickets.ahead_of(number)
            priority = more_urgent(_priority(ticket.priority), assignment.priority)
            draft = TicketChange(number=number, priority=priority, need=facts.need)
        return _Routed(
            number=number,
            queue=queue,
            draft=draft,
            assignment=assignment,
            wait=router.wait(queue, ahead, now),
            hand_over=hand_over,
        )

    def _render(
        self, say: tuple[Say, ...], language: Language, work: Work, routed: _Routed | None
    ) -> tuple[ReplyDraft, ...]:
        number = routed.number if routed else work.conversation.ticket_number
        shared = {
            "shop": self._playbook.settings.general.name,
            "name": work.customer.name or "",
            "ticket": spoken(number) if number is not None else "",
            "wait": _wait_term(routed.wait if routed else None),
        }
        replies = self._playbook.replies
        name = replies.words("bot_name", shared, language)
        rendered = (replies.render(each, language, shared) for each in say)
        return tuple(
            ReplyDraft(
                author=AuthorKind.BOT, author_name=name, text=r.text, choices=r.choices, key=r.key
            )
            for r in rendered
        )

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


def _ticket_reply(owner: Owner, routed: _Routed) -> str:
    if not routed.hand_over:
        return "ticket_opened"
    if owner is not Owner.BOT:
        return "already_queued"
    return "handed_over" if routed.wait.minutes is not None else "handed_over_closed"


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
