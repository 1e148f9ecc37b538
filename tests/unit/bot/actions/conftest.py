"""The cast of the actions' tests: a shop in a dictionary, and requests made to order."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from msgspec import Struct, field
from msgspec.structs import replace

from bot.actions import ACTIONS
from bot.actions.outcome import Outcome, Request, Status
from bot.dialogue.replies import SHARED, Replies
from crm_store.errors import NotFound
from crm_store.records import Appointment, Customer, Order, OrderLine, OrderState, Product
from nlp.understanding import LANGUAGES, Entity, IntentGuess, Tone, Understanding

if TYPE_CHECKING:
    from bot.actions.outcome import Search
    from bot.settings.settings import Settings
    from nlp.knowledge import Passage

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 3, 10, 30, tzinfo=ZONE)

ADA = Customer(
    id="c-ada",
    name="Ada Byrne",
    email="ada.byrne@example.com",
    phone="+14155550142",
    tier="gold",
    points=3640,
    address="2418 Alder Lane",
)
BEN = Customer(id="c-ben", name="Ben Okafor", email="ben@example.org", phone="+14155550117")
STRANGER = Customer(id="c-new")

LAMP = Product(
    id="lamp",
    names={"en": "Brass Lamp", "zh": "黄铜灯"},
    aliases={},
    description={"en": "It shines.", "zh": "会发光。"},
    prices={"USD": "20.00", "CNY": "140.00"},
    stock=3,
    category="lighting",
    options={"colour": ("White / 白色", "L")},
)
RUG = replace(
    LAMP,
    id="rug",
    names={"en": "Wool Rug", "zh": "羊毛地毯"},
    stock=40,
    category="home",
    options={},
)


def an_order(**more: Any) -> Order:
    """An order of Ada's with everything in it that others must not learn."""
    values: dict[str, Any] = {
        "number": "AB123456",
        "customer_id": ADA.id,
        "state": OrderState.PAID,
        "placed_at": NOW - timedelta(days=9),
        "lines": (
            OrderLine(product_id="lamp", quantity=2, price="20.00"),
            OrderLine(product_id="rug", quantity=1, price="60.00"),
        ),
        "total": "100.00",
        "currency": "USD",
        "email": ADA.email,
        "phone": ADA.phone,
        "address": ADA.address,
        "delivery": "standard",
        "carrier": "UPS",
        "tracking_number": "1Z999AA10304582716",
        "dispatched_at": NOW - timedelta(days=6),
        "delivered_at": NOW - timedelta(days=4),
        "expected_on": NOW.date() + timedelta(days=1),
        "invoice": "issued",
        "payment_method": "card",
    }
    values |= more
    values["state"] = OrderState(values["state"])
    return Order(**values)


REFUND = {
    "state": "checking",
    "amount": "100.00",
    "currency": "USD",
    "on": "2026-03-01",
    "method": "card",
}


def a_visit(**more: Any) -> Appointment:
    values: dict[str, Any] = {
        "id": "V-482913",
        "customer_id": ADA.id,
        "kind": "consultation",
        "place": "shanghai",
        "starts_at": NOW + timedelta(days=2),
        "contact": "+14155550142",
        "name": ADA.name,
    }
    return Appointment(**values | more)


class FakeShop(Struct):
    """Keeps orders and products in dictionaries."""

    orders_by_number: dict[str, Order] = field(default_factory=dict)
    products_by_id: dict[str, Product] = field(default_factory=dict)

    @classmethod
    def of(cls, *orders: Order, products: tuple[Product, ...] = (LAMP, RUG)) -> FakeShop:
        return cls({o.number: o for o in orders}, {p.id: p for p in products})

    async def order(self, number: str) -> Order | None:
        return self.orders_by_number.get(number.upper())

    async def orders(self, customer_id: str) -> tuple[Order, ...]:
        return tuple(o for o in self.orders_by_number.values() if o.customer_id == customer_id)

    async def product(self, product_id: str) -> Product | None:
        return self.products_by_id.get(product_id)

    async def products(self) -> tuple[Product, ...]:
        return tuple(self.products_by_id.values())


