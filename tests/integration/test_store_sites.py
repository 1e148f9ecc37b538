"""Sites and consents, on both databases."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from crm_store.drafts import Consent
from crm_store.errors import Conflict
from crm_store.ids import new_id
from tests.integration.store_cast import NOW, opened, received


def a_consent(one, **more):
    values = {
        "customer_id": one.customer.id,
        "conversation_id": one.conversation.id,
        "site": "default",
        "version": "1",
        "locale": "zh-CN",
        "at": NOW,
    }
    return Consent(**values | more)


async def test_a_consent_is_kept_with_all_that_proves_it(store):
    ada = await opened(store)
    assert not await store.consents.given(ada.customer.id, "default", "1")
    assert await store.consents.give(a_consent(ada)) is False
    assert await store.consents.given(ada.customer.id, "default", "1")
    assert await store.consents.of_customer(ada.customer.id) == (a_consent(ada),)


async def test_the_first_time_is_the_proof(store):
    ada = await opened(store)
    await store.consents.give(a_consent(ada))
    later = a_consent(ada, at=NOW + timedelta(days=1), locale="en")
    assert await store.consents.give(later) is True
    assert await store.consents.of_customer(ada.customer.id) == (a_consent(ada),)


async def test_many_at_once_are_one(store):
    ada, ben = await opened(store), await opened(store)
    given = await asyncio.gather(
        *(store.consents.give(a_consent(one)) for one in (ada, ben) for _ in range(20))
    )
    assert given.count(False) == 2


async def test_a_consent_is_for_one_customer_site_and_version(store):
    ada, ben = await opened(store), await opened(store)
    await store.consents.give(a_consent(ada))
    await store.consents.give(a_consent(ada, version="2"))
    await store.consents.give(a_consent(ada, site="shop"))
    wanted = [
        (ada.customer.id, "default", "1"),
        (ada.customer.id, "default", "2"),
        (ada.customer.id, "shop", "1"),
        (ada.customer.id, "shop", "2"),
        (ada.customer.id, "default", "3"),
        (ben.customer.id, "default", "1"),
    ]
    given = [await store.consents.given(*each) for each in wanted]
    assert given == [True, True, True, False, False, False]
    assert len(await store.consents.of_customer(ada.customer.id)) == 3


async def test_nobody_can_consent_who_is_not_there(store):
    ada = await opened(store)
    with pytest.raises(Conflict):
        await store.consents.give(a_consent(ada, customer_id=new_id()))
    with pytest.raises(Conflict):
        await store.consents.give(a_consent(ada, conversation_id=new_id()))
    assert await store.consents.give(a_consent(ada)) is False


async def test_consents_stay_when_others_turn_out_to_be_the_same_customer(store):
    """A link joins a Slack user with a customer; what each agreed to stays with them."""
    web = await opened(
        store, identity="w", verified=True, customer={"external_id": "ada"}, site="default"
    )
    slack = await opened(store, channel="slack", identity="T1:U_ADA", address="D1")
    await store.consents.give(a_consent(web))
    await store.consents.give(a_consent(slack, site="shop"))
    digest = "ab" * 32
    await store.links.issue(digest, "slack", "T1:U_ADA", NOW)
    link = await store.links.claim(digest, web.customer.id, NOW)
    await store.links.agree(link.ref, web.customer.id, NOW)
    assert await store.links.confirm(link.ref, "T1:U_ADA", NOW) == link
    assert await store.consents.given(web.customer.id, "default", "1")
    assert await store.consents.given(slack.customer.id, "shop", "1")
    # The customer on another device is the same customer.
    again = await opened(store, identity="w2", verified=True, customer={"external_id": "ada"})
    assert await store.consents.given(again.customer.id, "default", "1")


async def test_a_conversation_knows_the_site_of_its_last_hello(store):
    ada, plain = await opened(store, site="shop"), await opened(store)
    assert (ada.conversation.site, plain.conversation.site) == ("shop", None)
    await store.conversations.visit(ada.conversation.id, "help")
    await store.conversations.visit(plain.conversation.id, "shop")
    # Everything that reads a conversation reads it.
    assert (await store.conversations.get(ada.conversation.id)).site == "help"
    got = await received(store, plain.conversation.id)
    assert got.conversation.site == "shop"
    ((_, unhandled, _),) = await store.conversations.unhandled()
    assert unhandled.site == "shop"


async def test_two_hellos_at_once_are_no_trouble(store):
    ada = await opened(store, site="shop")
    await asyncio.gather(
        *(store.conversations.visit(ada.conversation.id, site) for site in ("a", "b") * 10)
    )
    assert (await store.conversations.get(ada.conversation.id)).site in ("a", "b")
    await store.conversations.visit(new_id(), "a")  # nobody: nothing happens
