"""Payloads in the form in which Slack sends them, cut down to what tells them apart."""

from __future__ import annotations

from typing import Any

Payload = dict[str, Any]


def event(kind: str, *, around: Payload | None = None, **fields: Any) -> Payload:
    """Return an `event_callback`; `around` goes beside the event."""
    return {
        "token": "verification-token-canary",
        "team_id": "T1",
        "api_app_id": "A1",
        "type": "event_callback",
        "event_id": "Ev1",
        "event_time": 1700000000,
        "event_context": "4-canary",
        "authorizations": [{"team_id": "T1", "user_id": "U_BOT", "is_bot": True}],
        "is_ext_shared_channel": False,
        "event": {"type": kind, "event_ts": "1700000000.000100", **fields},
        **(around or {}),
    }


def said(text: str = "hello", **fields: Any) -> Payload:
    """Return the event of a message."""
    around = fields.pop("around", None)
    return event(
        "message",
        around=around,
        **{
            "user": "U1",
            "team": "T1",
            "channel": "C1",
            "channel_type": "channel",
            "ts": "1700000000.000100",
            "text": text,
            "blocks": [{"type": "rich_text", "elements": [], "block_id": "canary-block"}],
            "client_msg_id": "canary-uuid",
        }
        | fields,
    )


def changed(before: Payload, after: Payload) -> Payload:
    """Return the event of a message that is no longer what it was."""
    message = {"type": "message", "user": "U1", "team": "T1", "ts": "1700000000.000100"}
    return event(
        "message",
        subtype="message_changed",
        hidden=True,
        channel="C1",
        channel_type="channel",
        ts="1700000009.000900",
        event_ts="1700000009.000900",
        message=message | after,
        previous_message=message | before,
    )


def interaction(kind: str, **fields: Any) -> Payload:
    """Return an interaction."""
    return {
        "type": kind,
        "token": "verification-token-canary",
        "team": {"id": "T1", "domain": "desk"},
        "user": {"id": "U1", "username": "cleo", "name": "cleo", "team_id": "T1"},
        "api_app_id": "A1",
        "trigger_id": "13345224609.738474920.8088930838d88f008e0",
        "enterprise": None,
        "is_enterprise_install": False,
        **fields,
    }


def pressed(**action: Any) -> Payload:
    """Return the press of a button on a message."""
    return interaction(
        "block_actions",
        container={
            "type": "message",
            "message_ts": "1700000001.000200",
            "channel_id": "C1",
            "thread_ts": "1700000000.000100",
            "is_ephemeral": False,
        },
        channel={"id": "C1", "name": "desk"},
        message={"type": "message", "ts": "1700000001.000200", "text": "body-canary"},
        state={"values": {}},
        response_url="https://hooks.slack.com/actions/T1/1/x",
        actions=[
            {
                "type": "button",
                "action_id": "take",
                "block_id": "b1",
                "text": {"type": "plain_text", "text": "Take"},
                "value": "1042",
                "action_ts": "1700000002.000300",
            }
            | action
        ],
    )


def view(**fields: Any) -> Payload:
    """Return a dialog with all kinds of fields."""
    values = {
        "b1": {"note": {"type": "plain_text_input", "value": "hello"}},
        "b2": {"empty": {"type": "plain_text_input", "value": None}},
        "b3": {
            "queue": {
                "type": "static_select",
                "selected_option": {"text": {"type": "plain_text", "text": "Q"}, "value": "orders"},
            }
        },
        "b4": {
            "tags": {
                "type": "multi_static_select",
                "selected_options": [{"value": "a"}, {"value": "b"}],
            }
        },
        "b5": {"none": {"type": "checkboxes", "selected_options": []}},
        "b6": {"who": {"type": "users_select", "selected_user": "U2"}},
        "b7": {"whom": {"type": "multi_users_select", "selected_users": ["U2", "U3"]}},
        "b8": {"on": {"type": "datepicker", "selected_date": "2025-01-06"}},
        "b9": {"until": {"type": "datetimepicker", "selected_date_time": 1700000000}},
        "b10": {"files": {"type": "file_input", "files": [{"id": "F1"}, {"id": "F2"}]}},
        "b11": {
            "rich": {
                "type": "rich_text_input",
                "rich_text_value": {
                    "type": "rich_text",
                    "elements": [
                        {
                            "type": "rich_text_section",
                            "elements": [
                                {"type": "text", "text": "Hello "},
                                {"type": "user", "user_id": "U2"},
                                {"type": "emoji", "name": "wave"},
                            ],
                        },
                        {
                            "type": "rich_text_list",
                            "elements": [
                                {
                                    "type": "rich_text_section",
                                    "elements": [{"type": "link", "url": "https://a.example"}],
                                }
                            ],
                        },
                    ],
                },
            }
        },
        "b12": {"note": {"type": "plain_text_input", "value": "the second of that name"}},
    }
    return {
        "id": "V1",
        "team_id": "T1",
        "type": "modal",
        "hash": "1.abc",
        "callback_id": "reply",
        "private_metadata": "T-1042",
        "external_id": "",
        "root_view_id": "V1",
        "blocks": ["canary-block"],
        "state": {"values": values},
        **fields,
    }


def command(**fields: Any) -> Payload:
    """Return a slash command."""
    return {
        "token": "verification-token-canary",
        "team_id": "T1",
        "team_domain": "desk",
        "channel_id": "C1",
        "channel_name": "desk",
        "user_id": "U1",
        "user_name": "cleo",
        "command": "/frontdesk",
        "text": "find 1042",
        "api_app_id": "A1",
        "is_enterprise_install": "false",
        "response_url": "https://hooks.slack.com/commands/T1/1/x",
        "trigger_id": "1.2.3",
        **fields,
    }
