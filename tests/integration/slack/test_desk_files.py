"""Files both ways: what a customer sends stands in the thread once, what an agent sends arrives."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from crm_store.records import AuthorKind
from tests.fake_slack import FakeSlack, faults
from tests.integration.slack.shift import CLEO, Shift, eventually, shift
from tests.integration.slack.workplace import Card, furnish, until
from tests.unit.bot.test_files import PNG, REFUSED

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.integration.test_app import Tab

PDF = b"%PDF-1.7 offer"


@pytest.fixture
async def at_work(playbook, sqlite_path) -> AsyncIterator[Shift]:
    async with FakeSlack(seed=1) as slack:
        furnish(slack)
        async with shift(playbook, sqlite_path, slack) as at_work:
            yield at_work
        assert slack.violations == []
        assert slack.problems == []


def bearer(tab: Tab) -> dict[str, str]:
    return {"Authorization": f"Bearer {tab.welcome['token']}"}


async def send(at_work: Shift, tab: Tab, *names: str, text: str = "") -> str:
    """Send pictures with a message; return the message's id."""
    ids = []
    for name in names:
        headers = {**bearer(tab), "X-File-Name": quote(name)}
        async with at_work.client.post("/chat/files", data=PNG, headers=headers) as got:
            ids.append((await got.json())["id"])
    id_ = str(uuid.uuid4())
    await tab.send(type="message", id=id_, text=text, files=ids)
    return id_


def shown(card: Card) -> list[str]:
    """What stands under a card: lines by their words, files by their names."""
    return [
        line.files[0] if line.files else line.readable
        for line in card.thread
        if line.ephemeral_for is None
    ]


async def test_a_customers_files_stand_after_their_line(at_work: Shift) -> None:
    tab, card = await at_work.taken()
    await send(at_work, tab, "台灯.png", "<!channel>.png", text="It came like this")
    await until(lambda: len([line for line in card.thread if line.files]) == 2)
    *_, line, first, second = shown(card)
    assert "It came like this" in line
    assert "台灯.png" in line
    assert [first, second] == ["台灯.png", "_!channel_.png"]
    files = [file for file in at_work.slack.workspace.files.values() if file.title == "台灯.png"]
    assert [file.content for file in files] == [PNG]
    # Whoever has the conversation answers; the bot says nothing.
    await at_work.idle()
    assert [m.author for m in await at_work.said(card)][-1] is AuthorKind.CUSTOMER


@pytest.mark.parametrize(
    ("fault", "method"),
    [
        (faults.reset_after(), "files.completeUploadExternal"),
        (faults.status(503), "files.completeUploadExternal"),
        (faults.status(503), "files.getUploadURLExternal"),
        (faults.ratelimited(1), "files.getUploadURLExternal"),
        (faults.error(processed=True), "files.completeUploadExternal"),
    ],
)
async def test_a_file_stands_there_once_whatever_slack_does(
    at_work: Shift, fault: faults.Fault, method: str
) -> None:
    tab, card = await at_work.taken()
    at_work.slack.faults.on_call(fault, method=method)
    # An agent's of the same name is not the customer's.
    await card.say(CLEO, "this one?", files=[("b.png", PNG)])
    await send(at_work, tab, "a.png", "b.png", "b.png")
    await until(lambda: shown(card).count("b.png") == 3)
    await at_work.idle()
    assert shown(card)[-3:] == ["a.png", "b.png", "b.png"]
    assert len([line for line in card.thread if line.files and line.bot]) == 3


async def test_a_file_alone_calls_a_person_and_is_on_the_new_card(at_work: Shift) -> None:
    tab = await at_work.customer(locale="zh-CN")
    await send(at_work, tab, "发票.png")
    said: list[str] = []
    while len(said) < 2:
        message = await tab.get("message")
        if message["author"]["kind"] == "bot":
            said.append(message["text"])
    assert "文件已收到" in said[0]
    assert "T-" in said[1]
    card = await at_work.card()
    await until(lambda: "发票.png" in shown(card))
    assert "发票.png" in shown(card)[0]
    # A second one, while they wait.
    await send(at_work, tab, "second.png")
    await until(lambda: "second.png" in shown(card))
    # The files go with the ticket.
    await at_work.idle()
    await card.press(CLEO, "take")
    await until(lambda: "Cleo" in card.text)


