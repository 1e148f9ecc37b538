"""`tests/*.yaml`: what a configuration promises, as conversations, routes and hours.

Owns the form of these files and their reading; `frontdesk test` runs them. They are no part of
the settings: editing one changes neither the configuration's id nor the model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Struct
from pydantic import AwareDatetime, BeforeValidator, Field, model_validator

from bot.errors import ConfigError, Fault
from bot.settings.model import Name, Priority, ReplyKey, ShortText, Strict, Text
from bot.settings.strict_yaml import Document, parse
from bot.settings.validate import did_you_mean, validate
from nlp.understanding import Language

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from bot.settings.settings import Settings
    from bot.settings.strict_yaml import Steps
    from nlp.evaluation.knowledge import KnowledgeQuestion


def _one_or_more(value: object) -> object:
    """Read a single text as a list of one."""
    return tuple(value) if isinstance(value, list) else (value,)


Keys = Annotated[
    tuple[ReplyKey, ...],
    BeforeValidator(_one_or_more, json_schema_input_type=ReplyKey | list[ReplyKey]),
]
Texts = Annotated[
    tuple[Text, ...], BeforeValidator(_one_or_more, json_schema_input_type=Text | list[Text])
]


class Given(Strict):
    """How things stand when a conversation begins."""

    customer: Name | None = Field(
        default=None, description="Demo customer who is signed in; empty = a stranger."
    )
    language: Language | None = Field(default=None, description="The visitor's browser language.")
    site: Name | None = Field(default=None, description="The web site that they write from.")
    now: AwareDatetime | None = Field(
        default=None, description="When it happens, with offset: 2026-03-02T09:00:00+08:00."
    )


class TicketCheck(Strict):
    """What the ticket of a turn must be."""

    queue: Name | None = Field(default=None, description="Its queue.")
    priority: Priority | None = Field(default=None, description="Its priority.")


class TurnCheck(Strict):
    """One message of the customer, and what must follow. What is left out is not checked."""

    customer: Text | None = Field(default=None, description="What the customer writes.")
    choose: ShortText | None = Field(
        default=None, description="Value or label of a button of the last message, pressed instead."
    )
    intent: Name | None = Field(
        default=None, description="The intent understood; an explicit null = none."
    )
    bot: Keys = Field(default=(), description="Reply keys in order; a single one needs no list.")
    says: Texts = Field(default=(), description="Texts that must stand in the replies.")
    slots: dict[Name, str | int | dict[str, str]] = Field(
        default_factory=dict, description="Slots that the flow has after the turn, by name."
    )
    ticket: TicketCheck | None = Field(
        default=None, description="The ticket opened in this turn; an explicit null = none."
    )
    owner: Literal["bot", "queue", "agent", "none"] | None = Field(
        default=None, description="Who has the conversation afterwards."
    )
    need: Name | None = Field(default=None, description="The need category so far.")

    @model_validator(mode="after")
    def _says_one_thing(self) -> TurnCheck:
        if (self.customer is None) == (self.choose is None):
            raise ValueError("a turn has either customer or choose")
        return self


class ConversationTest(Strict):
    """A conversation that must go this way."""

    name: ShortText = Field(description="What it shows.")
    given: Given = Field(default=Given(), description="How things stand at the beginning.")
    turns: tuple[TurnCheck, ...] = Field(min_length=1, description="Message by message.")


class Case(Strict):
    """What routing looks at; what is left out is empty or false."""

    need: Name | None = Field(default=None, description="Need category.")
    intent: Name | None = Field(default=None, description="Intent.")
    language: Language | None = Field(default=None, description="Language; empty = the default.")
    tier: Name | None = Field(default=None, description="Customer tier; empty = the lowest.")
    negative: bool = Field(default=False, description="Whether the customer is upset.")
    urgent: bool = Field(default=False, description="Whether it cannot wait.")
    abusive: bool = Field(default=False, description="Whether the customer insults.")
    verified: bool = Field(default=False, description="Whether the customer is known for sure.")


class RoutingTest(Strict):
    """A case that must go to a queue, with a priority."""

    name: ShortText = Field(description="What it shows.")
    given: Case = Field(description="The case.")
    queue: Name | None = Field(default=None, description="The queue.")
    priority: Priority | None = Field(default=None, description="The priority.")


class HoursTest(Strict):
    """A ticket whose first reply must be due at a certain time."""

    name: ShortText = Field(description="What it shows.")
    at: AwareDatetime = Field(description="When the ticket is opened, with offset.")
    priority: Priority = Field(description="Its priority.")
    due: AwareDatetime = Field(description="When the first reply is due, with offset.")


class KnowledgeTest(Strict):
    """A question, and the article whose passage answers it; `frontdesk evaluate` scores them."""

    question: Text = Field(description="What the customer writes.")
    language: Language = Field(description="Its language.")
    article: Name | None = Field(
        description="The article; an explicit null = none answers it, and none should."
    )


class Golden(Strict):
    """`tests/<name>.yaml`."""

    conversations: tuple[ConversationTest, ...] = Field(default=(), description="Conversations.")
    routing: tuple[RoutingTest, ...] = Field(default=(), description="Routes.")
    hours: tuple[HoursTest, ...] = Field(default=(), description="Times due.")
    knowledge: tuple[KnowledgeTest, ...] = Field(
        default=(), description="Questions to the knowledge base."
    )


class GoldenFile(Struct, frozen=True, kw_only=True):
    """One file of tests, read."""

    path: Path
    document: Document
    golden: Golden

    def line(self, *path: str | int) -> int:
        """Return where something stands: `line("conversations", 0, "turns", 2)`."""
        return self.document.line(path)


def load_golden(settings: Settings) -> tuple[GoldenFile, ...]:
    """Read the tests of a configuration; none is no fault.

    Raises:
        ConfigError: With all faults of all files.
    """
    faults: list[Fault] = []
    files: list[GoldenFile] = []
    for path in sorted((settings.folder / "tests").glob("*.yaml")):
        document, found = parse(path.read_bytes(), path)
        faults += found
        if document is None:
            continue
        golden, found = validate(Golden, document, path)
        faults += found
        if golden is not None:
            file = GoldenFile(path=path, document=document, golden=golden)
            faults += _check(settings, file)
            files.append(file)
    if faults:
        raise ConfigError(faults)
    return tuple(files)


def knowledge_questions(settings: Settings) -> tuple[KnowledgeQuestion, ...]:
    """Return the questions to the knowledge base in a configuration's tests.

    Raises:
        ConfigError: With all faults of all files.
    """
    from nlp.evaluation.knowledge import KnowledgeQuestion

    return tuple(
        KnowledgeQuestion(text=test.question, language=test.language, article_id=test.article)
        for file in load_golden(settings)
        for test in file.golden.knowledge
    )


def _check(settings: Settings, file: GoldenFile) -> Iterator[Fault]:
    """Yield a fault for each name that the configuration does not have."""
    customers = settings.demo.customers if settings.demo else {}
    known: dict[str, Collection[str]] = {
        "customer": customers,
        "language": settings.general.languages,
        "site": settings.general.web_chat.sites,
        "intent": settings.intents,
        "need": settings.needs,
        "tier": settings.general.tiers,
        "queue": settings.routing.queues,
        "article": settings.articles,
        "bot": {key for texts in settings.replies.values() for key in texts},
    }
    for path, part, name in _names(file.golden):
        if name not in known[part]:
            what = "reply" if part == "bot" else part
            message = f"there is no {what} '{name}'{did_you_mean(name, known[part])}"
            yield Fault(path=file.path, line=file.line(*path), code="CFG100", message=message)


def _names(golden: Golden) -> Iterator[tuple[Steps, str, str]]:
    """Yield place, kind and name of everything that tests name."""
    for number, test in enumerate(golden.conversations):
        place = ("conversations", number)
        yield from _named(test.given, (*place, "given"), "customer", "language", "site")
        for index, turn in enumerate(test.turns):
            at = (*place, "turns", index)
            yield from _named(turn, at, "intent", "need")
            if turn.ticket:
                yield from _named(turn.ticket, (*at, "ticket"), "queue")
            for key in turn.bot:
                yield (*at, "bot"), "bot", key
    for number, route in enumerate(golden.routing):
        yield from _named(route, ("routing", number), "queue")
        case = ("routing", number, "given")
        yield from _named(route.given, case, "need", "intent", "language", "tier")

    for number, question in enumerate(golden.knowledge):
        yield from _named(question, ("knowledge", number), "language", "article")


def _named(values: Any, place: Steps, *parts: str) -> Iterator[tuple[Steps, str, str]]:  # noqa: ANN401 - any of the models
    for part in parts:
        name = getattr(values, part)
        if name is not None:
            yield (*place, part), part, name
