"""Everything that can befall a call, as the SDK's client lives through it."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError

from tests.fake_slack import FakeSlack, faults
from tests.integration.slack.fake_fixtures import client_of, furnish, refusal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from slack_sdk.web.async_client import AsyncWebClient

    from tests.fake_slack.faults import Fault


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack(seed=2) as slack:
        furnish(slack)
        yield slack


@pytest.fixture
def client(slack: FakeSlack) -> AsyncWebClient:
    return client_of(slack, timeout_s=1)


def texts(slack: FakeSlack) -> list[str]:
    return [line.text for line in slack.transcript("C_DESK")]


@pytest.mark.parametrize(
    ("fault", "status", "error", "stands"),
    [
        (faults.ratelimited(7), 429, "ratelimited", False),
        (faults.rate_limited_body(), 200, "rate_limited", False),
        (faults.error("internal_error"), 200, "internal_error", False),
        (faults.error("fatal_error", processed=True), 200, "fatal_error", True),
    ],
)
async def test_a_refusal_in_slacks_own_words(
    slack: FakeSlack,
    client: AsyncWebClient,
    fault: Fault,
    status: int,
    error: str,
    stands: bool,
) -> None:
    slack.faults.on_call(fault, method="chat.postMessage")
    with pytest.raises(SlackApiError) as refused:
        await client.chat_postMessage(channel="C_DESK", text="x")
    assert refused.value.response.status_code == status
    assert refused.value.response["error"] == error
    if status == 429:
        assert refused.value.response.headers["Retry-After"] == "7"
    assert texts(slack) == (["x"] if stands else [])
    await client.chat_postMessage(channel="C_DESK", text="y")
    assert texts(slack)[-1] == "y"


@pytest.mark.parametrize("code", [500, 502, 503, 504])
@pytest.mark.parametrize("processed", [False, True])
async def test_a_gateway_says_nothing_of_what_was_done(
    slack: FakeSlack,
    client: AsyncWebClient,
    code: int,
    processed: bool,
) -> None:
    slack.faults.on_call(faults.status(code, processed=processed))
    with pytest.raises(SlackApiError) as failed:
        await client.chat_postMessage(channel="C_DESK", text="x")
    assert failed.value.response.status_code == code
    assert texts(slack) == (["x"] if processed else [])


async def test_a_page_that_claims_to_be_json(slack: FakeSlack, client: AsyncWebClient) -> None:
    slack.faults.on_call(faults.html())
    with pytest.raises(SlackApiError, match="non-JSON"):
        await client.chat_postMessage(channel="C_DESK", text="x")
    assert texts(slack) == []


@pytest.mark.parametrize(
    ("fault", "stands"), [(faults.reset_before(), []), (faults.reset_after(), ["x"])]
)
async def test_a_reset_leaves_the_caller_in_doubt(
    slack: FakeSlack, client: AsyncWebClient, fault: Fault, stands: list[str]
) -> None:
    slack.faults.on_call(fault, method="chat.postMessage")
    with pytest.raises((aiohttp.ClientConnectionError, ConnectionResetError)):
        await client.chat_postMessage(channel="C_DESK", text="x")
    assert texts(slack) == stands


@pytest.mark.parametrize(
    ("fault", "stands"), [(faults.hang(), []), (faults.hang(processed=True), ["x"])]
)
async def test_a_call_that_hangs_ends_by_the_callers_own_patience(
    slack: FakeSlack, client: AsyncWebClient, fault: Fault, stands: list[str]
) -> None:
    slack.faults.on_call(fault, method="chat.postMessage")
    with pytest.raises(TimeoutError):
        await client.chat_postMessage(channel="C_DESK", text="x")
    assert texts(slack) == stands
    await slack.settled(quiet_s=0.05, timeout_s=2)


async def test_a_slow_answer_arrives(slack: FakeSlack, client: AsyncWebClient) -> None:
    slack.faults.on_call(faults.drip(0.4))
    began = time.monotonic()
    posted = await client.chat_postMessage(channel="C_DESK", text="x")
    assert time.monotonic() - began > 0.35
    assert posted["message"]["text"] == "x"


async def test_a_rule_says_where_from_when_and_how_often(
    slack: FakeSlack, client: AsyncWebClient
) -> None:
    slack.faults.on_call(
        faults.error("fatal_error"), method="chat.postMessage", channel="C_DESK", nth=2, times=2
    )
    outcomes = [
        await refusal(client.chat_postMessage(channel=channel, text="x"))
        for channel in ("C_DESK", "C_TOWN", "C_DESK", "C_DESK", "C_DESK")
    ]
    assert outcomes == ["ok", "ok", "fatal_error", "fatal_error", "ok"]
    slack.faults.on_call(faults.error(), times=None)
    assert await refusal(client.auth_test()) == "internal_error"
    slack.faults.clear()
    assert await refusal(client.auth_test()) == "ok"


async def test_chance_is_repeatable() -> None:
    async def storm(seed: int) -> list[str]:
        async with FakeSlack(seed=seed) as slack:
            slack.faults.on_call(faults.error(), times=None, chance=0.3)
            client = client_of(slack)
            return [await refusal(client.auth_test()) for _ in range(30)]

    first = await storm(5)
    assert await storm(5) == first
    assert 3 <= first.count("internal_error") <= 20


async def test_a_patient_client_gets_through_a_storm(
    slack: FakeSlack, client: AsyncWebClient
) -> None:
    slack.faults.storm(0.5)
    for n in range(20):
        for _attempt in range(20):
            try:
                await client.chat_postMessage(channel="C_DESK", text=str(n))
                break
            except (SlackApiError, aiohttp.ClientError, OSError):
                continue
    seen = [int(text) for text in texts(slack)]
    assert seen == sorted(seen)
    assert set(seen) == set(range(20))
    # Who merely tries again posts twice: what had been done was not always said.
    assert len(seen) > 20
    assert len({fault.kind for _method, fault in slack.faults.fired}) > 4


async def test_a_slack_that_is_down_answers_nothing(
    slack: FakeSlack, client: AsyncWebClient
) -> None:
    slack.down = True
    with pytest.raises((aiohttp.ClientConnectionError, ConnectionResetError)):
        await client.auth_test()
    slack.down = False
    assert await refusal(client.auth_test()) == "ok"


async def test_calls_are_remembered(slack: FakeSlack, client: AsyncWebClient) -> None:
    slack.faults.on_call(faults.reset_after(), method="chat.postMessage")
    await client.auth_test()
    with pytest.raises((aiohttp.ClientConnectionError, ConnectionResetError)):
        await client.chat_postMessage(channel="C_DESK", text="x")
    assert [(call.method, call.outcome, call.encoding) for call in slack.calls] == [
        ("auth.test", "ok", "form"),
        ("chat.postMessage", "reset_after", "json"),
    ]
    assert slack.calls[1].arguments["text"] == "x"
    await asyncio.sleep(0)
