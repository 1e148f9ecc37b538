"""Routing and what holds for the whole configuration: rules that catch all, hours that exist."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, get_args
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.settings.model import Priority, When

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.settings.checks.report import Report
    from bot.settings.model import PriorityRule, QueueRule
    from bot.settings.settings import Settings


def check(settings: Settings, report: Report) -> None:
    """Check routing and the general settings."""
    _check_general(settings, report)
    _check_queues(settings, report)
    _check_rules(settings, report, "queue_rules", settings.routing.queue_rules)
    _check_rules(settings, report, "priority_rules", settings.routing.priority_rules)
    _check_first_reply(settings, report)
    _check_hours(settings, report)


def _check_general(settings: Settings, report: Report) -> None:
    general = settings.general
    report.languages("the name", general.name, "general", "name")
    for part, names in (("languages", general.languages), ("tiers", general.tiers)):
        if len(set(names)) < len(names):
            report.fault("CFG082", f"one of the {part} stands here twice", "general", part)
    if not _is_zone(general.time_zone):
        message = f"there is no time zone '{general.time_zone}'; write it as Asia/Shanghai"
        report.fault("CFG077", message, "general", "time_zone")
    offer, answer = general.bands.offer, general.bands.answer
    if offer is not None and answer is not None and offer >= answer:
        message = (
            f"offer ({offer}) must be less than answer ({answer}), "
            "or the bot would never offer its guesses"
        )
        report.fault("CFG081", message, "general", "bands", "offer")
    if general.demo and settings.demo is None:
        message = "the demo needs shop/customers.yaml"
        report.fault("CFG083", message, "general", "demo")
    _check_origins(settings, report)


def _check_origins(settings: Settings, report: Report) -> None:
    for name, site in settings.general.web_chat.sites.items():
        for index, origin in enumerate(site.origins):
            if not _is_origin(origin):
                message = f"'{origin}' is not an origin such as https://shop.example"
                place = ("general", "web_chat", "sites", name, "origins", index)
                report.fault("CFG084", message, *place)


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # OSError: a name such as "Europe" is a folder of the zone database.
        return False
    return True


def _is_origin(origin: str) -> bool:
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        return False
    host = parts.hostname or ""
    whole = f"{parts.scheme}://{host}" + (f":{port}" if port else "")
    return parts.scheme in ("http", "https") and host != "" and "*" not in host and whole == origin


def _check_queues(settings: Settings, report: Report) -> None:
    reached = {rule.queue for rule in settings.routing.queue_rules}
    for name, queue in settings.routing.queues.items():
        report.languages(f"the label of '{name}'", queue.label, "routing", "queues", name, "label")
        if name not in reached:
            message = f"no queue_rule sends anything to the queue '{name}'"
            report.fault("CFG073", message, "routing", "queues", name)
    for index, rule in enumerate(settings.routing.queue_rules):
        place = ("routing", "queue_rules", index, "queue")
        report.unknown("CFG070", "queue", rule.queue, settings.routing.queues, *place)


def _check_rules(
    settings: Settings, report: Report, part: str, rules: Sequence[QueueRule | PriorityRule]
) -> None:
    seen: set[str] = set()
    for index, rule in enumerate(rules):
        place = ("routing", part, index)
        if rule.name in seen:
            report.fault("CFG078", f"the rule '{rule.name}' stands here twice", *place, "name")
        seen.add(rule.name)
        catches_all = rule.when == When()
        if catches_all and index < len(rules) - 1:
            message = f"'{rule.name}' matches always, so the rules behind it are never reached"
            report.fault("CFG072", message, *place)
        if not catches_all and index == len(rules) - 1:
            message = f"the last rule, '{rule.name}', must match always: leave out its when"
            report.fault("CFG071", message, *place)
        _check_when(settings, report, rule.when, (*place, "when"))


def _check_when(
    settings: Settings, report: Report, when: When, place: tuple[str | int, ...]
) -> None:
    known = {
        "need": settings.needs,
        "intent": settings.intents,
        "language": settings.general.languages,
        "tier": settings.general.tiers,
    }
    for part, names in known.items():
        for index, name in enumerate(getattr(when, part)):
            report.unknown("CFG070", part, name, names, *place, part, index)


def _check_first_reply(settings: Settings, report: Report) -> None:
    first_reply = settings.routing.first_reply
    priorities: tuple[Priority, ...] = get_args(Priority)
    for priority in priorities:
        if priority not in first_reply:
            message = f"the priority '{priority}' is missing"
            report.fault("CFG074", message, "routing", "first_reply")
    for lower, higher in pairwise(p for p in priorities if p in first_reply):
        if first_reply[higher] > first_reply[lower]:
            message = f"'{higher}' must not wait longer than '{lower}'"
            report.fault("CFG080", message, "routing", "first_reply", higher)


def _check_hours(settings: Settings, report: Report) -> None:
    hours = settings.routing.hours
    if not any(hours.week.values()):
        message = "nobody ever works, so no reply would ever be due"
        report.fault("CFG079", message, "routing", "hours", "week")
    for day, intervals in hours.week.items():
        for index, interval in enumerate(intervals):
            if interval.start >= interval.end:
                message = f"on {day}, from must be before to; split what passes midnight"
                report.fault("CFG075", message, "routing", "hours", "week", day, index)
        for index, (before, after) in enumerate(pairwise(intervals)):
            if after.start < before.end:
                message = f"on {day}, the stretches overlap or are out of order"
                report.fault("CFG076", message, "routing", "hours", "week", day, index + 1)
    if len(set(hours.holidays)) < len(hours.holidays):
        report.fault("CFG076", "a holiday stands here twice", "routing", "hours", "holidays")
