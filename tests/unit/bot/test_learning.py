"""From corrections to a patch: what they teach, whom they hide, and that nothing else changes."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import BotError
from bot.learning import Lesson, anonymous, lessons, patch
from bot.settings.load import load
from bot.settings.strict_yaml import parse
from crm_store.records import CorrectedMessage
from nlp.entities.finder import EntityFinder
from tests.conftest import SHOP
from tests.unit.bot.settings.conftest import KNOWN, SMALL

if TYPE_CHECKING:
    from bot.settings.settings import Settings
    from nlp.understanding import Language

NOW = datetime(2026, 3, 3, 2, 30, tzinfo=UTC)
NOTHING = {"language": "en", "entities": []}
"""An understanding in which nobody and nothing is named."""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """The folder of a small configuration."""
    return Path(shutil.copytree(SMALL, tmp_path / "small"))


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The small configuration, of which nobody writes a file."""
    folder = tmp_path_factory.mktemp("learning") / "small"
    return load(Path(shutil.copytree(SMALL, folder)), KNOWN)


@pytest.fixture(scope="module")
def finder(settings: Settings) -> EntityFinder:
    """What finds the entities of the shipped shop."""
    spec = settings.training_set().entities
    assert spec is not None
    return EntityFinder(spec)


def a_message(text: str, **more: Any) -> CorrectedMessage:
    values = {
        "id": "correction",
        "exchange_id": "exchange",
        "intent": None,
        "need": None,
        "by": "Cleo",
        "at": NOW,
        "conversation_id": "conversation",
        "message_seq": 1,
        "understanding": NOTHING,
    }
    return CorrectedMessage(text=text, **values | more)


def an_example(text: str, intent: str = "track_order", language: Language = "en") -> Lesson:
    part = ("out_of_scope",) if intent == "out_of_scope" else ("intents", intent)
    place = (*part, "examples", language)
    return Lesson(place=place, turns=(text,), intent=intent, language=language)


def a_conversation(*turns: str, need: str = "other", language: Language = "en") -> Lesson:
    place = ("needs", need, "conversations", language)
    return Lesson(place=place, turns=turns, language=language)


def marked(text: str, *found: tuple[str, str]) -> dict[str, Any]:
    """Return an understanding in which these (type, text) are entities."""
    entities = [
        {"type": kind, "text": part, "start": text.index(part), "end": text.index(part) + len(part)}
        for kind, part in found
    ]
    return {"language": "en", "entities": entities}


def added(before: str, after: str) -> list[str]:
    """Return the lines that a text has more than another, of which every line must be there."""
    rest = before.splitlines()
    more = []
    for line in after.splitlines():
        if rest and line == rest[0]:
            del rest[0]
        else:
            more.append(line)
    assert rest == []
    return more


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


# -- anonymous -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "text", "hidden"),
    [
        (
            "en",
            "I'm Priya Nair, mail priya@acme.org or call +1 415 555 0199, order KD204518 goes "
            "to 2207 Willow Ave, Austin TX 78704",
            "I'm Alex Lee, mail me@example.com or call +1 202 555 0143, order AB123456 goes "
            "to 1 Main Street",
        ),
        (
            "en",
            "my name is Anna Lee. order KD204518 and order LT309876, tracking SF1234567890999?",
            "my name is Alex Lee. order AB123456 and order AB123456, tracking SF1234567890123?",
        ),
        (
            "zh",
            "我叫王小明，电话13912345678，邮箱wxm@qq.com，订单AB204817，寄到上海市静安区南京西路1266号",
            "我叫李华，电话13800138000，邮箱me@example.com，订单AB123456，寄到人民路1号",
        ),
        (
            "zh",
            "订单CD204817和订单EF123457都没到，快递单号SF9876543210987",
            "订单AB123456和订单AB123456都没到，快递单号SF1234567890123",
        ),
    ],
)
def test_people_contacts_and_numbers_are_made_up(
    finder: EntityFinder, language: Language, text: str, hidden: str
) -> None:
    entities = [
        {"type": e.type, "text": e.text, "start": e.start, "end": e.end}
        for e in finder.find(text, language, NOW)
    ]
    assert anonymous(text, {"entities": entities}, language) == hidden


