"""Who somebody is: the visitor's secret, and the site's signed word for who its customer is.

A visitor is whoever holds a secret that we made; we keep only its hash. A customer is whoever
brings a JWT that the site's own server signed with a key it shares with us.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import jwt
from msgspec import Struct
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

LONGEST_LIFE = timedelta(hours=24)
"""A site that signs for longer has lost the means to take it back."""

CLOCK_SKEW = timedelta(seconds=60)
"""The site's server and ours are two machines."""

SHORTEST_KEY_BYTES = 32
"""RFC 7518 3.2: an HS256 key has no fewer bytes than the hash."""

MAX_CLAIM = 255
_CLAIMS = ("name", "email", "phone", "language")


class BadIdentity(Exception):  # noqa: N818  # what the client brought, not our error
    """The JWT is forged, expired, for another site, or not one."""


def new_secret() -> str:
    """Return a visitor's secret: 256 bits, urlsafe."""
    return secrets.token_urlsafe(32)


def fingerprint(secret: str) -> str:
    """Return what the store keeps of a secret. 256 random bits need no salt and no stretching."""
    return hashlib.sha256(secret.encode(errors="surrogateescape")).hexdigest()


class Claims(Struct, frozen=True, kw_only=True):
    """What a site says of its customer."""

    subject: str
    """The site's own id for them."""
    about: Mapping[str, str]
    """Those of name, email, phone and language that the site told."""
    until: datetime
    """When the site's word expires."""


class IdentityKeys:
    """The keys shared with the sites: the first signs, all verify.

    Two keys let a site change its key without a minute in which nobody can sign in. Without any,
    no identity is accepted.
    """

    def __init__(self, keys: Sequence[str] = ()) -> None:
        self._keys = tuple(key.encode() for key in keys)
        if any(len(key) < SHORTEST_KEY_BYTES for key in self._keys):
            raise ValueError(f"an identity key needs at least {SHORTEST_KEY_BYTES} bytes")

    @override
    def __repr__(self) -> str:
        return f"IdentityKeys({len(self._keys)} keys)"

    @classmethod
    def fresh(cls) -> IdentityKeys:
        """Return a key that lasts as long as the process: enough for the demo shop."""
        return cls([secrets.token_urlsafe(48)])

    def sign(
        self, subject: str, *, site: str, at: datetime, life: timedelta, **about: str | None
    ) -> str:
        """Return a JWT that vouches for a customer, as a site's server makes it."""
        claims = {"sub": subject, "aud": site, "iat": at, "exp": at + life}
        return jwt.encode(
            claims | {k: v for k, v in about.items() if v}, self._keys[0], algorithm="HS256"
        )

    def verify(self, token: str, *, sites: Collection[str], now: datetime) -> Claims:
        """Return whom a JWT vouches for.

        Raises:
            BadIdentity: It does not vouch for anybody, here and now.
        """
        for key in self._keys:
            try:
                return _claims(_decode(token, key, sites), now)
            except jwt.InvalidSignatureError:
                continue
            # ValueError: PyJWT lets some malformed tokens through to int() and the like.
            except (jwt.PyJWTError, ValueError):
                break
        raise BadIdentity


def _decode(token: str, key: bytes, sites: Collection[str]) -> dict[str, Any]:
    # Times are checked in `_claims`, by the service's clock rather than the library's.
    return jwt.decode(
        token,
        key,
        algorithms=["HS256"],
        audience=list(sites),
        options={
            "require": ["sub", "exp", "aud"],
            "verify_exp": False,
            "verify_nbf": False,
            "verify_iat": False,
        },
    )


def _claims(payload: Mapping[str, Any], now: datetime) -> Claims:
    expires, begins, subject = payload["exp"], payload.get("nbf", 0), payload["sub"]
    if not all(type(moment) in (int, float) for moment in (expires, begins)):
        raise BadIdentity
    left = expires - now.timestamp()
    if not -CLOCK_SKEW.total_seconds() < left <= (LONGEST_LIFE + CLOCK_SKEW).total_seconds():
        raise BadIdentity
    if begins > now.timestamp() + CLOCK_SKEW.total_seconds():
        raise BadIdentity
    about = {name: payload[name] for name in _CLAIMS if payload.get(name) is not None}
    if not all(_is_claim(value) for value in (subject, *about.values())):
        raise BadIdentity
    return Claims(subject=subject, about=about, until=now + timedelta(seconds=left))


def _is_claim(value: object) -> bool:
    # Half a surrogate pair is no text that could be stored.
    return (
        isinstance(value, str)
        and 0 < len(value) <= MAX_CLAIM
        and not any(char == "\0" or "\ud800" <= char <= "\udfff" for char in value)
    )
