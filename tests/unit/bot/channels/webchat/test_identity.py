from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from bot.channels.webchat.identity import BadIdentity, IdentityKeys, fingerprint, new_secret

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
KEY, OLD, OTHER = "a" * 32, "b" * 40, "c" * 40
KEYS = IdentityKeys([KEY, OLD])


def signed(key: str = KEY, algorithm: str = "HS256", **claims: Any) -> str:
    body = {"sub": "ada", "aud": "default", "exp": NOW + timedelta(minutes=5)} | claims
    return jwt.encode({k: v for k, v in body.items() if v is not ...}, key, algorithm=algorithm)


def verify(token: str) -> Any:
    return KEYS.verify(token, sites={"default", "shop"}, now=NOW)


def test_secrets_are_long_and_kept_hashed() -> None:
    assert len({new_secret() for _ in range(100)}) == 100
    assert len(new_secret()) == 43
    assert len(fingerprint("x")) == 64


def test_what_is_signed_verifies() -> None:
    token = KEYS.sign("ada", site="shop", at=NOW, life=timedelta(minutes=5), name="Ada", email=None)
    claims = verify(token)
    assert (claims.subject, dict(claims.about)) == ("ada", {"name": "Ada"})
    assert claims.until == NOW + timedelta(minutes=5)


@pytest.mark.parametrize("key", [KEY, OLD])
def test_both_keys_verify(key: str) -> None:
    assert verify(signed(key)).subject == "ada"


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": ...},
        {"exp": ...},
        {"aud": ...},
        {"sub": ""},
        {"sub": "a\0"},
        {"sub": "a" * 256},
        {"aud": "elsewhere"},
        {"exp": NOW - timedelta(minutes=2)},
        {"exp": NOW + timedelta(hours=25)},
        {"exp": "tomorrow"},
        {"exp": True},
        {"exp": float("nan")},
        {"exp": float("inf")},
        {"nbf": NOW + timedelta(minutes=5)},
        {"name": 7},
        {"email": ["x"]},
        {"phone": "1" * 300},
    ],
)
def test_what_is_wrong_is_refused(claims: dict[str, Any]) -> None:
    with pytest.raises(BadIdentity):
        verify(signed(**claims))


@pytest.mark.parametrize(
    "token", ["", ".", "..", "a.b.c", "é", "\ud83d", "x" * 60_000, "eyJhbGciOiJub25lIn0.e30."]
)
def test_what_is_no_jwt_is_refused(token: str) -> None:
    with pytest.raises(BadIdentity):
        verify(token)


def test_forged_and_unsigned_are_refused() -> None:
    with pytest.raises(BadIdentity):
        verify(signed(OTHER))
    with pytest.raises(BadIdentity):
        verify(signed("k" * 64, algorithm="HS512"))
    with pytest.raises(BadIdentity):
        verify(signed("", algorithm="none"))


def test_without_keys_nobody_is_verified() -> None:
    with pytest.raises(BadIdentity):
        IdentityKeys().verify(signed(), sites={"default"}, now=NOW)


def test_short_keys_are_refused_and_none_is_shown() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        IdentityKeys(["short"])
    with pytest.raises(ValueError, match="32 bytes"):
        IdentityKeys([KEY, ""])
    assert KEY not in repr(KEYS)
