"""Contacts as everybody at the desk may see them: enough to recognise, too little to use. Pure.

A mask depends on nothing but what it shows: not even the length of the rest can be told from it.
"""

from __future__ import annotations

import re

from phonenumbers import NumberParseException, parse

HIDDEN = "•••"

MASKED = frozenset({"email", "phone", "address", "contact"})
"""What a customer names that is a contact of theirs."""

_CHINESE_CITY = re.compile(r"(?:[\u4e00-\u9fff]{2,8}?(?:省|自治区))?([\u4e00-\u9fff]{2,7}?市)")
_STREET_OR_HOUSE = re.compile(r"[路街号巷弄村栋室]")
_STATE_AND_ZIP = re.compile(r"[A-Z]{2} \d{5}(?:-\d{4})?")
_STREET = re.compile(
    r"\b(?:street|st|lane|ln|road|rd|avenue|ave|drive|dr|court|ct|way|place|pl|boulevard|blvd"
    r"|apt|suite|unit|floor|box)\b\.?",
    re.IGNORECASE,
)
_TOWN = re.compile(r"[^\W\d_][^\d_,]{0,39}")


def email(address: str) -> str:
    """Return an e-mail address with its first letter and its domain."""
    name, at, domain = address.rpartition("@")
    if not at or not domain:
        return HIDDEN
    return f"{name[:1] if len(name) > 1 else ''}{HIDDEN}@{domain}"


def phone(number: str) -> str:
    """Return a phone number with its country code and its last two digits."""
    digits = [c for c in number if c.isdecimal()]
    if len(digits) < 8:  # two digits of fewer would tell too much
        return HIDDEN
    try:
        code = f"+{parse(number, None).country_code}"
    except NumberParseException:
        code = ""
    return f"{code}{HIDDEN}{''.join(digits[-2:])}"


def address(text: str) -> str:
    """Return the city of a postal address; nothing of it where no city stands out for sure."""
    chinese = _CHINESE_CITY.match(text.strip())
    if chinese:
        return HIDDEN if _STREET_OR_HOUSE.search(chinese[1]) else f"{chinese[1]}{HIDDEN}"
    *_, town, last = ["", "", *(part.strip() for part in text.split(","))]
    if not _STATE_AND_ZIP.fullmatch(last) or not _TOWN.fullmatch(town) or _STREET.search(town):
        return HIDDEN
    return f"{HIDDEN}, {town}"


def named(kind: str, value: str) -> str:
    """Return what a customer named, masked where it is or holds a contact."""
    match kind:
        case "phone":
            return phone(value)
        case "address":
            return address(value)
        case _ if "@" in value:
            return email(value) if not re.search(r"\s", value.strip()) else HIDDEN
        case _:
            long_number = kind in MASKED and sum(c.isdecimal() for c in value) > 0
            return phone(value) if long_number else HIDDEN if kind in MASKED else value
