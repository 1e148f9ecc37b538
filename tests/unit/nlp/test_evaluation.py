import csv
import re
from datetime import UTC, datetime
from html import escape
from math import comb
from pathlib import Path
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from scipy.stats import binomtest

from nlp import intents
from nlp.engine import Engine
from nlp.entities.finder import EntityFinder
from nlp.entities.spec import EntitySpec
from nlp.evaluation import data_faults
from nlp.evaluation.comparison import compare
from nlp.evaluation.evaluate import evaluate
from nlp.evaluation.figures import Bin, Confusion, Scores
from nlp.evaluation.knowledge import KnowledgeQuestion, score_knowledge
from nlp.evaluation.page import page
from nlp.evaluation.scoring import Answer, entity_scores, report
from nlp.evaluation.trial import effect
from nlp.example_files import read_examples
from nlp.examples import ArticleText, Example, TrainingSet
from nlp.knowledge import KnowledgeBase
from nlp.understanding import OUT_OF_SCOPE, Entity

NOW = datetime(2025, 1, 6, 9, tzinfo=UTC)
TEXTS = {
    "track_order": "where is my order|has my parcel shipped yet|track my package|"
    "any news on my delivery|when will my order arrive|my parcel is still not here|"
    "what is the status of my order|where is my package",
    "get_refund": "i want my money back|please refund me|can i get a refund for this lamp|"
    "refund my card|give me back what i paid|i would like to be reimbursed|"
    "how do i claim a refund|refund now",
    "get_invoice": "send me the invoice|i need a receipt|where can i download my invoice|"
    "invoice please|issue an invoice for my company|email me the bill|i need a vat invoice|"
    "print the receipt",
    OUT_OF_SCOPE: "what is the weather today|tell me a joke|who won the game|write me a poem|"
    "how old is the moon|sing a song|translate this into french|what should i cook tonight",
}
EXAMPLES = [
    Example(text=text, intent=intent, language="en")
    for intent, texts in TEXTS.items()
    for text in texts.split("|")
]
ARTICLES = (
    ArticleText(
        article_id="refunds",
        language="en",
        title="Refunds",
        questions=("when do I get my money back", "how long does a refund take"),
        body="Five days after the goods are checked.",
        intents=("get_refund",),
    ),
    ArticleText(
        article_id="hours",
        language="en",
        title="Opening hours",
        questions=("when are you open",),
        body="Monday to Friday from nine.",
    ),
)


def a_model(examples):
    texts, labels = [e.text for e in examples], [e.intent for e in examples]
    return intents.fit(texts, labels, ["en"] * len(texts))[0]


@pytest.fixture(scope="module")
def model():
    return a_model(EXAMPLES)


@pytest.fixture(scope="module")
def engine(model):
    return Engine(model_id="m-ours", intents=model, knowledge=KnowledgeBase(ARTICLES))


@pytest.fixture(scope="module")
def wrong():
    """An engine that mistakes each intent for the next."""
    after = dict(zip(TEXTS, [*list(TEXTS)[1:], "track_order"], strict=True))
    return Engine(
        model_id="m-wrong", intents=a_model([replace(e, intent=after[e.intent]) for e in EXAMPLES])
    )


# Faults of the data.


def rows(intent, count, language="en", split=""):
    """Make examples that have nothing but the intent's name in common."""
    letters = "abcdefghijklmnopqrstuvwxyz" if language == "en" else "甲乙丙丁戊己庚辛壬癸"
    return [[f"{intent} {letter}", intent, language, split] for letter in letters[:count]]


def faults(tmp_path, *table):
    """Return code, line and message of what is wrong with a file of these rows."""
    path = tmp_path / "shop.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["text", "intent", "language", "split"], *table])
    found = data_faults.in_examples(read_examples(path).examples)
    assert {f.path for f in found} <= {path}
    return [(f.code, f.line, f.message) for f in found]


