"""`frontdesk serve`, `chat` and `explain`: the service, a conversation in the terminal, and why.

What takes long to import, the service and its model, is imported by the command that needs it:
`frontdesk check` and `--help` answer at once.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.configuration import DEFAULT, AsJson, Config
from bot.cli.data import DEFAULT_DATA, Data, opened_store
from bot.cli.progress import shown_progress
from bot.errors import BotError, shown
from bot.settings.load import load
from crm_store.errors import NotFound

if TYPE_CHECKING:
    from bot.api.listener import Address
    from bot.playbook import Playbook
    from bot.rehearsal import Visitor
    from bot.settings.settings import Settings
    from crm_store.records import Exchange


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("serve")(run_service)
    app.command()(chat)
    app.command()(explain)


def run_service(
    config: Config = DEFAULT,
    host: Annotated[str, typer.Option(envvar="HOST", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(envvar="PORT", help="Where to listen.", min=1, max=65535)
    ] = 8080,
    data: Data = DEFAULT_DATA,
    model: Annotated[Path | None, typer.Option(help="Serve this model, not the own one.")] = None,
) -> None:
    """Run the service."""
    import uvloop

    from bot import log
    from bot.api.listener import Address
    from bot.models import trained

    log.configure()
    settings = load(config)
    if model is None:
        with shown_progress() as progress:
            model = trained(settings, progress)
    address = Address(host=host, port=port)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, model, address, data))


async def _serve(settings: Settings, model: Path, address: Address, data: Path) -> None:
    from bot import environment
    from bot.app import serve
    from bot.playbook import build
    from nlp.serving import InWorker

    def ready(address: Address) -> None:
        typer.echo(f"Frontdesk is ready to chat: {address}")
        sys.stdout.flush()

    async with InWorker.open(model, settings.training_set().fingerprint()) as engine:
        await serve(build(settings, engine), environment.read(), address, data, ready)


def playbook_of(config: Path) -> Playbook:
    """Return the configuration with its model, which is trained first unless it is current."""
    from bot.models import engine_for
    from bot.playbook import build
    from nlp.serving import InProcess

    settings = load(config)
    with shown_progress() as progress:
        return build(settings, InProcess(engine_for(settings, progress)))


def chat(
    config: Config = DEFAULT,
    customer: Annotated[
        str | None, typer.Option("--as", help="Sign in as this demo customer.")
    ] = None,
) -> None:
    """Hold a conversation in the terminal. Nothing of it is kept."""
    import uvloop

    from bot import log

    log.configure(level="ERROR")
    playbook = playbook_of(config)
    _check_customer(playbook.settings, customer)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_chat(playbook, customer))


def _check_customer(settings: Settings, customer: str | None) -> None:
    known = settings.demo.customers if settings.demo else {}
    if customer is not None and customer not in known:
        names = ", ".join(known) or "none"
        raise BotError(f"there is no demo customer '{customer}'; there are: {names}")


async def _chat(playbook: Playbook, customer: str | None) -> None:
    from bot.app import utc_now
    from bot.rehearsal import Rehearsal

    async with Rehearsal.open(playbook, utc_now) as rehearsal:
        visitor = await rehearsal.visitor(customer)
        watched = sys.stdin.isatty()
        if watched:
            typer.echo("Write something; a number presses a button; an empty line ends it.")
        while True:
            line = await asyncio.to_thread(_read_line, watched=watched)
            if line is None:
                return
            if line:
                await _exchange(visitor, line, watched=watched)


def _read_line(*, watched: bool) -> str | None:
    """Return what was typed; None at the end, or on an empty line at a terminal."""
    if watched:
        sys.stdout.write("\nyou  ")
        sys.stdout.flush()
    line = sys.stdin.readline()
    text = line.strip()
    return None if not line or (watched and not text) else text


async def _exchange(visitor: Visitor, line: str, *, watched: bool) -> None:
    choices = visitor.choices
    pressed = int(line) - 1 if line.isdecimal() and len(line) < 3 else -1
    if not watched:
        typer.echo(f"you  {line}")
    if 0 <= pressed < len(choices):
        reaction = await visitor.choose(choices[pressed])
    else:
        reaction = await visitor.say(line)
    for message in reaction.messages:
        typer.echo("bot  " + message.text.replace("\n", "\n     "))
    for number, choice in enumerate(visitor.choices, 1):
        typer.echo(f"     [{number}] {choice.label}")


def explain(
    exchange: Annotated[str, typer.Argument(metavar="EXCHANGE", help="The exchange's id.")],
    config: Annotated[Path, typer.Option(help="The configuration folder.")] = DEFAULT,
    data: Data = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Tell why the bot answered as it did: model, configuration, rule, file and line."""
    from bot import log

    log.configure(level="ERROR")
    found = asyncio.run(_find(exchange, data))
    settings = load(config)
    report = _explanation(found, settings)
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False, indent=2))
        return
    width = max(map(len, report))
    for name, value in report.items():
        for line in value if isinstance(value, list) else [value]:
            typer.echo(f"{name:<{width}}  {line}")
            name = ""  # noqa: PLW2901 - named once, in front of its first line


async def _find(exchange_id: str, data: Path) -> Exchange:
    async with opened_store(data) as store:
        try:
            return await store.exchanges.get(exchange_id)
        except NotFound:
            raise BotError(f"there is no exchange {exchange_id}") from None


def _explanation(exchange: Exchange, settings: Settings) -> dict[str, Any]:
    understanding, decision = exchange.understanding, exchange.decision
    ranking = understanding.get("ranking", [])[:3]
    places = [tuple(decision["place"])] if decision.get("place") else []
    language = understanding.get("language", "en")
    places += [("replies", language, key) for key in exchange.reply_keys]
    places += [("articles", article) for article in decision.get("articles", [])]
    places += [
        ("routing", f"{kind}s", _index(settings, f"{kind}s", decision[kind]))
        for kind in ("queue_rule", "priority_rule")
        if kind in decision
    ]
    report: dict[str, Any] = {
        "exchange": exchange.id,
        "conversation": f"{exchange.conversation_id}, message {exchange.message_seq}",
        "model": exchange.model_id,
        "configuration": exchange.config_id
        + ("" if exchange.config_id == settings.config_id else "  (changed since)"),
        "language": language,
        "intent": [f"{g['intent']}  {g['probability']:.3f}" for g in ranking],
        "entities": [f"{e['type']} = {e['value']}" for e in understanding.get("entities", [])],
        "rule": exchange.rule,
        "actions": decision.get("actions", []),
        "replies": list(exchange.reply_keys),
        "need": [
            f"{exchange.need['category']}  {exchange.need['probability']:.3f}",
            *(f"  {text}" for _, _, text in exchange.need["reasons"]),
        ]
        if exchange.need
        else [],
        "decided in": [_where(settings, place) for place in places],
        "error": exchange.error_id,
    }
    return {name: value for name, value in report.items() if value not in (None, [])}


def _index(settings: Settings, kind: str, name: str) -> int:
    rules = getattr(settings.routing, kind)
    return next((i for i, rule in enumerate(rules) if rule.name == name), 0)


def _where(settings: Settings, path: tuple[str | int, ...]) -> str:
    try:
        place = settings.where(*path)
    except (KeyError, LookupError):
        return f"{'.'.join(map(str, path))} (no longer there)"
    return f"{shown(place.file)}:{place.line}  {'.'.join(map(str, path))}"
