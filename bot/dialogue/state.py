"""What a conversation remembers between two messages, and its form on disk.

Values only. The state is written with every turn and read with the next one; it must survive a
restart between any two messages, so everything in it is JSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct, convert, field, to_builtins
from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Mapping

SlotValue = str | int | dict[str, Any]

MOST_TEXTS = 8
"""The customer's last messages kept for the need classifier; needs turn within fewer."""

LONGEST_TEXT = 300
"""Characters kept of each; the opening words carry the need."""


class FlowState(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One flow under way."""

    id: str
    name: str
    slots: dict[str, SlotValue] = field(default_factory=dict)
    waiting: str | None = None
    """The slot that was asked for; `confirm` for a yes or no."""
    tries: int = 0
    """How often in a row the question was not answered."""
    opening: str = ""
    """The message that started it."""
    intent: str = ""
    product: str | None = None
    """The product that the request named: it may tell which order is meant."""
    opened_seq: int = 0
    """seq of that message."""

    def fill(self, **slots: SlotValue) -> FlowState:
        """Return the flow with slots set."""
        return replace(self, slots={**self.slots, **slots})

    def drop(self, *names: str) -> FlowState:
        """Return the flow without some slots."""
        return replace(self, slots={k: v for k, v in self.slots.items() if k not in names})


class Pending(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A request that waits until the present flow is done."""

    intent: str
    text: str
    entities: dict[str, SlotValue] = field(default_factory=dict)


class DialogueState(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The conversation's memory."""

    flows: tuple[FlowState, ...] = ()
    """A stack: the last is being worked on, those before wait for it."""
    finished: FlowState | None = None
    """The last flow that was done: "no, I meant …" reopens it."""
    pending: tuple[Pending, ...] = ()
    offered: tuple[str, ...] = ()
    """Intents that were just offered as choices."""
    offered_text: str = ""
    """The message for which they were offered."""
    said: dict[str, SlotValue] = field(default_factory=dict)
    """The latest value of each entity type: nobody is asked twice."""
    proved: tuple[str, ...] = ()
    """Orders whose e-mail or phone the customer has given."""
    proof_failures: int = 0
    misses: int = 0
    """How many messages in a row were not understood."""
    person_offered: bool = False
    texts: tuple[str, ...] = ()
    """The customer's last messages, oldest first."""
    need: str | None = None
    flows_opened: int = 0

    @property
    def active(self) -> FlowState | None:
        """The flow being worked on."""
        return self.flows[-1] if self.flows else None

    def heard(self, text: str) -> DialogueState:
        """Return the state after one more message of the customer."""
        return replace(self, texts=(*self.texts, text[:LONGEST_TEXT])[-MOST_TEXTS:])

    def with_active(self, flow: FlowState) -> DialogueState:
        """Return the state with the top of the stack replaced."""
        return replace(self, flows=(*self.flows[:-1], flow))

    def to_json(self) -> dict[str, Any]:
        """Return the form on disk; what is as at the start is left out."""
        data: dict[str, Any] = to_builtins(self)
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> DialogueState:
        """Read the form on disk."""
        return convert(data, cls)
