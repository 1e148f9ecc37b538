"""Putting things into words."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.dialogue.context import Option, Say
from bot.dialogue.replies import Money, Replies, Term
from crm_store.records import OrderState

TEXTS = {
    "en": {"it": "It is {it}.", "order_state.paid": "paid", "button": "Press {it}"},
    "zh": {"it": "是{it}。", "order_state.paid": "已付款", "button": "按{it}"},
}
REPLIES = Replies(TEXTS, ZoneInfo("Asia/Shanghai"))
NOON_UTC = datetime(2026, 3, 3, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "en", "zh"),
    [
        (Money(amount="1299.50", currency="USD"), "$1,299.50", "US$1,299.50"),
        (Money(amount="299", currency="CNY"), "CN¥299.00", "¥299.00"),
        (date(2026, 3, 3), "Mar 3", "3月3日"),
        (NOON_UTC, "Tue, Mar 3, 12:00", "3月3日周二 12:00"),
        (OrderState.PAID, "paid", "已付款"),
        (Term(key="order_state.paid"), "paid", "已付款"),
        (Term(key="carrier.dhl", default="DHL"), "DHL", "DHL"),
        ({"en": "lamp", "zh": "灯"}, "lamp", "灯"),
        (("a", "b"), "a, b", "a、b"),
        (12345, "12,345", "12,345"),
        (None, "", ""),
    ],
)
def test_values_are_put_into_the_words_of_the_language(value, en, zh):
    for language, expected in (("en", en), ("zh", zh)):
        rendered = REPLIES.render(Say(key="it", values={"it": value}), language, {})
        assert rendered.text == TEXTS[language]["it"].replace("{it}", expected)


@pytest.mark.parametrize("text", ["{it}", "{0.__class__}", "{shop}", "%s", "{{it}}"])
def test_a_customers_words_are_never_read_as_a_template(text):
    assert REPLIES.render(Say(key="it", values={"it": text}), "en", {}).text == f"It is {text}."


def test_buttons_are_labelled_in_the_language():
    say = Say(key="it", values={"it": "x"}, choices=(Option(value="v", key="button"),))
    rendered = REPLIES.render(say, "zh", {"it": "我"})
    assert [(choice.label, choice.value) for choice in rendered.choices] == [("按我", "v")]


def test_what_no_reply_can_say_is_an_error():
    with pytest.raises(TypeError):
        REPLIES.render(Say(key="it", values={"it": object()}), "en", {})
