import pytest

from bot.settings.checks.patterns import problem_of


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("(?=a)", "lookaround"), ("(?!a)b", "lookaround"), ("(?<=a)b", "lookaround"),
        ("(?<!a)b", "lookaround"), (r"(a)\1", "backreferences"),
        ("(?P<n>a)(?P=n)", "backreferences"),
        ("\\u4e" + "00", r"\p{Han}"), ("(?>a)", "atomic"), ("a*+", "possessive"),
        ("(?#x)a", "comments"),
        ("(a)?(?(1)b)", "conditions"), (r"a\Z", r"\z"), ("[", "no RE2 pattern"),
        ("a{2000}", "no RE2 pattern"), ("x" * 1025, "1024 bytes"), ("字" * 400, "1024 bytes"),
        ("a*", "empty text"), ("", "empty text"), ("a|", "empty text"),
    ],
)  # fmt: skip
def test_patterns_that_re2_refuses(
    pattern: str, words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert words in problem_of(pattern)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("pattern", [r"\bhuman\b", r"\p{Han}+", "(a+)+$", "人工|客服", "x" * 1024])
def test_patterns_that_re2_takes(pattern: str) -> None:
    assert problem_of(pattern) == ""
