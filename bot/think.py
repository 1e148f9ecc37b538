"""Thinking: understand a message, decide on it, act. Loads and looks things up; writes nothing."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from bot.actions import ACTIONS
from bot.actions.outcome import Outcome, Request, Status
from bot.dialogue.context import PERSON, TICKET, Known, Say
from bot.dialogue.decide import decide
from bot.dialogue.ownership import Event, next_owner
from bot.dialogue.settle import settle
from bot.dialogue.state import DialogueState
from bot.status import spoken
from crm_store.drafts import FlowFact
from nlp.understanding import LANGUAGES

if TYPE_CHECKING:
    from datetime import datetime

    from bot.dialogue.context import Decision, Step
    from bot.dialogue.state import FlowState
    from bot.playbook import Playbook
    from crm_store.records import Conversation, Customer
    from crm_store.store import Store
    from nlp.understanding import Language, Understanding

MOST_STEPS = 6
"""Things done for one message; a configuration that wants more is going round in circles."""


SIGN_IN_FIRST = Outcome(status=Status.REFUSED, say=(Say(key="sign_in_for_person"),))
"""What comes of whatever is left to a person, for a stranger who may not reach one."""


class Work(Struct, frozen=True, kw_only=True):
    """A received message that waits for its turn."""

    seq: int
    text: str
    value: str | None
    verified: bool
    conversation: Conversation
    customer: Customer


class Stages(Struct):
    """How long each stage of a turn took, in milliseconds."""

    started_ns: int = field(default_factory=time.perf_counter_ns)
    ms: dict[str, float] = field(default_factory=dict)

    def done(self, stage: str) -> None:
        """Note that a stage has just ended."""
        now = time.perf_counter_ns()
        self.ms[stage] = (now - self.started_ns) // 1000 / 1000
        self.started_ns = now


class Attempt(Struct, frozen=True, kw_only=True):
    """One attempt to answer a message; a conflict makes another one."""

    exchange_id: str
    now: datetime
    """Aware UTC."""
    stages: Stages


class Done(Struct, frozen=True, kw_only=True):
    """A step that was taken, and what came of it."""

    step: Step
    outcome: Outcome


class Thought(Struct, frozen=True, kw_only=True):
    """What a turn came to, before it is put into words and written."""

    understanding: Understanding
    decision: Decision
    state: DialogueState
    say: tuple[Say, ...]
    done: tuple[Done, ...]
    flows: tuple[FlowFact, ...]


async def think(work: Work, attempt: Attempt, playbook: Playbook, store: Store) -> Thought:
    """Return what a message leads to."""
    stages = attempt.stages
    conversation = work.conversation
    local_now = attempt.now.astimezone(playbook.time_zone)
    understanding = await playbook.engine.understand(
        work.text,
        now=local_now,
        previous=language_of(conversation.language),
        locale=language_of(conversation.locale),
        split=work.value is None,
    )
    stages.done("understand")
    state = DialogueState.from_json(conversation.state)
    known = await _known(work, playbook, store, understanding, local_now)
    stages.done("load")
    decision = decide(work.text, work.value, understanding, state, playbook.rules, known)
    stages.done("decide")
    act = _Acting(work, playbook, store, understanding, known, attempt.exchange_id)
    thought = await act.all_of(decision, before=state)
    stages.done("act")
    return thought


async def _known(
    work: Work, playbook: Playbook, store: Store, understanding: Understanding, now: datetime
) -> Known:
    """Load what the decision is made from; a stranger costs no query."""
    conversation = work.conversation
    verified = work.verified
    orders = await store.orders.orders(work.customer.id) if verified else ()
    number = conversation.ticket_number
    web_chat = playbook.settings.general.web_chat
    return Known(
        seq=work.seq,
        owner=next_owner(conversation.owner, Event.CUSTOMER_WRITES),
        customer=work.customer,
        verified=verified,
        orders=orders,
        ticket=spoken(number) if number is not None else None,
        language=understanding.language,
        now=now,
        # Whose matter is with a person already goes on with them.
        person=number is not None
        or web_chat.reaches_a_person(conversation.site, verified=verified),
    )


class _Acting:
    """The steps of one turn being taken."""

    def __init__(
        self,
        work: Work,
        playbook: Playbook,
        store: Store,
        understanding: Understanding,
        known: Known,
        exchange_id: str,
    ) -> None:
        self.work = work
        self.playbook = playbook
        self.store = store
        self.understanding = understanding
        self.known = known
        self.exchange_id = exchange_id

    async def all_of(self, decision: Decision, before: DialogueState) -> Thought:
        """Take the decision's steps, and those that follow from their outcomes."""
        state, say = decision.state, list(decision.say)
        done: list[Done] = []
        seen = {flow.id: flow for flow in (*before.flows, *state.flows)}
        steps = deque(decision.steps)
        while steps and len(done) < MOST_STEPS:
            step = steps.popleft()
            outcome = await ACTIONS[step.action].run(self.request(step, state))
            if outcome.ticket is not None:
                outcome = self.left_to_a_person(outcome, done)
            done.append(Done(step=step, outcome=outcome))
            rules = self.playbook.rules
            state, more, following = settle(state, step, outcome, rules, self.known, last=not steps)
            say.extend(more)
            steps.extend(following)
            seen.update({flow.id: flow for flow in state.flows})
            if state.finished is not None:
                seen[state.finished.id] = state.finished
        return Thought(
            understanding=self.understanding,
            decision=decision,
            state=state,
            say=tuple(say if self.known.person else map(_without_person, say)),
            done=tuple(done),
            flows=_flow_facts(before, state, seen, _ending(decision, done)),
        )

    def left_to_a_person(self, outcome: Outcome, done: list[Done]) -> Outcome:
        """Return the outcome with its ticket spoken of, or that they have to sign in for it."""
        if self.known.person:
            # Before whatever is asked next: a question must be the last thing said.
            return replace(outcome, say=(*outcome.say, Say(key=TICKET)))
        told = any(each.outcome is SIGN_IN_FIRST for each in done)
        return replace(SIGN_IN_FIRST, say=()) if told else SIGN_IN_FIRST

    def request(self, step: Step, state: DialogueState) -> Request:
        """Return what an action is given."""
        return Request(
            text=step.text,
            language=self.understanding.language,
            understanding=self.understanding,
            intent=step.intent,
            slots=step.slots,
            product=step.product,
            options=step.options,
            confirmed=step.confirmed,
            customer=self.known.customer,
            verified=self.known.verified,
            proved=state.proved,
            proof_failures=state.proof_failures,
            now=self.known.now,
            conversation_id=self.work.conversation.id,
            exchange_id=self.exchange_id,
            shop=self.store.orders,
            visits=self.store.appointments,
            search=self.playbook.engine.passages,
            knowledge_band=self.playbook.rules.bands.knowledge,
        )