STAND_INS = {
    "en": {
        "person": "Alex Lee",
        "email": "me@example.com",
        "phone": "+1 202 555 0143",
        "order_number": "AB123456",
        "tracking_number": "SF1234567890123",
        "address": "1 Main Street",
    },
    "zh": {
        "person": "李华",
        "email": "me@example.com",
        "phone": "13800138000",
        "order_number": "AB123456",
        "tracking_number": "SF1234567890123",
        "address": "人民路1号",
    },
}
PIECES = st.tuples(
    st.sampled_from((*STAND_INS["en"], "product", "city", "money", "quantity", None)),
    st.sampled_from(("x", "退货", "🙂", "SECRET", "a far longer secret of somebody's own", "İ")),
)


@given(st.lists(PIECES, max_size=8), st.sampled_from(("en", "zh")), st.randoms())
def test_each_is_replaced_in_its_place_whatever_their_number_and_order(
    pieces: list[tuple[str | None, str]], language: Language, random: Any
) -> None:
    text, expected, entities = "", "", []
    for kind, piece in pieces:
        if kind is not None:
            entities.append({"type": kind, "start": len(text), "end": len(text) + len(piece)})
        text += f"{piece} "
        expected += STAND_INS[language].get(kind or "", piece) + " "
    random.shuffle(entities)
    assert anonymous(text, {"entities": entities}, language) == expected.strip()


def test_what_is_said_of_goods_places_and_days_stays(finder: EntityFinder) -> None:
    text = "two oak side tables for $199 to Austin by Friday 3pm please"
    entities = [
        {"type": e.type, "start": e.start, "end": e.end} for e in finder.find(text, "en", NOW)
    ]
    assert {"product", "money", "city", "time"} <= {e["type"] for e in entities}
    assert anonymous(text, {"entities": entities}, "en") == text


def test_a_message_becomes_one_line() -> None:
    text = "hello\n\n  my order\tKD204518\r\nis\u2028late\x85 "
    seen = marked(text, ("order_number", "KD204518"))
    assert anonymous(text, seen, "en") == "hello my order AB123456 is late"


def test_a_pressed_button_has_words_too() -> None:
    assert anonymous("Track an order", {}, "en") == "Track an order"


# -- lessons ---------------------------------------------------------------------------------


def test_a_correction_of_an_intent_is_an_example_of_it(unchanged: Settings) -> None:
    text = "has KD204518\nshipped"
    seen = marked(text, ("order_number", "KD204518"))
    taught, refused = lessons(
        unchanged,
        [
            a_message(text, intent="track_order", understanding=seen),
            a_message("包裹呢", intent="track_order", understanding={"language": "zh"}),
            a_message("good day", intent="greet"),
        ],
        {},
    )
    assert refused == ()
    assert taught == (
        an_example("has AB123456 shipped"),
        an_example("包裹呢", language="zh"),
        an_example("good day", intent="greet"),
    )


def test_what_nobody_serves_is_learned_as_well(unchanged: Settings) -> None:
    taught, refused = lessons(unchanged, [a_message("do you dream", intent="out_of_scope")], {})
    assert (taught, refused) == ((an_example("do you dream", "out_of_scope"),), ())
    assert taught[0].place == ("out_of_scope", "examples", "en")


def test_what_the_configuration_does_not_know_is_refused_with_a_line_each(
    unchanged: Settings,
) -> None:
    messages = [
        a_message("a", exchange_id="e1", intent="teleport"),
        a_message("b", exchange_id="e2", need="magic"),
        a_message("c", exchange_id="e3", intent="teleport", need="other"),
        a_message("d", exchange_id="e4", intent="greet", need="magic"),
    ]
    taught, refused = lessons(unchanged, messages, {"e3": [("b", NOTHING)]})
    assert refused == (
        "e1: there is no intent 'teleport'",
        "e2: there is no need 'magic'",
        "e3: there is no intent 'teleport'",
        "e4: there is no need 'magic'",
    )
    assert taught == (a_conversation("b", "c"), an_example("d", "greet"))


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("where is my order", "track_order"),
        ("Where is my  ORDER?!", "track_order"),
        ("tell me a joke", "out_of_scope"),
        ("你好！", "greet"),
    ],
)
def test_a_text_that_stands_there_teaches_nothing(
    unchanged: Settings, text: str, intent: str
) -> None:
    assert lessons(unchanged, [a_message(text, intent=intent)], {}) == ((), ())
    other = a_message(f"{text} and so on", intent=intent)
    assert len(lessons(unchanged, [other], {})[0]) == 1


