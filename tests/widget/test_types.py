"""The widget's types, told in JSDoc, hold: what a compiler would refuse is not served."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.timeout(120)

HERE = Path(__file__).parent
WIDGET = ROOT / "bot" / "channels" / "widget"


@pytest.fixture(scope="session")
def tsc() -> Path:
    """The type checker, where Node.js has installed it."""
    checker = HERE / "node_modules" / "typescript" / "bin" / "tsc"
    if shutil.which("node") is None or not checker.exists():
        pytest.skip("needs Node.js and `npm ci` in tests/widget, which `make test` runs")
    return checker


def checked(tsc: Path, project: Path, *arguments: str) -> list[str]:
    """Return the lines that the checker prints."""
    ran = subprocess.run(  # noqa: S603 - what is run stands in this file
        ["node", tsc, "--project", project, "--pretty", "false", *arguments],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stderr == ""
    return ran.stdout.splitlines()


def test_the_types_of_the_widget_hold(tsc: Path):
    assert checked(tsc, HERE) == []


def test_every_script_of_the_widget_is_checked(tsc: Path):
    listed = [Path(line) for line in checked(tsc, HERE, "--listFilesOnly")]
    ours = {path for path in listed if path.suffix == ".js"}
    assert ours == set(WIDGET.rglob("*.js"))
    assert [path for path in ours if "@ts-nocheck" in path.read_text("utf-8")] == []


def test_a_mistake_is_found(tsc: Path, tmp_path: Path):
    settings = {"extends": f"{HERE}/tsconfig.json", "include": ["wrong.js"]}
    (tmp_path / "tsconfig.json").write_text(json.dumps(settings), "utf-8")
    wrong = "/** @param {string} text */ export const f = (text) => text.lenght;"
    (tmp_path / "wrong.js").write_text(wrong, "utf-8")
    (found,) = checked(tsc, tmp_path)
    assert "'lenght' does not exist" in found
