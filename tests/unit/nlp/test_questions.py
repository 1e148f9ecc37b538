from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nlp.errors import BadExamples, Fault
from nlp.questions import Question, read, time_of


def asked(content, name="in.jsonl"):
    return list(read(content.splitlines(keepends=True), Path(name)))


def codes(content, name="in.jsonl"):
    return [
        (q.line, q.code) if isinstance(q, Fault) else (q.line, q.text) for q in asked(content, name)
    ]


def test_the_first_line_tells_the_form_where_the_suffix_does_not():
    assert codes(b'{"text": "a"}\n{"text": "b"}\n', "-") == [(1, "a"), (2, "b")]
    assert codes(b'hello\n{"text": "b"}\n', "-") == [(1, "hello"), (2, '{"text": "b"}')]
    assert codes(b"\xef\xbb\xbfhello", "x.txt") == [(1, "hello")]
    assert codes(b"") == []


def test_a_conversation_asks_for_its_last_turn():
    (question,) = asked(b'{"text": "x", "turns": ["a", "b"], "language": "zh", "id": [1]}')
    assert question == Question(line=1, text="b", turns=("a", "b"), language="zh", id=[1])


def test_csv_has_turns_and_times_in_cells():
    content = b'text,turns,reference_time\nx,"[""a"",""b""]",2025-01-06\n,,\ny,[a],\n'
    first, empty, fault = asked(content, "in.csv")
    assert (first.text, first.turns) == ("b", ("a", "b"))
    assert first.now == datetime(2025, 1, 6)  # noqa: DTZ001 - the line gives no offset
    assert (empty.text, empty.now) == ("", None)
    assert (fault.line, fault.code) == (4, "IN003")


def test_a_csv_file_without_texts_cannot_be_answered():
    with pytest.raises(BadExamples, match="IN003"):
        asked(b"message\nhello\n", "in.csv")


@pytest.mark.parametrize("text", ["", "noon", "2025-13-01", "0001-01-01", "9999-12-31T23:59"])
def test_what_is_no_time(text):
    assert time_of(text) is None


def test_times():
    assert time_of("2025-01-06T09:00:00Z") == datetime(2025, 1, 6, 9, tzinfo=UTC)
    assert time_of(" 2025-01-06T09:00+08:00").utcoffset() == timedelta(hours=8)


@given(st.binary(max_size=200), st.sampled_from(["a.jsonl", "a.csv", "a.txt", "-"]))
@example(b'"', "a.csv")
def test_any_bytes_are_questions_or_faults(content, name):
    try:
        found = asked(content, name)
    except BadExamples:
        return
    assert all(isinstance(q, Question | Fault) for q in found)
