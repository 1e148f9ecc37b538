"""What a message means for its conversation. Pure: a message and a state in, a decision out.

The rules stand in the order in which they are asked; the first that applies decides:

1.  an agent owns the conversation: silence
2.  the customer pressed a button
3.  the customer asks for a person: always granted
4.  a flow is waiting for an answer (`_in_flow`): stop, yes/no, the slot itself, a correction
5.  a correction of what was just done: "no, I meant AB123457"; a fact for the person who comes
6.  several requests in one message: all are served
7.  one clear request
8.  an order number and nothing else
9.  insults; a guess that is good enough to offer; something about an order: unless they wait
10. nothing understood: the knowledge base, then rephrase once, then offer a person
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from bot.dialogue.context import PERSON, Decision, Option, Say, Step
from bot.dialogue.flows import (
    CONFIRM,
    advance,
    ask_again,
    open_flow,
    question,
    step_of,
)
from bot.dialogue.heard import BARE_WORDS, PERSON_INTENT, SMALL_TALK, Heard
from bot.dialogue.settle import answer_step, go_on, missed
from bot.dialogue.slots import chosen_by_number, slot_of, values_of
from bot.dialogue.state import DialogueState, FlowState, Pending
from bot.settings.model import TextSlot
from crm_store.records import Owner

if TYPE_CHECKING:
    from bot.dialogue.context import Known, Rules
    from bot.dialogue.slots import Values
    from bot.settings.model import Slot
    from nlp.understanding import Understanding

ASIDES = SMALL_TALK - {"affirm", "deny"}
"""Heard within a flow, these are answered, and the flow's question is asked again."""

ORDER_INTENTS = ("track_order", "change_order", "cancel_order", "return_item")
"""What people want of an order, offered when only the order is clear."""

MOST_OFFERED = 3
MOST_TRIES = 2
"""So often a question is repeated before a person is offered with it."""


def decide(
    text: str,
    value: str | None,
    understanding: Understanding,
    state: DialogueState,
    rules: Rules,
    known: Known,
) -> Decision:
    """Return what a message leads to.

    Args:
        text: What the customer wrote, or the label of the button.
        value: What the pressed button carries.
        understanding: Of the text.
        state: The conversation's memory, before the message.
        rules: The configuration.
        known: What the store knows.
    """
    heard = Heard(text, understanding, rules)
    state = replace(state, said={**state.said, **heard.said})
    if text and heard.tells_the_need(state.active):
        state = state.heard(text)
    if known.owner is Owner.AGENT:
        return Decision(rule="owner.agent", state=state)
    turn = _Turn(heard, state, known)
    if value is not None:
        return turn.pressed(value)
    if not text:  # files and no words: only a person can look at them
        say = (Say(key="files_received"),) if known.person else ()
        return replace(turn.person("files.alone"), say=say)
    if heard.wants_person():
        return turn.person("person.asked")
    return (
        turn.in_flow()
        or turn.reply_to_offer()
        or turn.correction()
        or turn.for_the_person()
        or turn.requests()
        or turn.request()
        or turn.bare_order()
        or turn.unclear()
        or turn.not_understood()
    )


