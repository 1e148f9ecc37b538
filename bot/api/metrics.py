"""Figures for Prometheus. Labels are few and come from the configuration, never from customers."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from aiohttp import web
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

SAMPLE_EVERY_S = 0.5

STAGE_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
LAG_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)


class Metrics:
    """The service's figures, in a registry of their own so that a test may have another."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        self._exchanges = Counter(
            "frontdesk_exchanges",
            "Messages answered, by the rule that decided and by who owned the conversation then.",
            ["rule", "owner"],
            registry=self.registry,
        )
        self._stages = Histogram(
            "frontdesk_stage_seconds",
            "Time that each stage of a turn took.",
            ["stage"],
            buckets=STAGE_BUCKETS,
            registry=self.registry,
        )
        self._turn_errors = Counter(
            "frontdesk_turn_errors",
            "Turns that ended in an apology and a ticket.",
            registry=self.registry,
        )
        self._lag = Histogram(
            "frontdesk_loop_lag_seconds",
            "How late the event loop wakes up: what every customer waits on top.",
            buckets=LAG_BUCKETS,
            registry=self.registry,
        )
        # Looking a child up by its labels costs more than counting; there are few of them.
        self._of_stage: dict[str, Histogram] = {}
        self._of_exchange: dict[tuple[str, str], Counter] = {}
        self._sampler: asyncio.Task[None] | None = None

    def exchange(self, *, rule: str, owner: str) -> None:
        """Count an answered message."""
        child = self._of_exchange.get((rule, owner))
        if child is None:
            child = self._of_exchange[rule, owner] = self._exchanges.labels(rule, owner)
        child.inc()

    def stage(self, stage: str, seconds: float) -> None:
        """Note how long a stage of a turn took."""
        child = self._of_stage.get(stage)
        if child is None:
            child = self._of_stage[stage] = self._stages.labels(stage)
        child.observe(seconds)

    def turn_error(self) -> None:
        """Count a turn that failed."""
        self._turn_errors.inc()

    def gauge(self, name: str, about: str, read: Callable[[], float]) -> None:
        """Have a figure read whenever somebody asks, such as a queue's depth."""
        Gauge(f"frontdesk_{name}", about, registry=self.registry).set_function(read)

    def tally(
        self, name: str, about: str, label: str, read: Callable[[], Mapping[str, int]]
    ) -> None:
        """Have counts that somebody else keeps read whenever somebody asks."""
        self.registry.register(_Tally(f"frontdesk_{name}", about, label, read))

    def start(self) -> None:
        """Begin to watch the event loop."""
        self._sampler = asyncio.create_task(self._sample())

    async def close(self) -> None:
        """Cease to watch."""
        if self._sampler is not None:
            self._sampler.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sampler

    def routes(self) -> list[web.RouteDef]:
        """Return the route /metrics."""
        return [web.get("/metrics", self._serve)]

    async def _serve(self, _request: web.Request) -> web.Response:
        return web.Response(
            body=generate_latest(self.registry),
            headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"},
        )

    async def _sample(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + SAMPLE_EVERY_S
            await asyncio.sleep(SAMPLE_EVERY_S)
            self._lag.observe(max(0.0, loop.time() - due))


class _Tally(Collector):
    """Counts kept elsewhere: the hot path adds to a dict, and nothing else."""

    def __init__(
        self, name: str, about: str, label: str, read: Callable[[], Mapping[str, int]]
    ) -> None:
        self._name, self._about, self._label, self._read = name, about, label, read

    @override
    def collect(self) -> Iterable[CounterMetricFamily]:
        family = CounterMetricFamily(self._name, self._about, labels=[self._label])
        for value, count in self._read().items():
            family.add_metric([value], count)
        yield family


async def serve_admin(
    routes: Iterable[web.RouteDef], *, port: int, host: str = "127.0.0.1"
) -> web.AppRunner:
    """Serve routes on a listener that the world does not see; clean the runner up at the end."""
    app = web.Application()
    app.add_routes(routes)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    return runner
