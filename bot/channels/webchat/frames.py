"""The wire format `frontdesk.v1`: client frames → values, values → server frames.

Owns every byte of the protocol and nothing else. What a client sends is matched against a fixed
table of types and copied field by field into frozen values, so nothing that it made up travels
further. What goes back for a malformed frame is a constant: never a repr, a path or another id.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, TypeGuard

import orjson
from msgspec import Struct

from bot.channels.webchat.bodies import message_body, status_body

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from bot.messages import Status
    from crm_store.records import Message

PROTOCOL = "frontdesk.v1"
MAX_FRAME_BYTES = 65_536
MAX_TEXT = 4_000
"""Characters of a message; the contract's."""
MAX_ID = 64
"""A UUID has 36; the rest is for clients that name their ids."""
MAX_VALUE = 500
MAX_FILES = 10
"""As many as the settings may allow with one message."""
MAX_PROPERTIES = 20
MAX_NAME = 80
MAX_SEQ = 2**53
"""Beyond it a browser cannot count."""

# -- what clients send -----------------------------------------------------------------------


class Hello(Struct, frozen=True, kw_only=True):
    """Who is there, and what they have already seen."""

    token: str | None
    identity: str | None
    last_seq: int
    locale: str | None
    site: str | None = None


class Said(Struct, frozen=True, kw_only=True):
    """Typed words, files, or both."""

    id: str
    text: str
    """Empty only where there are files."""
    files: tuple[str, ...] = ()
    """Ids of files that were sent before."""


class Chosen(Struct, frozen=True, kw_only=True):
    """A pressed button of message `seq`."""

    id: str
    seq: int
    value: str


class Rated(Struct, frozen=True, kw_only=True):
    """What they think of the conversation."""

    id: str
    score: int
    comment: str | None


class Tracked(Struct, frozen=True, kw_only=True):
    """Something they did on the site."""

    id: str
    name: str
    properties: Mapping[str, str | int | float | bool | None]


class Agreed(Struct, frozen=True, kw_only=True):
    """They agree to what the site asks of them before they write."""

    id: str
    version: str
    locale: str | None
    """In which they read it, if another than their hello's."""


class Ended(Struct, frozen=True, kw_only=True):
    """They are done with the conversation."""

    id: str


class Typed(Struct, frozen=True):
    """They began or ceased to type."""

    on: bool


class Seen(Struct, frozen=True):
    """They have read up to `seq`."""

    seq: int


ClientFrame = Hello | Said | Chosen | Rated | Tracked | Agreed | Ended | Typed | Seen

# -- what the server sends -------------------------------------------------------------------


class Frame(NamedTuple):
    """One server frame, serialised once for all who get it."""

    kind: str
    body: bytes
    seq: int | None = None
    """Of a `message` frame."""
    code: str | None = None
    """Of a `nack` or `error` frame."""


NACKS: Mapping[str, str] = {
    "invalid": "The frame is not valid.",
    "too_long": "The text is longer than 4000 characters.",
    "conflict": "This id was used for something else.",
    "rate_limited": "Too many at once; try again later.",
    "busy": "The service is busy; try again later.",
    "denied": "This is not allowed.",
}
"""For the developer who reads the wire; people read what the widget makes of the code."""


class BadFrame(Exception):  # noqa: N818  # it is what the client sent, not our error
    """A frame that cannot be taken; `answer` is what to send back."""

    def __init__(self, answer: Frame) -> None:
        self.answer = answer
        super().__init__(answer.kind)


def _dump(kind: str, body: Mapping[str, Any]) -> Frame:
    raw = orjson.dumps({"type": kind, **body}, option=orjson.OPT_UTC_Z)
    seq = body.get("seq") if kind == "message" else None
    return Frame(kind, raw, seq, body.get("code"))


def welcome(
    *,
    conversation: str,
    head_seq: int,
    read_seq: int,
    locale: str,
    verified: bool,
    person: bool,
    consent: Mapping[str, Any] | None,
    at: datetime,
    status: Status,
    token: str | None,
    files: Mapping[str, Any] | None = None,
) -> Frame:
    """Return the answer to a hello; `token` only when it was newly made.

    `files` says what files are taken; it is left out where none are.
    """
    body: dict[str, Any] = {
        "conversation": conversation,
        "head_seq": head_seq,
        "read_seq": read_seq,
        "locale": locale,
        "verified": verified,
        "person": person,
        "consent": consent,
        "at": at,
        "status": status_body(status),
    }
    if files is not None:
        body["files"] = files
    return _dump("welcome", body if token is None else {"token": token, **body})


