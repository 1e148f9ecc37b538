"""`train --examples` and `evaluate`, on files that are small enough to learn in a moment."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bot.cli import run

if TYPE_CHECKING:
    from collections.abc import Callable

TRACK = (
    "where is my parcel",
    "track my order",
    "has it shipped yet",
    "my parcel is late",
    "order status",
    "when does the parcel come",
)
REFUND = (
    "i want my money back",
    "refund me please",
    "a refund now",
    "pay me back",
    "reimburse me",
    "give me a refund",
)
OUT = ("what is the weather", "sing a song", "tell me a joke", "who won the game", "write a poem")
ROWS = [
    *((text, "track") for text in TRACK),
    *((text, "refund") for text in REFUND),
    *((text, "out_of_scope") for text in OUT),
]
ASKED = [(f"{text}, please", intent) for text, intent in ROWS]
"""The same in other words, as a model would be asked: these it was not trained on."""
SWAPPED = [(text, {"track": "refund", "refund": "track"}.get(i, i)) for text, i in ROWS]
LINE = re.compile(r"(.+):(\d+): ([A-Z]{2,4}\d{3}) (\S.*)")


def as_csv(path: Path, rows: list[tuple[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([("text", "intent"), *rows])
    return path


def faults(err: str) -> list[tuple[str, int, str]]:
    """Return path, line and code of what stderr names, which must be all that it says."""
    found = [LINE.fullmatch(line) for line in err.splitlines()]
    assert all(found), err
    return [(match[1], int(match[2]), match[3]) for match in found if match]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with examples and two models: one of them, one that mixes up its intents."""
    folder = tmp_path_factory.mktemp("evaluation")
    as_csv(folder / "rows.csv", ROWS)
    as_csv(folder / "swapped.csv", SWAPPED)
    as_csv(folder / "asked.csv", ASKED)
    for name in ("rows", "swapped"):
        arguments = ["--examples", f"{folder}/{name}.csv", "--out", f"{folder}/{name}"]
        assert run(["train", *arguments]) == 0
    return folder


@pytest.fixture
def model(place: Path, tmp_path: Path) -> Path:
    """A model that may be written to."""
    return Path(shutil.copytree(place / "rows", tmp_path / "model"))


@pytest.fixture
def evaluate(frontdesk: Any, place: Path) -> Callable[..., Any]:
    """Evaluate the model on what it has learned, said otherwise, unless other rows are given."""

    def command(*arguments: object, model: Path | None = None, rows: Path | None = None) -> Any:
        on = ("--examples", rows or place / "asked.csv")
        return frontdesk("evaluate", "--model", model or place / "rows", *on, *arguments)

    return command


@pytest.fixture
def intent_of(frontdesk: Any) -> Callable[[Path, str], str | None]:
    """Ask a model for the intent of a message."""

    def ask(model: Path, text: str) -> Any:
        ran = frontdesk("understand", text, "--model", model)
        assert (ran.code, ran.err) == (0, "")
        return json.loads(ran.out)["intent"]

    return ask


# -- train -------------------------------------------------------------------------------------


