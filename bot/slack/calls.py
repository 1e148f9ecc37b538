"""One call of Slack's Web API: in its turn, once, and with a clear end.

The SDK's own retries are off: after a lost response they post a second time and say that all is
well. What a failure means is said here instead, by its class (see `errors`); doing it again is the
outbox's business.
"""

from __future__ import annotations

import asyncio
import time
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import aiohttp
import orjson
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import ChannelError
from bot.slack.errors import OutcomeUnknown, SlackRefused, TryLater, WorkspaceGone
from bot.slack.gate import Gate
from bot.slack.limits import Urgency
from bot.slack.logs import library_logger

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.slack.credentials import Credentials

_log = structlog.get_logger()

WITHIN_S = 10.0
"""Slack answers in half a second; what has not come by now does not come."""

CONNECT_WITHIN_S = 5.0
PATIENCE_S = 10.0
"""How long a call waits for its turn. With `WITHIN_S` it stays below the outbox's 30 s, which
would otherwise take a post for lost that only stood in line."""

PROBE_EVERY_S = 30.0
SUSPECT_AFTER = 3
"""Failures in a row before Slack counts as unreachable: one is a hiccup."""

AS_JSON = frozenset(
    {
        *("chat.postMessage", "chat.postEphemeral", "chat.update"),
        *("views.open", "views.update", "views.push", "views.publish"),
    }
)
"""These take blocks, and JSON. All methods take forms; those that read take nothing else."""

READS = frozenset(
    {
        *("auth.test", "chat.getPermalink", "users.info", "users.lookupByEmail"),
        *("conversations.history", "conversations.replies", "conversations.info"),
        *("conversations.members", "conversations.list", "users.conversations"),
        # Gives an address to upload to; nothing is to be seen of it.
        "files.getUploadURLExternal",
    }
)
"""These change nothing, so no outcome of theirs has to be found out."""

AMBIGUOUS = frozenset({"internal_error", "fatal_error", "request_timeout", "service_unavailable"})
SLOW_DOWN = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
SHUT_OUT = frozenset(
    {
        *("invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"),
        *("org_login_required", "ekm_access_denied", "two_factor_setup_required"),
    }
)
"""Every call ends like this until an admin has acted. Not `missing_scope`: other calls go on."""

RETRY_AFTER_S = 30.0
"""Where Slack asks for a pause and does not say for how long."""

LONGEST_PAUSE_S = 3600.0

Answer = tuple["Mapping[str, Any]", "Mapping[str, str]"]
"""What Slack answers: the body, which said that all is well, and the headers."""


class State(StrEnum):
    """How we stand with Slack."""

    READY = "ready"
    UNREACHABLE = "unreachable"
    """Calls fail on the way, or in Slack; each one tries anew."""
    SHUT_OUT = "shut_out"
    """The token is not accepted; calls fail at once until it is."""


