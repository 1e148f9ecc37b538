"""Lets people in: a hello → the one conversation that is theirs, on disk before they are welcomed.

Three ways in. A stranger gets a new secret and a new conversation. A secret that we know opens its
own conversation, and no other. A signed identity opens the customer's conversation; a browser that
held an anonymous one gets a new secret for it, so that neither history shows the other.
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
from crm_store.drafts import Opened, Opening

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime

    from bot.channels.webchat.frames import Hello
    from bot.channels.webchat.limits import Limiter
    from crm_store.store import Store

CHANNEL = "webchat"


class Refused(Exception):  # noqa: N818  # an answer, not a fault
    """The hello opens nothing."""

    def __init__(self, code: str, retry_after_s: float | None = None) -> None:
        self.code = code
        """bad_token, bad_identity or rate_limited."""
        self.retry_after_s = retry_after_s
        super().__init__(code)


class Entered(Struct, frozen=True, kw_only=True):
    """Somebody is in."""

    opened: Opened
    token: str
    token_is_new: bool
    verified_until: datetime | None
    """Set when they have just proved who they are."""


class Door:
    """Checks secrets and identities, and opens conversations."""

    def __init__(
        self, store: Store, keys: IdentityKeys, limiter: Limiter, clock: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._keys = keys
        self._limiter = limiter
        self._clock = clock

    async def enter(self, hello: Hello, *, address: str, sites: Collection[str]) -> Entered:
        """Return the conversation that a hello opens.

        Raises:
            Refused: It opens none.
        """
        held = None if hello.token is None else await self.find(hello.token)
        if hello.identity is not None:
            claims = self._verify(hello.identity, sites)
            if held is not None and held.customer.external_id == claims.subject:
                return await self._open(hello, claims, hello.token)
            return await self._open_new(hello, claims, address)
        if held is None or hello.token is None:
            return await self._open_new(hello, None, address)
        return Entered(opened=held, token=hello.token, token_is_new=False, verified_until=None)

    async def find(self, token: str) -> Opened:
        """Return the conversation of a secret.

        Raises:
            Refused: Nobody has this secret.
        """
        held = await self._store.conversations.find(fingerprint(token), channel=CHANNEL)
        if held is None:
            raise Refused("bad_token")
        return held

    def _verify(self, identity: str, sites: Collection[str]) -> Claims:
        try:
            return self._keys.verify(identity, sites=sites, now=self._clock())
        except BadIdentity:
            raise Refused("bad_identity") from None

    async def _open_new(self, hello: Hello, claims: Claims | None, address: str) -> Entered:
        wait = self._limiter.conversation(address)
        if wait:
            raise Refused("rate_limited", wait)
        return await self._open(hello, claims, None)

    async def _open(self, hello: Hello, claims: Claims | None, token: str | None) -> Entered:
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
            )
        )
        return Entered(
            opened=opened,
            token=secret,
            token_is_new=token is None,
            verified_until=None if claims is None else claims.until,
        )
