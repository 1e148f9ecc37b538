"""Delivery over HTTP: signatures, deadlines, the ladder of retries, and what comes out of order."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from tests.fake_slack import FakeSlack, ManualClock, faults
from tests.integration.slack.fake_fixtures import HttpApp, client_of, furnish, http_app, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack(seed=3) as slack:
        furnish(slack)
        yield slack


@pytest.fixture
async def app(slack: FakeSlack) -> AsyncIterator[HttpApp]:
    async with http_app(slack) as app:
        yield app


def events(app: HttpApp) -> list[Any]:
    return [payload["event"] for payload, _headers in app.requests]


async def test_an_event_is_signed_and_wrapped(slack: FakeSlack, app: HttpApp) -> None:
    ts = await slack.say("C_DESK", "U_CLEO", "hello <b>, see https://desk.example/a?b=1&c=2.")
    await slack.settled(quiet_s=0.02)
    ((payload, headers),) = app.requests
    assert app.forged == 0
    assert headers["content-type"] == "application/json"
    assert payload["type"] == "event_callback"
    assert payload["team_id"] == slack.team.id
    assert payload["authorizations"][0]["user_id"] == slack.bot_user
    assert payload["event_id"].startswith("Ev")
    event = payload["event"]
    assert event["text"] == ("hello &lt;b&gt;, see <https://desk.example/a?b=1&amp;c=2>.")
    assert (event["ts"], event["channel_type"], event["user"]) == (ts, "group", "U_CLEO")
    rich = event["blocks"][0]["elements"][0]["elements"]
    assert rich == [
        {"type": "text", "text": "hello <b>, see "},
        {"type": "link", "url": "https://desk.example/a?b=1&c=2"},
        {"type": "text", "text": "."},
    ]


async def test_our_own_posts_come_back(slack: FakeSlack, app: HttpApp) -> None:
    client = client_of(slack)
    posted = await client.chat_postMessage(channel="C_DESK", text="ours")
    await client.chat_update(channel="C_DESK", ts=posted["ts"], text="ours, changed")
    await client.chat_delete(channel="C_DESK", ts=posted["ts"])
    await until(lambda: len(app.requests) == 3)
    kinds = {event.get("subtype"): event for event in events(app)}
    assert kinds[None]["bot_id"] == "B0FRONTDESK"
    assert kinds["message_changed"]["message"]["text"] == "ours, changed"
    assert kinds["message_changed"]["previous_message"]["text"] == "ours"
    assert kinds["message_deleted"]["deleted_ts"] == posted["ts"]


async def test_what_people_do_is_told(slack: FakeSlack, app: HttpApp) -> None:
    ts = await slack.say("C_DESK", "U_CLEO", f"<@{slack.bot_user}> look", files=[("a.txt", b"a")])
    await slack.react("U_DAN", "C_DESK", ts, "eyes")
    await slack.unreact("U_DAN", "C_DESK", ts, "eyes")
    await slack.edit("C_DESK", ts, "looked")
    await slack.say("C_DESK", "U_DAN", "all", thread_ts=ts, broadcast=True)
    await slack.join("U_ADA", "C_DESK")
    await slack.open_home("U_ADA")
    await slack.settled(quiet_s=0.02)
    seen = sorted((event["type"], event.get("subtype") or "") for event in events(app))
    assert seen == [
        ("app_home_opened", ""),
        ("app_mention", ""),
        ("member_joined_channel", ""),
        ("message", "file_share"),
        ("message", "message_changed"),
        ("message", "thread_broadcast"),
        ("reaction_added", ""),
        ("reaction_removed", ""),
    ]


async def test_the_app_hears_only_where_it_is_and_what_it_may(
    slack: FakeSlack, app: HttpApp
) -> None:
    slack.add_channel("C_AWAY", members=["U_CLEO"], bot_is_member=False)
    await slack.say("C_AWAY", "U_CLEO", "not for us")
    slack.scopes.remove("channels:history")
    await slack.say("C_TOWN", "U_ADA", "no scope")
    await slack.leave(slack.bot_user, "C_DESK")
    await slack.say("C_DESK", "U_CLEO", "gone")
    await slack.say_to_bot("U_ADA", "for us")
    await slack.settled(quiet_s=0.02)
    assert sorted(event.get("text", event["type"]) for event in events(app)) == [
        "for us",
        "member_left_channel",
    ]


async def test_somebody_from_another_workspace_says_so(slack: FakeSlack, app: HttpApp) -> None:
    slack.add_user("U_FAR", stranger=True)
    slack.add_channel("C_SHARED", members=["U_FAR"], shared_with=["T0OTHER"])
    await slack.say("C_SHARED", "U_FAR", "hello")
    await slack.settled(quiet_s=0.02)
    ((payload, _headers),) = app.requests
    assert payload["is_ext_shared_channel"]
    assert payload["team_id"] == slack.team.id
    assert payload["event"]["user_team"] == payload["event"]["team"] == "T0OTHER"


async def test_the_request_url_is_verified(slack: FakeSlack, app: HttpApp) -> None:
    assert slack.http is not None
    assert not await slack.http.verify_url()
    app.answer = lambda payload: web.json_response({"challenge": payload["challenge"]})
    assert await slack.http.verify_url()
    assert app.forged == 0


async def test_the_ladder_of_retries() -> None:
    clock = ManualClock()
    async with FakeSlack(clock=clock) as slack, http_app(slack) as app:
        furnish(slack)
        app.answer = lambda _payload: web.Response(status=500)
        await slack.say("C_DESK", "U_CLEO", "hello")
        await until(lambda: len(app.requests) == 2)
        await asyncio.sleep(0.05)
        assert app.retries == [(None, None), ("1", "http_error")]
        await clock.advance(59)
        await asyncio.sleep(0.05)
        assert len(app.requests) == 2
        await clock.advance(1)
        await until(lambda: len(app.requests) == 3)
        await asyncio.sleep(0.05)
        await clock.advance(300)
        await until(lambda: len(app.requests) == 4)
        await until(lambda: slack.envelopes[0].given_up)
        assert app.retries[2:] == [("2", "http_error"), ("3", "http_error")]
        assert len({payload["event_id"] for payload, _ in app.requests}) == 1
        assert slack.undelivered == slack.envelopes


async def test_an_app_may_ask_not_to_be_tried_again(slack: FakeSlack, app: HttpApp) -> None:
    app.answer = lambda _payload: web.Response(status=400, headers={"X-Slack-No-Retry": "1"})
    await slack.say("C_DESK", "U_CLEO", "hello")
    await slack.settled(quiet_s=0.05)
    assert app.retries == [(None, None)]
    assert slack.envelopes[0].given_up


async def test_an_answer_that_comes_late_is_none(slack: FakeSlack, app: HttpApp) -> None:
    assert slack.http is not None
    slack.http.deadline_s = 0.1
    answered = 0

    async def slow_once(_payload: Any) -> web.StreamResponse:
        nonlocal answered
        answered += 1
        await asyncio.sleep(0.5 if answered == 1 else 0)
        return web.Response()

    app.answer = slow_once
    await slack.say("C_DESK", "U_CLEO", "hello")
    await slack.settled(quiet_s=0.02)
    assert app.retries == [(None, None), ("1", "http_timeout")]
    assert slack.envelopes[0].acknowledged


async def test_an_app_that_is_away_is_tried_again() -> None:
    clock = ManualClock()
    async with FakeSlack(clock=clock) as slack:
        furnish(slack)
        slack.deliver_over_http("http://127.0.0.1:9/slack/events")
        await slack.say("C_DESK", "U_CLEO", "hello")
        await until(lambda: clock.sleepers == 1)
        # It comes back elsewhere, as a process that was started anew on another port.
        async with http_app(slack) as app:
            await clock.advance(60)
            await slack.settled(quiet_s=0.02)
            assert app.retries == [("2", "connection_failed")]
        assert [attempt.outcome for attempt in slack.envelopes[0].attempts] == [
            "connection_failed",
            "connection_failed",
            "ok",
        ]


async def test_interactions_come_as_forms_and_are_not_repeated(
    slack: FakeSlack, app: HttpApp
) -> None:
    channel, ts = await slack.say_to_bot("U_ADA", "hello")
    await slack.settled(quiet_s=0.02)
    app.answer = lambda _payload: web.Response(status=500)
    answer = await slack.shortcut("U_ADA", channel, ts, "note")
    assert (answer.ok, answer.error) == (False, "dispatch_failed")
    payload, headers = app.requests[-1]
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert payload["type"] == "message_action"
    assert payload["message"]["text"] == "hello"
    app.answer = lambda _payload: web.json_response({"text": "3 open tickets"})
    answer = await slack.command("U_CLEO", "C_DESK", "/frontdesk", "mine & yours")
    form, headers = app.requests[-1]
    assert (form["command"], form["text"]) == ("/frontdesk", "mine & yours")
    assert form["response_url"].startswith(slack.url)
    assert answer.payload == {"text": "3 open tickets"}
    assert [line.text for line in slack.ephemerals("U_CLEO")] == ["3 open tickets"]
    assert app.forged == 0


async def test_deliveries_go_wrong_as_planned(slack: FakeSlack, app: HttpApp) -> None:
    plan = slack.faults.on_delivery
    plan(faults.duplicate(), event="message")
    plan(faults.reorder(), event="message", nth=2)
    plan(faults.unknown_type("sparkle"), event="message", nth=4)
    plan(faults.missing("user", "ts"), event="message", nth=5)
    plan(faults.extra(glitter=True), event="message", nth=6)
    for n in range(1, 7):
        await slack.say("C_DESK", "U_CLEO", str(n))
        await asyncio.sleep(0.03)
    await slack.settled(quiet_s=0.1)
    seen = events(app)
    assert [event["text"] for event in seen] == ["1", "1", "3", "2", "4", "5", "6"]
    assert [retry for retry in app.retries if retry != (None, None)] == []
    assert seen[4]["type"] == "sparkle"
    assert not {"user", "ts"} & seen[5].keys()
    assert seen[6]["glitter"]


async def test_a_delivery_may_be_eight_minutes_late() -> None:
    clock = ManualClock()
    async with FakeSlack(clock=clock) as slack, http_app(slack) as app:
        furnish(slack)
        slack.faults.on_delivery(faults.late(), event="message")
        await slack.say("C_DESK", "U_CLEO", "first")
        await slack.say("C_DESK", "U_CLEO", "second")
        await slack.settled(quiet_s=0.05)
        assert [event["text"] for event in events(app)] == ["second"]
        await clock.advance(480)
        await slack.settled(quiet_s=0.05)
        assert [event["text"] for event in events(app)] == ["second", "first"]


@pytest.mark.parametrize("offset_s", [600.0, -600.0])
async def test_a_clock_that_is_wrong_makes_signatures_old(
    slack: FakeSlack, app: HttpApp, offset_s: float
) -> None:
    slack.clock.offset_s = offset_s
    await slack.say("C_DESK", "U_CLEO", "hello")
    await slack.settled(quiet_s=0.02)
    assert app.forged == 1


async def test_only_real_changes_carry_edited(slack: FakeSlack, app: HttpApp) -> None:
    ts = await slack.say("C_DESK", "U_CLEO", "see https://desk.example")
    await slack.unfurl("C_DESK", ts, "https://desk.example")
    await slack.edit("C_DESK", ts, "look")
    await slack.settled(quiet_s=0.02)
    changes = [event["message"] for event in events(app) if "message" in event]
    by_text = {change["text"]: "edited" in change for change in changes}
    assert by_text == {"see <https://desk.example>": False, "look": True}
