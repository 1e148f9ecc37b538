"""The desk: queues that exist, macros in every language, one meaning for each emoji."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.settings.checks.replies import placeholders

if TYPE_CHECKING:
    from bot.settings.checks.report import Report
    from bot.settings.settings import Settings

MACRO_PLACEHOLDERS = frozenset({"name", "agent", "ticket", "shop"})


def check(settings: Settings, report: Report) -> None:
    """Check the desk and its macros."""
    desk = settings.desk
    for queue in desk.channels:
        place = ("desk", "channels", queue)
        report.unknown("CFG110", "queue", queue, settings.routing.queues, *place)
    used: dict[str, str] = {}
    for act, emoji in desk.emoji.model_dump().items():
        if emoji is not None and emoji in used:
            message = f":{emoji}: means '{used[emoji]}' already"
            report.fault("CFG111", message, "desk", "emoji", act)
        used.setdefault(emoji, act)
    if desk.reply_prefix.startswith(desk.note_prefix) or desk.note_prefix.startswith(
        desk.reply_prefix
    ):
        message = "note_prefix and reply_prefix must not begin alike"
        report.fault("CFG112", message, "desk", "reply_prefix")
    if desk.language is not None:
        served = settings.general.languages
        report.unknown("CFG110", "language", desk.language, served, "desk", "language")
    _check_macros(settings, report)


def _check_macros(settings: Settings, report: Report) -> None:
    for name, macro in settings.macros.items():
        place = ("macros", name)
        report.languages(f"the label of '{name}'", macro.label, *place, "label")
        report.languages(f"the macro '{name}'", macro.text, *place, "text")
        first = frozenset[str]()
        for index, (language, text) in enumerate(macro.text.items()):
            found = placeholders(text)
            first = found if index == 0 else first
            for unknown in sorted(found - MACRO_PLACEHOLDERS):
                message = f"nobody fills {{{unknown}}} in the macro '{name}'"
                report.fault("CFG063", message, *place, "text", language)
            if found != first:
                named = ", ".join(f"{{{each}}}" for each in sorted(found ^ first))
                message = f"'{name}' has {named} in one of its languages only"
                report.fault("CFG061", message, *place, "text", language)
        for index, intent in enumerate(macro.intents):
            where = (*place, "intents", index)
            report.unknown("CFG110", "intent", intent, settings.intents, *where)
