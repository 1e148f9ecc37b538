"""What the program can do, as far as a configuration refers to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


class Action(Protocol):
    """What the checks look at in an action."""

    @property
    def replies(self) -> Mapping[str, frozenset[str]]:
        """The reply keys it says, with the placeholders it fills."""

    @property
    def options(self) -> Collection[str]:
        """The settings that a flow may hand to it."""

    @property
    def texts(self) -> Collection[str]:
        """Those of them that people read, and that may be given by language."""

    @property
    def slots(self) -> Collection[str]:
        """The slots it cannot do without."""


class Known(Struct, frozen=True, kw_only=True):
    """Everything that a configuration may name without defining it."""

    actions: Mapping[str, Action] | None
    """By name; None = not checked."""
    replies: Mapping[str, frozenset[str]] | None
    """What the dialogue itself says, with the placeholders it fills; None = not checked."""
    asks: frozenset[str] = frozenset()
    """Placeholders filled in the question of a slot."""
    shared: frozenset[str] = frozenset()
    """Placeholders filled in every reply."""


def installed() -> Known:
    """Return what this program knows.

    Imported here and not above: actions and dialogue import the settings' models.
    """
    from bot.actions import ACTIONS
    from bot.dialogue.replies import ASK_PLACEHOLDERS, DIALOGUE_REPLIES, SHARED

    return Known(actions=ACTIONS, replies=DIALOGUE_REPLIES, asks=ASK_PLACEHOLDERS, shared=SHARED)
