from pathlib import Path

import pytest

from bot.errors import ActionError, BotError, ChannelError, ConfigError, Fault, shown


def test_paths_are_shown_from_where_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert shown(tmp_path / "a" / "b.yaml") == "a/b.yaml"
    assert shown(Path("a/b.yaml")) == "a/b.yaml"
    assert shown(Path("/elsewhere/b.yaml")) == "/elsewhere/b.yaml"


def test_a_config_error_lists_its_faults_in_order() -> None:
    second = Fault(path=Path("/x/b.yaml"), line=2, code="CFG002", message="two")
    first = Fault(path=Path("/x/a.yaml"), line=9, code="CFG001", message="one")
    error = ConfigError([second, first])
    assert error.faults == (first, second)
    assert str(error) == "/x/a.yaml:9: CFG001 one\n/x/b.yaml:2: CFG002 two"


@pytest.mark.parametrize("kind", [ChannelError, ActionError])
def test_errors_say_whether_trying_again_helps(kind: type[ChannelError | ActionError]) -> None:
    assert kind("no").permanent is False
    assert kind("no", permanent=True).permanent is True
    assert issubclass(kind, BotError)