def more_orders(small: Path, *lines: str) -> Settings:
    """Write more examples in front of those of English orders, greetings one a line, and load."""
    greetings = small / "intents" / "smalltalk.yaml"
    text = greetings.read_text("utf-8")
    block = re.sub(r"en: \[(.*?), (.*?)\]", r"en:\n        - \1\n        - \2", text, count=1)
    greetings.write_text(block, "utf-8")
    file = small / "intents" / "orders.yaml"
    text = file.read_text("utf-8")
    head, mark, rest = text.partition("      en:\n")
    file.write_text(head + mark + "".join(f"        {line}\n" for line in lines) + rest, "utf-8")
    return load(small, KNOWN)


@pytest.mark.parametrize("intent", ["greet", "out_of_scope"])
def test_a_text_of_another_intent_is_moved_with_the_line_that_it_has(
    small: Path, intent: str
) -> None:
    settings = more_orders(small, "- a  # stays", '- "Hello, parcel"', "# stays too", "- b")
    before = load(small, KNOWN)
    taught, refused = lessons(settings, [a_message("hello parcel?", intent=intent)], {})
    assert refused == ()
    (lesson,) = taught
    assert lesson.turns == ("Hello, parcel",)
    assert lesson.moved_from == ("intents", "track_order", "examples", "en", 1)
    change = patch(settings, taught)
    assert change.moves() == taught
    removed = [x for x in change.diff().splitlines() if x.startswith("-") and x[:3] != "---"]
    assert removed == ['-        - "Hello, parcel"']
    change.apply()
    after = load(small, KNOWN)
    orders = before.intents["track_order"].examples["en"]
    assert after.intents["track_order"].examples["en"] == (orders[0], *orders[2:])
    there = after.out_of_scope if intent == "out_of_scope" else after.intents[intent]
    assert there.examples["en"][-1] == "Hello, parcel"


def test_what_is_out_of_scope_may_come_into_scope_and_within_one_file(small: Path) -> None:
    (small / "out_of_scope.yaml").write_text(
        "examples:\n  en:\n    - tell me a joke\n    - sing\n    - where is it\n"
        "  zh:\n    - 唱歌\n    - 跳舞\n",
        "utf-8",
    )
    settings = more_orders(small)
    messages = [a_message("where is it", intent="track_order"), a_message("dance", intent="greet")]
    change = patch(settings, lessons(settings, messages, {})[0])
    change.apply()
    after = load(small, KNOWN)
    assert after.out_of_scope.examples["en"] == ("tell me a joke", "sing")
    assert after.intents["track_order"].examples["en"][-1] == "where is it"
    assert after.intents["greet"].examples["en"][-1] == "dance"


def test_an_intent_keeps_the_examples_that_it_needs(small: Path) -> None:
    settings = more_orders(small, "- one", "- two")
    texts = settings.intents["track_order"].examples["en"]
    messages = [
        a_message(text, exchange_id=f"e{n}", intent="greet") for n, text in enumerate(texts, 1)
    ]
    taught, refused = lessons(settings, messages, {})
    assert len(taught) == len(texts) - 2
    assert len(refused) == 2
    assert all("'track_order'" in line and "orders.yaml:" in line for line in refused)
    patch(settings, taught).apply()
    assert len(load(small, KNOWN).intents["track_order"].examples["en"]) == 2


