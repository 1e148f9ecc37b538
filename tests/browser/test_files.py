"""Customers send pictures and files, and get those of agents, in a real browser."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import pytest_asyncio

from tests.bench.served import Served
from tests.browser.test_quality import FAINT, SCREENSHOTS, UNLABELLED
from tests.browser.visitor import Visitor, until
from tests.fake_slack import FakeSlack
from tests.integration.slack.workplace import Card, furnish

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from playwright.async_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


class Tale(NamedTuple):
    """What is said and sent in one language."""

    locale: str
    person: str
    picture: str
    words: str
    agent: str
    reply: str
    label: str


TALES = {
    "en": Tale(
        *("en-US", "Talk to a human", "cracked shade.png", "The shade came cracked."),
        *("U_CLEO", "Here is your label.", "return label.pdf"),
    ),
    "zh": Tale(
        *("zh-CN", "转人工", "灯罩开裂.png", "灯罩收到就裂了。"),
        *("U_DAN", "这是您的退货单。", "退货单.pdf"),
    ),
}

TAKEN_IN = """() => {
    const root = document.querySelector('[data-frontdesk]').shadowRoot;
    return !!root.querySelector('.picture img')?.naturalWidth;
}"""


def picture(width: int = 320, height: int = 240) -> bytes:
    """A lamp of sorts, as PNG."""

    def pixel(x: int, y: int) -> bytes:
        if 30 < y < 120 and abs(x - 160) < 30 + (y - 30) // 2:
            return bytes((240, 190 + y // 4, 90))
        if (120 <= y < 210 and abs(x - 160) < 6) or (205 <= y < 218 and abs(x - 160) < 50):
            return bytes((120, 80, 50))
        return bytes((210 - y // 4, 225 - y // 5, 220))

    rows = b"".join(b"\x00" + b"".join(pixel(x, y) for x in range(width)) for y in range(height))

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    end = chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + end


def a_file(name: str, content: bytes, media_type: str = "") -> Any:
    return {"name": name, "mimeType": media_type, "buffer": content}


async def choose(visitor: Visitor, *files: Any) -> None:
    """Choose files as if in the dialog of the paper clip."""
    async with visitor.page.expect_file_chooser() as asked:
        await visitor.page.locator(".clip").click()
    await (await asked.value).set_files(list(files))


async def tray(visitor: Visitor) -> list[str]:
    return await visitor.page.locator(".tray .file").all_inner_texts()


async def test_what_is_sent_can_be_seen_and_saved_again(visitor: Visitor):
    await visitor.open()
    await choose(
        visitor,
        a_file("lamp.png", picture(), "image/png"),
        a_file("offer.pdf", b"%PDF-1.7 offer", "application/pdf"),
    )
    await until(lambda: tray(visitor), lambda shown: len(shown) == 2 and "kB" in shown[1])
    assert await visitor.page.evaluate(UNLABELLED) == []
    # The keyboard alone: take one away again, and send the other without a word.
    remove = visitor.page.get_by_role("button", name="Remove: offer.pdf")
    await remove.press("Enter")
    assert await visitor.focused() == "plain clip"
    await visitor.input.press("Enter")
    answer = await visitor.answer(0)
    assert "that has arrived" in answer
    assert await visitor.said_by("customer") == []
    assert await tray(visitor) == []
    await visitor.page.wait_for_function(TAKEN_IN)

    await choose(visitor, a_file("offer.pdf", b"%PDF-1.7 offer", "application/pdf"))
    await until(lambda: tray(visitor), lambda shown: "kB" in "".join(shown))
    await visitor.say("And the offer")
    chip = visitor.page.get_by_role("button", name="Save: offer.pdf")
    await chip.wait_for()
    await visitor.reload()
    await visitor.open()
    await visitor.page.locator(".picture").scroll_into_view_if_needed()  # fetched when seen
    await visitor.page.wait_for_function(TAKEN_IN)
    async with visitor.page.expect_download() as saving:
        await chip.press("Enter")
    saved = await saving.value
    assert saved.suggested_filename == "offer.pdf"
    assert (await saved.path()).read_bytes() == b"%PDF-1.7 offer"


async def test_what_is_refused_is_said_in_words(visitor: Visitor, tmp_path: Path):
    visitor.forgiven = ("415",)
    (tmp_path / "huge.png").write_bytes(bytes(20_000_000))
    await visitor.open()
    await choose(visitor, tmp_path / "huge.png")
    await choose(
        visitor,
        a_file("lamp.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        *(a_file(f"{n}.txt", b"ok") for n in range(5)),
    )
    shown = await until(
        lambda: tray(visitor), lambda shown: len(shown) == 7 and "cannot be" in shown[1]
    )
    assert "Larger than 10 MB" in shown[0]
    assert "Only 5 files at a time" in shown[6]
    await visitor.page.get_by_role("button", name="Remove: lamp.svg").click()
    await visitor.say("Four of them")
    await until(visitor.page.locator(".entry.customer .file").count, lambda count: count == 4)
    # What can never be sent is gone; what was one too many has its turn now.
    (left,) = await tray(visitor)
    assert "4.txt" in left
    await visitor.page.get_by_role("button", name="Try again").click()
    await until(lambda: tray(visitor), lambda shown: "kB" in shown[0])
    await visitor.say("And the fifth")
    await until(visitor.page.locator(".entry.customer .file").count, lambda count: count == 5)
    assert await tray(visitor) == []


async def test_names_and_contents_run_nothing(visitor: Visitor):
    await visitor.open()
    name = "<img src=x onerror=alert(1)>\u202egnp.txt"
    await choose(visitor, a_file(name, b"x <script>alert(1)</script>", "image/png"))
    await until(lambda: tray(visitor), lambda shown: "kB" in "".join(shown))
    await visitor.input.press("Enter")
    chip = visitor.page.locator(".entry.customer .file, .entry.customer .picture")
    await chip.wait_for()
    assert "_img src=x onerror=alert(1)_gnp.txt" in await chip.inner_text()


async def test_pasted_and_dropped_and_cut_off(visitor: Visitor):
    visitor.forgiven = ("ERR_FAILED",)
    await visitor.open()
    put = """(element, [kind, name, body]) => {
        const data = new DataTransfer();
        data.items.add(new File([body], name, {type: 'text/plain'}));
        const event = kind === 'paste'
            ? new ClipboardEvent(kind, {clipboardData: data, bubbles: true})
            : new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true});
        element.dispatchEvent(event);
    }"""
    await visitor.input.evaluate(put, ["paste", "pasted.txt", "a"])
    await visitor.panel.evaluate(put, ["drop", "dropped.txt", "b"])
    await until(lambda: tray(visitor), lambda shown: "".join(shown).count("kB") == 2)
    await visitor.page.route("**/chat/files", lambda route: route.abort())
    await visitor.input.evaluate(put, ["paste", "lost.txt", "c"])
    await until(lambda: tray(visitor), lambda shown: "The upload failed" in shown[-1])
    await visitor.input.press("Enter")
    await until(visitor.page.locator(".entry.customer .file").count, lambda count: count == 2)


@pytest_asyncio.fixture(loop_scope="session")
async def slack() -> AsyncIterator[FakeSlack]:
    """A workspace with the desk's channels and its people."""
    slack = FakeSlack(seed=5)
    furnish(slack)
    async with slack:
        yield slack
    assert slack.violations == []


