"""Spans and values of entities, by the contract; the cases stand in `entity_cases/`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from nlp.entities.finder import CatalogueEntry, EntityFinder, EntitySpec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nlp.understanding import Entity

CASES = Path(__file__).with_name("entity_cases")

NOW = datetime(2026, 3, 4, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
"""A Wednesday."""

FINDER = EntityFinder(
    EntitySpec(
        order_patterns=(
            r"(?i)\b[A-Z]{2}\d{6}\b",
            r"\b\d{13}\b",
            r"#\d{5}\b",
            r"(?i)\bORD-(?:19|20)\d{2}-\d{4}\b",
        ),
        tracking_patterns=(r"(?i)\b(?:SF|YT) ?\d{13}\b", r"(?i)\b1Z[0-9A-Z]{16}\b"),
        products=(
            CatalogueEntry(
                id="desk-lamp", names=("desk lamp", "Aurora desk lamp", "台灯", "极光台灯")
            ),
            CatalogueEntry(id="floor-lamp", names=("oak floor lamp", "橡木落地灯", "落地灯")),
            CatalogueEntry(id="mug", names=("ceramic mug", "陶瓷马克杯", "马克杯")),
            CatalogueEntry(id="cookware", names=("3-piece cookware set", "三件套锅具")),
            CatalogueEntry(
                id="pillow", names=("memory foam pillow", "pillow", "记忆棉枕头", "枕头")
            ),
            CatalogueEntry(id="mattress", names=("mattress", "床垫")),
            CatalogueEntry(id="charger", names=("wireless charger", "无线充电器")),
            CatalogueEntry(id="curtains", names=("blackout curtains", "遮光窗帘")),
        ),
    )
)


def _written(entity: Entity) -> str:
    value = entity.value
    shown = f"{value['amount']} {value['currency']}" if isinstance(value, dict) else value
    return f"{entity.type}:{entity.text}={shown}"


def _cases() -> Iterator[tuple[str, list[str]]]:
    """Read lines of the form `text => type:span=value; ...`, or `text => -` for nothing."""
    for file in sorted(CASES.glob("*.txt")):
        for line in filter(None, file.read_text("utf-8").splitlines()):
            text, expected = line.split(" => ")
            yield text, [] if expected == "-" else expected.split("; ")


def _found(text: str) -> list[str]:
    chinese = any("\u4e00" <= c <= "\u9fff" for c in text)
    return [_written(e) for e in FINDER.find(text, "zh" if chinese else "en", NOW)]


@pytest.mark.parametrize(("text", "expected"), list(_cases()))
def test_it_finds_exactly_this(text: str, expected: list[str]) -> None:
    assert _found(text) == expected
