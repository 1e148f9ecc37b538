from __future__ import annotations

from bot.channels import TryLater
from bot.errors import ChannelError
from bot.slack.errors import REASONS, OutcomeUnknown, SlackRefused, WorkspaceGone


def test_each_kind_tells_delivery_what_to_do() -> None:
    refused = SlackRefused("is_archived", "chat.postMessage")
    assert isinstance(refused, ChannelError)
    assert refused.permanent
    assert str(refused) == "the channel is archived (chat.postMessage: is_archived)"
    assert (refused.code, refused.method) == ("is_archived", "chat.postMessage")

    # Mended by an admin: what waits for it is kept.
    mendable = SlackRefused("missing_scope", "reactions.add", detail=", needs reactions:write")
    assert not mendable.permanent
    assert "needs reactions:write" in str(mendable)

    gone = WorkspaceGone("token_revoked", 30)
    assert isinstance(gone, TryLater)
    assert gone.retry_after_s == 30
    assert "token_revoked" in str(gone)

    unknown = OutcomeUnknown("chat.postMessage", "TimeoutError")
    assert not isinstance(unknown, ChannelError)
    assert "nobody knows" in str(unknown)


def test_a_code_that_nobody_put_into_words() -> None:
    assert str(SlackRefused("new_code", "x.y")) == "Slack refused (x.y: new_code)"
    assert all(not reason.endswith(".") for reason in REASONS.values())
