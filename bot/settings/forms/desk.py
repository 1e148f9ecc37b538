"""`desk.yaml` and `macros.yaml`: how people work in Slack, and what they say often."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from bot.settings.forms.base import ByLanguage, Name, ShortText, Strict, Text
from bot.settings.forms.routing import Duration, Priority  # noqa: TC001 - likewise
from nlp.understanding import Language  # noqa: TC001 - pydantic reads the annotations

SlackChannel = Annotated[str, StringConstraints(pattern=r"^(C[A-Z0-9]{2,}|[\w][\w-]{0,79})$")]
"""An id such as C024BE91L, or a name without #."""

Emoji = Annotated[str, StringConstraints(pattern=r"^[\w+'-]{1,100}$")]
"""An emoji's name without colons."""


class DeskEmoji(Strict):
    """What an emoji on a ticket's card does; empty = nothing."""

    take: Emoji | None = Field(default="eyes", description="Takes the ticket.")
    resolve: Emoji | None = Field(default="white_check_mark", description="Resolves it.")
    urgent: Emoji | None = Field(default="rotating_light", description="Makes it urgent.")
    hand_back: Emoji | None = Field(
        default="leftwards_arrow_with_hook", description="Hands it back to the bot."
    )


class CustomerChannel(Strict):
    """A Slack channel in which customers write."""

    listen: Literal["mentions", "everything"] = Field(
        default="everything",
        description="What the bot reads: messages that mention it, or all of them.",
    )
    answer: Literal["thread", "private"] = Field(
        default="thread",
        description="Where it answers: in the message's thread, or in a direct message.",
    )


class SlackCustomers(Strict):
    """Slack as a channel for customers."""

    direct_messages: bool = Field(
        default=True, description="Whether to answer people who write to the bot."
    )
    mentions: Literal["thread", "private", "ignore"] = Field(
        default="thread", description="How to answer who mentions it in a channel not listed here."
    )
    channels: dict[SlackChannel, CustomerChannel] = Field(
        default_factory=dict, description="Channels for customers, also shared ones."
    )
    agent_domains: tuple[ShortText, ...] = Field(
        default=(),
        description="Who has an e-mail address there is never taken for a customer.",
    )
    customer_domains: tuple[ShortText, ...] = Field(
        default=(),
        description="If given: only who has an e-mail address there, or comes from another "
        "workspace, is taken for a customer.",
    )


class Desk(Strict):
    """`desk.yaml`: the agents' desk in Slack."""

    channels: dict[Name, SlackChannel] = Field(
        default_factory=dict,
        description="The private channel of each queue. Who is in it works on it.",
    )
    default_channel: SlackChannel = Field(
        default="frontdesk",
        description="The channel of queues without one, and of what goes wrong.",
    )
    language: Language | None = Field(
        default=None,
        description="The language of cards that nobody has taken; empty = the first one served.",
    )
    thread_text: Literal["internal", "assignee", "everyone"] = Field(
        default="internal",
        description="Whose plain words in a ticket's thread go to the customer: nobody's, the "
        "assignee's, or every agent's.",
    )
    reply_prefix: Annotated[str, StringConstraints(min_length=1, max_length=8)] = Field(
        default="!", description="What is typed behind it goes to the customer."
    )
    note_prefix: Annotated[str, StringConstraints(min_length=1, max_length=8)] = Field(
        default="//",
        description="What is typed behind it stays internal, whatever thread_text says.",
    )
    hold_s: int = Field(
        default=0,
        ge=0,
        le=60,
        description="Seconds in which a reply can still be taken back.",
    )
    pictures: bool = Field(
        default=True,
        description="Whether customers see the Slack picture of the agent who serves them.",
    )
    assign: Literal["pull", "balanced"] = Field(
        default="pull",
        description="Whether agents take tickets themselves, or are given them: in working hours, "
        "whoever is not away and has most room of their capacity.",
    )
    capacity: int = Field(
        default=6, gt=0, le=1000, description="Tickets that an agent has at a time, at most."
    )
    emoji: DeskEmoji = Field(default=DeskEmoji(), description="Emoji that do something.")
    next_reply: dict[Priority, Duration] = Field(
        default_factory=dict,
        description="Working time until an answer is due once a person has answered; empty = as "
        "for the first reply.",
    )
    resolve: dict[Priority, Duration] = Field(
        default_factory=dict,
        description="Working time until a ticket is to be resolved; empty = never due.",
    )
    warn_before: Duration = Field(
        default="15m",
        validate_default=True,
        description="How long before an answer is due the desk is warned.",
    )
    requeue_after: Duration | None = Field(
        default="30m",
        validate_default=True,
        description="Working time after which a customer whose agent does not answer goes back "
        "to the queue; empty = never.",
    )
    escalation_channel: SlackChannel | None = Field(
        default=None, description="Where it is told when an answer is overdue; empty = the thread."
    )
    customers: SlackCustomers = Field(
        default=SlackCustomers(), description="Slack as a channel for customers."
    )


class Macro(Strict):
    """A text that agents send often."""

    label: ByLanguage = Field(description="What agents choose it by.")
    text: dict[Language, Text] = Field(
        description="What the customer reads, by language. {name}, {agent}, {ticket} and {shop} "
        "are filled in."
    )
    intents: tuple[Name, ...] = Field(
        default=(), description="Intents for which it is suggested first."
    )


class Macros(Strict):
    """`macros.yaml`: texts that agents send often."""

    macros: dict[Name, Macro] = Field(description="Macros by name.")
