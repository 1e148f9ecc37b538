from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.events import (
    Closed,
    Command,
    Deleted,
    Edited,
    File,
    HomeOpened,
    Joined,
    Mentioned,
    Pressed,
    Reacted,
    Said,
    Shortcut,
    Submitted,
    Suggested,
    Unknown,
    kept,
    restored,
)
from bot.slack.normalise import normalise
from tests.unit.bot.slack import payloads
from tests.unit.bot.slack.payloads import Payload, changed, event, interaction, said

FILE = {
    "id": "F1",
    "name": "photo.png",
    "mimetype": "image/png",
    "size": 12,
    "url_private": "https://files.slack.com/files-pri/T1-F1/photo.png",
    "url_private_download": "https://files.slack.com/files-pri/T1-F1/download/photo.png",
    "thumb_64": "https://files.slack.com/canary.png",
}


def test_a_message() -> None:
    assert normalise(said("hi")) == Said(
        team="T1",
        user="U1",
        user_team="T1",
        channel="C1",
        channel_type="channel",
        ts="1700000000.000100",
        text="hi",
    )


def test_a_reply_with_a_file_from_a_shared_channel() -> None:
    found = normalise(
        said(
            subtype="file_share",
            thread_ts="1600000000.000100",
            user_team="T_OTHER",
            files=[FILE, {"id": "F2", "mode": "tombstone"}, "nonsense", {"name": "no id"}],
            around={"is_ext_shared_channel": True},
        )
    )
    assert isinstance(found, Said)
    assert found.thread_ts == "1600000000.000100"
    assert (found.user_team, found.is_ext_shared) == ("T_OTHER", True)
    assert found.files == (
        File(
            id="F1",
            name="photo.png",
            mimetype="image/png",
            size=12,
            url="https://files.slack.com/files-pri/T1-F1/download/photo.png",
        ),
        File(id="F2", name="", mimetype="application/octet-stream", size=0, url=None),
    )


def test_a_threads_first_message_is_no_reply() -> None:
    found = normalise(said(thread_ts="1700000000.000100"))
    assert isinstance(found, Said)
    assert found.thread_ts is None


def test_what_was_forwarded_is_kept() -> None:
    found = normalise(
        said("", attachments=[{"is_share": True, "text": "the words"}, {"text": "a preview"}])
    )
    assert isinstance(found, Said)
    assert found.forwarded == ("the words",)


def test_other_bots_are_told_apart() -> None:
    found = normalise(said(subtype="bot_message", user=None, bot_id="B9"))
    assert isinstance(found, Said)
    assert (found.is_bot, found.bot_id, found.user) == (True, "B9", None)


def test_an_edit() -> None:
    found = normalise(
        changed(
            {"text": "old"},
            {"text": "new", "edited": {"user": "U1", "ts": "1700000009.000000"}},
        )
    )
    assert found == Edited(
        team="T1",
        user="U1",
        user_team="T1",
        channel="C1",
        channel_type="channel",
        ts="1700000000.000100",
        text="new",
        at="1700000009.000000",
    )


def test_what_slack_itself_changes_in_a_message_is_no_edit() -> None:
    unfurled = changed({"text": "x"}, {"text": "x", "attachments": [{"id": 1}]})
    edited = {"text": "x", "edited": {"user": "U1", "ts": "1700000005.000000"}}
    counted = changed(edited, edited | {"reply_count": 2})
    assert normalise(unfurled) == normalise(counted) == Unknown(reason="message_changed by slack")


def test_a_deletion_with_and_without_replies() -> None:
    plain = event(
        "message",
        subtype="message_deleted",
        channel="C1",
        ts="1700000009.000900",
        event_ts="1700000009.000900",
        deleted_ts="1700000000.000100",
        previous_message={"user": "U1", "ts": "1700000000.000100", "thread_ts": "1.2"},
    )
    assert normalise(plain) == Deleted(
        team="T1",
        user="U1",
        channel="C1",
        ts="1700000000.000100",
        thread_ts="1.2",
        at="1700000009.000900",
    )
    stone = normalise(changed({"text": "x"}, {"subtype": "tombstone", "text": "deleted"}))
    assert isinstance(stone, Deleted)
    assert (stone.ts, stone.user) == ("1700000000.000100", "U1")


