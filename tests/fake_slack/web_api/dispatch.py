"""The way of a call: its fault, its limit, its token, its arguments, its method, its answer."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.fake_slack.faults import Fault, Kind
from tests.fake_slack.socket_mode import reset
from tests.fake_slack.web_api import apps, chat, conversations, files, users, views
from tests.fake_slack.web_api.call import ApiError, Asked, Call, Method, Parsed, Token, parse

if TYPE_CHECKING:
    from tests.fake_slack.slack import FakeSlack

Json = dict[str, Any]

METHODS: dict[str, Method] = {
    **apps.METHODS,
    **chat.METHODS,
    **conversations.METHODS,
    **files.METHODS,
    **users.METHODS,
    **views.METHODS,
}

_HTML = "<!DOCTYPE html><html><head><title>Slack</title></head><body>Server Error</body></html>"


class WebApi:
    """Answers `/api/{method}`."""

    def __init__(self, slack: FakeSlack) -> None:
        self._slack = slack
        self.under_way = 0
        self.last_at = 0.0
        """When a call last began or ended, on the loop's clock."""
        self.hanging = 0
        """Calls that will never be answered; nobody waits for them."""

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer a call."""
        self.under_way += 1
        self._touch()
        try:
            return await self._serve(request)
        finally:
            self.under_way -= 1
            self._touch()

    def _touch(self) -> None:
        self.last_at = asyncio.get_running_loop().time()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        slack = self._slack
        name = request.match_info["method"]
        parsed = await parse(request)
        call = Call(name, parsed.arguments, slack.clock.now(), encoding=parsed.encoding)
        slack.calls.append(call)
        channel = parsed.arguments.get("channel") or parsed.arguments.get("channel_id")
        fault = slack.faults.of_call(name, channel if isinstance(channel, str) else None)
        if fault is not None:
            call.outcome = fault.kind.value
            early = await self._before(fault, request)
            if early is not None:
                return early
        body, headers, status = self._answer(name, parsed)
        call.answer = body
        if fault is not None:
            return await self._after(fault, request, body, headers)
        call.outcome = "ok" if body["ok"] else body["error"]
        return web.json_response(body, headers=headers, status=status)

    def _answer(self, name: str, parsed: Parsed) -> tuple[Json, dict[str, str], int]:
        headers = {"x-slack-req-id": f"{self._slack.rng.getrandbits(64):016x}"}
        try:
            body = {"ok": True, **self._run(name, parsed, headers)}
        except ApiError as error:
            body = error.body
            wait_s = body.pop("retry_after_s", None)
            if wait_s is not None:
                return body, headers | {"Retry-After": str(wait_s)}, 429
        # A message may still change; what was answered does not.
        return json.loads(json.dumps(body)), headers, 200

    def _run(self, name: str, parsed: Parsed, headers: dict[str, str]) -> Json:
        slack = self._slack
        if parsed.trouble is not None:
            raise parsed.trouble
        method = METHODS.get(name)
        if method is None:
            slack.violations.append(f"{name}: no such method here")
            raise ApiError("unknown_method", req_method=name)
        token = self._token(parsed.token, method)
        headers["x-oauth-scopes"] = ",".join(sorted(token.scopes))
        asked = Asked(slack, parsed.arguments, token)
        asked.needs(*method.scopes)
        self._check_arguments(name, method, parsed)
        if slack.rate_limits is not None:
            wait_s = slack.rate_limits.take(name, method.tier, asked.text("channel"))
            if wait_s:
                raise ApiError("ratelimited", retry_after_s=wait_s)
        return method.run(asked)

    def _token(self, given: str, method: Method) -> Token:
        if method.token == "none":
            return Token("none", set())
        if not given:
            raise ApiError("not_authed")
        token = self._slack.tokens.get(given)
        if token is None:
            raise ApiError("invalid_auth")
        if token.revoked:
            raise ApiError("token_revoked")
        if token.kind != method.token:
            raise ApiError("not_allowed_token_type")
        return token

    def _check_arguments(self, name: str, method: Method, parsed: Parsed) -> None:
        arguments = parsed.arguments
        for unknown in sorted(arguments.keys() - method.known):
            self._slack.violations.append(f"{name}: unknown argument {unknown!r}")
        for key, value in arguments.items():
            if value is None:
                self._slack.violations.append(f"{name}: {key} is null")
        absent = sorted(key for key in method.required if arguments.get(key) in (None, ""))
        self._slack.violations += [f"{name}: {key} is missing" for key in absent]
        if absent:
            messages = [f"[ERROR] missing required field: {key}" for key in absent]
            raise ApiError("invalid_arguments", *messages)

    async def _before(self, fault: Fault, request: web.Request) -> web.StreamResponse | None:
        """Return the answer of a fault that comes before anything is done."""
        match fault.kind:
            case Kind.RATELIMITED:
                headers = {"Retry-After": str(int(fault.seconds))}
                body = {"ok": False, "error": "ratelimited"}
                return web.json_response(body, status=429, headers=headers)
            case Kind.ERROR:
                return web.json_response({"ok": False, "error": fault.error})
            case Kind.STATUS if not fault.count:
                return web.Response(status=fault.status, text="upstream connect error")
            case Kind.HTML:
                return web.Response(text=_HTML, content_type="application/json")
            case Kind.HANG:
                return await self._hang()
            case Kind.RESET_BEFORE:
                reset(request)
                return web.Response()
            case _:
                return None

    async def _after(
        self, fault: Fault, request: web.Request, body: Json, headers: dict[str, str]
    ) -> web.StreamResponse:
        """Return the answer of a fault that comes when all was done."""
        match fault.kind:
            case Kind.STATUS:
                return web.Response(status=fault.status, text="upstream request timeout")
            case Kind.ERROR_AFTER:
                return web.json_response({"ok": False, "error": fault.error})
            case Kind.HANG_AFTER:
                return await self._hang()
            case Kind.RESET_AFTER:
                reset(request)
                return web.Response()
            case Kind.DRIP:
                return await _drip(request, body, fault.seconds)
            case _:
                return web.json_response(body, headers=headers)

    async def _hang(self) -> web.StreamResponse:
        self.under_way -= 1
        self.hanging += 1
        try:
            await asyncio.Event().wait()
        finally:
            self.under_way += 1
            self.hanging -= 1
        raise AssertionError("unreachable")


async def _drip(request: web.Request, body: Json, seconds: float) -> web.StreamResponse:
    encoded = json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "Content-Length": str(len(encoded))}
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    for at in range(len(encoded)):
        await asyncio.sleep(seconds / len(encoded))
        await response.write(encoded[at : at + 1])
    return response
