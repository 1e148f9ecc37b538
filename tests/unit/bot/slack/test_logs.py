from __future__ import annotations

import logging
from io import StringIO
from typing import TYPE_CHECKING

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot import log
from bot.slack.logs import REPEAT_AFTER_S, Discretion, library_logger

if TYPE_CHECKING:
    from collections.abc import Callable

CANARY = "canary what a customer wrote"

pytestmark = pytest.mark.usefixtures("_logging_as_before")


def record(level: int = logging.WARNING, *, place: str = "connect") -> logging.LogRecord:
    made = logging.LogRecord("slack_sdk.x", level, "/a/client.py", 1, CANARY, (), None, place)
    made.args = (CANARY,)
    return made


def caught(raises: Callable[[], None]) -> logging.LogRecord:
    try:
        raises()
    except Exception as error:  # noqa: BLE001  # whatever it is
        made = record(logging.ERROR)
        made.exc_info = (type(error), error, error.__traceback__)
        return made
    raise AssertionError("nothing was raised")


def test_of_a_message_only_its_place_is_left() -> None:
    made = record()
    assert Discretion().filter(made)
    assert made.getMessage() == "slack_sdk.x: client.connect"


def test_of_an_error_only_its_kind_and_slacks_word_for_it() -> None:
    response = AsyncSlackResponse(
        client=None,
        http_verb="POST",
        api_url="",
        req_args={},
        data={"ok": False, "error": "invalid_blocks", "message": CANARY},
        headers={},
        status_code=200,
    )

    def refused() -> None:
        raise SlackApiError(CANARY, response)  # type: ignore[no-untyped-call]

    def broken() -> None:
        raise ValueError(CANARY)

    for raises, kind in ((refused, "SlackApiError invalid_blocks"), (broken, "ValueError")):
        made = caught(raises)
        assert Discretion().filter(made)
        assert made.getMessage() == f"slack_sdk.x: client.connect {kind}"
        assert made.exc_info is None


def test_what_is_said_for_the_curious_is_dropped() -> None:
    assert not Discretion().filter(record(logging.INFO))
    assert not Discretion().filter(record(logging.DEBUG))
    assert not Discretion().filter(record(place="__init__"))


def test_the_same_again_is_said_once_a_minute() -> None:
    now = 0.0
    discretion = Discretion(clock=lambda: now)
    assert discretion.filter(record())
    assert not discretion.filter(record())
    assert discretion.filter(record(place="elsewhere"))
    now = REPEAT_AFTER_S
    assert discretion.filter(record())


@pytest.mark.parametrize(
    "name", ["slack_sdk", "slack_bolt", "slack_bolt.AsyncApp", "slack_sdk.web.x"]
)
def test_no_logger_of_theirs_speaks_freely_even_at_debug(name: str) -> None:
    out = StringIO()
    logging.getLogger(name)
    log.configure(level="DEBUG", stream=out)
    logger = library_logger()
    for each in (logger, logging.getLogger(name)):
        for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
            each.log(level, "%s", CANARY)
        assert not each.isEnabledFor(logging.INFO)
    assert "canary" not in out.getvalue()
    assert "test_logs" in out.getvalue()
    logging.getLogger(name).setLevel(logging.NOTSET)
