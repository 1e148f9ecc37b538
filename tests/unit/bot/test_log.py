from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING

import orjson
import pytest
import structlog

from bot import log

if TYPE_CHECKING:
    from collections.abc import Iterator

CANARIES = [
    "ada.byrne+shop@example.co.uk",
    "王小明@例子.中国",
    "+86 138 0013 8000",
    "13800138000",
    "+1 (415) 555-0142",
    "415-555-0142",
    "021-55550112",
    "4111 1111 1111 1111",
    "4111-1111-1111-1111",
    "378282246310005",
    "11010519491231002X",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl",
    "Bearer abc.def",
    "xoxb-1234-abcd",
    "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF",
]


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    out = io.StringIO()
    log.configure(stream=out)
    yield out
    root.handlers = handlers
    root.setLevel(level)
    logging.getLogger("aiohttp.access").disabled = False
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [orjson.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize("canary", CANARIES)
def test_no_canary_leaves_by_any_way(stream: io.StringIO, canary: str) -> None:
    logger = structlog.get_logger()
    logger.info("turn", reason=f"said {canary}.", error=[canary, {"name": canary}])
    logger.warning("event %s", canary)
    logging.getLogger("library").error("got %s", canary)
    try:
        int(f"x {canary}")
    except ValueError:
        logger.exception("failed")
        logging.getLogger("library").exception("failed")
    structlog.contextvars.bind_contextvars(conversation=canary)
    logger.info("bound")
    structlog.contextvars.clear_contextvars()
    assert len(lines(stream)) == 6
    assert canary not in stream.getvalue()
    assert canary[3:-3] not in stream.getvalue()


def test_text_under_unknown_keys_is_withheld(stream: io.StringIO) -> None:
    structlog.get_logger().info("turn", text="where is my lamp", n=3, ok=True, thing=object())
    (line,) = lines(stream)
    assert (line["text"], line["n"], line["ok"]) == ("[withheld]", 3, True)
    assert line["thing"] == "[withheld]"
    assert "lamp" not in stream.getvalue()


def test_what_helps_is_kept(stream: io.StringIO) -> None:
    structlog.get_logger().info(
        "turn", conversation="01JD3Z3N4YQZ7V5Q2W8K9T6R1M", ticket="T-1042", order="x", rule="flow"
    )
    (line,) = lines(stream)
    assert line["event"] == "turn"
    assert line["conversation"] == "01JD3Z3N4YQZ7V5Q2W8K9T6R1M"
    assert (line["ticket"], line["rule"], line["level"]) == ("T-1042", "flow", "info")
    assert str(line["timestamp"]).endswith("Z")


@pytest.mark.parametrize(
    "harmless", ["4111 1111 1111 1112", "2026-11-20T23:49:10.123456Z", "T-1042", "127.0.0.1:8080"]
)
def test_what_only_looks_alike_stays(harmless: str) -> None:
    assert log.mask(harmless) == harmless


def test_access_log_is_off(stream: io.StringIO) -> None:
    logging.getLogger("aiohttp.access").info("GET /?secret")
    assert stream.getvalue() == ""
