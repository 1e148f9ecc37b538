from __future__ import annotations

import base64
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from bot.channels.webchat.identity import (
    BadIdentity,
    BadKey,
    IdentityKeys,
    fingerprint,
    new_secret,
)

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
KEY, OLD, OTHER = "a" * 32, "b" * 40, "c" * 40
KEYS = IdentityKeys([KEY, OLD])


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


PRIVATE, ANOTHER_PRIVATE = (Ed25519PrivateKey.from_private_bytes(bytes([n] * 32)) for n in (1, 2))
PUBLIC = b64(PRIVATE.public_key().public_bytes_raw())
ANOTHER_PUBLIC = b64(ANOTHER_PRIVATE.public_key().public_bytes_raw())


def signed(
    key: Any = KEY, algorithm: str = "HS256", headers: dict[str, Any] | None = None, **claims: Any
) -> str:
    body = {"sub": "ada", "aud": "default", "exp": NOW + timedelta(minutes=5)} | claims
    body = {k: v for k, v in body.items() if v is not ...}
    return jwt.encode(body, key, algorithm=algorithm, headers=headers)


def verify(token: str, keys: IdentityKeys = KEYS, site: str = "default") -> Any:
    return keys.verify(token, site=site, now=NOW)


def refused(token: str, keys: IdentityKeys = KEYS, site: str = "default") -> bool:
    try:
        verify(token, keys, site)
    except BadIdentity:
        return True
    return False


def test_secrets_are_long_and_kept_hashed() -> None:
    assert len({new_secret() for _ in range(100)}) == 100
    assert len(new_secret()) == 43
    assert len(fingerprint("x")) == 64


def test_what_is_signed_verifies() -> None:
    token = KEYS.sign("ada", site="shop", at=NOW, life=timedelta(minutes=5), name="Ada", email=None)
    claims = verify(token, site="shop")
    assert (claims.subject, dict(claims.about)) == ("ada", {"name": "Ada"})
    # It is believed a little longer than it says, for the sake of clocks that differ.
    assert claims.until == NOW + timedelta(minutes=6)


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
        {"aud": ["elsewhere", "shop"]},
        {"aud": ""},
        {"exp": NOW - timedelta(minutes=2)},
        {"exp": NOW + timedelta(hours=25)},
        {"exp": "tomorrow"},
        {"exp": True},
        {"exp": float("nan")},
        {"exp": float("inf")},
        {"exp": 10**400},
        {"nbf": NOW + timedelta(minutes=5)},
        {"nbf": 10**400},
        {"name": 7},
        {"email": ["x"]},
        {"phone": "1" * 300},
    ],
)
def test_what_is_wrong_is_refused(claims: dict[str, Any]) -> None:
    assert refused(signed(**claims))


def test_a_token_is_for_the_very_site_of_the_hello() -> None:
    token = signed(aud="shop")
    assert verify(token, site="shop").subject == "ada"
    assert refused(token, site="default")
    assert refused(token, site="shop2")
    assert verify(signed(aud=["default", "shop"]), site="shop").subject == "ada"


@pytest.mark.parametrize(("seconds", "good"), [(-61, False), (-59, True), (0, True), (86400, True)])
def test_clocks_may_differ_by_a_minute(seconds: int, good: bool) -> None:
    assert refused(signed(exp=NOW + timedelta(seconds=seconds))) is not good


def test_a_clock_that_is_off_by_a_day_is_told_from_a_good_one() -> None:
    for off in (timedelta(days=1), timedelta(days=-1)):
        at = NOW + off
        token = KEYS.sign("ada", site="default", at=at, life=timedelta(minutes=10))
        assert refused(token), off


@pytest.mark.parametrize(
    "token", ["", ".", "..", "a.b.c", "é", "\ud83d", "x" * 60_000, "eyJhbGciOiJub25lIn0.e30."]
)
def test_what_is_no_jwt_is_refused(token: str) -> None:
    assert refused(token)


