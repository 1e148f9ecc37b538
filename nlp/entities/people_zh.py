"""Names of people in Chinese text: introductions, recipients, titles, labels."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nlp.entities.people_en import CAPITALS, candidate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nlp.entities.candidates import Candidate
    from nlp.entities.reading import Reading

_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡"
    "贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷"
    "钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛伍韦申尤毕聂焦向柳邢岳齐"
    "沿梅莫庄辛管祝左涂谷祁时舒耿牟卜路詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫查屈鲍位覃霍翁隋"
    "植甘景薄单包司柏宁柯阮桂闵解强柴华车冉房边辜"
)


_COMPOUND = "欧阳|上官|司马|诸葛|东方|夏侯|皇甫|尉迟|公孙|慕容|令狐|宇文|长孙|司徒|端木|南宫|独孤"


# No given name holds these; they are what follows a name in a sentence.
_STOP = (
    "的了吗呢吧我你您他她它在是要想有没不就和与跟或给到来去请把被让问说收寄发送退换买订下单号"
    "话机址联系手电这那哪什怎么,，。.!！?？:：;；、但因为可以已还也都从住查该将能会应件"
    "货人以及地址邮箱为"
)


_GIVEN_HAN = rf"(?:(?![{_STOP}]|先生|女士|小姐|太太|经理|老师|医生|师傅|阿姨|同学)[\u4e00-\u9fff])"


_HAN_NAME = rf"(?:(?:{_COMPOUND}){_GIVEN_HAN}{{1,2}}|[{_SURNAMES}]{_GIVEN_HAN}{{1,2}}|{CAPITALS})"


_HAN_TITLE = r"(?:先生|女士|小姐|太太|老师|经理|同学|医生|师傅|阿姨|大哥|夫人)"


_HAN_SURE = re.compile(
    rf"(?:我叫做?|我的名字(?:是|叫)|我名叫|名字(?:是|叫|写|改成"
    rf"|改为|为|:|填)|本人(?:叫|姓名)?|姓名(?:是|:|为|改成"
    rf"|改为|填|写)?\s*|(?:收件人|收货人|收件方|联系人|签收人"
    rf"|取件人|提货人|预约人|开票人|购买人|下单人|寄件人"
    rf"|持卡人)(?:的?(?:姓名|名字))?(?:请?(?:写的是|填的是"
    rf"|改成|改为|换成|换为|变更为|更改为|写成|写|填|是|叫|为"
    rf"|:))?\s*"
    rf"|(?:寄|发|送|转|交|快递|邮寄|配送)给\s?"
    rf"|我(?:的)?(?:妈妈?|爸爸?|老婆|老公|妻子|丈夫|先生|太太"
    rf"|朋友|同事|儿子|女儿|姐姐|妹妹|哥哥|弟弟|父亲"
    rf"|母亲))(?P<name>{_HAN_NAME}"
    rf"|[小阿老]{_GIVEN_HAN}{{1,2}}(?=$"
    rf"|[,，。.!！\s]))"
)


_HAN_SELF = re.compile(
    rf"(?<![不就这那还而都要的谁])(?:我是|这里是|这边是|我这边是"
    rf"|在下)\s?(?P<name>(?:{_COMPOUND}){_GIVEN_HAN}{{1,2}}"
    rf"|[{_SURNAMES}]{_GIVEN_HAN}{{1,2}})(?=$|[\s,，。.!！?？、;；~]|我|想|要|来|在|的(?!$)"
    rf"|，|本人)"
)


_HAN_SURNAME = re.compile(
    rf"(?:我姓|免贵姓|敝姓|本人姓)(?P<name>(?:{_COMPOUND})|[{_SURNAMES}])(?![名氏])"
)


_HAN_TITLED = re.compile(
    rf"(?P<name>(?:{_COMPOUND}){_GIVEN_HAN}{{0,2}}|[{_SURNAMES}]{_GIVEN_HAN}{{0,2}}){_HAN_TITLE}"
)


_HAN_NEVER = re.compile(
    r"路痴|"
    r"周[一二三四五六日末边年岁到]|高级|黄金|白银|白金|金卡|金牌|银卡"
    r"|常客|常用|马上|左右|万一|方便|安排|时候|时间|关于|任何|成都"
    r"|石家|江苏|江西|安徽|海南|河南|广东|单位|车主|包裹|包邮|华为"
    r"|文件|管家|路过|项目|解决|强烈|边上|房东|房客|温州"
    r"|上海|北京|杭州|南京|广州|深圳|金华|常州|安庆|温馨|宁波|田园"
    r"|方式|方案|全部|平台|商家|客服|顾客|石材|白色|黄色|金色|兰色"
    r"|向你|向您|于昨|于今|于上|于周|时尚|文艺|成年|成功|卫生|关注"
    r"|易碎|毛毯|毛巾|白领|车间|席梦|盛夏|史上|单独|常年|安全|任意"
    r"|康复|金额|席位|万分|祝您|牛逼|解释|单身|公司|项链|包包"
)


# As on a label: 张伟 13800138000.
_HAN_LABEL = re.compile(
    rf"(?<![\u4e00-\u9fff])(?P<name>(?:{_COMPOUND}){_GIVEN_HAN}{{1,2}}"
    rf"|[{_SURNAMES}]{_GIVEN_HAN}{{1,2}})"
    r"(?=[\s,，:]{0,3}(?:手机|电话)?[\s:]{0,2}(?:\+86|1[3-9]\d))"
)


_LED = (
    ("叫名人给妈爸婆公妻丈友儿姐妹哥弟父母", _HAN_SURE),
    (("我是", "里是", "边是", "在下"), _HAN_SELF),
    ("1", _HAN_LABEL),
    ("姓", _HAN_SURNAME),
)
"""What must stand in a text before a pattern is tried, and the pattern."""


def chinese_people(reading: Reading) -> Iterator[Candidate]:
    """Return the names that Chinese words lead to."""
    # `plain`, not `low`: an English name keeps its capitals.
    text, low = reading.plain, reading.low
    for triggers, pattern in _LED:
        if any(trigger in low for trigger in triggers):
            for match in pattern.finditer(text):
                if not _HAN_NEVER.match(match["name"]):
                    yield candidate(reading, match.start("name"), match.end("name"))
    if not reading.chars.isdisjoint("先女小太师经学医阿大夫") and _ANY_TITLE.search(text):
        yield from _titled(reading)


_ANY_TITLE = re.compile(_HAN_TITLE)


def _titled(reading: Reading) -> Iterator[Candidate]:
    """Yield the shortest name before each title that its surroundings allow."""
    text = reading.plain
    for title in _ANY_TITLE.finditer(text):
        end = title.start()
        for length in (3, 2, 1, 4):
            start = end - length
            if start < 0:
                continue
            match = _HAN_TITLED.fullmatch(text, start, title.end())
            if not match or _HAN_NEVER.match(text, start) or not _may_begin(text, start, length):
                continue
            yield candidate(reading, start, end)
            break


def _may_begin(text: str, start: int, length: int) -> bool:
    """Tell whether a name may begin here: after nothing, a boundary or a word that leads to one."""
    if start == 0:
        return True
    before = text[start - 1]
    if not "\u4e00" <= before <= "\u9fff":
        return True
    if before in "叫是给找让由跟和与问的为到，向请人名姓位有见帮对里" or length == 1:
        return not (length == 1 and text[start] in "关于时成有向任位单强安方常")
    return False
