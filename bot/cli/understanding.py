"""`frontdesk understand`: what a model makes of messages, without the service.

The libraries of the model take seconds to import, so they are imported by what uses them.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from bot.cli.configuration import DEFAULT, AsJson
from bot.cli.models import complain, engine_of
from bot.cli.progress import shown_progress
from bot.errors import BotError, shown
from bot.settings.load import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nlp.engine import Engine
    from nlp.questions import Question
    from nlp.understanding import Language

STDIN = Path("-")
_SHOW_EVERY = 200
"""Lines between two steps of the progress bar."""


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(understand)


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
    asking = _Asking(engine_of(config or DEFAULT, model), zone, fixed)
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
                    complain(question)
                    continue
                stream.write(json.dumps(self.answer(question), ensure_ascii=False) + "\n")
                if source == STDIN:
                    stream.flush()
        return int(faults > 0)


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
    try:
        handle, name = tempfile.mkstemp(prefix=f".{place.name}-", dir=place.parent)
    except OSError as error:  # it names a file that nobody asked for
        raise BotError(f"{shown(output)} cannot be written: {error.strerror}") from error
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
