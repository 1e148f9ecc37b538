"""Socket Mode: tickets, acknowledgements, redelivery, and what happens to connections."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from tests.fake_slack import FakeSlack, faults
from tests.integration.slack.fake_fixtures import client_of, furnish, refusal, socket_app, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack(seed=4) as slack:
        furnish(slack)
        yield slack


async def handshake(url: str) -> int:
    """Return the status a WebSocket handshake is answered with."""
    async with aiohttp.ClientSession() as session:
        try:
            async with session.ws_connect(url):
                return 101
        except aiohttp.WSServerHandshakeError as error:
            return error.status


async def test_hello_then_envelopes_in_order(slack: FakeSlack) -> None:
    async with socket_app(slack) as app:
        hello = app.frames[0]
        assert (hello["type"], hello["num_connections"]) == ("hello", 1)
        assert "approximate_connection_time" in hello["debug_info"]
        for n in range(5):
            await slack.say("C_DESK", "U_CLEO", str(n))
        await slack.settled(quiet_s=0.02)
        assert app.texts == ["0", "1", "2", "3", "4"]
        request = app.requests[0]
        assert (request.type, request.retry_attempt) == ("events_api", 0)
        assert all(envelope.acknowledged for envelope in slack.envelopes)


async def test_a_ticket_opens_one_connection_for_a_while(slack: FakeSlack) -> None:
    client = client_of(slack)

    async def ticket() -> str:
        return str((await client.apps_connections_open(app_token=slack.app_token))["url"])

    url = await ticket()
    assert [await handshake(url), await handshake(url)] == [101, 408]
    old = await ticket()
    slack.sockets.expire_tickets()
    assert await handshake(old) == 408
    old = await ticket()
    slack.clock.offset_s += 31
    assert await handshake(old) == 408
    slack.sockets.refuse_handshakes(times=1, status=503)
    url = await ticket()
    assert [await handshake(url), await handshake(url)] == [503, 408]
    slack.sockets.refuse_handshakes(times=None)
    assert [await handshake(await ticket()) for _ in range(3)] == [408] * 3
    slack.sockets.refuse_handshakes(times=0)
    assert await handshake(await ticket()) == 101


async def test_only_an_app_token_opens_connections(slack: FakeSlack) -> None:
    refused = client_of(slack).apps_connections_open(app_token=slack.bot_token)
    assert await refusal(refused) == "not_allowed_token_type"


async def test_what_is_not_acknowledged_comes_again(slack: FakeSlack) -> None:
    slack.sockets.ack_deadline_s = 0.1
    async with socket_app(slack) as app:
        app.acknowledges = False
        await slack.say("C_DESK", "U_CLEO", "hello")
        await until(lambda: len(app.requests) == 2)
        app.acknowledges = True
        await slack.settled(quiet_s=0.02)
        assert app.attempts[:3] == [0, 1, 2]
        assert app.requests[1].retry_reason == "timeout"
        assert len({request.payload["event_id"] for request in app.requests}) == 1
        assert slack.undelivered == []


async def test_what_is_never_acknowledged_is_given_up(slack: FakeSlack) -> None:
    slack.sockets.ack_deadline_s = 0.05
    async with socket_app(slack) as app:
        app.acknowledges = False
        await slack.say("C_DESK", "U_CLEO", "hello")
        await slack.settled(quiet_s=0.02)
        assert app.attempts == [0, 1, 2, 3]
        assert slack.undelivered[0].given_up
        assert [a.outcome for a in slack.undelivered[0].attempts] == ["timeout"] * 4


async def test_what_happens_while_nobody_is_there_comes_as_a_retry(slack: FakeSlack) -> None:
    await slack.say("C_DESK", "U_CLEO", "early")
    async with socket_app(slack) as app:
        await slack.settled(quiet_s=0.02)
        assert (app.texts, app.attempts) == (["early"], [1])


async def test_an_interaction_without_an_answer_is_an_error_for_its_person(
    slack: FakeSlack,
) -> None:
    slack.sockets.ack_deadline_s = 0.1
    async with socket_app(slack) as app:
        app.acknowledges = False
        answer = await slack.command("U_CLEO", "C_DESK", "/frontdesk", "mine")
        assert (answer.ok, answer.error) == (False, "operation_timeout")
        app.acknowledges, app.payload = True, {"text": "none"}
        answer = await slack.command("U_CLEO", "C_DESK", "/frontdesk", "mine")
        assert answer.payload == {"text": "none"}
        assert [request.accepts_response_payload for request in app.requests] == [True, True]
        assert len(app.requests) == 2


async def test_each_envelope_goes_to_one_of_the_connections(slack: FakeSlack) -> None:
    async with socket_app(slack) as one, socket_app(slack) as two:
        for n in range(20):
            await slack.say("C_DESK", "U_CLEO", str(n))
        await slack.settled(quiet_s=0.02)
        assert sorted(map(int, one.texts + two.texts)) == list(range(20))
        assert one.texts
        assert two.texts


async def test_ten_connections_are_the_most(slack: FakeSlack) -> None:
    async with AsyncExitStack() as stack:
        apps = [await stack.enter_async_context(socket_app(slack)) for _ in range(10)]
        assert apps[-1].frames[0]["num_connections"] == 10
        url = (await client_of(slack).apps_connections_open(app_token=slack.app_token))["url"]
        async with aiohttp.ClientSession() as session, session.ws_connect(str(url)) as ws:
            frame = await ws.receive_json()
            assert (frame["type"], frame["reason"]) == ("disconnect", "too_many_websockets")
        assert len(slack.sockets.connections) == 10


async def test_connections_are_renewed(slack: FakeSlack) -> None:
    async with socket_app(slack) as app:
        await slack.sockets.refresh()
        await until(lambda: slack.sockets.opened == 2 and len(slack.sockets.connections) == 1)
        await slack.say("C_DESK", "U_CLEO", "after")
        await slack.settled(quiet_s=0.02)
        assert app.texts == ["after"]


async def test_a_connection_is_told_why_it_ends(slack: FakeSlack) -> None:
    for end, reasons in (
        (slack.sockets.refresh, ["warning", "refresh_requested"]),
        (slack.sockets.disable, ["link_disabled"]),
    ):
        url = (await client_of(slack).apps_connections_open(app_token=slack.app_token))["url"]
        async with aiohttp.ClientSession() as session, session.ws_connect(str(url)) as ws:
            await ws.receive_json()
            ending = asyncio.create_task(end())
            frames = [message.json() async for message in ws]
            await ending
        assert [(frame["type"], frame["reason"]) for frame in frames] == [
            ("disconnect", reason) for reason in reasons
        ]
    await until(lambda: not slack.sockets.connections)


@pytest.mark.parametrize("how", ["close", "close_keep_tcp", "reset", "half_open", "down"])
async def test_the_client_comes_back_whatever_befalls_its_line(slack: FakeSlack, how: str) -> None:
    slack.sockets.ack_deadline_s = 0.2
    slack.sockets.ladder = (0.0,) * 30
    async with socket_app(slack) as app:
        match how:
            case "close":
                await slack.sockets.close_frames()
            case "close_keep_tcp":
                await slack.sockets.close_frames(keep_tcp=True)
            case "reset":
                slack.sockets.reset_all()
            case "half_open":
                slack.sockets.half_open()
            case _:
                slack.down = True
                await asyncio.sleep(0.1)
                slack.down = False
        await slack.say("C_DESK", "U_CLEO", "hello")
        await until(lambda: slack.sockets.opened >= 2, 10)
        await slack.settled(quiet_s=0.05)
        assert set(app.texts) == {"hello"}
        assert slack.undelivered == []


@pytest.mark.parametrize("mended", [False, True])
async def test_a_refused_handshake_wedges_the_sdk_unless_it_forgets_the_ticket(
    slack: FakeSlack,
    mended: bool,
) -> None:
    async with socket_app(slack, ping_interval_s=0.05) as app:
        session = app.client.aiohttp_client_session
        connect = session.ws_connect

        async def forgetting(*args: Any, **options: Any) -> Any:
            try:
                return await connect(*args, **options)
            except Exception:
                app.client.wss_uri = None
                raise

        if mended:
            # The attribute of an object, not of the class: mypy and the SDK both allow it.
            vars(session)["ws_connect"] = forgetting
        slack.sockets.refuse_handshakes(times=1)
        slack.sockets.reset_all()
        await until(lambda: slack.sockets.refused >= (1 if mended else 5))
        if mended:
            await slack.connected()
        else:
            # It asks with the same used ticket for ever, though Slack has long been well.
            assert slack.sockets.connections == []


async def test_an_envelope_may_come_on_two_connections(slack: FakeSlack) -> None:
    slack.faults.on_delivery(faults.elsewhere())
    async with socket_app(slack) as one, socket_app(slack) as two:
        await slack.say("C_DESK", "U_CLEO", "twice")
        await slack.settled(quiet_s=0.1)
        assert one.texts == two.texts == ["twice"]
        assert one.requests[0].envelope_id == two.requests[0].envelope_id
        # The second acknowledgement may find nobody waiting any more.
        assert len(slack.sockets.unknown_acks) <= 1


async def test_an_acknowledged_envelope_may_come_again(slack: FakeSlack) -> None:
    slack.faults.on_delivery(faults.duplicate(after_s=0.05))
    async with socket_app(slack) as app:
        await slack.say("C_DESK", "U_CLEO", "twice")
        await slack.settled(quiet_s=0.1)
        assert (app.texts, app.attempts) == (["twice", "twice"], [0, 0])
        assert len({request.envelope_id for request in app.requests}) == 1


async def test_a_line_cut_behind_an_envelope_loses_its_acknowledgement(slack: FakeSlack) -> None:
    slack.sockets.ack_deadline_s = 0.3
    slack.faults.on_delivery(faults.cut())
    async with socket_app(slack) as app:
        await slack.say("C_DESK", "U_CLEO", "hello")
        await slack.settled(quiet_s=0.05)
        assert app.texts == ["hello", "hello"]
        assert app.attempts == [0, 1]


async def test_an_acknowledgement_on_another_connection_counts_if_it_is_allowed_to(
    slack: FakeSlack,
) -> None:
    slack.sockets.ack_deadline_s = 0.2
    slack.sockets.acks_count_elsewhere = False
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        lines = []
        for _ in range(2):
            opened = await client_of(slack).apps_connections_open(app_token=slack.app_token)
            ws = await stack.enter_async_context(session.ws_connect(str(opened["url"])))
            await ws.receive_json()
            lines.append(ws)
        await slack.say("C_DESK", "U_CLEO", "hello")
        waits = {asyncio.create_task(ws.receive_json()): ws for ws in lines}
        done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        (got,) = done
        other = next(ws for task, ws in waits.items() if task is not got)
        await other.send_json({"envelope_id": got.result()["envelope_id"]})
        await until(lambda: len(slack.envelopes[0].attempts) == 2)
        assert slack.envelopes[0].attempts[0].outcome == "timeout"
        for task in waits:
            task.cancel()
