"""`make run-with-slack`: the service and the stand-in side by side, to play agent and customer.

The service is another process, told by its environment where this Slack is. Its data lie in a
folder that goes with it: a new Slack knows nothing of yesterday's threads.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from tests.fake_slack.portraits import portrait
from tests.fake_slack.slack import FakeSlack

ROOT = Path(__file__).parents[2]
MANIFEST = ROOT / "docs" / "slack-manifest.yaml"
READY = b"Frontdesk is ready to chat"
STOP_S = 30.0
LOG_TAIL = 12

BLOCK = """\

──────────────────────────────────────────────────────────────────────────────
  You as a customer   {shop}
  You as an agent     {slack}

  Open both side by side. In the shop's chat write  转人工  or  talk to a human.
  In the workspace a card comes up: be 丹丹 or Cleo, at the top right, press
  Take, and answer in its thread with  !  before your words.
  Ada writes to the bot in Slack itself, as a customer; Gus is a guest.

  Control-C stops both, and nothing is kept. Log: {log}
──────────────────────────────────────────────────────────────────────────────
"""


def furnish(slack: FakeSlack, desk: dict[str, Any]) -> None:
    """Set the scene: two agents, a guest, a customer, and the channels of a `desk.yaml`."""
    slack.add_user("U_DAN", name="丹丹", locale="zh-CN", email="dan@shop.example")
    slack.add_user("U_CLEO", name="Cleo", email="cleo@shop.example", picture=portrait("Cleo"))
    slack.add_user("U_GUS", name="Gus (guest)", email="gus@agency.example", guest=True)
    slack.add_user("U_ADA", name="Ada (customer)", email="ada.byrne@example.com")
    default = str(desk.get("default_channel") or "frontdesk")
    agents, everybody = ("U_DAN", "U_CLEO"), ("U_DAN", "U_CLEO", "U_GUS", "U_ADA")
    names = dict.fromkeys([default, *map(str, (desk.get("channels") or {}).values())])
    if desk.get("escalation_channel"):
        names[str(desk["escalation_channel"])] = None
    for name in names:
        people = (*agents, "U_GUS") if name == default else agents
        slack.add_channel(_id(name), name=name.lower(), private=True, members=people)
    for name in (desk.get("customers") or {}).get("channels") or {}:
        slack.add_channel(_id(name), name=name.lower(), members=everybody)
    slack.add_channel("C_TOWN", name="town", members=everybody, topic="Everybody is here")
    for user in everybody:
        slack.workspace.direct([user])


def _id(name: str) -> str:
    given = name[:1] == "C" and name.isupper() and name.isalnum()
    return name if given else "C_" + name.upper().replace("-", "_")


def _read(path: Path) -> dict[str, Any]:
    try:
        return yaml.safe_load(path.read_text("utf-8")) or {}
    except FileNotFoundError:
        return {}


async def play(config: Path, host: str, port: int, slack_port: int, folder: Path) -> int:
    """Run both until somebody stops them; return the exit code."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    slack = FakeSlack(seed=1, port=slack_port)
    slack.install(_read(MANIFEST))
    furnish(slack, _read(config / "desk.yaml"))
    async with slack:
        service = await _start(config, host, port, slack, folder)
        try:
            if not await _ready(service, stop):
                return 0 if stop.is_set() else _failed(folder)
            shop, log = f"http://{host}:{port}", folder / "frontdesk.log"
            _say(BLOCK.format(shop=shop, slack=slack.url, log=log))
            return await _until_either_ends(service, stop, folder)
        finally:
            await _end(service)


async def _start(
    config: Path, host: str, port: int, slack: FakeSlack, folder: Path
) -> asyncio.subprocess.Process:
    ours = ("SLACK_", "FRONTDESK_DATABASE_URL", "HOST", "PORT", "DATA")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    environment = inherited | slack.environment
    with (folder / "frontdesk.log").open("wb") as log:
        return await asyncio.create_subprocess_exec(
            *(str(Path(sys.executable).with_name("frontdesk")), "serve", str(config)),
            *("--host", host, "--port", str(port), "--data", str(folder / "data")),
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            env=environment,
            start_new_session=True,  # Control-C is for us; we end it in order
        )


async def _ready(service: asyncio.subprocess.Process, stop: asyncio.Event) -> bool:
    """Return whether people can chat; False when it ended, or was to end, before that."""
    assert service.stdout is not None
    line = asyncio.ensure_future(service.stdout.readline())
    stopped = asyncio.ensure_future(stop.wait())
    await asyncio.wait({line, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if not line.done():
        line.cancel()
        return False
    return line.result().startswith(READY)


async def _until_either_ends(
    service: asyncio.subprocess.Process, stop: asyncio.Event, folder: Path
) -> int:
    ended = asyncio.ensure_future(service.wait())
    stopped = asyncio.ensure_future(stop.wait())
    await asyncio.wait({ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
    code = 0 if stop.is_set() else _failed(folder)
    ended.cancel()
    stopped.cancel()
    return code


async def _end(service: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        service.terminate()
    try:
        async with asyncio.timeout(STOP_S):
            await service.wait()
    except TimeoutError:
        service.kill()
        await service.wait()


def _failed(folder: Path) -> int:
    lines = (folder / "frontdesk.log").read_text("utf-8", "replace").splitlines()
    sys.stderr.write("\n".join([*lines[-LOG_TAIL:], "The service has ended.", ""]))
    return 2


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def main() -> int:
    """Run both until interrupted."""
    parser = argparse.ArgumentParser(prog="make run-with-slack", description=__doc__)
    parser.add_argument("--config", type=Path, default=ROOT / "config" / "ecommerce")
    parser.add_argument("--host", default="127.0.0.1", help="where the service listens")
    parser.add_argument("--port", type=int, default=8080, help="where the service listens")
    parser.add_argument("--slack-port", type=int, default=8090, help="where the stand-in listens")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="frontdesk-"))
    _say("Starting; the first start trains the model, which takes up to a minute …\n")
    try:
        return asyncio.run(play(given.config, given.host, given.port, given.slack_port, folder))
    except OSError as error:
        reason = (error.strerror or str(error)).rpartition(":")[2].strip()
        sys.stderr.write(f"The stand-in cannot listen on port {given.slack_port}: {reason}\n")
        return 2
    except KeyboardInterrupt:
        return 0
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
