"""Modals, App Homes, triggers and response URLs, with the SDK's client and a request URL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook.async_client import AsyncWebhookClient

from tests.fake_slack import FakeSlack, NotPossible
from tests.integration.slack.fake_fixtures import (
    HttpApp,
    actions,
    button,
    client_of,
    furnish,
    http_app,
    modal,
    plain,
    refusal,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from slack_sdk.web.async_client import AsyncWebClient


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack(seed=5) as slack:
        furnish(slack)
        yield slack


@pytest.fixture
async def app(slack: FakeSlack) -> AsyncIterator[HttpApp]:
    async with http_app(slack) as app:
        yield app


@pytest.fixture
def client(slack: FakeSlack) -> AsyncWebClient:
    return client_of(slack)


def trigger(slack: FakeSlack, user: str = "U_CLEO") -> str:
    return slack.tickets.trigger(user)


async def card(client: AsyncWebClient, **more: Any) -> str:
    posted = await client.chat_postMessage(
        channel="C_DESK", text="card", blocks=[actions()], **more
    )
    return str(posted["ts"])


async def test_a_trigger_opens_one_modal_within_three_seconds(
    slack: FakeSlack, client: AsyncWebClient
) -> None:
    once = trigger(slack)
    opened = await client.views_open(trigger_id=once, view=modal())
    assert slack.view_of("U_CLEO") is not None
    assert opened["view"]["state"]["values"] == {
        "b": {"note": {"type": "plain_text_input", "value": None}}
    }
    assert await refusal(client.views_open(trigger_id=once, view=modal())) == (
        "exchanged_trigger_id"
    )
    assert await refusal(client.views_open(trigger_id="1.2.x", view=modal())) == (
        "invalid_trigger_id"
    )
    old = trigger(slack)
    slack.clock.offset_s += 3.1
    assert await refusal(client.views_open(trigger_id=old, view=modal())) == "expired_trigger_id"


async def test_an_unsound_modal_is_refused_with_its_reasons(
    slack: FakeSlack, client: AsyncWebClient
) -> None:
    with pytest.raises(SlackApiError) as refused:
        await client.views_open(trigger_id=trigger(slack), view=modal(submit=None))
    assert refused.value.response["error"] == "invalid_arguments"
    (message,) = refused.value.response["response_metadata"]["messages"]
    assert "submit is required" in message
    assert slack.view_of("U_CLEO") is None


async def test_three_modals_are_the_most(slack: FakeSlack, client: AsyncWebClient) -> None:
    first = await client.views_open(trigger_id=trigger(slack), view=modal())
    second = await client.views_push(trigger_id=trigger(slack), view=modal(callback_id="two"))
    await client.views_push(trigger_id=trigger(slack), view=modal(callback_id="three"))
    assert second["view"]["previous_view_id"] == first["view"]["id"]
    assert second["view"]["root_view_id"] == first["view"]["id"]
    refused = client.views_push(trigger_id=trigger(slack), view=modal())
    assert await refusal(refused) == "push_limit_reached"
    for expected in ("three", "two", "note_modal"):
        top = slack.view_of("U_CLEO")
        assert top is not None
        assert top["callback_id"] == expected
        await slack.close_view("U_CLEO")
    assert slack.view_of("U_CLEO") is None


async def test_an_update_checks_the_hash_and_keeps_what_was_entered(
    slack: FakeSlack, client: AsyncWebClient
) -> None:
    opened = await client.views_open(trigger_id=trigger(slack), view=modal(external_id="note:1"))
    view = opened["view"]
    await slack.fill("U_CLEO", {"note": "half"})
    updated = await client.views_update(
        view_id=view["id"], hash=view["hash"], view=modal(title=plain("Still"))
    )
    assert updated["view"]["state"]["values"]["b"]["note"]["value"] == "half"
    stale = client.views_update(view_id=view["id"], hash=view["hash"], view=modal())
    assert await refusal(stale) == "hash_conflict"
    assert await refusal(client.views_update(view_id="V0", view=modal())) == "not_found"


async def test_an_external_id_is_taken_once(slack: FakeSlack, client: AsyncWebClient) -> None:
    await client.views_open(trigger_id=trigger(slack), view=modal(external_id="note:1"))
    again = client.views_open(trigger_id=trigger(slack, "U_DAN"), view=modal(external_id="note:1"))
    assert await refusal(again) == "duplicate_external_id"
    await client.views_update(
        external_id="note:1", view=modal(external_id="note:1", title=plain("Mine"))
    )
    top = slack.view_of("U_CLEO")
    assert top is not None
    assert top["title"]["text"] == "Mine"


async def test_a_home_is_published_for_one(
    slack: FakeSlack, client: AsyncWebClient, app: HttpApp
) -> None:
    home = {"type": "home", "blocks": [actions(button("new"))]}
    published = await client.views_publish(user_id="U_CLEO", view=home)
    again = await client.views_publish(user_id="U_CLEO", view=home, hash=published["view"]["hash"])
    assert again["view"]["id"] == published["view"]["id"]
    stale = client.views_publish(user_id="U_CLEO", view=home, hash=published["view"]["hash"])
    assert await refusal(stale) == "hash_conflict"
    assert slack.home_of("U_DAN") is None
    await slack.press_in_view("U_CLEO", "new")
    payload, _headers = app.requests[-1]
    assert payload["container"] == {"type": "view", "view_id": published["view"]["id"]}
    assert payload["view"]["type"] == "home"
    assert "response_url" not in payload
    await slack.open_home("U_CLEO")
    await slack.settled(quiet_s=0.02)
    assert app.requests[-1][0]["event"]["view"]["id"] == published["view"]["id"]


async def test_a_press_says_who_where_and_what(
    slack: FakeSlack, client: AsyncWebClient, app: HttpApp
) -> None:
    root = await slack.say("C_DESK", "U_CLEO", "root")
    ts = await card(client, thread_ts=root)
    await slack.settled(quiet_s=0.02)
    assert (await slack.press("U_CLEO", "C_DESK", ts, "take")).ok
    payload, _headers = app.requests[-1]
    assert payload["type"] == "block_actions"
    assert payload["user"]["id"] == "U_CLEO"
    assert payload["channel"] == {"id": "C_DESK", "name": "privategroup"}
    assert payload["container"] == {
        "type": "message",
        "message_ts": ts,
        "channel_id": "C_DESK",
        "is_ephemeral": False,
        "thread_ts": root,
    }
    (action,) = payload["actions"]
    assert (action["action_id"], action["block_id"], action["value"]) == ("take", "acts", "1")
    assert payload["message"]["text"] == "card"
    assert payload["trigger_id"] in slack.tickets.triggers
    with pytest.raises(NotPossible, match="no element 'drop'"):
        await slack.press("U_CLEO", "C_DESK", ts, "drop")
    with pytest.raises(NotPossible, match="not in desk-orders"):
        await slack.press("U_ADA", "C_DESK", ts, "take")
    await slack.press("U_CLEO", "C_DESK", ts, "take", forged={"value": "999"})
    assert app.requests[-1][0]["actions"][0]["value"] == "999"


async def test_menus_say_what_was_chosen(
    slack: FakeSlack, client: AsyncWebClient, app: HttpApp
) -> None:
    options = [{"text": plain("Yes"), "value": "y"}, {"text": plain("No"), "value": "n"}]
    blocks = [
        actions(
            {"type": "static_select", "action_id": "pick", "options": options},
            {"type": "overflow", "action_id": "more", "options": options},
            {"type": "users_select", "action_id": "who"},
            {"type": "checkboxes", "action_id": "ticks", "options": options},
        )
    ]
    posted = await client.chat_postMessage(channel="C_DESK", text="card", blocks=blocks)
    ts = str(posted["ts"])
    await slack.settled(quiet_s=0.02)

    async def chosen(action_id: str, **what: Any) -> Any:
        await slack.press("U_CLEO", "C_DESK", ts, action_id, **what)
        return app.requests[-1][0]["actions"][0]

    assert (await chosen("pick", option="y"))["selected_option"]["value"] == "y"
    assert (await chosen("more", option="No"))["selected_option"]["value"] == "n"
    assert (await chosen("who", value="U_DAN"))["selected_user"] == "U_DAN"
    assert len((await chosen("ticks", option=["y", "n"]))["selected_options"]) == 2
    state = app.requests[-1][0]["state"]["values"]["acts"]
    assert state["pick"]["selected_option"]["value"] == "y"
    assert state["who"]["selected_user"] == "U_DAN"
    assert "more" not in state
    with pytest.raises(NotPossible, match="no option 'maybe'"):
        await chosen("pick", option="maybe")


async def test_an_app_is_asked_for_its_options(
    slack: FakeSlack, client: AsyncWebClient, app: HttpApp
) -> None:
    menu = {"type": "external_select", "action_id": "ticket", "min_query_length": 0}
    posted = await client.chat_postMessage(
        channel="C_DESK", text="card", blocks=[actions(menu, block_id="find")]
    )
    await slack.settled(quiet_s=0.02)
    options = [{"text": plain("#7 Parcel"), "value": "7"}]
    app.answer = lambda _payload: web.json_response({"options": options})
    ts = str(posted["ts"])
    assert await slack.suggest("U_CLEO", "C_DESK", ts, "ticket", "par") == options
    payload, _headers = app.requests[-1]
    assert payload["type"] == "block_suggestion"
    assert (payload["block_id"], payload["action_id"], payload["value"]) == (
        "find",
        "ticket",
        "par",
    )
    await slack.press("U_CLEO", "C_DESK", ts, "ticket", option=options[0])
    assert app.requests[-1][0]["actions"][0]["selected_option"]["value"] == "7"
    block = {"type": "input", "block_id": "b", "label": plain("Ticket"), "element": menu}
    await client.views_open(trigger_id=trigger(slack), view=modal(blocks=[block]))
    assert await slack.suggest_in_view("U_CLEO", "ticket", "") == options


async def test_a_submission_is_followed(
    slack: FakeSlack, client: AsyncWebClient, app: HttpApp
) -> None:
    async def open_and_submit(answer: Any) -> Any:
        app.answer = lambda _payload: web.json_response(answer) if answer else web.Response()
        await client.views_open(trigger_id=trigger(slack), view=modal(private_metadata="t7"))
        await slack.submit("U_CLEO", {"b": {"note": "done"}})
        return slack.view_of("U_CLEO")

    assert await open_and_submit(None) is None
    payload, _headers = app.requests[-1]
    assert payload["type"] == "view_submission"
    assert payload["view"]["private_metadata"] == "t7"
    assert payload["view"]["state"]["values"]["b"]["note"]["value"] == "done"
    failed = await open_and_submit({"response_action": "errors", "errors": {"b": "Too short"}})
    assert failed["errors"] == {"b": "Too short"}
    updated = await open_and_submit({"response_action": "update", "view": modal(callback_id="2")})
    assert updated["callback_id"] == "2"
    pushed = await open_and_submit({"response_action": "push", "view": modal(callback_id="3")})
    assert (pushed["callback_id"], len(slack.views.stacks["U_CLEO"])) == ("3", 2)
    assert await open_and_submit({"response_action": "clear"}) is None
    assert slack.violations == []
    await open_and_submit({"response_action": "errors", "errors": {"nowhere": "x"}})
    await open_and_submit({"response_action": "explode"})
    await open_and_submit({"response_action": "push", "view": modal(title=None)})
    assert len(slack.violations) == 3


async def test_the_client_checks_before_it_submits(
    slack: FakeSlack, client: AsyncWebClient, app: HttpApp
) -> None:
    await client.views_open(trigger_id=trigger(slack), view=modal())
    with pytest.raises(NotPossible, match="b: must be filled"):
        await slack.submit("U_CLEO")
    with pytest.raises(NotPossible, match="no field 'colour'"):
        await slack.submit("U_CLEO", {"colour": "red"})
    assert app.requests == []
    app.answer = lambda _payload: web.Response(status=500)
    answer = await slack.submit("U_CLEO", {"note": "x"})
    assert (answer.ok, answer.error) == (False, "dispatch_failed")
    assert slack.view_of("U_CLEO") is not None


async def test_closing_is_told_to_those_who_ask(
    slack: FakeSlack, client: AsyncWebClient, app: HttpApp
) -> None:
    await client.views_open(trigger_id=trigger(slack), view=modal())
    await slack.close_view("U_CLEO")
    assert app.requests == []
    await client.views_open(trigger_id=trigger(slack), view=modal(notify_on_close=True))
    await slack.close_view("U_CLEO", everything=True)
    payload, _headers = app.requests[-1]
    assert (payload["type"], payload["is_cleared"]) == ("view_closed", True)


async def test_a_response_url_is_good_for_five_answers(
    slack: FakeSlack, client: AsyncWebClient, app: HttpApp
) -> None:
    ts = await card(client)
    await slack.settled(quiet_s=0.02)
    await slack.press("U_CLEO", "C_DESK", ts, "take")
    webhook = AsyncWebhookClient(app.requests[-1][0]["response_url"])
    await webhook.send(text="only for you", response_type="ephemeral")
    await webhook.send(text="for all", response_type="in_channel")
    await webhook.send(text="taken", replace_original=True)
    assert [line.text for line in slack.transcript("C_DESK", ephemeral=False)] == [
        "taken",
        "for all",
    ]
    assert [line.text for line in slack.ephemerals("U_CLEO")] == ["only for you"]
    refused = await webhook.send(blocks=[{"type": "shiny"}], text="x")
    assert (refused.status_code, refused.body) == (400, "invalid_blocks")
    await webhook.send(delete_original=True)
    assert [line.text for line in slack.transcript("C_DESK", ephemeral=False)] == ["for all"]
    spent = await webhook.send(text="once more")
    assert (spent.status_code, "used_url" in spent.body) == (404, True)
    await slack.command("U_CLEO", "C_DESK", "/frontdesk")
    webhook = AsyncWebhookClient(app.requests[-1][0]["response_url"])
    slack.clock.offset_s += 30 * 60 + 1
    expired = await webhook.send(text="late")
    assert (expired.status_code, "expired_url" in expired.body) == (404, True)


async def test_an_ephemeral_card_is_replaced_over_its_response_url(
    slack: FakeSlack, client: AsyncWebClient, app: HttpApp
) -> None:
    posted = await client.chat_postEphemeral(
        channel="C_DESK", user="U_CLEO", text="card", blocks=[actions()]
    )
    await slack.press("U_CLEO", "C_DESK", str(posted["message_ts"]), "take")
    payload, _headers = app.requests[-1]
    assert payload["container"]["is_ephemeral"]
    assert "message" not in payload
    webhook = AsyncWebhookClient(payload["response_url"])
    await webhook.send(text="done", replace_original=True)
    assert [line.text for line in slack.ephemerals("U_CLEO")] == ["done"]
    await webhook.send(delete_original=True)
    assert slack.ephemerals("U_CLEO") == []
