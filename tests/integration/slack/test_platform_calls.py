"""Outbound: each way in which a call of Slack's fails, and what is said of it (A2 4-7, A5, A6)."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from bot.errors import ChannelError
from bot.slack.api import SlackApi, State
from bot.slack.credentials import Credentials
from bot.slack.errors import OutcomeUnknown, SlackRefused, TryLater, WorkspaceGone
from bot.slack.mrkdwn import metadata, plain, rich_text
from tests.fake_slack import faults
from tests.fake_slack.faults import Kind
from tests.unit.bot.slack.cast import ADA, CLEO, DESK, calling, workspace
from tests.unit.bot.slack.memory_inbox import until

if TYPE_CHECKING:
    from tests.fake_slack import FakeSlack

CANARY = "a customer's secret words"


def posts(slack: FakeSlack) -> list[str]:
    return [line.readable for line in slack.transcript(DESK)]


# -- what works ------------------------------------------------------------------------------


async def test_a_message_is_posted_as_it_is_and_nothing_in_it_is_live() -> None:
    async with workspace() as slack, calling(slack) as api:
        text = "<!channel> <@U_CLEO> https://evil.example\nsecond line & more"
        posted = await api.post_message(
            DESK, "A customer wrote", blocks=[rich_text(text)], metadata=metadata("m", {"id": "7"})
        )
        (line,) = slack.transcript(DESK)
        assert (line.ts, line.readable, line.live) == (posted.ts, text, [])
        arguments = slack.calls[-1].arguments
        assert (arguments["unfurl_links"], arguments["unfurl_media"]) == (False, False)
        assert "link_names" not in arguments
        (found,) = await api.history(DESK)
        assert found["metadata"]["event_payload"] == {"id": "7"}


async def test_a_thread_is_posted_read_changed_and_removed() -> None:
    async with workspace() as slack, calling(slack) as api:
        root = await api.post_message(DESK, "root")
        reply = await api.post_message(
            DESK, "reply", thread_ts=root.ts, metadata=metadata("m", {"id": "8"})
        )
        found = await api.replies(DESK, root.ts)
        assert [message["text"] for message in found] == ["root", "reply"]
        assert found[1]["metadata"]["event_payload"] == {"id": "8"}
        later = await api.replies(DESK, root.ts, oldest=reply.ts)
        assert "reply" in [message["text"] for message in later]

        await api.update_message(DESK, root.ts, "changed")
        await api.add_reaction(DESK, root.ts, "eyes")
        await api.add_reaction(DESK, root.ts, "eyes")
        assert posts(slack) == ["changed"]
        assert slack.transcript(DESK)[0].reactions == {"eyes": (slack.bot_user,)}
        assert root.ts.replace(".", "") in await api.permalink(DESK, root.ts)

        await api.post_ephemeral(DESK, CLEO, "for you alone", thread_ts=root.ts)
        assert [line.text for line in slack.ephemerals(CLEO)] == ["for you alone"]
        assert slack.ephemerals(ADA) == []


async def test_people_and_places() -> None:
    async with workspace() as slack, calling(slack) as api:
        ourselves = await api.auth_test()
        assert (ourselves.team, ourselves.user) == (slack.team.id, slack.bot_user)
        assert "chat:write" in ourselves.scopes

        slack.add_user("U_GUEST", guest=True)
        slack.add_user("U_STRANGER", stranger=True)
        cleo, guest, stranger = [
            await api.user_info(user) for user in (CLEO, "U_GUEST", "U_STRANGER")
        ]
        assert (cleo.name, cleo.locale, cleo.is_guest) == ("Cleo", "de-DE", False)
        assert guest.is_guest
        assert stranger.is_stranger or stranger.team != slack.team.id

        assert [place.id for place in await api.user_channels()] == [DESK]
        assert set(await api.members(DESK)) == {CLEO, ADA, slack.bot_user}
        dm = await api.open_dm(ADA)
        posted = await api.post_message(dm, "hello")
        assert posted.channel == dm


async def test_lists_are_read_to_their_end() -> None:
    async with workspace() as slack, calling(slack) as api:
        people = [f"U{number:04d}" for number in range(450)]
        for user in people:
            slack.add_user(user)
        slack.add_channel("C_BIG", members=people)
        assert set(people) <= set(await api.members("C_BIG"))
        assert [call.method for call in slack.calls].count("conversations.members") == 3


# -- what is refused -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "permanent"),
    [
        ("channel_not_found", True),
        ("is_archived", True),
        ("msg_too_long", True),
        ("invalid_blocks", True),
        ("restricted_action", True),
        ("a_code_of_tomorrow", True),
        ("missing_scope", False),
        ("team_added_to_org", False),
    ],
)
async def test_a_refusal_says_why_and_for_how_long(code: str, *, permanent: bool) -> None:
    async with workspace() as slack, calling(slack) as api:
        slack.faults.on_call(faults.error(code), method="chat.postMessage")
        with pytest.raises(SlackRefused) as caught:
            await api.post_message(DESK, CANARY)
        assert (caught.value.code, caught.value.permanent) == (code, permanent)
        assert CANARY not in str(caught.value)
        assert caught.value.__cause__ is None
        assert api.state is State.READY
        await api.post_message(DESK, "on it goes")
        assert posts(slack) == ["on it goes"]


async def test_what_slack_itself_refuses() -> None:
    async with workspace() as slack, calling(slack) as api:
        slack.add_channel("C_OLD", archived=True)
        slack.add_channel("C_ELSE", bot_is_member=False)
        for channel, code in (("C_NONE", "channel_not_found"), ("C_OLD", "is_archived")):
            with pytest.raises(SlackRefused, match=code):
                await api.post_message(channel, "x")
        with pytest.raises(SlackRefused):
            await api.post_message("C_ELSE", "x")
        with pytest.raises(SlackRefused, match="the layout"):
            await api.post_message(DESK, "x", blocks=[{"type": "section"}])
        # The workspace complains of such blocks; here they are meant.
        slack.violations.clear()
        slack.scopes.discard("reactions:write")
        with pytest.raises(SlackRefused, match="needs reactions:write"):
            await api.add_reaction(DESK, "1.2", "eyes")
        modal = {"type": "modal", "title": plain("A title"), "blocks": [rich_text("x")]}
        with pytest.raises(SlackRefused) as caught:
            await api.open_view("1.2.3", modal)
        assert caught.value.code in ("invalid_trigger_id", "expired_trigger_id")


# -- pauses (A2 5) ---------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [faults.ratelimited(1), faults.rate_limited_body()])
async def test_a_pause_is_no_failure_and_holds_the_channel(fault: faults.Fault) -> None:
    async with workspace() as slack, calling(slack, patience_s=0.2) as api:
        slack.add_channel("C_OTHER")
        slack.faults.on_call(fault, method="chat.postMessage", channel=DESK)
        with pytest.raises(TryLater) as caught:
            await api.post_message(DESK, "x")
        assert not isinstance(caught.value, WorkspaceGone)
        assert 1 <= caught.value.retry_after_s <= 30
        calls = len(slack.calls)
        # Nobody asks Slack again meanwhile; others are not concerned.
        with pytest.raises(TryLater):
            await api.post_message(DESK, "x")
        assert len(slack.calls) == calls
        await api.post_message("C_OTHER", "there")
        await api.update_message("C_OTHER", (await api.history("C_OTHER"))[0]["ts"], "now")
        assert api.state is State.READY


async def test_behind_the_pause_it_goes_on() -> None:
    async with workspace() as slack, calling(slack) as api:
        slack.faults.on_call(faults.ratelimited(1), method="chat.postMessage")
        with pytest.raises(TryLater):
            await api.post_message(DESK, "x")
        began = time.monotonic()
        await api.post_message(DESK, "y")
        assert 0.9 < time.monotonic() - began < 2
        assert posts(slack) == ["y"]


async def test_our_own_pace_keeps_slack_from_asking_for_one() -> None:
    async with workspace(rate_limits=True) as slack, calling(slack) as api:
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number in range(6):
                group.create_task(api.post_message(DESK, str(number)))
        assert time.monotonic() - began > 2.5
        assert sorted(posts(slack)) == list("012345")
        assert all(call.outcome == "ok" for call in slack.calls)


# -- what nobody knows (A2 4, 6, 7) ----------------------------------------------------------

DONE = [
    faults.reset_after(),
    faults.hang(processed=True),
    faults.error("internal_error", processed=True),
    faults.error("fatal_error", processed=True),
    faults.status(504, processed=True),
    faults.drip(5.0),
]
NOT_DONE = [
    faults.reset_before(),
    faults.hang(),
    faults.error("internal_error"),
    faults.error("request_timeout"),
    faults.error("service_unavailable"),
    faults.status(500),
    faults.status(502),
    faults.status(503),
    faults.html(),
]


@pytest.mark.parametrize("fault", DONE + NOT_DONE, ids=lambda f: f"{f.kind}-{f.status}-{f.error}")
async def test_an_unclear_end_is_said_to_be_one_and_nothing_is_sent_twice(
    fault: faults.Fault,
) -> None:
    # The SDK's own retries would take a second and a half; there must be none.
    is_silent = fault.kind in (Kind.HANG, Kind.HANG_AFTER, Kind.DRIP)
    within_s = 0.5 if is_silent else 5.0
    async with workspace() as slack, calling(slack, within_s=within_s) as api:
        # A connection that stands, as it does in a service.
        await api.auth_test()
        slack.faults.on_call(fault, method="chat.postMessage")
        with pytest.raises(OutcomeUnknown) as caught:
            await api.post_message(DESK, CANARY)
        assert caught.value.method == "chat.postMessage"
        assert CANARY not in f"{caught.value} {caught.value.__cause__}"
        tried = [call for call in slack.calls if call.method == "chat.postMessage"]
        assert len(tried) <= 1
        # The outbox finds out which it was.
        there = [message["text"] for message in await api.history(DESK)]
        assert there == ([CANARY] if fault in DONE or (fault.kind == "html" and there) else [])


@pytest.mark.parametrize("fault", [faults.reset_after(), faults.status(503), faults.hang()])
async def test_of_reading_nothing_has_to_be_found_out(fault: faults.Fault) -> None:
    async with workspace() as slack, calling(slack, within_s=0.3) as api:
        slack.faults.on_call(fault, method="conversations.history")
        with pytest.raises(ChannelError) as caught:
            await api.history(DESK)
        assert not caught.value.permanent


async def test_what_never_left_was_not_done() -> None:
    async with workspace() as slack:
        gone = Credentials(bot_token="xoxb-1", app_token="xapp-1", api_url=slack.api_url)
    api = await SlackApi.open(gone)
    with pytest.raises(ChannelError, match="not reached") as caught:
        await api.post_message(DESK, "x")
    assert not caught.value.permanent
    await api.close()
    nowhere = await SlackApi.open(
        Credentials(bot_token="xoxb-1", app_token="xapp-1", api_url="http://nowhere.invalid/api/")
    )
    with pytest.raises(ChannelError, match="not reached"):
        await nowhere.post_message(DESK, "x")
    await nowhere.close()


# -- the workspace as a whole ----------------------------------------------------------------


@pytest.mark.parametrize("code", ["invalid_auth", "token_revoked", "account_inactive"])
async def test_shut_out_we_ask_no_more_until_we_are_let_in_again(code: str) -> None:
    async with workspace() as slack, calling(slack, probe_every_s=0.1) as api:
        slack.faults.on_call(faults.error(code), times=None)
        with capture_logs() as logs:
            with pytest.raises(WorkspaceGone, match=code):
                await api.post_message(DESK, "x")
            assert api.state is State.SHUT_OUT
            asked = len(slack.calls)
            for _ in range(20):
                with pytest.raises(WorkspaceGone) as caught:
                    await api.post_message(DESK, "x")
                assert caught.value.retry_after_s >= 1
            assert len(slack.calls) == asked
            await until(lambda: len(slack.calls) > asked + 1)
            assert {call.method for call in slack.calls[asked:]} == {"auth.test"}
            assert api.state is State.SHUT_OUT
            slack.faults.clear()
            await until(lambda: api.state is State.READY)
        await api.post_message(DESK, "back")
        assert posts(slack) == ["back"]
        events = [entry["event"] for entry in logs]
        assert events.count("slack_shuts_us_out") == 1
        assert events.count("slack_is_back") == 1
        assert slack.bot_token not in str(logs)


async def test_a_revoked_token_shuts_us_out() -> None:
    async with workspace() as slack, calling(slack) as api:
        slack.revoke()
        with pytest.raises(WorkspaceGone):
            await api.post_message(DESK, "x")
        assert api.state is State.SHUT_OUT
        assert api.state_for_s >= 0


async def test_a_slack_that_is_down_is_known_to_be_and_noticed_to_be_back() -> None:
    async with workspace() as slack, calling(slack, probe_every_s=0.1) as api:
        slack.down = True
        with capture_logs() as logs:
            for _ in range(3):
                with pytest.raises((ChannelError, OutcomeUnknown)):
                    await api.post_message(DESK, "x")
            assert api.state is State.UNREACHABLE
            slack.down = False
            # Nobody calls; it is noticed all the same.
            await until(lambda: api.state is State.READY)
        assert [entry["event"] for entry in logs] == ["slack_unreachable", "slack_is_back"]


async def test_whoever_waited_while_we_were_shut_out_is_told_so() -> None:
    async with workspace() as slack, calling(slack) as api:
        slack.faults.on_call(faults.error("token_revoked"), method="chat.postMessage", nth=3)
        results = await asyncio.gather(
            *(api.post_message(DESK, str(number)) for number in range(5)), return_exceptions=True
        )
        kinds = [type(result).__name__ for result in results]
        assert kinds == ["Posted", "Posted", *["WorkspaceGone"] * 3]
        assert len(slack.calls) == 3


async def test_closing_leaves_nothing_behind() -> None:
    async with workspace() as slack:
        before = asyncio.all_tasks()
        async with calling(slack, probe_every_s=30) as api:
            slack.revoke()
            with pytest.raises(WorkspaceGone):
                await api.post_message(DESK, "x")
            assert api.waiting == 0
        left = {t for t in asyncio.all_tasks() - before if "slack" in t.get_name()}
        assert left == set()
