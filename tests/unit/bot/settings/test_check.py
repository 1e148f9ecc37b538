"""Each code of the cross-checks, by a small change of a good configuration."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.errors import Fault
from bot.settings.codes import CODES

Edit = Callable[[str, str, str], Path]
FaultsOf = Callable[[Path], tuple[Fault, ...]]


ORDERS, SMALLTALK = "intents/orders.yaml", "intents/smalltalk.yaml"
NEED, DELIVERY = "needs/other.yaml", "needs/order_and_delivery.yaml"
ZH_ARTICLE = "zh:\n  title: 退款\n  questions: [什么时候退款]\n  body: 五天之内。\n"
SHOP = "shop/customers.yaml"

# code, line, file with the fault, [file,] old text, new text
CASES = [
    ("CFG020", 7, ORDERS, "      zh:\n        - 我的快递到哪了\n        - 查一下订单\n", ""),
    ("CFG020", 4, "out_of_scope.yaml", "zh:\n    - 讲个笑话", "zh: []"),
    ("CFG021", 8, SMALLTALK, "[你好, 在吗]", "[你好]"),
    ("CFG022", 7, SMALLTALK, "[hi, hello]", "[hi, hello, 'Hi!']"),
    ("CFG022", 10, ORDERS, '"any news of #48213?"', "WHERE, is my order??"),
    ("CFG023", 14, SMALLTALK, "[what are the rules, refund rules]", "[refund rules, 'Hello.']"),
    ("CFG023", 3, "out_of_scope.yaml", "tell me a joke", "hello"),
    ("CFG024", 5, ORDERS, "need: order_and_delivery", "need: order_and_deliverie"),
    ("CFG025", 1, DELIVERY, ORDERS, "need: order_and_delivery", "need: other"),
    ("CFG026", 7, NEED, "    - [另一句]\n", ""),
    ("CFG026", 9, NEED, "[另一句]", "[]"),
    ("CFG027", 4, ORDERS, ", zh: 查询订单", ""),
    ("CFG027", 1, NEED, ", zh: 需求", ""),
    ("CFG027", 1, "frontdesk.yaml", ", zh: 小店", ""),
    ("CFG027", 4, "flows.yaml", ", zh: 订单查询", ""),
    ("CFG027", 24, "flows.yaml", ", zh: 丢了", ""),
    ("CFG027", 3, "routing.yaml", ", zh: 订单", ""),
    ("CFG027", 2, "phrases.yaml", ", zh: [算了]", ""),
    ("CFG027", 5, "entities.yaml", ", zh: CNY", ""),
    ("CFG027", 3, "shop/products.yaml", ", zh: 台灯", ""),
    ("CFG027", 5, "shop/products.yaml", ", zh: 会发光。", ""),
    ("CFG028", 2, "phrases.yaml", r"'\bstop\b'", "'(?=stop)'"),
    ("CFG028", 4, "entities.yaml", r"SF\d{13}", "SF("),
    ("CFG028", 23, "flows.yaml", "[晚]", "['晚*']"),
    ("CFG029", 2, "entities.yaml", "[A-Za-z]{2}", "[A-Z]{0,2}[a-z]"),
    ("CFG030", 10, ORDERS, '"any news of #48213?"', '"   "'),
    ("CFG030", 3, "out_of_scope.yaml", "tell me a joke", '" "'),
    ("CFG030", 9, NEED, "[另一句]", '["　"]'),
    ("CFG030", 8, "knowledge/refunds.yaml", "[什么时候退款]", '[什么时候退款, "\\t"]'),
    ("CFG031", 4, "frontdesk.yaml", "tiers:", "semantic:\n  encoder: nope\ntiers:"),
    ("CFG040", 9, SMALLTALK, "flows.yaml", "  refund_rules: {}\n", ""),
    ("CFG041", 27, "flows.yaml", "intents: [track_order]", "intents: [track_order, greet]"),
    ("CFG041", 3, "flows.yaml", "intents: [track_order]", "intents: [track_order, track_order]"),
    ("CFG042", 3, "flows.yaml", "intents: [track_order]", "intents: [track_order, trak_order]"),
    ("CFG042", 29, "flows.yaml", "  refund_rules: {}", "  refund_rules: {}\n  refunds: {}"),
    ("CFG043", 5, "flows.yaml", "action: order_status", "action: order_state"),
    ("CFG044", 6, "flows.yaml", "{detail: full}", "{details: full}"),
    ("CFG044", 6, "flows.yaml", "{detail: full}", "{detail: {en: all, zh: 全部}}"),
    ("CFG027", 6, "flows.yaml", "{detail: full}", "{title: {en: Order}}"),
    ("CFG045", 15, "flows.yaml", "take: [email, phone]", "take: [email, fone]"),
    ("CFG046", 8, "flows.yaml", "name: mail", "name: order"),
    ("CFG047", 5, "flows.yaml", "name: order\n", "name: number\n"),
    ("CFG048", 24, "flows.yaml", "value: lost", "value: late"),
    ("CFG049", 11, "flows.yaml", "[dispatched]", "[dispatchd]"),
    ("CFG055", 1, "knowledge/refunds.yaml", "[refund_rules]", "[refund_rules, rules]"),
    ("CFG056", 1, "knowledge/refunds.yaml", ZH_ARTICLE, ""),
    ("CFG056", 8, "knowledge/refunds.yaml", "[什么时候退款]", "[]"),
    ("CFG057", 28, "flows.yaml", "knowledge/refunds.yaml", "[refund_rules]", "[]"),
    ("CFG060", 2, "replies/en.yaml", "replies/zh.yaml", "ask_order: 哪个订单？\n", ""),
    ("CFG061", 1, "replies/zh.yaml", "这里是{shop}", "这里"),
    ("CFG062", 10, "flows.yaml", "ask: ask_order", "ask: ask_oder"),
    ("CFG063", 3, "replies/en.yaml", "Which e-mail is on {order}?", "On {ordr}?"),
    ("CFG064", 7, "replies/en.yaml", "other words.\n", "other words.\nreprase: Say it again.\n"),
    ("CFG065", 2, "replies/en.yaml", "Which order?", "Which order{?"),
    ("CFG065", 2, "replies/en.yaml", "Which order?", "Which {0.__class__}?"),
    ("CFG065", 2, "replies/en.yaml", "Which order?", "Which {order!r}?"),
    ("CFG066", 1, "replies/zh.yaml", "frontdesk.yaml", "languages: [en, zh]", "languages: [en]"),
    ("CFG070", 8, "routing.yaml", "[order_and_delivery]", "[order_and_deliver]"),
    ("CFG070", 8, "routing.yaml", "[track_order]", "[trak_order]"),
    ("CFG070", 8, "routing.yaml", "[gold]", "[platinum]"),
    ("CFG070", 9, "routing.yaml", "queue: orders", "queue: order"),
    ("CFG071", 13, "routing.yaml", "  - name: rest\n    priority: normal\n", ""),
    ("CFG072", 13, "routing.yaml", "    when: {negative: true}\n", ""),
    ("CFG073", 4, "routing.yaml", "queue: general", "queue: orders"),
    ("CFG074", 18, "routing.yaml", ", urgent: 15m", ""),
    ("CFG075", 21, "routing.yaml", "from: 09:00, to: 12:30", "from: 13:00, to: 12:30"),
    ("CFG076", 21, "routing.yaml", "from: 13:30", "from: 12:00"),
    ("CFG076", 23, "routing.yaml", "[2026-10-01]", "[2026-10-01, 2026-10-01]"),
    ("CFG077", 4, "frontdesk.yaml", "Asia/Shanghai", "Asia/Peking"),
    ("CFG077", 4, "frontdesk.yaml", "Asia/Shanghai", "../etc/passwd"),
    ("CFG077", 4, "frontdesk.yaml", "Asia/Shanghai", "Asia"),
    ("CFG078", 10, "routing.yaml", "name: rest\n    queue", "name: orders\n    queue"),
    ("CFG080", 18, "routing.yaml", "urgent: 15m", "urgent: 3h"),
    ("CFG081", 7, "frontdesk.yaml", "offer: 0.15", "offer: 0.5"),
    ("CFG082", 2, "frontdesk.yaml", "[en, zh]", "[en, zh, en]"),
    ("CFG082", 3, "frontdesk.yaml", "[standard, gold]", "[standard, gold, gold]"),
    ("CFG084", 11, "frontdesk.yaml", "https://shop.example", "https://shop.example/"),
    ("CFG084", 11, "frontdesk.yaml", "https://shop.example", "shop.example"),
    ("CFG084", 11, "frontdesk.yaml", "https://shop.example", "https://*.example"),
    ("CFG084", 11, "frontdesk.yaml", "https://shop.example", "https://a:b"),
    ("CFG090", 11, SHOP, "customer: ada", "customer: adda"),
    ("CFG091", 16, SHOP, "product: desk_lamp", "product: desk_lamb"),
    ("CFG092", 12, SHOP, "state: dispatched", "state: sent"),
    ("CFG093", 6, "shop/products.yaml", "19.90", "19,90"),
    ("CFG094", 16, SHOP, "currency: USD", "currency: EUR"),
    ("CFG095", 6, SHOP, "tier: gold", "tier: platinum"),
    ("CFG096", 10, SHOP, "AB123456", "AB12345"),
    ("CFG096", 19, SHOP, "SF1234567890123", "SF12"),
    ("CFG098", 10, SHOP, "dispatched_days_ago: 2", "dispatched_days_ago: 4"),
    ("CFG099", 9, "shop/products.yaml", "en: Rug", "en: Reading Lamp"),
    ("CFG100", 3, "tests/first.yaml", "customer: ada", "customer: adda"),
    ("CFG100", 6, "tests/first.yaml", "        intent: track_order", "        intent: trak_order"),
    ("CFG100", 7, "tests/first.yaml", "[ask_order, ask_mail]", "[ask_order, ask_male]"),
    ("CFG100", 10, "tests/first.yaml", "{queue: orders,", "{queue: order,"),
    ("CFG100", 18, "tests/first.yaml", "tier: gold", "tier: silver"),
    ("CFG027", 3, "macros.yaml", ", zh: 你好", ""),
    ("CFG061", 6, "macros.yaml", "您好{name}", "您好"),
    ("CFG063", 5, "macros.yaml", "this is {agent}", "this is {agnt}"),
    ("CFG110", 3, "desk.yaml", "orders: desk-orders", "order: desk-orders"),
    ("CFG110", 7, "macros.yaml", "[track_order]", "[trak_order]"),
    ("CFG111", 4, "desk.yaml", "take: eyes", "take: white_check_mark"),
    ("CFG112", 6, "desk.yaml", 'reply_prefix: "!"', 'reply_prefix: "/"'),
    ("CFG027", 14, "frontdesk.yaml", ", zh: 我们会保存对话。", ""),
    ("CFG027", 20, "frontdesk.yaml", ", zh: 咨询", ""),
    ("CFG027", 26, "frontdesk.yaml", ", zh: 需要帮忙吗？", ""),
    ("CFG120", 18, "frontdesk.yaml", '"#ffffff"', '"#8fc4ac"'),
    ("CFG120", 17, "frontdesk.yaml", 'accent: "#2f5d4e"\n        on_accent: "#ffffff"',
     'accent: "#ffd400"\n        on_accent: "#000000"'),
    ("CFG120", 19, "frontdesk.yaml", '"#8fc4ac"', '"#2a352f"'),
    ("CFG121", 1, "pictures/lamp.png", "*", "<svg xmlns='http://www.w3.org/2000/svg'/>"),
    ("CFG121", 1, "pictures/lamp.png", "*", "x" * 100_001),
    ("CFG122", 21, "frontdesk.yaml", "lamp.png", "lampe.png"),
    ("CFG122", 1, "pictures/lamp.png", "frontdesk.yaml", "        avatar: lamp.png\n", ""),
    ("CFG123", 24, "frontdesk.yaml", "/cart", "cart"),
    ("CFG123", 24, "frontdesk.yaml", "/products/*", "/products?page=*"),
    ("CFG124", 27, "frontdesk.yaml", "id: leaving", "id: help"),
    ("CFG125", 27, "frontdesk.yaml", "          event: leaving\n", ""),
    ("CFG126", 15, "frontdesk.yaml", "https://small", "http://small"),
    ("CFG126", 15, "frontdesk.yaml", "https://small.example/privacy", "javascript:alert(1)"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{case[-1][:20]}")
def test_each_code(edit: Edit, faults_of: FaultsOf, case: tuple[Any, ...]) -> None:
    code, line, file, *changed, old, new = case
    faults = faults_of(edit(changed[0] if changed else file, old, new))
    found = [fault for fault in faults if fault.code == code]
    assert [(fault.path.as_posix().endswith(file), fault.line) for fault in found][:1] == [
        (True, line)
    ], [str(fault) for fault in faults]


def test_the_good_configuration_has_no_fault(small: Path, faults_of: FaultsOf) -> None:
    assert faults_of(small) == ()


def test_nobody_ever_works(edit: Edit, faults_of: FaultsOf) -> None:
    text = Path(edit("README.md", "*", "x") / "routing.yaml").read_text(encoding="utf-8")
    text = re.sub(r"  week:\n(    .*\n)+", "  week: {}\n", text)
    assert [fault.code for fault in faults_of(edit("routing.yaml", "*", text))] == ["CFG079"]


def test_a_demo_without_data(small: Path, faults_of: FaultsOf) -> None:
    (small / "shop" / "customers.yaml").unlink()
    (small / "tests" / "first.yaml").unlink()
    assert [fault.code for fault in faults_of(small)] == ["CFG083"]


def test_a_served_language_without_replies(small: Path, faults_of: FaultsOf) -> None:
    (small / "replies" / "zh.yaml").unlink()
    assert [(f.code, f.line) for f in faults_of(small)] == [("CFG066", 2)]


def test_replies_of_actions_at_rest_may_wait(edit: Edit, faults_of: FaultsOf) -> None:
    edit("replies/en.yaml", "other words.", "other words.\nresting.reply: Hm.")
    edit("replies/zh.yaml", "请换个说法。", "请换个说法。\nresting.reply: 嗯。")
    assert faults_of(edit("README.md", "*", "x")) == ()


def test_a_key_said_twice_may_use_only_what_both_fill(edit: Edit, faults_of: FaultsOf) -> None:
    edit("flows.yaml", "ask: ask_mail", "ask: order.state")
    edit("replies/en.yaml", "ask_mail: Which e-mail is on {order}?\n", "")
    edit("replies/zh.yaml", 'ask_mail: "{order}的邮箱是？"\n', "")
    edit("tests/first.yaml", "[ask_order, ask_mail]", "ask_order")
    faults = faults_of(edit("README.md", "*", "x"))
    assert {(f.code, f.message) for f in faults} == {
        ("CFG063", "nobody fills {state} in 'order.state'")
    }


def test_every_code_is_listed_and_used() -> None:
    import bot.settings

    source = "\n".join(
        path.read_text(encoding="utf-8")
        for path in Path(bot.settings.__file__).parent.rglob("*.py")
        if path.name != "codes.py"
    )
    used = set(re.findall(r'"((?:CFG|YAML)\d{3})"', source))
    assert used == set(CODES)


def test_every_cross_check_code_has_a_case() -> None:
    cases = {case[0] for case in CASES} | {"CFG079", "CFG083"}
    assert cases == {code for code in CODES if code.startswith("CFG") and code >= "CFG020"}
