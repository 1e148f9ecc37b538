"""The walk with a real store and the shipped shop's own model: order, loss, errors, ownership."""

from __future__ import annotations

import asyncio
import io
import json
import shutil
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from bot import log
from bot.actions import ACTIONS
from bot.actions.outcome import Outcome
from bot.demo import seed
from bot.messages import Message
from bot.rehearsal import Rehearsal, Visitor
from bot.turn import Answered
from crm_store import engines
from crm_store.drafts import Incoming, Line
from crm_store.effects import CHANGEABLE, CancelOrder
from crm_store.errors import Conflict, NotFound, Unavailable
from crm_store.ids import new_id
from crm_store.records import AuthorKind, OrderState, Owner, TicketState
from crm_store.store import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from sqlalchemy import Connection

    from bot.actions import Run
    from bot.actions.outcome import Request
    from bot.playbook import Playbook
    from bot.rehearsal import Reaction

NOW = datetime(2026, 3, 3, 2, 30, tzinfo=UTC)
"""A Tuesday morning in Shanghai: people are at work."""

WAIT_S = 3.0


class House:
    """A data folder, and the service's turns on it; a restart makes them anew."""

    def __init__(self, path: Path, playbook: Playbook) -> None:
        self.path = path
        self._playbook = playbook
        self.rehearsal: Rehearsal

    @property
    def store(self) -> Store:
        return self.rehearsal.store

    @property
    def turns(self) -> Any:
        return self.rehearsal.turns

    async def start(self) -> None:
        store = await Store.open(self.path)
        self.rehearsal = Rehearsal(store, self._playbook, lambda: NOW)

    async def stop(self) -> None:
        await self.turns.drain(WAIT_S)
        await self.store.close()

    async def die(self) -> None:
        """Go down as in a crash: nothing that is under way gets to write."""
        await self.store.close()
        await self.turns.drain(0)

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    async def visitor(self, customer: str | None = None) -> Visitor:
        return await self.rehearsal.visitor(customer)

    def again(self, visitor: Visitor) -> Visitor:
        """The same visitor after a restart."""
        return Visitor(self.rehearsal, visitor.conversation_id, verified=visitor.verified)

    async def received(self, visitor: Visitor, texts: list[str]) -> list[int]:
        """Send texts without waiting for anything in between; return their places."""
        messages = [a_message(visitor, text) for text in texts]
        receipts = await asyncio.gather(*map(self.turns.receive, messages))
        return [receipt.seq for receipt in receipts]

    async def answered(self, conversation_id: str, seq: int) -> Reaction:
        async with asyncio.timeout(WAIT_S):
            return await self.rehearsal._reaction(conversation_id, seq)

    async def said(self, conversation_id: str) -> list[Any]:
        return list(await self.store.conversations.messages(conversation_id, after=0, limit=999))

    async def agent_says(self, conversation_id: str, text: str, owner: Owner) -> None:
        await self.store.conversations.append(
            Line(
                conversation_id=conversation_id,
                author=AuthorKind.AGENT,
                author_name="Cleo",
                text=text,
                at=NOW,
                owner=owner,
                agent_name="Cleo",
            )
        )


def a_message(visitor: Visitor, text: str, client_id: str | None = None, **more: Any) -> Message:
    return Message(
        conversation_id=visitor.conversation_id,
        client_id=client_id or new_id(),
        text=text,
        verified=visitor.verified,
        received_at=NOW,
        **more,
    )


