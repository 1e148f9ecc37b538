from __future__ import annotations

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.webchat import frames
from bot.channels.webchat.frames import BadFrame, Hello, Said, Typed

ANYTHING: Any = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = (
    "id",
    "text",
    "seq",
    "value",
    "score",
    "comment",
    "name",
    "properties",
    "state",
    "token",
    "identity",
    "last_seq",
    "locale",
    "page",
    "files",
)
FRAMES = st.builds(
    lambda kind, fields: {"type": kind, **fields},
    st.sampled_from([*frames.READERS, "base"]),
    st.dictionaries(st.sampled_from(FIELDS), ANYTHING | st.just("a"), max_size=6),
)
CONSTANTS = {"bad_frame", "unknown_type", "bad_hello"}


def answer_to(raw: bytes) -> dict[str, Any] | None:
    try:
        frames.parse(raw)
    except BadFrame as bad:
        body: dict[str, Any] = orjson.loads(bad.answer.body)
        return body
    return None


def check(answer: dict[str, Any] | None, sent_id: object) -> None:
    if answer is None:
        return
    if answer["type"] == "error":
        assert answer == {"type": "error", "code": answer["code"]}
        assert answer["code"] in CONSTANTS
    else:
        assert answer["id"] in (None, sent_id)
        assert answer["message"] == frames.NACKS[answer["code"]]


@given(st.binary(max_size=300))
def test_any_bytes_get_a_constant(raw: bytes) -> None:
    check(answer_to(raw), None)


@given(FRAMES)
def test_any_fields_get_a_value_or_a_constant(frame: dict[str, Any]) -> None:
    check(answer_to(orjson.dumps(frame)), frame.get("id"))


@given(st.text(min_size=1, max_size=4_000).filter(lambda t: t.strip() and "\0" not in t))
def test_text_comes_through_unchanged(text: str) -> None:
    said = frames.parse(orjson.dumps({"type": "message", "id": "a", "text": text}))
    assert said == Said(id="a", text=text)


def test_a_bare_hello_is_a_strangers() -> None:
    assert frames.parse('{"type":"hello"}') == Hello(
        token=None, identity=None, last_seq=0, locale=None
    )
    odd = frames.parse('{"type":"hello","locale":"' + "x" * 99 + '"}')
    assert isinstance(odd, Hello)
    assert odd.locale is None


def test_typing_in_all_its_spellings() -> None:
    for state, on in (("true", True), ("false", False), ('"on"', True), ('"stop"', False)):
        assert frames.parse(f'{{"type":"typing","state":{state}}}') == Typed(on=on)


def test_an_end_needs_an_id_and_nothing_else() -> None:
    assert frames.parse('{"type":"end","id":"e1","text":"x"}') == frames.Ended(id="e1")
    for bad in ('{"type":"end"}', '{"type":"end","id":""}', '{"type":"end","id":7}'):
        answer = answer_to(bad.encode())
        assert answer is not None
        assert (answer["type"], answer["id"], answer["code"]) == ("nack", None, "invalid")
    # Half an emoji anywhere in it: refused under its id, so that the sender's queue moves on.
    answer = answer_to(b'{"type":"end","id":"e1","x":"\\ud83d"}')
    assert answer is not None
    assert (answer["id"], answer["code"]) == ("e1", "invalid")


def test_what_was_read_is_no_message() -> None:
    read = frames.read(7)
    assert (read.kind, read.seq, orjson.loads(read.body)) == (
        "read",
        None,
        {"type": "read", "seq": 7},
    )