def _without_person(say: Say) -> Say:
    """Return it without the button that asks for a person."""
    choices = tuple(choice for choice in say.choices if choice.value != PERSON.value)
    return say if choices == say.choices else replace(say, choices=choices)


def language_of(tag: str | None) -> Language | None:
    """Return the language served that a tag such as zh-CN means."""
    return next((each for each in LANGUAGES if tag and tag.casefold().startswith(each)), None)


def _ending(decision: Decision, done: list[Done]) -> str:
    """Return what the flows that are gone have become."""
    if any(each.outcome.status is Status.HAND_OVER for each in done):
        return "handed_over"
    return "dropped" if decision.rule in ("flow.stopped", "flow.refused") else "done"


def _flow_facts(
    before: DialogueState, after: DialogueState, seen: dict[str, FlowState], ending: str
) -> tuple[FlowFact, ...]:
    """Return what became of each flow that this turn opened, changed or ended."""
    unchanged = {flow.id: flow for flow in before.flows}
    going_on = {flow.id: flow for flow in after.flows}
    return tuple(
        FlowFact(
            name=flow.name,
            slots=flow.slots,
            state="open" if flow.id in going_on else ending,
            opened_seq=flow.opened_seq,
        )
        for flow in {**seen, **going_on}.values()
        if unchanged.get(flow.id) != flow or flow.id not in going_on
    )
