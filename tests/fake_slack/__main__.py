"""`python -m tests.fake_slack`: the stand-in as a process, with a small workspace to play in."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.fake_slack.slack import FakeSlack


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fake_slack", description=__doc__)
    parser.add_argument("--port", type=int, default=8090, help="where to serve (default 8090)")
    parser.add_argument(
        "--app", help="the app's address, to deliver over HTTP; without it, Socket Mode is served"
    )
    parser.add_argument("--path", default="/slack/events", help="the app's request path")
    parser.add_argument("--manifest", type=Path, help="the app's manifest, JSON or YAML")
    parser.add_argument("--rate-limits", action="store_true", help="have Slack's rate limits")
    parser.add_argument("--seed", type=int, default=0, help="of tokens and of chance")
    return parser.parse_args()


def furnish(slack: FakeSlack) -> None:
    """Set up the workspace of the demo: agents, customers, and a desk for each queue."""
    slack.add_user("U_CLEO", name="Cleo Martin", email="cleo@shop.example")
    slack.add_user("U_DAN", name="Dan Wu", locale="zh-CN", email="dan@shop.example")
    slack.add_user("U_MIA", name="Mia Lang", email="mia@shop.example")
    slack.add_user("U_ADA", name="Ada Price", email="ada@shop.example")
    agents = ("U_CLEO", "U_DAN", "U_MIA")
    slack.add_channel("C_DESK", name="desk", private=True, members=agents, topic="All tickets")
    slack.add_channel("C_ORDERS", name="desk-orders", private=True, members=agents)
    slack.add_channel("C_URGENT", name="desk-urgent", private=True, members=agents)
    slack.add_channel("C_GENERAL", name="general", members=(*agents, "U_ADA"))
    for user in (*agents, "U_ADA"):
        slack.workspace.direct([user])


def _read(path: Path) -> Any:
    text = path.read_text("utf-8")
    return json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)


async def _serve(arguments: argparse.Namespace, manifest: Any) -> None:
    async with FakeSlack(
        arguments.seed, port=arguments.port, rate_limits=arguments.rate_limits
    ) as slack:
        furnish(slack)
        if manifest is not None:
            slack.install(manifest)
        if arguments.app:
            slack.deliver_over_http(arguments.app.rstrip("/") + arguments.path)
        sys.stdout.write(
            f"Slack, or nearly so:  {slack.url}/\n"
            f"  api_url             {slack.api_url}\n"
            f"  bot token           {slack.bot_token}\n"
            f"  app token           {slack.app_token}\n"
            f"  signing secret      {slack.signing_secret}\n"
        )
        sys.stdout.flush()
        await asyncio.Event().wait()


def main() -> None:
    """Serve until interrupted."""
    arguments = _arguments()
    manifest = _read(arguments.manifest) if arguments.manifest else None
    try:
        asyncio.run(_serve(arguments, manifest))
    except KeyboardInterrupt:
        sys.stdout.write("\n")


if __name__ == "__main__":
    main()
