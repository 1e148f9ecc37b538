import json
from pathlib import Path

import pytest

from bot.settings import schemas
from bot.settings.codes import CODES

DOCS = Path(__file__).parents[4] / "docs"


def test_the_page_is_fresh() -> None:
    """If not: python -m bot.settings.schemas docs."""
    assert (DOCS / "configuration.md").read_text(encoding="utf-8") == schemas.page()


def test_the_schemas_are_fresh() -> None:
    """If not: python -m bot.settings.schemas docs."""
    written = {
        path.stem: path.read_text(encoding="utf-8") for path in (DOCS / "schemas").glob("*.json")
    }
    assert written == schemas.schemas()


def test_writing_makes_the_same(tmp_path: Path) -> None:
    schemas.write(tmp_path)
    assert (tmp_path / "configuration.md").read_text(encoding="utf-8") == schemas.page()


def test_every_key_has_a_meaning() -> None:
    for line in schemas.page().splitlines():
        if line.startswith("| `"):
            key, _, _, meaning = line.removeprefix("| ").removesuffix(" |").split(" | ")
            assert meaning or key.endswith(">`"), line


def test_every_code_is_on_the_page() -> None:
    page = schemas.page()
    assert all(f"| {code} |" in page for code in CODES)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("frontdesk.yaml", "general"),
        ("intents/orders.yaml", "intents"),
        ("knowledge/refunds.yaml", "articles"),
        ("shop/products.yaml", "catalogue"),
        ("tests/first.yaml", "tests"),
        ("README.md", None),
    ],
)
def test_files_know_their_schema(file: str, name: str | None) -> None:
    assert schemas.schema_name(Path(file)) == name


def test_schemas_refuse_unknown_keys() -> None:
    for text in schemas.schemas().values():
        schema = json.loads(text)
        objects = [schema, *schema.get("$defs", {}).values()]
        assert all(o["additionalProperties"] is False for o in objects if o.get("type") == "object")
