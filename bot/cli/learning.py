"""`frontdesk correct` and `learn`: what people know better, and what the model makes of it."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer
from msgspec.structs import asdict, replace

from bot.cli.configuration import DEFAULT, AsJson, Config
from bot.cli.data import DEFAULT_DATA, Data, opened_store
from bot.cli.progress import shown_progress
from bot.errors import BotError, shown
from bot.settings.load import load

if TYPE_CHECKING:
    from bot.learning import Lesson, Patch, Turn
    from bot.settings.settings import Settings
    from crm_store.records import CorrectedMessage, Correction
    from crm_store.store import Store
    from nlp.evaluation.trial import Effect

_SINCE = re.compile(r"([1-9][0-9]{0,3})([hdw])")
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}
_MOST_MESSAGES = 1_000
"""Of a conversation that a need is learned from."""


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(correct)
    app.command()(learn)


def correct(
    exchange: Annotated[str, typer.Argument(metavar="EXCHANGE", help="The exchange's id.")],
    by: Annotated[str, typer.Option(help="Who says so.")],
    intent: Annotated[
        str | None, typer.Option(help="The right intent; out_of_scope for none.")
    ] = None,
    need: Annotated[str | None, typer.Option(help="The right need of the conversation.")] = None,
    config: Annotated[Path, typer.Option(help="The configuration folder.")] = DEFAULT,
    data: Data = DEFAULT_DATA,
) -> None:
    """Record what a message should have been understood as."""
    from crm_store.ids import new_id
    from crm_store.records import Correction
    from nlp.understanding import OUT_OF_SCOPE

    if intent is None and need is None:
        raise BotError("give --intent or --need, or both")
    if not by.strip():
        raise BotError("--by is empty: say who corrects")
    settings = load(config)
    if intent is not None and intent not in (*settings.intents, OUT_OF_SCOPE):
        raise BotError(f"there is no intent '{intent}'")
    if need is not None and need not in settings.needs:
        raise BotError(f"there is no need '{need}'")
    correction = Correction(
        id=new_id(),
        exchange_id=exchange,
        intent=intent,
        need=need,
        by=by.strip(),
        at=datetime.now(UTC),
    )
    asyncio.run(_record(correction, data))
    typer.echo(f"Recorded. `frontdesk learn` shows what it would add to {shown(config)}")


def learn(
    config: Config = DEFAULT,
    since: Annotated[
        str | None, typer.Option(help="Only corrections of the last while: 12h, 7d, 4w.")
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Write the change.")] = False,
    effect: Annotated[
        bool, typer.Option("--effect/--no-effect", help="Cross-validate with and without it.")
    ] = True,
    data: Data = DEFAULT_DATA,
    as_json: AsJson = False,
) -> int:
    """Turn corrections into examples: show the change as a diff, with its effect."""
    from bot.learning import lessons, patch

    settings = load(config)
    corrected, turns = asyncio.run(_corrections(_moment(since), data))
    taught, refused = lessons(settings, corrected, turns)
    for line in refused:
        typer.echo(line, err=True)
    change = patch(settings, taught)
    figures = _effect(settings, change) if effect else None
    if apply:
        change.apply()
    if as_json:
        content = {
            "corrections": len(corrected),
            "added": len(taught) - len(change.moves()),
            "moved": [_moved(settings, lesson) for lesson in change.moves()],
            "refused": list(refused),
            "diff": change.diff(),
            "effect": None if figures is None else asdict(figures),
            "applied": apply,
        }
        typer.echo(json.dumps(content, ensure_ascii=False, indent=2))
    else:
        _tell(config, change, figures, _Counts(len(corrected), len(refused)), applied=apply)
    return int(bool(refused))


class _Counts(NamedTuple):
    """Of corrections: how many there are, and how many of them are refused."""

    corrections: int
    refused: int


def _moved(settings: Settings, lesson: Lesson) -> dict[str, Any]:
    """Return what leaves its place, as JSON."""
    assert lesson.moved_from is not None  # noqa: S101 - it is a move
    place = settings.where(*lesson.moved_from)
    part, *rest = lesson.moved_from
    return {
        "text": lesson.turns[0],
        "from": part if part == "out_of_scope" else rest[0],
        "to": lesson.intent,
        "path": str(place.file),
        "line": place.line,
    }


def _tell(
    config: Path, change: Patch, figures: Effect | None, counts: _Counts, *, applied: bool
) -> None:
    if not change.lessons:
        what = f"{shown(config)} lacks" if not counts.refused else "can be learned; see above why"
        typer.echo(f"{counts.corrections} corrections, and nothing in them that {what}.")
        return
    typer.echo(change.diff(), nl=False)
    moved = len(change.moves())
    also = f", {moved} to move from another intent" if moved else ""
    added = len(change.lessons) - moved
    typer.echo(f"\n{added} to add{also}, from {counts.corrections} corrections.")
    if figures is not None:
        typer.echo(
            "First guess right, cross-validated: "
            f"{_move(figures.examples_before, figures.examples_after)} of the examples, "
            f"{_move(figures.added_before, figures.added_after)} of what is added."
        )
    if applied:
        typer.echo("Written. The next start trains with it.")
    else:
        typer.echo("Nothing is written; --apply writes it.")


def _move(before: float, after: float) -> str:
    return f"{100 * before:.1f} → {100 * after:.1f} %"


def _effect(settings: Settings, change: Patch) -> Effect | None:
    added = change.examples()
    if not added:
        return None
    from nlp.evaluation.trial import effect

    there = settings.training_set()
    # What is moved is not there when it is learned anew.
    gone = {lesson.turns[0] for lesson in change.moves()}
    there = replace(
        there,
        examples=tuple(e for e in there.examples if e.text not in gone),
        out_of_scope=tuple(e for e in there.out_of_scope if e.text not in gone),
    )
    with shown_progress() as progress:
        return effect(there, added, progress)


def _moment(since: str | None) -> datetime | None:
    if since is None:
        return None
    found = _SINCE.fullmatch(since)
    if found is None:
        raise BotError(f"--since is a while such as 12h, 7d or 4w, not '{since}'")
    return datetime.now(UTC) - timedelta(**{_UNITS[found[2]]: int(found[1])})


async def _record(correction: Correction, data: Path) -> None:
    from crm_store.errors import NotFound

    async with opened_store(data) as store:
        try:
            await store.corrections.record(correction)
        except NotFound:
            raise BotError(f"there is no exchange {correction.exchange_id}") from None


async def _corrections(
    since: datetime | None, data: Path
) -> tuple[tuple[CorrectedMessage, ...], dict[str, list[Turn]]]:
    """Return the corrections, and by exchange what the customer had said before it."""
    turns: dict[str, list[Turn]] = {}
    async with opened_store(data) as store:
        corrected = await store.corrections.latest(since)
        for message in corrected:
            if message.need is not None:
                turns[message.exchange_id] = await _turns_before(store, message)
    return corrected, turns


async def _turns_before(store: Store, message: CorrectedMessage) -> list[Turn]:
    """Return the customer's turns before a message, those that were answered."""
    conversation = message.conversation_id
    exchanges = await store.exchanges.of_conversation(conversation)
    seen = {exchange.message_seq: exchange.understanding for exchange in exchanges}
    said = await store.conversations.messages(conversation, after=0, limit=_MOST_MESSAGES)
    # A pressed button says what we wrote ourselves.
    return [
        (m.text, seen[m.seq] if m.value is None else {"entities": []})
        for m in said
        if m.seq in seen and m.seq < message.message_seq
    ]
