from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from nlp import intents, pipeline, tagger
from nlp.engine import Engine
from nlp.entities.finder import EntityFinder
from nlp.entities.spec import EntitySpec
from nlp.examples import Example, TrainingSet
from nlp.pipeline import LearnedEntitiesComponent
from nlp.tagger import EntityTagger
from nlp.tone import ToneFinder
from nlp.training import train
from nlp.understanding import Entity

NOW = datetime(2025, 1, 6, 9, tzinfo=UTC)
FILMS = "Iron Meadow|The Last Lantern|Winter Bees|Quiet Thunder|Paper Moons|A River Below|铁草地"
ALBUMS = "Blue Kettle|Songs for Ants|Static Garden|Velvet Hours|Mirror Lake|Night Bus Home|小火"
TEXTS = {
    "book_film": "book two seats for * tonight|when does * start|i want * please",
    "play_album": "play the record * now|put on * by my favourite band|i want * please",
}
TYPES = {"book_film": "film", "play_album": "album"}


def an_example(text, intent, *names):
    """Mark names in a text, each with the type of the intent."""
    marks = [(text.index(name), name) for name in names]
    return Example(
        text=text,
        intent=intent,
        language="en",
        entities=tuple(
            Entity(type=TYPES[intent], text=name, start=at, end=at + len(name), value=name)
            for at, name in marks
        ),
    )


EXAMPLES = [
    an_example(text.replace("*", name), intent, name)
    for intent, names in (("book_film", FILMS), ("play_album", ALBUMS))
    for name in names.split("|")
    for text in TEXTS[intent].split("|")
]
TAGGER = tagger.fit(EXAMPLES)


def found(text, intent, using=TAGGER):
    return [(e.type, e.start, e.end, e.text) for e in using.find(text, intent)]


def test_a_film_that_no_example_has_is_found_in_its_place():
    text = "book two seats for Silver Orchard tonight"
    assert found(text, "book_film") == [("film", 19, 33, "Silver Orchard")]
    text = " when  does  Silver  Orchard  start"
    assert found(text, "book_film") == [("film", 13, 28, "Silver  Orchard")]


def test_what_is_said_for_a_film_is_an_album_in_another_intent():
    text = "i want Silver Orchard please"
    assert found(text, "book_film") == [("film", 7, 21, "Silver Orchard")]
    assert found(text, "play_album") == [("album", 7, 21, "Silver Orchard")]


def test_the_value_is_what_was_written():
    (entity,) = TAGGER.find("when does IRON Meadow start", "book_film")
    assert entity.value == entity.text == "IRON Meadow"


OTHERS = "hot popcorn|free parking|big screens|good seats|cold drinks|late trains|clean floors"


def knowing_grey_gull(*texts):
    """Return a tagger of films and other things in the same places, told of one name more."""
    films = FILMS.lower().split("|")
    rows = [
        an_example(text.replace("*", name), "book_film", *({name} & {*films}))
        for text in texts
        for name in (*films, *OTHERS.split("|"))
    ]
    return EntityTagger(tagger.fit(rows)._model, {("grey", "gull"): ("film",)})


def test_a_known_name_is_found_where_the_words_around_it_say_nothing():
    using = knowing_grey_gull("tell me about * please", "is it * again", "anything on *")
    assert found("anything on grey gull", "book_film", using) == [("film", 12, 21, "grey gull")]
    assert found("anything on grey goat", "book_film", using) == []


def test_a_name_that_one_example_alone_has_is_no_knowledge_yet():
    using = knowing_grey_gull("tell me about * please")
    assert found("anything on grey gull", "book_film", using) == []


@pytest.mark.parametrize("text", ["", " ", "\n\t  ", "😀", "，", "\x00"])
@pytest.mark.parametrize("intent", ["book_film", "unknown", None])
def test_there_is_nothing_in_blanks_and_pictures(text, intent):
    assert TAGGER.find(text, intent) == ()


WORDS = {word for e in EXAMPLES for word in e.text.split()}
PIECES = st.sampled_from([*sorted(WORDS), "草", "😀", "'", " "])


@given(st.lists(PIECES | st.text(max_size=6)), st.sampled_from([*TYPES, None]))
def test_spans_are_pieces_of_the_text_in_order_and_apart(pieces, intent):
    text = " ".join(pieces)
    entities = TAGGER.find(text, intent)
    assert all(0 <= e.start < e.end <= len(text) for e in entities)
    assert all(text[e.start : e.end] == e.text == e.value for e in entities)
    assert all(one.end <= other.start for one, other in pairwise(entities))


def test_two_names_in_a_row_stay_two():
    rows = [
        an_example(f"{one} {other}", "book_film", one, other)
        for one, other in pairwise(["Alpha", "Bravo", "Cedar", "Delta", "Ember", "Fjord", "Grove"])
    ]
    assert found("Bravo Cedar", "book_film", tagger.fit(rows)) == [
        ("film", 0, 5, "Bravo"),
        ("film", 6, 11, "Cedar"),
    ]


def test_a_saved_tagger_finds_the_same(tmp_path):
    TAGGER.save(tmp_path / "tagger")
    again = EntityTagger.load(tmp_path / "tagger")
    for text in [e.text for e in EXAMPLES] + ["when does Silver Orchard start", "小火 now", ""]:
        for intent in (*TYPES, None):
            assert again.find(text, intent) == TAGGER.find(text, intent)


