"""Running a configuration's own tests: conversations through the real turn, routes, hours."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from bot.rehearsal import Rehearsal
from bot.routing.hours import Calendar
from bot.routing.rules import Facts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from bot.playbook import Playbook
    from bot.rehearsal import Reaction, Visitor
    from bot.settings.golden import (
        ConversationTest,
        GoldenFile,
        HoursTest,
        RoutingTest,
        TurnCheck,
    )


class Verdict(Struct, frozen=True, kw_only=True):
    """How one test went."""

    name: str
    path: Path
    line: int
    """Of the test, or of the turn that failed."""
    failures: tuple[str, ...]
    """Empty when it passed."""


async def run_all(files: tuple[GoldenFile, ...], playbook: Playbook) -> AsyncIterator[Verdict]:
    """Run every test of a configuration, in the order in which they stand."""
    for file in files:
        for number, test in enumerate(file.golden.conversations):
            yield await _conversation(file, number, test, playbook)
        for number, case in enumerate(file.golden.routing):
            failures = tuple(_route(case, playbook))
            yield _verdict(file, case.name, failures, "routing", number)
        for number, moment in enumerate(file.golden.hours):
            failures = tuple(_hours(moment, playbook))
            yield _verdict(file, moment.name, failures, "hours", number)


def _verdict(file: GoldenFile, name: str, failures: tuple[str, ...], *place: str | int) -> Verdict:
    return Verdict(name=name, path=file.path, line=file.line(*place), failures=failures)


async def _conversation(
    file: GoldenFile, number: int, test: ConversationTest, playbook: Playbook
) -> Verdict:
    """Hold one conversation; the first turn that goes wrong ends it."""
    now = test.given.now.astimezone(UTC) if test.given.now else datetime.now(UTC)
    async with Rehearsal.open(playbook, lambda: now) as rehearsal:
        given = test.given
        visitor = await rehearsal.visitor(given.customer, given.language, given.site)
        for index, turn in enumerate(test.turns):
            place = ("conversations", number, "turns", index)
            reaction = await _take(visitor, turn)
            if reaction is None:
                labels = " | ".join(f"{c.label} ({c.value})" for c in visitor.choices) or "none"
                failures: tuple[str, ...] = (
                    f"there is no button '{turn.choose}'; there are: {labels}",
                )
            else:
                failures = tuple(await _differences(turn, reaction, rehearsal))
            if failures:
                said = turn.customer or turn.choose
                return _verdict(file, f"{test.name}, at “{said}”", failures, *place)
    return _verdict(file, test.name, (), "conversations", number)


async def _take(visitor: Visitor, turn: TurnCheck) -> Reaction | None:
    if turn.customer is not None:
        return await visitor.say(turn.customer)
    for choice in visitor.choices:
        if turn.choose in (choice.value, choice.label):
            return await visitor.choose(choice)
    return None


async def _differences(turn: TurnCheck, reaction: Reaction, rehearsal: Rehearsal) -> list[str]:
    """Return what is not as the test says. Only what it names is looked at."""
    answered, conversation = reaction.answered, reaction.conversation
    text = "\n".join(message.text for message in reaction.messages)
    slots = _slots(conversation.state)
    compared: dict[str, tuple[str, object, object]] = {
        "intent": ("intent", turn.intent, answered.intent),
        "bot": ("replies", list(turn.bot), list(answered.reply_keys)),
        "owner": ("owner", turn.owner, str(conversation.owner)),
        "need": ("need", turn.need, answered.need),
    }
    pairs = [pair for field, pair in compared.items() if field in turn.model_fields_set]
    pairs += [(f"slot {name}", value, slots.get(name)) for name, value in turn.slots.items()]
    found = [f"{what}: expected {a}, got {b}" for what, a, b in pairs if a != b]
    found.extend(f"nothing said {part!r}; said: {text!r}" for part in turn.says if part not in text)
    if "ticket" in turn.model_fields_set:
        found.extend(await _ticket_differences(turn, reaction, rehearsal))
    return found


async def _ticket_differences(
    turn: TurnCheck, reaction: Reaction, rehearsal: Rehearsal
) -> list[str]:
    ticket = reaction.recorded.ticket
    if turn.ticket is None:
        return [f"ticket: expected none, got T-{ticket.number}"] if ticket else []
    if ticket is None:
        return ["ticket: expected one, got none"]
    stored = await rehearsal.store.tickets.get(ticket.number)
    expected = turn.ticket.model_dump(exclude_none=True)
    return [
        f"ticket {name}: expected {value}, got {getattr(stored, name)}"
        for name, value in expected.items()
        if getattr(stored, name) != value
    ]


def _slots(state: object) -> dict[str, object]:
    """Return the slots of the flow at hand, or of the one just finished."""
    if not isinstance(state, dict):
        return {}
    flows = state.get("flows") or ([state["finished"]] if state.get("finished") else [])
    return dict(flows[-1].get("slots", {})) if flows else {}


def _route(case: RoutingTest, playbook: Playbook) -> Iterator[str]:
    given = case.given
    facts = Facts(
        need=given.need,
        intent=given.intent,
        language=given.language or playbook.settings.general.languages[0],
        tier=given.tier or playbook.settings.general.tiers[0],
        negative=given.negative,
        urgent=given.urgent,
        abusive=given.abusive,
        verified=given.verified,
    )
    assignment = playbook.router.route(facts, datetime.now(UTC))
    if case.queue is not None and case.queue != assignment.queue:
        yield f"queue: expected {case.queue}, got {assignment.queue} ({assignment.queue_rule})"
    if case.priority is not None and case.priority != assignment.priority:
        yield (
            f"priority: expected {case.priority}, "
            f"got {assignment.priority} ({assignment.priority_rule})"
        )


def _hours(moment: HoursTest, playbook: Playbook) -> Iterator[str]:
    routing = playbook.settings.routing
    calendar = Calendar(routing.hours, playbook.time_zone)
    due = calendar.add(moment.at, routing.first_reply[moment.priority])
    if due != moment.due:
        shown = due.astimezone(playbook.time_zone).isoformat() if due else "never"
        yield f"due: expected {moment.due.isoformat()}, got {shown}"