def test_of_two_corrections_that_contradict_each_other_the_second_is_named(
    unchanged: Settings,
) -> None:
    messages = [
        a_message("any news?", exchange_id="e1", intent="greet"),
        a_message("any news", exchange_id="e2", intent="track_order"),
        a_message("any NEWS", exchange_id="e3", intent="greet"),
    ]
    taught, refused = lessons(unchanged, messages, {})
    assert taught == (an_example("any news?", "greet"),)
    assert refused == ("e2: 'any news' is 'greet' by the correction of e1",)


def test_a_text_that_only_its_numbers_part_is_taught_once(unchanged: Settings) -> None:
    texts = ["has KD204518 left", "has LT309876 left?", "Has LT309876 left"]
    messages = [
        a_message(
            text,
            intent="track_order",
            understanding=marked(text, ("order_number", text.split()[1])),
        )
        for text in texts
    ]
    taught, _ = lessons(unchanged, messages, {})
    assert taught == (an_example("has AB123456 left"),)


def test_a_need_is_learned_from_all_that_was_said_by_then(unchanged: Settings) -> None:
    message = a_message("and the rest?", need="order_and_delivery")
    before = {
        "exchange": [("hi", NOTHING), ("where  is\nit?", NOTHING)],
        "another": [("no", NOTHING)],
    }
    taught, refused = lessons(unchanged, [message], before)
    assert refused == ()
    assert taught == (
        a_conversation("hi", "where is it?", "and the rest?", need="order_and_delivery"),
    )
    assert patch(unchanged, taught).examples() == ()
    (alone,) = lessons(unchanged, [message], {})[0]
    assert alone.turns == ("and the rest?",)


def test_all_turns_of_a_conversation_hide_who_said_them(unchanged: Settings) -> None:
    turns = [
        ("my order KD204518 is lost", ("order_number", "KD204518")),
        ("write to tom@acme.org", ("email", "tom@acme.org")),
        ("or priya@acme.org", ("email", "priya@acme.org")),
    ]
    *before, (text, seen) = [(text, marked(text, mark)) for text, mark in turns]
    message = a_message(text, need="other", understanding=seen)
    taught, _ = lessons(unchanged, [message], {"exchange": before})
    assert taught == (
        a_conversation("my order AB123456 is lost", "write to me@example.com", "or me@example.com"),
    )


def test_a_conversation_that_stands_there_teaches_nothing(unchanged: Settings) -> None:
    message = a_message("second message", need="other")
    there = {"exchange": [("first message", NOTHING)]}
    assert lessons(unchanged, [message], there) == ((), ())
    other = {"exchange": [("another first message", NOTHING)]}
    assert len(lessons(unchanged, [message], other)[0]) == 1


def test_one_message_may_teach_an_intent_and_a_need(unchanged: Settings) -> None:
    message = a_message("parcel?", intent="track_order", need="order_and_delivery")
    taught, _ = lessons(unchanged, [message], {"exchange": [("hi", NOTHING)]})
    assert taught == (
        an_example("parcel?"),
        a_conversation("hi", "parcel?", need="order_and_delivery"),
    )


def test_words_that_were_never_understood_tell_of_nobody(unchanged: Settings) -> None:
    text = "my order KD204518 is lost"
    messages = [
        a_message(text, intent="track_order", understanding={}),
        a_message("parcel?", need="other"),
    ]
    taught, _ = lessons(unchanged, messages, {"exchange": [(text, {})]})
    assert "KD204518" not in str(taught)


def test_a_conversation_of_two_customers_is_taught_once(unchanged: Settings) -> None:
    messages = [a_message("parcel?", exchange_id=id_, need="other") for id_ in ("a", "b")]
    taught, _ = lessons(unchanged, messages, {id_: [("hi", NOTHING)] for id_ in ("a", "b")})
    assert taught == (a_conversation("hi", "parcel?"),)


