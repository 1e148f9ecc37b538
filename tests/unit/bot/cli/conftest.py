"""A copy of the shipped shop with its model, and the commands run within this process."""

from __future__ import annotations

import io
import shutil
from typing import TYPE_CHECKING

import pytest
from msgspec import Struct

from bot.cli import run
from tests.conftest import SHOP

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bot.playbook import Playbook


class Ran(Struct, frozen=True):
    """What a command left behind."""

    code: int
    out: str
    err: str


@pytest.fixture
def frontdesk(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    _logging_as_before: None,
) -> Callable[..., Ran]:
    """Run a command; `typed` is what comes through a pipe."""

    def command(*arguments: object, typed: str = "") -> Ran:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        code = run([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return Ran(code, out, err)

    return command


@pytest.fixture(scope="session")
def shop(playbook: Playbook, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop in a folder that may be written to; its model is current and without tests."""
    folder = tmp_path_factory.mktemp("cli") / "shop"
    shutil.copytree(playbook.settings.folder, folder, ignore=shutil.ignore_patterns("tests"))
    assert (folder / "frontdesk.yaml").read_bytes() == (SHOP / "frontdesk.yaml").read_bytes()
    return folder
