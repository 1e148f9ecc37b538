from __future__ import annotations

from bot.slack.keys import Standing, keys_of, standing_of
from bot.slack.normalise import normalise
from tests.unit.bot.slack import payloads
from tests.unit.bot.slack.payloads import Payload, changed, event, interaction, said


def keys(payload: Payload) -> tuple[str, ...]:
    return keys_of(normalise(payload), payload)


def standing(payload: Payload) -> Standing:
    return standing_of(normalise(payload))


def test_a_message_is_known_by_its_event_and_by_its_place() -> None:
    first, again = said(), said(around={"event_id": "Ev2"})
    assert keys(first) == ("event:T1:Ev1", "said:T1:C1:1700000000.000100")
    assert set(keys(first)) & set(keys(again))
    assert not set(keys(first)) & set(keys(said(around={"event_id": "Ev2"}, ts="1.2")))
    assert not set(keys(first)) & set(keys(said(around={"event_id": "Ev2"}, channel="C2")))


def test_a_mention_is_not_the_message_that_it_stands_in() -> None:
    mention = event("app_mention", around={"event_id": "Ev2"}, user="U1", channel="C1", ts="1.2")
    assert not set(keys(mention)) & set(keys(said(ts="1.2")))


def test_two_edits_of_a_message_are_two() -> None:
    def edit(at: str) -> Payload:
        return changed({"text": "a"}, {"text": at, "edited": {"user": "U1", "ts": at}}) | {
            "event_id": at
        }

    assert not set(keys(edit("1.1"))) & set(keys(edit("1.2")))
    assert set(keys(edit("1.1"))) & set(keys(edit("1.1") | {"event_id": "other"}))


def test_interactions_are_known_by_their_trigger() -> None:
    assert keys(payloads.pressed()) == (
        "pressed:T1:13345224609.738474920.8088930838d88f008e0:1700000002.000300",
    )
    assert keys(payloads.pressed(action_ts="9.9")) != keys(payloads.pressed())
    assert keys(payloads.command()) == ("command:T1:1.2.3",)
    submitted = interaction("view_submission", trigger_id="1", view=payloads.view())
    assert keys(submitted) == ("submitted:T1:1:V1:1.abc",)
    closed = interaction("view_closed", view=payloads.view(), trigger_id=None)
    assert keys(closed) == ("closed:T1:V1:1.abc",)


def test_what_has_no_name_is_known_by_its_content() -> None:
    nameless = interaction("shortcut", callback_id="new", trigger_id=None)
    assert keys(nameless) == keys(dict(reversed(nameless.items())))
    assert keys(nameless)[0].startswith("body:")
    assert keys(nameless) != keys(nameless | {"callback_id": "other"})


def test_a_thread_is_a_lane_and_one_persons_conversation_is_one() -> None:
    root = standing(said())
    reply = standing(said(ts="1700000005.1", thread_ts="1700000000.000100"))
    other = standing(said(ts="1700000006.000100"))
    assert root.lane == reply.lane != other.lane
    assert root.at < reply.at < other.at
    first = standing(said(channel="D1", channel_type="im"))
    second = standing(said(channel="D1", channel_type="im", ts="1700000009.000100"))
    assert first.lane == second.lane
    assert standing(said(channel="D1", channel_type=None)).lane == first.lane


def test_an_edit_stands_behind_its_message_even_when_its_clock_is_coarse() -> None:
    edit = changed(
        {"text": "a"}, {"text": "b", "edited": {"user": "U1", "ts": "1700000000.000000"}}
    )
    assert standing(edit).lane == standing(said()).lane
    assert standing(edit).at >= standing(said()).at


def test_times_sort_as_numbers() -> None:
    times = ["9.000100", "1700000000.1", "1700000000.000100", "1700000000.000099"]
    found = {ts: standing(said(ts=ts)).at for ts in times}
    assert sorted(times, key=found.__getitem__) == [
        "9.000100",
        "1700000000.000099",
        "1700000000.000100",
        "1700000000.1",
    ]


def test_what_people_press_waits_for_nothing() -> None:
    for payload in (
        payloads.pressed(),
        payloads.command(),
        interaction("view_submission", view=payloads.view()),
        interaction("shortcut", callback_id="x"),
        event("app_home_opened", user="U1"),
    ):
        assert standing(payload).lane is None
