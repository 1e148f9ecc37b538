"""`frontdesk train`, `evaluate` and `understand`: the model without the service.

The libraries of the model take seconds to import, so they are imported by what uses them.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, cast, get_args
from zoneinfo import ZoneInfo

import typer
from msgspec.structs import asdict, replace

from bot.cli.configuration import DEFAULT, AsJson, Config
from bot.cli.progress import shown_progress
from bot.errors import BotError, Fault, shown
from bot.settings.load import load
from nlp.understanding import Language

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.settings.settings import Settings
    from nlp.engine import Engine
    from nlp.errors import Fault as LineFault
    from nlp.evaluation import Report
    from nlp.examples import Example, TrainingSet
    from nlp.questions import Question

Examples = Annotated[
    Path | None, typer.Option("--examples", help="A CSV or JSONL file of examples.")
]
STDIN = Path("-")
_MOST_FAULTS = 5
"""Of one kind that a terminal shows; the report has them all."""
_SHOW_EVERY = 200
"""Lines between two steps of the progress bar."""


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("train")(run_training)
    app.command("evaluate")(run_evaluation)
    app.command()(understand)


# -- train -----------------------------------------------------------------------------------------


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
        f"{count} {language} ({_percent(report.accuracy.get(language))} right when held out)"
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
    from nlp.examples import TrainingSet
    from nlp.semantic import SemanticSpec, Tier

    if tier not in get_args(Tier):
        raise BotError(f"--tier is {' or '.join(get_args(Tier))}, not '{tier}'")
    rows, faults = _read_examples(examples)
    training_set = TrainingSet.of_examples(rows)
    if encoder is not None:
        spec = SemanticSpec(encoder=encoder, tier=cast("Tier", tier))
        training_set = replace(training_set, semantic=spec)
    return training_set, faults


def _read_examples(path: Path) -> tuple[tuple[Example, ...], tuple[LineFault, ...]]:
    """Read a file of examples, and name the rows that cannot be used."""
    from nlp.examples import read_examples

    file = read_examples(path)
    for fault in file.faults:
        _complain(fault)
    return file.examples, file.faults


def _percent(share: float | None) -> str:
    return "?" if share is None else f"{100 * share:.1f} %"


# -- evaluate --------------------------------------------------------------------------------------


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
            help="Exit with 1 when the model is significantly worse than --against, or the "
            "examples contradict each other.",
        ),
    ] = False,
    at_least: Annotated[
        float | None,
        typer.Option(help="Exit with 1 when the accuracy is below this share.", min=0, max=1),
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
    short = at_least is not None and figures.accuracy < at_least
    return int(not complete or short or (gate and not _passes(figures)))


def _passes(figures: Report) -> bool:
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
    rows, faults = _read_examples(examples)
    other = None if against is None else _engine(config, against)
    engine = _engine(config, model)
    from nlp.evaluation import evaluate

    with shown_progress() as progress:
        return evaluate(engine, rows, progress, other), not faults


def _measured_configuration(settings: Settings) -> Report:
    from bot.settings.golden import knowledge_questions

    questions = knowledge_questions(settings)
    training_set = settings.training_set(places=True)
    from nlp.evaluation import evaluate, score_knowledge

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
            _complain(fault)
    for code, count in sorted(told.items()):
        if count > _MOST_FAULTS:
            typer.echo(f"and {count - _MOST_FAULTS} more of {code}", err=True)


def _write_report(
    figures: Report, content: dict[str, Any], folder: Path, language: Language
) -> None:
    from nlp.evaluation_page import page

    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content, ensure_ascii=False, indent=2)
    (folder / "evaluation.json").write_text(text + "\n", encoding="utf-8")
    (folder / "evaluation.html").write_text(page(figures, language), encoding="utf-8")


def _summary(figures: Report) -> str:
    """Return the figures that one looks at first, a line each."""
    rows = {
        "method": figures.method,
        "messages": f"{figures.messages}, {figures.in_scope} of them in scope",
        "first guess right": _percent(figures.first_guess),
        "right and not refused": _percent(figures.accuracy),
        "macro F1": _percent(figures.macro_f1),
        "out of scope refused": _percent(figures.out_of_scope_recall),
        "calibration error": f"{figures.calibration_error:.3f}",
    }
    for language, shares in figures.languages.items():
        rows[f"  {language}"] = f"{_percent(shares['accuracy'])} right and not refused"
    if figures.entities is not None:
        rows["entity F1"] = _percent(figures.entity_f1)
        rows["entity F1 by value"] = _percent(figures.entity_value_f1)
    if figures.knowledge is not None:
        some = figures.knowledge
        rows["knowledge"] = (
            f"{_percent(some.first)} of {some.questions} questions find their article first, "
            f"{_percent(some.correct)} of {_percent(some.answered)} answered are right"
        )
    if figures.learning_curve:
        rows["learning curve"] = ", ".join(
            f"{_percent(s.first_guess)} of {s.examples}" for s in figures.learning_curve
        )
    if figures.comparison is not None:
        two = figures.comparison
        rows[f"against {two.other}"] = (
            f"{two.verdict}: {_percent(two.accuracy)} to {_percent(two.other_accuracy)}, "
            f"{two.only_this} to {two.only_other} where one alone is right, p = {two.p_value:.2g}"
        )
    if figures.median_us is not None:
        rows["median a message"] = f"{figures.median_us:.0f} µs"
    width = max(map(len, rows))
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows.items())


# -- understand ------------------------------------------------------------------------------------


def understand(
    text: Annotated[str | None, typer.Argument(metavar="[TEXT]", help="One message.")] = None,
    config: Annotated[
        Path | None, typer.Argument(metavar="[CONFIG]", help="The configuration folder.")
    ] = None,
    model: Annotated[Path | None, typer.Option(help="Ask this model, of any origin.")] = None,
    source: Annotated[
        Path | None,
        typer.Option("--input", help="Messages as JSONL, CSV or a text a line; - for stdin."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Where to write one Understanding a line.")
    ] = None,
    now: Annotated[
        str | None, typer.Option(metavar="ISO", help="The customer's now, for relative dates.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Print what a message says; without TEXT and --input, of each line of stdin.

    With --input there is no TEXT: a single argument is then the CONFIG.
    """
    if source is not None:
        if config is not None:
            raise BotError("give TEXT or --input, not both")
        config = Path(text) if text is not None else None
        text = None
    fixed = _time_option(now)
    if source is not None and output is not None and _same(source, output):
        raise BotError("--input and --output are the same file")
    _check_places(source, output)
    settings = load(config or DEFAULT) if model is None or config is not None else None
    zone = ZoneInfo(settings.general.time_zone) if settings is not None else UTC
    asking = _Asking(_engine(config or DEFAULT, model), zone, fixed)
    if text is None:
        return asking.lines(source or STDIN, output)
    from nlp.questions import Question

    # Bytes of an argument that are not UTF-8 arrive as lone surrogates.
    clean = os.fsencode(text).decode("utf-8", "replace")
    answer = asking.answer(Question(line=1, text=clean))
    with _opened_output(output) as stream:
        indent = None if as_json or output is not None else 2
        stream.write(json.dumps(answer, ensure_ascii=False, indent=indent) + "\n")
    return 0


