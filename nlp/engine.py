"""The one door to understanding: load a model folder, then ask.

The engine is immutable but for what it remembers of texts it has read, and does no input or
output after loading; one thread owns it.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import orjson
from msgspec import Struct
from msgspec.structs import replace

from nlp import clauses, model_files, pipeline
from nlp.errors import BrokenModel, NlpError
from nlp.features import LONGEST_TEXT
from nlp.intents import IntentModel, Reading
from nlp.knowledge import KnowledgeBase, Passage
from nlp.language import detect
from nlp.needs import SMALL_TALK, CustomerFacts, Need, NeedModel, Turn
from nlp.seen import Hashes, are_among, hashes
from nlp.tone import ToneFinder
from nlp.understanding import LANGUAGES, Bands, Entity, IntentGuess, Language, Tone, Understanding

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from nlp.pipeline import FindsEntities
    from nlp.tagger import EntityTagger

CLEAR_PROBABILITY = 0.5
"""From where a message is clear enough to go by: the bot's own band."""

PART_PROBABILITY = 0.7
"""How sure each part of a message must be for the message to be cut: of the shipped examples, each
a single request, one in 560 falls apart; at 0.5 it was one in 180."""

JOINED_PROBABILITY = 0.75
"""The same where nothing but a conjunction parts them."""

_LONG_LETTER = 600
"""Characters from which the sentences are asked even if the whole seems clear."""

_CLOSE = 0.1
"""Between the probabilities of two sentences for the later one to count as good."""

_CONSEQUENCES = frozenset(
    {"get_refund", "return_item", "exchange_item", "complaint", "contact_human_agent"}
)
"""Intents that carry on what stands before them: what should come of it, or who should do it."""

_guess: Callable[[tuple[str, float]], IntentGuess] = partial(tuple.__new__, IntentGuess)
"""A guess of an (intent, probability) pair, in a fifth of the constructor's time."""

_MOST_REMEMBERED = 8_192
"""Turns, and as many older ones: those of a thousand conversations at once, about 6 MB each."""
_LONGEST_REMEMBERED = 500
"""Characters; longer texts are rare and would take the memory of ten others."""

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class _Part(Struct, frozen=True):
    """A part of a message as it was read."""

    clause: clauses.Clause
    reading: Reading
    intent: str
    """The likeliest, refused or not."""
    orders: frozenset[str]
    """The order numbers in it."""


