"""Flows and their slots: open one, take what was said, ask for what is missing.

`advance` is the heart: it looks at the flow on top of the stack and says whether something must
be asked or the action can run. Everything is a pure function from state to state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from bot.dialogue.context import YES_NO, CardOf, FormOf, Option, Say, Step
from bot.dialogue.forms import kind_of
from bot.dialogue.slots import CONTACT_TYPES, slot_of, value_from
from bot.dialogue.state import FlowState, SlotValue
from bot.settings.model import ChoiceSlot, EntitySlot, OrderSlot, ProofSlot

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.dialogue.context import Known, Rules
    from bot.dialogue.slots import Values
    from bot.dialogue.state import DialogueState
    from bot.settings.model import Flow, Slot
    from crm_store.records import Order
    from nlp.understanding import Language

CONFIRM = "confirm"
"""What a flow waits for when its action asked for a yes."""

MOST_FLOWS = 4
"""Matters under way at a time; the oldest of more is forgotten."""

MOST_ORDERS_OFFERED = 4
"""More buttons than this are no help on a phone."""

MOST_ORDERS_LISTED = 20
"""In a form's list more than this are no help anywhere."""


def open_flow(
    state: DialogueState,
    rules: Rules,
    known: Known,
    name: str,
    *,
    intent: str,
    text: str,
    said: Values,
) -> DialogueState:
    """Return the state with a new flow on top, filled with what the request itself said."""
    flow = FlowState(
        id=f"f{state.flows_opened + 1}",
        name=name,
        intent=intent,
        opening=text,
        product=str(said["product"]) if "product" in said else None,
        opened_seq=known.seq,
    )
    for slot in rules.flows.flows[name].slots:
        value = value_from(slot, rules, name, text, said, asked=False)
        if value is not None:
            flow = flow.fill(**{slot.name: value})
    # What is begun anew is not waited for as well, and nobody goes back through a dozen matters.
    waiting = tuple(each for each in state.flows if each.name != name)[-(MOST_FLOWS - 1) :]
    return replace(
        state, flows=(*waiting, flow), flows_opened=state.flows_opened + 1, finished=None
    )


def advance(
    state: DialogueState, rules: Rules, known: Known
) -> tuple[DialogueState, Say | Step | None]:
    """Return what the flow on top needs next: a question to ask, or its action to run.

    Returns:
        The state, and a Say when a slot is missing, a Step when none is, None without a flow.
    """
    flow = state.active
    if flow is None:
        return state, None
    spec = rules.flows.flows[flow.name]
    for slot in spec.slots:
        if slot.name in flow.slots:
            continue
        value = _remembered(slot, flow, state, rules, known)
        if value is not None:
            flow = flow.fill(**{slot.name: value})
        elif _is_needed(slot, flow, rules) and not _proved(slot, flow, state, known):
            flow = replace(flow, waiting=slot.name)
            return state.with_active(flow), question(slot, flow, known)
    flow = replace(flow, waiting=None)
    return state.with_active(flow), step_of(flow, spec, confirmed=False)


def _is_needed(slot: Slot, flow: FlowState, rules: Rules) -> bool:
    if not slot.optional:
        return True
    needed = rules.needed.get((flow.name, slot.name))
    return needed is not None and needed(flow.opening)


def step_of(flow: FlowState, spec: Flow, *, confirmed: bool) -> Step:
    """Return the step that runs a flow's action."""
    return Step(
        action=spec.action,
        text=flow.opening,
        intent=flow.intent,
        flow_id=flow.id,
        slots=flow.slots,
        product=flow.product,
        options=spec.options,
        ask={slot.name: slot.ask for slot in spec.slots},
        confirmed=confirmed,
    )


