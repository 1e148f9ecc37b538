"""The cast of the dialogue's tests: the shipped rules, and understandings made to order."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.dialogue.context import Known, Rules
from bot.dialogue.decide import decide
from bot.dialogue.state import DialogueState
from bot.playbook import rules_of
from bot.settings.load import load
from crm_store.records import Customer, Order, OrderLine, OrderState, Owner
from nlp.understanding import Entity, IntentGuess, Tone, Understanding

NOW = datetime(2026, 3, 3, 2, 30, tzinfo=UTC)


@pytest.fixture(scope="session")
def rules() -> Rules:
    return rules_of(load(Path("config/ecommerce")))


def an_order(number="AB123456", state="packing") -> Order:
    return Order(
        number=number,
        customer_id="ada",
        state=OrderState(state),
        placed_at=NOW,
        lines=(OrderLine(product_id="desk_lamp", quantity=1, price="39.00"),),
        total="39.00",
        currency="USD",
        email="ada@example.com",
        phone=None,
        address=None,
        delivery="standard",
    )


def a_known(owner="bot", orders=(), verified=None, seq=1) -> Known:
    return Known(
        seq=seq,
        owner=Owner(owner),
        customer=Customer(id="ada", email="ada@example.com"),
        verified=bool(orders) if verified is None else verified,
        orders=tuple(orders),
        ticket=None,
        language="en",
        now=NOW,
    )


def understood(text, intent=None, probability=0.95, parts=(), tone=None, foreign=0.1, **values):
    """Return an understanding; keyword arguments are entities, type=value, found in the text."""
    entities = []
    for kind, value in values.items():
        start = text.casefold().find(str(value).casefold())
        start, end = (start, start + len(str(value))) if start >= 0 else (0, len(text))
        entities.append(Entity(type=kind, text=text[start:end], start=start, end=end, value=value))
    guess = IntentGuess(intent=intent or "greet", probability=probability if intent else 0.05)
    return Understanding(
        text=text,
        language="en",
        intent=intent,
        probability=guess.probability,
        ranking=(guess, IntentGuess(intent="review", probability=1 - guess.probability)),
        out_of_scope=foreign,
        entities=tuple(entities),
        tone=tone or Tone(),
        model_id="m-test",
        parts=tuple(parts),
    )


class Talk:
    """A conversation with the pure part alone: `say` decides and keeps the state."""

    def __init__(self, rules, **known) -> None:
        self.rules = rules
        self.known = a_known(**known)
        self.state = DialogueState()

    def say(self, text, intent=None, **more):
        return self._take(understood(text, intent, **more), None)

    def press(self, value, label="label"):
        return self._take(understood(label), value)

    def _take(self, understanding, value):
        decision = decide(
            understanding.text, value, understanding, self.state, self.rules, self.known
        )
        # What is on disk between two messages is JSON; nothing may be lost on the way.
        self.state = DialogueState.from_json(decision.state.to_json())
        assert self.state == decision.state
        return decision


@pytest.fixture
def talk(rules):
    return lambda **known: Talk(rules, **known)