class Engine:
    """A loaded model."""

    def __init__(
        self,
        *,
        model_id: str,
        intents: IntentModel,
        needs: NeedModel | None = None,
        knowledge: KnowledgeBase | None = None,
        entities: FindsEntities | None = None,
        tone: ToneFinder | None = None,
        tagger: EntityTagger | None = None,
        known: Hashes | None = None,
    ) -> None:
        self.model_id = model_id
        """Identifies training data, library versions and file format together."""
        self._intents = intents
        self._needs = needs
        self._knowledge = knowledge or KnowledgeBase(())
        self._pipelines = {
            language: pipeline.build(language, intents, entities, tone or ToneFinder({}), tagger)
            for language in LANGUAGES
        }
        self._known = hashes(()) if known is None else known
        self._turns: dict[tuple[str, Language], Turn] = {}
        self._older_turns: dict[tuple[str, Language], Turn] = {}

    @classmethod
    def load(cls, folder: Path, *, fingerprint: str | None = None) -> Engine:
        """Load a model folder after checking it.

        Args:
            folder: What `training.train` wrote.
            fingerprint: Of the training set that the model should be made from.

        Raises:
            NotTrained: there is no model in the folder.
            StaleModel: it is of another training set, or of other library versions.
            BrokenModel: a file is missing, altered or unreadable.
            BadEncoder: the libraries of its semantic tier are missing.
        """
        manifest = model_files.verify(folder, fingerprint)
        try:
            parts = orjson.loads((folder / "parts.json").read_bytes())
            knowledge = orjson.loads((folder / "knowledge.json").read_bytes())
            intents, needs = IntentModel.load(folder / "intents"), None
            if (folder / "needs").is_dir():
                needs = NeedModel.load(folder / "needs", intents.scorer.features)
            return cls(
                model_id=manifest.model_id,
                intents=intents,
                needs=needs,
                knowledge=KnowledgeBase.from_json(knowledge, intents.vector),
                entities=_finder(parts["entities"]),
                tone=ToneFinder(parts["tones"]),
                tagger=_tagger(folder / "tagger"),
                known=np.load(folder / "seen.npy", allow_pickle=False),
            )
        except NlpError:
            raise
        except Exception as error:  # damaged arrays raise whatever they lead to: EOFError and all
            what = str(error) or type(error).__name__
            raise BrokenModel(f"{folder}: cannot be read: {what}") from error

    @property
    def intents(self) -> tuple[str, ...]:
        """The names of the intents in scope, sorted."""
        return self._intents.intents

    @property
    def bands(self) -> Bands:
        """How sure the model must be to answer, and to offer its guesses."""
        return self._intents.bands

    @property
    def categories(self) -> tuple[str, ...]:
        """The need categories, sorted; empty when the model has no needs."""
        return self._needs.categories if self._needs is not None else ()

    def trained_on(self, texts: Sequence[str]) -> list[bool]:
        """Say of each text whether its sentence stands in the training set."""
        return are_among(texts, self._known)

    def understand(
        self,
        text: str,
        *,
        now: datetime,
        previous: Language | None = None,
        locale: Language | None = None,
        split: bool = True,
    ) -> Understanding:
        """Return what a message says.

        Args:
            text: The message; of very long ones the first 5,000 characters are looked at.
            now: The customer's now, aware: relative dates are resolved against it.
            previous: The language of the customer's message before this one.
            locale: The customer's language as the channel knows it.
            split: Whether to look for several requests in the message.
        """
        seen = _encodable(text[:LONGEST_TEXT])
        language = detect(seen, previous, locale)
        nlp = self._pipelines[language]
        doc = nlp.make_doc(seen)
        doc.user_data[pipeline.NOW] = now
        doc.user_data[pipeline.TEXT] = seen
        found = nlp(doc).user_data
        entities: tuple[Entity, ...] = found.get(pipeline.ENTITIES, ())
        tone: Tone = found[pipeline.TONE]
        reading = self._focused(seen, language, found[pipeline.READING])
        if self._needs is not None:
            # Asked for at the end of this turn, and in those that follow.
            self._remember(seen, language, self._needs.turn(reading))
        parts = self._parts(seen, language, entities) if split else []
        return self._understanding(
            text,
            language,
            reading,
            entities,
            tone,
            tuple(
                self._understanding(
                    seen[p.clause.start : p.clause.end],
                    language,
                    p.reading,
                    _within(entities, p.clause),
                    tone,
                )
                for p in parts
            ),
        )

    def need(
        self, turns: Sequence[str], facts: CustomerFacts, language: Language = "en"
    ) -> Need | None:
        """Return what the customer needs by the end of a conversation.

        Args:
            turns: The customer's messages, oldest first.
            facts: What the CRM knows; the defaults for a stranger.
            language: Of the conversation; a turn's own script may overrule it.

        Returns:
            The need; None when the model has no needs or nothing was said.
        """
        if self._needs is None or not turns:
            return None
        return self._needs.need([self._turn(t, language) for t in turns], facts, self.model_id)

    def passages(
        self, text: str, language: Language, understanding: Understanding | None = None
    ) -> tuple[Passage, ...]:
        """Return the passages that may answer a message, most probable first.

        Args:
            text: The message.
            language: Whose articles to search.
            understanding: Of the same message, or of one with this text for a part, when it is at
                hand; else the text is read again.
        """
        if not self._knowledge.articles:
            return ()
        if understanding is not None and understanding.text != text:
            understanding = next((p for p in understanding.parts if p.text == text), None)
        if understanding is not None:
            intents = {g.intent: g.probability for g in understanding.ranking}
            out_of_scope = understanding.out_of_scope
        else:
            reading = self._intents.read(text, language)
            intents = dict(zip(self.intents, reading.probabilities.tolist(), strict=True))
            out_of_scope = reading.out_of_scope
        return self._knowledge.passages(text, language, intents, out_of_scope)

    def _turn(self, text: str, language: Language) -> Turn:
        """Return a turn's evidence; a conversation asks for its old turns again and again."""
        spoken = detect(text, language)
        turn = self._turns.get((text, spoken))
        if turn is None:
            assert self._needs is not None  # noqa: S101 - `need` has checked, mypy cannot see it
            turn = self._older_turns.get((text, spoken))
            if turn is None:
                reading = self._focused(text, spoken, self._intents.read(text, spoken))
                turn = self._needs.turn(reading)
            self._remember(text, spoken, turn)
        return turn

    def _remember(self, text: str, language: Language, turn: Turn) -> None:
        """Keep a turn's evidence until nobody has asked for it while many others came."""
        if len(text) > _LONGEST_REMEMBERED:
            return
        if len(self._turns) >= _MOST_REMEMBERED:
            self._turns, self._older_turns = {}, self._turns
        self._turns[text, language] = turn

    def _focused(self, text: str, language: Language, reading: Reading) -> Reading:
        """Return the reading of a message; of a long one that is unclear, its clearest sentence's.

        The request of a long letter stands in one sentence, mostly near the end, and drowns in
        the rest. Of a very long one even a clear reading is mostly chance.
        """
        if _sureness(reading) >= CLEAR_PROBABILITY and len(text) <= _LONG_LETTER:
            return reading
        sentences = (
            self._intents.read(text[s.start : s.end], language) for s in clauses.sentences(text)
        )
        clear = [some for some in sentences if self._is_request(some, CLEAR_PROBABILITY)]
        surest = max(map(_sureness, clear), default=0.0)
        near = [some for some in clear if _sureness(some) >= surest - _CLOSE]
        if not near:
            return reading
        return replace(near[-1], rows=reading.rows, values=reading.values)

    def _is_request(self, reading: Reading, least: float) -> bool:
        """Say whether a reading is a clear request for something in scope."""
        best = int(reading.probabilities.argmax())
        return _sureness(reading) >= least and self.intents[best] not in SMALL_TALK

    def _parts(self, text: str, language: Language, entities: tuple[Entity, ...]) -> list[_Part]:
        """Return the separate requests of a message, or none when it is but one."""
        read: list[_Part] = []
        for clause in clauses.candidates(text):
            part = self._part(text, clause, language, entities)
            if part.reading.refused or part.intent in SMALL_TALK:
                continue
            if not self._is_request(part.reading, PART_PROBABILITY):
                return []  # an unclear part may be what holds the others together
            if read and not _apart(read[-1], part):
                if read[-1].intent == part.intent:
                    joined = clauses.Clause(read[-1].clause.start, clause.end)
                    read[-1] = _Part(joined, read[-1].reading, part.intent, read[-1].orders)
                    continue
                if part.intent in _CONSEQUENCES and not clause.announced:
                    return []
            read.append(part)
        return read if len(read) > 1 else self._joined_parts(text, language, entities)

    def _joined_parts(
        self, text: str, language: Language, entities: tuple[Entity, ...]
    ) -> list[_Part]:
        """Return two requests joined by a mere conjunction, or none.

        What one wants of another matter is a request of its own; what follows from the first
        ("cancel it and refund me") is not, unless each has an order number of its own.
        """
        best: list[_Part] = []
        least = JOINED_PROBABILITY
        for sides in clauses.pairs(text):
            left, right = (self._part(text, side, language, entities) for side in sides)
            sureness = min(_sureness(left.reading), _sureness(right.reading))
            if sureness < least or {left.intent, right.intent} & SMALL_TALK:
                continue
            if _apart(left, right) or self._other_matter(left.intent, right.intent):
                best, least = [left, right], sureness
        return best

    def _other_matter(self, first: str, second: str) -> bool:
        needs = self._needs.intent_needs if self._needs is not None else {}
        return second not in _CONSEQUENCES and needs.get(first, first) != needs.get(second, second)

    def _part(
        self, text: str, clause: clauses.Clause, language: Language, entities: tuple[Entity, ...]
    ) -> _Part:
        reading = self._intents.read(text[clause.start : clause.end], language)
        orders = frozenset(
            str(e.value)
            for e in entities
            if e.type == "order_number" and clause.start <= e.start < clause.end
        )
        return _Part(clause, reading, self.intents[int(reading.probabilities.argmax())], orders)

    def _understanding(
        self,
        text: str,
        language: Language,
        reading: Reading,
        entities: tuple[Entity, ...],
        tone: Tone,
        parts: tuple[Understanding, ...] = (),
    ) -> Understanding:
        probabilities = reading.probabilities
        order = (-probabilities).argsort(kind="stable")
        names = map(self._intents.intents.__getitem__, order.tolist())
        pairs = zip(names, probabilities.take(order).tolist(), strict=True)
        ranking = tuple(map(_guess, pairs))
        return Understanding(
            text=text,
            language=language,
            intent=None if reading.refused else ranking[0].intent,
            probability=ranking[0].probability,
            ranking=ranking,
            out_of_scope=reading.out_of_scope,
            entities=entities,
            tone=tone,
            model_id=self.model_id,
            parts=parts,
        )


