"""Sites: for whom an identity is made out, whom they let in, and what they have people agree to."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bot.settings.model import Site
from tests.integration.webchat.conftest import KEY
from tests.unit.bot.test_files import PNG

if TYPE_CHECKING:
    from crm_store.store import Store
    from tests.integration.webchat.conftest import Shop, Start, Tab

ALMOST_EXPIRED_S = -57.0
"""A token of this life holds two or three seconds more: clocks may differ by a minute."""

CONSENT = {"version": "2", "text": {"en": "We keep this chat.", "zh": "我们会保存对话。"}}

SITES = {
    "default": Site(),
    "members": Site.model_validate({"anonymous": "deny"}),
    "help": Site.model_validate({"anonymous": "bot_only"}),
    "careful": Site.model_validate({"consent": CONSENT}),
    "partner": Site(origins=("https://partner.example",)),
}


@pytest.fixture
async def shop(start: Start) -> Any:
    return await start(sites=SITES)


async def refused(shop: Shop, **hello: Any) -> tuple[str | None, int | None]:
    """Say hello; return the code of the error, None when there is none, and of the close."""
    headers = hello.pop("headers", {})
    tab = await shop.connect(hello={"last_seq": 0, **hello}, headers=headers)
    message = await tab.socket.receive(timeout=3)
    code = None
    if isinstance(message.data, str):
        frame = json.loads(message.data)
        assert frame["type"] == "error", frame
        code = frame["code"]
        await tab.closed()
    return code, tab.socket.close_code


async def post(
    shop: Shop, frame: dict[str, Any], token: str | None = None, **headers: str
) -> tuple[int, dict[str, Any]]:
    if token:
        headers["Authorization"] = f"Bearer {token}"
    url = f"{shop.base}/chat/messages"
    async with shop.session.post(url, json=frame, headers=headers) as answer:
        body = await answer.read()
        return answer.status, json.loads(body) if body else {}


async def people(store: Store) -> int:
    return await store.conversations.count()


# -- which site ------------------------------------------------------------------------------


async def test_a_site_that_is_not_there_is_refused_like_a_foreign_page(shop: Shop) -> None:
    assert await refused(shop, site="nowhere") == (None, 4403)
    status, answer = await post(shop, {"type": "hello", "site": "nowhere"})
    assert (status, answer["code"]) == (403, "origin")
    for odd in (7, {}, "", "a\0", "x" * 70_000):
        tab = await shop.connect(hello={"site": odd})
        assert await tab.closed() in (1009, 4401), odd
    assert await people(shop.store) == 0


async def test_a_page_speaks_for_its_own_sites_only(shop: Shop) -> None:
    partner = {"Origin": "https://partner.example"}
    assert await refused(shop, site="default", headers=partner) == (None, 4403)
    tab = await shop.connect(hello={"site": "partner"}, headers=partner)
    conversation = (await tab.get("welcome"))["conversation"]
    assert (await shop.store.conversations.get(conversation)).site == "partner"
    # Who names none is on the one that their page speaks for.
    tab = await shop.connect(hello={}, headers=partner)
    conversation = (await tab.get("welcome"))["conversation"]
    assert (await shop.store.conversations.get(conversation)).site == "partner"


async def test_who_names_no_site_is_on_the_default_one(shop: Shop) -> None:
    tab = await shop.enter()
    assert (await shop.store.conversations.get(tab.conversation)).site == "default"


async def test_without_a_default_the_first_site_stands_in(start: Start) -> None:
    shop = await start(sites={"shop": Site(), "help": Site()})
    tab = await shop.enter()
    assert (await shop.store.conversations.get(tab.conversation)).site == "shop"
    assert (await shop.enter(identity=shop.jwt("ada", site="shop"))).welcome["verified"]


async def test_a_conversation_is_on_the_site_of_its_last_hello(shop: Shop) -> None:
    tab = await shop.enter(site="default")
    await shop.enter(site="help", token=tab.token)
    assert (await shop.store.conversations.get(tab.conversation)).site == "help"


# -- identity --------------------------------------------------------------------------------


async def test_a_token_of_another_site_is_refused_and_shows_nothing(shop: Shop) -> None:
    ada = await shop.enter(site="default", identity=shop.jwt("ada", site="default"))
    await ada.say("my secret")
    await ada.messages(2)
    for site, made_for in (("default", "partner"), ("partner", "default"), (None, "partner")):
        identity = shop.jwt("ada", site=made_for)
        assert await refused(shop, site=site, identity=identity) == ("bad_identity", 4401)
        status, answer = await post(shop, {"type": "hello", "site": site, "identity": identity})
        assert (status, answer["code"]) == (401, "bad_identity")
    # A good secret does not help a bad identity.
    hello = {"token": ada.token, "identity": shop.jwt("ada", site="partner")}
    assert await refused(shop, site="default", **hello) == ("bad_identity", 4401)


@pytest.mark.parametrize(
    "forge",
    [
        lambda shop: shop.jwt("ada", key="x" * 40),
        lambda shop: shop.jwt("ada", life_s=-61),
        lambda shop: shop.jwt("ada", life_s=100_000),
        lambda shop: shop.jwt("ada")[:-4] + "AAAA",
        lambda shop: jwt.encode({"sub": "ada", "aud": "default", "exp": 1}, KEY),
        lambda shop: jwt.encode({"sub": "ada", "aud": "default", "exp": 9e9}, "", algorithm="none"),
        lambda shop: "not.a.jwt",
    ],
    ids=["another key", "expired", "too long", "forged", "long ago", "alg none", "no jwt"],
)
async def test_bad_identities_are_refused_and_make_nobody(shop: Shop, forge: Any) -> None:
    identity = forge(shop)
    assert await refused(shop, identity=identity) == ("bad_identity", 4401)
    status, answer = await post(shop, {"type": "hello", "identity": identity})
    assert (status, answer["code"]) == (401, "bad_identity")
    assert await people(shop.store) == 0


async def test_a_clock_that_is_off_by_a_day_is_told_so_and_a_minute_is_none(shop: Shop) -> None:
    identity = shop.jwt("ada")
    for ahead in (timedelta(days=1), timedelta(days=-1, minutes=-1)):
        shop.ahead = ahead
        assert await refused(shop, identity=identity) == ("bad_identity", 4401)
    for ahead in (timedelta(seconds=50), timedelta(seconds=-50)):
        shop.ahead = ahead
        assert (await shop.enter(identity=identity)).welcome["verified"] is True


async def test_eddsa_over_the_wire_and_a_wrong_kid(start: Start) -> None:
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    key = base64.urlsafe_b64encode(public).decode()
    shop = await start(sites=SITES, keys=[f"new=ed25519:{key}", f"old={KEY}"])

    def identity(key: Any, algorithm: str, kid: str | None) -> str:
        claims = {"sub": "ada", "aud": "default", "exp": time.time() + 300}
        return jwt.encode(claims, key, algorithm, {"kid": kid} if kid else None)

    for good in (identity(private, "EdDSA", "new"), identity(private, "EdDSA", None)):
        assert (await shop.enter(identity=good)).welcome["verified"] is True
    for bad in (
        identity(private, "EdDSA", "old"),
        identity(KEY, "HS256", "new"),
        identity(KEY, "HS256", "third"),
        identity(public, "HS256", "new"),
        identity(public, "HS256", None),
    ):
        assert await refused(shop, identity=bad) == ("bad_identity", 4401)


# -- an identity runs out --------------------------------------------------------------------


async def test_a_verified_socket_ends_with_its_identity_and_comes_back_without_loss(
    shop: Shop,
) -> None:
    ada = await shop.enter(identity=shop.jwt("ada", life_s=ALMOST_EXPIRED_S))
    assert ada.welcome["verified"] is True
    await ada.say("hello")
    await ada.messages(2)
    assert (await ada.get("error", within_s=6))["code"] == "identity_expired"
    assert await ada.closed() == 4401
    await shop.say(ada.conversation, "meanwhile")
    again = await shop.enter(token=ada.token, identity=shop.jwt("ada"), last_seq=2)
    assert again.conversation == ada.conversation
    assert again.welcome["verified"] is True
    assert "token" not in again.welcome
    assert [m["text"] for m in await again.messages(1)] == ["meanwhile"]


async def test_who_cannot_renew_goes_on_as_a_stranger(shop: Shop) -> None:
    identity = shop.jwt("ada", life_s=ALMOST_EXPIRED_S)
    ada = await shop.enter(identity=identity)
    await ada.get("error", within_s=6)
    await ada.closed()
    assert await refused(shop, token=ada.token, identity=identity) == ("bad_identity", 4401)
    bare = await shop.enter(token=ada.token)
    assert (bare.conversation, bare.welcome["verified"]) == (ada.conversation, False)


async def test_a_strangers_socket_does_not_expire(shop: Shop) -> None:
    tab = await shop.enter()
    shop.ahead = timedelta(days=2)
    await tab.say("still here")
    assert (await tab.get("ack"))["seq"] == 1


async def test_over_post_it_is_said_once_that_an_identity_ran_out(shop: Shop) -> None:
    hello = {"type": "hello", "identity": shop.jwt("ada")}
    _, welcome = await post(shop, hello)
    token = welcome["token"]
    message = {"type": "message", "id": "m1", "text": "hi"}
    shop.ahead = timedelta(minutes=12)
    status, answer = await post(shop, message, token)
    assert (status, answer["code"]) == (401, "identity_expired")
    # Renewed, it counts; not renewed, it is taken as a stranger's.
    shop.ahead = timedelta()
    _, welcome = await post(shop, {**hello, "token": token})
    assert (await post(shop, message, token))[1]["seq"] == 1
    shop.ahead = timedelta(minutes=12)
    assert (await post(shop, {**message, "id": "m2"}, token))[0] == 401
    assert (await post(shop, {**message, "id": "m2"}, token))[0] == 200
    stored = await shop.store.conversations.messages(welcome["conversation"], after=0, limit=9)
    assert [m.verified for m in stored if m.client_id] == [True, False]


async def test_an_event_stream_ends_with_the_identity(shop: Shop) -> None:
    hello = {"type": "hello", "identity": shop.jwt("ada", life_s=ALMOST_EXPIRED_S)}
    _, welcome = await post(shop, hello)
    headers = {"Authorization": f"Bearer {welcome['token']}"}
    async with shop.session.get(f"{shop.base}/chat/events", headers=headers) as stream:
        assert stream.status == 200
        async with asyncio.timeout(6):
            assert b"event: status" in await stream.content.read()
    assert shop.chat.sockets.total == 0


# -- nobody's chat but one's own -------------------------------------------------------------


async def transcript(shop: Shop, token: str) -> list[str]:
    headers = {"Authorization": f"Bearer {token}"}
    async with shop.session.get(f"{shop.base}/chat/messages", headers=headers) as answer:
        return [message["text"] for message in (await answer.json())["messages"]]


async def test_signing_in_shows_ones_own_chat_and_no_other(shop: Shop) -> None:
    """A stranger's, then Ada's, then Ben's, then Ada's again, all in one browser."""
    shop.answers = False

    async def write(tab: Tab, text: str) -> None:
        await tab.say(text)
        await tab.get("ack")

    stranger = await shop.enter()
    await write(stranger, "stranger's")
    ada = await shop.enter(token=stranger.token, identity=shop.jwt("ada"), last_seq=1)
    assert ada.welcome["head_seq"] == 0
    await write(ada, "Ada's")
    ben = await shop.enter(token=ada.token, identity=shop.jwt("ben"), last_seq=1)
    assert ben.welcome["head_seq"] == 0
    await write(ben, "Ben's")
    again = await shop.enter(token=ben.token, identity=shop.jwt("ada"))
    assert [m["text"] for m in await again.messages(1)] == ["Ada's"]
    tokens = [stranger.token, ada.token, ben.token, again.token]
    assert len(set(tokens)) == 4
    shown = [await transcript(shop, token) for token in tokens if token]
    assert shown == [["stranger's"], ["Ada's"], ["Ben's"], ["Ada's"]]
    # What one writes, the others' tabs do not see.
    await write(again, "Ada's second")
    for tab, own in (
        (stranger, {"stranger's"}),
        (ben, {"Ben's"}),
        (ada, {"Ada's", "Ada's second"}),
    ):
        await tab.quiet()
        assert {message["text"] for message in tab.shown} == own


async def test_signing_in_by_post_shows_ones_own_chat_and_no_other(shop: Shop) -> None:
    shop.answers = False
    _, stranger = await post(shop, {"type": "message", "id": "a", "text": "stranger's"})
    hello = {"type": "hello", "identity": shop.jwt("ada"), "last_seq": 1}
    _, ada = await post(shop, hello, stranger["token"])
    assert ada["conversation"] != stranger["conversation"]
    assert await transcript(shop, ada["token"]) == []
    assert await transcript(shop, stranger["token"]) == ["stranger's"]


# -- anonymous: deny -------------------------------------------------------------------------


async def test_where_strangers_are_denied_nobody_is_made(shop: Shop) -> None:
    assert await refused(shop, site="members") == ("sign_in", 4401)
    status, answer = await post(shop, {"type": "hello", "site": "members"})
    assert (status, answer["code"]) == (401, "sign_in")
    assert await people(shop.store) == 0


async def test_where_strangers_are_denied_customers_are_welcome(shop: Shop) -> None:
    ada = await shop.enter(site="members", identity=shop.jwt("ada", site="members"))
    assert (ada.welcome["verified"], ada.welcome["person"]) == (True, True)
    await ada.say("hello")
    assert (await ada.get("ack"))["seq"] == 1
    # The secret alone is not enough there, by whichever way.
    assert await refused(shop, site="members", token=ada.token) == ("sign_in", 4401)


async def test_where_strangers_are_denied_the_secret_alone_opens_nothing(
    start: Start, shop: Shop
) -> None:
    hello = {"type": "hello", "site": "members", "identity": shop.jwt("ada", site="members")}
    _, ada = await post(shop, hello)
    token = ada["token"]
    headers = {"Authorization": f"Bearer {token}"}
    message = {"type": "message", "id": "m1", "text": "hi"}
    assert (await post(shop, message, token))[0] == 200
    # Another process, or the same after a restart, knows of no proof.
    restarted = await start(sites=SITES)
    status, answer = await post(restarted, {**message, "id": "m2"}, token)
    assert (status, answer["code"]) == (401, "sign_in")
    for path in ("/chat/messages", "/chat/events", "/chat/files/01ARZ3NDEKTSV4RRFFQ69G5FAV"):
        async with restarted.session.get(f"{restarted.base}{path}", headers=headers) as got:
            assert (got.status, (await got.json())["code"]) == (401, "sign_in"), path
    async with restarted.session.post(
        f"{restarted.base}/chat/files", data=PNG, headers=headers
    ) as got:
        assert (got.status, (await got.json())["code"]) == (401, "sign_in")
    # And a hello with the identity opens all of it again.
    assert (await post(restarted, {**hello, "token": token}))[1]["verified"] is True
    assert (await post(restarted, {**message, "id": "m2"}, token))[0] == 200


async def test_a_post_of_nobody_is_denied_where_the_only_site_denies(start: Start) -> None:
    shop = await start(sites={"default": SITES["members"]})
    status, answer = await post(shop, {"type": "message", "id": "m1", "text": "hi"})
    assert (status, answer["code"]) == (401, "sign_in")
    assert await people(shop.store) == 0


# -- anonymous: bot_only ---------------------------------------------------------------------


async def test_the_welcome_says_whether_a_person_is_within_reach(shop: Shop) -> None:
    assert (await shop.enter(site="help")).welcome["person"] is False
    assert (await shop.enter(site="default")).welcome["person"] is True
    ada = await shop.enter(site="help", identity=shop.jwt("ada", site="help"))
    assert ada.welcome["person"] is True
    # What the turn goes by when it decides: the site, and the proof of each message.
    assert (await shop.store.conversations.get(ada.conversation)).site == "help"


# -- consent ---------------------------------------------------------------------------------

FRAMES = [
    {"type": "message", "id": "m1", "text": "hi"},
    {"type": "choose", "id": "c1", "seq": 1, "value": "yes"},
    {"type": "rate", "id": "r1", "score": 5},
    {"type": "event", "id": "e1", "name": "product_view"},
    {"type": "end", "id": "x1"},
]


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: frame["type"])
async def test_before_consent_nothing_is_taken_in(shop: Shop, frame: dict[str, Any]) -> None:
    tab = await shop.enter(site="careful")
    assert tab.welcome["consent"] == {"version": "2", "accepted": False}
    await tab.send(**frame)
    nack = await tab.get("nack")
    assert (nack["id"], nack["code"], nack["reason"]) == (frame["id"], "denied", "consent")
    status, answer = await post(shop, frame, tab.token)
    assert (status, answer["code"], answer["reason"]) == (403, "denied", "consent")
    assert (await shop.store.conversations.get(tab.conversation)).last_seq == 0
    assert shop.ended == []
    # Reading and looking on need none.
    await tab.send(type="read", seq=0)
    await tab.send(type="typing", state=True)
    assert await tab.quiet() == []


async def test_before_consent_no_file_is_taken(shop: Shop) -> None:
    tab = await shop.enter(site="careful")
    headers = {"Authorization": f"Bearer {tab.token}", "X-File-Name": "a.png"}
    url = f"{shop.base}/chat/files"
    async with shop.session.post(url, data=PNG, headers=headers) as got:
        answer = await got.json()
        assert (got.status, answer["code"], answer["reason"]) == (403, "denied", "consent")
    await agree(tab)
    async with shop.session.post(url, data=PNG, headers=headers) as got:
        assert got.status == 200


async def agree(tab: Tab, version: str = "2", id_: str = "k1", **more: str) -> dict[str, Any]:
    await tab.send(type="consent", id=id_, version=version, **more)
    return await tab.get("ack", "nack")


async def test_consent_is_on_disk_with_all_that_proves_it(shop: Shop) -> None:
    tab = await shop.enter(site="careful", locale="zh-CN")
    ack = await agree(tab)
    assert (ack["type"], ack["seq"], ack["duplicate"]) == ("ack", None, False)
    conversation = await shop.store.conversations.get(tab.conversation)
    (consent,) = await shop.store.consents.of_customer(conversation.customer_id)
    assert (consent.site, consent.version, consent.locale) == ("careful", "2", "zh-CN")
    assert consent.conversation_id == tab.conversation
    assert ack["at"].startswith(consent.at.isoformat()[:19])
    await tab.say("hello")
    assert (await tab.get("ack"))["seq"] == 1
    # Agreeing once more changes nothing, and says so.
    assert (await agree(tab, id_="k2", locale="en"))["duplicate"] is True
    assert await shop.store.consents.of_customer(conversation.customer_id) == (consent,)


async def test_what_was_given_holds_in_every_tab_and_after_a_restart(
    start: Start, shop: Shop
) -> None:
    one = await shop.enter(site="careful")
    other = await shop.enter(site="careful", token=one.token)
    await agree(one)
    await other.say("from the other tab")
    assert (await other.get("ack", "nack"))["type"] == "ack"
    assert (await post(shop, FRAMES[0], one.token))[0] == 200
    restarted = await start(sites=SITES)
    again = await restarted.enter(site="careful", token=one.token)
    assert again.welcome["consent"] == {"version": "2", "accepted": True}


async def test_consent_by_post(shop: Shop) -> None:
    _, welcome = await post(shop, {"type": "hello", "site": "careful", "locale": "en"})
    token = welcome["token"]
    assert (await post(shop, FRAMES[0], token))[0] == 403
    consent = {"type": "consent", "id": "k1", "version": "2", "locale": "zh-CN"}
    assert (await post(shop, consent, token))[1]["type"] == "ack"
    assert (await post(shop, FRAMES[0], token))[1]["seq"] == 1
    conversation = await shop.store.conversations.get(welcome["conversation"])
    (kept,) = await shop.store.consents.of_customer(conversation.customer_id)
    # The language in which they read it may be another than at their hello.
    assert kept.locale == "zh-CN"


@pytest.mark.parametrize("version", ["1", "3", "2 ", "", None, 2, "x" * 81])
async def test_consent_to_another_version_is_none(shop: Shop, version: Any) -> None:
    tab = await shop.enter(site="careful")
    nack = await agree(tab, version)
    assert (nack["type"], nack["id"], nack["code"]) == ("nack", "k1", "invalid")
    await tab.say("hello")
    assert (await tab.get("ack", "nack"))["reason"] == "consent"


async def test_a_new_version_asks_again(start: Start, shop: Shop) -> None:
    tab = await shop.enter(site="careful")
    await agree(tab)
    newer = Site.model_validate({"consent": {**CONSENT, "version": "3"}})
    later = await start(sites={**SITES, "careful": newer})
    again = await later.enter(site="careful", token=tab.token)
    assert again.welcome["consent"] == {"version": "3", "accepted": False}
    await again.say("hello")
    assert (await again.get("ack", "nack"))["reason"] == "consent"
    await agree(again, "3")
    conversation = await shop.store.conversations.get(tab.conversation)
    kept = await shop.store.consents.of_customer(conversation.customer_id)
    assert [consent.version for consent in kept] == ["2", "3"]


async def test_consent_where_none_is_asked_for(shop: Shop) -> None:
    tab = await shop.enter(site="default")
    assert tab.welcome["consent"] is None
    assert (await agree(tab))["code"] == "invalid"


async def test_a_customer_agrees_once_and_a_stranger_not_for_them(shop: Shop) -> None:
    stranger = await shop.enter(site="careful")
    await agree(stranger)
    identity = shop.jwt("ada", site="careful")
    ada = await shop.enter(site="careful", token=stranger.token, identity=identity)
    assert ada.welcome["consent"]["accepted"] is False
    await agree(ada)
    phone = await shop.enter(site="careful", identity=identity)
    assert phone.welcome["consent"]["accepted"] is True
