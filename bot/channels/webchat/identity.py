"""Who somebody is: the visitor's secret, and the site's signed word for who its customer is.

A visitor is whoever holds a secret that we made; we keep only its hash. A customer is whoever
brings a JWT that the site's own server signed: with a secret that it shares with us (HS256), or
with a private key of which we have the public half (EdDSA, on Ed25519). Which of the two is a
property of our key and never the token's to say.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Struct
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LONGEST_LIFE = timedelta(hours=24)
"""A site that signs for longer has lost the means to take it back."""

CLOCK_SKEW = timedelta(seconds=60)
"""The site's server and ours are two machines."""

SHORTEST_KEY_BYTES = 32
"""RFC 7518 3.2: an HS256 key has no fewer bytes than the hash."""

MAX_CLAIM = 255
_CLAIMS = ("name", "email", "phone", "language")

_ED25519 = "ed25519:"
_KID = re.compile(r"[\w.-]{1,64}", re.ASCII)


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
    """From when on it is no longer believed: its own time, and what clocks may differ."""


class Key(Struct, frozen=True, kw_only=True):
    """A key that verifies identities, bound to the one algorithm that it is for."""

    kid: str | None
    """Its name, which a token may give; None = it has none."""
    algorithm: Literal["HS256", "EdDSA"]
    material: bytes | Ed25519PublicKey

    @override
    def __repr__(self) -> str:
        return f"Key({self.kid!r}, {self.algorithm})"


class BadKey(ValueError):  # noqa: N818  # an admin reads it
    """A key cannot be used. Says which and why, and never shows one."""


class IdentityKeys:
    """The keys of the sites: all verify, and the first secret signs for the demo.

    Two keys let a site change its key without a minute in which nobody can sign in. Without any,
    no identity is accepted.
    """

    def __init__(self, keys: Sequence[str] = ()) -> None:
        """Read keys as `FRONTDESK_IDENTITY_KEYS` holds them.

        Args:
            keys: Each a secret, `kid=secret`, or `kid=ed25519:<public key, base64url>`.

        Raises:
            BadKey: One cannot be used.
        """
        self._keys = tuple(_key(text, number) for number, text in enumerate(keys, start=1))
        kids = [key.kid for key in self._keys if key.kid is not None]
        for kid in kids:
            if kids.count(kid) > 1:
                raise BadKey(f"two keys have one kid: keys {_places(self._keys, kid)}")

    @override
    def __repr__(self) -> str:
        return f"IdentityKeys({len(self._keys)} keys)"

    def __len__(self) -> int:
        return len(self._keys)

    @classmethod
    def fresh(cls) -> IdentityKeys:
        """Return a key that lasts as long as the process: enough for the demo shop."""
        return cls([secrets.token_urlsafe(48)])

    @property
    def signs(self) -> bool:
        """Whether there is a secret among them."""
        return any(isinstance(key.material, bytes) for key in self._keys)

    def sign(
        self, subject: str, *, site: str, at: datetime, life: timedelta, **about: str | None
    ) -> str:
        """Return a JWT that vouches for a customer, as a site's server makes it."""
        key = next(key for key in self._keys if isinstance(key.material, bytes))
        assert isinstance(key.material, bytes)  # noqa: S101  # the one that was looked for
        claims = {"sub": subject, "aud": site, "iat": at, "exp": at + life}
        return jwt.encode(
            claims | {k: v for k, v in about.items() if v},
            key.material,
            algorithm=key.algorithm,
            headers=None if key.kid is None else {"kid": key.kid},
        )

    def verify(self, token: str, *, site: str, now: datetime) -> Claims:
        """Return whom a JWT vouches for on a site.

        Raises:
            BadIdentity: It does not vouch for anybody, here and now.
        """
        try:
            for key in self._named(token):
                try:
                    return _claims(_decode(token, key, site), now)
                except (jwt.InvalidSignatureError, jwt.InvalidAlgorithmError):
                    continue
        # PyJWT lets malformed tokens through to int() and the like; a time may have 400 digits.
        except (jwt.PyJWTError, ValueError, OverflowError):
            pass
        raise BadIdentity

    def _named(self, token: str) -> tuple[Key, ...]:
        """Return the keys that a token may be of.

        One that is named has to be that one; who names a key that has another name, or signs with
        another than they name, gets nowhere.
        """
        header = jwt.get_unverified_header(token)
        if "crit" in header:
            # Something that must be understood, and is not.
            raise BadIdentity
        kid = header.get("kid")
        if kid is None:
            return self._keys
        named = tuple(key for key in self._keys if key.kid == kid)
        # Names may be for another's use where our keys have none.
        return named or tuple(key for key in self._keys if key.kid is None)


def _key(text: str, number: int) -> Key:
    kid, _, rest = text.partition("=")
    # What ends in "=" is base64, which has it nowhere else.
    if not _KID.fullmatch(kid) or not rest.strip("="):
        kid, rest = "", text
    if rest.startswith(_ED25519):
        return Key(kid=kid or None, algorithm="EdDSA", material=_public_key(rest, number))
    if _looks_public(rest):
        raise BadKey(f"key {number} is a public key: write it as kid={_ED25519}…, raw, base64url")
    secret = rest.encode()
    if len(secret) < SHORTEST_KEY_BYTES:
        raise BadKey(f"key {number}: a secret needs at least {SHORTEST_KEY_BYTES} bytes")
    return Key(kid=kid or None, algorithm="HS256", material=secret)


def _public_key(text: str, number: int) -> Ed25519PublicKey:
    encoded = text.removeprefix(_ED25519).rstrip("=")
    padded = encoded + "=" * (-len(encoded) % 4)
    try:
        raw = base64.b64decode(padded, altchars="-_", validate=True)
        return Ed25519PublicKey.from_public_bytes(raw)
    except ValueError:
        message = f"key {number}: behind {_ED25519} goes a raw public key, 32 bytes in base64url"
        raise BadKey(message) from None


def _looks_public(secret: str) -> bool:
    """Return whether this is how an Ed25519 or RSA public key begins in a PEM file.

    Taken for a secret it would be one that everybody may know.
    """
    return secret.startswith(("MCowBQYDK2Vw", "MIIBI", "MIICI", "-----"))


def _places(keys: Sequence[Key], kid: str) -> str:
    return " and ".join(str(n) for n, key in enumerate(keys, start=1) if key.kid == kid)


def _decode(token: str, key: Key, site: str) -> dict[str, Any]:
    # Times are checked in `_claims`, by the service's clock rather than the library's.
    return jwt.decode(
        token,
        key.material,
        # The key's own and no other, whatever the token says that it was signed with.
        algorithms=[key.algorithm],
        audience=site,
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
    left = expires + CLOCK_SKEW.total_seconds() - now.timestamp()
    if not 0 < left <= (LONGEST_LIFE + 2 * CLOCK_SKEW).total_seconds():
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
