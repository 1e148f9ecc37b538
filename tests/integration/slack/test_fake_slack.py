"""The fake Slack with Bolt behind it, both ways: what an app is told, and what people then see."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp

from tests.fake_slack import FakeSlack, NotPossible, faults
from tests.integration.slack.fake_fixtures import actions, button, client_of, furnish, modal, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


def desk(slack: FakeSlack) -> AsyncApp:  # noqa: C901 - a list of listeners
    """A tiny desk: it answers in threads, takes tickets, and asks for notes."""
    app = AsyncApp(client=client_of(slack), signing_secret=slack.signing_secret)

    @app.event("message")
    async def answer(event: dict[str, Any], say: Any) -> None:
        if event.get("subtype") is None:
            thread = event.get("thread_ts", event["ts"])
            await say(text=f"heard: {event['text']}", thread_ts=thread, blocks=[actions()])

    @app.event("reaction_added")
    async def mirror(event: dict[str, Any], client: Any) -> None:
        item = event["item"]
        await client.reactions_add(channel=item["channel"], timestamp=item["ts"], name="robot_face")

    @app.action("take")
    async def take(ack: Any, body: dict[str, Any], client: Any) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal())

    @app.view("note_modal")
    async def note(ack: Any, view: dict[str, Any]) -> None:
        text = view["state"]["values"]["b"]["note"]["value"]
        if len(text) < 3:
            await ack(response_action="errors", errors={"b": "Longer!"})
        else:
            await ack()

    @app.command("/frontdesk")
    async def mine(ack: Any, command: dict[str, Any]) -> None:
        await ack(f"none for {command['user_id']}: {command['text']}")

    @app.shortcut("make_ticket")
    async def make(ack: Any, body: dict[str, Any], client: Any) -> None:
        await ack()
        await client.chat_postEphemeral(
            channel=body["channel"]["id"], user=body["user"]["id"], text="made"
        )

    @app.event("app_home_opened")
    async def home(event: dict[str, Any], client: Any) -> None:
        view = {"type": "home", "blocks": [actions(button("new"))]}
        await client.views_publish(user_id=event["user"], view=view)

    return app


@asynccontextmanager
async def over_http(slack: FakeSlack) -> AsyncIterator[None]:
    app = desk(slack)

    async def events(request: web.Request) -> web.Response:
        answer = await to_aiohttp_response(await app.async_dispatch(await to_bolt_request(request)))
        assert isinstance(answer, web.Response)
        return answer

    routes = web.Application()
    routes.router.add_post("/slack/events", events)
    runner = web.AppRunner(routes, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    slack.deliver_over_http(f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events")
    yield
    await runner.cleanup()


@asynccontextmanager
async def over_sockets(slack: FakeSlack) -> AsyncIterator[None]:
    handler = AsyncSocketModeHandler(desk(slack), app_token=slack.app_token, ping_interval=0.2)
    await handler.connect_async()  # type: ignore[no-untyped-call]
    yield
    await handler.close_async()  # type: ignore[no-untyped-call]


@pytest.fixture(params=[over_http, over_sockets], ids=["http", "sockets"])
async def slack(request: pytest.FixtureRequest) -> AsyncIterator[FakeSlack]:
    async with FakeSlack(seed=6) as slack:
        furnish(slack)
        async with request.param(slack):
            yield slack
            await slack.settled(quiet_s=0.02)
        assert slack.violations == []


async def test_a_conversation_in_a_thread(slack: FakeSlack) -> None:
    ts = await slack.say("C_DESK", "U_CLEO", "hello")
    await slack.settled(quiet_s=0.05)
    lines = slack.transcript("C_DESK", ts)
    assert [(line.user, line.text) for line in lines] == [
        ("U_CLEO", "hello"),
        (slack.bot_user, "heard: hello"),
    ]
    assert slack.transcript("C_DESK") == lines[:1]


async def test_a_button_opens_a_modal_that_checks_what_is_entered(slack: FakeSlack) -> None:
    channel, ts = await slack.say_to_bot("U_ADA", "hello")
    await slack.settled(quiet_s=0.05)
    card = slack.transcript(channel, ts)[1]
    assert (await slack.press("U_ADA", channel, card.ts, "take")).ok
    await until(lambda: slack.view_of("U_ADA") is not None)
    await slack.submit("U_ADA", {"note": "ab"})
    view = slack.view_of("U_ADA")
    assert view is not None
    assert view["errors"] == {"b": "Longer!"}
    assert (await slack.submit("U_ADA", {"note": "abc"})).ok
    assert slack.view_of("U_ADA") is None


async def test_commands_shortcuts_reactions_and_the_home(slack: FakeSlack) -> None:
    answer = await slack.command("U_CLEO", "C_DESK", "/frontdesk", "mine")
    assert answer.ok
    ts = await slack.say("C_DESK", "U_CLEO", "hello")
    assert (await slack.shortcut("U_CLEO", "C_DESK", ts, "make_ticket")).ok
    await slack.settled(quiet_s=0.05)
    assert [line.text for line in slack.ephemerals("U_CLEO")] == ["none for U_CLEO: mine", "made"]
    await slack.react("U_DAN", "C_DESK", ts, "eyes")
    await slack.open_home("U_CLEO")
    await slack.settled(quiet_s=0.05)
    reactions = slack.transcript("C_DESK", ephemeral=False)[0].reactions
    assert reactions == {"eyes": ("U_DAN",), "robot_face": (slack.bot_user,)}
    home = slack.home_of("U_CLEO")
    assert home is not None
    assert home["blocks"][0]["elements"][0]["action_id"] == "new"


async def test_a_customers_markup_is_live_when_it_is_passed_on_raw(slack: FakeSlack) -> None:
    ts = await slack.say("C_DESK", "U_CLEO", "ping <!channel> <@U_DAN> <b>")
    await slack.settled(quiet_s=0.05)
    # `live` is what tests of the product ask: an echo repeats the mentions, not the escaped.
    echo = slack.transcript("C_DESK", ts)[1]
    assert [(found.kind, found.target) for found in echo.live] == [
        ("broadcast", "channel"),
        ("user", "U_DAN"),
    ]


async def test_what_nobody_can_do(slack: FakeSlack) -> None:
    ts = await slack.say("C_DESK", "U_CLEO", "hello")
    await slack.settled(quiet_s=0.05)
    ours = slack.transcript("C_DESK", ts)[1]
    slack.subscribed = {"message"}
    await slack.archive("C_DESK", "U_CLEO")
    with pytest.raises(NotPossible, match="not in desk-orders"):
        await slack.say("C_DESK", "U_ADA", "hello")
    with pytest.raises(NotPossible, match="nobody can write"):
        await slack.say("C_DESK", "U_CLEO", "hello")
    with pytest.raises(NotPossible, match="what the bot wrote"):
        await slack.edit("C_DESK", ours.ts, "forged")
    with pytest.raises(NotPossible, match="no modal open"):
        await slack.submit("U_CLEO")


async def test_a_second_delivery_is_answered_twice_by_a_naive_app(slack: FakeSlack) -> None:
    slack.faults.on_delivery(faults.duplicate(), event="message")
    ts = await slack.say("C_DESK", "U_CLEO", "hello")
    await slack.settled(quiet_s=0.1)
    assert [line.text for line in slack.transcript("C_DESK", ts)] == [
        "hello",
        "heard: hello",
        "heard: hello",
    ]
