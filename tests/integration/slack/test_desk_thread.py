"""What is typed in a ticket's thread: notes stay, replies arrive, and both follow their changes."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from crm_store.records import AuthorKind, Owner, TicketState
from tests.fake_slack import FakeSlack, faults
from tests.integration.slack.shift import (
    CLEO,
    DAN,
    Shift,
    eventually,
    from_agent,
    shift,
    with_desk,
)
from tests.integration.slack.workplace import Card, furnish, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from bot.playbook import Playbook

TICK = "heavy_check_mark"


@pytest.fixture
async def at_work(playbook, sqlite_path) -> AsyncIterator[Shift]:
    async with a_shift(playbook, sqlite_path) as at_work:
        yield at_work


@pytest.fixture
def with_settings(playbook, sqlite_path) -> Any:
    """A shift at a desk of other settings."""

    def make(**settings: Any) -> AbstractAsyncContextManager[Shift]:
        return a_shift(with_desk(playbook, **settings), sqlite_path)

    return make


@asynccontextmanager
async def a_shift(playbook: Playbook, store: Path) -> AsyncIterator[Shift]:
    async with FakeSlack(seed=1) as slack:
        furnish(slack)
        async with shift(playbook, store, slack) as at_work:
            yield at_work
        assert slack.violations == []
        assert slack.problems == []


async def notes_of(at_work: Shift, card: Card) -> list[str]:
    number = (await at_work.ticket(card)).number
    return [note.text for note in await at_work.store.notes.of_ticket(number)]


async def sent_to(at_work: Shift, card: Card) -> list[str]:
    return [m.text for m in await at_work.said(card) if m.author is AuthorKind.AGENT]


async def test_lines_stand_in_the_thread_in_order_and_what_was_sent_is_ticked(
    at_work: Shift,
) -> None:
    tab, card = await at_work.taken()
    for number in range(12):
        await tab.send(type="message", id=f"m{number}", text=f"line {number};")
    sent = await card.say(CLEO, "!Got all of them")
    assert (await from_agent(tab))["text"] == "Got all of them"
    await until(lambda: TICK in _line(card, sent).reactions)
    everything = await until(lambda: _all_lines(card, 12))
    places = [everything.index(f"line {number};") for number in range(12)]
    assert places == sorted(places)
    assert everything.count("line ") == 12
    assert TICK not in str([line.reactions for line in card.thread if line.ts != sent])


def _all_lines(card: Card, count: int) -> str | None:
    """What the bot put into a thread, once so many lines that end in ";" are there."""
    shown = " ".join(line.readable for line in card.thread if line.bot)
    return shown if shown.count(";") == count else None


def _line(card: Card, ts: str) -> Any:
    return next(line for line in card.thread if line.ts == ts)


@pytest.mark.parametrize(
    "typed",
    [
        *("he is a fraud", "//!not for them", " ! ", "!!", "!?!", "?!hm", "a !b", "> !quoted"),
        *("？", "⚠️ !careful", "\u200b!hidden", "`!code`"),
    ],
)
async def test_what_was_not_clearly_sent_stays(at_work: Shift, typed: str) -> None:
    _, card = await at_work.taken()
    before = await at_work.said(card)
    await card.say(CLEO, typed)
    await eventually(lambda: notes_of(at_work, card))
    await at_work.idle()
    assert await at_work.said(card) == before


async def test_a_sent_line_follows_its_edits_and_its_removal(at_work: Shift) -> None:
    tab, card = await at_work.taken()
    ts = await card.say(CLEO, "!Version A")
    first = await from_agent(tab)
    for text in ("!Version B", "!Version A", "Version C"):
        await at_work.slack.edit(card.channel, ts, text)
        edited = await from_agent(tab)
        assert edited["text"] == text.removeprefix("!")
        assert edited["replaces"] == first["seq"]
    await at_work.slack.delete(card.channel, ts)
    gone = await tab.get("message")
    assert (gone["author"]["kind"], gone["replaces"]) == ("system", first["seq"])
    assert "Version" not in gone["text"]


async def test_a_note_follows_its_edits_and_never_becomes_a_reply(at_work: Shift) -> None:
    _, card = await at_work.taken()
    before = await at_work.said(card)
    ts = await card.say(CLEO, "not to be told")
    await eventually(lambda: notes_of(at_work, card))
    await at_work.slack.edit(card.channel, ts, "!not to be told")
    await eventually(lambda: _has(at_work, card, "!not to be told"))
    await at_work.slack.delete(card.channel, ts)
    await eventually(lambda: _has_none(at_work, card))
    assert await at_work.said(card) == before


async def _has(at_work: Shift, card: Card, text: str) -> bool:
    return await notes_of(at_work, card) == [text]


async def _has_none(at_work: Shift, card: Card) -> bool:
    return await notes_of(at_work, card) == []


async def test_what_was_removed_before_we_looked_is_not_sent(at_work: Shift) -> None:
    _, card = await at_work.taken()
    # Slack delivers the message late: after its removal, or at the same time.
    at_work.slack.faults.on_delivery(faults.late(0.3), event="message")
    ts = await card.say(CLEO, "!oh no, wrong customer")
    await at_work.slack.delete(card.channel, ts)
    await at_work.slack.settled()
    other = await card.say(CLEO, "!and this at once")
    await at_work.slack.delete(card.channel, other)
    await at_work.slack.settled()
    await at_work.idle()
    assert await sent_to(at_work, card) == []
    assert not [m for m in await at_work.said(card) if m.replaces]


async def test_the_shortcut_sends_what_was_typed_by_anybody(at_work: Shift) -> None:
    tab, card = await at_work.taken()
    ts = await card.say(DAN, "the parcel is in Leipzig")
    await eventually(lambda: notes_of(at_work, card))
    await at_work.slack.shortcut(CLEO, card.channel, ts, "send_to_customer")
    said = await from_agent(tab)
    assert (said["author"]["name"], said["text"]) == ("Cleo", "the parcel is in Leipzig")
    await until(lambda: TICK in _line(card, ts).reactions)
    await eventually(lambda: _has_none(at_work, card))
    await at_work.slack.shortcut(CLEO, card.channel, ts, "send_to_customer")
    await at_work.idle()
    assert await sent_to(at_work, card) == ["the parcel is in Leipzig"]
    for wrong in (card.ts, next(line.ts for line in card.thread if line.bot)):
        count = len(at_work.slack.ephemerals(CLEO))
        await at_work.slack.shortcut(CLEO, card.channel, wrong, "send_to_customer")
        await until(lambda count=count: len(at_work.slack.ephemerals(CLEO)) > count)
    await at_work.idle()
    assert await sent_to(at_work, card) == ["the parcel is in Leipzig"]


async def test_a_note_is_sent_on_with_its_file(at_work: Shift) -> None:
    tab, card = await at_work.taken()
    ts = await card.say(DAN, "the label", files=[("label.txt", b"Leipzig")])
    await at_work.idle()
    await at_work.slack.shortcut(CLEO, card.channel, ts, "send_to_customer")
    said = await from_agent(tab)
    assert said["text"] == "the label"
    assert [file["name"] for file in said["files"]] == ["label.txt"]


async def test_a_take_over_stops_what_another_agent_has_not_sent_yet(with_settings: Any) -> None:
    async with with_settings(hold_s=30) as at_work:
        _, card = await at_work.taken()
        await card.say(DAN, "!held by another")
        await until(lambda: "held by another" in at_work.slack.ephemerals(DAN)[-1].readable)
        await card.press(CLEO, "hand_back")
        await at_work.becomes(card, assignee=None)
        await until(lambda: "With the bot" in card.text)
        await card.press(CLEO, "take")
        await at_work.becomes(card, state=TicketState.OPEN)
        at_work.clock.advance(seconds=31)
        direct = at_work.slack.workspace.direct([DAN]).id
        told = await until(lambda: at_work.slack.transcript(direct)[-1].readable)
        assert "没有发出：Cleo" in told
        assert await sent_to(at_work, card) == []
        assert (await at_work.ticket(card)).assignee.endswith(CLEO)


async def test_whoever_loses_a_ticket_to_a_colleagues_reply_is_told(at_work: Shift) -> None:
    _, card = await at_work.taken()
    await card.say(DAN, "!I know this one")
    direct = at_work.slack.workspace.direct([CLEO]).id
    told = await until(lambda: at_work.slack.transcript(direct)[-1].readable)
    assert "丹丹 has taken over" in told


async def test_a_reply_that_is_made_internal_is_taken_back(at_work: Shift) -> None:
    _, card = await at_work.taken()
    ts = await card.say(CLEO, "!It costs 5 euros")
    await eventually(lambda: sent_to(at_work, card))
    await at_work.slack.edit(card.channel, ts, "// does it cost 5 euros?")
    await until(lambda: "was taken back" in at_work.slack.ephemerals(CLEO)[-1].readable)
    await at_work.idle()
    said = await at_work.said(card)
    assert not any("does it cost" in message.text for message in said)
    assert said[-1].author is AuthorKind.SYSTEM
    assert said[-1].replaces is not None


async def test_words_that_seem_meant_for_the_customer_are_kept_with_a_hint(at_work: Shift) -> None:
    _, card = await at_work.taken()
    await card.say(CLEO, "！！这个客户像骗子，注意")
    await until(lambda: "Kept among agents" in at_work.slack.ephemerals(CLEO)[-1].readable)
    await at_work.idle()
    assert await sent_to(at_work, card) == []


@pytest.mark.parametrize(
    ("thread_text", "by_assignee", "by_another"),
    [("internal", False, False), ("assignee", True, False), ("everyone", True, True)],
)
async def test_whose_plain_words_are_sent_is_a_setting(
    with_settings: Any, thread_text: str, by_assignee: bool, by_another: bool
) -> None:
    async with with_settings(thread_text=thread_text) as at_work:
        _, card = await at_work.taken()
        await card.say(CLEO, "words of the assignee")
        await card.say(CLEO, "//a note of the assignee")
        await at_work.slack.settled()
        await at_work.idle()
        await card.say(DAN, "words of another")
        await at_work.slack.settled()
        await at_work.idle()
        wanted = ["words of the assignee"] * by_assignee + ["words of another"] * by_another
        assert await sent_to(at_work, card) == wanted


async def test_a_reply_can_be_taken_back_while_it_is_held(with_settings: Any) -> None:
    async with with_settings(hold_s=30) as at_work:
        tab, card = await at_work.taken()
        await card.say(CLEO, "!taken back")
        held = await until(lambda: at_work.slack.ephemerals(CLEO)[-1])
        assert "taken back" in held.readable
        # Somebody else's Undo is none.
        await at_work.slack.press(CLEO, card.channel, held.ts, "undo", forged={"value": "x"})
        await until(lambda: "Too late" in at_work.slack.ephemerals(CLEO)[-1].readable)
        await at_work.slack.press(CLEO, card.channel, held.ts, "undo")
        await until(lambda: "Taken back" in at_work.slack.ephemerals(CLEO)[-1].readable)
        removed = await card.say(CLEO, "!removed")
        edited = await card.say(CLEO, "!held, version A")
        await until(lambda: "version A" in at_work.slack.ephemerals(CLEO)[-1].readable)
        await at_work.slack.delete(card.channel, removed)
        await at_work.slack.edit(card.channel, edited, "!held, version B")
        await at_work.slack.settled()
        await at_work.idle()
        assert await sent_to(at_work, card) == []
        at_work.clock.advance(seconds=31)
        assert (await from_agent(tab))["text"] == "held, version B"
        await at_work.slack.press(CLEO, card.channel, held.ts, "undo")
        await at_work.idle()
        assert await sent_to(at_work, card) == ["held, version B"]


async def test_a_held_reply_to_a_ticket_that_was_closed_is_told_of(with_settings: Any) -> None:
    async with with_settings(hold_s=30) as at_work:
        _, card = await at_work.taken()
        await card.press(CLEO, "resolve")
        await at_work.becomes(card, state=TicketState.SOLVED)
        await card.say(CLEO, "!one more thing")
        await until(lambda: "one more" in at_work.slack.ephemerals(CLEO)[-1].readable)
        at_work.clock.advance(seconds=20)
        number = (await at_work.ticket(card)).number
        hands, acts = at_work.service.desk.office.hands, at_work.service.desk.office.acts
        await hands.do(number, acts.close)
        at_work.clock.advance(seconds=20)
        direct = at_work.slack.workspace.direct([CLEO]).id
        told = await until(lambda: at_work.slack.transcript(direct)[-1].readable)
        assert "is closed" in told
        assert await sent_to(at_work, card) == []


async def test_a_held_reply_outlives_an_undo_that_cannot_be_shown(with_settings: Any) -> None:
    async with with_settings(hold_s=30) as at_work:
        tab, card = await at_work.taken()
        at_work.slack.faults.on_call(faults.status(503), method="chat.postEphemeral", times=None)
        await card.say(CLEO, "!said once")
        await at_work.slack.settled()
        await at_work.idle()
        at_work.clock.advance(seconds=31)
        assert (await from_agent(tab))["text"] == "said once"
        await at_work.idle()
        assert await sent_to(at_work, card) == ["said once"]
        assert await at_work.store.inbox.parked() == 0


@pytest.mark.parametrize(
    ("emoji", "state", "owner"),
    [
        ("eyes", TicketState.OPEN, Owner.AGENT),
        ("eyes::skin-tone-4", TicketState.OPEN, Owner.AGENT),
        ("white_check_mark", TicketState.SOLVED, Owner.NONE),
        ("leftwards_arrow_with_hook", TicketState.PENDING, Owner.BOT),
    ],
)
async def test_an_emoji_on_the_card_acts(
    at_work: Shift, emoji: str, state: TicketState, owner: Owner
) -> None:
    _, card = await at_work.waiting()
    await card.react(CLEO, "tada")
    await card.react(CLEO, emoji)
    ticket = await at_work.becomes(card, state=state)
    conversation = await at_work.store.conversations.get(ticket.conversation_id)
    assert conversation.owner is owner


async def test_an_emoji_in_the_thread_acts_and_taking_it_off_does_not(at_work: Shift) -> None:
    _, card = await at_work.waiting()
    recap = await until(lambda: card.thread[0])
    await at_work.ticket(card)
    await at_work.idle()
    await at_work.slack.react(DAN, card.channel, recap.ts, "rotating_light")
    await at_work.becomes(card, priority="urgent")
    await card.react(DAN, "eyes")
    taken = await at_work.becomes(card, assignee=f"{at_work.slack.team.id}:{DAN}")
    await at_work.slack.unreact(DAN, card.channel, card.ts, "eyes")
    await at_work.idle()
    assert (await at_work.ticket(card)).assignee == taken.assignee


def _values(drafts: Any, action_id: str) -> list[str]:
    """What the buttons of a whisper carry, from the top."""
    elements = [e for block in drafts.blocks for e in block.get("elements", ())]
    return [e["value"] for e in elements if e.get("action_id") == action_id]


async def test_drafts_are_whispered_to_the_assignee_alone_and_sent_by_a_press(
    at_work: Shift,
) -> None:
    tab, card = await at_work.taken()
    await tab.send(type="message", id="q1", text="how long does a refund take?")
    drafts = await until(lambda: at_work.slack.ephemerals(CLEO)[-1])
    assert "Only you see this" in drafts.readable
    assert at_work.slack.ephemerals(DAN) == []
    assert await sent_to(at_work, card) == []
    asked = next(line for line in card.thread if line.bot and "refund take" in line.readable)
    assert drafts.ts > asked.ts, "it stands below what it answers"
    await at_work.slack.press(
        CLEO,
        card.channel,
        drafts.ts,
        "edit_suggestion",
        value=_values(drafts, "edit_suggestion")[-1],
    )
    view = await until(lambda: at_work.slack.view_of(CLEO))
    assert "initial_value" in str(view["blocks"])
    await at_work.slack.submit(CLEO, {"text": "In my own words"})
    assert (await from_agent(tab))["text"] == "In my own words"
    value = _values(drafts, "send_suggestion")[0]
    for _ in range(2):
        await at_work.slack.press(CLEO, card.channel, drafts.ts, "send_suggestion", value=value)
    said = await from_agent(tab)
    assert said["text"] in drafts.readable
    # What was sent stands there without its buttons.
    sent = await until(lambda: _alone(at_work, drafts.ts, "Sent to the customer"))
    assert said["text"] in sent.readable
    assert _values(sent, "send_suggestion") == []
    await at_work.idle()
    assert await sent_to(at_work, card) == ["In my own words", said["text"]]
    # The bot itself said nothing while a person had the conversation.
    seq = next(m.seq for m in [*await at_work.said(card)] if "refund take" in m.text)
    later = [m for m in await at_work.said(card) if m.seq > seq]
    assert not [m for m in later if m.author is AuthorKind.BOT]


def _alone(at_work: Shift, ts: str, words: str) -> Any:
    """What Cleo alone sees at a place, once it has these words in it."""
    return next(x for x in at_work.slack.ephemerals(CLEO) if x.ts == ts and words in x.readable)


async def test_whoever_presses_a_draft_again_hears_that_it_was_sent(at_work: Shift) -> None:
    tab, card = await at_work.taken()
    await tab.send(type="message", id="q1", text="how long does a refund take?")
    drafts = await until(lambda: at_work.slack.ephemerals(CLEO)[-1])
    value = _values(drafts, "send_suggestion")[0]
    at_work.slack.tickets.answer = lambda _id: "expired_url"
    for _ in range(2):
        await at_work.slack.press(CLEO, card.channel, drafts.ts, "send_suggestion", value=value)
    said = await from_agent(tab)
    await until(
        lambda: any("was sent before" in line.readable for line in at_work.slack.ephemerals(CLEO))
    )
    assert await sent_to(at_work, card) == [said["text"]]


@pytest.mark.parametrize("text", ["在吗在吗", "谢谢！", "are you a robot?", "ok great, thank you"])
async def test_small_talk_of_the_bots_is_no_draft(at_work: Shift, text: str) -> None:
    tab, card = await at_work.taken()
    await tab.send(type="message", id="q1", text=text)
    await tab.send(type="message", id="q2", text="how long does a refund take?")
    await until(lambda: at_work.slack.ephemerals(CLEO)[-1])
    await at_work.idle()
    shown = " | ".join(line.readable for line in at_work.slack.ephemerals(CLEO))
    for own in ("virtual", "assistant", "智能客服", "You're welcome", "不客气", "很高兴"):
        assert own not in shown
    assert "The bot's own reply" not in shown
    assert card


async def test_drafts_are_called_what_they_are(at_work: Shift) -> None:
    response = await at_work.client.post("/demo/sign-in", json={"customer": "ada"})
    tab, _ = await at_work.taken(identity=(await response.json())["identity"])
    await tab.send(type="message", id="q1", text="where is my order AB204817?")
    drafts = await until(lambda: at_work.slack.ephemerals(CLEO)[-1])
    assert "From the records" in drafts.readable
    assert "Macro: Parcel is being traced" in drafts.readable
    await tab.send(type="message", id="q2", text="hello? is anybody there?")
    greeting = await until(lambda: _newer(at_work, drafts.ts))
    assert "Macro: Say hello" in greeting.readable
    assert "Hello Ada" in greeting.readable
    assert "The bot's own reply" not in greeting.readable


def _newer(at_work: Shift, ts: str) -> Any:
    line = at_work.slack.ephemerals(CLEO)[-1]
    return line if line.ts > ts else None


async def test_a_made_up_draft_is_refused(at_work: Shift) -> None:
    tab, card = await at_work.taken()
    await tab.send(type="message", id="q1", text="how long does a refund take?")
    drafts = await until(lambda: at_work.slack.ephemerals(CLEO)[-1])
    value = next(
        element["value"]
        for block in drafts.blocks
        for element in block.get("elements", ())
        if element.get("action_id") == "send_suggestion"
    )
    for forged in ({"value": "nothing"}, {"value": "' or 1=1"}, {"value": None}):
        count = len(at_work.slack.ephemerals(CLEO))
        await at_work.slack.press(
            *(CLEO, card.channel, drafts.ts, "send_suggestion"), value=value, forged=forged
        )
        await until(lambda count=count: len(at_work.slack.ephemerals(CLEO)) > count)
    assert await sent_to(at_work, card) == []


async def test_what_is_written_in_slack_reaches_the_customer_in_their_terms(
    at_work: Shift,
) -> None:
    tab, card = await at_work.taken()
    await card.say(CLEO, "!a < b & c > d, ask <@U_DAN> :wave:")
    said = (await from_agent(tab))["text"]
    assert said.startswith("a < b & c > d, ask @丹丹")
    await card.say(CLEO, "！" + "很长" * 2001)
    told = await until(lambda: at_work.slack.ephemerals(CLEO)[-1].readable)
    assert "4000" in told
    assert len(await sent_to(at_work, card)) == 1
