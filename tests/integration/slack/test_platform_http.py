"""Inbound by HTTP: what gets in, what does not, and when Slack is told (A2 1-3, 14-18, A5)."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import io
import json
import logging
import random
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import aiohttp
import pytest
from structlog.testing import capture_logs

from bot import log
from bot.slack.bolt import bolt_app
from bot.slack.events import Command, Joined, Pressed, Said, Shortcut
from bot.slack.http import MOST_BYTES, EventsDoor
from bot.slack.intake import Intake
from tests.fake_slack import faults
from tests.unit.bot.slack import payloads
from tests.unit.bot.slack.cast import CLEO, DESK, calling, serving, workspace
from tests.unit.bot.slack.memory_inbox import MemoryInbox, until

if TYPE_CHECKING:
    from tests.unit.bot.slack.cast import Listener

CANARY = "canary what a customer wrote"


def signed(
    secret: str, body: bytes, *, at: float | None = None, kind: str = "application/json"
) -> dict[str, str]:
    timestamp = str(int(time.time() if at is None else at))
    base = b"v0:" + timestamp.encode() + b":" + body
    digest = hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()
    return {
        "Content-Type": kind,
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": f"v0={digest}",
    }


async def post(
    listener: Listener, body: bytes, headers: dict[str, str]
) -> tuple[int, str, dict[str, str]]:
    async with (
        aiohttp.ClientSession() as session,
        session.post(listener.url, data=io.BytesIO(body), headers=headers) as response,
    ):
        return response.status, await response.text(), dict(response.headers)


def encoded(payload: dict[str, Any]) -> bytes:
    return json.dumps(payload).encode()


# -- the way in ------------------------------------------------------------------------------


async def test_everything_that_people_do_arrives() -> None:
    async with workspace() as slack, serving(slack) as listener:
        assert slack.http is not None
        assert await slack.http.verify_url()
        await slack.say(DESK, CLEO, "hello <world>")
        button = {"type": "button", "action_id": "take", "value": "7"}
        text = {"type": "plain_text", "text": "Take"}
        block = {"type": "actions", "elements": [button | {"text": text}]}
        posted = await listener.platform.api.post_message(DESK, "card", blocks=[block])
        answer = await slack.press(CLEO, DESK, posted.ts, "take")
        assert answer.ok
        assert (await slack.command(CLEO, DESK, "/frontdesk", "find me")).ok
        assert (await slack.shortcut(CLEO, DESK, posted.ts, "ticket")).ok
        assert (await slack.shortcut(CLEO, None, None, "new")).ok
        slack.add_user("U_NEW")
        await slack.join("U_NEW", DESK)
        await listener.settled()
        kinds = {type(event) for event in listener.seen}
        assert kinds == {Said, Pressed, Command, Shortcut, Joined}
        (said,) = (event for event in listener.seen if isinstance(event, Said))
        assert said.text == "hello &lt;world&gt;"
        (pressed,) = (event for event in listener.seen if isinstance(event, Pressed))
        assert (pressed.user, pressed.value, pressed.ts) == (CLEO, "7", posted.ts)
        assert slack.undelivered == []
        # The bot's own card came back, and was not taken for somebody's words.
        assert listener.platform.intake.counts["own"] == 1


async def test_it_is_on_disk_before_slack_is_told_and_worked_off_behind_that() -> None:
    async with workspace() as slack, serving(slack) as listener:
        free = asyncio.Event()
        listener.platform.worker._handle = lambda _: free.wait()  # type: ignore[assignment,return-value]
        await slack.say(DESK, CLEO, "hello")
        await slack.settled()
        assert slack.undelivered == []
        assert len(listener.inbox.open) == 1
        free.set()
        await listener.settled()


@pytest.mark.parametrize(
    "fault",
    [
        faults.ratelimited(1),
        faults.status(500),
        faults.status(503),
        faults.error("internal_error"),
        faults.error("fatal_error"),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.status}-{fault.error}",
)
async def test_nothing_is_lost_while_slack_does_not_tell_who_we_are(fault: faults.Fault) -> None:
    async with workspace() as slack:
        slack.faults.on_call(fault, method="auth.test", times=None)
        async with serving(slack, introduced=False) as listener:
            await slack.say(DESK, CLEO, "hello")
            await listener.heard("hello")
            assert slack.undelivered == []


async def test_without_the_store_slack_is_told_so_and_sends_it_again() -> None:
    async with workspace() as slack, serving(slack) as listener:
        assert slack.http is not None
        slack.http.ladder = (0.05, 0.05, 0.05)
        listener.inbox.away = True
        await slack.say(DESK, CLEO, "hello")
        await until(lambda: slack.envelopes and slack.envelopes[-1].attempts)
        assert listener.seen == []
        listener.inbox.away = False
        listener.platform.worker.wake()
        await listener.heard("hello")


DELIVERIES = [
    faults.duplicate(),
    faults.duplicate(0.2),
    faults.late(0.2),
    faults.reorder(),
    faults.lost(),
    faults.extra(sparkle=True, user_profile={"x": [1]}, blocks=None),
]


@pytest.mark.parametrize("fault", DELIVERIES, ids=lambda fault: fault.kind)
async def test_each_is_heard_once_and_in_order_however_it_is_delivered(fault: faults.Fault) -> None:
    async with workspace() as slack, serving(slack) as listener:
        assert slack.http is not None
        slack.http.deadline_s = 0.3
        root = await slack.say(DESK, CLEO, "root")
        await listener.heard("root")
        if fault.kind is faults.Kind.LATE:
            fault = faults.late(0.03)
        slack.faults.on_delivery(fault, event="message", nth=2)
        for number in range(5):
            await slack.say(DESK, CLEO, str(number), thread_ts=root)
        await until(lambda: len(listener.texts) == 6)
        await listener.settled()
        expected = ["root", "0", "1", "2", "3", "4"]
        if fault.kind is faults.Kind.LOST:
            # Sent again when its time has run out, behind those that were not lost.
            assert sorted(listener.texts) == sorted(expected)
        else:
            assert listener.texts == expected
        assert slack.undelivered == []


@pytest.mark.parametrize("fault", [faults.unknown_type(), faults.missing("channel", "ts")])
async def test_what_means_nothing_is_acknowledged_and_not_sent_again(fault: faults.Fault) -> None:
    async with workspace() as slack, serving(slack) as listener:
        slack.faults.on_delivery(fault, event="message")
        await slack.say(DESK, CLEO, "one")
        await slack.say(DESK, CLEO, "two")
        await listener.heard("two")
        assert slack.undelivered == []
        assert [len(envelope.attempts) for envelope in slack.envelopes[-2:]] == [1, 1]
        assert sum(listener.platform.intake.unknown.values()) == 1


# -- what does not get in (A2 14-16) ---------------------------------------------------------


def forms() -> list[tuple[str, int, dict[str, str | None], bytes]]:
    good = encoded(payloads.said(CANARY))
    return [
        ("no signature", 401, {"X-Slack-Signature": None}, good),
        ("no timestamp", 401, {"X-Slack-Request-Timestamp": None}, good),
        ("bad signature", 401, {"X-Slack-Signature": "v0=" + "0" * 64}, good),
        ("other version", 401, {"X-Slack-Signature": "v1=" + "0" * 64}, good),
        ("empty signature", 401, {"X-Slack-Signature": ""}, good),
        ("not ascii", 401, {"X-Slack-Signature": "v0=é"}, good),
        ("no number", 401, {"X-Slack-Request-Timestamp": "soon"}, good),
        ("unicode digits", 401, {"X-Slack-Request-Timestamp": "١٢٣٤٥٦٧٨٩٠"}, good),
        ("negative", 401, {"X-Slack-Request-Timestamp": "-5"}, good),
        ("endless", 401, {"X-Slack-Request-Timestamp": "9" * 5000}, good),
        ("not utf-8", 400, {}, b'{"text": "canary \xff\xfe"}'),
        ("no json", 400, {}, b'{"text": "canary'),
        ("no object", 400, {}, b'["canary"]'),
        ("deep", 400, {}, b'{"canary":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
        ("too large", 413, {}, b'{"text": "canary' + b"x" * MOST_BYTES + b'"}'),
    ]


@pytest.mark.usefixtures("_logging_as_before")
async def test_what_slack_would_not_send_is_turned_away_and_never_written_down() -> None:
    out = io.StringIO()
    log.configure(level="DEBUG", stream=out)
    async with workspace() as slack, serving(slack) as listener:
        for name, status, changes, body in forms():
            headers: dict[str, str | None] = dict(signed(slack.signing_secret, body))
            headers |= changes
            kept = {key: value for key, value in headers.items() if value is not None}
            found, text, _ = await post(listener, body, kept)
            assert (name, found) == (name, status)
            assert "canary" not in text
        assert listener.inbox.items == []
        assert listener.platform.door is not None
        assert listener.platform.door.refused == len(forms())
    assert "canary" not in out.getvalue()
    logging.getLogger("slack_sdk").setLevel(logging.NOTSET)


async def test_a_form_that_is_no_json_and_a_large_body_that_is_good() -> None:
    async with workspace() as slack, serving(slack) as listener:
        secret = slack.signing_secret
        team = {"team": {"id": slack.team.id}, "team_id": slack.team.id}
        body = urlencode({"payload": json.dumps(payloads.pressed() | team)}).encode()
        form = "application/x-www-form-urlencoded"
        assert (await post(listener, body, signed(secret, body, kind=form)))[0] == 200
        nothing = urlencode({"payload": "{not json"}).encode()
        assert (await post(listener, nothing, signed(secret, nothing, kind=form)))[0] == 400
        # The chat's own limit of 64 KiB is not Slack's.
        large = encoded(payloads.said("x" * 200_000) | team)
        assert (await post(listener, large, signed(secret, large)))[0] == 200
        assert len(listener.inbox.items) == 2


async def test_a_body_that_does_not_say_how_long_it_is() -> None:
    async with workspace() as slack, serving(slack) as listener:

        async def endless() -> Any:
            for _ in range(40):
                yield b"x" * 65_536

        headers = signed(slack.signing_secret, b"")
        async with aiohttp.ClientSession() as session:
            try:
                async with session.post(listener.url, data=endless(), headers=headers) as response:
                    assert response.status == 413
            except aiohttp.ClientError:
                pass
        assert listener.inbox.items == []


@pytest.mark.parametrize("drift_s", [-600, 600])
async def test_a_wrong_clock_refuses_and_says_that_it_may_be_the_clock(drift_s: int) -> None:
    async with workspace() as slack, serving(slack) as listener:
        body = encoded(payloads.said(CANARY))
        with capture_logs() as logs:
            for _ in range(5):
                headers = signed(slack.signing_secret, body, at=time.time() + drift_s)
                assert (await post(listener, body, headers))[0] == 401
        (hint,) = (entry for entry in logs if entry["event"] == "slack_clock_differs")
        assert "check this clock" in hint["reason"]
        assert abs(abs(hint["drift_s"]) - 600) < 5
        # Within the window it is no more than a hint.
        headers = signed(slack.signing_secret, body, at=time.time() - 200)
        assert (await post(listener, body, headers))[0] == 200


async def test_a_slow_sender_does_not_hold_the_door(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.slack.http.READ_WITHIN_S", 0.1)
    async with workspace() as slack, serving(slack) as listener:
        port = int(listener.url.rsplit(":", 1)[1].partition("/")[0])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = "".join(f"{k}: {v}\r\n" for k, v in signed(slack.signing_secret, b"{}").items())
        first = "POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n"
        writer.write(f"{first}{head}\r\n{{".encode())
        status = await asyncio.wait_for(reader.readline(), 2)
        assert b" 408 " in status
        writer.transport.abort()


async def test_a_check_of_the_certificate_gets_in_unsigned_and_does_nothing() -> None:
    async with workspace() as slack, serving(slack) as listener:
        body = b"ssl_check=1&token=x"
        form = "application/x-www-form-urlencoded"
        assert (await post(listener, body, signed(slack.signing_secret, body, kind=form)))[0] == 200
        assert listener.inbox.items == []


async def test_with_an_empty_secret_nobody_gets_in() -> None:
    async with workspace() as slack, calling(slack) as api:
        app = bolt_app(api.client, Intake(MemoryInbox(), on_news=lambda: None), "")
        with pytest.raises(ValueError, match="empty"):
            EventsDoor(app, "")


def _lacking(payload: Any, dice: random.Random) -> Any:
    """A payload from which something is missing, or in which something is of another kind."""
    if isinstance(payload, dict):
        keys = list(payload)
        odd = dice.choice(keys) if keys and dice.random() < 0.3 else None
        found = {k: _lacking(v, dice) for k, v in payload.items()}
        if odd is not None:
            if dice.random() < 0.5:
                del found[odd]
            else:
                found[odd] = dice.choice([None, 7, "x", "half \ud800", [], {}, [None], {"a": 1}])
        return found
    if isinstance(payload, list):
        return [_lacking(each, dice) for each in payload]
    return payload


async def test_signed_payloads_that_lack_something_are_no_fault_of_ours() -> None:
    dice = random.Random(4)  # noqa: S311  # chance that can be repeated
    samples = [
        payloads.said("hi"),
        payloads.changed({"text": "a"}, {"text": "b"}),
        payloads.pressed(action_id="take", value="1"),
        payloads.interaction("view_submission", view=payloads.view()),
        payloads.interaction("message_action", callback_id="create_ticket"),
    ]
    async with workspace() as slack, serving(slack) as listener:
        for _ in range(300):
            sample = dice.choice(samples)
            odd = _lacking(sample, dice)
            kind = "application/json"
            body = encoded(odd)
            if sample.get("type") != "event_callback":
                kind = "application/x-www-form-urlencoded"
                body = urlencode({"payload": json.dumps(odd)}).encode()
            status, _, _ = await post(listener, body, signed(slack.signing_secret, body, kind=kind))
            assert status in (200, 400), odd


async def test_half_an_emoji_is_kept_as_a_mark() -> None:
    async with workspace() as slack, serving(slack) as listener:
        team = slack.workspace.team.id
        told = payloads.said("half \ud800 of it", team=team, around={"team_id": team})
        body = encoded(told)
        status, _, _ = await post(listener, body, signed(slack.signing_secret, body))
        assert status == 200
        await listener.settled()
        assert [event.text for event in listener.seen] == ["half \ufffd of it"]
