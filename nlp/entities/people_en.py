"""Names of people in English text: introductions, recipients, titles, signatures."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from nlp.entities.candidates import Candidate
from nlp.entities.lexicon import words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nlp.entities.reading import Reading

_GIVEN = frozenset(
    word
    for line in (Path(__file__).parent / "data" / "given_names.txt").read_text("utf-8").splitlines()
    if not line.startswith("#")
    for word in line.split()
)


_CAPITAL = r"[A-ZÀ-ÖØ-Þ]"


_LETTER = r"[A-Za-zÀ-ÖØ-öø-ÿ]"


_PART = (
    rf"(?:(?:O'|D'|Mc"
    rf"|Mac)?{_CAPITAL}[a-zß-öø-ÿ]+(?:-{_CAPITAL}[a-zß-öø-ÿ]+)?(?:(?:Mc"
    rf"|Mac)?{_CAPITAL}[a-zß-öø-ÿ]+)?|{_CAPITAL}\.)"
)


_LINKS = r"(?:van der|van den|van|von|de la|de los|de|da|dos|del|della|di|bin|al|el|la|le)"


CAPITALS = rf"{_PART}(?: (?:{_LINKS} )?{_PART}){{0,3}}"


_UPPER = r"[A-Z][A-Z'-]+(?: [A-Z][A-Z'-]+){1,2}"


_TITLE = (
    r"(?:(?:[Mm][Rr][Ss]?|[Mm][Ss]|[Dd][Rr]|[Pp]rof|[Mm]x)\b\.?|[Mm]iss\b"
    r"|[Mm]ister\b|[Pp]rofessor\b|[Mm]adam\b)"
)


_NOT_LETTER = rf"(?!{_LETTER})"


_TITLED = re.compile(rf"\b{_TITLE}\s?(?P<name>{CAPITALS}|{_UPPER}){_NOT_LETTER}")


_LEAD_SURE = (
    r"(?:[Mm]y (?:full |first |last )?name'?s?(?: is)?|MY NAME IS|[Mm]y name:"
    r"|[Nn]ame(?: on (?:the )?(?:order|account|card|parcel|package))? ?(?:is"
    r"|:)|[Cc]all me|under the name(?: of)?"
    r"|in the name of|(?:the )?(?:[Rr]ecipient|[Cc]onsignee|[Rr]eceiver"
    r"|[Cc]ontact(?: person)?|[Aa]ddressee"
    r"|[Cc]ustomer)(?:'s)?(?: name)? ?(?:is|:|should be|will be)"
    r"|[Aa]ddressed to|[Aa]ttn[.:]?|[Aa]ttention:|[Ss]igned (?:for )?by|c/o"
    r"|on behalf of|[Nn]ame:|[Rr]ecipient:|[Rr]ecipient name to"
    r"|[Rr]ecipient to)"
)


_SURE = re.compile(
    rf"(?<![A-Za-z]){_LEAD_SURE}\s+(?:{_TITLE}\s?)?(?P<name>{CAPITALS}"
    rf"|{_UPPER}|[a-z][a-z'-]+(?: [a-z][a-z'-]+)?){_NOT_LETTER}"
)


_SELF = re.compile(
    rf"(?<![A-Za-z])(?:[Ii]'?m|I AM|[Ii] am|[Tt]his is|[Ii]t'?s"
    rf"|[Ii]t is)\s+(?P<name>{CAPITALS}|{_UPPER}|[a-z]+){_NOT_LETTER}"
)


_RECEIVE = re.compile(
    rf"(?<![A-Za-z])(?:for|to|by|from|with|attention|addressee|and|of|named"
    rf"|called)\s+(?P<name>{_PART}(?: (?:{_LINKS} )?{_PART}){{0,3}}){_NOT_LETTER}"
)


_KIN = re.compile(
    r"(?<![A-Za-z])[Mm]y (?:wife|husband|son|daughter|mother|father|mom|mum|dad|sister|brother"
    rf"|friend|colleague|partner|assistant|boss|neighbou?r),? (?P<name>{CAPITALS}){_NOT_LETTER}"
)


_SIGNED = re.compile(
    rf"(?:[Rr]egards|[Tt]hanks|[Tt]hank you|[Ss]incerely|[Cc]heers|[Bb]est"
    rf"|[Bb]est wishes"
    rf"|[Ll]ove)[,!.]*\s*[\n,-]\s*(?P<name>{CAPITALS})\s*[.!]?\s*$"
)


_SPEAKING = re.compile(rf"(?P<name>{CAPITALS}) (?:here|speaking)\b")


# Words that begin sentences and things with a capital, and what people say they are.
_NEVER = frozenset(words("people_en.never"))


_FOLLOW_LOWER = frozenset(words("people_en.follow_lower"))


_TITLES = frozenset(words("people_en.titles"))


_SURE_WORDS = frozenset(words("people_en.sure_words"))


_SELF_WORDS = frozenset(words("people_en.self_words"))


_RECEIVE_WORDS = frozenset(words("people_en.receive_words"))


_SIGN_WORDS = frozenset(words("people_en.sign_words"))


def english_people(reading: Reading) -> Iterator[Candidate]:
    """Return the names that English words lead to."""
    plain, vocabulary = reading.plain, reading.vocabulary
    for triggers, pattern in ((_TITLES, _TITLED), (_SURE_WORDS, _SURE)):
        if not vocabulary.isdisjoint(triggers):
            for match in pattern.finditer(plain):
                yield from _name(reading, match, sure=True)
    if not vocabulary.isdisjoint(_SELF_WORDS):
        for match in _SELF.finditer(plain):
            yield from _name(reading, match)
    if not vocabulary.isdisjoint(_GIVEN) and not plain.islower():
        yield from _known_people(reading)


def _known_people(reading: Reading) -> Iterator[Candidate]:
    """Yield names that count for their known given name."""
    for triggers, patterns in (
        (frozenset({"my"}), (_KIN,)),
        (_RECEIVE_WORDS, (_RECEIVE,)),
        (_SIGN_WORDS, (_SIGNED, _SPEAKING)),
    ):
        if not reading.vocabulary.isdisjoint(triggers):
            for pattern in patterns:
                for match in pattern.finditer(reading.plain):
                    yield from _name(reading, match, full=pattern is _RECEIVE)


def _name(
    reading: Reading, match: re.Match[str], *, sure: bool = False, full: bool = False
) -> Iterator[Candidate]:
    """Yield the name of a match: `sure` by its lead, else by a known given name."""
    start = match.start("name")
    kept: list[str] = []
    for word in match["name"].split(" "):
        if word.lower().rstrip(".") in _NEVER or (word.islower() and word in _FOLLOW_LOWER):
            break
        kept.append(word)
    if not kept or (not sure and kept[0].lower() not in _GIVEN):
        return
    if full and len(kept) < 2:
        return
    if kept[0].islower() and not _may_be_lower(match, kept[0], sure=sure):
        return
    name = " ".join(kept)
    name = name.removesuffix("'s").removesuffix(".") if len(name) > 3 else name
    if len(name) > 1:
        yield candidate(reading, start, start + len(name))


def _may_be_lower(match: re.Match[str], first: str, *, sure: bool) -> bool:
    """Tell whether a name without a capital is one: after "my name is", or a known given name."""
    lead = match[0][: match.start("name") - match.start()].lower().rstrip()
    return (sure and lead.endswith(("name is", "name's", "name:"))) or (
        first in _GIVEN and len(first) > 2
    )


def candidate(reading: Reading, start: int, end: int) -> Candidate:
    """Return a name as it is written."""
    return Candidate("person", start, end, reading.plain[start:end])
