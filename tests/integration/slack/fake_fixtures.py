"""What the conformance tests of the fake Slack share: the SDK's client, and an app that listens."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from aiohttp import web
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
    from slack_sdk.socket_mode.request import SocketModeRequest

    from tests.fake_slack import FakeSlack

Json = dict[str, Any]


def client_of(slack: FakeSlack, token: str | None = None, timeout_s: int = 5) -> AsyncWebClient:
    """Return the SDK's client, without its retries."""
    return AsyncWebClient(
        token=slack.bot_token if token is None else token,
        base_url=slack.api_url,
        retry_handlers=[],
        timeout=timeout_s,
    )


def furnish(slack: FakeSlack) -> None:
    """Set the scene: two agents and a customer, a desk channel and a public one."""
    slack.add_user("U_CLEO", name="Cleo Day", email="cleo@shop.example")
    slack.add_user("U_DAN", name="Dan", locale="zh-CN")
    slack.add_user("U_ADA", name="Ada")
    slack.add_channel("C_DESK", name="desk-orders", private=True, members=["U_CLEO", "U_DAN"])
    slack.add_channel("C_TOWN", name="town", members=["U_CLEO", "U_ADA"])


async def refusal(call: Awaitable[Any]) -> str:
    """Return the error a call is refused with."""
    try:
        await call
    except SlackApiError as error:
        return str(error.response["error"])
    return "ok"


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def button(action_id: str = "take", value: str = "1", text: str = "Take it") -> Json:
    return {"type": "button", "action_id": action_id, "value": value, "text": plain(text)}


def actions(*elements: Json, block_id: str = "acts") -> Json:
    return {"type": "actions", "block_id": block_id, "elements": list(elements or (button(),))}


def modal(**changes: Any) -> Json:
    text_input = {"type": "plain_text_input", "action_id": "note"}
    given: Json = {
        "type": "modal",
        "callback_id": "note_modal",
        "title": plain("A note"),
        "submit": plain("Save"),
        "blocks": [
            {"type": "input", "block_id": "b", "label": plain("Note"), "element": text_input}
        ],
    }
    return {key: value for key, value in (given | changes).items() if value is not None}


class HttpApp:
    """A request URL that records what it is sent and answers as the test says."""

    def __init__(self, secret: str) -> None:
        self._verifier = SignatureVerifier(secret)
        self.requests: list[tuple[Json, dict[str, str]]] = []
        """Payloads with their headers, names in lower case."""
        self.answer: Callable[[Json], web.StreamResponse | Awaitable[web.StreamResponse]]
        self.answer = lambda _payload: web.Response()
        self.forged = 0
        self.url = ""

    async def serve(self, request: web.Request) -> web.StreamResponse:
        body = (await request.read()).decode()
        headers = {name.lower(): value for name, value in request.headers.items()}
        if not self._verifier.is_valid_request(body, headers):
            self.forged += 1
        payload = self._payload(request.content_type, body)
        self.requests.append((payload, headers))
        answer = self.answer(payload)
        return answer if isinstance(answer, web.StreamResponse) else await answer

    @staticmethod
    def _payload(content_type: str, body: str) -> Json:
        if content_type == "application/json":
            return dict(json.loads(body))
        form = {key: values[0] for key, values in parse_qs(body).items()}
        return dict(json.loads(form["payload"])) if "payload" in form else form

    @property
    def retries(self) -> list[tuple[str | None, str | None]]:
        """The retry headers of each request."""
        return [
            (headers.get("x-slack-retry-num"), headers.get("x-slack-retry-reason"))
            for _payload, headers in self.requests
        ]


@asynccontextmanager
async def http_app(slack: FakeSlack) -> AsyncIterator[HttpApp]:
    """Serve a request URL, and have Slack deliver to it."""
    app = HttpApp(slack.signing_secret)
    routes = web.Application()
    routes.router.add_post("/slack/events", app.serve)
    runner = web.AppRunner(routes, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    app.url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    slack.deliver_over_http(app.url)
    try:
        yield app
    finally:
        await runner.cleanup()


class SocketApp:
    """The SDK's Socket Mode client, recording what it is sent."""

    def __init__(self, slack: FakeSlack, ping_interval_s: float) -> None:
        self.client = SocketModeClient(
            slack.app_token, web_client=client_of(slack), ping_interval=ping_interval_s
        )
        self.requests: list[SocketModeRequest] = []
        self.acknowledges = True
        self.payload: Json | None = None
        self.frames: list[Json] = []
        self.client.socket_mode_request_listeners.append(self._listen)
        self.client.message_listeners.append(self._frame)

    async def _frame(
        self, _client: AsyncBaseSocketModeClient, message: Json, _raw: str | None
    ) -> None:
        self.frames.append(message)

    async def _listen(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        self.requests.append(request)
        if self.acknowledges:
            response = SocketModeResponse(envelope_id=request.envelope_id, payload=self.payload)
            await client.send_socket_mode_response(response)

    @property
    def texts(self) -> list[str]:
        """The texts of the message events, in the order they came."""
        return [request.payload["event"].get("text", "") for request in self.requests]

    @property
    def attempts(self) -> list[int | None]:
        return [request.retry_attempt for request in self.requests]


@asynccontextmanager
async def socket_app(slack: FakeSlack, ping_interval_s: float = 0.2) -> AsyncIterator[SocketApp]:
    """Connect the SDK's Socket Mode client."""
    app = SocketApp(slack, ping_interval_s)
    await app.client.connect()  # type: ignore[no-untyped-call]
    await until(lambda: bool(app.frames))
    try:
        yield app
    finally:
        await app.client.close()  # type: ignore[no-untyped-call]


async def until(true: Callable[[], bool], timeout_s: float = 5.0) -> None:
    """Wait for something to become true."""
    async with asyncio.timeout(timeout_s):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.005)
