"""Customers in Slack: a service at work, people who write to it, and what they read."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from bot.settings.model import CustomerChannel, SlackCustomers
from crm_store.store import Store
from tests.fake_slack import FakeSlack
from tests.integration.slack.workplace import furnish, until, workplace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.playbook import Playbook
    from crm_store.records import Message
    from tests.fake_slack.transcript import Line
    from tests.integration.slack.workplace import Workplace

QUIET_S = 0.6

CHANNELS = {
    "help-all": CustomerChannel(listen="everything", answer="thread"),
    "help-named": CustomerChannel(listen="mentions", answer="thread"),
    "help-private": CustomerChannel(listen="everything", answer="private"),
}


class Place:
    """A service at work, seen by customers in Slack."""

    def __init__(self, work: Workplace, store: Store) -> None:
        self.work = work
        self.slack = work.slack
        self.store = store

    def bots(self, channel: str, thread_ts: str | None = None) -> list[Line]:
        """What the bot wrote, in order."""
        lines = self.slack.transcript(channel, thread_ts, ephemeral=False)
        return [line for line in lines if line.bot]

    async def say(self, user: str, text: str = "", **more: Any) -> tuple[str, Line]:
        """Write to the bot alone; return where, and what it answers."""
        channel = self.slack.workspace.direct([user]).id
        before = len(self.bots(channel))
        await self.slack.say(channel, user, text, **more)
        await until(lambda: len(self.bots(channel)) > before)
        await self.settled()
        return channel, self.bots(channel)[-1]

    async def told(self, user: str, words: str) -> Line:
        """Return what somebody was told that nobody else sees."""
        found: Line = await until(
            lambda: next(line for line in self.slack.ephemerals(user) if words in line.readable)
        )
        return found

    async def told_in(self, channel: str, words: str) -> Line:
        """Return what the bot wrote that has these words in it."""
        found: Line = await until(
            lambda: next(line for line in self.bots(channel) if words in line.readable)
        )
        return found

    def cards(self) -> list[Line]:
        """The cards on the desk."""
        desk = [c for c in self.slack.workspace.channels.values() if c.name.startswith("desk-")]
        return [line for channel in desk for line in self.bots(channel.id) if "T-" in line.readable]

    async def settled(self) -> None:
        """Wait until everything has come about."""
        await self.slack.settled(quiet_s=QUIET_S, timeout_s=20)

    async def conversations(self) -> int:
        return await self.store.conversations.count()

    async def messages(self, user: str, address: str) -> tuple[Message, ...]:
        """What stands in somebody's conversation at a place."""
        for team in ("T0DESK", "T0OTHER"):
            found = await self.store.conversations.find(
                f"{team}:{user}", channel="slack", address=address
            )
            if found is not None:
                return await self.store.conversations.messages(
                    found.conversation.id, after=0, limit=99
                )
        return ()


def with_customers(playbook: Playbook, **customers: Any) -> Playbook:
    """Return the configuration with Slack's customers as given."""
    settings = SlackCustomers(**{"channels": CHANNELS, **customers})
    desk = playbook.settings.desk.model_copy(update={"customers": settings})
    return replace(playbook, settings=replace(playbook.settings, desk=desk))


@asynccontextmanager
async def place_of(playbook: Playbook, data: Path, **customers: Any) -> AsyncIterator[Place]:
    """Run the service with customers in its Slack."""
    async with FakeSlack(seed=4) as slack:
        furnish(slack)
        slack.add_user("U_BEN", name="Ben", email="ben@example.com")
        slack.add_user("U_ZOE", name="Zoe", stranger=True)
        slack.add_user("U_LI", name="李雷", locale="zh-CN", email="li@example.com")
        slack.add_user("U_BOT", name="Robo", bot=True)
        everybody = ["U_ADA", "U_BEN", "U_LI", "U_CLEO", "U_EVE", "U_GUS", "U_BOT"]
        for name in ("help-all", "help-named", "help-private", "lounge"):
            slack.add_channel(f"C_{name.upper()}", name=name, members=everybody)
        slack.add_channel(
            "C_SHARED", name="shared", members=["U_ZOE", "U_ADA"], shared_with=["T0OTHER"]
        )
        async with workplace(with_customers(playbook, **customers), data, slack) as work:
            store = await Store.open(data / "frontdesk.db", upgrade=False, alone=False)
            try:
                yield Place(work, store)
            finally:
                await store.close()
        assert slack.violations == []
        assert slack.problems == []
