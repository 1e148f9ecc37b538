"""What channels hand to the turn, and what the turn hands back. Plain data, no live connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from datetime import datetime

    from crm_store.records import File


class Message(Struct, frozen=True, kw_only=True):
    """One utterance of a customer, as a channel received it."""

    conversation_id: str
    client_id: str
    """The sender's own id of it; the same id twice is the same message."""
    text: str
    value: str | None = None
    """What the pressed button carried."""
    verified: bool = False
    """Whether the sender has proved who they are on this very connection."""
    replaces: int | None = None
    """seq of their earlier message that this one corrects."""
    files: tuple[File, ...] = ()
    received_at: datetime


class Receipt(Struct, frozen=True, kw_only=True):
    """The message is on disk."""

    seq: int
    at: datetime
    duplicate: bool


class Over(Struct, frozen=True, kw_only=True):
    """The conversation is over, as its customer wanted."""

    at: datetime
    duplicate: bool
    """Whether it was over already."""


class Status(Struct, frozen=True, kw_only=True):
    """Where a conversation stands, as its customer may know it."""

    owner: str
    """bot, queue, agent or none."""
    position: int | None = None
    """Place in the queue, from 1."""
    wait_s: int | None = None
    """Expected wait in seconds."""
    agent: str | None = None
    """The name that the agent goes by."""
    agent_picture: str | None = None
    """The id of the agent's picture, see `crm_store/agents.py`."""
    ticket: str | None = None
    """As customers read it: T-1042."""
