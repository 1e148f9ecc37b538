"""The promises of `frontdesk.v1` over a WebSocket."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crm_store.errors import Busy, Conflict, Unavailable

MOMENT = timedelta(seconds=5)

# -- welcome ---------------------------------------------------------------------------------


async def test_a_stranger_gets_a_secret_and_a_conversation(shop: Any) -> None:
    tab = await shop.enter(locale="zh-CN")
    assert len(tab.token) >= 43
    assert set(tab.welcome.pop("files")) == {"max_bytes", "per_message", "accept"}
    assert abs(datetime.fromisoformat(tab.welcome.pop("at")) - datetime.now(UTC)) < MOMENT
    assert tab.welcome == {
        "type": "welcome",
        "token": tab.token,
        "conversation": tab.conversation,
        "head_seq": 0,
        "read_seq": 0,
        "locale": "zh-CN",
        "verified": False,
        "person": True,
        "consent": None,
        "status": {
            "owner": "bot",
            "position": None,
            "wait_s": None,
            "agent": None,
            "ticket": None,
        },
    }
    assert tab.socket.protocol == "frontdesk.v1"
    # On disk before the welcome, and only as a hash.
    assert (await shop.store.conversations.get(tab.conversation)).channel == "webchat"


async def test_a_client_without_subprotocol_is_served(shop: Any) -> None:
    tab = await shop.connect(protocols=[], hello={"last_seq": 0})
    assert (await tab.get())["type"] == "welcome"


async def test_message_ack_own_message_and_answer_in_order(shop: Any) -> None:
    tab = await shop.enter()
    id_ = await tab.say("hello")
    frames = [await tab.get() for _ in range(3)]
    assert [f["type"] for f in frames] == ["ack", "message", "message"]
    ack, own, answer = frames
    assert ack == {"type": "ack", "id": id_, "seq": 1, "at": ack["at"], "duplicate": False}
    assert ack["at"].endswith("Z")
    assert own == {
        "type": "message",
        "seq": 1,
        "author": {"kind": "customer", "name": None},
        "text": "hello",
        "choices": [],
        "at": ack["at"],
        "reply_to": None,
        "id": id_,
    }
    assert answer["seq"] == 2
    assert answer["author"] == {"kind": "bot", "name": "Bot"}
    assert answer["choices"] == [{"label": "Yes, please", "value": "yes"}]


async def test_the_same_id_again_is_one_message_and_one_answer(shop: Any) -> None:
    tab = await shop.enter()
    id_ = await tab.say("hello")
    first = await tab.get("ack")
    await tab.messages(2)
    await tab.say("hello", id_)
    again = await tab.get("ack")
    assert again == {**first, "duplicate": True}
    assert await tab.quiet() == []
    assert shop.turns == 1


async def test_the_same_id_with_another_text_is_a_conflict(shop: Any) -> None:
    tab = await shop.enter()
    id_ = await tab.say("hello")
    await tab.messages(2)
    await tab.say("other", id_)
    nack = await tab.get("nack")
    assert (nack["id"], nack["code"]) == (id_, "conflict")
    assert shop.turns == 1


async def test_reconnecting_misses_nothing_and_sees_nothing_twice(shop: Any) -> None:
    tab = await shop.enter()
    for text in "abc":
        await tab.say(text)
        await tab.messages(2)
    await tab.socket.close()
    await shop.say(tab.conversation, "while away")
    back = await shop.enter(token=tab.token, last_seq=4)
    assert "token" not in back.welcome
    assert back.welcome["conversation"] == tab.conversation
    assert back.welcome["head_seq"] == 7
    assert [m["seq"] for m in await back.messages(3)] == [5, 6, 7]
    await back.say("d")
    assert [m["seq"] for m in await back.messages(2)] == [8, 9]
    assert await back.quiet() == []


async def test_two_tabs_see_the_same(shop: Any) -> None:
    one = await shop.enter()
    two = await shop.enter(token=one.token)
    await one.say("from one")
    await one.messages(2)
    await two.messages(2)
    await two.say("from two")
    await one.messages(2)
    await two.messages(2)
    assert one.shown == two.shown
    assert [m["seq"] for m in one.shown] == [1, 2, 3, 4]


async def test_a_gap_is_filled_from_the_store(shop: Any) -> None:
    tab = await shop.enter()
    await shop.say(tab.conversation, "lost hint", deliver=False)
    await shop.say(tab.conversation, "heard")
    assert [m["text"] for m in await tab.messages(2)] == ["lost hint", "heard"]


async def test_deliveries_that_overtake_each_other_are_shown_in_order(shop: Any) -> None:
    tab = await shop.enter()
    for n in range(6):
        await shop.say(tab.conversation, str(n), deliver=False)
    stored = await shop.store.conversations.messages(tab.conversation, after=0, limit=10)
    for at in (3, 0, 5, 1, 5, 4, 2):
        shop.chat.deliver(tab.conversation, [stored[at]], None)
    assert [m["seq"] for m in await tab.messages(6)] == [1, 2, 3, 4, 5, 6]
    assert await tab.quiet() == []


async def test_too_far_behind_is_told_to_fetch(shop: Any) -> None:
    tab = await shop.enter()
    lines = [shop.say(tab.conversation, str(n), deliver=False) for n in range(501)]
    await asyncio.gather(*lines)
    late = await shop.enter(token=tab.token, last_seq=0)
    assert (await late.get())["type"] == "resync"
    await shop.say(tab.conversation, "news")
    assert (await late.get("message"))["seq"] == 502
    exactly = await shop.enter(token=tab.token, last_seq=2)
    assert [m["seq"] for m in await exactly.messages(500)] == list(range(3, 503))


async def test_a_client_that_remembers_more_than_there_is(shop: Any) -> None:
    tab = await shop.enter()
    ahead = await shop.enter(token=tab.token, last_seq=99)
    await shop.say(tab.conversation, "first")
    assert (await ahead.get("message"))["seq"] == 1


async def test_status_is_told_when_it_changes(shop: Any) -> None:
    tab = await shop.enter()
    await shop.say(tab.conversation, "same")
    shop.status = type(shop.status)(
        owner="agent", agent="Cleo", ticket="T-1042", position=2, wait_s=60
    )
    await shop.say(tab.conversation, "changed")
    status = await tab.get("status")
    assert status == {
        "type": "status",
        "owner": "agent",
        "position": 2,
        "wait_s": 60,
        "agent": {"name": "Cleo", "picture": None},
        "ticket": "T-1042",
    }
    assert [m["text"] for m in tab.shown] == ["same", "changed"]


async def test_typing_reaches_the_tabs(shop: Any) -> None:
    tab = await shop.enter()
    shop.chat.typing(tab.conversation, "agent", True, "Cleo")
    assert await tab.get() == {
        "type": "typing",
        "author": {"kind": "agent", "name": "Cleo"},
        "state": True,
    }


# -- choose, rate, event, typing, read -------------------------------------------------------


async def test_choosing_says_the_label(shop: Any) -> None:
    tab = await shop.enter()
    seq = await shop.say(tab.conversation, "Sure?")
    id_ = str(uuid.uuid4())
    await tab.send(type="choose", id=id_, seq=seq, value="yes")
    assert (await tab.get("ack"))["seq"] == 2
    assert (await tab.get("message"))["text"] == "Yes, please"
    stored = await shop.store.conversations.messages(tab.conversation, after=1, limit=1)
    assert stored[0].value == "yes"
    await tab.send(type="choose", id=id_, seq=seq, value="yes")
    assert (await tab.get("ack"))["duplicate"] is True


@pytest.mark.parametrize(("seq", "value"), [(1, "no"), (2, "yes"), (99, "yes"), (0, "yes")])
async def test_what_was_not_offered_cannot_be_chosen(shop: Any, seq: int, value: str) -> None:
    tab = await shop.enter()
    await shop.say(tab.conversation, "Sure?")
    await tab.send(type="choose", id="c", seq=seq, value=value)
    nack = await tab.get("nack")
    assert (nack["id"], nack["code"]) == ("c", "invalid")


async def test_a_choice_of_another_conversation_cannot_be_chosen(shop: Any) -> None:
    other = await shop.enter()
    await shop.say(other.conversation, "Sure?")
    tab = await shop.enter()
    await tab.send(type="choose", id="c", seq=1, value="yes")
    assert (await tab.get("nack"))["code"] == "invalid"


async def test_ratings_and_events_are_acknowledged_without_seq(shop: Any) -> None:
    tab = await shop.enter()
    await tab.send(type="rate", id="r", score=5, comment="好")
    assert (await tab.get("ack"))["seq"] is None
    await tab.send(type="event", id="e", name="product_view", properties={"product": "lamp"})
    assert (await tab.get("ack"))["id"] == "e"
    events = await shop.store.behaviours.of_conversation(tab.conversation)
    assert [(e.name, dict(e.properties)) for e in events] == [("product_view", {"product": "lamp"})]


@pytest.mark.parametrize(
    ("first", "other"),
    [
        ({"type": "rate", "score": 5}, {"type": "rate", "score": 1}),
        (
            {"type": "event", "name": "like", "properties": {"product": "lamp"}},
            {"type": "event", "name": "like", "properties": {"product": "bed"}},
        ),
    ],
)
async def test_ratings_and_events_are_kept_once(shop: Any, first: Any, other: Any) -> None:
    tab = await shop.enter()
    answers = []
    for frame in (first, first, other):
        await tab.send(id="a", **frame)
        answers.append(await tab.get("ack", "nack"))
    assert [a.get("duplicate") for a in answers] == [False, True, None]
    assert answers[2]["code"] == "conflict"


async def test_typing_and_read_get_no_answer(shop: Any) -> None:
    tab = await shop.enter()
    await shop.say(tab.conversation, "x")
    await tab.get("message")
    await tab.send(type="typing", state=True)
    await tab.send(type="read", seq=1)
    await tab.send(type="read", seq=10**9)
    assert await tab.quiet() == []


# -- refusals --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "code"),
    [(Busy(1.5), "busy"), (Unavailable("x"), "busy"), (Conflict("secret detail"), "conflict")],
)
async def test_the_stores_troubles_become_nacks(shop: Any, error: Exception, code: str) -> None:
    tab = await shop.enter()
    shop.fail_with = error
    await tab.say("hello", "m")
    nack = await tab.get("nack")
    assert (nack["id"], nack["code"]) == ("m", code)
    assert "secret" not in str(nack)
    assert (nack["retry_after_s"] is not None) == (code == "busy")
    shop.fail_with = None
    await tab.say("hello", "m")
    assert (await tab.get("ack"))["seq"] == 1
    assert shop.chat.nacks[code] == 1


MALFORMED = [
    ("{", "error", "bad_frame"),
    ("[]", "error", "bad_frame"),
    ("null", "error", "bad_frame"),
    ('"message"', "error", "bad_frame"),
    ("[" * 60_000, "error", "bad_frame"),
    ('{"type":"message","id":"a","text":NaN}', "error", "bad_frame"),
    ('{"a":' * 9_000, "error", "bad_frame"),
    ("{}", "error", "unknown_type"),
    ('{"type":null}', "error", "unknown_type"),
    ('{"type":["message"]}', "error", "unknown_type"),
    ('{"type":{}}', "error", "unknown_type"),
    ('{"type":"base"}', "error", "unknown_type"),
    ('{"type":"__class__"}', "error", "unknown_type"),
    ('{"type":"welcome"}', "error", "unknown_type"),
    ('{"type":"hello","last_seq":0}', "error", "bad_hello"),
    ('{"type":"read","seq":-1}', "error", "bad_frame"),
    ('{"type":"read"}', "error", "bad_frame"),
    ('{"type":"typing"}', "error", "bad_frame"),
    ('{"type":"message","text":"x"}', "nack", "invalid"),
    ('{"type":"message","id":7,"text":"x"}', "nack", "invalid"),
    ('{"type":"message","id":"","text":"x"}', "nack", "invalid"),
    ('{"type":"message","id":"\\u0000","text":"x"}', "nack", "invalid"),
    ('{"type":"message","id":"' + "i" * 65 + '","text":"x"}', "nack", "invalid"),
    ('{"type":"message","id":"a"}', "nack", "invalid"),
    ('{"type":"message","id":"a","text":""}', "nack", "invalid"),
    ('{"type":"message","id":"a","text":" \\n\\t\u3000"}', "nack", "invalid"),
    ('{"type":"message","id":"a","text":{"a":1}}', "nack", "invalid"),
    ('{"type":"message","id":"a","text":"x\\u0000"}', "nack", "invalid"),
    ('{"type":"message","id":"a","text":"x\\ud83d"}', "nack", "invalid"),
    ('{"type":"message","id":"a","text":"' + "字" * 4_001 + '"}', "nack", "too_long"),
    ('{"type":"choose","id":"a","seq":"1","value":"x"}', "nack", "invalid"),
    ('{"type":"choose","id":"a","seq":true,"value":"x"}', "nack", "invalid"),
    ('{"type":"choose","id":"a","seq":1,"value":null}', "nack", "invalid"),
    ('{"type":"rate","id":"a","score":0}', "nack", "invalid"),
    ('{"type":"rate","id":"a","score":6}', "nack", "invalid"),
    ('{"type":"rate","id":"a","score":true}', "nack", "invalid"),
    ('{"type":"rate","id":"a","score":4.5}', "nack", "invalid"),
    ('{"type":"rate","id":"a","score":3,"comment":[]}', "nack", "invalid"),
    ('{"type":"event","id":"a"}', "nack", "invalid"),
    ('{"type":"event","id":"a","name":"x","properties":[1]}', "nack", "invalid"),
    ('{"type":"event","id":"a","name":"x","properties":{"y":{}}}', "nack", "invalid"),
    ('{"type":"event","id":"a","name":"x","properties":{"":1}}', "nack", "invalid"),
]


async def test_malformed_frames_get_constants_and_change_nothing(shop: Any) -> None:
    tab = await shop.enter()
    for raw, kind, code in MALFORMED:
        await tab.socket.send_str(raw)
        answer = await tab.get()
        assert (answer["type"], answer["code"]) == (kind, code), raw[:80]
        if kind == "error":
            assert answer == {"type": "error", "code": code}
    properties = {str(n): n for n in range(21)}
    await tab.send(type="event", id="a", name="x", properties=properties)
    assert (await tab.get())["code"] == "invalid"
    await tab.socket.send_bytes(b'{"type":"message","id":"a","text":"x"}')
    assert (await tab.get())["code"] == "bad_frame"
    assert shop.turns == 0
    await tab.say("still here")
    assert (await tab.get("ack"))["seq"] == 1


async def test_unknown_fields_are_ignored(shop: Any) -> None:
    tab = await shop.enter(surprise={"a": [1]}, page={"url": 5})
    await tab.send(type="message", id="a", text="x", conversation="other", seq=77, author="bot")
    assert (await tab.get("ack"))["seq"] == 1


async def test_the_longest_text_is_taken(shop: Any) -> None:
    tab = await shop.enter()
    await tab.say("😀" * 4_000)
    assert (await tab.get("ack"))["seq"] == 1


# -- close codes -----------------------------------------------------------------------------


async def test_too_big_closes_1009(shop: Any) -> None:
    tab = await shop.enter()
    await tab.socket.send_str("x" * 65_537)
    assert await tab.closed() == 1009


async def test_a_frame_of_exactly_64_kib_is_read(shop: Any) -> None:
    tab = await shop.enter()
    frame = '{"type":"event","id":"e1","name":"like","properties":{},"more":""}'
    await tab.socket.send_str(frame.replace('"more":""', f'"more":"{"x" * (65_536 - len(frame))}"'))
    assert (await tab.get("ack"))["id"] == "e1"


@pytest.mark.slow
async def test_no_hello_closes_4401(shop: Any) -> None:
    tab = await shop.connect()
    assert await tab.closed() == 4401


@pytest.mark.parametrize(
    "first",
    [
        '{"type":"message","id":"a","text":"x"}',
        "garbage",
        '{"type":"hello","last_seq":-1}',
        '{"type":"hello","last_seq":"1"}',
        '{"type":"hello","token":5}',
        '{"type":"hello","identity":{}}',
        '{"type":"hello","token":"' + "t" * 43 + '"}',
        '{"type":"hello","identity":"a.b.c"}',
    ],
)
async def test_a_bad_hello_closes_4401(shop: Any, first: str) -> None:
    tab = await shop.connect()
    await tab.socket.send_str(first)
    assert (await tab.get())["type"] in ("error", "nack")
    assert await tab.closed() == 4401
    assert await shop.store.conversations.count() == 0


async def test_the_error_names_token_and_identity(shop: Any) -> None:
    tab = await shop.connect(hello={"token": "nobody's"})
    assert await tab.get() == {"type": "error", "code": "bad_token"}
    tab = await shop.connect(hello={"identity": "nobody's"})
    assert await tab.get() == {"type": "error", "code": "bad_identity"}


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "https://shop.example.evil.example",
        "https://evilshop.example",
        "http://shop.example",
        "https://shop.example:8443",
        "file://",
    ],
)
async def test_foreign_pages_are_closed_with_4403(shop: Any, origin: str) -> None:
    tab = await shop.connect(hello={"last_seq": 0}, headers={"Origin": origin})
    assert await tab.closed() == 4403
    assert await shop.store.conversations.count() == 0


async def test_own_and_listed_pages_are_welcome(shop: Any) -> None:
    for origin in (shop.base, "https://shop.example", "https://SHOP.example"):
        tab = await shop.connect(hello={"last_seq": 0}, headers={"Origin": origin})
        assert (await tab.get())["type"] == "welcome"


async def test_restart_closes_1012_with_a_hint(shop: Any) -> None:
    tabs = [await shop.enter() for _ in range(5)]
    async with asyncio.timeout(2):
        _, *codes = await asyncio.gather(shop.chat.close(), *(tab.closed() for tab in tabs))
    assert codes == [1012] * 5
    assert shop.chat.sockets.total == 0


# -- identity --------------------------------------------------------------------------------


async def test_a_signed_in_customer_gets_their_own_conversation(shop: Any) -> None:
    anonymous = await shop.enter()
    await anonymous.say("my secret")
    await anonymous.messages(2)
    ada = await shop.enter(token=anonymous.token, identity=shop.jwt("ada", name="Ada"), last_seq=2)
    assert ada.welcome["verified"] is True
    assert ada.token not in (None, anonymous.token)
    assert ada.conversation != anonymous.conversation
    assert ada.welcome["head_seq"] == 0
    customer = await shop.store.customers.by_external_id("ada")
    assert customer.name == "Ada"
    # The same customer elsewhere: the same conversation, another secret.
    phone = await shop.enter(identity=shop.jwt("ada"))
    assert phone.conversation == ada.conversation
    assert phone.token != ada.token
    # With both: no new secret. Without the identity: the conversation, but not the proof.
    again = await shop.enter(token=ada.token, identity=shop.jwt("ada"))
    assert "token" not in again.welcome
    assert again.welcome["verified"] is True
    only_token = await shop.enter(token=ada.token)
    assert only_token.conversation == ada.conversation
    assert only_token.welcome["verified"] is False


async def test_one_customers_browser_does_not_show_the_next_one(shop: Any) -> None:
    ada = await shop.enter(identity=shop.jwt("ada"))
    ben = await shop.enter(token=ada.token, identity=shop.jwt("ben"))
    assert ben.conversation != ada.conversation
    assert ben.token != ada.token


async def test_verified_goes_with_the_message(shop: Any) -> None:
    ada = await shop.enter(identity=shop.jwt("ada"))
    await ada.say("proved")
    await ada.messages(2)
    bare = await shop.enter(token=ada.token, last_seq=2)
    await bare.say("unproved")
    await bare.messages(2)
    stored = await shop.store.conversations.messages(ada.conversation, after=0, limit=9)
    assert [m.verified for m in stored if m.client_id] == [True, False]


async def test_the_old_key_still_verifies(shop: Any) -> None:
    tab = await shop.enter(identity=shop.jwt("ada", key="o" * 40))
    assert tab.welcome["verified"] is True


async def test_another_visitors_ids_open_nothing(shop: Any) -> None:
    ada = await shop.enter()
    for token in (ada.conversation, ada.token[:-1], ada.token + "a", "", " "):
        tab = await shop.connect(hello={"token": token})
        assert (await tab.get())["type"] == "error"
        assert await tab.closed() == 4401


# -- the end, and what was read --------------------------------------------------------------


async def test_an_end_is_acknowledged_and_a_second_one_is_too(shop: Any) -> None:
    tab = await shop.enter()
    for duplicate in (False, True):
        await tab.send(type="end", id="e1")
        ack = await tab.get("ack")
        assert (ack["id"], ack["seq"], ack["duplicate"]) == ("e1", None, duplicate)
    assert shop.ended == [(tab.conversation, "e1")] * 2


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Busy(1.5), "busy"),
        (Unavailable("away"), "busy"),
        (Conflict("changed"), "conflict"),
    ],
)
async def test_an_end_that_cannot_be_had_is_refused(shop: Any, error: Any, code: str) -> None:
    tab = await shop.enter()
    shop.fail_with = error
    await tab.send(type="end", id="e1")
    nack = await tab.get("nack")
    assert (nack["id"], nack["code"]) == ("e1", code)


async def test_what_the_desk_has_read_is_told_at_once_and_at_the_next_welcome(shop: Any) -> None:
    tab = await shop.enter()
    await tab.say("hello")
    await tab.messages(2)
    assert await shop.store.conversations.read_by_desk(tab.conversation, 2)
    shop.chat.read(tab.conversation, 2)
    assert await tab.get("read") == {"type": "read", "seq": 2}
    again = await shop.enter(token=tab.token, last_seq=2)
    assert again.welcome["read_seq"] == 2
