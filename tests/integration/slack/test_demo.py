"""`make run-with-slack`: both pages are there, and nothing stays when it is stopped."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import yaml

from tests.bench.served import free_port
from tests.conftest import ROOT, SHOP
from tests.fake_slack import FakeSlack
from tests.fake_slack.demo import furnish

if TYPE_CHECKING:
    from bot.playbook import Playbook

START_S = 45.0
STOP_S = 15.0


async def demo(temp: Path, *arguments: object) -> asyncio.subprocess.Process:
    """Start it; what it keeps for the time being goes into `temp`."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.fake_slack.demo", *map(str, arguments)),
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(temp), "SLACK_SIGNING_SECRET": "another-one"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def shown(process: asyncio.subprocess.Process, wanted: str) -> str:
    """Return what it prints until this is in it."""
    assert process.stdout is not None
    text = ""
    async with asyncio.timeout(START_S):
        while wanted not in text:
            line = await process.stdout.readline()
            assert line, text
            text += line.decode()
    return text


def children_of(pid: int) -> list[int]:
    """Return the processes under a process."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8").split()
    return [each for child in map(int, found) for each in (child, *children_of(child))]


def left_in(folder: Path) -> list[Path]:
    """Return what is left in a folder."""
    return list(folder.iterdir())


def alive(pids: list[int]) -> list[int]:
    """Return those of some processes that are still there."""
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]


@pytest.mark.timeout(120)
async def test_both_are_served_and_nothing_stays_behind(playbook: Playbook, tmp_path: Path) -> None:
    shop = shutil.copytree(playbook.settings.folder, tmp_path / "shop")
    temp = tmp_path / "temp"
    temp.mkdir()
    port, slack_port = free_port(), free_port()
    process = await demo(
        temp, *("--config", shop), *("--port", port), *("--slack-port", slack_port)
    )
    try:
        text = await shown(process, "Control-C")
        for address in (f"http://127.0.0.1:{port}", f"http://127.0.0.1:{slack_port}"):
            assert address in text
            async with aiohttp.ClientSession() as session, session.get(address) as response:
                assert response.status == 200
        async with aiohttp.ClientSession() as session:
            url = f"http://127.0.0.1:{slack_port}/page/state"
            state: dict[str, Any] = await (await session.get(url)).json()
        assert [each["name"] for each in state["people"]][:2] == ["丹丹", "Cleo"]
        assert state["connected"].startswith("Socket Mode")
        under_it = children_of(process.pid)
        assert under_it
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(STOP_S):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
    assert alive(under_it) == []
    assert left_in(temp) == []
    assert process.stderr is not None
    assert await process.stderr.read() == b""


async def test_a_port_that_is_taken_is_said_to_be(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = await demo(tmp_path, "--port", free_port(), "--slack-port", port)
        _, err = await process.communicate()
    assert process.returncode == 2
    assert err.decode().startswith(f"The stand-in cannot listen on port {port}")
    assert left_in(tmp_path) == []


async def test_a_configuration_that_cannot_be_served_is_told(tmp_path: Path) -> None:
    nowhere, temp = tmp_path / "nowhere", tmp_path / "temp"
    temp.mkdir()
    process = await demo(
        temp, "--config", nowhere, "--port", free_port(), "--slack-port", free_port()
    )
    _, err = await process.communicate()
    assert process.returncode == 2
    assert "nowhere" in err.decode()
    assert left_in(temp) == []


def test_every_channel_of_the_desk_is_there() -> None:
    slack = FakeSlack(seed=1)
    desk = yaml.safe_load((SHOP / "desk.yaml").read_text("utf-8"))
    furnish(slack, desk | {"customers": {"channels": {"help": {}}}, "escalation_channel": "C0AB12"})
    channels = {each.name: each for each in slack.workspace.channels.values()}
    for name in desk["channels"].values():
        assert channels[name].private
        assert {"U_DAN", "U_CLEO"} <= channels[name].members.keys()
    assert "C0AB12" in slack.workspace.channels
    assert "U_ADA" in channels["help"].members
    assert "U_ADA" not in channels["desk-general"].members
    furnish(FakeSlack(seed=1), {})
