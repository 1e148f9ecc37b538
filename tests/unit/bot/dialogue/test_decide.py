"""The rules of `decide`, one by one, with understandings made to order."""

import pytest

from bot.dialogue.state import DialogueState
from nlp.understanding import Tone
from tests.unit.bot.dialogue.conftest import an_order, understood


def keys(decision):
    return [say.key for say in decision.say]


def actions(decision):
    return [step.action for step in decision.steps]


def test_agent_owned_conversations_are_left_alone(talk):
    decision = talk(owner="agent").say("where is my order", "track_order")
    assert (decision.rule, keys(decision), actions(decision)) == ("owner.agent", [], [])


@pytest.mark.parametrize("text", ["转人工", "agent", "I want to speak to a human", "人工客服"])
def test_the_word_for_a_person_works_whatever_was_understood(talk, text):
    assert actions(talk().say(text, "greet")) == ["hand_over"]


def test_the_word_for_a_person_works_amid_a_flow(talk):
    customer = talk()
    customer.say("cancel my order", "cancel_order")
    decision = customer.say("agent")
    assert actions(decision) == ["hand_over"]
    assert decision.state.flows == ()


def test_a_flow_asks_for_what_is_missing_and_runs_when_nothing_is(talk):
    customer = talk()
    assert keys(customer.say("where is my parcel", "track_order")) == ["ask.order"]
    asked = customer.say("AB123456", order_number="AB123456")
    assert keys(asked) == ["ask.proof"]
    done = customer.say("ada@example.com", email="ada@example.com")
    assert actions(done) == ["order_status"]
    assert done.steps[0].slots == {"order": "AB123456", "contact": "ada@example.com"}


def test_what_was_said_before_is_not_asked_again(talk):
    customer = talk()
    decision = customer.say(
        "where is AB123456? i am ada@example.com",
        "track_order",
        order_number="AB123456",
        email="ada@example.com",
    )
    assert actions(decision) == ["order_status"]


def test_the_only_open_order_of_a_known_customer_is_taken(talk):
    customer = talk(orders=[an_order("AB111111", "dispatched"), an_order("AB222222", "delivered")])
    decision = customer.say("where is my order", "track_order")
    assert decision.steps[0].slots["order"] == "AB111111"


def test_several_orders_are_offered_as_buttons_which_fill_the_slot(talk):
    customer = talk(orders=[an_order("AB111111", "paid"), an_order("AB222222", "packing")])
    asked = customer.say("cancel my order", "cancel_order")
    values = [choice.value for choice in asked.say[0].choices]
    assert values == ["slot:order=AB111111", "slot:order=AB222222"]
    pressed = customer.press(values[1])
    assert pressed.steps[0].slots["order"] == "AB222222"


def test_a_correction_replaces_the_slot_and_runs_again(talk):
    customer = talk()
    customer.say("track AB123456", "track_order", order_number="AB123456")
    decision = customer.say("no, I meant AB123457", "deny", order_number="AB123457")
    assert decision.state.active.slots["order"] == "AB123457"


def test_a_question_amid_a_flow_is_answered_and_the_flow_stays(talk):
    customer = talk()
    customer.say("I want to return this", "return_item")
    decision = customer.say("what are your opening hours", "business_hours")
    assert actions(decision) == ["answer"]
    assert decision.state.active.name == "return_item"


def test_thanks_amid_a_flow_is_heard_and_the_question_repeated(talk):
    customer = talk()
    customer.say("I want to return this", "return_item")
    assert keys(customer.say("thanks", "thank")) == ["thank", "ask.order_to_return"]


@pytest.mark.parametrize("text", ["never mind", "forget it", "算了"])
def test_a_flow_can_be_dropped(talk, text):
    customer = talk()
    customer.say("I want to return this", "return_item")
    decision = customer.say(text)
    assert (keys(decision), decision.state.flows) == (["dropped"], ())


def test_nonsense_amid_a_flow_repeats_the_question_and_then_offers_a_person(talk):
    customer = talk()
    customer.say("I want to return this", "return_item")
    for _ in range(2):
        decision = customer.say("asdf")
        assert keys(decision) == ["not_an_answer", "ask.order_to_return"]
        assert not decision.say[-1].choices
    assert [choice.value for choice in customer.say("asdf").say[-1].choices] == ["human"]