def test_other_events() -> None:
    item = {"type": "message", "channel": "C1", "ts": "1.2"}
    reaction: Payload = {"user": "U1", "reaction": "eyes", "item": item, "item_user": "U2"}
    added = normalise(event("reaction_added", **reaction))
    removed = normalise(event("reaction_removed", **reaction))
    assert isinstance(added, Reacted)
    assert isinstance(removed, Reacted)
    assert (added.added, removed.added, added.name) == (True, False, "eyes")
    on_file = reaction | {"item": {"type": "file", "file": "F1"}}
    assert isinstance(normalise(event("reaction_added", **on_file)), Unknown)

    mentioned = normalise(event("app_mention", user="U1", channel="C1", ts="1.2", text="<@U_BOT>"))
    assert isinstance(mentioned, Mentioned)

    home = normalise(
        event(
            "app_home_opened", user="U1", channel="D1", tab="home", view=payloads.view(type="home")
        )
    )
    assert isinstance(home, HomeOpened)
    assert home.view is not None
    assert home.view.hash == "1.abc"

    joined = normalise(event("member_joined_channel", user="U_BOT", channel="C1", inviter="U1"))
    assert isinstance(joined, Joined)
    assert joined.inviter == "U1"


def test_a_button() -> None:
    assert normalise(payloads.pressed()) == Pressed(
        team="T1",
        user="U1",
        user_team="T1",
        user_name="cleo",
        action_id="take",
        block_id="b1",
        value="1042",
        channel="C1",
        ts="1700000001.000200",
        thread_ts="1700000000.000100",
        trigger_id="13345224609.738474920.8088930838d88f008e0",
        response_url="https://hooks.slack.com/actions/T1/1/x",
        at="1700000002.000300",
    )


def test_menus_and_buttons_in_dialogs() -> None:
    menu = normalise(
        payloads.pressed(type="static_select", value=None, selected_option={"value": "orders"})
    )
    assert isinstance(menu, Pressed)
    assert (menu.value, menu.selected) == (None, "orders")
    several = normalise(
        payloads.pressed(type="multi_static_select", selected_options=[{"value": "a"}])
    )
    assert isinstance(several, Pressed)
    assert several.selected == ("a",)
    inside = normalise(
        interaction(
            "block_actions",
            container={"type": "view", "view_id": "V1"},
            view=payloads.view(),
            actions=[{"type": "button", "action_id": "more", "action_ts": "1.2"}],
        )
    )
    assert isinstance(inside, Pressed)
    assert inside.view is not None
    assert (inside.channel, inside.view.values["note"]) == (None, "hello")


def test_a_dialogs_fields() -> None:
    found = normalise(interaction("view_submission", view=payloads.view()))
    assert isinstance(found, Submitted)
    assert found.view.values == {
        "note": "hello",
        "empty": None,
        "queue": "orders",
        "tags": ("a", "b"),
        "none": (),
        "who": "U2",
        "whom": ("U2", "U3"),
        "on": "2025-01-06",
        "until": "1700000000",
        "files": ("F1", "F2"),
        "rich": "Hello <@U2>:wave:\nhttps://a.example",
    }
    assert (found.view.callback_id, found.view.private_metadata) == ("reply", "T-1042")
    closed = normalise(interaction("view_closed", view=payloads.view(), is_cleared=True))
    assert isinstance(closed, Closed)
    assert closed.is_cleared


def test_shortcuts_commands_and_menus_that_ask() -> None:
    anywhere = normalise(interaction("shortcut", callback_id="new", action_ts="1.2"))
    on_message = normalise(
        interaction(
            "message_action",
            callback_id="ticket",
            action_ts="1.2",
            message_ts="1700000001.000200",
            channel={"id": "C1"},
            message={"ts": "1700000001.000200", "thread_ts": "1.1", "text": "help", "user": "U2"},
        )
    )
    assert isinstance(anywhere, Shortcut)
    assert anywhere.ts is None
    assert isinstance(on_message, Shortcut)
    assert (on_message.ts, on_message.thread_ts) == ("1700000001.000200", "1.1")
    assert (on_message.text, on_message.message_user) == ("help", "U2")

    assert normalise(payloads.command()) == Command(
        team="T1",
        user="U1",
        user_name="cleo",
        channel="C1",
        command="/frontdesk",
        text="find 1042",
        trigger_id="1.2.3",
        response_url="https://hooks.slack.com/commands/T1/1/x",
    )
    asked = normalise(
        interaction(
            "block_suggestion", action_id="who", block_id="b", value="Cl", view=payloads.view()
        )
    )
    assert isinstance(asked, Suggested)
    assert asked.typed == "Cl"


