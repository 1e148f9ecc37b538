"""Opening flows, taking what was said, asking for what is missing."""

import pytest

from bot.dialogue.context import Say, Step
from bot.dialogue.flows import MOST_ORDERS_OFFERED, advance, ask_again, open_flow
from bot.dialogue.slots import slot_of, value_from
from bot.dialogue.state import DialogueState
from tests.unit.bot.dialogue.conftest import a_known, an_order


@pytest.fixture
def opened(rules):
    """Open a flow and advance it once."""

    def run(name, text="please", known=None, state=None, **said):
        known = known or a_known()
        intent = rules.flows.flows[name].intents[0]
        state = open_flow(
            state or DialogueState(), rules, known, name, intent=intent, text=text, said=said
        )
        return advance(state, rules, known)

    return run


def test_every_flow_asks_a_stranger_for_its_first_slot_or_runs(rules, opened):
    for name, flow in rules.flows.flows.items():
        state, following = opened(name)
        if isinstance(following, Say):
            slot = slot_of(flow, state.active.waiting)
            assert following.key == slot.ask
        else:
            assert isinstance(following, Step)
            assert following.action == flow.action
            assert state.active.waiting is None


def test_slots_are_asked_for_in_their_order_and_optional_ones_never(rules):
    known = a_known()
    for name, flow in rules.flows.flows.items():
        state = open_flow(
            DialogueState(), rules, known, name, intent=flow.intents[0], text="x", said={}
        )
        asked = []
        while True:
            state, following = advance(state, rules, known)
            if not isinstance(following, Say):
                break
            asked.append(state.active.waiting)
            state = state.with_active(state.active.fill(**{state.active.waiting: "x"}))
        must = [slot.name for slot in flow.slots if not slot.optional]
        assert [slot for slot in asked if slot in must] == must
        assert len(asked) == len(set(asked))


def test_a_flow_takes_what_its_request_already_said(opened):
    _, step = opened(
        "track_order", "where is AB123456", order_number="AB123456", email="a@b.example"
    )
    assert step.slots == {"order": "AB123456", "contact": "a@b.example"}


def test_each_flow_has_an_id_of_its_own(opened):
    state, _ = opened("track_order")
    state, _ = opened("return_item", state=state)
    assert [flow.id for flow in state.flows] == ["f1", "f2"]
    assert state.flows_opened == 2


def test_an_order_of_ones_own_needs_no_proof_and_any_other_does(opened):
    known = a_known(orders=[an_order("AB111111"), an_order("AB222222")])
    _, step = opened("track_order", known=known, order_number="AB111111")
    assert isinstance(step, Step)
    state, asked = opened("track_order", known=known, order_number="ZZ999999")
    assert (state.active.waiting, asked.key) == ("contact", "ask.proof")


def test_the_newest_order_is_taken_when_it_is_meant(opened):
    known = a_known(orders=[an_order("AB111111"), an_order("AB222222")])
    _, step = opened("track_order", "how far along is my latest order", known=known)
    assert step.slots["order"] == "AB111111"


def test_buttons_are_offered_for_a_few_orders_only(opened):
    known = a_known(orders=[an_order(f"AB00000{n}", "packing") for n in range(9)])
    _, asked = opened("cancel_order", known=known)
    assert len(asked.choices) == MOST_ORDERS_OFFERED
    assert all(choice.value.startswith("slot:order=") for choice in asked.choices)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("it is too small", "wrong_size"),
        ("Changed my mind", "changed_mind"),
        ("不想要了", "changed_mind"),
        ("Another reason", "other"),
        ("blue", None),
    ],
)
def test_a_typed_choice_is_recognised(rules, text, reason):
    slot = slot_of(rules.flows.flows["return_item"], "reason")
    assert value_from(slot, rules, "return_item", text, {}, asked=True) == reason


def test_every_label_of_every_choice_chooses_it_when_typed(rules):
    for name, flow in rules.flows.flows.items():
        for slot in flow.slots:
            for option in getattr(slot, "options", ()):
                for label in option.label.values():
                    found = value_from(slot, rules, name, f" {label.upper()} ", {}, asked=True)
                    assert found == option.value, (name, slot.name, label)


def test_a_long_opening_is_the_story_itself(opened):
    _, step = opened("complaint", "The courier threw my parcel over the fence and it broke")
    assert isinstance(step, Step)
    assert "over the fence" in step.slots["details"]
    state, asked = opened("complaint", "I complain")
    assert (state.active.waiting, asked.key) == ("details", "ask.complaint")


def test_a_flow_asks_again_what_it_waits_for(rules, opened):
    state, asked = opened("track_order")
    assert ask_again(state, rules, a_known()) == asked
    assert ask_again(DialogueState(), rules, a_known()) is None
