"""Slack's way of writing: customers' words to Slack with nothing live in them, and back to plain.

Customers' words become `rich_text`, whose text elements Slack does not parse. Where a string is
unavoidable (notifications, names, dialogs) they are escaped. What people write in Slack is turned
into what a reader without Slack would want to see; links into the workspace are dropped, because
they lead nowhere for a customer and tell where the talk about them stands.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bot.slack.emoji import with_emoji

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Block = dict[str, Any]
"""JSON as Slack's Block Kit wants it."""

MARK = "…"
SECTION = 3000
"""Characters of a section; a longer one makes Slack refuse the whole message."""

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_ENTITY = re.compile(r"&(?:amp|lt|gt);")
_LONGEST_ENTITY = 5
_REGIONAL = range(0x1F1E6, 0x1F200)
_SKIN = range(0x1F3FB, 0x1F400)
_JOINER = "\u200d"

_LONGEST_CLUSTER = 64
"""What hangs together for longer is no writing; it is cut like anything else."""


_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Controls that turn around what stands beside them: `gpj.exe` would be read as `exe.jpg`. Writing
from right to left needs none of them; its letters know their direction."""


def clean(text: str) -> str:
    """Return the text without what a screen cannot hold, or what would have it lie.

    That is: controls, those of direction among them, and half surrogates.
    """
    return "".join(
        c
        for c in _whole(text)
        if c in "\n\t" or not (c in _TURNING or unicodedata.category(c) == "Cc")
    )


def _whole(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text)


def escape(text: str) -> str:
    """Return the text such that Slack shows it as it is: no mention, no link."""
    return clean(text).translate(_ESCAPES)


def unescape(text: str) -> str:
    """Return what `escape` was given, but for what `clean` took out."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


# -- to Slack --------------------------------------------------------------------------------


def plain(text: str, limit: int = SECTION) -> Block:
    """Return a `plain_text` object; not even `:smile:` becomes something else."""
    return {"type": "plain_text", "text": cut(clean(text), limit) or " ", "emoji": False}


def mrkdwn(text: str, limit: int = SECTION) -> Block:
    """Return an `mrkdwn` object of our own words, in which whatever is not ours was escaped."""
    shown = cut(text, limit)
    if len(shown) < len(text) and shown.rfind("<") > shown.rfind(">"):
        # Half a link would show its address instead of its label.
        shown = shown[: shown.rfind("<")].rstrip() + MARK
    return {"type": "mrkdwn", "text": shown or " ", "verbatim": True}


def rich_text(text: str, *, quote: bool = False, block_id: str | None = None) -> Block:
    """Return a block that shows a customer's words exactly, newlines and all, with nothing live."""
    element = {
        "type": "rich_text_quote" if quote else "rich_text_section",
        # Slack refuses an empty element.
        "elements": [{"type": "text", "text": clean(text) or " "}],
    }
    block: Block = {"type": "rich_text", "elements": [element]}
    return block if block_id is None else {**block, "block_id": block_id}


# -- from Slack ------------------------------------------------------------------------------

_TOKEN = re.compile(r"<([^<>\n]*)>")
_BARE_URL = re.compile(r"(?:https?|slack)://[^\s<>]+", re.IGNORECASE)
_INTERNAL_PATH = re.compile(r"/(?:archives|files|team|client|app_redirect|docs|canvas|lists)\b")


def from_slack(text: str, name_of: Callable[[str], str | None]) -> str:
    """Return what somebody wrote in Slack as plain text for somebody outside.

    `name_of` gives a person's name by their id; None where it is not known or not to be told.
    """
    parts = []
    end = 0
    for token in _TOKEN.finditer(text):
        parts.append(_outside(unescape(text[end : token.start()])))
        parts.append(_readable(token[1], name_of))
        end = token.end()
    parts.append(_outside(unescape(text[end:])))
    return "".join(parts).strip()


def _readable(token: str, name_of: Callable[[str], str | None]) -> str:
    target, _, label = token.partition("|")
    label = unescape(label)
    match target[:1]:
        case "@":
            return _at(name_of(target[1:]) or label or "…")
        case "#":
            return f"#{label.removeprefix('#') or '…'}"
        case "!":
            return _special(target[1:], label)
        case _:
            return _link(unescape(target), label)


def _at(name: str) -> str:
    return name if name.startswith("@") else f"@{name}"


def _special(target: str, label: str) -> str:
    kind = re.split(r"[\^|]", target, maxsplit=1)[0]
    if kind == "date":
        return label
    if kind == "subteam":
        return _at(label) if label else "@…"
    return _at(label or kind)


def _link(url: str, label: str) -> str:
    if is_internal(url):
        # A label that is itself the link would tell as much.
        return "" if is_internal(label) or _same(url, label) else label
    scheme, _, rest = url.partition(":")
    if scheme in ("mailto", "tel"):
        url = rest
    if not label or _same(url, label):
        return url
    return f"{label} ({url})"