def test_a_message_in_a_language_that_is_not_served_stops_nobody(small: Path) -> None:
    (small / "replies" / "zh.yaml").unlink()
    general, orders = small / "frontdesk.yaml", small / "intents" / "orders.yaml"
    general.write_text(general.read_text("utf-8").replace("[en, zh]", "[en]"), "utf-8")
    orders.write_text(orders.read_text("utf-8").split("      zh:\n")[0], "utf-8")
    settings = load(small, KNOWN)
    messages = [
        a_message("包裹呢", intent="track_order", understanding={"language": "zh"}),
        a_message("parcel?", intent="track_order"),
    ]
    taught, _ = lessons(settings, messages, {})
    patch(settings, taught).apply()
    assert "parcel?" in load(small, KNOWN).intents["track_order"].examples["en"]


# -- patch: what it leaves alone -------------------------------------------------------------


def every_list(settings: Settings) -> list[Lesson]:
    """Return a new lesson for each list of a configuration that can be taught."""
    intents = [
        an_example(f"{word} {name}", name, language)
        for name in (*settings.intents, "out_of_scope")
        for language, word in (("en", "a new message of"), ("zh", "新消息"))
    ]
    needs = [
        a_conversation("hello: there", f"this is {name}", need=name, language=language)
        for name in settings.needs
        for language in ("en", "zh")
    ]
    return [*intents, *needs]


