"""Slack's markup: what typing makes of a text, and which parts of a post do something.

A part is live when it notifies somebody, names somebody, or takes the reader elsewhere. What a
customer wrote must never be live in a post of ours, so `live` errs on the side of finding it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.fake_slack.emoji import coded, split

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = dict[str, Any]

_ANGLE = re.compile(r"<([^<>\n]+)>")
_URL = re.compile(r"\b(?:https?|ftp)://[^\s<>|\"']+[^\s<>|\"'.,;:!?)\]}»”’*_~`]", re.IGNORECASE)
_MAIL = re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b")
_DOMAIN = re.compile(
    r"(?<![\w@./:-])(?:[a-z0-9-]+\.)+(?:com|org|net|io|dev|de|cn|co|uk|shop|app|eu|info)\b"
    r"(?:/[^\s<>|]*)?",
    re.IGNORECASE,
)
_AT = re.compile(r"(?<!\w)@(here|channel|everyone)\b")
_MARKDOWN_LINK = re.compile(r"\[([^\]\n]*)\]\(\s*<?([^)\s>]+)[^)]*\)")
_TYPED_TOKEN = re.compile(
    r"<(?:@[UW]\w+|#C\w+|!here|!channel|!everyone|!subteam\^S\w+)(?:\|[^<>]*)?>"
)

_STYLED = re.compile(r"(?<![\w*_~`])([*_~`])(\S|\S[^\n]*?\S)\1(?![\w*_~`])")
_STYLES = {"*": "bold", "_": "italic", "~": "strike", "`": "code"}


@dataclass(frozen=True, slots=True)
class Live:
    """A part of a post that does something."""

    kind: str
    """`user`, `channel`, `broadcast`, `usergroup`, `link`, `autolink`, `automention`, `date`."""
    target: str
    label: str = ""
    """What a link shows instead of its address."""
    where: str = ""
    """The path to it in the message."""


def escape(text: str) -> str:
    """Return the text with Slack's three control characters escaped."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescape(text: str) -> str:
    """Return what a reader sees of an escaped text."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def typed(text: str) -> str:
    """Return what Slack makes of what somebody typed: escaped, links and emoji marked.

    A mention is chosen from a list in the real thing; here it is written as its token, `<@U_DAN>`.
    """
    text = coded(text)
    parts: list[str] = []
    end = 0
    for token in _TYPED_TOKEN.finditer(text):
        parts += [_linked(escape(text[end : token.start()])), token.group()]
        end = token.end()
    return "".join([*parts, _linked(escape(text[end:]))])


def _linked(escaped: str) -> str:
    pattern = re.compile(f"(?P<url>{_URL.pattern})|(?P<mail>{_MAIL.pattern})", re.IGNORECASE)

    def link(match: re.Match[str]) -> str:
        found = match.group()
        return f"<{found}>" if match.group("url") else f"<mailto:{found}|{found}>"

    return pattern.sub(link, escaped)


def rich_text(text: str, block_id: str) -> Json:
    """Return the rich_text block that Slack's composer makes of a marked-up text."""
    elements: list[Json] = []
    end = 0
    for angle in _ANGLE.finditer(text):
        elements += _styled(text[end : angle.start()])
        elements.append(_rich_element(angle.group(1)))
        end = angle.end()
    elements += _styled(text[end:])
    return {
        "type": "rich_text",
        "block_id": block_id,
        "elements": [{"type": "rich_text_section", "elements": elements}],
    }


def _styled(text: str) -> list[Json]:
    """Return the elements of a text without tokens: its marks become styles."""
    elements: list[Json] = []
    end = 0
    for marked in _STYLED.finditer(text):
        elements += _plain(text[end : marked.start()])
        style = {_STYLES[marked.group(1)]: True}
        elements += [element | {"style": style} for element in _plain(marked.group(2))]
        end = marked.end()
    return elements + _plain(text[end:])


def _plain(text: str) -> list[Json]:
    """Return the elements of a text without marks: texts and emoji."""
    return [
        {"type": "text", "text": unescape(part)} if isinstance(part, str) else part
        for part in split(text)
    ]


def _rich_element(inside: str) -> Json:
    target, _, label = inside.partition("|")
    if target.startswith("@"):
        return {"type": "user", "user_id": target[1:]}
    if target.startswith("#"):
        return {"type": "channel", "channel_id": target[1:]}
    if target.startswith("!subteam^"):
        return {"type": "usergroup", "usergroup_id": target.removeprefix("!subteam^")}
    if target.startswith("!"):
        return {"type": "broadcast", "range": target[1:]}
    shown: Json = {"type": "link", "url": unescape(target)}
    return shown | ({"text": unescape(label)} if label else {})


