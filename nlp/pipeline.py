"""Our components as a spaCy pipeline: `nlp(text)` yields `doc.cats`, `doc.ents` and the rest.

Tokens are words and single Han characters, in both languages alike. The components work on the
text itself, since offsets of characters are the contract. What a `Doc` has no place for stands in
`doc.user_data` under the names below.

The tokenizer is ours for what spaCy's keep: each word ever seen stays in their vocabulary, which
within days of order numbers and misspellings is all of the memory there is. (`memory_zone`, made
for that, costs 110 µs a message.)
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import orjson
import spacy.util
from spacy.language import Language as Pipeline
from spacy.tokens import Doc
from spacy.vocab import Vocab

from nlp.intents import IntentModel
from nlp.language import TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable

    from nlp.entities.spec import EntitySpec
    from nlp.intents import Reading
    from nlp.tagger import EntityTagger
    from nlp.tone import ToneFinder
    from nlp.understanding import Entity, Language

TEXT = "frontdesk_text"
"""In: the text as given. Optional; `doc.text` is put together anew from its tokens on each use."""
NOW = "frontdesk_now"
"""In: the customer's now, an aware `datetime`; without it, the present."""
READING = "frontdesk_reading"
"""Out: the `Reading` behind `doc.cats`."""
ENTITIES = "frontdesk_entities"
"""Out: the exact entities; `doc.ents` are these widened to whole tokens."""
TONE = "frontdesk_tone"
"""Out: the `Tone`."""

_CONFIG = Path(__file__).with_name("pipeline.cfg")


class FindsEntities(Protocol):
    """What the entities component needs; `nlp.entities.finder.EntityFinder` is one."""

    @property
    def spec(self) -> EntitySpec:
        """What it was made of."""
        ...

    def find(self, text: str, language: Language, now: datetime) -> tuple[Entity, ...]:
        """Return the entities of a text, sorted, without overlaps."""
        ...


def _text(doc: Doc) -> str:
    text: str | None = doc.user_data.get(TEXT)
    return doc.text if text is None else text


_MOST_WORDS = 20_000
"""In a vocabulary before it is replaced by an empty one: some 5 MB."""


class Words:
    """Cuts a text into words, Han characters, marks and blanks, and forgets them in time."""

    def __init__(self, vocab: Vocab) -> None:
        self.vocab = vocab

    def __call__(self, text: str) -> Doc:
        """Return the text as a document; put together, its tokens are the text again."""
        if len(self.vocab.strings) > _MOST_WORDS:
            self.vocab = Vocab()  # documents still in use keep the one that they came with
        found = TOKEN.findall(text)
        words = [word for word, _ in found]
        return Doc(self.vocab, words=words, spaces=[blank == " " for _, blank in found])

    def to_disk(self, path: Path, exclude: tuple[str, ...] = ()) -> None:
        """Write nothing, as spaCy asks of a tokenizer: it is all in the code."""

    def from_disk(self, path: Path, exclude: tuple[str, ...] = ()) -> Words:
        """Read nothing."""
        return self


def make_words() -> Callable[[Pipeline], Words]:
    """Return what makes the tokenizer of a pipeline."""
    # A vocabulary of its own: spaCy's works out twenty lexical attributes of every new word.
    return lambda _: Words(Vocab())


spacy.util.registry.tokenizers("frontdesk_words.v1")(make_words)


class IntentsComponent:
    """Sets `doc.cats` to the calibrated probability of each intent."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self.model: IntentModel | None = None

    def __call__(self, doc: Doc) -> Doc:
        """Read the intents of a document."""
        if self.model is not None:
            reading = self.model.read(_text(doc), self.language)
            doc.cats = dict(zip(self.model.intents, reading.probabilities.tolist(), strict=True))
            doc.user_data[READING] = reading
        return doc

    def to_disk(self, path: Path, exclude: tuple[str, ...] = ()) -> None:
        """Write the model's files, as spaCy asks of a component."""
        if self.model is not None:
            self.model.save(Path(path))

    def from_disk(self, path: Path, exclude: tuple[str, ...] = ()) -> IntentsComponent:
        """Read the model's files, as spaCy asks of a component."""
        self.model = IntentModel.load(Path(path))
        return self


