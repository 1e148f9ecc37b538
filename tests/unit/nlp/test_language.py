import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.language import detect
from nlp.understanding import LANGUAGES


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("where is my order", "en"),
        ("refund?", "en"),
        ("怎么退货", "zh"),
        ("退款", "zh"),
        ("想check一下order", "zh"),
        ("Hi 你好", "zh"),
        ("我的order到哪了", "zh"),
        ("我想check一下order status", "zh"),
        ("帮我看下 tracking number SF1234567890123", "zh"),
        ("Where is my 台灯 order", "en"),
        ("I want to buy 台灯 and 四件套, do you ship them", "en"),
        ("訂單在哪裡", "zh"),
        ("我の订单到哪了", "zh"),
        ("¿dónde está mi pedido?", "en"),
    ],
)
def test_the_words_decide(text, language):
    assert detect(text) == language


@pytest.mark.parametrize("text", ["ok", "AB123456", "😀", "12345", "", "  ", "OK!", "a@b.co", "?"])
@pytest.mark.parametrize("known", LANGUAGES)
def test_what_says_nothing_leaves_it_to_the_conversation_then_to_the_locale(text, known):
    assert detect(text, previous=known) == known
    assert detect(text, locale=known) == known
    assert detect(text) == "en"


@pytest.mark.parametrize("text", ["注文はどこですか", "где мой заказ", "주문 어디 있어요"])
def test_other_scripts_are_served_in_the_language_that_is_known(text):
    assert detect(text, locale="zh") == "zh"
    assert detect(text) == "en"


def test_a_name_does_not_turn_a_conversation():
    assert detect("Anna Lee", previous="zh") == "zh"
    assert detect("Desk Lamp", previous="zh") == "zh"
    assert detect("王小明", previous="en") == "en"


def test_a_sentence_does_turn_a_conversation():
    assert detect("where is my order", previous="zh") == "en"
    assert detect("我的订单呢", previous="en") == "zh"


@given(st.text(), st.sampled_from([None, *LANGUAGES]), st.sampled_from([None, *LANGUAGES]))
def test_any_text_has_a_language(text, previous, locale):
    assert detect(text, previous, locale) in LANGUAGES
