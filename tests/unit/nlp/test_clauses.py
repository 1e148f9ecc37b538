import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.clauses import candidates


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
