"""Codes, and the words around linking."""

from __future__ import annotations

import re

import pytest

from bot.channels.slack.linking import _LINK, _UNLINK, ALPHABET, digest_of, masked, new_code


def test_codes_are_many_and_found_however_they_are_typed() -> None:
    code = new_code()
    assert re.fullmatch(rf"LINK-[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}", code)
    assert len({new_code() for _ in range(200)}) == 200
    digest = digest_of(code)
    assert len(digest) == 64
    for typed in (code.lower(), f"my code is {code}.", code.replace("-", "–"), f"“{code}”"):
        assert digest_of(typed) == digest
    assert digest_of(new_code()) != digest


@pytest.mark.parametrize(
    "text",
    ["", "link", "link this card", "AB204817", "LINK-2345", "a linkage-abcd-efgh", "https://x.de"],
)
def test_what_is_no_code(text: str) -> None:
    assert digest_of(text) == ""


@pytest.mark.parametrize(
    "text", ["link", "Link!", "link my account", "please link my account", "绑定", "我要绑定账号。"]
)
def test_words_that_ask_for_a_link(text: str) -> None:
    assert _LINK.fullmatch(text)
    assert not _UNLINK.fullmatch(text)


@pytest.mark.parametrize(
    "text", ["unlink", "Unlink my account", "unlink slack", "解绑", "解除绑定", "取消绑定"]
)
def test_words_that_undo_one(text: str) -> None:
    assert _UNLINK.fullmatch(text)
    assert not _LINK.fullmatch(text)


@pytest.mark.parametrize("text", ["send me the link", "the link is broken", "绑定银行卡失败"])
def test_words_that_are_about_something_else(text: str) -> None:
    assert not _LINK.fullmatch(text)


def test_a_name_is_known_to_its_owner_alone() -> None:
    assert [masked(name) for name in ("Ada Byrne", "李雷", " ben", "", None)] == [
        "A***",
        "李***",
        "B***",
        "***",
        "***",
    ]
