"""The documentation tells the truth: what it names exists, and what exists is named.

A document is Markdown of the repository. Places in code are written `path.py` or `path.py:name`,
where name may be `Class.method`; YAML of a configuration begins with a comment that names its file.
"""

from __future__ import annotations

import ast
import json
import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bot.actions import ACTIONS
from bot.api import headers
from bot.channels.webchat import connection, frames, http_edge, socket_handler
from bot.channels.webchat.identity import IdentityKeys
from bot.cli import app
from bot.dialogue.replies import DIALOGUE_REPLIES
from bot.settings import schemas
from bot.settings.load import KINDS
from bot.settings.model import Limits
from bot.settings.strict_yaml import Document, parse
from bot.settings.validate import validate
from bot.slack.scopes import SCOPES
from nlp.understanding import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
SHOP = ROOT / "config" / "ecommerce"
PACKAGES = ("bot", "nlp", "crm_store")
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))

PICTURES_TO_COME: frozenset[str] = frozenset()
"""Taken of the running widget; until then the place is kept."""

_CODE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_SPAN = re.compile(r"`([^`\n]+)`")
_PLACE = re.compile(
    r"(?:bot|nlp|crm_store|tests|config|docs)/[\w./*-]*?\w\.(?:py|js|yaml|json|cfg|txt)(?::[\w.]+)?"
)
_LINK = re.compile(r"(!?)\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


@cache
def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


@cache
def all_text() -> str:
    return "\n".join(text_of(page) for page in PAGES)


@cache
def words() -> frozenset[str]:
    """Every word that stands in code spans or code blocks, which is how names are written."""
    return frozenset(re.findall(r"[\w.]+", code()))


@cache
def code() -> str:
    """All code blocks and code spans of the documents, one a line."""
    blocks = [block for _, block in _CODE.findall(all_text())]
    return "\n".join([*blocks, *_SPAN.findall(_CODE.sub("", all_text()))])


@cache
def source() -> str:
    files = (file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py")))
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def missing(wanted: Any) -> list[str]:
    return sorted(set(map(str, wanted)) - words())


def by_name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


# -- what the documents name exists ------------------------------------------------------------


@cache
def names_in(file: Path) -> frozenset[str]:
    """The names that a Python file defines: at its top, and inside its classes."""
    return frozenset(_names(ast.parse(file.read_text(encoding="utf-8")).body, ""))


def _names(body: list[ast.stmt], prefix: str) -> Iterator[str]:
    for node in body:
        match node:
            case ast.ClassDef(name=name):
                yield prefix + name
                yield from _names(node.body, f"{prefix}{name}.")
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield prefix + name
            case ast.Assign(targets=targets):
                yield from (
                    prefix + target.id for target in targets if isinstance(target, ast.Name)
                )
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield prefix + name
            case _:
                pass


@pytest.mark.parametrize("page", PAGES, ids=by_name)
def test_places_in_code_exist(page: Path) -> None:
    wrong = []
    for place in _PLACE.findall(text_of(page)):
        path, _, name = place.partition(":")
        file = ROOT / path
        there = any(ROOT.glob(path)) if "*" in path else file.is_file()
        known = not name or (there and name in names_in(file))
        if not (there and known):
            wrong.append(place)
    assert wrong == []


@pytest.mark.parametrize("page", PAGES, ids=by_name)
def test_links_resolve(page: Path) -> None:
    wrong = []
    for picture, link in _LINK.findall(_CODE.sub("", text_of(page))):
        if link.startswith(("https://", "http://", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if picture and by_name(target) in PICTURES_TO_COME:
            continue
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            wrong.append(link)
    assert wrong == []


def _anchors(page: Path) -> set[str]:
    headings = _HEADING.findall(_CODE.sub("", text_of(page)))
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_commands_in_the_documents_exist() -> None:
    # "/frontdesk mine" is Slack's, not the shell's.
    named = set(re.findall(r"(?<!/)\bfrontdesk (?!frontdesk)([a-z]+)", code()))
    assert named - commands() == set()
    modules = set(re.findall(r"python3? -m ([a-z_]+(?:\.[a-z_]+)+)", code()))
    assert [m for m in modules if not (ROOT / f"{m.replace('.', '/')}.py").is_file()] == []


def test_make_targets_in_the_documents_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", all_text(), re.MULTILINE))
    assert {"run", "run-with-slack", "test"} <= named <= targets
    variables = set(re.findall(r"^([A-Z_]+) +\?=", makefile, re.MULTILINE))
    assert missing(variables) == []


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs" / "adr"
    index = text_of(folder / "README.md")
    pages = sorted(page.name for page in folder.glob("[0-9]*.md"))
    assert [name for name in pages if f"]({name})" not in index] == []
    assert [int(name[:4]) for name in pages] == list(range(1, len(pages) + 1))
    for name in pages:
        headings = _HEADING.findall(text_of(folder / name))
        assert headings[1:] == ["Context", "Decision", "What was weighed", "Consequences"], name


# -- what exists is named in the documents ---------------------------------------------------------


def commands() -> set[str]:
    return {
        command.name or command.callback.__name__
        for command in app.registered_commands
        if command.callback is not None
    }


def test_every_command_is_named() -> None:
    named = set(re.findall(r"frontdesk ([a-z]+)", all_text()))
    assert commands() - named == set()


def test_every_environment_variable_is_named() -> None:
    variables = set(re.findall(r'"((?:FRONTDESK|SLACK)_[A-Z_]+)"', source()))
    variables |= set(re.findall(r'envvar="([A-Z_]+)"', source()))
    assert variables, "none found: they are read in another way now"
    assert missing(variables) == []
    table = text_of(ROOT / "README.md").partition("## Environment")[2].partition("\n## ")[0]
    assert [name for name in sorted(variables) if f"`{name}`" not in table] == []


def rows_of(page: str, section: str) -> dict[str, list[str]]:
    """The rows of a section's table, by the code spans of their first cell."""
    found = text_of(ROOT / "docs" / page).partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    rows: dict[str, list[str]] = {}
    for line in found.splitlines():
        if line.startswith("| `"):
            first, *cells = line.removeprefix("|").removesuffix("|").split("|")
            rows |= {name: [cell.strip() for cell in cells] for name in _SPAN.findall(first)}
    return rows


def test_the_actions_are_as_told() -> None:
    rows = rows_of("actions.md", "Actions")
    assert set(rows) == set(ACTIONS)
    for name, (needs, options, _, replies) in rows.items():
        action = ACTIONS[name]
        assert set(_SPAN.findall(needs)) == action.slots, name
        assert set(_SPAN.findall(options)) == action.options, name
        groups = {key.partition(".")[0] for key in action.replies} | {"refund_state"}
        assert set(_SPAN.findall(replies)) <= groups, name


def test_every_group_of_replies_is_named() -> None:
    keys = {key for action in ACTIONS.values() for key in action.replies} | set(DIALOGUE_REPLIES)
    groups = {key.partition(".")[0] for key in keys}
    assert groups - set(rows_of("actions.md", "Replies")) == set()


def test_slacks_permissions_are_as_told() -> None:
    rows = rows_of("slack.md", "Permissions")
    assert {scope: reason for scope, (reason,) in rows.items()} == SCOPES
    manifest, _ = parse((ROOT / "docs" / "slack-manifest.yaml").read_bytes(), ROOT)
    assert manifest is not None
    assert isinstance(manifest.value, dict)
    assert manifest.value["oauth_config"]["scopes"]["bot"] == list(rows)


def test_the_pictures_are_small() -> None:
    """Whoever clones the repository carries them for ever."""
    large = [p.name for p in (ROOT / "docs" / "pictures").iterdir() if p.stat().st_size > 256_000]
    assert large == []


def test_the_need_categories_are_as_told() -> None:
    categories = {file.stem for file in (SHOP / "needs").glob("*.yaml")}
    assert set(rows_of("actions.md", "Need categories")) == categories


def test_every_metric_is_named() -> None:
    text = source()
    counters = re.findall(r'Counter\(\s*"(frontdesk_\w+)"', text)
    tallies = re.findall(r'\.tally\(\s*"(\w+)"', text)
    others = re.findall(r'(?:Histogram|Gauge|Summary)\(\s*"(frontdesk_\w+)"', text)
    gauges = re.findall(r'\.gauge\(\s*"(\w+)"', text)
    metrics = [f"{name}_total" for name in counters] + others
    metrics += [f"frontdesk_{name}_total" for name in tallies]
    metrics += [f"frontdesk_{name}" for name in gauges]
    assert len(metrics) > 5, "they are made in another way now"
    assert sorted(set(metrics) - set(rows_of("operations.md", "Metrics"))) == []


def test_the_stages_and_the_canonical_line_are_as_told() -> None:
    stages = set(re.findall(r'stages\.done\("(\w+)"\)', source()))
    told = rows_of("operations.md", "Metrics")["frontdesk_stage_seconds"][1]
    assert stages == set(re.findall(r"\w+", told.partition(":")[2]))
    fields = rows_of("operations.md", "Logs")
    assert set(_fields_of_a_turn()) == set(fields)


def _fields_of_a_turn() -> list[str]:
    """The keys of the dictionary that the composition root writes for each turn."""
    tree = ast.parse((ROOT / "bot" / "app.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            keys = [str(key.value) for key in node.keys if isinstance(key, ast.Constant)]
            if "exchange" in keys:
                return keys
    raise AssertionError("it is written in another way now")


def test_every_log_event_is_named() -> None:
    events = re.findall(r'\blog\.(?:info|warning|error|exception)\(\s*"(\w+)"', source())
    assert missing(events) == []


def test_every_fault_of_a_data_file_is_named() -> None:
    codes = set(re.findall(r'"((?:EX|IN)[0-9]{3})"', source()))
    assert codes, "they are written in another way now"
    assert missing(codes) == []


def test_every_code_of_the_protocol_is_named() -> None:
    codes = {*frames.NACKS, *http_edge.STATUSES, *headers.CODES.values()}
    codes |= set(re.findall(r'frames\.error\("(\w+)"\)', source()))
    codes |= set(re.findall(r'error_response\(\d+, "(\w+)"', source()))
    assert codes - set(rows_of("channels.md", "The protocol: `frontdesk.v1`")) == set()


def test_every_close_code_and_frame_type_is_named() -> None:
    page = text_of(ROOT / "docs" / "channels.md")
    closes = {
        socket_handler.BAD_ORIGIN,
        connection.SAY_HELLO,
        connection.TOO_SLOW,
        connection.RESTART,
    }
    assert [code for code in sorted(closes) if f"| {code} |" not in page] == []
    sent = set(re.findall(r'_dump\(\s*"(\w+)"', source()))
    types = {*frames.READERS, *sent}
    assert [kind for kind in sorted(types) if f"| `{kind}` |" not in page] == []


def test_the_limits_are_as_told() -> None:
    rows = rows_of("operations.md", "Limits")
    assert set(rows) == set(Limits.model_fields)
    for name, limit in Limits():
        told = int(re.findall(r"[\d,]+", rows[name][0])[0].replace(",", ""))
        assert told == getattr(limit, "count", limit), name


# -- snippets --------------------------------------------------------------------------------------


def snippets(language: str) -> list[tuple[Path, str]]:
    return [
        (page, block)
        for page in PAGES
        for kind, block in _CODE.findall(text_of(page))
        if kind == language
    ]


@pytest.mark.parametrize(("page", "block"), snippets("yaml"))
def test_yaml_is_valid(page: Path, block: str) -> None:
    """It must be valid in the place of the same keys of the shipped file."""
    document, faults = parse(block.encode(), page)
    assert faults == []
    assert document is not None
    file = re.match(r"# (\S+\.yaml)\n", block)
    assert file, "its first line must name the file that it belongs to"
    kind = next(kind for kind in KINDS.values() if Path(file[1]).match(kind.pattern))
    shipped, _ = parse((SHOP / file[1]).read_bytes(), SHOP / file[1])
    assert shipped is not None
    assert isinstance(shipped.value, dict)
    assert isinstance(document.value, dict)
    merged = Document(value={**shipped.value, **document.value}, lines={})
    assert validate(kind.model, merged, page)[1] == []


def test_json_is_valid() -> None:
    for _, block in snippets("json"):
        json.loads(block)


@pytest.mark.parametrize(("page", "block"), snippets("python"))
def test_python_compiles(page: Path, block: str) -> None:
    compile(block, str(page), "exec")


def test_the_identity_example_signs_what_is_verified() -> None:
    (block,) = (block for _, block in snippets("python") if "def identity(" in block)
    names: dict[str, Any] = {}
    exec(compile(block, "operations.md", "exec"), names)  # noqa: S102 - our own document
    key = "k" * 48
    token = names["identity"]({"id": "c-17", "name": "Ada", "email": "ada@example.com"}, key)
    now = names["time"].time()
    claims = IdentityKeys([key]).verify(token, site="default", now=datetime.fromtimestamp(now, UTC))
    assert claims.subject == "c-17"
    assert claims.about == {"name": "Ada", "email": "ada@example.com"}


# -- generated -------------------------------------------------------------------------------------


def test_generated_pages_are_fresh() -> None:
    """If not: make docs."""
    assert text_of(ROOT / "docs" / "configuration.md") == schemas.page()
    folder = ROOT / "docs" / "schemas"
    written = {file.stem: file.read_text(encoding="utf-8") for file in folder.glob("*.json")}
    assert written == schemas.schemas()


def test_both_languages_are_shown() -> None:
    readme = text_of(ROOT / "README.md")
    assert set(LANGUAGES) == {"en", "zh"}
    assert re.search("[\u4e00-\u9fff]", readme)
