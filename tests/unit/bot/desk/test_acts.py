"""What may be done with a ticket: whatever state it is in, an act is legal or is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET
from msgspec.structs import replace

from bot.desk.acts import TIME, Actor, Acts, Refused, Situation
from bot.desk.lanes import Reply
from crm_store.drafts import TicketChange
from crm_store.records import (
    AuthorKind,
    Conversation,
    Owner,
    Ticket,
    TicketState,
    check_transition,
)

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # a Monday, 10:00 in Shanghai
CLEO = Actor(id="T1:U_CLEO", name="Cleo")
DAN = Actor(id="T1:U_DAN", name="Dan")


def a_ticket(**more) -> Ticket:
    values = {
        "number": 1001,
        "conversation_id": "c",
        "customer_id": "ada",
        "subject": "A lamp",
        "queue": "orders",
        "priority": "normal",
        "state": TicketState.NEW,
        "assignee": None,
        "need": "order_and_delivery",
        "language": "en",
        "first_reply_due": NOW + timedelta(hours=4),
        "created_at": NOW,
        "waiting_since": NOW,
        "reply_due": NOW + timedelta(hours=4),
    }
    return Ticket(**values | more)


def a_situation(ticket: Ticket | None = None, **more) -> Situation:
    conversation = Conversation(
        id="c",
        customer_id="ada",
        channel="webchat",
        address="c",
        owner=more.pop("owner", Owner.QUEUE),
        language=more.pop("language", "en"),
        last_seq=3,
        version=2,
        state={},
        agent_name=None,
        ticket_number=more.pop("about", 1001),
        queue="orders",
    )
    values = {"ticket": ticket or a_ticket(), "conversation": conversation, "now": NOW}
    return Situation(**values | more)


@pytest.fixture(scope="module")
def acts(playbook) -> Acts:
    return Acts(playbook)


def after(s: Situation, handling) -> Ticket:
    """The ticket as the store will leave it."""
    ticket = s.ticket
    for state in handling.states:
        check_transition(ticket.state, state)
        ticket = replace(ticket, state=state)
    new = {
        name: value
        for name in TicketChange.__struct_fields__
        if name != "number" and (value := getattr(handling.change, name)) is not UNSET
    }
    return replace(ticket, **new)


def test_who_takes_a_ticket_has_it_and_the_customer_is_told(acts):
    s = a_situation()
    handling = acts.take(s, CLEO)
    assert (after(s, handling).state, after(s, handling).assignee) == (TicketState.OPEN, CLEO.id)
    assert (handling.owner, handling.agent_name) == (Owner.AGENT, "Cleo")
    assert handling.line.author is AuthorKind.SYSTEM
    assert "Cleo" in handling.line.text
    assert handling.expected_version == s.ticket.version


def test_what_another_has_is_taken_over_only_on_purpose(acts):
    s = a_situation(a_ticket(state=TicketState.OPEN, assignee=DAN.id), owner=Owner.AGENT)
    with pytest.raises(Refused) as refused:
        acts.take(replace(s, assignee_name="Dan"), CLEO)
    assert (refused.value.key, refused.value.values["agent"]) == ("refused.taken", "Dan")
    assert after(s, acts.take(s, CLEO, over=True)).assignee == CLEO.id
    assert acts.take(s, DAN) is None


def test_a_reply_takes_the_conversation_whoever_had_it(acts):
    for owner in Owner:
        s = a_situation(a_ticket(assignee=DAN.id), owner=owner)
        handling = acts.reply(s, CLEO, Reply(text="Hello", source="view:1"))
        ticket = after(s, handling)
        assert (handling.owner, ticket.assignee) == (Owner.AGENT, CLEO.id)
        assert (ticket.waiting_since, ticket.reply_due) == (None, None)
        assert ticket.first_reply_at == NOW
        assert (handling.line.author, handling.line.text) == (AuthorKind.AGENT, "Hello")
        assert handling.line.client_id == "view:1"


def test_a_reply_opens_a_settled_ticket_again_but_not_a_closed_one(acts):
    s = a_situation(a_ticket(state=TicketState.SOLVED), owner=Owner.NONE, about=None)
    handling = acts.reply(s, CLEO, Reply(text="One more thing", source="view:1"))
    assert (after(s, handling).state, handling.owner) == (TicketState.OPEN, Owner.AGENT)
    for ticket in (a_ticket(state=TicketState.CLOSED), a_ticket(merged_into=1002)):
        with pytest.raises(Refused, match=r"refused\.closed"):
            acts.reply(a_situation(ticket), CLEO, Reply(text="x", source="view:2"))
    with pytest.raises(Refused, match=r"refused\.other_ticket"):
        acts.reply(a_situation(about=1002), CLEO, Reply(text="x", source="view:3"))


def test_a_settled_ticket_asks_for_a_rating_in_the_customers_language(acts):
    s = a_situation(a_ticket(state=TicketState.OPEN, assignee=CLEO.id), owner=Owner.AGENT)
    handling = acts.resolve(replace(s, conversation=replace(s.conversation, language="zh")), CLEO)
    assert [choice.value for choice in handling.line.choices] == [
        f"rate:{score}" for score in (5, 4, 3, 2, 1)
    ]
    assert "工单T-1001" in handling.line.text
    assert handling.owner is Owner.NONE
    assert after(s, handling).state is TicketState.SOLVED
    assert (after(s, handling).alarm, after(s, handling).alarm_at > NOW) == ("close", True)


def test_handing_back_leaves_it_to_the_bot_and_stops_the_clock(acts):
    s = a_situation(a_ticket(state=TicketState.OPEN, assignee=CLEO.id), owner=Owner.AGENT)
    handling = acts.hand_back(s, CLEO)
    ticket = after(s, handling)
    assert (ticket.assignee, ticket.state) == (None, TicketState.PENDING)
    assert (ticket.reply_due, ticket.alarm_at) == (None, None)
    assert handling.owner is Owner.BOT


def test_moving_makes_a_ticket_free_for_the_other_team(acts):
    s = a_situation(a_ticket(state=TicketState.OPEN, assignee=CLEO.id), owner=Owner.AGENT)
    handling = acts.move(s, CLEO, "billing")
    assert (after(s, handling).queue, after(s, handling).assignee) == ("billing", None)
    assert handling.owner is Owner.QUEUE
    assert "Payments and invoices" in handling.line.text
    assert acts.move(s, CLEO, "orders") is None
    with pytest.raises(Refused):
        acts.move(s, CLEO, "nowhere")


def test_a_higher_priority_promises_an_earlier_answer(acts):
    s = a_situation()
    urgent = after(s, acts.prioritise(s, CLEO, "urgent"))
    assert urgent.reply_due < s.ticket.reply_due
    assert acts.prioritise(s, CLEO, "normal") is None


def test_alarms_that_came_due_while_nobody_looked_ring_one_after_the_other(acts, playbook):
    late = NOW + timedelta(days=2)
    warned = NOW + timedelta(hours=3, minutes=45)
    s = a_situation(a_ticket(alarm="warn", alarm_at=warned), now=late)
    ticket = after(s, acts.rang(s))
    assert (ticket.alarm, ticket.alarm_at) == ("breach", s.ticket.reply_due)
    last = after(replace(s, ticket=ticket), acts.rang(replace(s, ticket=ticket)))
    assert last.alarm_at is None


STATES = st.sampled_from(list(TicketState))
OWNERS = st.sampled_from(list(Owner))
ASSIGNEES = st.sampled_from([None, CLEO.id, DAN.id])
DOINGS = st.sampled_from(
    [
        lambda a, s: a.take(s, CLEO),
        lambda a, s: a.take(s, CLEO, over=True),
        lambda a, s: a.hand_back(s, CLEO),
        lambda a, s: a.requeue(s, TIME),
        lambda a, s: a.move(s, CLEO, "billing"),
        lambda a, s: a.reply(s, CLEO, Reply(text="x", source="view:1")),
        lambda a, s: a.resolve(s, CLEO),
        lambda a, s: a.reopen(s, CLEO),
        lambda a, s: a.snooze(s, CLEO, NOW + timedelta(hours=1)),
        lambda a, s: a.wake(s),
        lambda a, s: a.close(s),
        lambda a, s: a.prioritise(s, CLEO, "urgent"),
        lambda a, s: a.merge(s, CLEO, a_ticket(number=1002)),
        lambda a, s: a.rang(s),
    ]
)


@given(state=STATES, owner=OWNERS, assignee=ASSIGNEES, holds=st.booleans(), do=DOINGS)
def test_no_act_breaks_a_rule_whatever_the_state(acts, state, owner, assignee, holds, do):
    unsolved = state in (TicketState.NEW, TicketState.OPEN, TicketState.PENDING)
    about = 1001 if unsolved else (None if holds else 1002)
    # A ticket that is not settled is what its conversation is about, and then somebody owns it.
    if unsolved and owner is Owner.NONE:
        owner = Owner.QUEUE
    # … and of a settled one nobody is due anything.
    waiting = {} if unsolved else {"waiting_since": None, "reply_due": None}
    ticket = a_ticket(state=state, assignee=assignee, **waiting)
    s = a_situation(ticket, owner=owner, about=about)
    try:
        handling = do(acts, s)
    except Refused:
        return
    if handling is None:
        return
    ticket = after(s, handling)  # raises when a step is not legal
    if ticket.assignee is None:
        assert handling.owner is not Owner.AGENT
    if ticket.state in (TicketState.SOLVED, TicketState.CLOSED):
        assert ticket.reply_due is None or state is ticket.state
    if handling.line is not None:
        assert handling.line.text
        assert handling.line.conversation_id == "c"


UNSOLVED_STATES = (TicketState.NEW, TicketState.OPEN, TicketState.PENDING)


@pytest.mark.parametrize("state", UNSOLVED_STATES)
@pytest.mark.parametrize("owner", [Owner.BOT, Owner.QUEUE, Owner.AGENT])
def test_a_customer_ends_whatever_is_open_and_nobody_owns_it_then(acts, state, owner):
    s = a_situation(a_ticket(state=state), owner=owner)
    handling = acts.end(s)
    ticket = after(s, handling)
    assert (ticket.state, ticket.solved_at) == (TicketState.SOLVED, NOW)
    assert (ticket.waiting_since, ticket.reply_due, ticket.assignee) == (None, None, None)
    assert (handling.owner, handling.agent_name, handling.by) == (Owner.NONE, None, "customer")
    assert handling.line.author is AuthorKind.SYSTEM
    assert "T-1001" in handling.line.text


@pytest.mark.parametrize(
    ("owner", "first_reply_at", "asked"),
    [
        (Owner.QUEUE, None, False),
        (Owner.BOT, None, False),
        (Owner.AGENT, None, True),
        (Owner.QUEUE, NOW, True),
        (Owner.BOT, NOW, True),
    ],
)
def test_who_ends_is_asked_what_they_think_only_of_a_person(acts, owner, first_reply_at, asked):
    ticket = a_ticket(state=TicketState.OPEN, first_reply_at=first_reply_at)
    line = acts.end(a_situation(ticket, owner=owner)).line
    assert [choice.value for choice in line.choices] == (
        [f"rate:{score}" for score in (5, 4, 3, 2, 1)] if asked else []
    )
