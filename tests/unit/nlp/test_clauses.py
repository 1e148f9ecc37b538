import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.clauses import candidates, pairs, sentences


def parts(text):
    return [text[c.start : c.end] for c in candidates(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Where is my order? Also I want an invoice", ["Where is my order?", "I want an invoice"]),
        ("cancel my order and also change my password", ["cancel my order", "change my password"]),
        ("帮我查订单，另外我要开发票", ["帮我查订单", "我要开发票"]),
        ("怎么退货？发票怎么开", ["怎么退货？", "发票怎么开"]),
        (
            "how do I return it and can you send the invoice",
            ["how do I return it", "can you send the invoice"],
        ),
    ],
)
def test_separate_requests_are_cut(text, expected):
    assert parts(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "where is my order",
        "The lamp came broken. I want my money back.",
        "",
        "ok. thanks.",
        "你好，在吗",
        "can i add one more thing to my order",
        "is paying by points plus card allowed",
        "账户里还有200积分，可以注销",
        "我要投诉的话我另外说",
        "不换货，请给我修",
        "my name is Ann and can you send it",
    ],
)
def test_one_request_with_its_story_stays_whole(text):
    assert parts(text) == []


@given(st.text(alphabet="ab? .,，。also另外请", max_size=60))
def test_parts_are_in_order_and_do_not_overlap(text):
    end = 0
    for clause in candidates(text):
        assert end <= clause.start < clause.end <= len(text)
        end = clause.end


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "cancel BK316409 and send me the invoice",
            ("cancel BK316409", "send me the invoice"),
        ),
        ("帮我取消LN405127，再查一下LV930415到哪了", ("帮我取消LN405127", "查一下LV930415到哪了")),
        ("请取消订单然后帮我开发票", ("请取消订单", "帮我开发票")),
    ],
)
def test_a_conjunction_before_a_request_is_a_joint(text, expected):
    ((left, right),) = pairs(text)
    assert (text[left.start : left.end], text[right.start : right.end]) == expected


@pytest.mark.parametrize(
    "text",
    [
        "do you have it in black and white",
        "is the lamp and the shade in stock",
        "I ordered a lamp and it arrived broken",
        "我想再便宜一点",
        "",
    ],
)
def test_other_conjunctions_join_words(text):
    assert pairs(text) == ()


def test_only_very_long_messages_have_sentences():
    assert sentences("One. Two. Three. Four.") == ()
    text = "It is 3.5 m. Two! Three? 四。五；six"
    found = [text[s.start : s.end] for s in sentences(text)]
    assert found == ["It is 3.5 m", "Two", "Three?", "四", "五", "six"]
    assert len(sentences("a " * 201)) == 1
