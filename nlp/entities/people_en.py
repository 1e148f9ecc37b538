"""Names of people in English text: introductions, recipients, titles, signatures, given names.

A word in front ("my name is", "ask for", "Mr") makes a name of what follows; the surer the word,
the less must be known of the name. A given name that is nothing else ("Chloe", not "Grace") needs
no such word, only its capital; so does a family name of that kind after any capitalised word.
"""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from nlp.entities.candidates import Candidate
from nlp.entities.lexicon import words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nlp.entities.reading import Reading


def _tiers(name: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the names of a file that are nothing but names, and those that are also words."""
    text = (Path(__file__).parent / "data" / name).read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    clear, also = "\n".join(lines).split("\n---\n")
    return frozenset(clear.split()), frozenset(also.split())


_CLEAR, _ALSO = _tiers("given_names.txt")
_FAMILY, _ALSO_FAMILY = _tiers("surnames.txt")
_GIVEN = _CLEAR | _ALSO
_FAMILIES = _FAMILY | _ALSO_FAMILY
_NAMES = _CLEAR | _FAMILY

# The lists are without accents.
_ACCENTS = str.maketrans(
    "àáâãäåçèéêëìíîïñòóôõöøùúûüýÿčćđěęğışłńřśšťůžźż",
    "aaaaaaceeeeiiiinoooooouuuuyyccdeegislnrsstuzzz",
)

_CAPITAL = r"[A-ZÀ-ÖØ-Þ]"


_LETTER = r"[A-Za-zÀ-ÖØ-öø-ÿ]"


_PART = (
    rf"(?:(?:O'|D'|Mc"
    rf"|Mac)?{_CAPITAL}[a-zß-öø-ÿ]+(?:-{_CAPITAL}?[a-zß-öø-ÿ]+)?(?:(?:Mc"
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


_BECOMES = r"(?:is|:|to|stays|remains|(?:should|will|must|has to|needs to) (?:be|read|say))"
_LEAD_SURE = (
    r"(?:[Mm]y (?:full |first |last )?name'?s?(?: is)?|MY NAME IS|[Mm]y name:"
    rf"|[Nn]ame(?:'s| (?:on|for|of) (?:(?:the|my|this) )?[a-z]+)? ?{_BECOMES}"
    r"|(?:put|use|add|write) the name|[Nn]ame's"
    r"|[Cc]all me|under the name(?: of)?|[Ss]pel(?:t|led)"
    r"|in the name of|(?:the )?(?:[Rr]ecipient|[Cc]onsignee|[Rr]eceiver"
    r"|[Cc]ontact(?: person)?|[Aa]ddressee"
    rf"|[Cc]ustomer)(?:'s)?(?: name)?(?: for (?:the )?[a-z]+)? ?{_BECOMES}"
    r"|[Aa]ddressed to|[Aa]ttn[.:]?|[Aa]ttention:|[Ss]igned (?:for )?by|c/o"
    r"|on behalf of)"
)


_SURE = re.compile(
    rf"(?<![A-Za-z]){_LEAD_SURE}\s+(?:{_TITLE}\s?)?(?P<name>{CAPITALS}"
    rf"|{_UPPER}|[a-z][a-z'-]+(?: [a-z][a-z'-]+)?){_NOT_LETTER}"
)


_SHIP_TO = re.compile(
    rf"(?:[Ss]hip|[Dd]eliver|[Ss]end|[Bb]ill)(?:ing|ed)? ?to:\s*(?:{_TITLE}\s?)?"
    rf"(?P<name>{CAPITALS}){_NOT_LETTER}"
)


_SELF = re.compile(
    rf"(?<![A-Za-z])(?:[Ii]'?m|I AM|[Ii] am|[Tt]his is|[Ii]t'?s"
    rf"|[Ii]t is)\s+(?P<name>{CAPITALS}|{_UPPER}|[a-z]+(?: [a-z]+)?){_NOT_LETTER}"
)


_RECEIVE = re.compile(
    rf"(?<![A-Za-z])(?:for|to|by|from|with|attention|addressee|and|of|named"
    rf"|called)\s+(?P<name>{_PART}(?: (?:{_LINKS} )?{_PART}){{0,3}}){_NOT_LETTER}"
)


_ROLES = (
    "wife|husband|son|daughter|mother|father|mom|mum|dad|sister|brother|aunt|uncle|cousin|niece"
    "|nephew|friend|girlfriend|boyfriend|fianc[eé]e?|flatmate|roommate|colleague|coworker|partner"
    "|assistant|boss|manager|neighbou?r|landlord|driver|courier|agent|rep|technician|fitter"
)
_KIN = re.compile(
    rf"(?<![A-Za-z])(?:[Mm]y|[Yy]our|[Oo]ur|[Tt]he|[Hh]is|[Hh]er) (?:{_ROLES}),? "
    rf"(?P<name>{CAPITALS}){_NOT_LETTER}"
)


_TOLD = re.compile(
    rf"(?<![A-Za-z])(?:[Tt]ell|[Aa]sk(?: for)?|(?:[Ss]peak|[Ss]poke|[Tt]alk|[Tt]alked) (?:to|with)"
    rf"|named|called|[Hh]i|[Hh]ello|[Dd]ear|[Hh]ey)\s+(?P<name>{CAPITALS}){_NOT_LETTER}"
)


_SIGNED = re.compile(
    rf"(?:(?:[Rr]egards|[Tt]hanks|[Tt]hank you|[Ss]incerely|[Cc]heers|[Bb]est"
    rf"|[Bb]est wishes"
    rf"|[Ll]ove)[,!.]*\s*[\n,-]|\n|[.!?] ?-)\s*(?P<name>{CAPITALS})\s*[.!]?\s*$"
)


_SPEAKING = re.compile(rf"(?<![A-Za-z])(?P<name>{CAPITALS}) (?:here|speaking)\b")


# Words that begin sentences and things with a capital, and what people say they are.
_NEVER = frozenset(words("people_en.never"))


_FOLLOW_LOWER = frozenset(words("people_en.follow_lower"))


_TITLES = frozenset(words("people_en.titles"))


_SURE_WORDS = frozenset(words("people_en.sure_words"))


_SELF_WORDS = frozenset(words("people_en.self_words"))


_SIGN_WORDS = frozenset(words("people_en.sign_words"))


_LED_ALWAYS = ((_TITLES, _TITLED), (_SURE_WORDS, _SURE), (_SELF_WORDS, _SELF))
"""What a text must have of words before a pattern is tried, and the pattern."""


_LED: tuple[tuple[frozenset[str], re.Pattern[str]], ...] = (
    (frozenset({"my", "your", "our", "the", "his", "her"}), _KIN),
    (frozenset(words("people_en.told_words")), _TOLD),
    (frozenset(words("people_en.receive_words")), _RECEIVE),
    (frozenset({"here", "speaking"}), _SPEAKING),
)


# "Emma sofa", "Madison Avenue": what a given name stands before when it is no person.
_THINGS = frozenset(words("people_en.things"))


_NO_SURNAME = _THINGS | _NEVER | frozenset(words("people_en.no_surname"))


_FAMOUS = frozenset(words("people_en.famous"))


_WORD_BEFORE = re.compile(r"([A-Za-z]+)\.? $")


_NOT_AFTER = frozenset({"the", "st", "san", "santa", "saint", "lake", "fort", "mount", "port"})


_WORD_AFTER = re.compile(r" ([A-Za-z]+)")


_COMPANY = re.compile(
    r",? (?:&|Ltd|Inc|LLC|GmbH|Corp|Co|Hotels?|Clinics?|Dental|Foundation|School|Group)(?![a-z])"
)


# One name for another: "X, not Y", "X is now Y", "the label says X but it's Y".
_INSTEAD = re.compile(
    rf"(?:,? (?:and )?not| is now| to|,? but (?:it'?s|is))\s+(?P<name>{CAPITALS}){_NOT_LETTER}"
)


_TOKEN = re.compile(rf"(?<![A-Za-zÀ-ÿ@'/-])(?:{_PART}){_NOT_LETTER}")


_BETWEEN = re.compile(rf" (?:{_LINKS} )?")


def english_people(reading: Reading) -> Iterator[Candidate]:
    """Return the names that English words lead to, and those that need no such word."""
    plain, vocabulary = reading.plain, reading.vocabulary
    for triggers, pattern in _LED_ALWAYS:
        if not vocabulary.isdisjoint(triggers):
            for match in pattern.finditer(plain):
                yield from _name(reading, match, sure=pattern is not _SELF)
    if plain.islower():
        return
    if "to:" in reading.low:
        yield from _shipped_to(reading)
    yield from _known_people(reading)
    if _may_name(reading):
        yield from _people_anywhere(reading)


def _shipped_to(reading: Reading) -> Iterator[Candidate]:
    for match in _SHIP_TO.finditer(reading.plain):
        yield from _name(reading, match, sure=True)


def _may_name(reading: Reading) -> bool:
    """Tell whether a name can be among the words; they end at an accent, and hold "'s"."""
    vocabulary = reading.vocabulary
    if not vocabulary.isdisjoint(_NAMES) or not (reading.plain.isascii() or reading.han):
        return True
    return "'" in reading.chars and any(
        word.endswith("'s") and word[:-2] in _NAMES for word in vocabulary
    )


def _known_people(reading: Reading) -> Iterator[Candidate]:
    """Yield names that count for their known given name."""
    if reading.vocabulary.isdisjoint(_GIVEN):
        return
    for triggers, pattern in _LED:
        if not reading.vocabulary.isdisjoint(triggers):
            for match in pattern.finditer(reading.plain):
                yield from _name(reading, match, full=pattern is _RECEIVE)
    if not reading.chars.isdisjoint("\n-") or not reading.vocabulary.isdisjoint(_SIGN_WORDS):
        for match in _SIGNED.finditer(reading.plain):
            yield from _name(reading, match)


def _people_anywhere(reading: Reading) -> Iterator[Candidate]:
    """Yield names that are nothing else: "Imogen", "Femi Adeyemi", "Grace Kowalski"."""
    plain = reading.plain
    tokens = [(m[0], m.start(), m.end()) for m in _TOKEN.finditer(plain)]
    i = 0
    while i < len(tokens):
        count = _count_of_name(plain, tokens[i : i + 4])
        if count <= 0:
            i += 1 - count
            continue
        start, end = tokens[i][1], tokens[i + count - 1][2]
        yield candidate(reading, start, end)
        i += count
        other = _INSTEAD.match(plain, end)
        if other and (" to" not in other[0][:3] or " " in other["name"]):
            yield from _name(reading, other, sure=True)


def _count_of_name(plain: str, tokens: list[tuple[str, int, int]]) -> int:
    """Return how many capitalised words from the first on are one name.

    Where they are none: 0, or less by the words that are not to be looked at again.
    """
    first = _key(tokens[0][0])
    parts = [first]
    for (_, _, end), (text, start, _) in pairwise(tokens):
        word = _key(text)
        if not _BETWEEN.fullmatch(plain, end, start):
            break
        if word in _NO_SURNAME and not (first in _CLEAR and word in _FAMILIES):
            break
        parts.append(word)
    count = len(parts)
    if count > 1 and f"{first}_{parts[1]}" in _FAMOUS:
        return 1 - count
    if first in _NEVER or _COMPANY.match(plain, tokens[count - 1][2]):
        return 0
    if first in _CLEAR:
        return count if count > 1 or _alone(plain, tokens[0]) else 0
    if count > 1 and parts[1] not in _CLEAR:
        known = first in _ALSO and parts[1] in _FAMILIES
        return count if known or (first not in _NO_SURNAME and parts[-1] in _FAMILY) else 0
    return 0


def _alone(plain: str, token: tuple[str, int, int]) -> bool:
    """Tell whether a given name without a family name is a person here, no street and no sofa."""
    _, start, end = token
    before = _WORD_BEFORE.search(plain, max(0, start - 12), start)
    after = _WORD_AFTER.match(plain, end)
    return not (
        (before and before[1].lower() in _NOT_AFTER) or (after and after[1].lower() in _THINGS)
    )


def _name(
    reading: Reading, match: re.Match[str], *, sure: bool = False, full: bool = False
) -> Iterator[Candidate]:
    """Yield the name of a match: `sure` by its lead, else by a known given name."""
    start = match.start("name")
    kept: list[str] = []
    for word in match["name"].split(" "):
        if not _may_follow(kept, word, sure=sure):
            break
        kept.append(word)
    if not kept or len(kept) < 1 + full or not (sure or _key(kept[0]) in _GIVEN):
        return
    if kept[0].islower() and not _may_be_lower(match, kept[0], sure=sure):
        return
    name = " ".join(kept)
    end = start + len(name)
    if _is_other(reading.plain, kept, end, alone=len(kept) == 1 and not sure):
        return
    name = name.removesuffix("'s").removesuffix(".") if len(name) > 3 else name
    if len(name) > 1:
        yield candidate(reading, start, start + len(name))


def _is_other(plain: str, kept: list[str], end: int, *, alone: bool) -> bool:
    """Tell whether these words, up to `end`, name a company, a brand or a thing."""
    if "_".join(map(_key, kept[:2])) in _FAMOUS or _COMPANY.match(plain, end):
        return True
    return alone and not _alone(plain, (kept[0], end - len(kept[0]), end))


def _may_follow(kept: list[str], word: str, *, sure: bool) -> bool:
    """Tell whether a word may go on with a name of these words, or begin one."""
    if word.lower().rstrip(".") in _NEVER or (word.islower() and word in _FOLLOW_LOWER):
        return False
    if not kept:
        return True
    if word.islower():
        return sure or word in _FAMILIES or not kept[0].islower()
    return _key(word) not in _NO_SURNAME or (kept[0].lower() in _CLEAR and _key(word) in _FAMILIES)


def _may_be_lower(match: re.Match[str], first: str, *, sure: bool) -> bool:
    """Tell whether a name without a capital is one: after "my name is", or a known given name."""
    lead = match[0][: match.start("name") - match.start()].lower().rstrip()
    return (sure and lead.endswith(("name is", "name's", "name:"))) or (
        first in _CLEAR and len(first) > 2
    )


def _key(word: str) -> str:
    """Return a word as the lists have it; of "Mei-ling" the first part."""
    return word.lower().translate(_ACCENTS).partition("-")[0]


def candidate(reading: Reading, start: int, end: int) -> Candidate:
    """Return a name as it is written."""
    return Candidate("person", start, end, reading.plain[start:end])