def _encodable(text: str) -> str:
    """Return a text of the same length without lone surrogates, which no library takes."""
    return text if text.isascii() else _LONE_SURROGATE.sub("\ufffd", text)


def _sureness(reading: Reading) -> float:
    """Return the probability of the likeliest intent, and 0 for what is refused."""
    return 0.0 if reading.refused else float(np.maximum.reduce(reading.probabilities))


def _apart(one: _Part, other: _Part) -> bool:
    """Say whether two parts are about different orders."""
    return bool(one.orders and other.orders) and one.orders.isdisjoint(other.orders)


def _within(entities: tuple[Entity, ...], clause: clauses.Clause) -> tuple[Entity, ...]:
    """Return the entities of a clause, with its offsets."""
    return tuple(
        _shifted(e, clause.start) for e in entities if clause.start <= e.start < e.end <= clause.end
    )


def _shifted(entity: Entity, by: int) -> Entity:
    """Return an entity with the offsets of a part that starts at `by`."""
    return Entity(
        type=entity.type,
        text=entity.text,
        start=entity.start - by,
        end=entity.end - by,
        value=entity.value,
    )


def _tagger(folder: Path) -> EntityTagger | None:
    """Return what a model has learned of entities, or None."""
    if not folder.is_dir():
        return None
    # Imported here: a model of plain examples needs none.
    from nlp.tagger import EntityTagger

    return EntityTagger.load(folder)


def _finder(spec: dict[str, object] | None) -> FindsEntities | None:
    """Return the finder of a specification, or None without one."""
    if spec is None:
        return None
    # Imported here: its word lists take a while, and a model of plain examples needs none.
    from nlp.entities.finder import EntityFinder, EntitySpec

    return EntityFinder(EntitySpec.from_json(spec))
