"""A ticket's card: what Slack takes, what may be seen, and what can be done in each state."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bot.desk.cards import card
from bot.desk.views import Likely, TicketView
from crm_store.desk_records import Agent
from crm_store.records import (
    AuthorKind,
    Conversation,
    Customer,
    Message,
    Order,
    OrderState,
    Owner,
    Ticket,
    TicketState,
)
from tests.fake_slack.block_kit.check import message_problems, text_length
from tests.fake_slack.mrkdwn import live, readable

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
QUEUES = {"orders": "Orders and delivery", "vip": "Gold service"}
CLEO = Agent(id="T1:U_CLEO", name="Cleo")
NASTY = (
    "<!channel> <!here> <@U1> <#C1> <!subteam^S1>",
    "<https://evil.example|https://bank.example>",
    "&lt;!channel&gt;",
    "x" * 3000,
    "&" * 3000,
    "شكرا " * 300,
    "👨‍👩‍👧‍👦" * 300,
    "\x00\ud800",
    "",
)
WORDS = st.sampled_from(NASTY) | st.text(max_size=80)


def an_order(number="AB123456", state=OrderState.DISPATCHED) -> Order:
    return Order(
        number=number,
        customer_id="ada",
        state=state,
        placed_at=NOW,
        lines=(),
        total="199.00",
        currency="CNY",
        email=None,
        phone=None,
        address=None,
        delivery="standard",
    )


def a_ticket(**more) -> Ticket:
    values = {
        "number": 1042,
        "conversation_id": "c",
        "customer_id": "ada",
        "subject": "A lamp",
        "queue": "orders",
        "priority": "normal",
        "state": TicketState.NEW,
        "assignee": None,
        "need": "order_and_delivery",
        "language": "en",
        "first_reply_due": None,
        "created_at": NOW,
        "reason": "person.asked",
        "waiting_since": NOW - timedelta(minutes=10),
        "reply_due": NOW + timedelta(hours=1),
    }
    return Ticket(**values | more)


def a_view(ticket=None, said="Where is it?", owner=Owner.QUEUE, **more) -> TicketView:
    values = {
        "ticket": ticket or a_ticket(),
        "conversation": Conversation(
            id="c",
            customer_id="ada",
            channel="webchat",
            address="c",
            owner=owner,
            language="en",
            last_seq=1,
            version=1,
            state={},
            agent_name=None,
            ticket_number=1042,
            queue="orders",
        ),
        "customer": Customer(id="ada", name="Ada", tier="gold"),
        "verified": True,
        "assignee": None,
        "queue_label": "Orders and delivery",
        "need_label": "Orders and delivery",
        "need_probability": 0.8,
        "need_reasons": ("the words",),
        "intents": (Likely(name="track_order", label="Track an order", probability=0.7),),
        "found": (("order_number", "AB123456"),),
        "open_orders": (an_order(),),
        "earlier": (),
        "opening": Message(
            conversation_id="c",
            seq=1,
            author=AuthorKind.CUSTOMER,
            author_name=None,
            text=said,
            at=NOW,
        ),
    }
    return TicketView(**values | more)


def acts_on(view) -> set[str]:
    blocks = card(view, "en", NOW, QUEUES).blocks
    rows = (block["elements"] for block in blocks if block["type"] == "actions")
    return {element["action_id"] for row in rows for element in row}


def shown(view, language="en") -> str:
    return readable(card(view, language, NOW, QUEUES).blocks)


@settings(max_examples=60, deadline=None)
@given(
    WORDS,
    st.sampled_from(TicketState),
    st.sampled_from(Owner),
    st.sampled_from(("en", "zh")),
    st.sampled_from((None, "https://x.slack.com/archives/C1/p1")),
)
def test_slack_takes_every_card_and_nothing_in_it_is_live(
    words, state, owner, language, link
) -> None:
    ticket = a_ticket(state=state, subject=words, rating=4, rating_comment=words, reason=words)
    view = a_view(
        ticket,
        words,
        owner,
        customer=Customer(id="ada", name=words, email=words, phone=words, address=words),
        assignee=replace(CLEO, name=words),
        found=tuple(("details", words) for _ in range(60)),
        open_orders=tuple(an_order(words) for _ in range(20)),
        earlier=(ticket,) * 3,
        link=link,
    )
    drawn = card(view, language, NOW, QUEUES)
    assert message_problems(drawn.blocks) == []
    assert text_length(drawn.blocks) <= 13_000
    assert len(drawn.blocks) <= 12
    found = live({"text": drawn.text, "blocks": drawn.blocks})
    ours = [each for each in found if each.kind not in ("date", "autolink")]
    assert [each.target for each in ours] == ([link] if link else [])
    json.dumps(drawn.blocks, ensure_ascii=False).encode()


def test_contacts_are_masked_wherever_they_stand() -> None:
    found = (
        ("email", "ada.price@example.com"),
        ("contact", "+14155550123"),
        ("address", "88 Pine Street, Oakland, CA 94610"),
    )
    customer = Customer(
        id="ada",
        email="ada.price@example.com",
        phone="+14155550123",
        address="88 Pine Street, Oakland, CA 94610",
    )
    text = json.dumps(card(a_view(found=found, customer=customer), "en", NOW, QUEUES).blocks)
    for hidden in ("price", "4155550", "Pine"):
        assert hidden not in text
    assert "Oakland" in text


def test_only_what_applies_can_be_done() -> None:
    assert {"take", "reply", "resolve", "snooze", "move", "priority"} <= acts_on(a_view())
    taken = a_view(a_ticket(state=TicketState.OPEN, assignee=CLEO.id), assignee=CLEO)
    assert {"take_over", "hand_back"} <= acts_on(taken)
    assert "take" not in acts_on(taken)
    solved = acts_on(a_view(a_ticket(state=TicketState.SOLVED)))
    assert "reopen" in solved
    assert not {"take", "resolve", "snooze", "move", "priority"} & solved
    closed = acts_on(a_view(a_ticket(state=TicketState.CLOSED)))
    assert not {"take", "reply", "reopen", "resolve"} & closed
    assert acts_on(a_view(link="https://x.slack.com/p1")) == set()


def test_a_button_carries_nothing_but_the_number() -> None:
    for block in card(a_view(), "en", NOW, QUEUES).blocks:
        for element in block.get("elements", []):
            assert element.get("value", "1042") == "1042"


def test_a_ticket_is_not_moved_to_where_it_is() -> None:
    blocks = card(a_view(), "en", NOW, QUEUES).blocks
    menus = [e for b in blocks for e in b.get("elements", []) if e.get("action_id") == "move"]
    assert [option["value"] for option in menus[0]["options"]] == ["vip"]


def test_overdue_is_said() -> None:
    late = a_view(a_ticket(reply_due=NOW - timedelta(minutes=1)))
    assert "overdue" in shown(late)
    assert "overdue" not in shown(a_view())


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("person.asked", "asked for a person"),
        ("offer.accepted", "accepted the offer"),
        ("requests.several", "several requests"),
        ("search", "no answer it was sure of"),
        ("my_own_rule", "my_own_rule"),
    ],
)
def test_why_a_person_has_it(reason, words) -> None:
    assert words in shown(a_view(a_ticket(reason=reason)))


def test_a_chinese_reader_reads_chinese() -> None:
    text = shown(a_view(), "zh")
    for english in ("gold", "dispatched", "the words", "order_number"):
        assert english not in text
    for chinese in ("金卡", "已发货", "客户的原话", "订单号"):
        assert chinese in text


def test_a_long_opening_is_cut_with_a_mark() -> None:
    assert "…" in shown(a_view(said="word " * 500))
