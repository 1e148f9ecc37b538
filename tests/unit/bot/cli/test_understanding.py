import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bot.cli import run

SHIPPED = Path(__file__).parents[4] / "config" / "ecommerce"
_MAIN = "from bot.cli import main; main()"
NOW = "2025-01-06T09:00:00+08:00"
TEXTS = {
    "track": "where is my parcel|track my order|has it shipped yet|my parcel is late|order status",
    "refund": "i want my money back|refund me please|a refund now|pay me back|reimburse me",
    "oos": "what is the weather|sing a song|tell me a joke|who won the game|write a poem",
}


def answers(text):
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def examples(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("rows") / "examples.jsonl"
    rows = [
        {"text": text, "intent": intent, "split": "test" if n == 4 else "train"}
        for intent, texts in TEXTS.items()
        for n, text in enumerate(texts.split("|"))
    ]
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    return path


@pytest.fixture(scope="module")
def model(examples: Path, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("models") / "model"
    assert run(["train", "--examples", str(examples), "--out", str(out)]) == 0
    return out


@pytest.fixture
def ask(model, capsys):
    def asked(*arguments):
        code = run(["understand", "--model", str(model), *map(str, arguments)])
        out, err = capsys.readouterr()
        return code, out, err

    return asked


def test_training_on_examples_reports_what_it_made(examples, tmp_path, capsys):
    out = tmp_path / "deep" / "model"
    assert run(["train", "--examples", str(examples), "--out", str(out), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["model_id"] == json.loads((out / "manifest.json").read_text())["model_id"]
    assert report["intents"] == 2
    assert report["examples"] == {"en": 8}
    assert [p.name for p in out.parent.iterdir()] == ["model"]


def test_a_model_is_replaced_and_nothing_else_is(examples, model, tmp_path, capsys):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("dear", "utf-8")
    assert run(["train", "--examples", str(examples), "--out", str(mine)]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "not a model" in err
    shutil.copytree(model, tmp_path / "old")
    (tmp_path / "old" / "notes.txt").write_text("dear", "utf-8")
    assert run(["train", "--examples", str(examples), "--out", str(tmp_path / "old")]) == 2
    (tmp_path / "old" / "notes.txt").unlink()
    assert run(["train", "--examples", str(examples), "--out", str(tmp_path / "old")]) == 0
    (tmp_path / "empty").mkdir()
    assert run(["train", "--examples", str(examples), "--out", str(tmp_path / "empty")]) == 0


def test_bad_examples_leave_the_old_model(model, tmp_path, capsys):
    before = {p: p.read_bytes() for p in model.rglob("*") if p.is_file()}
    bad = tmp_path / "bad.csv"
    bad.write_text('text,intent\nhello,greet\n,greet\n"x,y\n', "utf-8")
    assert run(["train", "--examples", str(bad), "--out", str(model)]) == 2
    err = capsys.readouterr().err
    assert f"{bad}:3: EX002 " in err
    assert f"{bad}:4: EX003 " in err
    assert {p: p.read_bytes() for p in model.rglob("*") if p.is_file()} == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "--examples", "rows.csv"], "--examples needs --out"),
        (["train", ".", "--examples", "rows.csv", "--out", "m"], "not on both"),
        (["train", "--examples", "rows.csv", "--out", "m"], "rows.csv:1: EX001"),
        (["train", "nowhere"], "nowhere"),
        (["evaluate", "--model", "m"], "--model needs --examples"),
        (["evaluate", "--examples", "rows.csv"], "rows.csv:1: EX001"),
        (["evaluate", "--language", "fr"], "--language is en or zh"),
        (["understand", "hi", "--model", "nowhere"], "there is no trained model here"),
        (["understand", "hi", "nowhere"], "nowhere"),
        (["understand", "hi", ".", "--input", "x"], "not both"),
        (["understand", "--input", "gone.jsonl"], "gone.jsonl"),
        (["understand", "hi", "--now", "noon"], "is not an ISO time"),
        (["understand", "hi", "--output", "deep/out.jsonl"], "there is no folder deep"),
    ],
)
def test_what_cannot_be_is_one_line_and_code_2(arguments, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert words in err
    assert list(tmp_path.iterdir()) == []


def test_one_text_is_one_understanding(ask):
    code, out, err = ask("where is my parcel?", "--now", NOW)
    assert (code, err) == (0, "")
    seen = json.loads(out)
    assert (seen["language"], seen["intent"]) == ("en", "track")
    assert sum(g["probability"] for g in seen["ranking"]) == pytest.approx(1, abs=1e-4)
    assert set(seen) >= {"language", "intent", "probability", "ranking", "entities", "model"}
    assert "need" not in seen
    assert ask("where is my parcel?", "--json")[1].count("\n") == 1


def test_a_text_that_is_a_folder_is_a_text(ask, tmp_path, monkeypatch):
    (tmp_path / "refund").mkdir()
    monkeypatch.chdir(tmp_path)
    assert json.loads(ask("refund")[1])["intent"] == "refund"


def test_faulty_lines_are_named_and_the_rest_goes_on(ask, tmp_path):
    source = tmp_path / "in.jsonl"
    lines = [
        b'{"text": "refund me", "id": 7}',
        b"not json",
        b"",
        b'{"text": 1}',
        b'{"turns": []}',
        b'{"text": "x", "reference_time": "soon"}',
        b'{"text": "\xff"}',
        b'{"text": "\\ud800"}',
        b"[]",
        b'{"turns": ["hi", "track my order"], "reference_time": "2025-01-06T09:00:00"}',
    ]
    source.write_bytes(b"\n".join(lines))
    code, out, err = ask("--input", source)
    assert code == 1
    first, last = answers(out)
    assert (first["id"], first["intent"]) == (7, "refund")
    assert (last["intent"], last["need"]) == ("track", None)
    assert [line.split(" ")[:2] for line in err.splitlines()] == [
        [f"{source}:{n}:", code]
        for n, code in [
            *((2, "IN002"), (4, "IN003"), (5, "IN003"), (6, "IN004"), (7, "IN001"), (8, "IN002")),
            (9, "IN002"),
        ]
    ]


def test_csv_rows_are_named_by_their_first_line(ask, tmp_path):
    source = tmp_path / "in.csv"
    source.write_text('id,text\n1,"refund\nme"\n2,a,b\n3,"track my order"\n', "utf-8-sig")
    code, out, err = ask("--input", source)
    assert code == 1
    assert [a["id"] for a in answers(out)] == ["1", "3"]
    assert err.startswith(f"{source}:4: IN002 3 fields")
    source.write_text("message\nhello\n", "utf-8")
    assert ask("--input", source)[0] == 2


def test_plain_lines_and_an_output_file(ask, tmp_path):
    source, output = tmp_path / "in.txt", tmp_path / "out.jsonl"
    source.write_text("refund me\n\n{not json\n", "utf-8")
    output.write_text("old", "utf-8")
    assert ask("--input", source, "--output", output) == (0, "", "")
    assert [a["intent"] for a in answers(output.read_text("utf-8"))] == ["refund", None]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.txt", "out.jsonl"]
    assert ask("--input", source, "--output", source)[0] == 2


def test_stdin_is_read_without_text_and_input(model):
    ran = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", _MAIN, "understand", "--model", str(model)],
        input='{"text": "refund me"}\nnope\n',
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1
    assert [a["intent"] for a in answers(ran.stdout)] == ["refund"]
    assert ran.stderr.startswith("stdin:2: IN002 ")
    assert ran.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments", [["--help"], ["check", str(SHIPPED)], ["understand", "--help"]]
)
def test_what_needs_no_model_does_not_import_its_libraries(arguments):
    heavy = "spacy sklearn scipy numpy sqlalchemy aiohttp"
    code = (
        "import sys; from bot.cli import run; run(sys.argv[1:]); "
        f"sys.exit(' '.join(n for n in '{heavy}'.split() if n in sys.modules))"
    )
    ran = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )
    assert ran.stderr.strip() == ""