@pytest_asyncio.fixture(loop_scope="session")
async def with_desk(
    shop: Path, slack: FakeSlack, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Served]:
    """The service, with this workspace as its desk."""
    data = tmp_path_factory.mktemp("files") / "data"
    async with Served(data, config=shop, environment=slack.environment) as service:
        await slack.connected()
        yield service
        await service.stop()
        assert service.logged("error", "critical") == []


async def test_both_ways_between_a_customer_and_an_agent(
    chromium: Browser, with_desk: Served, slack: FakeSlack
):
    SCREENSHOTS.mkdir(exist_ok=True)
    for language, tale in TALES.items():
        context = await chromium.new_context(
            locale=tale.locale, viewport={"width": 1280, "height": 800}, reduced_motion="reduce"
        )
        visitor = Visitor(context, await context.new_page(), with_desk.base)
        await visitor.visit()
        await _tell(visitor, slack, language, tale)
        await context.close()
        assert visitor.faults == []


async def _tell(visitor: Visitor, slack: FakeSlack, language: str, tale: Tale) -> None:
    visitor.forgiven = ("415",)

    async def shoot(what: str) -> None:
        for scheme in ("light", "dark"):
            await visitor.page.emulate_media(color_scheme=scheme)
            file = f"{language}-files-{scheme}-{what}.png"
            await visitor.page.screenshot(path=SCREENSHOTS / file, animations="disabled")
            assert await visitor.page.evaluate(FAINT) == []

    await visitor.open()
    await visitor.ask(tale.person)
    place = list(TALES).index(language)
    card = await until(lambda: _card(slack, place), lambda found: found is not None)
    await choose(
        visitor,
        a_file(tale.picture, picture(), "image/png"),
        a_file("setup.exe", b"MZ\x90\x00\x03"),
    )
    await until(visitor.page.locator(".tray .bad").count, lambda bad: bad == 1)
    await until(lambda: tray(visitor), lambda shown: "kB" in shown[0])
    await visitor.input.fill(tale.words)
    await shoot("tray")
    await visitor.input.press("Enter")
    await visitor.page.wait_for_function(TAKEN_IN)
    await until(lambda: _names(card), lambda names: names[-1:] == [tale.picture])
    await card.say(
        tale.agent, f"! {tale.reply}", files=[(tale.label, b"%PDF-1.7 " + bytes(48_000))]
    )
    chip = visitor.page.locator(".entry.agent .file")
    await chip.wait_for()
    async with visitor.page.expect_download() as saving:
        await chip.click()
    assert (await saving.value).suggested_filename == tale.label
    await shoot("sent")


async def _card(slack: FakeSlack, place: int) -> Card | None:
    cards = [line for line in slack.transcript("C_GENERAL") if line.bot]
    return Card(slack, "C_GENERAL", cards[place].ts) if len(cards) > place else None


async def _names(card: Card) -> list[str]:
    return [line.files[0] for line in card.thread if line.files]
