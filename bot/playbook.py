"""The configuration in force: settings and model, made ready for turns.

Built whole from a folder and a model, and never changed: a reload builds another one. Every
exchange is stamped with its `config_id` and `model_id`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import re2
from msgspec import Struct

from bot.dialogue.context import Bands, Rules
from bot.dialogue.replies import Replies
from bot.routing.hours import Calendar
from bot.routing.rules import Router
from bot.routing.sla import Sla
from bot.settings.model import ChoiceSlot, TextSlot
from nlp.understanding import Bands as ModelBands

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from bot.settings.model import Flows, Pattern, Phrases
    from bot.settings.settings import Settings
    from nlp.serving import AsyncEngine
    from nlp.understanding import Language

NEVER = r"[^\s\S]"
"""Matches nothing: what an empty list of patterns means."""


class Playbook(Struct, frozen=True, kw_only=True):
    """All that a turn goes by."""

    settings: Settings
    engine: AsyncEngine
    rules: Rules
    replies: Replies
    router: Router
    sla: Sla
    time_zone: ZoneInfo

    @property
    def config_id(self) -> str:
        """The configuration's id."""
        return self.settings.config_id

    @property
    def desk_language(self) -> Language:
        """The language of the desk, where nobody in particular reads."""
        settings = self.settings
        return settings.desk.language or settings.general.languages[0]

    @property
    def model_id(self) -> str:
        """The model's id."""
        return self.engine.model_id


def build(settings: Settings, engine: AsyncEngine) -> Playbook:
    """Return the playbook of a configuration and its model."""
    time_zone = ZoneInfo(settings.general.time_zone)
    calendar = Calendar(settings.routing.hours, time_zone)
    return Playbook(
        settings=settings,
        engine=engine,
        rules=rules_of(settings, engine.bands),
        replies=Replies(settings.replies, time_zone),
        router=Router(settings.routing, calendar),
        sla=Sla(settings.routing, settings.desk, calendar),
        time_zone=time_zone,
    )


def rules_of(settings: Settings, found: ModelBands | None = None) -> Rules:
    """Return the part of a configuration that decides.

    Args:
        settings: The configuration.
        found: The bands of its model, which count where the configuration names none.
    """
    flows, wanted, found = settings.flows, settings.general.bands, found or ModelBands()
    answer = found.answer if wanted.answer is None else wanted.answer
    offer = min(found.offer, answer / 2) if wanted.offer is None else wanted.offer
    return Rules(
        flows=flows,
        intents=settings.intents,
        bands=Bands(answer=answer, offer=offer, knowledge=wanted.knowledge),
        phrases=_matcher(settings.phrases),
        options=_options(flows),
        needed={
            (name, slot.name): _any_of(_flat(slot.ask_when))
            for name, flow in flows.flows.items()
            for slot in flow.slots
            if slot.ask_when
        },
        flow_of={intent: name for name, flow in flows.flows.items() for intent in flow.intents},
    )


PHRASES = ("human", "stop", "newest", "same", "waiting", "yes", "no")
"""The phrases that the dialogue looks for; the others are the model's, for the tone."""


def _matcher(phrases: Phrases) -> Callable[[str], frozenset[str]]:
    """Return what finds the phrases of a text, all in one pass.

    Those of all languages count in every conversation: people mix.
    """
    every = re2.Set.SearchSet(_options_of_re2())
    for name in PHRASES:
        every.Add(f"(?i){_joined(_flat(getattr(phrases, name)))}")
    every.Compile()
    return lambda text: frozenset(PHRASES[index] for index in every.Match(text) or ())


def _flat(patterns: Mapping[Language, Iterable[Pattern]]) -> list[Pattern]:
    return [pattern for each in patterns.values() for pattern in each]


def _any_of(patterns: Iterable[Pattern]) -> Callable[[str], bool]:
    compiled = re2.compile(f"(?i){_joined(patterns)}", options=_options_of_re2())
    return lambda text: compiled.search(text) is not None


def _joined(patterns: Iterable[Pattern]) -> str:
    return "|".join(f"(?:{pattern})" for pattern in patterns) or NEVER


def _options_of_re2() -> re2.Options:
    """Joined patterns are large: with RE2's own 8 MB a long message falls back to its slow path."""
    options = re2.Options()
    options.max_mem = 64 << 20
    return options


def _options(flows: Flows) -> dict[tuple[str, str], Callable[[str], str | None]]:
    return {
        (name, slot.name): _chooser(slot) if isinstance(slot, ChoiceSlot) else _finder(slot)
        for name, flow in flows.flows.items()
        for slot in flow.slots
        if isinstance(slot, ChoiceSlot | TextSlot)
    }


def _chooser(slot: ChoiceSlot) -> Callable[[str], str | None]:
    """Return what a typed text chooses: an option's own label first, then its patterns."""
    labels = {
        label.casefold(): option.value for option in slot.options for label in option.label.values()
    }
    matchers = [(_any_of(_flat(option.match)), option.value) for option in slot.options]

    def choose(text: str) -> str | None:
        typed = text.strip().casefold()
        if typed in labels:
            return labels[typed]
        return next((value for matches, value in matchers if matches(text)), None)

    return choose


def _finder(slot: TextSlot) -> Callable[[str], str | None]:
    """Return what a text says for a slot after a turn of phrase such as "made out to"."""
    patterns = [re2.compile(f"(?i){pattern}") for pattern in _flat(slot.find)]

    def find(text: str) -> str | None:
        for pattern in patterns:
            match = pattern.search(text)
            if match is not None and match[1].strip():
                return str(match[1]).strip()
        return None

    return find