def test_evaluating_on_the_test_rows_of_a_file(model, examples, tmp_path, capsys):
    common = ["evaluate", "--model", str(model), "--examples", str(examples)]
    folder = tmp_path / "deep" / "report"
    assert run([*common, "--report", str(folder), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["method"], report["messages"], report["in_scope"]) == ("held-out", 3, 2)
    assert json.loads((folder / "evaluation.json").read_text("utf-8")) == report
    page = (folder / "evaluation.html").read_text("utf-8")
    assert page.startswith("<!doctype html>")
    assert "http" not in page
    assert run([*common, "--at-least", "0"]) == 0
    assert "accuracy" not in capsys.readouterr().err


def test_an_evaluation_gate_says_no(model, tmp_path, capsys):
    rows = tmp_path / "rows.csv"
    rows.write_text("text,intent\nrefund me,track\n", "utf-8")
    arguments = ["evaluate", "--model", str(model), "--examples", str(rows), "--at-least", "0.5"]
    assert run(arguments) == 1
    assert "right and not refused" in capsys.readouterr().out


def test_an_output_that_cannot_be_written_is_named_as_it_was_asked_for(ask, tmp_path, monkeypatch):
    def refuse(prefix, dir):
        raise PermissionError(13, "Permission denied", f"{dir}/{prefix}x7f")

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    output = tmp_path / "out.jsonl"
    code, out, err = ask("refund", "--output", output)
    assert (code, out) == (2, "")
    assert err == f"frontdesk: {output} cannot be written: Permission denied\n"
