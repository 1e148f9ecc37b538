"""What an action's outcome means for the conversation: ask again, finish, come back. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from bot.actions.outcome import Outcome, Status
from bot.dialogue.context import PERSON, YES_NO, Option, Say, Step
from bot.dialogue.flows import (
    CONFIRM,
    advance,
    ask_again,
    labels,
    open_flow,
    question,
)
from bot.dialogue.slots import CONTACT_TYPES, slot_of
from crm_store.records import Owner

if TYPE_CHECKING:
    from bot.dialogue.context import Known, Rules
    from bot.dialogue.state import DialogueState, FlowState

MOST_RETURNS = 3
"""So often the bot comes back to a matter that the customer keeps leaving."""

Settled = tuple["DialogueState", tuple[Say, ...], tuple[Step, ...]]
"""The new state, what to say, what to do next in the same turn."""


def settle(
    state: DialogueState,
    step: Step,
    outcome: Outcome,
    rules: Rules,
    known: Known,
    *,
    last: bool = True,
) -> Settled:
    """Return what follows from an outcome.

    Args:
        state: The conversation's memory.
        step: The step that was taken.
        outcome: What came of it.
        rules: The configuration.
        known: What the store knows.
        last: Whether nothing else is due in this turn; only then is asked for what waits, since
            a question must be the last thing said.
    """
    if outcome.proved:
        # What was just spoken of is what "it" means in the next message.
        said = {**state.said, "order_number": outcome.proved}
        # What a sign-in showed counts while it lasts, and is no proof for whoever comes later.
        fresh = not known.owns(outcome.proved) and outcome.proved not in state.proved
        by_contact = (outcome.proved,) if fresh else ()
        proved = tuple(dict.fromkeys((*state.proved, *by_contact)))
        failures = 0 if by_contact else state.proof_failures
        state = replace(state, proved=proved, proof_failures=failures, said=said)
    if step.flow_id is None:
        return _without_flow(state, step, outcome, rules, known, last=last)
    flow = state.active
    if flow is None or flow.id != step.flow_id:
        return state, outcome.say, ()
    flow = flow.fill(**outcome.slots)
    state = state.with_active(flow)
    match outcome.status:
        case Status.ASK:
            return _asked(state, outcome, rules, known)
        case Status.CONFIRM:
            state = state.with_active(replace(flow, waiting=CONFIRM, tries=0))
            question = replace(outcome.say[-1], choices=YES_NO)
            return state, (*outcome.say[:-1], question), ()
        case _:
            return _finished(state, flow, outcome, rules, known)


def _without_flow(
    state: DialogueState, step: Step, outcome: Outcome, rules: Rules, known: Known, *, last: bool
) -> Settled:
    """An answer was given, or none was found."""
    if outcome.status is Status.NOTHING:
        state, said = missed(state, known, foreign=bool(step.options.get("out_of_scope")))
        return state, (*outcome.say, *said), ()
    if not last or outcome.status is Status.HAND_OVER:
        return state, outcome.say, ()
    state, said, steps = go_on(state, rules, known)
    return state, (*outcome.say, *said), steps


def _finished(
    state: DialogueState, flow: FlowState, outcome: Outcome, rules: Rules, known: Known
) -> Settled:
    """The flow is done, in one way or another: go on with what waits."""
    finished = replace(flow, waiting=None, tries=0)
    state = replace(state, flows=state.flows[:-1], finished=finished)
    if outcome.status is Status.HAND_OVER:
        return replace(state, pending=()), outcome.say, ()
    state, said, steps = go_on(state, rules, known)
    return state, (*outcome.say, *said), steps


def missed(
    state: DialogueState, known: Known, *, foreign: bool = False, rephrase: bool = False
) -> tuple[DialogueState, tuple[Say, ...]]:
    """Count a message that was not understood: rephrase once, then offer a person.

    Args:
        state: The conversation's memory.
        known: Who owns the conversation: in the queue it is noted for the person who comes.
        foreign: Whether it was understood to be nobody's business here.
        rephrase: Ask to rephrase, however often that happened before.
    """
    state = replace(state, misses=state.misses + 1, offered=())
    if known.owner is Owner.QUEUE:
        return state, (Say(key="noted_in_queue"),)
    if rephrase or state.misses <= 1:
        return state, (Say(key="out_of_scope" if foreign else "rephrase"),)
    if not known.person:
        return state, (Say(key="sign_in_for_person"),)
    choices = (PERSON, Option(value="none", key="choice.try_again"))
    return replace(state, person_offered=True), (Say(key="offer_person", choices=choices),)


def _asked(state: DialogueState, outcome: Outcome, rules: Rules, known: Known) -> Settled:
    """The action could not use a slot: forget it and ask anew, or offer a person."""
    flow = state.active
    assert flow is not None  # noqa: S101 - settle has just looked
    assert outcome.slot is not None  # noqa: S101 - ASK always names the slot
    flow = replace(flow.drop(outcome.slot), waiting=outcome.slot)
    # After a wrong proof the number still counts, and may be corrected; the contact is asked anew.
    said = {
        kind: value
        for kind, value in state.said.items()
        if not outcome.proof_failed or kind not in CONTACT_TYPES
    }
    failures = state.proof_failures + outcome.proof_failed
    state = replace(state.with_active(flow), said=said, proof_failures=failures)
    if outcome.say and outcome.say[-1].choices:
        return state, outcome.say, ()
    spec = rules.flows.flows[flow.name]
    ask = question(slot_of(spec, outcome.slot), flow, known)
    if outcome.proof_failed:
        ask = replace(ask, choices=(*ask.choices, PERSON))
    return state, (*outcome.say, ask), ()


def go_on(state: DialogueState, rules: Rules, known: Known) -> Settled:
    """Return to what waits: the next request of the same message, or the flow that was left."""
    if state.pending:
        request, *rest = state.pending
        state = replace(state, pending=tuple(rest))
        name = rules.flow_of.get(request.intent)
        if name is None:
            return state, (), (answer_step(rules, request.intent, request.text),)
        state = open_flow(
            state,
            rules,
            known,
            name,
            intent=request.intent,
            text=request.text,
            said=dict(request.entities),
        )
        return _advanced(state, rules, known, ())
    flow = state.active
    if flow is None:
        return state, (), ()
    if flow.tries >= MOST_RETURNS:
        # Asked this often and left each time: it is no longer wanted.
        return go_on(replace(state, flows=state.flows[:-1]), rules, known)
    flow = replace(flow, tries=flow.tries + 1)
    state = state.with_active(flow)
    back = Say(key="back_to", values={"flow": labels(rules, flow.name)})
    if flow.waiting is not None:
        ask = ask_again(state, rules, known)
        return state, (back, ask) if ask else (), ()
    return _advanced(state, rules, known, (back,))


def _advanced(state: DialogueState, rules: Rules, known: Known, said: tuple[Say, ...]) -> Settled:
    state, following = advance(state, rules, known)
    if isinstance(following, Say):
        return state, (*said, following), ()
    return state, said, (following,) if following else ()


def answer_step(rules: Rules, intent: str, text: str) -> Step:
    """Return the step that answers an intent at once."""
    reply = rules.flows.answers[intent].reply
    return Step(
        action="answer", text=text, intent=intent, options={"reply": reply} if reply else {}
    )