def test_broken_rows_of_a_csv_file_are_named_and_the_rest_makes_the_model(
    frontdesk: Any, intent_of: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [f"{text},{intent},en" for text, intent in ROWS]
    rows[1:1] = [
        "only one field",
        ",track,en",
        '"two\nlines",track,fr',
        "a,b,en,d",
        '"x"y,track,en',
    ]
    text = "\n".join(["text,intent,language", *rows, '"never closed,track,en\n'])
    Path("rows.csv").write_text(text, "utf-8")
    ran = frontdesk("train", "--examples", "rows.csv", "--out", "model")
    assert ran.code == 1
    assert ran.out.startswith("Trained m-")
    assert "2 intents from 12 en" in ran.out
    last = text.count("\n")
    assert faults(ran.err) == [
        ("rows.csv", 3, "EX003"),
        ("rows.csv", 4, "EX002"),
        ("rows.csv", 5, "EX004"),
        ("rows.csv", 7, "EX003"),
        ("rows.csv", 8, "EX003"),
        ("rows.csv", last, "EX003"),
    ]
    assert intent_of(Path("model"), "where is my parcel") == "track"
    assert intent_of(Path("model"), "refund me please") == "refund"


def test_broken_rows_of_a_jsonl_file_are_named_and_counted(
    frontdesk: Any, intent_of: Any, tmp_path: Path
) -> None:
    path = tmp_path / "rows.jsonl"
    lines = [json.dumps({"text": text, "intent": intent}) for text, intent in ROWS]
    lines[3:3] = [
        "{not json",
        "",
        '["a", "b"]',
        '{"text": "  ", "intent": "track"}',
        '{"text": "a"}',
        '{"text": "a", "intent": "track", "split": "dev"}',
        '{"text": "a", "intent": "track", "entities": [{"type": "x", "start": 0, "end": 5}]}',
    ]
    path.write_text("\n".join(lines), "utf-8")
    ran = frontdesk("train", "--examples", path, "--out", tmp_path / "model", "--json")
    assert ran.code == 1
    assert faults(ran.err) == [
        (str(path), line, code)
        for line, code in (
            *((4, "EX003"), (6, "EX003"), (7, "EX002"), (8, "EX002"), (9, "EX004"), (10, "EX005")),
        )
    ]
    report = json.loads(ran.out)
    assert (report["rows_left_out"], report["intents"], report["examples"]) == (6, 2, {"en": 12})
    assert report["out_of_scope"] == {"en": 5}
    assert report["folder"] == str(tmp_path / "model")
    assert intent_of(tmp_path / "model", "track my order") == "track"


def test_without_broken_rows_all_is_well(frontdesk: Any, place: Path, tmp_path: Path) -> None:
    arguments = ("--examples", place / "rows.csv", "--out", tmp_path / "model", "--json")
    ran = frontdesk("train", *arguments)
    assert (ran.code, ran.err) == (0, "")
    assert json.loads(ran.out)["rows_left_out"] == 0
    assert contents(tmp_path / "model") == contents(place / "rows")


def test_many_intents_of_two_examples_are_no_reason_for_a_warning(
    frontdesk: Any, tmp_path: Path
) -> None:
    words = [f"{a}{b}" for a in "bdfg" for b in ("ale", "ime", "ork", "und")]
    rows = [(text, word) for word in words for text in (f"say {word} now", f"a {word}, please")]
    path = as_csv(tmp_path / "rows.csv", rows)
    ran = frontdesk("train", "--examples", path, "--out", tmp_path / "model")
    assert (ran.code, ran.err) == (0, "")


UNUSABLE = {
    "all.csv": ("text,intent\n,track\na\na,b,c\n", ["EX002", "EX003", "EX003"]),
    "all.jsonl": ('nope\n{"intent": "x"}\n', ["EX003", "EX002"]),
    "header.csv": ("message,label\na,b\n", ["EX002"]),
    "nothing.csv": ("text,intent\n", ["EX006"]),
    "empty.jsonl": ("", ["EX006"]),
    "one_class.csv": ("text,intent\na,track\nb,track\nc,track\n", ["EX007"]),
    "one_example.csv": ("text,intent\na,track\n", ["EX007"]),
    "no_intent.csv": ("text,intent\na,oos\nb,\n", ["EX007"]),
    "only_held_out.csv": ("text,intent,split\na,x,test\nb,y,test\nc,y,valid\n", ["EX007"]),
    "one_usable.csv": ("text,intent\na,track\n,refund\n", ["EX002", "EX007"]),
    "one_each.csv": ("text,intent\na,track\nb,refund\n", ["EX008"]),
    "one_intent.csv": ("text,intent\na,track\nb,oos\n", ["EX008"]),
    "one_of_two.csv": ("text,intent\na,track\nb,track\nc,refund\n", ["EX008"]),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_what_makes_no_model_leaves_the_old_one_as_it_is(
    frontdesk: Any, intent_of: Any, model: Path, name: str
) -> None:
    text, codes = UNUSABLE[name]
    rows = model.with_name(name)
    rows.write_text(text, "utf-8")
    before = contents(model)
    ran = frontdesk("train", "--examples", rows, "--out", model)
    assert (ran.code, ran.out) == (2, "")
    assert [code for _, _, code in faults(ran.err)] == codes
    assert contents(model) == before
    assert sorted(path.name for path in model.parent.iterdir()) == sorted(["model", name])
    assert intent_of(model, "where is my parcel") == "track"


@pytest.mark.parametrize(
    "name",
    [
        *("header.csv", "nothing.csv", "one_class.csv", "no_intent.csv", "one_each.csv"),
        pytest.param("only_held_out.csv"),
    ],
)
def test_a_fault_of_a_whole_file_names_the_file(frontdesk: Any, tmp_path: Path, name: str) -> None:
    rows = tmp_path / name
    rows.write_text(UNUSABLE[name][0], "utf-8")
    ran = frontdesk("train", "--examples", rows, "--out", tmp_path / "model")
    assert [(path, line) for path, line, _ in faults(ran.err)] == [(str(rows), 1)]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--examples", "rows.csv"), "--examples needs --out"),
        (("--examples", "rows.csv", "--encoder", "encoder"), "--examples needs --out"),
        (("config", "--examples", "rows.csv", "--out", "m"), "not on both"),
        (("--encoder", "encoder"), "--encoder goes with --examples"),
        (("config", "--encoder", "encoder"), "--encoder goes with --examples"),
        (("--examples", "rows.csv", "--out", "m", "--tier", "tables"), "not 'tables'"),
        (("--examples", "rows.csv", "--out", "m", "--tier", ""), "encoder or table, not ''"),
        (("--examples", "rows.csv", "--out", "m", "--encoder", "nowhere"), "nowhere: an encoder's"),
        (("--examples", "rows.csv", "--out", "m", "--encoder", "empty"), "empty: an encoder's"),
        (("--examples", "rows.csv", "--out", "m", "--encoder", "half"), "half: an encoder's"),
        (("--examples", "rows.csv", "--out", "m", "--encoder", "rows.csv"), "an encoder's folder"),
        (("--examples", "rows.csv", "--out", "m", "--encoder", "encoder"), "encoder"),
        (("--examples", "gone.csv", "--out", "m"), "gone.csv:1: EX001 cannot be read"),
        (("--examples", "empty", "--out", "m"), "empty:1: EX001 cannot be read"),
        (("--examples", "rows.csv", "--out", "rows.csv"), "rows.csv: is a file"),
        (("--examples", "rows.csv", "--out", "half"), "half: not empty, and not a model"),
    ],
)
def test_training_that_cannot_be_is_one_line_and_leaves_nothing(
    frontdesk: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    as_csv(tmp_path / "rows.csv", ROWS)
    for name in ("empty", "half", "encoder"):
        (tmp_path / name).mkdir()
    (tmp_path / "half" / "model.onnx").write_bytes(b"a graph")
    for name in ("model.onnx", "tokenizer.json"):
        (tmp_path / "encoder" / name).write_bytes(b"what is this")
    before = contents(tmp_path)
    ran = frontdesk("train", *arguments)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert words in ran.err
    assert "internal error" not in ran.err
    assert contents(tmp_path) == before
    assert not (tmp_path / "m").exists()


# -- evaluate: the figures ---------------------------------------------------------------------


def test_the_figures_as_json(evaluate: Any, place: Path) -> None:
    ran = evaluate("--json")
    assert (ran.code, ran.err) == (0, "")
    report = json.loads(ran.out)
    assert (report["method"], report["messages"], report["in_scope"]) == ("held-out", 17, 12)
    manifest = json.loads((place / "rows" / "manifest.json").read_text("utf-8"))
    assert report["model_id"] == manifest["model_id"]
    assert report["accuracy"] == report["macro_f1"] == 1.0
    assert set(report["intents"]) == {"track", "refund", "out_of_scope"}
    assert report["intents"]["track"] == {"examples": 6, "precision": 1, "recall": 1, "f1": 1}
    assert report["confusion"] == {
        "track": {"track": 6},
        "refund": {"refund": 6},
        "out_of_scope": {"out_of_scope": 5},
    }
    assert sum(b["messages"] for b in report["calibration"]) == 12
    assert all(0 <= b["probability"] <= 1 and b["correct"] == 1 for b in report["calibration"])
    assert report["learning_curve"] == report["mistakes"] == []
    assert report["comparison"] is None
    assert report["median_us"] > 0
    assert report["seen"] == 0
    assert report["data_faults"] == []


@pytest.mark.parametrize("figure", ["coverage", "out_of_scope"])
def test_being_surer_answers_less_and_catches_more(evaluate: Any, figure: str) -> None:
    trades = json.loads(evaluate("--json").out)[figure]
    thresholds = [trade["threshold"] for trade in trades]
    assert thresholds == sorted(set(thresholds))
    strict = trades if figure == "coverage" else trades[::-1]
    answered = [trade["answered"] for trade in strict]
    caught = [trade["caught"] for trade in strict]
    assert answered == sorted(answered, reverse=True)
    assert caught == sorted(caught)
    assert {"threshold", "answered", "correct", "caught"} == set(trades[0])


def test_mistakes_are_named_with_their_line_and_the_confusion_counts_them(
    evaluate: Any, tmp_path: Path
) -> None:
    rows = as_csv(tmp_path / "rows.csv", [*ROWS[:3], ("refund me please", "track"), *ROWS[12:]])
    report = json.loads(evaluate("--json", rows=rows).out)
    (mistake,) = report["mistakes"]
    assert mistake.pop("probability") == pytest.approx(1, abs=0.5)
    assert mistake == {
        "text": "refund me please",
        "language": "en",
        "expected": "track",
        "got": "refund",
        "path": str(rows),
        "line": 5,
    }
    assert report["confusion"]["track"] == {"track": 3, "refund": 1}
    assert report["confused"] == [
        {"expected": "track", "got": "refund", "messages": 1, "example": "refund me please"}
    ]
    assert report["accuracy"] == report["first_guess"] == 0.75
    assert report["intents"]["track"]["recall"] == 0.75
    assert report["macro_f1"] == pytest.approx(2 * 3 / (4 + 3))


def test_an_intent_that_the_model_lacks_is_named_and_counts_as_wrong(
    evaluate: Any, tmp_path: Path
) -> None:
    rows = as_csv(tmp_path / "rows.csv", [*ROWS[:3], ("send me the invoice", "invoice")])
    report = json.loads(evaluate("--json", rows=rows).out)
    assert report["unknown_intents"] == ["invoice"]
    assert report["accuracy"] == 0.75
    assert report["out_of_scope_recall"] is None


def test_of_a_file_with_held_out_rows_only_those_count(evaluate: Any, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    rows = [
        {"text": text, "intent": intent, "split": "test" if text in ("track my order", *OUT) else s}
        for s in ("train", "valid")
        for text, intent in ROWS
    ]
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    report = json.loads(evaluate("--json", rows=path).out)
    assert (report["messages"], report["in_scope"]) == (12, 2)


def test_the_summary_has_a_line_for_each_figure(evaluate: Any) -> None:
    ran = evaluate()
    shown = dict(re.split(r"\s{2,}", line, maxsplit=1) for line in ran.out.strip().splitlines())
    assert ran.code == 0
    assert shown["messages"] == "17, 12 of them in scope"
    assert shown["right and not refused"] == shown["out of scope refused"] == "100.0 %"
    assert shown["macro F1"] == "100.0 %"
    assert "trained on" not in shown
    assert ran.err == ""


def test_of_many_faults_of_a_kind_the_first_are_told_and_all_are_in_the_report(
    evaluate: Any, tmp_path: Path
) -> None:
    rows = tmp_path / "rows.csv"
    table = "".join(f"say number {word},{word},train\n" for word in "abcdefgh")
    rows.write_text(f"text,intent,split\n{table}", "utf-8")
    ran = evaluate(rows=rows)
    assert ran.err.splitlines()[-1] == "and 3 more of DATA003"
    assert len(faults(ran.err.rpartition("and 3")[0])) == 5
    assert len(json.loads(evaluate("--json", rows=rows).out)["data_faults"]) == 8


def test_broken_rows_are_named_and_the_others_scored(evaluate: Any, tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text(
        "text,intent\ntrack my order,track\nbroken\n,track\nrefund me,refund\n", "utf-8"
    )
    ran = evaluate("--json", rows=rows)
    assert ran.code == 1
    assert faults(ran.err) == [(str(rows), 3, "EX003"), (str(rows), 4, "EX002")]
    assert json.loads(ran.out)["messages"] == 2


# -- evaluate: yes or no -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "against", "verdict", "gate"),
    [
        ("rows", "swapped", "better", 0),
        ("swapped", "rows", "worse", 1),
        ("rows", "rows", "no clear difference", 0),
    ],
)
def test_two_models_are_compared_on_the_same_messages(
    evaluate: Any, place: Path, model: str, against: str, verdict: str, gate: int
) -> None:
    arguments = ("--against", place / against)
    ran = evaluate(*arguments, "--json", model=place / model)
    assert ran.code == 0
    report = json.loads(ran.out)
    two = report["comparison"]
    manifest = json.loads((place / against / "manifest.json").read_text("utf-8"))
    assert (two["verdict"], two["other"]) == (verdict, manifest["model_id"])
    right = {"rows": 17, "swapped": 5}
    assert two["accuracy"] == pytest.approx(right[model] / 17)
    assert two["other_accuracy"] == pytest.approx(right[against] / 17)
    assert two["only_this"] - two["only_other"] == right[model] - right[against]
    assert (two["p_value"] < 0.05) == (model != against)
    gated = evaluate(*arguments, "--gate", model=place / model)
    assert gated.code == gate
    assert re.search(rf"^against {manifest['model_id']} +{verdict}: ", gated.out, re.MULTILINE)


def test_a_few_messages_show_no_clear_difference(
    evaluate: Any, place: Path, tmp_path: Path
) -> None:
    rows = as_csv(tmp_path / "rows.csv", ASKED[:5])
    arguments = ("--against", place / "rows", "--gate", "--json")
    ran = evaluate(*arguments, model=place / "swapped", rows=rows)
    two = json.loads(ran.out)["comparison"]
    assert (two["only_this"], two["only_other"], two["p_value"]) == (0, 5, 0.0625)
    assert (two["verdict"], ran.code) == ("no clear difference", 0)


def test_the_gate_does_not_let_contradictions_pass(evaluate: Any, tmp_path: Path) -> None:
    rows = as_csv(tmp_path / "rows.csv", [*ASKED, ("Where is my parcel? Please!", "refund")])
    ran = evaluate("--gate", rows=rows)
    assert ran.code == 1
    (told,) = (line for line in ran.err.splitlines() if "DATA001" in line)
    assert faults(told) == [(str(rows), len(ROWS) + 2, "DATA001")]
    assert "rows.csv:2" in told
    assert evaluate(rows=rows).code == 0
    assert evaluate("--gate").code == 0


def test_less_than_wanted_is_a_no(evaluate: Any, place: Path, tmp_path: Path) -> None:
    rows = as_csv(tmp_path / "rows.csv", [*ASKED[:3], ("refund me please do", "track")])
    codes = {least: evaluate("--at-least", least, rows=rows).code for least in (0, 0.75, 0.76, 1)}
    assert codes == {0: 0, 0.75: 0, 0.76: 1, 1: 1}
    assert evaluate("--at-least", 1).code == 0
    assert evaluate("--at-least", 0.1, model=place / "swapped").code == 1


@pytest.mark.parametrize("language", ["en", "zh"])
def test_rows_that_the_model_was_trained_on_prove_nothing(
    evaluate: Any, place: Path, tmp_path: Path, language: str
) -> None:
    arguments = ("--report", tmp_path / "out", "--language", language)
    ran = evaluate("--json", *arguments, rows=place / "rows.csv")
    report = json.loads(ran.out)
    assert (ran.code, report["method"], report["seen"]) == (0, "trained on these rows", 17)
    assert [(f["code"], f["line"]) for f in report["data_faults"]] == [("DATA006", 2)]
    page = (tmp_path / "out" / "evaluation.html").read_text("utf-8")
    assert {"en": "trained on these messages", "zh": "正是用这些消息训练的"}[language] in page
    assert {"en": "not trained on", "zh": "训练中未用过"}[language] not in page
    for asked in (("--gate",), ("--at-least", 0)):
        ran = evaluate(*asked, rows=place / "rows.csv")
        assert ran.code == 1
        assert "the model was trained on 17 of the 17 messages" in ran.err


def test_a_few_sentences_that_come_again_are_told_and_do_no_harm(
    evaluate: Any, tmp_path: Path
) -> None:
    ran = evaluate(
        "--gate", rows=as_csv(tmp_path / "rows.csv", [*ASKED, ("Order status!", "track")])
    )
    assert ran.code == 0
    assert re.search("^trained on +1 of them$", ran.out, re.MULTILINE)
    assert faults(ran.err) == [(str(tmp_path / "rows.csv"), len(ASKED) + 2, "DATA006")]


def test_of_nothing_there_is_no_share(evaluate: Any, tmp_path: Path) -> None:
    rows = as_csv(tmp_path / "rows.csv", [("tell me a story", "oos"), ("sing for me", "oos")])
    ran = evaluate("--at-least", 0, rows=rows)
    assert ran.code == 1
    shown = dict(re.split(r"\s{2,}", line, maxsplit=1) for line in ran.out.strip().splitlines())
    assert shown["first guess right"] == shown["macro F1"] == "?"
    assert evaluate("--report", tmp_path / "out", rows=rows).code == 0
    assert json.loads(evaluate("--json", rows=rows).out)["accuracy"] is None


# -- evaluate: the report ----------------------------------------------------------------------

HOSTILE = '<script src="https://evil.example/x.js">alert(1)</script><img onerror=x> refund'


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_report_is_a_folder_that_needs_nothing_else(
    evaluate: Any, tmp_path: Path, language: str
) -> None:
    rows = as_csv(tmp_path / "rows.csv", [*ROWS, ("refund me 请", "track"), (HOSTILE, "track")])
    folder = tmp_path / "deep" / "report"
    ran = evaluate("--report", folder, "--language", language, "--json", rows=rows)
    assert ran.code == 0
    assert sorted(path.name for path in folder.iterdir()) == ["evaluation.html", "evaluation.json"]
    assert json.loads((folder / "evaluation.json").read_text("utf-8")) == json.loads(ran.out)
    page = (folder / "evaluation.html").read_text("utf-8")
    assert page.startswith("<!doctype html>")
    assert f'<html lang="{language}"' in page
    title = re.search(r"<title>(.*?)</title>", page)
    assert title is not None
    assert bool(re.search(r"[\u4e00-\u9fff]", title[1])) == (language == "zh")
    assert "<svg" in page
    assert "refund me 请" in page
    assert "&lt;script" in page
    tags = re.findall(r"<[^>]*>", page)
    assert not [tag for tag in tags if re.match(r"<(script|img|link|iframe|object|a)\b", tag)]
    assert not [tag for tag in tags if re.search(r"https?:|\b(src|href|on\w+)\s*=", tag)]
    assert not re.search(r"url\(|@import", page)


def test_the_page_is_named_and_a_second_one_takes_its_place(
    evaluate: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "notes.txt").write_text("dear", "utf-8")
    first, second = (evaluate("--report", "report", "--language", name) for name in ("en", "zh"))
    assert first.out.endswith("The page is report/evaluation.html\n")
    assert (first.code, second.code) == (0, 0)
    assert '<html lang="zh"' in (tmp_path / "report" / "evaluation.html").read_text("utf-8")
    assert (tmp_path / "report" / "notes.txt").read_text("utf-8") == "dear"


# -- evaluate: what cannot be --------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--model", "rows"), "--model needs --examples"),
        (("--against", "rows"), "--against needs --examples"),
        (("--model", "rows", "--against", "rows"), "--model needs --examples"),
        (("--model", "nowhere", "--examples", "rows.csv"), "nowhere: there is no trained model"),
        (("--model", "rows", "--examples", "gone.csv"), "gone.csv:1: EX001"),
        (("--model", "rows", "--examples", "rows.csv", "--against", "nowhere"), "nowhere: there"),
        (("--model", "rows", "--examples", "rows.csv", "--at-least", "1.1"), "'--at-least'"),
        (("--model", "rows", "--examples", "rows.csv", "--at-least", "-0.1"), "'--at-least'"),
        (("--model", "rows", "--examples", "rows.csv", "--at-least", "all"), "'--at-least'"),
        (("--model", "rows", "--examples", "rows.csv", "--language", "de"), "not 'de'"),
        (("--model", "rows", "--examples", "rows.csv", "--report", "rows.csv"), "rows.csv"),
    ],
)
def test_evaluation_that_cannot_be_is_one_line(
    frontdesk: Any,
    place: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    words: str,
) -> None:
    shutil.copytree(place, tmp_path / "place")
    monkeypatch.chdir(tmp_path / "place")
    before = contents(tmp_path)
    ran = frontdesk("evaluate", *arguments)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert words in ran.err
    assert contents(tmp_path) == before


