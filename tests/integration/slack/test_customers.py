"""Slack as a channel for customers, through the running service: who is heard, and where."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from crm_store.records import AuthorKind
from tests.integration.slack.customer_cast import Place, place_of
from tests.integration.slack.workplace import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

BOT = "<@U0FRONTDESK>"
ASK = "where is my order AB204817?"


@pytest.fixture
async def place(playbook, tmp_path) -> AsyncIterator[Place]:
    async with place_of(playbook, tmp_path / "data") as place:
        yield place


async def test_a_direct_message_goes_through_the_same_flow(place: Place) -> None:
    direct, asked = await place.say("U_ADA", ASK)
    assert "e-mail" in asked.readable
    _, answer = await place.say("U_ADA", "ada.byrne@example.com")
    assert "1Z999AA10304582716" in " ".join(line.readable for line in place.bots(direct))
    assert answer.thread_ts is None
    _, answer = await place.say("U_LI", "你好")
    assert any("一" <= char <= "鿿" for char in answer.readable)
    assert [m.author for m in await place.messages("U_ADA", direct)][:2] == ["customer", "bot"]


async def test_a_mention_is_answered_in_its_thread_and_goes_on_there(place: Place) -> None:
    root = await place.slack.say("C_LOUNGE", "U_ADA", f"{BOT} {ASK}")
    await until(lambda: place.bots("C_LOUNGE", root))
    await place.settled()
    assert len(place.bots("C_LOUNGE", root)) == 1, "told of twice, answered once"
    await place.slack.say("C_LOUNGE", "U_ADA", "ada.byrne@example.com", thread_ts=root)
    await until(lambda: len(place.bots("C_LOUNGE", root)) > 1)
    # Somebody else in the thread is left alone, and has a conversation of their own if they ask.
    await place.slack.say("C_LOUNGE", "U_BEN", "me too!", thread_ts=root)
    await place.slack.say("C_LOUNGE", "U_BEN", f"{BOT} do you ship to Norway?", thread_ts=root)
    await until(lambda: len(place.bots("C_LOUNGE", root)) > 2)
    await place.settled()
    address = f"C_LOUNGE/{root}"
    bens = await place.messages("U_BEN", address)
    assert [m.text for m in bens if m.author is AuthorKind.CUSTOMER] == ["do you ship to Norway?"]
    adas = await place.messages("U_ADA", address)
    assert len([m for m in adas if m.author is AuthorKind.CUSTOMER]) == 2
    # Nobody spoke to the bot.
    await place.slack.say("C_LOUNGE", "U_ADA", ASK)
    await place.settled()
    assert await place.conversations() == 2


@pytest.mark.parametrize("channel", ["C_LOUNGE", "C_HELP-ALL"])
async def test_thanks_to_the_bot_are_no_answer_to_another_threads_question(
    place: Place, channel: str
) -> None:
    root = await place.slack.say(channel, "U_ADA", f"{BOT} where is my order?")
    asked = await until(lambda: place.bots(channel, root)[-1])
    assert "order" in asked.readable
    thanks = await place.slack.say(channel, "U_ADA", f"{BOT} thanks!")
    answer = await until(lambda: place.bots(channel, thanks)[-1])
    await place.settled()
    assert len(place.bots(channel, thanks)) == 1
    assert "welcome" in answer.readable
    assert "order" not in answer.readable
    assert place.bots(channel, root) == [asked]


async def test_a_burst_is_one_ticket_and_chatter_is_none(place: Place) -> None:
    channel = "C_HELP-ALL"
    for text in ("hi all", "thanks everyone!", "good morning", "🎉", "see you"):
        await place.slack.say(channel, "U_ADA", text)
    await place.settled()
    assert await place.conversations() == 0
    assert place.bots(channel) == []
    said = ["hello", "my parcel arrived broken", "I want to talk to a person", "AB204817"]
    for text in said:
        await place.slack.say(channel, "U_ADA", text)
    await place.slack.say(channel, "U_ADA", "thank you")
    await until(place.cards)
    await place.settled()
    assert await place.conversations() == 1
    assert len(place.cards()) == 1
    begun = next(line for line in place.slack.transcript(channel) if "parcel" in line.text)
    said = await place.messages("U_ADA", f"{channel}/{begun.ts}")
    assert [m.text for m in said if m.author is AuthorKind.CUSTOMER] == [
        "my parcel arrived broken",
        "I want to talk to a person",
        "AB204817",
    ]
    # Another's burst is another's.
    await place.slack.say(channel, "U_BEN", "I'd like to return my lamp")
    await place.settled()
    assert await place.conversations() == 2


async def test_only_those_are_heard_who_are_customers(playbook, tmp_path) -> None:
    rules = {"agent_domains": ("shop.example",), "customer_domains": ()}
    async with place_of(playbook, tmp_path / "data", **rules) as place:
        for user in ("U_CLEO", "U_EVE", "U_BOT"):
            await place.slack.say_to_bot(user, ASK)
            await place.slack.say("C_HELP-ALL", user, ASK)
        place.slack.workspace.users["U_BEN"].deleted = True
        await place.slack.say_to_bot("U_BEN", ASK)
        await place.settled()
        assert await place.conversations() == 0
        await place.say("U_GUS", ASK)
        root = await place.slack.say("C_SHARED", "U_ZOE", f"{BOT} {ASK}")
        await until(lambda: place.bots("C_SHARED", root))
        assert await place.messages("U_ZOE", f"C_SHARED/{root}")
        found = await place.store.conversations.find("T0OTHER:U_ZOE", channel="slack")
        assert found is not None, "known by their own workspace"


async def test_domains_of_customers(playbook, tmp_path) -> None:
    async with place_of(playbook, tmp_path / "d", customer_domains=("Example.com",)) as place:
        await place.slack.say_to_bot("U_EVE", ASK)
        await place.settled()
        assert await place.conversations() == 0
        await place.say("U_ADA", ASK)
        root = await place.slack.say("C_SHARED", "U_ZOE", f"{BOT} {ASK}")
        await until(lambda: place.bots("C_SHARED", root))


async def test_a_public_question_is_answered_in_private(place: Place) -> None:
    channel = "C_HELP-PRIVATE"
    root = await place.slack.say(channel, "U_ADA", f"{BOT} {ASK}")
    direct = place.slack.workspace.direct(["U_ADA"]).id
    await until(lambda: place.bots(direct))
    await place.settled()
    assert place.bots(channel) == []
    assert place.bots(channel, root) == []
    hints = [line for line in place.slack.ephemerals("U_ADA") if "direct message" in line.readable]
    assert len(hints) == 1
    # It is edited and removed there, too.
    await place.slack.edit(channel, root, "I want to cancel order AB204817")
    await until(lambda: len(place.bots(direct)) > 1)
    await place.slack.delete(channel, root)
    await place.settled()
    said = await place.messages("U_ADA", direct)
    assert said[-1].author is AuthorKind.SYSTEM
    assert said[-1].replaces == said[0].seq


async def test_edits_are_answered_when_they_mean_something_else(place: Place) -> None:
    direct, _ = await place.say("U_ADA", "what are your opening hours")
    ts = next(line.ts for line in place.slack.transcript(direct) if line.user == "U_ADA")
    await place.slack.edit(direct, ts, "What are your opening hours???")
    await place.slack.unfurl(direct, ts, "https://example.com")
    await place.settled()
    assert len(place.bots(direct)) == 1
    await place.slack.edit(direct, ts, "where is my order?")
    await until(lambda: len(place.bots(direct)) == 2)
    await place.settled()
    said = await place.messages("U_ADA", direct)
    mine = [m for m in said if m.author is AuthorKind.CUSTOMER]
    assert [m.replaces for m in mine] == [None, mine[0].seq, mine[0].seq]
    # What was left alone may become a question.
    channel = "C_HELP-ALL"
    root = await place.slack.say(channel, "U_BEN", "morning!")
    await place.settled()
    await place.slack.edit(channel, root, "How long does delivery take?")
    await until(lambda: place.bots(channel, root))


async def test_the_desk_sees_what_was_changed_and_taken_back(place: Place) -> None:
    direct, _ = await place.say("U_ADA", "I want to talk to a person")
    card = await place.work.card()
    await place.say("U_BEN", "hello")
    ts = await place.slack.say(direct, "U_ADA", "it is about my lamp")
    await until(lambda: any("my lamp" in line.readable for line in card.thread))
    await place.slack.edit(direct, ts, "it is about my desk")
    await until(lambda: any("my desk" in line.readable for line in card.thread))
    edited = next(line for line in card.thread if "my desk" in line.readable)
    assert "edited" in edited.readable
    await place.slack.delete(direct, ts)
    await until(
        lambda: any("took" in line.readable or "back" in line.readable for line in card.thread)
    )


async def test_a_removal_that_comes_before_its_message_wins(place: Place) -> None:
    slack = place.slack
    direct = slack.workspace.direct(["U_ADA"])
    removal = {
        "type": "message",
        "subtype": "message_deleted",
        "channel": direct.id,
        "channel_type": "im",
        "hidden": True,
    }
    ts = slack.workspace.next_ts()
    later = slack.workspace.next_ts()
    before = {"type": "message", "user": "U_ADA", "text": ASK, "ts": ts, "team": "T0DESK"}
    slack._tell(
        removal | {"deleted_ts": ts, "ts": later, "event_ts": later, "previous_message": before}
    )
    await place.settled()
    slack._tell(before | {"channel": direct.id, "channel_type": "im", "event_ts": ts})
    await place.settled()
    assert await place.messages("U_ADA", direct.id) == ()
    assert place.bots(direct.id) == []


async def test_order_and_duplicates(place: Place) -> None:
    slack = place.slack
    direct = slack.workspace.direct(["U_ADA"])
    stamps = [slack.workspace.next_ts() for _ in range(4)]
    base = {"type": "message", "user": "U_ADA", "team": "T0DESK", "channel": direct.id}
    for ts in [stamps[2], stamps[0], stamps[3], stamps[1], *stamps]:
        text = f"line {stamps.index(ts)}"
        slack._tell({**base, "channel_type": "im", "text": text, "ts": ts, "event_ts": ts})
    await until(lambda: place.bots(direct.id))
    await place.settled()
    said = await place.messages("U_ADA", direct.id)
    texts = [m.text for m in said if m.author is AuthorKind.CUSTOMER]
    assert texts == ["line 0", "line 1", "line 2", "line 3"]


@pytest.mark.parametrize(
    "payload",
    [
        {"text": None},
        {"text": ""},
        {"text": {"a": 1}, "blocks": "none"},
        {"user": None, "text": "hello"},
        {"subtype": "channel_join", "text": "joined"},
        {"subtype": "huddle_thread", "text": "hello"},
        {"subtype": "something_new", "text": "hello"},
        {"subtype": "bot_message", "bot_id": "B1", "text": "hello"},
        {"text": "hello", "ts": None},
    ],
)
async def test_what_is_no_message_is_left_alone(place: Place, payload) -> None:
    direct = place.slack.workspace.direct(["U_ADA"]).id
    ts = place.slack.workspace.next_ts()
    event = {"type": "message", "channel_type": "im", "channel": direct, "user": "U_ADA", "ts": ts}
    place.slack._tell({**event, "event_ts": ts, "unheard_of": {"a": [1]}, **payload})
    await place.settled()
    assert place.bots(direct) == []
    assert await place.conversations() == 0


async def test_what_is_long_or_says_nothing(place: Place) -> None:
    direct, _ = await place.say("U_ADA", "why? " * 8000)
    said = await place.messages("U_ADA", direct)
    assert len(said[0].text) <= 4000
    assert said[0].text.endswith("…")
    before = len(place.bots(direct))
    await place.slack.say(direct, "U_ADA", "🎉🎉")
    await place.settled()
    assert len(place.bots(direct)) == before
    said = await place.messages("U_ADA", direct)
    assert said[-1].text == "🎉🎉"
    await place.say("U_ADA", "", files=[("lamp.png", PNG)])
    said = await place.messages("U_ADA", direct)
    assert [file.name for m in said for file in m.files] == ["lamp.png"]
    _, answer = await place.say(
        "U_ADA", "<!channel> <https://evil.example|https://bank.example> &lt;"
    )
    assert answer.live == [] or all(each.kind == "link" for each in answer.live)


async def test_the_bot_never_answers_itself(place: Place) -> None:
    direct, _ = await place.say("U_ADA", "hello")
    await asyncio.sleep(1)
    await place.settled()
    assert len(place.bots(direct)) == 1


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


async def test_a_picture_comes_with_its_message(place: Place) -> None:
    direct, _ = await place.say("U_ADA", "look at this lamp", files=[("lamp.png", PNG)])
    said = await place.messages("U_ADA", direct)
    (message,) = [each for each in said if each.files]
    assert message.text == "look at this lamp"
    assert [(file.name, file.media_type) for file in message.files] == [("lamp.png", "image/png")]


async def test_a_page_that_calls_itself_a_picture_is_not_taken(place: Place) -> None:
    direct, _ = await place.say("U_ADA", "", files=[("lamp.png", b"<script>alert(1)</script>")])
    said = await place.messages("U_ADA", direct)
    assert [each.files for each in said if each.files] == []
    assert any("couldn't take that file" in e.text for e in place.slack.ephemerals("U_ADA"))


async def test_an_agent_who_answers_where_the_customer_asked_takes_the_conversation(
    place: Place,
) -> None:
    channel = "C_HELP-ALL"
    await place.slack.join("U_CLEO", channel)
    root = await place.slack.say(channel, "U_ADA", f"{BOT} {ASK}")
    await until(lambda: place.bots(channel, root))
    await place.settled()
    before = len(place.bots(channel, root))
    await place.slack.say(channel, "U_CLEO", "Let me look into that for you", thread_ts=root)
    card = await place.work.card()
    await until(lambda: "Cleo" in card.text)
    await until(lambda: any("look into that" in line.readable for line in card.thread))
    said = await place.messages("U_ADA", f"{channel}/{root}")
    agents = [m for m in said if m.author is AuthorKind.AGENT]
    assert [m.text for m in agents] == ["Let me look into that for you"]
    # From now on the bot is silent there, and nothing was posted a second time.
    await place.slack.say(channel, "U_ADA", "where is my order?", thread_ts=root)
    await until(lambda: any("where is my order" in line.readable for line in card.thread))
    await place.settled()
    lines = [line.readable for line in place.bots(channel, root)[before:]]
    assert not any("look into that" in line or "order number" in line for line in lines), lines