def test_enough_different_examples_have_no_fault(tmp_path):
    table = [*rows("refund", 10), *rows("cancel", 20), *rows("refund", 10, "zh")]
    assert (
        faults(tmp_path, *table, *rows("cancel", 10, "zh"), ["hold it", "cancel", "en", "test"])
        == []
    )


def test_one_sentence_in_two_intents(tmp_path):
    table = [*rows("refund", 11), *rows("cancel", 11)]
    table[3][0], table[15][0] = "Where is AB123456?", "where is  cd654321"
    message = "'where is cd654321' is 'cancel' here and 'refund' at shop.csv:5"
    assert faults(tmp_path, *table) == [("DATA001", 17, message)]
    table[15][0] = "where was cd654321"
    assert faults(tmp_path, *table) == []


def test_every_repeat_in_another_intent_is_told(tmp_path):
    table = [*rows("refund", 11), *rows("cancel", 11), ["👍", "refund", "en", ""]]
    table += [["👍", "cancel", "en", ""], ["👎", "cancel", "en", ""], [" 👍 ", "cancel", "en", ""]]
    assert [(code, line) for code, line, _ in faults(tmp_path, *table)] == [
        ("DATA001", 25),
        ("DATA001", 27),
    ]


@pytest.mark.parametrize(
    ("held_out", "is_near"),
    [
        ("please send THE money back!", True),
        ("please send my money back", True),
        ("please send the money", True),
        ("do please send the money back", True),
        ("send me no money back", False),
        ("please money", False),
    ],
)
def test_a_held_out_sentence_that_training_has_seen_or_nearly(tmp_path, held_out, is_near):
    table = rows("refund", 10, split="train")
    table[4][0] = "please send the money back"
    table.append([held_out, "refund", "en", "test"])
    message = f"'{held_out}' is held out, and nearly the same at shop.csv:6"
    assert faults(tmp_path, *table) == ([("DATA002", 12, message)] if is_near else [])


def test_another_number_is_another_wish_but_nothing_new_to_be_held_out(tmp_path):
    table = [*rows("refund", 10), *rows("cancel", 10)]
    table[4][0], table[14][0] = "the iphone 15", "the iphone 16"
    assert faults(tmp_path, *table) == []
    table.append(["the iphone 17", "refund", "en", "test"])
    assert [(code, line) for code, line, _ in faults(tmp_path, *table)] == [("DATA002", 22)]


def test_short_sentences_are_near_only_if_they_are_the_same(tmp_path):
    table = [*rows("refund", 10), ["refund k", "refund", "en", "test"]]
    assert faults(tmp_path, *table) == []
    table[-1][0] = "Refund, a!"
    assert [(code, line) for code, line, _ in faults(tmp_path, *table)] == [("DATA002", 12)]


def test_validation_rows_are_neither_seen_nor_held_out(tmp_path):
    table = [*rows("refund", 10), ["refund a", "refund", "en", "valid"]]
    assert faults(tmp_path, *table, ["new words", "refund", "en", "test"]) == []


def test_too_few_examples_of_a_language(tmp_path):
    table = [*rows("refund", 9), *rows("cancel", 10), *rows("cancel", 10, "zh")]
    assert faults(tmp_path, *table) == [
        ("DATA003", 2, "'refund' has 9 examples in 'en'; 10 are the least"),
        ("DATA003", 2, "'refund' has 0 examples in 'zh'; 10 are the least"),
    ]


def test_a_handful_of_foreign_sentences_is_no_language(tmp_path):
    table = [*rows("refund", 20), ["退款", "refund", "zh", ""]]
    assert faults(tmp_path, *table) == []
    assert faults(tmp_path, *table, ["退钱", "refund", "zh", ""]) != []


def test_test_rows_do_not_count_as_examples(tmp_path):
    table = [*rows("refund", 9), ["send it", "refund", "en", "test"]]
    assert [code for code, _, _ in faults(tmp_path, *table)] == ["DATA003"]


