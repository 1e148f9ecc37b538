"""The fake Slack's page in a real browser, and the stand-in as a process by itself."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web

from tests.conftest import ROOT
from tests.fake_slack import FakeSlack
from tests.integration.slack.fake_fixtures import (
    actions,
    button,
    client_of,
    furnish,
    http_app,
    modal,
    plain,
    until,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from types import ModuleType

    from playwright.async_api import Page

CHROMIUM = Path("/usr/bin/chromium")
WANTED = "needs a browser: apt-get install chromium"


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack(seed=7) as slack:
        furnish(slack)
        slack.commands = [{"command": "/frontdesk", "description": "The desk", "hint": "mine"}]
        slack.shortcuts = [{"callback_id": "note", "name": "Make a note", "type": "message"}]
        yield slack


@pytest.fixture
def playwright() -> ModuleType:
    """What drives the browser, where both are installed."""
    module: ModuleType = pytest.importorskip("playwright.async_api", reason=WANTED)
    if not CHROMIUM.exists():
        pytest.skip(WANTED)
    return module


@pytest.fixture
async def page(slack: FakeSlack, playwright: ModuleType) -> AsyncIterator[Page]:
    errors: list[str] = []
    async with playwright.async_playwright() as started:
        flags = ["--headless", "--no-sandbox", "--disable-gpu"]
        browser = await started.chromium.launch(executable_path=CHROMIUM, args=flags)
        page: Page = await browser.new_page(viewport={"width": 1280, "height": 800})
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.set_default_timeout(5000)
        await page.goto(f"{slack.url}/?as=U_CLEO&channel=C_DESK")
        await page.wait_for_selector("#side button.chosen")
        yield page
        await browser.close()
    assert errors == []


@pytest.mark.browser
async def test_times_are_shown_as_the_reader_has_them(slack: FakeSlack, page: Page) -> None:
    at = int(slack.clock.now())
    texts = [
        f"due <!date^{at}^{{date_short_pretty}} {{time}}|fallback>",
        f"*since <!date^{at - 400 * 86400}^{{date_num}}|fallback>*",
        "odd <!date^never^{date}|fallback>",
    ]
    for text in texts:
        await client_of(slack).chat_postMessage(channel="C_DESK", text=text)
    await page.locator("#feed .message", has_text="odd").wait_for()
    shown = await page.locator("#feed .text").all_inner_texts()
    local = (
        "(at) => new Date(at * 1000).toLocaleTimeString([], {hour: 'numeric', minute: '2-digit'})"
    )
    assert shown[0] == f"due today {await page.evaluate(local, at)}"
    assert "since" in shown[1]
    assert "fallback" not in shown[1]
    assert shown[2] == "odd fallback"


@pytest.mark.browser
async def test_somebody_works_on_the_page(slack: FakeSlack, page: Page) -> None:
    client = client_of(slack)
    opened: list[str] = []

    async def answer(payload: dict[str, Any]) -> web.StreamResponse:
        if payload.get("type") == "block_actions":
            opened.append(payload["actions"][0]["value"])
            await client.views_open(trigger_id=payload["trigger_id"], view=modal())
        if payload.get("command"):
            return web.json_response({"text": "Nothing is yours."})
        return web.Response()

    async with http_app(slack) as app:
        app.answer = answer
        card = await client.chat_postMessage(
            channel="C_DESK",
            text="card",
            blocks=[
                {"type": "header", "text": plain("#7 · <b>Parcel</b>")},
                {"type": "section", "fields": [plain("Customer"), plain("Ada")]},
                actions(button(value="7")),
            ],
        )
        await page.get_by_text("#7 · <b>Parcel</b>").wait_for()
        await page.get_by_role("button", name="Take it").click()
        await page.locator(".modal input").fill("on my way")
        await page.get_by_role("button", name="Save").click()
        await until(lambda: slack.view_of("U_CLEO") is None)
        assert opened == ["7"]
        assert app.requests[-1][0]["view"]["state"]["values"]["b"]["note"]["value"] == "on my way"

        await page.locator("#text").fill("hello @Dan")
        await page.keyboard.press("Enter")
        await page.locator(".mention", has_text="@Dan").wait_for()
        assert slack.transcript("C_DESK")[-1].text == "hello <@U_DAN>"

        message = page.locator(f'[data-ts="{card["ts"]}"]')
        await message.hover()
        await message.get_by_role("button", name="Add reaction").click()
        await page.locator("#menu button[title=':eyes:']").click()
        await message.locator(".reaction.mine").wait_for()
        await message.hover()
        await message.get_by_role("button", name="Reply in thread").click()
        await page.locator("#thread-text").fill("looking")
        await page.keyboard.press("Enter")
        await page.locator("#thread-feed").get_by_text("looking").wait_for()
        assert [line.text for line in slack.transcript("C_DESK", card["ts"])] == ["card", "looking"]
        assert slack.transcript("C_DESK")[0].reactions == {"eyes": ("U_CLEO",)}

        await page.locator("#text").fill("/frontdesk mine")
        await page.keyboard.press("Enter")
        await page.get_by_text("Nothing is yours.").wait_for()
        await page.locator("#you").select_option("U_DAN")
        await page.get_by_text("Nothing is yours.").wait_for(state="detached")
        await slack.settled(quiet_s=0.05)
    assert slack.violations == []


@pytest.mark.browser
async def test_a_menu_on_the_page_asks_the_app(slack: FakeSlack, page: Page) -> None:
    options = [{"text": plain("#7 Parcel"), "value": "7"}]
    menu = {"type": "external_select", "action_id": "ticket", "min_query_length": 0}
    chosen: list[Any] = []

    def answer(payload: dict[str, Any]) -> web.StreamResponse:
        if payload.get("type") == "block_suggestion":
            return web.json_response({"options": options})
        if payload.get("type") == "block_actions":
            chosen.append(payload["actions"][0]["selected_option"])
        return web.Response()

    async with http_app(slack) as app:
        app.answer = answer
        await client_of(slack).chat_postMessage(
            channel="C_DESK", text="card", blocks=[actions(menu)]
        )
        select = page.locator(".b-actions select")
        await select.focus()
        await select.locator("option", has_text="#7 Parcel").wait_for(state="attached")
        await select.select_option("7")
        await until(lambda: chosen == options)


async def test_what_cannot_be_done_is_said(slack: FakeSlack) -> None:
    async with aiohttp.ClientSession(slack.url) as session:
        asked = {"act": "say", "user": "U_ADA", "channel": "C_DESK", "text": "x"}
        async with session.post("/page/act", data=json.dumps(asked)) as response:
            assert await response.json() == {"ok": False, "error": "U_ADA is not in desk-orders"}
        async with session.post("/page/act", data=json.dumps({"act": "revoke"})) as response:
            assert response.status == 404
        slack.down = True
        async with session.get("/page/state?as=U_CLEO") as response:
            # The people see their workspace even while nothing answers the app.
            assert (await response.json())["you"] == "U_CLEO"


def test_a_manifest_says_what_the_app_may_and_hears() -> None:
    slack = FakeSlack()
    slack.install(
        {
            "features": {
                "slash_commands": [{"command": "/frontdesk", "description": "The desk"}],
                "shortcuts": [{"callback_id": "note", "name": "Note", "type": "message"}],
            },
            "oauth_config": {"scopes": {"bot": ["chat:write", "groups:history"]}},
            "settings": {"event_subscriptions": {"bot_events": ["message.groups"]}},
        }
    )
    assert slack.tokens[slack.bot_token].scopes == {"chat:write", "groups:history"}
    assert slack.subscribed == {"message.groups"}
    assert slack.commands[0]["command"] == "/frontdesk"


async def test_only_what_is_subscribed_to_is_told() -> None:
    async with FakeSlack() as slack, http_app(slack) as app:
        furnish(slack)
        slack.subscribed = {"message.groups", "reaction_added"}
        ts = await slack.say("C_DESK", "U_CLEO", "private")
        await slack.say("C_TOWN", "U_ADA", "public")
        await slack.react("U_CLEO", "C_DESK", ts, "eyes")
        await slack.unreact("U_CLEO", "C_DESK", ts, "eyes")
        await slack.settled(quiet_s=0.02)
        assert [payload["event"]["type"] for payload, _ in app.requests] == [
            "message",
            "reaction_added",
        ]


async def test_it_runs_as_a_process() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.fake_slack", "--port", "0"),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        url = (await process.stdout.readline()).decode().split()[-1]
        async with aiohttp.ClientSession() as session:
            async with session.get(url) as response:
                assert "/page/app.js" in await response.text()
            async with session.get(f"{url}page/state?as=U_DAN") as response:
                seen = await response.json()
        names = [channel["name"] for channel in seen["channels"]]
        assert names == ["desk", "desk-orders", "desk-urgent", "general", "directmessage"]
    finally:
        process.terminate()
        await process.communicate()
