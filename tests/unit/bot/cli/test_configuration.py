import json
import shutil
from pathlib import Path

import pytest

from bot.cli import configuration, run
from bot.cli.configuration import templates
from bot.errors import BotError
from bot.settings.load import load
from crm_store.errors import StoreError
from nlp.errors import NlpError

SHIPPED = Path(__file__).parents[4] / "config" / "ecommerce"


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """The shipped configuration with two faults in different files."""
    folder = tmp_path / "broken"
    shutil.copytree(SHIPPED, folder)
    (folder / "frontdesk.yaml").write_text("name: {en: A, zh: B}\nlanguages: no\n", "utf-8")
    (folder / "flow.yaml").write_text("a: 1\n", "utf-8")
    return folder


def test_check_says_what_it_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", str(SHIPPED)]) == 0
    out, err = capsys.readouterr()
    assert out.count("\n") == 1
    assert "is sound (c-" in out
    assert "intents" in out
    assert err == ""


def test_check_lists_all_faults_on_stderr(
    broken: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(broken.parent)
    assert run(["check", "broken"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "broken/flow.yaml:1: CFG004 nothing reads the file 'flow.yaml' here, "
        "did you mean 'flows.yaml'?",
        "broken/frontdesk.yaml:2: CFG012 languages: a list is expected: "
        "[a, b], or lines that start with '- '",
    ]


def test_check_as_json(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", str(SHIPPED), "--json"]) == 0
    good = json.loads(capsys.readouterr().out)
    assert good["ok"] is True
    assert good["config"].startswith("c-")
    assert run(["check", str(broken), "--json"]) == 1
    bad = json.loads(capsys.readouterr().out)
    assert bad["ok"] is False
    assert [fault["code"] for fault in bad["faults"]] == ["CFG004", "CFG012"]
    assert set(bad["faults"][0]) == {"path", "line", "code", "message"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["check", "/nowhere"], "/nowhere:1: CFG001 there is no such configuration folder"),
        (["chek"], "No such command 'chek'"),
        (["check", "--jsn"], "No such option"),
        (["check", "a", "b"], "unexpected extra argument"),
        (["init"], "Missing argument 'DIR'"),
        (["init", "new", "--template", "bakery"], "there is no template 'bakery'; there are: "),
        (["init", "new", "--template", "../ecommerce"], "there is no template"),
    ],
)
def test_wrong_usage_is_one_line_and_code_2(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert words in err
    assert list(tmp_path.iterdir()) == []


def test_init_writes_a_configuration_that_loads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "deep" / "shop"
    assert run(["init", str(folder)]) == 0
    assert "Wrote" in capsys.readouterr().out
    assert len(load(folder).intents) == len(load(SHIPPED).intents)
    for path in folder.rglob("*.yaml"):
        first = path.read_text(encoding="utf-8").splitlines()[0]
        if first.startswith("# yaml-language-server: $schema="):
            assert (path.parent / first.split("=", 1)[1]).is_file(), path


def test_init_refuses_what_is_in_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.txt").write_text("dear", "utf-8")
    assert run(["init", str(tmp_path)]) == 2
    assert "is not empty" in capsys.readouterr().err
    assert run(["init", str(tmp_path / "mine.txt")]) == 2
    assert "is a file" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    (tmp_path / "empty").mkdir()
    assert run(["init", str(tmp_path / "empty")]) == 0


def test_templates_of_the_checkout_are_found() -> None:
    assert templates()["ecommerce"] == SHIPPED


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (KeyboardInterrupt(), 130, ""),
        (PermissionError(13, "Permission denied", "/etc/x"), 2, "Permission denied: /etc/x"),
        (StoreError("the database is gone"), 2, "frontdesk: the database is gone"),
        (NlpError("there is no model"), 2, "frontdesk: there is no model"),
        (BotError("it cannot be"), 2, "frontdesk: it cannot be"),
    ],
)
def test_errors_become_lines(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
    words: str,
) -> None:
    def fail(folder: Path) -> None:
        raise error

    monkeypatch.setattr(configuration, "load", fail)
    assert run(["check", str(SHIPPED)]) == code
    err = capsys.readouterr().err
    assert words in err
    assert err.count("\n") == (1 if words else 0)


def test_help_is_shown_without_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 0
    assert "Usage: frontdesk" in capsys.readouterr().out
