"""What the widget costs those who visit a page, and how soon those who want it can chat.

    python -m tests.bench.bench_widget [--runs 20] [--messages 1000]

A real Chromium on the shipped shop, on this machine. Sizes are those of the responses' bodies as
they come over the wire. The time to a usable chat is that of a visitor whose browser has nothing of
it yet, from the press on the launcher until the conversation is there and can be written in. Tasks
are measured in the CPU time of the page's thread, and frames by their distance, while a long
conversation is scrolled from its end to its beginning, and by what CPU time each took: on a machine
that has other work to do, the one says little, and the other does not change.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

from tests.bench.bench_exchanges import say
from tests.bench.load import percentiles_ms
from tests.bench.served import CONFIG, Served
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.browser.test_cost import CATEGORIES, LONG_MS, WATCH, busy_ms
from tests.browser.visitor import Visitor, until

if TYPE_CHECKING:
    from playwright.async_api import Browser, Request

MOST_LOADER = 5 * 1024
MOST_WIDGET = 30 * 1024
MOST_MS = 300
FRAME_MS = 1000 / 60

PRESS = """() => new Promise((usable) => {
    const root = document.querySelector('[data-frontdesk]').shadowRoot;
    const began = performance.now();
    const look = () => {
        const input = root.querySelector('.input');
        if (input?.checkVisibility() && root.querySelector('.list[aria-busy=false]'))
            usable(performance.now() - began);
        else requestAnimationFrame(look);
    };
    Frontdesk.on('ready', () => requestAnimationFrame(look));
    root.querySelector('.launcher').click();
})"""

SCROLL = """(scroller) => new Promise((done) => {
    const deltas = [];
    let before = performance.now();
    let still = 0;
    const frame = (now) => {
        deltas.push(now - before);
        before = now;
        scroller.scrollTop -= 60;
        still = scroller.scrollTop > 0 ? 0 : still + 1;
        if (still > 5) done(deltas);
        else requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
})"""


async def visit(browser: Browser, served: Served) -> Visitor:
    """Bring somebody whose browser has seen nothing of us."""
    context = await browser.new_context(locale="en-US", viewport={"width": 1280, "height": 800})
    await context.add_init_script(WATCH)
    visitor = Visitor(context, await context.new_page(), served.base)
    await visitor.visit()
    await visitor.page.wait_for_load_state("networkidle")
    return visitor


async def sizes(browser: Browser, served: Served) -> dict[str, int]:
    """Return the bytes of each part of the widget, as they are sent."""
    visitor = await visit(browser, served)
    await visitor.context.route("**/*", lambda route: route.continue_())  # so nothing is cached
    requests: list[Request] = []
    visitor.page.on("requestfinished", lambda request: requests.append(request))
    await visitor.reload()
    await visitor.open()
    await visitor.page.wait_for_load_state("networkidle")
    found: dict[str, int] = {}
    for request in requests:
        path = request.url.removeprefix(served.base)
        if path.startswith("/widget") and "/shop/" not in path:
            found[path] = (await request.sizes())["responseBodySize"]
    await visitor.context.close()
    return found


async def usable_ms(browser: Browser, served: Served) -> float:
    """Return the time from a press on the launcher to a chat that can be used."""
    visitor = await visit(browser, served)
    ms: float = await visitor.page.evaluate(PRESS)
    await visitor.context.close()
    return ms


async def disturbance(browser: Browser, served: Served) -> tuple[list[float], list[Any]]:
    """Return how long tasks took and what moved, from the visit to the end of a conversation."""
    visitor = await visit(browser, served)
    await browser.start_tracing(page=visitor.page, categories=CATEGORIES)
    await visitor.reload()
    await visitor.open()
    await visitor.ask("Hello")
    await visitor.close()
    events = json.loads(await browser.stop_tracing())["traceEvents"]
    shifts = await visitor.page.evaluate("shifts.filter((one) => !one.hadRecentInput)")
    await visitor.context.close()
    return busy_ms(events), shifts


async def frames(browser: Browser, served: Served, messages: int) -> tuple[list[float], float]:
    """Scroll a long conversation; return the frames' distances and the CPU time of each, in ms."""
    visitor = await visit(browser, served)
    await visitor.open()
    await visitor.ask("Hello")
    headers = {"Authorization": f"Bearer {await visitor.token()}"}
    async with aiohttp.ClientSession(served.base, headers=headers) as telephone:
        for number in range(messages // 2):
            frame = {"type": "message", "id": str(uuid.uuid4()), "text": f"Hello {number}"}
            async with telephone.post("/chat/messages", json=frame) as response:
                response.raise_for_status()
    await until(visitor.stored, lambda stored: len(stored) >= messages, 60)
    await visitor.reload()
    await visitor.open()
    await browser.start_tracing(page=visitor.page, categories=CATEGORIES)
    deltas: list[float] = await visitor.page.locator(".scroller").evaluate(SCROLL)
    events = json.loads(await browser.stop_tracing())["traceEvents"]
    await visitor.context.close()
    return deltas[1:], sum(busy_ms(events)) / len(deltas)


async def measure(arguments: argparse.Namespace, folder: Path) -> bool:
    """Measure and print; return whether all targets were met."""
    from playwright.async_api import async_playwright

    async with Served(folder / "data", config=CONFIG) as served, async_playwright() as started:
        browser = await started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        parts = await sizes(browser, served)
        loader = parts["/widget.js"]
        everything = sum(size for path, size in parts.items() if not path.endswith(".png"))
        for path, size in parts.items():
            say(f"{size:7,} B  {path}")
        say(
            f"{loader / 1024:.2f} KB loader, {everything / 1024:.2f} KB everything but the site's "
            "picture, gzipped"
        )
        times = [await usable_ms(browser, served) for _ in range(arguments.runs)]
        median, worst = statistics.median(times), max(times)
        say(f"press to usable chat: median {median:.0f} ms, worst of {len(times)} {worst:.0f} ms")
        tasks, shifts = await disturbance(browser, served)
        say(f"longest tasks: {', '.join(f'{ms:.1f}' for ms in sorted(tasks)[-3:])} ms of CPU")
        deltas, cpu_ms = await frames(browser, served, arguments.messages)
        await browser.close()
    p50, p95, p99 = percentiles_ms([each / 1000 for each in deltas], 50, 95, 99)
    late = sum(each > 1.5 * FRAME_MS for each in deltas) / len(deltas)
    say(
        f"{arguments.messages:,} messages scrolled in {len(deltas)} frames: p50 {p50:.1f} ms, "
        f"p95 {p95:.1f} ms, p99 {p99:.1f} ms, worst {max(deltas):.1f} ms, {late:.1%} late; "
        f"{cpu_ms:.2f} ms of CPU each"
    )
    verdicts = {
        f"loader <= {MOST_LOADER:,} B": loader <= MOST_LOADER,
        f"everything but the site's picture <= {MOST_WIDGET:,} B": everything <= MOST_WIDGET,
        f"press to usable chat <= {MOST_MS} ms": median <= MOST_MS,
        f"no task longer than {LONG_MS:g} ms": max(tasks) <= LONG_MS,
        f"nothing moves by itself ({len(shifts)})": not shifts,
        f"a frame takes < a quarter of {FRAME_MS:.1f} ms": cpu_ms < FRAME_MS / 4,
    }
    for target, met in verdicts.items():
        say(f"{'ok  ' if met else 'MISS'} {target}")
    return all(verdicts.values())


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--messages", type=int, default=1000)
    with tempfile.TemporaryDirectory() as name:
        return 0 if asyncio.run(measure(parser.parse_args(), Path(name))) else 1


if __name__ == "__main__":
    sys.exit(main())
