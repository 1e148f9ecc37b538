"""`frontdesk test`: the configuration's own conversations, routes and hours."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import typer

from bot.cli.configuration import DEFAULT, AsJson, Config
from bot.cli.service import playbook_of
from bot.errors import BotError, shown
from bot.settings.golden import load_golden

if TYPE_CHECKING:
    from bot.golden import Verdict
    from bot.playbook import Playbook
    from bot.settings.golden import GoldenFile


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command("test")(run_tests)


def run_tests(config: Config = DEFAULT, as_json: AsJson = False) -> int:
    """Run the configuration's own tests: conversations, routing, hours."""
    import uvloop

    from bot import log

    log.configure(level="ERROR")
    playbook = playbook_of(config)
    files = load_golden(playbook.settings)
    if not files:
        raise BotError(f"there are no tests in {shown(config / 'tests')}")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        verdicts = runner.run(_run(files, playbook))
    failed = [verdict for verdict in verdicts if verdict.failures]
    if as_json:
        typer.echo(json.dumps(_report(verdicts), ensure_ascii=False, indent=2))
    else:
        for verdict in failed:
            for failure in verdict.failures:
                typer.echo(f"{shown(verdict.path)}:{verdict.line}: {verdict.name}: {failure}")
        typer.echo(f"{len(verdicts) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


async def _run(files: tuple[GoldenFile, ...], playbook: Playbook) -> list[Verdict]:
    from bot.golden import run_all

    return [verdict async for verdict in run_all(files, playbook)]


def _report(verdicts: list[Verdict]) -> dict[str, object]:
    return {
        "passed": sum(not verdict.failures for verdict in verdicts),
        "failed": sum(bool(verdict.failures) for verdict in verdicts),
        "tests": [
            {
                "name": verdict.name,
                "file": shown(verdict.path),
                "line": verdict.line,
                "failures": list(verdict.failures),
            }
            for verdict in verdicts
        ],
    }
