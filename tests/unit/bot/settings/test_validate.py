from collections.abc import Callable
from pathlib import Path

import pytest

from bot.errors import Fault
from bot.settings.known import Known
from bot.settings.load import load

Edit = Callable[[str, str, str], Path]
FaultsOf = Callable[[Path], tuple[Fault, ...]]


ARTICLE, ORDERS, SHOP = "knowledge/refunds.yaml", "intents/orders.yaml", "shop/customers.yaml"

CASES = [
    ("frontdesk.yaml", "demo: true", "demo: yes", 'demo: "yes" is not true or false'),
    ("frontdesk.yaml", "demo: true", "demoo: true", "unknown key 'demoo', did you mean 'demo'?"),
    ("frontdesk.yaml", "answer: 0.5", "answer: '0.5'", 'bands.answer: "0.5" is not a number'),
    ("frontdesk.yaml", "answer: 0.5", "answr: 0.5", "in bands, did you mean 'answer'?"),
    ("frontdesk.yaml", "answer: 0.5", "answer: 5", "less than or equal to 1"),
    ("frontdesk.yaml", "[en, zh]", "en", "languages: a list is expected"),
    ("frontdesk.yaml", "[en, zh]", "[en, fr]", "languages.2: 'fr' is not one of 'en' or 'zh'"),
    ("frontdesk.yaml", "zh: 小店", "fr: boutique", "name.fr: 'fr' is not one of 'en' or 'zh'"),
    ("frontdesk.yaml", "default:", "De fault:", "'De fault' is not a name"),
    (ORDERS, "label:", "lable:", "did you mean 'label'?"),
    (ORDERS, "need: order_and_delivery", "", "'need' is missing in intents.track_order"),
    (ORDERS, "- where is my order", "- 48213", "48213 reads as no text; put quotes"),
    (ORDERS, "- where is my order", "- true", "true reads as no text; put quotes"),
    (ORDERS, "- where is my order", "- hi: where", "quotes around a text that contains ': '"),
    (ORDERS, "- where is my order", "- [where]", "not a list"),
    (ORDERS, "- where is my order", "-", "nothing stands here"),
    (ORDERS, "- where is my order", "- ''", "nothing stands here"),
    (ORDERS, "where is my order", "a" * 4001, "at most 4000"),
    ("flows.yaml", "kind: entity", "kind: entitty", "did you mean 'entity'?"),
    ("flows.yaml", "        kind: entity\n", "", "the key 'kind' is missing"),
    ("flows.yaml", "take: [", "takes: [", "did you mean 'take'?"),
    ("flows.yaml", "take: [email, phone]", "take: []", "at least 1 must stand here"),
    ("flows.yaml", "value: late", "valeu: late", "did you mean 'value'?"),
    ("flows.yaml", "{detail: full}", "{detail: 1.5}", "flows.track_order.options.detail"),
    ("flows.yaml", "optional: true", "optional: 1", "1 is not true or false"),
    ("routing.yaml", "high: 1h", "high: 1", "1 is not a duration such as 15m, 4h or 2d"),
    ("routing.yaml", "high: 1h", "high: 1 h", "is not a duration"),
    ("routing.yaml", "high: 1h", "high: ١h", "is not a duration"),
    ("routing.yaml", "from: 09:00", "from: 9:00", "'9:00' is not a time of day such as 09:00"),
    ("routing.yaml", "from: 09:00", "from: 900", "900 is not a time of day"),
    ("routing.yaml", "from: 09:00", "from: 25:00", "is not a time of day"),
    ("routing.yaml", "2026-10-01", "2026-13-01", "hours.holidays.1"),
    ("routing.yaml", "2026-10-01", "20261001", "hours.holidays.1"),
    ("routing.yaml", "monday:", "munday:", "did you mean 'monday'?"),
    ("routing.yaml", "queue: orders", "queue: Orders!", "'Orders!' is not a name"),
    ("entities.yaml", "en: USD", "en: usd", "'usd' is not a currency such as USD"),
    (ARTICLE, "  title: Refunds", "  titel: Refunds", "in en, did you mean 'title'?"),
    ("replies/en.yaml", "greet:", "Greet:", "Greet"),
    ("replies/en.yaml", "Which order?", "{order}", "quotes around a text that contains"),
    (SHOP, "placed_days_ago: 3", "placed_days_ago: three", "is not a whole number"),
    ("shop/products.yaml", 'USD: "50"', "USD: 50", "50 reads as no text"),
    ("tests/first.yaml", "customer: where is my parcel?", "says_who: me", "says_who"),
    ("tests/first.yaml", "choose: late", "need: other", "a turn has either customer or choose"),
    ("tests/first.yaml", "2026-03-06T17:30:00+08:00", "2026-03-06T17:30:00", "timezone"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new", "words"), CASES)
def test_errors_say_what_to_do(
    edit: Edit, faults_of: FaultsOf, name: str, old: str, new: str, words: str
) -> None:
    folder = edit(name, old, new)
    faults = faults_of(folder)
    assert any(words in fault.message for fault in faults), [str(fault) for fault in faults]
    assert {fault.code for fault in faults} <= {"CFG010", "CFG011", "CFG012"}
    assert {fault.path.name for fault in faults} == {name.split("/")[-1]}


@pytest.mark.parametrize(
    ("name", "old", "new", "line"),
    [
        ("flows.yaml", "take: [email, phone]", "take: [email, 5]", 15),
        ("flows.yaml", "take: [email, phone]", "takes: [email]", 15),
        ("flows.yaml", "          - value: lost", "          - valeu: lost", 24),
        (ORDERS, "- where is my order", "- 5", 9),
        ("routing.yaml", "priority: high", "priority: hihg", 15),
        ("routing.yaml", "monday:", "munday:", 21),
    ],
)
def test_errors_carry_the_line_of_the_culprit(
    edit: Edit, faults_of: FaultsOf, name: str, old: str, new: str, line: int
) -> None:
    faults = faults_of(edit(name, old, new))
    assert line in {fault.line for fault in faults}, [str(fault) for fault in faults]


def test_a_day_may_end_at_midnight(small: Path, known: Known) -> None:
    (stretch,) = load(small, known).routing.hours.week["saturday"]
    assert stretch.start.isoformat() == "10:00:00"
    assert stretch.end.isoformat() == "23:59:59.999999"