def ack(id_: str, *, seq: int | None, at: datetime, duplicate: bool) -> Frame:
    """Return the word that something is on disk."""
    return _dump("ack", {"id": id_, "seq": seq, "at": at, "duplicate": duplicate})


def nack(
    id_: str | None, code: str, retry_after_s: float | None = None, *, reason: str | None = None
) -> Frame:
    """Return the word that something was not taken, and why."""
    body = {"id": id_, "code": code, "retry_after_s": retry_after_s, "message": NACKS[code]}
    return _dump("nack", body if reason is None else {**body, "reason": reason})


def message(message: Message) -> Frame:
    """Return a message as every connection of its conversation gets it."""
    return _dump("message", message_body(message))


def typing(kind: str, name: str | None, *, on: bool) -> Frame:
    """Return the notice that somebody types."""
    return _dump("typing", {"author": {"kind": kind, "name": name}, "state": on})


def status(status: Status) -> Frame:
    """Return where the conversation stands."""
    return _dump("status", status_body(status))


def read(seq: int) -> Frame:
    """Return the word that a person at the desk has seen everything up to `seq`."""
    return _dump("read", {"seq": seq})


def error(code: str, *, reason: str | None = None) -> Frame:
    """Return a complaint about the connection rather than about one message."""
    return _dump("error", {"code": code} if reason is None else {"code": code, "reason": reason})


RESYNC = _dump("resync", {})
UNKNOWN_TYPE = error("unknown_type")
BAD_FRAME = error("bad_frame")
BAD_HELLO = error("bad_hello")

# -- reading ---------------------------------------------------------------------------------

Fields = dict[str, Any]


def parse(raw: bytes | str) -> ClientFrame:
    """Return what a client sent.

    Raises:
        BadFrame: It is not a frame of the protocol, or one whose fields are wrong.
    """
    try:
        fields = orjson.loads(raw)
    except orjson.JSONDecodeError:
        fields = _laxly(raw)
    if not isinstance(fields, dict):
        raise BadFrame(BAD_FRAME)
    kind = fields.get("type")
    read = READERS.get(kind) if isinstance(kind, str) else None
    if read is None:
        raise BadFrame(UNKNOWN_TYPE)
    return read(fields)


