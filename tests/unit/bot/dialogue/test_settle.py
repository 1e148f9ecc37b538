"""What an outcome means: ask again, finish, come back to what waits."""

import pytest
from msgspec.structs import replace

from bot.actions.outcome import Outcome, Status, TicketRequest
from bot.dialogue.context import PERSON, YES_NO, Option, Say, Step
from bot.dialogue.flows import CONFIRM, open_flow, step_of
from bot.dialogue.settle import missed, settle
from bot.dialogue.state import DialogueState, Pending
from crm_store.records import Owner
from tests.unit.bot.dialogue.conftest import a_known

DONE = Say(key="cancel.done")


class Scene:
    """Flows under way, the last of them just having run its action."""

    def __init__(self, rules, *names, known=None, **state):
        self.rules = rules
        self.known = known or a_known()
        self.state = DialogueState()
        for name in names:
            intent = rules.flows.flows[name].intents[0]
            self.state = open_flow(
                self.state, rules, self.known, name, intent=intent, text="please", said={}
            )
        self.state = replace(self.state, **state)

    def settle(self, outcome, **more):
        flow = self.state.active
        step = step_of(flow, self.rules.flows.flows[flow.name], confirmed=False)
        return settle(self.state, step, outcome, self.rules, self.known, **more)


@pytest.fixture
def scene(rules):
    return lambda *names, **more: Scene(rules, *names, **more)


def keys(says):
    return [say.key for say in says]


def test_a_confirmation_waits_with_yes_and_no(scene):
    outcome = Outcome(status=Status.CONFIRM, say=(Say(key="cancel.confirm"),))
    state, says, steps = scene("cancel_order").settle(outcome)
    assert (state.active.waiting, steps) == (CONFIRM, ())
    assert says[-1].choices == YES_NO


@pytest.mark.parametrize("status", [Status.DONE, Status.REFUSED])
def test_a_flow_that_is_done_leaves_the_stack_and_is_remembered(scene, status):
    state, says, _ = scene("cancel_order").settle(Outcome(status=status, say=(DONE,)))
    assert state.flows == ()
    assert (state.finished.name, state.finished.waiting) == ("cancel_order", None)
    assert keys(says) == ["cancel.done"]


def test_the_flow_that_was_left_comes_back_with_its_question(scene):
    state, says, steps = scene("return_item", "cancel_order").settle(Outcome(say=(DONE,)))
    assert state.active.name == "return_item"
    assert keys(says) == ["cancel.done", "back_to", "ask.order_to_return"]
    assert state.active.waiting == "order"
    assert steps == ()


def test_the_next_request_of_the_message_comes_before_the_flow_that_was_left(scene):
    waiting = (
        Pending(intent="track_order", text="and where is it", entities={}),
        Pending(intent="return_item", text="and send it back", entities={}),
    )
    state, says, _ = scene("cancel_order", pending=waiting).settle(Outcome(say=(DONE,)))
    assert state.active.name == "track_order"
    assert keys(says) == ["cancel.done", "ask.order"]
    assert [request.intent for request in state.pending] == ["return_item"]


def test_a_pending_answer_becomes_a_step(scene):
    waiting = (Pending(intent="business_hours", text="when are you open", entities={}),)
    state, _, steps = scene("cancel_order", pending=waiting).settle(Outcome(say=(DONE,)))
    assert [(step.action, step.intent, step.flow_id) for step in steps] == [
        ("answer", "business_hours", None)
    ]
    assert state.pending == ()


def test_a_person_takes_everything_that_waits(scene):
    waiting = (Pending(intent="track_order", text="and where is it", entities={}),)
    ticket = TicketRequest(subject={"en": "x"}, hand_over=True)
    outcome = Outcome(status=Status.HAND_OVER, say=(DONE,), ticket=ticket)
    state, says, steps = scene("payment_problem", pending=waiting).settle(outcome)
    assert (state.flows, state.pending, keys(says), steps) == ((), (), ["cancel.done"], ())


def test_a_slot_that_could_not_be_used_is_asked_anew(scene):
    scene = scene("change_order")
    scene.state = scene.state.with_active(scene.state.active.fill(order="A", change="quantity"))
    outcome = Outcome(status=Status.ASK, slot="change", slots={"product": "lamp"})
    state, says, _ = scene.settle(outcome)
    assert state.active.waiting == "change"
    assert state.active.slots == {"order": "A", "product": "lamp"}
    assert keys(says) == ["ask.change"]


def test_an_action_that_asks_with_buttons_of_its_own_is_not_asked_over(scene):
    own = Say(key="change.which_product", choices=(Option(value="slot:product=lamp", label="L"),))
    outcome = Outcome(status=Status.ASK, slot="product", say=(own,))
    _, says, _ = scene("change_order").settle(outcome)
    assert says == (own,)


def test_a_wrong_proof_is_counted_and_forgotten_and_a_person_offered(scene):
    scene = scene("track_order", said={"email": "eve@example.com", "product": "lamp"})
    flow = scene.state.active.fill(order="AB1", contact="eve@example.com")
    scene.state = scene.state.with_active(flow)
    outcome = Outcome(
        status=Status.ASK, slot="contact", say=(Say(key="proof_failed"),), proof_failed=True
    )
    state, says, _ = scene.settle(outcome)
    assert state.proof_failures == 1
    assert state.active.slots == {"order": "AB1"}
    assert state.said == {"product": "lamp"}
    assert PERSON in says[-1].choices


def test_a_right_proof_is_kept_and_forgives_the_wrong_ones(scene):
    scene = scene("track_order", proof_failures=2)
    state, _, _ = scene.settle(Outcome(proved="AB123456"))
    assert (state.proved, state.proof_failures) == (("AB123456",), 0)


def test_an_outcome_of_a_flow_that_is_no_longer_there_changes_no_other(scene):
    scene = scene("return_item")
    step = Step(action="cancel_order", text="", flow_id="f99")
    state, says, steps = settle(
        scene.state, step, Outcome(say=(DONE,)), scene.rules, scene.known, last=True
    )
    assert (state, says, steps) == (scene.state, (DONE,), ())


@pytest.mark.parametrize(
    ("last", "expected"), [(True, ["x", "back_to", "ask.order"]), (False, ["x"])]
)
def test_an_answer_amid_a_flow_asks_again_only_when_nothing_else_is_due(scene, last, expected):
    scene = scene("track_order")
    scene.state = scene.state.with_active(replace(scene.state.active, waiting="order"))
    step = Step(action="answer", text="")
    _, says, _ = settle(
        scene.state, step, Outcome(say=(Say(key="x"),)), scene.rules, scene.known, last=last
    )
    assert keys(says) == expected


# -- not understood ----------------------------------------------------------------------------


def test_first_rephrase_then_offer_a_person():
    state, says = missed(DialogueState(), a_known())
    assert keys(says) == ["rephrase"]
    state, says = missed(state, a_known())
    assert keys(says) == ["offer_person"]
    assert says[0].choices[0] == PERSON
    assert state.person_offered


def test_what_is_nobodys_business_here_is_said_to_be_so():
    _, says = missed(DialogueState(), a_known(), foreign=True)
    assert keys(says) == ["out_of_scope"]


def test_for_whoever_waits_for_a_person_it_is_noted():
    _, says = missed(DialogueState(misses=5), a_known(owner=Owner.QUEUE))
    assert keys(says) == ["noted_in_queue"]
