"""Opens a ticket for a conversation because an agent wants one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.desk.acts import Refused
from bot.dialogue.ownership import Event, next_owner
from crm_store.drafts import TicketDraft, TicketOpening
from crm_store.errors import Conflict

if TYPE_CHECKING:
    from bot.desk.office import Office
    from crm_store.desk_records import Agent
    from crm_store.records import Conversation, Ticket

LONGEST_SUBJECT = 300


async def open_ticket(
    office: Office,
    conversation: Conversation,
    agent: Agent,
    *,
    subject: str,
    queue: str,
    priority: str,
) -> Ticket:
    """Open a ticket for a conversation, whose customer waits for a person from then on.

    Raises:
        Refused: It has one.
    """
    now, sla = office.clock(), office.playbook.sla
    due = sla.first_reply_due(priority, now)
    first = sla.first_alarm(due, now)
    draft = TicketDraft(
        number=await office.store.tickets.reserve_number(),
        subject=subject[:LONGEST_SUBJECT],
        queue=queue,
        priority=priority,
        language=office.speech.language(conversation),
        first_reply_due=due,
        resolve_due=sla.resolve_due(priority, now),
        reason="agent",
        alarm_at=first.at,
        alarm=first.alarm,
    )
    opening = TicketOpening(
        conversation_id=conversation.id,
        draft=draft,
        opened_seq=conversation.last_seq or None,
        by=agent.id,
        at=now,
        owner=next_owner(conversation.owner, Event.HANDED_OVER),
    )
    try:
        ticket = await office.store.tickets.open(opening)
    except Conflict:
        raise Refused("refused.stale") from None
    office.relay.news(ticket.number)
    return ticket
