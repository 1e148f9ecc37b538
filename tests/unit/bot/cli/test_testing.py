"""`frontdesk test`: passing, failing, and none at all."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PASSING = """\
conversations:
  - name: A greeting is returned
    given: {now: "2026-03-03T10:30:00+08:00"}
    turns:
      - {customer: hello there, intent: greet, bot: greet, owner: bot, ticket: null}
  - name: A person is a word away
    given: {customer: ada, now: "2026-03-03T10:30:00+08:00"}
    turns:
      - customer: talk to a human
        bot: handed_over
        owner: queue
        ticket: {queue: vip, priority: high}
routing:
  - name: Insults go to those who are trained for them
    given: {abusive: true}
    queue: complaints
hours:
  - name: A working hour is an hour
    at: "2026-03-03T10:30:00+08:00"
    priority: high
    due: "2026-03-03T11:30:00+08:00"
"""

FAILING = """\
conversations:
  - name: It goes wrong in the second turn
    given: {now: "2026-03-03T10:30:00+08:00"}
    turns:
      - {customer: hello there, bot: greet}
      - customer: where is order AB204817?
        bot: order_status.dispatched
        says: 1Z999
        slots: {order: XX999999}
      - {customer: this is never said, bot: greet}
  - name: A button that is not there
    turns:
      - {customer: hello there}
      - {choose: nonsense, bot: greet}
routing:
  - {name: A wrong queue, given: {abusive: true}, queue: general, priority: urgent}
hours:
  - name: A wrong time
    at: "2026-03-03T10:30:00+08:00"
    priority: high
    due: "2026-03-03T12:00:00+08:00"
"""


@pytest.fixture
def with_tests(shop: Path) -> Callable[..., Path]:
    """Put golden files into the shop."""

    def put(**files: str) -> Path:
        shutil.rmtree(shop / "tests", ignore_errors=True)
        (shop / "tests").mkdir()
        for name, text in files.items():
            (shop / "tests" / f"{name}.yaml").write_text(text, encoding="utf-8")
        return shop

    return put


def test_what_passes_is_counted(frontdesk: Any, with_tests: Any) -> None:
    ran = frontdesk("test", with_tests(first=PASSING))
    assert (ran.code, ran.out, ran.err) == (0, "4 passed, 0 failed\n", "")


def test_what_fails_is_named_with_file_and_line(
    frontdesk: Any, with_tests: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = with_tests(first=PASSING, second=FAILING)
    monkeypatch.chdir(folder)
    ran = frontdesk("test", folder)
    assert (ran.code, ran.err) == (1, "")
    *failures, summary = ran.out.splitlines()
    assert summary == "4 passed, 4 failed"
    places = [failure.split(": ")[0] for failure in failures]
    lines = FAILING.splitlines()

    def line(start: str) -> str:
        number = next(n for n, text in enumerate(lines, 1) if start in text)
        return f"tests/second.yaml:{number}"

    assert places == [
        *[line("where is order")] * 3,
        line("choose: nonsense"),
        *[line("A wrong queue")] * 2,
        line("A wrong time"),
    ]
    assert "replies: expected ['order_status.dispatched'], got ['ask.proof']" in ran.out
    assert "slot order: expected XX999999, got AB204817" in ran.out
    assert "there is no button 'nonsense'; there are: " in ran.out
    assert "queue: expected general, got complaints (abusive)" in ran.out
    assert "never said" not in ran.out


def test_the_report_as_json(frontdesk: Any, with_tests: Any) -> None:
    ran = frontdesk("test", with_tests(first=PASSING, second=FAILING), "--json")
    assert ran.code == 1
    report = json.loads(ran.out)
    assert (report["passed"], report["failed"], len(report["tests"])) == (4, 4, 8)
    failed = [test for test in report["tests"] if test["failures"]]
    assert {test["file"].rpartition("/")[2] for test in failed} == {"second.yaml"}
    assert all(set(test) == {"name", "file", "line", "failures"} for test in report["tests"])


def test_no_tests_at_all_is_no_success(frontdesk: Any, with_tests: Any) -> None:
    ran = frontdesk("test", with_tests())
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert "there are no tests in" in ran.err


def test_a_fault_in_a_test_is_named_like_any_other(frontdesk: Any, with_tests: Any) -> None:
    text = PASSING.replace("bot: greet", "bot: greeet").replace("queue: vip", "queue: vips")
    ran = frontdesk("test", with_tests(first=text))
    assert (ran.code, ran.out) == (2, "")
    assert [line.split(": ", 1)[1].split()[0] for line in ran.err.splitlines()] == ["CFG100"] * 2


def test_a_missing_folder_is_one_line(frontdesk: Any, tmp_path: Path) -> None:
    ran = frontdesk("test", tmp_path / "nowhere")
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
