"""Loyalty points: the balance of whoever is signed in, the rules for everybody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.actions import answer
from bot.actions.outcome import Outcome
from bot.dialogue.context import Say
from bot.dialogue.replies import Term

if TYPE_CHECKING:
    from bot.actions.outcome import Request

TIERS = ("standard", "silver", "gold")

REPLIES = {
    "points.balance": frozenset({"points", "tier"}),
    **{f"tier.{tier}": frozenset() for tier in TIERS},
}


async def run(request: Request) -> Outcome:
    """Tell the balance, and how points work."""
    rules = await answer.run(request)
    if not request.verified:
        return rules
    tier = request.customer.tier if request.customer.tier in TIERS else TIERS[0]
    values = {"points": request.customer.points, "tier": Term(key=f"tier.{tier}")}
    return Outcome(
        say=(Say(key="points.balance", values=values), *rules.say), article=rules.article
    )
