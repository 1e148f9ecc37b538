"""Quantities of goods: a number and its measure word. The span is just these two."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nlp.entities.candidates import Candidate
from nlp.entities.money import SUM_OF
from nlp.entities.numbers import MIXED, NUMBER_WORDS, WORDS, chinese_number, english_number, whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nlp.entities.reading import Reading

# "A dime a dozen", "six of one and half a dozen of the other".
_IDIOM = re.compile(r"(?:dime |pence |one,? (?:and |or )?)$")
# Words that measure goods wherever they stand.
_ENGLISH_ALWAYS = (
    "pieces|piece|pcs|pc|pairs|pair|boxes|box|packs|pack|packets|packet|sets"
    "|set|units|unit|items|item"
    "|bottles|bottle|bags|bag|copies|copy|rolls|roll|cans|can|jars|jar|tubes|tube|cartons|carton"
    "|bundles|bundle|tins|tin|crates|crate|pallets|pallet"
)
# Words that are also other things: they measure before "of".
_ENGLISH_OF = (
    "cases|case|sheets|sheet|bars|bar|cups|cup|glasses|glass|packages|package|parcels|parcel|sticks"
    "|stick|slices|slice|stacks|stack|trays|tray|spools|spool|buckets|bucket|tubs|tub|sacks|sack"
)
_ENGLISH = re.compile(
    rf"(?<![a-z0-9.,/$€£¥'#-])(?:"
    rf"(?P<half>half (?:a )?dozen)"
    rf"|(?P<count>\d{{1,5}}|{WORDS}) ?(?P<measure>dozens?|{_ENGLISH_ALWAYS}"
    rf"|(?:{_ENGLISH_OF})(?= of\b)))(?![a-z0-9'-])",
    re.ASCII,
)
_ENGLISH_TRIGGERS = frozenset(
    (*_ENGLISH_ALWAYS.split("|"), *_ENGLISH_OF.split("|"), "dozen", "dozens")
)
_GLUED = re.compile(
    r"\d(?:pcs?|pieces?|pairs?|packs?|sets?|units?|items?|boxes|bottles?|bags?)\b", re.ASCII
)
# "The first item", "another pack", "which box" point at a thing; they do not count goods.
_NOT_COUNTING = re.compile(r"\b(?:this|that|which|other|every|each|the|item|step|no|number) $")
_ALLOWED_AFTER_A = frozenset({"dozen", "pair"})

_MEASURES = (
    "件个双套盒箱包瓶袋条张把台盏只支块本副对组份罐桶卷床顶根枚部辆串粒片提匹幅架株盆篮棵听杯"
    "碗款打壶捆筒面口"
)
_CHINESE = re.compile(
    rf"(?=[\d半零一二两三四五六七八九十百千万])(?<![\d.a-z第几每])(?<!\d[,/:.-])(?P<count>半(?=打)"
    rf"|{MIXED})\s?(?P<measure>[{_MEASURES}])",
    re.ASCII,
)
_CHINESE_TRIGGERS = frozenset(_MEASURES)

# What follows when the measured thing is no goods.
_NOT_GOODS = re.compile(
    r"[大小]?(?:网友|评分|景点|游玩|酒店|餐馆|出租车|人|问题|月|小时|钟头|钟|星期|礼拜|工作日|自然日"
    r"|订单|单子?|电话|短信|信息|消息|通知|邮件|客服|地址|账号|账户"
    r"|帐号"
    r"|号码?|手机号|星|字|建议|意见|疑问|事情?|忙|多|半|季度|年"
    r"|世纪|周|优惠|券|代金券|折|积分|快递|包裹|物流|回复|答复|说法"
    r"|评价|评论|好评|差评|邮箱|链接|选择|选项|方案|办法|方法|原因"
    r"|理由|解释|要求|请求|投诉|步骤|功能|页面|验证码|密码|错误"
    r"|情况|例子|想法|地方|城市|国家|朋友|孩子|宝宝|老人|同事|亲戚"
    r"|同学|客户|顾客|员工|店|商家|卖家|仓库|时间|日期|机会"
    r"|发票|收据|合同|照片|图|截图|银行卡|信用卡|会员卡|礼品卡|卡"
    r"|身份证|表格|申请|记录|清单|报价|报告|工作|保险|协议|说明"
    r"|工单|预约|月份|会员|活动|门店|平台|网站|程序|软件|系统|渠道"
    r"|方式|颜色|尺码|型号|尺寸|品牌|价格|价|级别|等级|样子?"
    r"|分|以?内|比|角度|道理|心意|麻烦|态度|好心情|结果|进度|状态"
    r"|数字|字母|字符|小票|视频|文件|附件|天|晚上|早上|上午|下午)"
)
_AFTER_MEASURE = {
    "件": re.compile(r"套|事"),
    "包": re.compile(r"邮|退|换|赔|括|裹|含|运|装"),
    "部": re.compile(r"分|门|落"),
    "份": re.compile(r"子|额|量"),
    "条": re.compile(r"件|款|龙|短信|信息|消息"),
    "对": re.compile(r"一|不|于|比|应|方|面|待|话|账"),
    "套": re.compile(r"餐(?!具|桌|椅|盘|垫)|路|说|件"),
    "只": re.compile(r"是|有|要|能|好|会|想|收到|发|需"),
    "把": re.compile(r"年纪|握|关|我|它|他|这|那"),
    "片": re.compile(r"混乱|面|刻"),
    "本": re.compile(r"正|身|来|月|周|店|人|市|地|次"),
    "口": re.compile(r"(?!锅|箱|缸|铁锅|炒锅)"),
    "台": re.compile(r"灯|阶|币|湾|面|风|北"),
    "打": re.compile(
        r"[开电通不算扰包印折字钩理过完到上下出死架工听断广招火雷雨车针发给我你他错字分款招样磨水]"
    ),
    "组": re.compile(r"合|成|装|员"),
    "支": re.compile(r"付|持|出|撑"),
    "双": re.compile(r"十|方|面|倍|人|12|11"),
    "根": re.compile(r"据|本"),
    "提": re.compile(r"前|货|到|交|供|醒|示|高"),
    "听": re.compile(r"说|到|见|不|起"),
    "块": re.compile(r"去|走|买|来|儿|吃|用|寄|发|退|下|送|取|给|" + SUM_OF),
    "串": re.compile(r"数字|号|码|货"),
    "面": re.compile(r"(?!镜|锦旗|旗)"),
    "款": re.compile(r"到|项|还"),
    "顶": re.compile(r"多|级"),
    "架": re.compile(r"子"),
}
# Before these, 一 does not count: 换一个, 另一件, 同一款.
_POINTING = frozenset("这那哪每另同上下首某换有唯任随万逐统专")
_ORDERING = re.compile(r"[买要订拍加来退少多漏缺到送单货购选拿的补留]")


class Goods:
    """Finds quantities of goods."""

    def find(self, reading: Reading) -> list[Candidate]:
        """Return every quantity; the value is a whole number."""
        found: list[Candidate] = []
        vocabulary = reading.vocabulary
        if not vocabulary.isdisjoint(_ENGLISH_TRIGGERS):
            if reading.digits or not vocabulary.isdisjoint(NUMBER_WORDS) or "half" in vocabulary:
                found += _english(reading.low)
        elif reading.digits and _GLUED.search(reading.low):
            found += _english(reading.low)
        if reading.han and not reading.chars.isdisjoint(_CHINESE_TRIGGERS):
            found += _chinese(reading.low)
        return found


def _english(low: str) -> Iterator[Candidate]:
    for match in _ENGLISH.finditer(low):
        if match["measure"] in (None, "dozen") and _IDIOM.search(low[: match.start()][-10:]):
            continue
        if match["half"]:
            yield Candidate("quantity", match.start(), match.end(), 6)
            continue
        count, measure = match["count"], match["measure"]
        number = int(count) if count.isdigit() else english_number(count)
        if number is None or number == 0 or not _counts(low, match):
            continue
        if measure.startswith("dozen"):
            number *= 12
        yield Candidate("quantity", match.start(), match.end(), number)


def _counts(low: str, match: re.Match[str]) -> bool:
    measure = match["measure"]
    # "A box" is a thing, "a box of candles" is a quantity.
    vague = match["count"] in ("a", "an") and measure not in _ALLOWED_AFTER_A
    if (vague or measure == "can") and not low.startswith(" of ", match.end()):
        return False
    if measure == "dozens" and low.startswith(" of", match.end()) and match["count"] == "a":
        return False
    if match["count"].isdigit() or match["count"] == "one":
        before = low[max(0, match.start() - 8) : match.start()]
        return _NOT_COUNTING.search(before) is None or before.endswith("the ")
    return True


def _chinese(low: str) -> Iterator[Candidate]:
    for match in _CHINESE.finditer(low):
        count, measure = match["count"], match["measure"]
        if count == "半":
            number: int | None = 6
        else:
            number = whole(chinese_number(count))
            if number is not None and measure == "打":
                number *= 12
        if number and _is_goods(low, match, number):
            yield Candidate("quantity", match.start(), match.end(), number)


def _is_goods(low: str, match: re.Match[str], number: int) -> bool:
    start, end = match.span()
    exception = _AFTER_MEASURE.get(match["measure"])
    if exception is not None and exception.match(low, end):
        return False
    if _NOT_GOODS.match(low, end) or low[start - 1 : start] in _NO_NUMBER_BEFORE:
        return False
    if match["measure"] == "块" and not _HAN_AHEAD.match(low, end):
        return False
    # 2024款 is a model's year.
    if match["measure"] == "款" and number >= 1_000:
        return False
    return number != 1 or match["count"].isdigit() or _one_counts(low, match)


def _one_counts(low: str, match: re.Match[str]) -> bool:
    """Tell whether 一 counts goods: not in 换一个, 一个都没有 or a bare 一面."""
    start, end = match.span()
    following = low[end : end + 1]
    if low[start - 1 : start] in _POINTING or following in _VAGUE_AFTER:
        return False
    if _LOOKING.search(low[max(0, start - 4) : start]):
        # "Recommend one", "find me one that..." counts goods only where goods are named.
        return bool(_GOODS_NOUN.match(low, end))
    if match["measure"] in "个片面口对组把部份" and not following:
        return bool(_ORDERING.search(low[max(0, start - 4) : start]))
    return True


_LOOKING = re.compile(r"(?:找|推荐|留|叫|选|荐)(?:我|你|一下)?$")
_GOODS_NOUN = re.compile(
    r"[^,，。.!！?？\s]{0,8}?(?:灯|椅|桌|床|垫|毯|枕|杯|碗|盘|锅|壶|帘|衣|裤|鞋|袜|包|箱|柜|架|镜|巾|被|套"
    r"|充电|音箱|耳机|表|钟|瓶|盒|刀|沙发|玩具|家具|礼物|商品|产品)"
)
_NO_NUMBER_BEFORE = frozenset("几第每十百千万两三四五六七八九半数")


_HAN_AHEAD = re.compile("(?![的了吧吗呢左以上下起还给])[\u4e00-\u9fff]")
_VAGUE_AFTER = frozenset("都也就劲样一")