def test_every_list_of_the_shop_takes_a_line_and_nothing_else_changes(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    shutil.copytree(SHOP, folder, ignore=shutil.ignore_patterns(".model"))
    before, files = load(folder), contents(folder)
    taught = every_list(before)
    change = patch(before, taught)
    assert contents(folder) == files
    change.apply()

    assert contents(folder).keys() == files.keys()
    lines = []
    for name, content in contents(folder).items():
        if content != files[name]:
            lines += added(files[name].decode(), content.decode())
    assert sorted(line.strip() for line in lines) == sorted(
        f"- {lesson.turns[0]}" if lesson.intent else f'- ["{lesson.turns[0]}", "{lesson.turns[1]}"]'
        for lesson in taught
    )

    after = load(folder)
    new = {lesson.place: lesson.turns for lesson in taught}
    assert after.intents.keys() == before.intents.keys()
    for name, intent in before.intents.items():
        expected = {
            language: (*texts, *new["intents", name, "examples", language])
            for language, texts in intent.examples.items()
        }
        assert after.intents[name] == intent.model_copy(update={"examples": expected})
    assert after.out_of_scope.examples == {
        language: (*texts, *new["out_of_scope", "examples", language])
        for language, texts in before.out_of_scope.examples.items()
    }
    assert after.needs.keys() == before.needs.keys()
    for name, need in before.needs.items():
        grown = {
            language: (*there, new["needs", name, "conversations", language])
            for language, there in need.conversations.items()
        }
        assert after.needs[name] == need.model_copy(update={"conversations": grown})


def test_several_lessons_of_several_lists_of_one_file_stay_in_order(small: Path) -> None:
    texts = ["one more", "and one more", "a last one"]
    settings = load(small, KNOWN)
    taught = [an_example(text, language=language) for text in texts for language in ("en", "zh")]
    file = small / "intents" / "orders.yaml"
    old = file.read_text("utf-8")
    change = patch(settings, taught)
    assert list(change.after) == [file]
    new = [f"        - {text}" for text in texts]
    assert added(old, change.after[file]) == [*new, *new]
    assert change.after[file].startswith("# Orders.\n")
    assert [e.text for e in change.examples()] == [lesson.turns[0] for lesson in taught]
    assert {(e.intent, e.language) for e in change.examples()} == {
        ("track_order", "en"),
        ("track_order", "zh"),
    }


def test_no_lessons_are_no_change(unchanged: Settings) -> None:
    change = patch(unchanged, [])
    assert (change.diff(), change.after, change.examples()) == ("", {}, ())
    change.apply()


HEAD = "# Nobody serves these.\nexamples:\n  zh:\n    - 讲个笑话\n  en: # of all kinds\n"
LAST_ITEMS = [
    pytest.param("    - tell me a joke\n", id="plain"),
    pytest.param("    - tell me a joke", id="no newline at the end"),
    pytest.param("    - tell me a joke   # a classic\n", id="comment beside"),
    pytest.param("    - one\n    # most of all:\n    - tell me\n", id="comment above"),
    pytest.param("    - tell me a joke\n\n    # no more of these\n\n", id="comment below"),
    pytest.param("    - tell me a joke\n      # haha\n", id="comment below and deeper"),
    pytest.param("    -   tell me a joke\n", id="many spaces"),
    pytest.param("    - tell me\n      a joke\n", id="two lines"),
    pytest.param('    - "tell me:\n      - a joke"\n', id="double quotes over two lines"),
    pytest.param("    - 'tell me\n        a joke'\n", id="single quotes over two lines"),
    pytest.param("    - >-\n      tell me\n      a joke\n", id="folded"),
    pytest.param(
        "    - >\n      tell me\n      a joke\n\n    # more\n", id="folded, then a comment"
    ),
    pytest.param("    - |\n      tell me\n        a joke\n", id="literal"),
    pytest.param("    - >-\n      tell me\n\n      a joke\n", id="folded, blank line"),
    pytest.param("    - tell me\n\n      a joke\n", id="plain, blank line"),
    pytest.param("    - tell me\n     a joke\n", id="little indented"),
    pytest.param("    - 'tell me\n    a joke'\n", id="quoted, not indented"),
    pytest.param("    - |+\n      tell me a joke\n\n\n", id="blank lines kept"),
]


@pytest.mark.parametrize("last", LAST_ITEMS)
def test_behind_a_last_item_of_any_form(small: Path, last: str) -> None:
    file = small / "out_of_scope.yaml"
    file.write_text(HEAD + last, "utf-8")
    before = load(small, KNOWN)
    patch(before, [an_example("how old are you", "out_of_scope")]).apply()
    assert added(HEAD + last, file.read_text("utf-8")) == ["    - how old are you"]
    assert load(small, KNOWN).out_of_scope.examples == {
        "zh": ("讲个笑话",),
        "en": (*before.out_of_scope.examples["en"], "how old are you"),
    }


def test_a_list_may_stand_right_below_its_key(small: Path) -> None:
    file = small / "out_of_scope.yaml"
    old = "examples:\n  en:\n  - tell me a joke\n  - sing\n  zh:\n  - 讲个笑话\n"
    file.write_text(old, "utf-8")
    patch(load(small, KNOWN), [an_example("how old are you", "out_of_scope")]).apply()
    assert file.read_text("utf-8") == old.replace("sing\n", "sing\n  - how old are you\n")


def test_conversations_of_all_forms_take_another(small: Path) -> None:
    file = small / "needs" / "other.yaml"
    old = (
        "label: {en: Other, zh: 其他}\nabout: Rest.\nconversations:\n"
        "  en:\n    - [one,\n       two]\n    - - three\n      - four\n"
        "  zh:\n    -\n      - 五\n    - [六]\n"
    )
    file.write_text(old, "utf-8")
    patch(
        load(small, KNOWN), [a_conversation("a", "b"), a_conversation("甲", "乙", language="zh")]
    ).apply()
    assert added(old, file.read_text("utf-8")) == ['    - ["a", "b"]', '    - ["甲", "乙"]']
    assert load(small, KNOWN).needs["other"].conversations == {
        "en": (("one", "two"), ("three", "four"), ("a", "b")),
        "zh": (("五",), ("六",), ("甲", "乙")),
    }


def test_a_conversation_of_one_message_is_a_conversation(small: Path) -> None:
    patch(load(small, KNOWN), [a_conversation("just this")]).apply()
    assert load(small, KNOWN).needs["other"].conversations["en"][-1] == ("just this",)


@pytest.mark.parametrize(
    ("name", "text", "taught", "line"),
    [
        (
            "intents/smalltalk.yaml",
            None,
            an_example("good day", "greet"),
            7,
        ),
        (
            "out_of_scope.yaml",
            "examples:\n  zh:\n    - 讲\n  en: [sing, joke]\n",
            an_example("dance", "out_of_scope"),
            4,
        ),
        (
            "out_of_scope.yaml",
            "examples: {zh: [讲],\n  en: [sing, joke]}\n",
            an_example("dance", "out_of_scope"),
            2,
        ),
        (
            "needs/other.yaml",
            "label: {en: O, zh: 他}\nabout: Rest.\nconversations:\n"
            "  zh: [[一], [二]]\n  en: [[one], [two]]\n",
            a_conversation("a", "b"),
            5,
        ),
    ],
)
def test_a_list_in_brackets_is_refused_with_its_place(
    small: Path, name: str, text: str | None, taught: Lesson, line: int
) -> None:
    if text is not None:
        (small / name).write_text(text, "utf-8")
    files = contents(small)
    place = re.escape(f"{small / name}:{line}: ")
    with pytest.raises(BotError, match=f"^{place}.*one item a line"):
        patch(load(small, KNOWN), [an_example("more"), taught])
    assert contents(small) == files


def test_line_ends_of_windows_stay(small: Path) -> None:
    file = small / "intents" / "orders.yaml"
    old = file.read_bytes().replace(b"\n", b"\r\n")
    file.write_bytes(old)
    patch(load(small, KNOWN), [an_example("parcel please")]).apply()
    lines = old.splitlines(keepends=True)
    assert [line for line in file.read_bytes().splitlines(keepends=True) if line in lines] == lines


def test_the_diff_names_the_file_and_what_is_added(unchanged: Settings) -> None:
    change = patch(unchanged, [an_example("parcel please"), a_conversation("a", "b")])
    lines = change.diff().splitlines()
    assert [line for line in lines if line.startswith("-")] == [
        f"--- a{unchanged.folder / name}" for name in ("intents/orders.yaml", "needs/other.yaml")
    ]
    assert [line for line in lines if line.startswith("+") and not line.startswith("+++")] == [
        "+        - parcel please",
        '+    - ["a", "b"]',
    ]


def test_the_diff_of_a_file_without_a_last_newline_can_be_read(small: Path) -> None:
    file = small / "out_of_scope.yaml"
    file.write_text(f"{HEAD}    - sing", "utf-8")
    change = patch(load(small, KNOWN), [an_example("dance", "out_of_scope")])
    texts = {*HEAD.splitlines(), "    - sing", "    - dance"}
    changed = [line for line in change.diff().splitlines()[2:] if line[0] in " +-"]
    assert changed
    assert {line[1:] for line in changed} <= texts


# -- patch: texts survive --------------------------------------------------------------------

NASTY = [
    "no: I meant the lamp", "my order #48213", "#48213", "# 1", "order # 5 please", "#", "a#b",
    "-", "- two of them", "--- what", "...", "?", "? what", ": hm", "a:", "it is: this", "a:b",
    "http://example.com/#x", "a :b", "say :", "0", "-7", "1.5", "1e3", "010", "0x1F", "1_000",
    "48213", "9" * 30, "+8613812345678", "9:30", ".inf", ".5", "2026-03-02", "true", "false",
    "null", "no", "yes", "on", "off", "True", "NULL", "~", "y", "=", "<<", "it's", "'", '"',
    'he said "no"', '"quoted"', "'quoted'", "back\\slash", "C:\\temp\\", "\\n", "*star", "&and",
    "!important", "|", ">", "> that", "%done", "@home", "`tick`", "[a, b]", "]", "{a: b}", "a, b",
    ", then", "🙂", "好的🙂👍🏽", "我要退货，可以吗？", "订单号：AB123456", "“你好”——在吗……",
    "#退货", "： 嗯", "ok：#1", "退货 #", "退货: 是", "naïve café", "مرحبا", "１２３", "ﬁne",
    "a\u200bb", "a\u00a0b",
    "x" * 3000, "退" * 3000,
]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        *NASTY,
        "what is my order #",
    ],
)
def test_a_text_that_yaml_could_read_otherwise_survives(small: Path, text: str) -> None:
    before = load(small, KNOWN)
    patch(before, [an_example(text), a_conversation("hi", text, text)]).apply()
    after = load(small, KNOWN)
    assert after.intents["track_order"].examples["en"] == (
        *before.intents["track_order"].examples["en"],
        text,
    )
    assert after.needs["other"].conversations["en"] == (
        *before.needs["other"].conversations["en"],
        ("hi", text, text),
    )


