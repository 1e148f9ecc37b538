"""`python -m tests.browser.pictures`: takes the pictures of docs/slack.md anew.

The shipped shop, a workspace of the stand-in's, and two people in front of their pages.
"""

from __future__ import annotations

import asyncio
import base64
import struct
import sys
import tempfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import yaml

from bot.desk.words import words
from tests.bench.served import CONFIG, Served
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.browser.visitor import Visitor, until
from tests.fake_slack import FakeSlack
from tests.fake_slack.demo import MANIFEST, furnish

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
ZONE = "Asia/Shanghai"

BESIDE = """<style>
body {{ margin: 0; padding: 20px; background: #e9e7e2; display: inline-flex; gap: 20px }}
img {{ flex: none; align-self: center; border-radius: 8px }}
img:first-child {{ border-radius: 20px }}
</style>
<img src="data:image/png;base64,{left}"><img src="data:image/png;base64,{right}">"""


async def beside(browser: Browser, left: bytes, right: bytes) -> bytes:
    """Return two pictures as one."""
    page = await browser.new_page(viewport={"width": 400, "height": 300})
    data = [base64.b64encode(each).decode() for each in (left, right)]
    await page.set_content(BESIDE.format(left=data[0], right=data[1]))
    picture = await page.locator("body").screenshot()
    await page.close()
    return picture


PIXELS = """async (data) => {
    const picture = await createImageBitmap(await (await fetch(data)).blob());
    const canvas = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
    canvas.drawImage(picture, 0, 0);
    const bytes = canvas.getImageData(0, 0, picture.width, picture.height).data;
    let text = "";
    for (let at = 0; at < bytes.length; at += 32768)
        text += String.fromCharCode(...bytes.subarray(at, at + 32768));
    return [picture.width, picture.height, btoa(text)];
}"""


async def packed(browser: Browser, picture: bytes) -> bytes:
    """Return a PNG with the 256 colours that it needs most: the same to the eye, and a third."""
    page = await browser.new_page()
    data = f"data:image/png;base64,{base64.b64encode(picture).decode()}"
    width, height, text = await page.evaluate(PIXELS, data)
    await page.close()
    pixels = np.frombuffer(base64.b64decode(text), np.uint8).reshape(-1, 4)[:, :3]
    colours, which, count = np.unique(pixels, axis=0, return_inverse=True, return_counts=True)
    kept = colours[np.argsort(-count)[:256]].astype(int)
    nearest = [int(((kept - each) ** 2).sum(axis=1).argmin()) for each in colours.astype(int)]
    lines = np.array(nearest, np.uint8)[which.ravel()].reshape(height, width)
    raw = np.insert(lines, 0, 0, axis=1).tobytes()  # each line begins with its filter: none
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in (
            (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            (b"PLTE", kept.astype(np.uint8).tobytes()),
            (b"IDAT", zlib.compress(raw, 9)),
            (b"IEND", b""),
        )
    )


async def keep(browser: Browser, name: str, picture: bytes) -> None:
    """Write a picture."""
    content = await packed(browser, picture)
    path = PICTURES / f"{name}.png"
    path.write_bytes(content)
    sys.stdout.write(f"{path} {len(content) // 1024} KB\n")


