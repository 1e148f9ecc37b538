"""What all tests share: the rules of the house, and the shipped shop with its trained model."""

from __future__ import annotations

import fcntl
import logging
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import structlog
from blockbuster import blockbuster_ctx
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from bot.models import engine_for
from bot.playbook import build
from bot.settings.load import load
from nlp.serving import InProcess

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from bot.playbook import Playbook
    from bot.settings.settings import Settings

ROOT = Path(__file__).parents[1]
SHOP = ROOT / "config" / "ecommerce"

TRAINING_S = 300
"""A process's first test that needs the model may have to train it, or to wait for another that
does; that takes up to a minute."""

# A busy machine generates slowly; that says nothing about what is tested.
hypothesis_settings.register_profile(
    "frontdesk", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("frontdesk")

AT_START = (
    ("crm_store/schema.py", {"_migrate", "head"}),  # Alembic reads its scripts
    ("crm_store/engines.py", {"reading", "writing"}),  # `Store.open` makes them in a thread
    ("bot/channels/widget_files.py", {"_read"}),  # the widget's files, once
    ("bot/api/headers.py", {"_contain_errors"}),  # a traceback quotes its lines of code
    ("bot/app.py", {"running", "__init__"}),  # the data folder, the demo's key, the widget's files
    ("bot/cli/service.py", {"_chat"}),  # a terminal, and one person in front of it
    ("bot/cli/data.py", {"opened_store"}),  # a command, and the one who gave it
    ("bot/rehearsal.py", {"open"}),  # a folder that is thrown away
    # A new connection looks for ~/.pgpass; it takes microseconds, once a connection.
    ("asyncpg/connect_utils.py", {"_parse_connect_dsn_and_args", "_parse_connect_arguments"}),
)
"""Files are read and written on the event loop in these alone: nobody is being served then."""


@pytest.fixture(autouse=True)
def _nothing_blocks() -> Iterator[None]:
    """Fail the test in which our code blocks the event loop, and with it every customer."""
    with blockbuster_ctx(["bot", "crm_store"]) as blocking:
        for function in blocking.functions.values():
            for file, names in AT_START:
                function.can_block_in(file, names)
        yield


@pytest.fixture
def _logging_as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Undo what a test's `log.configure` does to the whole process."""
    configure = structlog.configure
    # Or every logger that is used meanwhile keeps its configuration for good.
    monkeypatch.setattr(
        structlog,
        "configure",
        lambda **how: configure(**how | {"cache_logger_on_first_use": False}),
    )
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    logging.getLogger("aiohttp.access").disabled = False
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def settings() -> Settings:
    """The shipped shop."""
    return load(SHOP)


@pytest.fixture(scope="session")
def playbook(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Playbook:
    """The shipped shop with its model, trained first when it is missing or out of date."""
    with (tmp_path_factory.getbasetemp().parent / "training.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several processes test, and one of them trains
        engine = engine_for(settings)
    return build(settings, InProcess(engine))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests that may train the model the time for it."""
    for item in items:
        if "playbook" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.timeout(TRAINING_S))


WANTING = re.compile(r"^Skipped: (no|needs?)\b|\binstall\b", re.IGNORECASE)
"""Reasons of tests that want a browser or a server: "no PostgreSQL at …", "needs Chromium: …"."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With CI=true everything is at hand: a test that is skipped for want of something fails."""
    report = yield
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
    if report.skipped and os.environ.get("CI") == "true" and WANTING.search(reason):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid}, with CI=true: {reason}"
    return report
