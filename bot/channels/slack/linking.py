"""Links a Slack user to a customer of the shop, once both sides have agreed.

    "link" in a direct message → a code that only they see → entered in the web chat, signed in
    → yes there → yes here → their messages count as the customer's, until "unlink" on either side

Whoever steals a code still needs the other side's yes, and each side is told whom it says yes to.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
from collections import OrderedDict, deque
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from bot.channels.slack.consent import Consent, consent_of, language_typed
from bot.channels.slack.doorway import Role
from bot.channels.slack.visitors import CHANNEL, is_alone
from bot.messages import Receipt
from bot.slack.mrkdwn import cut, escape
from crm_store.drafts import Line
from crm_store.errors import Conflict
from crm_store.links import LASTS, Issued, Link
from crm_store.records import AuthorKind, Choice

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from bot.channels.slack.visitors import Visitor, Visitors
    from bot.delivery import Delivery
    from bot.desk.speech import Speech
    from bot.messages import Message
    from bot.slack.api import SlackApi
    from crm_store import records
    from crm_store.records import Conversation, Post
    from crm_store.store import Store
    from nlp.understanding import Language

    Receive = Callable[[Message], Awaitable[Receipt]]

LINK = "link"
"""The action id of the button that stands for the word."""

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without what looks alike. Eight of them are 39 bits, for ten minutes and five tries."""

MASK = "LINK-••••-••••"

RECENT = 8
"""Messages looked through for the question; a customer may say something between."""

MOST_TRIES = 5
MOST_KEPT = 10_000

_CODE = re.compile(r"\blink[-‐–—]([2-9a-hjkmnp-z]{4})[-‐–— ]?([2-9a-hjkmnp-z]{4})\b", re.IGNORECASE)
_LINK = re.compile(
    r"\W*(?:please )?(?:link|connect)(?: my| the)?(?: customer)?(?: account)?(?: please)?\W*"
    r"|\W*(?:请)?(?:我要|帮我)?(?:绑定|关联)(?:我的)?(?:账号|账户|帐号|帐户|会员)?\W*",
    re.IGNORECASE,
)
_UNLINK = re.compile(
    r"\W*(?:please )?(?:unlink|disconnect)(?: my| the)?(?: slack)?(?: account)?(?: please)?\W*"
    r"|\W*(?:请)?(?:我要|帮我)?(?:解绑|(?:解除|取消)(?:绑定|关联))(?:我的)?(?:账号|账户|slack)?\W*",
    re.IGNORECASE,
)
LONGEST_WISH = 60
"""Characters of a message that is one of these words."""


def new_code() -> str:
    """Return a code, as it is shown."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(8))
    return f"LINK-{letters[:4]}-{letters[4:]}"


def digest_of(code: str) -> str:
    """Return what is kept of a code, however it was typed; "" for what is none."""
    found = _CODE.search(code)
    if found is None:
        return ""
    return hashlib.sha256((found[1] + found[2]).upper().encode()).hexdigest()


def masked(name: str | None) -> str:
    """Return enough of a customer's name for its owner to know it by, and nobody else."""
    return f"{(name or '').strip()[:1].upper()}***"