def test_languages_out_of_balance(tmp_path):
    table = [*rows("refund", 21), *rows("refund", 10, "zh")]
    message = "the examples of 'refund' are out of balance: en 21, zh 10"
    assert faults(tmp_path, *table) == [("DATA005", 2, message)]
    assert faults(tmp_path, *table[1:]) == []


def test_faults_come_in_the_order_of_the_file(tmp_path):
    table = [
        *rows("refund", 10),
        ["refund b", "cancel", "en", ""],
        ["refund a", "refund", "en", "test"],
    ]
    assert [(code, line) for code, line, _ in faults(tmp_path, *table)] == [
        ("DATA001", 12),
        ("DATA003", 12),
        ("DATA002", 13),
    ]


def test_examples_of_no_file_are_told_of_all_the_same():
    found = data_faults.in_examples([Example(text="a", intent="x"), Example(text="a", intent="y")])
    assert str(found[0]) == "examples:1: DATA001 'a' is 'y' here and 'x' at examples:0"


def test_intents_that_are_mixed_up():
    examples = [
        Example(text=str(n), intent=intent, path=Path("shop.csv"), line=n)
        for n, intent in enumerate(["track", "greet", "refund", "track", "refund"], start=2)
    ]
    confusion = {
        "track": {"track": 4, "refund": 2, OUT_OF_SCOPE: 2},
        "refund": {"refund": 5, "track": 3},
        "greet": {"greet": 3, "refund": 1},
        OUT_OF_SCOPE: {"track": 8},
    }
    (fault,) = data_faults.too_alike(examples, confusion)
    assert (fault.code, fault.path, fault.line) == ("DATA004", Path("shop.csv"), 4)
    assert fault.message.startswith("'refund' and 'track' can hardly be told apart: 5 of 16 ")
    fewer = {**confusion, "refund": {"refund": 6, "track": 2}}
    assert data_faults.too_alike(examples, fewer) == ()


def test_every_data_fault_says_the_same_in_both_languages():
    fields = [
        {name for _, name, _, _ in Formatter().parse(text) if name}
        for texts in data_faults.MESSAGES.values()
        for text in texts
    ]
    assert fields[::2] == fields[1::2]
    assert all(re.search(r"[\u4e00-\u9fff]", zh) for _, zh in data_faults.MESSAGES.values())
    source = Path(data_faults.__file__).read_text("utf-8")
    assert set(re.findall(r"DATA\d{3}", source)) == set(data_faults.MESSAGES)


def test_the_chinese_page_tells_data_faults_in_chinese(crossed):
    assert crossed.data_faults
    chinese, english = page(crossed, "zh"), page(crossed, "en")
    for fault in crossed.data_faults[:100]:
        assert escape(fault.message_zh) in chinese
        assert escape(fault.message) not in chinese
        assert escape(fault.message) in english


# Two models.


def compared(only_this, only_other, both=5, neither=5):
    pairs = [(1, 0)] * only_this + [(0, 1)] * only_other + [(1, 1)] * both + [(0, 0)] * neither
    ours, theirs = ([bool(pair[n]) for pair in pairs] for n in (0, 1))
    return compare(ours, theirs, "m-other")


@pytest.mark.parametrize(
    ("only_this", "only_other", "p_value", "verdict"),
    [
        (6, 0, 2 / 2**6, "better"),
        (0, 6, 2 / 2**6, "worse"),
        (5, 0, 2 / 2**5, "no clear difference"),
        (8, 1, 2 * (1 + 9) / 2**9, "better"),
        (1, 7, 2 * (1 + 8) / 2**8, "no clear difference"),
        (2, 11, 2 * (1 + 13 + 78) / 2**13, "worse"),
        (4, 4, 1, "no clear difference"),
        (0, 0, 1, "no clear difference"),
    ],
)
def test_verdicts_by_mcnemars_test(only_this, only_other, p_value, verdict):
    found = compared(only_this, only_other)
    assert found.p_value == pytest.approx(p_value)
    assert (found.only_this, found.only_other) == (only_this, only_other)
    assert (found.verdict, found.other) == (verdict, "m-other")


