import json

import pytest
from msgspec.structs import replace

from nlp.errors import BadExamples
from nlp.example_files import read_examples
from nlp.examples import Example, TrainingSet
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


BROKEN_ROWS = {
    "a lone surrogate in the text": (r'{"text": "a \ud800", "intent": "x"}', "EX003"),
    "a lone surrogate in the intent": (r'{"text": "a", "intent": "x\udfff"}', "EX003"),
    "a lone surrogate in a value": (
        r'{"text": "a", "intent": "x", "entities": [{"type": "t", "start": 0, "end": 1, '
        r'"value": "\ud800"}]}',
        "EX003",
    ),
    "a lone surrogate in a type": (
        r'{"text": "a", "intent": "x", "entities": [{"type": "\ud800", "start": 0, "end": 1}]}',
        "EX003",
    ),
    "a deep nest that never ends": ('{"text": "a", "intent":' + "[" * 5000, "EX003"),
    "a deep nest for an intent": (
        '{"text": "a", "intent":' + "[" * 900 + "]" * 900 + "}",
        "EX002",
    ),
    "a deep nest for a value": (
        '{"text": "a", "intent": "x", "entities": [{"type": "t", "start": 0, "end": 1, "value":'
        + "[" * 500
        + "]" * 500
        + "}]}",
        "EX005",
    ),
    "a control character in the intent": (r'{"text": "a", "intent": "x\u001by"}', "EX002"),
    "a line end in the intent": (r'{"text": "a", "intent": "x\ny"}', "EX002"),
    "a list for a split": ('{"text": "a", "intent": "x", "split": []}', "EX004"),
    "false for a language": ('{"text": "a", "intent": "x", "language": false}', "EX004"),
    "no number at all": ('{"text": "a", "intent": "x", "weight": NaN}', "EX003"),
}


@pytest.mark.parametrize("row", BROKEN_ROWS.values(), ids=BROKEN_ROWS)
def test_a_broken_row_is_left_out_and_the_set_can_be_made(tmp_path, row):
    line, code = row
    good = '{"text": "b", "intent": "y"}'
    path = written(tmp_path, "a.jsonl", "\n".join([good, line, good]))
    assert read(path) == (["b", "b"], [(2, code)])
    assert TrainingSet.of_examples(read_examples(path).examples).fingerprint()


def marked(*entities, text="two big boxes"):
    return json.dumps({"text": text, "intent": "x", "entities": entities})


@pytest.mark.parametrize(
    "entities",
    [
        ({"type": "t", "start": 0, "end": 7}, {"type": "u", "start": 4, "end": 13}),
        ({"type": "t", "start": 4, "end": 7}, {"type": "t", "start": 4, "end": 7}),
        ({"type": "t", "start": True, "end": 7},),
        ({"type": "t", "start": 0.0, "end": 3},),
        ({"type": "t", "start": "0", "end": 3},),
        ({"type": "t", "start": 0},),
        ({"type": "t", "start": 4, "end": 6},),
        ({"type": "t", "start": 5, "end": 7},),
        ({"type": "a\nb", "start": 0, "end": 3},),
    ],
)
def test_entities_that_cannot_be_learned_are_a_fault_of_their_row(tmp_path, entities):
    path = written(tmp_path, "a.jsonl", f"{marked()}\n{marked(*entities)}\n")
    assert read(path) == (["two big boxes"], [(2, "EX005")])


def test_entities_side_by_side_and_inside_chinese_fit(tmp_path):
    rows = [
        marked({"type": "t", "start": 0, "end": 3}, {"type": "u", "start": 4, "end": 7}),
        marked({"type": "t", "start": 1, "end": 3}, text="到上海市"),
        marked({"type": "t", "start": 0, "end": 1}, text="5kg"),
        marked({"type": "t", "start": 1, "end": 7}, text="买iPhone吧"),
    ]
    texts, faults = read(written(tmp_path, "a.jsonl", "\n".join(rows)))
    assert (len(texts), faults) == (4, [])


@pytest.mark.parametrize(
    ("name", "row"),
    [("a.csv", b"%s,x\n"), ("a.jsonl", b'{"text": "%s", "intent": "x"}\n')],
)
def test_of_rows_that_are_not_utf8_each_is_named(tmp_path, name, row):
    path = tmp_path / name
    head = b"text,intent\n" if name.endswith(".csv") else b"\n"
    path.write_bytes(head + b"".join(row % text for text in (b"a", b"\xff\xfe", b"b", b"caf\xe9")))
    assert read(path) == (["a", "b"], [(3, "EX001"), (5, "EX001")])


@pytest.mark.parametrize("encoding", ["utf-16", "gb18030"])
@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_a_file_of_another_encoding_is_told_of_once(tmp_path, name, encoding):
    rows = ['{"text": "你好", "intent": "x"}'] * 3
    text = "text,intent\n你好,x\n再见,y\n" if name.endswith(".csv") else "\n".join(rows)
    (tmp_path / name).write_bytes(text.encode(encoding))
    assert codes(tmp_path / name) == [(1, "EX001")]


def told(path):
    with pytest.raises(BadExamples) as caught:
        read_examples(path)
    return str(caught.value)


@pytest.mark.parametrize(
    ("header", "hint"),
    [
        ("Text,Intent", "small letters"),
        ("text, intent", "without blanks"),
        ("text;intent", "semicolons"),
        ("text\tintent", "tabs"),
    ],
)
def test_a_header_that_is_nearly_right_is_told_how_to_be(tmp_path, header, hint):
    assert hint in told(written(tmp_path, "a.csv", f"{header}\na,b\n"))


def test_other_kinds_of_files_are_told_which_are_read(tmp_path):
    message = told(written(tmp_path, "a.txt", "hello\nthere\n"))
    assert message.count("\n") == 0
    assert "EX001" in message
    assert "CSV (.csv) or JSONL (.jsonl)" in message


def test_a_quote_that_is_never_closed_says_what_it_takes_with_it(tmp_path):
    rows = 'text,intent\na,x\n"never,x\nb,y\nc,y\n'
    file = read_examples(written(tmp_path, "a.csv", rows))
    assert [e.text for e in file.examples] == ["a"]
    (fault,) = file.faults
    assert (fault.line, fault.code) == (3, "EX003")
    assert fault.message.endswith("an open quote takes in the lines to 5")


def test_lines_are_counted_behind_empty_ones_and_open_quotes(tmp_path):
    rows = 'text,intent\n\na,x\n"open,x\nb,y\n"c",y\n\nd\n'
    texts, faults = read(written(tmp_path, "a.csv", rows))
    assert (texts, faults) == (["a"], [(4, "EX003"), (8, "EX003")])
