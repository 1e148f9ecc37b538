from __future__ import annotations

import pytest

from bot.errors import BotError
from bot.slack.credentials import SLACKS_OWN, Credentials, credentials

BOT, APP, SECRET = "xoxb-1-canary", "xapp-1-canary", "0123456789abcdef-canary"


def read(**variables: str) -> Credentials | None:
    return credentials(variables.get)


def test_without_anything_there_is_no_slack() -> None:
    assert read() is None
    assert read(SLACK_BOT_TOKEN="", SLACK_APP_TOKEN="") is None
    assert read(SLACK_API_URL="https://slack.example/api") is None


def test_an_app_token_means_sockets_and_a_secret_means_http() -> None:
    sockets = read(SLACK_BOT_TOKEN=BOT, SLACK_APP_TOKEN=APP)
    http = read(SLACK_BOT_TOKEN=BOT, SLACK_SIGNING_SECRET=f" {SECRET}\n")
    assert sockets == Credentials(bot_token=BOT, app_token=APP, api_url=SLACKS_OWN)
    assert sockets.by_sockets
    assert http == Credentials(bot_token=BOT, signing_secret=SECRET)
    assert not http.by_sockets


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"SLACK_BOT_TOKEN": BOT}, "nothing to hear Slack by"),
        ({"SLACK_APP_TOKEN": APP}, "SLACK_BOT_TOKEN is missing"),
        ({"SLACK_SIGNING_SECRET": SECRET}, "SLACK_BOT_TOKEN is missing"),
        ({"SLACK_BOT_TOKEN": BOT, "SLACK_SIGNING_SECRET": ""}, "is empty"),
        ({"SLACK_BOT_TOKEN": BOT, "SLACK_SIGNING_SECRET": "  \n"}, "is empty"),
        ({"SLACK_BOT_TOKEN": APP, "SLACK_APP_TOKEN": APP}, "begins with xoxb-"),
        ({"SLACK_BOT_TOKEN": "xoxp-user-canary", "SLACK_APP_TOKEN": APP}, "begins with xoxb-"),
        ({"SLACK_BOT_TOKEN": BOT, "SLACK_APP_TOKEN": BOT}, "begins with xapp-"),
        ({"SLACK_BOT_TOKEN": BOT, "SLACK_SIGNING_SECRET": "séc-canary"}, "no secret of Slack's"),
        ({"SLACK_BOT_TOKEN": "xoxb-—-canary", "SLACK_APP_TOKEN": APP}, "no secret of Slack's"),
        ({"SLACK_BOT_TOKEN": "xoxb-1 canary", "SLACK_APP_TOKEN": APP}, "no secret of Slack's"),
        (
            {"SLACK_BOT_TOKEN": BOT, "SLACK_APP_TOKEN": APP, "SLACK_API_URL": "http://slack.com"},
            "must begin with https://",
        ),
    ],
)
def test_what_cannot_work_is_said_in_a_sentence_without_the_secret(
    variables: dict[str, str], says: str
) -> None:
    with pytest.raises(BotError, match=says) as caught:
        read(**variables)
    assert "canary" not in str(caught.value)


def test_the_api_may_stand_elsewhere() -> None:
    def at(url: str) -> str | None:
        found = read(SLACK_BOT_TOKEN=BOT, SLACK_APP_TOKEN=APP, SLACK_API_URL=url)
        return None if found is None else found.api_url

    assert at("http://127.0.0.1:8090/api") == "http://127.0.0.1:8090/api/"
    assert at("https://slack-gov.com/api/") == "https://slack-gov.com/api/"
    assert at("") == SLACKS_OWN


def test_a_repr_shows_no_secret() -> None:
    shown = Credentials(bot_token=BOT, app_token=APP, signing_secret=SECRET)
    assert "canary" not in f"{shown} {shown!r} {[shown]}"
    assert "sockets" in repr(shown)


def test_a_local_name_that_only_begins_so_is_not_local() -> None:
    with pytest.raises(BotError, match="https"):
        read(SLACK_BOT_TOKEN=BOT, SLACK_APP_TOKEN=APP, SLACK_API_URL="http://localhost.evil.com/")