def test_the_shares_of_both_models_stand_beside_the_verdict():
    found = compared(8, 1, both=6, neither=5)
    assert (found.accuracy, found.other_accuracy) == (14 / 20, 7 / 20)
    assert found.p_value == pytest.approx(binomtest(8, 9).pvalue)


@given(st.integers(0, 40), st.integers(0, 40))
def test_models_may_be_compared_either_way(one, other):
    here, there = compared(one, other), compared(other, one)
    tail = sum(comb(one + other, k) for k in range(min(one, other) + 1)) / 2 ** (one + other)
    assert here.p_value == pytest.approx(min(1, 2 * tail))
    assert here.p_value == pytest.approx(there.p_value)
    turned = {"better": "worse", "worse": "better"}
    assert there.verdict == turned.get(here.verdict, here.verdict)


def test_what_both_get_right_or_wrong_says_nothing():
    assert compared(6, 0, both=0, neither=0).p_value == compared(6, 0, both=90).p_value


def test_answers_to_different_messages_are_not_compared():
    with pytest.raises(ValueError, match="longer"):
        compare([True], [True, False], "m-other")


# Figures.


def an_entity(kind, start, text, value=None):
    value = text if value is None else value
    return Entity(type=kind, text=text, start=start, end=start + len(text), value=value)


def test_entities_by_span_and_by_value():
    marked = [
        (an_entity("city", 0, "Rome"), an_entity("date", 5, "today", "2025-01-06")),
        (an_entity("city", 3, "Paris"), an_entity("city", 9, "Oslo")),
        (),
    ]
    found = [
        (an_entity("city", 0, "Rome"), an_entity("date", 5, "tod", "2025-01-06")),
        (an_entity("city", 3, "Paris", "PAR"), an_entity("person", 9, "Oslo")),
        (an_entity("city", 2, "Bath"), an_entity("number", 0, "1", 1)),
    ]
    by_type, by_span, by_value = entity_scores(marked, found)
    assert by_type == {
        "city": Scores(examples=3, precision=2 / 3, recall=2 / 3, f1=4 / 6),
        "date": Scores(examples=1, precision=0.0, recall=0.0, f1=0.0),
    }
    # Of four expected and four claimed: Rome and Paris by span, Rome and the date by value.
    assert (by_span, by_value) == (4 / 8, 4 / 8)


A_SUM = (an_entity("sum", 0, "$5", {"amount": "5", "currency": "USD"}),)


def test_spans_and_values_are_counted_apart():
    moved = (an_entity("sum", 9, "5$", {"amount": "5", "currency": "USD"}),)
    other = (an_entity("sum", 0, "$5", {"amount": "5", "currency": "CNY"}),)
    assert entity_scores([A_SUM, A_SUM], [other, other])[1:] == (1.0, 0.0)
    assert entity_scores([A_SUM, A_SUM], [other, ()])[1:] == (2 / 3, 0.0)
    assert entity_scores([A_SUM, A_SUM], [moved, A_SUM])[1:] == (1 / 2, 1.0)


def test_a_value_is_the_same_in_whatever_order_its_keys_stand():
    turned = (an_entity("sum", 0, "$5", {"currency": "USD", "amount": "5"}),)
    assert entity_scores([A_SUM], [turned])[2] == 1.0


def test_a_value_counts_as_often_as_it_is_marked():
    twice = (an_entity("city", 0, "Rome"), an_entity("city", 9, "Rome"))
    once = (an_entity("city", 4, "Rome"),)
    assert entity_scores([twice], [once])[1:] == (0.0, 2 / 3)
    assert entity_scores([once], [twice])[1:] == (0.0, 2 / 3)
    assert entity_scores([twice], [twice])[1:] == (1.0, 1.0)


