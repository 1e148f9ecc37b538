"""What the commands around a model share: files of examples, a chosen model, faults on stderr."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.progress import shown_progress
from bot.errors import Fault
from bot.settings.load import load

if TYPE_CHECKING:
    from nlp.engine import Engine
    from nlp.errors import Fault as LineFault
    from nlp.examples import Example

Examples = Annotated[
    Path | None, typer.Option("--examples", help="A CSV or JSONL file of examples.")
]


def read_examples(path: Path) -> tuple[tuple[Example, ...], tuple[LineFault, ...]]:
    """Read a file of examples, and name the rows that cannot be used."""
    from nlp import example_files

    file = example_files.read_examples(path)
    for fault in file.faults:
        complain(fault)
    return file.examples, file.faults


def engine_of(config: Path, model: Path | None) -> Engine:
    """Return the chosen model, or the configuration's, trained first when none is current."""
    if model is not None:
        from nlp.engine import Engine

        return Engine.load(model)
    settings = load(config)
    from bot.models import engine_for

    with shown_progress() as progress:
        return engine_for(settings, progress)


def complain(fault: Any) -> None:  # noqa: ANN401 - nlp's faults have the fields of ours
    """Name a faulty line on stderr, in the form that every fault has."""
    ours = Fault(path=fault.path, line=fault.line, code=fault.code, message=fault.message)
    typer.echo(str(ours), err=True)


def percent(share: float | None) -> str:
    """Return a share as people read it."""
    return "?" if share is None else f"{100 * share:.1f} %"