def live_in_text(text: str, where: str, *, bare: bool = True, names: bool = False) -> list[Live]:
    """Return the live parts of a marked-up text.

    Args:
        text: As posted.
        where: The path to it, for the report.
        bare: Whether Slack links bare addresses in it (it does unless `verbatim`).
        names: Whether Slack brings bare `@here` to life in it.
    """
    found: list[Live] = []
    for angle in _ANGLE.finditer(text):
        target, _, label = angle.group(1).partition("|")
        kind = _kind(target)
        if kind:
            found.append(Live(kind, target.lstrip("@#!"), unescape(label), where))
    rest = _ANGLE.sub(" ", text)
    if bare:
        for pattern in (_URL, _MAIL, _DOMAIN):
            found += [Live("autolink", m.group(), "", where) for m in pattern.finditer(rest)]
            rest = pattern.sub(" ", rest)
    if names:
        found += [Live("automention", m.group(1), "", where) for m in _AT.finditer(rest)]
    return found


def _kind(target: str) -> str:
    if target.startswith("@"):
        return "user"
    if target.startswith("#"):
        return "channel"
    if target.startswith("!subteam"):
        return "usergroup"
    if target.startswith("!date"):
        return "date"
    if target.startswith("!"):
        return "broadcast"
    return "link" if re.match(r"[a-z][a-z0-9+.-]*:", target, re.IGNORECASE) else ""


def live_in_markdown(text: str, where: str) -> list[Live]:
    """Return the live parts of a standard Markdown text."""
    links = [Live("link", m.group(2), m.group(1), where) for m in _MARKDOWN_LINK.finditer(text)]
    return links + live_in_text(_MARKDOWN_LINK.sub(" ", text), where, names=True)


_RICH = {
    "user": ("user", "user_id"),
    "usergroup": ("usergroup", "usergroup_id"),
    "channel": ("channel", "channel_id"),
    "broadcast": ("broadcast", "range"),
    "team": ("usergroup", "team_id"),
    "link": ("link", "url"),
}


def _live_in_value(value: Any, where: str) -> Iterator[Live]:
    if isinstance(value, list):
        for at, item in enumerate(value):
            yield from _live_in_value(item, f"{where}/{at}")
        return
    if not isinstance(value, dict):
        return
    match value.get("type"):
        case "mrkdwn":
            verbatim = value.get("verbatim") is True
            yield from live_in_text(
                str(value.get("text", "")), where, bare=not verbatim, names=not verbatim
            )
            return
        case "markdown":
            yield from live_in_markdown(str(value.get("text", "")), where)
            return
        case str(kind) if kind in _RICH and _RICH[kind][1] in value:
            name, key = _RICH[kind]
            yield Live(name, str(value[key]), str(value.get("text", "")), where)
            return
        case _:
            for key, item in value.items():
                yield from _live_in_value(item, f"{where}/{key}")


def live(message: Any) -> list[Live]:
    """Return the live parts of a message: of its text, its blocks and its attachments.

    A button that opens an address is not among them; `links_of_buttons` has those.

    Args:
        message: A line of `slack.transcript`, or a message as the API shows it.
    """
    shown: Json = message if isinstance(message, dict) else message.shape()
    names = bool(getattr(message, "parses_names", False))
    found = live_in_text(str(shown.get("text") or ""), "/text", names=names)
    found += _live_in_value(shown.get("blocks") or [], "/blocks")
    for at, attachment in enumerate(shown.get("attachments") or []):
        where = f"/attachments/{at}"
        found += _live_in_value(attachment.get("blocks") or [], f"{where}/blocks")
        for key in ("pretext", "text", "title"):
            found += live_in_text(str(attachment.get(key) or ""), f"{where}/{key}", names=True)
        for key in ("title_link", "author_link", "from_url"):
            if attachment.get(key):
                found.append(Live("link", str(attachment[key]), "", f"{where}/{key}"))
        for field in attachment.get("fields") or []:
            found += live_in_text(str(field.get("value") or ""), f"{where}/fields", names=True)
    return found


def readable(blocks: Any) -> str:
    """Return the words somebody reads in blocks, one line for each part."""
    return "\n".join(line for line in _words(blocks) if line)


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _words(item)
        return
    if not isinstance(value, dict):
        return
    kind = value.get("type")
    text = value.get("text")
    if kind in ("mrkdwn", "plain_text", "markdown") and isinstance(text, str):
        yield text if kind != "mrkdwn" else unescape(text)
    elif kind in ("rich_text_section", "rich_text_preformatted", "rich_text_quote"):
        yield "".join(_rich_words(element) for element in value.get("elements", []))
    else:
        for key in ("text", "label", "fields", "elements", "accessory", "element", "rows", "title"):
            yield from _words(value.get(key))


def _rich_words(element: Json) -> str:
    if "text" in element:
        return str(element["text"])
    match element.get("type"):
        case "user":
            return f"@{element.get('user_id')}"
        case "broadcast":
            return f"@{element.get('range')}"
        case "emoji":
            return f":{element.get('name')}:"
        case _:
            return str(element.get("url", ""))
