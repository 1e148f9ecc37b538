"""The fake Slack's Web API, driven by the SDK's own client."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.models.metadata import Metadata

from tests.fake_slack import FakeSlack
from tests.integration.slack.fake_fixtures import actions, client_of, furnish, refusal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from slack_sdk.web.async_client import AsyncWebClient


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack(seed=1) as slack:
        furnish(slack)
        yield slack


@pytest.fixture
def client(slack: FakeSlack) -> AsyncWebClient:
    return client_of(slack)


async def test_auth_test_says_who_we_are_and_what_we_may_do(
    slack: FakeSlack, client: AsyncWebClient
) -> None:
    who = await client.auth_test()
    assert (who["team_id"], who["user_id"]) == (slack.team.id, slack.bot_user)
    assert set(who.headers["x-oauth-scopes"].split(",")) == slack.scopes


async def test_a_post_is_seen_with_its_blocks_and_a_growing_ts(
    slack: FakeSlack, client: AsyncWebClient
) -> None:
    first = await client.chat_postMessage(channel="C_DESK", text="one", blocks=[actions()])
    second = await client.chat_postMessage(channel="C_DESK", text="two")
    assert first["ts"] < second["ts"]
    assert len(first["ts"].partition(".")[2]) == 6
    lines = slack.transcript("C_DESK")
    assert [line.text for line in lines] == ["one", "two"]
    assert lines[0].blocks == [actions()]
    assert lines[0].bot
    assert lines[0].user == slack.bot_user
    assert slack.violations == []


async def test_metadata_is_shown_only_when_asked_for(
    slack: FakeSlack, client: AsyncWebClient
) -> None:
    metadata = Metadata("helpdesk_out", {"outbox_id": "7"})
    root = await client.chat_postMessage(channel="C_DESK", text="card", metadata=metadata)
    await client.chat_postMessage(channel="C_DESK", text="line", thread_ts=root["ts"])
    without = await client.conversations_history(channel="C_DESK")
    assert "metadata" not in without["messages"][0]
    with_it = await client.conversations_history(channel="C_DESK", include_all_metadata=True)
    assert with_it["messages"][0]["metadata"]["event_payload"] == {"outbox_id": "7"}
    assert with_it["messages"][0]["reply_count"] == 1
    thread = await client.conversations_replies(
        channel="C_DESK", ts=root["ts"], include_all_metadata=True
    )
    assert [m["text"] for m in thread["messages"]] == ["card", "line"]
    assert slack.transcript("C_DESK")[0].metadata == metadata.to_dict()


async def test_history_comes_in_pages_newest_first(client: AsyncWebClient) -> None:
    posted = [
        (await client.chat_postMessage(channel="C_DESK", text=str(n)))["ts"] for n in range(5)
    ]
    page = await client.conversations_history(channel="C_DESK", limit=2)
    seen = [message["text"] for message in page["messages"]]
    while page["has_more"]:
        cursor = page["response_metadata"]["next_cursor"]
        page = await client.conversations_history(channel="C_DESK", limit=2, cursor=cursor)
        seen += [message["text"] for message in page["messages"]]
    assert seen == ["4", "3", "2", "1", "0"]
    between = await client.conversations_history(
        channel="C_DESK", oldest=posted[1], latest=posted[3]
    )
    assert [message["text"] for message in between["messages"]] == ["2"]
    inclusive = await client.conversations_history(
        channel="C_DESK", oldest=posted[1], latest=posted[3], inclusive=True
    )
    assert [message["text"] for message in inclusive["messages"]] == ["3", "2", "1"]


async def test_lists_are_iterated_over_as_the_sdk_does(
    slack: FakeSlack, client: AsyncWebClient
) -> None:
    for n in range(5):
        slack.add_channel(f"C_{n}", members=["U_CLEO"], archived=n == 4)
    names: list[str] = []
    pages = await client.conversations_list(
        limit=2, types="public_channel,private_channel", exclude_archived=True
    )
    async for page in pages:
        names += [channel["name"] for channel in page["channels"]]
    assert names == ["desk-orders", "town", "0", "1", "2", "3"]
    mine = await client.users_conversations(user="U_ADA", types="public_channel")
    assert [channel["id"] for channel in mine["channels"]] == ["C_TOWN"]


async def test_an_update_keeps_what_it_does_not_name(
    slack: FakeSlack, client: AsyncWebClient
) -> None:
    posted = await client.chat_postMessage(
        channel="C_DESK", text="card", blocks=[actions()], metadata=Metadata("m", {"id": "7"})
    )
    await client.chat_update(channel="C_DESK", ts=posted["ts"], text="taken")
    (line,) = slack.transcript("C_DESK")
    # The blocks are what people see, so for them nothing has changed.
    assert (line.text, line.blocks, line.edited) == ("taken", [actions()], True)
    await client.chat_update(channel="C_DESK", ts=posted["ts"], text="done", blocks=[])
    (line,) = slack.transcript("C_DESK")
    assert (line.text, line.blocks) == ("done", [])
    assert line.metadata == {"event_type": "m", "event_payload": {"id": "7"}}
    await client.chat_delete(channel="C_DESK", ts=posted["ts"])
    assert slack.transcript("C_DESK") == []
    assert await refusal(client.chat_update(channel="C_DESK", ts=posted["ts"], text="x")) == (
        "message_not_found"
    )


async def test_nobody_changes_what_somebody_else_wrote(
    slack: FakeSlack, client: AsyncWebClient
) -> None:
    ts = await slack.say("C_DESK", "U_CLEO", "mine")
    assert await refusal(client.chat_update(channel="C_DESK", ts=ts, text="x")) == (
        "cant_update_message"
    )
    assert await refusal(client.chat_delete(channel="C_DESK", ts=ts)) == "cant_delete_message"


async def test_a_thread_needs_its_root(slack: FakeSlack, client: AsyncWebClient) -> None:
    root = await slack.say("C_DESK", "U_CLEO", "root")
    reply = await slack.say("C_DESK", "U_DAN", "reply", thread_ts=root)
    posts = {
        ts: await refusal(client.chat_postMessage(channel="C_DESK", text="x", thread_ts=ts))
        for ts in (root, reply, "1.000001")
    }
    assert list(posts.values()) == ["ok", "cannot_reply_to_message", "invalid_thread_ts"]
    await client.chat_postMessage(
        channel="C_DESK", text="to all", thread_ts=root, reply_broadcast=True
    )
    assert [line.text for line in slack.transcript("C_DESK")] == ["root", "to all"]
    assert [line.text for line in slack.transcript("C_DESK", root)] == [
        "root",
        "reply",
        "x",
        "to all",
    ]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"channel": "C_NONE", "text": "x"}, "channel_not_found"),
        ({"channel": "C_OLD", "text": "x"}, "is_archived"),
        ({"channel": "C_AWAY", "text": "x"}, "not_in_channel"),
        ({"channel": "C_SECRET", "text": "x"}, "channel_not_found"),
        ({"channel": "C_NEWS", "text": "x"}, "restricted_action_read_only_channel"),
        ({"channel": "C_DESK", "text": "x" * 40_001}, "msg_too_long"),
        ({"channel": "C_DESK", "text": " "}, "no_text"),
        ({"channel": "C_DESK", "text": "x", "blocks": [{"type": "shiny"}]}, "invalid_blocks"),
        ({"channel": "C_DESK", "text": "x", "metadata": {"a": 1}}, "invalid_metadata_schema"),
    ],
)
async def test_what_cannot_be_posted_is_refused(
    slack: FakeSlack, client: AsyncWebClient, arguments: dict[str, Any], error: str
) -> None:
    slack.add_channel("C_OLD", archived=True)
    slack.add_channel("C_AWAY", bot_is_member=False)
    slack.add_channel("C_SECRET", private=True, bot_is_member=False)
    slack.add_channel("C_NEWS", read_only=True)
    assert await refusal(client.api_call("chat.postMessage", json=arguments)) == error


async def test_tokens_are_looked_at_closely(slack: FakeSlack) -> None:
    def post(token: str) -> Any:
        return refusal(client_of(slack, token).chat_postMessage(channel="C_DESK", text="x"))

    assert await post("xoxb-wrong") == "invalid_auth"
    assert await post(slack.app_token) == "not_allowed_token_type"
    assert await refusal(client_of(slack).apps_connections_open(app_token=slack.bot_token)) == (
        "not_allowed_token_type"
    )
    slack.scopes.remove("chat:write.customize")
    client = client_of(slack)
    with pytest.raises(SlackApiError) as refused:
        await client.chat_postMessage(channel="C_DESK", text="x", username="Ada")
    assert refused.value.response["error"] == "missing_scope"
    assert refused.value.response["needed"] == "chat:write.customize"
    assert "chat:write" in refused.value.response["provided"].split(",")
    slack.revoke()
    assert await post(slack.bot_token) == "token_revoked"
    async with aiohttp.ClientSession() as session, session.post(slack.api_url + "auth.test") as r:
        assert (await r.json())["error"] == "not_authed"


async def test_what_is_not_known_is_a_violation(slack: FakeSlack, client: AsyncWebClient) -> None:
    await client.chat_postMessage(channel="C_DESK", text="x", idempotency_key="1")
    assert await refusal(client.api_call("chat.sing")) == "unknown_method"
    assert await refusal(client.api_call("chat.delete", json={"channel": "C_DESK"})) == (
        "invalid_arguments"
    )
    assert slack.violations == [
        "chat.postMessage: unknown argument 'idempotency_key'",
        "chat.sing: no such method here",
        "chat.delete: ts is missing",
    ]


async def test_a_post_under_another_name_belongs_to_nobody(
    slack: FakeSlack, client: AsyncWebClient
) -> None:
    posted = await client.chat_postMessage(
        channel="C_DESK", text="x", username="Ada", icon_emoji=":wave:"
    )
    assert posted["message"]["subtype"] == "bot_message"
    assert "user" not in posted["message"]
    assert slack.transcript("C_DESK")[0].username == "Ada"


async def test_people_are_described(slack: FakeSlack, client: AsyncWebClient) -> None:
    slack.add_user("U_GUEST", guest="single")
    slack.add_user("U_FAR", stranger=True, email="far@away.example")
    dan = (await client.users_info(user="U_DAN", include_locale=True))["user"]
    assert (dan["locale"], dan["team_id"], dan["is_bot"]) == ("zh-CN", slack.team.id, False)
    guest = (await client.users_info(user="U_GUEST"))["user"]
    assert (guest["is_restricted"], guest["is_ultra_restricted"]) == (True, True)
    assert "locale" not in guest
    far = (await client.users_info(user="U_FAR"))["user"]
    assert (far["is_stranger"], far["team_id"]) == (True, "T0OTHER")
    assert "email" not in far["profile"]
    found = await client.users_lookupByEmail(email="Cleo@shop.example")
    assert found["user"]["id"] == "U_CLEO"
    assert await refusal(client.users_lookupByEmail(email="no@one")) == "users_not_found"
    assert await refusal(client.users_info(user="U_NO")) == "user_not_found"


async def test_channels_are_described_and_joined(slack: FakeSlack, client: AsyncWebClient) -> None:
    slack.add_channel("C_SHARED", shared_with=["T0OTHER"], bot_is_member=False)
    shown = (await client.conversations_info(channel="C_SHARED"))["channel"]
    assert (shown["is_member"], shown["is_ext_shared"]) == (False, True)
    await client.conversations_join(channel="C_SHARED")
    members = await client.conversations_members(channel="C_SHARED")
    assert members["members"] == [slack.bot_user]
    assert await refusal(client.conversations_join(channel="C_DESK")) == (
        "method_not_supported_for_channel_type"
    )
    direct = await client.conversations_open(users="U_ADA")
    again = await client.conversations_open(users=["U_ADA"], return_im=True)
    assert direct["channel"]["id"] == again["channel"]["id"]
    assert again["channel"]["is_im"]
    posted = await client.chat_postMessage(channel="U_ADA", text="hello")
    assert posted["channel"] == direct["channel"]["id"]


async def test_reactions_come_and_go(slack: FakeSlack, client: AsyncWebClient) -> None:
    ts = await slack.say("C_DESK", "U_CLEO", "look")
    target: Any = {"channel": "C_DESK", "timestamp": ts}
    await client.reactions_add(name="eyes", **target)
    assert await refusal(client.reactions_add(name="eyes", **target)) == "already_reacted"
    await slack.react("U_DAN", "C_DESK", ts, "eyes")
    shown = await client.reactions_get(**target)
    assert shown["message"]["reactions"] == [
        {"name": "eyes", "users": [slack.bot_user, "U_DAN"], "count": 2}
    ]
    await client.reactions_remove(name="eyes", **target)
    assert await refusal(client.reactions_remove(name="eyes", **target)) == "no_reaction"
    assert slack.transcript("C_DESK")[0].reactions == {"eyes": ("U_DAN",)}


async def test_an_ephemeral_post_is_for_one_member(
    slack: FakeSlack, client: AsyncWebClient
) -> None:
    await client.chat_postEphemeral(channel="C_DESK", user="U_CLEO", text="psst")
    assert [line.text for line in slack.ephemerals("U_CLEO")] == ["psst"]
    assert slack.ephemerals("U_DAN") == []
    assert slack.transcript("C_DESK")[0].ephemeral_for == "U_CLEO"
    assert slack.transcript("C_DESK", ephemeral=False) == []
    history = await client.conversations_history(channel="C_DESK")
    assert history["messages"] == []
    refused = client.chat_postEphemeral(channel="C_DESK", user="U_ADA", text="psst")
    assert await refusal(refused) == "user_not_in_channel"


async def test_a_file_goes_up_in_three_steps_and_comes_down_with_a_token(
    slack: FakeSlack, client: AsyncWebClient
) -> None:
    uploaded = await client.files_upload_v2(
        channel="C_DESK", filename="label.png", content=b"\x89PNG", initial_comment="The label"
    )
    (line,) = slack.transcript("C_DESK")
    assert (line.text, line.files, line.subtype) == ("The label", ("label.png",), "file_share")
    info = await client.files_info(file=uploaded["file"]["id"])
    url = info["file"]["url_private_download"]
    async with aiohttp.ClientSession() as session:
        headers = {"Authorization": f"Bearer {slack.bot_token}"}
        async with session.get(url, headers=headers) as response:
            assert await response.read() == b"\x89PNG"
        async with session.get(url) as response:
            # Without a token Slack answers 200 with a page to sign in: mind the content.
            assert response.content_type == "text/html"
    assert slack.violations == []


async def test_permalinks_lead_into_threads(slack: FakeSlack, client: AsyncWebClient) -> None:
    root = await slack.say("C_DESK", "U_CLEO", "root")
    reply = await slack.say("C_DESK", "U_DAN", "reply", thread_ts=root)
    link = await client.chat_getPermalink(channel="C_DESK", message_ts=reply)
    assert link["permalink"].endswith(f"?thread_ts={root}&cid=C_DESK")


async def test_a_deleted_root_leaves_a_stone(slack: FakeSlack, client: AsyncWebClient) -> None:
    root = (await client.chat_postMessage(channel="C_DESK", text="card"))["ts"]
    await slack.say("C_DESK", "U_CLEO", "reply", thread_ts=root)
    await client.chat_delete(channel="C_DESK", ts=root)
    assert [line.subtype for line in slack.transcript("C_DESK", root)] == ["tombstone", None]


async def test_more_than_a_post_a_second_is_too_much() -> None:
    async with FakeSlack(rate_limits=True) as slack:
        furnish(slack)
        client = client_of(slack)
        for n in range(3):
            await client.chat_postMessage(channel="C_DESK", text=str(n))
        with pytest.raises(SlackApiError) as refused:
            await client.chat_postMessage(channel="C_DESK", text="3")
        assert refused.value.response.status_code == 429
        assert refused.value.response.headers["Retry-After"] == "1"
        await client.chat_postMessage(channel="C_TOWN", text="another channel")
        await asyncio.sleep(1.0)
        await client.chat_postMessage(channel="C_DESK", text="3")
        assert [line.text for line in slack.transcript("C_DESK")] == ["0", "1", "2", "3"]


async def test_blocks_validate_answers_in_its_own_form(client: AsyncWebClient) -> None:
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": ""}}]
    with pytest.raises(SlackApiError) as refused:
        await client.blocks_validate(blocks=blocks)
    (error,) = refused.value.response["errors"]
    assert error["pointer"] == "/0/text/text"
    assert error["code"] == "failed_constraint"
    assert await refusal(client.blocks_validate(blocks=[actions()])) == "ok"