def test_forged_and_unsigned_are_refused() -> None:
    assert refused(signed(OTHER))
    assert refused(signed("k" * 64, algorithm="HS512"))
    assert refused(signed(KEY * 2, algorithm="HS512"))
    assert refused(signed("", algorithm="none"))
    head, body, signature = signed().split(".")
    none = b64(json.dumps({"alg": "none", "typ": "JWT"}).encode())
    for spelling in ("none", "None", "NONE", "nOnE"):
        forged = b64(json.dumps({"alg": spelling}).encode())
        assert refused(f"{forged}.{body}.")
        assert refused(f"{forged}.{body}.{signature}")
    assert refused(f"{none}.{body}")
    changed = b64(json.dumps({"sub": "ben", "aud": "default", "exp": NOW.timestamp()}).encode())
    assert refused(f"{head}.{changed}.{signature}")


def test_without_keys_nobody_is_verified() -> None:
    assert refused(signed(), IdentityKeys())


# -- keys with names -------------------------------------------------------------------------------


NAMED = IdentityKeys([f"new={KEY}", f"old={OLD}", f"shop=ed25519:{PUBLIC}"])


def test_a_named_key_verifies_what_names_it_and_what_names_none() -> None:
    assert verify(signed(KEY, headers={"kid": "new"}), NAMED).subject == "ada"
    assert verify(signed(OLD, headers={"kid": "old"}), NAMED).subject == "ada"
    assert verify(signed(OLD), NAMED).subject == "ada"


def test_a_wrong_name_is_refused_whatever_the_signature() -> None:
    assert refused(signed(KEY, headers={"kid": "old"}), NAMED)
    assert refused(signed(KEY, headers={"kid": "nobody"}), NAMED)
    assert refused(signed(KEY, headers={"kid": ""}), NAMED)
    assert refused(signed(PRIVATE, "EdDSA", headers={"kid": "new"}), NAMED)


@pytest.mark.parametrize("kid", [7, None, ["new"], {"kid": "new"}, "new\0", "../new"])
def test_odd_names_are_refused(kid: object) -> None:
    head = b64(json.dumps({"alg": "HS256", "kid": kid}).encode())
    _, body, signature = signed(KEY).split(".")
    assert refused(f"{head}.{body}.{signature}", NAMED)


def test_keys_without_a_name_go_on_taking_tokens_that_have_one() -> None:
    """Some libraries name a key unasked; that worked before keys had names."""
    assert verify(signed(KEY, headers={"kid": "2026-03"})).subject == "ada"
    mixed = IdentityKeys([f"new={KEY}", OLD])
    assert verify(signed(OLD, headers={"kid": "whatever"}), mixed).subject == "ada"
    assert refused(signed(OLD, headers={"kid": "new"}), mixed)


def test_the_demo_signs_with_its_first_secret_under_its_name() -> None:
    keys = IdentityKeys([f"shop=ed25519:{PUBLIC}", f"new={KEY}", OLD])
    token = keys.sign("ada", site="default", at=NOW, life=timedelta(minutes=5))
    assert jwt.get_unverified_header(token)["kid"] == "new"
    assert verify(token, keys).subject == "ada"
    assert keys.signs
    assert not IdentityKeys([f"shop=ed25519:{PUBLIC}"]).signs


def test_what_must_be_understood_and_is_not_is_refused() -> None:
    assert refused(signed(headers={"crit": ["exp"], "exp": 1}))


# -- EdDSA -----------------------------------------------------------------------------------------


def test_a_public_key_verifies_what_its_private_half_signed() -> None:
    for header in (None, {"kid": "shop"}):
        assert verify(signed(PRIVATE, "EdDSA", headers=header), NAMED).subject == "ada"
    assert refused(signed(ANOTHER_PRIVATE, "EdDSA"), NAMED)
    assert refused(signed(ANOTHER_PRIVATE, "EdDSA", headers={"kid": "shop"}), NAMED)


