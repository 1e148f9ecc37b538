"""Answers at once: articles, products, reports, a person."""

from datetime import date

import pytest
from msgspec.structs import replace

from bot.actions.outcome import Status
from bot.actions.products import FEW, MOST_RECOMMENDED
from bot.dialogue.replies import Replies
from nlp.knowledge import Passage
from tests.unit.bot.actions.conftest import LAMP, ZONE, FakeShop, keys


def a_passage(probability=0.9):
    return Passage(
        article_id="returns",
        title="Returns",
        text="Within thirty days.",
        probability=probability,
        language="en",
    )


def test_the_configurations_own_sentence_comes_first(act):
    outcome = act("answer", options={"reply": "greet"}, passages=(a_passage(),))
    assert (outcome.say[0].key, outcome.article) == ("greet", None)


@pytest.mark.parametrize(
    ("probability", "answered", "found"),
    [(0.9, True, True), (0.3, True, False), (0.05, False, False)],
)
def test_a_search_must_be_surer_than_an_answer(act, words, probability, answered, found):
    answer = act("answer", passages=(a_passage(probability),))
    assert keys(answer) == ["knowledge.answer" if answered else "knowledge.none"]
    search = act("search", passages=(a_passage(probability),))
    assert (search.status is Status.DONE) is found
    if found:
        assert search.article == "returns"
        assert "Within thirty days." in words.of(search)


def test_no_passage_at_all_leads_to_a_person(act):
    outcome = act("answer")
    assert [choice.value for choice in outcome.say[0].choices] == ["human"]
    assert act("search").status is Status.NOTHING


@pytest.mark.parametrize(
    ("language", "parts", "others"),
    [
        ("en", ("Brass Lamp", "$20.00", "White"), "白色"),
        ("zh", ("黄铜灯", "¥140.00", "白色"), "White"),
    ],
)
def test_a_product_is_told_in_the_customers_language(act, settings, language, parts, others):
    outcome = act("product_info", slots={"product": "lamp"}, language=language)
    said = Replies(settings.replies, ZONE).render(outcome.say[0], language, {"shop": ""}).text
    assert all(part in said for part in parts)
    assert others not in said


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ({"stock": FEW + 1}, "stock.yes"),
        ({"stock": FEW}, "stock.few"),
        ({"stock": 0}, "stock.no"),
        ({"stock": 0, "restock_on": date(2026, 4, 1)}, "stock.soon"),
    ],
)
def test_stock_is_told_by_how_much_there_is(act, more, key):
    shop = FakeShop.of(products=(replace(LAMP, **more),))
    assert keys(act("availability", shop=shop, slots={"product": "lamp"})) == [key]


@pytest.mark.parametrize("action", ["product_info", "availability"])
def test_an_unknown_product_is_looked_up_in_the_articles(act, action):
    assert keys(act(action, slots={"product": "yacht"})) == ["product.unknown"]
    found = act(action, slots={"product": "yacht"}, passages=(a_passage(),))
    assert keys(found) == ["knowledge.answer"]


def test_a_product_without_the_languages_currency_has_a_price_all_the_same(act, words):
    shop = FakeShop.of(products=(replace(LAMP, prices={"CNY": "140.00"}),))
    outcome = act("product_info", shop=shop, slots={"product": "lamp"}, language="en")
    assert "140" in words.of(outcome)


def test_the_best_stocked_are_recommended_with_buttons(act):
    lamps = tuple(replace(LAMP, id=f"lamp_{n}", stock=n) for n in range(6))
    outcome = act("recommend", shop=FakeShop.of(products=lamps), slots={"category": "lighting"})
    values = [choice.value for choice in outcome.say[0].choices]
    assert values == ["product:lamp_5", "product:lamp_4", "product:lamp_3"]
    assert len(values) == MOST_RECOMMENDED


def test_nothing_to_recommend_is_said(act):
    assert keys(act("recommend", slots={"category": "bedding"})) == ["recommend.none"]


@pytest.mark.parametrize("topic", ["complaint", "payment", "technical", "warranty"])
@pytest.mark.parametrize("hand_over", [False, True])
def test_a_report_is_a_ticket_without_the_customers_words(act, topic, hand_over):
    options = {"subject": "Matter", "topic": topic, "hand_over": hand_over}
    slots = {"details": "my neighbour eve@example.com stole it", "order": "AB123456"}
    outcome = act("report", slots=slots, options=options)
    assert keys(outcome) == [f"report.{topic}"]
    assert set(outcome.ticket.subject.values()) == {"Matter (AB123456)", "Matter（AB123456）"}
    assert outcome.ticket.hand_over is hand_over
    assert outcome.status is (Status.HAND_OVER if hand_over else Status.DONE)


def test_a_report_has_its_subject_in_each_language(act):
    named = {"en": "Complaint", "zh": "投诉"}
    options = {"subject": named, "topic": "complaint", "hand_over": False}
    assert act("report", options=options).ticket.subject == named
    found = act("report", slots={"order": "AB123456"}, options=options).ticket.subject
    assert found == {"en": "Complaint (AB123456)", "zh": "投诉（AB123456）"}
    unnamed = act("report", options={"topic": "complaint"}).ticket.subject
    assert unnamed == {"en": "Report", "zh": "问题反馈"}


def test_a_person_is_always_within_reach(act):
    outcome = act("hand_over")
    assert outcome.status is Status.HAND_OVER
    assert outcome.ticket.hand_over