class Desk:
    """丹丹, in front of the workspace."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.feed = page.locator("#feed")
        self.thread = page.locator("#thread-feed")

    async def press(self, key: str, language: str = "zh") -> None:
        """Press a button of the card."""
        name = words(key, language)  # type: ignore[arg-type]
        await self.feed.get_by_role("button", name=name, exact=True).click()

    async def write(self, text: str) -> None:
        """Write in the thread."""
        await self.page.locator("#thread-text").fill(text)
        await self.page.locator("#thread-text").press("Enter")
        await self.thread.get_by_text(text).wait_for()


async def play(browser: Browser, slack: FakeSlack, base: str) -> None:
    """Play the scene and take the pictures."""
    context = await browser.new_context(
        locale="zh-CN", timezone_id=ZONE, viewport={"width": 1160, "height": 820}
    )
    mei = Visitor(context, await context.new_page(), base)
    await mei.visit()
    await mei.sign_in("mei")
    await mei.open()
    await mei.ask("我的快递到哪了？都三天没动了")
    await mei.ask("转人工，太慢了")

    for words_of_theirs in ("I want my money back, talk to a human", "我要投诉快递员，转人工"):
        context = await browser.new_context(locale="en-US", timezone_id=ZONE)
        other = Visitor(context, await context.new_page(), base)
        await other.visit()
        await other.open()
        await other.ask(words_of_theirs)

    office = await browser.new_context(
        locale="zh-CN", timezone_id=ZONE, viewport={"width": 1160, "height": 820}
    )
    desk = Desk(await office.new_page())
    await desk.page.goto(f"{slack.url}/?as=U_DAN&channel=C_DESK_ORDERS")
    await desk.feed.locator(".b-header").wait_for()
    await desk.press("button.take", "en")
    await desk.feed.locator(".b-section", has_text="丹丹").first.wait_for()
    await desk.feed.locator(".replies").click()
    await desk.write("包裹在上海中转场停了两天，我去催一下")
    await desk.press("button.reply")
    reply = "您好，我是丹丹。包裹在中转场停了两天，我已经请快递加急，今晚前给您回复。"
    await desk.page.locator(".modal textarea").fill(reply)
    await desk.page.mouse.move(5, 5)
    modal = desk.page.locator(".modal")
    await keep(browser, "slack-reply", await modal.screenshot())
    await desk.page.locator(".modal button.primary").click()
    await until(lambda: mei.said_by("agent"), bool)
    await mei.say("好的，麻烦您了！")
    await desk.thread.get_by_text("好的，麻烦您了").wait_for()
    await asyncio.sleep(2.5)  # the card follows
    await mei.page.mouse.move(5, 5)
    await desk.page.mouse.move(5, 5)

    panel = await mei.panel.bounding_box()
    assert panel is not None
    left = await mei.page.screenshot(clip={**panel}, animations="disabled")
    right = await desk.page.screenshot()
    await keep(browser, "slack-desk", await beside(browser, left, right))
    card = desk.feed.locator(".message", has=desk.page.locator(".b-header")).first
    await desk.page.locator("#thread-close").click()
    await desk.page.mouse.move(5, 5)
    await desk.page.set_viewport_size({"width": 1000, "height": 1100})
    await asyncio.sleep(0.3)
    await keep(browser, "slack-card", await card.screenshot())

    await slack.open_home("U_DAN")
    (app,) = (c.id for c in slack.workspace.channels.values() if _is_app(c.members, c.kind))
    await desk.page.set_viewport_size({"width": 1000, "height": 560})
    await desk.page.goto(f"{slack.url}/?as=U_DAN&channel={app}&home")
    await desk.page.locator(".home .b-section").first.wait_for()
    await keep(browser, "slack-home", await desk.page.screenshot())


def _is_app(members: dict[str, None], kind: str) -> bool:
    return kind == "im" and "U_DAN" in members


async def main() -> None:
    """Take all of them."""
    from playwright.async_api import async_playwright

    slack = FakeSlack(seed=5)
    slack.install(yaml.safe_load(MANIFEST.read_text("utf-8")))
    furnish(slack, yaml.safe_load((CONFIG / "desk.yaml").read_text("utf-8")))
    with tempfile.TemporaryDirectory() as folder:
        async with (
            slack,
            async_playwright() as started,
            Served(Path(folder) / "data", environment=slack.environment) as service,
        ):
            await slack.connected()
            browser = await started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            try:
                await play(browser, slack, service.base)
            finally:
                await browser.close()
                await service.stop()


if __name__ == "__main__":
    asyncio.run(main())
