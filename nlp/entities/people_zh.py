"""Names of people in Chinese text: introductions, recipients, titles, labels, names by themselves.

After a sure lead (我叫, 收件人) any characters follow the surname; elsewhere they must be ones that
given names have, the whole must be no word, and something must end the name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nlp.entities.lexicon import words
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


# What given names are made of, the common ones.
_GIVEN_CHARS = (
    "于"
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂兰英华玉萍红娥玲菲燕婷雪琳晶妍茜秋珊莎锦黛青倩琴"
    "素云莲真环荣爱妹香月莺媛瑞凡佳嘉琼勤珍贞莉岚婕馨瑶怡婵雁蓓纨仪荷丹蓉眉君蕊薇菁梦苑筠柔竹霭"
    "凝晓欢枫芸寒欣影荔枝思娣宁蓝羽希琪彩春菊凤洁琰卿聪澜纯悦昭冰爽琬茗滢伊心韵融园艺咏"
    "毓峰健世广志义兴良海山仁波贵福生龙元国胜学祥才武新利清飞彬富顺信子栋星光天达安岩中茂进林"
    "坚和彪博诚先敬震振壮会思群豪邦承乐绍功松善厚庆民友裕河哲江浩亮政谦亨奇固之轮翰朗伯宏言若"
    "鸣朋斌梁维启克伦翔旭鹏泽晨辰士以建家致树炎德行时泰盛雄琛钧冠策腾楠榕风航弘宇轩梓涵雨萌桐"
    "俊熙睿煜昊皓霖淇诗语彤颖曼昕蔓芷若姗璐曦珂锐阳帆文康辉力毅昌成金鑫洲凯骏铭玮琦玥琳妮娅芝"
    "慧巧美秀惠珠翠雅淑爱琼香凤娇瑾婉娴舒滔锋晖炜焕森淼楚桥舟唯禾可越跃恒永东南北西小长立书"
    "正尚喜田培耀廷根银宝连景鸿远智杨柳桃梅兆佩晴霜露雯岳潇渊泉源涌溪湘沛沐润沁汐澄澈瀚宸宥"
    "奕弈一亦逸依仪颐怿译毅艺忆伊衣祺祎禹煊烨晟晗晔晋昱暄暖旺晏曙朔本朴权材松柏枫格栩桦梧森"
    "楷榛樱橙歆殊甜甯甫申男百益盈真瞳石砚硕磐祖禄秉稳立竣笑笛筱简粟紫紗素细绮绿维罗美翎耘聆"
    "肖育胤能自至舜良苏苒若英苹茉荟莎莞莹菡菱萱落葵蒙蓓蕾蕙薇藜虎虹蝶衡裳觅言誉语诺谣谨豆贝"
    "贤赫起超路轶辕远迪迅逍遥道郁都酉醒重钊钰铃铎铮银锐锦键镇长闯闻阔隆隽雁雅雄集霄霏青靖静音"
    "韬顺颂飒馥骁骥高魁鲁鸽麒麟黎默齐龄"
    "建桂秋春军华勇剑彦徽敦斯昂晚朝术来桑欧沙沂治泓泊法泳洛津洪浦浪淳深渝漫灵灿炫点烁然照熠爵"
    "爱牧狄珏珑珩珮珺琅琢琨琮琳瑄瑛瑜瑟璇璋璎璟甄畅白皎盼睦矜知磬礼祁祝禧秦穆空童端竞筝箫籽纬"
    "纶练绅绘继绣绫缘翼老耿胡育腊臻航舫艾芃芊芋芙芮花芹茵茹荃荞荻菀菊菏营葆葛董蒂蓁蔚蔡薛藏"
    "虞衍裴训许诠诣谊谧谷赞轲辛达运迎通逊连逢道遵邵邺郎郡部酒野钦铁铠铨锴长阁阅陈陌陵陶隐难雷"
    "震霁韦韩顼颉飘飏飞馨驰驹骄骅骞高鱼鲲鹂鹃鹤麦黄黛鼎豫贻赋起跃菇芬芳芯茜茂英莘祯曹操健堂"
    "德咏旺旋昶琇姝姣姿娆娉婧嫒嫣嬅孝孟守宗官定宜宣宪容宽宾寅密富寿尔尧山岑岗岭岱峥崇崧嵘嵩巍州工"
    "巨帅帝常平年庄序庚庭康廉廷延开弢强弥彰影征循微徽必忠念怀怜性恩恬悠惟愉意愿慕慈慎懋戈成战"
    "扬拓挺捷授掌操攀政敏敬数斐斗施无日旦旭昆昇昉昌映昭是星春昨晃晓晨普景智暮曼朵李村松柯栋栗树"
    "梵棋棠森楠槐樊正步武毅毓民水汉汝江池汪沃沈沉治泉泌波洁洋洲流浚海润涛涓淮淑清渤湖源滨漪潮潭澎"
    "濡瀛炳烈焱煌煦熹燊燕燚牛特玄王玖玟玺现珈珉珞珠班球理琉琏瑕瑗瑰璧瓒用甲男畔略"
    "璨疆登皇益监相省睿矢石研硕碧示社祈祥禅福秀秋科程穗章竹第"
)
_GIVEN_SET = frozenset(_GIVEN_CHARS) - frozenset(_STOP + "昨")


_GIVEN_HAN = rf"(?:(?![{_STOP}]|先生|女士|小姐|太太|经理|老师|医生|师傅|阿姨|同学)[\u4e00-\u9fff])"


_HAN_NAME = rf"(?:(?:{_COMPOUND}){_GIVEN_HAN}{{1,2}}|[{_SURNAMES}]{_GIVEN_HAN}{{1,2}}|{CAPITALS})"


_HAN_TITLE = r"(?:先生|女士|小姐(?!姐)|太太|老师|经理|同学|医生|师傅|阿姨|大哥|夫人)"


_HAN_SURE = re.compile(
    rf"(?:[我他她]叫做?|[我他她]的名字(?:是|叫)|[我他她]名叫|(?<![路店品])名字(?:是|叫|写|改成"
    rf"|改为|为|:|填)|本人(?:叫|姓名)?|姓名(?:是|:|为|改成"
    rf"|改为|填|写)?\s*|(?:收件人|收货人|收件方|收件信息|联系人|签收人"
    rf"|取件人|提货人|预约人|开票人|购买人|下单人|寄件人|订购人|代收人|户主"
    rf"|持卡人|账户名|户名)(?:的?(?:姓名|名字))?(?:请?(?:写的是|填的是"
    rf"|改成|改为|换成|换为|变更为|更改为|写成|写|填|是|叫|为"
    rf"|:))?\s*"
    rf"|(?:寄|发|送|转|交|快递|邮寄|配送)给\s?"
    rf"|我(?:的)?(?:妈妈?|爸爸?|老婆|老公|妻子|丈夫|先生|太太|爱人|对象|男朋友|女朋友|闺蜜|室友|邻居"
    rf"|朋友|同事|儿子|女儿|姐姐|妹妹|哥哥|弟弟|父亲|老板|领导"
    rf"|母亲)(?:叫|是)?)(?P<name>{_HAN_NAME}"
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
    r"|谢谢|单元|左撇|高兴|高中|安装|强迫|平台|全职"
)


# As on a label: 张伟 13800138000.
_HAN_LABEL = re.compile(
    rf"(?<![\u4e00-\u9fff\d])(?P<name>(?:{_COMPOUND}){_GIVEN_HAN}{{1,2}}"
    rf"|[{_SURNAMES}]{_GIVEN_HAN}{{1,2}})"
    r"(?=[\s,，:]{0,3}(?:手机|电话)?[\s:]{0,2}(?:\+86|1[3-9]\d[\d -]{8}))"
)


# 小李, 老张, 阿杰: with what leads to them and ends them.
_NICKNAME = re.compile(
    rf"(?:(?:客服|请|找|让|门卫|保安|同事|店员|师傅|联系|叫|快递员?|司机)|(?<![\u4e00-\u9fff]))"
    rf"(?P<name>[小老](?![时米路单包边段项车常白])[{_SURNAMES}](?![\u4e00-\u9fff]"
    r"|$)|[小老](?![时米路单包边段项车常白])"
    rf"[{_SURNAMES}](?=态度|说|联系|帮|给|告诉|代收|答应|回复|处理)|阿[{_GIVEN_CHARS}](?=说|联系|帮|给|代|收|[,，。]))"
)


_LED = (
    ("叫名人给妈爸婆公妻丈友儿姐妹哥弟父母蜜居板导象主息", _HAN_SURE),
    (("我是", "里是", "边是", "在下"), _HAN_SELF),
    ("1", _HAN_LABEL),
    ("姓", _HAN_SURNAME),
    ("小老阿", _NICKNAME),
)
"""What must stand in a text before a pattern is tried, and the pattern."""


# Rare surnames that are common words count only after a sure lead.
_FIRSTS = frozenset(_SURNAMES) - frozenset("祝查计管解席包单路时项边车") | frozenset(
    name[0] for name in _COMPOUND.split("|")
)


_COMPOUNDS = frozenset(_COMPOUND.split("|"))


# Words that look like a name of two characters: 高兴, 方便, 白色.
_WORDS = frozenset(words("people_zh.words"))


# Words that may lead to a name.
_BEFORE = re.compile(
    r"(?:联系|找|让|请|跟|和|与|叫|由|[您你]是|给|通知|转告|告诉|[转交]给|客服|店员|店长|同事|导购|门卫|保安"
    r"|[写改换填]成|[改换变]为|备注|投诉|表扬|[多感]?谢谢?你?,?|[你我他]们(?:的|公司的?)?|前台|负责人|署名|落款"
    r"|帮我?查|是|[写填]的|而是|不是|名字是|应该是|[,，。.!！?？:;；\s]是|抬头写?|收:?|写|[代为]|姓名|经理)[\s:]?$"
)


# What may follow it: the end, a mark, or a word that no name goes on with.
_AFTER = re.compile(
    r"$|[\s,，。.!！?？、;；:~()\d]|[收代签](?![到货件据费藏纳拾])|不是|本人|[的说聊答]|师傅|先生|女士|经理|老师"
    r"|[帮给][我你您他]|联系|接电话|接听|告诉|推荐|订单|手机|电话|名下|卡上|负责|处理|了|可以|去|来|买|拿|取"
)
_END = re.compile(r"$|[\s,，。.!！?？、;；:~]|[代签]?收(?![到货件据费藏纳拾款费])|[寄订买]的")
_BOUNDARY = frozenset(" \n,，。.!！?？、;；:~")


def chinese_people(reading: Reading) -> Iterator[Candidate]:
    """Return the names that Chinese words lead to, and those that stand by themselves."""
    # `plain`, not `low`: an English name keeps its capitals.
    text, low = reading.plain, reading.low
    for triggers, pattern in _LED:
        if any(trigger in low for trigger in triggers):
            for match in pattern.finditer(text):
                if not _HAN_NEVER.match(match["name"]):
                    yield candidate(reading, match.start("name"), match.end("name"))
    if not reading.chars.isdisjoint("先女小太师经学医阿大夫") and _ANY_TITLE.search(text):
        yield from _titled(reading)
    if not reading.chars.isdisjoint(_FIRSTS):
        yield from _by_themselves(reading)


def _by_themselves(reading: Reading) -> Iterator[Candidate]:
    """Yield names between boundaries, or after a word that may lead to one."""
    text = reading.plain
    last = 0
    for i, char in enumerate(text):
        if char not in _FIRSTS or i < last:
            continue
        length = _length(text, i)
        if length:
            last = i + length
            yield candidate(reading, i, last)


def _length(text: str, start: int) -> int:
    """Return how long the name that begins here is, or 0 when none does."""
    surname = 2 if text[start : start + 2] in _COMPOUNDS else 1
    if text[start] not in _SURNAMES and surname == 1:
        return 0
    given = start + surname
    if text[given : given + 1] not in _GIVEN_SET or text[start : start + 2] in _WORDS:
        return 0
    if text[start - 1 : start] == "谢" == text[start] or _ANY_TITLE.match(text, given):
        return 0
    alone = start == 0 or text[start - 1] in _BOUNDARY
    if not alone and not _BEFORE.search(text, max(0, start - 6), start):
        return 0
    ends = _END if alone else _AFTER
    for length in (surname + 2, surname + 1):
        end = start + length
        if length > surname + 1 and text[end - 1 : end] not in _GIVEN_SET:
            continue
        # Nothing but a word of two characters is too little to tell.
        if ends.match(text, end) and (length > 2 or not alone or len(text) > length):
            return length
    return 0


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
        return not (length == 1 and text[start] in "关于时成有向任位单强安方常谢")
    return False
