"""The two lanes of a ticket's thread: what stays among agents, and what a customer reads. Pure.

A note and a reply are different types all the way down to the store: whatever sends to a customer
takes a `Reply`, and nothing but this module makes one of words typed in a thread.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from bot.settings.model import Desk
    from crm_store.records import File


TYPED = "slack:"
"""Begins the source of what was typed in Slack."""


class Note(Struct, frozen=True, kw_only=True):
    """Words among agents."""

    text: str
    source: str
    """Where they were written."""


class Reply(Struct, frozen=True, kw_only=True):
    """Words for the customer."""

    text: str
    source: str
    """Where they were written: the same place again is the same reply."""
    files: tuple[File, ...] = ()


def source_of(channel: str, ts: str) -> str:
    """Return the name of a place in Slack, as the store knows what was typed there."""
    return f"{TYPED}{channel}/{ts}"


def typed_at(source: str) -> tuple[str, str] | None:
    """Return channel and ts of what was typed in a thread; None for what came otherwise."""
    channel, _, ts = source.removeprefix(TYPED).partition("@")[0].partition("/")
    return (channel, ts) if source.startswith(TYPED) and ts else None


def without_prefix(text: str, desk: Desk) -> str | None:
    """Return what stands behind the prefix that sends; None when it does not begin with it.

    Twice the prefix does not send: people begin a warning to colleagues with "!!".
    """
    typed = text.strip()
    for prefix in {desk.reply_prefix, *_wide(desk.reply_prefix)}:
        if typed.startswith(prefix):
            words = typed.removeprefix(prefix).strip()
            doubled = _plainly(words).startswith(_plainly(desk.reply_prefix))
            return None if doubled else words
    return None


def is_marked_note(text: str, desk: Desk) -> bool:
    """Return whether words begin with the prefix that keeps them internal, or seem to.

    A doubt keeps them internal: typed wide, as a Chinese keyboard does, behind blanks that nobody
    sees, behind a quotation mark, or with blanks in between.
    """
    opening = _plainly(text).replace("〃", "//")
    note, twice = _plainly(desk.note_prefix), 2 * _plainly(desk.reply_prefix)
    return opening.startswith((note, twice)) or opening.lstrip(">").startswith(note)


def lane_of(
    text: str, source: str, desk: Desk, *, is_assignee: bool, has_files: bool = False
) -> Note | Reply:
    """Return what somebody's words in a thread are.

    Args:
        text: What an agent typed.
        source: Where.
        desk: Who sends how.
        is_assignee: Whether the ticket is theirs.
        has_files: Whether files come with the words.
    """
    typed = text.strip()
    if is_marked_note(typed, desk):
        return Note(text=typed.removeprefix(desk.note_prefix).strip(), source=source)
    words = without_prefix(typed, desk)
    if words is not None:
        # Only marks, such as "!?", are an exclamation and no message to anybody.
        if words.strip(_MARKS) or (has_files and not words):
            return Reply(text=words, source=source)
        return Note(text=typed, source=source)
    sends = desk.thread_text == "everyone" or (desk.thread_text == "assignee" and is_assignee)
    if sends and (typed or has_files):
        return Reply(text=typed, source=source)
    return Note(text=typed, source=source)


def seems_meant_to_send(text: str, desk: Desk) -> bool:
    """Return whether words that stay internal begin like some that are sent."""
    begins = _plainly(text).startswith(_plainly(desk.reply_prefix))
    return begins and any(letter.isalnum() for letter in text)


_MARKS = "!?.,;:~…！？。，；：～ \t\n"

_UNSEEN = re.compile(r"[\s\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+")


def _plainly(text: str) -> str:
    """Return how words begin, typed narrow and without what nobody sees."""
    return _UNSEEN.sub("", unicodedata.normalize("NFKC", text[:60]))


def _wide(prefix: str) -> tuple[str, ...]:
    """Return a prefix as it is typed with a Chinese keyboard, where that is another one."""
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in prefix)
    return (wide,) if wide != prefix else ()
