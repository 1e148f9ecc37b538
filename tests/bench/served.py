"""A served Frontdesk process for benchmarks and tests: started, watched, killed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import orjson

if TYPE_CHECKING:
    from collections.abc import Callable

FRONTDESK = Path(sys.executable).with_name("frontdesk")
ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "config" / "ecommerce"
START_S = 60.0
STOP_S = 25.0


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Served:
    """A `frontdesk serve` of our own."""

    def __init__(
        self,
        data: Path,
        *,
        config: Path = CONFIG,
        arguments: tuple[str, ...] = (),
        environment: dict[str, str] | None = None,
        before: Callable[[], None] | None = None,
    ) -> None:
        """Describe a process.

        Args:
            data: Its data folder. What it logs goes beside it.
            config: Its configuration.
            arguments: More of the command line.
            environment: More of the environment.
            before: Called in the process before it becomes Frontdesk.
        """
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.data = data
        self.log = data.with_name(f"{data.name}.log")
        self._command = [
            *(str(FRONTDESK), "serve", str(config), "--port", str(self.port)),
            *("--data", str(data), *arguments),
        ]
        self._environment = os.environ | {"FRONTDESK_RATE_LIMITS": "off"} | (environment or {})
        self._before = before
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """The process."""
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it is there."""
        return self._process is not None and self._process.returncode is None

    async def spawn(self) -> None:
        """Start the process."""
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=self._environment,
                preexec_fn=self._before,
            )

    async def start(self) -> None:
        """Start the process and return when people can chat."""
        await self.spawn()
        assert self._process is not None
        assert self._process.stdout is not None
        async with asyncio.timeout(START_S):
            line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"did not start: {self.log.read_text()[-2000:]}")

    async def ended(self) -> tuple[int, str, str]:
        """Return exit code, standard output and what it logged, when it has ended by itself."""
        assert self._process is not None
        assert self._process.stdout is not None
        async with asyncio.timeout(START_S):
            out = await self._process.stdout.read()
            code = await self._process.wait()
        return code, out.decode(), self.log.read_text()

    async def kill(self) -> None:
        """Kill -9."""
        await self._signal(signal.SIGKILL)

    async def stop(self) -> int:
        """Ask it to stop, and return its exit code."""
        return await self._signal(signal.SIGTERM)

    async def _signal(self, number: int) -> int:
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)
        try:
            async with asyncio.timeout(STOP_S):
                return await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
            raise

    async def __aenter__(self) -> Served:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.running:
            await self.kill()

    # -- what can be seen from outside -------------------------------------------------------------

    async def ready(self) -> tuple[int, dict[str, str]]:
        """Return what /readyz says."""
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(15)) as session,
            session.get(f"{self.base}/readyz") as response,
        ):
            return response.status, await response.json()

    @property
    def worker_pid(self) -> int | None:
        """The process that understands for it, unless one is about to be started."""
        workers = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return int(workers[0]) if workers else None

    def cpu_s(self) -> float:
        """Return the CPU time that it and its worker took so far."""
        return sum(map(_cpu_s, self._processes()))

    def rss_mb(self) -> float:
        """Return the most memory that it and its worker held so far."""
        return sum(map(_rss_mb, self._processes()))

    def _processes(self) -> list[int]:
        return [pid for pid in (self.pid, self.worker_pid) if pid is not None]

    def logged(self, *levels: str) -> list[dict[str, Any]]:
        """Return the log's lines of these levels; what is no log line counts as `error`."""
        found: list[dict[str, Any]] = []
        for line in self.log.read_bytes().splitlines():
            try:
                entry = orjson.loads(line)
            except orjson.JSONDecodeError:
                entry = {"level": "error", "event": line.decode(errors="replace")}
            if entry.get("level") in levels:
                found.append(entry)
        return found


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _rss_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024