def test_a_company_instead_of_a_workspace() -> None:
    found = normalise(
        interaction(
            "view_submission",
            team=None,
            user={"id": "U1"},
            enterprise={"id": "E1"},
            view=payloads.view(team_id=None),
        )
    )
    assert isinstance(found, Submitted)
    assert found.team == "E1"


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ({}, "nothing"),
        ({"type": "event_callback"}, "event"),
        (event("sparkle_added"), "sparkle_added"),
        (event("A name\nfrom nowhere"), "something new"),
        (said(subtype="channel_join"), "message channel_join"),
        (said(channel=None), "message without channel"),
        (said(ts=None), "message without ts"),
        (said(around={"team_id": None}), "message without enterprise.id"),
        (changed({}, {"ts": None, "text": "x"}), "message without ts"),
        (event("reaction_added", user="U1"), "reaction_added without item.channel"),
        (interaction("block_actions", actions=[]), "block_actions without action_id"),
        (interaction("view_submission"), "view_submission without view.id"),
        (interaction("view_closed", view=None), "view_closed without view.id"),
        (interaction("message_action", callback_id="x"), "message_action without message_ts"),
        (interaction("shortcut", user={}), "shortcut without user.id"),
        (interaction("workflow_step_edit"), "workflow_step_edit"),
        (payloads.command(user_id=""), "command without user_id"),
    ],
)
def test_what_cannot_be_used_is_unknown_with_a_reason(payload: Payload, reason: str) -> None:
    assert normalise(payload) == Unknown(reason=reason)


EVERYTHING = [
    said("hi", files=[FILE], attachments=[{"is_share": True, "text": "x"}], thread_ts="1.2"),
    changed({"text": "a"}, {"text": "b"}),
    event("reaction_added", user="U1", reaction="x", item={"channel": "C1", "ts": "1.2"}),
    payloads.pressed(),
    interaction("view_submission", view=payloads.view()),
    interaction("message_action", callback_id="x", message_ts="1.2", message={"ts": "1.2"}),
    payloads.command(),
]


@pytest.mark.parametrize("payload", EVERYTHING, ids=lambda payload: str(payload.get("type")))
def test_only_what_is_used_is_kept_and_it_comes_back_whole(payload: Payload) -> None:
    found = normalise(payload)
    stored = json.dumps(msgspec.to_builtins(kept(found)))
    assert "canary" not in stored
    assert restored(json.loads(stored)) == found


def test_what_another_release_kept_is_unknown() -> None:
    assert restored({"type": "said", "team": 5}) == Unknown(reason="unreadable")
    assert restored({"type": "from the future"}) == Unknown(reason="unreadable")
    # A field that is new since then has its default.
    older = restored({"type": "said", "team": "T", "user": "U", "channel": "C", "ts": "1.2"})
    assert isinstance(older, Said)


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@st.composite
def damaged(draw: st.DrawFn) -> Payload:
    """A payload in which something is missing, or is something else."""
    payload = json.loads(json.dumps(draw(st.sampled_from(EVERYTHING))))
    for _ in range(draw(st.integers(1, 4))):
        where: Any = payload
        while True:
            key = (
                draw(st.sampled_from(sorted(where))) if isinstance(where, dict) and where else None
            )
            if key is None:
                break
            if isinstance(where[key], dict) and where[key] and draw(st.booleans()):
                where = where[key]
                continue
            if draw(st.booleans()):
                del where[key]
            else:
                where[key] = draw(junk)
            break
    return payload  # type: ignore[no-any-return]


@given(damaged())
def test_no_payload_makes_it_fail(payload: Payload) -> None:
    found = normalise(payload)
    assert restored(json.loads(json.dumps(kept(found)))) == found


@given(st.dictionaries(st.text(max_size=8), junk))
def test_no_junk_makes_it_fail(payload: Payload) -> None:
    normalise(payload)
