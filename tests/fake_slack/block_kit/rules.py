"""The grammar the checks are written in: small rules that report what they find at a path."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from typing_extensions import override

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something Slack refuses, in the form of `blocks.validate`."""

    pointer: str
    code: str
    message: str
    constraint: Json | None = None

    @override
    def __str__(self) -> str:
        return f"[ERROR] {self.message} [json-pointer:{self.pointer}]"


@dataclass(slots=True)
class Report:
    """Collects problems, and what must be unique in the whole."""

    surface: str
    """`message`, `modal` or `home`."""
    problems: list[Problem] = field(default_factory=list)
    focused: int = 0

    def add(
        self, pointer: str, message: str, code: str = "failed_constraint", **constraint: Any
    ) -> None:
        """Note a problem."""
        self.problems.append(Problem(pointer, code, message, constraint or None))


Rule = Callable[[Any, str, Report], None]


def string(longest: int, *, shortest: int = 1) -> Rule:
    """A string of a length within bounds."""

    def check(value: Any, at: str, report: Report) -> None:
        if not isinstance(value, str):
            report.add(at, "must be a string", "invalid_type", type="type", expected="string")
        elif len(value) < shortest:
            report.add(
                at, f"must be more than {shortest - 1} characters", type="min", limit=shortest
            )
        elif len(value) > longest:
            report.add(at, f"must be less than {longest + 1} characters", type="max", limit=longest)

    return check


def boolean(value: Any, at: str, report: Report) -> None:
    """True or false; a string that says so is neither."""
    if not isinstance(value, bool):
        report.add(at, "must be a boolean", "invalid_type", type="type", expected="boolean")


def integer(lowest: int, highest: int) -> Rule:
    """A whole number within bounds."""

    def check(value: Any, at: str, report: Report) -> None:
        if not isinstance(value, int) or isinstance(value, bool):
            report.add(at, "must be an integer", "invalid_type", type="type", expected="integer")
        elif not lowest <= value <= highest:
            report.add(at, f"must be from {lowest} to {highest}", type="range")

    return check


def one_of(*words: str) -> Rule:
    """One of these words."""

    def check(value: Any, at: str, report: Report) -> None:
        if value not in words:
            report.add(at, f"must be one of {', '.join(words)}", type="enum", expected=list(words))

    return check


def items(rule: Rule, most: int, *, fewest: int = 1) -> Rule:
    """A list of so many, each by a rule."""

    def check(value: Any, at: str, report: Report) -> None:
        if not isinstance(value, list):
            report.add(at, "must be an array", "invalid_type", type="type", expected="array")
            return
        if len(value) < fewest:
            report.add(at, f"must have at least {fewest} items", type="min_items", limit=fewest)
        if len(value) > most:
            report.add(at, f"no more than {most} items allowed", type="max_items", limit=most)
        for number, item in enumerate(value):
            rule(item, f"{at}/{number}", report)

    return check


def shape(
    required: dict[str, Rule], optional: dict[str, Rule] | None = None, *, kind: str | None = None
) -> Rule:
    """An object with these keys and no others; one unknown key spoils the whole message."""
    rules = required | (optional or {})
    allowed = rules.keys() | ({"type"} if kind else set())

    def check(value: Any, at: str, report: Report) -> None:
        if not isinstance(value, dict):
            report.add(at, "must be an object", "invalid_type", type="type", expected="object")
            return
        if kind is not None and value.get("type") != kind:
            report.add(f"{at}/type", f"must be {kind}", type="enum", expected=[kind])
            return
        for key in sorted(required.keys() - value.keys()):
            report.add(at, f"missing required field: {key}", "missing_field", type="required")
        for key in sorted(value.keys() - allowed):
            report.add(f"{at}/{key}", f"unknown field: {key}", "unexpected_field", type="unknown")
        for key in value.keys() & rules.keys():
            rules[key](value[key], f"{at}/{key}", report)

    return check


def by_type(rules: dict[str, Rule], of: str) -> Rule:
    """An object whose `type` says which rule it follows."""

    def check(value: Any, at: str, report: Report) -> None:
        if not isinstance(value, dict):
            report.add(at, "must be an object", "invalid_type", type="type", expected="object")
            return
        rule = rules.get(str(value.get("type")))
        if rule is None:
            report.add(
                f"{at}/type",
                f"unsupported type: {value.get('type')} is no {of} that fits here",
                type="enum",
                expected=sorted(rules),
                got=value.get("type"),
            )
            return
        rule(value, at, report)

    return check


def also(rule: Rule, *more: Rule) -> Rule:
    """A rule, and further ones that look at the same thing once it is an object."""

    def check(value: Any, at: str, report: Report) -> None:
        before = len(report.problems)
        rule(value, at, report)
        if len(report.problems) == before:
            for each in more:
                each(value, at, report)

    return check


def exactly_one(*keys: str) -> Rule:
    """Exactly one of these keys is there."""

    def check(value: Any, at: str, report: Report) -> None:
        if sum(key in value for key in keys) != 1:
            report.add(at, f"exactly one of {', '.join(keys)} must be there", type="one_of")

    return check


def unique(values: Iterable[tuple[str, Any]], what: str, report: Report) -> None:
    """Report every value that was there before; values come with their pointers."""
    seen: set[Any] = set()
    for pointer, value in values:
        if value is None:
            continue
        if value in seen:
            report.add(
                pointer, f'{what} "{value}" already exists', "duplicate_value", type="unique"
            )
        seen.add(value)


def _text(kinds: tuple[str, ...], longest: int) -> Rule:
    words = string(longest)

    def check(value: Any, at: str, report: Report) -> None:
        if not isinstance(value, dict):
            report.add(at, "must be an object", "invalid_type", type="type", expected="object")
            return
        kind = value.get("type")
        if kind not in kinds:
            report.add(f"{at}/type", f"must be one of {', '.join(kinds)}", type="enum", got=kind)
            return
        flag = "emoji" if kind == "plain_text" else "verbatim"
        shape({"text": words}, {flag: boolean}, kind=kind)(value, at, report)

    return check


def plain(longest: int) -> Rule:
    """A plain_text object."""
    return _text(("plain_text",), longest)


def marked(longest: int) -> Rule:
    """A plain_text or mrkdwn object."""
    return _text(("plain_text", "mrkdwn"), longest)
