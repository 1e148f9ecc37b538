"""`frontdesk train`: a configuration's model, or one of a file of examples.

The libraries of the model take seconds to import, so they are imported by what uses them.
"""

from __future__ import annotations

import json
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated, cast, get_args

import typer
from msgspec.structs import asdict, replace

from bot.cli.configuration import DEFAULT, AsJson
from bot.cli.models import Examples, percent, read_examples
from bot.cli.progress import shown_progress
from bot.errors import BotError, shown
from bot.settings.load import load

if TYPE_CHECKING:
    from nlp.errors import Fault as LineFault
    from nlp.examples import TrainingSet


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("train")(run_training)


def run_training(
    config: Annotated[
        Path | None, typer.Argument(metavar="[CONFIG]", help="The configuration folder.")
    ] = None,
    examples: Examples = None,
    out: Annotated[
        Path | None, typer.Option(help="Where to put the model; a model there is replaced.")
    ] = None,
    encoder: Annotated[
        Path | None,
        typer.Option(help="With --examples: a folder with a sentence encoder, to go by as well."),
    ] = None,
    tier: Annotated[str, typer.Option(help="How to use it: encoder or table.")] = "encoder",
    as_json: AsJson = False,
) -> int:
    """Train a configuration's model, or an intent model from a file of examples.

    Rows of a file that cannot be used are named and left out; the exit code is then 1.
    """
    if examples is not None and config is not None:
        raise BotError("train on a configuration or on --examples, not on both")
    if examples is not None and out is None:
        raise BotError("--examples needs --out: a folder for the model")
    if encoder is not None and examples is None:
        raise BotError("--encoder goes with --examples; a configuration names its own")
    faults: tuple[LineFault, ...] = ()
    if examples is None:
        settings = load(config or DEFAULT)
        from bot.models import folder_of

        training_set, folder = settings.training_set(), out or folder_of(settings)
    else:
        training_set, faults = _examples_set(examples, encoder, tier)
        folder = cast("Path", out)

    from nlp.training import train

    with shown_progress() as progress:
        report = train(training_set, folder, progress)
    if as_json:
        content = {**asdict(report), "folder": str(report.folder), "rows_left_out": len(faults)}
        typer.echo(json.dumps(content, ensure_ascii=False, indent=2))
        return int(bool(faults))
    counts = ", ".join(
        f"{count} {language} ({percent(report.accuracy.get(language))} right when held out)"
        for language, count in report.examples.items()
    )
    typer.echo(
        f"Trained {report.model_id} in {report.seconds:.1f} s: {report.intents} intents from "
        f"{counts}. It is in {shown(report.folder)}"
    )
    return int(bool(faults))


def _examples_set(
    examples: Path, encoder: Path | None, tier: str
) -> tuple[TrainingSet, tuple[LineFault, ...]]:
    from nlp.errors import BadExamples
    from nlp.errors import Fault as LineFault
    from nlp.examples import TrainingSet
    from nlp.semantic import SemanticSpec, Tier

    if tier not in get_args(Tier):
        raise BotError(f"--tier is {' or '.join(get_args(Tier))}, not '{tier}'")
    rows, faults = read_examples(examples)
    training_set = TrainingSet.of_examples(rows)
    if not training_set.examples and not training_set.out_of_scope:
        message = "the file holds no row to train on: all are held out"
        raise BadExamples((LineFault(path=examples, line=1, code="EX007", message=message),))
    if encoder is not None:
        spec = SemanticSpec(encoder=encoder, tier=cast("Tier", tier))
        training_set = replace(training_set, semantic=spec)
    return training_set, faults
