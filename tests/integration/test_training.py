"""Training a model and using it, on a small but real set."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import spacy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from nlp import intents, pipeline
from nlp.engine import Engine
from nlp.entities.finder import EntityFinder
from nlp.entities.spec import EntitySpec
from nlp.errors import BadExamples, BrokenModel, NotTrained, StaleModel
from nlp.evaluation.evaluate import evaluate
from nlp.evaluation.page import page
from nlp.examples import ArticleText, Example, NeedExample, TrainingSet
from nlp.needs import CustomerFacts
from nlp.tone import ToneFinder
from nlp.training import train
from nlp.understanding import OUT_OF_SCOPE

ROOT = Path(__file__).parents[2]
NOW = datetime(2025, 1, 6, 9, tzinfo=UTC)
STRANGER = CustomerFacts()
TEXTS = {
    "track_order": {
        "en": "where is my order|has my parcel shipped yet|"
        "track my package|any news on my delivery|"
        "when will my order arrive|my parcel is still not here|what is the status of my order|"
        "it says out for delivery since monday",
        "zh": "我的订单到哪了|快递到哪里了|查一下物流|"
        "我的包裹怎么还没到|发货了吗|什么时候能收到我的快递|"
        "物流好几天没动了|订单现在什么状态",
    },
    "get_refund": {
        "en": "i want my money back|please refund me|"
        "can i get a refund for this lamp|refund my card|"
        "give me back what i paid|i would like to be reimbursed|how do i claim a refund|refund now",
        "zh": "我要退款|把钱退给我|能退钱吗|申请退款|"
        "退我钱|仅退款可以吗|麻烦给我办一下退款|钱什么时候能退给我",
    },
    "cancel_order": {
        "en": "cancel my order|i do not want it any more, cancel it|stop the order i placed|"
        "please cancel the purchase|can i still cancel|i ordered by mistake, cancel please|"
        "call off my order|cancel both of my orders",
        "zh": "取消订单|我不想要了,帮我取消|订单能取消吗|"
        "拍错了取消一下|撤销我的订单|把刚下的单取消掉|"
        "还没发货可以取消吗|取消昨天的订单",
    },
    "get_invoice": {
        "en": "send me the invoice|i need a receipt|"
        "where can i download my invoice|invoice please|"
        "can you issue an invoice for my company|email me the bill|"
        "i need a vat invoice|print the receipt",
        "zh": "帮我开发票|电子发票怎么下载|我要发票|开一张专票|"
        "发票发我邮箱|请开具公司抬头的发票|补开发票|发票呢",
    },
    "greet": {
        "en": "hi|hello|hey there|good morning|hello, anyone there|hi there|good evening|hey",
        "zh": "你好|您好|在吗|有人吗|早上好|哈喽|晚上好|嗨",
    },
    "thank": {
        "en": "thanks|thank you|thanks a lot|cheers|"
        "many thanks|ty|thank you so much|much appreciated",
        "zh": "谢谢|多谢|谢谢你|感谢|谢啦|非常感谢|辛苦了|太感谢了",
    },
    OUT_OF_SCOPE: {
        "en": "what is the weather today|tell me a joke|who won the game|write me a poem|"
        "how old is the moon|translate this into french|what should i cook tonight|sing a song",
        "zh": "今天天气怎么样|讲个笑话|谁赢了比赛|写一首诗|月亮多大了|晚上吃什么|唱首歌|股票会涨吗",
    },
}
NEEDS = {
    "track_order": "order_and_delivery",
    "cancel_order": "order_and_delivery",
    "get_refund": "returns_and_refunds",
    "get_invoice": "billing_and_payment",
    "greet": "other",
    "thank": "other",
}


def examples(*, inside):
    return tuple(
        Example(text=text, intent=intent, language=language)
        for intent, by_language in TEXTS.items()
        for language, texts in by_language.items()
        for text in texts.split("|")
        if (intent != OUT_OF_SCOPE) == inside
    )


def a_set(**changes):
    parts = {
        "examples": examples(inside=True),
        "out_of_scope": examples(inside=False),
        "entities": EntitySpec(order_patterns=(r"\b[A-Za-z]{2}\d{6}\b",)),
        "needs": (
            NeedExample(
                category="returns_and_refunds",
                language="en",
                turns=("hi", "the lamp came broken", "i want my money back"),
            ),
            NeedExample(category="order_and_delivery", language="zh", turns=("在吗", "快递还没到")),
        ),
        "intent_needs": NEEDS,
        "articles": (
            ArticleText(
                article_id="refunds",
                language="en",
                title="Refunds",
                questions=("when do I get my money back",),
                body="Five days after the goods are checked.",
                intents=("get_refund",),
            ),
        ),
        "tones": {"urgent": {"en": (r"\basap\b",), "zh": ("马上",)}},
    }
    return TrainingSet(**{**parts, **changes})


@pytest.fixture(scope="module")
def model_of_the_set():
    rows = [*a_set().examples, *a_set().out_of_scope]
    model, _ = intents.fit(
        [e.text for e in rows], [e.intent for e in rows], [e.language for e in rows]
    )
    return model


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("models") / "model"
    train(a_set(), place)
    return place


@pytest.fixture(scope="module")
def engine(folder):
    return Engine.load(folder, fingerprint=a_set().fingerprint())


@pytest.mark.parametrize(
    ("text", "language", "intent"),
    [
        ("hello, where is my order AB123456?", "en", "track_order"),
        ("please reimburse me", "en", "get_refund"),
        ("我的快递到哪了", "zh", "track_order"),
        ("想cancel一下我的订单", "zh", "cancel_order"),
        ("what is the weather today in paris", "en", None),
        ("😀", "en", None),
        ("   ", "en", None),
    ],
)
def test_messages_are_understood(engine, text, language, intent):
    seen = engine.understand(text, now=NOW)
    assert (seen.language, seen.intent) == (language, intent)
    assert seen.text == text
    assert seen.model_id == engine.model_id


def test_entities_and_tone_come_along(engine):
    seen = engine.understand("where is AB123456? i need it asap", now=NOW)
    assert [(e.type, e.value) for e in seen.entities] == [("order_number", "AB123456")]
    assert seen.tone.urgent


def test_two_requests_become_parts_with_their_own_offsets(engine):
    text = "where is my order AB123456? also please send me the invoice"
    seen = engine.understand(text, now=NOW)
    assert [p.intent for p in seen.parts] == ["track_order", "get_invoice"]
    (entity,) = seen.parts[0].entities
    assert seen.parts[0].text[entity.start : entity.end] == "AB123456"
    assert engine.understand(text, now=NOW, split=False).parts == ()


def test_a_greeting_is_not_a_request_of_its_own(engine):
    assert engine.understand("Hello! Where is my order?", now=NOW).parts == ()


@given(text=st.text(max_size=300))
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_ranking_is_a_distribution_over_all_intents(engine, text):
    seen = engine.understand(text, now=NOW)
    probabilities = [g.probability for g in seen.ranking]
    assert sorted(g.intent for g in seen.ranking) == list(engine.intents)
    assert probabilities == sorted(probabilities, reverse=True)
    assert sum(probabilities) == pytest.approx(1)
    assert 0 <= seen.out_of_scope <= 1
    assert seen.intent in (None, seen.ranking[0].intent)


@pytest.mark.parametrize(
    "text", ["a" * 100_000, "退" * 100_000, "refund! " * 12_000, "\x00\x1b", "a\ud800退"]
)
def test_abuse_is_survived(engine, text):
    assert engine.understand(text, now=NOW).text == text


@pytest.mark.parametrize(
    ("text", "intents"),
    [
        ("cancel my order AB123456 and send me the invoice", ["cancel_order", "get_invoice"]),
        ("帮我取消订单AB123456，再查一下BC654321到哪了", ["cancel_order", "track_order"]),
        (
            "where is my order AB123456 and where is my order BC654321",
            ["track_order", "track_order"],
        ),
        ("cancel my order and give me back what i paid", []),
        ("where is my order and where is my parcel", []),
        ("send me the invoice and the receipt", []),
    ],
)
def test_a_conjunction_parts_only_what_are_two_matters(engine, text, intents):
    parts = engine.understand(text, now=NOW).parts
    assert [p.intent for p in parts] == intents
    assert all(p.text in text for p in parts)


def test_a_part_finds_the_passages_of_its_own_intent(engine):
    seen = engine.understand("send me the invoice. also please refund me", now=NOW)
    part = seen.parts[1]
    assert engine.passages(part.text, "en", seen) == engine.passages(part.text, "en", part)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_request_in_a_long_letter_is_found(engine, language):
    story = {
        "en": "The moon is old and my cat sings in the garden. ",
        "zh": "今天院子里的猫唱了一首歌，月亮也很圆。",
    }[language]
    asked = {"en": "Where is my order? ", "zh": "我的快递到哪了？"}[language]
    text = 15 * story + asked + 3 * story
    assert engine.understand(text, now=NOW).intent == "track_order"
    assert engine.need([text], STRANGER, language).category == "order_and_delivery"


def test_no_vocabulary_grows_without_bound(engine, monkeypatch):
    monkeypatch.setattr(pipeline, "_MOST_WORDS", 200)
    for number in range(500):
        engine.understand(f"where is {number} of {number * 7919}", now=NOW)
    nlp = engine._pipelines["en"]
    assert len(nlp.tokenizer.vocab.strings) < 210
    assert len(nlp.vocab.strings) < 10


def test_the_pipeline_is_spacys(engine):
    text = "  where's my order\tAB123456?\n退货 ok"
    doc = engine._pipelines["en"](text)
    assert doc.text == text
    assert set(doc.cats) == set(engine.intents)
    assert [(e.label_, e.text) for e in doc.ents] == [("order_number", "AB123456")]


def test_needs_follow_the_conversation_to_its_end(engine):
    turns = ["hi", "where is my order", "forget it, i want my money back", "thanks"]
    need = engine.need(turns, STRANGER, "en")
    assert need.category == "returns_and_refunds"
    assert 0 < need.probability <= 1
    assert need.reasons[0].feature in ("intent:get_refund", "words")


def test_facts_decide_where_words_do_not(engine):
    returning = CustomerFacts(orders_total=1, order_states={"return_in_transit": 1})
    plain = engine.need(["hello"], STRANGER, "en")
    told = engine.need(["hello"], returning, "en")
    assert plain.category == "other"
    clear = engine.need(["send me the invoice"], returning, "en")
    assert clear.category == "billing_and_payment"
    assert told.probability < plain.probability


def test_passages_answer_from_the_articles(engine):
    seen = engine.understand("when do i get my money back", now=NOW)
    (passage, *_) = engine.passages(seen.text, "en", seen)
    assert passage.article_id == "refunds"
    assert engine.passages(seen.text, "en")[0].probability == pytest.approx(passage.probability)
    assert engine.passages("退款", "zh") == ()


def test_equal_sets_make_equal_files(folder, tmp_path):
    train(a_set(), tmp_path / "again")
    names = sorted(p.relative_to(folder) for p in folder.rglob("*") if p.is_file())
    for name in names:
        assert (folder / name).read_bytes() == (tmp_path / "again" / name).read_bytes(), name


def test_a_model_of_plain_examples_works(tmp_path):
    rows = [replace(e, language=None) for e in examples(inside=True)]
    report = train(TrainingSet.of_examples(rows), tmp_path / "plain")
    plain = Engine.load(tmp_path / "plain")
    assert report.model_id == plain.model_id
    assert plain.understand("where is my order", now=NOW).intent == "track_order"
    assert plain.need(["where is my order"], STRANGER) is None
    assert plain.passages("refund", "en") == ()


def test_one_class_is_not_enough(tmp_path):
    with pytest.raises(BadExamples, match="EX007"):
        train(TrainingSet(examples=(Example(text="a", intent="x"),)), tmp_path / "m")


def test_models_that_may_not_be_loaded(folder, tmp_path):
    with pytest.raises(NotTrained):
        Engine.load(tmp_path)
    with pytest.raises(StaleModel):
        Engine.load(folder, fingerprint="another")


def test_unreadable_parts_are_a_broken_model(tmp_path):
    place = tmp_path / "m"
    train(a_set(needs=(), intent_needs={}, articles=()), place)
    (place / "intents" / "weights.npy").write_bytes(b"")
    with pytest.raises(BrokenModel):
        Engine.load(place)


def test_evaluation_of_a_model_and_of_a_set(engine):
    held_out = evaluate(engine, [*examples(inside=True), *examples(inside=False)])
    assert held_out.accuracy > 0.8
    assert held_out.median_us > 0
    crossed = evaluate(a_set())
    assert crossed.method == "cross-validation"
    assert crossed.messages == len(a_set().examples) + len(a_set().out_of_scope)
    assert 0 < crossed.first_guess <= 1
    assert sum(sum(row.values()) for row in crossed.confusion.values()) == crossed.messages
    for language in ("en", "zh"):
        html = page(crossed, language)
        assert html.startswith("<!doctype html>")
        assert "get_refund" in html
        assert "http" not in html


def test_an_engine_needs_examples(engine):
    with pytest.raises(ValueError, match="examples"):
        evaluate(engine)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_pipeline_on_disk_is_the_pipeline(model_of_the_set, tmp_path, language):
    entities = EntityFinder(a_set().entities)
    made = pipeline.build(language, model_of_the_set, entities, ToneFinder(a_set().tones))
    made.to_disk(tmp_path / "pipeline")
    again = spacy.load(tmp_path / "pipeline")
    assert again.pipe_names == made.pipe_names
    for text in ("where is KD204518? asap", "KD204518到哪了,马上告诉我", "", "😀"):
        one, other = made(text), again(text)
        assert other.cats == one.cats
        assert [(e.label_, e.text) for e in other.ents] == [(e.label_, e.text) for e in one.ents]
        assert other.user_data[pipeline.TONE] == one.user_data[pipeline.TONE]


def test_a_pipeline_on_disk_is_found_by_who_knows_only_spacy(model_of_the_set, tmp_path):
    entities = EntityFinder(a_set().entities)
    made = pipeline.build("en", model_of_the_set, entities, ToneFinder(a_set().tones))
    made.to_disk(tmp_path / "pipeline")
    script = (
        "import spacy, sys; doc = spacy.load(sys.argv[1])('where is KD204518'); "
        "print(max(doc.cats, key=doc.cats.get), *doc.ents)"
    )
    ran = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", script, str(tmp_path / "pipeline")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == "track_order KD204518\n"


def test_equal_sets_make_equal_files_whatever_the_hash_seed(tmp_path):
    script = (
        "import sys; sys.path.insert(0, sys.argv[2]); from pathlib import Path; "
        "from nlp.training import train; from tests.integration.test_training import a_set; "
        "train(a_set(), Path(sys.argv[1]))"
    )
    for seed in ("1", "2"):
        subprocess.run(  # noqa: S603 - what is run stands above
            [sys.executable, "-c", script, tmp_path / seed, ROOT],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
        )
    names = [p.relative_to(tmp_path / "1") for p in (tmp_path / "1").rglob("*") if p.is_file()]
    assert len(names) > 5
    for name in names:
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes(), name
