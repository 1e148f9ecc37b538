"""Cross-checks: what no single file can tell. The subjects are in `checks/`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.settings.checks import (
    desk,
    flows,
    patterns,
    replies,
    routing,
    shop,
    understanding,
    web_chat,
)
from bot.settings.checks.report import Report

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

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
    checks: tuple[tuple[tuple[str, ...], Callable[[], None]], ...] = (
        (_UNDERSTANDING, lambda: understanding.check(settings, report)),
        (("intents", "flows"), lambda: flows.check(settings, report, known)),
        (("flows", "replies"), lambda: replies.check(settings, report, known)),
        (("intents", "needs", "routing", "demo"), lambda: routing.check(settings, report)),
        (("desk", "macros", "routing", "intents"), lambda: desk.check(settings, report)),
        (("entities", "flows", "phrases"), lambda: patterns.check(settings, report)),
        (("catalogue", "demo", "entities"), lambda: shop.check(settings, report)),
        (("pictures",), lambda: web_chat.check(settings, report)),
    )
    for needed, look in checks:
        if all(kind in usable for kind in ("general", *needed)):
            look()
    return report.faults


_UNDERSTANDING = (
    *("intents", "out_of_scope", "entities", "needs", "phrases", "flows", "articles"),
)