PRINTABLE = st.characters(exclude_categories=("C", "Zl", "Zp"))
MEANING_MUCH = st.sampled_from(" :#-,'\"\\[]{}&*!|>%@`?=~<.0123456789aénoty是：")
TEXTS = st.text(MEANING_MUCH | PRINTABLE, max_size=40).map(lambda text: " ".join(text.split()))


def test_any_printable_text_survives(unchanged: Settings) -> None:
    old = unchanged.intents["track_order"].examples["en"]

    @given(st.lists(TEXTS.filter(bool), max_size=8), st.lists(TEXTS, min_size=2, max_size=4))
    def check(texts: list[str], turns: list[str]) -> None:
        change = patch(unchanged, [*map(an_example, texts), a_conversation(*turns)])
        files = {path.name: read(text) for path, text in change.after.items()}
        assert files["other.yaml"]["conversations"]["en"][-1] == turns
        if texts:
            examples = files["orders.yaml"]["intents"]["track_order"]["examples"]["en"]
            assert examples == [*old, *texts]

    check()


def read(text: str) -> Any:
    document, faults = parse(text.encode(), Path("file.yaml"))
    assert faults == []
    assert document is not None
    return document.value


@pytest.mark.parametrize("character", ["\ufeff", "\x7f", "\x1b", "\x84"])
def test_a_character_that_no_file_may_hold_stops_nobody(small: Path, character: str) -> None:
    settings = load(small, KNOWN)
    messages = [
        a_message(f"{character}has it left", intent="track_order"),
        a_message("parcel?", intent="track_order"),
    ]
    taught, _ = lessons(settings, messages, {})
    patch(settings, taught).apply()
    assert "parcel?" in load(small, KNOWN).intents["track_order"].examples["en"]