def test_types_that_are_never_marked_are_not_held_against_the_finder():
    gold = (an_entity("city", 0, "Rome"),)
    assert entity_scores([gold, ()], [gold, (an_entity("date", 0, "today"),)])[1:] == (1.0, 1.0)


def answered(expected, guess, probability, *, refused=False, text="text"):
    example = Example(text=text, intent=expected, language="en", path=Path("shop.csv"), line=7)
    return Answer(example, "en", guess, probability, 0.8 if refused else 0.2, refused=refused)


ANSWERS = [
    answered("track", "track", 0.9),
    answered("track", "refund", 0.8, text="surest"),
    answered("track", "refund", 0.75),
    answered("refund", "refund", 0.6, refused=True),
    answered(OUT_OF_SCOPE, "track", 0.3, refused=True),
    answered(OUT_OF_SCOPE, "track", 0.7),
]
FIGURES = report("held-out", ANSWERS, frozenset({"track"}))


def test_a_refusal_is_wrong_in_scope_and_right_outside():
    assert [a.right for a in ANSWERS] == [True, False, False, False, True, False]
    assert (FIGURES.messages, FIGURES.in_scope) == (6, 4)
    assert (FIGURES.first_guess, FIGURES.accuracy) == (2 / 4, 1 / 4)
    assert FIGURES.out_of_scope_recall == 1 / 2
    assert FIGURES.languages["en"]["accuracy"] == 1 / 4


def test_scores_of_intents():
    assert FIGURES.confusion == {
        "track": {"refund": 2, "track": 1},
        "refund": {OUT_OF_SCOPE: 1},
        OUT_OF_SCOPE: {OUT_OF_SCOPE: 1, "track": 1},
    }
    assert FIGURES.intents["track"] == Scores(examples=3, precision=1 / 2, recall=1 / 3, f1=2 / 5)
    assert FIGURES.intents["refund"].f1 == 0
    assert FIGURES.macro_f1 == pytest.approx((2 / 5 + 0) / 2)
    assert FIGURES.unknown_intents == ("refund",)


def test_calibration_is_of_the_first_guess_in_scope():
    assert FIGURES.calibration == (
        Bin(probability=0.6, correct=1.0, messages=1),
        Bin(probability=0.75, correct=0.0, messages=1),
        Bin(probability=0.8, correct=0.0, messages=1),
        Bin(probability=0.9, correct=1.0, messages=1),
    )
    assert FIGURES.calibration_error == pytest.approx((0.4 + 0.75 + 0.8 + 0.1) / 4)


def test_what_a_band_gives_and_costs():
    trade = next(t for t in FIGURES.coverage if t.threshold == 0.75)
    assert (trade.answered, trade.correct, trade.caught) == (3 / 4, 1 / 3, 1.0)
    trade = next(t for t in FIGURES.out_of_scope if t.threshold == 0.5)
    assert (trade.answered, trade.correct, trade.caught) == (3 / 4, 1 / 3, 1 / 2)


def test_mistakes_are_listed_the_surest_first():
    assert [m.probability for m in FIGURES.mistakes] == [0.8, 0.75, 0.7, 0.6]
    assert (FIGURES.mistakes[0].path, FIGURES.mistakes[0].line) == ("shop.csv", 7)
    assert FIGURES.confused[0] == Confusion(
        expected="track", got="refund", messages=2, example="surest"
    )


# Evaluations.


@pytest.fixture(scope="module")
def steps():
    """What an evaluation tells of its progress."""
    return []


@pytest.fixture(scope="module")
def crossed(steps):
    twice = [Example(text="refund now!", intent="track_order")]
    training_set = TrainingSet.of_examples([*EXAMPLES, *twice])
    return evaluate(training_set, progress=lambda doing, share: steps.append((doing, share)))


