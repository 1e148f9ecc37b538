"""Logging: structured, one way out, and nothing in it that a customer typed.

JSON lines when nobody watches, colours on a terminal. Everything that uses the standard library's
logging comes out the same way. Two nets hold personal data back: text under a key that is not on
the list is withheld, and what looks like an address, a number of a card, a phone or a person, or a
secret is masked wherever it stands, tracebacks included.
"""

from __future__ import annotations

import logging
import re
import sys
from typing import IO, TYPE_CHECKING, Any

import orjson
import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping
from datetime import UTC, datetime

TEXT_KEYS = frozenset(
    {
        *("event", "level", "logger", "timestamp", "exception", "stack", "reason", "error"),
        *("error_id", "error_type", "conversation", "conversation_id", "exchange", "exchange_id"),
        *("ticket", "queue", "owner", "channel", "lane", "rule", "action", "flow", "intent"),
        *("language", "need", "config_id", "model_id", "model", "status", "state", "stage"),
        *("code", "method", "route", "host", "address", "url", "path", "folder", "version"),
        *(
            "kind",
            "where",
            "component",
            "worker",
            "signal",
            "setting",
            "name",
            "database",
            "file",
            "command",
        ),
    }
)
"""Keys whose text may be read. Numbers and booleans pass under any key."""

WITHHELD = "[withheld]"

_EMAIL = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
_JWT = re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*")
_SECRET = re.compile(r"(?i)\b(?:bearer\s+\S+|xox[a-z]-[\w-]+|xapp-[\w-]+)")
_VISITOR = re.compile(r"(?<![\w-])[\w-]{43}(?![\w-])")
"""A visitor's secret: 32 bytes in urlsafe base64. Nothing else that we log has 43 characters."""
_PRC_ID = re.compile(r"(?<![\w-])\d{17}[\dXx](?!\w)")
_CARD = re.compile(r"(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])")
_PHONE = re.compile(
    r"(?<![\w.-])(?:"
    r"\+\d(?:[ ().-]{0,2}\d){7,14}"  # with a country code
    r"|1[3-9]\d[ -]?\d{4}[ -]?\d{4}"  # Chinese mobile
    r"|0\d{2,3}-\d{7,8}"  # Chinese landline
    r"|\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}"  # North America
    r")(?![\w-])"
)


def configure(*, level: str = "INFO", stream: IO[str] | None = None) -> None:
    """Send everything that is logged to `stream`, standard error by default."""
    out = stream or sys.stderr
    enrich: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *enrich,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*enrich, structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.StackInfoRenderer(),
                structlog.processors.format_exc_info,
                redact,
                _renderer(out),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    _quieten()


def turn_lines(stream: IO[str] | None = None) -> Callable[[dict[str, Any]], None]:
    """Return what writes the canonical line of each turn.

    It takes ids, names from the configuration and numbers only, so nothing has to be held back;
    past structlog and the standard library a line costs a tenth.
    """
    out = stream or sys.stderr
    if out.isatty():
        logger = structlog.get_logger("frontdesk")
        return lambda fields: logger.info("turn", **fields)

    def write(fields: dict[str, Any]) -> None:
        stamp = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = {"event": "turn", "level": "info", "timestamp": stamp, **fields}
        out.write(orjson.dumps(line).decode() + "\n")

    return write


def _quieten() -> None:
    # One line a request says nothing that the metrics do not, and holds addresses.
    logging.getLogger("aiohttp.access").disabled = True
    # Quotes what a client sent that is no HTTP.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    # Warns with whatever subprotocols a client makes up.
    logging.getLogger("aiohttp.websocket").setLevel(logging.ERROR)
    # These log whole payloads at INFO or DEBUG, whatever level the admin asked for.
    for name in ("slack_bolt", "slack_sdk", "sqlalchemy", "aiosqlite", "asyncio", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _renderer(out: IO[str]) -> structlog.typing.Processor:
    if out.isatty():
        return structlog.dev.ConsoleRenderer(
            exception_formatter=structlog.dev.plain_traceback,
        )
    return structlog.processors.JSONRenderer(serializer=_to_json)


def _to_json(event: Any, **_: Any) -> str:  # noqa: ANN401  # structlog's own signature
    return orjson.dumps(event, default=_kind_of, option=orjson.OPT_NON_STR_KEYS).decode()


def _kind_of(value: object) -> str:
    """Return what may be said of a value that nobody meant to log: its type."""
    return f"<{type(value).__name__}>"


def redact(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Withhold text under keys that are not listed, mask personal data in the rest."""
    for key, value in event.items():
        event[key] = _clean(key, value)
    return event


def _clean(key: str, value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if key not in TEXT_KEYS:
        return WITHHELD
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(key, item) for item in value]
    if isinstance(value, dict):
        return {str(name): _clean(str(name), item) for name, item in value.items()}
    return mask(str(value)) if isinstance(value, Exception) else _kind_of(value)


def mask(text: str) -> str:
    """Return the text with personal data and secrets replaced by what kind it was."""
    text = _JWT.sub("[jwt]", text)
    text = _SECRET.sub("[secret]", text)
    text = _VISITOR.sub("[secret]", text)
    text = _EMAIL.sub("[email]", text)
    text = _PRC_ID.sub(_if("[id]", is_prc_id), text)
    text = _CARD.sub(_if("[card]", passes_luhn), text)
    return _PHONE.sub("[phone]", text)


def _if(kind: str, test: Callable[[str], bool]) -> Callable[[re.Match[str]], str]:
    def replace(match: re.Match[str]) -> str:
        return kind if test(match[0]) else match[0]

    return replace


def passes_luhn(text: str) -> bool:
    """Return whether the digits have a payment card's check digit."""
    total = 0
    for place, digit in enumerate(reversed([int(c) for c in text if c.isdigit()])):
        doubled = digit * 2 if place % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


_PRC_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def is_prc_id(text: str) -> bool:
    """Return whether 18 characters have the check character of a PRC resident's id (GB 11643)."""
    total = sum(weight * int(digit) for weight, digit in zip(_PRC_WEIGHTS, text, strict=False))
    return "10X98765432"[total % 11] == text[-1].upper()