def test_no_number_is_no_share(evaluate: Any) -> None:
    ran = evaluate("--at-least", "nan")
    assert (ran.code, ran.out) == (2, "")


def changed_manifest(**more: Any) -> Callable[[Path], None]:
    """Return what writes other values into a model's manifest."""

    def change(model: Path) -> None:
        path = model / "manifest.json"
        path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | more), "utf-8")

    return change


def flip(model: Path) -> None:
    path = model / "intents" / "weights.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def damaged(name: str, content: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    """Return what changes a file of a model, and lets the manifest vouch for it."""

    def change(model: Path) -> None:
        path, manifest = model / name, model / "manifest.json"
        path.write_bytes(content(path.read_bytes()))
        values = json.loads(manifest.read_text("utf-8"))
        values["files"][name] = hashlib.sha256(path.read_bytes()).hexdigest()
        manifest.write_text(json.dumps(values), "utf-8")

    return change


DAMAGES = [
    pytest.param(flip, "weights.npy: has been altered", id="one bit"),
    pytest.param(
        lambda model: (model / "parts.json").write_text("{}", "utf-8"),
        "parts.json: has been altered",
        id="another file",
    ),
    pytest.param(
        lambda model: (model / "intents" / "vocabulary.json").unlink(),
        "vocabulary.json: cannot be read",
        id="a file less",
    ),
    pytest.param(
        lambda model: (model / "manifest.json").write_text("{", "utf-8"),
        "manifest.json: cannot be read",
        id="half a manifest",
    ),
    pytest.param(
        lambda model: (model / "manifest.json").write_text("[1, 2]", "utf-8"),
        "manifest.json: cannot be read",
        id="no manifest",
    ),
    pytest.param(changed_manifest(format=1), "model format 1", id="another format"),
    pytest.param(
        changed_manifest(versions={"numpy": "1.0.0"}), "unknown version", id="no other versions"
    ),
    pytest.param(
        lambda model: changed_manifest(
            versions=json.loads((model / "manifest.json").read_text("utf-8"))["versions"]
            | {"scikit-learn": "0.1"}
        )(model),
        "trained with scikit-learn 0.1, installed is ",
        id="another version",
    ),
    pytest.param(changed_manifest(files={}), "does not list", id="nothing listed"),
    pytest.param(changed_manifest(model_id="m-0"), "does not fit", id="another id"),
    *(
        pytest.param(damaged(f"intents/{name}", change), "cannot be read", id=f"{how} {name}")
        for name in ("weights.npy", "intercept.npy", "vocabulary.json", "intents.json")
        for how, change in (
            ("empty", lambda _: b""),
            ("half", lambda content: content[: len(content) // 2]),
            ("odd", lambda content: b"\x00\xff" + content),
            ("null", lambda _: b"null"),
            ("endless", lambda content: content.replace(b"(", b"(99999999999999999999,", 1)),
        )
        if how != "endless" or name.endswith(".npy")
    ),
    pytest.param(shutil.rmtree, "there is no trained model here", id="nothing"),
    pytest.param(
        lambda model: (shutil.rmtree(model), model.write_text("a file", "utf-8")),
        "manifest.json",
        id="a file",
    ),
    pytest.param(changed_manifest(files=[]), "manifest.json", id="files"),
    pytest.param(changed_manifest(versions=None), "manifest.json", id="versions"),
]


@pytest.mark.parametrize("option", ["--model", "--against"])
@pytest.mark.parametrize(("damage", "words"), DAMAGES)
def test_a_model_that_may_not_be_trusted_is_one_line(
    evaluate: Any, model: Path, damage: Callable[[Path], object], words: str, option: str
) -> None:
    assert evaluate(option, model).code == 0
    damage(model)
    ran = evaluate(option, model)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert str(model) in ran.err
    assert words in ran.err
