"""Flows and answers: every intent served once, by an action that knows what it is given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from crm_store.records import OrderState

if TYPE_CHECKING:
    from bot.settings.checks.report import Report
    from bot.settings.known import Action, Known
    from bot.settings.model import ChoiceSlot, Flow, Slot
    from bot.settings.settings import Settings

ENTITY_TYPES = frozenset(
    {
        "order_number",
        "tracking_number",
        "email",
        "phone",
        "money",
        "date",
        "time",
        "quantity",
        "person",
        "address",
        "city",
        "product",
    }
)
"""What `nlp.entities` finds."""


def check(settings: Settings, report: Report, known: Known) -> None:
    """Check flows and answers."""
    _check_served(settings, report)
    for name, flow in settings.flows.flows.items():
        report.languages(f"the label of '{name}'", flow.label, "flows", name, "label")
        _check_action(name, flow, report, known)
        _check_slots(name, flow, report)


def _check_served(settings: Settings, report: Report) -> None:
    served: dict[str, str] = {}
    for name, flow in settings.flows.flows.items():
        for index, intent in enumerate(flow.intents):
            place = ("flows", name, "intents", index)
            report.unknown("CFG042", "intent", intent, settings.intents, *place)
            _check_once(served, intent, f"the flow '{name}'", report, place)
    for intent in settings.flows.answers:
        report.unknown("CFG042", "intent", intent, settings.intents, "answers", intent)
        _check_once(served, intent, "an answer", report, ("answers", intent))
    for intent in settings.intents:
        if intent not in served:
            message = f"no flow and no answer serves the intent '{intent}'"
            report.fault("CFG040", message, "intents", intent)


def _check_once(
    served: dict[str, str], intent: str, server: str, report: Report, place: tuple[str | int, ...]
) -> None:
    if intent in served:
        report.fault("CFG041", f"{served[intent]} serves the intent '{intent}' already", *place)
    served.setdefault(intent, server)


def _check_action(name: str, flow: Flow, report: Report, known: Known) -> None:
    if known.actions is None:
        return
    report.unknown("CFG043", "action", flow.action, known.actions, "flows", name, "action")
    action = known.actions.get(flow.action)
    if action is None:
        return
    for option in flow.options:
        what = f"option of the action '{flow.action}' called"
        report.unknown("CFG044", what, option, action.options, "flows", name, "options", option)
        _check_option(name, option, flow.options[option], action, report)
    # An optional slot will do: the action asks for it when it turns out to be needed.
    for missing in sorted(set(action.slots) - {slot.name for slot in flow.slots}):
        message = f"the action '{flow.action}' needs the slot '{missing}'"
        report.fault("CFG047", message, "flows", name, "action")


def _check_option(flow: str, option: str, value: object, action: Action, report: Report) -> None:
    if not isinstance(value, Mapping):
        return
    place = ("flows", flow, "options", option)
    if option in action.texts:
        report.languages(f"the option '{option}'", value, *place)
    elif option in action.options:
        report.fault("CFG044", f"the option '{option}' is no text with languages", *place)


def _check_slots(name: str, flow: Flow, report: Report) -> None:
    for slot_name, count in Counter(slot.name for slot in flow.slots).items():
        if count > 1:
            index = [slot.name for slot in flow.slots].index(slot_name)
            message = f"the slot '{slot_name}' stands in '{name}' {count} times"
            report.fault("CFG046", message, "flows", name, "slots", index)
    for index, slot in enumerate(flow.slots):
        _check_slot(slot, report, ("flows", name, "slots", index))


def _check_slot(slot: Slot, report: Report, place: tuple[str | int, ...]) -> None:
    if slot.kind == "entity":
        for index, entity_type in enumerate(slot.take):
            what = "entity type"
            report.unknown("CFG045", what, entity_type, ENTITY_TYPES, *place, "take", index)
    elif slot.kind == "order":
        for index, state in enumerate(slot.prefer):
            states = [str(known) for known in OrderState]
            report.unknown("CFG049", "order state", state, states, *place, "prefer", index)
    elif slot.kind == "choice":
        _check_choice(slot, report, place)


def _check_choice(slot: ChoiceSlot, report: Report, place: tuple[str | int, ...]) -> None:
    seen: set[str] = set()
    for index, option in enumerate(slot.options):
        if option.value in seen:
            message = f"the value '{option.value}' stands here twice"
            report.fault("CFG048", message, *place, "options", index)
        seen.add(option.value)
        report.languages(f"the label of '{option.value}'", option.label, *place, "options", index)
