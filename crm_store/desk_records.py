"""What the desk keeps: notes, held replies, suggestions, agents, threads. Plain and frozen.

A note and a reply are different things all the way down: nothing here can be put into a message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from datetime import datetime

    from crm_store.records import File


class Note(Struct, frozen=True, kw_only=True):
    """What somebody of the desk said about a ticket, for the desk alone."""

    id: str
    ticket_number: int
    author: str
    """Id of the agent."""
    author_name: str
    text: str
    at: datetime
    source: str | None = None
    """Where it was written; the same place again is the same note."""
    edited_at: datetime | None = None


class HeldReply(Struct, frozen=True, kw_only=True):
    """A reply to a customer that its agent may still take back."""

    client_id: str
    ticket_number: int
    agent: str
    agent_name: str
    text: str
    due_at: datetime
    files: tuple[File, ...] = ()


class Suggestion(Struct, frozen=True, kw_only=True):
    """What the bot would say, whispered to the agent who has the conversation."""

    id: str
    ticket_number: int
    kind: str
    """records, reply, macro, knowledge; `answer` before there were more kinds."""
    text: str
    at: datetime


class Agent(Struct, frozen=True, kw_only=True):
    """Somebody who works at the desk."""

    id: str
    """Team and user: T024BE7LD:U061F7AUR."""
    name: str
    """As customers read it."""
    language: str | None = None
    away: bool = False
    capacity: int | None = None
    """How many tickets at a time; None = the configuration's."""


class Picture(Struct, frozen=True, kw_only=True):
    """What an agent looks like."""

    id: str
    """The hex SHA-256 of the content: another picture has another id."""
    media_type: str
    """By its content."""
    content: bytes


class Thread(Struct, frozen=True, kw_only=True):
    """Where a ticket stands on the desk."""

    id: int
    ticket_number: int
    channel: str
    post_id: int
    """The post of its card."""
    ts: str | None
    """Slack's name of the card and so of the thread; None until it was posted."""
    mirrored_seq: int
    """Up to here the conversation was put into the thread, or is on its way there."""
    card_version: int
    """The ticket's version when the card was last planned."""
    active: bool
    """False once the ticket has moved to another channel."""
