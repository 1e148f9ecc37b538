"""What customers read in Slack: replies with their buttons, and buttons that have had their day.

Everything goes through the outbox. Putting what was chosen in the place of buttons is a lane of its
own for each channel, which keeps no reply waiting; doing it twice does no harm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.channels.slack.forms import FILL
from bot.channels.slack.linking import LINK
from bot.channels.slack.messages import settled, shown
from bot.channels.slack.visitors import CHANNEL, is_alone
from bot.dialogue.forms import kind_of
from bot.dialogue.slots import slot_of
from bot.dialogue.state import DialogueState
from bot.settings.model import ProofSlot
from bot.slack.enclosures import Enclosures
from bot.slack.errors import SlackRefused
from bot.slack.limits import Urgency
from bot.slack.marks import bears, mark_of
from crm_store.drafts import PostDraft
from crm_store.errors import NotFound
from crm_store.records import AuthorKind, Owner

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.delivery import Delivery
    from bot.desk.speech import Speech
    from bot.playbook import Playbook
    from bot.settings.model import Slot
    from bot.slack.api import SlackApi
    from crm_store.records import Conversation, Post
    from crm_store.store import Store

POSTED = "frontdesk_message"
"""The type of our messages' metadata, by which a post is found again."""

SETTLED = "slack.settled"

GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
"""Refusals after which there are no buttons left to take away."""


class Posting:
    """Posts to customers."""

    def __init__(
        self,
        store: Store,
        playbook: Playbook,
        api: SlackApi,
        speech: Speech,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._playbook = playbook
        self._api = api
        self._speech = speech
        self._clock = clock
        self._enclosures = Enclosures(api, store, playbook.settings.general.files, clock)
        self.delivery: Delivery | None = None

    async def post(self, post: Post) -> str | None:
        """Post a message to its customer; see `RemoteChannel`."""
        if post.kind == SETTLED:
            await self._settle(post)
            return None
        channel, thread_ts = place_of(post.lane_key)
        if post.kind == "file":
            return await self._enclosures.show(post, channel, thread_ts)
        drawn = shown(post.payload, await self._more_buttons(post))
        if post.payload.get("replaces") is not None and post.conversation_id is not None:
            earlier = await self._store.outbox.of_message(
                post.conversation_id, post.payload["replaces"]
            )
            ref = next((each.remote_ref for each in earlier if each.remote_ref), None)
            if ref is not None:
                where, _, ts = ref.partition("/")
                await self._api.update_message(
                    where, ts, drawn.text, blocks=drawn.blocks, urgency=Urgency.REPLY
                )
                return ref
        posted = await self._api.post_message(
            channel,
            drawn.text,
            blocks=drawn.blocks,
            thread_ts=thread_ts,
            metadata=mark_of(post),
            urgency=Urgency.REPLY,
        )
        return f"{posted.channel}/{posted.ts}"

    async def reconcile(self, post: Post) -> str | None:
        """Return Slack's name of a post that may have arrived; see `RemoteChannel`."""
        if post.kind == SETTLED:
            return None
        channel, thread_ts = place_of(post.lane_key)
        since = f"{post.created_at.timestamp() - 60:.6f}"
        if thread_ts is None:
            found = await self._api.history(channel, oldest=since)
        else:
            found = await self._api.replies(channel, thread_ts, oldest=since)
        if post.kind == "file":
            return await self._enclosures.find(post, channel, found)
        return next((f"{channel}/{each['ts']}" for each in found if bears(each, post)), None)

    async def settle(self, post: Post, chosen: str | None) -> None:
        """Ask for a message's buttons to give way to what was chosen of them, or to nothing."""
        if post.remote_ref is None:
            return
        channel, _, ts = post.remote_ref.partition("/")
        lane = f"{CHANNEL}:settled/{channel}"
        kept = ("author", "author_name", "text", "cards")
        words = {name: post.payload.get(name) for name in kept}
        payload = {**words, "channel": channel, "ts": ts, "chosen": chosen}
        draft = PostDraft(lane_key=lane, kind=SETTLED, payload=payload)
        await self._store.outbox.add(draft, self._clock())
        if self.delivery is not None:
            self.delivery.wake(lane)

    async def _settle(self, post: Post) -> None:
        payload = post.payload
        drawn = settled(payload, payload["chosen"])
        try:
            await self._api.update_message(
                payload["channel"], payload["ts"], drawn.text, blocks=drawn.blocks
            )
        except SlackRefused as refused:
            if refused.code not in GONE:
                raise

    async def _more_buttons(self, post: Post) -> tuple[tuple[str, str], ...]:
        """Return the buttons of ours under a message: those that help to answer its question."""
        if post.payload.get("author") != AuthorKind.BOT or post.conversation_id is None:
            return ()
        try:
            conversation = await self._store.conversations.get(post.conversation_id)
        except NotFound:
            return ()
        slot = waiting_for(conversation, self._playbook)
        if slot is None or post.seq != conversation.last_seq:
            # The question is the last thing said, or it is none any more.
            return ()
        found = []
        if kind_of(slot) is not None:
            found.append((FILL, self._speech.to_customer(conversation, "form.fill")))
        alone = is_alone(conversation.address)
        if alone and isinstance(slot, ProofSlot) and not await self._is_linked(conversation):
            found.append((LINK, self._speech.to_customer(conversation, "link.button")))
        return tuple(found)

    async def _is_linked(self, conversation: Conversation) -> bool:
        customer = await self._store.customers.get(conversation.customer_id)
        return customer.external_id is not None


def waiting_for(conversation: Conversation, playbook: Playbook) -> Slot | None:
    """Return the slot that the bot has asked for and nobody has filled; None for anything else."""
    if conversation.owner is Owner.AGENT:
        return None
    flow = DialogueState.from_json(conversation.state).active
    spec = playbook.rules.flows.flows.get(flow.name) if flow is not None else None
    if flow is None or spec is None or flow.waiting is None:
        return None
    if all(slot.name != flow.waiting for slot in spec.slots):
        return None
    return slot_of(spec, flow.waiting)


def place_of(lane_key: str) -> tuple[str, str | None]:
    """Return channel and thread of a lane."""
    channel, _, thread_ts = lane_key.removeprefix(f"{CHANNEL}:").partition("/")
    return channel, thread_ts or None
