import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.settings.strict_yaml import MOST_BYTES, parse, scalar

FILE = Path("some.yaml")


def read(text: str | bytes) -> Any:
    content = text.encode() if isinstance(text, str) else text
    document, faults = parse(content, FILE)
    assert faults == []
    assert document is not None
    return document.value


def fault(text: str | bytes) -> tuple[int, str]:
    content = text.encode() if isinstance(text, str) else text
    _, faults = parse(content, FILE)
    assert len(faults) == 1, faults
    return faults[0].line, faults[0].code


@pytest.mark.parametrize(
    "text",
    [
        "no", "yes", "on", "off", "Yes", "NO", "y", "n", "True", "FALSE", "Null", "~",
        "9:30", "17:00", "1:20:30", "010", "0x1F", "0o17", "0b1", "1_000", "+8613812345678",
        "+1", "2026-03-02", "2026-03-02T09:00:00Z", ".5", "5.", ".inf", "-.INF", ".nan", "1e999",
        "9" * 19, "=", "12 34", "１２",
    ],
)  # fmt: skip
def test_what_yaml_1_1_would_turn_into_something_else_stays_text(text: str) -> None:
    assert scalar(text) == text
    assert read(f"key: {text}") == {"key": text}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True), ("false", False), ("null", None), ("", None), ("0", 0), ("-7", -7),
        ("42", 42), ("0.5", 0.5), ("-1.5e3", -1500.0), ("1e3", 1000.0),
    ],
)  # fmt: skip
def test_json_words_mean_what_they_mean_in_json(text: str, value: object) -> None:
    assert read(f"- {text}") == [value]
    assert type(scalar(text)) is type(value)


def test_quoted_scalars_are_text() -> None:
    assert read("- \"1\"\n- 'true'\n- \"null\"\n- |-\n  5\n- >-\n  1\n  2") == [
        "1", "true", "null", "5", "1 2",
    ]  # fmt: skip


def test_keys_are_text() -> None:
    assert read("1: a\ntrue: b\n2503127788123: c") == {"1": "a", "true": "b", "2503127788123": "c"}


@pytest.mark.parametrize(
    ("text", "line", "code"),
    [
        ("a: 1\nb: [1, 2\n", 2, "YAML001"),
        ("a: b: c", 1, "YAML001"),
        ("a: 'never closed", 1, "YAML001"),
        ("- @home", 1, "YAML001"),
        ("a:\n\t- b", 2, "YAML001"),
        ("a: 1\nb: 2\na: 3", 3, "YAML002"),
        ("x:\n  - {a: 1, a: {b: [1, 2]}}", 2, "YAML002"),
        ("a: &anchor 1", 1, "YAML003"),
        ("a: 1\nb: *anchor", 2, "YAML003"),
        ("a:\n  <<: {b: 1}", 2, "YAML003"),
        ("a: !!python/object/apply:os.system [ls]", 1, "YAML004"),
        ("a: !!str 1", 1, "YAML004"),
        ("a: !env HOME", 1, "YAML004"),
        ("a: 1\n---\nb: 2", 2, "YAML005"),
        ("%YAML 1.1\n---\na: 1", 1, "YAML005"),
        ("a: " + "x" * MOST_BYTES, 1, "YAML006"),
        ("[" * 50 + "]" * 50, 1, "YAML007"),
        (b"a: 1\nb: \xff", 2, "YAML008"),
        ("a: 1".encode("utf-16"), 1, "YAML008"),
        ("a: 1\nb: \x00", 2, "YAML009"),
        ("a: \x1b[31m", 1, "YAML009"),
        ("a: 1\r\nb: \x07", 2, "YAML009"),
        ('a: "\\0"', 1, "YAML009"),
        ('a: "\\x1b"', 1, "YAML009"),
        ("? [a]\n: 1", 1, "YAML010"),
        ("'': 1", 1, "YAML010"),
        ("", 1, "YAML011"),
        ("# nothing but a comment", 1, "YAML011"),
        ("- where is\n- my order #48213\n", 2, "YAML012"),
    ],
)
def test_traps_are_refused_with_their_line(text: str | bytes, line: int, code: str) -> None:
    assert fault(text) == (line, code)


def test_an_alias_bomb_is_refused_at_once() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]" for a, b in zip("abcdefg", "bcdefgh")]  # noqa: B905
    start = time.perf_counter()
    _, faults = parse("\n".join(lines).encode(), FILE)
    assert {fault.code for fault in faults} == {"YAML003"}
    assert time.perf_counter() - start < 1


@pytest.mark.parametrize("text", ["[" * 500_000, "{a: " * 200_000, "- " * 400_000])
def test_deep_nesting_is_refused_at_once(text: str) -> None:
    start = time.perf_counter()
    assert fault(text)[1] == "YAML007"
    assert time.perf_counter() - start < 2


def test_a_comment_and_a_hash_inside_a_word_are_fine() -> None:
    assert read("- fine # a comment\n- '#48213'\n- order#1\n- |\n  a #5\n") == [
        "fine", "#48213", "order#1", "a #5\n",
    ]  # fmt: skip


def test_windows_files_are_read() -> None:
    assert read(b"\xef\xbb\xbfa: 1\r\nb:\r\n  - x\r\n") == {"a": 1, "b": ["x"]}


def test_all_faults_of_a_file_are_found() -> None:
    _, faults = parse(b"a: &x 1\nb: !t 2\na: 3\n", FILE)
    assert [(f.line, f.code) for f in faults] == [(1, "YAML003"), (2, "YAML004"), (3, "YAML002")]


def test_every_path_has_its_line() -> None:
    document, _ = parse(b"a:\n  b: 1\n  c:\n    - x\n    - y:\n        z\n", FILE)
    assert document is not None
    assert document.lines == {
        (): 1, ("a",): 1, ("a", "b"): 2, ("a", "c"): 3, ("a", "c", 0): 4, ("a", "c", 1): 5,
        ("a", "c", 1, "y"): 5,
    }  # fmt: skip
    assert document.line(("a", "c", 1, "missing", 3)) == 5
    assert document.line(("nowhere",)) == 1


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    parse(text.encode("utf-8", errors="surrogatepass"), FILE)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    document, faults = parse(content, FILE)
    assert document is not None or faults
