"""Days, months and clock times: spans and values by the contract."""

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
Can it come today? => date:today=2026-03-04
tomorrow is fine => date:tomorrow=2026-03-05
it came yesterday => date:yesterday=2026-03-03
the day after tomorrow => date:the day after tomorrow=2026-03-06
the day before yesterday => date:the day before yesterday=2026-03-02
I ordered last Friday => date:last Friday=2026-02-27
next Monday please => date:next Monday=2026-03-09
this Friday => date:this Friday=2026-03-06
deliver on Monday => date:Monday=2026-03-09
it arrived on Monday => date:Monday=2026-03-02
It was supposed to arrive on Monday => date:Monday=2026-03-02
Will it arrive on Monday? => date:Monday=2026-03-09
can it be delivered on Monday => date:Monday=2026-03-09
I've been waiting since Monday => date:Monday=2026-03-02
my order from Monday => date:Monday=2026-03-02
On Monday I ordered a rug => date:Monday=2026-03-02
I ordered a rug, can you deliver it on Friday? => date:Friday=2026-03-06
has been delivered on Tuesday => date:Tuesday=2026-03-03
Friday next week => date:Friday next week=2026-03-13
on Sundays => -
every Monday => -
the cat sat on it => -
the 5th => date:the 5th=2026-03-05
on the 5th of April => date:the 5th of April=2026-04-05
by the 15th please => date:the 15th=2026-03-15
delivered on the 2nd => date:the 2nd=2026-03-02
the 5th time I ask => -
the 2nd item is broken => -
March 5th => date:March 5th=2026-03-05
on March 5, 2025 => date:March 5, 2025=2025-03-05
5 March 2025 => date:5 March 2025=2025-03-05
the 5th of March => date:the 5th of March=2026-03-05
Feb 3 => date:Feb 3=2027-02-03
I bought it on Feb 3 => date:Feb 3=2026-02-03
on January 15th it was sent => date:January 15th=2026-01-15
Friday, March 6th => date:Friday, March 6th=2026-03-06
in March => date:March=2026-03
in April 2027 => date:April 2027=2027-04
I bought it in January => date:January=2026-01
last month => date:last month=2026-02
next month => date:next month=2026-04
this month => date:this month=2026-03
May I return it? => -
it may arrive late => -
May 5 => date:May 5=2026-05-05
in May => date:May=2026-05
march on => -
two days ago => date:two days ago=2026-03-02
3 days ago => date:3 days ago=2026-03-01
a week ago => date:a week ago=2026-02-25
in a week => date:in a week=2026-03-11
in 3 days => date:in 3 days=2026-03-07
in two weeks => date:in two weeks=2026-03-18
3 days from now => date:3 days from now=2026-03-07
for 3 days => -
within 3 days => -
it takes 3 days => -
3-5 working days => -
in 3-5 days => -
two weeks warranty => -
30 days return => -
2025-03-04 => date:2025-03-04=2025-03-04
on 2025/3/4 => date:2025/3/4=2025-03-04
on 3/9 => date:3/9=2026-03-09
3/4/2025 => date:3/4/2025=2025-03-04
03/04/25 => date:03/04/25=2025-03-04
25/12/2025 => date:25/12/2025=2025-12-25
12/24 is too late => date:12/24=2026-12-24
open 24/7 => -
1/2 price => -
3/4 of my order => -
4/5 stars => -
by Christmas => date:Christmas=2026-12-25
2025-02-30 => -
iPhone 15 => -
size XL 42 => -
什么时候到，今天吗 => date:今天=2026-03-04
明天能到吗 => date:明天=2026-03-05
昨天收到的 => date:昨天=2026-03-03
后天 => date:后天=2026-03-06
大后天送 => date:大后天=2026-03-07
前天下的单 => date:前天=2026-03-02
大前天 => date:大前天=2026-03-01
今晚能送吗 => date:今晚=2026-03-04
下周三送来 => date:下周三=2026-03-11
上周五买的 => date:上周五=2026-02-27
上上周五 => date:上上周五=2026-02-20
下个星期一 => date:下个星期一=2026-03-09
这周五 => date:这周五=2026-03-06
本周日 => date:本周日=2026-03-08
周五能到吗 => date:周五=2026-03-06
周一下的单怎么还没发 => date:周一=2026-03-02
周一能送吗 => date:周一=2026-03-09
星期二收到了 => date:星期二=2026-03-03
礼拜六送货 => date:礼拜六=2026-03-07
星期天可以安装吗 => date:星期天=2026-03-08
一周一次 => -
每周一 => -
这周一直没收到 => -
上周一共买了 => -
本月15号 => date:本月15号=2026-03-15
下个月3号 => date:下个月3号=2026-04-03
上月20日 => date:上月20日=2026-02-20
上个月 => date:上个月=2026-02
下个月 => date:下个月=2026-04
这个月 => date:这个月=2026-03
3月5日 => date:3月5日=2026-03-05
3月5号送 => date:3月5号=2026-03-05
十一月十一日 => date:十一月十一日=2026-11-11
2025年3月4日 => date:2025年3月4日=2025-03-04
２０２５年３月４日 => date:２０２５年３月４日=2025-03-04
二〇二五年三月四日 => date:二〇二五年三月四日=2025-03-04
去年12月 => date:去年12月=2025-12
2025年3月 => date:2025年3月=2025-03
明年1月3日 => date:明年1月3日=2027-01-03
3月份 => date:3月份=2026-03
2月3号买的 => date:2月3号=2026-02-03
1月下的单 => date:1月=2026-01
15号能到吗 => date:15号=2026-03-15
十五号之前 => date:十五号=2026-03-15
2号收到的 => date:2号=2026-03-02
双十一有活动吗 => date:双十一=2026-11-11
双11买的 => date:双11=2025-11-11
三天前 => date:三天前=2026-03-01
3天前买的 => date:3天前=2026-03-01
两周前 => date:两周前=2026-02-18
一个月前 => date:一个月前=2026-02-04
三天后 => date:三天后=2026-03-07
两周后送 => date:两周后=2026-03-18
收到3天后坏了 => -
3天内 => -
两周内 => -
7天无理由退货 => -
3个月保修 => -
等了三天 => -
5号楼 => -
5号电池 => -
3/9能到吗 => date:3/9=2026-03-09
2025-03-04买的 => date:2025-03-04=2025-03-04
42码 => -
第3天 => -
at 3pm => time:3pm=2026-03-04T15:00:00+08:00
9:30am => time:9:30am=2026-03-05T09:30:00+08:00
15:30 => time:15:30=2026-03-04T15:30:00+08:00
09:00 works => time:09:00=2026-03-05T09:00:00+08:00
tomorrow at 3pm => time:tomorrow at 3pm=2026-03-05T15:00:00+08:00
3pm tomorrow => time:3pm tomorrow=2026-03-05T15:00:00+08:00
on Friday at 10 => time:Friday at 10=2026-03-06T10:00:00+08:00
next Monday at 3:30 pm => time:next Monday at 3:30 pm=2026-03-09T15:30:00+08:00
March 6th at 10am => time:March 6th at 10am=2026-03-06T10:00:00+08:00
at 10am on March 6th => time:10am on March 6th=2026-03-06T10:00:00+08:00
at noon => time:noon=2026-03-04T12:00:00+08:00
midnight => time:midnight=2026-03-05T00:00:00+08:00
noon tomorrow => time:noon tomorrow=2026-03-05T12:00:00+08:00
quarter past 5 => time:quarter past 5=2026-03-04T17:15:00+08:00
half past three => time:half past three=2026-03-04T15:30:00+08:00
a quarter to six => time:a quarter to six=2026-03-04T17:45:00+08:00
3 o'clock => time:3 o'clock=2026-03-04T15:00:00+08:00
3 p.m. please => time:3 p.m.=2026-03-04T15:00:00+08:00
tomorrow morning at 10 => time:tomorrow morning at 10=2026-03-05T10:00:00+08:00
tomorrow at 10 in the morning => time:tomorrow at 10 in the morning=2026-03-05T10:00:00+08:00
tomorrow between 3pm and 5pm => time:tomorrow between 3pm=2026-03-05T15:00:00+08:00; time:5pm=2026-03-05T17:00:00+08:00
2026-03-05 15:30 => time:2026-03-05 15:30=2026-03-05T15:30:00+08:00
12am => time:12am=2026-03-05T00:00:00+08:00
12pm => time:12pm=2026-03-04T12:00:00+08:00
tomorrow morning => date:tomorrow=2026-03-05
for 3 hours => -
in 30 minutes => -
16:9 screen => -
下午三点半 => time:下午三点半=2026-03-04T15:30:00+08:00
明天下午3点 => time:明天下午3点=2026-03-05T15:00:00+08:00
明天下午三点半可以吗 => time:明天下午三点半=2026-03-05T15:30:00+08:00
下周三上午10点 => time:下周三上午10点=2026-03-11T10:00:00+08:00
今晚8点 => time:今晚8点=2026-03-04T20:00:00+08:00
晚上八点 => time:晚上八点=2026-03-04T20:00:00+08:00
10点1刻 => time:10点1刻=2026-03-04T10:15:00+08:00
15点30分 => time:15点30分=2026-03-04T15:30:00+08:00
15：30送 => time:15：30=2026-03-04T15:30:00+08:00
下午3:30 => time:下午3:30=2026-03-04T15:30:00+08:00
中午来 => time:中午=2026-03-04T12:00:00+08:00
明天中午 => time:明天中午=2026-03-05T12:00:00+08:00
中午12点 => time:中午12点=2026-03-04T12:00:00+08:00
3月6日15:00 => time:3月6日15:00=2026-03-06T15:00:00+08:00
明早九点 => time:明早九点=2026-03-05T09:00:00+08:00
周五下午两点 => time:周五下午两点=2026-03-06T14:00:00+08:00
凌晨1点 => time:凌晨1点=2026-03-05T01:00:00+08:00
明天下午2点到4点 => time:明天下午2点=2026-03-05T14:00:00+08:00; time:4点=2026-03-05T16:00:00+08:00
便宜一点 => -
有点慢 => -
两点建议 => -
几点开门 => -
快一点发货 => -
等了3小时 => -
24小时客服 => -
between 2pm and 4pm on Friday => time:2pm=2026-03-06T14:00:00+08:00; time:4pm on Friday=2026-03-06T16:00:00+08:00
10 th september => date:10 th september=2026-09-10
next week monday => date:next week monday=2026-03-09
Can I come by at 5 tomorrow? => time:5 tomorrow=2026-03-05T17:00:00+08:00
see you at 7pm tonight => time:7pm tonight=2026-03-04T19:00:00+08:00
The parcel came on Sunday, March 1st => date:Sunday, March 1st=2026-03-01
Black Friday deals => -
since last week => -
my order placed on 2/28 => date:2/28=2026-02-28
晚一点送 => -
早一点发货 => -
周末能送吗 => -
3月5日(周四)送 => date:3月5日(周四)=2026-03-05
我昨天下午三点下的单 => time:昨天下午三点=2026-03-03T15:00:00+08:00
前天晚上八点半付的款 => time:前天晚上八点半=2026-03-02T20:30:00+08:00
周六上午10点到12点之间 => time:周六上午10点=2026-03-07T10:00:00+08:00; time:12点=2026-03-07T12:00:00+08:00
今晚12点前 => time:今晚12点=2026-03-05T00:00:00+08:00
2026.3.8送到 => date:2026.3.8=2026-03-08
退货后3天到账 => -
积分100点 => -
第二天就坏了 => -
10:00-12:30 => time:10:00=2026-03-05T10:00:00+08:00; time:12:30=2026-03-04T12:30:00+08:00
It is scheduled for Monday => date:Monday=2026-03-09
周三的快递还没到 => date:周三=2026-02-25
11月的订单 => date:11月=2025-11
下单日期是2月20号 => date:2月20号=2026-02-20
"""


@pytest.mark.parametrize(("text", "expected"), _cases(CASES))
def test_it_finds_exactly_this(text: str, expected: list[str]) -> None:
    assert _found(text) == expected