def _remembered(
    slot: Slot, flow: FlowState, state: DialogueState, rules: Rules, known: Known
) -> SlotValue | None:
    """Return what is known for a slot without asking: said before, or the shop's own data."""
    match slot:
        case OrderSlot():
            if "newest" in rules.phrases(flow.opening) and known.orders:
                return known.orders[0].number
            fitting = _fitting(slot, flow, known)
            spoken_of = state.said.get("order_number")
            meant = "same" in rules.phrases(flow.opening)
            fits = meant or not fitting or spoken_of in {order.number for order in fitting}
            if spoken_of is not None and flow.product is None and fits:
                return spoken_of
            if known.orders and not fitting:
                # None fits: the action says of the newest why it cannot be done.
                return known.orders[0].number
            return fitting[0].number if len(fitting) == 1 else None
        case ProofSlot():
            if _proved(slot, flow, state, known):
                return None
            return next((state.said[kind] for kind in CONTACT_TYPES if kind in state.said), None)
        case EntitySlot() if set(slot.take) <= set(CONTACT_TYPES):
            own = {"email": known.customer.email, "phone": known.customer.phone}
            contacts = {**own, **state.said} if known.verified else state.said
            return next((contacts[kind] for kind in slot.take if contacts.get(kind)), None)
        case _:
            return None


def _proved(slot: Slot, flow: FlowState, state: DialogueState, known: Known) -> bool:
    """Return whether a proof is not needed, because the order is theirs beyond doubt."""
    if not isinstance(slot, ProofSlot):
        return False
    number = flow.slots.get("order")
    return number in state.proved or (isinstance(number, str) and known.owns(number))


def _fitting(slot: OrderSlot, flow: FlowState, known: Known) -> tuple[Order, ...]:
    """Return the known customer's orders that the flow could mean, newest first.

    A product that was named says which order is meant, whatever its state: the action explains.
    """
    holding = tuple(o for o in known.orders if flow.product in {li.product_id for li in o.lines})
    fitting = tuple(o for o in holding or known.orders if not slot.prefer or o.state in slot.prefer)
    return fitting or holding


def question(slot: Slot, flow: FlowState, known: Known) -> Say:
    """Return the question for a slot, with buttons where the answers are few."""
    values = {"order": flow.slots.get("order", "")}
    if isinstance(slot, OrderSlot):
        return _which_order(slot, _fitting(slot, flow, known), values)
    choices: tuple[Option, ...] = ()
    if isinstance(slot, ChoiceSlot):
        choices = tuple(
            Option(value=f"slot:{slot.name}={option.value}", label=option.label)
            for option in slot.options
        )
    kind = kind_of(slot)
    form = None if kind is None else FormOf(kind=kind)
    return Say(key=slot.ask, values=values, choices=choices, form=form)


def _which_order(slot: OrderSlot, orders: tuple[Order, ...], values: Mapping[str, object]) -> Say:
    """Return the question for an order: the newest as buttons and cards, many as a list."""
    offered = tuple((f"slot:{slot.name}={o.number}", o) for o in orders[:MOST_ORDERS_OFFERED])
    return Say(
        key=slot.ask,
        values=values,
        choices=tuple(_choice(order, value) for value, order in offered),
        cards=tuple(CardOf(of=order, value=value) for value, order in offered),
        form=FormOf(
            kind="order",
            orders=tuple(_choice(order, order.number) for order in orders[:MOST_ORDERS_LISTED]),
        ),
    )


def _choice(order: Order, value: str) -> Option:
    values = {"order": order.number, "state": order.state, "placed": order.placed_at.date()}
    return Option(value=value, key="choice.order", values=values)


def ask_again(state: DialogueState, rules: Rules, known: Known) -> Say | None:
    """Return the question that the flow on top waits with, or None when it waits for nothing."""
    flow = state.active
    if flow is None or flow.waiting is None:
        return None
    spec = rules.flows.flows[flow.name]
    if flow.waiting == CONFIRM:
        return Say(key="confirm_again", values={"flow": spec.label}, choices=YES_NO)
    return question(slot_of(spec, flow.waiting), flow, known)


def labels(rules: Rules, name: str) -> Mapping[Language, str]:
    """Return what a flow is called, by language."""
    return rules.flows.flows[name].label
