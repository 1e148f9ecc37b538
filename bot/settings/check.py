"""Cross-checks: what no single file can tell. The subjects are in `checks/`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.settings.checks import flows, patterns, replies, routing, shop, understanding
from bot.settings.checks.report import Report

if TYPE_CHECKING:
    from bot.errors import Fault
    from bot.settings.known import Known
    from bot.settings.settings import Settings


def check(settings: Settings, known: Known) -> list[Fault]:
    """Return every fault that settings have, given what the program can do."""
    report = Report(settings)
    understanding.check(settings, report)
    flows.check(settings, report, known)
    replies.check(settings, report, known)
    routing.check(settings, report)
    patterns.check(settings, report)
    shop.check(settings, report)
    return report.faults