def test_two_public_keys_take_turns() -> None:
    keys = IdentityKeys([f"a=ed25519:{PUBLIC}", f"b=ed25519:{ANOTHER_PUBLIC}"])
    for private in (PRIVATE, ANOTHER_PRIVATE):
        assert verify(signed(private, "EdDSA"), keys).subject == "ada"
    assert refused(signed(PRIVATE, "EdDSA", headers={"kid": "b"}), keys)


def test_a_public_key_is_never_taken_for_a_secret() -> None:
    """Algorithm confusion: whoever knows the public key, everybody, signs with it as a secret."""
    raw = PRIVATE.public_key().public_bytes_raw()
    keys = IdentityKeys([f"shop=ed25519:{PUBLIC}"])
    for secret in (raw, PUBLIC.encode(), f"ed25519:{PUBLIC}".encode(), f"shop=ed25519:{PUBLIC}"):
        for header in (None, {"kid": "shop"}):
            assert refused(signed(secret, headers=header), keys)


def test_a_secret_is_never_taken_for_another_algorithm() -> None:
    rsa = generate_private_key(public_exponent=65537, key_size=2048)
    pem = rsa.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for key, algorithm in ((pem, "RS256"), (KEY * 2, "HS384"), (PRIVATE, "EdDSA")):
        assert refused(signed(key, algorithm))


# -- keys that cannot be used ----------------------------------------------------------------------


SPKI = PRIVATE.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (["short"], "key 1: a secret needs at least 32 bytes"),
        ([KEY, ""], "key 2: a secret needs at least 32 bytes"),
        ([KEY, "kid=short"], "key 2: a secret needs at least 32 bytes"),
        ([f"kid={KEY}", f"kid={OLD}"], "two keys have one kid: keys 1 and 2"),
        (["kid=ed25519:"], "key 1: behind ed25519: goes a raw public key"),
        (["kid=ed25519:AAAA"], "key 1: behind ed25519: goes a raw public key"),
        (["kid=ed25519:" + "!" * 43], "key 1: behind ed25519: goes a raw public key"),
        (["ed25519:" + PUBLIC + PUBLIC], "key 1: behind ed25519: goes a raw public key"),
        ([base64.b64encode(SPKI).decode()], "key 1 is a public key"),
        ([f"kid={base64.b64encode(SPKI).decode()}"], "key 1 is a public key"),
        (["-----BEGIN-PUBLIC-KEY-----" + "x" * 40], "key 1 is a public key"),
    ],
)
def test_unusable_keys_are_told_and_none_is_shown(keys: list[str], message: str) -> None:
    with pytest.raises(BadKey) as raised:
        IdentityKeys(keys)
    assert message in str(raised.value)
    for key in keys:
        secret = key.rpartition("=")[2]
        assert len(secret) < 9 or secret not in str(raised.value)


@pytest.mark.parametrize(
    "key",
    [
        base64.b64encode(b"\1" * 33 + b"\2").decode(),  # ends in "=="
        base64.b64encode(b"\1" * 35).decode(),  # ends in "="
        base64.urlsafe_b64encode(b"\xff" * 32).decode(),
        "with+signs/of=base64" + "x" * 32,
        "密钥" * 12,
    ],
)
def test_secrets_of_before_go_on_as_they_are(key: str) -> None:
    assert verify(signed(key.encode()), IdentityKeys([key])).subject == "ada"


def test_padded_public_keys_and_those_without_a_name() -> None:
    for text in (f"ed25519:{PUBLIC}", f"ed25519:{PUBLIC}=", f"kid=ed25519:{PUBLIC}="):
        assert verify(signed(PRIVATE, "EdDSA"), IdentityKeys([text])).subject == "ada"


def test_keys_do_not_show() -> None:
    keys = IdentityKeys([f"kid={KEY}", OLD])
    assert KEY not in repr(keys)
    assert KEY not in repr(keys._keys)
    assert OLD not in repr(keys._keys)


def test_a_hostile_token_costs_no_time() -> None:
    began = time.perf_counter()
    for token in ("." * 60_000, "e" * 60_000 + "." * 2, signed(headers={"kid": "x" * 40_000})):
        refused(token, NAMED)
    assert time.perf_counter() - began < 1
