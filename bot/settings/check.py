"""Cross-checks: what no single file can tell. The subjects are in `checks/`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.settings.checks import flows, patterns, replies, routing, shop, understanding
from bot.settings.checks.report import Report

if TYPE_CHECKING:
    from collections.abc import Collection

    from bot.errors import Fault
    from bot.settings.known import Known
    from bot.settings.settings import Settings


def check(settings: Settings, known: Known, usable: Collection[str]) -> list[Fault]:
    """Return every fault that settings have, given what the program can do.

    Args:
        settings: The settings; parts that are not usable are missing or incomplete.
        known: What the program can do.
        usable: The kinds of file of which all have their form.
    """
    report = Report(settings)

    def has(*kinds: str) -> bool:
        return all(kind in usable for kind in ("general", *kinds))

    if has("intents", "out_of_scope", "entities", "needs", "phrases", "flows", "articles"):
        understanding.check(settings, report)
    if has("intents", "flows"):
        flows.check(settings, report, known)
    if has("flows", "replies"):
        replies.check(settings, report, known)
    if has("intents", "needs", "routing", "demo"):
        routing.check(settings, report)
    if has("entities", "flows", "phrases"):
        patterns.check(settings, report)
    if has("catalogue", "demo", "entities"):
        shop.check(settings, report)
    return report.faults
