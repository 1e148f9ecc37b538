"""Who speaks next in a conversation: one table of what may follow what.

bot: the bot answers. queue: a person was promised; the bot still helps, but opens no ticket anew.
agent: a person speaks and the bot is silent. none: it was settled; the next message starts afresh.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from crm_store.errors import IllegalTransition
from crm_store.records import Owner

if TYPE_CHECKING:
    from collections.abc import Mapping


class Event(StrEnum):
    """What can happen to the ownership of a conversation."""

    CUSTOMER_WRITES = "customer_writes"
    HANDED_OVER = "handed_over"
    TAKEN = "taken"
    AGENT_REPLIES = "agent_replies"
    HANDED_BACK = "handed_back"
    REQUEUED = "requeued"
    RESOLVED = "resolved"
    ENDED = "ended"
    """By the customer."""


TRANSITIONS: Mapping[tuple[Owner, Event], Owner] = {
    (Owner.BOT, Event.CUSTOMER_WRITES): Owner.BOT,
    (Owner.BOT, Event.HANDED_OVER): Owner.QUEUE,
    (Owner.BOT, Event.TAKEN): Owner.AGENT,
    (Owner.BOT, Event.AGENT_REPLIES): Owner.AGENT,
    (Owner.BOT, Event.HANDED_BACK): Owner.BOT,
    (Owner.BOT, Event.REQUEUED): Owner.BOT,
    (Owner.BOT, Event.RESOLVED): Owner.NONE,
    (Owner.BOT, Event.ENDED): Owner.NONE,
    (Owner.QUEUE, Event.CUSTOMER_WRITES): Owner.QUEUE,
    (Owner.QUEUE, Event.HANDED_OVER): Owner.QUEUE,
    (Owner.QUEUE, Event.TAKEN): Owner.AGENT,
    (Owner.QUEUE, Event.AGENT_REPLIES): Owner.AGENT,
    (Owner.QUEUE, Event.HANDED_BACK): Owner.BOT,
    (Owner.QUEUE, Event.REQUEUED): Owner.QUEUE,
    (Owner.QUEUE, Event.RESOLVED): Owner.NONE,
    (Owner.QUEUE, Event.ENDED): Owner.NONE,
    (Owner.AGENT, Event.CUSTOMER_WRITES): Owner.AGENT,
    (Owner.AGENT, Event.HANDED_OVER): Owner.AGENT,
    (Owner.AGENT, Event.TAKEN): Owner.AGENT,
    (Owner.AGENT, Event.AGENT_REPLIES): Owner.AGENT,
    (Owner.AGENT, Event.HANDED_BACK): Owner.BOT,
    (Owner.AGENT, Event.REQUEUED): Owner.QUEUE,
    (Owner.AGENT, Event.RESOLVED): Owner.NONE,
    (Owner.AGENT, Event.ENDED): Owner.NONE,
    (Owner.NONE, Event.CUSTOMER_WRITES): Owner.BOT,
    (Owner.NONE, Event.HANDED_OVER): Owner.QUEUE,
    (Owner.NONE, Event.TAKEN): Owner.AGENT,
    (Owner.NONE, Event.AGENT_REPLIES): Owner.AGENT,
}
"""A pair that is not here must not happen."""


def next_owner(owner: Owner, event: Event) -> Owner:
    """Return who owns the conversation after an event.

    Raises:
        IllegalTransition: The event cannot happen to a conversation of this owner.
    """
    try:
        return TRANSITIONS[owner, event]
    except KeyError:
        raise IllegalTransition(f"{event} cannot happen while the owner is {owner}") from None
