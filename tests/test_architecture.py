"""The shape of the house: who may import whom, how long a file may be, what has no place in it."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import textwrap
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.app import running
from bot.environment import Environment
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.playbook import Playbook

PACKAGES = ("bot", "nlp", "crm_store")
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))

MOST_LINES = 450
"""Nobody keeps more than this in mind at once."""

CATCH_ALLS = {
    "bot/turn.py": 1,
    "bot/delivery.py": 2,
    "bot/timers.py": 1,
    # Edges, beyond which somebody else would show their own page or traceback.
    "bot/api/headers.py": 1,
    "bot/cli/__init__.py": 1,
    # The inbox of Slack: a thread must outlive whatever befalls one of its events.
    "bot/slack/worker.py": 1,
    # The worker: likewise, of the one who asked.
    "nlp/worker.py": 1,
    # The group commit: an error belongs to the caller whose item it is.
    "crm_store/writer.py": 2,
}
"""How often a file may catch whatever comes. Each place says why."""

ROUTES = {
    ("GET", "/"): "the demo shop",
    ("GET", "/favicon.ico"): "its icon",
    ("GET", "/widget.js"): "the embed script",
    ("GET", "/widget/{file}"): "the parts of the widget",
    ("GET", "/demo/shop"): "the demo shop's goods; only in a demo",
    ("POST", "/demo/sign-in"): "be a demo customer; only in a demo",
    ("GET", "/chat/ws"): "the chat",
    ("POST", "/chat/messages"): "the chat without WebSockets",
    ("GET", "/chat/messages"): "what was said",
    ("GET", "/chat/events"): "what is being said",
    ("POST", "/chat/files"): "send a file",
    ("GET", "/chat/files/{id}"): "a file of one's own conversation, nobody else's",
    ("GET", "/chat/pictures/{id}"): "what an agent looks like; its id is a digest",
    ("OPTIONS", "/chat/files"): "may another site's page ask?",
    ("OPTIONS", "/chat/files/{id}"): "may another site's page ask?",
    ("OPTIONS", "/chat/messages"): "may another site's page ask?",
    ("OPTIONS", "/chat/events"): "may another site's page ask?",
    ("GET", "/healthz"): "is it alive?",
    ("GET", "/readyz"): "is it ready?",
    ("GET", "/metrics"): "figures; on the admin port where there is one",
}
"""Every door of the house. Whoever adds one writes it down here, and thinks of who may use it."""


def python(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run this interpreter in the checkout."""
    return subprocess.run(  # noqa: S603 - what is run stands in this file
        [sys.executable, *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def modules() -> Iterator[str]:
    """Every module by its dotted name; migrations have numbers for names and are Alembic's."""
    for path in FILES:
        parts = path.relative_to(ROOT).with_suffix("").parts
        if "migrations" not in parts:
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_the_contracts_between_packages_hold() -> None:
    linted = python(Path(sys.executable).with_name("lint-imports"), "--no-cache")
    assert linted.returncode == 0, linted.stdout
    assert "0 broken" in linted.stdout


IMPORT_EACH = textwrap.dedent("""\
    import contextlib, os, sys, traceback, warnings
    # What others wrote is imported once: a child that imports all of ours says what that is.
    # Then each of ours is imported in a process that has seen none of them.
    read, write = os.pipe()
    if not os.fork():
        for name in sys.argv[1:]:
            with contextlib.suppress(BaseException):
                __import__(name)
        os.write(write, " ".join(n for n in sys.modules if n.isidentifier()
            and n not in ("bot", "nlp", "crm_store", "__main__")).encode())
        os._exit(0)
    os.wait()
    for name in os.read(read, 1 << 16).decode().split():
        with contextlib.suppress(BaseException):
            __import__(name)
    failed = []
    for name in sys.argv[1:]:
        child = os.fork()
        if not child:
            warnings.simplefilter("error")
            try:
                __import__(name)
            except BaseException:
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        if os.waitpid(child, 0)[1]:
            failed.append(name)
    print("failed:", *failed)
""")


@pytest.mark.timeout(300)  # hundreds of imports from nothing
def test_every_module_can_be_the_first_to_be_imported() -> None:
    ours = sorted(modules())
    ran = python("-c", IMPORT_EACH, *ours, OPENBLAS_NUM_THREADS="1")
    assert ran.stdout == "failed:\n", ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("statement", "unwanted"),
    [
        (
            "import bot.dialogue.decide, bot.routing.rules",
            ("aiohttp", "sqlalchemy.engine", "spacy"),
        ),
        ("import bot.settings.load", ("aiohttp", "sqlalchemy", "spacy", "sklearn")),
        ("import crm_store.records, crm_store.drafts", ("sqlalchemy",)),
        ("import nlp.understanding", ("spacy", "sklearn", "numpy")),
    ],
)
def test_what_needs_little_loads_little(statement: str, unwanted: tuple[str, ...]) -> None:
    ran = python("-c", f"import sys; {statement}; print(*sys.modules)")
    assert ran.returncode == 0, ran.stderr
    assert not set(unwanted) & set(ran.stdout.split())


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_file_can_be_read_in_one_go_and_says_what_it_is(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= MOST_LINES, f"{name_of(path)} has {lines} lines: split it by subject"
    assert ast.get_docstring(tree_of(path)), f"{name_of(path)} does not say what it is for"


def test_every_folder_with_code_says_what_it_holds() -> None:
    folders = {path.parent for path in FILES}
    assert {name_of(f) for f in folders if not (f / "__init__.py").is_file()} <= {
        "crm_store/migrations/versions"  # Alembic finds these by their place
    }


def catch_alls(path: Path) -> list[ast.ExceptHandler]:
    """Handlers of whatever comes that do not pass it on."""

    def is_wide(kind: ast.expr | None) -> bool:
        kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
        return any(
            each is None
            or (isinstance(each, ast.Name) and each.id in ("Exception", "BaseException"))
            for each in kinds
        )

    return [
        node
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ExceptHandler)
        and is_wide(node.type)
        and not isinstance(node.body[-1], ast.Raise)
    ]


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_errors_are_caught_by_their_names(path: Path) -> None:
    found = catch_alls(path)
    assert len(found) <= CATCH_ALLS.get(name_of(path), 0)
    lines = path.read_text(encoding="utf-8").splitlines()
    for handler in found:
        reason = re.search(r"# noqa: BLE001\s+(?:-|#)\s+(\w+ \w+.*)", lines[handler.lineno - 1])
        assert reason, f"{name_of(path)}:{handler.lineno} does not say why"


UNWANTED_MODULES = {"pickle", "cPickle", "joblib", "dill", "cloudpickle", "marshal", "shelve"}
UNWANTED_CALLS = {"eval", "exec", "print", "breakpoint", "compile"}
UNWANTED_LOADERS = {"load", "load_all", "full_load", "unsafe_load", "full_load_all"}


def names_imported(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Import():
            yield from (alias.name.partition(".")[0] for alias in node.names)
        case ast.ImportFrom(module=str(module)):
            yield module.partition(".")[0]
        case _:
            pass


def unwanted(node: ast.AST) -> str | None:
    """Return what has no place in the house, or None."""
    found = UNWANTED_MODULES.intersection(names_imported(node))
    if found:
        return f"imports {found.pop()}: loading such a file runs whatever is in it"
    match node:
        case ast.Call(func=ast.Name(id=name)) if name in UNWANTED_CALLS:
            return f"calls {name}()"
        case ast.Attribute(value=ast.Name(id="yaml"), attr=name) if name in UNWANTED_LOADERS:
            return f"yaml.{name}: the strict reader is the only one"
        case ast.keyword(arg="shell", value=ast.Constant(value=True)):
            return "runs a shell"
        case ast.keyword(arg="allow_pickle", value=ast.Constant(value=True)):
            return "unpickles an array"
        case _:
            return None


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_nothing_runs_what_was_only_to_be_read(path: Path) -> None:
    found = [
        f"{name_of(path)}:{getattr(node, 'lineno', 0)} {what}"
        for node in ast.walk(tree_of(path))
        if (what := unwanted(node))
    ]
    assert found == []


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "from joblib import load",
        "eval('1')",
        "print('x')",
        "yaml.load(text)",
        "run('ls', shell=True)",
    ],
)
def test_the_search_for_what_has_no_place_finds_it(code: str) -> None:
    assert any(unwanted(node) for node in ast.walk(ast.parse(code)))


async def test_every_door_is_known(playbook: Playbook, tmp_path: Path) -> None:
    alone = Environment(database=None, identity_keys=(), admin_port=None)
    async with running(playbook, alone, tmp_path) as app:
        found = {
            (route.method, route.resource.canonical)
            for route in app.router.routes()
            if route.resource is not None and route.method != "HEAD"
        }
    assert found == ROUTES.keys()


SKIPPING = """\
import pytest

def test_needs_a_browser():
    pytest.skip("no browser: playwright install chromium")

def test_makes_sense_elsewhere_only():
    pytest.skip("one process only")

@pytest.mark.xfail
def test_is_known_to_fail():
    assert False
"""


def test_with_ci_a_skip_for_want_of_something_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "test_skipping.py").write_text(SKIPPING, encoding="utf-8")
    plugins = ("-p", "tests.conftest", "-p", "no:cacheprovider")
    ran = python(
        *("-m", "pytest", "-q", *plugins, "--rootdir", tmp_path, "-c", os.devnull, tmp_path),
        CI="true",
        PYTHONPATH=str(ROOT),
    )
    assert ran.returncode == 1, ran.stdout
    assert "1 failed, 1 skipped, 1 xfailed" in ran.stdout
    assert "playwright install chromium" in ran.stdout
