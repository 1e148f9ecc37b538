"""What stands on cards: the shop's own data, in the customer's language."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from bot.actions.cards import MOST_LINES, card, goods_on
from bot.dialogue.context import CardOf
from bot.dialogue.replies import Replies
from crm_store.records import OrderLine
from tests.unit.bot.actions.conftest import LAMP, ZONE, an_order


@pytest.fixture(scope="module")
def draw(settings):
    replies = Replies(settings.replies, ZONE)

    def run(of, language="en", value=None, goods=(LAMP,)):
        return card(CardOf(of=of, value=value), {p.id: p for p in goods}, replies, language)

    return run


@pytest.mark.parametrize(
    ("language", "title", "badge", "line", "total"),
    [
        ("en", "Order AB123456", "packing", "Brass Lamp ×2", "$40.00"),
        ("zh", "订单AB123456", "打包中", "黄铜灯 ×2", "US$40.00"),
    ],
)
def test_an_order_shows_state_goods_day_and_total(draw, language, title, badge, line, total):
    lines = (OrderLine(product_id="lamp", quantity=2, price="20.00"),)
    order = an_order(state="packing", lines=lines, total="40.00")
    drawn = draw(order, language, value="slot:order=AB123456")
    assert (drawn.kind, drawn.title, drawn.badge) == ("order", title, badge)
    assert drawn.lines == (line,)
    assert total in drawn.note
    assert (drawn.url, drawn.value) == (None, "slot:order=AB123456")


def test_a_large_order_shows_its_first_goods_and_how_many_more(draw):
    lines = tuple(OrderLine(product_id=f"p{n}", quantity=n + 1, price="1") for n in range(9))
    order = an_order(lines=lines)
    drawn = draw(order, goods=())
    assert drawn.lines == ("p0 ×1", "p1 ×2", "p2 ×3", "and 6 more")
    assert goods_on([CardOf(of=order), CardOf(of=LAMP)]) == {f"p{n}" for n in range(MOST_LINES)}


def test_an_order_has_the_first_picture_of_its_goods(draw):
    lines = (
        OrderLine(product_id="gone", quantity=1, price="1"),
        OrderLine(product_id="lamp", quantity=1, price="1"),
    )
    assert draw(an_order(lines=lines), goods=(replace(LAMP, picture="💡"),)).picture == "💡"
    assert draw(an_order(lines=lines)).picture is None


@pytest.mark.parametrize(
    ("stock", "restock", "en", "zh"),
    [
        (64, None, "In stock", "有货"),
        (5, None, "Only 5 left", "仅剩5件"),
        (0, date(2026, 12, 3), "Expected Dec 3", "预计12月3日到货"),
        (0, None, "Sold out", "已售罄"),
    ],
)
def test_a_product_shows_whether_it_can_be_had(draw, stock, restock, en, zh):
    product = replace(LAMP, stock=stock, restock_on=restock, url="https://shop.example/lamp")
    assert (draw(product, "en").badge, draw(product, "zh").badge) == (en, zh)
    drawn = draw(product, "zh", value="product:lamp")
    assert (drawn.kind, drawn.title, drawn.note) == ("product", "黄铜灯", "¥140.00")
    assert drawn.lines == (LAMP.description["zh"],)
    assert (drawn.url, drawn.value) == ("https://shop.example/lamp", "product:lamp")


def test_what_is_recommended_told_or_tracked_has_cards(act):
    recommended = act("recommend", slots={"category": "lighting"}).say[0]
    assert recommended.cards
    assert [c.value for c in recommended.cards] == [c.value for c in recommended.choices]
    for action in ("product_info", "availability"):
        (told,) = act(action, slots={"product": "lamp"}).say
        assert told.cards == (CardOf(of=LAMP),)
    (missing,) = act("product_info", slots={"product": "nothing"}).say
    assert missing.cards == ()
