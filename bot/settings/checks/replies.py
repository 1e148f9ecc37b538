"""Replies: each key in every language, with placeholders that somebody fills, and used."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.settings.validate import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.settings.checks.report import Report
    from bot.settings.known import Action, Known
    from bot.settings.settings import Settings
    from nlp.understanding import Language

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


def placeholders(text: str) -> frozenset[str]:
    """Return the placeholders of a reply."""
    return frozenset(_PLACEHOLDER.findall(text))


def check(settings: Settings, report: Report, known: Known) -> None:
    """Check the replies against each other and against everybody who says them."""
    served = settings.general.languages
    for language in served:
        if language not in settings.replies:
            message = f"replies/{language}.yaml is missing, and '{language}' is served"
            report.fault("CFG066", message, "general", "languages")
    for language in settings.replies:
        _check_texts(settings, report, language)
        if language not in served:
            message = f"'{language}' is not served; see languages in frontdesk.yaml"
            report.fault("CFG066", message, "replies", language)
    keys = {key: None for texts in settings.replies.values() for key in texts}
    for key in keys:
        _check_key(settings, report, key)
    _check_use(settings, report, known, list(keys))


def _check_texts(settings: Settings, report: Report, language: Language) -> None:
    for key, text in settings.replies[language].items():
        rest = _PLACEHOLDER.sub("", text)
        if "{" in rest or "}" in rest:
            message = f"'{key}' has a brace that is no placeholder such as {{order}}"
            report.fault("CFG065", message, "replies", language, key)


def _check_key(settings: Settings, report: Report, key: str) -> None:
    """Check that all languages have the key, with the same placeholders."""
    texts = {language: texts[key] for language, texts in settings.replies.items() if key in texts}
    first = next(iter(texts))
    for language in settings.replies:
        if language not in texts:
            message = f"'{key}' is missing in replies/{language}.yaml"
            report.fault("CFG060", message, "replies", first, key)
        elif placeholders(texts[language]) != placeholders(texts[first]):
            difference = placeholders(texts[language]) ^ placeholders(texts[first])
            named = ", ".join(f"{{{name}}}" for name in sorted(difference))
            message = f"'{key}' has {named} in one of '{first}' and '{language}' only"
            report.fault("CFG061", message, "replies", language, key)


def uses(
    settings: Settings, known: Known
) -> Iterator[tuple[str, frozenset[str], tuple[str | int, ...]]]:
    """Yield each use of a key: the key, the placeholders filled, and the place that wants it."""
    for name, flow in settings.flows.flows.items():
        for index, slot in enumerate(flow.slots):
            yield slot.ask, known.asks, ("flows", name, "slots", index, "ask")
        action = (known.actions or {}).get(flow.action)
        for key, filled in (action.replies if action else {}).items():
            yield key, filled, ("flows", name, "action")
    for intent, answer in settings.flows.answers.items():
        if answer.reply is not None:
            yield answer.reply, frozenset(), ("answers", intent, "reply")
    for key, filled in (known.replies or {}).items():
        yield key, filled, ("replies", next(iter(settings.replies)))


def _check_use(settings: Settings, report: Report, known: Known, keys: list[str]) -> None:
    filled: dict[str, frozenset[str]] = {}
    missing: set[str] = set()
    for key, own, place in uses(settings, known):
        values = own | known.shared
        if key not in keys and key not in missing:
            missing.add(key)
            message = f"there is no reply '{key}', which is said here{did_you_mean(key, keys)}"
            report.fault("CFG062", message, *place)
        filled[key] = filled.get(key, values) & values
    for language, texts in settings.replies.items():
        for key, text in texts.items():
            for name in sorted(placeholders(text) - filled.get(key, placeholders(text))):
                message = f"nobody fills {{{name}}} in '{key}'{did_you_mean(name, filled[key])}"
                report.fault("CFG063", message, "replies", language, key)
    if known.actions is not None and known.replies is not None:
        _check_unused(report, filled, known.actions, keys)


def _check_unused(
    report: Report, filled: Mapping[str, object], actions: Mapping[str, Action], keys: list[str]
) -> None:
    """Note keys that nobody says. Those of actions at rest may wait for their flow."""
    waiting = {key for action in actions.values() for key in action.replies}
    said = {*filled, *waiting}
    for language, texts in report.settings.replies.items():
        for key in texts:
            if key not in said:
                message = f"nobody says '{key}'{did_you_mean(key, said - set(keys))}"
                report.fault("CFG064", message, "replies", language, key)
