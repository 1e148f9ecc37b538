"""Links between somebody on a channel and a customer, on both databases."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from crm_store.drafts import Incoming, Opening
from crm_store.links import LASTS, MOST_CODES, Ended, Issued, Link
from crm_store.records import Owner
from tests.integration.store_cast import NOW, a_ticket_draft, a_turn, received

D = "{:064x}".format
LATER = NOW + LASTS + timedelta(seconds=1)
ADA = "T1:U_ADA"


async def stranger(store, identity=ADA, name="Ada in Slack", address="D1"):
    """Somebody in Slack who has written to the bot."""
    return await store.conversations.open(
        Opening(
            channel="slack",
            identity=identity,
            verified=False,
            at=NOW,
            customer={"name": name},
            address=address,
        )
    )


async def customer(store, external_id="shop-1", name="Ada Byrne"):
    """Somebody signed in to the shop's web chat."""
    return await store.conversations.open(
        Opening(
            channel="webchat",
            identity=f"user:{external_id}",
            verified=True,
            at=NOW,
            customer={"external_id": external_id, "name": name},
        )
    )


async def agreed(store, digest=None):
    """A link for which only the last yes is missing."""
    slack, web = await stranger(store), await customer(store)
    digest = digest or D(1 << 200)
    assert await store.links.issue(digest, "slack", ADA, NOW) is Issued.ISSUED
    link = await store.links.claim(digest, web.customer.id, NOW)
    assert await store.links.agree(link.ref, web.customer.id, NOW) == link
    return slack, web, link


async def test_a_link_is_made_step_by_step_and_undone(store):
    slack, web, link = await agreed(store)
    assert (link.name, link.customer, link.direct, link.elsewhere) == (
        "Ada in Slack",
        "Ada Byrne",
        slack.conversation.id,
        web.conversation.id,
    )
    assert await store.links.customer_of("slack", ADA) is None
    made = await store.links.confirm(link.ref, ADA, NOW)
    assert isinstance(made, Link)
    assert await store.links.customer_of("slack", ADA) == "Ada Byrne"
    # The same press again changes nothing and hears the same.
    assert isinstance(await store.links.confirm(link.ref, ADA, NOW), Link)

    again = await stranger(store)
    assert (again.customer.id, again.verified) == (web.customer.id, True)
    assert again.conversation.id != slack.conversation.id, "what was said before stays behind"
    assert (await store.conversations.get(slack.conversation.id)).customer_id == slack.customer.id
    assert (await store.customers.get(web.customer.id)).name == "Ada Byrne"

    assert await store.links.issue(D(5 << 200), "slack", ADA, NOW) is Issued.LINKED
    assert await store.links.undo("slack", ADA, NOW) is True
    assert await store.links.undo("slack", ADA, NOW) is False
    assert await store.links.customer_of("slack", ADA) is None
    after = await stranger(store)
    assert after.verified is False
    assert after.customer.id not in (web.customer.id, slack.customer.id)
    assert after.conversation.id not in (again.conversation.id, slack.conversation.id)
    noted = await store.audit.of(f"customer:{web.customer.id}")
    assert [(each["kind"], each["details"]["identity"]) for each in noted] == [
        ("linked", ADA),
        ("unlinked", ADA),
    ]


async def test_a_customer_undoes_all_their_links(store):
    _, web, link = await agreed(store)
    await store.links.confirm(link.ref, ADA, NOW)
    assert await store.links.undo_all("slack", web.customer.id, NOW) == 1
    assert await store.links.undo_all("slack", web.customer.id, NOW) == 0
    assert await store.links.customer_of("slack", ADA) is None


async def test_a_code_works_once_for_ten_minutes_and_for_one_customer(store):
    await stranger(store)
    web, other = await customer(store), await customer(store, "shop-2", "Ben")
    await store.links.issue(D(1 << 200), "slack", ADA, NOW)
    assert await store.links.claim(D(2 << 200), web.customer.id, NOW) is None
    assert await store.links.claim(D(1 << 200), web.customer.id, LATER) is None
    claims = [store.links.claim(D(1 << 200), who.customer.id, NOW) for who in (web, other)]
    outcomes = await asyncio.gather(*claims)
    assert sorted(outcome is None for outcome in outcomes) == [False, True]
    winner = web if outcomes[0] is not None else other
    loser = other if winner is web else web
    link = next(outcome for outcome in outcomes if outcome is not None)
    # Who has not heard the answer may send it again.
    assert await store.links.claim(D(1 << 200), winner.customer.id, NOW) == link
    assert await store.links.agree(link.ref, loser.customer.id, NOW) is None
    assert await store.links.agree(link.ref, winner.customer.id, LATER) is None
    assert await store.links.agree("", winner.customer.id, NOW) is None
    assert await store.links.agree("%", winner.customer.id, NOW) is None


