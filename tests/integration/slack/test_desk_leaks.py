"""Whatever is typed and changed at the desk, customers read nothing of what is internal."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from crm_store.records import AuthorKind
from tests.fake_slack import FakeSlack
from tests.integration.slack.shift import CLEO, DAN, Shift, eventually, shift, with_desk
from tests.integration.slack.workplace import Card, furnish

if TYPE_CHECKING:
    from bot.playbook import Playbook

SECRET = "sécret"

BEFORE = [
    *("", " ", "\n", "//", "// !", "? !", "\u200b!", ">!", "> !", "`!", "*!*", "(!)", "-!", "…!"),
    *("&lt;!channel&gt; ", "<@U_DAN> !", "fyi !!", "¡", "1!", "\u202e!", ":x: !"),
]
AFTER = ["", "!", " !", "！", "\n!not this either", " <!channel>", " https://a.example", "\n\n//"]
TIMES = 45


def something(chance: random.Random, number: int) -> str:
    return f"{chance.choice(BEFORE)}{SECRET}{number}{chance.choice(AFTER)}"


@pytest.mark.parametrize(("seed", "hold_s"), [(1, 0), (2, 30)])
async def test_what_is_internal_stays(
    playbook: Playbook, sqlite_path: Any, seed: int, hold_s: int
) -> None:
    chance = random.Random(seed)  # noqa: S311  # repeatable
    async with FakeSlack(seed=seed) as slack:
        furnish(slack)
        desk = with_desk(playbook, hold_s=hold_s)
        async with shift(desk, sqlite_path, slack) as at_work:
            tab, card = await at_work.taken()
            typed = [
                await card.say(chance.choice([CLEO, DAN]), something(chance, number))
                for number in range(TIMES)
            ]
            await tab.send(type="message", id="q", text="how long does a refund take?")
            wanted = []
            for number in range(5):
                wanted.append(f"public {number}")
                await card.say(CLEO, f"!public {number}")
            await slack.settled()
            await at_work.idle()
            # A note that is made to look like a reply afterwards stays a note.
            for ts in typed:
                match chance.randrange(3):
                    case 0:
                        await slack.edit(card.channel, ts, f"!{SECRET} edited")
                    case 1:
                        await slack.delete(card.channel, ts)
            await slack.settled()
            await at_work.idle()
            at_work.clock.advance(seconds=hold_s + 1)
            await eventually(lambda: _sent(at_work, card, len(wanted)))
            await at_work.idle()
            said = await at_work.said(card)
            assert not [m for m in said if SECRET in m.text]
            assert [m.text for m in said if m.author is AuthorKind.AGENT] == wanted
        assert slack.violations == []


async def _sent(at_work: Shift, card: Card, count: int) -> bool:
    said = await at_work.said(card)
    return sum(m.author is AuthorKind.AGENT for m in said) >= count
