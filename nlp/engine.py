"""The one door to understanding: load a model folder, then ask.

The engine is immutable but for what it remembers of texts it has read, and does no input or
output after loading; one thread may own it, or several share it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from nlp import clauses, model_files, pipeline
from nlp.errors import BrokenModel
from nlp.features import LONGEST_TEXT
from nlp.intents import IntentModel, Reading
from nlp.knowledge import KnowledgeBase, Passage
from nlp.language import detect
from nlp.needs import SMALL_TALK, CustomerFacts, Need, NeedModel, Turn
from nlp.tone import ToneFinder
from nlp.understanding import LANGUAGES, Entity, IntentGuess, Language, Tone, Understanding

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from nlp.pipeline import FindsEntities

PART_PROBABILITY = 0.5
"""How sure each part of a message must be for the message to be cut: the bot's own band."""

_MOST_REMEMBERED = 4_096
"""Turns; those of some five hundred conversations at once, about 1 MB."""


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
    ) -> None:
        self.model_id = model_id
        """Identifies training data, library versions and file format together."""
        self._intents = intents
        self._needs = needs
        self._knowledge = knowledge or KnowledgeBase(())
        self._pipelines = {
            language: pipeline.build(language, intents, entities, tone or ToneFinder({}))
            for language in LANGUAGES
        }
        self._turns: dict[tuple[str, Language], Turn] = {}

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
        """
        manifest = model_files.verify(folder, fingerprint)
        try:
            parts = orjson.loads((folder / "parts.json").read_bytes())
            knowledge = orjson.loads((folder / "knowledge.json").read_bytes())
            return cls(
                model_id=manifest.model_id,
                intents=IntentModel.load(folder / "intents"),
                needs=NeedModel.load(folder / "needs") if (folder / "needs").is_dir() else None,
                knowledge=KnowledgeBase.from_json(knowledge),
                entities=_finder(parts["entities"]),
                tone=ToneFinder(parts["tones"]),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BrokenModel(f"{folder}: cannot be read: {error}") from error

    @property
    def intents(self) -> tuple[str, ...]:
        """The names of the intents in scope, sorted."""
        return self._intents.intents

    @property
    def categories(self) -> tuple[str, ...]:
        """The need categories, sorted; empty when the model has no needs."""
        return self._needs.categories if self._needs is not None else ()

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
        seen = text[:LONGEST_TEXT]
        language = detect(seen, previous, locale)
        nlp = self._pipelines[language]
        doc = nlp.make_doc(seen)
        doc.user_data[pipeline.NOW] = now
        doc.user_data[pipeline.TEXT] = seen
        found = nlp(doc).user_data
        entities: tuple[Entity, ...] = found.get(pipeline.ENTITIES, ())
        tone: Tone = found[pipeline.TONE]
        reading: Reading = found[pipeline.READING]
        parts = self._parts(seen, language, entities, tone) if split else ()
        return self._understanding(text, language, reading, entities, tone, parts)

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
            understanding: Of the same message, when it is at hand; else it is read again.
        """
        if not self._knowledge.articles:
            return ()
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
        key = (text, language)
        turn = self._turns.get(key)
        if turn is None:
            assert self._needs is not None  # noqa: S101 - `need` has checked, mypy cannot see it
            spoken = detect(text, language)
            turn = self._needs.turn(text, self._intents.read(text, spoken))
            if len(self._turns) >= _MOST_REMEMBERED:
                self._turns.clear()
            self._turns[key] = turn
        return turn

    def _parts(
        self, text: str, language: Language, entities: tuple[Entity, ...], tone: Tone
    ) -> tuple[Understanding, ...]:
        """Return the separate requests of a message, or none when it is but one."""
        read: list[tuple[clauses.Clause, Reading, str]] = []
        for clause in clauses.candidates(text):
            reading = self._intents.read(text[clause.start : clause.end], language)
            best = int(reading.probabilities.argmax())
            intent = self.intents[best]
            if reading.refused or intent in SMALL_TALK:
                continue
            if reading.probabilities[best] < PART_PROBABILITY:
                return ()  # an unclear part may be what holds the others together
            if read and read[-1][2] == intent:
                joined = clauses.Clause(read[-1][0].start, clause.end)
                read[-1] = (joined, read[-1][1], intent)
            else:
                read.append((clause, reading, intent))
        if len({intent for _, _, intent in read}) < 2:
            return ()
        return tuple(
            self._understanding(
                text[c.start : c.end],
                language,
                reading,
                tuple(
                    _shifted(e, c.start) for e in entities if c.start <= e.start < e.end <= c.end
                ),
                tone,
            )
            for c, reading, _ in read
        )

    def _understanding(
        self,
        text: str,
        language: Language,
        reading: Reading,
        entities: tuple[Entity, ...],
        tone: Tone,
        parts: tuple[Understanding, ...] = (),
    ) -> Understanding:
        order = (-reading.probabilities).argsort(kind="stable")
        names, probabilities = self.intents, reading.probabilities.tolist()
        ranking = tuple(
            IntentGuess(intent=names[i], probability=probabilities[i]) for i in order.tolist()
        )
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


def _shifted(entity: Entity, by: int) -> Entity:
    """Return an entity with the offsets of a part that starts at `by`."""
    return Entity(
        type=entity.type,
        text=entity.text,
        start=entity.start - by,
        end=entity.end - by,
        value=entity.value,
    )


def _finder(spec: dict[str, object] | None) -> FindsEntities | None:
    """Return the finder of a specification, or None without one."""
    if spec is None:
        return None
    # Imported here: its word lists take a while, and a model of plain examples needs none.
    from nlp.entities.finder import EntityFinder, EntitySpec

    return EntityFinder(EntitySpec.from_json(spec))
