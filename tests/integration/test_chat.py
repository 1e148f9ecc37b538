"""Cards, forms and the end of a conversation: the whole service, by socket, POST and events."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from tests.integration.test_app import Tab, client, identity_of

if TYPE_CHECKING:
    from tests.integration.test_app import Client

__all__ = ["client"]

CARD = {"kind", "title", "badge", "lines", "note", "picture", "url", "value"}


@pytest.fixture
def bearer() -> Any:
    return lambda tab: {"Authorization": f"Bearer {tab.welcome['token']}"}


async def history(client: Client, tab: Tab) -> list[dict[str, Any]]:
    headers = {"Authorization": f"Bearer {tab.welcome['token']}"}
    response = await client.get("/chat/messages?after=0", headers=headers)
    assert response.status == 200
    return list((await response.json())["messages"])


async def streamed(client: Client, tab: Tab, count: int) -> list[dict[str, Any]]:
    """Return the first messages of a stream of events."""
    headers = {"Authorization": f"Bearer {tab.welcome['token']}", "Last-Event-ID": "0"}
    found: list[dict[str, Any]] = []
    async with asyncio.timeout(5), client.get("/chat/events", headers=headers) as response:
        while len(found) < count:
            line = (await response.content.readline()).decode()
            if line.startswith("data: "):
                frame = orjson.loads(line.removeprefix("data: "))
                found += [frame] if frame["type"] == "message" else []
    return found


# -- cards -----------------------------------------------------------------------------------


async def test_goods_have_cards_that_stay_with_their_message(client: Client) -> None:
    tab = await Tab.open(client)
    asked = await tab.say("can you recommend me something?")
    shown = await tab.press(asked, "slot:category=lighting")
    assert [set(card) for card in shown["cards"]] == [CARD] * 3
    first = shown["cards"][0]
    assert first["kind"] == "product"
    assert first["title"] in shown["text"]
    assert first["note"].startswith("$")
    assert first["badge"] == "In stock"
    assert "https:" not in first["picture"]
    assert [card["value"] for card in shown["cards"]] == [c["value"] for c in shown["choices"]]
    assert (await history(client, tab))[-1] == shown
    assert (await streamed(client, tab, shown["seq"]))[-1] == shown
    again = await Tab.open(client, token=tab.welcome["token"], last_seq=shown["seq"] - 1)
    assert await again.get("message") == shown
    about = await tab.press(shown, first["value"])
    assert [card["title"] for card in about["cards"]] == [first["title"]]
    assert about["cards"][0]["value"] is None


async def test_a_message_without_cards_says_nothing_of_them(client: Client) -> None:
    tab = await Tab.open(client)
    answer = await tab.say("hello there")
    assert {"cards", "form"}.isdisjoint(answer)


@pytest.mark.parametrize(
    ("customer", "locale", "words", "titles", "badge"),
    [
        ("ada", "en-US", "I want to return an item", "Order A", "delivered"),
        ("lei", "zh-CN", "我要退货", "订单", "已"),
    ],
)
async def test_which_order_is_asked_with_the_customers_own(
    client: Client, customer: str, locale: str, words: str, titles: str, badge: str
) -> None:
    tab = await Tab.open(client, locale=locale, identity=await identity_of(client, customer))
    asked = await tab.say(words)
    cards, form = asked["cards"], asked["form"]
    assert [card["value"] for card in cards] == [c["value"] for c in asked["choices"]]
    assert all(card["kind"] == "order" and card["title"].startswith(titles) for card in cards)
    assert any(card["badge"].startswith(badge) for card in cards)
    assert form["kind"] == "order"
    numbers = [order["value"] for order in form["orders"]]
    assert [f"slot:order={number}" for number in numbers[: len(cards)]] == [
        card["value"] for card in cards
    ]
    answered = await tab.say(numbers[0])
    assert {"cards", "form"}.isdisjoint(answered)


async def test_a_stranger_gets_the_card_of_an_order_only_after_the_proof(client: Client) -> None:
    tab = await Tab.open(client)
    asked = await tab.say("where is my order?")
    assert asked["form"] == {"kind": "order"}
    assert "cards" not in asked
    proof = await tab.say("AB204817")
    assert proof["form"] == {"kind": "contact"}
    assert "cards" not in proof
    wrong = await tab.say("eve@example.com")
    assert "cards" not in wrong
    again = await tab.get("message")
    assert again["form"] == {"kind": "contact"}
    told = await tab.say("ada.byrne@example.com")
    assert told["cards"][0]["title"] == "Order AB204817"
    assert "ada" not in str(told["cards"]).lower()


# -- the end ---------------------------------------------------------------------------------


async def end(tab: Tab, id_: str | None = None) -> dict[str, Any]:
    """Return the acknowledgement of an end; what it changed is shown before."""
    id_ = id_ or str(uuid.uuid4())
    await tab.send(type="end", id=id_)
    ack = await tab.get("ack")
    assert (ack["id"], ack["seq"]) == (id_, None)
    return ack


async def status(client: Client, tab: Tab) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {tab.welcome['token']}"}
    response = await client.get("/chat/messages?after=0", headers=headers)
    return dict((await response.json())["status"])


async def test_an_end_is_told_to_all_tabs_and_a_second_one_does_nothing(client: Client) -> None:
    tab = await Tab.open(client)
    await tab.say("hello there")
    other = await Tab.open(client, token=tab.welcome["token"], last_seq=tab.seqs[-1])
    assert (await end(tab, "e1"))["duplicate"] is False
    told = await other.get("message")
    assert told["author"] == {"kind": "system", "name": None}
    assert (told["choices"], told["reply_to"]) == ([], None)
    assert (await other.get("status"))["owner"] == "none"
    for id_ in ("e1", "e2"):
        assert (await end(tab, id_))["duplicate"] is True
    assert (await history(client, tab))[-1] == told


async def test_whoever_said_nothing_ends_nothing(client: Client) -> None:
    tab = await Tab.open(client)
    assert (await end(tab))["duplicate"] is True
    assert await history(client, tab) == []


async def test_an_end_drops_the_flow_and_the_next_message_begins_anew(client: Client) -> None:
    tab = await Tab.open(client)
    assert "form" in await tab.say("where is my order?")
    await end(tab)
    assert (await status(client, tab))["owner"] == "none"
    # The number alone would have answered the question.
    answer = await tab.say("hello there")
    assert "form" not in answer
    assert (await status(client, tab))["owner"] == "bot"


async def test_an_end_that_comes_again_later_does_not_end_what_began_since(client: Client) -> None:
    tab = await Tab.open(client)
    await tab.say("hello there")
    await end(tab, "e1")
    await tab.say("hello again")
    assert (await end(tab, "e1"))["duplicate"] is True
    again = await Tab.open(client, token=tab.welcome["token"])
    assert again.welcome["status"]["owner"] == "bot"


async def test_what_was_said_before_the_end_is_answered_before_it(client: Client) -> None:
    tab = await Tab.open(client)
    for number in range(5):
        await tab.send(type="message", id=f"m{number}", text="hello there")
    await tab.send(type="end", id="e")
    while (await tab.get("ack"))["id"] != "e":
        pass
    said = await history(client, tab)
    assert [m["author"]["kind"] for m in said].count("customer") == 5
    assert {m["reply_to"] for m in said if m["author"]["kind"] == "bot"} == {
        m["seq"] for m in said if m["author"]["kind"] == "customer"
    }
    assert said[-1]["author"]["kind"] == "system"


@pytest.mark.parametrize(("locale", "words"), [("en-US", "talk to a human"), ("zh-CN", "转人工")])
async def test_an_end_takes_the_ticket_out_of_the_queue(
    client: Client, locale: str, words: str
) -> None:
    first = await Tab.open(client, locale=locale)
    await first.say(words)
    ticket = (await first.get("status"))["ticket"]
    second = await Tab.open(client, locale=locale)
    await second.say(words)
    assert (await second.get("status"))["position"] == 2
    await end(first)
    over = (await history(client, first))[-1]
    assert ticket in over["text"]
    assert over["choices"] == []
    left = await status(client, first)
    assert (left["owner"], left["ticket"], left["position"]) == ("none", None, None)
    assert (await status(client, second))["position"] == 1


async def test_an_end_by_post(client: Client, bearer: Any) -> None:
    tab = await Tab.open(client)
    await tab.say("hello there")
    for duplicate in (False, True):
        response = await client.post(
            "/chat/messages", json={"type": "end", "id": "e1"}, headers=bearer(tab)
        )
        assert response.status == 200
        ack = await response.json()
        assert (ack["type"], ack["id"], ack["seq"]) == ("ack", "e1", None)
        assert ack["duplicate"] is duplicate
