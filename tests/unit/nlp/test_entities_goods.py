"""Quantities, people, cities, addresses and products: spans and values by the contract."""

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


# ruff: noqa: E501 - one case a line reads best
CASES = r"""
5 pieces => quantity:5 pieces=5
I need 5pcs => quantity:5pcs=5
a dozen eggs => quantity:a dozen=12
two dozen => quantity:two dozen=24
half a dozen => quantity:half a dozen=6
a pair of socks => quantity:a pair=1
two pairs of socks => quantity:two pairs=2
three boxes => quantity:three boxes=3
2 sets please => quantity:2 sets=2
one item is missing => quantity:one item=1
twenty-five units => quantity:twenty-five units=25
two of them => -
3 lamps => -
a box arrived => -
can you help => -
a box of candles => quantity:a box=1
one-stop shop => -
item 5 => -
the first pair => -
I have two questions => -
1.5 bottles => -
两件 => quantity:两件=2
买了三个 => quantity:三个=3
一双鞋 => quantity:一双=1
2件衣服 => quantity:2件=2
要十二个盘子 => quantity:十二个=12
一打鸡蛋 => quantity:一打=12
半打 => quantity:半打=6
５件 => quantity:５件=5
兩件 => quantity:兩件=2
两箱牛奶和三瓶酒 => quantity:两箱=2; quantity:三瓶=3
少了一件 => quantity:一件=1
一套餐具 => quantity:一套=1
三条毛巾 => quantity:三条=3
四把椅子 => quantity:四把=4
两张桌子 => quantity:两张=2
一个问题 => -
两个人 => -
等一下 => -
问一次 => -
一个月 => -
三个小时 => -
2个工作日 => -
一张发票 => -
一件事 => -
换一个 => -
另一个颜色 => -
十几件 => -
第二件半价 => -
一部分 => -
一起买 => -
一石二鸟 => -
三心二意 => -
一举两得 => -
三件套 => -
一对一服务 => -
99包邮 => -
两块香皂 => quantity:两块=2
四个订单 => -
3个优惠券 => -
一点 => -
My name is Anna Lee => person:Anna Lee=Anna Lee
my name's Tom Baker and I need help => person:Tom Baker=Tom Baker
my name is anna lee => person:anna lee=anna lee
I'm Tom Baker => person:Tom Baker=Tom Baker
I am Anna => person:Anna=Anna
This is Maria Gomez speaking => person:Maria Gomez=Maria Gomez
a parcel for Maria Gomez => person:Maria Gomez=Maria Gomez
Mr Smith called => person:Smith=Smith
Mrs. O'Neil is the recipient => person:O'Neil=O'Neil
Dr. Anna Lee => person:Anna Lee=Anna Lee
Recipient: Jean-Luc Picard => person:Jean-Luc Picard=Jean-Luc Picard
Name: José García => person:José García=José García
call me Ben => person:Ben=Ben
Best regards, Anna Lee => person:Anna Lee=Anna Lee
the order is under the name of Li Wei => person:Li Wei=Li Wei
It's for Anna Lee's birthday => person:Anna Lee=Anna Lee
I'm Sorry => -
I'm looking for a rug => -
I'm very angry => -
This is Ridiculous => -
I am Chinese => -
This is my third message => -
thanks for Black Friday => -
call me tomorrow => date:tomorrow=2026-03-05
call me back => -
my name is wrong on the invoice => -
我叫王小明 => person:王小明=王小明
我叫李雷，要退货 => person:李雷=李雷
我是李雷 => person:李雷=李雷
我是李雷，想查订单 => person:李雷=李雷
收件人张三 => person:张三=张三
收件人：张三丰，电话不变 => person:张三丰=张三丰
姓名：欧阳娜娜 => person:欧阳娜娜=欧阳娜娜
联系人陈静 => person:陈静=陈静
收件人改成刘洋 => person:刘洋=刘洋
寄给赵敏 => person:赵敏=赵敏
王小明先生 => person:王小明=王小明
张女士 => person:张=张
我的名字叫Tom Baker => person:Tom Baker=Tom Baker
收货人陳大文 => person:陳大文=陳大文
我是会员 => -
我是高级会员 => -
我是周一下的单 => date:周一=2026-03-02
我叫了快递 => -
我是成都的 => city:成都=成都
我是新用户 => -
姓名写错了 => -
关于女士鞋 => -
联系人工客服 => -
收件人写错了 => -
寄给我 => -
I live in Shanghai => city:Shanghai=Shanghai
ship to New York? => city:New York=New York
do you deliver to san francisco => city:san francisco=san francisco
delivery to Xi'an => city:Xi'an=Xi'an
in Austin, TX => city:Austin=Austin
I am reading it in Reading => city:Reading=Reading
that is nice => -
orange mobile => -
to California => -
in China => -
寄到上海要几天 => city:上海=上海
杭州市有店吗 => city:杭州市=杭州
从广州发到乌鲁木齐 => city:广州=广州; city:乌鲁木齐=乌鲁木齐
广东省深圳市 => city:深圳市=深圳
长春能送吗 => city:长春=长春
寄到纽约 => city:纽约=纽约
廣州有店嗎 => city:廣州=廣州
浙江省能送吗 => -
中国 => -
长沙发多少钱 => -
白银会员 => -
432 Hayes Street => address:432 Hayes Street=432 Hayes Street
ship to 432 Hayes Street, San Francisco, CA 94102 please => address:432 Hayes Street, San Francisco, CA 94102=432 Hayes Street, San Francisco, CA 94102
my new address is 120 Mercer St, Apt 4B, New York, NY 10012. => address:120 Mercer St, Apt 4B, New York, NY 10012=120 Mercer St, Apt 4B, New York, NY 10012
432 hayes street, san francisco => address:432 hayes street, san francisco=432 hayes street, san francisco
send it to 1600 Pennsylvania Ave NW, Washington, DC 20500 => address:1600 Pennsylvania Ave NW, Washington, DC 20500=1600 Pennsylvania Ave NW, Washington, DC 20500
5 minutes drive => -
3 days on the road => -
地址改成上海市静安区南京西路1266号3楼 => address:上海市静安区南京西路1266号3楼=上海市静安区南京西路1266号3楼
寄到北京市朝阳区三里屯路19号院2号楼301室 => address:北京市朝阳区三里屯路19号院2号楼301室=北京市朝阳区三里屯路19号院2号楼301室
广东省深圳市南山区深南大道9668号 => address:广东省深圳市南山区深南大道9668号=广东省深圳市南山区深南大道9668号
南京西路 1266 号 => address:南京西路 1266 号=南京西路 1266 号
我住在浙江省杭州市西湖区文三路90号东部软件园1号楼，麻烦改一下 => address:浙江省杭州市西湖区文三路90号东部软件园1号楼=浙江省杭州市西湖区文三路90号东部软件园1号楼
地址是成都市武侯区人民南路四段11号 => address:成都市武侯区人民南路四段11号=成都市武侯区人民南路四段11号
在南京路 => -
这个小区进不去 => -
I want a desk lamp => product:desk lamp=desk-lamp
two Aurora desk lamps => product:Aurora desk lamps=desk-lamp
desk lmap => product:desk lmap=desk-lamp
oak floor lanp => product:oak floor lanp=floor-lamp
the desklamp => product:desklamp=desk-lamp
my matress => product:matress=mattress
is the pilow soft => product:pilow=pillow
a lamp => -
I was charged twice => -
the floor is wet => -
3-piece cookware set => product:3-piece cookware set=cookware
台灯坏了 => product:台灯=desk-lamp
极光台灯有货吗 => product:极光台灯=desk-lamp
台登坏了 => product:台登=desk-lamp
橡木落地登 => product:橡木落地登=floor-lamp
两个马克杯 => quantity:两个=2; product:马克杯=mug
想买desk lamp => product:desk lamp=desk-lamp
橡木餐桌 => -
三件套锅具 => product:三件套锅具=cookware
they call me josh => person:josh=josh
I need to change my name since I got married => -
my wife Anna ordered it => person:Anna=Anna
张伟 13800138000 => person:张伟=张伟; phone:13800138000=+8613800138000
请寄给我妈妈王秀英 => person:王秀英=王秀英
我是路痴 => -
给我推荐一个吧 => -
找一个评分高的 => -
推荐一个台灯 => quantity:一个=1; product:台灯=desk-lamp
杯子碎了两个 => quantity:两个=2
第一件 => -
Paris is nice in May => city:Paris=Paris; date:May=2026-05
tell me about the deck lamp => product:deck lamp=desk-lamp
I will share the link => -
oak flour lamp => -
改寄到深圳市南山区科技园南区R2-B栋 => address:深圳市南山区科技园南区R2-B栋=深圳市南山区科技园南区R2-B栋
1266 West Nanjing Road, Jing'an District, Shanghai 200040 => address:1266 West Nanjing Road, Jing'an District, Shanghai 200040=1266 West Nanjing Road, Jing'an District, Shanghai 200040
a €1 fee => money:€1=1 EUR
a pound charge => -
"""


@pytest.mark.parametrize(("text", "expected"), _cases(CASES))
def test_it_finds_exactly_this(text: str, expected: list[str]) -> None:
    assert _found(text) == expected