def _same(url: str, label: str) -> bool:
    def bare(text: str) -> str:
        return re.sub(r"^https?://", "", text.strip(), flags=re.IGNORECASE).rstrip("/")

    return bare(url) == bare(label)


def is_internal(url: str) -> bool:
    """Return whether a link leads into a Slack workspace."""
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return False
    if parts.scheme == "slack":
        return True
    if host not in ("slack.com", "slack-files.com") and not host.endswith(
        (".slack.com", ".slack-files.com")
    ):
        return False
    return host not in ("slack.com", "api.slack.com") or bool(_INTERNAL_PATH.match(parts.path))


def _outside(text: str) -> str:
    """Return the text with emoji and without links into a workspace, of which some stay bare."""
    parts = []
    end = 0
    for url in _BARE_URL.finditer(text):
        parts.append(with_emoji(text[end : url.start()]))
        parts.append("" if is_internal(url[0]) else url[0])
        end = url.end()
    return "".join((*parts, with_emoji(text[end:])))


# -- too long --------------------------------------------------------------------------------


def cut(text: str, limit: int) -> str:
    """Return the text within `limit` characters; "…" at its end where something is missing."""
    if len(text) <= limit:
        return text
    if limit < 1:
        return ""
    return text[: _boundary(text, limit - 1)].rstrip() + MARK


def split(text: str, limit: int) -> tuple[str, ...]:
    """Return the text in pieces of `limit` characters at most, cut where people pause.

    Together the pieces are the text. `limit` is 8 at least, so that an escape fits in.
    """
    if limit < 8:  # see above
        raise ValueError("nothing can be said in so few characters")
    pieces = []
    start = 0
    while len(text) - start > limit:
        end = start + _pause(text[start : start + limit + _LONGEST_CLUSTER], limit)
        pieces.append(text[start:end])
        start = end
    pieces.append(text[start:])
    return tuple(pieces)


_PAUSES = (re.compile(r"\n+"), re.compile(r"[.!?。！？…]+[)\"'”’」』）]*\s*"), re.compile(r"\s+"))


def _pause(text: str, limit: int) -> int:
    """Return where to end a piece: after a line, a sentence or a word in its second half."""
    for pause in _PAUSES:
        ends = [m.end() for m in pause.finditer(text) if limit // 2 <= m.end() <= limit]
        if ends and _boundary(text, ends[-1]) == ends[-1]:
            return ends[-1]
    return _boundary(text, limit) or limit


def _boundary(text: str, end: int) -> int:
    """Return the last place, `end` at most, where the text can be cut without breaking anything."""
    place = end
    while 0 < place < len(text) and end - place < _LONGEST_CLUSTER and _hangs_together(text, place):
        place -= 1
    if place and end - place < _LONGEST_CLUSTER:
        return place
    # Nothing but marks upon marks; yet an escape must not be broken, or it would show.
    return _before_entity(text, end)


def _before_entity(text: str, place: int) -> int:
    for start in range(max(0, place - _LONGEST_ENTITY + 1), place):
        entity = _ENTITY.match(text, start)
        if entity and entity.start() < place < entity.end():
            return entity.start()
    return place


def _hangs_together(text: str, place: int) -> bool:
    """Return whether what stands before and after a place is one thing."""
    before, after = text[place - 1], text[place]
    if _before_entity(text, place) != place:
        return True
    if _extends(after) or before == _JOINER or (before == "\r" and after == "\n"):
        return True
    if "\ud800" <= before <= "\udbff" and "\udc00" <= after <= "\udfff":
        return True
    return (
        ord(before) in _REGIONAL and ord(after) in _REGIONAL and _flags_before(text, place) % 2 == 1
    )


def _extends(character: str) -> bool:
    return (
        unicodedata.category(character) in ("Mn", "Me", "Mc")
        or character == _JOINER
        or ord(character) in _SKIN
    )


def _flags_before(text: str, place: int) -> int:
    count = 0
    while count < place and ord(text[place - 1 - count]) in _REGIONAL:
        count += 1
    return count


def names_in(text: str) -> frozenset[str]:
    """Return the ids of the people whom a text of Slack's mentions."""
    found = (m[1].partition("|")[0] for m in _TOKEN.finditer(text))
    return frozenset(target[1:] for target in found if target.startswith("@"))


def link(url: str, label: str) -> str:
    """Return a link of our own making, its label escaped."""
    target = url.replace("&", "&amp;").replace("<", "%3C").replace(">", "%3E").replace("|", "%7C")
    return f"<{target}|{escape(label).replace('|', '¦')}>"


def metadata(event_type: str, payload: Mapping[str, str]) -> Block:
    """Return a message's metadata. Everybody in the workspace can read it: ids of ours only."""
    return {"event_type": event_type, "event_payload": dict(payload)}
