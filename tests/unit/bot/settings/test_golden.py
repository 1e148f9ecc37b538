from datetime import datetime
from pathlib import Path

import pytest

from bot.errors import ConfigError
from bot.settings.golden import load_golden
from bot.settings.known import Known
from bot.settings.load import load


def test_tests_are_read(small: Path, known: Known) -> None:
    (file,) = load_golden(load(small, known))
    (conversation,) = file.golden.conversations
    first, second = conversation.turns
    assert conversation.given.customer == "ada"
    assert conversation.given.now == datetime.fromisoformat("2026-03-02T09:00:00+08:00")
    assert first.bot == ("ask_order", "ask_mail")
    assert first.says == ("Which order",)
    assert first.slots == {"order": "AB123456"}
    assert first.ticket is not None
    assert first.ticket.priority == "high"
    assert second.choose == "late"
    assert second.bot == ("greet",)
    assert file.golden.routing[0].given.tier == "gold"
    assert file.golden.hours[0].due > file.golden.hours[0].at
    assert file.line("conversations", 0, "turns", 1) == 13


def test_an_explicit_null_is_a_check(small: Path, known: Known) -> None:
    (file,) = load_golden(load(small, known))
    first, second = file.golden.conversations[0].turns
    assert "ticket" in second.model_fields_set
    assert second.ticket is None
    assert "choose" not in first.model_fields_set


def test_no_tests_are_no_fault(small: Path, known: Known) -> None:
    (small / "tests" / "first.yaml").unlink()
    assert load_golden(load(small, known)) == ()


def test_all_faults_of_all_files(small: Path, known: Known) -> None:
    (small / "tests" / "broken.yaml").write_text("a: [", encoding="utf-8")
    (small / "tests" / "wrong.yaml").write_text("routng: []", encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        load_golden(load(small, known))
    assert [fault.code for fault in raised.value.faults] == ["YAML001", "CFG010"]
