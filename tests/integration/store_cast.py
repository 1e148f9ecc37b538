"""What the tests of the store are about: one customer, her messages, and turns that answer them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from crm_store.drafts import ExchangeDraft, Incoming, Opening, ReplyDraft, TicketDraft, Turn
from crm_store.ids import new_id
from crm_store.records import AuthorKind, Customer, Order, OrderLine, OrderState, Owner, Product

if TYPE_CHECKING:
    from crm_store.drafts import Opened, Received
    from crm_store.store import Store

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def an_opening(identity: str | None = None, **more: Any) -> Opening:
    values = {"channel": "webchat", "identity": identity or new_id(), "verified": False, "at": NOW}
    return Opening(**values | more)


async def opened(store: Store, **more: Any) -> Opened:
    return await store.conversations.open(an_opening(**more))


def an_incoming(conversation_id: str, text: str = "Where is it?", **more: Any) -> Incoming:
    values = {"client_id": new_id(), "at": NOW, "verified": False}
    return Incoming(conversation_id=conversation_id, text=text, **values | more)


async def received(store: Store, conversation_id: str, **more: Any) -> Received:
    return await store.conversations.receive(an_incoming(conversation_id, **more))


def a_turn(got: Received, **more: Any) -> Turn:
    values = {
        "conversation_id": got.conversation.id,
        "message_seq": got.seq,
        "expected_version": got.conversation.version,
        "at": NOW,
        "exchange": ExchangeDraft(
            id=new_id(),
            understanding={"intent": "track_order"},
            decision={"why": "intent"},
            reply_keys=("order_status",),
            config_id="c",
            model_id="m",
            rule="r",
        ),
        "replies": (
            ReplyDraft(author=AuthorKind.BOT, author_name="Oak", text="On its way.", key="k"),
        ),
        "state": {"flows": []},
        "owner": Owner.BOT,
        "language": "en",
    }
    return Turn(**values | more)


async def a_ticket_draft(store: Store, **more: Any) -> TicketDraft:
    values = {"subject": "A lamp", "queue": "delivery", "priority": "normal"}
    return TicketDraft(number=await store.tickets.reserve_number(), **values | more)


ADA = Customer(id="ada", name="Ada", email="ada@example.org", tier="gold", external_id="shop-1")
LAMP = Product(
    id="lamp",
    names={"en": "Lamp"},
    aliases={"en": ("light",)},
    description={"en": "It shines."},
    prices={"USD": "20.00"},
    stock=3,
    options={"colour": ("oak", "walnut")},
)


def an_order(number: str = "AB123456", **more: Any) -> Order:
    values = {
        "customer_id": "ada",
        "state": OrderState.PAID,
        "placed_at": NOW - timedelta(days=3),
        "lines": (
            OrderLine(product_id="lamp", quantity=2, price="20.00"),
            OrderLine(product_id="rug", quantity=1, price="60.00"),
        ),
        "total": "100.00",
        "currency": "USD",
        "email": None,
        "phone": None,
        "address": "1 Oak Street",
        "delivery": "standard",
        "payment_method": "visa",
    }
    return Order(number=number, **values | more)