class EntitiesComponent:
    """Sets `doc.ents`, and the exact entities beside them."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self.finder: FindsEntities | None = None

    def __call__(self, doc: Doc) -> Doc:
        """Find the entities of a document."""
        if self.finder is None:
            return doc
        now = doc.user_data.get(NOW) or datetime.now(UTC)
        _set_entities(doc, self.finder.find(_text(doc), self.language, now))
        return doc

    def to_disk(self, path: Path, exclude: tuple[str, ...] = ()) -> None:
        """Write what the finder was made of, as spaCy asks of a component."""
        if self.finder is not None:
            Path(path).mkdir(parents=True, exist_ok=True)
            Path(path, "entities.json").write_bytes(orjson.dumps(self.finder.spec.to_json()))

    def from_disk(self, path: Path, exclude: tuple[str, ...] = ()) -> EntitiesComponent:
        """Read what the finder was made of, as spaCy asks of a component."""
        if Path(path, "entities.json").is_file():
            # Imported here: its word lists take a while, and plain examples need none.
            from nlp.entities.finder import EntityFinder, EntitySpec

            content = orjson.loads(Path(path, "entities.json").read_bytes())
            self.finder = EntityFinder(EntitySpec.from_json(content))
        return self


class LearnedEntitiesComponent:
    """Adds what was learned from marked examples, where no other entity stands."""

    def __init__(self) -> None:
        self.tagger: EntityTagger | None = None
        self.intents: tuple[str, ...] = ()

    def __call__(self, doc: Doc) -> Doc:
        """Find the learned entities of a document."""
        if self.tagger is None:
            return doc
        reading: Reading | None = doc.user_data.get(READING)
        intent = self.intents[int(reading.probabilities.argmax())] if reading else None
        known: tuple[Entity, ...] = doc.user_data.get(ENTITIES, ())
        learned = [
            e
            for e in self.tagger.find(_text(doc), intent)
            if all(e.end <= other.start or other.end <= e.start for other in known)
        ]
        if learned:
            _set_entities(doc, tuple(sorted((*known, *learned), key=lambda e: e.start)))
        return doc

    def to_disk(self, path: Path, exclude: tuple[str, ...] = ()) -> None:
        """Write the tagger's files, as spaCy asks of a component."""
        if self.tagger is not None:
            self.tagger.save(Path(path))
            Path(path, "intents.json").write_bytes(orjson.dumps(self.intents))

    def from_disk(self, path: Path, exclude: tuple[str, ...] = ()) -> LearnedEntitiesComponent:
        """Read the tagger's files, as spaCy asks of a component."""
        if Path(path).is_dir():
            # Imported here: most models are of plain examples.
            from nlp.tagger import EntityTagger

            self.tagger = EntityTagger.load(Path(path))
            self.intents = tuple(orjson.loads(Path(path, "intents.json").read_bytes()))
        return self


def _set_entities(doc: Doc, entities: tuple[Entity, ...]) -> None:
    doc.user_data[ENTITIES] = entities
    if entities:
        spans = [
            span
            for e in entities
            if (span := doc.char_span(e.start, e.end, e.type, alignment_mode="expand"))
        ]
        # Two exact entities may share a token; spaCy's may not.
        doc.set_ents(spacy.util.filter_spans(spans))


class ToneComponent:
    """Keeps the tone beside the document."""

    def __init__(self) -> None:
        self.finder: ToneFinder | None = None

    def __call__(self, doc: Doc) -> Doc:
        """Find the tone of a document."""
        if self.finder is not None:
            doc.user_data[TONE] = self.finder.find(_text(doc))
        return doc

    def to_disk(self, path: Path, exclude: tuple[str, ...] = ()) -> None:
        """Write the patterns, as spaCy asks of a component."""
        if self.finder is not None:
            Path(path).mkdir(parents=True, exist_ok=True)
            Path(path, "tones.json").write_bytes(orjson.dumps(self.finder.tones))

    def from_disk(self, path: Path, exclude: tuple[str, ...] = ()) -> ToneComponent:
        """Read the patterns, as spaCy asks of a component."""
        if Path(path, "tones.json").is_file():
            # Imported here: its patterns need a library that plain examples do without.
            from nlp.tone import ToneFinder

            self.finder = ToneFinder(orjson.loads(Path(path, "tones.json").read_bytes()))
        return self


# Factories are versioned: a pipeline on disk names what it was made with. The entry points in
# `pyproject.toml` lead spaCy here in a process that has not imported this file.


@Pipeline.factory("frontdesk_intents_v1", assigns=["doc.cats"])
def make_intents(nlp: Pipeline, name: str) -> IntentsComponent:
    """Return the component of the intents, without its trained parts."""
    return IntentsComponent("zh" if nlp.lang == "zh" else "en")


@Pipeline.factory("frontdesk_entities_v1", assigns=["doc.ents"])
def make_entities(nlp: Pipeline, name: str) -> EntitiesComponent:
    """Return the component of the entities, without its trained parts."""
    return EntitiesComponent("zh" if nlp.lang == "zh" else "en")


@Pipeline.factory("frontdesk_learned_entities_v1", requires=["doc.cats"], assigns=["doc.ents"])
def make_learned_entities(nlp: Pipeline, name: str) -> LearnedEntitiesComponent:
    """Return the component of the learned entities, without its trained parts."""
    return LearnedEntitiesComponent()


@Pipeline.factory("frontdesk_tone_v1")
def make_tone(nlp: Pipeline, name: str) -> ToneComponent:
    """Return the component of the tone, without its trained parts."""
    return ToneComponent()


def build(
    language: Language,
    intents: IntentModel,
    entities: FindsEntities | None,
    tone: ToneFinder,
    tagger: EntityTagger | None = None,
) -> Pipeline:
    """Return the pipeline of a language, ready to be called."""
    config: Any = spacy.util.load_config(_CONFIG, overrides={"nlp.lang": language})
    nlp = spacy.util.load_model_from_config(config, auto_fill=True)
    parts: dict[str, Any] = dict(nlp.pipeline)
    parts["intents"].model = intents
    parts["entities"].finder = entities
    parts["tone"].finder = tone
    if tagger is None:
        nlp.remove_pipe("learned_entities")  # a call for nothing costs all the same
    else:
        parts["learned_entities"].tagger = tagger
        parts["learned_entities"].intents = intents.intents
    return nlp