def test_the_learning_curve_has_more_and_more_examples(crossed):
    curve = crossed.learning_curve
    assert [step.share for step in curve] == [0.25, 0.5, 0.75, 1.0]
    counts = [step.examples for step in curve]
    assert counts == sorted(set(counts))
    # The last step is a fold's: four fifths of all rows, and the others are shares of it.
    assert counts[-1] == pytest.approx(len(EXAMPLES) * 4 / 5, abs=2)
    assert counts[:-1] == pytest.approx([counts[-1] * s for s in (0.25, 0.5, 0.75)], abs=2)
    assert all(0 <= step.first_guess <= 1 for step in curve)
    assert curve[-1].first_guess == crossed.first_guess


def test_cross_validation_asks_every_row_once(crossed):
    assert crossed.method == "cross-validation"
    assert crossed.messages == len(EXAMPLES) + 1
    assert crossed.intents["track_order"].examples == 9


def test_cross_validation_tells_the_faults_of_its_examples(crossed):
    codes = [f.code for f in crossed.data_faults]
    assert codes.count("DATA001") == 1
    assert codes.count("DATA003") == len(TEXTS)


def test_progress_only_goes_forward(crossed, steps):
    shares = [share for _, share in steps]
    assert shares == sorted(shares)
    assert 0 <= shares[0] < shares[-1] < 1
    assert {doing for doing, _ in steps} >= {"fold 1 of 5", "fold 5 of 5", "learning curve"}


def test_only_test_rows_count_where_there_are_some(engine):
    held_out = [
        Example(text="where is my lamp", intent="track_order", split="test"),
        Example(text="write a long poem", intent=OUT_OF_SCOPE, split="test"),
    ]
    figures = evaluate(engine, [*EXAMPLES, *held_out])
    assert (figures.messages, figures.in_scope) == (2, 1)
    assert (figures.method, figures.model_id) == ("held-out", "m-ours")
    assert evaluate(engine, EXAMPLES).messages == len(EXAMPLES)


def test_an_engine_is_told_what_is_wrong_with_its_examples(engine, wrong):
    seen = Example(text="where is my package now", intent="track_order", split="test")
    train = Example(text="where is my package today", intent="track_order", split="train")
    assert "DATA002" in {f.code for f in evaluate(engine, [train, seen]).data_faults}
    mixed = evaluate(wrong, EXAMPLES).data_faults
    assert any(f.code == "DATA004" and "'get_refund'" in f.message for f in mixed)
    assert not any(f.code == "DATA004" for f in evaluate(engine, EXAMPLES).data_faults)


def test_a_better_model_is_told_from_a_worse_one(engine, wrong):
    ours = evaluate(engine, EXAMPLES, against=wrong)
    assert (ours.comparison.verdict, ours.comparison.other) == ("better", "m-wrong")
    assert evaluate(wrong, EXAMPLES, against=engine).comparison.verdict == "worse"
    assert ours.comparison.accuracy == sum(
        engine.understand(e.text, now=NOW).intent
        == (None if e.intent == OUT_OF_SCOPE else e.intent)
        for e in EXAMPLES
    ) / len(EXAMPLES)


def test_a_model_is_no_better_than_itself(engine):
    found = evaluate(engine, EXAMPLES, against=engine).comparison
    assert (found.p_value, found.verdict) == (1.0, "no clear difference")
    assert (found.only_this, found.only_other) == (0, 0)
    assert found.accuracy == found.other_accuracy > 0.8
    assert evaluate(engine, EXAMPLES).comparison is None


def test_marked_entities_are_scored_and_only_they(engine, model):
    rules = EntityFinder(EntitySpec(order_patterns=(r"\b[A-Z]{2}\d{6}\b",)))
    marked = [
        Example(
            text=text,
            intent="track_order",
            language="en",
            entities=(an_entity("order_number", text.index(number), number),),
        )
        for text, number in (("where is AB123456", "AB123456"), ("where is number 77", "77"))
    ]
    figures = evaluate(Engine(model_id="m", intents=model, entities=rules), marked)
    assert figures.entities["order_number"].recall == 1 / 2
    assert figures.entity_f1 == figures.entity_value_f1 == pytest.approx(2 / 3)
    assert evaluate(engine, EXAMPLES).entities is None