async def test_what_an_agent_sends_arrives_with_its_words(at_work: Shift) -> None:
    tab, card = await at_work.taken()
    ts = await card.say(CLEO, "! Here is the offer", files=[("offer.pdf", PDF), ("a.txt", b"ok")])
    got = await tab.get("message")
    assert got["text"] == "Here is the offer"
    assert [file["name"] for file in got["files"]] == ["offer.pdf", "a.txt"]
    path = f"/chat/files/{got['files'][0]['id']}"
    async with at_work.client.get(path, headers=bearer(tab)) as response:
        assert await response.read() == PDF
        assert response.headers["Content-Disposition"].startswith("attachment")
    stranger = await at_work.customer()
    async with at_work.client.get(path, headers=bearer(stranger)) as response:
        assert response.status == 404
    await card.say(CLEO, "!", files=[("lamp.png", PNG)])
    got = await tab.get("message")
    assert (got["text"], got["files"][0]["type"]) == ("", "image/png")
    # What an agent takes back can no longer be fetched.
    await at_work.slack.delete(card.channel, ts)
    assert (await tab.get("message"))["author"]["kind"] == "system"
    async with at_work.client.get(path, headers=bearer(tab)) as response:
        assert response.status == 404


async def test_a_note_keeps_its_files(at_work: Shift) -> None:
    _, card = await at_work.taken()
    await card.say(CLEO, "internal", files=[("secret.pdf", PDF)])
    await at_work.idle()
    assert [m for m in await at_work.said(card) if m.files or "internal" in m.text] == []


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ([("big.png", PNG.ljust(10_000_001, b"\x00"))], "larger than 10 MB"),
        ([("a.png", REFUSED["script in a picture"])], "are not sent to customers"),
        ([("ok.png", PNG), ("setup.exe", REFUSED["program"])], "“setup.exe”"),
        ([(f"{n}.png", PNG) for n in range(6)], "5 files"),
        ([("empty.txt", b"")], "is empty"),
    ],
)
async def test_what_is_refused_is_told_and_the_words_stay_here(
    at_work: Shift, files: list[tuple[str, bytes]], why: str
) -> None:
    _, card = await at_work.taken()
    await card.say(CLEO, "! As promised", files=files)

    def told() -> Any:
        return at_work.slack.ephemerals(CLEO)[-1].readable

    assert why in await until(told)
    await at_work.idle()
    assert [m for m in await at_work.said(card) if "promised" in m.text] == []


async def test_a_file_is_fetched_again_when_slack_stumbles(at_work: Shift) -> None:
    tab, card = await at_work.taken()
    fetched = at_work.service.desk.platform.api._files  # type: ignore[union-attr]
    download, failures = fetched.download, iter([True, True, False])

    async def stumbling(url: str, *, most_bytes: int) -> bytes:
        if next(failures):
            from bot.errors import ChannelError

            raise ChannelError("not just now")
        return await download(url, most_bytes=most_bytes)

    fetched.download = stumbling  # type: ignore[method-assign]
    await card.say(CLEO, "! Here", files=[("a.png", PNG)])
    assert (await tab.get("message"))["files"][0]["name"] == "a.png"

    async def kept() -> bool:
        return len([m for m in await at_work.said(card) if m.files]) == 1

    await eventually(kept)


async def test_a_customer_in_slack_gets_files_in_slack(at_work: Shift) -> None:
    channel, _ = await at_work.slack.say_to_bot("U_ADA", "I want to talk to a human")
    card = await at_work.card()
    await card.press(CLEO, "take")
    await until(lambda: "Cleo" in card.text)
    at_work.slack.faults.on_call(faults.reset_after(), method="files.completeUploadExternal")
    await card.say(CLEO, "! Here it is", files=[("offer.pdf", PDF)])
    await card.say(CLEO, "!", files=[("lamp.png", PNG)])

    def got() -> list[str]:
        lines = at_work.slack.transcript(channel)
        return [line.files[0] if line.files else line.readable for line in lines]

    await until(lambda: "lamp.png" in got())
    await at_work.idle()
    *_, words, offer, lamp = got()
    assert "Here it is" in words
    assert (offer, lamp) == ("offer.pdf", "lamp.png")
