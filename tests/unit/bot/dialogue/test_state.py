"""The conversation's memory and its form on disk."""

import orjson
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict

from bot.dialogue.state import LONGEST_TEXT, MOST_TEXTS, DialogueState, FlowState, Pending
from crm_store.engines import to_json

names = st.text("abcdef_", min_size=1, max_size=6)
values = st.one_of(
    st.text(max_size=20), st.integers(-9, 999), st.dictionaries(names, st.text(max_size=5))
)
slots = st.dictionaries(names, values, max_size=3)
flows = st.builds(
    FlowState,
    id=names,
    name=names,
    slots=slots,
    waiting=st.none() | names,
    tries=st.integers(0, 5),
    opening=st.text(max_size=40),
    intent=names,
    opened_seq=st.integers(0, 10**9),
)
states = st.builds(
    DialogueState,
    flows=st.lists(flows, max_size=3).map(tuple),
    finished=st.none() | flows,
    pending=st.lists(st.builds(Pending, intent=names, text=names, entities=slots), max_size=2).map(
        tuple
    ),
    offered=st.lists(names, max_size=3).map(tuple),
    offered_text=st.text(max_size=20),
    said=slots,
    proved=st.lists(names, max_size=3).map(tuple),
    proof_failures=st.integers(0, 5),
    misses=st.integers(0, 5),
    person_offered=st.booleans(),
    texts=st.lists(st.text(max_size=30), max_size=MOST_TEXTS).map(tuple),
    need=st.none() | names,
    flows_opened=st.integers(0, 99),
)


@given(states)
def test_nothing_is_lost_on_the_way_to_the_disk_and_back(state):
    on_disk = orjson.loads(to_json(state.to_json()))
    assert DialogueState.from_json(on_disk) == state


@given(states)
def test_what_is_empty_is_not_written(state):
    written = state.to_json()
    assert all(written.values())
    assert written.keys() == {name for name, value in asdict(state).items() if value}


@given(states)
def test_reading_leaves_what_was_read_alone(state):
    on_disk = orjson.loads(to_json(state.to_json()))
    before = orjson.dumps(on_disk)
    DialogueState.from_json(on_disk)
    assert orjson.dumps(on_disk) == before


@given(st.lists(st.text(max_size=2 * LONGEST_TEXT), max_size=2 * MOST_TEXTS))
def test_the_last_texts_are_kept_oldest_first_and_cut(texts):
    state = DialogueState()
    for text in texts:
        state = state.heard(text)
    assert state.texts == tuple(text[:LONGEST_TEXT] for text in texts[-MOST_TEXTS:])


@given(flows, slots)
def test_filling_and_dropping_make_a_new_flow(flow, more):
    filled = flow.fill(**more)
    assert filled.slots == {**flow.slots, **more}
    assert filled.drop(*more).slots == {k: v for k, v in flow.slots.items() if k not in more}
    assert flow.drop(*flow.slots).slots == {}


@given(st.lists(flows, min_size=1, max_size=4), flows)
def test_only_the_flow_on_top_is_replaced(stack, flow):
    state = DialogueState(flows=tuple(stack))
    assert state.active == stack[-1]
    assert state.with_active(flow).flows == (*stack[:-1], flow)
    assert DialogueState().active is None
