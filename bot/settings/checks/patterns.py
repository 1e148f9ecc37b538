"""Patterns that admins write: RE2 must take them, and order numbers must survive capitals."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import re2

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.settings.checks.report import Report
    from bot.settings.settings import Settings
    from bot.settings.strict_yaml import Steps
    from nlp.understanding import Language

MOST_BYTES = 1024
"""Of one pattern; RE2 is linear in the text, but its automaton grows with the pattern."""

_LACKS = (
    (re.compile(r"\(\?<?[=!]"), "lookaround such as (?=…), (?!…), (?<=…)"),
    (re.compile(r"\\[1-9]|\(\?P="), "backreferences such as \\1"),
    (re.compile(r"\\u[0-9A-Fa-f]{0,4}"), "\\uXXXX; write the character itself, or \\p{Han}"),
    (re.compile(r"\(\?>"), "atomic groups such as (?>…)"),
    (re.compile(r"[*+?}]\+"), "possessive repeats such as a*+"),
    (re.compile(r"\(\?#"), "comments such as (?#…)"),
    (re.compile(r"\(\?\("), "conditions such as (?(1)…)"),
    (re.compile(r"\\Z"), "\\Z; write \\z"),
)
"""What Python's `re` has and RE2 has not."""


def check(settings: Settings, report: Report) -> None:
    """Check every pattern of a configuration."""
    for pattern, path in _patterns(settings):
        problem = problem_of(pattern)
        if problem:
            report.fault("CFG028", problem, *path)
        elif path[:2] == ("entities", "order_number"):
            _check_capitals(pattern, report, path)


def problem_of(pattern: str) -> str:
    """Return what is wrong with a pattern, or nothing."""
    if len(pattern.encode()) > MOST_BYTES:
        return f"the pattern is longer than {MOST_BYTES} bytes"
    try:
        compiled = compile_pattern(pattern)
    except re2.error as error:
        lacking = next((what for form, what in _LACKS if form.search(pattern)), "")
        if lacking:
            return f"the pattern '{pattern}' needs what RE2 lacks: {lacking}"
        reason = error.args[0] if error.args else error
        words = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        return f"the pattern '{pattern}' is no RE2 pattern: {words}"
    if compiled.search(""):
        return f"the pattern '{pattern}' matches the empty text, so it matches everything"
    return ""


def compile_pattern(pattern: str) -> re2._Regexp:
    """Compile a pattern without RE2's own messages on stderr."""
    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options)


def _patterns(settings: Settings) -> Iterator[tuple[str, Steps]]:
    """Yield every pattern with its place."""
    for kind in ("order_number", "tracking_number"):
        for index, pattern in enumerate(getattr(settings.entities, kind).patterns):
            yield pattern, ("entities", kind, "patterns", index)
    for phrase in type(settings.phrases).model_fields:
        yield from _by_language(getattr(settings.phrases, phrase), ("phrases", phrase))
    for name, flow in settings.flows.flows.items():
        for number, slot in enumerate(flow.slots):
            if slot.kind == "choice":
                for index, option in enumerate(slot.options):
                    place = ("flows", name, "slots", number, "options", index, "match")
                    yield from _by_language(option.match, place)


def _by_language(
    patterns: Mapping[Language, tuple[str, ...]], place: Steps
) -> Iterator[tuple[str, Steps]]:
    for language, group in patterns.items():
        for index, pattern in enumerate(group):
            yield pattern, (*place, language, index)


def _check_capitals(pattern: str, report: Report, path: Steps) -> None:
    """Order numbers are kept in capitals; what is kept must be found again."""
    compiled = compile_pattern(pattern)
    for end in compiled.possiblematchrange(40):
        sample = end.decode(errors="ignore")
        if compiled.search(sample) and not compiled.search(sample.upper()):
            message = f"the pattern '{pattern}' finds '{sample}' but not '{sample.upper()}'"
            report.fault("CFG029", message, *path)
            return
