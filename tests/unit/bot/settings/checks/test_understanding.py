import pytest

from bot.settings.checks.understanding import normalised


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Where's MY order?!", "where s my order"), ("ＡＢ１２", "ab12"), ("  a   b ", "a b"),
        ("你好！", "你好"), ("???", "???"), ("👍", "👍"), ("Straße", "strasse"),
    ],
)  # fmt: skip
def test_examples_are_compared_without_writing_habits(text: str, plain: str) -> None:
    assert normalised(text) == plain
    assert normalised(normalised(text)) == plain
