"""What people corrected, as the store keeps it and gives it back, on both databases."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import asdict
from sqlalchemy import func, select

from crm_store.errors import NotFound
from crm_store.ids import new_id
from crm_store.records import CorrectedMessage, Correction
from crm_store.tables import corrections
from tests.integration.store_cast import NOW, a_turn, opened, received

HOUR = timedelta(hours=1)


def a_correction(exchange_id: str, **more: object) -> Correction:
    values = {"intent": None, "need": None, "by": "Cleo", "at": NOW}
    return Correction(id=new_id(), exchange_id=exchange_id, **values | more)


async def an_exchange(store, text: str = "Where is it?", conversation_id: str | None = None):
    """Record a message that was answered; return the exchange."""
    id_ = conversation_id or (await opened(store)).conversation.id
    got = await received(store, id_, text=text)
    turn = a_turn(got, expected_version=got.conversation.version)
    await store.conversations.record(turn)
    return await store.exchanges.get(turn.exchange.id)


async def kept(store) -> int:
    async with store._reading.connect() as connection:
        return await connection.scalar(select(func.count()).select_from(corrections))


async def test_a_correction_comes_back_with_the_words_and_what_was_made_of_them(store):
    conversation_id = (await opened(store)).conversation.id
    await an_exchange(store, "hi", conversation_id)
    exchange = await an_exchange(store, "我的快递\n到哪了？", conversation_id)
    correction = a_correction(exchange.id, intent="track_order", need="order_and_delivery")
    await store.corrections.record(correction)
    assert await store.corrections.latest() == (
        CorrectedMessage(
            **asdict(correction),
            conversation_id=conversation_id,
            message_seq=3,
            understanding={"intent": "track_order"},
            text="我的快递\n到哪了？",
        ),
    )
    assert await store.exchanges.get(exchange.id) == exchange


async def test_without_corrections_there_are_none(store):
    await an_exchange(store)
    assert await store.corrections.latest() == ()


async def test_a_correction_of_an_unknown_exchange_is_not_kept(store):
    exchange = await an_exchange(store)
    unknown = new_id()
    with pytest.raises(NotFound, match=unknown):
        await store.corrections.record(a_correction(unknown, intent="greet"))
    assert await kept(store) == 0
    await store.corrections.record(a_correction(exchange.id, intent="greet"))
    assert await kept(store) == 1


async def test_in_one_batch_only_the_unknown_is_refused(store):
    known = [await an_exchange(store) for _ in range(3)]
    ids = [known[0].id, "nowhere", known[1].id, known[0].id, "nobody", known[2].id]
    results = await asyncio.gather(
        *(store.corrections.record(a_correction(id_, intent=f"i{n}")) for n, id_ in enumerate(ids)),
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [
        NotFound if id_ in ("nowhere", "nobody") else type(None) for id_ in ids
    ]
    assert await kept(store) == 4
    found = {c.exchange_id: c.intent for c in await store.corrections.latest()}
    assert found == {known[0].id: "i3", known[1].id: "i2", known[2].id: "i5"}


async def test_of_several_corrections_the_last_counts_and_all_are_kept(store):
    exchange = await an_exchange(store)
    for hours, intent, by in ((0, "greet", "Cleo"), (2, "track_order", "Dan"), (1, "stop", "Eve")):
        await store.corrections.record(
            a_correction(exchange.id, intent=intent, by=by, at=NOW + hours * HOUR)
        )
    (found,) = await store.corrections.latest()
    assert (found.intent, found.by, found.at) == ("track_order", "Dan", NOW + 2 * HOUR)
    assert await kept(store) == 3


async def test_of_the_same_moment_the_one_recorded_last_counts(store):
    exchange = await an_exchange(store)
    for intent in ("greet", "stop", "track_order"):
        await store.corrections.record(a_correction(exchange.id, intent=intent))
    (found,) = await store.corrections.latest()
    assert found.intent == "track_order"


@pytest.mark.parametrize("first", ["intent", "need"])
async def test_one_of_the_intent_and_one_of_the_need_are_both_kept(store, first):
    exchange = await an_exchange(store)
    parts = {"intent": "track_order", "need": "order_and_delivery"}
    second = next(part for part in parts if part != first)
    await store.corrections.record(a_correction(exchange.id, **{first: parts[first]}))
    await store.corrections.record(
        a_correction(exchange.id, **{second: parts[second]}, by="Dan", at=NOW + HOUR)
    )
    (found,) = await store.corrections.latest()
    assert {"intent": found.intent, "need": found.need} == parts
    assert (found.by, found.at) == ("Dan", NOW + HOUR)
    again = a_correction(exchange.id, **{first: "other"}, at=NOW + 2 * HOUR)
    await store.corrections.record(again)
    (found,) = await store.corrections.latest()
    assert {"intent": found.intent, "need": found.need} == parts | {first: "other"}


async def test_since_leaves_out_what_was_corrected_before(store):
    early, late = await an_exchange(store, "early"), await an_exchange(store, "late")
    await store.corrections.record(a_correction(early.id, intent="greet"))
    await store.corrections.record(a_correction(late.id, intent="greet", at=NOW + HOUR))
    texts = [
        [message.text for message in await store.corrections.latest(since)]
        for since in (None, NOW, NOW + timedelta(microseconds=1), NOW + HOUR, NOW + 2 * HOUR)
    ]
    assert texts == [["early", "late"], ["early", "late"], ["late"], ["late"], []]


async def test_since_looks_at_each_correction_of_an_exchange(store):
    exchange = await an_exchange(store)
    await store.corrections.record(a_correction(exchange.id, intent="greet"))
    await store.corrections.record(a_correction(exchange.id, need="other", at=NOW + HOUR))
    (found,) = await store.corrections.latest(NOW + HOUR)
    assert (found.intent, found.need) == (None, "other")


async def test_the_message_that_was_corrected_last_comes_last(store):
    exchanges = [await an_exchange(store, text) for text in ("a", "b", "c")]
    for hours, number in ((3, 0), (1, 1), (2, 2)):
        await store.corrections.record(
            a_correction(exchanges[number].id, intent="greet", at=NOW + hours * HOUR)
        )
    assert [message.text for message in await store.corrections.latest()] == ["b", "c", "a"]
    await store.corrections.record(a_correction(exchanges[1].id, need="other", at=NOW + 4 * HOUR))
    assert [message.text for message in await store.corrections.latest()] == ["c", "a", "b"]
