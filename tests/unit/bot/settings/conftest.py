"""A small complete configuration, copied afresh for each test, and a program that fits it."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from msgspec import Struct, field

from bot.errors import ConfigError, Fault
from bot.settings.golden import load_golden
from bot.settings.known import Known
from bot.settings.load import load

SMALL = Path(__file__).parent / "small"


class FakeAction(Struct, frozen=True):
    replies: Mapping[str, frozenset[str]] = field(default_factory=dict)
    slots: frozenset[str] = frozenset()
    options: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()


KNOWN = Known(
    actions={
        "order_status": FakeAction(
            replies={"order.state": frozenset({"order", "state"})},
            slots=frozenset({"order"}),
            options=frozenset({"detail", "title"}),
            texts=frozenset({"title"}),
        ),
        "resting": FakeAction(replies={"resting.reply": frozenset()}),
    },
    replies={"rephrase": frozenset()},
    asks=frozenset({"order"}),
    shared=frozenset({"shop"}),
)

FaultsOf = Callable[[Path], tuple[Fault, ...]]
Edit = Callable[[str, str, str], Path]


@pytest.fixture
def known() -> Known:
    return KNOWN


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """The folder of the small configuration."""
    folder = tmp_path / "small"
    shutil.copytree(SMALL, folder)
    return folder


@pytest.fixture
def edit(small: Path) -> Edit:
    """Replace a text in one of the files; `*` as the old text means the whole file."""

    def change(name: str, old: str, new: str) -> Path:
        path = small / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if old == "*":
            path.write_text(new, encoding="utf-8")
            return small
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
        path.write_text(text.replace(old, new), encoding="utf-8")
        return small

    return change


@pytest.fixture
def faults_of(known: Known) -> FaultsOf:
    """Load a folder with its tests, and return the faults."""

    def find(folder: Path) -> tuple[Fault, ...]:
        try:
            load_golden(load(folder, known))
        except ConfigError as error:
            return error.faults
        return ()

    return find
