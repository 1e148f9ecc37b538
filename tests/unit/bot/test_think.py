"""Whatever customers write and press: the memory stays sound, and nothing happens unasked."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bot.dialogue.context import TICKET
from bot.dialogue.flows import CONFIRM
from bot.dialogue.replies import SHARED
from bot.dialogue.state import MOST_TEXTS, DialogueState
from bot.playbook import build
from bot.think import Attempt, Stages, Work, think
from crm_store.effects import ChangeAppointment, UpdateCustomer
from crm_store.engines import to_json
from crm_store.records import Conversation, OrderState, Owner
from nlp.understanding import LANGUAGES, Bands, Entity, IntentGuess, Tone, Understanding
from tests.unit.bot.actions.conftest import (
    ADA,
    LAMP,
    NOW,
    REFUND,
    RUG,
    STRANGER,
    FakeShop,
    FakeVisits,
    a_visit,
    an_order,
)

if TYPE_CHECKING:
    from bot.playbook import Playbook
    from bot.settings.settings import Settings
    from bot.think import Thought
    from crm_store.records import Choice

ENTITIES: dict[str, tuple[str, str | int]] = {
    "order_number": ("AB000000", "AB000000"),
    "email": ("ada.byrne@example.com", "ada.byrne@example.com"),
    "phone": ("415 555 0199", "+14155550199"),
    "product": ("brass lamp", "lamp"),
    "quantity": ("three", 3),
    "date": ("on friday", "2026-03-06"),
    "time": ("friday at two", "2026-03-06T14:00:00+08:00"),
    "address": ("1 New Street", "1 New Street"),
}
WITHOUT_A_YES = {"send_invoice", "newsletter"}


@dataclass
class ForcedEngine:
    """Understands what it is told to."""

    understanding: Understanding | None = None
    model_id: str = "m-forced"
    bands: Bands = field(default_factory=Bands)

    async def understand(self, *_: Any, **__: Any) -> Understanding:
        assert self.understanding is not None
        return self.understanding

    async def passages(self, *_: Any) -> tuple[Any, ...]:
        return ()


@pytest.fixture(scope="session")
def forced(settings: Settings) -> Playbook:
    return build(settings, ForcedEngine())  # type: ignore[arg-type]  # the classifier's seam


def some_orders() -> tuple[Any, ...]:
    return tuple(
        an_order(number=f"AB00000{number}", state=state, refund=REFUND)
        for number, state in enumerate(OrderState)
    )


def understood(words: str, intent: str | None, probability: float, **more: Any) -> Understanding:
    kinds: list[str] = more.pop("kinds", [])
    text, entities = words, []
    for kind in kinds:
        said, value = ENTITIES[kind]
        start = len(text) + 1
        text = f"{text} {said}"
        entities.append(
            Entity(type=kind, text=said, start=start, end=start + len(said), value=value)
        )
    guesses = [IntentGuess(intent=intent or "greet", probability=probability)]
    guesses += [IntentGuess(intent="review", probability=(1 - probability) / 2)]
    values = {"language": "en", "out_of_scope": 0.1, "tone": Tone(), "model_id": "m", "parts": ()}
    return Understanding(
        text=text,
        intent=intent,
        probability=probability,
        ranking=tuple(sorted(guesses, key=lambda guess: -guess.probability)),
        entities=tuple(entities),
        **values | more,
    )


@dataclass
class Customer:
    """Somebody who chats, with a memory of the conversation that is on disk between messages."""

    playbook: Playbook
    known: bool
    owner: Owner = Owner.BOT
    state: Any = field(default_factory=dict)
    choices: tuple[Choice, ...] = ()
    seq: int = 0

    def __post_init__(self) -> None:
        shop = FakeShop.of(*some_orders(), products=(LAMP, RUG))
        visits = FakeVisits((a_visit(), a_visit(id="V-000001")))
        self.store: Any = SimpleNamespace(orders=shop, appointments=visits)

    def send(self, understanding: Understanding, value: str | None = None) -> Thought:
        self.seq += 1
        self.playbook.engine.understanding = understanding  # type: ignore[attr-defined]
        work = Work(
            seq=self.seq,
            text=understanding.text,
            value=value,
            verified=self.known,
            conversation=self._conversation(),
            customer=ADA if self.known else STRANGER,
        )
        attempt = Attempt(exchange_id="e", now=NOW.astimezone(UTC), stages=Stages())
        thinking = think(work, attempt, self.playbook, self.store)
        try:
            thinking.send(None)
        except StopIteration as stop:
            self._keep(stop.value)
            return stop.value
        raise AssertionError("thinking waits for something that is not the store's")

    def _conversation(self) -> Conversation:
        return Conversation(
            id="talk",
            customer_id="c",
            channel="webchat",
            address="talk",
            owner=self.owner,
            language="en",
            last_seq=self.seq,
            version=self.seq,
            state=self.state,
            agent_name=None,
            ticket_number=None,
            queue=None,
        )

    def _keep(self, thought: Thought) -> None:
        self.state = orjson.loads(to_json(thought.state.to_json()))
        assert DialogueState.from_json(self.state) == thought.state
        shared = dict.fromkeys(SHARED, "")
        render = self.playbook.replies.render
        # What is said of a ticket is put in its place later, when it has been routed.
        worded = [say for say in thought.say if say.key != TICKET]
        said = [render(say, language, shared) for say in worded for language in LANGUAGES]
        if said:
            self.choices = said[-1].choices


def check(customer: Customer, thought: Thought, rules: Any) -> None:
    """What must hold after every message."""
    state = thought.state
    for flow in state.flows:
        names = {slot.name for slot in rules.flows.flows[flow.name].slots}
        assert flow.waiting in {*names, CONFIRM}, "a flow waits for what it does not have"
        assert flow.waiting not in flow.slots
    assert len({flow.id for flow in state.flows}) == len(state.flows)
    assert len(state.texts) <= MOST_TEXTS
    assert state.misses >= 0
    assert thought.say or customer.owner is Owner.AGENT or thought.done[-1].outcome.ticket
    own = {order.number for order in some_orders()} if customer.known else set()
    for done in thought.done:
        for effect in done.outcome.effects:
            assert done.step.confirmed or done.step.action in WITHOUT_A_YES
            number = getattr(effect, "number", None)
            assert number is None or number in own | set(state.proved)
            assert customer.known or not isinstance(effect, UpdateCustomer)
            if isinstance(effect, ChangeAppointment) and not customer.known:
                assert done.step.slots["contact"] == "+14155550142"
    if not thought.done:
        assert all(fact.state in ("open", "dropped", "done") for fact in thought.flows)


words = st.sampled_from(
    [
        *("", "please", "yes", "no", "never mind", "it is broken", "AB000001", "2", "express"),
        *("my latest order", "no, I meant", "a rather long story about all that went wrong"),
        *("算了", "是的", "退款", "cancel"),
    ]
)
kinds = st.lists(st.sampled_from(sorted(ENTITIES)), max_size=2, unique=True)
probabilities = st.sampled_from([0.05, 0.2, 0.55, 0.95])
presses = st.sampled_from(
    [
        *("confirm:yes", "confirm:no", "human", "none", "slot:order=AB000001", "confirm:", ""),
        *("slot:made_up=x", "slot:", "intent:track_order", "intent:made_up", "product:lamp", "x"),
        *("product:made_up", "intent:greet", "slot:order=", "slot:quantity=3"),
        *("slot:reason=faulty", "slot:change=quantity", "slot:kind=fitting"),
    ]
)


@st.composite
def messages(draw: Any, intents: tuple[str, ...]) -> Any:
    """(understanding, value, number of the button on screen to press instead)."""
    intent = draw(st.sampled_from([None, *intents]))
    more = {"kinds": draw(kinds), "out_of_scope": draw(st.sampled_from([0.1, 0.9]))}
    more["tone"] = Tone(abusive=draw(st.booleans()))
    if draw(st.integers(0, 9)) == 0:
        some = draw(st.lists(st.sampled_from(intents), min_size=2, max_size=3, unique=True))
        more["parts"] = tuple(understood("part", each, 0.9, kinds=draw(kinds)) for each in some)
    message = understood(draw(words), intent, draw(probabilities), **more)
    press = draw(st.integers(0, 5))
    value = draw(presses) if press == 5 else None
    return message, value, draw(st.integers(0, 5)) if press in (3, 4) else None


@hypothesis_settings(max_examples=150, deadline=None)
@given(data=st.data(), known=st.booleans(), owner=st.sampled_from([Owner.BOT, Owner.QUEUE]))
def test_any_conversation_keeps_a_sound_memory(
    data: Any, known: bool, owner: Owner, forced: Playbook
) -> None:
    intents = tuple(forced.rules.intents)
    customer = Customer(forced, known, owner)
    for message, value, button in data.draw(st.lists(messages(intents), max_size=14)):
        pressed = value
        if button is not None and customer.choices:
            pressed = customer.choices[button % len(customer.choices)].value
        check(customer, customer.send(message, pressed), forced.rules)


@pytest.mark.parametrize("known", [False, True])
def test_every_intent_alone_leads_to_an_answer(forced: Playbook, known: bool) -> None:
    for intent in forced.rules.intents:
        customer = Customer(forced, known)
        check(customer, customer.send(understood("please", intent, 0.95)), forced.rules)


def test_under_an_agent_the_bot_says_and_does_nothing_but_remembers(forced: Playbook) -> None:
    customer = Customer(forced, known=True, owner=Owner.AGENT)
    for intent in forced.rules.intents:
        thought = customer.send(understood("please", intent, 0.95, kinds=["email"]))
        assert (thought.say, thought.done, thought.state.flows) == ((), (), ())
    assert thought.state.said["email"] == "ada.byrne@example.com"
    assert customer.send(understood("yes", "affirm", 0.95), "human").done == ()


def test_whoever_changes_their_mind_for_ever_fills_no_memory(forced: Playbook) -> None:
    customer = Customer(forced, known=False)
    sizes = []
    for _ in range(20):
        for intent in ("cancel_order", "return_item", "complaint", "book_appointment"):
            customer.send(understood("please", intent, 0.95))
        sizes.append(len(orjson.dumps(customer.state)))
    assert sizes[-1] < 10_000
    assert sizes[-1] <= sizes[9] * 1.2


def test_a_configuration_that_goes_round_in_circles_is_stopped(forced: Playbook) -> None:
    customer = Customer(forced, known=True)
    several = tuple(
        understood("part", intent, 0.9)
        for intent in ("points", "loyalty_points", "delivery_options", "check_payment_methods")
        if intent in forced.rules.intents
    )
    thought = customer.send(understood("all of it", "loyalty_points", 0.9, parts=several * 5))
    assert len(thought.done) <= 6


def test_what_became_of_a_flow_is_told(forced: Playbook) -> None:
    customer = Customer(forced, known=True)
    asked = customer.send(understood("cancel", "cancel_order", 0.95, kinds=["order_number"]))
    assert [(f.name, f.state, f.opened_seq) for f in asked.flows] == [("cancel_order", "open", 1)]
    done = customer.send(understood("yes", "affirm", 0.95))
    assert [(f.name, f.state, f.opened_seq) for f in done.flows] == [("cancel_order", "done", 1)]
    assert len(done.done[-1].outcome.effects) == 1
    customer.send(understood("please", "book_appointment", 0.95))
    dropped = customer.send(understood("never mind", None, 0.1))
    assert [(f.name, f.state) for f in dropped.flows] == [("book_appointment", "dropped")]
    customer.send(understood("please", "book_appointment", 0.95))
    person = customer.send(understood("please", "contact_human_agent", 0.95))
    assert [(f.name, f.state) for f in person.flows] == [("book_appointment", "handed_over")]


def test_a_flow_is_finished_once_and_thought_does_not_touch_what_it_was_given(
    forced: Playbook,
) -> None:
    customer = Customer(forced, known=True)
    customer.send(understood("cancel", "cancel_order", 0.95, kinds=["order_number"]))
    before = orjson.dumps(customer.state)
    other = replace(customer)
    first = customer.send(understood("yes", "affirm", 0.95))
    assert orjson.dumps(other.state) == before
    second = other.send(understood("yes", "affirm", 0.95))
    assert (first.state, first.say) == (second.state, second.say)