# Knowledge.


def a_question(text, article_id):
    return KnowledgeQuestion(text=text, language="en", article_id=article_id)


def asked(engine, *questions, sure=0.5):
    return score_knowledge(engine, [a_question(*question) for question in questions], sure)


def test_questions_and_the_articles_that_they_find(engine):
    found = asked(
        engine,
        ("when do I get my money back", "refunds"),
        ("how long does a refund take", "hours"),
        ("when are you open", None),
        ("purple elephants", None),
    )
    assert found.questions == 4
    assert (found.first, found.among_three) == (1 / 2, 1 / 2)
    assert (found.answered, found.correct) == (3 / 4, 1 / 3)
    assert found.misses == (
        ("how long does a refund take", "hours", "refunds"),
        ("when are you open", "-", "hours"),
    )


def test_the_right_article_may_stand_second(engine):
    found = asked(engine, ("how long does a refund take when you are open", "hours"))
    assert (found.first, found.among_three) == (0.0, 1.0)


def test_nothing_is_answered_that_is_not_sure_enough(engine):
    found = asked(
        engine, ("when do I get my money back", "refunds"), ("when are you open", None), sure=1.1
    )
    assert (found.answered, found.correct) == (0.0, 0.0)
    assert (found.first, found.misses) == (1.0, ())


def test_without_questions_there_is_nothing_to_score(engine):
    assert asked(engine) is None


# Trials.

# Words that have nothing in common: one says nothing of another.
WORDS = {
    "track_order": "wug dax fep toma blick glorp",
    "get_refund": "zav kiki bouba smirn nerv quon",
}
UNKNOWN = TrainingSet(
    examples=tuple(
        Example(text=word, intent=intent, language="en")
        for intent, words in WORDS.items()
        for word in words.split()
    )
)


def more(*endings, intents_of=WORDS):
    """Make examples that say the same words again."""
    return [
        Example(text=f"{word} {ending}", intent=intent, language="en")
        for intent, words in intents_of.items()
        for word in words.split()
        for ending in endings
    ]


def test_examples_that_help():
    found = effect(UNKNOWN, more("now", "please", "again"))
    assert found.examples_before <= 0.5
    assert found.examples_after == found.added_after == 1.0
    assert found.added_before < 0.9


def test_examples_that_do_harm():
    turned = dict(zip(WORDS, reversed(WORDS.values()), strict=True))
    harmed = effect(UNKNOWN, more("now", "please", "again", intents_of=turned))
    assert harmed.examples_after == 0.0
    assert harmed.added_before < harmed.added_after == 1.0


def test_an_added_example_does_not_teach_itself():
    words = {"track_order": "gorp flim prand", "get_refund": "moxit yulk hube"}
    assert effect(UNKNOWN, more("", intents_of=words)).added_after <= 0.5


def test_an_intent_that_is_new_cannot_be_guessed_before():
    bye = "bye|bye bye|bye now|ok bye|bye bye now|well bye"
    rows = [Example(text=text, intent="farewell", language="en") for text in bye.split("|")]
    found = effect(TrainingSet.of_examples(EXAMPLES), rows)
    assert (found.added_before, found.added_after) == (0.0, 1.0)
    assert found.examples_before > 0.8


def test_only_messages_in_scope_are_shares_of_the_effect():
    outside = [Example(text=f"refund {w}", intent=OUT_OF_SCOPE) for w in ("sky", "sea", "sun")]
    with_noise = effect(UNKNOWN, [*more("now", "please", "again"), *outside])
    assert with_noise.added_after == 1.0
    assert effect(UNKNOWN, outside).added_before == 0.0


def test_a_trial_tells_how_far_it_is():
    told = []
    effect(UNKNOWN, more("now"), progress=lambda _, share: told.append(share))
    assert told == pytest.approx([0, 1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6])
