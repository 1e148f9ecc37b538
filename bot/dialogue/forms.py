"""Forms for what is better filled in than typed: which one a question has, and what it gives. Pure.

A form's answer is a message like any other: what a customer would have typed. How a form looks is
the channel's own business.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from bot.dialogue.slots import CONTACT_TYPES
from bot.settings.model import EntitySlot, OrderSlot, ProofSlot, TextSlot

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.settings.model import Slot
    from nlp.understanding import Language

Kind = Literal["order", "contact", "email", "address", "when"]

FIELDS: Mapping[Kind, tuple[str, ...]] = {
    "order": ("order",),
    "contact": ("contact",),
    "email": ("email",),
    "address": ("address",),
    "when": ("date", "time"),
}
"""What each form asks for; under the first field a fault is shown that belongs to none."""

BAD: Mapping[Kind, str] = {
    "order": "form.bad_order",
    "contact": "form.bad_contact",
    "when": "form.bad_when",
}
"""What is said when the bot itself finds nothing of what was asked for."""

SHORTEST_ADDRESS = 6
"""Characters: 北京市朝阳区 is no address yet, but the action will say so better."""

LONGEST = 500

_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]{2,}")


def kind_of(slot: Slot) -> Kind | None:
    """Return the form that a slot's question has; None where typing is as good."""
    match slot:
        case OrderSlot():
            return "order"
        case ProofSlot():
            return "contact"
        case TextSlot() if slot.take == ("address",):
            return "address"
        case EntitySlot() if "time" in slot.take or "date" in slot.take:
            return "when"
        case EntitySlot() if slot.take == ("email",):
            return "email"
        case EntitySlot() if slot.take and set(slot.take) <= set(CONTACT_TYPES):
            return "contact"
        case _:
            return None


def answer_of(kind: Kind, values: Mapping[str, object], language: Language) -> str:
    """Return what a filled form says, as its customer would have typed it; "" for nothing."""
    found = [str(values.get(name) or "").strip() for name in FIELDS[kind]]
    if not all(found):
        return ""
    if kind != "when":
        return found[0][:LONGEST]
    at = _moment(*found)
    if at is None:
        return ""
    if language == "zh":
        return f"{at.year}年{at.month}月{at.day}日 {at:%H:%M}"
    return f"{at:%Y-%m-%d %H:%M}"


def fault_of(kind: Kind, values: Mapping[str, object], now: datetime) -> tuple[str, str] | None:
    """Return the field and the reply key of what is plainly wrong, None when nothing is.

    Args:
        kind: Of form.
        values: By field.
        now: In the shop's time zone.
    """
    name = FIELDS[kind][0]
    said = str(values.get(name) or "").strip()
    match kind:
        case "email" if not _MAIL.fullmatch(said):
            return name, "form.bad_email"
        case "address" if len(said) < SHORTEST_ADDRESS:
            return name, "form.bad_address"
        case "when":
            return _fault_of_time(said, str(values.get("time") or ""), now)
        case _:
            return None


def _fault_of_time(day: str, time: str, now: datetime) -> tuple[str, str] | None:
    wanted = _moment(day, time)
    if wanted is None:
        return "date", "form.bad_when"
    if wanted > now.replace(tzinfo=None):
        return None
    return ("time" if wanted.date() == now.date() else "date"), "form.past"


def _moment(day: str, time: str) -> datetime | None:
    """Return a day and a time of the shop's clock; None for what is neither."""
    try:
        found = datetime.fromisoformat(f"{day} {time}")
    except ValueError:
        return None
    return found.replace(tzinfo=None)
