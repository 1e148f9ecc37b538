"""`routing.yaml`: who gets a ticket, and how soon they must answer."""

from __future__ import annotations

import re
from datetime import date, time, timedelta
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from bot.settings.forms.base import ByLanguage, Name, Strict
from nlp.understanding import Language  # noqa: TC001 - pydantic reads the annotations

_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


def _duration(value: object) -> object:
    """Read 15m, 4h and 2d, and nothing else: a bare 15 could be anything."""
    found = re.fullmatch(r"([1-9][0-9]{0,4})([mhd])", value) if isinstance(value, str) else None
    if not found:
        raise ValueError(f"{value!r} is not a duration such as 15m, 4h or 2d")
    return int(found.group(1)) * _UNITS[found.group(2)]


Duration = Annotated[
    timedelta,
    BeforeValidator(_duration, json_schema_input_type=str),
    WithJsonSchema({"type": "string", "pattern": "^[1-9][0-9]{0,4}[mhd]$"}),
    Field(description="Minutes, hours or days: 15m, 4h, 2d."),
]


Priority = Literal["low", "normal", "high", "urgent"]


class Queue(Strict):
    """Where tickets wait for a person."""

    label: ByLanguage = Field(description="Its name, as customers and agents read it.")
    agents: int = Field(default=1, gt=0, description="How many people usually work on it.")
    minutes_each: int = Field(default=6, gt=0, description="How long one ticket usually takes.")


class When(Strict):
    """A condition; every part that is given must hold, and one of each part's values."""

    need: tuple[Name, ...] = Field(default=(), description="Need categories.")
    intent: tuple[Name, ...] = Field(default=(), description="Intents.")
    language: tuple[Language, ...] = Field(default=(), description="Languages of the conversation.")
    tier: tuple[Name, ...] = Field(default=(), description="Customer tiers.")
    negative: bool | None = Field(default=None, description="Whether the customer is upset.")
    urgent: bool | None = Field(default=None, description="Whether it cannot wait.")
    abusive: bool | None = Field(default=None, description="Whether the customer insults.")
    verified: bool | None = Field(
        default=None, description="Whether the customer is known for sure."
    )


class QueueRule(Strict):
    """Sends a ticket to a queue; the first rule that matches decides."""

    name: Name = Field(description="Named in explanations.")
    when: When = Field(default=When(), description="When it matches; empty = always.")
    queue: Name = Field(description="The queue.")


class PriorityRule(Strict):
    """Gives a priority; the first rule that matches decides."""

    name: Name = Field(description="Named in explanations.")
    when: When = Field(default=When(), description="When it matches; empty = always.")
    priority: Priority = Field(description="The priority.")


def _clock(value: object) -> object:
    """Read 09:00; 24:00 is the last moment of the day, which `time` cannot say otherwise."""
    if value == "24:00":
        return time.max
    if isinstance(value, str) and re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", value):
        return time.fromisoformat(value)
    raise ValueError(f"{value!r} is not a time of day such as 09:00 or 24:00")


Clock = Annotated[
    time,
    BeforeValidator(_clock, json_schema_input_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$"}),
]


class Interval(Strict):
    """A stretch of a working day."""

    start: Clock = Field(alias="from", description="Opening time, as 09:00.")
    end: Clock = Field(alias="to", description="Closing time, as 18:00; 24:00 = midnight.")


Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class Hours(Strict):
    """When people work, in the configuration's time zone."""

    week: dict[Weekday, tuple[Interval, ...]] = Field(description="Stretches of each weekday.")
    holidays: tuple[date, ...] = Field(default=(), description="Days without work.")


class Routing(Strict):
    """`routing.yaml`: who gets a ticket, and how soon they must answer."""

    queues: dict[Name, Queue] = Field(min_length=1, description="Queues by name.")
    queue_rules: tuple[QueueRule, ...] = Field(min_length=1, description="Which queue.")
    priority_rules: tuple[PriorityRule, ...] = Field(min_length=1, description="Which priority.")
    first_reply: dict[Priority, Duration] = Field(
        description="Working time until a person's first reply is due, by priority."
    )
    hours: Hours = Field(description="When people work.")
