"""Does what was decided: reads how a ticket stands, has an act decided, and applies it, or again.

    situation → act (pure) → store, in one transaction → the customer's channel and the desk

When somebody was faster the store refuses, and the act is decided anew on what is true by then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bot.desk.acts import Refused, Situation
from bot.status import status_of
from crm_store.errors import Conflict, NotFound

if TYPE_CHECKING:
    from datetime import datetime

    from bot.delivery import Delivery
    from bot.playbook import Playbook
    from crm_store.drafts import Handled, Handling, PostDraft
    from crm_store.store import Store

MOST_TRIES = 8
"""Somebody who loses so often has met a fault, not eight colleagues."""

Act = Callable[[Situation], "Handling | None"]


class Hands:
    """Applies acts to tickets."""

    def __init__(
        self,
        store: Store,
        playbook: Playbook,
        delivery: Delivery,
        clock: Callable[[], datetime],
        *,
        remote_channels: frozenset[str],
        on_change: Callable[[int], None],
        on_handled: Callable[[Handled], None] = lambda _handled: None,
        on_handed: Callable[[int, str | None], None] = lambda _number, _before: None,
    ) -> None:
        """Make hands.

        Args:
            store: The CRM store.
            playbook: The configuration in force.
            delivery: Brings to customers what was said.
            clock: Returns the present, aware UTC.
            remote_channels: Channels whose messages go through the outbox.
            on_change: Called with the number of each ticket that was changed.
            on_handled: Called with what became of each act.
            on_handed: Called with the number of each ticket that somebody else has now, and with
                who had it.
        """
        self._store = store
        self._playbook = playbook
        self._delivery = delivery
        self._clock = clock
        self._remote = remote_channels
        self._on_change = on_change
        self._on_handled = on_handled
        self._on_handed = on_handed

    async def situation(self, number: int) -> Situation:
        """Return how a ticket stands.

        Raises:
            Refused: There is none of that number.
        """
        try:
            ticket = await self._store.tickets.get(number)
        except NotFound:
            raise Refused("refused.gone", ticket=number) from None
        conversation = await self._store.conversations.get(ticket.conversation_id)
        assignee = await self._store.agents.get(ticket.assignee) if ticket.assignee else None
        return Situation(
            ticket=ticket,
            conversation=conversation,
            now=self._clock(),
            remote=conversation.channel in self._remote,
            assignee_name=assignee.name if assignee else "",
        )

    async def do(self, number: int, act: Act) -> Handled | None:
        """Apply an act to a ticket; None when there was nothing to do.

        Raises:
            Refused: The act is not to be done as things stand.
            StoreError: It could not be written.
        """
        for attempt in range(MOST_TRIES):
            situation = await self.situation(number)
            handling = act(situation)
            if handling is None:
                return None
            try:
                handled = await self._store.tickets.handle(handling)
            except Conflict:
                if attempt + 1 == MOST_TRIES:
                    raise
                continue
            await self._tell(handled, handling)
            if handled.ticket.assignee != situation.ticket.assignee:
                self._on_handed(number, situation.ticket.assignee)
            return handled
        return None

    async def post(self, post: PostDraft) -> None:
        """Have something posted that belongs to no act."""
        await self._store.outbox.add(post, self._clock())
        self._delivery.wake(post.lane_key)

    async def _tell(self, handled: Handled, handling: Handling) -> None:
        """Show the customer what was said and where they stand, and the desk what changed."""
        conversation = handled.conversation
        status = await status_of(conversation, self._store, self._playbook, self._clock())
        if handled.appended is not None:
            self._delivery.deliver(conversation, handled.appended, status)
        else:
            self._delivery.show_status(conversation, status)
        for post in handling.posts:
            self._delivery.wake(post.lane_key)
        self._on_change(handled.ticket.number)
        self._on_handled(handled)
