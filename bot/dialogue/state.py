"""What a conversation remembers between two messages, and its form on disk.

Values only. The state is written with every turn and read with the next one; it must survive a
restart between any two messages, so everything in it is JSON.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

SlotValue = str | int | dict[str, Any]

MOST_TEXTS = 8
"""The customer's last messages kept for the need classifier; needs turn within fewer."""

LONGEST_TEXT = 300
"""Characters kept of each; the opening words carry the need."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowState:
    """One flow under way."""

    id: str
    name: str
    slots: Mapping[str, SlotValue] = field(default_factory=dict)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A request that waits until the present flow is done."""

    intent: str
    text: str
    entities: Mapping[str, SlotValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DialogueState:
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
    said: Mapping[str, SlotValue] = field(default_factory=dict)
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
        """Return the form on disk; what is empty is left out, since it is written every turn."""
        data = {name: value for name in _FIELDS if (value := getattr(self, name))}
        if self.flows:
            data["flows"] = [_plain(flow) for flow in self.flows]
        if self.finished:
            data["finished"] = _plain(self.finished)
        if self.pending:
            data["pending"] = [_plain(request) for request in self.pending]
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> DialogueState:
        """Read the form on disk."""
        values = dict(data)
        values["flows"] = tuple(FlowState(**flow) for flow in values.get("flows", ()))
        if values.get("finished"):
            values["finished"] = FlowState(**values["finished"])
        values["pending"] = tuple(Pending(**request) for request in values.get("pending", ()))
        for name in ("offered", "proved", "texts"):
            values[name] = tuple(values.get(name, ()))
        return cls(**values)


_FIELDS = tuple(each.name for each in fields(DialogueState))


def _plain(value: FlowState | Pending) -> dict[str, Any]:
    # Not dataclasses.asdict: it copies every string, and this happens with every message.
    return {name: getattr(value, name) for name in value.__slots__}
