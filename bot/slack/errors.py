"""What can go wrong with a call to Slack; the kind says whether Slack did it.

ChannelError               not done; `permanent` says whether to try again
├── SlackRefused           Slack said no, and said why (`code`)
└── TryLater               not done; a pause was asked for, which is no failure
    └── WorkspaceGone      the workspace takes nothing from us until an admin acts
BotError
└── OutcomeUnknown         it may have been done: look before doing it again
"""

from __future__ import annotations

from bot.channels import TryLater
from bot.errors import BotError, ChannelError

__all__ = ["OutcomeUnknown", "SlackRefused", "TryLater", "WorkspaceGone"]

REASONS = {
    "channel_not_found": "the channel does not exist, or the bot cannot see it",
    "not_in_channel": "the bot is not in the channel; invite it",
    "is_archived": "the channel is archived",
    "msg_too_long": "the message is too long",
    "no_text": "the message is empty",
    "invalid_blocks": "Slack does not accept the layout of the message",
    "invalid_blocks_format": "Slack does not accept the layout of the message",
    "restricted_action": "the workspace's settings forbid the bot to do this",
    "message_not_found": "the message is no longer there",
    "thread_not_found": "the thread is no longer there",
    "cant_update_message": "the message is not the bot's",
    "cant_delete_message": "the message is not the bot's",
    "edit_window_closed": "the message may no longer be changed",
    "user_not_found": "the person does not exist, or the bot cannot see them",
    "user_not_in_channel": "the person is not in the channel",
    "cannot_dm_bot": "bots cannot be written to",
    "expired_trigger_id": "the dialog was opened too late",
    "trigger_exchanged": "the dialog was opened already",
    "hash_conflict": "the dialog was changed by something newer",
    "not_found": "the dialog is no longer open",
    "missing_scope": "the app lacks a permission; install it again with the current manifest",
    "file_not_found": "the file is no longer there",
    "file_too_large": "the file is too large",
    "not_slacks": "the file does not lie with Slack",
    "team_added_to_org": "the workspace is being moved",
}
"""The codes that people may get to see, in words. Slack has hundreds more."""

MENDABLE = frozenset({"missing_scope", "team_added_to_org"})
"""An admin, or time, will mend these; what waits for it is not thrown away."""


class SlackRefused(ChannelError):  # noqa: N818  # an answer
    """Slack said no."""

    def __init__(self, code: str, method: str, *, detail: str = "") -> None:
        reason = REASONS.get(code, "Slack refused")
        super().__init__(f"{reason} ({method}: {code}{detail})", permanent=code not in MENDABLE)
        self.code = code
        """Slack's own word for it."""
        self.method = method


class WorkspaceGone(TryLater):
    """The workspace refuses our token; nothing is sent until a probe of it succeeds."""

    def __init__(self, code: str, retry_after_s: float) -> None:
        super().__init__(retry_after_s)
        self.args = (f"the workspace does not accept the bot's token ({code})",)
        self.code = code


class OutcomeUnknown(BotError):  # noqa: N818  # nobody knows that it is one
    """The call may have been carried out."""

    def __init__(self, method: str, why: str) -> None:
        super().__init__(f"nobody knows whether {method} was done: {why}")
        self.method = method
        self.why = why
        """An exception's name, Slack's code or an HTTP status; never a body."""
