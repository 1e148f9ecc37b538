import pytest

from bot.dialogue.replies import PLACEHOLDER
from bot.settings.checks import replies


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("plain", set()),
        ("{order} is {state}", {"order", "state"}),
        ("{Order} {0} {a.b} {a!r} {{a b}}", set()),
        ("单号{order}。", {"order"}),
    ],
)
def test_placeholders_are_names_in_braces(text: str, names: set[str]) -> None:
    assert replies.placeholders(text) == names
    assert set(PLACEHOLDER.findall(text)) == names, "as the dialogue reads them"
