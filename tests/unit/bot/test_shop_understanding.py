"""What the shipped shop's model must get right whatever else is learned."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from bot.models import folder_of
from nlp.engine import Engine

if TYPE_CHECKING:
    from bot.playbook import Playbook

NOW = datetime(2026, 1, 14, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def engine(playbook: Playbook) -> Engine:
    return Engine.load(folder_of(playbook.settings))


@pytest.mark.parametrize(
    "emoji", ["👍", "👍🏽", "👎", "👌", "✅", "❌", "🙏", "❤️", "🛒", "📦", "🥑"]
)
def test_a_lone_emoji_is_out_of_scope(engine: Engine, emoji: str) -> None:
    for previous in ("en", "zh"):
        assert engine.understand(emoji, now=NOW, previous=previous).intent is None


@pytest.mark.parametrize(
    "text",
    [
        "my phone company charged me twice",
        "my internet provider billed me twice this month",
        "重置我的微信密码",
        "家里水管漏了找谁修",
        "下水道堵了找谁通",
        "圣诞老人存在吗",
    ],
)
def test_what_others_should_do_is_out_of_scope(engine: Engine, text: str) -> None:
    assert engine.understand(text, now=NOW).intent is None


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("you charged me twice", "payment_issue"),
        ("my card was charged twice", "payment_issue"),
        ("你们重复扣了我的钱", "payment_issue"),
        ("重置我的密码", "recover_password"),
        ("水壶坏了找谁修", "warranty_repair"),
        ("亲，在吗", "greet"),
        ("👍 yes", "affirm"),
    ],
)
def test_the_same_of_this_shop_is_served(engine: Engine, text: str, intent: str) -> None:
    assert engine.understand(text, now=NOW).intent == intent
