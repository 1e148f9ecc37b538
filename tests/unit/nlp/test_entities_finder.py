"""What holds for every text: spans, order, determinism, offsets, time; and the JSON round-trip."""

from __future__ import annotations

import json
import re
import time
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.entities.finder import CatalogueEntry, EntityFinder, EntitySpec

if TYPE_CHECKING:
    from nlp.understanding import Language

NOW = datetime(2026, 3, 4, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))

SPEC = EntitySpec(
    order_patterns=(r"(?i)\b[A-Z]{2}\d{6}\b", r"\b\d{13}\b", r"#\d{5}\b"),
    tracking_patterns=(r"(?i)\b(?:SF|YT)\d{13}\b",),
    products=(
        CatalogueEntry(id="desk-lamp", names=("desk lamp", "台灯")),
        CatalogueEntry(id="floor-lamp", names=("oak floor lamp", "橡木落地灯")),
    ),
    cities=(CatalogueEntry(id="lumen", names=("Lumenville", "木光城")),),
)
FINDER = EntityFinder(SPEC)

# ruff: noqa: E501 - pieces of text
_PIECES = st.sampled_from(
    re.split(
        r"\s+",
        """AB123456 #12345 1234567890123 SF1234567890123 tom@x.com (415) 555-0188 13812345678 $20 199元
        3万块 两件 a dozen tomorrow at 3pm 下周三 三点半 3/4 2025-03-04 March 5th of the in ago 两天 前
        后 号 点 半 块 5 , . : - / @ # ¥ my name is Anna Lee 我叫 王小明 上海市 静安区 南京西路 1266号 432
        Hayes Street CA 94102 desk lmap 台登 橡木落地登 一 十 百 万 next last Friday 周 星期 一下 noon
        quarter past 个 双 \u200b ９ Ａ 兩 🙂 İ""",
    )
)
_TEXTS = st.one_of(
    st.text(max_size=80),
    st.lists(_PIECES, max_size=12).map(" ".join),
    st.lists(_PIECES, max_size=12).map("".join),
)
_LANGUAGES: st.SearchStrategy[Language] = st.sampled_from(("en", "zh"))
_MOMENTS = st.datetimes(timezones=st.just(timezone(timedelta(hours=8))))


@settings(max_examples=600, deadline=None)
@given(text=_TEXTS, language=_LANGUAGES, now=st.one_of(st.just(NOW), _MOMENTS))
def test_spans_slice_back_never_overlap_and_are_the_same_twice(
    text: str, language: Language, now: datetime
) -> None:
    entities = FINDER.find(text, language, now)
    assert entities == FINDER.find(text, language, now)
    reached = 0
    for entity in entities:
        assert entity.text == text[entity.start : entity.end]
        assert reached <= entity.start < entity.end
        reached = entity.end


@pytest.mark.parametrize(
    "text",
    [
        "a" * 4000,
        "1" * 4000,
        "1 " * 2000,
        "1," * 2000,
        "1-" * 2000,
        "(" * 4000,
        "+1 " * 1333,
        "a@" * 2000,
        "a." * 2000,
        "one " * 1000,
        "twenty-" * 571,
        "一" * 4000,
        "一百" * 2000,
        "路" * 4000,
        "上海市" * 1333,
        "南京西路" * 1000,
        "我是王" * 1333,
        "周一" * 2000,
        "Aa " * 1333,
        "1 Aa " * 800,
        "Anna " * 800,
        "for Anna " * 444,
        "432 hayes street " * 235,
        "March 5th " * 400,
        "tomorrow at 3pm " * 250,
        "AB123456 " * 444,
        "(415) 555-0188 " * 266,
        "13812345678，" * 333,
        "两件台灯" * 1000,
        "199元，" * 800,
        "desk lmap " * 400,
        " " * 4000,
        "Monday " * 571,
        "区路" * 2000,
        "王先生" * 1333,
        "I ordered a lamp last Friday and it never came. " * 83,
        "我上周五下的单，收货地址是上海市静安区南京西路1266号，到现在还没到。" * 120,
    ],
)
def test_a_long_text_costs_no_more_than_it_should(text: str) -> None:
    best = 1.0
    for _ in range(3):
        begin = time.perf_counter()
        FINDER.find(text[:4000], "zh", NOW)
        best = min(best, time.perf_counter() - begin)
    # Measured: 25 ms at most on a quiet machine. Test machines are slow and shared; quadratic time
    # would show as seconds.
    assert best < 0.5


def test_zero_width_characters_shift_nothing() -> None:
    (entity,) = FINDER.find("订单\u200bAB12\u200b3456到哪了", "zh", NOW)
    assert entity.value == "AB123456"
    assert (entity.start, entity.end) == (3, 12)


def test_emoji_count_one_character() -> None:
    (entity,) = FINDER.find("🙂🙂 AB123456", "en", NOW)
    assert (entity.start, entity.end) == (3, 11)


def test_language_decides_what_is_not_said() -> None:
    def value(text: str, language: Language) -> object:
        return FINDER.find(text, language, NOW)[0].value

    assert value("13812345678", "en") == "+8613812345678"
    assert value("4155550188", "en") == "+14155550188"


def test_further_cities_come_from_the_configuration() -> None:
    (entity,) = FINDER.find("is there a shop in Lumenville?", "en", NOW)
    assert (entity.type, entity.value) == ("city", "Lumenville")
    (entity,) = FINDER.find("木光城市有店吗", "zh", NOW)
    assert (entity.text, entity.value) == ("木光城市", "木光城")


def test_the_clock_of_the_customer_decides() -> None:
    new_york = datetime(2026, 3, 4, 22, 0, tzinfo=ZoneInfo("America/New_York"))
    (today,) = FINDER.find("today", "en", new_york)
    assert today.value == "2026-03-04"
    (moment,) = FINDER.find("next Monday at 3pm", "en", new_york)
    # Summer time began on the Sunday between.
    assert moment.value == "2026-03-09T15:00:00-04:00"


def test_a_weekday_at_a_later_hour_may_be_today() -> None:
    assert FINDER.find("on Wednesday at 5pm", "en", NOW)[0].value == "2026-03-04T17:00:00+08:00"
    assert FINDER.find("on Wednesday at 9am", "en", NOW)[0].value == "2026-03-11T09:00:00+08:00"
    assert FINDER.find("on Wednesday", "en", NOW)[0].value == "2026-03-11"


def test_last_weekday_belongs_to_last_week() -> None:
    saturday = datetime(2026, 3, 7, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert FINDER.find("last Friday", "en", saturday)[0].value == "2026-02-27"
    assert FINDER.find("上周五", "zh", saturday)[0].value == "2026-02-27"
    sunday = saturday + timedelta(days=1)
    assert FINDER.find("next Monday", "en", sunday)[0].value == "2026-03-09"
    assert FINDER.find("下周一", "zh", sunday)[0].value == "2026-03-09"


def test_the_specification_survives_json() -> None:
    written = json.dumps(SPEC.to_json(), ensure_ascii=False)
    again = EntitySpec.from_json(json.loads(written))
    assert again.to_json() == SPEC.to_json()
    assert again.products == SPEC.products
    assert EntityFinder(again).find("AB123456 台灯", "zh", NOW) == FINDER.find(
        "AB123456 台灯", "zh", NOW
    )


def test_an_empty_specification_still_finds_the_rest() -> None:
    finder = EntityFinder(EntitySpec())
    assert [e.type for e in finder.find("AB123456 costs $20", "en", NOW)] == ["money"]
    assert finder.find("", "en", NOW) == ()
