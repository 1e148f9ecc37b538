"""What customers see of the desk: who has read, what they look like, and that an end is an end."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from crm_store.records import Owner, TicketState
from tests.fake_slack import FakeSlack
from tests.integration.slack.shift import (
    CLEO,
    DAN,
    GUS,
    Shift,
    eventually,
    from_agent,
    shift,
    with_desk,
)
from tests.integration.slack.workplace import Card, furnish, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.integration.test_app import Tab

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(32)
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(32)


@pytest.fixture
async def at_work(playbook, sqlite_path) -> AsyncIterator[Shift]:
    async with FakeSlack(seed=5) as slack:
        furnish(slack)
        async with shift(playbook, sqlite_path, slack) as at_work:
            yield at_work
        assert slack.violations == []
        assert slack.problems == []


async def end(tab: Tab) -> None:
    id_ = str(uuid.uuid4())
    await tab.send(type="end", id=id_)
    while (await tab.get("ack"))["id"] != id_:
        pass


async def again(at_work: Shift, tab: Tab, **hello: Any) -> Tab:
    return await at_work.customer(token=tab.welcome["token"], last_seq=tab.seqs[-1], **hello)


# -- the end ---------------------------------------------------------------------------------


async def test_who_was_served_is_asked_what_they_think_and_the_desk_is_told(at_work: Shift) -> None:
    tab, card = await at_work.taken()
    await card.say(CLEO, "!Here I am")
    await from_agent(tab)
    await end(tab)
    ticket = await at_work.becomes(card, state=TicketState.SOLVED)
    assert ticket.assignee.endswith(CLEO)
    notices = await until(lambda: [line for line in card.thread if "ended" in line.readable])
    assert len(notices) == 1
    await until(lambda: "Resolved" in card.text)
    over = (await at_work.said(card))[-1]
    assert [choice.value for choice in over.choices] == [f"rate:{n}" for n in (5, 4, 3, 2, 1)]
    await tab.send(type="choose", id="r", seq=over.seq, value="rate:4")
    await until(lambda: [line for line in card.thread if "★★★★☆" in line.readable])


async def test_whoever_was_not_served_is_asked_nothing(at_work: Shift) -> None:
    tab, card = await at_work.waiting()
    await end(tab)
    ticket = await at_work.becomes(card, state=TicketState.SOLVED)
    assert (ticket.assignee, ticket.waiting_since) == (None, None)
    assert (await at_work.said(card))[-1].choices == ()


async def test_an_end_settles_what_the_bot_was_given_back(at_work: Shift) -> None:
    tab, card = await at_work.taken()
    await card.press(CLEO, "hand_back")
    await at_work.becomes(card, state=TicketState.PENDING)
    await end(tab)
    await at_work.becomes(card, state=TicketState.SOLVED)
    assert (await _conversation(at_work, card)).owner is Owner.NONE


async def test_after_an_end_a_message_begins_anew_and_a_reply_takes_it_up_again(
    at_work: Shift,
) -> None:
    tab, card = await at_work.taken()
    await end(tab)
    answer = await tab.say("hello there")
    assert answer["author"]["kind"] == "bot"
    assert (await _conversation(at_work, card)).owner is Owner.BOT
    await end(tab)
    await card.say(CLEO, "!One more thing")
    await from_agent(tab)
    conversation = await _conversation(at_work, card)
    assert (conversation.owner, conversation.agent_name) == (Owner.AGENT, "Cleo")
    await at_work.becomes(card, state=TicketState.OPEN)
    # It is settled once more, not the ticket of another time.
    await end(tab)
    await at_work.becomes(card, state=TicketState.SOLVED)


async def test_a_new_matter_after_an_end_is_a_new_ticket(at_work: Shift) -> None:
    tab, card = await at_work.taken()
    first = await at_work.ticket(card)
    await end(tab)
    await tab.say("talk to a human")
    conversation = await _conversation(at_work, card)
    assert conversation.owner is Owner.QUEUE
    assert conversation.ticket_number > first.number


async def _conversation(at_work: Shift, card: Card) -> Any:
    ticket = await at_work.ticket(card)
    return await at_work.store.conversations.get(ticket.conversation_id)


# -- who has read ----------------------------------------------------------------------------


async def test_waiting_in_the_queue_is_not_being_read(at_work: Shift) -> None:
    tab, card = await at_work.waiting()
    await at_work.idle()
    assert (await again(at_work, tab)).welcome["read_seq"] == 0
    # Somebody who is no agent has read nothing, whatever they do there.
    await card.say(GUS, "what a pity")
    await card.react(GUS, "eyes")
    await at_work.idle()
    assert (await again(at_work, tab)).welcome["read_seq"] == 0


@pytest.mark.parametrize("act", ["take", "note", "reply", "eyes", "tada", "dialog"])
async def test_whatever_is_done_in_a_thread_shows_that_it_was_read(
    at_work: Shift, act: str
) -> None:
    tab, card = await at_work.waiting()
    await at_work.idle()
    last = tab.seqs[-1]
    match act:
        case "take":
            await card.press(CLEO, "take")
        case "note":
            await card.say(DAN, "looks familiar")
        case "reply":
            await card.say(DAN, "!Hello")
        case "dialog":
            await card.press(DAN, "reply")
        case emoji:
            await card.react(DAN, emoji)
    read = await tab.get("read")
    assert read["seq"] >= last
    assert set(read) == {"type", "seq"}
    await at_work.idle()
    conversation = await _conversation(at_work, card)
    assert (await again(at_work, tab)).welcome["read_seq"] == conversation.desk_read_seq


async def test_what_is_not_in_the_thread_yet_has_not_been_read(at_work: Shift) -> None:
    tab, card = await at_work.taken()
    await at_work.idle()
    seen = (await _conversation(at_work, card)).desk_read_seq
    await tab.send(type="message", id="m1", text="one more thing")
    own = await tab.get("message")
    assert own["seq"] > seen
    await eventually(lambda: _shown(card, "one more thing"))
    await at_work.idle()
    assert (await _conversation(at_work, card)).desk_read_seq == seen
    await card.say(CLEO, "a note to myself")
    assert (await tab.get("read"))["seq"] == own["seq"]


async def _shown(card: Card, words: str) -> bool:
    return any(words in line.readable for line in card.thread)


# -- what agents look like -------------------------------------------------------------------


async def pictured(at_work: Shift, picture: Any) -> tuple[Tab, Card, dict[str, Any]]:
    """Return a customer, their card, and the status once Cleo has it and was looked at."""
    at_work.slack.change_picture(CLEO, picture)
    tab, card = await at_work.waiting()
    await card.press(CLEO, "take")
    while (status := await tab.get("status"))["owner"] != "agent":
        pass
    if status["agent"]["picture"] is None:
        await at_work.idle()
        await asyncio.sleep(0.1)
        status = (await again(at_work, tab)).welcome["status"]
    return tab, card, status


@pytest.mark.parametrize(("content", "kind"), [(PNG, "image/png"), (JPEG, "image/jpeg")])
async def test_an_agents_picture_comes_from_us_and_for_ever(
    at_work: Shift, content: bytes, kind: str
) -> None:
    *_, status = await pictured(at_work, content)
    path = status["agent"]["picture"]
    assert path.startswith("/chat/pictures/")
    response = await at_work.client.get(path, headers={"Origin": "https://shop.example"})
    assert (response.status, await response.read()) == (200, content)
    assert response.headers["Content-Type"] == kind
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "picture",
    [
        None,
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"GIF89a" + bytes(32),
        PNG + bytes(300_000),
        "http://127.0.0.1:1/elsewhere.png",
        "https://secure.gravatar.com/avatar/0",
        "https://avatars.slack-edge.com.evil.example/a.png",
        "not an address",
    ],
    ids=["none", "svg", "gif", "large", "other_port", "elsewhere", "look_alike", "no_address"],
)
async def test_whoever_shows_nothing_fit_has_no_picture(at_work: Shift, picture: Any) -> None:
    *_, status = await pictured(at_work, picture)
    assert status["agent"] == {"name": "Cleo", "picture": None}


async def test_a_picture_is_asked_for_once_a_day_and_then_follows(at_work: Shift) -> None:
    tab, card, status = await pictured(at_work, PNG)
    first = status["agent"]["picture"]
    for _ in range(3):
        other, second = await at_work.taken()
        await second.say(CLEO, "!Hello")
        await from_agent(other)
    await at_work.idle()
    assert at_work.slack.picture_requests == 1
    at_work.slack.change_picture(CLEO, JPEG)
    at_work.clock.advance(hours=25)
    at_work.seconds.advance(90_000)
    at_work.service.desk.office.roster._people.clear()
    await card.say(CLEO, "!Good morning")
    while (status := await tab.get("status"))["agent"]["picture"] == first:
        pass
    assert at_work.slack.picture_requests == 2
    response = await at_work.client.get(status["agent"]["picture"])
    assert await response.read() == JPEG
    assert (await at_work.client.get(first)).status == 404


async def test_a_desk_may_show_no_pictures_at_all(playbook, sqlite_path) -> None:
    async with FakeSlack(seed=5) as slack:
        furnish(slack)
        async with shift(with_desk(playbook, pictures=False), sqlite_path, slack) as at_work:
            *_, status = await pictured(at_work, PNG)
            assert status["agent"] == {"name": "Cleo", "picture": None}
        assert slack.picture_requests == 0


@pytest.mark.parametrize("id_", ["0" * 64, "x", "%2e%2e%2ffiles%2f1", "A" * 64])
async def test_a_picture_that_is_not_there(at_work: Shift, id_: str) -> None:
    assert (await at_work.client.get(f"/chat/pictures/{id_}")).status == 404


async def test_agents_are_told_when_a_stranger_signs_in_and_sees_them_no_more(
    at_work: Shift,
) -> None:
    tab, card = await at_work.taken()
    response = await at_work.client.post("/demo/sign-in", json={"customer": "ada"})
    own = await again(at_work, tab, identity=(await response.json())["identity"])
    assert own.welcome["conversation"] != tab.welcome["conversation"]
    await until(lambda: "signed in" in card.thread[-1].readable)
    await at_work.idle()
    told = [line for line in card.thread if "signed in" in line.readable]
    assert len(told) == 1
