"""Order and tracking numbers, e-mail, telephone, money: spans and values by the contract."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from nlp.entities.finder import CatalogueEntry, EntityFinder, EntitySpec

if TYPE_CHECKING:
    from nlp.understanding import Entity

NOW = datetime(2026, 3, 4, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
"""A Wednesday."""

FINDER = EntityFinder(
    EntitySpec(
        order_patterns=(
            r"(?i)\b[A-Z]{2}\d{6}\b",
            r"\b\d{13}\b",
            r"#\d{5}\b",
            r"(?i)\bORD-(?:19|20)\d{2}-\d{4}\b",
        ),
        tracking_patterns=(r"(?i)\b(?:SF|YT) ?\d{13}\b", r"(?i)\b1Z[0-9A-Z]{16}\b"),
        products=(
            CatalogueEntry(
                id="desk-lamp", names=("desk lamp", "Aurora desk lamp", "台灯", "极光台灯")
            ),
            CatalogueEntry(id="floor-lamp", names=("oak floor lamp", "橡木落地灯", "落地灯")),
            CatalogueEntry(id="mug", names=("ceramic mug", "陶瓷马克杯", "马克杯")),
            CatalogueEntry(id="cookware", names=("3-piece cookware set", "三件套锅具")),
            CatalogueEntry(
                id="pillow", names=("memory foam pillow", "pillow", "记忆棉枕头", "枕头")
            ),
            CatalogueEntry(id="mattress", names=("mattress", "床垫")),
            CatalogueEntry(id="charger", names=("wireless charger", "无线充电器")),
            CatalogueEntry(id="curtains", names=("blackout curtains", "遮光窗帘")),
        ),
    )
)


def _written(entity: Entity) -> str:
    value = entity.value
    shown = f"{value['amount']} {value['currency']}" if isinstance(value, dict) else value
    return f"{entity.type}:{entity.text}={shown}"


def _cases(block: str) -> list[tuple[str, list[str]]]:
    """Read lines of the form `text => type:span=value; ...`, or `text => -` for nothing."""
    cases = []
    for line in filter(None, map(str.strip, block.splitlines())):
        text, expected = line.split(" => ")
        cases.append((text, [] if expected == "-" else expected.split("; ")))
    return cases


def _found(text: str) -> list[str]:
    chinese = any("\u4e00" <= c <= "\u9fff" for c in text)
    return [_written(e) for e in FINDER.find(text, "zh" if chinese else "en", NOW)]


CASES = r"""
Where is my order AB123456? => order_number:AB123456=AB123456
order no. ab123456 please => order_number:ab123456=AB123456
订单AB123456到哪了 => order_number:AB123456=AB123456
单号：ＡＢ１２３４５６，帮我查 => order_number:ＡＢ１２３４５６=AB123456
XAB1234567 is not one => -
AB1234567 has seven digits => -
my order #10442 is late => order_number:#10442=#10442
订单号#10442没收到 => order_number:#10442=#10442
#104423 is too long => -
order 2025030412345 has not arrived => order_number:2025030412345=2025030412345
订单号1234567890123 => order_number:1234567890123=1234567890123
12345678901234 => -
ord-2025-0042 was cancelled => order_number:ord-2025-0042=ORD-2025-0042
Is ORD-2026-1234 shipped? => order_number:ORD-2026-1234=ORD-2026-1234
orders AB123456 and CD654321 => order_number:AB123456=AB123456; order_number:CD654321=CD654321
AB123456's status => order_number:AB123456=AB123456
my_AB123456 file => -
SF1234567890123 where is it => tracking_number:SF1234567890123=SF1234567890123
快递单号sf1234567890123 => tracking_number:sf1234567890123=SF1234567890123
圆通YT1234567890123到哪了 => tracking_number:YT1234567890123=YT1234567890123
UPS 1Z999AA10123456784 stuck => tracking_number:1Z999AA10123456784=1Z999AA10123456784
1z999aa10123456784 => tracking_number:1z999aa10123456784=1Z999AA10123456784
SF 1234567890123 => tracking_number:SF 1234567890123=SF1234567890123
mail Anna.Lee@Example.COM please => email:Anna.Lee@Example.COM=anna.lee@example.com
我的邮箱是tom_b@mail.example.cn谢谢 => email:tom_b@mail.example.cn=tom_b@mail.example.cn
write to a.b+c@sub.example.co.uk. => email:a.b+c@sub.example.co.uk=a.b+c@sub.example.co.uk
AB123456@example.com => email:AB123456@example.com=ab123456@example.com
邮箱：ｔｏｍ＠example.com => email:ｔｏｍ＠example.com=tom@example.com
meet @ the shop => -
tom@localhost => -
call me at (415) 555-0188 => phone:(415) 555-0188=+14155550188
my number is +1 (415) 555-0188. => phone:+1 (415) 555-0188=+14155550188
415-555-0188 => phone:415-555-0188=+14155550188
415.555.0188 works => phone:415.555.0188=+14155550188
reach me on 4155550188 => phone:4155550188=+14155550188
1-800-555-0199 => phone:1-800-555-0199=+18005550199
(555) 123-4567 => phone:(555) 123-4567=+15551234567
手机13812345678 => phone:13812345678=+8613812345678
电话138 1234 5678，谢谢 => phone:138 1234 5678=+8613812345678
电话：138-1234-5678 => phone:138-1234-5678=+8613812345678
我的号码是１３８１２３４５６７８ => phone:１３８１２３４５６７８=+8613812345678
打+8613812345678 => phone:+8613812345678=+8613812345678
+86 21 5555 0188 => phone:+86 21 5555 0188=+862155550188
座机021-55550188 => phone:021-55550188=+862155550188
座机(021)55550188 => phone:(021)55550188=+862155550188
010-12345678打不通 => phone:010-12345678=+861012345678
客服400-820-8820 => phone:400-820-8820=+864008208820
call +44 20 7946 0958 => phone:+44 20 7946 0958=+442079460958
打我手机13812345678或发a@b.com => phone:13812345678=+8613812345678; email:a@b.com=a@b.com
card 4111 1111 1111 1111 => -
身份证110101199003078888 => -
error 404 and code 500123 => -
验证码是839201 => -
see https://shop.example/orders/AB123456?d=2025-03-04 => -
version 3.11.4 crashes => -
error code E1042 => -
ref 2025-03-04-77 => -
这个多少钱199 => -
一百九十九元 => money:一百九十九元=199 CNY
it cost $20 => money:$20=20 USD
I paid $1,299.00 => money:$1,299.00=1299.00 USD
$199.50 was charged twice => money:$199.50=199.50 USD
20 dollars => money:20 dollars=20 USD
a 20-dollar coupon => money:20-dollar=20 USD
20 bucks off? => money:20 bucks=20 USD
USD 20 => money:USD 20=20 USD
20 USD please => money:20 USD=20 USD
20usd => money:20usd=20 USD
CNY 199 => money:CNY 199=199 CNY
RMB 199 => money:RMB 199=199 CNY
RMB199 => money:RMB199=199 CNY
€15 => money:€15=15 EUR
15€ => money:15€=15 EUR
15 euros => money:15 euros=15 EUR
£9.99 => money:£9.99=9.99 GBP
HK$200 => money:HK$200=200 HKD
US$ 45.00 => money:US$ 45.00=45.00 USD
twenty dollars => money:twenty dollars=20 USD
twenty-five dollars and fifty cents => money:twenty-five dollars and fifty cents=25.5 USD
a hundred bucks => money:a hundred bucks=100 USD
two hundred and fifty dollars => money:two hundred and fifty dollars=250 USD
$1.5k budget => money:$1.5k=1500 USD
50 cents => money:50 cents=0.5 USD
199 yuan => money:199 yuan=199 CNY
¥199 => money:¥199=199 CNY
It's $20. => money:$20=20 USD
it weighs 20 pounds => -
20 pounds was charged => money:20 pounds=20 GBP
100% cotton => -
10% off => -
￥199什么时候退 => money:￥199=199 CNY
199元 => money:199元=199 CNY
退我199块 => money:199块=199 CNY
199块5 => money:199块5=199.5 CNY
199块钱 => money:199块钱=199 CNY
三块五 => money:三块五=3.5 CNY
九块九包邮 => money:九块九=9.9 CNY
9.9元包邮 => money:9.9元=9.9 CNY
两百块 => money:两百块=200 CNY
一千二百元 => money:一千二百元=1200 CNY
一万两千元 => money:一万两千元=12000 CNY
3万块 => money:3万块=30000 CNY
花了1.2万 => money:1.2万=12000 CNY
1.2万元 => money:1.2万元=12000 CNY
两万三千块钱 => money:两万三千块钱=23000 CNY
５９９元 => money:５９９元=599 CNY
RMB 88可以吗 => money:RMB 88=88 CNY
人民币199元 => money:人民币199元=199 CNY
100美元 => money:100美元=100 USD
50欧元 => money:50欧元=50 EUR
300港币 => money:300港币=300 HKD
5毛 => money:5毛=0.5 CNY
1,299元 => money:1,299元=1299 CNY
运费12元，券50元 => money:12元=12 CNY; money:50元=50 CNY
$49以上包邮吗 => money:$49=49 USD
199塊 => money:199塊=199 CNY
十几块钱 => -
几百块 => -
第三单元 => -
元旦快乐 => -
一块去吧 => -
积分有1.2万人用 => -
8折 => -
"""


@pytest.mark.parametrize(("text", "expected"), _cases(CASES))
def test_it_finds_exactly_this(text: str, expected: list[str]) -> None:
    assert _found(text) == expected