async def test_nothing_is_made_without_both(store):
    _, web, link = await agreed(store)
    await stranger(store, "T1:U_EVE", "Eve", "D2")
    assert await store.links.confirm(link.ref, "T1:U_EVE", NOW) is Ended.GONE
    assert await store.links.confirm(link.ref, ADA, LATER) is Ended.GONE
    assert await store.links.cancel(link.ref, identity="T1:U_EVE") is None
    assert await store.links.cancel(link.ref, identity=ADA) == link
    assert await store.links.confirm(link.ref, ADA, NOW) is Ended.GONE
    assert await store.links.agree(link.ref, web.customer.id, NOW) is None
    assert await store.links.cancel(link.ref, identity=ADA) is None
    # Claimed, and yes not said there.
    assert await store.links.issue(D(7 << 200), "slack", ADA, NOW) is Issued.ISSUED
    claimed = await store.links.claim(D(7 << 200), web.customer.id, NOW)
    assert await store.links.confirm(claimed.ref, ADA, NOW) is Ended.GONE
    assert await store.links.cancel(claimed.ref, customer_id="somebody") is None
    assert await store.links.cancel(claimed.ref, customer_id=web.customer.id) == claimed


async def test_a_newer_code_puts_the_others_out_of_force_and_there_are_few(store):
    assert await store.links.issue(D(9 << 200), "slack", ADA, NOW) is Issued.UNKNOWN
    await stranger(store)
    web = await customer(store)
    for number in range(1, MOST_CODES + 1):
        assert await store.links.issue(D(number << 200), "slack", ADA, NOW) is Issued.ISSUED
    assert await store.links.issue(D(9 << 200), "slack", ADA, NOW) is Issued.TOO_MANY
    assert await store.links.claim(D(1 << 200), web.customer.id, NOW) is None
    assert await store.links.claim(D(MOST_CODES << 200), web.customer.id, NOW) is not None
    # Claimed, it has its ten minutes anew.
    assert await store.links.issue(D(9 << 200), "slack", ADA, LATER) is Issued.ISSUED
    assert await store.links.forget(LATER) >= MOST_CODES - 1


async def test_nobody_is_linked_while_a_person_works_for_them(store):
    slack, _, link = await agreed(store)
    got = await received(store, slack.conversation.id)
    draft = await a_ticket_draft(store)
    await store.conversations.record(a_turn(got, ticket=draft, owner=Owner.QUEUE))
    assert await store.links.confirm(link.ref, ADA, NOW) is Ended.BUSY
    assert await store.links.issue(D(3 << 200), "slack", ADA, NOW) is Issued.BUSY
    assert await store.links.customer_of("slack", ADA) is None


async def test_a_message_is_found_with_what_became_of_it(store):
    opened = await stranger(store)
    for place, id_ in enumerate(("slack:C/1.0", "slack:C/1.0@2.0", "slack:C/1.01", "x")):
        await store.conversations.receive(
            Incoming(
                conversation_id=opened.conversation.id,
                client_id=id_,
                text=f"text {place}",
                at=NOW,
                verified=False,
            )
        )
    found = await store.conversations.sent_by(ADA, channel="slack", client_id="slack:C/1.0")
    assert [message.client_id for message in found] == ["slack:C/1.0", "slack:C/1.0@2.0"]
    assert await store.conversations.sent_by("T1:U_EVE", channel="slack", client_id="x") == ()


@pytest.mark.parametrize(("place", "found"), [("C1", True), ("C", False), ("C_1", False)])
async def test_the_newest_conversation_in_a_place(store, place, found):
    await stranger(store, address="C1/1700000000.000100")
    newest = await store.conversations.newest_in(ADA, channel="slack", place=place)
    assert (newest is not None) is found