@pytest.fixture(scope="session")
def seeded(playbook: Playbook, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the demo shop in it, to copy."""
    path = tmp_path_factory.mktemp("seeded") / "frontdesk.db"

    async def make() -> None:
        store = await Store.open(path)
        await seed(store, playbook.settings, NOW)
        await store.close()

    asyncio.run(make())
    return path


@asynccontextmanager
async def a_house(path: Path, playbook: Playbook) -> AsyncIterator[House]:
    house = House(path, playbook)
    await house.start()
    try:
        yield house
    finally:
        await house.stop()


@pytest.fixture
async def house(seeded: Path, tmp_path: Path, playbook: Playbook) -> AsyncIterator[House]:
    async with a_house(shutil.copy(seeded, tmp_path / "frontdesk.db"), playbook) as house:
        yield house


@pytest.fixture
def instead(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Run], Run]:
    """Put another action under a name, and return what was there."""

    def put(name: str, run: Run) -> Run:
        usual = ACTIONS[name]
        monkeypatch.setitem(ACTIONS, name, replace(usual, run=run))
        return usual.run

    return put


@pytest.fixture
def log_lines(_logging_as_before: None) -> Callable[[], list[dict[str, Any]]]:
    stream = io.StringIO()
    log.configure(stream=stream, level="DEBUG")
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def keys(reaction: Reaction) -> list[str]:
    return list(reaction.answered.reply_keys)


def text_of(reaction: Reaction) -> str:
    return "\n".join(message.text for message in reaction.messages)


# -- order and identity --------------------------------------------------------------------------


async def test_messages_sent_in_one_breath_are_answered_in_their_order(house: House) -> None:
    visitor = await house.visitor()
    texts = [
        "Could you tell me how my package is doing?",
        "it's AB204817",
        "the address was ada.byrne@example.com",
        "thanks a lot",
        "which payment methods do you take?",
    ]
    seqs = await house.received(visitor, texts)
    assert seqs == [1, 2, 3, 4, 5]
    assert house.turns.depth > 1
    reactions = [await house.answered(visitor.conversation_id, seq) for seq in seqs]
    assert [keys(r)[0] for r in reactions[:4]] == [
        "ask.order",
        "ask.proof",
        "order_status.dispatched",
        "thank",
    ]
    said = await house.said(visitor.conversation_id)
    assert [m.seq for m in said] == list(range(1, len(said) + 1))
    replies = [m.reply_to for m in said if m.author is AuthorKind.BOT]
    assert replies == sorted(replies)
    assert set(replies) == set(seqs)
    assert house.turns.depth == 0


async def test_the_same_id_twice_is_one_message_and_one_answer(house: House) -> None:
    visitor = await house.visitor()
    message = a_message(visitor, "which payment methods do you take?")
    first = await house.turns.receive(message)
    second = await house.turns.receive(message)
    assert (second.seq, second.at) == (first.seq, first.at)
    assert (first.duplicate, second.duplicate) == (False, True)
    await house.answered(visitor.conversation_id, first.seq)
    third = await house.turns.receive(message)
    assert (third.seq, third.duplicate) == (first.seq, True)
    with pytest.raises(Conflict):
        await house.turns.receive(replace(message, text="something else"))
    await house.turns.drain(WAIT_S)
    said = await house.said(visitor.conversation_id)
    assert [m.author for m in said].count(AuthorKind.CUSTOMER) == 1
    assert len(await house.store.exchanges.of_conversation(visitor.conversation_id)) == 1


async def test_a_conversation_that_does_not_exist_takes_nothing(house: House) -> None:
    visitor = Visitor(house.rehearsal, "made-up", verified=False)
    with pytest.raises(NotFound):
        await house.turns.receive(a_message(visitor, "hello"))
    assert house.turns.depth == 0


async def test_one_conversation_does_not_wait_for_another(house: House, instead: Any) -> None:
    held = asyncio.Event()

    async def slow(request: Request) -> Outcome:
        await held.wait()
        return await usual(request)

    usual = instead("points", slow)
    ada, stranger = await house.visitor("ada"), await house.visitor()
    first = await house.turns.receive(a_message(ada, "how many points do I have?"))
    async with asyncio.timeout(WAIT_S):
        assert keys(await stranger.say("hello there")) == ["greet"]
    assert house.turns.depth == 1
    held.set()
    assert "3,640" in text_of(await house.answered(ada.conversation_id, first.seq))


# -- nothing is lost -------------------------------------------------------------------------------


async def test_what_was_acknowledged_before_a_crash_is_answered_after_it(house: House) -> None:
    visitor = await house.visitor()
    texts = ["Could you tell me how my package is doing?", "it's AB204817"]
    for text in texts:
        message = a_message(visitor, text)
        await house.store.conversations.receive(
            Incoming(
                conversation_id=message.conversation_id,
                client_id=message.client_id,
                text=text,
                at=NOW,
                verified=False,
            )
        )
    await house.die()
    await house.start()
    assert await house.turns.recover() == 2
    reactions = [await house.answered(visitor.conversation_id, seq) for seq in (1, 2)]
    assert [keys(r) for r in reactions] == [["ask.order"], ["ask.proof"]]
    await house.restart()
    assert await house.turns.recover() == 0


async def test_a_crash_in_the_middle_of_the_work_leaves_each_message_one_answer(
    house: House,
) -> None:
    visitors = [await house.visitor() for _ in range(4)]
    texts = ["hello there", "Could you tell me how my package is doing?", "it's AB204817"]
    everything = [(v.conversation_id, await house.received(v, texts)) for v in visitors]
    await house.die()
    await house.start()
    await house.turns.recover()
    await house.turns.drain(WAIT_S)
    assert await house.store.conversations.unhandled() == ()
    for conversation_id, seqs in everything:
        exchanges = await house.store.exchanges.of_conversation(conversation_id)
        assert [exchange.message_seq for exchange in exchanges] == seqs
        replies = [m.reply_to for m in await house.said(conversation_id) if m.reply_to]
        assert replies == sorted(replies)


async def test_a_message_that_is_taken_up_twice_is_answered_once(
    house: House, instead: Any
) -> None:
    async def slow(request: Request) -> Outcome:
        await held.wait()
        return await usual(request)

    held = asyncio.Event()
    usual = instead("points", slow)
    visitor = await house.visitor("ada")
    await house.turns.receive(a_message(visitor, "how many points do I have?"))
    assert await house.turns.recover() == 1
    held.set()
    await house.turns.drain(WAIT_S)
    assert len(await house.store.exchanges.of_conversation(visitor.conversation_id)) == 1
    replies = [m.reply_to for m in await house.said(visitor.conversation_id) if m.reply_to]
    assert set(replies) == {1}


async def test_a_message_whose_sender_left_before_the_acknowledgement_is_answered(
    house: House,
) -> None:
    """A caller's cancellation does not take the write back; who sends again gets an answer."""
    visitor = await house.visitor()
    message = a_message(visitor, "which payment methods do you take?")
    sending = asyncio.create_task(house.turns.receive(message))
    await asyncio.sleep(0)  # it is on its way to the store
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    receipt = await house.turns.receive(message)
    reaction = await house.answered(visitor.conversation_id, receipt.seq)
    assert reaction.messages
    exchanges = await house.store.exchanges.of_conversation(visitor.conversation_id)
    assert len(exchanges) == 1


async def test_a_dialogue_survives_a_restart_between_any_two_messages(house: House) -> None:
    visitor = await house.visitor()
    expected = [
        ("Can you check whether AB204817 has left the warehouse?", "ask.proof"),
        ("my cell is (415) 555-0142", "order_status.dispatched"),
        # The proof is remembered, too.
        ("has the invoice for AB204817 been made out yet?", "invoice.issued"),
        ("please scrap that order", "cancel.dispatched"),
    ]
    for text, key in expected:
        assert keys(await house.again(visitor).say(text))[-1] == key
        await house.restart()


async def test_a_full_disk_delays_answers_and_loses_none(house: House, instead: Any) -> None:
    full = False

    async def then_full(request: Request) -> Outcome:
        nonlocal full
        if not full:
            await limit_pages(house.store)
            full = True
            with pytest.raises(Unavailable):
                await house.turns.receive(a_message(visitor, "y" * 50_000))
        return await usual(request)

    usual = instead("points", then_full)
    visitor = await house.visitor("ada")
    receipt = await house.turns.receive(a_message(visitor, "how many points do I have?"))
    await asyncio.sleep(0.5)
    assert full
    assert house.turns.depth == 1
    await limit_pages(house.store, 1_000_000)
    assert "3,640" in text_of(await house.answered(visitor.conversation_id, receipt.seq))
    exchanges = await house.store.exchanges.of_conversation(visitor.conversation_id)
    assert [exchange.message_seq for exchange in exchanges] == [receipt.seq]


async def test_an_answer_whose_commit_nobody_heard_of_is_shown_all_the_same(
    house: House, instead: Any
) -> None:
    """It is on disk, but the database could not be asked any more when it said so."""

    async def then_gone(request: Request) -> Outcome:
        nonlocal aside
        if aside is None:
            aside = await asyncio.to_thread(house.path.rename, house.path.with_suffix(".aside"))
        return await usual(request)

    aside: Path | None = None
    usual = instead("points", then_gone)
    visitor = await house.visitor("ada")
    receipt = await house.turns.receive(a_message(visitor, "how many points do I have?"))
    await asyncio.sleep(0.1)
    assert aside is not None
    await asyncio.to_thread(aside.rename, house.path)
    reaction = await house.answered(visitor.conversation_id, receipt.seq)
    assert "3,640" in text_of(reaction)
    said = await house.said(visitor.conversation_id)
    assert [m.author for m in said].count(AuthorKind.BOT) == len(reaction.messages)


async def limit_pages(store: Store, pages: int | None = None) -> None:
    """Let the database file grow no further than it is, or than so many pages."""

    def limit(connection: Connection) -> None:
        most = pages
        if most is None:
            ((most,),) = engines.pragma(connection, "page_count")
        engines.pragma(connection, f"max_page_count={most}")

    await store._writing.run(limit)


async def test_draining_finishes_what_waits(house: House) -> None:
    visitors = [await house.visitor() for _ in range(5)]
    for visitor in visitors:
        for text in ("hello there", "which payment methods do you take?"):
            await house.turns.receive(a_message(visitor, text))
    await house.turns.drain(WAIT_S)
    assert house.turns.depth == 0
    assert await house.store.conversations.unhandled() == ()


async def test_draining_does_not_wait_for_ever(house: House, instead: Any) -> None:
    async def stuck(_request: Request) -> Outcome:
        await asyncio.sleep(3600)
        raise AssertionError

    usual = instead("points", stuck)
    visitor = await house.visitor("ada")
    receipt = await house.turns.receive(a_message(visitor, "how many points do I have?"))
    async with asyncio.timeout(WAIT_S):
        await house.turns.drain(0.05)
    assert house.turns.depth == 0
    instead("points", usual)
    await house.restart()
    assert await house.turns.recover() == 1
    assert "3,640" in text_of(await house.answered(visitor.conversation_id, receipt.seq))


# -- conflicts -------------------------------------------------------------------------------------


async def test_a_turn_is_thought_again_when_somebody_was_faster(house: House, instead: Any) -> None:
    thoughts: list[Owner] = []

    async def overtaken(request: Request) -> Outcome:
        if not thoughts:
            await house.agent_says(request.conversation_id, "I am on it.", Owner.BOT)
        thoughts.append(Owner.BOT)
        return await usual(request)

    usual = instead("points", overtaken)
    visitor = await house.visitor("ada")
    reaction = await visitor.say("how many points do I have?")
    assert len(thoughts) == 2
    assert "3,640" in text_of(reaction)
    said = await house.said(visitor.conversation_id)
    assert [m.author for m in said].count(AuthorKind.BOT) == len(reaction.messages)


async def test_an_agent_who_takes_over_amid_a_thought_silences_the_bot(
    house: House, instead: Any
) -> None:
    async def overtaken(request: Request) -> Outcome:
        await house.agent_says(request.conversation_id, "Cleo here.", Owner.AGENT)
        return await usual(request)

    usual = instead("points", overtaken)
    visitor = await house.visitor("ada")
    reaction = await visitor.say("how many points do I have?")
    assert (reaction.messages, reaction.answered.rule) == ((), "owner.agent")
    said = await house.said(visitor.conversation_id)
    assert [m.author for m in said] == [AuthorKind.CUSTOMER, AuthorKind.AGENT]


async def test_of_two_who_cancel_the_same_order_one_is_told_that_it_is_done(house: House) -> None:
    ben, stranger = await house.visitor("ben"), await house.visitor()
    await ben.say("Please scrap order BK316409")
    await stranger.say("Please scrap order BK316409")
    await stranger.say("ben.okafor@example.org")
    assert ben.choices[0].value == stranger.choices[0].value == "confirm:yes"
    reactions = await asyncio.gather(*(who.choose(who.choices[0]) for who in (ben, stranger)))
    assert sorted(keys(reaction)[0] for reaction in reactions) == [
        "cancel.already",
        "cancel.done_refund",
    ]
    order = await house.store.orders.order("BK316409")
    assert order is not None
    assert order.state is OrderState.CANCELLED
    assert order.refund is not None


async def test_endless_conflicts_end_in_an_apology_and_not_in_silence(
    house: House, instead: Any
) -> None:
    async def always_overtaken(request: Request) -> Outcome:
        await house.agent_says(request.conversation_id, "Me again.", Owner.BOT)
        return await usual(request)

    usual = instead("points", always_overtaken)
    visitor = await house.visitor("ada")
    receipt = await house.turns.receive(a_message(visitor, "how many points do I have?"))
    later = await house.turns.receive(a_message(visitor, "hello there"))
    assert keys(await house.answered(visitor.conversation_id, later.seq)) == ["greet"]
    first = await house.answered(visitor.conversation_id, receipt.seq)
    assert keys(first) == ["apology"]


# -- errors ----------------------------------------------------------------------------------------


async def test_an_error_becomes_an_apology_a_ticket_and_an_id_in_the_log(
    house: House, instead: Any, log_lines: Any
) -> None:
    async def broken(request: Request) -> Outcome:
        raise ValueError(f"cannot handle {request.text!r}")

    instead("points", broken)
    visitor = await house.visitor("ada")
    reaction = await visitor.say("how many points do I have? eve@example.com needs to know")
    answered = reaction.answered
    assert (keys(reaction), answered.rule) == (["apology"], "error")
    assert answered.error_id == answered.exchange_id
    assert answered.error_id not in text_of(reaction)
    assert "cannot handle" not in text_of(reaction)

    ticket = reaction.recorded.ticket
    assert ticket is not None
    assert answered.error_id in ticket.subject
    assert "eve" not in ticket.subject
    assert f"T-{ticket.number}" in text_of(reaction)
    exchange = await house.store.exchanges.get(answered.exchange_id)
    assert (exchange.error_id, exchange.rule) == (answered.error_id, "error")

    (line,) = [line for line in log_lines() if line["event"] == "turn_failed"]
    assert (line["level"], line["error_id"], line["error_type"]) == (
        "error",
        answered.error_id,
        "ValueError",
    )
    assert any("broken" in frame for frame in line["reason"])
    logged = json.dumps(log_lines())
    for part in ("eve@", "needs to know", "how many points", "cannot handle", "Traceback"):
        assert part not in logged


async def test_after_an_error_the_conversation_goes_on_with_the_same_ticket(
    house: House, instead: Any
) -> None:
    async def broken(_request: Request) -> Outcome:
        raise RuntimeError

    usual = instead("points", broken)
    visitor = await house.visitor("ada")
    first = await visitor.say("how many points do I have?")
    second = await visitor.say("how many points do I have?")
    assert keys(first) == keys(second) == ["apology"]
    assert second.answered.ticket == first.answered.ticket
    assert second.conversation.owner is Owner.BOT
    instead("points", usual)
    assert "3,640" in text_of(await visitor.say("how many points do I have?"))
    assert len(await house.store.tickets.of_conversation(visitor.conversation_id)) == 1


async def test_what_cannot_be_recorded_becomes_an_apology_and_holds_nobody_up(
    house: House, instead: Any
) -> None:
    async def impossible(_request: Request) -> Outcome:
        return Outcome(effects=(CancelOrder(number="ZZ999999", allowed=CHANGEABLE),))

    instead("points", impossible)
    visitor = await house.visitor("ada")
    seqs = await house.received(visitor, ["how many points do I have?", "hello there"])
    first, second = [await house.answered(visitor.conversation_id, seq) for seq in seqs]
    assert (keys(first), keys(second)) == (["apology"], ["greet"])
    assert await house.store.orders.order("ZZ999999") is None


# -- tickets and ownership -------------------------------------------------------------------------


async def test_a_conversation_has_one_open_ticket_at_a_time(house: House) -> None:
    visitor = await house.visitor()
    first = await visitor.say("talk to a human")
    assert (keys(first), first.answered.owner) == (["handed_over"], Owner.QUEUE)
    second = await visitor.say("I want to speak to a human")
    assert keys(second) == ["already_queued"]
    assert second.answered.ticket == first.answered.ticket
    third = await visitor.say("I was charged twice for my order, please put that right")
    assert third.answered.ticket == first.answered.ticket
    assert len(await house.store.tickets.of_conversation(visitor.conversation_id)) == 1


async def test_a_ticket_never_becomes_less_urgent(house: House) -> None:
    visitor = await house.visitor()
    first = await visitor.say("This is unacceptable! talk to a human")
    calm = await visitor.say("I want to speak to a human")
    assert first.recorded.ticket.priority == "high"
    assert calm.recorded.ticket.priority == "high"


async def test_a_solved_matter_is_followed_by_a_new_ticket(house: House) -> None:
    visitor = await house.visitor()
    first = await visitor.say("talk to a human")
    number = first.answered.ticket
    await house.agent_says(visitor.conversation_id, "Solved it.", Owner.AGENT)
    for state in (TicketState.OPEN, TicketState.SOLVED):
        await house.store.tickets.change_state(number, state, NOW)
    await house.agent_says(visitor.conversation_id, "Bye!", Owner.NONE)
    afresh = await visitor.say("hello there")
    assert (keys(afresh), afresh.answered.owner) == (["greet"], Owner.BOT)
    assert afresh.answered.ticket is None
    again = await visitor.say("talk to a human")
    assert again.answered.ticket not in (None, number)


async def test_while_an_agent_speaks_the_bot_listens(house: House) -> None:
    visitor = await house.visitor()
    await visitor.say("talk to a human")
    await house.agent_says(visitor.conversation_id, "Cleo here, what is it?", Owner.AGENT)
    for text in ("where is my parcel AB204817?", "talk to a human", "ada.byrne@example.com"):
        reaction = await visitor.say(text)
        assert reaction.messages == ()
        assert reaction.answered.owner is Owner.AGENT
    conversation = await house.store.conversations.get(visitor.conversation_id)
    assert (conversation.owner, conversation.agent_name) == (Owner.AGENT, "Cleo")
    exchanges = await house.store.exchanges.of_conversation(visitor.conversation_id)
    assert [e.rule for e in exchanges[1:]] == ["owner.agent"] * 3
    # What was said meanwhile is remembered when the bot has it back.
    await house.agent_says(visitor.conversation_id, "Over to the bot.", Owner.BOT)
    back = await visitor.say("could you tell me how my package is doing?")
    assert keys(back) == ["order_status.dispatched"]


async def test_out_of_hours_the_opening_is_named_and_no_minutes(house: House) -> None:
    night = NOW + timedelta(hours=16)
    house.rehearsal.clock = lambda: night
    visitor = await house.visitor()
    reaction = await visitor.say("talk to a human")
    assert keys(reaction) == ["handed_over_closed"]
    assert "Mar 4" in text_of(reaction)


# -- what is known of a turn -----------------------------------------------------------------------


async def test_a_finished_turn_is_observed_without_a_word_of_the_customers(house: House) -> None:
    visitor = await house.visitor("ben")
    reaction = await visitor.say("Please scrap order BK316409")
    answered = reaction.answered
    assert answered.conversation_id == visitor.conversation_id
    assert (answered.seq, answered.language, answered.intent) == (1, "en", "cancel_order")
    assert answered.rule == "request.flow"
    assert answered.reply_keys == ("cancel.confirm",)
    assert answered.need == "order_and_delivery"
    assert (answered.owner, answered.ticket, answered.error_id) == (Owner.BOT, None, None)
    assert list(answered.stages_ms) == [
        *("understand", "load", "decide", "act", "consult", "route", "render", "record"),
        "deliver",
    ]
    shown = " ".join(str(getattr(answered, name)) for name in Answered.__struct_fields__)
    assert "scrap" not in shown
    assert "BK316409" not in shown


async def test_what_was_recorded_is_what_was_observed(house: House, playbook: Playbook) -> None:
    visitor = await house.visitor("ben")
    answered = (await visitor.say("Please scrap order BK316409")).answered
    exchange = await house.store.exchanges.get(answered.exchange_id)
    assert (exchange.conversation_id, exchange.message_seq) == (visitor.conversation_id, 1)
    assert (exchange.rule, exchange.reply_keys) == (answered.rule, answered.reply_keys)
    assert exchange.understanding["intent"] == "cancel_order"
    assert exchange.decision["actions"] == ["cancel_order"]
    assert exchange.need["category"] == answered.need
    assert (exchange.config_id, exchange.model_id) == (playbook.config_id, playbook.model_id)
    assert exchange.timings.keys() >= {"understand", "decide", "act"}


async def test_a_pressed_button_and_the_language_of_the_talk_are_kept(house: House) -> None:
    visitor = await house.visitor("ben")
    asked = await visitor.say("我的快递到哪了")
    assert asked.answered.language == "zh"
    pressed = await visitor.choose(visitor.choices[0])
    assert pressed.answered.rule == "button.slot"
    assert pressed.answered.language == "zh"
    first = (await house.said(visitor.conversation_id))[-2]
    assert (first.author, first.value) == (AuthorKind.CUSTOMER, "slot:order=BK316409")
