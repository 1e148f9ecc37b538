"""Slots: what a message gives for each kind of slot."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.dialogue.state import SlotValue
from bot.settings.model import ChoiceSlot, EntitySlot, OrderSlot, ProofSlot, TextSlot
from nlp.entities.numbers import chinese_number, english_number, whole

if TYPE_CHECKING:
    from bot.dialogue.context import Rules
    from bot.settings.model import Flow, Slot
    from nlp.understanding import Understanding

Values = dict[str, SlotValue]
"""Entity type → normalised value."""

CONTACT_TYPES = ("email", "phone")

_INSTEAD_OF = re.compile(r"\b(instead of|rather than|not)\W*$", re.IGNORECASE)
"""What stands before the number that is no longer wanted."""

_FILLER = re.compile(r"[^\w]|\b(just|only|make it|to)\b|个|件|就|改成|要|[吧呢啊]", re.IGNORECASE)

_WORD = re.compile(r"[^\W\u4e00-\u9fff]+(?:['’-]\w+)*")

_CHANGED_TO = re.compile(r"(?:\bto|改成|改为|变成)\s*(\d{1,3}|[一二两三四五六七八九十])\b")

_NUMBER_BEFORE = re.compile(r"(\w+)\s*$")

_ORDINALS = {
    "1": 1,
    "2": 2,
    "3": 3,
    "4": 4,
    "5": 5,
    "6": 6,
    "first": 1,
    "second": 2,
    "third": 3,
    "fourth": 4,
    "一": 1,
    "二": 2,
    "三": 3,
    "四": 4,
}
_ORDINAL = re.compile(
    r"\W*(?:(?:the )?(first|second|third|fourth)(?: one)?|(?:第|选|选第)?([一二三四1-6])个?)\W*",
    re.IGNORECASE,
)


def slot_of(flow: Flow, name: str) -> Slot:
    """Return a flow's slot by its name."""
    return next(slot for slot in flow.slots if slot.name == name)


def values_of(understanding: Understanding) -> Values:
    """Return a value for each entity type that a message names.

    Of several the first counts, but of two quantities the second: "from one to three". Unless it is
    the one that is taken back: "three instead of one".
    """
    values: Values = {}
    for entity in understanding.entities:
        wanted = entity.type == "quantity" and not _INSTEAD_OF.search(
            understanding.text[: entity.start]
        )
        if wanted or entity.type not in values:
            values[entity.type] = entity.value
    if "product" in values and "quantity" not in values:
        # "3 desk lamps" has no measure word, and is a quantity all the same.
        product = next(e for e in understanding.entities if e.type == "product")
        before = _NUMBER_BEFORE.search(understanding.text[: product.start])
        number = bare_number(before[1]) if before else None
        changed = _CHANGED_TO.search(understanding.text)
        if number is None and changed is not None:
            number = bare_number(changed[1])
        if number is not None:
            values["quantity"] = number
    return values


def words_beside_values(understanding: Understanding) -> float:
    """Return how many words a message has besides what it names; two Han characters are one."""
    rest = understanding.text
    for entity in understanding.entities:
        rest = rest.replace(entity.text, " ")
    han = sum("\u4e00" <= char <= "\u9fff" for char in rest)
    return len(_WORD.findall(rest)) + han / 2


def value_from(
    slot: Slot, rules: Rules, flow_name: str, text: str, said: Values, *, asked: bool
) -> SlotValue | None:
    """Return what a message gives for a slot, or None.

    Args:
        slot: The slot.
        rules: The configuration.
        flow_name: The flow that the slot belongs to.
        text: The message.
        said: Of this message alone.
        asked: Whether the message answers the slot's own question. Free words count only then,
            or when the flow's opening message is long enough to be the story itself.
    """
    match slot:
        case OrderSlot():
            return said.get("order_number")
        case ProofSlot():
            return next((said[kind] for kind in CONTACT_TYPES if kind in said), None)
        case EntitySlot():
            named = next((said[kind] for kind in slot.take if kind in said), None)
            bare = asked and named is None and "quantity" in slot.take
            return bare_number(text) if bare else named
        case ChoiceSlot():
            return rules.options[flow_name, slot.name](text)
        case TextSlot():
            return _words_for(slot, rules, flow_name, text, said, asked=asked)


def _words_for(
    slot: TextSlot, rules: Rules, flow_name: str, text: str, said: Values, *, asked: bool
) -> SlotValue | None:
    found = rules.options[flow_name, slot.name](text)
    if found is not None:
        return found
    if asked:
        # All of it: an address comes with a name and a phone number.
        return text.strip()
    named = next((said[kind] for kind in slot.take if kind in said), None)
    return text.strip() if named is None and _tells_enough(slot, text) else named


def _tells_enough(slot: TextSlot, text: str) -> bool:
    """Chinese says in one character what takes about three letters elsewhere."""
    if not slot.from_request:
        return False
    han = sum("\u4e00" <= char <= "\u9fff" for char in text)
    return han * 3 + (len(text) - han) >= slot.from_request * 3


def bare_number(text: str) -> int | None:
    """Return the number that is all a message says: "3", "just two", "三个吧"."""
    rest = " ".join(_FILLER.sub(" ", text).split()).lower()
    if not rest or len(rest) > 20:
        return None
    if rest.isdecimal():
        return int(rest) if len(rest) <= 3 else None
    return english_number(rest) or whole(chinese_number(rest))


def chosen_by_number(text: str, count: int) -> int | None:
    """Return the place, from 0, of the one of `count` choices that "2" or "第二个" means."""
    match = _ORDINAL.fullmatch(text)
    if match is None:
        return None
    place = _ORDINALS[(match[1] or match[2]).lower()]
    return place - 1 if place <= count else None