class Linking:
    """Both sides of a link."""

    def __init__(
        self,
        store: Store,
        api: SlackApi,
        visitors: Visitors,
        speech: Speech,
        clock: Callable[[], datetime],
        settle: Callable[[Post, str | None], Awaitable[None]],
    ) -> None:
        """Make both sides.

        Args:
            store: The CRM store.
            api: Slack.
            visitors: Know who writes there.
            speech: Puts replies into a customer's language.
            clock: Returns the present, aware UTC.
            settle: Has a question's buttons give way to what was answered.
        """
        self._store = store
        self._settle = settle
        self._api = api
        self._visitors = visitors
        self._speech = speech
        self._clock = clock
        self._tries: OrderedDict[str, deque[datetime]] = OrderedDict()
        self.delivery: Delivery | None = None

    # -- in Slack ----------------------------------------------------------------------------

    async def said(self, who: Visitor, channel: str, text: str, *, called: bool) -> bool:
        """Return whether a message was about linking, and so is done with.

        Args:
            who: Who wrote it.
            channel: Where.
            text: What.
            called: Whether it was meant for the bot.
        """
        if not called:
            return False
        if is_alone(channel) and await self._answered_in_words(who, channel, text):
            return True
        language = language_typed(text)
        wish = text if len(text) <= LONGEST_WISH else ""
        wanted, unwanted = _LINK.fullmatch(wish), _UNLINK.fullmatch(wish)
        if digest_of(text):
            await self._visitors.tell(who, channel, "link.wrong_place", language=language)
        elif wanted is None and unwanted is None:
            return False
        elif who.role is not Role.CUSTOMER:
            await self._visitors.tell(who, channel, "link.agent", language=language)
        elif not is_alone(channel):
            await self._visitors.tell(who, channel, "link.only_direct", language=language)
        elif wanted is not None:
            await self.begin(who, channel, language)
        else:
            undone = await self._store.links.undo(CHANNEL, who.identity, self._clock())
            key = "link.undone" if undone else "link.none"
            await self._visitors.tell(who, channel, key, language=language)
        return True

    async def _answered_in_words(self, who: Visitor, channel: str, text: str) -> bool:
        """Take a typed yes or no for the button; return whether it was about the question."""
        consent = consent_of(text)
        held = await self._visitors.held_at(who.identity, channel) if consent else None
        asked = await self._question(held.conversation) if held is not None else None
        if held is None or asked is None:
            return False
        choice = _choice(asked, consent)
        if choice is None:
            await self._ask_again(held.conversation, asked)
            return True
        await self.answered(who, choice.value)
        for post in await self._store.outbox.of_message(asked.conversation_id, asked.seq):
            await self._settle(post, choice.label)
        return True

    async def begin(self, who: Visitor, channel: str, language: Language | None = None) -> None:
        """Show somebody a code that nobody else sees; why not, when they get none."""
        language = language or self._visitors.language(who)
        if who.role is not Role.CUSTOMER:
            await self._visitors.tell(who, channel, "link.agent", language=language)
            return
        await self._visitors.open_at(who, channel)
        code = new_code()
        at = self._clock()
        issued = await self._store.links.issue(digest_of(code), CHANNEL, who.identity, at)
        if issued is Issued.LINKED:
            name = await self._store.links.customer_of(CHANNEL, who.identity)
            await self._visitors.tell(
                who, channel, "link.already", language=language, account=masked(name)
            )
        elif issued is not Issued.ISSUED:
            key = "link.too_many" if issued is Issued.TOO_MANY else "link.busy"
            await self._visitors.tell(who, channel, key, language=language)
        else:
            minutes = int(LASTS / timedelta(minutes=1))
            words = self._visitors.words("link.code", language, code=code, minutes=minutes)
            # Not through the outbox, which would keep it; when it fails, there is a new one.
            await self._api.post_ephemeral(channel, who.user, escape(words))

    async def answered(self, who: Visitor, value: str) -> None:
        """Take the answer of the one in Slack: the last of the steps."""
        _, answer, ref = value.split(":", 2)
        if answer != "confirm":
            link = await self._store.links.cancel(ref, identity=who.identity)
            if link is not None:
                await self._say(link.direct, "link.cancelled", ref)
                await self._say(link.elsewhere, "link.cancelled_there", ref)
            else:
                await self._say_to(who, "link.over", ref)
            return
        made = await self._store.links.confirm(ref, who.identity, self._clock())
        if isinstance(made, Link):
            await self._say_to(who, "link.done", ref, account=masked(made.customer))
            await self._say(made.elsewhere, "link.done_there", ref, account=_shown(made, who.name))
        else:
            await self._say_to(who, "link.over" if made == "gone" else "link.busy", ref)

    async def _say_to(self, who: Visitor, key: str, ref: str, **values: Any) -> None:  # noqa: ANN401  # see `Replies`
        """Say something in somebody's direct message, whoever they count as by now."""
        address = await self._api.open_dm(who.user)
        opened = await self._visitors.open_at(who, address)
        await self._say(opened.conversation.id, key, ref, **values)

    # -- in the web chat ---------------------------------------------------------------------

    async def on_web(self, message: Message, receive: Receive) -> Receipt:
        """Receive a message of the web chat: what is about linking is answered here.

        A code is masked before anything is kept, and whoever has not signed in learns nothing.
        """
        if message.value is not None and message.value.startswith("link:"):
            return await self._chosen(message)
        digest = digest_of(message.text) if len(message.text) <= MOST_LETTERS else ""
        if digest:
            return await self._entered(message, digest)
        if message.verified and _UNLINK.fullmatch(message.text[: LONGEST_WISH + 1]):
            customer_id = (await self._conversation(message)).customer_id
            count = await self._store.links.undo_all(CHANNEL, customer_id, self._clock())
            return await self._reply(message, "link.undone" if count else "link.none")
        consent = consent_of(message.text)
        conversation = await self._conversation(message) if consent else None
        asked = await self._question(conversation) if conversation is not None else None
        if conversation is None or asked is None:
            return await receive(message)
        choice = _choice(asked, consent)
        if choice is not None:
            return await self._chosen(replace(message, value=choice.value))
        return await self._keep(message, lambda now: self._ask_again(now, asked))

    async def _entered(self, message: Message, digest: str) -> Receipt:
        if not message.verified:
            return await self._reply(message, "link.sign_in")
        conversation = await self._conversation(message)
        customer_id = conversation.customer_id
        if self._tries_too_often(customer_id):
            return await self._reply(message, "link.too_many")
        link = await self._store.links.claim(digest, customer_id, self._clock())
        if link is None:
            self._tries[customer_id].append(self._clock())
            return await self._reply(message, "link.bad_code")
        choices = tuple(
            Choice(label=self._speech.to_customer(conversation, f"link.{answer}"), value=value)
            for answer, value in (
                ("yes", f"link:yes:{link.ref}"),
                ("no", f"link:no:{link.ref}"),
            )
        )
        return await self._reply(message, "link.ask_here", choices, account=_shown(link))

    async def _chosen(self, message: Message) -> Receipt:
        """Take the answer of the signed-in customer."""
        _, answer, ref = (message.value or "").split(":", 2)
        customer_id = (await self._conversation(message)).customer_id
        if answer != "yes":
            gone = await self._store.links.cancel(ref, customer_id=customer_id)
            if gone is not None:
                await self._say(gone.direct, "link.cancelled_there", ref)
            return await self._reply(message, "link.cancelled" if gone else "link.over")
        if not message.verified:
            return await self._reply(message, "link.sign_in")
        link = await self._store.links.agree(ref, customer_id, self._clock())
        if link is None:
            return await self._reply(message, "link.over")
        await self._ask_in_slack(link)
        return await self._reply(message, "link.now_there")

    async def _ask_in_slack(self, link: Link) -> None:
        if link.direct is None:
            return
        conversation = await self._store.conversations.get(link.direct)
        choices = tuple(
            Choice(
                label=self._speech.to_customer(conversation, f"link.{answer}"),
                value=f"link:{answer}:{link.ref}",
            )
            for answer in ("confirm", "cancel")
        )
        account = masked(link.customer)
        await self._say(link.direct, "link.ask", link.ref, choices, account=account)

    def _tries_too_often(self, customer_id: str) -> bool:
        """Return whether somebody guesses; a few wrong codes are no crime."""
        tries = self._tries.setdefault(customer_id, deque(maxlen=MOST_TRIES))
        self._tries.move_to_end(customer_id)
        if len(self._tries) > MOST_KEPT:
            self._tries.popitem(last=False)
        while tries and tries[0] < self._clock() - LASTS:
            tries.popleft()
        return len(tries) >= MOST_TRIES

    # -- saying ------------------------------------------------------------------------------

    async def _question(self, conversation: Conversation) -> records.Message | None:
        """Return the question about a link that is still open: nobody has said anything since."""
        found = await self._store.conversations.messages(
            conversation.id, after=max(0, conversation.last_seq - RECENT), limit=RECENT
        )
        said = [each for each in found if each.author is not AuthorKind.CUSTOMER]
        return said[-1] if said and any(map(_is_about_link, said[-1].choices)) else None

    async def _ask_again(self, conversation: Conversation, asked: records.Message) -> None:
        """Ask the same once more: what is not a clear yes links nobody."""
        line = Line(
            conversation_id=conversation.id,
            author=AuthorKind.BOT,
            author_name=asked.author_name,
            text=asked.text,
            at=self._clock(),
            choices=asked.choices,
            client_id=f"link:again:{asked.seq}",
            outbox=conversation.channel == CHANNEL,
        )
        appended = await self._store.conversations.append(line)
        if self.delivery is not None:
            loop = asyncio.get_running_loop()
            loop.call_soon(self.delivery.deliver, appended.conversation, appended, None)

    async def _conversation(self, message: Message) -> Conversation:
        return await self._store.conversations.get(message.conversation_id)

    async def _reply(
        self,
        message: Message,
        key: str,
        choices: tuple[Choice, ...] = (),
        **values: Any,  # noqa: ANN401  # see `Replies`
    ) -> Receipt:
        """Keep a message of the web chat, and answer it."""

        async def answer(conversation: Conversation) -> None:
            language = language_typed(message.text) or conversation.language
            spoken = replace(conversation, language=language)
            said = await self._line(spoken, key, f"{message.client_id}:link", choices, **values)
            if said is not None and self.delivery is not None:
                loop.call_soon(self.delivery.deliver, *said, None)

        # The acknowledgement goes first: a page expects it before what answers.
        loop = asyncio.get_running_loop()
        return await self._keep(message, answer)

    async def _keep(
        self, message: Message, answer: Callable[[Conversation], Awaitable[None]]
    ) -> Receipt:
        """Keep a message of the web chat with its code masked, and have it answered."""
        asked = await self._store.conversations.append(
            Line(
                conversation_id=message.conversation_id,
                author=AuthorKind.CUSTOMER,
                author_name=None,
                text=_CODE.sub(MASK, message.text),
                at=message.received_at,
                client_id=message.client_id,
            )
        )
        await answer(asked.conversation)
        return Receipt(seq=asked.message.seq, at=asked.message.at, duplicate=asked.duplicate)

    async def _say(
        self,
        conversation_id: str | None,
        key: str,
        ref: str,
        choices: tuple[Choice, ...] = (),
        **values: Any,  # noqa: ANN401  # see `Replies`
    ) -> None:
        """Say something about a link in a conversation, once."""
        if conversation_id is None:
            return
        conversation = await self._store.conversations.get(conversation_id)
        said = await self._line(conversation, key, f"link:{ref}:{key}", choices, **values)
        if said is not None and self.delivery is not None:
            self.delivery.deliver(*said, None)

    async def _line(
        self,
        conversation: Conversation,
        key: str,
        id_: str,
        choices: tuple[Choice, ...],
        **values: Any,  # noqa: ANN401  # see `Replies`
    ) -> tuple[Conversation, Any] | None:
        """Return what was said, or None when something else was said under that id before."""
        line = Line(
            conversation_id=conversation.id,
            author=AuthorKind.BOT,
            author_name=self._speech.to_customer(conversation, "bot_name"),
            text=self._speech.to_customer(conversation, key, **values),
            at=self._clock(),
            choices=choices,
            client_id=id_,
            outbox=conversation.channel == CHANNEL,
        )
        try:
            appended = await self._store.conversations.append(line)
        except Conflict:
            return None
        return appended.conversation, appended


def _is_about_link(choice: Choice) -> bool:
    return choice.value.startswith("link:")


def _choice(asked: records.Message, consent: Consent | None) -> Choice | None:
    """Return the button that a clear answer stands for: yes comes first, as it is asked."""
    yes, no = asked.choices
    return {Consent.YES: yes, Consent.NO: no}.get(consent) if consent is not None else None


MOST_LETTERS = 400
"""Of a message that may be a code, with what is said around it."""


def _shown(link: Link, name: str | None = None) -> str:
    """Return what a Slack account is called, as its owner chose: no more than a line of it."""
    return cut(" ".join((name or link.name or "?").split()), 60)