def test_equal_examples_make_equal_files(tmp_path):
    for name in ("one", "two"):
        tagger.fit(EXAMPLES).save(tmp_path / name)
    files = sorted(p.name for p in (tmp_path / "one").iterdir())
    assert files == ["field.crfsuite", "names.json"]
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_without_a_mark_there_is_no_tagger():
    assert tagger.fit([]) is None
    assert tagger.fit([replace(e, entities=()) for e in EXAMPLES]) is None


def test_blank_and_unmarked_examples_do_no_harm():
    more = [Example(text=text, intent="greet") for text in ("  ", "😀", "hello")]
    using = tagger.fit([*EXAMPLES, *more])
    assert found("when does Silver Orchard start", "book_film", using) == [
        ("film", 10, 24, "Silver Orchard")
    ]
    assert found("hello", "greet", using) == []


def test_half_a_word_that_is_marked_teaches_nothing():
    for marked, expected in (("believable", []), ("unbelievable", ["unbelievable"])):
        using = tagger.fit([*EXAMPLES, an_example("unbelievable", "book_film", marked)])
        assert [e.text for e in using.find("unbelievable", "book_film")] == expected


def test_names_may_all_be_long():
    names = [f"{n} who went up the long hill and came back" for n in ("Ada", "Ben", "Cleo", "Dan")]
    rows = [an_example(f"when does {name} start", "book_film", name) for name in names]
    assert tagger.fit(rows) is not None


RULES = EntityFinder(EntitySpec(order_patterns=(r"\b[A-Z]{2}\d{6}\b",)))


@pytest.fixture(scope="module")
def model():
    """What reads the intents before the tagger is asked."""
    texts, labels = [e.text for e in EXAMPLES], [e.intent for e in EXAMPLES]
    return intents.fit(texts, labels, ["en"] * len(EXAMPLES))[0]


def understood(model, text, learned=TAGGER):
    """Return what the whole pipeline finds in a text."""
    doc = pipeline.build("en", model, RULES, ToneFinder({}), learned)(text)
    return [(e.type, e.text) for e in doc.user_data[pipeline.ENTITIES]], [
        (span.label_, span.text) for span in doc.ents
    ]


def test_the_pipeline_adds_what_was_learned_to_the_rules_in_order(model):
    text = "play the record Silver Orchard now, not AB123456 or Blue Kettle by my favourite band"
    exact, spans = understood(model, text)
    assert exact[:2] == [("album", "Silver Orchard"), ("order_number", "AB123456")]
    assert exact == spans


def test_what_a_rule_has_found_is_not_found_again(model):
    text = "when does AB123456 start"
    assert found(text, "book_film") == [("film", 10, 18, "AB123456")]
    assert understood(model, text) == (
        [("order_number", "AB123456")],
        [("order_number", "AB123456")],
    )


def test_the_component_goes_by_the_intent_that_was_read(model):
    film = "i want Static Paper please, book two seats for us"
    album = "i want Static Paper please, by my favourite band"
    assert found(film, None)[0][0] == found(album, None)[0][0]
    assert understood(model, film)[0] == [("film", "Static Paper")]
    assert understood(model, album)[0] == [("album", "Static Paper")]


def test_without_a_tagger_the_pipeline_has_no_such_part(model):
    assert understood(model, "when does Silver Orchard start", None)[0] == []


def test_the_component_is_the_same_after_saving(model, tmp_path):
    component = LearnedEntitiesComponent()
    component.tagger, component.intents = TAGGER, model.intents
    component.to_disk(tmp_path / "part")
    again = LearnedEntitiesComponent().from_disk(tmp_path / "part")
    nlp = pipeline.build("en", model, None, ToneFinder({}))
    text = "when does Silver Orchard start"
    one, two = (part(nlp(text)).user_data[pipeline.ENTITIES] for part in (component, again))
    assert [e.text for e in one] == ["Silver Orchard"]
    assert one == two


def test_a_component_without_a_tagger_writes_nothing_and_finds_nothing(model, tmp_path):
    LearnedEntitiesComponent().to_disk(tmp_path / "part")
    assert not (tmp_path / "part").exists()
    empty = LearnedEntitiesComponent().from_disk(tmp_path / "part")
    doc = pipeline.build("en", model, None, ToneFinder({}))("when does Iron Meadow start")
    assert empty(doc).ents == ()


def test_a_trained_engine_has_learned_the_names(tmp_path):
    training_set = TrainingSet(examples=tuple(EXAMPLES))
    train(training_set, tmp_path / "model")
    engine = Engine.load(tmp_path / "model", fingerprint=training_set.fingerprint())
    seen = engine.understand("book two seats for Silver Orchard tonight", now=NOW)
    assert [(e.type, e.start, e.end) for e in seen.entities] == [("film", 19, 33)]


def test_a_model_of_unmarked_examples_has_no_tagger(tmp_path):
    rows = tuple(replace(e, entities=()) for e in EXAMPLES)
    train(TrainingSet(examples=rows), tmp_path / "model")
    assert not (tmp_path / "model" / "tagger").exists()
    seen = Engine.load(tmp_path / "model").understand("when does Iron Meadow start", now=NOW)
    assert seen.entities == ()