def test_two_requests_in_one_message_are_both_served(talk):
    parts = (
        understood(
            "tell me where my order AB123456 is now", "track_order", order_number="AB123456"
        ),
        understood("when are you open", "business_hours"),
    )
    decision = talk().say("where is AB123456 and when are you open", "track_order", parts=parts)
    assert actions(decision) == ["answer"]
    assert [request.intent for request in decision.state.pending] == ["track_order"]


def test_an_order_number_alone_means_its_state(talk):
    decision = talk().say("AB123456", order_number="AB123456")
    assert decision.state.active.name == "track_order"


def test_an_unsure_guess_is_offered_as_choices(talk):
    decision = talk().say("about the parcel", "track_order", probability=0.3)
    offered = decision.say[0]
    assert offered.key == "offer_choices"
    assert offered.choices[0].value == "intent:track_order"
    assert offered.choices[-1].value == "none"


@pytest.mark.parametrize(
    ("text", "rule"), [("👍", "offer.which"), ("👎", "offer.declined"), ("👌🏽!", "offer.which")]
)
def test_a_thumb_answers_an_offer_although_it_means_nothing_alone(talk, text, rule):
    customer = talk()
    customer.say("about the parcel", "track_order", probability=0.3)
    assert customer.say(text, foreign=0.9).rule == rule


def test_words_that_nobody_understands_are_no_answer_to_an_offer(talk):
    customer = talk()
    customer.say("about the parcel", "track_order", probability=0.3)
    assert not customer.say("ok blorp", foreign=0.9).rule.startswith("offer.")


def test_a_pressed_guess_is_served_with_the_first_words(talk):
    customer = talk()
    customer.say("about the parcel AB123456", "track_order", probability=0.3)
    decision = customer.press("intent:track_order")
    assert decision.state.active.opening == "about the parcel AB123456"


def test_what_nobody_understands_is_searched_for(talk):
    assert actions(talk().say("blorp", foreign=0.9)) == ["search"]


def test_insults_get_calm_and_a_way_to_a_person(talk):
    decision = talk().say("you idiots", tone=Tone(abusive=True))
    assert (keys(decision), decision.say[0].choices[0].value) == (["calm_down"], "human")


def test_a_button_of_yesterday_does_nothing(talk):
    customer = talk()
    assert keys(customer.press("confirm:yes")) == ["button_stale"]
    assert keys(customer.press("slot:order=AB123456")) == ["button_stale"]
    assert keys(customer.press("drop table")) == ["button_stale"]


def test_a_bare_address_is_noted_for_the_person_who_comes(talk):
    decision = talk(owner="queue").say("my email is a@b.com", "edit_account", email="a@b.com")
    assert keys(decision) == ["noted_in_queue"]


@pytest.mark.parametrize(
    ("text", "more"),
    [
        ("about the parcel", {"intent": "track_order", "probability": 0.3}),
        ("you idiots", {"tone": Tone(abusive=True)}),
        ("something about that", {"foreign": 0.9}),
    ],
)
def test_whoever_waits_for_a_person_is_asked_nothing_back(talk, text, more):
    decision = talk(owner="queue").say(text, **more)
    assert (decision.rule, decision.say, actions(decision)) == ("search", (), ["search"])


def test_a_clear_request_of_whoever_waits_is_served(talk):
    decision = talk(owner="queue").say("any lamp?", "product_availability", product="lamp")
    assert decision.rule == "request.flow"
    assert keys(talk(owner="queue").say("by Friday", date="2026-11-27")) == ["noted_in_queue"]


def test_the_state_forgets_old_words(talk):
    customer = talk()
    for number in range(50):
        customer.say(f"about parcel {number} " + "x" * 1000, "review")
    assert len(customer.state.texts) == 8
    assert max(map(len, customer.state.texts)) <= 300


def test_an_empty_state_is_empty_on_disk():
    assert DialogueState().to_json() == {}
    assert DialogueState.from_json({}) == DialogueState()
