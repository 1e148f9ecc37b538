"""One call of the Web API: how its arguments come, and how methods answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aiohttp import web

    from tests.fake_slack.slack import FakeSlack

Json = dict[str, Any]

_ENCODED = ("blocks", "attachments", "view", "metadata", "files", "message", "icons")
"""Arguments that are JSON inside a form or a query."""


class ApiError(Exception):
    """`ok: false`, with what Slack says beside the name of the error."""

    def __init__(self, error: str, *messages: str, **more: Any) -> None:
        super().__init__(error)
        self.error = error
        self.body: Json = {"ok": False, "error": error, **more}
        if messages:
            self.body["response_metadata"] = {"messages": list(messages)}


@dataclass(slots=True)
class Token:
    """Who calls, and what they may do."""

    kind: str
    """`bot` or `app`."""
    scopes: set[str]
    revoked: bool = False


@dataclass(slots=True)
class Call:
    """A call as it came, and how it ended; `slack.calls` keeps them."""

    method: str
    arguments: Json
    at: float
    outcome: str = ""
    """`ok`, the error, or the fault that befell it."""
    answer: Json | None = None
    encoding: str = ""


@dataclass(slots=True)
class Asked:
    """What a method is given."""

    slack: FakeSlack
    arguments: Json
    token: Token

    def text(self, name: str) -> str:
        """Return an argument as a string, empty when it is not there."""
        value = self.arguments.get(name)
        return "" if value is None else str(value)

    def flag(self, name: str) -> bool:
        """Return a boolean argument, which a query writes as 1 or true."""
        return str(self.arguments.get(name, "")).lower() in ("1", "true")

    def number(self, name: str, default: int) -> int:
        """Return a numeric argument."""
        try:
            return int(self.arguments.get(name) or default)
        except ValueError:
            raise ApiError(f"invalid_{name}") from None

    def needs(self, *scopes: str) -> None:
        """Refuse a token that lacks one of the scopes."""
        for scope in scopes:
            if scope not in self.token.scopes:
                raise ApiError(
                    "missing_scope", needed=scope, provided=",".join(sorted(self.token.scopes))
                )

    def page(self, items: list[Any], default: int = 100) -> tuple[list[Any], str]:
        """Return one page of the items, and the cursor of the next."""
        limit = self.number("limit", default)
        if not 1 <= limit <= 1000:
            raise ApiError("invalid_limit")
        cursor = self.text("cursor")
        start = int(cursor.removeprefix("next:")) if cursor.startswith("next:") else 0
        if cursor and not cursor.startswith("next:"):
            raise ApiError("invalid_cursor")
        more = start + limit < len(items)
        return items[start : start + limit], f"next:{start + limit}" if more else ""


Handler = Callable[[Asked], Json]


@dataclass(frozen=True, slots=True)
class Method:
    """A method of the Web API: what it takes, what it needs, and what it does."""

    run: Handler
    required: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    scopes: tuple[str, ...] = ()
    token: str = "bot"
    """`bot`, `app`, or `none`."""
    tier: int = 3
    """4 is over 100 calls a minute, 3 over 50, 2 over 20, 1 over 1; 0 has its own rule."""

    @property
    def known(self) -> frozenset[str]:
        return self.required | self.optional | {"token", "team_id", "pretty"}


def method(
    run: Handler,
    required: str = "",
    optional: str = "",
    *,
    scopes: tuple[str, ...] = (),
    token: str = "bot",  # noqa: S107  # a kind of token
    tier: int = 3,
) -> Method:
    """Return a method whose arguments are given as words."""
    return Method(
        run, frozenset(required.split()), frozenset(optional.split()), scopes, token, tier
    )


@dataclass(slots=True)
class Parsed:
    """The arguments of a request."""

    arguments: Json
    token: str
    encoding: str
    trouble: ApiError | None = None


async def parse(request: web.Request) -> Parsed:
    """Return a request's arguments, from its query, its form or its JSON."""
    arguments: Json = dict(request.query)
    encoding = "query"
    trouble: ApiError | None = None
    if request.method == "POST" and request.can_read_body:
        if request.content_type == "application/json":
            encoding = "json"
            try:
                body = json.loads(await request.read())
            except ValueError:
                trouble, body = ApiError("invalid_json"), {}
            if isinstance(body, dict):
                arguments |= body
            else:
                trouble = ApiError("json_not_object")
        else:
            encoding = "form"
            arguments |= {key: str(value) for key, value in (await request.post()).items()}
    elif request.method == "POST":
        encoding = "form"
    header = request.headers.get("Authorization", "")
    token = header.removeprefix("Bearer ") if header.startswith("Bearer ") else ""
    token = token or str(arguments.pop("token", ""))
    for name in _ENCODED:
        value = arguments.get(name)
        # JSON inside JSON is accepted too.
        if isinstance(value, str):
            arguments[name] = _decoded(value)
    return Parsed(arguments, token, encoding, trouble)


def _decoded(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        # The method says what it makes of a text where it wants an object.
        return value
