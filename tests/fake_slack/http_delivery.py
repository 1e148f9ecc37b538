"""Delivery over HTTP: signed requests, three seconds each, and the ladder of retries."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import aiohttp

from tests.fake_slack.delivery import COMMANDS, EVENTS, Envelope, Outcome
from tests.fake_slack.events import VERIFICATION_TOKEN
from tests.fake_slack.faults import Kind

if TYPE_CHECKING:
    from tests.fake_slack.clock import Clock

Json = dict[str, Any]

JSON_TYPE = "application/json"
FORM_TYPE = "application/x-www-form-urlencoded"


class HttpDelivery:
    """Posts every envelope to the app's request URLs."""

    def __init__(
        self,
        clock: Clock,
        secret: str,
        events_url: str,
        interactive_url: str | None = None,
        commands_url: str | None = None,
    ) -> None:
        self._clock = clock
        self._secret = secret
        self._urls = {EVENTS: events_url, COMMANDS: commands_url or events_url}
        self._interactive_url = interactive_url or events_url
        self._session: aiohttp.ClientSession | None = None
        self.deadline_s = 3.0
        self.ladder: tuple[float, ...] = (0.0, 60.0, 300.0)

    async def close(self) -> None:
        """Close the connections to the app."""
        if self._session is not None:
            await self._session.close()

    async def ready(self) -> bool:
        """Return that nobody waited: a request URL is always there to be tried."""
        return False

    def signed(self, body: bytes, content_type: str = JSON_TYPE) -> dict[str, str]:
        """Return the headers of a request with this body, as Slack signs it now."""
        timestamp = str(int(self._clock.now()))
        base = b"v0:" + timestamp.encode() + b":" + body
        digest = hmac.new(self._secret.encode(), base, hashlib.sha256).hexdigest()
        return {
            "Content-Type": content_type,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": f"v0={digest}",
        }

    async def verify_url(self) -> bool:
        """Send the challenge that Slack sends when a request URL is entered."""
        asked: Json = {
            "token": VERIFICATION_TOKEN,
            "challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P",
            "type": "url_verification",
        }
        body = json.dumps(asked).encode()
        async with self._open().post(
            self._urls[EVENTS], data=body, headers=self.signed(body), timeout=self._timeout()
        ) as response:
            text = await response.text()
        return response.status == 200 and asked["challenge"] in text

    async def attempt(
        self, envelope: Envelope, number: int, reason: str | None, faults: frozenset[Kind]
    ) -> Outcome:
        """Post an envelope once."""
        if Kind.LOST in faults:
            return Outcome(False, "http_timeout")
        posts = [self._post(envelope, number, reason)]
        if Kind.ELSEWHERE in faults:
            posts.append(self._post(envelope, number, reason))
        outcomes = await asyncio.gather(*posts)
        if Kind.CUT in faults:
            return Outcome(False, "http_timeout")
        return outcomes[0]

    async def _post(self, envelope: Envelope, number: int, reason: str | None) -> Outcome:
        url, body, content_type = self._request(envelope)
        headers = self.signed(body, content_type)
        if number:
            headers["X-Slack-Retry-Num"] = str(number)
            headers["X-Slack-Retry-Reason"] = reason or "unknown_error"
        try:
            async with self._open().post(
                url, data=body, headers=headers, timeout=self._timeout(), max_redirects=2
            ) as response:
                answer = await _read(response)
                status = response.status
                refused = response.headers.get("X-Slack-No-Retry") == "1"
        except TimeoutError:
            return Outcome(False, "http_timeout")
        except aiohttp.TooManyRedirects:
            return Outcome(False, "too_many_redirects")
        except aiohttp.ClientSSLError:
            return Outcome(False, "ssl_error")
        except (aiohttp.ClientConnectionError, OSError):
            return Outcome(False, "connection_failed")
        except aiohttp.ClientError:
            return Outcome(False, "unknown_error")
        if status // 100 == 2:
            return Outcome(True, "ok", answer, status=status)
        return Outcome(False, "http_error", answer, refused, status=status)

    def _request(self, envelope: Envelope) -> tuple[str, bytes, str]:
        if envelope.kind == EVENTS:
            return self._urls[EVENTS], json.dumps(envelope.payload).encode(), JSON_TYPE
        if envelope.kind == COMMANDS:
            return self._urls[COMMANDS], urlencode(envelope.payload).encode(), FORM_TYPE
        form = urlencode({"payload": json.dumps(envelope.payload)})
        return self._interactive_url, form.encode(), FORM_TYPE

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            # A connection for each request: none that an app which restarted has long dropped.
            connector = aiohttp.TCPConnector(force_close=True)
            self._session = aiohttp.ClientSession(connector=connector)
        return self._session

    def _timeout(self) -> aiohttp.ClientTimeout:
        return aiohttp.ClientTimeout(total=self.deadline_s)


async def _read(response: aiohttp.ClientResponse) -> Any:
    """Return the body as JSON where it is JSON, else as text, else None."""
    text = await response.text(errors="replace")
    try:
        return json.loads(text)
    except ValueError:
        return text or None
