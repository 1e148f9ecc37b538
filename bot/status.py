"""Where a conversation stands, as its customer may know it: owner, place in the queue, wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.messages import Status
from crm_store.records import Owner

if TYPE_CHECKING:
    from datetime import datetime

    from bot.playbook import Playbook
    from bot.routing.rules import Wait
    from crm_store.records import Conversation
    from crm_store.store import Store


def spoken(number: int) -> str:
    """Return a ticket's number as people say it."""
    return f"T-{number}"


async def status_of(
    conversation: Conversation, store: Store, playbook: Playbook, now: datetime
) -> Status:
    """Return the conversation's status at a time."""
    number = conversation.ticket_number
    ticket = spoken(number) if number is not None else None
    if conversation.owner is Owner.AGENT and number is not None:
        shown = playbook.settings.desk.pictures
        return Status(
            owner=conversation.owner,
            agent=conversation.agent_name,
            agent_picture=await store.agents.picture_of_ticket(number) if shown else None,
            ticket=ticket,
        )
    if conversation.owner is not Owner.QUEUE or number is None or conversation.queue is None:
        return Status(owner=conversation.owner, agent=conversation.agent_name, ticket=ticket)
    ahead = await store.tickets.ahead_of(number)
    wait = playbook.router.wait(conversation.queue, ahead, now)
    return Status(
        owner=conversation.owner, position=ahead + 1, wait_s=_seconds(wait, now), ticket=ticket
    )


def _seconds(wait: Wait, now: datetime) -> int | None:
    if wait.minutes is not None:
        return wait.minutes * 60
    return None if wait.opening is None else int((wait.opening - now).total_seconds())