class Calls:
    """The way out."""

    def __init__(
        self,
        credentials: Credentials,
        *,
        within_s: float = WITHIN_S,
        patience_s: float = PATIENCE_S,
        probe_every_s: float = PROBE_EVERY_S,
        clock: Callable[[], float] = time.monotonic,
        gate: Gate | None = None,
    ) -> None:
        # `sock_connect` in its own right: a connection that was never made carried nothing.
        self.session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=within_s, sock_connect=CONNECT_WITHIN_S)
        )
        self.client = AsyncWebClient(
            token=credentials.bot_token,
            base_url=credentials.api_url,
            retry_handlers=[],
            timeout=int(within_s) or 1,
            session=self.session,
            logger=library_logger(),
        )
        self.gate = gate or Gate()
        self._within_s = within_s
        self._patience_s = patience_s
        self._probe_every_s = probe_every_s
        self._clock = clock
        self._shut_out_by: str | None = None
        self._probe_at = 0.0
        self._failures = 0
        self._probing: asyncio.Task[None] | None = None
        self._since = clock()

    @property
    def state(self) -> State:
        """How we stand with Slack."""
        if self._shut_out_by is not None:
            return State.SHUT_OUT
        return State.READY if self._failures < SUSPECT_AFTER else State.UNREACHABLE

    @property
    def state_for_s(self) -> float:
        """For how long it has been so, in seconds."""
        return self._clock() - self._since

    async def close(self) -> None:
        """Let go of connections and of the probe."""
        if self._probing is not None:
            self._probing.cancel()
            await asyncio.wait({self._probing})
        self.gate.close()
        await self.session.close()

    async def call(
        self,
        method: str,
        *,
        channel: str | None = None,
        urgency: Urgency = Urgency.NORMAL,
        **arguments: object,
    ) -> Mapping[str, Any]:
        """Call a method in its turn and return Slack's answer.

        Arguments that are None are left out.

        Raises:
            SlackRefused: Slack said no.
            TryLater: A pause is needed first; nothing was done.
            WorkspaceGone: The workspace does not accept our token; nothing was done.
            ChannelError: Slack was not reached; nothing was done.
            OutcomeUnknown: It may have been done.
        """
        return (await self.call_with_headers(method, channel, urgency, **arguments))[0]

    async def call_with_headers(
        self,
        method: str,
        channel: str | None = None,
        urgency: Urgency = Urgency.NORMAL,
        **arguments: object,
    ) -> Answer:
        """Call a method likewise and return the answer's headers too."""
        self._check()
        await self.gate.pass_through(method, channel, urgency, within_s=self._patience_s)
        # Whoever waited meanwhile need not find out for themselves.
        self._check()
        if channel is not None:
            arguments["channel"] = channel
        try:
            answer = await self._send(method, arguments)
        except WorkspaceGone as gone:
            self._shut(gone.code)
            raise
        except TryLater as later:
            self.gate.pause(method, channel, later.retry_after_s)
            _log.warning("slack_asks_for_a_pause", method=method, wait_s=later.retry_after_s)
            raise
        except SlackRefused:
            self._reached()
            raise
        except (ChannelError, OutcomeUnknown):
            self._missed()
            raise
        self._reached()
        return answer

    async def _send(self, method: str, arguments: Mapping[str, object]) -> Answer:
        # `from None` throughout: the SDK's errors quote what was sent and received.
        given = {name: value for name, value in arguments.items() if value is not None}
        json, form = (given, None) if method in AS_JSON else (None, _form(given))
        try:
            async with asyncio.timeout(self._within_s):
                response = await self.client.api_call(method, json=json, data=form)
        except SlackApiError as error:
            raise self._meaning(method, error) from None
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise ChannelError(f"Slack was not reached ({type(error).__name__})") from None
        except (aiohttp.ClientError, OSError) as error:
            # TimeoutError is an OSError.
            raise _lost(method, type(error).__name__) from None
        except (ValueError, AttributeError, RecursionError) as error:
            # The SDK stumbles over bodies that are no JSON objects.
            raise _lost(method, f"unreadable answer, {type(error).__name__}") from None
        data = response.data
        return (data if isinstance(data, dict) else {}), response.headers

    def _meaning(self, method: str, error: SlackApiError) -> Exception:
        """Return what an error of the SDK means."""
        response = error.response
        # When the body cannot be read, this is aiohttp's response, which names these otherwise.
        status = int(getattr(response, "status_code", 0) or getattr(response, "status", 0))
        found = getattr(response, "data", None)
        data = found if isinstance(found, dict) else {}
        code = data.get("error")
        if status == 429 or code in SLOW_DOWN:
            return TryLater(_retry_after(response.headers))
        if status >= 500 or not isinstance(code, str) or code in AMBIGUOUS:
            return _lost(method, code if isinstance(code, str) else f"status {status}")
        if code in SHUT_OUT:
            return WorkspaceGone(code, self._probe_every_s)
        return SlackRefused(code, method, detail=_detail(code, data))

    def _check(self) -> None:
        if self._shut_out_by is not None:
            raise WorkspaceGone(self._shut_out_by, max(1.0, self._probe_at - self._clock()))

    def _shut(self, code: str) -> None:
        if self._shut_out_by is None:
            self._since = self._clock()
            _log.error("slack_shuts_us_out", code=code)
        self._shut_out_by = code
        self._probe()

    def _missed(self) -> None:
        self._failures += 1
        if self._failures == SUSPECT_AFTER and self._shut_out_by is None:
            self._since = self._clock()
            _log.error("slack_unreachable", failures=self._failures)
            self._probe()

    def _reached(self) -> None:
        if self.state is not State.READY:
            _log.warning("slack_is_back", after_s=round(self.state_for_s, 1))
            self._since = self._clock()
        self._failures = 0
        self._shut_out_by = None

    def _probe(self) -> None:
        """Ask now and then whether all is well again, in case nobody else calls."""
        self._probe_at = self._clock() + self._probe_every_s
        if self._probing is None or self._probing.done():
            self._probing = asyncio.create_task(self._probe_until_back(), name="slack probe")

    async def _probe_until_back(self) -> None:
        while self.state is not State.READY:
            self._probe_at = self._clock() + self._probe_every_s
            await asyncio.sleep(self._probe_every_s)
            try:
                await self._send("auth.test", {})
            except WorkspaceGone as gone:
                self._shut_out_by = gone.code
            except (SlackRefused, TryLater):
                # Slack speaks to us.
                self._reached()
            except (ChannelError, OutcomeUnknown):
                continue
            else:
                self._reached()


def _form(arguments: Mapping[str, object]) -> dict[str, str]:
    """Return arguments as form fields; Slack reads structures in them as JSON."""
    return {
        name: value if isinstance(value, str) else orjson.dumps(value).decode()
        for name, value in arguments.items()
    }


def _lost(method: str, why: str) -> Exception:
    if method in READS:
        return ChannelError(f"Slack did not answer {method} ({why})")
    return OutcomeUnknown(method, why)


def _detail(code: str, data: Mapping[str, Any]) -> str:
    """Return what else may be said of an error: the permission that is missing, nothing else."""
    needed = data.get("needed")
    return f", needs {needed}" if code == "missing_scope" and isinstance(needed, str) else ""


def _retry_after(headers: Mapping[str, str]) -> float:
    value = headers.get("Retry-After", "")
    # Never "at once", and never so long that only a restart helps.
    seconds = float(value) if value.strip().isdecimal() else RETRY_AFTER_S
    return min(max(seconds, 1.0), LONGEST_PAUSE_S)