def _laxly(raw: bytes | str) -> Fields:
    """Return a hello that orjson will not read; refuse anything else.

    orjson refuses lone surrogates and so the whole frame, but a browser sends them: half an emoji
    at the end of a page title that was cut off, which must keep nobody out. A message with one is
    refused under its id, so that the sender's queue moves on.

    Raises:
        BadFrame: It is garbage, or a frame whose own fields hold what cannot be stored.
    """
    try:
        fields = json.loads(raw, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise BadFrame(BAD_FRAME) from None
    kind = fields.get("type") if isinstance(fields, dict) else None
    if kind == "hello":
        known: Fields = {name: fields.get(name) for name in HELLO_FIELDS}
        if str(known).isascii() or not any("\ud800" <= char <= "\udfff" for char in str(known)):
            return {"type": kind, **known}
    if kind in ("message", "choose", "rate", "event", "consent", "end"):
        id_ = fields.get("id")
        raise BadFrame(nack(id_ if _is_id(id_) else None, "invalid"))
    raise BadFrame(BAD_FRAME)


HELLO_FIELDS = ("token", "identity", "last_seq", "locale", "site")
"""What is read of a hello."""


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _hello(fields: Fields) -> Hello:
    last_seq = fields.get("last_seq")
    token, identity, site = (fields.get(name) for name in ("token", "identity", "site"))
    if last_seq is None:
        last_seq = 0
    if not _is_count(last_seq) or not all(
        v is None or _is_text(v, MAX_FRAME_BYTES) for v in (token, identity, site)
    ):
        raise BadFrame(BAD_HELLO)
    return Hello(
        token=token,
        identity=identity,
        last_seq=last_seq,
        locale=_locale(fields),
        site=site,
    )


def _locale(fields: Fields) -> str | None:
    """Return the locale; a browser's odd one must not cost anybody the conversation."""
    locale = fields.get("locale")
    return locale if _is_text(locale, 35) and locale.isascii() else None


def _said(fields: Fields) -> Said:
    id_ = _id(fields)
    text = fields.get("text")
    if text is None and fields.get("files"):
        text = ""
    if not isinstance(text, str):
        raise BadFrame(nack(id_, "invalid"))
    if len(text) > MAX_TEXT:
        raise BadFrame(nack(id_, "too_long"))
    files = fields.get("files") or []
    if "\0" in text or not (text.strip() or files) or not _are_files(files):
        raise BadFrame(nack(id_, "invalid"))
    return Said(id=id_, text=text if text.strip() else "", files=tuple(files))


def _chosen(fields: Fields) -> Chosen:
    id_ = _id(fields)
    seq, value = fields.get("seq"), fields.get("value")
    if not _is_count(seq) or not _is_text(value, MAX_TEXT):
        raise BadFrame(nack(id_, "invalid"))
    return Chosen(id=id_, seq=seq, value=value)


def _rated(fields: Fields) -> Rated:
    id_ = _id(fields)
    score, comment = fields.get("score"), fields.get("comment")
    if not _is_count(score) or not 1 <= score <= 5:
        raise BadFrame(nack(id_, "invalid"))
    if isinstance(comment, str) and len(comment) > MAX_TEXT:
        raise BadFrame(nack(id_, "too_long"))
    if comment is not None and (not isinstance(comment, str) or "\0" in comment):
        raise BadFrame(nack(id_, "invalid"))
    return Rated(id=id_, score=score, comment=comment or None)


def _tracked(fields: Fields) -> Tracked:
    id_ = _id(fields)
    name, properties = fields.get("name"), fields.get("properties")
    if properties is None:
        properties = {}
    if (
        not _is_text(name, MAX_NAME)
        or not isinstance(properties, dict)
        or len(properties) > MAX_PROPERTIES
        or not all(_is_text(k, MAX_NAME) and _is_scalar(v) for k, v in properties.items())
    ):
        raise BadFrame(nack(id_, "invalid"))
    return Tracked(id=id_, name=name, properties=properties)


def _agreed(fields: Fields) -> Agreed:
    id_, version = _id(fields), fields.get("version")
    if not _is_text(version, MAX_NAME):
        raise BadFrame(nack(id_, "invalid"))
    return Agreed(id=id_, version=version, locale=_locale(fields))


def _ended(fields: Fields) -> Ended:
    return Ended(id=_id(fields))


def _typed(fields: Fields) -> Typed:
    state = fields.get("state")
    if not isinstance(state, bool | str):
        raise BadFrame(BAD_FRAME)
    return Typed(on=state not in (False, "", "off", "stop"))


def _seen(fields: Fields) -> Seen:
    seq = fields.get("seq")
    if not _is_count(seq):
        raise BadFrame(BAD_FRAME)
    return Seen(seq)


READERS: Mapping[str, Callable[[Fields], ClientFrame]] = {
    "hello": _hello,
    "message": _said,
    "choose": _chosen,
    "rate": _rated,
    "event": _tracked,
    "consent": _agreed,
    "end": _ended,
    "typing": _typed,
    "read": _seen,
}


def _id(fields: Fields) -> str:
    id_ = fields.get("id")
    if not _is_id(id_):
        raise BadFrame(nack(None, "invalid"))
    return id_


def _is_id(value: object) -> TypeGuard[str]:
    # Printable ASCII: an id is echoed and indexed, and has no business being anything else.
    return (
        isinstance(value, str)
        and 0 < len(value) <= MAX_ID
        and value.isascii()
        and value.isprintable()
    )


def _are_files(value: object) -> TypeGuard[list[str]]:
    return (
        isinstance(value, list)
        and len(value) <= MAX_FILES
        and all(map(_is_id, value))
        and len(set(value)) == len(value)
    )


def _is_count(value: object) -> TypeGuard[int]:
    # bool is an int to Python and not to anybody else.
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MAX_SEQ


def _is_text(value: object, longest: int) -> TypeGuard[str]:
    return isinstance(value, str) and 0 < len(value) <= longest and "\0" not in value


def _is_scalar(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= MAX_VALUE and "\0" not in value
    return value is None or isinstance(value, int | float)