def _time_option(now: str | None) -> datetime | None:
    if now is None:
        return None
    from nlp.questions import time_of

    fixed = time_of(now)
    if fixed is None:
        raise BotError(f"--now '{now}' is not an ISO time such as 2025-01-06T09:00:00+08:00")
    return fixed


def _same(source: Path, output: Path) -> bool:
    return source != STDIN and source.exists() and output.exists() and source.samefile(output)


def _check_places(source: Path | None, output: Path | None) -> None:
    """Refuse what cannot be read or written, before a model is loaded or trained for it."""
    if source is not None and source != STDIN:
        with source.open("rb"):
            pass
    if output is not None and output != STDIN:
        if output.is_dir():
            raise BotError(f"{shown(output)} is a folder")
        if not output.absolute().parent.is_dir():
            raise BotError(f"there is no folder {shown(output.absolute().parent)}")


def _engine(config: Path, model: Path | None) -> Engine:
    """Return the chosen model, or the configuration's, trained first when none is current."""
    if model is not None:
        from nlp.engine import Engine

        return Engine.load(model)
    settings = load(config)
    from bot.models import engine_for

    with shown_progress() as progress:
        return engine_for(settings, progress)


class _Asking:
    """A model being asked."""

    def __init__(self, engine: Engine, zone: tzinfo, now: datetime | None) -> None:
        self.engine = engine
        self.zone = zone
        self.now = now

    def answer(self, question: Question) -> dict[str, Any]:
        """Return the Understanding of a line, and the need when it is a conversation."""
        from nlp.language import detect

        previous = None
        for turn in (question.turns or ())[:-1]:
            previous = detect(turn, previous, question.language)
        understanding = self.engine.understand(
            question.text, now=self._now(question), previous=previous, locale=question.language
        )
        answer = understanding.to_json()
        if question.turns is not None:
            answer["need"] = self._need(question.turns, understanding.language)
        return answer if question.id is None else {"id": question.id, **answer}

    def _now(self, question: Question) -> datetime:
        now = question.now or self.now or datetime.now(UTC).astimezone(self.zone)
        return now if now.tzinfo is not None else now.replace(tzinfo=self.zone)

    def _need(self, turns: tuple[str, ...], language: Language) -> dict[str, Any] | None:
        from nlp.needs import CustomerFacts

        need = self.engine.need(turns, CustomerFacts(), language)
        if need is None:
            return None
        return {"category": need.category, "probability": round(need.probability, 6)}

    def lines(self, source: Path, output: Path | None) -> int:
        """Answer line by line; return 1 when some could not be read."""
        from nlp.errors import Fault as LineFault
        from nlp.questions import read

        faults = 0
        path = Path("stdin") if source == STDIN else source
        with _opened_output(output) as stream, _opened_input(source) as lines:
            for question in read(lines, path):
                if isinstance(question, LineFault):
                    faults += 1
                    _complain(question)
                    continue
                stream.write(json.dumps(self.answer(question), ensure_ascii=False) + "\n")
                if source == STDIN:
                    stream.flush()
        return int(faults > 0)