class _Turn:
    """One decision being made; each method is one of the rules above, or a part of one."""

    def __init__(self, heard: Heard, state: DialogueState, known: Known) -> None:
        self.heard = heard
        self.text = heard.text
        self.state = state
        self.rules = heard.rules
        self.known = known

    # -- 2: buttons --------------------------------------------------------------------------------

    def pressed(self, value: str) -> Decision:
        kind, _, rest = value.partition(":")
        flow = self.state.active
        if kind == "human":
            return self.person("button.person")
        if kind == "intent" and rest in self.rules.intents:
            text = self.state.offered_text or self.text
            return self.start(rest, text, dict(self.state.said), "button.intent")
        if kind == "product":
            return self.start("product_question", self.text, {"product": rest}, "button.product")
        if kind == "none":
            return self.missed(rephrase=True)
        stale = self.say("button.stale", "button_stale")
        return stale if flow is None else self.pressed_in_flow(flow, kind, rest) or stale

    def pressed_in_flow(self, flow: FlowState, kind: str, rest: str) -> Decision | None:
        if kind == "slot":
            name, _, chosen = rest.partition("=")
            if name in {slot.name for slot in self.rules.flows.flows[flow.name].slots}:
                return self.filled(flow.fill(**{name: chosen}), "button.slot")
        if kind == CONFIRM and flow.waiting == CONFIRM:
            return self.confirmed(flow) if rest == "yes" else self.dropped("flow.refused")
        return None

    # -- 3: a person -------------------------------------------------------------------------------

    def person(self, rule: str) -> Decision:
        state = replace(self.state, flows=(), pending=(), offered=(), misses=0)
        step = Step(action="hand_over", text=self.text, intent=PERSON_INTENT)
        return Decision(rule=rule, state=state, steps=(step,), place=("phrases", "human"))

    # -- 4: a flow waits ---------------------------------------------------------------------------

    def in_flow(self) -> Decision | None:
        flow = self.state.active
        if flow is None or flow.waiting is None:
            return None
        if self.heard.holds("stop"):
            return self.dropped("flow.stopped")
        if flow.waiting == CONFIRM:
            return self.at_confirmation(flow)
        spec = self.rules.flows.flows[flow.name]
        slot = slot_of(spec, flow.waiting)
        by_number = self.pressed_by_number()
        if by_number is not None:
            return by_number
        return self.answered(flow, slot)

    def answered(self, flow: FlowState, slot: Slot) -> Decision | None:
        """The message fills the slot that was asked for, another one, or corrects one."""
        leads_away = self.heard.leads_away(flow)
        if not leads_away or self.heard.answers(slot):
            filled = self.heard.fill(flow, slot)
            if filled is not flow:
                taken = slot.name in filled.slots
                return self.filled(filled, "flow.slot" if taken else "flow.corrected")
        if self.heard.calls_off(flow):
            return self.dropped("flow.stopped")
        if leads_away:
            return None
        if self.heard.intent in ASIDES:
            return self.aside()
        return self.not_an_answer(flow)

    def pressed_by_number(self) -> Decision | None:
        """Take "2" or "第二个" for the second button under the question."""
        ask = ask_again(self.state, self.rules, self.known)
        place = chosen_by_number(self.text, len(ask.choices)) if ask else None
        return None if ask is None or place is None else self.pressed(ask.choices[place].value)

    def at_confirmation(self, flow: FlowState) -> Decision | None:
        corrected = self.heard.correct(flow)
        if corrected is not flow:
            return self.filled(corrected, "flow.corrected")
        leads_away = self.heard.leads_away(flow)
        if leads_away and self.heard.asks:
            # "Wait, how long does a refund take?" is no no.
            return None
        intent = self.heard.intent
        if intent == "deny" or self.heard.holds("no"):
            chosen = self.heard.rechoose(flow)
            if chosen is not flow:
                return self.filled(chosen, "flow.corrected")
            return self.reworded(flow) or self.dropped("flow.refused")
        if self.heard.holds("yes") or (intent == "affirm" and self.heard.clear):
            return self.confirmed(flow)
        if self.heard.calls_off(flow):
            return self.dropped("flow.stopped")
        if leads_away:
            return None
        return self.not_an_answer(flow)

    def reworded(self, flow: FlowState) -> Decision | None:
        """Say no to free words: "no, it's number 200" is about the words, not the flow."""
        spec = self.rules.flows.flows[flow.name]
        texts = [s for s in spec.slots if isinstance(s, TextSlot) and s.name in flow.slots]
        if not texts or self.heard.words <= BARE_WORDS - 1 or self.heard.holds("stop"):
            return None
        flow = replace(flow.drop(texts[-1].name), waiting=texts[-1].name, tries=0)
        state = self.state.with_active(flow)
        say = (question(texts[-1], flow, self.known),)
        return Decision(rule="flow.reworded", state=state, say=say, place=("flows", flow.name))

    def filled(self, flow: FlowState, rule: str) -> Decision:
        flow = replace(flow, waiting=None, tries=0)
        state = replace(self.state.with_active(flow), misses=0)
        return self.advanced(state, rule, ("flows", flow.name))

    def confirmed(self, flow: FlowState) -> Decision:
        flow = replace(flow, waiting=None, tries=0)
        step = step_of(flow, self.rules.flows.flows[flow.name], confirmed=True)
        state = replace(self.state.with_active(flow), misses=0)
        return Decision(
            rule="flow.confirmed", state=state, steps=(step,), place=("flows", flow.name)
        )

    def dropped(self, rule: str) -> Decision:
        flow = self.state.active
        assert flow is not None  # noqa: S101 - only called with a flow at hand
        label = self.rules.flows.flows[flow.name].label
        state = replace(self.state, flows=self.state.flows[:-1], misses=0)
        state, said, steps = go_on(state, self.rules, self.known)
        say = (Say(key="dropped", values={"flow": label}), *said)
        return Decision(rule=rule, state=state, say=say, steps=steps, place=("flows", flow.name))

    def aside(self) -> Decision:
        """Thanks or a greeting amid a flow: answer it, and ask again."""
        intent = self.heard.intent
        assert intent is not None  # noqa: S101 - it is small talk
        reply = self.rules.flows.answers[intent].reply or intent
        ask = ask_again(self.state, self.rules, self.known)
        say = (Say(key=reply), *((ask,) if ask else ()))
        return Decision(rule="flow.aside", state=self.state, say=say, place=("answers", intent))

    def not_an_answer(self, flow: FlowState) -> Decision:
        flow = replace(flow, tries=flow.tries + 1)
        state = self.state.with_active(flow)
        ask = ask_again(state, self.rules, self.known)
        assert ask is not None  # noqa: S101 - the flow is waiting
        if flow.tries > MOST_TRIES:
            ask = replace(ask, choices=(*ask.choices, PERSON))
        say = (Say(key="not_an_answer"), ask)
        return Decision(rule="flow.again", state=state, say=say, place=("flows", flow.name))

    # -- choices that were offered -----------------------------------------------------------------

    def reply_to_offer(self) -> Decision | None:
        """Typed words for what was offered as buttons."""
        offered = self.state.offered
        place = chosen_by_number(self.text, len(offered))
        if place is None:
            typed = self.text.strip().casefold()
            labels = (self.rules.intents[intent].label.values() for intent in offered)
            named = [typed in map(str.casefold, each) for each in labels]
            place = named.index(True) if True in named else None
        if place is not None:
            return self.accepted(offered[place])
        intent = self.heard.intent
        if intent == "affirm" and self.state.person_offered:
            return self.person("offer.accepted")
        if intent == "affirm" and len(offered) == 1:
            return self.accepted(offered[0])
        if intent == "affirm" and offered:
            # A yes to several: which of them?
            return Decision(rule="offer.which", state=self.state, say=(self.offer_of(offered),))
        if intent == "deny" and (offered or self.state.person_offered):
            state = replace(self.state, offered=(), person_offered=False)
            return Decision(rule="offer.declined", state=state, say=(Say(key="deny_nothing"),))
        return None

    def accepted(self, intent: str) -> Decision:
        text = self.state.offered_text or self.text
        return self.start(intent, text, dict(self.state.said), "offer.accepted")

    # -- 5: correction of what is done -------------------------------------------------------------

    def correction(self) -> Decision | None:
        flow = self.state.finished
        if flow is None or self.state.flows or self.heard.understanding.parts:
            return None
        same = self.heard.intent in (None, "deny", "affirm", flow.intent)
        corrected = self.heard.correct(flow)
        if corrected is flow or not (same or not self.heard.sure):
            return None
        state = replace(self.state, flows=(corrected,), finished=None, misses=0, offered=())
        return self.advanced(state, "flow.reopened", ("flows", flow.name))

    def for_the_person(self) -> Decision | None:
        """Somebody who waits for a person leaves an address or a number: it is for that person."""
        if self.known.owner is not Owner.QUEUE:
            return None
        if self.heard.holds("waiting"):
            return self.person("queue.asked")
        leaves_something = self.heard.said and "order_number" not in self.heard.said
        if not leaves_something or self.heard.words > BARE_WORDS or self.heard.asks_for_more():
            return None
        return self.say("queue.noted", "noted_in_queue")

    # -- 6-8: requests -----------------------------------------------------------------------------

    def requests(self) -> Decision | None:
        parts = self.heard.requests()
        if not parts:
            return None
        if len(parts) == 1:
            # The rest only stated a number or an address: it belongs to the one request.
            return self.start(str(parts[0].intent), self.text, self.heard.said, "request")
        shared = {
            k: v for k, v in self.heard.said.items() if k in ("email", "phone", "order_number")
        }
        waiting = tuple(
            Pending(intent=str(part.intent), text=part.text, entities={**shared, **values_of(part)})
            for part in parts
        )
        state = replace(self.state, pending=(*waiting, *self.state.pending), misses=0, offered=())
        says: list[Say] = []
        steps: list[Step] = []
        # Answers come first, then the flows: a question must be the last thing said.
        answers = [r for r in state.pending if r.intent in self.rules.flows.answers]
        flows = [r for r in state.pending if r.intent not in self.rules.flows.answers]
        steps.extend(answer_step(self.rules, r.intent, r.text) for r in answers)
        state = replace(state, pending=tuple(flows))
        if not steps:
            state, said, following = go_on(state, self.rules, self.known)
            says.extend(said)
            steps.extend(following)
        return Decision(rule="requests.several", state=state, say=tuple(says), steps=tuple(steps))

    def request(self) -> Decision | None:
        intent = self.heard.intent
        if intent is None or not self.heard.sure:
            return None
        return self.start(intent, self.text, self.heard.said, "request")

    def start(self, intent: str, text: str, said: Values, rule: str) -> Decision:
        """Serve an intent: answer it at once, or open its flow."""
        state = replace(self.state, misses=0, offered=(), offered_text="", person_offered=False)
        if intent == PERSON_INTENT:
            return self.person(rule)
        if intent == "greet" and self.known.owner is Owner.QUEUE:
            # "Hello? Anybody there?" of somebody who waits: say how long it will be.
            return self.person("queue.asked")
        name = self.rules.flow_of.get(intent)
        if name is None:
            step = answer_step(self.rules, intent, text)
            return Decision(
                rule=f"{rule}.answer", state=state, steps=(step,), place=("answers", intent)
            )
        state = open_flow(state, self.rules, self.known, name, intent=intent, text=text, said=said)
        return self.advanced(state, f"{rule}.flow", ("flows", name))

    def bare_order(self) -> Decision | None:
        """An order number and nothing else: its state is what most people want to know."""
        if "order_number" not in self.heard.said or self.heard.words > 2:
            return None
        return self.start("track_order", self.text, self.heard.said, "bare_order")

    # -- 9-10: unsure ------------------------------------------------------------------------------

    def unclear(self) -> Decision | None:
        """Ask back what is meant; of whoever waits for a person it is only noted."""
        if self.known.owner is Owner.QUEUE:
            return None
        return self.insulted() or self.offer() or self.about_order()

    def offer(self) -> Decision | None:
        bands = self.rules.bands
        ranking = self.heard.understanding.ranking
        likely = self.heard.intent is not None or self.heard.understanding.out_of_scope < 0.5
        if not ranking or not likely or ranking[0].probability < bands.offer:
            return None
        floor = max(bands.offer / 2, ranking[0].probability / 4)
        guesses = [
            guess.intent
            for guess in ranking[:MOST_OFFERED]
            if guess.probability >= floor and guess.intent not in SMALL_TALK
        ]
        if not guesses:
            return None
        return self.offering(tuple(guesses), "offer.choices")

    def offering(self, guesses: tuple[str, ...], rule: str) -> Decision:
        state = replace(self.state, offered=guesses, offered_text=self.text, person_offered=False)
        say = (self.offer_of(guesses),)
        return Decision(rule=rule, state=state, say=say, place=("general", "bands"))

    def offer_of(self, guesses: tuple[str, ...]) -> Say:
        choices = tuple(
            Option(
                value="human" if intent == PERSON_INTENT else f"intent:{intent}",
                label=self.rules.intents[intent].label,
            )
            for intent in guesses
        )
        none = Option(value="none", key="choice.something_else")
        return Say(key="offer_choices", choices=(*choices, none))

    def about_order(self) -> Decision | None:
        """Something about an order, but what? Offer what can be done with one."""
        wanted = [intent for intent in ORDER_INTENTS if intent in self.rules.intents]
        if "order_number" not in self.heard.said or not wanted:
            return None
        return self.offering(tuple(wanted), "offer.order")

    def insulted(self) -> Decision | None:
        """Abuse and nothing clear besides: stay calm, and let a person help."""
        if not self.heard.understanding.tone.abusive:
            return None
        say = Say(key="calm_down", choices=(PERSON,))
        return Decision(rule="abuse", state=self.state, say=(say,), place=("phrases", "abusive"))

    def not_understood(self) -> Decision:
        """Ask the knowledge base; what it is not sure of counts as not understood."""
        foreign = self.heard.understanding.out_of_scope >= 0.5
        step = Step(
            action="search",
            text=self.text,
            intent=self.heard.intent,
            options={"out_of_scope": foreign},
        )
        return Decision(rule="search", state=self.state, steps=(step,))

    def missed(self, *, rephrase: bool = False) -> Decision:
        """Nothing that was offered fits."""
        state, say = missed(replace(self.state, offered=()), self.known, rephrase=rephrase)
        return Decision(rule="miss", state=state, say=say)

    # -- shared ------------------------------------------------------------------------------------

    def say(self, rule: str, key: str) -> Decision:
        return Decision(rule=rule, state=self.state, say=(Say(key=key),))

    def advanced(self, state: DialogueState, rule: str, place: tuple[str, ...]) -> Decision:
        state, following = advance(state, self.rules, self.known)
        if isinstance(following, Say):
            return Decision(rule=rule, state=state, say=(following,), place=place)
        steps = (following,) if following else ()
        return Decision(rule=rule, state=state, steps=steps, place=place)
