from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from slack_bolt.request.async_request import AsyncBoltRequest

from bot.slack import intake as intake_module
from bot.slack.events import Submitted, Suggested
from bot.slack.intake import MOST_REASONS, Intake
from bot.slack.people import Ourselves
from crm_store.errors import Unavailable
from tests.unit.bot.slack import payloads
from tests.unit.bot.slack.memory_inbox import MemoryInbox
from tests.unit.bot.slack.payloads import Payload, changed, event, interaction, said

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slack_bolt.response import BoltResponse

    from bot.slack.intake import Answer

NOW = datetime(2025, 1, 6, 9, tzinfo=UTC)
US = Ourselves(
    team="T1",
    team_name="Desk",
    user="U_BOT",
    bot="B_BOT",
    url="https://desk.slack.com/",
    enterprise=None,
    scopes=frozenset(),
)


class Door:
    def __init__(self, answer: Answer | None = None, ourselves: Ourselves | None = US) -> None:
        self.inbox = MemoryInbox()
        self.woken = 0
        self.intake = Intake(self.inbox, on_news=self.wake, answer=answer, clock=lambda: NOW)
        self.intake.ourselves = ourselves

    def wake(self) -> None:
        # By then it is on disk.
        assert self.inbox.items
        self.woken += 1

    async def send(self, payload: Payload) -> BoltResponse:
        return await self.intake.before_authorize(
            AsyncBoltRequest(body=payload, mode="socket_mode")
        )


async def test_what_is_new_is_stored_before_it_is_acknowledged() -> None:
    door = Door()
    response = await door.send(said("hi"))
    assert (response.status, response.body) == (200, "")
    (item,) = door.inbox.items
    assert (item.source, item.payload["text"], item.received_at) == ("slack", "hi", NOW)
    assert door.woken == 1


async def test_what_comes_again_is_acknowledged_and_stored_once() -> None:
    door = Door()
    for payload in (said(), said(), said(around={"event_id": "Ev2"})):
        assert (await door.send(payload)).status == 200
    assert len(door.inbox.items) == 1
    assert door.intake.counts == {"taken_in": 1, "again": 2}


async def test_without_the_store_nothing_is_acknowledged() -> None:
    door = Door()
    door.inbox.away = True
    with pytest.raises(Unavailable):
        await door.send(said())
    assert door.woken == 0


OWN = [
    said(user="U_BOT"),
    said(user=None, bot_id="B_BOT", subtype="bot_message"),
    said(user="U_ELSE", bot_id="B_ELSE", app_id="A1"),
    said(user="U_ELSE", bot_id="B_ELSE", bot_profile={"app_id": "A1"}),
    changed({"text": "a"}, {"text": "b", "user": "U_BOT", "bot_id": "B_BOT"}),
    event("reaction_added", user="U_BOT", reaction="eyes", item={"channel": "C1", "ts": "1.2"}),
    event("app_mention", user="U_BOT", channel="C1", ts="1.2"),
]


@pytest.mark.parametrize("payload", OWN)
async def test_the_bot_does_not_hear_itself(payload: Payload) -> None:
    known = Door()
    assert (await known.send(payload)).status == 200
    assert known.inbox.items == []
    assert known.intake.counts == {"own": 1}


@pytest.mark.parametrize("payload", [OWN[0], *OWN[2:4], *OWN[5:]])
async def test_nor_before_it_knows_who_it_is(payload: Payload) -> None:
    unknown = Door(ourselves=None)
    await unknown.send(payload)
    assert unknown.intake.counts == {"own": 1}


async def test_the_bot_hears_other_bots_and_that_it_was_invited() -> None:
    door = Door()
    await door.send(said(user="U_OTHER", bot_id="B_OTHER", app_id="A_OTHER"))
    await door.send(
        event("member_joined_channel", around={"event_id": "Ev2"}, user="U_BOT", channel="C1")
    )
    assert door.intake.counts == {"taken_in": 2}


async def test_other_workspaces_are_heard_in_shared_channels_only() -> None:
    door = Door()
    elsewhere: Payload = {
        "team_id": "T2",
        "event_id": "Ev2",
        "authorizations": [{"team_id": "T2", "user_id": "U9"}],
    }
    await door.send(said(team="T2", around=elsewhere))
    assert door.intake.counts == {"foreign": 1}
    await door.send(said(team="T2", around=elsewhere | {"is_ext_shared_channel": True}))
    await door.send(said(team="T2", ts="2.1", around={"event_id": "Ev3"}))
    assert door.intake.counts == {"foreign": 1, "taken_in": 2}
    stranger = payloads.pressed() | {"team": {"id": "T2"}, "user": {"id": "U9", "team_id": "T2"}}
    await door.send(stranger)
    assert door.intake.counts["foreign"] == 2


async def test_what_means_nothing_is_acknowledged_and_counted() -> None:
    door = Door()
    assert (await door.send(event("sparkle_added"))).status == 200
    assert (await door.send(said(ts=None))).status == 200
    assert door.intake.unknown == {"sparkle_added": 1, "message without ts": 1}
    for number in range(100):
        await door.send(event(f"kind_{number}"))
    assert len(door.intake.unknown) == MOST_REASONS + 1
    assert sum(door.intake.unknown.values()) == 102
    assert door.inbox.items == []


async def test_the_challenge_is_given_back() -> None:
    response = await Door().send({"type": "url_verification", "challenge": "3eZ", "token": "x"})
    assert (response.status, json.loads(response.body or "")) == (200, {"challenge": "3eZ"})


async def test_a_dialog_with_faults_stays_open_and_was_not_sent_off() -> None:
    faults: Mapping[str, Any] = {"response_action": "errors", "errors": {"b1": "Too short"}}
    shown: list[Mapping[str, Any] | None] = [faults, {"response_action": "clear"}, None]

    async def answer(event: Submitted | Suggested) -> Mapping[str, Any] | None:
        assert isinstance(event, Submitted)
        return shown.pop(0)

    door = Door(answer)
    bodies = []
    for trigger in "abc":
        payload = interaction("view_submission", view=payloads.view(), trigger_id=trigger)
        bodies.append((await door.send(payload)).body)
    assert json.loads(bodies[0] or "") == faults
    assert json.loads(bodies[1] or "") == {"response_action": "clear"}
    assert bodies[2] == ""
    assert len(door.inbox.items) == 2
    assert door.intake.counts == {"answered": 1, "taken_in": 2}


async def test_a_menu_is_answered_and_never_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = asyncio.Event()

    async def answer(event: Submitted | Suggested) -> Mapping[str, Any] | None:
        assert isinstance(event, Suggested)
        if event.typed == "slow":
            await slow.wait()
        return {"options": [event.typed]} if event.typed else None

    monkeypatch.setattr(intake_module, "ANSWER_WITHIN_S", 0.02)
    door = Door(answer)

    async def ask(typed: str) -> Any:
        payload = interaction("block_suggestion", action_id="who", value=typed)
        return json.loads((await door.send(payload)).body or "")

    assert await ask("Cl") == {"options": ["Cl"]}
    assert await ask("") == {"options": []}
    assert await ask("slow") == {"options": []}
    assert door.inbox.items == []
    without = await Door().send(interaction("block_suggestion", action_id="who"))
    assert json.loads(without.body or "") == {"options": []}
