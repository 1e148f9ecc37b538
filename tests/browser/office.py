"""Both sides of the counter: the service with a desk in the stand-in for Slack, and other sites."""

from __future__ import annotations

import shutil
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import yaml

from tests.bench.served import Served, free_port
from tests.browser.elsewhere import Elsewhere
from tests.browser.payloads import PAYLOADS
from tests.browser.visitor import Visitor, until
from tests.fake_slack import FakeSlack
from tests.integration.slack.workplace import CHANNELS, Card, furnish

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

AGENT = "U_CLEO"
MALLORY = "U_MALLORY"
"""An agent whose name is an attack."""

KEY = "shared-by-two-servers-and-by-nobody-else-".ljust(64, "0")
"""Signs identities, as a site's own server does."""

SITES: dict[str, dict[str, Any]] = {
    "default": {},
    "members": {"anonymous": "deny"},
    "bots": {"anonymous": "bot_only"},
    "asking": {
        "consent": {
            "version": "2026-11",
            "text": {
                "en": "We keep what you write for two years, to help you and to get better at it.",
                "zh": "为了给您提供并改进服务，您的消息将保存两年。",
            },
            "link": "https://shop.example/privacy",
        }
    },
    "inviting": {
        "look": {
            "accent": "#8a1c4b",
            "position": "start",
            "launcher": {"en": "Questions?", "zh": "有问题？"},
            "title": {"en": "The other shop", "zh": "另一家店"},
            "greeting": {"en": "What are you looking for?", "zh": "您在找什么？"},
        },
        "greetings": [
            {
                "id": "welcome",
                "after_s": 0,
                "text": {"en": "Can we help you choose?", "zh": "需要帮您挑选吗？"},
            }
        ],
    },
}
"""Sites of another origin, beside the demo shop's own."""


class Office:
    """The service, its desk, and a web server of another site."""

    def __init__(self, service: Served, slack: FakeSlack, elsewhere: Elsewhere) -> None:
        self.service = service
        self.slack = slack
        self.elsewhere = elsewhere

    async def card(self, visitor: Visitor) -> Card:
        """Return the card of a visitor's ticket, once it is there."""

        async def look() -> Card | None:
            ticket = (await visitor.status())["ticket"]
            for channel in (f"C_{name.upper()}" for name in CHANNELS):
                for line in self.slack.transcript(channel):
                    if ticket and line.bot and f"{ticket}" in line.readable:
                        return Card(self.slack, channel, line.ts)
            return None

        card: Card = await until(look, lambda found: found is not None)
        return card

    async def take(self, visitor: Visitor, agent: str = AGENT) -> Card:
        """Have an agent take the ticket."""
        card = await self.card(visitor)
        await card.press(agent, "take")
        await until(visitor.status, lambda status: status["owner"] == "agent")
        return card


@asynccontextmanager
async def working(shop: Path, folder: Path) -> AsyncIterator[Office]:
    """Run an office with a copy of the shop's configuration, in a folder."""
    slack = FakeSlack(seed=5)
    furnish(slack)
    slack.add_user(MALLORY, name=PAYLOADS[5], email="mallory@shop.example")
    for name in CHANNELS:
        await slack.join(MALLORY, f"C_{name.upper()}")
    elsewhere = Elsewhere(free_port())
    config = shutil.copytree(shop, folder / "shop")
    _settle(config / "frontdesk.yaml", elsewhere.origin)
    _say_evil(config / "replies" / "en.yaml")
    async with slack, elsewhere:
        environment = slack.environment | {"FRONTDESK_IDENTITY_KEYS": KEY}
        async with Served(folder / "data", config=config, environment=environment) as service:
            await slack.connected()
            yield Office(service, slack, elsewhere)
            await service.stop()
    assert slack.violations == []


def _settle(file: Path, origin: str) -> None:
    """Let another origin's pages embed the chat as each of the sites."""
    settings = yaml.safe_load(file.read_text("utf-8"))
    found = settings["web_chat"]["sites"]
    for name, site in SITES.items():
        found[name] = {**found.get(name, {}), **site, "origins": [origin]}
    file.write_text(yaml.safe_dump(settings, allow_unicode=True, sort_keys=False), "utf-8")


def _say_evil(file: Path) -> None:
    """Have the bot answer thanks with every attack that a configuration can hold."""
    replies = yaml.safe_load(file.read_text("utf-8"))
    replies["thank"] = "\n".join(text for text in PAYLOADS if not set("{\ufeff") & set(text))
    file.write_text(yaml.safe_dump(replies, allow_unicode=True, sort_keys=False), "utf-8")
