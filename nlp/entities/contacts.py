"""E-mail addresses and telephone numbers; links are blockers, for what stands in them is no entity.

A phone candidate must have one of the shapes of `_PHONE`; libphonenumber then says whether it is
one and how it reads in E.164 (its own matcher over free text is a hundred times slower).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import phonenumbers

from nlp.entities.candidates import Candidate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nlp.entities.reading import Reading
    from nlp.understanding import Language

_EMAIL = re.compile(
    # 64 and 63 are the lengths that RFC 5321 and DNS allow.
    r"(?<![a-z0-9._%+-])[a-z0-9][a-z0-9._%+-]{0,63}@[a-z0-9](?:[a-z0-9-]{0,62}\.)+"
    r"[a-z]{2,24}(?![a-z0-9_-]|\.[a-z0-9])",
    re.ASCII,
)
_LINK = re.compile(r"(?:https?://|www\.)[a-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+", re.ASCII)

_PHONE = re.compile(
    r"(?<![a-z0-9.+#$¥€£/_-])(?:"
    # With a country code, any country.
    r"(?P<abroad>(?:\+|00(?=[1-9])|(?=86[ -]1[3-9]\d[ -]?\d{4}[ -]?\d{4}))\d{1,3}[ .-]?"
    r"(?:\(\d{1,4}\)[ .-]?)?\d{1,5}(?:[ .-]?\d{2,5}){1,4}"
    # China: mobile, fixed line, service numbers.
    r"|\(\+\d{1,3}\) ?\d{2,5}(?:[ .-]?\d{2,5}){1,4})"
    r"|1[3-9]\d[ -]?\d{4}[ -]?\d{4}"
    r"|\(0\d{2,3}\)[ -]?\d{3,4}[ -]?\d{4}|0\d{2,3}[ -]?\d{3,4}[ -]?\d{4}"
    r"|[48]00[ -]\d{3}[ -]?\d{4}|[48]00[ -]?\d{4}[ -]\d{3}|[48]00\d{7}"
    # North America.
    r"|(?P<american>(?:1[ .-]?)?(?:\([2-9]\d\d\)[ .-]?|[2-9]\d\d[ .-])\d{3}[ .-]\d{4})"
    r"|(?:1[ .-]?)?\([2-9]\d\d\) ?[2-9]\d{6}"
    r"|1?[2-9]\d\d[2-9]\d{6}"
    r")(?![a-z0-9_]|[.-]\d|[%@])",
    re.ASCII,
)


class Contacts:
    """Finds e-mail addresses and telephone numbers."""

    def __init__(self, regions: Mapping[Language, str]) -> None:
        self._regions = dict(regions)
        for region in dict.fromkeys(self._regions.values()):
            # The library reads a region's figures from disk at its first use; not in a turn.
            phonenumbers.is_valid_number(phonenumbers.parse("4155550188", region))

    def find(self, reading: Reading) -> list[Candidate]:
        """Return addresses, numbers and, as blockers, links."""
        found: list[Candidate] = []
        if "@" in reading.chars:
            found += [
                Candidate("email", m.start(), m.end(), m[0]) for m in _EMAIL.finditer(reading.low)
            ]
        if "/" in reading.chars or "www" in reading.low:
            found += [Candidate("", m.start(), m.end(), "") for m in _LINK.finditer(reading.low)]
        if reading.digits:
            for match in _PHONE.finditer(reading.low):
                value = self._number(match, reading.language)
                if value is not None:
                    found.append(Candidate("phone", match.start(), match.end(), value))
        return found

    def _number(self, match: re.Match[str], language: Language) -> str | None:
        """Return a number in E.164, or None when it is none."""
        written = match[0]
        if match["abroad"]:
            return _from_abroad(written)
        home = self._regions[language]
        value = _parsed(written, home)
        if value is None and match["american"] and "US" in self._regions.values():
            # 555 numbers are not assigned, but who writes one so means a phone number.
            return "+1" + "".join(filter(str.isdigit, written))[-10:]
        for region in self._regions.values():
            if value is None and region != home:
                value = _parsed(written, region)
        return value


def _from_abroad(written: str) -> str | None:
    """Return a number that says its country, behind whatever one dials to leave one's own."""
    if written.startswith("001"):  # 00 to the USA, or 001 to anywhere
        return _parsed("+" + written[2:], None) or _parsed("+" + written[3:], None)
    # 00 is how China dials abroad; the library would take it for a part of the number.
    bare = written.removeprefix("00")
    return _parsed(bare if bare[0] in "+(" else "+" + bare, None)


def _parsed(written: str, region: str | None) -> str | None:
    try:
        number = phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException:
        return None
    # With the country said, a possible number is enough: numbering plans change.
    enough = phonenumbers.is_possible_number if region is None else phonenumbers.is_valid_number
    if not enough(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
