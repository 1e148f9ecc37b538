"""Ends a conversation because its customer says so: owner, ticket, flows and line, all or nothing.

What they said before is answered first. What they say afterwards begins anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from bot.desk.acts import Acts, Situation
from bot.desk.posts import in_thread, renewed
from bot.desk.speech import Speech
from bot.dialogue.state import DialogueState
from bot.messages import Over
from bot.status import status_of
from crm_store.drafts import Ending, Line
from crm_store.errors import Conflict
from crm_store.records import AuthorKind, Owner

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from bot.delivery import Delivery
    from bot.playbook import Playbook
    from crm_store.drafts import Appended, Handling
    from crm_store.records import Conversation, Json
    from crm_store.store import Store

MOST_TRIES = 8
"""As often as an agent's act is decided anew because somebody else was faster."""


class Endings:
    """Ends conversations."""

    def __init__(
        self,
        store: Store,
        playbook: Playbook,
        delivery: Delivery,
        caught_up: Callable[[str], Awaitable[None]],
        clock: Callable[[], datetime],
        *,
        remote_channels: frozenset[str],
        on_change: Callable[[int], None],
    ) -> None:
        """Make the ends.

        Args:
            store: The CRM store.
            playbook: The configuration in force.
            delivery: Shows the customer what was said.
            caught_up: Returns once everything said in a conversation is answered.
            clock: Returns the present, aware UTC.
            remote_channels: Channels whose messages go through the outbox.
            on_change: Called with the number of each ticket that was settled.
        """
        self._store = store
        self._playbook = playbook
        self._delivery = delivery
        self._caught_up = caught_up
        self._clock = clock
        self._remote = remote_channels
        self._on_change = on_change
        self._acts = Acts(playbook)
        self._speech = Speech(playbook)

    async def end(self, conversation_id: str, id_: str) -> Over:
        """Return once the conversation is over; a second time changes nothing.

        Args:
            conversation_id: Which.
            id_: The customer's own id of this wish.

        Raises:
            NotFound: There is no such conversation.
            Conflict: It changed all the while.
            Busy, Unavailable: It could not be written.
        """
        await self._caught_up(conversation_id)
        tries = 1
        while True:
            try:
                return await self._end(conversation_id, f"end:{id_}")
            except Conflict:
                # Somebody took it, or the bot handed it over, while this was being decided.
                if tries == MOST_TRIES:
                    raise
                tries += 1

    async def _end(self, conversation_id: str, client_id: str) -> Over:
        conversation = await self._store.conversations.get(conversation_id)
        if await self._is_over(conversation, client_id):
            return Over(at=self._clock(), duplicate=True)
        ending = await self._decided(conversation, client_id)
        appended = await self._store.conversations.end(ending)
        await self._tell(appended, ending.handling)
        return Over(at=appended.message.at, duplicate=appended.duplicate)

    async def _is_over(self, conversation: Conversation, client_id: str) -> bool:
        """Return whether there is nothing to end, or this very wish was granted before."""
        if conversation.owner is Owner.NONE or not conversation.last_seq:
            return True
        earlier = await self._store.conversations.sent_as(
            conversation.id, AuthorKind.SYSTEM, client_id
        )
        return earlier is not None

    async def _decided(self, conversation: Conversation, client_id: str) -> Ending:
        now = self._clock()
        remote = conversation.channel in self._remote
        line = Line(
            conversation_id=conversation.id,
            author=AuthorKind.SYSTEM,
            author_name=None,
            text=self._speech.to_customer(conversation, "ended"),
            at=now,
            outbox=remote,
        )
        handling = None
        if conversation.ticket_number is not None:
            situation = Situation(
                ticket=await self._store.tickets.get(conversation.ticket_number),
                conversation=conversation,
                now=now,
                remote=remote,
            )
            handling = await self._with_notice(self._acts.end(situation))
            line = handling.line or line
        return Ending(
            line=replace(line, client_id=client_id),
            expected_version=conversation.version,
            state=_fresh(conversation),
            handling=handling,
        )

    async def _with_notice(self, handling: Handling) -> Handling:
        """Return the handling with word of it for the desk, where the desk has a thread.

        Nobody looks after the card of a settled ticket once a crash has lost the news of it.
        """
        number = handling.change.number
        thread = await self._store.threads.of_ticket(number)
        if thread is None:
            return handling
        told = in_thread(thread, "notice.ended", ticket=number)
        return replace(handling, posts=(told, renewed(thread)))

    async def _tell(self, appended: Appended, handling: Handling | None) -> None:
        conversation = appended.conversation
        status = await status_of(conversation, self._store, self._playbook, self._clock())
        self._delivery.deliver(conversation, appended, status)
        if handling is not None:
            for post in handling.posts:
                self._delivery.wake(post.lane_key)
            self._on_change(handling.change.number)


def _fresh(conversation: Conversation) -> Json:
    """Return the memory of a conversation that begins anew; flows are not numbered twice."""
    opened = DialogueState.from_json(conversation.state).flows_opened
    return DialogueState(flows_opened=opened).to_json()
