"""`frontdesk evaluate`: figures of a model, as JSON and as a page, and whether they will do.

The libraries of the model take seconds to import, so they are imported by what uses them.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated, Any, cast, get_args

import typer
from msgspec.structs import replace

from bot.cli.configuration import DEFAULT, AsJson, Config
from bot.cli.models import Examples, complain, engine_of, percent, read_examples
from bot.cli.progress import shown_progress
from bot.errors import BotError, shown
from bot.settings.load import load
from nlp.understanding import Language

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.settings.settings import Settings
    from nlp.errors import Fault as LineFault
    from nlp.evaluation.figures import Report

_MOST_FAULTS = 5
"""Of one kind that a terminal shows; the report has them all."""


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("evaluate")(run_evaluation)


def run_evaluation(
    config: Config = DEFAULT,
    model: Annotated[
        Path | None, typer.Option(help="Score this model, not the configuration's.")
    ] = None,
    examples: Examples = None,
    against: Annotated[
        Path | None,
        typer.Option(help="With --examples: compare with this model on the same messages."),
    ] = None,
    gate: Annotated[
        bool,
        typer.Option(
            "--gate",
            help="Exit with 1 when the model is significantly worse than --against, was trained "
            "on the messages, or the examples contradict each other.",
        ),
    ] = False,
    at_least: Annotated[
        float | None,
        typer.Option(
            help="Exit with 1 when the accuracy is below this share, or was measured on messages "
            "that the model was trained on.",
            min=0,
            max=1,
        ),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="A folder for evaluation.json and evaluation.html.")
    ] = None,
    language: Annotated[str, typer.Option(help="Of the page: en or zh.")] = "en",
    as_json: AsJson = False,
) -> int:
    """Measure a model on a file's held-out rows, or a configuration by cross-validation.

    Rows of a file that cannot be used are named and left out; the exit code is then 1.
    """
    if model is not None and examples is None:
        raise BotError("--model needs --examples: rows to score it on")
    if against is not None and examples is None:
        raise BotError("--against needs --examples: rows to score both models on")
    if language not in get_args(Language):
        raise BotError(f"--language is en or zh, not '{language}'")
    figures, complete = _measured(config, model, examples, against)
    content = figures.to_json()
    if report is not None:
        _write_report(figures, content, report, cast("Language", language))
    if as_json:
        typer.echo(json.dumps(content, ensure_ascii=False, indent=2))
    else:
        typer.echo(_summary(figures))
        _tell_data_faults(figures.data_faults)
        if report is not None:
            typer.echo(f"The page is {shown(report / 'evaluation.html')}")
    passed = _passes(figures, at_least, gate=gate)
    return int(not complete or not passed)


def _passes(figures: Report, at_least: float | None, *, gate: bool) -> bool:
    """Say whether the figures are what was asked for, where something was."""
    if not gate and at_least is None:
        return True
    if figures.method == "trained on these rows":
        typer.echo(
            f"the model was trained on {figures.seen} of the {figures.messages} messages: "
            "such figures pass neither --gate nor --at-least",
            err=True,
        )
        return False
    good = at_least is None or (figures.accuracy is not None and figures.accuracy >= at_least)
    return good and (not gate or _may_replace(figures))


def _may_replace(figures: Report) -> bool:
    """Say whether a model may take the place of the one that it was compared with."""
    worse = figures.comparison is not None and figures.comparison.verdict == "worse"
    return not worse and all(f.code != "DATA001" for f in figures.data_faults)


def _measured(
    config: Path, model: Path | None, examples: Path | None, against: Path | None
) -> tuple[Report, bool]:
    """Return the figures, and whether all rows could be used.

    What can be refused is refused before anything slow begins.
    """
    if examples is None:
        return _measured_configuration(load(config)), True
    rows, faults = read_examples(examples)
    other = None if against is None else engine_of(config, against)
    engine = engine_of(config, model)
    from nlp.evaluation.evaluate import evaluate

    with shown_progress() as progress:
        return evaluate(engine, rows, progress, other), not faults


def _measured_configuration(settings: Settings) -> Report:
    from bot.settings.golden import knowledge_questions

    questions = knowledge_questions(settings)
    training_set = settings.training_set(places=True)
    from nlp.evaluation.evaluate import evaluate
    from nlp.evaluation.knowledge import score_knowledge

    with shown_progress() as progress:
        report = evaluate(training_set, progress=progress)
        if not questions:
            return report
        from bot.models import engine_for

        engine = engine_for(settings, progress)
        knowledge = score_knowledge(engine, questions, settings.general.bands.knowledge)
        return replace(report, knowledge=knowledge)


def _tell_data_faults(faults: Sequence[LineFault]) -> None:
    """Name the faults of the examples, of each kind the first few."""
    told: Counter[str] = Counter()
    for fault in faults:
        told[fault.code] += 1
        if told[fault.code] <= _MOST_FAULTS:
            complain(fault)
    for code, count in sorted(told.items()):
        if count > _MOST_FAULTS:
            typer.echo(f"and {count - _MOST_FAULTS} more of {code}", err=True)


def _write_report(
    figures: Report, content: dict[str, Any], folder: Path, language: Language
) -> None:
    from nlp.evaluation.page import page

    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content, ensure_ascii=False, indent=2)
    (folder / "evaluation.json").write_text(text + "\n", encoding="utf-8")
    (folder / "evaluation.html").write_text(page(figures, language), encoding="utf-8")


def _summary(figures: Report) -> str:
    """Return the figures that one looks at first, a line each."""
    rows = {
        "method": figures.method,
        "messages": f"{figures.messages}, {figures.in_scope} of them in scope",
        **({"trained on": f"{figures.seen} of them"} if figures.seen else {}),
        "first guess right": percent(figures.first_guess),
        "right and not refused": percent(figures.accuracy),
        "macro F1": percent(figures.macro_f1),
        "out of scope refused": percent(figures.out_of_scope_recall),
        "calibration error": f"{figures.calibration_error:.3f}",
    }
    for language, shares in figures.languages.items():
        rows[f"  {language}"] = f"{percent(shares['accuracy'])} right and not refused"
    if figures.entities is not None:
        rows["entity F1"] = percent(figures.entity_f1)
        rows["entity F1 by value"] = percent(figures.entity_value_f1)
    if figures.knowledge is not None:
        some = figures.knowledge
        rows["knowledge"] = (
            f"{percent(some.first)} of {some.questions} questions find their article first, "
            f"{percent(some.correct)} of {percent(some.answered)} answered are right"
        )
    if figures.learning_curve:
        rows["learning curve"] = ", ".join(
            f"{percent(s.first_guess)} of {s.examples}" for s in figures.learning_curve
        )
    if figures.comparison is not None:
        two = figures.comparison
        rows[f"against {two.other}"] = (
            f"{two.verdict}: {percent(two.accuracy)} to {percent(two.other_accuracy)}, "
            f"{two.only_this} to {two.only_other} where one alone is right, p = {two.p_value:.2g}"
        )
    if figures.median_us is not None:
        rows["median a message"] = f"{figures.median_us:.0f} µs"
    width = max(map(len, rows))
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows.items())
