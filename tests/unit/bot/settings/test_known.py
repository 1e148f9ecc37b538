import pytest

from bot.settings.known import installed


def test_the_program_knows_its_actions_and_replies() -> None:
    pytest.importorskip("bot.actions")
    known = installed()
    assert known.actions
    assert known.replies
    for action in known.actions.values():
        assert all(isinstance(filled, frozenset) for filled in action.replies.values())
