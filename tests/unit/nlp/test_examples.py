import json

import pytest
from msgspec.structs import replace

from nlp.errors import BadExamples
from nlp.examples import Example, TrainingSet, read_examples
from nlp.understanding import OUT_OF_SCOPE


def written(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def codes(path):
    """Return the faults of a file of which nothing can be used."""
    with pytest.raises(BadExamples) as caught:
        read_examples(path)
    return [(f.line, f.code) for f in caught.value.faults]


def read(path):
    """Return the texts that can be used, and the faults."""
    file = read_examples(path)
    return [e.text for e in file.examples], [(f.line, f.code) for f in file.faults]


def test_csv_with_a_field_over_two_lines(tmp_path):
    path = written(tmp_path, "a.csv", 'text,intent,split\n"one\ntwo",greet,train\nbye,oos,test\n')
    first, second = read_examples(path).examples
    assert (first.text, first.intent, first.line) == ("one\ntwo", "greet", 2)
    assert (second.intent, second.split, second.line) == (OUT_OF_SCOPE, "test", 4)


def test_jsonl_with_entities_and_slots(tmp_path):
    rows = [
        {
            "text": "to 上海",
            "intent": "ship",
            "language": "zh",
            "entities": [{"type": "city", "start": 3, "end": 5, "value": "上海"}],
        },
        {"text": "to Rome", "intent": None, "slots": [{"slot": "city", "start": 3, "end": 7}]},
    ]
    path = written(tmp_path, "a.jsonl", "\n".join(map(json.dumps, rows)))
    first, second = read_examples(path).examples
    assert [e.text for e in first.entities] == ["上海"]
    assert second.entities[0].value == "Rome"
    assert second.intent == OUT_OF_SCOPE


def test_every_fault_is_told_with_its_line_and_the_rest_is_read(tmp_path):
    lines = [
        '{"text": "a", "intent": "x"}',
        "not json",
        "[1]",
        '{"intent": "x"}',
        '{"text": "a"}',
        '{"text": "a", "intent": "x", "language": "fr"}',
        '{"text": "a", "intent": "x", "split": "dev"}',
        '{"text": "a", "intent": "x", "entities": [{"type": "t", "start": 0, "end": 9}]}',
    ]
    texts, faults = read(written(tmp_path, "a.jsonl", "\n".join([*lines, lines[0]])))
    assert texts == ["a", "a"]
    assert faults == [
        (2, "EX003"),
        (3, "EX003"),
        (4, "EX002"),
        (5, "EX002"),
        (6, "EX004"),
        (7, "EX004"),
        (8, "EX005"),
    ]


def test_csv_faults(tmp_path):
    assert codes(written(tmp_path, "a.csv", "text,label\na,b\n")) == [(1, "EX002")]
    assert read(written(tmp_path, "b.csv", "text,intent\na,b\nc\nd,e\n")) == (
        ["a", "d"],
        [(3, "EX003")],
    )
    assert codes(written(tmp_path, "b.csv", "text,intent\nc\n")) == [(2, "EX003")]
    assert codes(written(tmp_path, "c.csv", "text,intent\n")) == [(1, "EX006")]
    assert codes(tmp_path / "none.csv") == [(1, "EX001")]


def test_csv_goes_on_behind_a_row_that_is_none(tmp_path):
    rows = 'text,intent\na,x\n"b"c,x\nd,y\n"never closed,y\n'
    assert read(written(tmp_path, "a.csv", rows)) == (["a", "d"], [(3, "EX003"), (5, "EX003")])


def test_a_place_is_no_part_of_the_fingerprint(tmp_path):
    path = written(tmp_path, "a.csv", "text,intent\na,x\nb,y\n")
    here = TrainingSet.of_examples(read_examples(path).examples)
    elsewhere = TrainingSet(examples=tuple(replace(e, path=None, line=0) for e in here.examples))
    assert here.fingerprint() == elsewhere.fingerprint()


def test_a_file_that_is_not_utf8(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"text,intent\n\xff\xfe,x\n")
    assert codes(path) == [(1, "EX001")]


def test_the_fingerprint_changes_with_anything_in_the_set():
    one = TrainingSet(examples=(Example(text="a", intent="x"),))
    assert one.fingerprint() == replace(one).fingerprint()
    for other in (
        replace(one, examples=(Example(text="b", intent="x"),)),
        replace(one, intent_needs={"x": "other"}),
        replace(one, tones={"urgent": {"en": ("asap",)}}),
    ):
        assert other.fingerprint() != one.fingerprint()


def test_test_rows_are_never_trained_on():
    rows = [
        Example(text="a", intent="x", split="train"),
        Example(text="b", intent="x", split="test"),
        Example(text="c", intent=OUT_OF_SCOPE),
    ]
    made = TrainingSet.of_examples(rows)
    assert [e.text for e in made.examples] == ["a"]
    assert [e.text for e in made.out_of_scope] == ["c"]
