"""Files of the web chat: who may send what, who gets it, and what never comes out again."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from crm_store.attachments import Upload
from crm_store.drafts import Line
from crm_store.records import AuthorKind
from tests.unit.bot.test_files import PNG, REFUSED

if TYPE_CHECKING:
    import aiohttp

    from tests.integration.webchat.conftest import Shop, Start, Tab

SHOPS = {"Origin": "https://shop.example"}


async def send(
    shop: Shop, token: str | None, content: Any, name: str = "lamp.png", **headers: str
) -> tuple[int, dict[str, Any], aiohttp.ClientResponse]:
    headers["X-File-Name"] = quote(name)
    if token:
        headers["Authorization"] = f"Bearer {token}"
    async with shop.session.post(f"{shop.base}/chat/files", data=content, headers=headers) as got:
        return got.status, await got.json(), got


async def fetch(
    shop: Shop, token: str | None, id_: str, **headers: str
) -> tuple[int, bytes, aiohttp.ClientResponse]:
    if token:
        headers["Authorization"] = f"Bearer {token}"
    async with shop.session.get(f"{shop.base}/chat/files/{id_}", headers=headers) as got:
        return got.status, await got.read(), got


async def sent(tab: Tab, *ids: str, text: str = "", id_: str = "m1") -> dict[str, Any]:
    await tab.send(type="message", id=id_, text=text, files=ids)
    return await tab.get("ack", "nack")


async def test_a_picture_goes_up_with_a_message_and_comes_down_again(shop: Shop) -> None:
    tab = await shop.enter()
    assert tab.welcome["files"]["max_bytes"] == 10_000_000
    assert ".png" in tab.welcome["files"]["accept"]
    status, file, _ = await send(shop, tab.token, PNG, "../台灯.png", **SHOPS)
    assert status == 200
    assert (file["name"], file["type"], file["size"]) == ("台灯.png", "image/png", len(PNG))
    # Nobody has said it yet.
    assert (await fetch(shop, tab.token, file["id"]))[0] == 404
    other = await shop.enter(token=tab.token)
    assert (await sent(tab, file["id"]))["seq"] == 1
    for each in (tab, other):
        shown = await each.get("message")
        assert (shown["text"], shown["files"]) == ("", [file])
    again = await sent(tab, file["id"])
    assert (again["type"], again["duplicate"]) == ("ack", True)
    late = await shop.enter(token=tab.token)
    assert (await late.get("message"))["files"] == [file]
    status, content, got = await fetch(shop, tab.token, file["id"], **SHOPS)
    assert (status, content, got.content_type) == (200, PNG, "image/png")
    assert got.headers["Content-Disposition"] == "inline; filename*=UTF-8''" + quote("台灯.png")
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in got.headers["Content-Security-Policy"]
    assert got.headers["Access-Control-Allow-Origin"] == SHOPS["Origin"]
    assert got.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "no-store" in got.headers["Cache-Control"]


async def test_what_is_no_picture_is_a_download_without_a_type(shop: Shop) -> None:
    tab = await shop.enter()
    for name, content in (("a.pdf", b"%PDF-1.7 <script>"), ("a.html", b"x <script>1</script>")):
        _, file, _ = await send(shop, tab.token, content, name)
        await sent(tab, file["id"], id_=name, text="Look")
        _, _, got = await fetch(shop, tab.token, file["id"])
        assert got.content_type == "application/octet-stream"
        assert got.headers["Content-Disposition"].startswith("attachment;")


async def test_what_is_too_large_disguised_or_could_run_is_refused(start: Start) -> None:
    shop = await start()
    tab = await shop.enter()

    async def pieces() -> Any:
        for _ in range(12):
            yield PNG.ljust(1_000_000, b"\x00")

    for content in (BytesIO(PNG.ljust(20_000_000, b"\x00")), pieces()):
        try:
            status, refusal, _ = await send(shop, tab.token, content, **SHOPS)
        except OSError:
            continue  # the connection was cut before all of it was sent: as good
        assert (status, refusal["code"]) == (413, "too_large")
    for what in ("script in a picture", "program", "page"):
        status, refusal, got = await send(shop, tab.token, REFUSED[what], **SHOPS)
        assert (status, refusal["code"]) == (415, "file_type"), what
        assert got.headers["Access-Control-Allow-Origin"] == SHOPS["Origin"]
    assert (await send(shop, tab.token, b""))[0] == 400
    assert await shop.store.attachments.unsent(tab.conversation) == {}


async def test_only_ones_own_files_can_be_named_and_fetched(shop: Shop) -> None:
    ada, ben = await shop.enter(), await shop.enter()
    _, file, _ = await send(shop, ada.token, PNG)
    assert (await sent(ben, file["id"]))["code"] == "invalid"
    assert (await sent(ada, file["id"]))["type"] == "ack"
    # Neither a second time nor by somebody else.
    assert (await sent(ada, file["id"], id_="m2"))["code"] == "invalid"
    assert (await fetch(shop, ben.token, file["id"]))[0] == 404
    for token in (None, "x" * 43):
        assert (await fetch(shop, token, file["id"]))[0] == 401
        assert (await send(shop, token, PNG))[0] == 401
    foreign = {"Origin": "https://evil.example"}
    assert (await fetch(shop, ada.token, file["id"], **foreign))[0] == 403
    assert (await send(shop, ada.token, PNG, **foreign))[0] == 403
    for bad in ([file["id"]] * 2, ["x"] * 11, [1], "abc", {"a": 1}):
        await ada.send(type="message", id="bad", text="x", files=bad)
        assert (await ada.get("ack", "nack"))["code"] == "invalid"
    for nothing in ({}, {"text": " "}, {"text": " ", "files": []}):
        await ada.send(type="message", id="none", **nothing)
        assert (await ada.get("ack", "nack"))["code"] == "invalid"


async def test_an_agents_file_is_the_customers_once_it_is_said(shop: Shop) -> None:
    tab = await shop.enter()
    upload = Upload(
        conversation_id=tab.conversation,
        name="plan.pdf",
        media_type="application/pdf",
        content=b"%PDF-",
        at=datetime.now(UTC),
        source="slack:F1",
    )
    file = await shop.store.attachments.keep(upload)
    assert (await fetch(shop, tab.token, file.id))[0] == 404
    assert (await sent(tab, file.id))["code"] == "invalid"
    line = Line(
        conversation_id=tab.conversation,
        author=AuthorKind.AGENT,
        author_name="Cleo",
        text="",
        files=(file,),
        at=datetime.now(UTC),
    )
    appended = await shop.store.conversations.append(line)
    shop.chat.deliver(tab.conversation, [appended.message], None)
    assert (await tab.get("message"))["files"][0]["name"] == "plan.pdf"
    assert (await fetch(shop, tab.token, file.id))[1] == b"%PDF-"
    await shop.store.attachments.drop([file])
    assert (await fetch(shop, tab.token, file.id))[0] == 404


async def test_so_many_and_no_more(shop: Shop) -> None:
    tab = await shop.enter()
    files = [(await send(shop, tab.token, PNG, f"{n}.png"))[1]["id"] for n in range(20)]
    status, refusal, _ = await send(shop, tab.token, PNG)
    assert (status, refusal["code"]) == (429, "too_many")
    assert (await sent(tab, *files[:6]))["code"] == "invalid"
    assert (await sent(tab, *files[:5], text="All of it"))["type"] == "ack"
    codes = {(await send(shop, tab.token, PNG))[1].get("code") for _ in range(12)}
    assert codes == {None, "too_many", "rate_limited"} or codes == {None, "rate_limited"}


async def test_a_file_that_breaks_off_leaves_nothing(shop: Shop) -> None:
    tab = await shop.enter()
    host, _, port = shop.base.removeprefix("http://").partition(":")
    _, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        f"POST /chat/files HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: 5000\r\n"
        f"Authorization: Bearer {tab.token}\r\nX-File-Name: a.png\r\n\r\n".encode()
        + PNG
    )
    await writer.drain()
    await asyncio.sleep(0.1)
    assert shop.chat._file_routes._held == len(PNG)
    writer.transport.abort()
    async with asyncio.timeout(5):
        while shop.chat._file_routes._coming:  # noqa: ASYNC110  # it tells nobody
            await asyncio.sleep(0.01)
    assert shop.chat._file_routes._held == 0
    assert await shop.store.attachments.unsent(tab.conversation) == {}


async def test_other_sites_pages_may_ask(shop: Shop) -> None:
    for path in ("/chat/files", "/chat/files/x"):
        async with shop.session.options(f"{shop.base}{path}", headers=SHOPS) as got:
            assert got.status == 204
            assert "X-File-Name" in got.headers["Access-Control-Allow-Headers"]