# -- apply -----------------------------------------------------------------------------------


def test_a_file_that_changed_meanwhile_is_left_alone_and_so_are_the_others(small: Path) -> None:
    change = patch(load(small, KNOWN), [an_example("parcel?"), a_conversation("a", "b")])
    meanwhile = small / "needs" / "other.yaml"
    meanwhile.write_text(meanwhile.read_text("utf-8") + "# mine\n", "utf-8")
    files = contents(small)
    with pytest.raises(BotError, match=re.escape(f"{meanwhile} has changed meanwhile")):
        change.apply()
    assert contents(small) == files
    change = patch(load(small, KNOWN), [an_example("parcel?"), a_conversation("a", "b")])
    change.apply()
    assert contents(small).keys() == files.keys()
    assert {name for name, content in contents(small).items() if content != files[name]} == {
        "intents/orders.yaml",
        "needs/other.yaml",
    }


def test_when_one_file_cannot_be_written_none_is(small: Path) -> None:
    (small / "needs" / ".other.yaml.new").mkdir()
    change = patch(load(small, KNOWN), [an_example("parcel?"), a_conversation("a", "b")])
    files = contents(small)
    with pytest.raises(
        BotError, match=r"other\.yaml cannot be written: .*nothing has been changed"
    ):
        change.apply()
    assert contents(small) == files


def test_a_patch_is_applied_once(small: Path) -> None:
    change = patch(load(small, KNOWN), [an_example("parcel?")])
    change.apply()
    files = contents(small)
    with pytest.raises(BotError, match="has changed meanwhile; run it again"):
        change.apply()
    assert contents(small) == files


def test_who_may_read_a_file_may_still_read_it(small: Path) -> None:
    file = small / "intents" / "orders.yaml"
    file.chmod(0o640)
    patch(load(small, KNOWN), [an_example("parcel?")]).apply()
    assert file.stat().st_mode & 0o777 == 0o640


def test_a_link_still_leads_to_its_file(small: Path, tmp_path: Path) -> None:
    link, target = small / "intents" / "orders.yaml", tmp_path / "elsewhere.yaml"
    link.rename(target)
    link.symlink_to(target)
    patch(load(small, KNOWN), [an_example("parcel?")]).apply()
    assert link.is_symlink()
    assert "parcel?" in target.read_text("utf-8")
