"""`frontdesk init` and `frontdesk check`: writing and checking configurations."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import bot
from bot.cli.progress import shown_progress
from bot.errors import BotError, ConfigError, Fault, shown
from bot.settings import schemas
from bot.settings.golden import load_golden
from bot.settings.load import load

if TYPE_CHECKING:
    from bot.settings.golden import GoldenFile
    from bot.settings.settings import Settings

DEFAULT = Path("config/ecommerce")

Config = Annotated[Path, typer.Argument(metavar="[CONFIG]", help="The configuration folder.")]
AsJson = Annotated[bool, typer.Option("--json", help="Report as JSON.")]

_SCHEMA_LINE = re.compile(rb"# yaml-language-server: \$schema=.*\n")


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(init)
    app.command()(check)


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write it.")],
    template: Annotated[str, typer.Option(help="What to start from.")] = "ecommerce",
) -> None:
    """Write a new configuration."""
    sources = templates()
    if template not in sources:
        names = ", ".join(sorted(sources))
        raise BotError(f"there is no template '{template}'; there are: {names}")
    if folder.exists() and not folder.is_dir():
        raise BotError(f"{shown(folder)} is a file")
    if folder.is_dir() and any(folder.iterdir()):
        raise BotError(f"{shown(folder)} is not empty")
    count = copy_template(sources[template], folder)
    typer.echo(f"Wrote {count} files to {shown(folder)}. Next: frontdesk serve {shown(folder)}")


def check(
    config: Config = DEFAULT,
    *,
    live: Annotated[
        bool, typer.Option("--live", help="Ask Slack as well what is missing there.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Check every file of a configuration, and how they fit together."""
    if not config.is_dir():
        message = "there is no such configuration folder"
        raise ConfigError([Fault(path=config, line=1, code="CFG001", message=message)])
    try:
        settings = load(config)
        tests = load_golden(settings)
    except ConfigError as error:
        if as_json:
            report = {"ok": False, "faults": [_fault(fault) for fault in error.faults]}
            typer.echo(json.dumps(report, ensure_ascii=False, indent=2))
        else:
            for fault in error.faults:
                typer.echo(str(fault), err=True)
        raise typer.Exit(1) from None
    counts = _counts(settings, tests)
    report = {"ok": True, "config": settings.config_id, **counts, "faults": []}
    if not as_json:
        words = ", ".join(f"{count} {what}" for what, count in counts.items())
        typer.echo(f"{shown(config)} is sound ({settings.config_id}): {words}")
    if live:
        return _check_live(settings, report, as_json=as_json)
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False, indent=2))
    return 0


def _check_live(settings: Settings, report: dict[str, Any], *, as_json: bool) -> int:
    """Say what Slack lacks; 1 when it lacks something.

    Raises:
        CannotAsk: Slack does not tell; what it told before is shown.
    """
    from bot import log
    from bot.cli import live

    # What Slack does is told in the report; the log's lines would only repeat it.
    log.configure(level="CRITICAL")
    failed: live.CannotAsk | None = None
    try:
        with shown_progress() as progress:
            findings = live.ask_slack(settings, progress)
    except live.CannotAsk as error:
        failed, findings = error, error.findings
    missing = any(each.state is live.State.MISSING for each in findings)
    if as_json:
        report |= {
            "ok": not missing and failed is None,
            "slack": {"asked": failed is None, "findings": live.report(findings)},
        }
        typer.echo(json.dumps(report, ensure_ascii=False, indent=2))
    else:
        live.show(findings, asked=failed is None)
    if failed is not None:
        raise failed
    return 1 if missing else 0


def templates() -> dict[str, Path]:
    """Return the templates by name: those in the package, else those of the checkout."""
    packaged = Path(str(files(bot))) / "templates"
    folder = packaged if packaged.is_dir() else Path(bot.__file__).parents[1] / "config"
    if not folder.is_dir():
        return {}
    return {path.name: path for path in folder.iterdir() if (path / "frontdesk.yaml").is_file()}


def copy_template(source: Path, target: Path) -> int:
    """Copy a template with schemas for editors beside it; return the number of files."""
    paths = [
        path
        for path in sorted(source.rglob("*"))
        if path.is_file() and not any(p.startswith(".") for p in path.relative_to(source).parts)
    ]
    for path in paths:
        inside = path.relative_to(source)
        copy = target / inside
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(_with_schema(inside, path.read_bytes()))
    for name, text in schemas.schemas().items():
        schema = target / ".schemas" / f"{name}.json"
        schema.parent.mkdir(exist_ok=True)
        schema.write_text(text, encoding="utf-8")
    return len(paths)


def _with_schema(inside: Path, content: bytes) -> bytes:
    """Point a file's schema line, if it has one, at the schemas beside it."""
    name = schemas.schema_name(inside)
    first = _SCHEMA_LINE.match(content)
    if not first or name is None:
        return content
    up = "../" * (len(inside.parts) - 1)
    line = f"# yaml-language-server: $schema={up}.schemas/{name}.json\n"
    return line.encode() + content[first.end() :]


def _counts(settings: Settings, tests: tuple[GoldenFile, ...]) -> dict[str, int]:
    examples = sum(len(t) for i in settings.intents.values() for t in i.examples.values())
    golden = [file.golden for file in tests]
    return {
        "intents": len(settings.intents),
        "examples": examples,
        "needs": len(settings.needs),
        "flows": len(settings.flows.flows),
        "articles": len(settings.articles),
        "replies": len({key for texts in settings.replies.values() for key in texts}),
        "queues": len(settings.routing.queues),
        "tests": sum(len(g.conversations) + len(g.routing) + len(g.hours) for g in golden),
    }


def _fault(fault: Fault) -> dict[str, Any]:
    return {
        "path": shown(fault.path),
        "line": fault.line,
        "code": fault.code,
        "message": fault.message,
    }