def _complain(fault: Any) -> None:  # noqa: ANN401 - nlp's faults have the fields of ours
    """Name a faulty line on stderr, in the form that every fault has."""
    ours = Fault(path=fault.path, line=fault.line, code=fault.code, message=fault.message)
    typer.echo(str(ours), err=True)


@contextmanager
def _opened_input(source: Path) -> Iterator[Iterator[bytes]]:
    """Yield the lines of a file or of stdin, telling a terminal how far they are."""
    if source == STDIN:
        yield iter(sys.stdin.buffer)
        return
    with source.open("rb") as file, shown_progress() as progress:
        size = source.stat().st_size or 1

        def lines() -> Iterator[bytes]:
            read = 0
            for number, line in enumerate(file):
                read += len(line)
                if number % _SHOW_EVERY == 0:
                    progress("understanding", min(1.0, read / size))
                yield line

        yield lines()


@contextmanager
def _opened_output(output: Path | None) -> Iterator[IO[str]]:
    """Yield stdout, or a file that takes its place only when all of it is written."""
    if output is None or output == STDIN:
        # UTF-8 whatever the locale says: it is JSON.
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(encoding="utf-8")
        yield sys.stdout
        sys.stdout.flush()
        return
    if output.exists() and not output.is_file():  # a pipe or a device has no "beside"
        with output.open("w", encoding="utf-8") as stream:
            yield stream
        return
    place = output.resolve()
    handle, name = tempfile.mkstemp(prefix=f".{place.name}-", dir=place.parent)
    beside = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            yield stream
        beside.chmod(place.stat().st_mode & 0o777 if place.exists() else 0o666 & ~_umask())
        beside.replace(place)
    finally:
        beside.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
