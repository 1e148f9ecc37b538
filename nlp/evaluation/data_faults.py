"""What is wrong with examples, before or behind any model: each fault with its file and line.

DATA001  the same sentence stands in two intents
DATA002  a held-out sentence stands in the training rows as well, or all but one word of it
DATA003  an intent has too few examples in a language
DATA004  two intents can hardly be told apart
DATA005  the languages of an intent are out of balance
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from nlp.errors import Fault
from nlp.features import normalise, words
from nlp.language import detect
from nlp.understanding import OUT_OF_SCOPE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from nlp.examples import Example
    from nlp.understanding import Language

FEWEST = 10
"""Examples of an intent in a language under which it is learned by luck."""
ALIKE = 0.25
"""Share of two intents' messages that go to the other of them, from which they are too alike."""
OUT_OF_BALANCE = 2.0
"""How many times the examples that one language has over the other."""

_FEWEST_WORDS = 5
"""Of sentences of which one word more or less makes no other sentence."""
_NUMBER = re.compile(r"\d+")

Signature = tuple[str, ...]


def in_examples(examples: Sequence[Example]) -> tuple[Fault, ...]:
    """Return the faults that need no model, in the order of the file."""
    faults = [*_in_two_intents(examples), *_across_the_split(examples), *_sizes(examples)]
    return tuple(sorted(faults, key=lambda f: (str(f.path), f.line, f.code)))


def too_alike(
    examples: Sequence[Example], confusion: Mapping[str, Mapping[str, int]]
) -> tuple[Fault, ...]:
    """Return the pairs of intents that a model mixes up.

    Args:
        examples: What was scored.
        confusion: Counts by what was expected, then by what was understood.
    """
    first = {e.intent: e for e in reversed(examples)}
    faults = []
    names = sorted(name for name in confusion if name != OUT_OF_SCOPE)
    for number, one in enumerate(names):
        for other in names[number + 1 :]:
            mixed = confusion[one].get(other, 0) + confusion[other].get(one, 0)
            both = sum(confusion[one].values()) + sum(confusion[other].values())
            if mixed > ALIKE * both:
                message = (
                    f"'{one}' and '{other}' can hardly be told apart: {mixed} of {both} messages "
                    "go to the other one"
                )
                faults.append(_fault(first[one], "DATA004", message))
    return tuple(faults)


def _fault(example: Example, code: str, message: str) -> Fault:
    path = example.path or Path("examples")
    return Fault(path=path, line=example.line or 1, code=code, message=message)


def _where(example: Example) -> str:
    return f"{example.path.name if example.path else 'examples'}:{example.line}"


def _key(text: str) -> Signature:
    """Return what two spellings of one sentence share; one of marks only is itself."""
    normal = normalise(text)
    return tuple(words(normal)) or (normal.strip(),)


def _in_two_intents(examples: Sequence[Example]) -> Iterator[Fault]:
    seen: dict[Signature, Example] = {}
    for example in examples:
        first = seen.setdefault(_key(example.text), example)
        if first.intent != example.intent:
            message = (
                f"'{_short(example.text)}' is '{example.intent}' here and '{first.intent}' "
                f"at {_where(first)}"
            )
            yield _fault(example, "DATA001", message)


def _across_the_split(examples: Sequence[Example]) -> Iterator[Fault]:
    """Yield the test rows that training has seen, or nearly: they flatter the figures."""
    known: dict[Signature, Example] = {}
    for example in examples:
        if example.split in (None, "train"):
            for signature in _signatures(example.text):
                known.setdefault(signature, example)
    for example in examples:
        if example.split != "test":
            continue
        near = next((known[s] for s in _signatures(example.text) if s in known), None)
        if near is not None:
            message = f"'{_short(example.text)}' is held out, and nearly the same at {_where(near)}"
            yield _fault(example, "DATA002", message)


def _signatures(text: str) -> Iterator[Signature]:
    """Yield a sentence and, of a longer one, all that is left when one word goes.

    Two sentences share one of them if a single word was changed, added or left out.
    """
    key = _key(_NUMBER.sub("0", text))
    yield key
    if len(key) >= _FEWEST_WORDS:
        for n in range(len(key)):
            yield (*key[:n], *key[n + 1 :])


def _sizes(examples: Sequence[Example]) -> Iterator[Fault]:
    counts: dict[str, Counter[Language]] = defaultdict(Counter)
    first: dict[str, Example] = {}
    spoken: Counter[Language] = Counter()
    for example in examples:
        if example.split in (None, "train"):
            language = example.language or detect(example.text)
            first.setdefault(example.intent, example)
            counts[example.intent][language] += 1
            spoken[language] += 1
    # A handful of foreign sentences makes no second language.
    languages = [name for name, n in spoken.items() if n >= spoken.total() / 20]
    for intent, by_language in counts.items():
        some = {name: by_language[name] for name in sorted(languages)}
        for name, n in some.items():
            if n < FEWEST:
                message = f"'{intent}' has {n} examples in '{name}'; {FEWEST} are the least"
                yield _fault(first[intent], "DATA003", message)
        least, most = min(some.values()), max(some.values())
        if least >= FEWEST and most > OUT_OF_BALANCE * least:
            shown = ", ".join(f"{n} in '{name}'" for name, n in some.items())
            yield _fault(first[intent], "DATA005", f"'{intent}' has {shown} examples")


def _short(text: str, most: int = 60) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"