class FakeVisits(Struct):
    """Keeps visits in a tuple."""

    visits: tuple[Appointment, ...] = ()

    async def of_customer(self, customer_id: str) -> tuple[Appointment, ...]:
        return tuple(v for v in self.visits if v.customer_id == customer_id)

    async def get(self, appointment_id: str) -> Appointment:
        found = next((v for v in self.visits if v.id == appointment_id), None)
        if found is None:
            raise NotFound(f"no appointment {appointment_id}")
        return found


def an_understanding(text: str = "yes", *entities: tuple[str, str, Any]) -> Understanding:
    """Entities are (type, text, value); the text stands somewhere in the message."""
    found = tuple(
        Entity(type=t, text=w, start=text.index(w), end=text.index(w) + len(w), value=v)
        for t, w, v in entities
    )
    return Understanding(
        text=text,
        language="en",
        intent=None,
        probability=0.1,
        ranking=(IntentGuess(intent="greet", probability=0.1),),
        out_of_scope=0.1,
        entities=found,
        tone=Tone(),
        model_id="m-test",
    )


def a_request(
    *, shop: FakeShop | None = None, passages: tuple[Passage, ...] = (), **more: Any
) -> Request:
    """A stranger's request; keyword arguments replace the fields."""
    values: dict[str, Any] = {
        "text": "please",
        "language": "en",
        "understanding": an_understanding(),
        "intent": "track_order",
        "slots": {},
        "options": {},
        "confirmed": False,
        "customer": STRANGER,
        "verified": False,
        "proved": (),
        "proof_failures": 0,
        "now": NOW,
        "conversation_id": "talk",
        "exchange_id": "e-1",
        "shop": shop or FakeShop.of(an_order()),
        "visits": FakeVisits(),
        "search": finding(*passages),
        "knowledge_band": 0.5,
    }
    return Request(**values | more)


def finding(*passages: Passage) -> Search:
    """A knowledge search that always comes to the same."""

    async def search(*_: object) -> tuple[Passage, ...]:
        return passages

    return search


def signed_in(**more: Any) -> dict[str, Any]:
    """The fields of a request of Ada's own."""
    return {"customer": ADA, "verified": True, **more}


def outcome_of(action: str, request: Request) -> Outcome:
    """Run an action without an event loop: nothing of the fakes ever waits."""
    running = ACTIONS[action].run(request)
    try:
        running.send(None)
    except StopIteration as stop:
        return stop.value
    raise AssertionError(f"{action} waits for something that is not the shop's")


def keys(outcome: Outcome) -> list[str]:
    return [say.key for say in outcome.say]


class Words:
    """Puts outcomes into words, in every language."""

    def __init__(self, settings: Settings) -> None:
        self._replies = Replies(settings.replies, ZONE)
        self._shared = dict.fromkeys(SHARED, "")

    def of(self, outcome: Outcome) -> str:
        """Return all that the customer reads, buttons included."""
        rendered = [
            self._replies.render(say, language, self._shared)
            for say in outcome.say
            for language in LANGUAGES
        ]
        return "\n".join(
            part for r in rendered for part in (r.text, *(c.label + c.value for c in r.choices))
        )


@pytest.fixture(scope="session")
def words(settings: Settings) -> Words:
    return Words(settings)


@pytest.fixture(scope="session")
def act(words: Words):
    """Run an action, and hold its outcome against what it declares and what can be said."""

    def run(action: str, **more: Any) -> Outcome:
        outcome = outcome_of(action, a_request(**more))
        # A reply that the configuration hands over is its own, and checked with it.
        declared = {*ACTIONS[action].replies, more.get("options", {}).get("reply")}
        assert set(keys(outcome)) <= declared
        words.of(outcome)
        if outcome.status is not Status.DONE:
            assert not outcome.effects, "an effect before the yes, or with a refusal"
        if outcome.status is Status.ASK:
            assert outcome.slot
        return outcome

    return run
