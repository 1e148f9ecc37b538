"""What is wrong with examples, before or behind any model: each fault with its file and line.

What each code means stands in `docs/understanding.md`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from nlp.errors import Fault
from nlp.language import detect
from nlp.seen import Signature, key, signature
from nlp.understanding import OUT_OF_SCOPE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from nlp.examples import Example
    from nlp.understanding import Language

MESSAGES: Mapping[str, tuple[str, str]] = {
    "DATA001": (
        "'{text}' is '{intent}' here and '{other}' at {place}",
        "“{text}”在这里标为“{intent}”，在 {place} 却标为“{other}”",
    ),
    "DATA002": (
        "'{text}' is held out, and nearly the same at {place}",
        "“{text}”是留出的测试句，与 {place} 的训练句几乎相同",
    ),
    "DATA003": (
        "'{intent}' has {count} examples in '{language}'; {least} are the least",
        "“{intent}”的“{language}”例句只有 {count} 条，至少需要 {least} 条",
    ),
    "DATA004": (
        "'{intent}' and '{other}' can hardly be told apart: {mixed} of {both} messages go to the "
        "other one",
        "“{intent}”与“{other}”难以区分：{both} 条消息中有 {mixed} 条判给了对方",
    ),
    "DATA005": (
        "the examples of '{intent}' are out of balance: {counts}",
        "“{intent}”各语言的例句数相差过大：{counts}",
    ),
    "DATA006": (
        "the model was trained on {count} of the {scored} messages that are scored, this one first",
        "参与评测的 {scored} 条消息中有 {count} 条是模型的训练例句，这是第一条",
    ),
}
"""What each fault says, in English and in Chinese."""

FEWEST = 10
"""Examples of an intent in a language under which it is learned by luck."""
ALIKE = 0.25
"""Share of two intents' messages that go to the other of them, from which they are too alike."""
FEWEST_MIXED = 3
"""Messages that must go to the other one; one or two are chance."""
OUT_OF_BALANCE = 2.0
"""How many times the examples that one language has over the other."""

MOST_SEEN = 0.1
"""Share of the scored messages that may be known to the model; with more, figures say nothing of
new ones. People do say the same again: a few prove no mistake."""

_FEWEST_WORDS = 5
"""Of sentences of which one word more or less makes no other sentence."""


class DataFault(Fault, frozen=True, kw_only=True):
    """A fault of examples, which the page of an evaluation tells in its language."""

    message_zh: str


def in_examples(examples: Sequence[Example], *, sizes: bool = True) -> tuple[DataFault, ...]:
    """Return the faults that need no model, in the order of the file.

    Args:
        examples: The file's.
        sizes: Whether somebody learns from it; a file to measure with may be as small as it is.
    """
    faults = [*_in_two_intents(examples), *_across_the_split(examples)]
    if sizes:
        faults += _sizes(examples)
    return tuple(sorted(faults, key=lambda f: (str(f.path), f.line, f.code)))


def too_alike(
    examples: Sequence[Example], confusion: Mapping[str, Mapping[str, int]]
) -> tuple[DataFault, ...]:
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
            if mixed >= FEWEST_MIXED and mixed > ALIKE * both:
                values = {"intent": one, "other": other, "mixed": mixed, "both": both}
                faults.append(_fault(first[one], "DATA004", **values))
    return tuple(faults)


def trained_on(examples: Sequence[Example], seen: Sequence[bool]) -> tuple[DataFault, ...]:
    """Return one fault, where the first of the rows stands that a model was trained on.

    Args:
        examples: What is scored.
        seen: Of each, whether the model was trained on it.
    """
    rows = [e for e, known in zip(examples, seen, strict=True) if known]
    if not rows:
        return ()
    return (_fault(rows[0], "DATA006", count=len(rows), scored=len(examples)),)


def _fault(example: Example, code: str, **values: object) -> DataFault:
    english, chinese = (text.format(**values) for text in MESSAGES[code])
    return DataFault(
        path=example.path or Path("examples"),
        line=example.line or 1,
        code=code,
        message=english,
        message_zh=chinese,
    )


def _where(example: Example) -> str:
    return f"{example.path.name if example.path else 'examples'}:{example.line}"


def _in_two_intents(examples: Sequence[Example]) -> Iterator[DataFault]:
    seen: dict[Signature, Example] = {}
    for example in examples:
        first = seen.setdefault(key(example.text), example)
        if first.intent != example.intent:
            values = {"intent": example.intent, "other": first.intent, "place": _where(first)}
            yield _fault(example, "DATA001", text=_short(example.text), **values)


def _across_the_split(examples: Sequence[Example]) -> Iterator[DataFault]:
    """Yield the test rows that training has seen, or nearly: they flatter the figures."""
    known: dict[Signature, Example] = {}
    for example in examples:
        if example.split in (None, "train"):
            for some in _signatures(example.text):
                known.setdefault(some, example)
    for example in examples:
        if example.split != "test":
            continue
        near = next((known[s] for s in _signatures(example.text) if s in known), None)
        if near is not None:
            values = {"text": _short(example.text), "place": _where(near)}
            yield _fault(example, "DATA002", **values)


def _signatures(text: str) -> Iterator[Signature]:
    """Yield a sentence and, of a longer one, all that is left when one word goes.

    Two sentences share one of them if a single word was changed, added or left out.
    """
    whole = signature(text)
    yield whole
    if len(whole) >= _FEWEST_WORDS:
        for n in range(len(whole)):
            yield (*whole[:n], *whole[n + 1 :])


def _sizes(examples: Sequence[Example]) -> Iterator[DataFault]:
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
                values = {"intent": intent, "language": name, "count": n, "least": FEWEST}
                yield _fault(first[intent], "DATA003", **values)
        least, most = min(some.values()), max(some.values())
        if least >= FEWEST and most > OUT_OF_BALANCE * least:
            shown = ", ".join(f"{name} {n}" for name, n in some.items())
            yield _fault(first[intent], "DATA005", intent=intent, counts=shown)


def _short(text: str, most: int = 60) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"
