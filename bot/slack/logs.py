"""Keeps Slack's libraries from writing down what people said.

They put whole bodies into their messages: at INFO on a bad signature, at WARNING on a request that
nobody handles, at DEBUG always. No message of theirs is passed on. What remains is where it came
from and which kind of error it was.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from slack_sdk.errors import SlackApiError
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = ("slack_bolt", "slack_sdk")
OURS = "slack_sdk.frontdesk"
"""Given to the libraries where they take a logger, so that all their loggers are made after it."""

REPEAT_AFTER_S = 60.0
"""While Slack is down the SDK complains every five seconds; once a minute is enough."""


class Discretion(logging.Filter):
    """Replaces each record's text by its place and kind; drops what is below WARNING."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._said: dict[str, float] = {}

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        # `__init__`: advice about variables that are ours to read, such as SLACK_BOT_TOKEN.
        if record.levelno < logging.WARNING or record.funcName == "__init__":
            return False
        kind = _kind(record)
        record.msg = f"{record.name}: {record.module}.{record.funcName}{kind}"
        record.args = None
        record.exc_info = record.exc_text = record.stack_info = None
        now = self._clock()
        if now - self._said.get(record.msg, -REPEAT_AFTER_S) < REPEAT_AFTER_S:
            return False
        self._said[record.msg] = now
        return True


def _kind(record: logging.LogRecord) -> str:
    error = record.exc_info[1] if record.exc_info else None
    if error is None:
        return ""
    name = type(error).__name__
    if isinstance(error, SlackApiError):
        data = getattr(error.response, "data", None)
        code = data.get("error") if isinstance(data, dict) else None
        return f" {name} {code}" if isinstance(code, str) else f" {name}"
    return f" {name}"


_DISCRETION = Discretion()


def library_logger() -> logging.Logger:
    """Return the logger that Slack's libraries are to use; makes the rest of theirs discreet too.

    A filter holds for its own logger alone and not for those below it, and Bolt copies level and
    filters from the logger it is given. So: ours is filtered and given to them, and so are all that
    exist by now. Their level is WARNING whatever level the admin asked for: at DEBUG the SDK
    formats bodies even where nobody reads them.
    """
    logger = logging.getLogger(OURS)
    below = [name for name in logging.Logger.manager.loggerDict if name.startswith(NAMES)]
    for name in (*NAMES, *below, OURS):
        each = logging.getLogger(name)
        each.setLevel(logging.WARNING)
        if _DISCRETION not in each.filters:
            each.addFilter(_DISCRETION)
    return logger
