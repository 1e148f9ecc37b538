"""Lets people in: a hello → the one conversation that is theirs, on disk before they are welcomed.

Three ways in. A stranger gets a new secret and a new conversation. A secret that we know opens its
own conversation, and no other. A signed identity opens the customer's conversation; a browser that
held an anonymous one gets a new secret for it, so that neither history shows the other.

The site that they name decides for whom an identity must be made out, and whether strangers are
let in at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from bot.channels.webchat.identity import (
    BadIdentity,
    Claims,
    IdentityKeys,
    fingerprint,
    new_secret,
)
from bot.channels.webchat.origins import default_site
from crm_store.drafts import Opened, Opening

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import datetime

    from bot.channels.webchat.frames import Hello
    from bot.channels.webchat.limits import Limiter
    from bot.settings.model import Site
    from crm_store.records import Conversation
    from crm_store.store import Store

CHANNEL = "webchat"

MOST_PROOFS = 50_000
"""A hundred bytes each."""


class Refused(Exception):  # noqa: N818  # an answer, not a fault
    """The hello opens nothing."""

    def __init__(
        self, code: str, retry_after_s: float | None = None, *, reason: str | None = None
    ) -> None:
        self.code = code
        """origin, bad_token, bad_identity, identity_expired, sign_in or rate_limited; for a file
        what `http_edge` lists."""
        self.retry_after_s = retry_after_s
        self.reason = reason
        """Why, where the code leaves it open."""
        super().__init__(code)


class Entered(Struct, frozen=True, kw_only=True):
    """Somebody is in."""

    opened: Opened
    site: str
    token: str
    token_is_new: bool
    verified_until: datetime | None
    """Set when they have proved who they are; it is believed until then."""


class Door:
    """Checks secrets and identities, and opens conversations."""

    def __init__(
        self,
        store: Store,
        keys: IdentityKeys,
        sites: Mapping[str, Site],
        limiter: Limiter,
        clock: Callable[[], datetime],
        on_left: Callable[[int], None] = lambda _ticket: None,
    ) -> None:
        self._store = store
        self._keys = keys
        self._sites = sites
        self._limiter = limiter
        self._clock = clock
        self._on_left = on_left
        self._proved: dict[str, datetime] = {}
        """Hash of a secret → until when its holder counts as verified, oldest proof first.

        A socket stays verified until then by itself; this is for requests over plain HTTP. It may
        be forgotten: then the next hello proves it again.
        """

    async def enter(self, hello: Hello, *, address: str, sites: Collection[str]) -> Entered:
        """Return the conversation that a hello opens.

        Args:
            hello: What somebody brings.
            address: Their network address.
            sites: The sites that their page may speak for.

        Raises:
            Refused: It opens none.
        """
        site = self._named(hello.site, sites)
        claims = None if hello.identity is None else self._verify(hello.identity, site)
        if claims is None and self._sites[site].anonymous == "deny":
            raise Refused("sign_in")
        held = None if hello.token is None else await self._find(hello.token)
        if claims is not None:
            its_own = held is not None and held.customer.external_id == claims.subject
            token = hello.token if its_own else None
            entered = await self._open(hello, claims, token, site, address)
            if held is not None and held.customer.external_id is None:
                self._leave(held.conversation)
        elif held is None or hello.token is None:
            entered = await self._open(hello, None, None, site, address)
        else:
            entered = _entered(held, site, hello.token)
        if entered.opened.conversation.site != site:
            await self._store.conversations.visit(entered.opened.conversation.id, site)
        self._note_proof(entered)
        return entered

    async def recall(self, token: str, *, renew: bool = False) -> Entered:
        """Return who holds a secret, on the site of their last hello.

        Args:
            token: The secret.
            renew: Whether to say so, once, when what they had proved has expired.

        Raises:
            Refused: Nobody holds it, or strangers are not let in there.
        """
        opened = await self._find(token)
        site = opened.conversation.site
        if site is None or site not in self._sites:
            site = default_site(self._sites)
        until = self._proved.get(fingerprint(token))
        if until is not None and until <= self._clock():
            until = None
            if renew:
                del self._proved[fingerprint(token)]
                raise Refused("identity_expired")
        if until is None and self._sites[site].anonymous == "deny":
            raise Refused("sign_in")
        return _entered(opened, site, token, until)

    def _leave(self, conversation: Conversation) -> None:
        if conversation.ticket_number is not None:
            self._on_left(conversation.ticket_number)

    async def _find(self, token: str) -> Opened:
        held = await self._store.conversations.find(fingerprint(token), channel=CHANNEL)
        if held is None:
            raise Refused("bad_token")
        return held

    def _named(self, wanted: str | None, sites: Collection[str]) -> str:
        """Return the site that a hello names, if its page may speak for it."""
        if wanted is None:
            return default_site(name for name in self._sites if name in sites)
        if wanted not in sites:
            raise Refused("origin")
        return wanted

    def _verify(self, identity: str, site: str) -> Claims:
        try:
            return self._keys.verify(identity, site=site, now=self._clock())
        except BadIdentity:
            raise Refused("bad_identity") from None

    async def _open(
        self, hello: Hello, claims: Claims | None, token: str | None, site: str, address: str
    ) -> Entered:
        wait = self._limiter.conversation(address) if token is None else 0.0
        if wait:
            raise Refused("rate_limited", wait)
        secret = token or new_secret()
        customer = None
        if claims is not None:
            customer = {"external_id": claims.subject, **claims.about}
        opened = await self._store.conversations.open(
            Opening(
                channel=CHANNEL,
                identity=fingerprint(secret),
                verified=claims is not None,
                at=self._clock(),
                customer=customer,
                locale=hello.locale,
                site=site,
            )
        )
        return Entered(
            opened=opened,
            site=site,
            token=secret,
            token_is_new=token is None,
            verified_until=None if claims is None else claims.until,
        )

    def _note_proof(self, entered: Entered) -> None:
        key = fingerprint(entered.token)
        # A hello without an identity is how a page says that its customer signed out.
        self._proved.pop(key, None)
        if entered.verified_until is not None:
            self._proved[key] = entered.verified_until
            if len(self._proved) > MOST_PROOFS:
                del self._proved[next(iter(self._proved))]


def _entered(
    opened: Opened, site: str, token: str, verified_until: datetime | None = None
) -> Entered:
    """Return somebody whose secret was there before."""
    return Entered(
        opened=opened,
        site=site,
        token=token,
        token_is_new=False,
        verified_until=verified_until,
    )
