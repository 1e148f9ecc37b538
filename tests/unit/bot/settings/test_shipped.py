"""The shipped configurations have no fault, and their files know their schemas."""

from pathlib import Path

import pytest

from bot.settings.golden import load_golden
from bot.settings.load import load
from bot.settings.schemas import schema_name

CONFIGURATIONS = sorted(
    path.parent for path in (Path(__file__).parents[4] / "config").glob("*/frontdesk.yaml")
)


@pytest.mark.parametrize("folder", CONFIGURATIONS, ids=lambda folder: folder.name)
def test_it_loads(folder: Path) -> None:
    load_golden(load(folder))


@pytest.mark.parametrize("folder", CONFIGURATIONS, ids=lambda folder: folder.name)
def test_editors_find_the_schemas(folder: Path) -> None:
    for path in sorted(folder.rglob("*.yaml")):
        name = schema_name(path.relative_to(folder))
        first = path.read_text(encoding="utf-8").splitlines()[0]
        start, _, target = first.partition("=")
        assert start == "# yaml-language-server: $schema", path
        assert (path.parent / target).resolve().name == f"{name}.json"
        assert (path.parent / target).is_file(), path
